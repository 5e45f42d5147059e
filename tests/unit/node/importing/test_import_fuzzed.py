"""Exports with anything in them: read or refused with a code; and nobody's row depends on another.

The second is what the proof that one person changes an answer by at most Δ begins with.
"""

from contextlib import suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors import CorridorError
from corridor.errors.importing import DamagedFileError
from corridor.node.importing.columns import EXTENSIONS
from corridor.node.importing.mapping import parse_mapping
from support.case_files import htcds_fields, read
from support.exports import write_rows, write_sheets, write_statistical
from support.mutation import Mutator

ALL_FIELDS = {**htcds_fields(), **EXTENSIONS}
MAPPING = """
[[table]]
file = "a*"
[table.columns]
"Sexe" = "prs_Gender"
"Violence" = "vic_MethodsOfControl/PhysicalAbuse"
"Remarques" = "-"
[table.values.prs_Gender]
"F" = "Feminine"
"""

FIELDS = (
    "prs_Gender prs_FirstName prs_Birthdate prs_IdentityNumber con_Consent cas_Status hte_Type "
    "vic_MethodsOfControl vic_ForcedLabourIndustry hte_Country spl_Type x_CaseReference "
    "x_PersonReference"
)
names = st.sampled_from(FIELDS.split())
dressed = st.builds(
    lambda before, name, after: f"{before}{name}{after}",
    st.sampled_from(["", "a/", "a/b/", "a-", "ns__", "X__r.", "/", "//"]),
    names,
    st.sampled_from(["", "__c", "/Other", "/DebtBondage", "/", "/a/b", ".Other", "__C"]),
)
METADATA = (
    "_id _uuid _index _parent_index _parent_table_name _submission__id KEY PARENT_KEY "
    "SubmissionDate Id ContactId Case__c Name start Gender Sexe Violence Remarques #"
)
meta = st.sampled_from(["", *METADATA.split()])
headings = st.one_of(dressed, meta, st.text(max_size=12))
cells = st.one_of(
    st.sampled_from(["", "1", "0", "True", "FALSE", "Feminine", "F", "Other", "MD", "2024-04-13"]),
    st.sampled_from(["DebtBondage FalsePromises", "a;b", "uuid:1/x[1]", "0015g00000AbCdE", "n/a"]),
    st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=10),
)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    head = draw(st.lists(headings, min_size=1, max_size=8))
    head = [" ".join(text.replace("\x00", "").split()) for text in head]
    row = st.lists(cells, min_size=len(head), max_size=len(head))
    return [head, *draw(st.lists(row, max_size=6))]


@settings(max_examples=120, deadline=None)
@given(st.lists(tables(), min_size=1, max_size=3), st.booleans())
def test_whatever_headings_and_cells_there_are_it_is_read_or_refused(
    found: list[list[list[str]]], mapped: bool
) -> None:
    said = parse_mapping("m", MAPPING, ALL_FIELDS) if mapped else None
    with TemporaryDirectory() as folder:
        paths = [write_rows(Path(folder) / f"a{n}.csv", rows) for n, rows in enumerate(found)]
        with suppress(CorridorError):
            _, report = read(*paths, columns=said)
            assert report.cases <= report.rows
            assert all(one.filled <= one.rows for one in report.fills)


# ---------------------------------------------------------------- nobody depends on another

PEOPLE = 6


