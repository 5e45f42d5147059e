"""What the check-ups of this node found, and when: one small file, `checks.json`.

Whoever runs one writes here (`corridor node doctor`, `corridor node check`, the console), so that
each shows what the others found. It is a memory and no proof: what proves is in the journal, which
a look at this node must not make longer. It goes into no backup, since what was whole on one disk
says nothing of another. What cannot be read of it counts as never looked at.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from corridor.errors.files import DiskError
from corridor.files import holding_lock, write_atomically
from corridor.node.views import Finding

WHOLE_NODE = "every table"
"""What `corridor node check` without a file looks at, beyond the check-up."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found of one thing.

    Attributes:
        at: when the look ended; UTC.
        seconds: how long it took.
    """

    found: Finding
    at: datetime
    seconds: float


class CheckBook:
    """The file. Several processes may use it; whoever comes later counts."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Mapping[str, Looked]:
        """What was found last, by what was looked at."""
        try:
            document = json.loads(self._path.read_text("utf-8"))
            return {what: _looked(what, entry) for what, entry in document.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {}

    def keep(self, looked: Looked) -> None:
        """Put it in the place of what was found of the same thing before.

        Raises:
            DiskError: full, read-only or broken; what was there before is there.
        """
        with holding_lock(self._path.with_suffix(".lock")) as alone:
            if not alone:
                raise DiskError(self._path.name, "another check-up is writing")
            known = {**self.read(), looked.found.what: looked}
            text = json.dumps({what: _entry(one) for what, one in known.items()}, indent=1)
            write_atomically(self._path, text.encode(), durable=False)


def _entry(one: Looked) -> dict[str, object]:
    return {
        "ok": one.found.ok,
        "warns": one.found.warns,
        "finding": one.found.finding,
        "at": one.at.astimezone(UTC).isoformat(timespec="seconds"),
        "seconds": round(one.seconds, 3),
    }


def _looked(what: str, entry: Mapping[str, object]) -> Looked:
    at = datetime.fromisoformat(str(entry["at"]))
    if at.tzinfo is None:
        raise ValueError("a time without its zone")
    ok, warns = entry["ok"] is True, entry.get("warns") is True
    found = Finding(ok, what, str(entry["finding"]), ok and warns)
    return Looked(found, at, float(str(entry["seconds"])))
