"""The charter: proposed from who is enrolled, in force when all of them signed."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update

from corridor.coordinator.attempts import AttemptRecord
from corridor.coordinator.charter_desk import CharterDesk, CharterTerms
from corridor.coordinator.release_log import ReleaseLog
from corridor.coordinator.store import Store, held_out, invitations, members
from corridor.coordinator.successor_desk import SuccessorDesk
from corridor.errors.charter import (
    CharterNotInForceError,
    FalseSuccessionError,
    MalformedCharterError,
    NotAMemberError,
)
from corridor.errors.region import (
    AnotherCharterError,
    AnotherCountryError,
    NoCharterError,
    NoLongerEnrolledError,
    NoProposedCharterError,
    NotEnrolledError,
    TooFewEnrolledError,
)
from corridor.ids import CountryCode, Digest
from corridor.protocols.cards import Card
from corridor.protocols.charter import (
    Ceilings,
    Charter,
    signature_to_sign,
    verify_keys_go_on,
    verify_succession,
)
from corridor.protocols.successions import encode_successions, make_succession
from support.charters import COORDINATOR, next_keys, node_keys
from support.signing import KeyPair, verify

MD, NE, RO, UA = map(CountryCode, ("MD", "NE", "RO", "UA"))
TERMS = CharterTerms(
    countries=(CountryCode("BG"),),
    years=(2020, 2025),
    domains_edition="2025.1",
    ceilings=Ceilings(rho_per_question=Fraction(1, 10), cells=1000, persons_per_node=1000),
)


class Chamber:
    """The desk over a registry of enrolled members."""

    def __init__(self, path: Path) -> None:
        self.store = Store(path)
        self.desk = CharterDesk(
            self.store, "Test", COORDINATOR.public, COORDINATOR.sign, verify, lambda: 1000
        )

    def enrol(self, *countries: CountryCode) -> None:
        for country in countries:
            keys = node_keys(country)
            card = Card(country, f"Authority of {country}", keys.public, keys.encryption)
            with self.store.writing() as connection:
                connection.execute(
                    insert(members).values(
                        country=country,
                        name=card.name,
                        card=card.encode(),
                        signing_key=keys.public,
                        certificate=b"",
                        fingerprint=f"certificate of {country}",
                        enrolled=1,
                    )
                )

    def enrolled(self) -> set[CountryCode]:
        with self.store.reading() as connection:
            return set(map(CountryCode, connection.scalars(select(members.c.country))))

    def sign(self, charter: Charter, *countries: CountryCode) -> None:
        for country in countries:
            word = node_keys(country).sign(signature_to_sign(charter, country))
            self.desk.record_signature(charter.digest, country, word)


@pytest.fixture
def chamber(tmp_path: Path) -> Iterator[Chamber]:
    chamber = Chamber(tmp_path / "c.sqlite3")
    chamber.enrol(UA, MD, NE)
    yield chamber
    chamber.store.close()


def test_a_charter_lists_everybody_enrolled_and_is_signed_by_the_coordinator(
    chamber: Chamber,
) -> None:
    proposed = chamber.desk.propose(TERMS)
    assert tuple(proposed.charter.signing_keys) == (MD, NE, UA)
    proposed.signed.verify_proposal(verify)
    assert chamber.desk.find() == proposed


def test_it_is_in_force_when_the_last_member_signed_and_not_before(chamber: Chamber) -> None:
    charter = chamber.desk.propose(TERMS).charter
    chamber.sign(charter, MD, UA)
    assert chamber.desk.find().signed.missing == (NE,)
    with pytest.raises(NoCharterError):
        chamber.desk.in_force()
    chamber.sign(charter, NE)
    assert chamber.desk.in_force() == charter
    chamber.desk.find().signed.verify_in_force(verify)


def test_signing_twice_changes_nothing(chamber: Chamber) -> None:
    charter = chamber.desk.propose(TERMS).charter
    chamber.sign(charter, MD, MD, NE, UA, UA)
    assert chamber.desk.in_force() == charter


def test_a_signature_of_another_key_is_not_recorded(chamber: Chamber) -> None:
    charter = chamber.desk.propose(TERMS).charter
    word = node_keys(NE).sign(signature_to_sign(charter, MD))
    with pytest.raises(CharterNotInForceError):
        chamber.desk.record_signature(charter.digest, MD, word)
    assert chamber.desk.find().signed.signatures == ()


def test_who_is_not_listed_cannot_sign(chamber: Chamber) -> None:
    charter = chamber.desk.propose(TERMS).charter
    chamber.enrol(RO)
    with pytest.raises(NotAMemberError):
        chamber.sign(charter, RO)


def test_a_charter_that_was_never_proposed_cannot_be_signed(chamber: Chamber) -> None:
    with pytest.raises(AnotherCharterError):
        chamber.desk.record_signature(Digest(bytes(32)), MD, node_keys(MD).sign(b""))


def test_a_new_version_follows_and_the_old_one_stays_in_force_until_all_signed(
    chamber: Chamber,
) -> None:
    first = chamber.desk.propose(TERMS).charter
    chamber.sign(first, MD, NE, UA)
    chamber.enrol(RO)
    second = chamber.desk.propose(TERMS).charter
    verify_succession(first, second)
    chamber.sign(second, MD, NE, UA)
    assert chamber.desk.in_force() == first
    chamber.sign(second, RO)
    assert chamber.desk.in_force() == second


WITHOUT_RO = replace(TERMS, without=frozenset({RO}))


@pytest.fixture
def four(chamber: Chamber) -> Chamber:
    """A region of four that has a charter in force."""
    chamber.enrol(RO)
    chamber.sign(chamber.desk.propose(TERMS).charter, MD, NE, RO, UA)
    return chamber


def test_a_removed_member_need_not_sign_the_version_without_it(four: Chamber) -> None:
    proposed = four.desk.propose(WITHOUT_RO)
    assert tuple(proposed.charter.signing_keys) == (MD, NE, UA)
    assert proposed.without == (RO,)
    four.sign(proposed.charter, MD, NE, UA)
    assert four.desk.in_force() == proposed.charter
    assert four.desk.find().without == (RO,)


def test_it_is_enrolled_until_that_version_is_in_force_and_no_longer(four: Chamber) -> None:
    proposed = four.desk.propose(WITHOUT_RO)
    four.sign(proposed.charter, MD, NE)
    assert four.enrolled() == {MD, NE, RO, UA}
    four.sign(proposed.charter, UA)
    assert four.enrolled() == {MD, NE, UA}
    assert tuple(four.desk.propose(TERMS).charter.signing_keys) == (MD, NE, UA)


def test_leaving_somebody_out_holds_for_that_version_alone(four: Chamber) -> None:
    four.desk.propose(WITHOUT_RO)
    again = four.desk.propose(TERMS)
    assert again.without == ()
    four.sign(again.charter, MD, NE, RO, UA)
    assert four.enrolled() == {MD, NE, RO, UA}


def test_a_late_signature_under_an_older_version_removes_nobody(four: Chamber) -> None:
    older = four.desk.propose(WITHOUT_RO).charter
    newer = four.desk.propose(TERMS).charter
    four.sign(newer, MD, NE, RO, UA)
    four.sign(older, MD, NE, UA)
    assert four.desk.in_force() == newer
    assert four.enrolled() == {MD, NE, RO, UA}


def test_who_enrols_anew_meanwhile_stays_enrolled(four: Chamber) -> None:
    proposed = four.desk.propose(WITHOUT_RO)
    with four.store.writing() as connection:
        connection.execute(
            update(members).where(members.c.country == RO).values(fingerprint="a newer one")
        )
    four.sign(proposed.charter, MD, NE, UA)
    assert four.enrolled() == {MD, NE, RO, UA}


def test_an_open_invitation_of_a_removed_member_is_withdrawn(four: Chamber) -> None:
    with four.store.writing() as connection:
        for country in (RO, UA):
            connection.execute(
                insert(invitations).values(
                    code_hash=country.encode(), country=country, expires=2000, issued=1
                )
            )
    four.desk.propose(WITHOUT_RO)
    with four.store.reading() as connection:
        assert connection.scalars(select(invitations.c.country)).all() == [UA]


def test_who_is_not_enrolled_cannot_be_left_out(four: Chamber) -> None:
    bg = CountryCode("BG")
    with pytest.raises(NotEnrolledError, match=r"--without BG.*Enrolled are MD, NE, RO, UA"):
        four.desk.propose(replace(TERMS, without=frozenset({bg, RO})))
    assert four.desk.find().charter.version == 1


def test_a_removal_that_leaves_too_few_proposes_nothing(four: Chamber) -> None:
    with pytest.raises(TooFewEnrolledError, match="would list 2"):
        four.desk.propose(replace(TERMS, without=frozenset({NE, RO})))
    assert four.enrolled() == {MD, NE, RO, UA}


def test_too_few_members_make_no_charter(tmp_path: Path) -> None:
    chamber = Chamber(tmp_path / "d.sqlite3")
    chamber.enrol(MD, NE)
    with pytest.raises(TooFewEnrolledError):
        chamber.desk.propose(TERMS)
    with pytest.raises(NoProposedCharterError):
        chamber.desk.find()
    chamber.store.close()


# ---------------------------------------------------------------- rotated keys

OLD, NEW = node_keys(MD), next_keys(MD, 1)


def successors_of(chamber: Chamber) -> SuccessorDesk:
    return SuccessorDesk(chamber.store, "Test", verify, lambda: 1000)


def card_of(keys: KeyPair) -> bytes:
    return Card(MD, f"Authority of {MD}", keys.public, keys.encryption).encode()


def statement(
    was: KeyPair = OLD, now: KeyPair = NEW, region: str = "Test", since: int = 1
) -> bytes:
    word = make_succession(
        region, MD, since, former=(was.public, was.sign), following=(now.public, now.sign)
    )
    return encode_successions([word])


def sign_with(chamber: Chamber, charter: Charter, keys: KeyPair) -> None:
    """Everybody signs, MD with these keys."""
    chamber.desk.record_signature(charter.digest, MD, keys.sign(signature_to_sign(charter, MD)))
    chamber.sign(charter, *(one for one in charter.signing_keys if one != MD))


def test_keys_that_a_member_hands_in_are_listed_next_and_enrolled_when_that_is_in_force(
    chamber: Chamber,
) -> None:
    first = chamber.desk.propose(TERMS).charter
    sign_with(chamber, first, OLD)
    desk = successors_of(chamber)
    assert desk.hand_in(MD, card_of(NEW), statement()) == NEW.public
    assert chamber.desk.ledger_keys(MD) == (OLD.public,)
    second = chamber.desk.propose(TERMS).charter
    assert second.member(MD).keys == (OLD.public, NEW.public)
    assert second.origins == first.origins
    chamber.desk.find().signed.verify_proposal(verify)
    assert chamber.desk.ledger_keys(MD) == (OLD.public,)  # until it is in force
    sign_with(chamber, second, NEW)
    # A node that was away has the old key yet, and is to be told.
    assert chamber.desk.ledger_keys(MD) == (NEW.public, OLD.public)
    third = chamber.desk.propose(TERMS).charter
    assert third.members == second.members
    verify_keys_go_on(second, third)


def test_keys_that_are_taken_back_are_listed_no_more(chamber: Chamber) -> None:
    sign_with(chamber, chamber.desk.propose(TERMS).charter, OLD)
    desk = successors_of(chamber)
    desk.hand_in(MD, card_of(NEW), statement())
    assert chamber.desk.propose(TERMS).charter.signing_keys[MD] == NEW.public
    assert desk.hand_in(MD, card_of(OLD), b"") == OLD.public
    assert chamber.desk.propose(TERMS).charter.member(MD).keys == (OLD.public,)


@pytest.mark.parametrize(
    "told",
    [b"", statement(region="Another region"), statement(was=KeyPair("thief"))],
    ids=["no statement", "of another region", "of another key"],
)
def test_a24_keys_that_do_not_follow_the_enrolled_one_are_not_taken(
    chamber: Chamber, told: bytes
) -> None:
    sign_with(chamber, chamber.desk.propose(TERMS).charter, OLD)
    with pytest.raises(FalseSuccessionError):
        successors_of(chamber).hand_in(MD, card_of(NEW), told)
    assert chamber.desk.propose(TERMS).charter.signing_keys[MD] == OLD.public


@pytest.mark.parametrize(
    ("card", "since", "because"),
    [
        (card_of(NEW), 2, "a succession of MD from no version before"),
        (card_of(NEW), 999_999, "a succession of MD from no version before"),
        (
            Card(MD, "Authority", NEW.public, node_keys(NE).encryption).encode(),
            1,
            r"a key of NE that stands twice.*of MD",
        ),
    ],
    ids=["since the next version", "since a version far ahead", "with NE's encryption key"],
)
def test_a29_keys_that_no_charter_can_list_are_refused_at_once_and_stop_no_proposal(
    chamber: Chamber, card: bytes, since: int, because: str
) -> None:
    sign_with(chamber, chamber.desk.propose(TERMS).charter, OLD)
    with pytest.raises(MalformedCharterError, match=because):
        successors_of(chamber).hand_in(MD, card, statement(since=since))
    assert chamber.desk.propose(TERMS).charter.signing_keys[MD] == OLD.public


def test_a29_keys_that_another_member_hands_in_already_are_refused_and_those_wait_on(
    chamber: Chamber,
) -> None:
    sign_with(chamber, chamber.desk.propose(TERMS).charter, OLD)
    desk = successors_of(chamber)
    desk.hand_in(MD, card_of(NEW), statement())
    was, now = node_keys(NE), next_keys(NE, 1)
    word = make_succession(
        "Test", NE, 1, former=(was.public, was.sign), following=(now.public, now.sign)
    )
    with pytest.raises(MalformedCharterError, match="of MD"):
        desk.hand_in(
            NE,
            Card(NE, "Authority", now.public, NEW.encryption).encode(),
            encode_successions([word]),
        )
    listed = chamber.desk.propose(TERMS).charter.signing_keys
    assert (listed[MD], listed[NE]) == (NEW.public, was.public)


def test_keys_drawn_under_an_earlier_version_can_still_be_handed_in(chamber: Chamber) -> None:
    for _ in range(2):
        sign_with(chamber, chamber.desk.propose(TERMS).charter, OLD)
    successors_of(chamber).hand_in(MD, card_of(NEW), statement(since=1))
    assert chamber.desk.propose(TERMS).charter.signing_keys[MD] == NEW.public


def test_before_a_charter_is_in_force_there_is_nothing_that_new_keys_could_follow(
    chamber: Chamber,
) -> None:
    chamber.desk.propose(TERMS)
    with pytest.raises(NoCharterError):
        successors_of(chamber).hand_in(MD, card_of(NEW), statement())
    assert chamber.desk.propose(TERMS).charter.signing_keys[MD] == OLD.public


def test_nobody_hands_in_keys_for_another_country_or_without_being_enrolled(
    chamber: Chamber,
) -> None:
    desk = successors_of(chamber)
    with pytest.raises(AnotherCountryError):
        desk.hand_in(NE, card_of(NEW), statement())
    with chamber.store.writing() as connection:
        connection.execute(delete(members).where(members.c.country == MD))
    with pytest.raises(NoLongerEnrolledError):
        desk.hand_in(MD, card_of(NEW), statement())


def test_a_node_made_anew_does_not_get_the_keys_that_the_one_before_handed_in(
    chamber: Chamber,
) -> None:
    sign_with(chamber, chamber.desk.propose(TERMS).charter, OLD)
    successors_of(chamber).hand_in(MD, card_of(NEW), statement())
    anew = KeyPair("node MD, made anew")
    with chamber.store.writing() as connection:
        connection.execute(
            update(members)
            .where(members.c.country == MD)
            .values(card=card_of(anew), signing_key=anew.public)
        )
    assert chamber.desk.propose(TERMS).charter.member(MD).keys == (anew.public,)


def test_a_member_that_is_held_out_stays_held_out_after_a_rotation(chamber: Chamber) -> None:
    log = ReleaseLog(
        store=chamber.store, key=COORDINATOR.public, sign=COORDINATOR.sign, verify=verify
    )
    record = AttemptRecord(chamber.store, lambda: 1000, log)
    with chamber.store.writing() as connection:
        connection.execute(
            insert(held_out).values(
                session=bytes(16), country=MD, code="secure_sum.bad_dealer", since=1
            )
        )
    sign_with(chamber, chamber.desk.propose(TERMS).charter, OLD)
    successors_of(chamber).hand_in(MD, card_of(NEW), statement())
    sign_with(chamber, chamber.desk.propose(TERMS).charter, NEW)
    assert chamber.desk.in_force().signing_keys[MD] == NEW.public
    assert record.held_out() == {MD}


def test_an_older_file_gets_the_table_of_successors(tmp_path: Path) -> None:
    path = tmp_path / "older.sqlite3"
    store = Store(path)
    with store.writing() as connection:
        connection.exec_driver_sql("DROP TABLE successors")
        connection.exec_driver_sql("PRAGMA user_version = 6")
    store.close()
    again = Store(path)
    with again.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM successors").scalar_one() == 0
    again.close()
