import datetime as dt
from pathlib import Path

import pytest
from openpyxl import load_workbook

from corridor.ids import CountryCode
from corridor.node.synthetic import SyntheticWorkbook, write_country_workbook
from corridor.node.synthetic.casework import Dice, draw_cases
from corridor.node.synthetic.routes import TRENDS, YEARS, routes_of
from corridor.node.synthetic.workbook import NOTICE
from support.case_files import edition_of, problems, read

MD = CountryCode("MD")
DEMO = [CountryCode(code) for code in ("BG", "MD", "NG", "RO", "UA")]


def write(
    path: Path, country: CountryCode = MD, people: int = 150, seed: int = 1
) -> SyntheticWorkbook:
    """An invented workbook."""
    return write_country_workbook(path, country, people, seed)


@pytest.mark.parametrize(
    "country", [*DEMO, CountryCode("NE"), CountryCode("PY"), CountryCode("XK")]
)
def test_a_workbook_holds_as_many_persons_as_were_asked_for(
    tmp_path: Path, country: CountryCode
) -> None:
    written = write(tmp_path / "a.xlsx", country)
    _, report = read(written.path)
    assert report.persons == written.persons == 150
    assert report.cases == written.cases > written.persons
    assert report.cases_without_consent == written.cases_without_consent > 0


def test_equal_seeds_give_equal_bytes_and_others_do_not(tmp_path: Path) -> None:
    one, two = write(tmp_path / "a.xlsx").path, write(tmp_path / "b.xlsx").path
    other = write(tmp_path / "c.xlsx", seed=2).path
    assert one.read_bytes() == two.read_bytes() != other.read_bytes()


def test_a_workbook_says_that_it_is_synthetic(tmp_path: Path) -> None:
    book = load_workbook(write(tmp_path / "a.xlsx").path)
    assert book.properties.title == NOTICE
    assert book["about"]["A1"].value == NOTICE
    assert all("SYNTHETIC" in name for name in book.sheetnames if name != "about")
    references = [row[0] for row in book.worksheets[1].iter_rows(3, 9, 2, 2, values_only=True)]
    assert all(str(reference).startswith("SYN-MD-") for reference in references)


def test_a_workbook_is_laid_out_like_the_official_template(tmp_path: Path) -> None:
    page = load_workbook(write(tmp_path / "a.xlsx").path).worksheets[0]
    assert page.row_dimensions[1].hidden
    assert page["A1"].value is page["A2"].value is None
    assert page["T1"].value == "vic_TraffickinStatusDecisionMakingOrg"
    assert (page["AJ1"].value, page["AJ2"].value) == (None, "Reason for Outgoing Referral")
    assert [page["A3"].value, page["A4"].value] == [1, 2]
    assert isinstance(page["G3"].value, str | dt.datetime)
    last = page.max_row
    assert page.cell(last, 1).value == last - 2
    assert all(page.cell(last, column).value is None for column in range(2, 60))


def test_the_dirt_is_met_and_reported(tmp_path: Path) -> None:
    _, report = read(write(tmp_path / "a.xlsx", people=600).path)
    assert {
        "country.unresolved",
        "country.from_address",
        "picklist.unknown_value",
        "date.impossible",
        "date.future",
        "date.unreadable",
        "date.day_first",
        "column.template_name",
        "column.by_label",
        "column.other_label",
        "sheet.no_fields",
    } <= problems(report).keys()
    never = {"row", "person_reference"}
    assert all(report.persons_by[by] for by in report.persons_by if by not in never)
    assert report.ages_by["first_event"] > 0
    assert report.ages_by["referral"] > 0


def test_members_share_corridors_that_both_of_them_see(tmp_path: Path) -> None:
    seen = {}
    for country in DEMO:
        cases = edition_of(write(tmp_path / "a.xlsx", country, 400).path).cases
        pairs = zip(
            cases.column("recruited_in").to_pylist(),
            cases.column("exploited_in").to_pylist(),
            strict=True,
        )
        seen[country] = set(pairs)
    assert ("MD", "RO") in seen[DEMO[1]] & seen[DEMO[3]]
    assert ("UA", "MD") in seen[DEMO[4]] & seen[DEMO[1]]
    assert len(set.union(*seen.values())) > 40


@pytest.mark.parametrize("country", [*DEMO, CountryCode("NE"), CountryCode("JP")])
def test_every_country_has_routes_that_touch_it(country: CountryCode) -> None:
    routes = routes_of(country)
    assert len(routes) >= 5
    assert all(country in (route.origin, route.destination) for route in routes)
    assert any(route.origin == country for route in routes)


def test_routes_change_over_the_years() -> None:
    assert all(len(weights) == len(YEARS) for weights in TRENDS.values())
    cases = draw_cases(CountryCode("UA"), 3000, Dice(CountryCode("UA"), 5))
    years = [case.identified_on.year for case in cases if case.person.route.destination == "PL"]
    assert years.count(2022) > 3 * years.count(2021)


def test_dates_of_a_case_follow_one_another() -> None:
    for case in draw_cases(MD, 300, Dice(MD, 3)):
        days = [case.person.birthdate, *(event.day for event in case.events)]
        assert [*days, case.identified_on, case.referred_on] == sorted(
            [*days, case.identified_on, case.referred_on]
        )


def test_some_persons_have_a_second_case() -> None:
    cases = draw_cases(MD, 600, Dice(MD, 3))
    assert 15 <= len(cases) - 600 <= 60
    assert len({case.reference for case in cases}) == len(cases)


@pytest.mark.slow
def test_two_thousand_people_are_quickly_written(tmp_path: Path) -> None:
    assert write(tmp_path / "a.xlsx", people=2000).persons == 2000