def kobo(people: list[int], chance: Random, path: Path) -> list[Path]:
    """Submissions with one or two victims each, and their journeys, as sheets."""
    main: list[list[Any]] = [["cas_Status", "con_Consent", "_id", "_submission_time", "_index"]]
    control = "vic_MethodsOfControl"
    victims: list[list[Any]] = [
        ["prs_Gender", f"{control}/DebtBondage", f"{control}/PhysicalAbuse"]
    ]
    victims[0] += ["_index", "_parent_table_name", "_parent_index", "_submission__id"]
    events: list[list[Any]] = [
        ["hte_Type", "hte_Country", "_parent_table_name", "_parent_index", "_submission__id"]
    ]
    for person in people:
        draw = Random(f"{chance.random()} {person}")
        place = len(main)
        main.append([draw.choice(["Active", "Closed"]), "TRUE", 100 + person, "2024-04-13", place])
        for _ in range(draw.randrange(1, 3)):
            own = len(victims)
            ticks = [draw.randrange(2), draw.randrange(2)]
            victims.append(
                [draw.choice(["Feminine", "Masculine"]), *ticks, own, "main", place, 100 + person]
            )
            country = draw.choice(["MD", "UA", "RO"])
            events.append(["Recruitment", country, "victim", own, 100 + person])
    return [write_sheets(path / "k.xlsx", {"main": main, "victim": victims, "event": events})]


def salesforce(people: list[int], chance: Random, path: Path) -> list[Path]:
    """Persons with cases, assessments and plans, a file each."""
    persons: list[list[Any]] = [["Id", "prs_Gender__c", "prs_IdentityNumber__c"]]
    cases: list[list[Any]] = [["Id", "ContactId", "cas_Status__c", "con_Consent__c"]]
    assessments: list[list[Any]] = [["Case__c", "vic_TypeOfExploitation__c"]]
    plans: list[list[Any]] = [["ContactId", "spl_Type__c"]]
    for person in people:
        draw = Random(f"{chance.random()} {person}")
        number = f"N-{person}" if draw.randrange(2) else ""
        persons.append([f"003{person:015}", draw.choice(["Feminine", "Masculine"]), number])
        for n in range(draw.randrange(1, 3)):
            key = f"500{person}{n:014}"
            cases.append([key, f"003{person:015}", draw.choice(["Active", "Closed"]), "true"])
            kinds = draw.choices(["ForcedLabour", "ForcedBegging"], k=draw.randrange(3))
            assessments += [[key, kind] for kind in kinds]
        plans.append([f"003{person:015}", draw.choice(["Health", "Legal"])])
    tables = {"p": persons, "c": cases, "a": assessments, "s": plans}
    return [write_rows(path / f"{name}.csv", rows) for name, rows in tables.items()]


def content(paths: list[Path]) -> dict[bytes, list[Any]]:
    """Person → everything that is kept of them."""
    imported, _ = read(*paths)
    kept: dict[bytes, list[Any]] = {}
    rows = imported.cases.to_pylist()
    for n, case in enumerate(rows):
        legs = [leg | {"case": 0} for leg in imported.legs.to_pylist() if leg["case"] == n]
        plans = [plan | {"case": 0} for plan in imported.services.to_pylist() if plan["case"] == n]
        kept.setdefault(case["person_key"], []).append((case, legs, plans))
    return kept


class _Fixed(Random):
    """The same stories whoever is left out."""

    def random(self) -> float:
        return 0.5


@pytest.mark.parametrize("make", [kobo, salesforce])
@pytest.mark.parametrize("left_out", range(PEOPLE))
def test_leaving_out_a_person_changes_nobody_else(tmp_path: Path, make: Any, left_out: int) -> None:
    everybody = list(range(PEOPLE))
    first, second = tmp_path / "all", tmp_path / "less"
    first.mkdir()
    second.mkdir()
    before = content(make(everybody, _Fixed(), first))
    after = content(make([n for n in everybody if n != left_out], _Fixed(), second))
    assert set(after) < set(before)
    assert all(before[person] == after[person] for person in after)


NAMED_BY: dict[str, tuple[str, ...]] = {
    "nobody": (),
    "record": ("x_PersonReference",),
    "number": ("prs_IdentityNumber",),
    "name": ("prs_FirstName", "prs_Birthdate"),
    "record and number": ("x_PersonReference", "prs_IdentityNumber"),
}


