"""The policy editor: what another policy would have meant is seen before it is saved."""

import html
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from corridor.errors.console import PolicyMovedError
from corridor.files import holding_lock
from corridor.node.app.deciding import policy_desk
from corridor.node.policy import DEFAULT_POLICY
from corridor.node.policy_desk import LOCK
from corridor.people import Role
from support.console import Console, open_console
from support.pages import Browser
from support.waiting_questions import BY_GENDER, CHILDREN, put, put_charter_in_force

REFUSES = (
    '[[rule]]\nverdict = "refuse"\nwhen.minors = true\n\n[[rule]]\nverdict = "ask"\n'
    'when.scope = ["regional"]\n'
)


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path / "MD") as opened:
        charter = put_charter_in_force(opened.world)
        put(opened.world, charter, 1, BY_GENDER, organisation="IOM", purpose="yearly")
        put(opened.world, charter, 2, CHILDREN, organisation="UNICEF", rho=Fraction(1, 1000))
        yield opened


@pytest.fixture
def admin(console: Console) -> Browser:
    browser = console.enter("Ana", Role.ADMINISTRATOR)
    browser.get("/policy")
    return browser


def seen(browser: Browser) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]{64})"', browser.last)
    assert found is not None
    return found[1]


def words(browser: Browser) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", browser.last)))


def rows(browser: Browser) -> list[str]:
    body = browser.last.partition('id="trial-title"')[2].partition("</section>")[0]
    return [
        re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", row)))
        for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL)[1:]
    ]


def test_the_editor_has_no_button_that_saves(admin: Browser) -> None:
    assert "/policy/check" in admin.last
    assert "/policy/save" not in admin.last


def test_past_questions_are_shown_under_both_policies_and_changes_marked(
    console: Console, admin: Browser
) -> None:
    answer = admin.post("/policy/check", {"text": REFUSES, "seen": seen(admin), "days": "30"})
    assert answer.status_code == 200
    children, gender = rows(admin)
    assert "UNICEF" in children
    assert re.search(r"allow rule \d+, line \d+ refuse rule 1, line 1 changes", children)
    assert re.search(r"allow rule \d+, line \d+ ask 1 person rule 2, line 5 changes", gender)
    assert "Nothing was saved yet." in admin.last
    assert (console.home / "policy.toml").read_text() == DEFAULT_POLICY


def test_what_was_compared_is_what_is_saved(console: Console, admin: Browser) -> None:
    admin.post("/policy/check", {"text": REFUSES, "seen": seen(admin), "days": "30"})
    form = admin.last.partition('action="/policy/save"')[2].partition("</form>")[0]
    text = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", form, re.DOTALL)
    assert text is not None
    given: dict[str, object] = {"text": html.unescape(text[1]), "seen": seen(admin)}
    answer = admin.post("/policy/save", {**given, "code": console.new_code_of("Ana")})
    assert answer.status_code == 303
    assert (console.home / "policy.toml").read_text() == REFUSES
    admin.get(answer.location)
    assert "obeys the new one from the next question on" in admin.last


def test_a_browser_that_was_left_open_saves_no_policy(console: Console, admin: Browser) -> None:
    given: dict[str, object] = {"text": REFUSES, "seen": seen(admin)}
    for code in ({}, {"code": console.code_of("Ana")}):  # that one signed her in
        assert admin.post("/policy/save", {**given, **code}).status_code == 401
        assert "people.wrong_code" in admin.last
        assert "/policy/save" in admin.last
    assert (console.home / "policy.toml").read_text() == DEFAULT_POLICY


def test_a_policy_that_decides_alike_marks_nothing(admin: Browser) -> None:
    same = DEFAULT_POLICY + "\n# looked at\n"
    admin.post("/policy/check", {"text": same, "seen": seen(admin), "days": "30"})
    assert "changes" not in " ".join(rows(admin))


