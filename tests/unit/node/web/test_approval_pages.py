"""The pages of questions that wait: what people read there, and who may say what."""

import html
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from corridor.ids import SessionId
from corridor.node.app.approvers import counting
from corridor.node.app.console_desks import OVER_SHOWN
from corridor.node.app.deciding import approval_reader
from corridor.node.app.world import journal_of
from corridor.node.approvals import ApprovalBook
from corridor.node.home import Home
from corridor.node.keys import read_keys
from corridor.node.plain_words import SENTENCES, Said, say
from corridor.node.web import plain_words
from corridor.node.web.plain_words import FIELDS, sentence
from corridor.pages.languages import LANGUAGES
from corridor.people import Role
from corridor.protocols.charter import Charter
from support.catalogue import catalogue
from support.console import Console, open_console
from support.pages import Browser
from support.waiting_questions import (
    BY_GENDER,
    CASES,
    CHILDREN,
    import_cases,
    let_wait,
    put_charter_in_force,
)


@dataclass(frozen=True)
class Office:
    """A console whose node lives by a charter and has data."""

    console: Console
    charter: Charter

    def let_wait(self, sql: str = BY_GENDER, **more: object) -> str:
        return let_wait(self.console.world, self.charter, sql, **more)  # type: ignore[arg-type]

    def approver(self, name: str) -> Browser:
        return self.console.enter(name, Role.APPROVER)

    def approve(self, browser: Browser, name: str, identifier: str) -> int:
        """Approve as `name`, with the next code of their authenticator."""
        self.console.next_half_minute()
        browser.get(f"/approvals/{identifier}")
        code = self.console.code_of(name)
        form: dict[str, object] = {"code": code, "shown": shown_on(browser)}
        answer = browser.post(f"/approvals/{identifier}/approve", form)
        if answer.status_code == 303:
            browser.get(answer.location)
        return answer.status_code

    def approvers(self, identifier: str) -> tuple[str, ...]:
        return tuple(self.console.desks.approvals.one(identifier).approvers)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_console(tmp_path / "MD") as console:
        charter = put_charter_in_force(console.world)
        import_cases(console.world, tmp_path)
        yield Office(console, charter)


def shown_on(browser: Browser) -> str:
    """What the form of the page that was loaded last gives back; empty where it has none."""
    found = re.search(r'name="shown" value="([0-9a-f]+)"', browser.last)
    return found[1] if found else ""


