"""The status: one line, in a file that is always whole, and never in the way."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from corridor.errors.node import SettingsError
from corridor.node.status import AttemptStatus, Status, StatusBoard, parse_status, status_line

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
STATUS = Status(
    country="MD",
    process=7,
    link="connected",
    detail="",
    since=AT,
    charter="in force",
    edition="1-" + "0" * 16,
)
ATTEMPT = AttemptStatus(
    question="0123abcd", purpose="a report", rho="1/100", round="share", since=AT
)


@pytest.mark.parametrize("attempt", [None, ATTEMPT], ids=["idle", "busy"])
def test_reading_a_status_gives_back_what_was_written(
    tmp_path: Path, attempt: AttemptStatus | None
) -> None:
    board = StatusBoard(tmp_path / "status.json", STATUS)
    board.show(attempt=attempt, last="refused (policy.refuses)")
    assert parse_status((tmp_path / "status.json").read_text()) == board.status
    assert board.status.last == "refused (policy.refuses)"


def test_the_line_says_what_the_node_does() -> None:
    assert status_line(STATUS) == (
        "MD connected since 2026-03-01 12:00:00 UTC · charter in force · "
        "edition 1-0000000000000000 · no question under way"
    )


def test_the_line_says_who_is_missing(tmp_path: Path) -> None:
    board = StatusBoard(tmp_path / "status.json", STATUS)
    waiting = AttemptStatus(
        question="0123abcd", purpose="", rho="1/100", round="opened", since=AT,
        waiting_for=("NE", "UA"),
    )  # fmt: skip
    board.show(attempt=waiting, edition=None, last="failed (x)")
    line = status_line(board.status)
    assert "question 0123abcd (ρ = 1/100): round opened, waiting for NE, UA since" in line
    assert "no case data yet" in line
    assert line.endswith("last: failed (x)")


def test_a35_the_coordinators_words_cannot_repaint_the_terminal(tmp_path: Path) -> None:
    board = StatusBoard(tmp_path / "status.json", STATUS)
    board.show(last="failed (\x1b[2Jall is well\n)", detail="\u202egnp")
    assert status_line(board.status).isprintable()


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"attempt": {}, "since": "2026-03-01"}', "{"], ids=str
)
def test_a_status_that_cannot_be_read_is_an_error_of_ours(text: str) -> None:
    with pytest.raises(SettingsError, match=r"status\.json"):
        parse_status(text)


def test_what_changes_nothing_is_not_written_again(tmp_path: Path) -> None:
    """At a start each of many witnesses confirms the ledger, and the line stays the same."""
    board = StatusBoard(tmp_path / "status.json", STATUS)
    board.show(witnesses="confirmed this ledger")
    (tmp_path / "status.json").unlink()
    board.show(witnesses="confirmed this ledger")
    assert not (tmp_path / "status.json").exists()
    board.show(witnesses="hold another history of this ledger: nothing is answered")
    assert (tmp_path / "status.json").exists()


def test_a38_a_status_that_cannot_be_written_does_not_stop_the_node(tmp_path: Path) -> None:
    board = StatusBoard(tmp_path / "status.json", STATUS)
    (tmp_path / "status.json").unlink()
    (tmp_path / "status.json").mkdir()  # nothing can be renamed over a folder
    board.show(last="refused (policy.refuses)")
    assert board.status.last == "refused (policy.refuses)"
