"""A query that needs more memory than it may take fails; it writes nothing to a disk."""

import threading
import time
from pathlib import Path
from random import Random

import duckdb
import pyarrow as pa
import pytest

from corridor.node.evaluation.engine import shut_off_connection

ROWS = 400_000
SORTED = "SELECT s FROM given ORDER BY s"


class Watched:
    """Looks into folders until the block ends; `most` is the most bytes that lay there at once."""

    def __init__(self, *folders: Path) -> None:
        self._folders = folders
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.most = 0

    def __enter__(self) -> "Watched":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.is_set():
            self.most = max(self.most, sum(map(_size, self._folders)))
            time.sleep(0.002)


def _size(folder: Path) -> int:
    found = 0
    for path in folder.rglob("*"):
        try:
            found += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return found


def rows() -> pa.Table:
    source = Random(7)
    return pa.table({"s": [source.randbytes(32).hex() for _ in range(ROWS)]})


def test_too_many_rows_for_the_memory_are_an_error_and_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with Watched(tmp_path) as watched, shut_off_connection("24MB") as connection:
        connection.register("given", rows())
        with pytest.raises(duckdb.OutOfMemoryException):
            connection.sql(SORTED).to_arrow_table()
    assert watched.most == 0


def test_the_same_query_spills_where_it_has_a_folder(tmp_path: Path) -> None:
    """The twin: the rows above do need a disk, and the watching would see it."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": "24MB",
        "threads": 1,
        "temp_directory": str(tmp_path / "spilled"),
    }
    with Watched(tmp_path) as watched, duckdb.connect(config=config) as connection:
        connection.register("given", rows())
        assert connection.sql(SORTED).to_arrow_table().num_rows == ROWS
    assert watched.most > 1 << 20


def test_nobody_can_give_the_engine_a_folder_afterwards() -> None:
    with shut_off_connection() as connection, pytest.raises(duckdb.Error):
        connection.execute("SET temp_directory = '/tmp'")
