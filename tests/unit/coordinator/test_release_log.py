"""The log of releases: what is durable of it, what a kill leaves, and what each member is shown."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from corridor.coordinator.release_log import EARLIEST_SLACK_SECONDS, ReleaseLog
from corridor.coordinator.store import Store, checkpoints, leaves, releases
from corridor.errors.region import UnknownReleaseError
from corridor.errors.release_tree import (
    ForgedCosignatureError,
    NoCheckpointError,
    NoSuchTreeError,
)
from corridor.ids import CountryCode, SessionId
from corridor.protocols import canonical
from corridor.protocols.merkle import Tree, is_consistent, is_included, leaf_hash
from corridor.protocols.notes import (
    cosign,
    parse_checkpoint,
    parse_note,
    verify_checkpoint,
)
from corridor.protocols.receipts import receipt_digest
from corridor.protocols.release_tree import log_of, parse_receipt_file, release_leaf
from corridor.transport.messages import CheckpointToCosign, Cosigned
from support.charters import node_keys, rotated
from support.release_tree import BG, FIVE, MD, UA, charter_of_five, make_log, session_of
from support.signing import verify

CHARTER = charter_of_five()
LOG = log_of(CHARTER)
NOW = 1_700_000_000


class Coordinator:
    """A store with its log; `killed` is what a kill -9 leaves of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.open()

    def open(self) -> None:
        self.store = Store(self.path)
        self.log: ReleaseLog = make_log(self.store)

    def killed(self) -> None:
        self.store.close()
        self.open()

    def publish(self, number: int, *countries: CountryCode) -> None:
        """Release `number`, in which these countries' data are."""
        with self.store.writing() as connection:
            insert_release(connection, number, countries or FIVE)
            self.log.append(connection, number + 1, session_of(number), receipt(number))

    def cosigned(self, country: CountryCode, size: int) -> bool:
        """Keep a member's cosignature of that size."""
        return self.log.keep(country, word_of(self, country, size), CHARTER, NOW)


def insert_release(connection: object, number: int, countries: tuple[CountryCode, ...]) -> None:
    connection.execute(  # type: ignore[attr-defined]
        insert(releases).values(
            id=f"r{number}",
            place=number + 1,
            session=session_of(number),
            digest=bytes(32),
            rho="1/100",
            scope="regional",
            participants=canonical.encode({str(country): "1-" + "a" * 16 for country in countries}),
            document=b"{}",
            receipt=receipt(number),
            published=NOW,
        )
    )


def receipt(number: int) -> bytes:
    return canonical.encode({"receipt": number})


def leaf(number: int) -> bytes:
    return release_leaf(session_of(number), receipt_digest(receipt(number)))


def word_of(
    coordinator: Coordinator, country: CountryCode, size: int, timestamp: int = NOW
) -> Cosigned:
    with coordinator.store.reading() as connection:
        wanted = select(checkpoints.c.note).where(checkpoints.c.size == size)
        text = parse_note(connection.execute(wanted).scalar_one()).text
    word = cosign(text, timestamp, node_keys(country).sign)
    return Cosigned(size, word.timestamp, word.signature)


def offered(
    coordinator: Coordinator, country: CountryCode, old: int, *wanted: SessionId
) -> CheckpointToCosign:
    offer = coordinator.log.offer(country, old, CHARTER, wanted)
    assert offer is not None
    return offer


@pytest.fixture
def coordinator(tmp_path: Path) -> Iterator[Coordinator]:
    coordinator = Coordinator(tmp_path / "c.sqlite3")
    yield coordinator
    coordinator.store.close()


# ---------------------------------------------------------------- growing


def test_every_release_is_a_leaf_in_the_order_of_publication(coordinator: Coordinator) -> None:
    assert coordinator.log.size() == 0
    with pytest.raises(NoCheckpointError):
        coordinator.log.checkpoint(CHARTER)
    tree = Tree()
    for number in range(9):
        coordinator.publish(number)
        tree.append(leaf_hash(leaf(number)))
        checkpoint = verify_checkpoint(coordinator.log.checkpoint(CHARTER), LOG, verify).checkpoint
        assert (checkpoint.size, checkpoint.root) == (number + 1, tree.root())
    assert list(coordinator.log.leaves(2, 3)) == [leaf(n).decode() for n in (2, 3, 4)]


