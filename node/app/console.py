"""The console: a process of its own, beside `serve`, that shows the node to its staff.

It shares the home's files with `serve` and with every other command, and none of their memory: a
bug of a web page is not in the process that holds an attempt's secrets. It listens on this machine
alone, or anywhere with TLS.
"""

import contextlib
import json
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import structlog
from flask import Flask

from corridor.errors import CorridorError
from corridor.errors.console import (
    BadListenError,
    ConsoleCannotListenError,
    ConsoleRunsError,
    ImportDiedError,
    ImportRefusedError,
)
from corridor.errors.node import NotRunningError
from corridor.files import holding_lock, is_locked
from corridor.node.app.charters import accept, offered_charter
from corridor.node.app.console_desks import approval_desks, checkup_desk, data_desks, policy_trials
from corridor.node.app.deciding import policy_desk, readable_policy
from corridor.node.app.keeping import open_keys
from corridor.node.app.looking import DEFAULT_DELTA
from corridor.node.app.people import people_desk
from corridor.node.app.shielding import shield_process
from corridor.node.app.world import (
    CONSOLE_LOCK,
    SERVE_LOCK,
    World,
    charter_desk,
    current_edition,
    journal_of,
    ledger_of,
    own_card_view,
    read_policy,
)
from corridor.node.budget import budget_view
from corridor.node.home import Home, read_settings
from corridor.node.import_desk import ImportDesk, ImportJob
from corridor.node.keys import read_keys
from corridor.node.listening import Listening, is_loopback
from corridor.node.reading_room import ReadingRoom
from corridor.node.status import Status, parse_status
from corridor.node.store import EditionStore
from corridor.node.store.vault import hand_over
from corridor.node.upkeep import upkeep
from corridor.node.views import BudgetView, EditionView
from corridor.node.web.desks import CharterDesks, Desks, MemberKey
from corridor.node.web.site import Addresses, make_console
from corridor.people import PeopleDesk
from corridor.protocols.cards import Card, fingerprint, fingerprint_text
from corridor.transport.fingerprints import spoken_fingerprint
from corridor.transport.logs import log_as_json_lines
from corridor.transport.web_server import WebServer

THREADS = 6
TIMEOUT_SECONDS = 30
HEADER_BYTES = 16 * 1024
UPLOAD_BYTES = 512 * 1024 * 1024
"""The longest upload; larger files are imported on the machine itself."""

_log = structlog.get_logger()


def serve_console(world: World, listening: Listening, *, tell: Callable[[str], None]) -> None:
    """Serve the console until Ctrl-C or SIGTERM.

    Raises:
        NoHomeError: there is no node here.
        ConsoleRunsError: another console of this home runs.
        CorridorError: the address or certificate cannot be used. Nothing was started.
    """
    listening.split()
    read_settings(Home(world.home))
    shield_process()
    open_keys(world)  # a passphrase is asked for now, and not by a page
    log_as_json_lines()
    with holding_lock(world.home / CONSOLE_LOCK) as alone:
        if not alone:
            raise ConsoleRunsError
        with open_desks(world) as desks:
            desks.imports.sweep()
            server = _make_server(desks, listening, world)
            desks.room.open()  # before somebody waits for it, and so is the next
            threading.Thread(target=_look_ahead, args=(desks,), daemon=True).start()
            host, port = server.bind_addr[:2]
            tell(_address(listening, str(host), int(port)))
            signal.signal(signal.SIGTERM, _stop)
            try:
                with contextlib.suppress(KeyboardInterrupt):
                    server.serve()
            finally:
                server.stop()


def _look_ahead(desks: Desks) -> None:
    """Count what retention would do today, so that the first look at the editions waits for none.

    What cannot be read is told when somebody looks.
    """
    with contextlib.suppress(CorridorError):
        desks.case_data.retention()


def _stop(*_: object) -> None:
    """End on SIGTERM as on Ctrl-C: uploads are removed, and whatever is answered is answered."""
    raise KeyboardInterrupt


@contextlib.contextmanager
def open_desks(world: World) -> Iterator[Desks]:
    """Everything behind the pages."""
    home = Home(world.home)
    settings = read_settings(home)
    room = _reading_room(world, home)
    with people_desk(world) as people, contextlib.closing(room):
        yield _make_desks(world, home, room, people, node=settings.name, country=settings.country)


def make_site(desks: Desks, listening: Listening, world: World, port: int) -> Flask:
    """The web application over `desks`."""
    host, _ = listening.split()
    return make_console(
        desks,
        addresses=Addresses(
            frozenset({host, "localhost", "127.0.0.1", "::1", *listening.hosts})
            if is_loopback(host)
            else frozenset({host, *listening.hosts}),
            port,
        ),
        has_tls=listening.certificate is not None,
        upload_bytes=UPLOAD_BYTES,
        clock=world.clock,
        reference=lambda: world.random_bytes(4).hex(),
    )


