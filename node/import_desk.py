"""Decides on imports that the console was given files for: one at a time, and no file stays.

    files arrive in a folder of their own under uploads/ → a process reads them → the folder is
    emptied, whatever became of it

Who wants to say first what columns mean has the process look at the files: they wait in their
folder then until that was said, they are given up, others come, the console ends, or nobody has
said so for `WAITING_SECONDS`: they lie there in clear. What is said
names what was asked (`Asking.shown`): a page of before says nothing of other files.

What a killed console left behind is swept when the next one starts.
"""

import re
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from corridor.errors import CorridorError
from corridor.errors.console import (
    ColumnsMovedError,
    FilesWaitedError,
    ImportDiedError,
    ImportRunsError,
    NoSuchReportError,
    NothingAskedError,
)
from corridor.errors.files import DiskError
from corridor.files import make_private_folder
from corridor.node.quality import SUFFIX as PROFILE
from corridor.protocols import canonical
from corridor.protocols.suite import RandomBytes

_STRANGE = re.compile(r"[^\w .()+-]")
_REPORT = re.compile(r"[0-9A-Za-z-]{1,80}\.json")
_COUNTRIES = re.compile(r"[0-9A-Za-z-]{1,80}-countries\.csv")
REPORTS_LISTED = 50
WAITING_SECONDS = 4 * 3600
"""So long files wait for somebody to say what their columns mean."""


class ImportStage(StrEnum):
    """How far the import is that was asked for last."""

    NONE = "none"
    RUNNING = "running"
    ASKING = "asking"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportState:
    """The import that was asked for last, since the console runs.

    Attributes:
        by: whose doing.
        progress: what is being done, in the importer's words.
        lines: the report in words, where it is done.
        looks: whether the files are only looked at.
        report, countries: names of files in imports/; empty where there is none.
        code, message: why it was refused.
    """

    stage: ImportStage = ImportStage.NONE
    by: str = ""
    began: datetime | None = None
    progress: Sequence[str] = ()
    lines: Sequence[str] = ()
    looks: bool = False
    report: str = ""
    countries: str = ""
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportJob:
    """What to read.

    Attributes:
        folder: emptied afterwards.
        files, mappings: lie in it.
        columns: a mapping file of columns and values, in place of the node's own.
        database, tables: the name of a database in the node's mapping file, and tables of it.
        replace: start empty instead of adding to the last edition.
        looks: read no further than to propose what columns mean; the files stay until somebody
            has said so.
    """

    folder: Path
    files: Sequence[Path]
    mappings: Sequence[Path] = ()
    columns: Path | None = None
    database: str | None = None
    tables: Sequence[str] = ()
    replace: bool = False
    looks: bool = False


@dataclass(frozen=True, slots=True)
class Asking:
    """Files that wait for somebody to say what their columns mean, and what is asked of them.

    Attributes:
        tables: what may be meant by columns that are not HTCDS, as JSON values.
    """

    job: ImportJob
    tables: Sequence[Mapping[str, Any]]

    @property
    def shown(self) -> str:
        """What stands for these files and these questions: an answer gives it back."""
        return canonical.digest(
            "corridor columns", self.job.folder.name.encode(), canonical.encode(self.tables)
        ).hex()


RunImport = Callable[[ImportJob, Callable[[str], None]], Mapping[str, Any]]
"""Reads the files, tells what it does, and gives the lines and the document of the outcome."""


