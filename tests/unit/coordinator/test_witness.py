"""The coordinator as a witness: of every ledger one past, and evidence of a second."""

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import func, select

from corridor.coordinator import witness
from corridor.coordinator.store import Store, forks, statements
from corridor.coordinator.witness import WitnessRecord
from corridor.errors.region import ForgedStatementError, WitnessedForkError
from corridor.ids import CountryCode, Digest
from corridor.protocols.secure_sum.messages import UNSIGNED, LedgerStatement, signed
from support.signing import KeyPair, verify

MD = CountryCode("MD")
KEYS = KeyPair("node MD")


@pytest.fixture
def record(tmp_path: Path) -> Iterator[WitnessRecord]:
    store = Store(tmp_path / "c.sqlite3")
    yield WitnessRecord(store, verify, lambda: 1000)
    store.close()


def statement(
    sequence: int, *, spent: int = 0, head: int | None = None, keys: KeyPair = KEYS
) -> LedgerStatement:
    unsigned = LedgerStatement(
        country=MD,
        sequence=sequence,
        spent=Fraction(spent, 100),
        reserved=Fraction(0),
        head=Digest((sequence if head is None else head).to_bytes(32, "big")),
        signature=UNSIGNED,
    )
    return signed(unsigned, keys.sign)


def test_a_ledger_that_goes_on_is_witnessed(record: WitnessRecord) -> None:
    for word in (statement(1), statement(1), statement(2, spent=1), statement(7, spent=3)):
        record.keep_signed(word, KEYS.public)
    assert record.forked() == {}


@pytest.mark.parametrize(
    "second_past",
    [statement(5, head=99, spent=2), statement(5, spent=3), statement(4, spent=2), statement(6)],
    ids=["another head", "other sums", "an earlier entry", "less spent"],
)
def test_a_second_past_is_refused_and_kept(
    record: WitnessRecord, second_past: LedgerStatement
) -> None:
    record.keep(statement(5, spent=2), KEYS.public)
    for _ in range(2):
        with pytest.raises(WitnessedForkError):
            record.keep(second_past, KEYS.public)
    assert record.forked() == {MD: 1}
    record.keep(statement(6, spent=2), KEYS.public)  # the past that was witnessed goes on


def test_a_statement_of_another_key_is_not_kept(record: WitnessRecord) -> None:
    with pytest.raises(ForgedStatementError):
        record.keep_signed(statement(9, keys=KeyPair("thief")), KEYS.public)
    record.keep(statement(1), KEYS.public)  # 9 was never witnessed, so this is no step back


def test_what_was_witnessed_survives_a_restart(record: WitnessRecord, tmp_path: Path) -> None:
    record.keep(statement(5, spent=2), KEYS.public)
    record.store.close()
    store = Store(tmp_path / "c.sqlite3")
    with pytest.raises(WitnessedForkError):
        WitnessRecord(store, verify, lambda: 1000).keep(statement(4), KEYS.public)
    store.close()


def test_a18_a_ledger_that_is_behind_may_connect_and_not_take_part(record: WitnessRecord) -> None:
    record.keep_signed(statement(5, spent=2), KEYS.public)
    record.keep_signed(statement(4, spent=2), KEYS.public)  # its node is to be given the rest
    assert record.forked() == {}
    with pytest.raises(WitnessedForkError):
        record.keep(statement(4, spent=2), KEYS.public)


def test_a29_a_member_that_states_without_end_fills_no_disk(
    record: WitnessRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witness, "MOST_FORKS", 3)
    for sequence in range(1, 6):
        record.keep_signed(statement(sequence), KEYS.public)
    for head in range(100, 105):
        with pytest.raises(WitnessedForkError):
            record.keep(statement(5, head=head), KEYS.public)
    with record.store.reading() as connection:
        assert connection.execute(select(func.count()).select_from(statements)).scalar_one() == 1
    assert record.forked() == {MD: 3}


def test_a_fork_keeps_both_statements_though_the_ledger_goes_on(record: WitnessRecord) -> None:
    first, second = statement(5, spent=2), statement(5, head=99, spent=2)
    record.keep(first, KEYS.public)
    with pytest.raises(WitnessedForkError):
        record.keep(second, KEYS.public)
    record.keep(statement(6, spent=2), KEYS.public)
    with record.store.reading() as connection:
        (raw,) = connection.execute(select(forks.c.statement)).scalars()
    kept = json.loads(raw)
    assert [kept[one]["signature"] for one in ("held", "shown")] == [
        first.signature.hex(),
        second.signature.hex(),
    ]


def test_a_member_with_a_new_key_has_a_new_ledger_and_no_fork(record: WitnessRecord) -> None:
    record.keep_signed(statement(5, spent=2), KEYS.public)
    anew = KeyPair("node MD, made anew")
    record.keep(statement(1, spent=1, keys=anew), anew.public)  # its empty one was not witnessed
    assert record.forked() == {}
    with pytest.raises(WitnessedForkError):  # from here on it is held to that one
        record.keep(statement(1, head=99, spent=1, keys=anew), anew.public)


def test_with_the_same_key_an_empty_ledger_begins_nothing_anew(record: WitnessRecord) -> None:
    record.keep_signed(statement(5, spent=2), KEYS.public)
    record.keep_signed(statement(0, head=0), KEYS.public)
    with pytest.raises(WitnessedForkError):
        record.keep(statement(1), KEYS.public)


NEXT = KeyPair("node MD, rotated")


def test_a19_a_replaced_key_neither_advances_nor_convicts_what_the_new_one_stated(
    record: WitnessRecord,
) -> None:
    record.keep_signed(statement(10, spent=5, keys=NEXT), NEXT.public, former=(KEYS.public,))
    for word in (statement(10**6, spent=99), statement(10, head=99, spent=5), statement(11)):
        record.keep_signed(word, NEXT.public, former=(KEYS.public,))
    record.keep_signed(statement(11, spent=6, keys=NEXT), NEXT.public, former=(KEYS.public,))
    record.keep(statement(12, spent=7, keys=NEXT), NEXT.public)
    assert record.forked() == {}


def test_a19_what_a_thief_stated_before_the_key_was_replaced_stands_in_nobodys_way_after(
    record: WitnessRecord,
) -> None:
    record.keep_signed(statement(10**6, spent=99), KEYS.public)
    record.keep_signed(statement(11, spent=6, keys=NEXT), NEXT.public, former=(KEYS.public,))
    record.keep(statement(12, spent=7, keys=NEXT), NEXT.public)
    assert record.forked() == {}
    with pytest.raises(WitnessedForkError):  # from here on it is held to that one
        record.keep(statement(11, spent=7, keys=NEXT), NEXT.public)


def test_a_statement_of_neither_key_is_refused_after_a_rotation_too(record: WitnessRecord) -> None:
    with pytest.raises(ForgedStatementError):
        record.keep_signed(statement(1, keys=KeyPair("thief")), NEXT.public, former=(KEYS.public,))
