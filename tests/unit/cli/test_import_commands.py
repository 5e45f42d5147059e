"""`corridor node import` on a real home: what goes in, what is refused, what is left afterwards."""

import csv
import datetime as dt
import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from corridor.cli.main import main
from corridor.node import app
from corridor.node.store import EditionStore
from corridor.node.synthetic.workbook import TEMPLATE
from support.case_files import write_csv, write_template

Capture = pytest.CaptureFixture[str]

GOOD: dict[str, object] = {
    "con_Consent": "Yes",
    "prs_IdentityNumber": "MD-4711-0815",
    "prs_Gender": "Feminine",
    "vic_LocationOfRecruitment": "Moldova",
    "vic_LocationOfExploitation": "IT",
    "cas_IncomingReferralDate": "2024-03-31",
}


@dataclass
class Node:
    """A node's home, and the commands on it."""

    home: Path
    capsys: Capture

    def run(self, *words: str | Path, code: int = 0) -> tuple[str, str]:
        """Run `corridor node WORDS`; what it told on standard output and on standard error."""
        self.capsys.readouterr()
        assert main(["node", *map(str, words), "--home", str(self.home)]) == code
        told = self.capsys.readouterr()
        assert "Traceback" not in told.err
        return told.out, told.err

    def load(self, *words: str | Path) -> dict[str, Any]:
        """What `corridor node import WORDS --json` gives to programs."""
        document: dict[str, Any] = json.loads(self.run("import", *words, "--json")[0])
        return document

    def cases(self) -> list[dict[str, Any]]:
        """The cases of the current edition."""
        world = app.real_world(self.home)
        store = EditionStore(world.home, world.random_bytes, world.clock)
        current = store.current()
        assert current is not None
        rows: list[dict[str, Any]] = store.tables(current.id).cases.to_pylist()
        return rows

    def files(self) -> Mapping[str, str]:
        """Every file of the home with its content's hash."""
        return {
            str(path.relative_to(self.home)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.home.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def node(tmp_path: Path, capsys: Capture) -> Node:
    made = Node(tmp_path / "home", capsys)
    made.run("init", "--country", "MD", "--name", "Test authority")
    return made


# ---------------------------------------------------------------- what is refused whole


def no_htcds(path: Path) -> Path:
    book = Workbook()
    book.worksheets[0].title = "People"
    book.worksheets[0].append(["name", "sex", "town"])
    book.worksheets[0].append(["x", "y", "z"])
    book.save(path / "people.xlsx")
    return path / "people.xlsx"


def without_bytes(path: Path) -> Path:
    (path / "empty.csv").touch()
    return path / "empty.csv"


def without_rows(path: Path) -> Path:
    columns = [(name or None, label or None) for name, label in TEMPLATE]
    return write_template(path / "unfilled.xlsx", columns, [])


def bomb(path: Path) -> Path:
    target = write_template(path / "bomb.xlsx", [("prs_Gender", "Gender")], [["Feminine"]])
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.bin", bytes(64 << 20))
    return target


def other_encoding(path: Path) -> Path:
    text = "prs_Gender,vic_LocationOfRecruitment\nFeminine,MD\nFeminine,Молдова\n"
    (path / "old.csv").write_bytes(text.encode("cp1251"))
    return path / "old.csv"


def shifted_row(path: Path) -> Path:
    (path / "shifted.csv").write_text("prs_Gender,cas_Status\nFeminine,Active\nFeminine,a,b,c\n")
    return path / "shifted.csv"


def cut_off(path: Path) -> Path:
    pq.write_table(pa.table({"prs_Gender": ["Feminine"]}), path / "whole.parquet")
    (path / "cut.parquet").write_bytes((path / "whole.parquet").read_bytes()[:-20])
    return path / "cut.parquet"


@dataclass(frozen=True)
class Bad:
    """A file that must be refused, and what the refusal must say."""

    make: Callable[[Path], Path]
    code: str
    place: str
    remedy: str


REFUSED = [
    Bad(no_htcds, "import.not_htcds", "people.xlsx", "use the official template"),
    Bad(without_bytes, "import.empty_file", "empty.csv", "check that it is the right file"),
    Bad(without_rows, "import.empty_file", "unfilled.xlsx", "check that it is the right file"),
    Bad(bomb, "import.decompression_bomb", "bomb.xlsx", "Ask whoever sent it"),
    Bad(other_encoding, "import.wrong_encoding", "old.csv, line 3", "CSV UTF-8"),
    Bad(shifted_row, "import.malformed_row", "shifted.csv, row 3", "quote"),
    Bad(cut_off, "import.damaged_file", "cut.parquet", "again"),
]


@pytest.mark.parametrize("bad", REFUSED, ids=lambda bad: bad.make.__name__)
def test_a_bad_file_is_refused_by_code_place_and_remedy_and_leaves_everything_as_it_was(
    node: Node, tmp_path: Path, bad: Bad
) -> None:
    good = write_csv(tmp_path / "good.csv", [GOOD])
    node.load(good)
    before = node.files()
    # A good file beside it is no reason to take half of what was asked for.
    newer = write_csv(tmp_path / "newer.csv", [GOOD | {"prs_IdentityNumber": "MD-1"}])
    path = bad.make(tmp_path)
    for words in ((newer, path), (path, "--replace")):
        out, err = node.run("import", *words, code=1)
        assert out == ""
        assert f"[{bad.code}]" in err
        assert bad.place in err
        assert bad.remedy in err
        assert "Nothing was imported." in err
        assert node.files() == before
    assert len(node.cases()) == 1


def test_events_without_any_case_are_refused(node: Node, tmp_path: Path) -> None:
    events = [{"x_CaseReference": "C1", "hte_Type": "Transit", "hte_Country": "MD"}]
    before = node.files()
    _, err = node.run("import", write_csv(tmp_path / "events.csv", events), code=1)
    assert "[import.no_cases]" in err
    assert "events.csv" in err
    assert "name both in one import" in err
    assert node.files() == before


def test_a_first_import_that_is_refused_leaves_a_node_without_data(
    node: Node, tmp_path: Path
) -> None:
    before = node.files()
    node.run("import", no_htcds(tmp_path), code=1)
    assert node.files() == before
    assert "none yet" in node.run("doctor", code=1)[0]


# ---------------------------------------------------------------- what is rejected value by value


@dataclass(frozen=True)
class Rejected:
    """A value that is rejected, and what the report must say."""

    field: str
    value: str
    problem: str
    remedy: str
    shown: bool = True


REJECTED = [
    Rejected("cas_IncomingReferralDate", "2023-02-30", "date.impossible", "correct", shown=False),
    Rejected("vic_LocationOfRecruitment", "Atlantis", "country.unresolved", "--countries FILE"),
    Rejected("prs_Gendre", "Feminine", "column.unknown", "rename it"),
    Rejected("prs_Gender", "Lady", "picklist.unknown_value", "corridor node values"),
]


@pytest.mark.parametrize("bad", REJECTED, ids=lambda bad: bad.problem)
def test_a_bad_value_is_reported_with_its_place_and_costs_nothing_else(
    node: Node, tmp_path: Path, bad: Rejected
) -> None:
    rows = [GOOD | {"prs_IdentityNumber": "1"}, GOOD | {bad.field: bad.value}]
    path = write_csv(tmp_path / "cases.csv", rows)
    document = node.load(path)
    assert document["cases"] == 2
    kept = json.loads(Path(document["file"]).read_text())
    assert kept == document["report"]
    (entry,) = [one for one in kept["entries"] if one["problem"] == bad.problem]
    named = bad.field if bad.problem == "column.unknown" else bad.value
    assert (entry["file"], entry["fate"]) == ("cases.csv", "rejected")
    assert entry["value"] == (named if bad.shown else None)
    assert bad.remedy in entry["remedy"]
    if bad.problem != "column.unknown":
        assert (entry["field"], entry["rows"], entry["count"]) == (bad.field, [3], 1)
        kept_as = {
            "vic_LocationOfRecruitment": "recruited_in",
            "cas_IncomingReferralDate": "referred_on",
        }
        values = [case[kept_as.get(bad.field, bad.field)] for case in node.cases()]
        assert sum(value is None for value in values) == 1
    # In the terminal too: the place, the problem, the remedy; a date is never shown.
    out, _ = node.run("import", path)
    assert f"{bad.problem} × 1: " in out
    assert "cases.csv" in out
    assert bad.remedy in out
    assert "2023-02-30" not in out


def test_of_a_formula_the_last_value_counts_and_the_report_says_where_it_stood(
    node: Node, tmp_path: Path
) -> None:
    path = write_template(
        tmp_path / "cases.xlsx",
        [("prs_IdentityNumber", "ID"), ("vic_LocationOfRecruitment", "From")],
        [["1", "MD"], ["2", '="U"&"A"']],
    )
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = members["xl/worksheets/sheet1.xml"]
    start = sheet.rindex(b"<c ", 0, sheet.index(b"<f>"))
    end = sheet.index(b"</c>", start)
    cell = b'<c r="C4" t="str"><f>"U"&amp;"A"</f><v>BG</v>'  # Excel had computed BG before
    members["xl/worksheets/sheet1.xml"] = sheet[:start] + cell + sheet[end:]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    (entry,) = [
        one for one in node.load(path)["report"]["entries"] if one["problem"] == "cell.formula"
    ]
    assert (entry["sheet"], entry["rows"], entry["fate"]) == ("Sheet1", [4], "noted")
    assert "nothing was evaluated" in entry["remedy"]
    assert sorted(str(case["recruited_in"]) for case in node.cases()) == ["BG", "MD"]


# ---------------------------------------------------------------- what goes in


def as_csv(path: Path, rows: list[dict[str, object]]) -> Path:
    return write_csv(path / "cases.csv", rows)


def as_excels_csv(path: Path, rows: list[dict[str, object]]) -> Path:
    return write_csv(path / "cases.csv", rows, separator=";", encoding="utf-8-sig")


def as_parquet(path: Path, rows: list[dict[str, object]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path / "cases.parquet")
    return path / "cases.parquet"


def as_workbook(path: Path, rows: list[dict[str, object]]) -> Path:
    names = [name for name, _ in TEMPLATE if name] + ["prs_IdentityNumber"]
    assert set(rows[0]) <= set(names)
    filled = ([row.get(name) for name in names] for row in rows)
    return write_template(path / "cases.xlsx", [(name, None) for name in names], filled)


def as_macro_workbook(path: Path, rows: list[dict[str, object]]) -> Path:
    book = as_workbook(path, rows).rename(path / "cases.xlsm")
    with zipfile.ZipFile(book, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"Attribute VB_Name = not a real project")
    return book


@pytest.mark.parametrize(
    "write", [as_csv, as_excels_csv, as_parquet, as_workbook, as_macro_workbook]
)
def test_every_kind_of_case_file_makes_the_same_cases(
    node: Node, tmp_path: Path, write: Callable[[Path, list[dict[str, object]]], Path]
) -> None:
    row = {
        **GOOD,
        "prs_Citizenship": "Молдова; Roumanie;أوكرانيا",
        "vic_LocationOfRecruitment": "Chișinău, Republica Moldova",
        "vic_LocationOfExploitation": "София, България",
        "vic_MethodsOfControl": "Debt bondage;FalsePromises",
    }
    node.load(write(tmp_path, [row]))
    (case,) = node.cases()
    assert case["prs_Citizenship"] == ["MD", "RO", "UA"]
    assert (case["recruited_in"], case["exploited_in"]) == ("MD", "BG")
    assert case["vic_MethodsOfControl"] == ["DebtBondage", "FalsePromises"]
    assert case["referred_on"] == dt.date(2024, 3, 31)
    assert case["consent"] is True


def test_the_same_file_twice_counts_nobody_twice(node: Node, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "cases.csv", [GOOD, {"prs_Gender": "Feminine"}] * 2)
    first = node.load(path)
    again = node.load(path)
    assert again["unchanged"]
    assert again["edition"] != first["edition"]  # its name is public, and says nothing of this
    assert again["persons"] == first["persons"] == 3


# ---------------------------------------------------------------- texts that name no country


def test_texts_that_name_no_country_go_out_as_a_list_and_come_back_filled_in(
    node: Node, tmp_path: Path
) -> None:
    long = "A farm near the lake beyond the second bridge, known only as the old brick works"
    places = ["Pridnestrovie", "Pridnestrovie", "=HYPERLINK(1)", long, "Nowhere at all", "MD"]
    rows = [
        GOOD | {"prs_IdentityNumber": str(n), "vic_LocationOfRecruitment": place}
        for n, place in enumerate(places)
    ]
    path = write_csv(tmp_path / "cases.csv", rows)
    out, _ = node.run("import", path)
    assert "4 texts name no country that is known" in out
    (listed,) = (node.home / "imports").glob("*-countries.csv")
    assert f"--countries {listed}" in out
    assert listed.stat().st_mode & 0o777 == 0o600

    # As Excel opens, fills in and saves it in a country that writes its decimals with a comma.
    raw = listed.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    table = list(csv.reader(raw.decode("utf-8-sig").splitlines()))
    assert table[0] == ["text", "code", "count", "suggestion"]
    assert table[1][0] == "Pridnestrovie"
    assert table[1][2] == "2"
    assert not any(row[0].startswith(("=", "+", "-", "@")) for row in table)
    assert max(len(row[0]) for row in table) <= 61
    meant = {"Pridnestrovie": "MD", "'=HYPERLINK(1)": "UA", "Nowhere at all": "-"}
    filled = [[row[0], meant.get(row[0], "RO"), *row[2:]] for row in table[1:]]
    back = tmp_path / "filled.csv"
    with back.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows([table[0], *filled])

    document = node.load(path, "--countries", back)
    assert document["persons"] == 6
    assert document["countries"] is None
    assert document["report"]["unresolved_countries"] == []
    recruited = sorted(str(case["recruited_in"]) for case in node.cases())
    assert recruited == ["MD", "MD", "MD", "None", "RO", "UA"]


def test_a_list_that_is_filled_in_by_and_by_is_given_together(node: Node, tmp_path: Path) -> None:
    rows = [
        GOOD | {"prs_IdentityNumber": "1", "vic_LocationOfRecruitment": "Atlantis"},
        GOOD | {"prs_IdentityNumber": "2", "vic_LocationOfRecruitment": "Lemuria"},
    ]
    path = write_csv(tmp_path / "cases.csv", rows)
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("text,code\nAtlantis,GR\n")
    other.write_text("text,code\nLemuria,MG\n")
    left = node.load(path, "--countries", one)["report"]["unresolved_countries"]
    assert [text["text"] for text in left] == ["Lemuria"]
    node.load(path, "--countries", one, "--countries", other)
    assert sorted(case["recruited_in"] for case in node.cases()) == ["GR", "MG"]


def test_where_every_country_is_known_no_list_is_written(node: Node, tmp_path: Path) -> None:
    out, _ = node.run("import", write_csv(tmp_path / "cases.csv", [GOOD]))
    assert "--countries" not in out
    assert not list((node.home / "imports").glob("*-countries.csv"))


def test_a_bad_list_is_refused_by_its_line_and_nothing_is_imported(
    node: Node, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "cases.csv", [GOOD])
    bad = tmp_path / "filled.csv"
    bad.write_text("text,code\nAtlantis,Greece\n")
    before = node.files()
    _, err = node.run("import", path, "--countries", bad, code=1)
    assert "[import.bad_country_mapping]" in err
    assert "filled.csv, line 2" in err
    assert "Nothing was imported." in err
    assert node.files() == before
