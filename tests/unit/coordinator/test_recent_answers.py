"""What the same requests are told again, without looking."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, insert

from corridor.coordinator.recent_answers import RecentAnswers
from corridor.coordinator.store import Store, tokens

TOKEN = {"token_hash": b"x", "name": "ana", "organisation": "", "issued": 1}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "coordinator.sqlite3")
    yield store
    store.close()


def test_whatever_anybody_writes_the_state_is_another_one(store: Store, tmp_path: Path) -> None:
    first = store.state()
    assert store.state() == first
    store.look_up("SELECT name FROM tokens")
    assert store.state() == first

    with store.writing() as connection:
        connection.execute(insert(tokens).values(**TOKEN))
    second = store.state()
    assert second != first

    # As a command does beside `serve`, over the same file.
    other = Store(tmp_path / "coordinator.sqlite3")
    with other.writing() as connection:
        connection.execute(delete(tokens))
    other.close()
    assert store.state() != second


def test_what_was_told_is_found_in_the_same_state_alone() -> None:
    recent = RecentAnswers()
    recent.keep(1, "request", {"id": "a"})
    assert recent.find(1, "request") == {"id": "a"}
    assert recent.find(1, "another") is None
    assert recent.find(2, "request") is None

    recent.keep(2, "another", {"id": "b"})
    assert recent.find(2, "request") is None
    assert recent.find(2, "another") == {"id": "b"}


def test_an_answer_that_was_looked_up_before_somebody_wrote_is_not_found_after_it() -> None:
    recent = RecentAnswers()
    recent.keep(2, "newer", {"id": "b"})
    recent.keep(1, "older", {"id": "a"})
    assert recent.find(2, "older") is None


def test_no_more_than_so_many_are_kept() -> None:
    recent = RecentAnswers(most=2)
    for one in ("a", "b", "c"):
        recent.keep(1, one, {"id": one})
    assert recent.find(1, "a") is None
    assert recent.find(1, "c") == {"id": "c"}
