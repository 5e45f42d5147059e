"""What the console's pages show and do, over a real home."""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from corridor.errors.console import ImportDiedError
from corridor.ids import Digest
from corridor.node.app.checking import LOOKS
from corridor.node.app.world import journal_of, ledger_of, read_policy
from corridor.node.home import Home
from corridor.node.import_desk import ImportJob, ImportStage, UploadFolder
from corridor.node.journal import Journal, verify_export
from corridor.node.keys import read_keys
from corridor.node.reading_room import SpendingPoint
from corridor.node.status import AttemptStatus, Status, StatusBoard
from corridor.node.store import EditionStore
from corridor.node.web.chart import MOST_STEPS, draw, months
from corridor.people import Role
from corridor.transport.suites import ed25519_verify
from support.console import START, Console, open_console
from support.ledgers import CHARTER, QUESTION, session_of
from support.pages import PASSWORD

CASES = (
    "prs_IdentityNumber,prs_Gender,con_Consent,hte_Country\n"
    "1001,Female,Yes,Moldova\n1002,Male,Yes,Atlantis\n"
)
OTHER = "nine magpies borrow silver ladders"


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path / "MD") as opened:
        yield opened


def edition(console: Console) -> object:
    world = console.world
    return EditionStore(world.home, world.random_bytes, world.clock).current()


def send(console: Console, name: str, content: bytes, **more: object) -> str:
    """An officer imports one file; gives the page afterwards."""
    officer = console.enter("Olga", Role.OFFICER)
    officer.get("/data")
    answer = officer.post("/data/import", {"files": (BytesIO(content), name), **more})
    assert answer.status_code == 303, officer.last
    console.desks.imports.wait()
    officer.get("/data")
    return officer.last


def test_an_import_becomes_an_edition_and_leaves_no_file_behind(console: Console) -> None:
    page = send(console, "cases 2025.csv", CASES.encode())
    assert console.desks.imports.state().stage is ImportStage.DONE, page
    assert edition(console) is not None
    assert "cases 2025.csv: 2 rows" in page
    assert list((console.home / "uploads").iterdir()) == []
    left = [path for path in console.home.rglob("*") if path.is_file()]
    assert not any(b"Atlantis" in path.read_bytes() for path in left if "imports" not in str(path))


def test_the_country_list_of_an_import_is_filled_in_and_given_back(console: Console) -> None:
    send(console, "cases.csv", CASES.encode())
    state = console.desks.imports.state()
    officer = console.enter("Oleg", Role.OFFICER)
    found = officer.get(f"/data/countries/{state.countries}")
    assert found.mimetype == "text/csv"
    text = found.get_data(as_text=True)
    assert "atlantis" in text.lower()
    filled = re.sub(r"(?i)^(atlantis),,", r"\1,GR,", text, flags=re.MULTILINE)
    assert filled != text
    officer.get("/data")
    officer.post(
        "/data/import",
        {
            "files": (BytesIO(CASES.encode()), "cases.csv"),
            "countries": (BytesIO(filled.encode()), "list.csv"),
            "replace": "yes",
        },
    )
    console.desks.imports.wait()
    assert console.desks.imports.state().stage is ImportStage.DONE
    assert console.desks.imports.state().countries == ""


def test_a_file_that_is_refused_is_told_with_its_code_and_removed(console: Console) -> None:
    page = send(console, "cases.xlsx", b"no workbook at all")
    state = console.desks.imports.state()
    assert state.stage is ImportStage.REFUSED
    assert state.code.startswith("import.")
    assert state.code in page
    assert edition(console) is None
    assert list((console.home / "uploads").iterdir()) == []


def test_a_form_without_a_file_starts_nothing(console: Console) -> None:
    officer = console.enter("Olga", Role.OFFICER)
    officer.get("/data")
    assert officer.post("/data/import", {"files": (BytesIO(), "")}).status_code == 422
    assert console.desks.imports.state().stage is ImportStage.NONE


