"""Keeps the secrets that authenticators share: sealed, each for its own account.

A secret must be there to compute with, so a hash is not enough. Under a key that lies elsewhere (at
a node `people.key`, in the vault where there is one) a copy of people.sqlite3 alone opens no
account, and a sealed secret that was moved to another account does not open there.
"""

from collections.abc import Callable

from corridor.errors.people import PeopleDamagedError
from corridor.sealing import RandomBytes, seal, unseal

_MARK = "sealed:"
"""No secret in base 32 begins so: those of before this was done are known by that."""


class SealedFactors:
    """Seals and opens them; the key is had when the first of them is wanted."""

    def __init__(self, key: Callable[[], bytes], random_bytes: RandomBytes) -> None:
        self._key, self._random_bytes = key, random_bytes

    def seal(self, person: int, secret: str) -> str:
        """What is kept of a secret of that account."""
        sealed = seal(self._key(), _purpose(person), secret.encode(), self._random_bytes)
        return _MARK + sealed.hex()

    def open(self, person: int, kept: str) -> str:
        """The secret.

        Raises:
            PeopleDamagedError: it is of another account or another installation, or was changed.
        """
        if not is_sealed(kept):
            raise PeopleDamagedError("the second factor of an account was put there in clear")
        try:
            return unseal(self._key(), _purpose(person), bytes.fromhex(kept[len(_MARK) :])).decode()
        except ValueError as error:
            raise PeopleDamagedError(
                "the second factor of an account does not open with this installation's keys"
            ) from error


def is_sealed(kept: str) -> bool:
    """Whether it was kept by `seal`."""
    return kept.startswith(_MARK)


def _purpose(person: int) -> str:
    return f"second factor of account {person}"
