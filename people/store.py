"""people.sqlite3: accounts, sessions and wrong tries. For the owner of the home alone.

Neither a password, a session's name nor a one-time code stands in it, only what they hash to. The
secret that an authenticator shares must be there to compute with: it is sealed (`sealed_factors`).
Several processes use one file (the pages and the command `people`); each change is one
transaction.
"""

import json
import sqlite3
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from corridor.durable_file import open_durable, written_whole
from corridor.errors.people import PeopleDamagedError, PeopleUnavailableError
from corridor.people.roles import Role

_SCHEMA = """
CREATE TABLE IF NOT EXISTS people (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    roles TEXT NOT NULL,
    password TEXT,
    invited BLOB,
    invited_until INTEGER NOT NULL DEFAULT 0,
    secret TEXT,
    new_secret TEXT,
    used_step INTEGER NOT NULL DEFAULT 0,
    locked INTEGER NOT NULL DEFAULT 0,
    made_at INTEGER NOT NULL,
    signed_in_at INTEGER,
    organisation TEXT NOT NULL DEFAULT '',
    issuer TEXT,
    subject TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS recovery_codes (
    person INTEGER NOT NULL REFERENCES people (id),
    hash BLOB NOT NULL,
    PRIMARY KEY (person, hash)
) STRICT;
CREATE TABLE IF NOT EXISTS sessions (
    hash BLOB PRIMARY KEY,
    person INTEGER NOT NULL REFERENCES people (id),
    stage TEXT NOT NULL,
    began INTEGER NOT NULL,
    seen INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS tries (
    name_key TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    last INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS tries_of_long_ago ON tries (last);
CREATE INDEX IF NOT EXISTS tries_of_network ON tries (substr(name_key, -40));
CREATE TABLE IF NOT EXISTS browsers (
    hash BLOB NOT NULL,
    person INTEGER NOT NULL REFERENCES people (id),
    seen INTEGER NOT NULL,
    PRIMARY KEY (hash, person)
) STRICT;
CREATE TABLE IF NOT EXISTS two_people (
    here INTEGER NOT NULL REFERENCES people (id),
    there INTEGER NOT NULL REFERENCES people (id),
    PRIMARY KEY (here, there)
) STRICT;
CREATE TABLE IF NOT EXISTS tokens (
    hash BLOB PRIMARY KEY,
    person INTEGER NOT NULL REFERENCES people (id),
    label TEXT NOT NULL,
    scopes TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS changes (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    change TEXT NOT NULL,
    name TEXT NOT NULL,
    roles TEXT NOT NULL,
    organisation TEXT NOT NULL,
    label TEXT NOT NULL,
    by TEXT NOT NULL
) STRICT;
"""
_ADDED = {
    "organisation": "TEXT NOT NULL DEFAULT ''",
    "issuer": "TEXT",
    "subject": "TEXT",
}
"""Columns that a file of an older version does not have."""

_ONE_ACCOUNT_EACH = """
CREATE UNIQUE INDEX IF NOT EXISTS of_provider ON people (issuer, subject)
WHERE issuer IS NOT NULL
"""
SEALED = 1
"""`PRAGMA user_version` of a file in which no second factor lies in clear; before that it was 0."""