def test_files_of_a_forged_form_are_removed_with_it(console: Console) -> None:
    officer = console.enter("Olga", Role.OFFICER)
    answer = officer.post(
        "/data/import", {"form_token": "0" * 64, "files": (BytesIO(CASES.encode()), "cases.csv")}
    )
    assert answer.status_code == 403
    assert list((console.home / "uploads").iterdir()) == []


def test_what_is_too_long_is_refused_before_it_is_kept(console: Console) -> None:
    officer = console.enter("Olga", Role.OFFICER)
    officer.get("/account")
    answer = officer.post("/account/password", {"old": "x" * 300_000})
    assert answer.status_code == 413
    assert "console.too_large" in officer.last


def test_a_new_node_has_no_account(console: Console) -> None:
    assert console.people.is_empty()
    browser = console.browser()
    browser.get("/sign-in")
    assert "corridor node people add NAME" in browser.last


def test_a_second_import_waits_for_the_first(console: Console) -> None:
    officer = console.enter("Olga", Role.OFFICER)
    may_end = threading.Event()

    def slow(job: ImportJob, tell: Callable[[str], None]) -> Mapping[str, Any]:
        tell("reading")
        may_end.wait(20)
        raise ImportDiedError

    console.desks.imports._run = slow
    officer.get("/data")
    file = (BytesIO(CASES.encode()), "cases.csv")
    assert officer.post("/data/import", {"files": file}).status_code == 303
    officer.get("/data/progress")
    assert "An import runs" in officer.last
    officer.get("/account")
    file = (BytesIO(CASES.encode()), "cases.csv")
    assert officer.post("/data/import", {"files": file}).status_code == 409
    assert "console.import_runs" in officer.last
    assert len(list((console.home / "uploads").iterdir())) == 1
    may_end.set()
    console.desks.imports.wait()
    answer = officer.get("/data/progress")
    assert answer.headers["HX-Refresh"] == "true"
    assert "console.import_died" in officer.last
    assert list((console.home / "uploads").iterdir()) == []


def test_what_a_killed_console_left_is_swept(console: Console) -> None:
    left = console.desks.imports.make_folder() / "cases.csv"
    left.write_text(CASES)
    console.desks.imports.sweep()
    assert not (console.home / "uploads").exists()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("cases.xlsx", "cases.xlsx"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ana\\cases.csv", "cases.csv"),
        ("случаи 2025.xlsx", "случаи 2025.xlsx"),
        ("..", "file"),
        ("", "file"),
        (".csv", "csv"),
        ("a\x00b\n.csv", "a_b_.csv"),
    ],
)
def test_a_name_of_an_uploaded_file_leads_nowhere_else(
    tmp_path: Path, given: str, kept: str
) -> None:
    path = UploadFolder(tmp_path, 1).path_for(given)
    assert (path.parent, path.name) == (tmp_path, kept)


@pytest.mark.parametrize("letter", ["案", "a", "😀"])
def test_an_uploaded_file_of_a_long_name_can_be_kept(tmp_path: Path, letter: str) -> None:
    folder = UploadFolder(tmp_path, 1)
    for _ in range(2):
        path = folder.path_for(f"{letter * 300}.csv")
        path.write_text("x")
        assert path.suffix == ".csv"


def test_two_files_of_one_name_are_two_files(tmp_path: Path) -> None:
    folder = UploadFolder(tmp_path, 1)
    assert folder.path_for("a.csv").name == "a.csv"
    assert folder.path_for("sub/a.csv").name == "a 2.csv"


@pytest.mark.parametrize("name", ["..%2Fpolicy.toml", "store.key", "x.json", "%2e%2e"])
def test_a_report_is_fetched_from_the_folder_of_reports_alone(console: Console, name: str) -> None:
    officer = console.enter("Olga", Role.OFFICER)
    assert officer.get(f"/data/reports/{name}").status_code == 404
    assert officer.get(f"/data/countries/{name}").status_code == 404


def test_what_else_lies_beside_the_reports_is_no_report(console: Console) -> None:
    page = send(console, "cases.csv", CASES.encode())
    profiles = [one.name for one in (console.home / "imports").glob("*-profile.json")]
    assert len(profiles) == 1
    assert profiles[0] not in page
    officer = console.enter("Oleg", Role.OFFICER)
    assert officer.get(f"/data/reports/{profiles[0]}").status_code == 404


