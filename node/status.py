"""What this node is doing right now, in one line: for its operator, at any time.

`serve` writes `status.json` at every change; `corridor node status` reads it, whoever runs it
and whether or not the process that wrote it still lives. Nothing in it comes from case data.
"""

import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from corridor.errors.files import DiskError
from corridor.errors.node import SettingsError
from corridor.files import write_atomically

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptStatus:
    """Where the attempt under way stands.

    Attributes:
        question: the first hex digits of its hash.
        waiting_for: who is missing in this round, by the coordinator's word.
    """

    question: str
    purpose: str
    rho: str
    round: str
    since: datetime
    waiting_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What `serve` is doing.

    Attributes:
        process: the id of the process that wrote it.
        link: `connecting`, `connected`, `stopped`, or `refused` with the reason in `detail`.
        charter: whether the region's charter in force is the one accepted here.
        last: how the last attempt ended.
        witnesses: what the other members say of this node's ledger.
        tree: how far the region's releases are known here, and who else vouches for them.
        evidence: contradictions on record, and which members do not have them.
        approvals: how many questions wait for people.
        policy: why policy.toml as it is now is not obeyed.
    """

    country: str
    process: int
    link: str
    detail: str
    since: datetime
    charter: str
    edition: str | None
    attempt: AttemptStatus | None = None
    last: str = ""
    witnesses: str = ""
    tree: str = ""
    evidence: str = ""
    approvals: str = ""
    policy: str = ""

    def to_json(self) -> str:
        """For `--json` and for the file."""
        return json.dumps(dataclasses.asdict(self), default=datetime.isoformat, indent=2)


def parse_status(text: str) -> Status:
    """Read what `Status.to_json` wrote.

    Raises:
        SettingsError: another version wrote it, or it was edited.
    """
    try:
        values = json.loads(text)
        attempt = values.pop("attempt")
        values["since"] = datetime.fromisoformat(values["since"])
        if attempt is not None:
            attempt["since"] = datetime.fromisoformat(attempt["since"])
            attempt["waiting_for"] = tuple(attempt["waiting_for"])
            attempt = AttemptStatus(**attempt)
        return Status(**values, attempt=attempt)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(
            "status.json: is not what this version of `corridor node serve` writes; it is written "
            "anew when the node is started again"
        ) from error


def status_line(status: Status) -> str:
    """The one line that an operator reads: link, question, round, who is missing, since when."""
    parts = [f"{status.country} {status.link} since {_moment(status.since)}"]
    if status.detail:
        parts.append(status.detail)
    parts.append(f"charter {status.charter}")
    parts.append(f"edition {status.edition}" if status.edition else "no case data yet")
    if status.witnesses:
        parts.append(f"witnesses {status.witnesses}")
    if status.attempt is not None:
        attempt = status.attempt
        waiting = f", waiting for {', '.join(attempt.waiting_for)}" if attempt.waiting_for else ""
        parts.append(
            f"question {attempt.question} (ρ = {attempt.rho}): round {attempt.round}{waiting} "
            f"since {_moment(attempt.since)}"
        )
    else:
        parts.append("no question under way")
    if status.last:
        parts.append(f"last: {status.last}")
    if status.tree:
        parts.append(f"releases: {status.tree}")
    if status.approvals:
        parts.append(f"approvals: {status.approvals}")
    if status.policy:
        parts.append(f"!! policy: the rules from before stay in force; {status.policy}")
    if status.evidence:
        parts.append(f"!! evidence: {status.evidence}")
    # Some words are the coordinator's: they must not repaint the operator's terminal.
    return "".join(letter if letter.isprintable() else "?" for letter in " · ".join(parts))


class StatusBoard:
    """Holds the status of a running node and writes each change to the home.

    The file is for people: a disk that refuses it does not keep the node from its attempts.
    """

    def __init__(self, path: Path, first: Status) -> None:
        self._path = path
        self.status = first
        self._write()

    def show(self, **changes: object) -> None:
        """Replace the named attributes of the status, and write it if that changes anything."""
        before = self.status
        self.status = dataclasses.replace(before, **changes)  # type: ignore[arg-type]
        if self.status != before:
            self._write()

    def _write(self) -> None:
        # Written at every round of every attempt, and anew at every start: it need not outlive the
        # power, and two flushes each time made a node wait longer for its disk than for anything.
        try:
            write_atomically(self._path, self.status.to_json().encode(), durable=False)
        except DiskError as error:
            _log.warning("status.not_written", code=error.code)


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
