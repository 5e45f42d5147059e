import csv
import io
import json
import re
from collections.abc import Mapping
from typing import Any

import openpyxl
import pyarrow as pa
import pytest

from corridor.cli.analyst import FORMATS
from corridor.publishing.formats import FORMS
from corridor.publishing.tables import tables_of
from support.releases import make_release, make_table

EVIL = ['=HYPERLINK("http://evil")', "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", " =1"]


def written(form: str, release: Mapping[str, Any] | None = None) -> dict[str, bytes]:
    name = f"answer{FORMS[form].suffix}"
    return {
        one.name: one.data
        for one in FORMS[form].write(make_release() if release is None else release, name)
    }


def one_file(form: str, release: Mapping[str, Any] | None = None) -> bytes:
    (data,) = written(form, release).values()
    return data


def test_the_commands_know_every_form() -> None:
    assert set(FORMATS) == {"table", *FORMS}


@pytest.mark.parametrize("form", FORMS)
def test_no_form_is_without_its_metadata(form: str) -> None:
    everything = b"".join(written(form).values())
    if form in {"parquet", "xlsx"}:  # packed; their own tests look within
        return
    for fact in (b"1fadd7f76a79bbe8", b"143/10000", b"1-cf9752be0d082b05", b"22" * 32):
        assert fact in everything, fact


@pytest.mark.parametrize("form", FORMS)
def test_every_form_takes_several_tables_and_figures_of_single_countries(form: str) -> None:
    several = make_release(tables=[make_table(), make_table(title="Another")])
    assert written(form, several)
    side_by_side = make_release(
        countries=[
            {"country": country, "name": country, "tables": [make_table()]}
            for country in ("BG", "MD")
        ]
    )
    del side_by_side["tables"]
    assert written(form, side_by_side)


def test_arrow_has_the_columns_of_every_flat_form() -> None:
    table = pa.ipc.open_file(one_file("arrow")).read_all()
    assert table.column_names[:5] == ["gender", "gender_label", "year", "year_label", "shown"]
    assert table["value"].to_pylist() == [1240.0, 303.25, 7.5, -3.25]
    assert json.loads(table.schema.metadata[b"corridor"])["guarantee"]["rho"] == "143/10000"


def test_jsonstat_gives_a_number_to_every_metric_of_every_cell() -> None:
    dataset = json.loads(one_file("jsonstat"))
    assert (dataset["version"], dataset["class"]) == ("2.0", "dataset")
    assert dataset["id"] == ["gender", "year", "figure"]
    assert len(dataset["value"]) == 2 * 2 * 5
    assert dataset["value"][:5] == [1240.0, 14.61, 1225.39, 1254.61, 1240.0]


def test_what_is_too_uncertain_is_no_value_in_jsonstat() -> None:
    dataset = json.loads(one_file("jsonstat"))
    third = dataset["value"][10:15]
    assert third[0] is None
    assert third[4] == 7.5
    assert dataset["status"]["10"] == "F"
    assert "0" not in dataset["status"]


def test_several_tables_are_a_collection_of_jsonstat() -> None:
    collection = json.loads(one_file("jsonstat", make_release(tables=[make_table()] * 2)))
    assert collection["class"] == "collection"
    assert [one["class"] for one in collection["link"]["item"]] == ["dataset", "dataset"]


def test_sdmx_csv_has_a_row_for_each_observation() -> None:
    rows = list(csv.DictReader(io.StringIO(one_file("sdmx-csv").decode())))
    assert [row["STRUCTURE"] for row in rows] == ["datastructure"] * 4
    assert rows[0]["STRUCTURE_ID"] == "CORRIDOR:RELEASE_1fadd7f76a79bbe8_1(1.0.0)"
    first = [rows[0][name] for name in ("INDICATOR", "GENDER", "YEAR", "OBS_VALUE", "OBS_STATUS")]
    assert first == ["PERSONS", "Feminine", "2024", "1240.0", "A"]
    assert [row["OBS_VALUE"] for row in rows] == ["1240.0", "303.25", "", ""]
    assert [row["OBS_STATUS"] for row in rows] == ["A", "A", "Q", "Q"]
    assert [row["UNBIASED"] for row in rows] == ["1240.0", "303.25", "7.5", "-3.25"]


