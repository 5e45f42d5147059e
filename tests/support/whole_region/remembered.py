"""Pure functions that need not be worked out twice, remembered over all histories of a process.

A region's members verify the same signatures, each for itself, and a node unseals the same small
files at every hello. Key, text and signature decide the verdict; key and bytes decide what is
unsealed. Each distinct question is still put to the library, once.

SQL is compiled once, too, for every coordinator's engine instead of for each. And a node's status
file, which nobody reads here and nothing rests on, is not written at every message.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import Any
from unittest.mock import patch

import sqlalchemy
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from corridor.coordinator import store
from corridor.node.status import StatusBoard
from corridor.node.store import editions
from corridor.protocols.receipts import parse_public_receipt
from corridor.sealing import unseal
from corridor.transport import suites

MOST = 1 << 16
"""Of each function, so many answers."""

read_receipt = lru_cache(1 << 10)(parse_public_receipt)
_compiled: dict[Any, Any] = {}
_unseal = lru_cache(MOST)(unseal)


@lru_cache(MOST)
def _is_signed(key: bytes, signature: bytes, text: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text)
    except InvalidSignature:
        return False
    return True


class _Key:
    """Stands where `suites` has the library's public key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def from_public_bytes(cls, key: bytes) -> "_Key":
        """As the library's; a key of another length is refused by it at the first use."""
        return cls(bytes(key))

    def verify(self, signature: bytes, text: bytes) -> None:
        """As the library's."""
        if not _is_signed(self._key, bytes(signature), bytes(text)):
            raise InvalidSignature


@contextmanager
def remembering() -> Iterator[None]:
    """While histories run."""

    def create_engine(*args: Any, **options: Any) -> Any:
        engine = sqlalchemy.create_engine(*args, **options)
        engine._compiled_cache = _compiled
        return engine

    with ExitStack() as stack:
        stack.enter_context(patch.object(suites, "Ed25519PublicKey", _Key))
        stack.enter_context(patch.object(editions, "unseal", _unseal))
        stack.enter_context(patch.object(StatusBoard, "_write", lambda _: None))
        stack.enter_context(patch.object(store, "create_engine", create_engine))
        yield
