"""Commands of the people who decide: what waits, and which policy."""

import json
import re
import sqlite3
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from corridor.cli.main import main
from corridor.node import app
from corridor.node.approvals import ApprovalBook
from corridor.node.policy import DEFAULT_POLICY
from corridor.node.store import EditionStore
from corridor.privacy.continual import Series
from support.waiting_questions import BY_GENDER, import_cases, let_wait, put_charter_in_force

HOME = ("--home", "md")


@pytest.fixture(autouse=True)
def a_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CORRIDOR_HOME", raising=False)
    assert main(["node", "init", "--country", "MD", *HOME]) == 0
    capsys.readouterr()
    return tmp_path / "md"


def run(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    assert main(["node", *words, *HOME, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def keep(home: Path, *, purpose: str = "annual report", needs: int = 2) -> str:
    """A question that waits at a node with a charter and data; gives its id."""
    world = app.real_world(home)
    charter = put_charter_in_force(world)
    if EditionStore(world.home, world.random_bytes, world.clock).current() is None:
        import_cases(world, home.parent)
    return let_wait(world, charter, purpose=purpose, needs=needs)


def shown(capsys: pytest.CaptureFixture[str], identifier: str) -> tuple[str, str]:
    """What whoever read a question approves it with."""
    return "--shown", run(capsys, "approvals", identifier)["shown"]


def test_what_waits_is_listed_and_two_people_approve_it(
    a_node: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    identifier = keep(a_node)
    assert main(["node", "approvals", *HOME]) == 0
    listed = capsys.readouterr().out
    assert identifier in listed
    assert "0 of 2" in listed
    assert main(["node", "approvals", identifier[:5], *HOME]) == 0
    told = " ".join(capsys.readouterr().out.split())
    pasted = re.search(r"corridor node (approve \w+ --shown \w+ --as) NAME --home md", told)
    assert pasted, told
    words = pasted[1].split()  # to be pasted
    assert main(["node", *words, "Anna", *HOME]) == 0
    assert "1 more person must approve it" in capsys.readouterr().out
    found = run(capsys, *words, "boris")
    assert (found["standing"], found["approvers"]) == ("approved", ["anna", "boris"])
    entries = [row for row in run(capsys, "journal") if row["kind"] == "approved"]
    assert [(row["by"], row["given"], row["needs"]) for row in entries] == [
        ("anna", 1, 2),
        ("boris", 2, 2),
    ]


def test_what_was_denied_is_listed_no_more_and_takes_no_approval(
    a_node: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    identifier = keep(a_node)
    assert run(capsys, "deny", identifier, "--as", "anna")["deniers"] == ["anna"]
    assert run(capsys, "approvals") == []
    assert [one["standing"] for one in run(capsys, "approvals", "--all")] == ["denied"]
    refused = run(
        capsys, "approve", identifier, *shown(capsys, identifier), "--as", "boris", code=1
    )
    assert refused["error"]["code"] == "policy.approval_over"


@pytest.mark.parametrize("given", ["", "0" * 16, "of another"])
def test_nothing_is_approved_but_what_was_shown(
    a_node: Path, capsys: pytest.CaptureFixture[str], given: str
) -> None:
    identifier, other = keep(a_node), keep(a_node, purpose="another")
    if given == "of another":
        _, given = shown(capsys, other)
    refused = run(capsys, "approve", identifier, "--shown", given, "--as", "anna", code=1)
    assert refused["error"]["code"] == "policy.not_what_was_shown"
    assert [one["approvers"] for one in run(capsys, "approvals")] == [[], []]
    with pytest.raises(SystemExit):  # wrong usage, as `--help` says
        main(["node", "approve", identifier, "--as", "anna", *HOME])


def test_what_cannot_be_told_in_words_is_denied_or_nothing(
    a_node: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    identifier = keep(a_node)
    words = shown(capsys, identifier)
    with sqlite3.connect(a_node / "approvals.sqlite3") as book:
        book.execute("UPDATE asked SET question = ?", (b"of an older version",))
    book.close()
    for given in (words, ("--shown", "")):
        refused = run(capsys, "approve", identifier, *given, "--as", "anna", code=1)
        assert refused["error"]["code"] == "policy.cannot_be_told"
    assert main(["node", "approvals", identifier, *HOME]) == 0
    assert "cannot be approved; it can be denied" in capsys.readouterr().out
    assert run(capsys, "deny", identifier, "--as", "anna")["standing"] == "denied"


@pytest.mark.parametrize("broken", ["[[rule]]\nverdict = 'alow'\n", None])
def test_a_policy_that_cannot_be_read_hides_no_question_and_lets_none_be_approved(
    a_node: Path, capsys: pytest.CaptureFixture[str], broken: str | None
) -> None:
    identifier, other = keep(a_node), keep(a_node, purpose="another")
    words, policy = shown(capsys, identifier), a_node / "policy.toml"
    code = "node.settings" if broken is None else "policy.malformed"
    if broken is None:
        policy.unlink()
    else:
        policy.write_text(broken)
    for asked in ((), (identifier,)):
        assert main(["node", "approvals", *asked, *HOME]) == 0
        told = capsys.readouterr().out
        assert code in told
        assert told.index(code) < told.index("How many persons" if asked else identifier)
    found = run(capsys, "approvals")
    assert [one["policy_error"]["code"] for one in found] == [code, code]
    assert "cost.left_unknown" in [one["id"] for one in found[0]["words"]]
    refused = run(capsys, "approve", identifier, *words, "--as", "anna", code=1)
    assert refused["error"]["code"] == code
    assert run(capsys, "deny", other, "--as", "anna")["standing"] == "denied"
    assert [one["approvers"] for one in run(capsys, "approvals")] == [[]]


def test_what_nobody_asks_any_more_leaves_the_list_and_takes_no_word(
    a_node: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    identifier = keep(a_node)
    words = shown(capsys, identifier)
    with ApprovalBook(a_node / "approvals.sqlite3") as book:
        book.ask_no_more(book.find(identifier).session)
    assert run(capsys, "approvals") == []
    assert [one["standing"] for one in run(capsys, "approvals", "--all")] == ["not-asked"]
    refused = run(capsys, "approve", identifier, *words, "--as", "anna", code=1)
    assert refused["error"]["code"] == "policy.approval_over"
    assert "nobody asks it any more" in refused["error"]["message"]


def test_a42_where_there_are_accounts_only_approvers_decide(
    a_node: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    identifier = keep(a_node)
    words = shown(capsys, identifier)
    run(capsys, "people", "add", "Ana Rusu", "--role", "approver")
    run(capsys, "people", "add", "Boris", "--role", "administrator")
    for stranger in ("Boris", "somebody"):
        for verb in ("approve", "deny"):
            given = words if verb == "approve" else ()
            refused = run(capsys, verb, identifier, *given, "--as", stranger, code=1)
            assert refused["error"]["code"] == "policy.not_an_approver"
    found = run(capsys, "approve", identifier, *words, "--as", "ANA  rusu")
    assert found["approvers"] == ["ana rusu"]
    run(capsys, "people", "lock", "Ana Rusu")
    refused = run(capsys, "deny", identifier, "--as", "Ana Rusu", code=1)
    assert refused["error"]["code"] == "policy.not_an_approver"


def test_a_name_that_is_none_and_an_id_that_is_none_are_refused(
    a_node: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    identifier = keep(a_node)
    for words, code in (
        (
            ("approve", identifier, *shown(capsys, identifier), "--as", "anna; the first"),
            "policy.bad_person_name",
        ),
        (("deny", "ffff", "--as", "anna"), "policy.unknown_approval"),
        (("approvals", "ffff"), "policy.unknown_approval"),
    ):
        assert run(capsys, *words, code=1)["error"]["code"] == code
    assert run(capsys, "approvals")[0]["approvers"] == []


def test_a_ready_made_policy_is_shown_before_it_takes_the_place_of_the_old_one(
    a_node: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = a_node / "policy.toml"
    assert main(["node", "policy", "--use", "cautious", *HOME]) == 1  # nobody to ask here
    told = capsys.readouterr()
    assert '+per_year = "1/20"' in told.out
    assert "[policy.not_confirmed]" in told.err
    assert policy.read_text() == DEFAULT_POLICY
    assert run(capsys, "policy", "--use", "cautious", "--yes")["changed"]
    assert "CAUTIOUS" in policy.read_text()
    (kept,) = (a_node / "policy-before").iterdir()
    assert kept.read_text() == DEFAULT_POLICY
    assert run(capsys, "journal")[-1]["kind"] == "policy_changed"
    assert not run(capsys, "policy", "--use", "cautious", "--yes")["changed"]
    shown = run(capsys, "policy")
    assert shown["approvals"]["two_above"] == "1/500"


def test_a_ready_made_policy_that_is_not_there_changes_nothing(
    a_node: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = run(capsys, "policy", "--use", "lenient", "--yes", code=1)
    assert refused["error"]["code"] == "policy.unknown_ready_made"
    assert (a_node / "policy.toml").read_text() == DEFAULT_POLICY


@pytest.mark.parametrize(
    ("content", "code"),
    [(b'[[rule]]\nverdict = "alow"\n', "policy.malformed"), (b"\xff\xfe", "policy.malformed")],
)
def test_a_policy_that_cannot_be_read_is_tried_on_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, code: str
) -> None:
    (tmp_path / "new.toml").write_bytes(content)
    refused = run(capsys, "policy", "test", "--file", "new.toml", code=1)
    assert refused["error"]["code"] == code


def test_a_trial_foresees_what_the_ledger_would_take_and_whether_it_has_so_much(
    a_node: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(a_node)
    words = ("policy", "test", "--question", BY_GENDER, "--rho", "1/20")
    (line,) = run(capsys, *words)["questions"]
    assert (line["price"], line["price_repeat"], line["left"]) == ("1/20", "", "1/10")
    (a_node / "poor.toml").write_text('[allowance]\nper_year = "1/100"\nlost_per_day = "1/100"\n')
    series = (*words, "--every", "month", "--periods", "36", "--file", str(a_node / "poor.toml"))
    (line,) = run(capsys, *series)["questions"]
    repeat = Fraction(1, 20) * Series(36).price_of_repeat
    assert (line["price"], Fraction(line["price_repeat"])) == ("1/20", repeat)
    assert (line["left"], line["would_left"]) == ("1/10", "1/100")
    assert (line["too_dear"], line["would_be_too_dear"]) == (False, True)
    assert main(["node", *series, *HOME]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert told.startswith(BY_GENDER)
    assert "now: allow, by rule 5, line" in told
    assert "last asked" not in told
    assert "ρ = 1/20 with the first answer, nothing with a later one" in told
    assert "ρ = 1/10 is left this year; ρ = 1/100 would be under the file, which is less" in told
    dear = ("policy", "test", "--question", BY_GENDER, "--rho", "1/19", *series[-6:-2])
    assert main(["node", *dear, *HOME]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "refuse, by rule 2, line" in told
    assert "too expensive for one series" in told
    refused = run(capsys, *words, "--every", "month", code=1)
    assert refused["error"]["code"] == "cli.half_series"
    refused = run(capsys, *words, "--every", "month", "--periods", "999", code=1)
    assert refused["error"]["code"] == "question.no_series"


def test_a_trial_without_any_question_says_how_to_have_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["node", "policy", "test", *HOME]) == 0
    assert "--question" in capsys.readouterr().out
    refused = run(capsys, "policy", "test", "--question", "SELECT COUNT(*) FROM persons", code=1)
    assert refused["error"]["code"] == "node.no_charter"
    refused = run(capsys, "policy", "test", "--organisation", "IOM", code=2)
    assert refused["error"]["code"] == "cli.supposed_words"