def test_the_report_of_an_import_says_what_was_rejected(console: Console) -> None:
    send(console, "cases.csv", CASES.encode())
    officer = console.enter("Oleg", Role.OFFICER)
    officer.get(f"/data/reports/{console.desks.imports.state().report}")
    assert "Atlantis" in officer.last
    assert "hte_Country" in officer.last


def spend(console: Console, amounts: list[Fraction]) -> None:
    """So much of the ledger's ρ, a day apart."""
    rules = read_policy(Home(console.home))
    with ledger_of(console.world, rules, None) as ledger:
        ledger._failed_attempts_per_day = 10
        for number, rho in enumerate(amounts):
            deadline = int(console.clock().timestamp()) + 60
            ledger.reserve(
                session_of(number), rho, question=QUESTION, charter=CHARTER, deadline=deadline
            )
            ledger.debit(session_of(number), rho)
            console.clock.advance(timedelta(days=1))


def test_the_budget_shows_what_was_spent_over_time(console: Console) -> None:
    auditor = console.enter("Anna", Role.AUDITOR)
    auditor.get("/budget")
    assert "Nothing was spent yet." in auditor.last
    spend(console, [Fraction(1, 100), Fraction(1, 50)])
    auditor = console.enter("Amir", Role.AUDITOR)
    auditor.get("/budget")
    assert '<svg class="chart"' in auditor.last
    assert "March 2026" in auditor.last
    assert "0.03" in auditor.last


def test_a_drawing_goes_up_in_steps_to_what_was_spent() -> None:
    points = [
        SpendingPoint(START + timedelta(days=day), Fraction(1, 10), Fraction(day + 1, 10))
        for day in range(3)
    ]
    chart = draw(points, Fraction(1), START + timedelta(days=4))
    assert chart is not None
    heights = [float(one) for one in re.findall(r"V([\d.]+)", chart.line)]
    assert heights == sorted(heights, reverse=True)
    assert heights[-1] == round(chart.bottom - (chart.bottom - chart.top) * 0.3, 1)
    assert chart.limit == chart.top
    assert draw([], Fraction(1), START) is None


def test_a_day_stands_once_under_a_drawing_of_some_hours() -> None:
    points = [SpendingPoint(START, Fraction(1, 10), Fraction(1, 10))]
    chart = draw(points, Fraction(1), START + timedelta(hours=3))
    assert chart is not None
    assert [tick.value for tick in chart.days] == [START.date()]


def test_a_long_history_is_drawn_no_finer_than_the_picture() -> None:
    points = [
        SpendingPoint(START + timedelta(hours=hour), Fraction(1), Fraction(hour + 1))
        for hour in range(5000)
    ]
    chart = draw(points, Fraction(10**6), START)
    assert chart is not None
    assert chart.line.count("H") <= MOST_STEPS + 2
    assert chart.limit is None  # far above what was spent: the steps would be a flat line


def test_the_months_of_the_table_add_up_to_what_was_spent() -> None:
    points = [
        SpendingPoint(START + timedelta(days=20 * n), Fraction(1, 7), Fraction(n + 1, 7))
        for n in range(4)
    ]
    found = months(points)
    assert [one.first for one in found] == [date(2026, 4, 1), date(2026, 3, 1)]
    assert sum(one.rho for one in found) == found[0].total == Fraction(4, 7)


def test_the_journal_is_searched_and_paged(console: Console) -> None:
    with journal_of(console.world, Home(console.home), read_keys(Home(console.home))) as journal:
        for number in range(120):
            journal.refused(session_of(number), f"policy.refuses_{number}")
        journal.charter_accepted(Digest(b"\7" * 32), 1)
    auditor = console.enter("Anna", Role.AUDITOR)
    auditor.get("/journal?kind=refused")
    assert "120 entries found" in auditor.last
    assert "page 1 of 3" in auditor.last
    assert "policy.refuses_119" in auditor.last
    auditor.get("/journal?kind=refused&page=3")
    assert "policy.refuses_0<" in auditor.last
    auditor.get("/journal?text=REFUSES_77")
    assert "1 entry found" in auditor.last
    for page in ("0", "-1", "99999999999", "x", "4"):
        assert auditor.get(f"/journal?page={page}").status_code == 200


