"""The coordinator's installation: one folder, with everything in it.

coordinator.toml      name, addresses, deadlines; written by `init`, edited by people
keys/                 signing.key, ca.key, ca.pem, server.key, server.pem
coordinator.sqlite3   registry, questions, releases
people.sqlite3        accounts at the workbench, their tokens, what was done to them
oidc.toml             who else signs people in, where somebody does (`provider_settings`)
spool/                masked inputs of the attempt that runs; emptied at every start
receipts/             members' receipts, encrypted to the members
base-map.json         the map under pictures, where it is another than Corridor's (docs/pictures.md)
serve.lock            held while `serve` runs

name = "Danube region"
listen = "127.0.0.1:7443"          # nodes dial this; always mTLS
web = "127.0.0.1:7080"             # REST; TLS unless plain_http, which only loopback may be
hosts = ["coordinator.example"]    # further names in the server certificate
plain_http = false

[deadlines]                        # seconds per round
propose = 30
masked_input = 180
"""

import ipaddress
import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from corridor.errors.region import (
    AlreadyServingError,
    HomeInUseError,
    NoHomeError,
    SettingsError,
)
from corridor.files import holding_lock, is_locked, make_private_folder, write_atomically

LONGEST_ATTEMPT_SECONDS = 3600
"""Nodes hold no reservation for longer."""


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one coordinator, and the names of what lies in it."""

    folder: Path

    @property
    def settings(self) -> Path:
        """Name, addresses, deadlines."""
        return self.folder / "coordinator.toml"

    @property
    def keys(self) -> Path:
        """Private keys and certificates."""
        return self.folder / "keys"

    @property
    def store(self) -> Path:
        """The one database."""
        return self.folder / "coordinator.sqlite3"

    @property
    def people(self) -> Path:
        """Accounts and sessions."""
        return self.folder / "people.sqlite3"

    @property
    def spool(self) -> Path:
        """Masked inputs of the attempt that runs."""
        return self.folder / "spool"

    @property
    def receipts(self) -> Path:
        """Members' receipts."""
        return self.folder / "receipts"

    @property
    def base_map(self) -> Path:
        """The operator's own map under pictures; there need be none."""
        return self.folder / "base-map.json"

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Hold the lock that only one `serve` at a time can hold; the system drops it at a kill.

        Raises:
            AlreadyServingError: another process holds it.
            DiskError: its file cannot be opened.
        """
        with holding_lock(self.folder / "serve.lock") as held:
            if not held:
                raise AlreadyServingError(str(self.folder))
            yield

    def is_served(self) -> bool:
        """Whether a `serve` runs on this folder now."""
        return is_locked(self.folder / "serve.lock")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How long each round stays open, in seconds; it closes early when everybody answered.

    Attributes:
        slack: what `finish_by` allows beyond the sum of the rounds.
    """

    propose: float = 30
    share: float = 30
    opened: float = 30
    masked_input: float = 180
    consistency: float = 30
    unmask: float = 30
    slack: float = 30

    def __post_init__(self) -> None:
        """Refuse a deadline that no node could meet, or that holds reservations for days."""
        for name in (item.name for item in fields(self)):
            if not 0.05 <= getattr(self, name) <= 3600:
                raise SettingsError(
                    f'coordinator.toml: "deadlines.{name}" must be between 0.05 and 3600 seconds'
                )

        if self.total > LONGEST_ATTEMPT_SECONDS:
            raise SettingsError(
                f'coordinator.toml: "deadlines" add up to {self.total:g} seconds; nodes refuse an '
                f"attempt that may last longer than {LONGEST_ATTEMPT_SECONDS}"
            )

    @property
    def total(self) -> float:
        """All rounds and the slack together."""
        return float(sum(getattr(self, item.name) for item in fields(self)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What coordinator.toml says.

    Attributes:
        listen, web: `host:port` of the stream and of the REST API; port 0 lets the system choose.
        hosts: further host names and addresses that the server certificate is valid for.
        queue_limit: how many questions may wait.
    """

    name: str
    listen: str = "127.0.0.1:7443"
    web: str = "127.0.0.1:7080"
    hosts: tuple[str, ...] = ()
    plain_http: bool = False
    queue_limit: int = 100
    deadlines: Deadlines = field(default_factory=Deadlines)

    def __post_init__(self) -> None:
        """Refuse addresses that are none, and plain http where others could listen."""
        if not 1 <= len(self.name) <= 200 or not self.name.isprintable():
            raise SettingsError('coordinator.toml: "name" must be a printable text')
        for key in ("listen", "web"):
            split_address(getattr(self, key), key)
        if self.plain_http and not is_loopback(split_address(self.web, "web")[0]):
            raise SettingsError(
                f'coordinator.toml: "plain_http" with "web" at {self.web}: plain http is served '
                "on a loopback address only; nothing was started. Remove plain_http."
            )

    def encode(self) -> bytes:
        """The text of coordinator.toml."""
        lines = [
            f"name = {json.dumps(self.name, ensure_ascii=False)}",
            f"listen = {json.dumps(self.listen)}",
            f"web = {json.dumps(self.web)}",
            f"hosts = {json.dumps(list(self.hosts))}",
            f"plain_http = {json.dumps(self.plain_http)}",
            f"queue_limit = {self.queue_limit}",
            "",
            "[deadlines]  # seconds",
            *(f"{name} = {getattr(self.deadlines, name):g}" for name in _ROUNDS),
        ]
        return ("\n".join(lines) + "\n").encode()


_ROUNDS = tuple(item.name for item in fields(Deadlines))


def create_home(home: Home, settings: Settings) -> None:
    """Make the folder and its settings.

    Raises:
        HomeInUseError: there is a coordinator in it already; nothing was changed.
    """
    if home.settings.exists():
        raise HomeInUseError(str(home.folder))
    for folder in (home.folder, home.keys, home.spool, home.receipts):
        make_private_folder(folder)
    write_atomically(home.settings, settings.encode())


def read_settings(home: Home) -> Settings:
    """What coordinator.toml says.

    Raises:
        NoHomeError: no coordinator was made here.
        SettingsError: a key is unknown or its value cannot be used; names it.
    """
    if not home.settings.exists():
        raise NoHomeError(str(home.folder))
    try:
        values = tomllib.loads(home.settings.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"coordinator.toml: {error}") from error
    deadlines = values.pop("deadlines", {})
    if not isinstance(deadlines, dict):
        raise SettingsError('coordinator.toml: "deadlines" must be a table')
    hosts = values.pop("hosts", [])
    if not isinstance(hosts, list) or not all(isinstance(host, str) for host in hosts):
        raise SettingsError('coordinator.toml: "hosts" must be a list of texts')
    _demand_types(values, {"name": str, "listen": str, "web": str, "plain_http": bool})
    _demand_types(deadlines, {}, "deadlines.")
    if "name" not in values:
        raise SettingsError('coordinator.toml: "name" is missing')
    return Settings(**values, hosts=tuple(hosts), deadlines=Deadlines(**deadlines))


def split_address(address: str, key: str) -> tuple[str, int]:
    """Host and port of `host:port` or `[v6]:port`.

    Raises:
        SettingsError: it is neither; `key` says which setting.
    """
    host, separator, port = address.rpartition(":")
    if not separator or not host or not port.isdecimal() or int(port) > 65_535:
        raise SettingsError(
            f'coordinator.toml: "{key}" is {address!r}; it must be HOST:PORT, as in 127.0.0.1:7443'
        )
    return host.removeprefix("[").removesuffix("]"), int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def empty_folder(folder: Path) -> None:
    """Delete the files in `folder`: what an attempt left that was killed."""
    for path in folder.iterdir():
        os.unlink(path)  # noqa: PTH108


def _demand_types(values: Mapping[str, Any], types: Mapping[str, type], place: str = "") -> None:
    numbers = ["queue_limit"] if types else list(_ROUNDS)
    for key, value in values.items():
        if key in types:
            right = type(value) is types[key]
        elif key in numbers:
            right = type(value) in ((int,) if types else (int, float))
        else:
            known = ", ".join([*types, *numbers])
            raise SettingsError(f'coordinator.toml: unknown key "{place}{key}"; known: {known}')
        if not right:
            raise SettingsError(f'coordinator.toml: "{place}{key}" has a value of another type')