def test_a_transaction_that_fails_leaves_no_leaf_and_the_tree_goes_on(
    coordinator: Coordinator,
) -> None:
    coordinator.publish(0)

    def fails() -> None:
        with coordinator.store.writing() as connection:
            insert_release(connection, 1, FIVE)
            coordinator.log.append(connection, 2, session_of(1), receipt(1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fails()
    assert coordinator.log.size() == 1
    coordinator.publish(1)
    root = parse_checkpoint(coordinator.log.checkpoint(CHARTER).text).root
    assert root == Tree([leaf_hash(leaf(0)), leaf_hash(leaf(1))]).root()


def test_after_a_kill_the_same_notes_are_shown_and_the_tree_goes_on(
    coordinator: Coordinator,
) -> None:
    for number in range(3):
        coordinator.publish(number)
    coordinator.cosigned(BG, 3)
    before = coordinator.log.checkpoint(CHARTER)
    coordinator.killed()
    assert coordinator.log.checkpoint(CHARTER) == before
    coordinator.publish(3)
    old, new = (
        parse_checkpoint(before.text),
        parse_checkpoint(coordinator.log.checkpoint(CHARTER).text),
    )
    proof = coordinator.log.consistency(3, 4)
    assert is_consistent(3, old.root, 4, new.root, proof.path)


def test_releases_from_before_there_was_a_tree_get_their_leaves(coordinator: Coordinator) -> None:
    with coordinator.store.writing() as connection:
        for number in range(4):
            insert_release(connection, number, FIVE)
        for table in ("leaves", "checkpoints", "cosignatures"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
        connection.exec_driver_sql("PRAGMA user_version = 1")
    coordinator.killed()
    coordinator.log.complete()
    coordinator.log.complete()  # nothing is left to do
    assert coordinator.log.size() == 4
    with coordinator.store.reading() as connection:
        rows = connection.execute(select(leaves.c.leaf).order_by(leaves.c.place)).scalars().all()
    assert list(rows) == [leaf(number) for number in range(4)]
    coordinator.publish(4)


# ---------------------------------------------------------------- cosignatures


def test_a_cosignature_is_kept_once_and_shown(coordinator: Coordinator) -> None:
    coordinator.publish(0)
    assert coordinator.cosigned(BG, 1)
    assert not coordinator.cosigned(BG, 1)
    coordinator.killed()
    assert not coordinator.cosigned(BG, 1)
    seen = verify_checkpoint(coordinator.log.checkpoint(CHARTER), LOG, verify)
    assert set(seen.cosigned) == {BG}
    assert coordinator.log.cosigned_sizes() == {BG: 1}


def test_what_is_no_cosignature_of_that_member_is_not_kept(coordinator: Coordinator) -> None:
    coordinator.publish(0)
    coordinator.publish(1)
    of_bg = word_of(coordinator, BG, 1)
    keep = coordinator.log.keep
    for country, word in (
        (UA, of_bg),  # swapped
        (BG, Cosigned(2, of_bg.timestamp, of_bg.signature)),  # moved to another checkpoint
        (BG, Cosigned(1, of_bg.timestamp + 1, of_bg.signature)),  # said to be newer
        (CountryCode("ZZ"), of_bg),  # of no member
        (BG, word_of(coordinator, BG, 1, NOW + EARLIEST_SLACK_SECONDS + 1)),  # from the future
    ):
        with pytest.raises(ForgedCosignatureError):
            keep(country, word, CHARTER, NOW)
    with pytest.raises(NoSuchTreeError):
        keep(BG, Cosigned(3, of_bg.timestamp, of_bg.signature), CHARTER, NOW)
    assert coordinator.log.cosigned_sizes() == {}


# ---------------------------------------------------------------- what members are shown


def test_a_member_is_shown_the_releases_since_that_its_data_are_in(
    coordinator: Coordinator,
) -> None:
    for number, countries in enumerate([(MD, UA), (BG, UA), (MD, BG), (BG, UA)]):
        coordinator.publish(number, *countries)
    offer = offered(coordinator, MD, 1)
    seen = verify_checkpoint(parse_note(offer.note), LOG, verify).checkpoint
    assert [one.session for one in offer.inclusions] == [session_of(2)]
    assert is_consistent(1, Tree([leaf_hash(leaf(0))]).root(), 4, seen.root, offer.consistency)
    asked = offered(coordinator, MD, 4, session_of(0), session_of(99))
    (one,) = asked.inclusions
    assert (one.session, asked.consistency) == (session_of(0), ())
    assert is_included(leaf_hash(leaf(0)), one.index, 4, one.path, seen.root)


def test_a_member_that_knows_more_sees_that_the_log_was_set_back(coordinator: Coordinator) -> None:
    coordinator.publish(0)
    offer = offered(coordinator, MD, 5)
    assert parse_checkpoint(parse_note(offer.note).text).size == 1 == offer.old_size


def test_nothing_is_offered_before_the_first_release(coordinator: Coordinator) -> None:
    assert coordinator.log.offer(MD, 0, CHARTER) is None


# ---------------------------------------------------------------- receipts


def test_a_receipt_shows_the_first_checkpoint_that_enough_members_cosigned(
    coordinator: Coordinator,
) -> None:
    for number in range(3):
        coordinator.publish(number)
    # Nobody has cosigned: the latest.
    assert parse_checkpoint(coordinator.log.proof("r0", CHARTER).note.text).size == 3
    for country in FIVE[:3]:
        coordinator.cosigned(country, 1)
    for country in FIVE[:4]:
        coordinator.cosigned(country, 2)
    for country in FIVE:
        coordinator.cosigned(country, 3)
    sizes = [
        parse_checkpoint(coordinator.log.proof(f"r{number}", CHARTER).note.text).size
        for number in range(3)
    ]
    assert sizes == [2, 2, 3]  # three of five are not enough


def test_a_receipt_leads_to_the_checkpoint_that_its_reader_has(coordinator: Coordinator) -> None:
    for number in range(6):
        coordinator.publish(number)
    for known in (1, 6):
        raw = coordinator.log.receipt_file("r3", receipt(3), CHARTER, known)
        file = parse_receipt_file(raw)
        assert file.receipt == receipt(3)
        assert file.consistency is not None
        assert (file.consistency.old, file.consistency.new) == (known, 6)
    for known in (7, -1):
        with pytest.raises(NoSuchTreeError):
            coordinator.log.receipt_file("r3", receipt(3), CHARTER, known)
    with pytest.raises(UnknownReleaseError):
        coordinator.log.proof("none", CHARTER)


def test_a_cosignature_under_a_key_of_before_is_shown_under_that_key(
    coordinator: Coordinator,
) -> None:
    coordinator.publish(0)
    for country in (BG, MD):
        coordinator.cosigned(country, 1)
    later = rotated(CHARTER, MD)
    note = coordinator.log.checkpoint(later)
    # Who has the charter of then finds both; who has that of now is told of no forgery.
    assert set(verify_checkpoint(note, log_of(CHARTER), verify).cosigned) == {BG, MD}
    assert set(verify_checkpoint(note, log_of(later), verify).cosigned) == {BG}
