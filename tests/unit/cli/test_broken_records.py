"""A node whose ledger was cut off, put back, or lies on a disk that fails: it says so."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from corridor.cli.main import main
from corridor.ids import Digest, EditionId, PublicKey, SessionId, Signature
from corridor.node import app
from corridor.node.app.world import journal_of, ledger_of
from corridor.node.home import Enrolment, Home, write_enrolment
from corridor.node.keys import read_keys
from corridor.node.policy import parse_policy
from corridor.protocols.secure_sum.messages import Acceptance
from support.broken_disk import SUPPORTED
from support.ledgers import open_ledger
from support.node_region import RHO, start

Capture = pytest.CaptureFixture[str]
TENTH, NOTHING = Fraction(1, 100), Digest(bytes(32))
GENEROUS = parse_policy("[allowance]\nper_year = '1'\nall_time = '1'\n")


@pytest.fixture
def home(tmp_path: Path, capsys: Capture) -> Path:
    """A node that took part in two attempts."""
    home = tmp_path / "home"
    assert main(["node", "init", "--country", "MD", "--home", str(home)]) == 0
    for number in (1, 2):
        take_part(home, SessionId(bytes([number]) * 16))
        shutil.copy(home / "ledger.sqlite3", tmp_path / f"after-{number}.sqlite3")
    capsys.readouterr()
    return home


def take_part(home: Path, session: SessionId) -> None:
    """What an attempt writes into ledger and journal, as far as its masked input."""
    world = app.real_world(home)
    keys = read_keys(Home(home))
    with (
        ledger_of(world, GENEROUS, None) as ledger,
        journal_of(world, Home(home), keys) as journal,
    ):
        ledger._failed_attempts_per_day = 9
        statement = ledger.reserve(
            session,
            TENTH,
            question=NOTHING,
            charter=NOTHING,
            deadline=int((world.clock() + timedelta(minutes=5)).timestamp()),
        )
        acceptance = Acceptance(
            header=NOTHING,
            country=statement.country,
            envelope_key=bytes(32),
            mask_key=bytes(32),
            edition=EditionId("1-" + "0" * 16),
            consent_rule="htcds-consent",
            statement=statement,
            signature=Signature(bytes(64)),
        )
        journal.accepted(session, acceptance)
        ledger.debit(session, TENTH)
        journal.let_out(session)


def lost(home: Path) -> None:
    (home / "ledger.sqlite3").unlink()


def put_back(home: Path) -> None:
    shutil.copy(home.parent / "after-1.sqlite3", home / "ledger.sqlite3")


def put_back_and_used(home: Path) -> None:
    put_back(home)
    world = app.real_world(home)
    with ledger_of(world, GENEROUS, None) as ledger:
        ledger._failed_attempts_per_day = 9
        deadline = int((world.clock() + timedelta(minutes=5)).timestamp())
        for number in (7, 8):
            session = SessionId(bytes([number]) * 16)
            ledger.reserve(session, TENTH, question=NOTHING, charter=NOTHING, deadline=deadline)


@pytest.mark.parametrize(
    ("harm", "missing"),
    [
        (lost, bytes([1]) * 16),
        (put_back, bytes([2]) * 16),
        (put_back_and_used, bytes([2]) * 16),
    ],
)
def test_a18_a_ledger_that_is_older_than_the_journal_is_said_to_be(
    home: Path, capsys: Capture, harm: Callable[[Path], None], missing: bytes
) -> None:
    harm(home)
    assert main(["node", "budget", "--home", str(home)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "[ledger.behind_journal]" in told.err
    assert f"ledger.sqlite3: attempt {missing.hex()} costs nothing there" in told.err
    assert "Put the newest ledger back in its place" in told.err
    assert main(["node", "doctor", "--home", str(home), "--json"]) == 1
    (finding,) = [one for one in json.loads(capsys.readouterr().out) if one["what"] == "ledger"]
    assert not finding["ok"]
    assert "ledger.behind_journal" in finding["finding"]
    # The newest ledger is back in its place: all is well again.
    shutil.copy(home.parent / "after-2.sqlite3", home / "ledger.sqlite3")
    assert main(["node", "budget", "--home", str(home), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["spent"] == "1/50"


# ---------------------------------------------------------------- the disk itself

only_linux = pytest.mark.skipif(not SUPPORTED, reason="needs the kernel's seccomp filters")


def child(*words: str) -> subprocess.CompletedProcess[str]:
    """A process that can import the tests' support."""
    tests = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-P", *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": str(tests), "PYTHONDONTWRITEBYTECODE": "1"},
    )


ON_A_READ_ONLY_DISK = """
import sys
import corridor.cli.node
from corridor.cli.main import main
from support.broken_disk import disk_is_read_only
disk_is_read_only()
for words in sys.argv[2:]:
    code = main(["node", *words.split(), "--home", sys.argv[1]])
    print(f"exit {code}|", file=sys.stderr, flush=True)
"""


@only_linux
def test_a38_on_a_read_only_disk_every_command_says_so(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolment = Enrolment(
        region="Test region",
        grpc="127.0.0.1:1",
        web="https://127.0.0.1:1",
        coordinator_key=PublicKey(bytes(32)),
        authority="00",
    )
    write_enrolment(Home(home), enrolment)
    monkeypatch.chdir(home.parent)
    Path("cases.csv").write_text("prs_Gender,con_Consent\nFeminine,Yes\n")
    codes = {
        "serve": "disk.cannot_write",
        "budget": "ledger.disk",
        "journal": "ledger.disk",
        "import cases.csv": "store.cannot_write",
    }
    done = child("-c", ON_A_READ_ONLY_DISK, str(home), *codes)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    *told, rest = done.stderr.split("|")
    assert rest.strip() == ""
    for said, code in zip(told, codes.values(), strict=True):
        assert f"[{code}]" in said
        assert "Read-only file system" in said
        assert "make room or check the rights of the folder" in said
        assert said.endswith("exit 1")


@only_linux
def test_a38_where_the_debit_cannot_be_flushed_nothing_leaves(tmp_path: Path) -> None:
    done = child("-m", "support.broken_disk", str(tmp_path))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told == {
        "pieces": 0,
        "code": "ledger.disk",
        "spent": "0",
        "journal": ["proposed", "accepted"],
    }
    # Whether the entry survives is the disk's affair; the chain is whole, and nothing is spent
    # that was not debited.
    with open_ledger(tmp_path / "MD" / "ledger.sqlite3", start()) as again:
        assert again.balance().spent in {0, RHO}