def test_what_others_add_to_the_journal_is_seen_without_a_restart(console: Console) -> None:
    auditor = console.enter("Anna", Role.AUDITOR)
    auditor.get("/journal")
    with journal_of(console.world, Home(console.home), read_keys(Home(console.home))) as journal:
        journal.refused(session_of(1), "policy.refuses")
    auditor.get("/journal?kind=refused")
    assert "policy.refuses" in auditor.last


def test_the_exported_journal_is_verified_with_the_public_key_alone(console: Console) -> None:
    auditor = console.enter("Anna", Role.AUDITOR)
    found = auditor.get("/journal/export")
    key = read_keys(Home(console.home)).signing_public
    lines = found.get_data(as_text=True).splitlines()
    assert verify_export(lines, key, ed25519_verify) == len(lines) - 1 > 0
    assert "attachment" in found.headers["Content-Disposition"]


def test_changes_of_accounts_stand_in_the_journal(console: Console) -> None:
    admin = console.enter("Ana", Role.ADMINISTRATOR)
    admin.get("/people")
    code = console.new_code_of("Ana")
    admin.post("/people/add", {"name": "Bogdan", "role": "officer", "code": code})
    with journal_of(console.world, Home(console.home), read_keys(Home(console.home))) as journal:
        last = list(journal.rows())[-1]
    assert last.kind == "people_changed"
    assert last.details == {"change": "added", "name": "Bogdan", "roles": ["officer"], "by": "Ana"}


def test_an_added_person_comes_in_with_the_code_that_is_shown_once(console: Console) -> None:
    admin = console.enter("Ana", Role.ADMINISTRATOR)
    admin.get("/people")
    code = console.new_code_of("Ana")
    admin.post("/people/add", {"name": "Bogdan", "role": "officer", "code": code})
    found = re.search(r'class="secret">([a-z2-7-]{19})<', admin.last)
    assert found is not None
    admin.get("/people")
    assert found[1] not in admin.last
    browser = console.browser()
    browser.get("/welcome")
    words: dict[str, object] = {"name": "Bogdan", "code": found[1], "password": PASSWORD}
    assert browser.post("/welcome", {**words, "again": OTHER}).status_code == 422
    assert browser.post("/welcome", {**words, "again": PASSWORD}).status_code == 303


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/people/add", {"name": "Evil", "role": "approver"}),
        ("/people/reset", {"name": "Boris"}),
        ("/people/roles", {"name": "Boris", "role": "approver"}),
        ("/people/lock", {"name": "Boris", "locked": "no"}),
    ],
)
def test_a_browser_that_was_left_open_gives_nobody_a_way_in(
    console: Console, path: str, form: dict[str, object]
) -> None:
    console.enter("Boris", Role.OFFICER)
    console.people.lock("Boris")
    admin = console.enter("Ana", Role.ADMINISTRATOR)
    admin.get("/people")
    before = console.people.people()
    for code in ({}, {"code": console.code_of("Ana")}):  # that one signed her in
        assert admin.post(path, {**form, **code}).status_code == 401
        assert "people.wrong_code" in admin.last
    assert console.people.people() == before
    admin.post(path, {**form, "code": console.new_code_of("Ana")})
    assert console.people.people() != before


def test_a_policy_is_saved_whole_and_the_old_one_kept(console: Console) -> None:
    admin = console.enter("Ana", Role.ADMINISTRATOR)
    before = (console.home / "policy.toml").read_text()
    admin.get("/policy")
    seen = re.search(r'name="seen" value="([0-9a-f]{64})"', admin.last)
    assert seen is not None
    new = before + "\n# looked at\n"
    text, code = new.replace("\n", "\r\n"), console.new_code_of("Ana")
    answer = admin.post("/policy/save", {"text": text, "seen": seen[1], "code": code})
    assert answer.status_code == 303, admin.last
    assert (console.home / "policy.toml").read_text() == new
    (kept,) = (console.home / "policy-before").iterdir()
    assert kept.read_text() == before
    admin.get("/policy")
    given: dict[str, object] = {"text": before, "seen": seen[1], "code": console.new_code_of("Ana")}
    assert admin.post("/policy/save", given).status_code == 409
    assert (console.home / "policy.toml").read_text() == new


