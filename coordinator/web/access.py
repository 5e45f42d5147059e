"""Who gets in: what a token must allow, and limits on how fast somebody may guess or ask.

A view says in its operation what a token must allow; one that says nothing lets nobody in.
"""

import threading
from collections.abc import Callable

from flask import current_app, g, request

from corridor.coordinator.pace import Pace
from corridor.coordinator.seeing import Reader, reader_with
from corridor.coordinator.tokens import TokenDesk, TokenHolder
from corridor.coordinator.web.operations import Operation, operation_of
from corridor.errors.region import ScopeMissingError, TooManyRequestsError, UnknownTokenError
from corridor.people.tries import network_of


class FailurePace:
    """Counts a network's failures per minute; a code or token cannot be guessed by the million.

    Whoever has one address of IPv6 has all that begin alike, so they count as one.
    Tokens and codes have 256 bits, so this saves the log and the disk, not the secret.
    """

    def __init__(self, now: Callable[[], int], per_minute: int = 30) -> None:
        self._now, self._per_minute = now, per_minute
        self._lock = threading.Lock()
        self._minute = 0
        self._failures: dict[str, int] = {}

    def demand_slow(self, network: str) -> None:
        """Raise if this network failed too often in this minute.

        Raises:
            TooManyRequestsError: it did.
        """
        with self._lock:
            if self._count(network) >= self._per_minute:
                raise TooManyRequestsError

    def failed(self, network: str) -> None:
        """Count one failure."""
        with self._lock:
            self._failures[network] = self._count(network) + 1

    def _count(self, network: str) -> int:
        minute = self._now() // 60
        if minute != self._minute:
            self._minute = minute
            self._failures.clear()
        return self._failures.get(network, 0)


def demand_allowed(tokens: TokenDesk, failures: FailurePace, pace: Pace) -> None:
    """Let the request pass if its view is open, or it carries a token that allows it.

    Raises:
        UnknownTokenError: it carries none.
        ScopeMissingError: its token does not allow this.
        TooManyRequestsError: its address has tried too many, or its token asked too much.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    said = operation_of(view)
    if said is not None and said.needs is None:
        return
    g.holder = _holder(tokens, failures)
    pace.demand(g.holder.name, works=works(said))
    if view is None:  # 404 and 405 are for those who may look
        return
    if said is None or said.needs not in g.holder.scopes:
        raise ScopeMissingError("" if said is None or said.needs is None else said.needs)


def works(said: Operation | None) -> bool:
    """Whether what was asked for takes work."""
    return said is not None and said.works


def _holder(tokens: TokenDesk, failures: FailurePace) -> TokenHolder:
    network = network_of(request.remote_addr)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        if scheme.lower() != "bearer":
            raise UnknownTokenError(has_one=False)  # noqa: TRY301 - the same answer as for a wrong one
        return tokens.holder(token.strip())
    except UnknownTokenError:
        # Who has a token is never kept out by others at the same address: a proxy, or a loopback.
        failures.demand_slow(network)
        failures.failed(network)
        raise


def current_holder() -> TokenHolder:
    """Whose token this request carries; only views behind `demand_allowed` ask."""
    holder: TokenHolder = g.holder
    return holder


def current_reader() -> Reader:
    """What the holder of this request's token sees of others' questions."""
    return reader_with(current_holder())


def current_token() -> str:
    """The token of this request, for looking again later whether it still counts."""
    return request.headers.get("Authorization", "").partition(" ")[2].strip()
