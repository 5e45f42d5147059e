from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.errors.wire import InvitationOverError, MalformedInvitationError
from corridor.ids import CountryCode
from corridor.transport.invitations import Invitation, parse_invitation

INVITATION = Invitation(
    country=CountryCode("MD"),
    code="q2Yk7tQ0sVx3bN8w",
    authority="ab" * 32,
    coordinator_key="cd" * 32,
    web="https://coordinator.example:7080",
    grpc="coordinator.example:7443",
    expires=1_800_000_000,
)


def test_an_invitation_survives_its_file() -> None:
    assert parse_invitation(INVITATION.encode()) == INVITATION


def test_a_line_break_at_the_end_of_the_file_is_forgiven() -> None:
    assert parse_invitation(INVITATION.encode() + b"\n") == INVITATION


def test_the_code_does_not_show_in_a_representation() -> None:
    assert INVITATION.code not in repr(INVITATION)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "short"),
        ("code", "with spaces, which nobody types"),
        ("authority", "ab" * 31),
        ("authority", "AB" * 32),
        ("web", "http://coordinator.example:7080"),
        ("web", "https://coordinator.example"),
        ("web", "https://user@coordinator.example:7080"),
        ("grpc", "coordinator.example"),
        ("grpc", "unix:/run/socket"),
        ("expires", 0),
    ],
    ids=[
        "short-code",
        "code-with-spaces",
        "short-fingerprint",
        "upper-case-fingerprint",
        "plain-http",
        "no-port",
        "user-in-url",
        "no-grpc-port",
        "unix-socket",
        "never",
    ],
)
def test_a_field_that_is_not_what_it_must_be_is_named(field: str, value: object) -> None:
    with pytest.raises(MalformedInvitationError, match=f'"{field}"'):
        replace(INVITATION, **{field: value})  # type: ignore[arg-type]


def test_an_unknown_field_is_refused() -> None:
    raw = INVITATION.encode().replace(b'"code"', b'"codex":"x","code"')
    with pytest.raises(MalformedInvitationError):
        parse_invitation(raw)


def test_another_format_is_refused() -> None:
    raw = INVITATION.encode().replace(b"corridor-invitation-1", b"corridor-invitation-2")
    with pytest.raises(MalformedInvitationError, match="update Corridor"):
        parse_invitation(raw)


@given(st.binary(max_size=200))
def test_a29_bytes_that_are_no_invitation_are_refused(raw: bytes) -> None:
    with pytest.raises(MalformedInvitationError, match="othing was"):
        parse_invitation(raw)


def test_an_invitation_ends() -> None:
    INVITATION.verify_open(datetime.fromtimestamp(INVITATION.expires - 1, UTC))
    with pytest.raises(InvitationOverError, match="expired on 2027-01-15"):
        INVITATION.verify_open(datetime.fromtimestamp(INVITATION.expires, UTC))