def test_only_the_days_that_were_asked_for_count(console: Console, admin: Browser) -> None:
    for _ in range(2 * 24 * 120 + 1):
        console.next_half_minute()
    admin = console.enter("Amir", Role.ADMINISTRATOR)
    admin.get("/policy")
    given: dict[str, object] = {"text": REFUSES, "seen": seen(admin)}
    admin.post("/policy/check", {**given, "days": "1"})
    assert "No question came in that time" in admin.last
    admin.post("/policy/check", {**given, "days": "3"})
    assert len(rows(admin)) == 2
    for days in ("0", "-1", "x", "9" * 30):
        assert admin.post("/policy/check", {**given, "days": days}).status_code == 422


def test_a_question_that_nobody_asked_is_tried_under_both(admin: Browser) -> None:
    asked: dict[str, object] = {"text": REFUSES, "seen": seen(admin), "sql": CHILDREN}
    admin.post("/policy/try", {**asked, "rho": "1/1000", "organisation": "x", "purpose": "y"})
    page = words(admin)
    left = r"; ρ = 0\.1 is left this year"
    assert re.search(rf"Now allow rule \d+, line \d+ {left} Under the text below refuse rule", page)
    assert "What the ledger would take ρ = 0.001 Children" in page
    assert "Children can be told apart yes" in page
    assert "Nothing was saved yet." in page
    assert html.escape(CHILDREN, quote=True).replace("&#x27;", "&#39;") in admin.last


def test_the_price_of_a_series_and_what_is_left_for_it_are_foreseen(admin: Browser) -> None:
    poor = REFUSES + '[allowance]\nper_year = "1/200"\nlost_per_day = "1/200"\n'
    asked: dict[str, object] = {"text": poor, "seen": seen(admin), "sql": BY_GENDER, "rho": "1/50"}
    admin.post("/policy/try", {**asked, "every": "month", "periods": "1"})
    page = words(admin)
    assert "ρ = 0.02 with the first answer, nothing with a later one, ρ = 0.02 with one" in page
    assert page.count("more than is left") == 1
    assert "ρ = 0.005 is left this year more than is left" in page
    assert admin.post("/policy/try", {**asked, "every": "day", "periods": "3"}).status_code == 422
    assert admin.post("/policy/try", {**asked, "every": "year", "periods": "x"}).status_code == 422


@pytest.mark.parametrize(
    ("sql", "rho", "code"),
    [
        ("", "1/100", "console.bad_form"),
        ("SELECT nothing", "1/100", "question."),
        (BY_GENDER, "much", "question."),
    ],
)
def test_a_question_that_cannot_be_read_keeps_the_text_that_was_typed(
    admin: Browser, sql: str, rho: str, code: str
) -> None:
    given: dict[str, object] = {"text": REFUSES, "seen": seen(admin), "sql": sql, "rho": rho}
    assert admin.post("/policy/try", given).status_code == 422
    assert code in admin.last
    assert "verdict = &#34;refuse&#34;" in admin.last


@pytest.mark.parametrize("name", ["cautious", "standard", "open", "minors"])
def test_a_ready_made_policy_is_shown_with_what_it_would_change(
    console: Console, admin: Browser, name: str
) -> None:
    assert admin.get(f"/policy/ready/{name}").status_code == 200
    same = name == "standard"
    assert ("The text is the same as the file." in admin.last) is same
    assert ("/policy/save" in admin.last) is not same
    assert len(rows(admin)) == 2
    assert (console.home / "policy.toml").read_text() == DEFAULT_POLICY


def test_a_ready_made_policy_that_is_not_there_is_refused(admin: Browser) -> None:
    assert admin.get("/policy/ready/lenient").status_code == 422
    assert "policy.unknown_ready_made" in admin.last


def test_two_who_save_at_once_do_not_overwrite_each_other(console: Console) -> None:
    desk = policy_desk(console.world)
    now = desk.text()
    with holding_lock(console.home / LOCK) as alone:
        assert alone
        with pytest.raises(PolicyMovedError):
            desk.save(REFUSES, now.digest, "ana")
    assert (console.home / "policy.toml").read_text() == DEFAULT_POLICY
    desk.save(REFUSES, now.digest, "ana")
    with pytest.raises(PolicyMovedError):
        desk.save(DEFAULT_POLICY, now.digest, "boris")
