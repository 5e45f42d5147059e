"""The journal: everything asked, decided and let out, signed, exportable, and without data."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from corridor.errors.ledger import BrokenChainError
from corridor.ids import CountryCode, Digest, EditionId
from corridor.node.journal import Journal, verify_export
from support.charters import node_keys
from support.ledgers import CHARTER, MD, TestClock, session_of
from support.signing import verify

KEYS = node_keys(MD)


def open_journal(path: Path) -> Journal:
    return Journal(path, MD, sign=KEYS.sign, key=KEYS.public, verify=verify, clock=TestClock())


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(tmp_path / "journal.sqlite3") as opened:
        opened.charter_accepted(CHARTER, 1)
        opened.imported(EditionId("1-" + "0" * 16))
        opened.let_out(session_of(1))
        opened.refused(session_of(2), "policy.refuses")
        opened.released(session_of(1), "abc", Digest(bytes(32)))
        yield opened


def test_the_journal_tells_what_happened_in_order(journal: Journal) -> None:
    rows = list(journal.rows())
    assert [row.kind for row in rows] == [
        "charter_accepted",
        "imported",
        "let_out",
        "refused",
        "released",
    ]
    assert [row.number for row in rows] == [1, 2, 3, 4, 5]
    assert rows[3].session == session_of(2).hex()
    assert rows[3].details == {"code": "policy.refuses"}


def test_the_journal_is_there_after_a_restart(tmp_path: Path, journal: Journal) -> None:
    journal.close()
    with open_journal(tmp_path / "journal.sqlite3") as again:
        assert len(list(again.rows())) == 5


def test_a37_an_import_is_recorded_without_counts(journal: Journal) -> None:
    imported = next(row for row in journal.rows() if row.kind == "imported")
    assert imported.details == {"edition": "1-" + "0" * 16}


def test_an_export_is_verified_with_the_public_key_alone(journal: Journal) -> None:
    assert verify_export(journal.export(), KEYS.public, verify) == 5


@pytest.mark.parametrize("change", ["edit", "drop", "swap", "renumber"])
def test_a_changed_export_is_found(journal: Journal, change: str) -> None:
    lines = list(journal.export())
    match change:
        case "edit":
            lines[4] = lines[4].replace("policy.refuses", "policy.allowed")
        case "drop":
            del lines[2]
        case "swap":
            lines[2], lines[3] = lines[3], lines[2]
        case _:
            lines[5] = json.dumps(json.loads(lines[5]) | {"number": 7})
    with pytest.raises(BrokenChainError):
        verify_export(lines, KEYS.public, verify)


def test_an_export_of_another_key_is_refused(journal: Journal) -> None:
    with pytest.raises(BrokenChainError, match="another node's key"):
        verify_export(journal.export(), node_keys(CountryCode("NE")).public, verify)


@pytest.mark.parametrize(
    "lines", [[], ["{}"], ["not json"], ['{"signing_key":"00"}', "{}"]], ids=str
)
def test_what_is_no_export_is_refused(lines: list[str]) -> None:
    with pytest.raises(BrokenChainError):
        verify_export(lines, KEYS.public, verify)


def test_threads_write_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    with open_journal(path) as journal:

        def write(first: int) -> None:
            for number in range(first, first + 20):
                journal.let_out(session_of(number))

        threads = [threading.Thread(target=partial(write, 100 * n)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with open_journal(path) as again:
        assert len(list(again.rows())) == 80
