"""The releases that were read last, in memory: a release never changes."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

KEPT_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRelease:
    """A release as it was made and as everybody sees it, and who asked for it; it never changes."""

    document: bytes
    bare: bytes
    organisation: str | None
    asked_by: str | None


class KeptReleases:
    """At most so many bytes of them; what was not read for the longest goes first.

    Any thread may use it.
    """

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self._most, self._bytes = most, 0
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, KeptRelease] = OrderedDict()

    def get(self, identifier: str) -> KeptRelease | None:
        """The release, if it is here."""
        with self._lock:
            found = self._kept.get(identifier)
            if found is not None:
                self._kept.move_to_end(identifier)
            return found

    def keep(self, identifier: str, release: KeptRelease) -> None:
        """Keep it, as long as there is room."""
        size = len(release.document) + len(release.bare)
        if size > self._most:
            return
        with self._lock:
            self._forget(identifier)
            while self._bytes + size > self._most:
                self._forget(next(iter(self._kept)))
            self._kept[identifier] = release
            self._bytes += size

    def _forget(self, identifier: str) -> None:
        gone = self._kept.pop(identifier, None)
        if gone is not None:
            self._bytes -= len(gone.document) + len(gone.bare)
