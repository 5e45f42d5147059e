"""Tokens: shown once, kept as a hash, revocable."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from corridor.coordinator.store import Store
from corridor.coordinator.tokens import TokenDesk, TokenHolder
from corridor.errors.region import (
    MalformedRequestError,
    NoSuchTokenError,
    TokenNameTakenError,
    UnknownTokenError,
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[TokenDesk]:
    store = Store(tmp_path / "c.sqlite3")
    numbers = count(1)
    yield TokenDesk(store, lambda: 1000, lambda size: next(numbers).to_bytes(size, "big"))
    store.close()


def test_a_token_names_its_holder(desk: TokenDesk) -> None:
    token = desk.issue("ana", "Ministry of the Interior")
    assert desk.holder(token) == TokenHolder("ana", "Ministry of the Interior")


def test_a42_the_database_never_holds_the_token_itself(desk: TokenDesk, tmp_path: Path) -> None:
    token = desk.issue("ana")
    desk.store.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert token.encode() not in kept
    assert token.removeprefix("corridor_").encode() not in kept


def test_a42_a_revoked_token_opens_nothing(desk: TokenDesk) -> None:
    old = desk.issue("ana")
    desk.revoke("ana")
    with pytest.raises(UnknownTokenError):
        desk.holder(old)
    assert desk.names() == ()


@pytest.mark.parametrize("again", ["ana", "ANA", " ana", "\uff41na"])
@pytest.mark.parametrize("revoked", [False, True])
def test_a42_a_name_once_used_is_never_somebody_elses(
    desk: TokenDesk, again: str, revoked: bool
) -> None:
    desk.issue("ana")
    if revoked:
        desk.revoke("ana")
    with pytest.raises(TokenNameTakenError):
        desk.issue(again)
    assert len(desk.names()) == (0 if revoked else 1)


@pytest.mark.parametrize("token", ["", "corridor_", "corridor_" + "A" * 43])
def test_what_was_never_issued_opens_nothing(desk: TokenDesk, token: str) -> None:
    desk.issue("ana")
    with pytest.raises(UnknownTokenError):
        desk.holder(token)


def test_revoking_an_unknown_name_says_so(desk: TokenDesk) -> None:
    with pytest.raises(NoSuchTokenError):
        desk.revoke("ana")


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 101])
def test_a_name_that_nobody_could_read_is_refused(desk: TokenDesk, name: str) -> None:
    with pytest.raises(MalformedRequestError):
        desk.issue(name)


def test_a29_no_token_is_issued_whose_questions_every_node_would_refuse(desk: TokenDesk) -> None:
    with pytest.raises(MalformedRequestError, match="at most 200"):
        desk.issue("ana", "x" * 201)
    assert desk.names() == ()