_COLUMNS = (
    "id, name, name_key, roles, password, invited, invited_until, secret, new_secret, used_step, "
    "locked, made_at, signed_in_at, organisation, issuer, subject"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account.

    Attributes:
        password: what is kept of it; none before its owner has set one.
        invited: the hash of a one-time code, good until `invited_until` (seconds since 1970).
        secret: shared with an authenticator, sealed; none before that was set up.
        new_secret: offered to an authenticator, sealed, and not confirmed yet.
        used_step: the last half minute of which a code was used.
        made_at: when it was added, or begun anew; seconds since 1970.
        organisation: in whose name its owner asks; empty where that does not matter.
        issuer, subject: who the owner is at an identity provider; none for an account of this site.
    """

    id: int
    name: str
    name_key: str
    roles: frozenset[Role]
    password: str | None
    invited: bytes | None
    invited_until: int
    secret: str | None
    new_secret: str | None
    used_step: int
    locked: bool
    made_at: int
    signed_in_at: int | None
    organisation: str
    issuer: str | None
    subject: str | None

    @property
    def is_of_provider(self) -> bool:
        """Whether its owner signs in at an identity provider, and has no password here."""
        return self.issuer is not None

    @property
    def can_sign_in(self) -> bool:
        """Whether it has a password, or an identity provider, and is not locked."""
        return (self.password is not None or self.is_of_provider) and not self.locked


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What lets a program in, in the name of an account. The token itself is kept nowhere.

    Attributes:
        hash: of the token; it names it, and opens nothing.
        label: what its owner calls it.
        scopes: what it allows, a blank between.
        made_at, ends_at: seconds since 1970.
    """

    hash: bytes
    person: int
    label: str
    scopes: str
    made_at: int
    ends_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What was done to an account, as it is kept.

    Attributes:
        at: seconds since 1970.
        change: see `PeopleChange`.
        label: of the token, where it is about one.
        by: whose doing; empty for the command line.
    """

    at: int
    change: str
    name: str
    roles: frozenset[Role]
    organisation: str
    label: str
    by: str


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session: whose, how far, since when, and when it was last seen."""

    person: int
    stage: str
    began: int
    seen: int


class PeopleStore:
    """The file of accounts. Safe to use from several threads and processes.

    Raises:
        PeopleUnavailableError: it cannot be opened.
        PeopleDamagedError: it is no such file.
    """

    def __init__(self, path: Path) -> None:
        self._turn = threading.RLock()
        with self._disk():
            self._connection = open_durable(path, _SCHEMA)
            self._connection.execute("PRAGMA secure_delete = ON")
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._add_columns()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction: all of it is on disk afterwards, or nothing.

        Raises:
            PeopleUnavailableError: it could not be written; nothing was changed.
        """
        with self._turn, self._disk(), written_whole(self._connection):
            yield

    # ---------------------------------------------------------------- accounts

    def people(self) -> tuple[Person, ...]:
        """Every account, by name."""
        return self._people("ORDER BY name_key", ())

    def by_key(self, name_key: str) -> Person | None:
        """The account of that name; none where there is none."""
        return next(iter(self._people("WHERE name_key = ?", (name_key,))), None)

    def by_id(self, identifier: int) -> Person | None:
        """The account of that number."""
        return next(iter(self._people("WHERE id = ?", (identifier,))), None)

    def add(self, name: str, name_key: str, roles: frozenset[Role], made_at: int) -> None:
        """A new account, inside `writing`; its name is not taken."""
        self._do(
            "INSERT INTO people (name, name_key, roles, made_at) VALUES (?, ?, ?, ?)",
            (name, name_key, _to_text(roles), made_at),
        )

    def of_provider(self, issuer: str, subject: str) -> Person | None:
        """The account of whoever is that at an identity provider."""
        found = self._people("WHERE issuer = ? AND subject = ?", (issuer, subject))
        return next(iter(found), None)

    def bind(self, person: int, issuer: str, subject: str) -> None:
        """Let its owner sign in at an identity provider, inside `writing`."""
        self._do(
            "UPDATE people SET issuer = ?, subject = ? WHERE id = ?", (issuer, subject, person)
        )

    def set_organisation(self, person: int, organisation: str) -> None:
        """In whose name its owner asks from now on, inside `writing`."""
        self._do("UPDATE people SET organisation = ? WHERE id = ?", (organisation, person))

    def forget_second_factor(self, person: int) -> None:
        """It is set up anew at the next sign-in, inside `writing`."""
        self._do(
            "UPDATE people SET secret = NULL, new_secret = NULL, used_step = 0 WHERE id = ?",
            (person,),
        )
        self._do("DELETE FROM recovery_codes WHERE person = ?", (person,))

    def set_roles(self, person: int, roles: frozenset[Role]) -> None:
        """Replace the roles, inside `writing`."""
        self._do("UPDATE people SET roles = ? WHERE id = ?", (_to_text(roles), person))

    def set_locked(self, person: int, locked: bool) -> None:
        """Lock or unlock, inside `writing`."""
        self._do("UPDATE people SET locked = ? WHERE id = ?", (int(locked), person))

    def invite(self, person: int, code: bytes, until: int, now: int) -> None:
        """Begin the account anew: no password, no second factor, a one-time code."""
        self._do(
            "UPDATE people SET password = NULL, secret = NULL, new_secret = NULL, used_step = 0, "
            "invited = ?, invited_until = ?, made_at = ? WHERE id = ?",
            (code, until, now, person),
        )
        self._do("DELETE FROM recovery_codes WHERE person = ?", (person,))

    def set_password(self, person: int, kept: str) -> None:
        """Keep a password; a one-time code is used up by that."""
        self._do(
            "UPDATE people SET password = ?, invited = NULL, invited_until = 0 WHERE id = ?",
            (kept, person),
        )

    def offer_secret(self, person: int, secret: str) -> None:
        """Remember what an authenticator was offered."""
        self._do("UPDATE people SET new_secret = ? WHERE id = ?", (secret, person))

    def replace_secrets(self, person: int, secret: str | None, new_secret: str | None) -> None:
        """Keep the same secrets otherwise, inside `writing`."""
        self._do(
            "UPDATE people SET secret = ?, new_secret = ? WHERE id = ?",
            (secret, new_secret, person),
        )

    def seals_factors(self) -> bool:
        """Whether every second factor in it has been sealed."""
        ((version,),) = self._read("PRAGMA user_version", ())
        return int(version) >= SEALED

    def seal_factors_from_now_on(self) -> None:
        """Note that every one is, inside `writing`: there is no way back."""
        self._do(f"PRAGMA user_version = {SEALED}", ())

    def forget_what_was_written(self) -> None:
        """Put what was committed into the file itself, and empty the log beside it.

        What was overwritten stands in neither then; where others are reading, with the next time.
        """
        self._read("PRAGMA wal_checkpoint(TRUNCATE)", ())

    def take_secret(self, person: int, step: int) -> None:
        """What was offered is the second factor from now on; `step` is used."""
        self._do(
            "UPDATE people SET secret = new_secret, new_secret = NULL, used_step = ? WHERE id = ?",
            (step, person),
        )

    def use_step(self, person: int, step: int) -> bool:
        """Use the code of that half minute; False where it, or a later one, was used already."""
        changed = self._do(
            "UPDATE people SET used_step = ? WHERE id = ? AND used_step < ?", (step, person, step)
        )
        return changed == 1

    def signed_in(self, person: int, at: int) -> None:
        """Remember when."""
        self._do("UPDATE people SET signed_in_at = ? WHERE id = ?", (at, person))

    def set_recovery_codes(self, person: int, hashes: list[bytes]) -> None:
        """Replace the recovery codes."""
        self._do("DELETE FROM recovery_codes WHERE person = ?", (person,))
        for one in hashes:
            self._do("INSERT INTO recovery_codes VALUES (?, ?)", (person, one))

    def use_recovery_code(self, person: int, code: bytes) -> bool:
        """Use one up; False where there is no such code."""
        found = self._do("DELETE FROM recovery_codes WHERE person = ? AND hash = ?", (person, code))
        return found == 1

    def recovery_codes_left(self, person: int) -> int:
        """How many were not used yet."""
        (row,) = self._read("SELECT count(*) FROM recovery_codes WHERE person = ?", (person,))
        return int(row[0])

    # ---------------------------------------------------------------- two people

    def tell_apart(self, here: int, there: int) -> None:
        """An account of this site and one of a provider are two people's, inside `writing`."""
        self._do("INSERT INTO two_people VALUES (?, ?) ON CONFLICT DO NOTHING", (here, there))

    def tell_no_more(self, here: int, there: int) -> None:
        """Nobody says so any more, inside `writing`."""
        self._do("DELETE FROM two_people WHERE here = ? AND there = ?", (here, there))

    def tell_nothing_of(self, person: int) -> None:
        """Nobody says so of an account any more, inside `writing`: another may have it now."""
        self._do("DELETE FROM two_people WHERE ? IN (here, there)", (person,))

    def told_apart(self) -> frozenset[tuple[int, int]]:
        """Those of which it was said: of this site, of a provider."""
        return frozenset(
            (int(here), int(there))
            for here, there in self._read("SELECT here, there FROM two_people", ())
        )

    # ---------------------------------------------------------------- sessions

    def begin_session(self, name: bytes, person: int, stage: str, now: int) -> None:
        """A new session, known by the hash of its name."""
        self._do("INSERT INTO sessions VALUES (?, ?, ?, ?, ?)", (name, person, stage, now, now))

    def session(self, name: bytes) -> SessionRow | None:
        """The session of that hash."""
        rows = self._read("SELECT person, stage, began, seen FROM sessions WHERE hash = ?", (name,))
        return next((SessionRow(*row) for row in rows), None)

    def saw_session(self, name: bytes, now: int) -> None:
        """It was used."""
        self._do("UPDATE sessions SET seen = ? WHERE hash = ?", (now, name))

    def end_session(self, name: bytes) -> None:
        """It is over."""
        self._do("DELETE FROM sessions WHERE hash = ?", (name,))

    def end_sessions_of(self, person: int) -> None:
        """All of a person's sessions are over."""
        self._do("DELETE FROM sessions WHERE person = ?", (person,))

    def end_every_session(self) -> None:
        """All of them are over, whosever they are."""
        self._do("DELETE FROM sessions", ())

    def end_sessions_before(self, seen: int, began: int) -> None:
        """Those are over that were last seen before, or began before."""
        self._do("DELETE FROM sessions WHERE seen < ? OR began < ?", (seen, began))

    # ---------------------------------------------------------------- tokens

    def add_token(self, token: Token) -> None:
        """A new one, inside `writing`; its owner has none of that label."""
        self._do(
            "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?)",
            (token.hash, token.person, token.label, token.scopes, token.made_at, token.ends_at),
        )

    def token(self, token: bytes) -> Token | None:
        """The token of that hash."""
        return next(iter(self._tokens("WHERE hash = ?", (token,))), None)

    def tokens(self) -> tuple[Token, ...]:
        """All of them, the newest first."""
        return self._tokens("", ())

    def tokens_of(self, person: int) -> tuple[Token, ...]:
        """Those of one account, the newest first."""
        return self._tokens("WHERE person = ?", (person,))

    def end_token(self, token: bytes) -> None:
        """It opens nothing from now on, inside `writing`."""
        self._do("DELETE FROM tokens WHERE hash = ?", (token,))

    def end_tokens_of(self, person: int) -> None:
        """None of an account's opens anything from now on, inside `writing`."""
        self._do("DELETE FROM tokens WHERE person = ?", (person,))

    def end_every_token(self) -> None:
        """None opens anything from now on, inside `writing`."""
        self._do("DELETE FROM tokens", ())

    # ---------------------------------------------------------------- what was changed

    def record(self, change: Change) -> None:
        """Keep what is being done to an account, inside the `writing` that does it."""
        self._do(
            "INSERT INTO changes (at, change, name, roles, organisation, label, by) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                change.at,
                change.change,
                change.name,
                _to_text(change.roles),
                change.organisation,
                change.label,
                change.by,
            ),
        )

    def changes(self, most: int) -> tuple[Change, ...]:
        """What was done last, the newest first."""
        rows = self._read(
            "SELECT at, change, name, roles, organisation, label, by FROM changes "
            "ORDER BY number DESC LIMIT ?",
            (most,),
        )
        return tuple(
            Change(
                at=at,
                change=change,
                name=name,
                roles=_to_roles(roles),
                organisation=organisation,
                label=label,
                by=by,
            )
            for at, change, name, roles, organisation, label, by in rows
        )

    # ---------------------------------------------------------------- wrong tries

    def tries(self, counter: str) -> tuple[int, int]:
        """How often was tried in vain what a counter counts (`people.tries`), and when last."""
        rows = self._read("SELECT failures, last FROM tries WHERE name_key = ?", (counter,))
        return next(((int(row[0]), int(row[1])) for row in rows), (0, 0))

    def tried_in_vain(self, counter: str, now: int, forget_before: int) -> None:
        """Count one; those of long ago are forgotten."""
        self._do("DELETE FROM tries WHERE last < ?", (forget_before,))
        self._do(
            "INSERT INTO tries VALUES (?, 1, ?) ON CONFLICT (name_key) "
            "DO UPDATE SET failures = failures + 1, last = excluded.last",
            (counter, now),
        )

    def counters_of(self, network: str) -> int:
        """How many counters' names end with these 40 characters, which name a network."""
        ((found,),) = self._read(
            "SELECT count(*) FROM tries WHERE substr(name_key, -40) = ?", (network,)
        )
        return int(found)

    def counters(self) -> int:
        """How many there are."""
        ((found,),) = self._read("SELECT count(*) FROM tries", ())
        return int(found)

    def forget_least_tries(self, kept: Collection[str], many: int) -> None:
        """Drop so many counters, inside `writing`: those that count least, of them the oldest.

        None of the names that are `kept`: 32 characters with which their counters begin.
        """
        self._do(
            "DELETE FROM tries WHERE name_key IN (SELECT name_key FROM tries WHERE "
            "substr(name_key, 1, 32) NOT IN (SELECT value FROM json_each(?)) "
            "ORDER BY failures, last LIMIT ?)",
            (json.dumps(sorted(kept)), many),
        )

    def take_try_back(self, counter: str, failures: int, last: int) -> None:
        """It was right: as before it, but for what others tried meanwhile."""
        self._do(
            "UPDATE tries SET last = CASE failures WHEN ? THEN ? ELSE last END, "
            "failures = failures - 1 WHERE name_key = ?",
            (failures + 1, last, counter),
        )
        self._do("DELETE FROM tries WHERE name_key = ? AND failures < 1", (counter,))

    def forget_tries(self, counter: str) -> None:
        """It went right."""
        self._do("DELETE FROM tries WHERE name_key = ?", (counter,))

    def forget_tries_of(self, name: str) -> None:
        """Empty every counter of a name; `name` is what their own begin with, and has no blank."""
        self._do("DELETE FROM tries WHERE name_key >= ? AND name_key < ?", (f"{name} ", f"{name}!"))

    # ---------------------------------------------------------------- browsers

    def knows_browser(self, browser: bytes, person: int) -> bool:
        """Whether the owner of an account signed in with the browser of that hash."""
        found = self._read(
            "SELECT 1 FROM browsers WHERE hash = ? AND person = ?", (browser, person)
        )
        return bool(found)

    def rename_browser(self, old: bytes, new: bytes) -> None:
        """It is known by another hash from now on, inside `writing`."""
        self._do("UPDATE browsers SET hash = ? WHERE hash = ?", (new, old))

    def keep_browser(self, browser: bytes, person: int, now: int, most: int) -> None:
        """Its owner signed in with it, inside `writing`; of many the last are kept."""
        self._do(
            "INSERT INTO browsers VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET seen = excluded.seen",
            (browser, person, now),
        )
        self._do(
            "DELETE FROM browsers WHERE person = ? AND hash NOT IN (SELECT hash FROM browsers "
            "WHERE person = ? ORDER BY seen DESC, hash = ? DESC LIMIT ?)",
            (person, person, browser, most),
        )

    def forget_browsers_of(self, person: int) -> None:
        """None is known as that owner's any more, inside `writing`."""
        self._do("DELETE FROM browsers WHERE person = ?", (person,))

    def forget_every_browser(self) -> None:
        """None is known as anybody's any more, inside `writing`."""
        self._do("DELETE FROM browsers", ())

    # ---------------------------------------------------------------- SQL

    def _people(self, which: str, values: tuple[int | str, ...]) -> tuple[Person, ...]:
        rows = self._read(f"SELECT {_COLUMNS} FROM people {which}", values)  # noqa: S608  # constants
        names = _COLUMNS.split(", ")
        return tuple(_person(dict(zip(names, row, strict=True))) for row in rows)

    def _tokens(self, which: str, values: tuple[int | bytes, ...]) -> tuple[Token, ...]:
        rows = self._read(
            "SELECT hash, person, label, scopes, made_at, ends_at FROM tokens "  # noqa: S608  # constants
            f"{which} ORDER BY made_at DESC, label",
            values,
        )
        return tuple(
            Token(hash=name, person=person, label=label, scopes=scopes, made_at=made, ends_at=ends)
            for name, person, label, scopes, made, ends in rows
        )

    def _add_columns(self) -> None:
        if self._missing_columns():
            with written_whole(self._connection):
                for name in self._missing_columns():  # another process may have been first
                    self._connection.execute(f"ALTER TABLE people ADD COLUMN {name} {_ADDED[name]}")
        self._connection.execute(_ONE_ACCOUNT_EACH)

    def _missing_columns(self) -> list[str]:
        found = {name for _, name, *_ in self._connection.execute("PRAGMA table_info(people)")}
        return [name for name in _ADDED if name not in found]

    def _read(self, statement: str, values: tuple[int | str | bytes, ...]) -> list[tuple[Any, ...]]:
        with self._turn, self._disk():
            return self._connection.execute(statement, values).fetchall()

    def _do(self, statement: str, values: tuple[int | str | bytes | None, ...]) -> int:
        with self._turn, self._disk():
            return self._connection.execute(statement, values).rowcount

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError:
            raise  # a bug of ours, such as using what was closed
        except (sqlite3.OperationalError, OSError) as error:
            raise PeopleUnavailableError(str(error)) from error
        except sqlite3.IntegrityError:
            raise  # likewise: what must be unique is looked at before, in the same transaction
        except sqlite3.DatabaseError as error:
            raise PeopleDamagedError(str(error)) from error


def _to_text(roles: frozenset[Role]) -> str:
    return " ".join(sorted(roles))


def _to_roles(text: str) -> frozenset[Role]:
    try:
        return frozenset(map(Role, text.split()))
    except ValueError as error:
        raise PeopleDamagedError("an account has a role that is not known") from error


def _person(row: dict[str, Any]) -> Person:
    roles = _to_roles(row.pop("roles"))
    return Person(roles=roles, locked=bool(row.pop("locked")), **row)
