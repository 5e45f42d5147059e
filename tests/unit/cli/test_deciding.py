"""Commands of the people who decide: what waits, and which policy."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from corridor.cli.main import main
from corridor.ids import Digest, EditionId, SessionId
from corridor.node.approvals import ApprovalBook, Asked, Waiting
from corridor.node.policy import DEFAULT_POLICY
from corridor.protocols.secure_sum.messages import Scope
from support.node_region import by_gender

LONG_FROM_NOW = 4_000_000_000
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
    """A question that waits; gives its id."""
    asked = Asked(
        question=by_gender().encode(),
        plan=Digest(bytes(32)),
        charter=Digest(bytes(32)),
        rho=Fraction(1, 200),
        scope=Scope.REGIONAL,
        organisation="IOM",
        purpose=purpose,
        edition=EditionId("1-" + "a" * 16),
        consent_rule="htcds-consent",
        statement="",
    )
    waiting = Waiting(
        id=f"4f2a{len(purpose):08x}",
        asked=asked,
        session=SessionId(bytes(16)),
        since=1,
        until=LONG_FROM_NOW,
        needs=needs,
        words=(),
    )
    with ApprovalBook(home / "approvals.sqlite3") as book:
        book.keep(waiting, 10, lambda _: None)
    return waiting.id


def test_what_waits_is_listed_and_two_people_approve_it(
    a_node: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    identifier = keep(a_node)
    assert main(["node", "approvals", *HOME]) == 0
    shown = capsys.readouterr().out
    assert identifier in shown
    assert "0 of 2" in shown
    assert main(["node", "approve", identifier[:5], "--as", "Anna", *HOME]) == 0
    assert "1 more person must approve it" in capsys.readouterr().out
    found = run(capsys, "approve", identifier, "--as", "boris")
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
    refused = run(capsys, "approve", identifier, "--as", "boris", code=1)
    assert refused["error"]["code"] == "policy.approval_over"


def test_a42_where_there_are_accounts_only_approvers_decide(
    a_node: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    identifier = keep(a_node)
    run(capsys, "people", "add", "Ana Rusu", "--role", "approver")
    run(capsys, "people", "add", "Boris", "--role", "administrator")
    for stranger in ("Boris", "somebody"):
        for verb in ("approve", "deny"):
            refused = run(capsys, verb, identifier, "--as", stranger, code=1)
            assert refused["error"]["code"] == "policy.not_an_approver"
    assert run(capsys, "approve", identifier, "--as", "ANA  rusu")["approvers"] == ["ana rusu"]
    run(capsys, "people", "lock", "Ana Rusu")
    refused = run(capsys, "deny", identifier, "--as", "Ana Rusu", code=1)
    assert refused["error"]["code"] == "policy.not_an_approver"


def test_a_name_that_is_none_and_an_id_that_is_none_are_refused(
    a_node: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    identifier = keep(a_node)
    for words, code in (
        (("approve", identifier, "--as", "anna; the first"), "policy.bad_person_name"),
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


def test_a_trial_without_any_question_says_how_to_have_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["node", "policy", "test", *HOME]) == 0
    assert "--question" in capsys.readouterr().out
    refused = run(capsys, "policy", "test", "--question", "SELECT COUNT(*) FROM persons", code=1)
    assert refused["error"]["code"] == "node.no_charter"
    refused = run(capsys, "policy", "test", "--organisation", "IOM", code=2)
    assert refused["error"]["code"] == "cli.supposed_words"
