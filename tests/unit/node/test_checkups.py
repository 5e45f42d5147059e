"""What is remembered of check-ups, run beside the pages that show them."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from corridor.errors.node import NoHomeError
from corridor.node.checkup_desk import CheckupDesk
from corridor.node.checkups import CheckBook, Looked
from corridor.node.views import Finding

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def looked(what: str, *, ok: bool = True, at: datetime = AT) -> Looked:
    return Looked(Finding(ok, what, f"{what} is looked at"), at, 0.25)


def test_what_was_found_is_there_for_the_next_process(tmp_path: Path) -> None:
    path = tmp_path / "checks.json"
    CheckBook(path).keep(looked("ledger"))
    CheckBook(path).keep(looked("journal", ok=False))
    CheckBook(path).keep(looked("ledger", at=AT.replace(day=2)))
    assert CheckBook(path).read() == {
        "ledger": looked("ledger", at=AT.replace(day=2)),
        "journal": looked("journal", ok=False),
    }
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"ledger": 1}', '{"ledger": {"at": "2026-03-01T12:00:00"}}']
)
def test_a_file_that_cannot_be_read_is_as_if_nothing_was_looked_at(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "checks.json"
    path.write_text(text)
    assert CheckBook(path).read() == {}
    CheckBook(path).keep(looked("ledger"))
    assert CheckBook(path).read() == {"ledger": looked("ledger")}


def test_a_check_up_says_how_far_it_is_and_runs_once(tmp_path: Path) -> None:
    book, goes_on, began = CheckBook(tmp_path / "checks.json"), threading.Event(), []

    def run() -> Iterator[Looked]:
        began.append(True)
        book.keep(looked("keys"))
        yield looked("keys")
        assert goes_on.wait(20)
        book.keep(looked("ledger"))
        yield looked("ledger")

    desk = CheckupDesk(("keys", "ledger"), run, book.read, besides=("every table",))
    assert not desk.state().is_running
    desk.begin()
    while desk.state().done < 1:
        pass
    desk.begin()
    state = desk.state()
    assert (state.now, state.done, state.of) == ("ledger", 1, 2)
    assert state.looks == (("keys", looked("keys")), ("ledger", None))
    goes_on.set()
    desk.wait()
    state = desk.state()
    assert not state.is_running
    assert state.looks == (("keys", looked("keys")), ("ledger", looked("ledger")))
    assert began == [True]
    book.keep(looked("every table"))
    assert desk.state().looks[-1] == ("every table", looked("every table"))


def test_a_check_up_that_cannot_be_run_says_why_and_can_be_begun_again() -> None:
    failures = iter([True, False])

    def run() -> Iterator[Looked]:
        if next(failures):
            raise NoHomeError("/srv/MD")
        yield looked("keys")

    desk = CheckupDesk(("keys",), run, dict)
    desk.begin()
    desk.wait()
    refusal = desk.state().refusal
    assert refusal is not None
    assert refusal.code == "node.no_home"
    desk.begin()
    desk.wait()
    assert desk.state().refusal is None
