"""What the node takes from outside itself, and the parts that are made of a home's files."""

import os
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction
from getpass import getpass
from importlib.resources import files
from pathlib import Path

import grpc

from corridor.errors import CorridorError
from corridor.errors.node import DamagedKeyError
from corridor.ids import EditionId
from corridor.node.charter_desk import CharterDesk, Own
from corridor.node.home import (
    Home,
    read_enrolment,
    read_settings,
)
from corridor.node.journal import Journal
from corridor.node.keys import (
    NodeKeys,
    read_authority,
    read_identity,
    read_keys,
    read_next_keys,
)
from corridor.node.ledger import Allowance, Ledger
from corridor.node.policy import Policy, parse_policy
from corridor.node.policy_in_force import read_policy_text
from corridor.node.series_book import SeriesBook
from corridor.node.store import EditionStore
from corridor.node.store.locks import KEY_FILE, PASSPHRASE_FILE, Sources
from corridor.node.store.vault import unlock_with
from corridor.node.views import (
    CardView,
)
from corridor.protocols.cards import (
    Card,
    fingerprint,
    fingerprint_text,
)
from corridor.protocols.charter import (
    Charter,
)
from corridor.transport.certificates import (
    decode_certificate,
)
from corridor.transport.channels import dial
from corridor.transport.fingerprints import spoken_fingerprint
from corridor.transport.suites import ed25519_verify

Clock = Callable[[], datetime]

RandomBytes = Callable[[int], bytes]

Tell = Callable[[str], None]


SERVE_LOCK = "serve.lock"
CONSOLE_LOCK = "console.lock"

BACKUP_PASSPHRASE_FILE, BACKUP_KEY_FILE = (
    "CORRIDOR_BACKUP_PASSPHRASE_FILE",
    "CORRIDOR_BACKUP_KEY_FILE",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything the node takes from outside itself."""

    home: Path
    clock: Clock
    random_bytes: RandomBytes


def real_world(home: Path) -> World:
    """The operating system's clock and randomness; tests build a World of their own.

    What opens the home's private keys, if they are sealed, comes from where `environment` says.
    """
    unlock_with(home, environment(), secrets.token_bytes)
    return World(home=home, clock=lambda: datetime.now(UTC), random_bytes=secrets.token_bytes)


def environment() -> Sources:
    """Where this process finds what opens sealed keys: its environment, or its terminal."""
    return Sources(
        passphrase_file=_named(PASSPHRASE_FILE),
        key_file=_named(KEY_FILE),
        credentials=_named("CREDENTIALS_DIRECTORY"),
        ask=getpass if sys.stdin.isatty() and sys.stderr.isatty() else None,
    )


def backup_sources() -> Sources:
    """Where this process finds what opens a backup: never what opens the node's own keys.

    What is sealed with the node's passphrase without anybody's saying so does not open with the one
    that its operator wrote down for it.
    """
    return replace(
        environment(),
        passphrase_file=_named(BACKUP_PASSPHRASE_FILE),
        key_file=_named(BACKUP_KEY_FILE),
        passphrase_variable=BACKUP_PASSPHRASE_FILE,
        key_variable=BACKUP_KEY_FILE,
    )


def _named(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value) if value else None


def charter_desk(home: Home) -> CharterDesk:
    """What decides on this home's charters."""
    settings = read_settings(home)
    key = read_enrolment(home).coordinator_key if home.enrolment.exists() else None
    keys = read_keys(home)
    try:
        following = read_next_keys(home)
    except DamagedKeyError:  # no charter that lists them is signed then; those of now go on
        following = None
    return CharterDesk(
        home,
        keys.card(settings),
        key,
        ed25519_verify,
        successions=keys.successions,
        following=None
        if following is None or following.signing == keys.signing
        else Own(following.card(settings), following.successions),
    )


def ledger_of(world: World, rules: Policy | None, charter: Charter | None) -> Ledger:
    """The ledger, under the limits of the policy and of this charter; with no policy, to be read.

    What is left of an allowance is nothing then, whatever was spent.
    """
    home = Home(world.home)
    keys = read_keys(home)
    return Ledger(
        home.ledger,
        read_settings(home).country,
        sign=keys.sign,
        key=keys.signing_public,
        verify=ed25519_verify,
        clock=world.clock,
        random_bytes=world.random_bytes,
        allowance=NO_ALLOWANCE if rules is None else allowance_of(rules),
        failed_attempts_per_day=charter.failed_attempts_per_day if charter else 0,
        former=keys.former,
    )


NO_ALLOWANCE = Allowance(Fraction(0), Fraction(0), Fraction(0))


def allowance_of(rules: Policy) -> Allowance:
    """What the policy lets be spent."""
    return Allowance(rules.per_year, rules.all_time, rules.lost_per_day, rules.shares)


def journal_of(world: World, home: Home, keys: NodeKeys) -> Journal:
    """The journal."""
    return Journal(
        home.journal,
        read_settings(home).country,
        sign=keys.sign,
        key=keys.signing_public,
        verify=ed25519_verify,
        clock=world.clock,
        former=keys.former,
    )


def hold_to_journal(ledger: Ledger, journal: Journal) -> None:
    """What the journal says was let out must stand in the ledger."""
    ledger.hold_to(journal.sessions_let_out())


def current_edition(world: World) -> EditionId | None:
    """The edition that questions are answered from; None where there is none.

    Also where the store does not say it any more: the look at the case data tells why.
    """
    if Home(world.home).is_retired:
        return None
    try:
        current = EditionStore(world.home, world.random_bytes, world.clock).current()
    except CorridorError:
        return None
    return None if current is None else current.id


def dial_coordinator(home: Home) -> grpc.aio.Channel:
    """A channel to the coordinator; its certificate authority is pinned."""
    enrolment = read_enrolment(home)
    return dial(
        enrolment.grpc,
        identity=read_identity(home),
        authority=decode_certificate(read_authority(home)),
        pinned=enrolment.authority,
    )


def read_data(name: str) -> str:
    """A data file of the question language."""
    return (files("corridor.queries") / "data" / name).read_text("utf-8")


def own_card_view(home: Home) -> CardView:
    """This node's card, and the one that follows while its keys are being rotated."""
    settings, keys, following = read_settings(home), read_keys(home), read_next_keys(home)
    found = card_view(keys.card(settings))
    if following is None or following.signing == keys.signing:
        return found
    return replace(found, following=card_view(following.card(settings)))


def card_view(found: Card) -> CardView:
    """A card for people: its fingerprint, also in words to read out."""
    mark = fingerprint(found)
    return CardView(
        found.country,
        found.name,
        fingerprint_text(mark),
        spoken_fingerprint(mark),
        found.encode().decode(),
    )


def read_policy(home: Home) -> Policy:
    """The policy file.

    Raises:
        SettingsError: it is missing.
        PolicyError: it cannot be read; names the line.
    """
    return parse_policy(read_policy_text(home.policy))


def series_book(world: World, home: Home) -> SeriesBook:
    """Whom standing series counted here so far."""
    store = EditionStore(world.home, world.random_bytes, world.clock)
    return SeriesBook(home.series, store.series_key, world.random_bytes)


def shortened(value: object) -> str:
    """A hash by its beginning; codes and words are read whole, parts one by one."""
    if isinstance(value, Mapping):
        return "(" + ", ".join(f"{name} {shortened(one)}" for name, one in value.items()) + ")"
    if isinstance(value, list | tuple):
        return " ".join(map(shortened, value))
    text = str(value)
    return text[:12] + "…" if len(text) > 24 and set(text) <= set("0123456789abcdef") else text