def test_a_policy_that_cannot_be_read_is_not_saved(console: Console) -> None:
    admin = console.enter("Ana", Role.ADMINISTRATOR)
    before = (console.home / "policy.toml").read_text()
    admin.get("/policy")
    seen = re.search(r'name="seen" value="([0-9a-f]{64})"', admin.last)
    assert seen is not None
    broken = before + "\n[[rules]]\n"
    for path in ("/policy/check", "/policy/save"):
        assert admin.post(path, {"text": broken, "seen": seen[1]}).status_code == 422
        assert "policy." in admin.last
    assert (console.home / "policy.toml").read_text() == before


def test_checking_a_policy_saves_nothing(console: Console) -> None:
    admin = console.enter("Ana", Role.ADMINISTRATOR)
    before = (console.home / "policy.toml").read_text()
    admin.get("/policy")
    answer = admin.post("/policy/check", {"text": before + "\n# x\n", "seen": "00" * 32})
    assert answer.status_code == 200
    assert "Nothing was saved yet." in admin.last
    assert (console.home / "policy.toml").read_text() == before


def test_the_overview_says_what_is_still_to_be_done(console: Console) -> None:
    browser = console.enter("Olga", Role.OFFICER)
    browser.get("/")
    assert "has never been connected" in browser.last
    assert browser.last.count("to do") == 3


def test_the_overview_shows_what_serve_said_and_that_it_is_gone(console: Console) -> None:
    StatusBoard(
        console.home / "status.json",
        Status(
            country="MD",
            process=1,
            link="connected",
            detail="",
            since=START,
            charter="in force",
            edition=None,
            attempt=AttemptStatus(
                question="ab12",
                purpose="<script>alert(1)</script>",
                rho="1/100",
                round="share",
                since=START,
                waiting_for=("BG", "UA"),
            ),
            last="<b>bold</b>",
        ),
    )
    browser = console.enter("Olga", Role.OFFICER)
    browser.get("/")
    assert "not running" in browser.last
    assert "Bulgaria, Ukraine" in browser.last
    assert "<script>alert" not in browser.last
    assert "<b>bold</b>" not in browser.last


def test_a_charter_page_shows_this_nodes_key_in_two_forms(console: Console) -> None:
    auditor = console.enter("Anna", Role.AUDITOR)
    auditor.get("/charter")
    assert re.search(r'class="fingerprint">(?:[0-9A-F]{4}-){9}[0-9A-F]{4}<', auditor.last)
    assert re.search(r'class="words">(?:[a-z]+ ){14}[a-z]+<', auditor.last)


def test_a_changed_password_signs_the_others_out_and_this_one_goes_on(console: Console) -> None:
    browser = console.enter("Ana", Role.OFFICER)
    console.next_half_minute()
    other = console.browser()
    other.sign_in("Ana")
    other.get("/sign-in/code")
    assert other.post("/sign-in/code", {"code": console.code_of("Ana")}).location == "/"
    browser.get("/account")
    words: dict[str, object] = {"old": PASSWORD, "password": OTHER, "again": OTHER}
    assert browser.post("/account/password", words).status_code == 303
    assert browser.get("/").status_code == 200
    assert other.get("/").location == "/sign-in"


def test_a_bug_is_shown_as_a_reference_and_nothing_else(console: Console) -> None:
    def broken() -> None:
        raise ZeroDivisionError("the secret is 4711")

    browser = console.enter("Ana", Role.ADMINISTRATOR)
    object.__setattr__(console.desks, "upkeep", broken)
    assert browser.get("/").status_code == 500
    assert "4711" not in browser.last
    assert re.search(r"<code dir=\"ltr\">[0-9a-f]{8}</code>", browser.last)


