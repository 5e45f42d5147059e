"""Who gets in: a token for every view but two, and a limit on how fast somebody may guess."""

import threading
from collections.abc import Callable

from flask import g, request

from corridor.coordinator.tokens import TokenDesk, TokenHolder
from corridor.errors.region import TooManyRequestsError, UnknownTokenError
from corridor.transport.certificates import AUTHORITY_PATH

OPEN = frozenset({"/api/v1/health", "/api/v1/enrolment", AUTHORITY_PATH})
"""Paths without a token: they say nothing worth one, or take a code instead."""


class FailurePace:
    """Counts an address's failures per minute; a code or token cannot be guessed by the million.

    Tokens and codes have 256 bits, so this saves the log and the disk, not the secret.
    """

    def __init__(self, now: Callable[[], int], per_minute: int = 30) -> None:
        self._now, self._per_minute = now, per_minute
        self._lock = threading.Lock()
        self._minute = 0
        self._failures: dict[str, int] = {}

    def demand_slow(self, address: str) -> None:
        """Raise if this address failed too often in this minute.

        Raises:
            TooManyRequestsError: it did.
        """
        with self._lock:
            if self._count(address) >= self._per_minute:
                raise TooManyRequestsError

    def failed(self, address: str) -> None:
        """Count one failure."""
        with self._lock:
            self._failures[address] = self._count(address) + 1

    def _count(self, address: str) -> int:
        minute = self._now() // 60
        if minute != self._minute:
            self._minute = minute
            self._failures.clear()
        return self._failures.get(address, 0)


def demand_token(tokens: TokenDesk, pace: FailurePace) -> None:
    """Let the request pass if its path is open or it carries a valid token.

    Raises:
        UnknownTokenError: it carries none.
        TooManyRequestsError: its address has tried too many.
    """
    address = request.remote_addr or ""
    if request.path in OPEN:
        return
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        if scheme.lower() != "bearer":
            raise UnknownTokenError  # noqa: TRY301 - the same answer as for a wrong one
        g.holder = tokens.holder(token.strip())
    except UnknownTokenError:
        # Who has a token is never kept out by others at the same address: a proxy, or a loopback.
        pace.demand_slow(address)
        pace.failed(address)
        raise


def current_holder() -> TokenHolder:
    """Whose token this request carries; only views behind `demand_token` ask."""
    holder: TokenHolder = g.holder
    return holder
