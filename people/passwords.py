"""Which passwords are strong enough, and how they are kept.

Length counts and not the kinds of letters (NIST SP 800-63B, 5.1.1.2): at least twelve characters,
and so many guesses that `zxcvbn`, which knows common passwords, names, dates and keyboard walks,
takes it for one that is not found. Kept as argon2id (RFC 9106, second recommended choice).

One password is hashed at a time: each takes 64 MiB, and whoever may only ask must not be able to
fill the memory.
"""

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from corridor.errors.people import SignInBusyError, WeakPasswordError

SHORTEST, LONGEST = 12, 128
GUESSES = 10**10
"""zxcvbn's line between what falls to a fast attack on a stolen hash, and what does not."""

MOST_WAITING = 16
"""So many wait for their turn to be compared; more would hold the threads that serve others."""

LOOKED_AT = 72
"""As many characters are judged: judging takes longer than linear time, hashing takes them all."""


def normal(password: str) -> str:
    """The password as it is hashed: letters that look alike are one, whatever keyboard made them.

    RFC 8265 (OpaqueString) takes NFC, and so do we.
    """
    return unicodedata.normalize("NFC", password)


def check_strength(password: str, *about: str) -> None:
    """See that a new password is strong enough; `about` are words that its owner is known by.

    Raises:
        WeakPasswordError: it is not; says why.
    """
    text = normal(password)
    if len(text) < SHORTEST:
        raise WeakPasswordError(f"is shorter than {SHORTEST} characters")
    if len(text) > LONGEST:
        raise WeakPasswordError(f"is longer than {LONGEST} characters")
    known = [part for word in about for part in (word, *word.split()) if len(part) > 2]
    if any(part.casefold() in text.casefold() for part in known):
        raise WeakPasswordError("contains your name")
    # Loaded when it is needed: its lists of words take longer to load than most commands run.
    from zxcvbn import zxcvbn  # type: ignore[import-untyped]  # noqa: PLC0415  # it has no types

    judged = zxcvbn(text[:LOOKED_AT], user_inputs=[*known, "corridor"])
    if judged["guesses"] < GUESSES:
        raise WeakPasswordError("is easy to guess")


class Passwords:
    """Hashes and verifies; tests hand in a cheaper hasher."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = PasswordHasher() if hasher is None else hasher
        self._turn = threading.Lock()
        self._waiting = threading.BoundedSemaphore(MOST_WAITING)

    def keep(self, password: str) -> str:
        """What is kept of a password."""
        with self._turn:
            return self._hasher.hash(normal(password))

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place among those who wait for their password to be compared.

        Raises:
            SignInBusyError: there is none. Nothing was looked at.
        """
        if not self._waiting.acquire(blocking=False):
            raise SignInBusyError
        try:
            yield
        finally:
            self._waiting.release()

    def is_right(self, kept: str | None, password: str) -> bool:
        """Whether it is the password; takes as long where there is none."""
        if kept is None:
            self.keep(password)  # comparing is hashing once; so is this
            return False
        with self._turn:
            try:
                self._hasher.verify(kept, normal(password))
            except (VerificationError, InvalidHashError):
                return False
        return True

    def is_outdated(self, kept: str) -> bool:
        """Whether it was kept by weaker rules than today's."""
        return self._hasher.check_needs_rehash(kept)
