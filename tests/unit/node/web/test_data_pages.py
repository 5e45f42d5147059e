"""Data quality, editions and erasing: what officers see, and that nobody's name stays anywhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from corridor.node.app.world import current_edition, journal_of
from corridor.node.home import Home
from corridor.node.keys import read_keys
from corridor.node.store import EditionStore
from corridor.people import Role
from support.console import Console, open_console
from support.pages import Browser
from support.waiting_questions import import_cases

SECRET = "Zebedeea"
COLUMNS = "prs_FirstName,prs_SecondName,prs_Birthdate,con_Consent"
PERSON = f"{COLUMNS}\n{SECRET},Rusu,1990-02-03,Yes\n"


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path / "MD") as opened:
        yield opened


@pytest.fixture
def officer(console: Console) -> Browser:
    return console.enter("Olga", Role.OFFICER)


def code(console: Console, name: str = "Olga") -> str:
    console.next_half_minute()
    return console.code_of(name)


def persons(console: Console) -> int:
    current = EditionStore(console.home, console.world.random_bytes, console.clock).current()
    return 0 if current is None else current.rows["persons"]


def kinds(console: Console) -> list[tuple[str, object]]:
    home = Home(console.home)
    with journal_of(console.world, home, read_keys(home)) as journal:
        return [(row.kind, row.details.get("by")) for row in journal.rows()]


def test_before_an_import_there_is_no_profile_and_it_is_said(officer: Browser) -> None:
    assert officer.get("/data/quality").status_code == 200
    assert "There is no profile: it comes with an import" in officer.last
    assert officer.get("/data/quality/worklist").status_code == 404


def test_gaps_are_shown_as_numbers_and_bars_with_what_they_mean(
    console: Console, officer: Browser, tmp_path: Path
) -> None:
    import_cases(console.world, tmp_path)
    officer.get("/data/quality")
    head = '<th scope="row" class="whole"><code dir="ltr">hte_Country</code>'
    table = officer.last.partition(head)[2]
    row = table.partition("</tr>")[0]
    assert 'class="bar-part" width="33.3"' in row
    assert "33.3 %: 1 of 3" in row
    assert "country.unresolved" in officer.last
    assert "counts in the cell “unknown” of corridors and legs" in officer.last
    assert "by identity number" in officer.last
    assert "Atlantis" not in officer.last  # a value; the report has it, this page is about fields


def test_the_case_workers_list_is_taken_along_as_csv(
    console: Console, officer: Browser, tmp_path: Path
) -> None:
    import_cases(console.world, tmp_path)
    officer.get("/data/quality")
    link = re.search(r'href="(/data/quality/worklist[^"]*)"', officer.last)
    assert link is not None
    found = officer.get(link[1])
    assert found.mimetype == "text/csv"
    assert "attachment" in found.headers["Content-Disposition"]
    assert "cases.csv,,3,prs_Birthdate" in found.get_data(as_text=True)


def test_a_profile_is_no_report(console: Console, officer: Browser, tmp_path: Path) -> None:
    import_cases(console.world, tmp_path)
    (profile,) = (console.home / "imports").glob("*-profile.json")
    assert [profile.name] != list(console.desks.imports.reports()) != []
    officer.get("/data")
    assert profile.name not in officer.last
    assert officer.get(f"/data/reports/{profile.name}").status_code == 404


def test_an_edition_is_erased_by_whoever_has_a_fresh_code(
    console: Console, officer: Browser, tmp_path: Path
) -> None:
    import_cases(console.world, tmp_path)
    officer.get("/editions")
    assert "3" in officer.last
    for given in ("", "123456"):
        assert officer.post("/editions/erase", {"edition": "all", "code": given}).status_code == 401
    assert persons(console) == 3
    officer.get("/editions")
    answer = officer.post("/editions/erase", {"edition": "all", "code": code(console)})
    assert answer.status_code == 303
    assert persons(console) == 0
    officer.get(answer.location)
    assert "the key is destroyed" in officer.last
    assert ("edition_erased", "Olga") in kinds(console)


@pytest.mark.parametrize("edition", ["", "x", "../..", "current"])
def test_an_edition_that_is_none_erases_nothing(
    console: Console, officer: Browser, tmp_path: Path, edition: str
) -> None:
    import_cases(console.world, tmp_path)
    officer.get("/editions")
    given: dict[str, object] = {"edition": edition, "code": code(console)}
    assert officer.post("/editions/erase", given).status_code == 422
    assert persons(console) == 3


def test_the_current_edition_alone_is_not_erased_by_its_name(
    console: Console, officer: Browser, tmp_path: Path
) -> None:
    import_cases(console.world, tmp_path)
    (current,) = console.desks.case_data.editions()
    officer.get("/editions")
    given: dict[str, object] = {"edition": current.id, "code": code(console)}
    assert officer.post("/editions/erase", given).status_code == 409
    assert "erasing.current_edition" in officer.last
    assert persons(console) == 3


def test_a_person_is_erased_and_stands_in_no_page_log_or_file(
    console: Console, officer: Browser, tmp_path: Path
) -> None:
    import_cases(console.world, tmp_path, PERSON)
    officer.get("/editions/person")
    typed: dict[str, object] = {
        "first_name": SECRET,
        "second_name": "Rusu",
        "birthdate": "1990-02-03",
    }
    with capture_logs() as logged:
        assert officer.post("/editions/person", {**typed, "code": "000000"}).status_code == 401
        assert SECRET not in officer.last
        answer = officer.post("/editions/person", {**typed, "code": code(console)})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Done. They were in the data." in officer.last
    assert SECRET not in officer.last
    assert SECRET not in str(logged)
    assert persons(console) == 0
    assert ("person_request", "Olga") in kinds(console)
    for path in console.home.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path
    import_cases(console.world, tmp_path, PERSON)
    assert persons(console) == 0


def test_a_person_s_words_are_never_taken_from_an_address(
    console: Console, officer: Browser, tmp_path: Path
) -> None:
    import_cases(console.world, tmp_path)
    officer.get("/editions/person?identity_number=1001")
    assert "1001" not in officer.last
    answer = officer.post("/editions/person?identity_number=1001", {"code": code(console)})
    assert answer.status_code == 422
    assert "erasing.no_identity" in officer.last
    assert persons(console) == 3


def test_somebody_who_is_not_there_is_kept_out_all_the_same(
    console: Console, officer: Browser, tmp_path: Path
) -> None:
    import_cases(console.world, tmp_path)
    officer.get("/editions/person")
    officer.post("/editions/person", {"identity_number": "77123", "code": code(console)})
    assert "Done. They were not in the data." in officer.last


def test_the_last_backup_is_said(console: Console, officer: Browser) -> None:
    officer.get("/editions")
    assert "The journal knows of none." in officer.last
    home = Home(console.home)
    with journal_of(console.world, home, read_keys(home)) as journal:
        journal.backed_up(None, left_out=True)
    officer.get("/editions")
    assert "1 Mar 2026" in officer.last
    assert "It does not hold the case data." in officer.last


def test_a_backup_that_is_older_than_the_data_is_marked(
    console: Console, officer: Browser, tmp_path: Path
) -> None:
    home = Home(console.home)
    with journal_of(console.world, home, read_keys(home)) as journal:
        journal.backed_up(None)
    officer.get("/editions")
    assert "older than the data" not in officer.last
    import_cases(console.world, tmp_path)
    officer.get("/editions")
    assert "older than the data" in officer.last
    assert "It holds no case data: there were none then." in officer.last
    officer.get("/today")
    assert "A backup is due" in officer.last
    with journal_of(console.world, home, read_keys(home)) as journal:
        journal.backed_up(current_edition(console.world))
    officer.get("/editions")
    assert "older than the data" not in officer.last
    assert "It holds the case data." in officer.last


def test_how_long_data_stay_is_said_with_what_goes_next(
    console: Console, officer: Browser, tmp_path: Path
) -> None:
    import_cases(console.world, tmp_path)
    officer.get("/editions")
    assert "There is no rule: data stay until somebody erases them" in officer.last
    with (console.home / "node.toml").open("a") as file:
        file.write("[retention]\ndays = 30\ncase_days = 1\nreport_days = 1\n")
    officer.get("/editions")
    assert "30 days after its import" in officer.last
    assert "The current one ends 31 Mar 2026, 12:00:00 UTC" in officer.last
    assert "1 day after its referral" in officer.last
    assert "They leave on 1 Apr 2026" in officer.last
    assert "Files past their time now: 0." in officer.last
