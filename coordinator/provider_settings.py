"""Which identity provider signs people in, and what its groups mean here: `oidc.toml` in the home.

issuer = "https://login.example"        # what it is asked for lies under this address
client_id = "corridor"
secret_file = "keys/oidc.secret"        # mode 0600; or CORRIDOR_OIDC_SECRET in the environment
title = "IOM"                           # “Sign in with IOM”
hosts = []                              # further hosts of its endpoints, where it has several
ca_file = ""                            # of an authority of its own
name_claim = "preferred_username"
roles_claim = "groups"
organisation = ""                       # of everybody who comes from there
organisation_claim = ""                 # or the claim that says it
second_factor_amr = []                  # it asked for a second factor where `amr` has one of these
second_factor_acr = []                  # … or `acr` is one of these; else this site asks for one
token_rest_days = 30                    # tokens rest so long after their owner signed in last

[roles]                                 # a group there, and the roles that it has here
"corridor-analysts" = ["analyst"]
"corridor-admins" = ["administrator"]

The provider is asked for nothing but what lies on its own host and on `hosts`, over https, but on
this machine itself.
"""

import stat
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from corridor.coordinator.account_tokens import LONGEST_DAYS, REST_DAYS
from corridor.coordinator.home import is_loopback
from corridor.errors.people import BadOrganisationError, BadRolesError
from corridor.errors.provider import ProviderSettingsError
from corridor.people import REGION, Role

FILE = "oidc.toml"
SECRET_VARIABLE = "CORRIDOR_OIDC_SECRET"  # noqa: S105  # a name
OTHERS_MAY_READ = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """What oidc.toml says."""

    issuer: str
    client_id: str
    secret: str | None
    roles: Mapping[str, frozenset[Role]]
    title: str = "OpenID Connect"
    hosts: frozenset[str] = frozenset()
    ca_file: str = ""
    name_claim: str = "preferred_username"
    roles_claim: str = "groups"
    organisation: str = ""
    organisation_claim: str = ""
    second_factor_amr: frozenset[str] = frozenset()
    second_factor_acr: frozenset[str] = frozenset()
    token_rest_days: int = REST_DAYS
    own_hosts: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Refuse an issuer that is no address of a provider."""
        parts = urlsplit(self.issuer)
        if parts.query or parts.fragment or not self.allows(self.issuer, whoever=True):
            raise ProviderSettingsError(
                f'"issuer" is {self.issuer!r}; it must be an https address without "?" or "#"'
            )
        if not self.client_id:
            raise ProviderSettingsError('"client_id" is missing')
        if not self.roles:
            raise ProviderSettingsError('"roles" is missing: nobody could come in')
        own = frozenset({(parts.hostname or "").lower(), *(one.lower() for one in self.hosts)})
        object.__setattr__(self, "own_hosts", own)

    def allows(self, address: str, *, whoever: bool = False) -> bool:
        """Whether an address may be asked: https, or this machine; one of the provider's hosts."""
        try:
            parts = urlsplit(address)
            host = (parts.hostname or "").lower()
        except ValueError:
            return False
        if not host or parts.username is not None or parts.password is not None:
            return False
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
            return False
        return whoever or host in self.own_hosts

    def roles_of(self, groups: Sequence[str]) -> frozenset[Role]:
        """What groups mean here; perhaps nothing."""
        found = (self.roles.get(one, frozenset()) for one in groups)
        return frozenset[Role]().union(*found)


_TEXTS = (
    "issuer",
    "client_id",
    "secret_file",
    "title",
    "ca_file",
    "name_claim",
    "roles_claim",
    "organisation",
    "organisation_claim",
)
_LISTS = ("hosts", "second_factor_amr", "second_factor_acr")
_DAYS = "token_rest_days"


def read_provider(folder: Path, environment: Mapping[str, str]) -> ProviderSettings | None:
    """What oidc.toml in this home says; None where there is none.

    Raises:
        ProviderSettingsError: it cannot be used; says why. Nothing was started.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ProviderSettingsError(str(error)) from error
    for key in values:
        if key not in {*_TEXTS, *_LISTS, _DAYS, "roles"}:
            raise ProviderSettingsError(f'unknown key "{key}"')
    texts: dict[str, Any] = {key: _text(values, key) for key in _TEXTS if key in values}
    lists: dict[str, Any] = {key: frozenset(_list(values, key)) for key in _LISTS if key in values}
    secret = _secret(folder, texts.pop("secret_file", ""), environment)
    if ca_file := texts.pop("ca_file", ""):
        texts["ca_file"] = str(folder / ca_file)
    try:
        texts["organisation"] = REGION.parse_organisation(texts.get("organisation", ""))
    except BadOrganisationError as error:
        raise ProviderSettingsError(f'"organisation": {error}') from error
    return ProviderSettings(
        issuer=texts.pop("issuer", "").rstrip("/"),
        client_id=texts.pop("client_id", ""),
        secret=secret,
        roles=_roles(values.get("roles", {})),
        token_rest_days=_days(values),
        **texts,
        **lists,
    )


def _text(values: Mapping[str, Any], key: str) -> str:
    if not isinstance(values[key], str):
        raise ProviderSettingsError(f'"{key}" must be a text')
    return str(values[key])


def _list(values: Mapping[str, Any], key: str, place: str = "") -> list[str]:
    found = values[key]
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise ProviderSettingsError(f'"{place}{key}" must be a list of texts')
    return found


def _days(values: Mapping[str, Any]) -> int:
    found = values.get(_DAYS, REST_DAYS)
    if type(found) is not int or not 1 <= found <= LONGEST_DAYS:
        raise ProviderSettingsError(f'"{_DAYS}" must be a number of days, 1 to {LONGEST_DAYS}')
    return found


def _roles(table: Any) -> Mapping[str, frozenset[Role]]:
    if not isinstance(table, dict):
        raise ProviderSettingsError('"roles" must be a table: a group, and a list of roles')
    found = {}
    for group in table:
        try:
            found[group] = REGION.parse(_list(table, group, "roles."))
        except BadRolesError as error:
            raise ProviderSettingsError(f'"roles.{group}": {error}') from error
    return found


def _secret(folder: Path, name: str, environment: Mapping[str, str]) -> str | None:
    """The client's secret; None for a client that has none, which PKCE alone protects."""
    given = environment.get(SECRET_VARIABLE, "")
    if given or not name:
        return given or None
    path = folder / name
    try:
        if path.stat().st_mode & OTHERS_MAY_READ:
            raise ProviderSettingsError(
                f'"secret_file": others may read {name}; make it your own: chmod 600 {name}'
            )
        found = path.read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ProviderSettingsError(f'"secret_file": {name}: {reason}') from error
    if not found:
        raise ProviderSettingsError(f'"secret_file": {name} is empty')
    return found
