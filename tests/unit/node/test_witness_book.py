"""What a node holds of the other members' ledgers, and what it does at a contradiction."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from corridor.errors.ledger import (
    BrokenChainError,
    EquivocationError,
    LedgerDiskError,
    LedgerForkError,
    LedgerTooLongError,
    UnknownEntriesError,
)
from corridor.ids import CountryCode, Digest, Signature
from corridor.node import witness_book
from corridor.node.witness_book import MOST_FORKS, WitnessBook
from corridor.protocols import canonical
from corridor.protocols.chains import BEGINNING, Entry
from corridor.protocols.secure_sum.messages import UNSIGNED, LedgerStatement, signed
from corridor.protocols.witnesses import LEDGER
from support.charters import node_keys
from support.signing import verify

MD, NE = CountryCode("MD"), CountryCode("NE")
KEY = node_keys(MD).public


def make_entry(before: Entry | None, word: str, country: CountryCode = MD) -> Entry:
    """The entry of a ledger that follows `before` and says `word`."""
    number = 1 if before is None else before.number + 1
    previous = BEGINNING if before is None else before.digest
    payload = canonical.encode({"word": word, "spent": f"{number}", "reserved": "0"})
    unsigned = Entry(LEDGER, number, previous, payload, UNSIGNED)
    return replace(unsigned, signature=node_keys(country).sign(unsigned.digest))


def make_chain(words: str) -> list[Entry]:
    chain: list[Entry] = []
    for word in words:
        chain.append(make_entry(chain[-1] if chain else None, word))
    return chain


def state(entry: Entry, *, spent: int | None = None) -> LedgerStatement:
    """What Moldova states when this is its last entry."""
    statement = LedgerStatement(
        country=MD,
        sequence=entry.number,
        spent=Fraction(entry.number if spent is None else spent),
        reserved=Fraction(0),
        head=entry.digest,
        signature=UNSIGNED,
    )
    return signed(statement, node_keys(MD).sign)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[WitnessBook]:
    with WitnessBook(tmp_path / "witness.sqlite3", verify) as opened:
        yield opened


# ---------------------------------------------------------------- the model


class BookMachine(RuleBasedStateMachine):
    """Copies of one ledger grow apart and are shown in any order: the book holds one chain."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "witness.sqlite3"
        self.book = WitnessBook(self.path, verify)
        self.copies: list[list[Entry]] = []
        self.held: list[Entry] = []  # the model: it only grows

    @initialize()
    def there_are_two_copies(self) -> None:
        self.copies = [make_chain("a"), make_chain("a")]

    @rule(copy=st.integers(0, 9), word=st.sampled_from("abc"))
    def a_copy_grows(self, copy: int, word: str) -> None:
        chain = self.copies[copy % len(self.copies)]
        chain.append(make_entry(chain[-1], word))

    @rule(copy=st.integers(0, 9), length=st.integers(1, 6))
    def a_backup_is_restored(self, copy: int, length: int) -> None:
        self.copies.append(self.copies[copy % len(self.copies)][:length])

    @rule(copy=st.integers(0, 9), first=st.integers(0, 6), count=st.integers(1, 6))
    def entries_are_shown(self, copy: int, first: int, count: int) -> None:
        shown = self.copies[copy % len(self.copies)][first : first + count]
        if not shown:
            return
        forks = self.book.fork_count()
        agreed = [one.digest for one in self.held]
        told = [one.digest for one in self.copies[copy % len(self.copies)][: first + len(shown)]]
        reach = min(len(agreed), len(told))
        try:
            self.book.take(MD, KEY, shown)
        except UnknownEntriesError:
            assert first > len(self.held)
        except LedgerForkError:
            assert agreed[:reach] != told[:reach]
            assert self.book.fork_count() >= forks
            for fork in self.book.forks():
                assert fork.held != fork.shown
        else:
            self.held += [one for one in shown if one.number > len(self.held)]

    @rule()
    def the_power_fails(self) -> None:
        self.book.close()
        self.book = WitnessBook(self.path, verify)

    @invariant()
    def one_entry_for_a_member_and_a_number_ever(self) -> None:
        kept = self.book.entries(KEY, 0, 1000)
        assert list(kept) == self.held
        assert self.book.last(KEY)[0] == len(self.held)
        for before, after in pairwise(kept):
            assert after.previous == before.digest

    @invariant()
    def whoever_is_witnessed_is_on_the_one_chain(self) -> None:
        for chain in self.copies:
            for entry in chain:
                try:
                    self.book.demand_kept(state(entry), KEY)
                except (LedgerForkError, UnknownEntriesError):
                    continue
                assert entry in self.held

    def teardown(self) -> None:
        self.book.close()
        self.folder.cleanup()


BookMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestBook = BookMachine.TestCase


# ---------------------------------------------------------------- rules


def test_what_was_received_is_handed_back_exactly(book: WitnessBook) -> None:
    chain = make_chain("abc")
    book.take(MD, KEY, chain)
    assert book.entries(KEY, 0, 2) == (chain[0], chain[1])
    assert book.entries(KEY, 1, 9) == (chain[1], chain[2])
    assert book.last(KEY) == (3, chain[2].digest)
    assert book.last(node_keys(NE).public) == (0, BEGINNING)


def test_the_same_entries_again_are_no_contradiction(book: WitnessBook) -> None:
    chain = make_chain("abc")
    book.take(MD, KEY, chain[:2])
    book.take(MD, KEY, chain)
    book.take(MD, KEY, chain[:1])
    assert (book.last(KEY)[0], book.fork_count()) == (3, 0)


def test_a19_one_entry_of_a_number_ever_also_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "witness.sqlite3"
    with WitnessBook(path, verify) as book:
        book.take(MD, KEY, make_chain("ab"))
    with WitnessBook(path, verify) as book:
        with pytest.raises(LedgerForkError, match="two contents"):
            book.take(MD, KEY, make_chain("ac"))
        assert book.entries(KEY, 0, 9) == tuple(make_chain("ab"))
        (fork,) = book.forks()
        assert (fork.country, fork.held != fork.shown) == (MD, True)


def test_a19_a_later_entry_betrays_that_the_one_before_was_another(book: WitnessBook) -> None:
    book.take(MD, KEY, make_chain("ab"))
    with pytest.raises(LedgerForkError):
        book.take(MD, KEY, make_chain("acd")[2:])
    assert book.last(KEY)[0] == 2
    assert book.fork_count() == 1


def test_a19_of_a_fork_nothing_is_kept_but_the_evidence(book: WitnessBook) -> None:
    book.take(MD, KEY, make_chain("ab"))
    with pytest.raises(LedgerForkError):
        book.take(MD, KEY, make_chain("axyz"))
    assert book.entries(KEY, 0, 9) == tuple(make_chain("ab"))


def test_a18_entries_whose_beginning_is_missing_are_not_witnessed(book: WitnessBook) -> None:
    chain = make_chain("abcd")
    book.take(MD, KEY, chain[:1])
    with pytest.raises(UnknownEntriesError):
        book.take(MD, KEY, chain[2:])
    with pytest.raises(UnknownEntriesError):
        book.demand_kept(state(chain[3]), KEY)
    assert book.fork_count() == 0


def test_a_statement_is_witnessed_where_its_head_is_on_the_chain(book: WitnessBook) -> None:
    chain = make_chain("ab")
    book.take(MD, KEY, chain)
    book.demand_kept(state(chain[1]), KEY)
    with pytest.raises(LedgerForkError, match="two sums"):
        book.demand_kept(state(chain[1], spent=0), KEY)
    with pytest.raises(LedgerForkError, match="two contents"):
        book.demand_kept(state(make_chain("ax")[1]), KEY)
    assert book.fork_count() == 2


