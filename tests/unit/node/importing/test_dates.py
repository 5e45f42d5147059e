"""Dates with the month first, or with names of months of another language, as a mapping says."""

import datetime as dt
from pathlib import Path

import pytest

from corridor.errors.importing import BadMappingError
from corridor.node.importing import CountryMapping
from corridor.node.importing.columns import EXTENSIONS
from corridor.node.importing.dates import Order, languages_of
from corridor.node.importing.files import CaseFile
from corridor.node.importing.mapping import FileMapping, TableMapping, parse_mapping
from corridor.node.importing.mapping_file import Confirmed, read_mapping, with_confirmed
from corridor.node.importing.proposing import TableProposal
from corridor.node.mapping_desk import MappingDesk
from support.case_files import TODAY, htcds_fields, problems, read, write_csv

ALL_FIELDS = {**htcds_fields(), **EXTENSIONS}
REFERRED = "cas_IncomingReferralDate"


def said(order: str, months: str = "") -> FileMapping:
    words = f'months = "{months}"\n' if months else ""
    text = f'[[table]]\nfile = "*"\n{words}[table.dates]\n{REFERRED} = "{order}"\n'
    return parse_mapping("mapping.toml", text, ALL_FIELDS)


def imported(tmp_path: Path, cells: list[str], columns: FileMapping | None) -> tuple[object, ...]:
    rows = [{"x_CaseReference": f"C{n}", REFERRED: cell} for n, cell in enumerate(cells)]
    cases, report = read(write_csv(tmp_path / "a.csv", rows), columns=columns)
    days = sorted(map(str, cases.cases["referred_on"].to_pylist()))
    found = {name: n for name, n in problems(report).items() if name.startswith("date.")}
    return days, found


@pytest.mark.parametrize(
    ("order", "days", "found"),
    [
        ("month-first", ["2024-03-04", "2024-05-17", "None"], {"date.other_order": 1}),
        ("day-first", ["2024-04-03", "2024-05-17", "None"], {"date.other_order": 1}),
        ("year-first", ["None", "None", "None"], {"date.other_order": 3}),
        ("-", ["2024-05-17", "2024-05-17", "None"], {"date.undecided": 1}),
    ],
)
def test_dates_are_read_in_the_order_that_the_mapping_says(
    tmp_path: Path, order: str, days: list[str], found: dict[str, int]
) -> None:
    cells = ["03/04/2024", "17/05/2024", "05/17/2024"]
    assert imported(tmp_path, cells, said(order)) == (days, found)


def test_what_is_written_in_one_way_alone_is_read_whatever_is_said(tmp_path: Path) -> None:
    cells = ["2024-03-04", "20240304", "4 March 2024"]
    for order in Order:
        assert imported(tmp_path, cells, said(order)) == (["2024-03-04"] * 3, {})


def test_names_of_months_in_another_language_are_read_where_it_is_said(tmp_path: Path) -> None:
    cells = ["4 martie 2024", "4 March 2024"]
    days, found = imported(tmp_path, cells, None)
    assert (days, found) == (["2024-03-04", "None"], {"date.unreadable": 1})
    assert imported(tmp_path, cells, said("day-first", "ro")) == (["2024-03-04"] * 2, {})