def test_sdmx_json_places_every_observation_and_names_its_codes() -> None:
    message = json.loads(one_file("sdmx-json"))
    (structure,), (data,) = message["data"]["structures"], message["data"]["dataSets"]
    dimensions = structure["dimensions"]["observation"]
    assert [one["id"] for one in dimensions] == ["INDICATOR", "GENDER", "YEAR"]
    assert [one["keyPosition"] for one in dimensions] == [0, 1, 2]
    assert list(data["observations"]) == ["0:0:0", "0:0:1", "0:1:0", "0:1:1"]
    assert data["observations"]["0:0:1"] == [303.25, 0, 14.61, 288.64, 317.86, 303.25]
    assert data["observations"]["0:1:1"][:2] == [None, 2]
    facts = structure["attributes"]["dataSet"]
    assert len(data["attributes"]) == len(facts)
    assert {one["id"]: one["values"][0]["value"] for one in facts}["RHO"] == "143/10000"


def test_codes_of_sdmx_keep_to_its_letters_and_differ() -> None:
    words = ["Actual victim", "actual-victim", "Actual  victim", "Молдова", "−", "18–20"]
    axes = [{"name": "trafficking status", "label": "X", "values": words, "labels": words}]
    table = make_table(axes=axes, values=[1.0] * 6, non_negative=[1.0] * 6, totals=None)
    message = json.loads(one_file("sdmx-json", make_release(tables=[table])))
    _, dimension = message["data"]["structures"][0]["dimensions"]["observation"]
    codes = [one["id"] for one in dimension["values"]]
    assert len(set(codes)) == len(words)
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", one) for one in [dimension["id"], *codes])
    assert [one["name"] for one in dimension["values"]] == words


def test_a29_metadata_stand_once_in_sdmx_csv() -> None:
    rows = list(csv.DictReader(io.StringIO(one_file("sdmx-csv").decode())))
    assert [row["RHO"] for row in rows] == ["143/10000", "", "", ""]


@pytest.mark.parametrize("form", ["csv", "sdmx-csv"])
def test_a35_no_text_becomes_a_formula_where_lists_are_separated_otherwise(form: str) -> None:
    evil = "report;=1+cmd|' /C calc'!A0; +1,-2|@x"
    axes = [{"name": "a", "label": evil, "values": [evil], "labels": [evil]}]
    table = make_table(axes=axes, title=evil, values=[1.0], non_negative=[1.0])
    release = make_release(tables=[table], purpose=evil, region=evil)
    data = next(data for name, data in written(form, release).items() if name.endswith(".csv"))
    for separator in ";,|\t":
        lines = csv.reader(io.StringIO(data.decode()), delimiter=separator)
        fields = [field.strip() for line in lines for field in line]
        assert not [one for one in fields if one[:1] in {"=", "+", "@"}], separator
        assert not [one for one in fields if one[:1] == "-" and not one[1:2].isdigit()]


def test_a_workbook_holds_metadata_of_any_length() -> None:
    question = {"text": "y" * 40_000}
    workbook = openpyxl.load_workbook(io.BytesIO(one_file("xlsx", make_release(question=question))))
    parts = [row[1] for row in workbook["About"].values if row[0] == "question"]
    assert json.loads("".join(map(str, parts))) == question
    workbook.close()


@pytest.mark.parametrize("form", ["csv", "sdmx-csv"])
def test_a35_no_text_becomes_a_formula_in_any_csv(form: str) -> None:
    axes = [{"name": "=cmd", "label": "=cmd", "values": EVIL, "labels": EVIL}]
    table = make_table(axes=axes, title="=1+1", values=[1.0] * 6, non_negative=[1.0] * 6)
    release = make_release(tables=[table], purpose="=1+1", region="@evil")
    data = next(data for name, data in written(form, release).items() if name.endswith(".csv"))
    fields = [field for row in csv.reader(io.StringIO(data.decode())) for field in row]
    assert not [text for text in fields if text.strip()[:1] in {"=", "+", "@"}]
    assert not [text for text in fields if text.strip()[:1] == "-" and not text[1:2].isdigit()]


def test_metadata_of_single_countries_hold_no_cells() -> None:
    countries = [{"country": "BG", "name": "BG", "tables": [make_table()]}]
    release = make_release(countries=countries)
    about = json.loads(written("csv", release)["answer.csv.metadata.json"])
    assert "countries" not in about
    assert about["tables"][0]["cells"] == tables_of(release)[0].size
