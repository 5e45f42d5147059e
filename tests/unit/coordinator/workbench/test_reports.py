"""Ready-made reports through the pages, over a coordinator whose nodes really answer."""

import html
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlencode

import openpyxl
import pytest

from corridor.coordinator.workbench.report_tables import shown_form
from corridor.coordinator.workbench.report_words import KNOWN
from corridor.ids import CountryCode
from corridor.pages.languages import LANGUAGES
from corridor.people import Role
from corridor.privacy.reliability import Reliability
from corridor.publishing.reports.definitions import DETECTED
from corridor.publishing.reports.filling import fill
from support.loopback_region import MINISTRY, QUICK, LoopbackRegion
from support.pages import Browser
from support.reports import release_for, reports
from support.workbench import Workbench, open_workbench

NAME = "sdg_16_2_2"
COUNTRIES = tuple(
    map(CountryCode, ("AL", "BG", "DE", "FR", "IT", "MD", "MK", "NG", "RO", "TR", "UA"))
)
"""Of the whole world a table of flows has 62 000 rows, and a page of it takes ten seconds."""

EVIL = "<script>alert(1)</script>'\"&"
FORM: dict[str, object] = {
    "accuracy": "±30",
    "scope": "regional",
    "p-status": ["", "ActualVictimOfTrafficking"],
}


@dataclass
class Here:
    region: LoopbackRegion
    workbench: Workbench
    ana: Browser
    reader: Browser

    def answer(self, name: str, **request: str) -> str:
        """The id of the release that answers a report's question."""
        asked = self.region.post(
            f"/api/v1/reports/{name}/questions", {"purpose": "a report", **request}
        ).json()
        shown = self.region.wait(asked["id"])
        assert shown["state"] == "released", shown
        return str(shown["release_id"])


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    region = LoopbackRegion(tmp_path_factory.mktemp("region"), deadlines=QUICK)
    try:
        region.enter(countries=COUNTRIES)
        region.wait_for_members(*region.nodes)
        with open_workbench(region.world) as workbench:
            ana = workbench.enter("Ana", Role.ANALYST, organisation=MINISTRY)
            yield Here(region, workbench, ana, workbench.enter("Ada", Role.ADMINISTRATOR))
    finally:
        region.close()


@pytest.fixture(scope="module")
def release(here: Here) -> str:
    return here.answer(NAME, rho="1/20")


