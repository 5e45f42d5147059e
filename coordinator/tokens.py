"""Who may use the REST API, and for what: named tokens, each shown once and kept as a hash.

A token is 256 random bits, so its plain SHA-256 cannot be searched; whoever reads the database
learns no token. A name tells an administrator which one to revoke; it is the holder's only name
here, and what they asked stays theirs by it: so a name once used is used for ever, also after its
token was revoked. Whoever has an account makes their own (`account_tokens`).
"""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import insert, select, update

from corridor.coordinator.scopes import USUAL, TokenScope, parse_scopes, scopes_text
from corridor.coordinator.store import Store, tokens
from corridor.errors.region import (
    MalformedRequestError,
    NoSuchTokenError,
    TokenNameOfAccountError,
    TokenNameTakenError,
    UnknownTokenError,
)
from corridor.people.desk import name_key
from corridor.people.roles import LONGEST_ORGANISATION
from corridor.protocols.suite import RandomBytes

PREFIX = "corridor_"
"""Lets a scanner for leaked secrets recognise a token."""


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """Who asks.

    Attributes:
        name: to whom the token was issued.
        organisation: what was written down with it.
        scopes: what it allows.
        issued: when; it tells a holder from an earlier one of the same name.
    """

    name: str
    organisation: str
    scopes: frozenset[TokenScope] = USUAL
    issued: int = field(default=0, compare=False)


def _nobody(_: str) -> TokenHolder:
    raise UnknownTokenError


def _of_nobody(_: str) -> bool:
    return False


def make_token(random_bytes: RandomBytes) -> str:
    """A new token, which nobody can guess."""
    return PREFIX + base64.urlsafe_b64encode(random_bytes(32)).rstrip(b"=").decode()


def token_hash(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


@dataclass(frozen=True, slots=True)
class TokenDesk:
    """Issues, checks and revokes tokens.

    Attributes:
        now: seconds since 1970 UTC.
        of_account: whose token it is that an account made for itself (`account_tokens`).
        is_account: whether an account has a name; who asks is told by it, so no token has it too.
    """

    store: Store
    now: Callable[[], int]
    random_bytes: RandomBytes
    of_account: Callable[[str], TokenHolder] = _nobody
    is_account: Callable[[str], bool] = _of_nobody

    def issue(
        self, name: str, organisation: str = "", scopes: frozenset[TokenScope] = USUAL
    ) -> str:
        """A new token for `name`; this is the only time that it can be read.

        Raises:
            MalformedRequestError: the name is empty or not printable. None was issued.
            TokenNameTakenError: a token has or had this name. None was issued.
            TokenNameOfAccountError: an account has. None was issued.
        """
        if not 1 <= len(name) <= 100 or not (name + organisation).isprintable():
            raise MalformedRequestError(
                "a token's name is a printable text of 1 to 100 characters; none was issued"
            )
        if len(organisation) > LONGEST_ORGANISATION:  # nodes refuse a proposal that names a longer
            raise MalformedRequestError(
                f"an organisation's name has at most {LONGEST_ORGANISATION} characters; no token "
                "was issued"
            )
        if self.is_account(name):
            raise TokenNameOfAccountError(name)
        token = make_token(self.random_bytes)
        with self.store.writing() as connection:
            if name_key(name) in map(name_key, connection.scalars(select(tokens.c.name))):
                raise TokenNameTakenError(name)
            connection.execute(
                insert(tokens).values(
                    token_hash=token_hash(token),
                    name=name,
                    organisation=organisation,
                    scopes=scopes_text(scopes),
                    issued=self.now(),
                )
            )
        return token

    def revoke(self, name: str) -> None:
        """Make the token of `name` worthless.

        Raises:
            NoSuchTokenError: no valid token has this name.
        """
        with self.store.writing() as connection:
            revoked = connection.execute(
                update(tokens)
                .where(tokens.c.name == name, tokens.c.revoked.is_(None))
                .values(revoked=self.now())
            )
            if revoked.rowcount == 0:
                raise NoSuchTokenError(name)

    def names(self) -> tuple[TokenHolder, ...]:
        """The holders of valid tokens, by name."""
        with self.store.reading() as connection:
            rows = connection.execute(
                select(tokens).where(tokens.c.revoked.is_(None)).order_by(tokens.c.name)
            )
            return tuple(
                TokenHolder(row.name, row.organisation, parse_scopes(row.scopes), row.issued)
                for row in rows
            )

    def has_used(self, name: str) -> bool:
        """Whether a token has the name or had it, in whatever capitals."""
        with self.store.reading() as connection:
            return name_key(name) in map(name_key, connection.scalars(select(tokens.c.name)))

    def holder(self, token: str) -> TokenHolder:
        """Whose token this is.

        Raises:
            UnknownTokenError: nobody's: never issued, revoked, or over.
        """
        # At every request, so without a transaction of SQLAlchemy's.
        row = self.store.look_up(
            "SELECT name, organisation, scopes, issued FROM tokens "
            "WHERE token_hash = ? AND revoked IS NULL",
            token_hash(token),
        )
        if row is None:
            return self.of_account(token)
        name, organisation, scopes, issued = row
        return TokenHolder(name, organisation, parse_scopes(scopes), issued)
