"""Composing and asking through the pages, over a coordinator whose nodes really answer."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from corridor.coordinator.workbench.seen import parse_seen, text_of
from corridor.ids import CountryCode
from corridor.people import Role
from corridor.protocols.secure_sum.messages import Acceptance
from corridor.transport.messages import NodeBody, Refusal
from support.loopback_region import QUICK, LoopbackRegion
from support.pages import Browser
from support.workbench import Workbench, open_workbench

GENDER = "SELECT gender, COUNT(*) FROM persons GROUP BY gender"
EVIL = "<script>alert(1)</script>'\"&"


@dataclass
class Here:
    region: LoopbackRegion
    workbench: Workbench
    ana: Browser
    boss: Browser
    reader: Browser


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    region = LoopbackRegion(tmp_path_factory.mktemp("region"), deadlines=QUICK)
    try:
        region.enter()
        region.wait_for_members(*region.nodes)
        with open_workbench(region.world) as workbench:
            ana = workbench.enter("Ana", Role.ANALYST)
            boss = workbench.enter("Ion", Role.COORDINATOR)
            reader = workbench.enter("Ada", Role.ADMINISTRATOR)
            yield Here(region, workbench, ana, boss, reader)
    finally:
        region.close()


def refuse(region: LoopbackRegion, code: str, *countries: CountryCode) -> None:
    """Let these refuse to take part from now on."""

    def bend(body: NodeBody) -> tuple[NodeBody, ...]:
        return (Refusal(code, "a test"),) if isinstance(body, Acceptance) else (body,)

    for country in countries:
        region.nodes[country].script.bend = bend


def text(browser: Browser) -> str:
    """What a reader sees, in one line."""
    bare = re.sub(r"<[^>]+>", " ", browser.last)
    return " ".join(html.unescape(bare).split())


def hidden(browser: Browser) -> dict[str, object]:
    """The fields of the confirmation."""
    form = browser.last.split('action="/ask/confirm"')[1].split("</form>")[0]
    found = re.findall(r'name="([^"]+)" value="([^"]*)"', form)
    return {name: html.unescape(value) for name, value in found}


def test_a_forecast_shows_price_margin_and_what_others_would_cost(here: Here) -> None:
    here.ana.get("/ask")
    answer = here.ana.post("/ask", {"face": "sql", "sql": GENDER, "accuracy": "±20"})
    assert answer.status_code == 200
    seen = text(here.ana)
    assert "Persons by gender" in seen
    assert re.search(r"ρ = 0\.\d+", seen)
    assert re.search(r"Moldova: [\d.]+% of what is left", seen)
    assert all(rung in seen for rung in ("±5", "±10", "±20 ", "±50"))
    assert "95 %" in seen


def test_an_error_in_sql_is_shown_where_it_is(here: Here) -> None:
    here.ana.get("/ask")
    wrong = "SELECT gender, COUNT(*)\nFROM persons\nWHERE gender = 'Femnine'\nGROUP BY gender"
    answer = here.ana.post("/ask", {"face": "sql", "sql": wrong})
    assert answer.status_code == 422
    assert "<mark>&#39;Femnine&#39;</mark>" in here.ana.last
    assert "Line 3, column 16:" in text(here.ana)
    assert "did you mean Feminine" in text(here.ana)
    here.ana.post("/ask", {"face": "sql", "sql": "SELECT gendr, COUNT(*) FROM persons"})
    assert "<mark>gendr</mark>" in here.ana.last


def test_building_blocks_are_the_sql_that_they_show(here: Here) -> None:
    here.ana.get("/ask")
    blocks: dict[str, object] = {
        "face": "blocks",
        "source": "persons",
        "measure": "count",
        "by": ["gender", "year"],
        "where-1": "exploited_in",
        "value-1": ["MD", "UA"],
        "where-2": "year",
        "low-2": "2022",
        "high-2": "2024",
        "where-3": "exploitation",
        "value-3": "ForcedLabour",
        "not-3": "yes",
    }
    assert here.ana.post("/ask", blocks).status_code in {200, 422}
    sql = html.unescape(
        re.findall(r"<pre dir=\"ltr\" tabindex=\"0\">(.*?)</pre>", here.ana.last, re.S)[0]
    )
    assert "exploited_in IN ('MD', 'UA')" in sql
    assert "year BETWEEN '2022' AND '2024'" in sql
    from_blocks = re.search(r"ρ = ([^<]+)<", here.ana.last)
    here.ana.post("/ask", {"face": "sql", "sql": sql})
    from_sql = re.search(r"ρ = ([^<]+)<", here.ana.last)
    assert from_blocks is not None
    assert from_sql is not None
    assert from_blocks[1] == from_sql[1]
    here.ana.post("/ask", {**blocks, "action": "to-sql"})
    assert 'value="sql" checked' in here.ana.last


VICTIMS = "status IN ('ActualVictimOfTrafficking', 'PossibleVictimOfTrafficking')"
EVERYBODY = "All persons in the data, victims or not"
ONLY = "Only victims, actual and possible"
BUTTON = 'name="action" value="victims"'


@pytest.mark.parametrize(
    "draft",
    [
        {"face": "sql", "sql": GENDER},
        {"face": "sql", "sql": "SELECT MEDIAN(age) FROM persons WHERE year = 2021"},
        {"face": "blocks", "source": "persons", "measure": "count", "by": ["gender"]},
        {"face": "indicator", "indicator": "exploitation_forms", "p-status": ["", ""]},
    ],
    ids=["sql", "sql with a view", "blocks", "indicator"],
)
def test_one_click_counts_victims_only_and_the_sentence_says_who_is_counted(
    here: Here, draft: dict[str, object]
) -> None:
    here.ana.get("/ask")
    asked = {**draft, "accuracy": "±40"}
    assert here.ana.post("/ask", asked).status_code == 200
    assert EVERYBODY in text(here.ana)
    assert "those who turned out to be none" in text(here.ana)
    assert BUTTON in here.ana.last
    answer = here.ana.post("/ask", {**asked, "action": "victims"})
    assert answer.status_code == 200
    seen = text(here.ana)
    assert ONLY in seen
    assert EVERYBODY not in seen
    assert BUTTON not in here.ana.last
    assert VICTIMS in html.unescape(here.ana.last)


def test_a_question_that_names_the_status_itself_is_left_as_it_is(here: Here) -> None:
    here.ana.get("/ask")
    sql = "SELECT status, COUNT(*) FROM persons GROUP BY status"
    here.ana.post("/ask", {"face": "sql", "sql": sql, "action": "victims"})
    assert sql in here.ana.last
    assert BUTTON not in here.ana.last
    assert not any(words in text(here.ana) for words in (EVERYBODY, ONLY))


def test_a_forecast_says_what_an_answer_tells_or_that_nothing_is_known(here: Here) -> None:
    where = "SELECT labour_sector, COUNT(*) FROM persons WHERE gender = 'Masculine' GROUP BY "
    draft: dict[str, object] = {"face": "sql", "sql": f"{where}labour_sector", "accuracy": "±40"}
    here.ana.get("/ask")
    here.ana.post("/ask", draft)
    assert "How many persons such cells hold is not known" in text(here.ana)
    done = here.region.wait(here.region.ask(sql=draft["sql"], rho="1/100")["id"])
    here.ana.post("/ask", draft)
    seen = text(here.ana)
    assert "such cells hold is not known" not in seen
    assert f"/releases/{done['release_id']}" in here.ana.last
    assert re.search(r"of its \d+ cells held enough|None of its cells held enough", seen)


def test_an_indicator_takes_its_parameters(here: Here) -> None:
    here.ana.get("/ask")
    here.ana.post(
        "/ask",
        {
            "face": "indicator",
            "indicator": "corridor_trend",
            "p-from": ["", "MD"],
            "p-to": ["", "RO", "UA"],
            "p-years-low": "2021",
            "p-years-high": "2023",
        },
    )
    seen = text(here.ana)
    assert "country of recruitment: Moldova" in seen
    assert "year of identification or referral: 2021 to 2023" in seen


def test_the_price_that_was_shown_is_what_is_asked(here: Here) -> None:
    here.ana.get("/ask")
    form: dict[str, object] = {"face": "sql", "sql": GENDER, "accuracy": "±31", "scope": "regional"}
    assert here.ana.post("/ask/review", form).status_code == 422
    assert "workbench.no_purpose" in here.ana.last
    assert here.ana.post("/ask/review", {**form, "purpose": "a report"}).status_code == 200
    asked = hidden(here.ana)
    before = here.region.get("/api/v1/questions").json()
    answer = here.ana.post("/ask/confirm", asked)
    assert answer.status_code == 303
    again = here.ana.post("/ask/confirm", asked)
    assert again.location == answer.location
    after = here.region.get("/api/v1/questions").json()
    assert len(after) == len(before) + 1
    assert after[0]["rho"] == asked["rho"]
    assert after[0]["asked_by"] == "Ana"
    # These pages are beside the serving process here; what comes over its API wakes it.
    here.region.ask(sql=GENDER, accuracy="±32")
    done = here.region.wait(after[0]["id"])
    assert done["state"] == "released", done
    here.ana.get(answer.location or "")
    assert "answered" in text(here.ana)
    assert f"/releases/{done['release_id']}" in here.ana.last


def test_questions_are_listed_as_everybodys_and_as_ones_own(here: Here) -> None:
    here.region.wait(here.region.ask(sql=GENDER, accuracy="±48", purpose="of ana's token")["id"])
    here.boss.get("/questions")
    assert "Persons by gender" in text(here.boss)
    here.boss.get("/questions?whose=mine")
    assert "Nothing was asked yet." in text(here.boss)
    assert here.boss.get("/questions?after=nothing").status_code == 404


def test_a_question_that_was_answered_is_not_sold_again(here: Here) -> None:
    here.region.wait(here.region.ask(sql=GENDER, accuracy="±33")["id"])
    here.ana.get("/ask")
    here.ana.post("/ask/review", {"face": "sql", "sql": GENDER, "accuracy": "±33", "purpose": "x"})
    assert "Nothing: it was answered already." in text(here.ana)
    assert "/ask/confirm" not in here.ana.last


def test_an_answer_has_its_tables_margins_views_files_and_receipt(here: Here) -> None:
    done = here.region.wait(here.region.ask(sql=GENDER, accuracy="±34", purpose="a plan")["id"])
    path = f"/releases/{done['release_id']}"
    assert here.ana.get(path).status_code == 200
    seen = text(here.ana)
    for words in ("Persons by gender", "Feminine", "±34", "Moldova", "Receipt"):
        assert words in seen, words
    assert f'data-picture="{path}/pictures/1/bars"' in here.ana.last
    drawn = here.ana.get(f"{path}/pictures/1/bars").get_json()
    # It leaves the page as a file: who was counted goes with it.
    title = "Persons by gender. All persons in the data, victims or not."
    assert (drawn["kind"], drawn["title"]) == ("bars", title)
    assert drawn["measure"] == "persons"  # a key of the script's own words
    assert "Feminine" in drawn["axes"][0]["labels"]
    assert here.ana.get(f"{path}/pictures/1/flow-map").status_code == 404
    assert here.ana.get(f"{path}/pictures/7/bars").status_code == 404
    assert here.ana.get(f"{path}?view=share:gender=Feminine").status_code == 200
    assert "Share: Gender Feminine" in text(here.ana)
    assert here.ana.get(f"{path}?view=trend:year").status_code == 422
    for form, begins in (("csv", b"PK"), ("xlsx", b"PK"), ("json", b"{"), ("sdmx-csv", b"PK")):
        file = here.ana.get(f"{path}/files/{form}")
        assert file.status_code == 200
        assert file.get_data().startswith(begins) or form == "sdmx-csv"
        assert "attachment" in file.headers["Content-Disposition"]
    assert here.ana.get(f"{path}/files/exe").status_code == 404
    assert b"receipt" in here.ana.get(f"{path}/receipt").get_data()


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"sql": GENDER, "rho": "1/90", "scope": "per-country"}, ("Counted by", "Moldova")),
        (
            {"sql": "SELECT AVG(age) FROM persons", "accuracy": "±15 above 100"},
            ("Mean", "mean: age when trafficked, in years"),
        ),
        (
            {"sql": "SELECT MEDIAN(BANDS(age, 10)) FROM persons", "accuracy": "±45"},
            ("Distribution: age when trafficked", "Median"),
        ),
        (
            {"indicator": "overview", "accuracy": "±99"},
            ("Persons, in all and by ", "All cells", "cells may stand as a figure"),
        ),
    ],
)
def test_an_answer_of_every_kind_has_a_page(
    here: Here, request_: dict[str, str], words: tuple[str, ...]
) -> None:
    done = here.region.wait(here.region.ask(**request_)["id"])
    assert done["state"] == "released", done
    assert here.ana.get(f"/releases/{done['release_id']}").status_code == 200
    for one in words:
        assert one.lower() in text(here.ana).lower(), one
    for view in re.findall(r"\?view=([^\"&#]+)", here.ana.last)[:12]:
        seen = here.ana.get(f"/releases/{done['release_id']}?view={view}")
        assert seen.status_code == 200, view


def test_all_cells_of_a_large_table_stand_on_pages(here: Here) -> None:
    sql = "SELECT recruited_in, year, COUNT(*) FROM persons GROUP BY recruited_in, year"
    done = here.region.wait(here.region.ask(sql=sql, accuracy="±46")["id"])
    path = f"/releases/{done['release_id']}"
    for page in ("1", "2", "999999", "0", "-1", "x"):
        answer = here.ana.get(f"{path}?table=1&cells=all&page={page}")
        assert answer.status_code == 200
        assert here.ana.last.count("<tr>") < 230
        assert len(answer.get_data()) < 100_000


def test_only_its_asker_or_a_coordinator_takes_a_question_back(here: Here) -> None:
    bea = here.workbench.enter("Bea", Role.ANALYST)
    refuse(here.region, "policy.waiting_for_approval", CountryCode("BG"))
    try:
        for accuracy, canceller in (("±41", here.ana), ("±42", here.boss)):
            here.ana.get("/ask")
            form: dict[str, object] = {"face": "sql", "sql": GENDER, "purpose": "a report"}
            form["accuracy"] = accuracy
            here.ana.post("/ask/review", form)
            path = here.ana.post("/ask/confirm", hidden(here.ana)).location or ""
            here.region.ask(sql=GENDER, accuracy="±32", purpose=path)  # wakes the rounds
            here.region.wait_until(path.split("/")[2], lambda shown: shown["state"] == "waiting")
            here.ana.get(path)
            assert "People have to approve it first in: Bulgaria." in text(here.ana)
            bea.get(path)
            assert "/cancel" not in bea.last
            assert bea.post(f"{path}/cancel").status_code == 403
            assert here.reader.get(path).status_code == 200
            assert here.reader.post(f"{path}/cancel").status_code == 403
            canceller.get(path)
            assert "Take it back" in canceller.last
            assert canceller.post(f"{path}/cancel").location == path
            canceller.get(path)
            assert "It was taken back; nothing was spent." in text(canceller)
            assert canceller.post(f"{path}/cancel").status_code == 409
    finally:
        for node in here.region.nodes.values():
            node.script.bend = lambda body: (body,)


def test_a_question_that_failed_says_who_refused_and_what_helps(here: Here) -> None:
    refuse(here.region, "policy.refuses", *map(CountryCode, ("BG", "MD", "NG")))
    try:
        failed = here.region.wait(here.region.ask(sql=GENDER, accuracy="±43")["id"])
    finally:
        for node in here.region.nodes.values():
            node.script.bend = lambda body: (body,)
    here.ana.get(f"/questions/{failed['id']}")
    seen = text(here.ana)
    assert "no answer" in seen
    assert "Moldova its policy refuses this question" in seen
    assert "speak with that authority" in seen


@pytest.mark.parametrize("where", ["sql", "purpose", "accuracy", "indicator", "p-years", "scope"])
def test_nothing_that_is_typed_becomes_part_of_the_page(here: Here, where: str) -> None:
    face = "indicator" if where.startswith(("p-", "ind")) else "sql"
    form = {"face": face, "sql": GENDER, "purpose": "x", "indicator": "victims_detected"}
    for path in ("/ask", "/ask/forecast", "/ask/form", "/ask/review"):
        here.ana.get("/ask")
        answer = here.ana.post(path, {**form, where: EVIL})
        assert answer.status_code in {200, 404, 409, 422}, (path, where)
        assert "<script>alert" not in here.ana.last
        assert f'"{EVIL}"' not in here.ana.last


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT gender, COUNT(*) FROM persons; DROP TABLE questions",
        "DELETE FROM questions",
        "SELECT gender, COUNT(*) FROM persons WHERE gender = '' OR 1=1 --' GROUP BY gender",
        "SELECT * FROM sqlite_master",
        "SELECT COUNT(*) FROM read_csv('/etc/passwd')",
        "ATTACH '/tmp/x' AS x",
    ],
)
def test_sql_is_read_and_never_run(here: Here, sql: str) -> None:
    here.ana.get("/ask")
    assert here.ana.post("/ask", {"face": "sql", "sql": sql}).status_code == 422
    assert "<mark>" in here.ana.last
    assert here.region.get("/api/v1/questions").status_code == 200


def test_a_confirmation_that_was_changed_is_refused_and_spends_nothing(here: Here) -> None:
    here.ana.get("/ask")
    before = here.region.get("/api/v1/questions").json()
    for change in (
        {"question": "[]"},
        {"question": "{"},
        {"question": '{"tables": []}'},
        {"rho": "-1"},
        {"rho": "1000"},
        {"scope": "all"},
        {"purpose": " "},
        {"key": ""},
    ):
        here.ana.get("/ask")
        here.ana.post(
            "/ask/review", {"face": "sql", "sql": GENDER, "accuracy": "±36", "purpose": "x"}
        )
        answer = here.ana.post("/ask/confirm", {**hidden(here.ana), **change})
        assert answer.status_code in {409, 422}, change
    assert here.region.get("/api/v1/questions").json() == before


def test_the_first_page_shows_answers_and_what_is_left(here: Here) -> None:
    here.region.wait(here.region.ask(sql=GENDER, accuracy="±37")["id"])
    here.ana.get("/")
    seen = text(here.ana)
    assert "5 authorities are ready to answer" in seen
    assert "Newest answers" in seen
    assert "Ukraine" in seen


def test_completion_knows_tables_fields_and_values(here: Here) -> None:
    words = here.ana.get("/ask/words").get_json()
    assert words["tables"] == ["persons", "corridors", "legs", "services"]
    assert ["Feminine", "Feminine"] in words["fields"]["gender"]["values"]
    assert ["MD", "Moldova"] in words["countries"]


def test_pages_are_light(here: Here) -> None:
    for path in ("/", "/ask", "/questions", "/releases"):
        answer = here.ana.get(path)
        assert len(answer.get_data()) < 60_000, path


GUIDE = (Path(__file__).parents[4] / "docs" / "analyst-guide.md").read_text("utf-8")
EXAMPLES = re.findall(r"```sql([^\n]*)\n(.*?)\n```", GUIDE, re.S)
ADDRESSES = re.findall(r"`(/(?:ask|reports/\w+)\?[^`]+)`", GUIDE)
VIEWS = re.findall(r"`\?view=([^`]+)`", GUIDE)


@pytest.mark.parametrize(("refused", "sql"), EXAMPLES)
def test_every_sql_of_the_guide_is_priced_or_refused_as_it_says(
    here: Here, refused: str, sql: str
) -> None:
    here.ana.get("/ask")
    answer = here.ana.post("/ask", {"face": "sql", "sql": sql, "accuracy": "±50"})
    assert answer.status_code == (422 if refused else 200), text(here.ana)
    place = refused.strip().removeprefix("refused ")
    assert (place.lower() if refused else "ρ = 0") in text(here.ana).lower()


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_of_the_guide_opens_a_form_with_its_forecast(
    here: Here, address: str
) -> None:
    assert here.ana.get(address).status_code == 200
    assert "ρ = 0" in text(here.ana)


def test_the_views_of_the_guide_are_views(here: Here) -> None:
    assert len(EXAMPLES) > 5
    assert len(ADDRESSES) > 3
    assert [text_of(parse_seen(view)) for view in VIEWS[:-1]] == VIEWS[:-1]
    assert VIEWS[-1] == "quantile:0.9"
    assert text_of(parse_seen(VIEWS[-1])) == "quantile:9/10"
