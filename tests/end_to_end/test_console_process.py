"""The console as a process: alone at its home, with TLS, killed in the middle, and its accounts."""

import json
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from corridor.ids import CountryCode
from corridor.node import app as node_app
from corridor.node.app.console import job_line
from corridor.node.home import Home
from corridor.node.import_desk import ImportJob
from corridor.transport.certificates import encode_certificate
from support.authority import TestAuthority
from support.console_region import console_process
from support.demo_region import command

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "MD"
    node_app.initialise(
        node_app.real_world(made), country=CountryCode("MD"), name="Ministry of the Interior"
    )
    return made


def people(home: Path, *words: str, code: int = 0) -> object:
    return command("node", "people", *words, "--home", str(home), code=code)


def test_the_first_administrator_is_made_on_the_machine(home: Path) -> None:
    added = people(home, "add", "Ana Rusu", "--role", "administrator")
    assert isinstance(added, dict)
    assert len(added["code"]) == 19
    people(home, "role", "Ana Rusu", "--role", "officer", "--role", "administrator")
    people(home, "lock", "ana rusu")
    assert people(home, "list") == [
        {"name": "Ana Rusu", "roles": ["administrator", "officer"], "standing": "locked"}
    ]
    people(home, "unlock", "Ana Rusu")
    again = people(home, "reset", "Ana Rusu")
    assert isinstance(again, dict)
    assert again["code"] != added["code"]
    journal = command("node", "journal", "--home", str(home))
    changes = [one["change"] for one in journal if one["kind"] == "people_changed"]
    assert changes == ["added", "roles", "locked", "unlocked", "reset"]
    assert added["code"] not in json.dumps(journal)


@pytest.mark.parametrize(
    "words", [("list", "Ana"), ("add", "Ana"), ("lock",), ("reset", "Ana", "--role", "officer")]
)
def test_words_that_do_not_fit_are_wrong_usage(home: Path, words: tuple[str, ...]) -> None:
    refused = people(home, *words, code=2)
    assert isinstance(refused, dict)
    assert refused["error"]["code"] == "cli.people_words"


def test_two_consoles_do_not_share_a_home(home: Path) -> None:
    with console_process(home):
        refused = command("node", "console", "--home", str(home), "--listen", "127.0.0.1:0", code=1)
        assert refused["error"]["code"] == "console.runs_already"


def test_a_port_that_is_taken_is_told(home: Path) -> None:
    with console_process(home) as address:
        other = home.parent / "BG"
        node_app.initialise(node_app.real_world(other), country=CountryCode("BG"), name="Other")
        taken = address.removeprefix("http://")
        refused = command("node", "console", "--home", str(other), "--listen", taken, code=1)
        assert refused["error"]["code"] == "console.cannot_listen"


def test_with_a_certificate_it_speaks_tls_and_nothing_older_than_1_2(
    home: Path, tmp_path: Path
) -> None:
    authority = TestAuthority()
    server = authority.server()
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.write_bytes(server.certificate)
    key.write_bytes(server.key)
    words = ("--tls-cert", str(certificate), "--tls-key", str(key))
    context = ssl.create_default_context(cadata=encode_certificate(authority.certificate).decode())
    old = ssl.create_default_context(cadata=encode_certificate(authority.certificate).decode())
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with console_process(home, *words) as address:
        assert address.startswith("https://")
        answer = httpx.get(f"{address}/sign-in", verify=context)
        assert answer.headers["set-cookie"].startswith("__Host-corridor-console=")
        assert "max-age=31536000" in answer.headers["strict-transport-security"]
        assert answer.headers["server"] == "Corridor"
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{address}/sign-in", verify=old)


def test_a_certificate_with_another_key_is_refused(home: Path, tmp_path: Path) -> None:
    authority = TestAuthority()
    (tmp_path / "cert.pem").write_bytes(authority.server().certificate)
    (tmp_path / "key.pem").write_bytes(authority.server().key)
    words = ("--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem"))
    refused = command("node", "console", "--home", str(home), *words, code=1)
    assert refused["error"]["code"] == "console.bad_listen"


def test_an_import_whose_console_is_gone_removes_the_files_and_ends(home: Path) -> None:
    folder = Home(home).uploads / "one"
    folder.mkdir(parents=True)
    cases = folder / "cases.csv"
    rows = "".join(f"{number},Female,Yes\n" for number in range(300_000))
    cases.write_text("prs_IdentityNumber,prs_Gender,con_Consent\n" + rows)
    job = ImportJob(folder=folder, files=(cases,))
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "corridor.node.app.import_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(job_line(home, job))
        child.stdin.flush()
        assert "progress" in child.stdout.readline()
        child.stdin.close()
        assert child.wait(30) != 0
    assert not folder.exists()


def test_a_console_that_starts_sweeps_what_a_killed_one_left(home: Path) -> None:
    left = Home(home).uploads / "one" / "cases.csv"
    left.parent.mkdir(parents=True)
    left.write_text("1001,Female\n")
    with console_process(home) as address:
        begin = time.monotonic()
        assert httpx.get(f"{address}/sign-in").status_code == 200
        assert time.monotonic() - begin < 10
        assert not left.exists()
