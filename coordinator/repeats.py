"""Makes asking safe to repeat: a key that came with a request before leads to what that became.

A program that lost the connection after it asked does not know whether the question was taken. It
asks again with the same `Idempotency-Key`, and gets the question that stands in line already.
Keys are kept for a week, as hashes, each apart from those of other askers.
"""

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from corridor.coordinator.store import repeats
from corridor.coordinator.tokens import TokenHolder
from corridor.errors.region import KeyReusedError, MalformedRequestError

KEPT_SECONDS = 7 * 24 * 60 * 60
LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class Repeatable:
    """A request with the key under which it may come again.

    Attributes:
        key: what the asker chose, 1 to 255 printable ASCII characters.
        body: the request, byte for byte.

    Raises:
        MalformedRequestError: the key is another text.
    """

    key: str
    body: bytes

    def __post_init__(self) -> None:
        """Refuse what is no key."""
        printable = self.key.isascii() and self.key.isprintable()
        if not 1 <= len(self.key) <= LONGEST_KEY or not printable:
            raise MalformedRequestError(
                f"an Idempotency-Key has 1 to {LONGEST_KEY} printable ASCII characters; nothing "
                "was asked"
            )


def earlier(connection: Connection, asker: TokenHolder, request: Repeatable) -> str | None:
    """The question that this request became when it came first; None where it is new.

    Raises:
        KeyReusedError: the key came with another request.
    """
    wanted = select(repeats.c.request_hash, repeats.c.question).where(
        repeats.c.key_hash == _key_hash(asker, request)
    )
    row = connection.execute(wanted).first()
    if row is None:
        return None
    if row.request_hash != _hash(request.body):
        raise KeyReusedError
    return str(row.question)


def remember(
    connection: Connection, asker: TokenHolder, request: Repeatable, question: str, now: int
) -> None:
    """Keep what a request became; forget those of more than a week ago."""
    connection.execute(delete(repeats).where(repeats.c.made < now - KEPT_SECONDS))
    connection.execute(
        insert(repeats).values(
            key_hash=_key_hash(asker, request),
            request_hash=_hash(request.body),
            question=question,
            made=now,
        )
    )


def _key_hash(asker: TokenHolder, request: Repeatable) -> bytes:
    # By the issue, too: whoever gets a revoked token's name later is somebody else.
    who = f"{asker.issued} {len(asker.name)} {asker.name} {asker.organisation}"
    return _hash(_hash(who.encode()) + request.key.encode())


def _hash(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()
