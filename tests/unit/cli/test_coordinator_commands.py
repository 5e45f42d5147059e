"""The coordinator's commands on a real home, without `serve`."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from corridor.cli.attempts import show_attempts
from corridor.cli.demo.region import free_port
from corridor.cli.main import main
from corridor.cli.output import Output
from corridor.coordinator.attempts import AttemptRecord, Ending, Failure, NotInvited, Parting
from corridor.coordinator.store import Store, questions
from corridor.ids import CountryCode, SessionId
from corridor.protocols.cards import fingerprint_text
from corridor.transport.fingerprints import parse_spoken_fingerprint
from corridor.transport.invitations import parse_invitation
from support.release_tree import make_log

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> Path:
    monkeypatch.setenv("CORRIDOR_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert main(["coordinator", "init", "--name", "Danube region"]) == 0
    assert "Next: corridor coordinator serve" in capsys.readouterr().out
    return tmp_path / "home"


def told(capsys: Capture, *words: str) -> Any:
    assert main(["coordinator", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_home_is_made_once(capsys: Capture) -> None:
    assert main(["coordinator", "init", "--name", "Another"]) == 1
    assert "[coordinator.home_in_use]" in capsys.readouterr().err


def test_an_invitation_is_a_private_file_that_a_node_can_read(
    tmp_path: Path, capsys: Capture
) -> None:
    document = told(capsys, "invite", "--country", "MD")
    path = tmp_path / "invitation-MD.json"
    assert document["file"] == path.name
    assert path.stat().st_mode & 0o777 == 0o600
    invitation = parse_invitation(path.read_bytes())
    assert invitation.country == "MD"
    assert invitation.authority == document["authority"]
    assert invitation.code not in json.dumps(document)


def test_an_invitation_is_compared_before_anything_is_sent(tmp_path: Path, capsys: Capture) -> None:
    told(capsys, "invite", "--country", "MD")
    path = tmp_path / "invitation-MD.json"
    node = tmp_path / "node"
    assert main(["node", "init", "--country", "MD", "--home", str(node)]) == 0
    before = sorted(one.name for one in node.rglob("*"))
    capsys.readouterr()
    words = ["node", "enrol", str(path), "--show", "--json", "--home", str(node)]
    assert main(words) == 0  # no coordinator runs
    shown = json.loads(capsys.readouterr().out)
    invitation = parse_invitation(path.read_bytes())
    assert shown["authority"].replace("-", "").lower() == invitation.authority
    assert shown["coordinator_key"] == invitation.coordinator_key
    assert fingerprint_text(parse_spoken_fingerprint(shown["words"])) == invitation.coordinator_key
    assert sorted(one.name for one in node.rglob("*")) == before


def test_an_invitation_tells_the_next_command(capsys: Capture) -> None:
    assert main(["coordinator", "invite", "--country", "MD"]) == 0
    assert "corridor node enrol invitation-MD.json" in capsys.readouterr().out


def test_a_token_is_shown_once_then_listed_then_revoked(capsys: Capture) -> None:
    issued = told(capsys, "token", "Ana", "--organisation", "IOM")
    assert issued["token"].startswith("corridor_")
    assert told(capsys, "token", "--list") == [
        {"name": "Ana", "organisation": "IOM", "scopes": ["ask", "read"]}
    ]
    assert told(capsys, "token", "Ana", "--revoke") == {"name": "Ana", "revoked": True}
    assert told(capsys, "token", "--list") == []


def test_an_account_asks_in_the_name_of_its_organisation(capsys: Capture) -> None:
    add = ("people", "add", "Ana Rusu", "--role", "analyst", "--organisation", "IOM")
    assert told(capsys, *add)["name"] == "Ana Rusu"
    told(capsys, "people", "organisation", "Ana Rusu", "--organisation", "Europol")
    assert told(capsys, "people", "list") == [
        {
            "name": "Ana Rusu",
            "roles": ["analyst"],
            "standing": "invited",
            "organisation": "Europol",
        }
    ]


@pytest.mark.parametrize(
    "words",
    [
        ("people", "organisation", "Ana Rusu"),
        ("people", "lock", "Ana Rusu", "--organisation", "IOM"),
        ("people", "list", "--organisation", "IOM"),
    ],
)
def test_words_about_accounts_that_do_not_fit_each_other_are_refused(
    capsys: Capture, words: tuple[str, ...]
) -> None:
    assert main(["coordinator", *words]) == 2
    assert "cli.people_words" in capsys.readouterr().err


def test_an_account_at_a_node_has_no_organisation(tmp_path: Path, capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main(["node", "people", "add", "Ana", "--role", "officer", "--organisation", "IOM"])
    assert "--organisation" in capsys.readouterr().err


def test_a_token_comes_with_the_whole_login_that_its_holder_types(
    home: Path, capsys: Capture
) -> None:
    settings = home / "coordinator.toml"
    text = settings.read_text("utf-8")
    web = next(line for line in text.splitlines() if line.startswith("web = "))
    text = text.replace(web, 'web = "0.0.0.0:7080"')
    settings.write_text(text.replace("hosts = []", 'hosts = ["coordinator.example"]'), "utf-8")
    assert main(["coordinator", "token", "Ana"]) == 0
    said = capsys.readouterr().out
    assert "corridor login https://coordinator.example:7080 --ca-fingerprint " in said


def test_a_log_says_once_where_a_coordinator_serves(tmp_path: Path) -> None:
    words = ["coordinator", "init", "--name", "X", "--home", str(tmp_path / "served")]
    ports = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    assert main([*words, "--listen", ports[0], "--web", ports[1]]) == 0
    serve = [str(Path(sys.executable).with_name("corridor")), "coordinator", "serve"]
    with subprocess.Popen(
        [*serve, "--home", str(tmp_path / "served")], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        first = json.loads(process.stderr.readline())
        process.terminate()
        rest = process.stderr.read()
    assert (first["event"], first["grpc"], first["web"]) == ("coordinator.serving", *ports)
    assert ports[1] not in rest


def test_a_charter_needs_enrolled_members(capsys: Capture) -> None:
    assert main(["coordinator", "charter", "propose"]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_a_region_of_nobody_says_what_to_do(capsys: Capture) -> None:
    assert told(capsys, "members") == []
    assert main(["coordinator", "members"]) == 0
    assert "corridor coordinator invite --country CC" in capsys.readouterr().out


def test_before_anything_was_attempted_the_list_says_so(capsys: Capture) -> None:
    assert told(capsys, "attempts") == []
    assert main(["coordinator", "attempts"]) == 0
    assert "nothing was attempted yet" in capsys.readouterr().out


def test_who_is_not_held_out_cannot_be_readmitted(capsys: Capture) -> None:
    assert main(["coordinator", "readmit", "MD"]) == 1
    assert "[attempt.not_held_out]" in capsys.readouterr().err


def ask(store: Store) -> None:
    """A question waits."""
    with store.writing() as connection:
        connection.execute(
            insert(questions).values(
                id="q1", place=1, question=b"{}", digest=bytes(32), rho="1/100", scope="regional",
                charter=bytes(32), purpose="", organisation="", asked_by="ana", asked=1,
                state="queued", since=1,
            )
        )  # fmt: skip


def make_attempt(home: Path) -> None:
    """One that failed in its last round, with everything that can become of a member."""
    bg, md, ro, ua = map(CountryCode, ("BG", "MD", "RO", "UA"))
    session = SessionId(bytes.fromhex("3f2a91c0" + 24 * "0"))
    store = Store(home / "coordinator.sqlite3")
    ask(store)
    record = AttemptRecord(store, lambda: 1000, make_log(store))
    record.begin(session, "q1", "propose", invited=[bg, md, ro], not_invited={ua: NotInvited.AWAY})
    record.enter(session, "unmask", [bg, md])
    failure = Failure(code="secure_sum.bad_dealer", message="why", round="unmask", missing=())
    partings = {ro: Parting("propose", "policy.refused"), md: Parting("unmask", None)}
    ending = Ending(
        round="unmask", answered=frozenset({bg}), partings=partings, proven={bg: failure.code}
    )
    record.fail(session, "q1", failure, ending)
    store.close()


def test_a_question_that_no_attempt_could_begin_for_is_listed_with_its_reason(
    home: Path, capsys: Capture
) -> None:
    store = Store(home / "coordinator.sqlite3")
    ask(store)
    failure = Failure(
        code="region.too_few_nodes", message="UA is away", round="propose", missing=()
    )
    AttemptRecord(store, lambda: 1000, make_log(store)).refuse("q1", failure)
    store.close()
    (one,) = told(capsys, "attempts")
    assert (one["session"], one["outcome"], one["failure"]["code"]) == (
        None,
        "refused",
        "region.too_few_nodes",
    )
    assert main(["coordinator", "attempts"]) == 0
    assert "region.too_few_nodes" in capsys.readouterr().out


def test_what_was_asked_is_cut_where_a_line_of_the_list_ends() -> None:
    long = {
        "session": "3f2a91c0" + 24 * "0",
        "began_at": "2026-01-01T00:00:00Z",
        "title": "persons by " + "gender, " * 40,
        "number": 1,
        "failure": None,
        "outcome": "released",
        "members": [],
        "seconds": 1,
    }
    text = io.StringIO()
    show_attempts([long], Output(as_json=False, out=text))
    assert 1 <= text.getvalue().count("gender") <= 6
    assert "…" in text.getvalue()


def test_an_attempt_says_what_became_of_each_member(home: Path, capsys: Capture) -> None:
    make_attempt(home)
    assert main(["coordinator", "attempts"]) == 0
    listed = capsys.readouterr().out
    assert "3f2a91c0" in listed
    assert "secure_sum.bad_dealer" in listed
    assert main(["coordinator", "attempts", "3f2a"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for words in (
        "why why",
        (
            "BG took part to the end; answered last in unmask; held out since: its bad shares are "
            "proven [secure_sum.bad_dealer]"
        ),
        (
            "MD dropped out in the round unmask: no answer before its deadline; answered last in "
            "propose"
        ),
        "RO refused, or could not accept [policy.refused]",
        "UA not asked: away",
    ):
        assert words in shown
    assert main(["coordinator", "attempts", "3f2b"]) == 1
    assert "[attempt.unknown]" in capsys.readouterr().err
