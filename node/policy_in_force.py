"""The policy file as a serving node obeys it: read again when it changed, without a restart.

A file that cannot be read, or is gone, changes nothing: the rules read last stay in force, and
`problem` says what is wrong until it is mended. Otherwise a typing mistake would either stop the
node or, worse, let it answer under half a policy.

What changes at once: rules, approvals, allowances and shares, from the next proposal on; consent
and statement, since each acceptance names its rule; the slot of replies, for attempts that are
accepted from then on. Nothing in policy.toml needs a restart.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

import structlog

from corridor.errors import CorridorError
from corridor.errors.node import SettingsError
from corridor.errors.policy import PolicyError
from corridor.ids import Digest
from corridor.node.policy import Policy, parse_policy

_log = structlog.get_logger()

_Mark = tuple[int, int, int] | None
"""What tells a changed file apart: when it was written, how long it is, which file it is."""


def read_policy_text(path: Path) -> str:
    """The text of a policy file.

    Raises:
        SettingsError: it is missing.
        PolicyError: it is no text.
    """
    try:
        return decode_policy(path.read_bytes())
    except OSError as error:
        raise SettingsError("policy.toml: is missing; without it nothing is answered") from error


def decode_policy(raw: bytes) -> str:
    """The text of a policy.

    Raises:
        PolicyError: it is no text.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PolicyError("policy.toml: is not UTF-8; save it as UTF-8") from error


class PolicyInForce:
    """The rules that this process obeys. Not thread-safe: it belongs to the desk's thread.

    Attributes:
        problem: why the file as it is now is not obeyed; empty where it is.

    Raises:
        SettingsError, PolicyError: the file cannot be read the first time.
    """

    def __init__(self, path: Path, changed: Callable[[Policy, Digest], None]) -> None:
        """Read the file; `changed` hears of every other policy that follows, and its SHA-256."""
        self._path = path
        self._changed = changed
        self._mark = self._look_at()
        self.digest, self.policy = self._read()
        self.problem = ""

    def current(self) -> Policy:
        """The rules in force, after a look whether the file was changed."""
        mark = self._look_at()
        if mark == self._mark:
            return self.policy
        self._mark = mark  # before reading: a change in between is seen at the next look
        try:
            digest, found = self._read()
        except CorridorError as error:
            _log.warning("policy.not_read", code=error.code)
            self.problem = str(error)
            return self.policy
        self.problem = ""
        if digest != self.digest:
            self.digest, self.policy = digest, found
            _log.info("policy.read", rules=len(found.rules))
            self._changed(found, digest)
        return self.policy

    def _read(self) -> tuple[Digest, Policy]:
        text = read_policy_text(self._path)
        return Digest(hashlib.sha256(text.encode()).digest()), parse_policy(text)

    def _look_at(self) -> _Mark:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
