"""What becomes of a question, told as it happens (server-sent events).

    GET /questions/ID/events      event: question, data: the question, whenever it changed

A stream ends when the question does, or after ten minutes; a browser's EventSource then asks again
by itself. Each stream holds a thread of the server, so there are only so many at once.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from corridor.coordinator.attempts import State
from corridor.coordinator.question_desk import CANCELLED
from corridor.errors import CorridorError
from corridor.errors.region import TooManyFollowersError

LOOK_SECONDS = 0.5
BEAT_SECONDS = 15
LONGEST_SECONDS = 600

OVER = frozenset({State.RELEASED.value, State.FAILED.value, CANCELLED})


MOST_OF_ONE = 6
"""Questions that one token follows at once."""


class Followers:
    """Everybody who follows a question; `close` ends all of them, when the service stops."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._following: Counter[str] = Counter()
        self._closing = threading.Event()

    def follow(self, who: str, look: Callable[[], dict[str, Any]]) -> Iterator[str]:
        """The events of one question.

        Args:
            who: follows it.
            look: says how it stands; where it raises, as when the token was revoked, all ends.

        Raises:
            TooManyFollowersError: there are as many as there can be, of all or of this one.
            CorridorError: as `look` does, before anything was sent.
        """
        first = look()
        self._take_place(who)
        return _Stream(self._events(first, look), lambda: self._give_back(who))

    def _take_place(self, who: str) -> None:
        with self._lock:
            if self._following.total() >= self.most:
                raise TooManyFollowersError(self.most)
            if self._following[who] >= MOST_OF_ONE:
                raise TooManyFollowersError(MOST_OF_ONE)
            self._following[who] += 1

    def _give_back(self, who: str) -> None:
        with self._lock:
            self._following[who] -= 1
            if not self._following[who]:
                del self._following[who]

    def close(self) -> None:
        """End every stream."""
        self._closing.set()

    def _events(self, first: dict[str, Any], look: Callable[[], dict[str, Any]]) -> Iterator[str]:
        shown, number, quiet = first, 1, 0.0
        yield "retry: 2000\n\n"
        yield _event(number, shown)
        for _ in range(int(LONGEST_SECONDS / LOOK_SECONDS)):
            if shown["state"] in OVER or self._closing.wait(LOOK_SECONDS):
                return
            try:
                seen, quiet = look(), quiet + LOOK_SECONDS
            except CorridorError:
                return
            if seen != shown:
                shown, number, quiet = seen, number + 1, 0.0
                yield _event(number, shown)
            elif quiet >= BEAT_SECONDS:
                quiet = 0.0
                yield ": still the same\n\n"


class _Stream:
    """Events whose place is given back when they end, or when nobody listens any more."""

    def __init__(self, events: Iterator[str], give_back: Callable[[], None]) -> None:
        self._events, self._give_back = events, give_back
        self._is_open = True

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            return next(self._events)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the place back, once. The server calls it when the connection is gone."""
        if self._is_open:
            self._is_open = False
            self._give_back()


def _event(number: int, question: dict[str, Any]) -> str:
    return f"id: {number}\nevent: question\ndata: {json.dumps(question, ensure_ascii=False)}\n\n"
