from pathlib import Path

import pytest

from corridor.client.app import connect, credentials_path, load_credentials, save_credentials
from corridor.client.connection import Credentials
from corridor.errors.client import (
    BadAddressError,
    DamagedCredentialsError,
    NotLoggedInError,
)
from corridor.errors.wire import CannotConnectError

PRINT = "3f" * 32


@pytest.fixture(autouse=True)
def own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "private" / "credentials.json"
    monkeypatch.setenv("CORRIDOR_CREDENTIALS", str(path))
    return path


def test_what_is_remembered_is_read_again(own_file: Path) -> None:
    credentials = Credentials("https://coordinator.example:7080", "a token", PRINT)
    assert save_credentials(credentials) == own_file
    assert load_credentials() == credentials


def test_a37_only_the_user_can_read_the_token(own_file: Path) -> None:
    save_credentials(Credentials("http://127.0.0.1:7080", "a token"))
    assert own_file.stat().st_mode & 0o777 == 0o600
    assert own_file.parent.stat().st_mode & 0o777 == 0o700


def test_without_a_login_there_are_no_credentials() -> None:
    with pytest.raises(NotLoggedInError):
        load_credentials()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"url": 1, "token": "t", "ca_fingerprint": ""}', "\udcff"],
    ids=ascii,
)
def test_a_damaged_file_is_refused_and_left_as_it_is(own_file: Path, text: str) -> None:
    own_file.parent.mkdir()
    raw = text.encode("utf-8", "surrogateescape")
    own_file.write_bytes(raw)
    with pytest.raises(DamagedCredentialsError):
        load_credentials()
    assert own_file.read_bytes() == raw


def test_the_usual_place_is_in_the_users_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CORRIDOR_CREDENTIALS")
    monkeypatch.setenv("HOME", "/home/ana")
    assert credentials_path() == Path("/home/ana/.config/corridor/credentials.json")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:7080", "http://[::1]:7080", "http://localhost:7080"]
)
def test_plain_http_is_allowed_on_this_machine(url: str) -> None:
    assert Credentials(url, "t").url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://coordinator.example:7080",
        "http://10.0.0.1",
        "http://127.0.0.1.evil.example",
        "http://localhost@evil.example",
        "ftp://127.0.0.1",
        "coordinator.example:7080",
        "https://",
        "http://127.0.0.1:99999",
        "http://[::1",
    ],
)
def test_a45_an_address_over_which_the_token_would_leak_is_refused(url: str) -> None:
    with pytest.raises(BadAddressError):
        Credentials(url, "t", PRINT)


def test_https_needs_a_pinned_authority() -> None:
    with pytest.raises(BadAddressError, match="fingerprint"):
        Credentials("https://coordinator.example", "t")


def test_a37_a_token_is_not_in_what_is_logged() -> None:
    assert "secret" not in repr(Credentials("http://127.0.0.1", "secret"))


def test_nobody_at_the_address_is_a_coded_error() -> None:
    with pytest.raises(CannotConnectError):
        connect(Credentials("https://127.0.0.1:1", "t", PRINT))
