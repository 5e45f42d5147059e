"""Makes files of releases, and verifies receipts, in a process of its own, one after another.

A form of a large release takes seconds of CPU and hundreds of megabytes. In the coordinator's own
process that would hold up the event loop on which attempts run, and a round would miss its deadline
because somebody downloads a workbook.
"""

import json
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

from corridor.errors.region import FilesBusyError, FormTooLargeError
from corridor.publishing.formats import FORMS
from corridor.publishing.formats.document import Document
from corridor.publishing.tables import tables_of

_P = ParamSpec("_P")
_T = TypeVar("_T")

MOST_CELLS = 250_000
"""Of a release, in any form but JSON: some 10 s and 500 MB. Larger ones are put into another form
where they are read (`docs/client.md`)."""

MOST_WAITING = 4
FILES_PER_PROCESS = 50
NICENESS = 10


class FileMaker:
    """Whom the site asks for files; makes its process when it is needed first.

    Any thread may call it. Close it when done.
    """

    def __init__(self, most_cells: int = MOST_CELLS) -> None:
        self._most_cells = most_cells
        self._places = threading.BoundedSemaphore(MOST_WAITING)
        self._lock = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None

    def make(
        self, document: bytes, form: str, name: str, published: Mapping[str, str] | None = None
    ) -> tuple[Document, ...]:
        """The files of a release.

        Args:
            document: the release, JSON.
            form: one of `FORMS`.
            name: of the file, without its ending.
            published: title and terms of the publication that it comes from, for its metadata; not
                in JSON, which is compared with the receipt.

        Raises:
            FilesBusyError: too many wait already, or the process was killed; try again.
            FormTooLargeError: the release has more cells than this form is made of here.
        """
        if form == "json":
            return (Document(f"{name}.json", document),)
        made = self.run(_make, document, form, name, self._most_cells, published)
        if isinstance(made, int):
            raise FormTooLargeError(form, made, self._most_cells)
        return made

    def run(self, work: Callable[_P, _T], *arguments: _P.args, **named: _P.kwargs) -> _T:
        """What `work` gives, a function of a module, called in the other process.

        Raises:
            FilesBusyError: too many wait already, or the process was killed; try again.
        """
        if not self._places.acquire(blocking=False):
            raise FilesBusyError
        try:
            return self._process().submit(work, *arguments, **named).result()
        except BrokenProcessPool as error:
            self.close()
            raise FilesBusyError from error
        finally:
            self._places.release()

    def close(self) -> None:
        """End the process; the next file makes another."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def _process(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ProcessPoolExecutor(
                    1,
                    mp_context=get_context("spawn"),  # a fork would copy gRPC's threads' locks
                    initializer=os.nice,
                    initargs=(NICENESS,),
                    max_tasks_per_child=FILES_PER_PROCESS,
                )
            return self._pool


def _make(
    document: bytes, form: str, name: str, most_cells: int, published: Mapping[str, str] | None
) -> tuple[Document, ...] | int:
    """In the other process: the files, or how many cells are too many."""
    release = json.loads(document)
    if published is not None:
        release["publication"] = dict(published)
    cells = sum(table.size for table in tables_of(release))
    if cells > most_cells:
        return cells
    chosen = FORMS[form]
    return tuple(chosen.write(release, f"{name}{chosen.suffix}"))
