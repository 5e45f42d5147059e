"""A real PostgreSQL server for tests: a cluster of its own in a folder, a port of its own."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from corridor.cli.demo.region import free_port

ADMIN = "corridor_admin"
READER = "reader"
PASSWORD = "s3cret-for-tests"  # of a server that lives for a test


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs, with a database `cases` and an account that may only read it."""

    port: int

    def url(self, user: str = READER) -> str:
        """The address, without the password."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/cases"

    def run(self, *statements: str) -> None:
        """Run statements as the administrator."""
        with psycopg.connect(
            f"host=127.0.0.1 port={self.port} user={ADMIN} dbname=cases", password=PASSWORD
        ) as connection:
            for statement in statements:
                connection.execute(statement.encode())


def program(name: str) -> str | None:
    """Where a program of PostgreSQL is; Debian keeps it out of the path."""
    found = shutil.which(name)
    if found is not None:
        return found
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(places[-1]) if places else None


@contextmanager
def running() -> Iterator[Server]:
    """A server, for as long as the block runs."""
    initdb, postgres = program("initdb"), program("postgres")
    assert initdb is not None
    assert postgres is not None
    # Not in pytest's folder, which only its own user may enter: the server refuses to be root.
    with tempfile.TemporaryDirectory(prefix="corridor-postgresql-") as name:
        folder, port = Path(name), free_port()
        secret = folder / "password"
        secret.write_text(PASSWORD)
        user = None
        if os.getuid() == 0:
            user = "postgres"
            owner = pwd.getpwnam(user)
            for path in (folder, secret):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        data = folder / "data"
        made = [initdb, "-D", str(data), "-U", ADMIN, "-A", "scram-sha-256", "-E", "UTF8"]
        subprocess.run(
            [*made, "--locale=C", f"--pwfile={secret}", "--no-sync"],
            check=True,
            capture_output=True,
            user=user,
            cwd=folder,
        )
        quick = ["-c", "fsync=off", "-c", f"unix_socket_directories={folder}"]
        with subprocess.Popen(
            [postgres, "-D", str(data), "-p", str(port), "-h", "127.0.0.1", *quick],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=user,
            cwd=folder,
        ) as process:
            try:
                _prepare(port, process)
                yield Server(port)
            finally:
                process.terminate()
                process.wait(30)


def _prepare(port: int, process: "subprocess.Popen[bytes]") -> None:
    address = f"host=127.0.0.1 port={port} user={ADMIN} dbname=postgres connect_timeout=2"
    for _ in range(200):
        try:
            connection = psycopg.connect(address, password=PASSWORD, autocommit=True)
            break
        except psycopg.OperationalError:
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            raise
    else:
        raise AssertionError("the server does not answer")
    with connection:
        connection.execute("CREATE DATABASE cases")
        connection.execute(f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'".encode())