def test_a_check_up_runs_beside_and_its_page_says_what_was_found_and_when(
    console: Console,
) -> None:
    auditor = console.enter("Anna", Role.AUDITOR)
    auditor.get("/doctor")
    assert auditor.last.count("never looked at") == len(LOOKS)
    assert auditor.post("/doctor").status_code == 303
    console.desks.checkups.wait()
    auditor.get("/doctor/progress")
    assert "never looked at" not in auditor.last
    assert "whole; " in auditor.last
    assert auditor.last.count('<span class="mark wait">due</span>') == 1  # a backup is
    assert "node.not_enrolled" in auditor.last
    assert "hx-get" not in auditor.last  # it does not run any more, and nobody asks after it
    assert auditor.last.count("1 Mar 2026, 12:00:00 UTC") == len(LOOKS)


def test_the_overview_says_what_is_due_and_when_the_backup_could_be_restored(
    console: Console,
) -> None:
    admin = console.enter("Ana", Role.ADMINISTRATOR)
    admin.get("/")
    for due in ("A backup is due", "A backup is to be exercised", "A check-up is due"):
        assert due in admin.last
    home = Home(console.home)
    with journal_of(console.world, home, read_keys(home)) as journal:
        journal.backed_up(None)
        journal.backup_checked(START.isoformat(), "")
    admin.post("/doctor")
    console.desks.checkups.wait()
    admin.get("/today")
    assert "due" not in admin.last
    admin.get("/editions")
    assert "it could be restored" in admin.last
    with journal_of(console.world, home, read_keys(home)) as journal:
        journal.backup_checked("", "backup.damaged")
    admin.get("/")
    assert "could not be relied on" in admin.last


def test_a_page_does_not_wait_for_a_long_journal_and_shows_nothing_unverified(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    auditor = console.enter("Anna", Role.AUDITOR)
    verified = threading.Event()
    real = console.desks.room._open_journal

    def slow() -> Journal:
        assert verified.wait(20)
        return real()

    room = console.desks.room
    monkeypatch.setattr(room, "_open_journal", slow)
    monkeypatch.setattr(room, "patience", 0.01)
    (console.home / "policy.toml").touch()  # so both are opened anew
    answer = auditor.get("/journal?kind=people_changed")
    assert answer.status_code == 503
    assert 'hx-get="/journal?kind=people_changed"' in auditor.last
    assert "account changed" not in auditor.last
    assert auditor.get("/").status_code == 200
    assert 'hx-get="/today"' in auditor.last
    assert 'class="notice due"' not in auditor.last
    verified.set()
    monkeypatch.setattr(room, "patience", 20)
    headers = {"HX-Request": "true", "HX-Target": "content"}
    assert auditor.get("/journal?kind=people_changed", headers=headers).status_code == 200
    assert '<main id="content"' in auditor.last  # the whole page, from which its content is taken
    assert "account changed" in auditor.last


def test_a_journal_that_cannot_be_opened_is_tried_again(console: Console) -> None:
    auditor = console.enter("Anna", Role.AUDITOR)
    journal = console.home / "journal.sqlite3"
    aside = journal.rename(console.home / "aside")
    journal.write_bytes(b"no database at all, but long enough to look at" * 50)
    assert auditor.get("/journal").status_code >= 500
    aside.rename(journal)
    assert auditor.get("/journal").status_code == 200


def test_a_journal_entry_is_told_whole_or_by_the_beginning_of_its_hash(console: Console) -> None:
    with journal_of(console.world, Home(console.home), read_keys(Home(console.home))) as journal:
        journal.cosigned(3, Digest(b"\x0a" * 32))
    auditor = console.enter("Anna", Role.AUDITOR)
    auditor.get("/journal?kind=cosigned")
    assert f"{'0a' * 6}…" in auditor.last
    assert "0a" * 32 not in auditor.last


def test_a_report_that_is_no_json_is_a_refusal_and_no_bug(console: Console) -> None:
    (console.home / "imports" / "20260101T000000-1.json").write_text("{")
    officer = console.enter("Olga", Role.OFFICER)
    assert officer.get("/data/reports/20260101T000000-1.json").status_code == 503
    assert json.dumps("disk.cannot_write")[1:-1] in officer.last