class ImportDesk:
    """The imports of one console."""

    def __init__(
        self,
        uploads: Path,
        reports: Path,
        run: RunImport,
        *,
        clock: Callable[[], datetime],
        random_bytes: RandomBytes,
        waiting_seconds: float = WAITING_SECONDS,
    ) -> None:
        self._uploads, self._reports = uploads, reports
        self._run = run
        self._clock, self._random_bytes = clock, random_bytes
        self._waiting_seconds = waiting_seconds
        self._turn = threading.Lock()
        self._state = ImportState()
        self._asking: Asking | None = None
        self._thread: threading.Thread | None = None

    def sweep(self) -> None:
        """Remove what a killed console left; nobody else may use the folder.

        Raises:
            DiskError: something could not be removed.
        """
        if self._uploads.exists():
            _remove(self._uploads)

    def make_folder(self) -> Path:
        """A new private folder for files on their way here."""
        make_private_folder(self._uploads)
        return make_private_folder(self._uploads / self._random_bytes(8).hex())

    def drop(self, folder: Path) -> None:
        """Remove a folder whose files are not imported."""
        _remove(folder)

    def state(self) -> ImportState:
        """The import that was asked for last."""
        with self._turn:
            return self._state

    def begin(self, job: ImportJob, by: str) -> None:
        """Begin to read the files of `job`.

        Raises:
            ImportRunsError: another import runs; the files were removed again.
        """
        with self._turn:
            if self._state.stage is ImportStage.RUNNING:
                _remove(job.folder)
                raise ImportRunsError
            asking, self._asking = self._asking, None
            if asking is not None and asking.job.folder != job.folder:
                _remove(asking.job.folder)
            self._start(job, by)

    def asking(self) -> Asking:
        """The files that wait for somebody to say what their columns mean, and what is asked.

        Raises:
            NothingAskedError: none do.
        """
        with self._turn:
            if self._asking is None:
                raise NothingAskedError
            return self._asking

    def go_on(self, by: str, shown: str, keep: Callable[[Asking], None], *, looks: bool) -> None:
        """Keep what was said of the files that wait, then read them: to the end, or look again.

        Args:
            by: whose doing.
            shown: what was asked (`Asking.shown`).
            keep: keeps what was said; what it raises leaves the files waiting.
            looks: look at them once more.

        Raises:
            NothingAskedError: none wait. Nothing was kept.
            ColumnsMovedError: something else is asked. Nothing was kept.
        """
        with self._turn:
            asking = self._asked(shown)
            keep(asking)
            self._asking = None
            self._start(replace(asking.job, looks=looks), by)

    def give_up(self, shown: str) -> None:
        """Remove the files that wait.

        Raises:
            NothingAskedError: none do.
            ColumnsMovedError: other files do. Nothing was removed.
            DiskError: something could not be removed.
        """
        with self._turn:
            asking = self._asked(shown)
            self._asking = None
            self._state = ImportState()
            _remove(asking.job.folder)

    def _asked(self, shown: str) -> Asking:
        if self._asking is None:
            raise NothingAskedError
        if self._asking.shown != shown:
            raise ColumnsMovedError
        return self._asking

    def _start(self, job: ImportJob, by: str) -> None:
        now = self._clock()
        self._state = ImportState(stage=ImportStage.RUNNING, by=by, began=now, looks=job.looks)
        self._thread = threading.Thread(target=self._read, args=(job,), daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Until no import runs."""
        with self._turn:
            thread = self._thread
        if thread is not None:
            thread.join()

    def reports(self) -> Sequence[str]:
        """The names of the reports there are, the newest first."""
        # A profile, which lies beside its report, has a page of its own.
        found = sorted(
            (path.name for path in self._reports.glob("*.json") if not _is_profile(path.name)),
            reverse=True,
        )
        return found[:REPORTS_LISTED]

    def report(self, name: str) -> Path:
        """The file of a report, or of a list of countries to fill in.

        Raises:
            NoSuchReportError: there is none of that name.
        """
        path = self._reports / name
        is_named = _REPORT.fullmatch(name) and not _is_profile(name)
        if not (is_named or _COUNTRIES.fullmatch(name)) or not path.is_file():
            raise NoSuchReportError
        return path

    def _read(self, job: ImportJob) -> None:
        try:
            outcome = self._run(job, self._tell)
            if job.looks:
                self._ask(job, outcome["tables"])
                return
            document = outcome["document"]
            ended = ImportState(
                stage=ImportStage.DONE,
                lines=tuple(outcome["lines"]),
                report=Path(document["file"]).name,
                countries=Path(document["countries"]).name if document["countries"] else "",
            )
        except CorridorError as error:
            ended = ImportState(stage=ImportStage.REFUSED, code=error.code, message=str(error))
        except BaseException:
            died = ImportDiedError()
            self._end(
                job, ImportState(stage=ImportStage.REFUSED, code=died.code, message=str(died))
            )
            raise
        self._end(job, ended)

    def _ask(self, job: ImportJob, tables: Sequence[Mapping[str, Any]]) -> None:
        with self._turn:
            self._asking = asking = Asking(job, tuple(tables))
            self._state = replace(self._state, stage=ImportStage.ASKING)
        patience = threading.Timer(self._waiting_seconds, self._wait_no_more, (asking,))
        patience.daemon = True
        patience.start()

    def _wait_no_more(self, asking: Asking) -> None:
        """Remove files that still wait; nothing where that was said meanwhile, or others came."""
        with self._turn:
            if self._asking is not asking:
                return
            self._asking = None
        waited = FilesWaitedError()
        self._end(
            asking.job,
            ImportState(stage=ImportStage.REFUSED, code=waited.code, message=str(waited)),
        )

    def _end(self, job: ImportJob, ended: ImportState) -> None:
        try:
            _remove(job.folder)
        except DiskError as error:
            ended = replace(ended, code=error.code, message=str(error))
        with self._turn:
            before = self._state
            self._state = replace(ended, by=before.by, began=before.began, progress=before.progress)

    def _tell(self, text: str) -> None:
        with self._turn:
            self._state = replace(self._state, progress=(*self._state.progress, text)[-20:])


@dataclass(slots=True)
class UploadFolder:
    """Where the files of one request go; a name is kept as far as it is harmless."""

    folder: Path
    most_bytes: int
    paths: list[Path] = field(default_factory=list)

    def path_for(self, name: str) -> Path:
        """A path that is not taken, with the name and ending that the file had."""
        last = name.replace("\\", "/").rsplit("/", 1)[-1]
        # A file's name may have 255 bytes, not letters; the end has what kind of file it is.
        end = _STRANGE.sub("_", last).strip(" .").encode("utf-8", "ignore")[-200:]
        stem, dot, ending = end.decode("utf-8", "ignore").rpartition(".")
        stem, ending = (stem or "file", f".{ending}") if dot else (ending or "file", "")
        taken = {one.name for one in self.paths}
        number, name = 1, f"{stem}{ending}"
        while name in taken:
            number += 1
            name = f"{stem} {number}{ending}"
        path = self.folder / name
        self.paths.append(path)
        return path


def _is_profile(name: str) -> bool:
    return name.endswith(PROFILE)


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise DiskError(str(folder), error.strerror or "cannot be removed") from error
