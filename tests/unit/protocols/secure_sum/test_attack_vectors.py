"""Every attack of tests/vectors/secure_sum is refused, for its own reason, and harms nothing.

Five members AA to AE, c = 1: t = 4, d = 1. The attacks of the node's rounds are tried on AA; those
of the coordinator's rounds come from AB. AE drops out before its masked input.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from corridor.errors import CorridorError
from corridor.ids import CountryCode, Digest, Signature
from corridor.protocols.secure_sum import coordinator, pair_keys
from corridor.protocols.secure_sum.messages import (
    Dealing,
    Roster,
    ShareKind,
    Sharers,
    Shares,
    SurvivorSet,
    Unmask,
    UnmaskRequest,
    signed,
)
from corridor.protocols.secure_sum.sharing import reveal
from corridor.transport.suites import suite_named
from support.bending import bend
from support.secure_sum import SUITE, Conversation, Region, first_countries, make_header, verify

FOLDER = Path(__file__).parents[3] / "vectors" / "secure_sum"
REGION = Region(countries=first_countries(5))
AA, AB, AC, AD, AE = REGION.countries
Steps = Sequence[dict[str, Any]]


def vectors(round_name: str) -> list[Path]:
    return sorted((FOLDER / round_name).glob("negative_*.json"))


def attacks(round_name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", vectors(round_name), ids=lambda path: path.stem)


def never_sign(_: bytes) -> Signature:
    raise AssertionError("signed what had to be refused")


@cache
def attempt(session: bytes = bytes(16), suite: str = "x25519") -> Conversation:
    """A whole attempt, honest but for AE, which falls silent. States are values: tests share it."""
    region = replace(REGION, suite=suite_named(suite))
    talk = Conversation(region, seed=session[0], header=make_header(session, region.suite))
    talk.propose()
    talk.share()
    talk.open()
    talk.mask(silent=frozenset({AE}))
    talk.sign()
    talk.unmask()
    return talk


def other_attempt(suite: str = "x25519") -> Conversation:
    return attempt(b"\7" * 16, suite)


class Vector:
    """One attack as its file tells it."""

    def __init__(self, path: Path) -> None:
        told = json.loads(path.read_text())
        self.steps: Steps = told["steps"]
        self._code: str = told["refused_with"]
        self._because: str = told["because"]

    def is_refused(self) -> "Refusal":
        return Refusal(self._code, self._because)


class Refusal:
    """The block must raise this code for this reason."""

    def __init__(self, code: str, because: str) -> None:
        self._code = code
        self._raises = pytest.raises(CorridorError, match=because)

    def __enter__(self) -> None:
        self._info = self._raises.__enter__()

    def __exit__(self, *error: Any) -> bool:
        swallowed = self._raises.__exit__(*error)
        assert self._info.value.code == self._code
        return bool(swallowed)


# ---------------------------------------------------------------- what a node refuses


@attacks("roster")
def test_a24_a25_a_node_shares_nothing_under_a_bad_roster(path: Path) -> None:
    vector, talk = Vector(path), attempt()
    acceptances = bend(talk.roster.acceptances, vector.steps, other_attempt().roster.acceptances)
    roster = Roster(tuple(sorted(acceptances, key=lambda acceptance: acceptance.country)))
    with vector.is_refused():
        talk.accepted[AA].on_roster(
            roster,
            parameters_for=REGION.parameters_for,
            keys=REGION.keys,
            verify=verify,
            suite=SUITE,
            random_bytes=talk.random_bytes,
            sign=never_sign,
        )


@attacks("dealings")
def test_a20_a24_a_node_opens_nothing_that_is_misdelivered(path: Path) -> None:
    vector, talk = Vector(path), attempt()
    dealings = bend(talk.dealings[AA], vector.steps, other_attempt().dealings[AA])
    with vector.is_refused():
        talk.shared[AA].on_dealings(
            dealings,
            keys=REGION.keys,
            verify=verify,
            suite=SUITE,
            sign=never_sign,
            unwitnessed=(),
        )


@pytest.mark.parametrize("suite", ["x25519", "xwing"])
@attacks("complaints")
def test_a_node_masks_with_nobody_whose_dealing_does_not_hold(path: Path, suite: str) -> None:
    """Tried on AC, below whom AA and AB deal pair keys, and above whom AD and AE do not."""
    told = json.loads(path.read_text())
    talk, other = attempt(suite=suite), other_attempt(suite)
    dealings = talk.dealings[AC]
    for step in told["steps"]:
        match step:
            case {"pair_key": change}:
                bent = bend_pair_key(talk, other, change)
                dealings = tuple(bent if d.dealer == bent.dealer else d for d in dealings)
            case _:
                dealings = bend(dealings, [step], other.dealings[AC])
    state, word = talk.open_dealings(AC, dealings)
    culprit = CountryCode(told["complained_of"])
    assert word.complaints == {culprit}
    assert word.opened == frozenset(REGION.countries) - {culprit}
    assert (AA in state.masks) == (culprit != AA)


def bend_pair_key(talk: Conversation, other: Conversation, change: dict[str, Any]) -> Dealing:
    """A dealing to AC with another pair key, signed by its dealer unless the vector says no."""
    dealer, suite = CountryCode(change["of"]), talk.region.suite
    dealing = dealing_of(talk, dealer, AC)
    roster_hash, pair_key = dealing.roster_hash, dealing.pair_key
    match change:
        case {"flip": place}:
            assert pair_key is not None
            box = bytearray(pair_key.box)
            box[place] ^= 1
            pair_key = replace(pair_key, box=bytes(box))
        case {"box": "cut"}:
            assert pair_key is not None
            pair_key = replace(pair_key, box=pair_key.box[:-1])
        case {"box": "zeros"}:
            assert pair_key is not None
            pair_key = replace(pair_key, box=bytes(len(pair_key.box)))
        case {"moved_from": [source, recipient]}:
            pair_key = dealing_of(talk, source, recipient).pair_key
        case {"replayed": True}:
            pair_key = dealing_of(other, dealer, AC).pair_key
        case {"commitment_of": source}:
            another = dealing_of(talk, source, AC).pair_key
            assert pair_key is not None
            assert another is not None
            pair_key = replace(pair_key, commitment=another.commitment)
        case {"withheld": True}:
            pair_key = None
        case {"sealed": text, **rest}:
            lower, higher = rest.get("as", [dealer, AC])
            key, keys = bytes.fromhex(text), talk.accepted[AC].acceptance
            made = pair_keys.sealed(
                roster_hash,
                CountryCode(lower),
                CountryCode(higher),
                key,
                mask_key=keys.envelope_key if rest.get("to_envelope_key") else keys.mask_key,
                suite=suite,
            )
            assert pair_key is not None
            pair_key = replace(pair_key, box=made.box)
            if rest.get("commits_to_it"):
                committed = pair_keys.commitment(roster_hash, dealer, AC, key)
                pair_key = replace(pair_key, commitment=committed)
        case _:
            raise ValueError(f"no such pair key: {change}")
    bent = replace(dealing, pair_key=pair_key)
    return bent if change.get("unsigned") else signed(bent, REGION.sign(dealer))


def dealing_of(talk: Conversation, dealer: str, recipient: str) -> Dealing:
    return next(d for d in talk.dealings[CountryCode(recipient)] if d.dealer == dealer)


def test_of_the_same_dealings_unbent_nobody_complains() -> None:
    for suite in ("x25519", "xwing"):
        talk = attempt(suite=suite)
        state, word = talk.open_dealings(AC, talk.dealings[AC])
        assert not word.complaints
        assert frozenset(state.masks) == frozenset(REGION.countries)
        honest = {"of": "AA", "sealed": "6b" * 32, "commits_to_it": True}
        # What `sealed` makes is well made: with the right key it would open.
        bent = bend_pair_key(talk, talk, honest)
        dealings = tuple(bent if d.dealer == AA else d for d in talk.dealings[AC])
        assert talk.open_dealings(AC, dealings)[0].masks[AA].key == b"k" * 32


@attacks("sharers")
def test_a25_a_node_debits_nothing_for_sharers_that_do_not_hold(path: Path) -> None:
    vector, talk = Vector(path), attempt()
    words = bend(talk.sharers.opened, vector.steps, other_attempt().sharers.opened)
    with vector.is_refused():
        talk.hear_sharers(AA, Sharers(words))


@attacks("survivors")
def test_a21_a25_a26_a_node_signs_no_bad_survivor_set(path: Path) -> None:
    vector, talk = Vector(path), attempt()
    announced = talk.survivors
    for step in vector.steps:
        match step:
            case {"survivors": countries}:
                announced = replace(announced, survivors=frozenset(countries))
            case {"sharers": countries}:
                announced = replace(announced, sharers=frozenset(countries))
            case {"roster_hash": text}:
                announced = replace(announced, roster_hash=Digest(bytes.fromhex(text)))
            case _:
                raise ValueError(f"no such step: {step}")
    with vector.is_refused():
        talk.awaiting[AA].on_survivors(announced, never_sign)


@attacks("unmask_request")
def test_a21_a_node_reveals_nothing_without_a_quorum_for_its_own_set(path: Path) -> None:
    vector, talk = Vector(path), attempt()
    words = list(talk.request.signatures)
    for step in vector.steps:
        match step:
            case {"other_set": country}:
                other = SurvivorSet(
                    talk.survivors.roster_hash,
                    talk.survivors.sharers,
                    talk.survivors.survivors - {AB} | {AE},
                )
                lie = talk.signature_of(country, other)
                words = [lie if word.country == country else word for word in words]
            case _:
                words = list(bend(words, [step], other_attempt().request.signatures))
    with vector.is_refused():
        talk.signed[AA].on_unmask_request(
            UnmaskRequest(tuple(words)), keys=REGION.keys, verify=verify, sign=never_sign
        )


# ---------------------------------------------------------------- what the coordinator refuses


@attacks("acceptance")
def test_the_coordinator_takes_nobody_in_who_would_end_the_attempt(path: Path) -> None:
    vector, talk = Vector(path), attempt()
    collecting = coordinator.CollectingAcceptances(talk.header, REGION.keys)
    collecting = collecting.on_acceptance(talk.accepted[AA].acceptance, verify=verify, suite=SUITE)
    words = bend(talk.roster.acceptances, vector.steps, other_attempt().roster.acceptances)
    with vector.is_refused():
        collecting.on_acceptance(words[1], verify=verify, suite=SUITE)


@attacks("shares")
def test_the_coordinator_passes_on_whole_sets_of_dealings_only(path: Path) -> None:
    vector, talk = Vector(path), attempt()
    shares = talk.collecting_shares.heard[AB]
    for step in vector.steps:
        match step:
            case {"replay": _}:
                shares = other_attempt().collecting_shares.heard[AB]
            case {"dealings": {"drop_recipient": country}}:
                left = tuple(d for d in shares.dealings if d.recipient != country)
                shares = Shares(AB, left)
            case {"dealings": {"other_commitment_for": country}}:
                bent = tuple(
                    replace(d, commitment=Digest(bytes(32))) if d.recipient == country else d
                    for d in shares.dealings
                )
                shares = Shares(AB, bent)
            case {"dealings": {"pair_key_from": source, "for": country}}:
                moved = {d.recipient: d.pair_key for d in shares.dealings}.get(source)
                bent = tuple(
                    replace(d, pair_key=moved) if d.recipient == country else d
                    for d in shares.dealings
                )
                shares = Shares(AB, bent)
            case _:
                raise ValueError(f"no such step: {step}")
    with vector.is_refused():
        replace(talk.collecting_shares, heard={}).on_shares(shares)


@attacks("opened")
def test_the_coordinator_believes_no_list_that_is_not_its_members(path: Path) -> None:
    vector, talk = Vector(path), attempt()
    words = bend(talk.sharers.opened, vector.steps, other_attempt().sharers.opened)
    with vector.is_refused():
        replace(talk.collecting_opened, heard={}).on_opened(words[1], verify=verify)


@attacks("masked_input")
def test_the_coordinator_adds_no_vector_that_its_node_did_not_sign_for(path: Path) -> None:
    vector, talk = Vector(path), attempt()
    heard, other = talk.collecting_inputs.heard, other_attempt().collecting_inputs.heard
    words = bend([heard[AA], heard[AB]], vector.steps, [other[AA], other[AB]])
    spooled = Digest(sha256(talk.masked[AB]).digest())
    with vector.is_refused():
        replace(talk.collecting_inputs, heard={}).on_masked_input(words[1], spooled, verify=verify)


@attacks("signature")
def test_the_coordinator_counts_survivors_signatures_over_the_announced_set(path: Path) -> None:
    vector, talk = Vector(path), attempt()
    words = list(talk.request.signatures)
    for step in vector.steps:
        match step:
            case {"other_set": country}:
                other = replace(talk.survivors, survivors=talk.survivors.sharers)
                words[1] = talk.signature_of(country, other)
            case _:
                words = list(bend(words, [step], other_attempt().request.signatures))
    with vector.is_refused():
        replace(talk.collecting_signatures, heard={}).on_signature(words[1], verify=verify)


@attacks("unmask")
def test_a28_the_coordinator_uses_no_share_that_was_not_dealt_so(path: Path) -> None:
    vector, talk = Vector(path), attempt()
    unmask = talk.collecting_unmask.heard[AB]
    for step in vector.steps:
        match step:
            case {"replay": _}:
                unmask = other_attempt().collecting_unmask.heard[AB]
            case {"reveal": change}:
                unmask = lie_about(unmask, talk, change)
            case _:
                raise ValueError(f"no such step: {step}")
    with vector.is_refused():
        replace(talk.collecting_unmask, heard={}).on_unmask(unmask, verify=verify, suite=SUITE)


def lie_about(unmask: Unmask, talk: Conversation, change: dict[str, Any]) -> Unmask:
    held = talk.signed[unmask.country].held
    revealed = list(unmask.revealed)
    match change:
        case {"drop": dealer}:
            revealed = [share for share in revealed if share.dealer != dealer]
        case {"both": dealer}:
            revealed.append(reveal(CountryCode(dealer), ShareKind.MASK_KEY, held[dealer]))
        case {"other_kind": dealer}:
            other = reveal(CountryCode(dealer), ShareKind.MASK_KEY, held[dealer])
            revealed = [other if share.dealer == dealer else share for share in revealed]
        case {"of": dealer, "share": text}:
            revealed = [
                replace(share, share=bytes.fromhex(text)) if share.dealer == dealer else share
                for share in revealed
            ]
        case _:
            raise ValueError(f"no such lie: {change}")
    changed = replace(unmask, revealed=tuple(revealed))
    return changed if change.get("unsigned") else signed(changed, REGION.sign(unmask.country))


def test_the_attacks_were_found_and_all_have_a_round() -> None:
    rounds = {"roster", "dealings", "complaints", "sharers", "survivors", "unmask_request"}
    rounds |= {"acceptance", "shares", "opened", "masked_input", "signature", "unmask"}
    assert sorted(folder.name for folder in FOLDER.iterdir()) == sorted(rounds)
    assert sum(len(vectors(name)) for name in rounds) >= 75


def test_the_same_messages_unbent_are_accepted() -> None:
    talk = attempt()
    assert talk.survivors.survivors == {AA, AB, AC, AD}
    assert talk.survivors.sharers == set(REGION.countries)