@pytest.mark.parametrize("lie", ["signature", "key", "order", "first"])
def test_entries_that_are_not_the_members_own_are_no_evidence(book: WitnessBook, lie: str) -> None:
    chain = make_chain("ab")
    shown = {
        "signature": [replace(chain[0], signature=Signature(bytes(64)))],
        "key": [make_entry(None, "a", NE)],
        "order": [chain[1], chain[0]],
        "first": [replace(chain[0], previous=Digest(b"\1" * 32))],
    }[lie]
    with pytest.raises(BrokenChainError):
        book.take(MD, KEY, shown)
    assert (book.last(KEY)[0], book.fork_count()) == (0, 0)


def test_a_node_made_anew_has_a_ledger_of_its_own(book: WitnessBook) -> None:
    book.take(MD, KEY, make_chain("ab"))
    book.take(MD, node_keys(NE).public, [make_entry(None, "x", NE)])
    assert book.last(node_keys(NE).public)[0] == 1
    assert book.fork_count() == 0


def test_what_is_no_book_is_damage_and_what_cannot_be_opened_is_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "witness.sqlite3"
    path.write_bytes(b"not a database, and long enough to be looked at " * 100)
    with pytest.raises(BrokenChainError):
        WitnessBook(path, verify)
    with pytest.raises(LedgerDiskError):
        WitnessBook(tmp_path / "absent" / "witness.sqlite3", verify)


def test_a31_the_coordinator_says_one_thing_about_one_thing_ever(tmp_path: Path) -> None:
    path = tmp_path / "witness.sqlite3"
    with WitnessBook(path, verify) as book:
        book.hear_coordinator("charter version 2", b"one")
        book.hear_coordinator("charter version 2", b"one")
        book.hear_coordinator("charter version 3", b"two")
    with WitnessBook(path, verify) as book:
        for _ in range(2):
            with pytest.raises(EquivocationError, match="charter version 2"):
                book.hear_coordinator("charter version 2", b"other")
        (fork,) = book.forks()
        assert (fork.country, fork.held, fork.shown) == ("", b"one", b"other")


def test_a29_a_member_that_contradicts_itself_without_end_fills_no_disk(book: WitnessBook) -> None:
    book.take(MD, KEY, make_chain("a"))
    for number in range(MOST_FORKS + 5):
        with pytest.raises(LedgerForkError):
            book.take(MD, KEY, [make_entry(None, f"other {number}")])
    (held,) = book.entries(KEY, 0, 1)
    for number in range(MOST_FORKS + 5):
        with pytest.raises(LedgerForkError):
            book.demand_kept(state(held, spent=100 + number), KEY)
    assert book.fork_count() == MOST_FORKS
    book.take(NE, node_keys(NE).public, [make_entry(None, "a", NE)])
    with pytest.raises(LedgerForkError):  # another member's is kept as before
        book.take(NE, node_keys(NE).public, [make_entry(None, "b", NE)])
    assert book.fork_count() == MOST_FORKS + 1


def test_a29_a_member_that_writes_without_end_fills_no_disk(
    book: WitnessBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = make_chain("abcdefgh")
    room = sum(len(one.payload) + witness_book.ENTRY_BYTES for one in chain[:6])
    monkeypatch.setattr(witness_book, "LONGEST_LEDGER", room)
    book.take(MD, KEY, chain[:6])
    with pytest.raises(LedgerTooLongError):
        book.take(MD, KEY, chain[6:])
    with WitnessBook(tmp_path / "witness.sqlite3", verify) as again:  # it knows after a start, too
        with pytest.raises(LedgerTooLongError):
            again.take(MD, KEY, chain[5:])
        again.take(NE, node_keys(NE).public, [make_entry(None, "a", NE)])
    assert book.last(KEY)[0] == 6
    with pytest.raises(UnknownEntriesError):
        book.demand_kept(state(chain[7]), KEY)
