"""What was done to keep this node: backups, exercises of them, check-ups; and what is due again.

The intervals are those of the handbook (docs/handbook/backup-and-restore.md).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from corridor.ids import EditionId
from corridor.node.checkups import WHOLE_NODE, Looked
from corridor.node.journal import JournalRow

BACKUP_DAYS = 2
"""A backup is written each night: after two days one was missed."""

EXERCISE_DAYS = 31
CHECKUP_DAYS = 31


class Due(StrEnum):
    """What somebody should do now."""

    BACKUP = "backup"
    EXERCISE = "exercise"
    CHECKUP = "checkup"


@dataclass(frozen=True, slots=True)
class LastBackup:
    """When the home was backed up last, and with what.

    Attributes:
        with_data: it holds case data.
        left_out: it holds none on purpose.
        is_older: the node's case data are not those that it holds any more.
    """

    at: datetime
    with_data: bool
    left_out: bool = False
    is_older: bool = False

    @property
    def lacks_data(self) -> bool:
        """It was written before there were any, and there are some now."""
        return self.is_older and not self.with_data


@dataclass(frozen=True, slots=True)
class LastExercise:
    """When a backup was exercised last.

    Attributes:
        of: when that backup was written; None where it could not be read so far.
        code: why it could not be restored; empty where it could.
    """

    at: datetime
    of: datetime | None
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """What was done last, and what is due.

    Attributes:
        checkup_at: the oldest of its looks; None where something was never looked at.
        to_mend: how many of its looks found something to mend.
    """

    backup: LastBackup | None
    exercise: LastExercise | None
    checkup_at: datetime | None
    to_mend: int
    due: frozenset[Due]

    @property
    def text(self) -> str:
        """Of the backups alone, for the check-up."""
        if self.backup is None:
            return "none was ever written: `corridor node backup --out FILE --with passphrase`"
        what = "with" if self.backup.with_data else "without"
        told = f"last written on {_day(self.backup.at)}, {what} case data"
        if self.backup.is_older:
            told += (
                ", and older than the data: they have changed since"
                if self.backup.with_data
                else ", and older than the data: there were none then"
            )
        if Due.BACKUP in self.due:
            told += f" (more than {BACKUP_DAYS} days ago)"
        if self.exercise is None:
            return told + "; never exercised: `corridor node check FILE`"
        told += f"; last exercised on {_day(self.exercise.at)}"
        if self.exercise.code:
            return told + f", and it could not be restored [{self.exercise.code}]"
        told += ", and it could be restored"
        return told + (" (due again)" if Due.EXERCISE in self.due else "")


def upkeep(
    journal: Sequence[JournalRow],
    looks: Iterable[tuple[str, Looked | None]],
    now: datetime,
    edition: EditionId | None = None,
) -> Upkeep:
    """What the journal and the last check-ups say; `edition` is the current one.

    What a check-up does not look at is not due with it.
    """
    backup = exercise = None
    names_edition = False
    for row in journal:
        if row.kind == "backed_up":
            backup = _last_backup(row, edition)
            names_edition = "edition" in row.details
        elif row.kind == "imported" and backup is not None and not names_edition:
            # An older version's entry does not say which edition the backup holds.
            backup = replace(backup, is_older=edition is not None and not backup.left_out)
        elif row.kind == "backup_checked":
            of = str(row.details["backup_at"])
            exercise = LastExercise(
                row.at, datetime.fromisoformat(of) if of else None, str(row.details["code"])
            )
    found = [one for what, one in looks if what != WHOLE_NODE]
    times = [one.at for one in found if one is not None]
    checkup_at = min(times) if times and len(times) == len(found) else None
    due = set()
    if backup is None or backup.lacks_data or now - backup.at > timedelta(BACKUP_DAYS):
        due.add(Due.BACKUP)
    if exercise is None or exercise.code or now - exercise.at > timedelta(EXERCISE_DAYS):
        due.add(Due.EXERCISE)
    if checkup_at is None or now - checkup_at > timedelta(CHECKUP_DAYS):
        due.add(Due.CHECKUP)
    return Upkeep(
        backup=backup,
        exercise=exercise,
        checkup_at=checkup_at,
        to_mend=sum(one is not None and not one.found.ok for one in found),
        due=frozenset(due),
    )


def _last_backup(row: JournalRow, edition: EditionId | None) -> LastBackup:
    held, left_out = row.details.get("edition"), bool(row.details.get("left_out"))
    if held is None:  # written by an older version, which said with_data of one that has none, too
        return LastBackup(row.at, bool(row.details["with_data"]), not row.details["with_data"])
    is_older = edition is not None and not left_out and held != edition
    return LastBackup(row.at, bool(row.details["with_data"]), left_out, is_older)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
