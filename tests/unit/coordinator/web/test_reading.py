"""Reports, comparisons and alerts over the REST API, of a region that runs."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import httpx
import openpyxl
import pytest
from pydantic import TypeAdapter

from corridor.coordinator.web.reading_shapes import Comparison, FilledReport, Report, ReportSummary
from support.loopback_region import QUICK, LoopbackRegion

PRICE = {"rho": "1/20", "purpose": "a report"}
NAME = "sdg_16_2_2"


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackRegion]:
    region = LoopbackRegion(tmp_path_factory.mktemp("reading"), deadlines=QUICK)
    region.enter()
    yield region
    region.close()


@pytest.fixture(scope="module")
def release(region: LoopbackRegion) -> str:
    """The answer to the question of a report, asked by its name."""
    asked = region.post(f"/api/v1/reports/{NAME}/questions", PRICE).json()
    shown = region.wait(asked["id"])
    assert shown["state"] == "released", shown
    return str(shown["release_id"])


def held(answer: httpx.Response, shape: Any) -> Any:
    """The answer, which is of this shape and of nothing else."""
    assert answer.status_code == 200, answer.text
    TypeAdapter(shape).validate_json(answer.content, strict=True)
    return answer.json()


def test_the_reports_are_listed_and_each_says_what_it_asks(region: LoopbackRegion) -> None:
    listed = held(region.get("/api/v1/reports"), list[ReportSummary])
    assert [one["name"] for one in listed][:2] == ["glotip", "glotip_flows"]
    for one in listed:
        shown = held(region.get(f"/api/v1/reports/{one['name']}"), Report)
        assert shown["crosswalk"]
        assert shown["cannot"]
    unknown = region.get("/api/v1/reports/glotp")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "report.unknown")


def test_a_report_is_forecast_as_one_question_and_nothing_is_spent(region: LoopbackRegion) -> None:
    found = region.post(
        f"/api/v1/reports/{NAME}/forecast", {"parameters": {"years": "2024"}, "accuracy": "±20"}
    ).json()
    assert len(found["tables"]) == 3
    assert "year" in found["tables"][0]["title"]
    refused = region.post(f"/api/v1/reports/{NAME}/forecast", {"parameters": {"year": "2024"}})
    assert refused.json()["code"] == "indicator.parameter"
    assert region.post("/api/v1/reports/xyz/forecast", {}).status_code == 404


def test_a_report_names_its_price_as_any_question(region: LoopbackRegion) -> None:
    answer = region.post(f"/api/v1/reports/{NAME}/questions", {})
    assert answer.json()["code"] == "question.no_accuracy"


def test_a_report_is_filled_from_its_release(region: LoopbackRegion, release: str) -> None:
    path = f"/api/v1/releases/{release}/report/{NAME}"
    filled = held(region.get(path), FilledReport)
    assert [table["id"] for table in filled["tables"]] == ["S1", "S2", "S3"]
    assert filled["tables"][0]["rows"][:2] == ["Female", "Male"]
    assert {one["country"] for one in filled["coverage"]["nodes"]} == {"BG", "MD", "NG", "RO", "UA"}
    released = region.get(f"/api/v1/releases/{release}").json()
    by_sex = next(
        one for one in released["tables"] if [a["name"] for a in one["axes"]] == ["gender", "minor"]
    )
    cell = filled["tables"][0]["cells"][-1][-1]
    assert cell["value"] == pytest.approx(by_sex["totals"]["all"]["value"])


def test_a_report_of_another_release_is_refused(region: LoopbackRegion, release: str) -> None:
    answer = region.get(f"/api/v1/releases/{release}/report/glotip")
    assert (answer.status_code, answer.json()["code"]) == (422, "report.other_release")
    bad = region.get(f"/api/v1/releases/{release}/report/{NAME}?population=everybody")
    assert (bad.status_code, bad.json()["code"]) == (422, "report.bad_population")


def test_a_filled_report_comes_as_a_workbook_and_as_csv(
    region: LoopbackRegion, release: str
) -> None:
    path = f"/api/v1/releases/{release}/report/{NAME}/files"
    book = region.get(f"{path}/xlsx?population=total%3D1000000")
    assert book.headers["Content-Disposition"].endswith(f'"corridor-{release}-{NAME}.xlsx"')
    sheets = openpyxl.load_workbook(io.BytesIO(book.content)).sheetnames
    assert sheets == ["About", "Crosswalk", "Table S1", "Table S2", "Table S3"]
    archive = zipfile.ZipFile(io.BytesIO(region.get(f"{path}/csv").content))
    assert len(archive.namelist()) == 4
    assert json.loads(region.get(f"{path}/json").content)["release_id"] == release
    unknown = region.get(f"{path}/pdf")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "report.unknown_form")


def test_cells_of_a_release_are_compared(region: LoopbackRegion, release: str) -> None:
    cells = "gender=Feminine,minor=adult; gender=Masculine,minor=adult"
    path = f"/api/v1/releases/{release}/compare"
    found = held(region.get(f"{path}?cells={cells}"), Comparison)
    assert [side["label"] for side in found["sides"]] == [
        "Feminine, Adult (18+)",
        "Masculine, Adult (18+)",
    ]
    assert found["differences"][0]["sentence"]["text"]
    same = held(region.get(f"{path}?cells={cells}&earlier={release}"), Comparison)
    assert [one["sentence"]["key"] for one in same["changes"]] == ["change_too_uncertain"] * 2
    for query, status in (
        ("?cells=gender=Feminine", 422),
        ("", 422),
        (f"?cells={cells}&earlier=0000", 404),
        (f"?cells={cells}&table=99", 422),
    ):
        assert region.get(path + query).status_code == status, query
    assert region.get("/api/v1/series/abc/alerts").json()["code"] == "region.unknown_series"
