"""How much one asker may ask for: of the API, of the workbench, of what everybody may see.

Counted in a sliding window: of the minute before, as much counts as of it is less than a minute
ago, as if it had come evenly. An asker has two numbers, whatever it asked.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable

from flask import Response

from corridor.errors.region import TooManyRequestsError

MINUTE = 60


class Pace:
    """How much one asker may ask for in a minute: of everything, and of what takes work.

    It keeps one program that runs wild from slowing all others; what protects people in the data is
    the ledgers. Askers are told apart by a name: of a token or an account, or an address.
    """

    def __init__(
        self,
        *,
        requests: int,
        works: int,
        seconds: Callable[[], float] = time.monotonic,  # noqa: TID251  # nothing kept depends on it
    ) -> None:
        self._requests, self._works = requests, works
        self._seconds = seconds
        self._lock = threading.Lock()
        self._minute = 0
        self._now: Counter[tuple[str, str]] = Counter()
        self._before: Counter[tuple[str, str]] = Counter()

    def demand(self, asker: str, *, works: bool) -> None:
        """Count a request; one that is refused is not counted.

        Raises:
            TooManyRequestsError: it is one too many; says how many seconds to wait.
        """
        kind, most = self._kind(works=works)
        with self._lock:
            if self._left((kind, asker), most) < 1:
                raise TooManyRequestsError(MINUTE)
            self._now[kind, asker] += 1

    def tell(self, asker: str, response: Response, *, works: bool) -> None:
        """Write what is left into a response, as draft-ietf-httpapi-ratelimit-headers does."""
        kind, most = self._kind(works=works)
        with self._lock:
            left = self._left((kind, asker), most)
        response.headers["RateLimit-Policy"] = f'"{kind}";q={most};w={MINUTE}'
        response.headers["RateLimit"] = f'"{kind}";r={max(0, left)};t={MINUTE}'

    def __len__(self) -> int:
        """Of how many askers something is counted."""
        return len(self._now.keys() | self._before.keys())

    def _kind(self, *, works: bool) -> tuple[str, int]:
        return ("work", self._works) if works else ("all", self._requests)

    def _left(self, one: tuple[str, str], most: int) -> int:
        """How many more this one may ask for now."""
        minute, gone = divmod(self._seconds(), MINUTE)
        if minute != self._minute:
            self._before = self._now if minute == self._minute + 1 else Counter()
            self._now = Counter()
            self._minute = int(minute)
        return most - self._now[one] - int(self._before[one] * (1 - gone / MINUTE))
