"""A PostgreSQL server and a Spark of the tests' own: real ones, started when a test needs them.

A server has a folder and a socket of its own in /tmp, no port, and nobody's password.

Their libraries are not in everybody's environment (`make engines`): Ibis brings pandas, which
pyarrow loads in every process that finds it. So tests that need them are skipped with the reason,
and `make test-engines`, which has them, skips nothing (CORRIDOR_ENGINES).
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest

DATABASE = "postgres"
SCHEMA = "corridor"


def demand(there: bool, what: str) -> None:
    """Skip the test that needs something which is not there; fail where that must be there."""
    if not there:
        if os.environ.get("CORRIDOR_ENGINES"):
            pytest.fail(f"{what}, and here nothing is skipped")
        pytest.skip(what)


def demand_spark() -> None:
    """Skip where there is no Spark."""
    demand(shutil.which("java") is not None, "there is no java")
    demand_libraries()


def demand_libraries() -> None:
    """Skip where the engines' libraries are not installed."""
    there = importlib.util.find_spec("ibis") and importlib.util.find_spec("pyspark")
    demand(there is not None, "`make engines` was not run")


class PostgresqlServer:
    """One server; several stores may share it."""

    def __init__(self) -> None:
        demand_libraries()
        self._programs = _programs()
        # Not the tests' own temporary folder: the account that it runs under must get there.
        self.folder = Path(tempfile.mkdtemp(prefix="corridor-pg-"))
        self._account: str | None = None
        if os.getuid() == 0:  # PostgreSQL refuses to run as root
            self._account = "postgres" if _exists("postgres") else "nobody"
            shutil.chown(self.folder, self._account)
        self._data = self.folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._run(
            ["initdb", "-D", str(self._data), "-A", "trust", "-U", "corridor", "-E", "UTF8", "-N"]
        )

    @property
    def url(self) -> str:
        """For store.toml."""
        return f"postgresql://corridor@/{DATABASE}?host={self.folder}"

    def start(self) -> None:
        """Run it, and wait until it lets somebody in."""
        words = ["postgres", "-D", str(self._data), "-k", str(self.folder), "-h", "", "-F"]
        self._process = subprocess.Popen(
            [str(self._programs / words[0]), *words[1:]],
            user=self._account,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "log").open("ab"),
            start_new_session=True,
        )
        for _ in range(300):
            try:
                with psycopg.connect(self.url, autocommit=True) as connection:
                    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
                    return
            except psycopg.OperationalError:
                time.sleep(0.1)
        raise AssertionError((self.folder / "log").read_text())

    def kill(self) -> None:
        """As a power failure would: every process of it, at once."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    def stop(self) -> None:
        """End it, and remove what it kept."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)
        shutil.rmtree(self.folder)

    def execute(self, text: str) -> list[tuple[object, ...]]:
        """What the database says, past the node."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(text.encode())
            return cursor.fetchall() if cursor.description else []

    def tables(self) -> list[str]:
        """The tables in the schema of the editions."""
        found = self.execute("SELECT schemaname, tablename FROM pg_tables ORDER BY 2")
        return [str(table) for schema, table in found if schema == SCHEMA]

    def _run(self, words: Sequence[str]) -> None:
        done = subprocess.run(
            [str(self._programs / words[0]), *words[1:]],
            user=self._account,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()


def _programs() -> Path:
    """The folder of PostgreSQL's programs: Debian keeps them out of the path."""
    found = shutil.which("initdb")
    if found is None:
        kept = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
        found = str(kept[-1]) if kept else None
    demand(found is not None, "there is no PostgreSQL server (initdb, postgres)")
    assert found is not None
    return Path(found).resolve().parent


def _version(path: Path) -> int:
    return int(path.parts[-3])


def _exists(account: str) -> bool:
    return subprocess.run(["id", account], capture_output=True, check=False).returncode == 0
