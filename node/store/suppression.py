"""Who asked to be erased, so that no import brings them back: keyed hashes, sealed.

    editions/suppressed    the persons' keys (HMACs under the node's person secret), and whether
                           the edition still has to be written without them

The list is written before the edition that leaves them out, and only then is it no longer
`pending`: an erasure that a kill interrupted is carried out at the next import or start.

It only grows. A standing series that counted somebody keeps their key, and its proof wants each
person counted once: who was erased and came back later would be counted again.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from corridor.errors.store import StoreDamagedError
from corridor.files import write_atomically
from corridor.sealing import RandomBytes, seal, unseal

_PURPOSE = "suppressed"


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Whom the node's data shall not hold.

    Attributes:
        persons: their keys.
        pending: whether some of them may still be in the current edition.
    """

    persons: frozenset[bytes] = frozenset()
    pending: bool = False


class SuppressionList:
    """The list of one node."""

    def __init__(self, home: Path, key: bytes, random_bytes: RandomBytes) -> None:
        self._path = home / "editions" / _PURPOSE
        self._key = key
        self._random_bytes = random_bytes

    def exists(self) -> bool:
        """Whether anybody was ever put on it."""
        return self._path.exists()

    def read(self) -> Suppressed:
        """Who is on it.

        Raises:
            StoreDamagedError: it is not as it was written.
        """
        try:
            found = json.loads(unseal(self._key, _PURPOSE, self._path.read_bytes()))
        except FileNotFoundError:
            return Suppressed()
        except ValueError as error:
            raise StoreDamagedError(f"editions/{_PURPOSE}") from error
        return Suppressed(frozenset(map(bytes.fromhex, found["persons"])), found["pending"])

    def add(self, persons: Collection[bytes]) -> None:
        """Put persons on it; their rows are still to be left out.

        Raises:
            DiskError: it is as it was.
        """
        self._write(Suppressed(self.read().persons | frozenset(persons), pending=True))

    def carried_out(self) -> None:
        """Nobody on it is in the current edition any more.

        Raises:
            DiskError: it is as it was.
        """
        self._write(Suppressed(self.read().persons, pending=False))

    def sealed_under(self, key: bytes) -> bytes:
        """The list as it would be under another key."""
        return self._sealed(self.read(), key)

    def _write(self, found: Suppressed) -> None:
        write_atomically(self._path, self._sealed(found, self._key))

    def _sealed(self, found: Suppressed, key: bytes) -> bytes:
        persons = sorted(one.hex() for one in found.persons)
        document = {"persons": persons, "pending": found.pending}
        return seal(key, _PURPOSE, json.dumps(document).encode(), self._random_bytes)