def _make_desks(
    world: World, home: Home, room: ReadingRoom, people: PeopleDesk, *, node: str, country: str
) -> Desks:
    one_call = threading.Lock()  # gRPC's loops are made one at a time

    def offer(trusted: Mapping[Any, Any]) -> Any:
        with one_call:
            return offered_charter(world, trusted)

    def sign(offered: Any, trusted: Mapping[Any, Any]) -> Any:
        with one_call:
            return accept(world, offered, trusted)

    checkups = checkup_desk(world, one_call)
    return Desks(
        node=node,
        country=country,
        people=people,
        room=room,
        policy=policy_desk(world),
        imports=ImportDesk(
            home.uploads,
            home.imports,
            lambda job, tell: run_import(world.home, job, tell),
            clock=world.clock,
            random_bytes=world.random_bytes,
        ),
        charter=CharterDesks(
            mine=lambda: own_card_view(home),
            accepted=lambda: charter_desk(home).accepted(),
            is_in_force=lambda: charter_desk(home).in_force() is not None,
            members=lambda: _member_keys(home),
            offer=offer,
            sign=sign,
        ),
        approvals=approval_desks(world, room),
        trials=policy_trials(world, room),
        case_data=data_desks(world),
        status=lambda: _status(world),
        is_enrolled=home.enrolment.exists,
        edition=lambda: _edition(world),
        budget=lambda: _budget(home, room),
        allowance=lambda: read_policy(home).all_time,
        checkups=checkups,
        upkeep=lambda: upkeep(
            room.journal_rows(),
            checkups.state().looks,
            world.clock(),
            current_edition(world),
        ),
    )


def _reading_room(world: World, home: Home) -> ReadingRoom:
    return ReadingRoom(
        (home.ledger, home.journal, home.policy, home.charter_accepted, home.charter),
        lambda: ledger_of(
            world,
            readable_policy(home)[0],
            charter_desk(home).accepted() if home.enrolment.exists() else None,
        ),
        lambda: journal_of(world, home, read_keys(home)),
    )


def _budget(home: Home, room: ReadingRoom) -> BudgetView:
    read_policy(home)  # else what is left would be told wrongly
    charter = charter_desk(home).accepted() if home.enrolment.exists() else None
    with room.books() as (ledger, _):
        balance, accounts = ledger.balance(), ledger.accounts()
    return budget_view(
        balance,
        accounts,
        delta=charter.delta if charter else DEFAULT_DELTA,
        nodes_per_person=charter.nodes_per_person if charter else 2,
        quorum="" if charter is None else charter.quorum_text,
    )


def _status(world: World) -> tuple[Status, bool]:
    home = Home(world.home)
    if not home.status.exists():
        raise NotRunningError
    found = parse_status(home.status.read_text("utf-8"))
    return found, is_locked(world.home / SERVE_LOCK)


def _edition(world: World) -> EditionView | None:
    current = EditionStore(world.home, world.random_bytes, world.clock).current()
    if current is None:
        return None
    return EditionView(current.id, current.number, current.written_at, dict(current.rows))


def _member_keys(home: Home) -> tuple[MemberKey, ...]:
    charter = charter_desk(home).accepted()
    marks = [] if charter is None else [(m, fingerprint(Card.of(m))) for m in charter.members]
    return tuple(
        MemberKey(one.country, one.name, fingerprint_text(mark), spoken_fingerprint(mark))
        for one, mark in marks
    )


def job_line(home: Path, job: ImportJob) -> str:
    """The one line that tells the process of an import what to do."""
    words = {
        "home": str(home),
        "folder": str(job.folder),
        "files": list(map(str, job.files)),
        "mappings": list(map(str, job.mappings)),
        "columns": job.columns and str(job.columns),
        "database": job.database,
        "tables": list(job.tables),
        "replace": job.replace,
        "looks": job.looks,
        "opens": hand_over(home),  # there is no terminal to ask for a passphrase
    }
    return json.dumps(words) + "\n"


def run_import(home: Path, job: ImportJob, tell: Callable[[str], None]) -> Mapping[str, Any]:
    """Read files in a process of its own, whose memory goes with it.

    Its standard error is not kept: what a library says of a broken file may hold a part of it.

    Raises:
        ImportRefusedError: the import was refused; with the code and words of the refusal.
        ImportDiedError: the process ended without a word.
    """
    with subprocess.Popen(  # this interpreter, and a module of ours
        [sys.executable, "-P", "-m", "corridor.node.app.import_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    ) as child:
        assert child.stdin is not None  # noqa: S101  # both were asked for
        assert child.stdout is not None  # noqa: S101
        with contextlib.suppress(BrokenPipeError):  # it ended already; what it said counts
            child.stdin.write(job_line(home, job))
            child.stdin.flush()
        for line in child.stdout:
            said = json.loads(line)
            match said:
                case {"progress": str(text)}:
                    tell(text)
                case {"refused": [str(code), str(text)]}:
                    raise ImportRefusedError(code, text)
                case {"done": dict(outcome)}:
                    return outcome
                case _:
                    pass
    raise ImportDiedError


# ---------------------------------------------------------------- the server


def _make_server(desks: Desks, listening: Listening, world: World) -> WebServer:
    host, port = listening.split()
    server = WebServer(
        (host, port),
        None,
        threads=THREADS,
        timeout=TIMEOUT_SECONDS,
        header_bytes=HEADER_BYTES,
        body_bytes=2 * UPLOAD_BYTES,
        trouble="console.trouble",
    )
    if listening.certificate is not None and listening.key is not None:
        try:
            server.use_tls(listening.certificate, listening.key, ssl.TLSVersion.TLSv1_2)
        except (OSError, ValueError) as error:
            raise BadListenError(
                "--tls-cert, --tls-key: cannot be used together as a certificate and its key; "
                "nothing was started. Give PEM files that belong together."
            ) from error
    try:
        server.prepare()
    except OSError as error:
        raise ConsoleCannotListenError(
            listening.address, error.strerror or "not available"
        ) from error
    server.wsgi_app = make_site(desks, listening, world, int(server.bind_addr[1]))
    return server


def _address(listening: Listening, host: str, port: int) -> str:
    scheme = "http" if listening.certificate is None else "https"
    name = listening.hosts[0] if listening.hosts else host
    return f"{scheme}://[{name}]:{port}/" if ":" in name else f"{scheme}://{name}:{port}/"
