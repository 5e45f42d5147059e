"""What people decide on the console's pages: questions that wait, and the policy, tried before."""

import re
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from io import BytesIO

import pytest

from corridor.node.app.world import journal_of
from corridor.node.home import Home
from corridor.node.keys import read_keys
from corridor.node.people import Role
from support.console import Browser, Console, ask_people, give_charter, open_console

SQL = "SELECT gender, COUNT(DISTINCT person) FROM persons WHERE year = 2024 GROUP BY gender"
CASES = "prs_IdentityNumber,prs_Gender,con_Consent,prs_Birthdate\n1,Female,Yes,31/02/1990\n"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with open_console(tmp_path_factory.mktemp("home") / "MD") as opened:
        officer = opened.enter("Olga", Role.OFFICER)
        officer.get("/data")
        officer.post("/data/import", {"files": (BytesIO(CASES.encode()), "cases.csv")})
        opened.desks.imports.wait()
        give_charter(opened)
        yield opened


@pytest.fixture(scope="module")
def approvers(console: Console) -> tuple[Browser, Browser]:
    return console.enter("Petru", Role.APPROVER), console.enter("Vera Munteanu", Role.APPROVER)


def rows(console: Console, kind: str) -> list[dict[str, object]]:
    home = Home(console.home)
    with journal_of(console.world, home, read_keys(home)) as journal:
        return [dict(row.details) for row in journal.rows() if row.kind == kind]


def test_a_question_is_shown_in_plain_words(
    console: Console, approvers: tuple[Browser, ...]
) -> None:
    identifier = ask_people(console, SQL, organisation="<b>IOM</b>")
    browser = approvers[0]
    browser.get("/approvals")
    text = re.sub(r"</?bdi>", "", browser.last)
    assert identifier in text
    assert "&lt;b&gt;IOM&lt;/b&gt; asks" in text
    assert "annual report" in text
    assert "ρ = 1/100" in text
    assert "colluded" in text


def test_the_words_are_in_the_language_of_the_page(
    console: Console, approvers: tuple[Browser, ...]
) -> None:
    ask_people(console, SQL, purpose="another one")
    for language, words in (
        ("fr", "complices"),
        ("es", "cómplices"),
        ("ar", "تواطأ"),
        ("bg", "съучастие"),
    ):
        approvers[0].client.set_cookie("corridor-language", language)
        approvers[0].get("/approvals")
        assert words in approvers[0].last
    approvers[0].client.set_cookie("corridor-language", "en")


def test_two_people_approve_what_needs_two_and_nobody_twice(
    console: Console, approvers: tuple[Browser, ...]
) -> None:
    identifier = ask_people(console, SQL, needs=2, purpose="needs two")
    first, second = approvers
    words: dict[str, object] = {"id": identifier, "decision": "approve"}
    first.get("/approvals")
    assert first.post("/approvals/decide", words).status_code == 303
    first.get("/approvals")
    assert "You have approved it." in first.last
    assert first.post("/approvals/decide", words).status_code == 409
    assert "same_person" in first.last
    second.get("/approvals")
    second.post("/approvals/decide", words)
    approved = [one for one in rows(console, "approved") if one["approval"] == identifier]
    assert [one["by"] for one in approved] == ["petru", "vera munteanu"]


def test_one_denial_ends_a_question(console: Console, approvers: tuple[Browser, ...]) -> None:
    identifier = ask_people(console, SQL, purpose="to be denied")
    browser = approvers[1]
    browser.get("/approvals")
    browser.post("/approvals/decide", {"id": identifier, "decision": "deny"})
    browser.get("/approvals")
    assert "What became of others" in browser.last
    assert any(one["approval"] == identifier for one in rows(console, "denied"))


def test_an_auditor_sees_what_waits_and_decides_nothing(console: Console) -> None:
    identifier = ask_people(console, SQL, purpose="seen by an auditor")
    auditor = console.enter("Anna", Role.AUDITOR)
    auditor.get("/approvals")
    assert identifier in auditor.last
    assert 'name="decision"' not in auditor.last


def test_whoever_was_made_an_administrator_approves_no_more(console: Console) -> None:
    identifier = ask_people(console, SQL, purpose="by somebody promoted")
    browser = console.enter("Mihai", Role.APPROVER)
    browser.get("/approvals")
    console.people.set_roles("Mihai", [Role.ADMINISTRATOR])
    answer = browser.post("/approvals/decide", {"id": identifier, "decision": "approve"})
    assert answer.status_code in {401, 403}
    assert not [one for one in rows(console, "approved") if one["approval"] == identifier]


def test_a_policy_says_before_it_is_saved_what_the_last_questions_would_have_met(
    console: Console,
) -> None:
    home = Home(console.home)
    with journal_of(console.world, home, read_keys(home)) as journal:
        journal._add(
            "proposed",
            None,
            question="ab" * 32,
            plan="00" * 32,
            charter="00" * 32,
            rho="1/100",
            scope="regional",
            organisation="IOM",
            purpose="yesterday's",
            tables=["persons"],
            fields=["gender"],
            cells=4,
            minors=False,
            series=False,
        )
    admin = console.enter("Ana", Role.ADMINISTRATOR)
    before = (console.home / "policy.toml").read_text()
    admin.get("/policy")
    refusing = re.sub(
        r"(?m)^\[\[rule\]\]", '[[rule]]\nverdict = "refuse"\n\n[[rule]]', before, count=1
    )
    answer = admin.post("/policy/check", {"text": refusing, "seen": "00" * 32})
    assert answer.status_code == 200, admin.last
    text = re.sub(r"</?bdi>", "", admin.last)
    assert "1 of 1 questions would be decided otherwise." in text
    assert "yesterday&#39;s" in text
    assert (console.home / "policy.toml").read_text() == before


def test_the_quality_of_the_last_import_is_shown_with_a_list_for_the_case_workers(
    console: Console,
) -> None:
    officer = console.enter("Oleg", Role.OFFICER)
    officer.get("/data/quality")
    assert "date.impossible" in officer.last
    assert "prs_Birthdate" in officer.last
    found = officer.get("/data/quality/worklist")
    assert found.mimetype == "text/csv"
    assert "cases.csv" in found.get_data(as_text=True)


def test_a_question_of_long_ago_is_over(console: Console, approvers: tuple[Browser, ...]) -> None:
    identifier = ask_people(console, SQL, purpose="left alone", rho=Fraction(1, 50))
    console.clock.advance(timedelta(days=2))
    browser = console.enter("Ioana", Role.APPROVER)
    browser.get("/approvals")
    answer = browser.post("/approvals/decide", {"id": identifier, "decision": "approve"})
    assert answer.status_code == 409
