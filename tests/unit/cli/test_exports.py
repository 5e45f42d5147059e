import csv
import io
import json
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest

from corridor.cli.exports import release_text
from corridor.client.saving import write_release
from corridor.errors.cli import NeedsFileError
from corridor.errors.client import RemoteAnswerError
from corridor.errors.files import DiskError
from corridor.publishing.estimates import harmless
from corridor.publishing.tables import tables_of
from support.releases import make_release, make_table

COLUMNS = [
    "gender",
    "gender_label",
    "year",
    "year_label",
    "shown",
    "reliability",
    "value",
    "margin_95",
    "low_95",
    "high_95",
    "non_negative",
    "reaches_zero",
]
EVIL = ['=HYPERLINK("http://evil")', "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", " =1"]


def evil_release() -> dict[str, object]:
    axes = [{"name": "=cmd", "label": "=cmd", "values": EVIL, "labels": EVIL}]
    table = make_table(
        axes=axes, title="=1+1", values=[1.0] * 6, non_negative=[1.0] * 6, totals=None
    )
    return make_release(tables=[table], purpose="=1+1", region="@evil")


def test_csv_has_a_row_for_each_cell_and_its_metadata_beside(tmp_path: Path) -> None:
    path = tmp_path / "answer.csv"
    written = write_release(make_release(), "csv", path)
    assert written == (path, tmp_path / "answer.csv.metadata.json")
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8"))))
    assert rows[0] == COLUMNS
    woman, man = [*("Feminine",) * 2, *("2024",) * 2], [*("Masculine",) * 2, *("2025",) * 2]
    first = ["1 240 ± 15", "reliable", "1240.0", "14.61", "1225.39", "1254.61", "1239.0", "False"]
    last = ["0 to 12", "too uncertain", "-3.25", "14.61", "0.0", "11.36", "0.0", "True"]
    assert rows[1] == woman + first
    assert rows[4] == man + last
    about = json.loads(written[1].read_text("utf-8"))
    assert about["guarantee"]["rho"] == "143/10000"
    assert about["participants"][3]["survived"] is False
    assert about["tables"][0]["title"].startswith("Persons by gender")


def test_parquet_carries_its_metadata_within(tmp_path: Path) -> None:
    path = tmp_path / "answer.parquet"
    assert write_release(make_release(), "parquet", path) == (path,)
    table = pq.read_table(path)
    assert table.column_names == COLUMNS
    assert table["value"].to_pylist() == [1240.0, 303.25, 7.5, -3.25]
    assert table["reaches_zero"].to_pylist() == [False, False, True, True]
    about = json.loads(table.schema.metadata[b"corridor"])
    assert about["id"] == "1fadd7f76a79bbe8"


def test_a_workbook_has_the_metadata_on_its_first_sheet(tmp_path: Path) -> None:
    path = tmp_path / "answer.xlsx"
    write_release(make_release(), "xlsx", path)
    workbook = openpyxl.load_workbook(path)
    assert workbook.sheetnames == ["About", "Table 1"]
    about = {row[0].value: row[1].value for row in workbook["About"].rows}
    assert json.loads(str(about["guarantee"]))["delta"] == "1/1000000"
    rows = list(workbook["Table 1"].values)
    assert list(rows[1]) == COLUMNS
    assert rows[2][4:7] == ("1 240 ± 15", "reliable", 1240)
    figures = workbook["Table 1"]["G3:G6"]
    assert [cell.font.italic for (cell,) in figures] == [False, False, True, True]
    workbook.close()


def test_json_is_the_release_itself(tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    write_release(make_release(), "json", path)
    assert json.loads(path.read_text("utf-8")) == make_release()
    assert json.loads(release_text(make_release(), "json")) == make_release()


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_several_tables_are_several_files(tmp_path: Path, form: str) -> None:
    release = make_release(tables=[make_table(), make_table()])
    written = write_release(release, form, tmp_path / f"answer.{form}")
    assert [path.name for path in written][:2] == [f"answer-1.{form}", f"answer-2.{form}"]
    assert all(path.exists() for path in written)


def test_several_tables_do_not_go_into_one_pipe() -> None:
    with pytest.raises(NeedsFileError):
        release_text(make_release(tables=[make_table(), make_table()]), "csv")
    with pytest.raises(NeedsFileError):
        release_text(make_release(), "xlsx")


def test_a35_no_label_becomes_a_formula_in_csv() -> None:
    rows = list(csv.reader(io.StringIO(release_text(evil_release(), "csv"))))
    for row in rows:
        for text in row[:2]:
            assert text.startswith("'")


def test_a35_no_text_becomes_a_formula_in_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "answer.xlsx"
    write_release(evil_release(), "xlsx", path)
    workbook = openpyxl.load_workbook(path)
    cells = [cell for sheet in workbook for row in sheet.rows for cell in row]
    assert cells
    assert all(cell.data_type != "f" for cell in cells)
    texts = [cell.value for cell in cells if isinstance(cell.value, str)]
    assert not [text for text in texts if text.strip()[0] in "=+-@"]
    workbook.close()


def test_negative_numbers_stay_numbers(tmp_path: Path) -> None:
    path = tmp_path / "answer.xlsx"
    write_release(make_release(), "xlsx", path)
    workbook = openpyxl.load_workbook(path)
    assert workbook["Table 1"]["G6"].value == -3.25
    workbook.close()


def test_control_characters_are_blanks() -> None:
    assert harmless("a\x00b\x1bc\nd") == "a b c d"


def test_a_file_that_cannot_be_written_is_a_coded_error(tmp_path: Path) -> None:
    with pytest.raises(DiskError):
        write_release(make_release(), "json", tmp_path / "nowhere" / "answer.json")


@pytest.mark.parametrize(
    "change",
    [
        {"values": [1.0]},
        {"values": ["many"] * 4},
        {"non_negative": [1.0]},
        {"axes": [{"name": "x", "label": "X", "values": ["a"], "labels": []}]},
        {"measure": None},
        {"margin": None},
    ],
    ids=str,
)
def test_a_table_that_is_none_is_the_coordinators_fault(change: dict[str, object]) -> None:
    with pytest.raises(RemoteAnswerError):
        tables_of(make_release(tables=[make_table(**change)]))
