"""Decides on a new policy file: saved only whole, only when it can be read, and the old one kept.

    looked at (its digest is remembered) → checked → saved, if nobody else changed it meanwhile

The old one stays in policy-before/, under the moment at which it was replaced. A node that serves
obeys the new one from the next question on (`node.policy_in_force`).
"""

import difflib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from corridor.errors.console import PolicyMovedError
from corridor.errors.files import DiskError
from corridor.errors.policy import PolicyError
from corridor.files import holding_lock, make_private_folder, write_atomically
from corridor.ids import Digest
from corridor.node.home import Home
from corridor.node.policy import IN_FORCE, NOT_IN_FORCE, Policy, parse_policy

LOCK = "policy.lock"
LONGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class PolicyText:
    """The policy file as it stands; `digest` names just these bytes."""

    text: str
    digest: Digest


class PolicyDesk:
    """The policy file of one home."""

    def __init__(
        self,
        home: Home,
        clock: Callable[[], datetime],
        record: Callable[[Digest, str], None],
    ) -> None:
        """`record` puts into the journal which file was saved, and whose doing it was."""
        self._home, self._clock, self._record = home, clock, record

    def text(self) -> PolicyText:
        """The file as it stands; empty where there is none.

        Raises:
            PolicyError: it is not UTF-8.
            DiskError: it cannot be read.
        """
        try:
            raw = self._home.policy.read_bytes()
        except FileNotFoundError:
            raw = b""
        except OSError as error:
            raise DiskError("policy.toml", error.strerror or "cannot be read") from error
        try:
            return PolicyText(raw.decode("utf-8"), Digest(hashlib.sha256(raw).digest()))
        except UnicodeDecodeError as error:
            raise PolicyError("policy.toml: is not UTF-8; save it as UTF-8") from error

    def check(self, text: str, *, is_the_file: bool = False) -> Policy:
        """The rules that `text` means: the node's own file, or one that somebody only tries.

        Raises:
            PolicyError: it cannot be read; names the line.
        """
        if len(text.encode()) > LONGEST:
            raise PolicyError(f"policy.toml: is longer than {LONGEST} bytes; nothing was saved")
        return parse_policy(_lines(text), left=IN_FORCE if is_the_file else NOT_IN_FORCE)

    def save(self, text: str, seen: Digest, by: str) -> Policy:
        """Put `text` in the place of the file that was `seen`, which is kept.

        Raises:
            PolicyError: it cannot be read; nothing was saved.
            PolicyMovedError: the file is another by now; nothing was saved.
            DiskError: nothing was saved.
        """
        policy = self.check(text)
        # Two that save at once would each see the other's old file.
        with holding_lock(self._home.folder / LOCK) as alone:
            if not alone:
                raise PolicyMovedError
            self._save(_lines(text).encode(), seen, by)
        return policy

    def _save(self, new: bytes, seen: Digest, by: str) -> None:
        now = self.text()
        if now.digest != seen:
            raise PolicyMovedError
        digest = Digest(hashlib.sha256(new).digest())
        if digest == now.digest:
            return
        if now.text:
            folder = make_private_folder(self._home.policies_before)
            stamp = self._clock().strftime("%Y%m%dT%H%M%S")
            write_atomically(folder / f"{stamp}-{now.digest.hex()[:8]}.toml", now.text.encode())
        self._record(digest, by)
        write_atomically(self._home.policy, new)


def difference(before: str, after: str) -> tuple[str, ...]:
    """What changes between two texts of the file, as lines of a unified diff; none if nothing."""
    names = ("policy.toml", "policy.toml as it would be")
    lines = difflib.unified_diff(
        _lines(before).splitlines(), _lines(after).splitlines(), *names, "", ""
    )
    return tuple(line.rstrip("\n") for line in lines)


def _lines(text: str) -> str:
    """A browser's text area has lines that end in CR LF; the file does not."""
    return text.replace("\r\n", "\n").rstrip() + "\n"
