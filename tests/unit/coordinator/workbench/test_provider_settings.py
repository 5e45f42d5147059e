"""oidc.toml: what can be used, and what is refused before anything is served."""

from pathlib import Path

import pytest

from corridor.coordinator.provider_settings import ProviderSettings, read_provider
from corridor.errors.provider import ProviderSettingsError
from corridor.people import Role

GOOD = """
issuer = "https://login.example/realm/"
client_id = "corridor"

[roles]
"analysts" = ["analyst"]
"both" = ["analyst", "administrator"]
"""


def read(folder: Path, text: str, **environment: str) -> ProviderSettings:
    (folder / "oidc.toml").write_text(text)
    found = read_provider(folder, environment)
    assert found is not None
    return found


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(ProviderSettingsError) as refused:
        read(folder, text)
    return str(refused.value)


def test_without_the_file_there_is_no_provider(tmp_path: Path) -> None:
    assert read_provider(tmp_path, {}) is None


def test_groups_become_roles_and_those_of_others_nothing(tmp_path: Path) -> None:
    says = read(tmp_path, GOOD)
    assert says.issuer == "https://login.example/realm"
    assert says.roles_of(["both", "cooks"]) == frozenset({Role.ANALYST, Role.ADMINISTRATOR})
    assert says.roles_of(["cooks"]) == frozenset()


def test_tokens_rest_after_as_many_days_as_the_file_says(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD).token_rest_days == 30
    assert read(tmp_path, "token_rest_days = 7\n" + GOOD).token_rest_days == 7


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    secret.chmod(0o640)
    text = 'secret_file = "secret"\n' + GOOD
    assert "chmod 600 secret" in refusal(tmp_path, text)
    secret.chmod(0o600)
    assert read(tmp_path, text).secret == "a secret"


def test_a_secret_in_the_environment_comes_first(tmp_path: Path) -> None:
    text = 'secret_file = "not there"\n' + GOOD
    assert read(tmp_path, text, CORRIDOR_OIDC_SECRET="another").secret == "another"
    assert "not there" in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (GOOD.replace("https:", "http:"), "https"),
        ("token_rest_days = 0\n" + GOOD, "token_rest_days"),
        ("token_rest_days = 366\n" + GOOD, "token_rest_days"),
        ('token_rest_days = "30"\n' + GOOD, "token_rest_days"),
        ("token_rest_days = true\n" + GOOD, "token_rest_days"),
        (GOOD.replace("login.example", "ana:pw@login.example"), "issuer"),
        (GOOD.replace("realm/", "realm?x=1"), "issuer"),
        (GOOD.replace('client_id = "corridor"', ""), "client_id"),
        (GOOD.replace('["analyst"]', '["officer"]'), "roles.analysts"),
        (GOOD.replace('["analyst"]', '"analyst"'), "roles.analysts"),
        (GOOD.partition("[roles]")[0], "roles"),
        ("isuer = 1\n" + GOOD, "isuer"),
        ("title = 1\n" + GOOD, "title"),
        ('organisation = "' + "x" * 201 + '"\n' + GOOD, "organisation"),
        ("issuer = [", "oidc.toml"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_key(tmp_path: Path, wrong: str, said: str) -> None:
    message = refusal(tmp_path, wrong)
    assert said in message
    assert "Nothing was started" in message


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("https://login.example/token", True),
        ("https://LOGIN.example:8443/token", True),
        ("https://keys.example/keys", True),
        ("http://login.example/token", False),
        ("https://login.example.evil.example/", False),
        ("https://login.example@evil.example/", False),
        ("http://127.0.0.1/", False),
        ("https://[::1/", False),
        ("ftp://login.example/", False),
        ("", False),
    ],
)
def test_only_the_hosts_of_the_provider_may_be_asked(
    tmp_path: Path, address: str, allowed: bool
) -> None:
    says = read(tmp_path, 'hosts = ["keys.example"]\n' + GOOD)
    assert says.allows(address) is allowed