def plain(page: str) -> str:
    """A page as somebody reads it."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", page)))


def test_the_overview_says_how_many_wait_and_leads_there(office: Office) -> None:
    officer = office.console.enter("Olga", Role.OFFICER)
    officer.get("/")
    assert "wait for people" not in officer.last
    office.let_wait()
    office.let_wait(CHILDREN)
    officer.get("/")
    assert "2 questions wait for people" in officer.last
    assert 'href="/approvals"' in officer.last


def test_an_overview_is_shown_although_the_questions_cannot_be_read(office: Office) -> None:
    (office.console.home / "approvals.sqlite3").unlink(missing_ok=True)
    (office.console.home / "approvals.sqlite3").write_text("no database at all, and longer")
    officer = office.console.enter("Olga", Role.OFFICER)
    assert officer.get("/").status_code == 200
    assert officer.get("/approvals").status_code == 503
    assert "policy.approvals_unavailable" in officer.last


def test_a_question_is_told_in_plain_words_with_what_it_costs_at_worst(office: Office) -> None:
    identifier = office.let_wait(CHILDREN, rho=Fraction(1, 200))
    auditor = office.console.enter("Anna", Role.AUDITOR)
    auditor.get(f"/approvals/{identifier}")
    page = plain(auditor.last)
    for words in (
        "IOM asks (by the coordinator's word).",
        "Purpose, by the coordinator's word: annual report.",
        "How many persons, by country of recruitment, only where",
        "country of exploitation is Moldova or Ukraine",
        "Children can be told from adults",
        "It costs each person counted here ρ = 0.005 of privacy (ε = ",
        "That is 5 % of a year's allowance (ρ = 0.1), and 5 % of what is left of it (ρ = 0.1).",
        "That is 0.5 % of the allowance for all time (ρ = 1)",
        "colluded, a person whom this country alone knows would lose at most ρ = 0.015",
        "2 different people have to approve it; one word of no denies it.",
        "It waits until",
    ):
        assert words in page, words


def test_the_price_of_a_question_is_told_to_the_last_digit(office: Office) -> None:
    identifier = office.let_wait(rho=Fraction(1, 300))
    auditor = office.console.enter("Anna", Role.AUDITOR)
    auditor.get(f"/approvals/{identifier}")
    assert "counted here ρ = 1/300 ≤ 0.003334 of privacy" in plain(auditor.last)


def test_two_accounts_approve_and_one_does_not_count_twice(office: Office) -> None:
    identifier = office.let_wait()
    ana, boris = office.approver("Ana Rusu"), office.approver("Boris İvanov")
    assert office.approve(ana, "Ana Rusu", identifier) == 303
    assert "1 more person has to approve it" in ana.last
    office.console.next_half_minute()
    shown = office.console.desks.approvals.one(identifier).shown
    again: dict[str, object] = {"code": office.console.code_of("Ana Rusu"), "shown": shown}
    assert ana.post(f"/approvals/{identifier}/approve", again).status_code == 409
    assert "policy.same_person" in ana.last
    assert office.approve(boris, "Boris İvanov", identifier) == 303
    assert "without a restart" in boris.last
    assert "Ana Rusu" in boris.last  # as its owner writes it
    assert len(office.approvers(identifier)) == 2
    home = Home(office.console.home)
    with journal_of(office.console.world, home, read_keys(home)) as journal:
        said = [row.details for row in journal.rows() if row.kind == "approved"]
    assert [(one["by"], one["given"], one["needs"]) for one in said] == [
        ("ana rusu", 1, 2),
        ("boris i̇vanov", 2, 2),
    ]


@pytest.mark.parametrize("code", ["", "000000", "used"])
def test_nothing_is_approved_without_a_fresh_code(office: Office, code: str) -> None:
    identifier = office.let_wait()
    ana = office.approver("Ana")
    ana.get(f"/approvals/{identifier}")
    given = office.console.code_of("Ana") if code == "used" else code
    form: dict[str, object] = {"code": given, "shown": shown_on(ana)}
    answer = ana.post(f"/approvals/{identifier}/approve", form)
    assert answer.status_code == 401
    assert "people.wrong_code" in ana.last
    assert office.approvers(identifier) == ()


def test_a_name_that_somebody_typed_is_nobody_s_word(office: Office) -> None:
    identifier = office.let_wait()
    ana = office.approver("Ana")
    office.console.next_half_minute()
    ana.get(f"/approvals/{identifier}")
    typed: dict[str, object] = {
        "code": office.console.code_of("Ana"),
        "shown": shown_on(ana),
        "person": "boris",
        "name": "boris",
    }
    ana.post(f"/approvals/{identifier}/approve", typed)
    assert office.approvers(identifier) == ("ana",)


def test_a_word_of_no_needs_no_code_and_stands_under_past_decisions(office: Office) -> None:
    identifier = office.let_wait()
    ana = office.approver("Ana")
    ana.get(f"/approvals/{identifier}")
    answer = ana.post(f"/approvals/{identifier}/deny")
    assert answer.status_code == 303
    ana.get(answer.location)
    assert "Denied. Nothing leaves" in ana.last
    assert "/approve" not in ana.last
    ana.get("/approvals")
    waiting, _, past = ana.last.partition('id="past-title"')
    assert identifier not in waiting
    assert identifier in past


def test_the_list_of_what_is_over_has_an_end_and_what_waits_is_all_there(office: Office) -> None:
    waiting = [office.let_wait(rho=Fraction(1, 300))]
    over = [office.let_wait(rho=Fraction(1, 400 + number)) for number in range(OVER_SHOWN + 2)]
    for identifier in over:
        office.console.desks.approvals.deny(identifier, "ana")
    listed = [one.id for one in office.console.desks.approvals.newest()]
    assert set(waiting) <= set(listed)
    assert len(listed) == OVER_SHOWN + 1
    assert over[-1] in listed
    assert over[0] not in listed


def test_whoever_only_reads_is_offered_no_decision(office: Office) -> None:
    identifier = office.let_wait()
    officer = office.console.enter("Olga", Role.OFFICER)
    officer.get(f"/approvals/{identifier}")
    assert "Your decision" not in officer.last
    assert officer.post(f"/approvals/{identifier}/deny").status_code == 403
    assert office.console.desks.approvals.one(identifier).deniers == ()


def test_whoever_was_made_an_administrator_approves_no_more(office: Office) -> None:
    identifier = office.let_wait()
    ana = office.approver("Ana")
    ana.get(f"/approvals/{identifier}")
    office.console.people.set_roles("Ana", [Role.ADMINISTRATOR])
    office.console.next_half_minute()
    code: dict[str, object] = {"code": office.console.code_of("Ana")}
    answer = ana.post(f"/approvals/{identifier}/approve", code)
    assert answer.status_code in {401, 403}
    assert office.approvers(identifier) == ()


def test_what_the_coordinator_wrote_is_text_and_no_markup(office: Office) -> None:
    identifier = office.let_wait(organisation="<b>IOM</b>", purpose="%(x)s <script>1</script>")
    ana = office.approver("Ana")
    for path in ("/approvals", f"/approvals/{identifier}"):
        assert ana.get(path).status_code == 200
        assert "<b>IOM" not in ana.last
        assert "<script>1" not in ana.last
        assert "%(x)s &lt;script&gt;" in ana.last


def test_a_question_of_another_charter_is_shown_as_over(office: Office) -> None:
    identifier = office.let_wait()
    import_cases(office.console.world, office.console.home.parent, "prs_Gender\nMale\n")
    ana = office.approver("Ana")
    ana.get(f"/approvals/{identifier}")
    assert "the data changed" in ana.last
    assert "Your decision" not in ana.last


def test_every_sentence_of_the_plain_words_can_be_said_here_and_says_the_same() -> None:
    assert plain_words.SENTENCES.keys() == SENTENCES.keys()
    for identifier, english in SENTENCES.items():
        here = str(plain_words.SENTENCES[identifier])
        assert re.sub(r"%\((\w+)\)s", r"{\1}", here).replace("%%", "%") == english, identifier


def test_every_field_of_the_catalogue_has_a_name_here() -> None:
    labels = {field.label[:1].lower() + field.label[1:] for field in catalogue().fields.values()}
    assert labels <= FIELDS.keys()


@pytest.mark.parametrize("given", ["", "0" * 16, "another"])
def test_a43_what_is_approved_by_a_form_is_what_its_page_said(office: Office, given: str) -> None:
    identifier, another = office.let_wait(), office.let_wait(CHILDREN)
    ana = office.approver("Ana")
    office.console.next_half_minute()
    if given == "another":
        ana.get(f"/approvals/{another}")
        given = shown_on(ana)
        assert given
    form: dict[str, object] = {"code": office.console.code_of("Ana"), "shown": given}
    assert ana.post(f"/approvals/{identifier}/approve", form).status_code == 409
    assert "policy.not_what_was_shown" in ana.last
    assert office.approvers(identifier) == office.approvers(another) == ()


def test_a_hand_made_form_approves_nothing_that_cannot_be_told(office: Office) -> None:
    identifier = office.let_wait()
    ana = office.approver("Ana")
    ana.get(f"/approvals/{identifier}")
    shown = shown_on(ana)
    with sqlite3.connect(Home(office.console.home).approvals) as book:
        book.execute("UPDATE asked SET question = ?", (b"of an older version",))
    book.close()
    office.console.next_half_minute()
    for given in (shown, ""):
        form: dict[str, object] = {"code": office.console.code_of("Ana"), "shown": given}
        assert ana.post(f"/approvals/{identifier}/approve", form).status_code == 409
        assert "policy.cannot_be_told" in ana.last
        office.console.next_half_minute()
    assert office.approvers(identifier) == ()


def test_under_a_policy_that_cannot_be_read_questions_are_shown_and_denied_alone(
    office: Office,
) -> None:
    identifier, other = office.let_wait(), office.let_wait(CHILDREN)
    shown = office.console.desks.approvals.one(identifier).shown
    policy = Home(office.console.home).policy
    policy.write_text(policy.read_text().replace('verdict = "allow"', 'verdict = "alow"', 1))
    ana = office.approver("Ana")
    for path in ("/approvals", f"/approvals/{identifier}"):
        assert ana.get(path).status_code == 200
        assert "policy.malformed" in ana.last
        assert "Nothing can be approved until" in ana.last
        assert "How many persons" in ana.last
    office.console.next_half_minute()
    form: dict[str, object] = {"code": office.console.code_of("Ana"), "shown": shown}
    assert ana.post(f"/approvals/{identifier}/approve", form).status_code == 422
    assert "policy.malformed" in ana.last
    assert office.approvers(identifier) == ()
    assert ana.post(f"/approvals/{other}/deny").status_code == 303
    assert office.console.desks.approvals.one(other).standing == "denied"


def test_a_question_that_nobody_asks_any_more_is_shown_as_over(office: Office) -> None:
    taken_back, forgotten = office.let_wait(), office.let_wait(CHILDREN)
    with ApprovalBook(Home(office.console.home).approvals) as book:
        book.ask_no_more(book.find(taken_back).session)
        book.ask_again(forgotten, SessionId(bytes(16)), book.find(forgotten).since - 90_000)
    ana = office.approver("Ana")
    ana.get("/approvals")
    waiting, _, past = ana.last.partition('id="past-title"')
    for identifier in (taken_back, forgotten):
        assert identifier not in waiting
        assert identifier in past
        ana.get(f"/approvals/{identifier}")
        assert "nobody asks it any more" in ana.last
        assert f"/approvals/{identifier}/approve" not in ana.last
    # It may come again as it is: whoever wants that no more says so now.
    assert ana.post(f"/approvals/{forgotten}/deny").status_code == 303
    assert office.console.desks.approvals.one(forgotten).standing == "denied"


@pytest.mark.parametrize("what", ["lock", "reset", "set_roles"])
def test_an_approval_counts_only_while_its_approver_is_one(office: Office, what: str) -> None:
    identifier = office.let_wait(needs=1)
    assert office.approve(office.approver("Ana"), "Ana", identifier) == 303
    assert office.console.desks.approvals.one(identifier).standing == "approved"
    office.console.next_half_minute()
    change = getattr(office.console.people, what)
    change("Ana", *([["officer"]] if what == "set_roles" else []))
    found = office.console.desks.approvals.one(identifier)
    assert (found.standing, tuple(found.approvers)) == ("waiting", ())
    assert [word.person for word in found.said] == ["ana"]
    counts = counting(office.console.world)
    with ApprovalBook(Home(office.console.home).approvals) as book:
        assert not book.find(identifier).heard_by(counts).is_enough


def test_what_cannot_be_told_in_words_is_not_offered_to_be_approved(office: Office) -> None:
    identifier = office.let_wait()
    with sqlite3.connect(Home(office.console.home).approvals) as book:
        book.execute("UPDATE asked SET question = ?", (b"of an older version",))
    book.close()
    ana = office.approver("Ana")
    ana.get(f"/approvals/{identifier}")
    assert "what it would count cannot be told any more" in ana.last
    assert f"/approvals/{identifier}/approve" not in ana.last
    assert f"/approvals/{identifier}/deny" in ana.last


def test_a_question_that_was_denied_under_other_words_says_so(office: Office) -> None:
    denied = office.let_wait(purpose="annual report")
    ana = office.approver("Ana")
    ana.get(f"/approvals/{denied}")
    ana.post(f"/approvals/{denied}/deny")
    again, other = office.let_wait(purpose="annual  report"), office.let_wait(CHILDREN)
    ana.get(f"/approvals/{again}")
    assert f'href="/approvals/{denied}"' in ana.last
    ana.get(f"/approvals/{other}")
    assert f'href="/approvals/{denied}"' not in ana.last


def test_looking_at_a_question_ends_none(office: Office, tmp_path: Path) -> None:
    identifier = office.let_wait(needs=1)
    with office.console.desks.room.books() as (ledger, _):
        with approval_reader(office.console.world, ledger) as early:
            import_cases(office.console.world, tmp_path, CASES.replace("1003", "1004"))
            fresh = office.let_wait(needs=1)
            assert early.one(identifier).standing == "waiting"
        with approval_reader(office.console.world, ledger) as late:
            assert late.one(identifier).standing == "other-edition"
            assert late.one(fresh).standing == "waiting"
    with ApprovalBook(Home(office.console.home).approvals) as book:
        assert {one.ended for one in book.all()} == {None}
    assert office.approve(office.approver("Ana"), "Ana", identifier) == 409
    assert office.approvers(identifier) == ()


def test_a_sentence_that_is_not_known_here_is_said_in_english(office: Office) -> None:
    with office.console.app.test_request_context():
        known = sentence(say("field", label="<i>"))
        assert known == '<bdi lang="en">&lt;i&gt;</bdi>'
        unknown = Said("who.unnamed", {})
        assert str(sentence(unknown)) == "Who asks was not said."


@pytest.mark.parametrize("language", LANGUAGES)
def test_conditions_are_told_whole_in_every_language(office: Office, language: str) -> None:
    identifier = office.let_wait(CHILDREN)
    ana = office.approver("Ana")
    ana.client.set_cookie("corridor-language", language)
    assert ana.get(f"/approvals/{identifier}").status_code == 200
    moldova = {
        "en": "Moldova",
        "fr": "Moldavie",
        "es": "Moldavia",
        "ar": "مولدوفا",
        "bg": "Молдова",
    }
    assert moldova[language] in ana.last
    assert "%(" not in ana.last
    if language != "en":
        assert "How many persons" not in ana.last
