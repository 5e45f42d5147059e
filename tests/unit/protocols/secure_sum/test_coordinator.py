"""The coordinator's rounds: one bad node costs the region no answer, and is named."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from corridor.errors.secure_sum import (
    BadDealerError,
    LyingResponderError,
    RepeatedWordError,
    TooFewParticipantsError,
    TooFewSharersError,
    TooFewSharesError,
    TooFewSignaturesError,
    TooFewSurvivorsError,
    UnexpectedSenderError,
)
from corridor.ids import CountryCode, Digest, Signature
from corridor.protocols.secure_sum import pair_keys
from corridor.protocols.secure_sum.coordinator import _most_disputed
from corridor.protocols.secure_sum.messages import Dealing, Shares, Unmask, signed
from corridor.transport.suites import suite_named
from support.secure_sum import SUITE, Conversation, Region, first_countries, verify

REGION = Region(countries=first_countries(5))
AA, AB, AC, AD, AE = REGION.countries
ALL = frozenset(REGION.countries)


@pytest.fixture
def talk() -> Conversation:
    talk = Conversation(REGION)
    talk.propose()
    return talk


def garbage_from(
    liar: CountryCode, *victims: CountryCode, resign: bool = True
) -> Callable[[Shares], Shares]:
    """Shares whose envelopes to the victims are garbage."""

    def bend(shares: Shares) -> Shares:
        if shares.dealer != liar:
            return shares
        dealings = [
            replace(dealing, envelope=bytes(176)) if dealing.recipient in victims else dealing
            for dealing in shares.dealings
        ]
        if resign:
            dealings = [signed(dealing, REGION.sign(liar)) for dealing in dealings]
        return Shares(liar, tuple(dealings))

    return bend


@pytest.mark.parametrize("liar", REGION.countries)
def test_who_deals_garbage_is_left_out_and_the_others_go_on(
    talk: Conversation, liar: CountryCode
) -> None:
    talk.share(bend=garbage_from(liar, *(ALL - {liar})))
    talk.open()
    assert talk.sharers.countries == ALL - {liar}
    talk.mask()
    talk.sign()
    assert (talk.unmask() == talk.sum_of(ALL - {liar})).all()


@pytest.mark.parametrize("liar", REGION.countries)
def test_who_complains_of_all_others_is_left_out(talk: Conversation, liar: CountryCode) -> None:
    talk.share()
    collecting = talk.collecting_opened
    for country in REGION.countries:
        _, word = talk.open_dealings(country, talk.dealings[country])
        if country == liar:
            word = replace(word, opened=frozenset({liar}), complaints=ALL - {liar})
            word = signed(word, REGION.sign(liar))
        collecting = collecting.on_opened(word, verify=verify)
    _, sharers = collecting.close(verify=verify)
    assert sharers.countries == ALL - {liar}


def test_a_dealer_whose_signature_does_not_hold_goes_not_the_one_who_complained(
    talk: Conversation,
) -> None:
    talk.share(bend=garbage_from(AA, AE, resign=False))
    talk.open()
    assert talk.sharers.countries == ALL - {AA}


def test_of_a_pair_in_dispute_one_goes_and_the_sum_comes(talk: Conversation) -> None:
    talk.share(bend=garbage_from(AB, AC))
    talk.open()
    assert talk.sharers.countries in (ALL - {AB}, ALL - {AC})


def test_a30_no_member_can_keep_another_out_of_every_answer_by_a_complaint() -> None:
    rosters = [Digest(number.to_bytes(32, "big")) for number in range(200)]
    gone = [_most_disputed([(AB, AC)], one) for one in rosters]
    assert gone == [_most_disputed([(AC, AB)], one) for one in rosters]  # all compute the same
    assert 60 < gone.count(AC) < 140  # a fair coin misses this once in 10⁸


def test_a_dealer_of_inconsistent_shares_is_named_and_the_sum_stays_masked(
    talk: Conversation,
) -> None:
    """AB deals shares of another seed than it commits to; every hash fits its share."""

    def bend(shares: Shares) -> Shares:
        if shares.dealer != AB:
            return shares
        dealings = [replace(d, commitment=Digest(bytes(32))) for d in shares.dealings]
        return Shares(AB, tuple(signed(d, REGION.sign(AB)) for d in dealings))

    # The node itself notices that its own dealing is not the one it sent; a liar does not.
    talk.share(bend=bend)
    talk.shared[AB] = replace(talk.shared[AB], own=talk.dealings[AB][1])
    talk.open()
    talk.mask()
    talk.sign()
    with pytest.raises(BadDealerError, match="dealt by AB") as refusal:
        talk.unmask()
    assert refusal.value.dealers == ("AB",)


def test_a_dropped_dealer_of_another_mask_seed_is_named(talk: Conversation) -> None:
    """AE shares out another mask seed than its mask key comes from, and drops out."""
    state = talk.accepted[AE]
    others = replace(state, secrets=replace(state.secrets, mask_seed=bytes(31)))
    talk.accepted[AE] = others
    talk.share()
    talk.shared[AE] = replace(talk.shared[AE], mask_seed=state.secrets.mask_seed)
    talk.open()
    talk.mask(silent=frozenset({AE}))
    talk.sign()
    with pytest.raises(BadDealerError, match="dealt by AE"):
        talk.unmask()


def deal_other_pair_keys(shares: Shares, talk: Conversation) -> Shares:
    """Keys that fit their commitments and come from no seed, as their dealer would sign them."""

    def another(dealing: Dealing) -> Dealing:
        if dealing.pair_key is None:
            return dealing
        pair_key = pair_keys.sealed(
            dealing.roster_hash,
            dealing.dealer,
            dealing.recipient,
            b"k" * 32,
            mask_key=talk.accepted[dealing.recipient].acceptance.mask_key,
            suite=talk.region.suite,
        )
        return signed(replace(dealing, pair_key=pair_key), REGION.sign(dealing.dealer))

    return Shares(shares.dealer, tuple(map(another, shares.dealings)))


@pytest.mark.parametrize("suite", ["x25519", "xwing"])
def test_a_dropped_dealer_whose_pair_keys_come_from_no_seed_is_named(suite: str) -> None:
    """Nobody can see it before: the recipients hold keys that fit what was signed."""
    talk = Conversation(replace(REGION, suite=suite_named(suite)))
    talk.propose()
    talk.share(bend=lambda s: deal_other_pair_keys(s, talk) if s.dealer == AB else s)
    talk.open()
    talk.mask(silent=frozenset({AB}))
    talk.sign()
    with pytest.raises(BadDealerError, match="dealt by AB") as refusal:
        talk.unmask()
    assert refusal.value.dealers == ("AB",)


@pytest.mark.parametrize("suite", ["x25519", "xwing"])
def test_a_dropped_liar_and_the_dealer_of_its_garbage_box_are_named(suite: str) -> None:
    """AB deals AE a box that does not open, AE says that it opened, and drops out."""
    talk = Conversation(replace(REGION, suite=suite_named(suite)))
    talk.propose()

    def bend(shares: Shares) -> Shares:
        if shares.dealer != AB:
            return shares
        *others, last = shares.dealings
        assert last.pair_key is not None
        garbage = replace(last, pair_key=replace(last.pair_key, box=bytes(80)))
        return Shares(AB, (*others, signed(garbage, REGION.sign(AB))))

    talk.share(bend=bend)
    honest = {c: talk.open_dealings(c, talk.dealings[c]) for c in REGION.countries}
    assert honest[AE][1].complaints == {AB}
    lie = replace(honest[AE][1], opened=ALL, complaints=frozenset())
    words = {c: word for c, (_, word) in honest.items()} | {AE: signed(lie, REGION.sign(AE))}
    for word in words.values():
        talk.collecting_opened = talk.collecting_opened.on_opened(word, verify=verify)
    talk.opened = {c: state for c, (state, _) in honest.items()}
    talk.collecting_inputs, talk.sharers = talk.collecting_opened.close(verify=verify)
    talk.mask(silent=frozenset({AE}))
    talk.sign()
    with pytest.raises(BadDealerError, match="dealt by AB, AE") as refusal:
        talk.unmask()
    assert refusal.value.dealers == ("AB", "AE")


def test_a_responder_that_lies_is_named_and_the_others_suffice(talk: Conversation) -> None:
    talk.share()
    talk.open()
    talk.mask()
    talk.sign()
    _, honest = talk.reveal(AB)
    lie = lie_about_first(honest)
    with pytest.raises(LyingResponderError) as refusal:
        talk.collecting_unmask.on_unmask(lie, verify=verify, suite=SUITE)
    assert (refusal.value.country, refusal.value.dealer) == ("AB", "AA")
    assert (talk.unmask(silent=frozenset({AB})) == talk.sum_of(ALL)).all()


def lie_about_first(unmask: Unmask) -> Unmask:
    first = replace(unmask.revealed[0], share=bytes(32))
    return signed(
        replace(unmask, revealed=(first, *unmask.revealed[1:])), REGION.sign(unmask.country)
    )


# ---------------------------------------------------------------- who is missing


def test_each_round_says_whom_it_waits_for(talk: Conversation) -> None:
    gone = frozenset({AE})
    assert not talk.collecting_acceptances.missing
    talk.share(silent=gone)
    assert talk.collecting_shares.missing == gone
    talk.open()
    talk.mask()
    assert not talk.collecting_inputs.missing
    talk.sign(silent=frozenset())
    waiting = talk.collecting_unmask
    assert (waiting.is_enough, waiting.missing) == (False, ALL - gone)
    talk.unmask()
    answered = talk.collecting_unmask
    assert (answered.is_enough, answered.missing) == (True, frozenset())


def test_a25_too_few_acceptances_end_the_attempt_with_names() -> None:
    talk = Conversation(Region(countries=first_countries(5), min_participants=4))
    with pytest.raises(TooFewParticipantsError, match="Missing: AD, AE") as refusal:
        talk.propose(silent=frozenset({AD, AE}))
    assert refusal.value.missing == ("AD", "AE")
    with pytest.raises(TooFewParticipantsError, match="Missing: AA, AB, AC, AD, AE"):
        talk.propose(silent=ALL)


def test_a26_too_few_in_each_later_round_end_it_with_names(talk: Conversation) -> None:
    gone, one = frozenset({AD, AE}), frozenset({AE})
    with pytest.raises(TooFewSharersError, match="Missing: AD, AE"):
        talk.share(silent=gone)
    talk.share()
    with pytest.raises(TooFewSharersError, match="Missing: AD, AE"):
        talk.open(silent=gone)
    talk.open()
    with pytest.raises(TooFewSurvivorsError, match="Missing: AD, AE"):
        talk.mask(silent=gone)
    talk.total[:] = 0
    talk.mask(silent=one)
    with pytest.raises(TooFewSignaturesError, match="Missing: AD"):
        talk.sign(silent=gone)
    talk.sign()
    with pytest.raises(TooFewSharesError, match="Missing: AD"):
        talk.unmask(silent=gone)


# ---------------------------------------------------------------- repetitions and latecomers


def test_hearing_the_same_word_again_changes_nothing(talk: Conversation) -> None:
    acceptance = talk.accepted[AA].acceptance
    before = talk.collecting_acceptances
    assert before.on_acceptance(acceptance, verify=verify, suite=SUITE) is before
    talk.share()
    shares = talk.collecting_shares.heard[AA]
    assert talk.collecting_shares.on_shares(shares) is talk.collecting_shares


def test_a20_another_word_of_the_same_node_is_refused(talk: Conversation) -> None:
    talk.share()
    talk.open()
    talk.mask()
    word = replace(talk.collecting_inputs.heard[AA], signature=Signature(bytes(64)))
    with pytest.raises(RepeatedWordError, match="masked input"):
        talk.collecting_inputs.on_masked_input(word, Digest(bytes(32)), verify=verify)
    _, other = talk.deal(AA)
    with pytest.raises(RepeatedWordError, match="shares"):
        talk.collecting_shares.on_shares(other)


def test_a39_who_comes_back_after_its_round_has_no_part_in_the_next(talk: Conversation) -> None:
    talk.share(silent=frozenset({AE}))
    talk.open()
    talk.mask()
    with pytest.raises(UnexpectedSenderError, match="AE"):
        talk.collecting_inputs.on_masked_input(
            replace(talk.collecting_inputs.heard[AA], country=AE), Digest(bytes(32)), verify=verify
        )


# ---------------------------------------------------------------- the end


def test_a_total_of_another_form_is_a_bug(talk: Conversation) -> None:
    talk.share()
    talk.open()
    talk.mask()
    talk.sign()
    talk.unmask()
    for wrong in (np.zeros(4, dtype=np.uint64), np.zeros(5, dtype=np.uint32)):
        with pytest.raises(ValueError, match="5 words of 64 bits"):
            talk.unmasked.remove_masks(wrong, suite=SUITE)


def test_a37_the_end_shows_no_seed(talk: Conversation) -> None:
    talk.share()
    talk.open()
    talk.mask()
    talk.sign()
    talk.unmask()
    shown = repr(talk.unmasked)
    assert not any(repr(seed) in shown for seed in talk.unmasked.seeds.values())
