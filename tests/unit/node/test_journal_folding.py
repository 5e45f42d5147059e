"""What is shown of a journal where a question waits for people: it is told once."""

from datetime import UTC, datetime, timedelta

from corridor.node.journal import JournalRow
from corridor.node.journal_folding import folded

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WAITS = "policy.waiting_for_approval"


def attempt(number: int, code: str, question: str = "aa") -> list[JournalRow]:
    """One try at a question: proposed, and how it ended."""
    session, at = f"{number:04}", NOON + timedelta(minutes=number)
    ended = ("refused", {"code": code}) if code else ("accepted", {"edition": "e"})
    return [
        JournalRow(2 * number + 1, at, "proposed", session, {"question": question, "rho": "1"}),
        JournalRow(2 * number + 2, at, ended[0], session, ended[1]),
    ]


def numbers(*attempts: list[JournalRow]) -> list[int]:
    return [row.number for row in folded(row for one in attempts for row in one)]


def test_a_question_that_waits_is_told_once_with_how_often_it_came_again() -> None:
    rows = [row for number in range(40) for row in attempt(number, WAITS)]
    first, second = folded(rows)
    assert (first.number, second.number) == (1, 2)
    assert first.details["came_again"] == 39
    assert first.details["last"] == "2026-03-01T12:39:00+00:00"
    assert second == rows[1]


def test_what_was_decided_is_shown_and_what_waits_afterwards_is_told_anew() -> None:
    found = numbers(attempt(0, WAITS), attempt(1, WAITS), attempt(2, ""), attempt(3, WAITS))
    assert found == [1, 2, 5, 6, 7, 8]


def test_two_questions_that_wait_side_by_side_are_told_each() -> None:
    both = [attempt(number, WAITS, "aa" if number % 2 else "bb") for number in range(6)]
    assert numbers(*both) == [1, 2, 3, 4]


def test_another_refusal_hides_nothing_however_often_it_comes() -> None:
    refused = [attempt(number, "policy.refuses") for number in range(3)]
    assert numbers(*refused) == [1, 2, 3, 4, 5, 6]
