"""What a node remembers of the other members' ledgers, and what it does at a contradiction."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from corridor.errors.ledger import BrokenChainError, LedgerDiskError, LedgerForkError
from corridor.ids import CountryCode, Digest, Signature
from corridor.node.witness_book import WitnessBook
from corridor.protocols.secure_sum.messages import LedgerStatement

MD = CountryCode("MD")
FIRST = LedgerStatement(
    country=MD,
    sequence=3,
    spent=Fraction(1, 10),
    reserved=Fraction(1, 7),
    head=Digest(b"\1" * 32),
    signature=Signature(b"\2" * 64),
)
FORK = replace(FIRST, head=Digest(b"\3" * 32))
NEXT = replace(FIRST, sequence=4, spent=Fraction(1, 5), head=Digest(b"\4" * 32))


@pytest.fixture
def book(tmp_path: Path) -> Iterator[WitnessBook]:
    with WitnessBook(tmp_path / "witness.sqlite3") as opened:
        yield opened


def test_what_was_witnessed_is_remembered_exactly(book: WitnessBook) -> None:
    book.witness([FIRST])
    assert book.latest(MD) == FIRST
    assert book.latest(CountryCode("NE")) is None


def test_the_same_word_again_is_no_contradiction(book: WitnessBook) -> None:
    book.witness([FIRST, FIRST])
    book.witness([FIRST, NEXT])
    assert (book.latest(MD), book.forks()) == (NEXT, 0)


def test_a19_one_head_for_a_member_and_an_entry_ever(tmp_path: Path, book: WitnessBook) -> None:
    book.witness([FIRST])
    book.close()
    with WitnessBook(tmp_path / "witness.sqlite3") as again:
        with pytest.raises(LedgerForkError, match="MD contradicts"):
            again.witness([FORK])
        assert again.latest(MD) == FIRST
        assert again.forks() == 1


def test_a18_a_ledger_that_went_back_is_refused(book: WitnessBook) -> None:
    book.witness([NEXT])
    with pytest.raises(LedgerForkError, match="backup"):
        book.witness([FIRST])


def test_a_contradiction_does_not_keep_others_from_being_witnessed(book: WitnessBook) -> None:
    other = replace(FIRST, country=CountryCode("NE"))
    book.witness([FIRST])
    with pytest.raises(LedgerForkError):
        book.witness([FORK, other])
    assert book.latest(CountryCode("NE")) == other


def test_an_earlier_word_that_was_witnessed_may_be_repeated(book: WitnessBook) -> None:
    book.witness([FIRST])
    book.witness([NEXT])
    book.witness([FIRST])
    assert book.forks() == 0
    assert book.latest(MD) == NEXT


def test_a19_two_contents_of_one_entry_are_kept_as_the_proof(book: WitnessBook) -> None:
    book.witness([FIRST])
    book.witness([NEXT])
    with pytest.raises(LedgerForkError, match="two contents"):
        book.witness([FORK])
    assert book.forks() == 1


def test_what_is_no_book_is_damage_and_what_cannot_be_opened_is_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "witness.sqlite3"
    path.write_bytes(b"not a database, and long enough to be looked at " * 100)
    with pytest.raises(BrokenChainError):
        WitnessBook(path)
    with pytest.raises(LedgerDiskError):
        WitnessBook(tmp_path / "absent" / "witness.sqlite3")