def test_an_order_holds_for_its_table_alone(tmp_path: Path) -> None:
    text = f'[[table]]\nfile = "a.csv"\n[table.dates]\n{REFERRED} = "month-first"\n'
    rows = [{"x_CaseReference": "C", REFERRED: "03/04/2024"}]
    paths = [write_csv(tmp_path / name, rows) for name in ("a.csv", "b.csv")]
    rows[0]["x_CaseReference"] = "D"
    paths[1] = write_csv(tmp_path / "b.csv", rows)
    cases, _ = read(*paths, columns=parse_mapping("m", text, ALL_FIELDS))
    days = set(cases.cases["referred_on"].to_pylist())
    assert days == {dt.date(2024, 3, 4), dt.date(2024, 4, 3)}


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('[table.dates]\nprs_Gender = "month-first"', "table 1, dates, 'prs_Gender'"),
        ('[table.dates]\nprs_Birthdate = "american"', "table 1, dates, 'prs_Birthdate'"),
        ('months = "xx"', "table 1, months"),
        ('months = "../ro"', "table 1, months"),
    ],
)
def test_an_order_that_means_nothing_is_refused_with_the_place(text: str, where: str) -> None:
    with pytest.raises(BadMappingError, match=where):
        parse_mapping("mapping.toml", f'[[table]]\nfile = "*"\n{text}\n', ALL_FIELDS)


# ---------------------------------------------------------------- proposed


def proposed(tmp_path: Path, cells: list[str], mapping: str = "") -> TableProposal:
    rows = [{"x_CaseReference": f"C{n}", REFERRED: cell} for n, cell in enumerate(cells)]
    path = tmp_path / "mapping.toml"
    path.write_text(mapping, "utf-8")
    desk = MappingDesk(path, htcds_fields(), TODAY)
    source = CaseFile(write_csv(tmp_path / "a.csv", rows))
    (table,) = desk.propose([source], CountryMapping({}), lambda _: None)
    return table


def test_an_order_that_the_cells_prove_is_proposed_and_kept(tmp_path: Path) -> None:
    table = proposed(tmp_path, ["03/04/2024", "05/17/2024"])
    (column,) = table.columns
    dates = column.dates[REFERRED]
    assert (dates.order, dates.evidence.doubtful) == (Order.MONTH_FIRST, 1)
    assert "1 only month first" in dates.reason
    accepted = table.accepted(80)
    assert accepted is not None
    assert accepted.dates == {REFERRED: Order.MONTH_FIRST}


@pytest.mark.parametrize(
    "cells",
    [["03/04/2024"], ["03/04/2024", "17/05/2024", "05/17/2024"]],
    ids=["nothing tells", "cells tell different things"],
)
def test_an_order_that_nothing_proves_is_asked_and_never_taken(
    tmp_path: Path, cells: list[str]
) -> None:
    table = proposed(tmp_path, cells)
    assert table.columns[0].dates[REFERRED].order is None
    assert table.accepted(50) is None


def test_nothing_is_asked_of_dates_that_can_only_be_read_in_one_way(tmp_path: Path) -> None:
    assert not proposed(tmp_path, ["2024-03-04", "17/05/2024", "31.03.2024", "03.04.2024"]).columns
    known = f'[[table]]\nfile = "*"\n[table.dates]\n{REFERRED} = "day-first"\n'
    assert not proposed(tmp_path, ["03/04/2024"], known).columns


def test_the_language_of_months_is_proposed_where_all_that_read_them_agree(tmp_path: Path) -> None:
    table = proposed(tmp_path, ["4 martie 2024", "17 iunie 2023", "4 March 2024"])
    assert table.columns[0].dates[REFERRED].languages == ("ro",)
    # In Croatian listopad is October, in Polish November: nobody but a person knows.
    assert languages_of(["listopad"]) == ()
    assert "hr" in languages_of(["listopad", "studeni"])


def test_what_was_said_of_dates_is_written_beside_what_stands_there(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text('[[table]]\nfile = "a.csv"\n[table.columns]\n"Sexe" = "prs_Gender"\n', "utf-8")
    table = TableMapping("a.csv", None, {}, {}, {REFERRED: Order.MONTH_FIRST}, "ro")
    path.write_text(with_confirmed(path, [Confirmed(table)], ALL_FIELDS), "utf-8")
    (kept,) = read_mapping(path, ALL_FIELDS).tables
    assert (kept.months, kept.dates) == ("ro", {REFERRED: Order.MONTH_FIRST})
    assert list(kept.columns) == ["Sexe"]
