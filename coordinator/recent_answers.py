"""What the same requests were told, as long as nobody wrote anything since.

A hundred people ask what is answered already: each time the charter, who is present, the releases
and the questions are read to tell them the same. All of that stands in the database, and it says
whether anybody wrote (`Store.state`).
"""

import threading
from collections.abc import Hashable, Mapping
from typing import Any

MOST = 2000


class RecentAnswers:
    """Of one state of the database; any thread may use it."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._state: int | None = None
        self._answers: dict[Hashable, Mapping[str, Any]] = {}

    def find(self, state: int, request: Hashable) -> Mapping[str, Any] | None:
        """What this request was told in this state."""
        with self._lock:
            return self._answers.get(request) if state == self._state else None

    def keep(self, state: int, request: Hashable, answer: Mapping[str, Any]) -> None:
        """Keep what a request was told; `state` was looked up before anything else was.

        So an answer that somebody's writing made old meanwhile is never found.
        """
        with self._lock:
            if state != self._state or len(self._answers) >= self._most:
                self._state, self._answers = state, {}
            self._answers[request] = answer