def names_of(person: int, fields: tuple[str, ...]) -> list[str]:
    cells = {
        "x_PersonReference": str(100 + person),
        "prs_IdentityNumber": f"N-{person}",
        "prs_FirstName": f"Ana{'abcdef'[person]}",
        "prs_Birthdate": f"1990-01-0{person + 1}",
    }
    return [cells[field] for field in fields]


def register(
    people: list[int], case_by: tuple[str, ...], row_by: tuple[str, ...], path: Path
) -> list[Path]:
    """Two cases of three victims each, with events, plans and assessments in files of their own.

    A row that names nobody is its case's, and stays whoever leaves; fillers are shared by many.
    """
    reference = "x_CaseReference"
    tables: dict[str, list[list[Any]]] = {
        "c": [[reference, *case_by, "cas_Status", "con_Consent"]],
        "e": [[reference, *row_by, "hte_Type", "hte_Country"]],
        "s": [[reference, *row_by, "spl_Type"]],
        "a": [[reference, *row_by, "vic_TypeOfExploitation"]],
    }
    for person in people:
        case = "AB"[person % 2] if person < PEOPLE - 1 else "n/a"
        tables["c"].append([case, *names_of(person, case_by), "Active", "Yes"])
    for person in people if row_by else range(PEOPLE):
        start = ["AB"[person % 2] if person < PEOPLE - 1 else "n/a", *names_of(person, row_by)]
        tables["e"].append([*start, "Transit", ["MD", "UA", "RO"][person % 3]])
        tables["s"].append([*start, ["Health", "Legal"][person % 2]])
        tables["a"].append([*start, ["ForcedLabour", "ForcedBegging", "Servitude"][person % 3]])
    return [write_rows(path / f"{name}.csv", rows) for name, rows in tables.items()]


@pytest.mark.parametrize("row_by", NAMED_BY)
@pytest.mark.parametrize("case_by", [one for one in NAMED_BY if one != "nobody"])
def test_leaving_out_a_victim_changes_no_other_of_the_same_case(
    tmp_path: Path, case_by: str, row_by: str
) -> None:
    """However the tables name persons: an import is refused by its headers, or nobody depends."""

    def outcome(people: list[int], name: str) -> dict[bytes, list[Any]] | str:
        folder = tmp_path / name
        folder.mkdir()
        try:
            return content(register(people, NAMED_BY[case_by], NAMED_BY[row_by], folder))
        except CorridorError as error:
            return error.code

    before = outcome(list(range(PEOPLE)), "all")
    for left_out in range(PEOPLE):
        after = outcome([n for n in range(PEOPLE) if n != left_out], str(left_out))
        if isinstance(before, str) or isinstance(after, str):
            assert before == after == "import.persons_not_linked"
            continue
        assert set(after) < set(before)
        assert all(before[person] == after[person] for person in after)


# ---------------------------------------------------------------- SPSS and Stata


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".sav", ".zsav", ".dta"])
def test_a_bent_statistical_file_is_read_or_refused_and_harms_nobody(
    tmp_path: Path, suffix: str
) -> None:
    columns: dict[str, list[Any]] = {
        "prs_Gender": [1.0, 2.0, None],
        "cas_Status": ["Active", "Closed", ""],
    }
    values = {"prs_Gender": {1.0: "Feminine"}}
    raw = write_statistical(tmp_path / f"s{suffix}", columns, values=values).read_bytes()
    mutator, path, refused = Mutator(suffix), tmp_path / f"bent{suffix}", 0
    for _ in range(12):
        path.write_bytes(mutator.bent((raw,), "bytes"))
        try:
            read(path)
        except CorridorError:
            refused += 1
    assert refused > 0


def test_a_file_that_crashes_the_parser_is_a_damaged_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    monkeypatch.setattr("corridor.node.importing.statistical._WORKER", worker)
    path = write_statistical(tmp_path / "s.sav", {"prs_Gender": ["Feminine"]})
    with pytest.raises(DamagedFileError, match="Nothing was imported"):
        read(path)