def text(browser: Browser) -> str:
    """What a reader sees, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", browser.last)).split())


def hidden(browser: Browser) -> dict[str, object]:
    """The fields of the confirmation."""
    form = browser.last.split('action="/ask/confirm"')[1].split("</form>")[0]
    found = re.findall(r'name="([^"]+)" value="([^"]*)"', form)
    return {name: html.unescape(value) for name, value in found}


def test_the_list_says_what_each_report_is_for_and_what_becomes_of_htcds(here: Here) -> None:
    assert here.reader.get("/reports").status_code == 200
    seen = text(here.reader)
    for one in reports().values():
        assert one.title in seen
        assert one.indicator.answers in seen
        assert one.cannot[0].why in seen
    assert "prs_Gender" in seen
    assert re.search(r"Feminine, Transgender[^.]* Female HTCDS records gender", seen)
    assert len(here.reader.last) < 150_000


def test_a_report_is_forecast_as_one_budget_and_nothing_is_spent(here: Here) -> None:
    before = here.region.get("/api/v1/questions").json()
    here.ana.get(f"/reports/{NAME}")
    assert here.ana.post(f"/reports/{NAME}", FORM).status_code == 200
    seen = text(here.ana)
    assert len(set(re.findall(r"ρ = (0\.\d+) As a guarantee", seen))) == 1
    assert "type of exploitation × gender" in seen or "gender × type of exploitation" in seen
    assert "rafficking status: Actual" in seen
    assert all(rung in seen for rung in ("±5", "±10", "±20", "±50"))
    assert re.search(r"Moldova: [\d.]+% of what is left", seen)
    piece = here.ana.post(f"/reports/{NAME}/forecast", {**FORM, "take": "±50"}).get_data(True)
    assert "±50" in piece
    assert "<html" not in piece
    assert here.region.get("/api/v1/questions").json() == before


def test_an_option_that_is_not_understood_is_told_and_spends_nothing(here: Here) -> None:
    here.ana.get(f"/reports/{NAME}")
    answer = here.ana.post(f"/reports/{NAME}", {**FORM, "p-status": "Nobody"})
    assert answer.status_code == 422
    assert "indicator.parameter" in here.ana.last
    assert here.ana.get("/reports/glotp").status_code == 404
    assert "report.unknown" in here.ana.last


def test_a_report_is_asked_at_the_price_that_was_shown_and_followed_to_its_tables(
    here: Here,
) -> None:
    here.ana.get(f"/reports/{NAME}")
    assert here.ana.post(f"/reports/{NAME}/review", FORM).status_code == 422
    assert "workbench.no_purpose" in here.ana.last
    here.ana.post(f"/reports/{NAME}/review", {**FORM, "purpose": "the yearly SDG report"})
    confirmed = hidden(here.ana)
    shown = re.search(r'<form method="post" action="/reports/(\w+)" class="bare">', here.ana.last)
    assert shown is not None  # the way back leads to the report
    path = here.ana.post("/ask/confirm", confirmed).location or ""
    found = here.region.get("/api/v1/questions").json()[0]
    assert (found["rho"], found["asked_by"]) == (confirmed["rho"], "Ana")
    assert len(found["question"]["tables"]) == 3
    here.region.ask(sql="SELECT COUNT(*) FROM persons", accuracy="±32")  # wakes the rounds
    done = here.region.wait(found["id"])
    here.ana.get(path)
    assert f"/releases/{done['release_id']}/reports/{NAME}" in here.ana.last
    assert "See the report: SDG 16.2.2" in text(here.ana)
    here.ana.get(f"/reports/{NAME}")
    assert f"/releases/{done['release_id']}/reports/{NAME}" in here.ana.last


def test_a_filled_report_shows_what_the_api_says_with_marks_and_coverage(
    here: Here, release: str
) -> None:
    path = f"/releases/{release}/reports/{NAME}"
    assert here.reader.get(path).status_code == 200
    seen = text(here.reader)
    told = here.region.get(f"/api/v1/releases/{release}/report/{NAME}").json()
    for table in told["tables"]:
        assert f"{table['id']} {table['title']}" in seen
        for row, cells in zip(table["rows"], table["cells"], strict=True):
            assert f"{row} {cells[0]['shown']}" in seen, (table["id"], row)
    assert "too uncertain" in seen
    assert "Ukraine" in seen
    assert "ρ = 0.05" in seen
    assert "Undetected victims" in seen
    here.reader.get(f"/releases/{release}")
    assert path in here.reader.last


def test_its_pictures_hold_the_figures_of_its_tables_and_no_totals(
    here: Here, release: str
) -> None:
    path = f"/releases/{release}/reports/{NAME}"
    here.ana.get(path)
    assert here.ana.last.count("<figure data-picture=") == 3
    drawn = here.ana.get(f"{path}/pictures/1").get_json()
    told = here.region.get(f"/api/v1/releases/{release}/report/{NAME}").json()["tables"][0]
    assert (drawn["kind"], drawn["within"], drawn["measure"]) == ("multiples", "bars", "persons")
    assert drawn["axes"][0]["labels"] == ["Under 18", "18 and over"]
    assert drawn["axes"][1]["labels"] == ["Female", "Male", "Other"]
    cell = told["cells"][0][0]
    assert drawn["points"]["high"][0] == pytest.approx(cell["high"], abs=0.01)
    assert (drawn["points"]["value"][0] is None) == (cell["reliability"] == "F")
    assert here.ana.get(f"{path}/pictures/4").status_code == 404


def test_a_report_comes_as_the_files_that_the_api_gives(here: Here, release: str) -> None:
    path = f"/releases/{release}/reports/{NAME}/files"
    for form in ("json", "csv", "xlsx"):
        mine = here.ana.get(f"{path}/{form}?population=total%3D1000000")
        api = here.region.get(
            f"/api/v1/releases/{release}/report/{NAME}/files/{form}?population=total%3D1000000"
        )
        assert mine.headers["Content-Disposition"] == api.headers["Content-Disposition"]
        if form == "xlsx":
            sheets = openpyxl.load_workbook(io.BytesIO(mine.get_data())).sheetnames
            assert sheets[-1] == "Table S3"
        else:
            assert mine.get_data() == api.content
    assert here.ana.get(f"{path}/pdf").status_code == 404


def test_rates_stand_beside_figures_where_a_population_is_given(here: Here, release: str) -> None:
    path = f"/releases/{release}/reports/{NAME}"
    here.ana.get(path)
    assert "per 100 000 (" not in text(here.ana)
    here.ana.get(f"{path}?population=total%3D1000000")
    assert re.search(r"[\d.]+ per 100 000 \([\d.]+ to [\d.]+\)", text(here.ana))
    assert here.ana.get(f"{path}?population=everybody").status_code == 422
    assert "report.bad_population" in here.ana.last
    assert "S1 Detected victims" in text(here.ana)


def test_a_report_is_not_filled_from_an_answer_to_something_else(here: Here, release: str) -> None:
    assert here.ana.get(f"/releases/{release}/reports/glotip").status_code == 422
    assert "report.other_release" in here.ana.last
    assert here.ana.get(f"/releases/0000000000000000/reports/{NAME}").status_code == 404
    here.ana.get(f"/releases/{release}")
    assert f"/releases/{release}/reports/glotip" not in here.ana.last


def test_figures_of_single_countries_fill_each_country_s_own_report(here: Here) -> None:
    release = here.answer(NAME, rho="1/20", scope="per-country")
    path = f"/releases/{release}/reports/{NAME}"
    assert here.ana.get(path).status_code == 200
    assert "Figures of one country alone" in text(here.ana)
    here.ana.get(f"{path}?country=MD")
    told = here.region.get(f"/api/v1/releases/{release}/report/{NAME}?country=MD").json()
    assert f"Female {told['tables'][0]['cells'][0][0]['shown']}" in text(here.ana)
    assert "country=MD" in re.findall(r'data-picture="([^"]+)"', here.ana.last)[0]
    assert here.ana.get(f"{path}?country=FR").status_code == 422


@pytest.mark.parametrize("name", ["glotip", "glotip_flows", "ic_tip", "eurostat_thb"])
def test_every_report_fills_its_page_in_every_language(here: Here, name: str) -> None:
    release = here.answer(name, rho="1/20")
    for language in LANGUAGES:
        here.ana.client.set_cookie("corridor-language", language)
        assert here.ana.get(f"/releases/{release}/reports/{name}").status_code == 200
        if language != "en":
            assert reports()[name].forms[0].title not in text(here.ana)
        for address in re.findall(r'data-picture="([^"]+)"', here.ana.last):
            assert here.ana.get(html.unescape(address)).status_code == 200, address
    here.ana.client.set_cookie("corridor-language", "en")


@pytest.mark.parametrize("where", ["purpose", "accuracy", "scope", "p-years-low", "p-status"])
def test_nothing_that_is_typed_becomes_part_of_the_page(here: Here, where: str) -> None:
    for path in ("", "/forecast", "/review"):
        here.ana.get(f"/reports/{NAME}")
        answer = here.ana.post(f"/reports/{NAME}{path}", {**FORM, "purpose": "x", where: EVIL})
        assert answer.status_code in {200, 409, 422}, path
        assert "<script>alert" not in here.ana.last


def test_population_and_country_are_shown_as_text(here: Here, release: str) -> None:
    path = f"/releases/{release}/reports/{NAME}"
    for query in ("population", "country"):
        here.ana.get(f"{path}?{urlencode({query: EVIL})}")
        assert "<script>alert" not in here.ana.last


def test_of_a_long_table_the_rows_with_a_figure_are_shown_and_how_many_are_not(here: Here) -> None:
    """A charter may list 161 countries; the last two rows hold what is not known, and all."""
    report = reports()["glotip"]
    table = fill(report, release_for(report)).tables[3]
    few, many = table.cells[0][0], table.cells[1][0]
    few = replace(few, estimate=replace(few.estimate, reliability=Reliability.UNCERTAIN))
    assert many.estimate.reliability is Reliability.RELIABLE
    rows = len(table.rows)
    changed = replace(table, cells=((few,), *(((many,),) * (rows - 3)), (few,), (few,)))
    with here.workbench.app.test_request_context():
        whole = shown_form(changed, 4, whole=rows)
        shown = shown_form(changed, 4, whole=rows - 1)
    assert (len(whole.rows), whole.left_out) == (rows, 0)
    assert [name for name, _ in shown.rows] == [name for name, _ in whole.rows[1:]]
    assert shown.left_out == 1


@pytest.mark.parametrize(("language", "words"), [("en", "Moldova → Ukraine"), ("ar", " ← ")])
def test_a_flow_points_where_reading_goes(here: Here, language: str, words: str) -> None:
    report = reports()["glotip_flows"]
    (table,) = fill(report, release_for(report)).tables
    headers = {"Cookie": f"corridor-language={language}"}
    with here.workbench.app.test_request_context(headers=headers):
        shown = shown_form(table, 1)
    assert any(words in name for name, _ in shown.rows)
    assert words.strip() in shown.row_label or language == "en"


def test_every_text_of_the_reports_can_be_translated_and_no_other_is_kept() -> None:
    texts = {"Not known", "All", DETECTED}
    for report in reports().values():
        texts |= {report.title, report.indicator.answers}
        texts.add(report.indicator.caveats.removesuffix(DETECTED).strip())
        texts |= {one.about for one in report.indicator.parameters}
        texts |= {form.title for form in report.forms}
        texts |= {words for one in report.cannot for words in (one.what, one.why)}
        for one in report.classifications:
            texts |= {one.label, one.lost}
            texts |= {words for each in one.all_categories() for words in (each.label, each.lost)}
    assert texts - {""} == KNOWN
