"""Editions: importing again, in another order, with newer rows."""

import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors.importing import TooManyPersonsError
from corridor.node.importing import merge
from corridor.node.importing.countries import parse_country_mapping
from corridor.node.importing.edition import keys_of
from corridor.node.schema import TABLES, EditionTables
from support.case_files import edition_of, merged, read, whole, write_csv

Row = dict[str, str]

ANA = {"x_CaseReference": "C1", "prs_IdentityNumber": "P1", "cas_Status": "Active"}


def same_but_for_the_import(one: EditionTables, other: EditionTables) -> bool:
    """Whether two editions hold the same, whichever import it came with."""
    return all(_without_import(one[name]).equals(_without_import(other[name])) for name in TABLES)


def _without_import(table: pa.Table) -> pa.Table:
    names = [name for name in table.column_names if name != "import_number"]
    return table.select(names)


def imports(*files: Sequence[Row]) -> EditionTables:
    """The edition after importing some files one after another."""
    edition: EditionTables | None = None
    with tempfile.TemporaryDirectory() as folder:
        for number, rows in enumerate(files, 1):
            path = write_csv(Path(folder) / f"{number}.csv", rows)
            edition = merged(edition, read(path)[0], number)
    assert edition is not None
    return edition


@st.composite
def case_rows(draw: st.DrawFn) -> Row:
    """A row with whatever may tell persons and cases apart, often clashing with others."""
    return {
        "prs_FirstName": draw(st.sampled_from(["", "Ana", "Ion"])),
        "prs_Birthdate": draw(st.sampled_from(["", "1999-05-17"])),
        "prs_IdentityNumber": draw(st.sampled_from(["", "", "P1", "P2"])),
        "x_CaseReference": draw(st.sampled_from(["", "", "C1", "C2"])),
        "prs_Gender": draw(st.sampled_from(["", "Feminine", "Masculine"])),
        "con_Consent": draw(st.sampled_from(["", "Yes"])),
        "cas_IncomingReferralDate": draw(st.sampled_from(["", "2023-01-01", "2024-01-01"])),
        "vic_MethodsOfControl": draw(st.sampled_from(["", "Debt bondage; False promises"])),
        "vic_LocationOfRecruitment": draw(st.sampled_from(["", "MD", "Atlantis"])),
        "hte_Type": draw(st.sampled_from(["", "Transit", "Recruitment"])),
        "hte_Country": draw(st.sampled_from(["", "RO", "UA"])),
        "spl_Type": draw(st.sampled_from(["", "Health"])),
        "cas_Status": "Active",
    }


tables_of_rows = st.lists(case_rows(), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(tables_of_rows)
def test_a11_importing_a_file_twice_counts_nobody_twice(rows: list[Row]) -> None:
    assert same_but_for_the_import(imports(rows), imports(rows, rows))


@settings(max_examples=60, deadline=None)
@given(tables_of_rows, st.data())
def test_a3_the_order_of_rows_does_not_matter(rows: list[Row], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(rows))
    assert same_but_for_the_import(imports(rows), imports(shuffled))


@settings(max_examples=60, deadline=None)
@given(tables_of_rows, tables_of_rows)
def test_what_was_imported_before_stays_or_is_replaced_case_by_case(
    first: list[Row], second: list[Row]
) -> None:
    before, after, alone = imports(first), imports(first, second), imports(second)

    def keys(edition: EditionTables) -> set[bytes | None]:
        return set(edition.cases.column("case_key").to_pylist())

    assert keys(after) == keys(before) | keys(alone)
    persons = set(after.persons.column("person_key").to_pylist())
    assert persons == set(before.persons.column("person_key").to_pylist()) | set(
        alone.persons.column("person_key").to_pylist()
    )


@settings(max_examples=60, deadline=None)
@given(tables_of_rows, case_rows(), st.data())
def test_a11_who_is_added_changes_no_other_persons_cases(
    rows: list[Row], row: Row, data: st.DataObject
) -> None:
    """What the sensitivity of every answer rests on: a person's rows go their own way."""
    nobody = {"x_CaseReference": "", "prs_FirstName": "", "prs_IdentityNumber": ""}
    somebody = data.draw(st.sampled_from([{"prs_IdentityNumber": "NEW"}, nobody]))
    added = row | somebody
    place = data.draw(st.integers(0, len(rows)))
    before = imports(rows)
    after = imports([*rows[:place], added, *rows[place:]])

    def held(edition: EditionTables) -> list[object]:
        keyed = edition.cases.append_column(
            "person_key", edition.persons.column("person_key").take(edition.cases.column("person"))
        )
        legs = edition.legs.to_pylist()
        return [
            {key: value for key, value in case.items() if key != "person"}
            | {"legs": [{**leg, "case": 0} for leg in legs if leg["case"] == number]}
            for number, case in enumerate(keyed.to_pylist())
        ]

    others, everybody = held(before), held(after)
    assert len(everybody) == len(others) + 1
    assert all(case in everybody for case in others)


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ("2023-01-01", "2024-01-01", "Closed"),
        ("2024-01-01", "2023-01-01", "Active"),
        ("2023-01-01", "2023-01-01", "Closed"),
        ("", "2023-01-01", "Closed"),
        ("2023-01-01", "", "Active"),
        ("", "", "Closed"),
    ],
)
def test_the_later_referral_counts_and_of_equal_ones_the_later_import(
    first: str, second: str, status: str
) -> None:
    old = ANA | {"cas_IncomingReferralDate": first}
    new = ANA | {"cas_IncomingReferralDate": second, "cas_Status": "Closed"}
    edition = imports([old], [new])
    assert edition.cases.column("cas_Status").to_pylist() == [status]


def test_legs_and_services_go_with_their_case() -> None:
    old = ANA | {"hte_Type": "Transit", "hte_Country": "RO", "spl_Type": "Health"}
    other = ANA | {"x_CaseReference": "C2", "hte_Type": "Transit", "hte_Country": "UA"}
    edition = imports([old, other], [ANA | {"hte_Type": "Transit", "hte_Country": "BG"}])
    assert set(edition.legs.column("leg_to").to_pylist()) == {"BG", "UA"}
    assert edition.services.num_rows == 0


def test_a_case_without_reference_is_the_same_case_when_referred_on_the_same_day() -> None:
    row = {"prs_IdentityNumber": "P1", "cas_IncomingReferralDate": "2023-01-01"}
    edition = imports([row | {"cas_Status": "Active"}], [row | {"cas_Status": "Closed"}])
    assert edition.cases.column("cas_Status").to_pylist() == ["Closed"]
    later = row | {"cas_IncomingReferralDate": "2024-01-01", "cas_Status": "Active"}
    assert imports([row | {"cas_Status": "Active"}], [later]).cases.num_rows == 2


def test_replacing_starts_empty(tmp_path: Path) -> None:
    one = write_csv(tmp_path / "a.csv", [ANA])
    two = write_csv(tmp_path / "b.csv", [ANA | {"x_CaseReference": "C2"}])
    assert merged(edition_of(one), read(two)[0], 2).cases.num_rows == 2
    assert merged(None, read(two)[0], 2).cases.num_rows == 1


def test_of_equal_rows_in_one_import_the_one_without_consent_counts() -> None:
    assert imports([ANA | {"con_Consent": "Yes"}, ANA | {"con_Consent": "No"}]).cases.column(
        "consent"
    ).to_pylist() == [False]


def test_an_edition_is_sorted_by_person_newest_referral_and_case() -> None:
    rows = [
        {"prs_IdentityNumber": f"P{n % 3}", "x_CaseReference": f"C{n}", "cas_Status": "Active"}
        | {"cas_IncomingReferralDate": f"202{n % 4}-01-01" if n % 4 else ""}
        for n in range(12)
    ]
    cases = imports(rows).cases.to_pylist()
    order = [
        (
            case["person"],
            -(case["referred_on"].toordinal() if case["referred_on"] else 0),
            case["case_key"],
        )
        for case in cases
    ]
    assert order == sorted(order)
    assert [case["person"] for case in cases] == [0] * 4 + [1] * 4 + [2] * 4


def test_an_edition_holds_no_more_persons_than_the_charter_allows(tmp_path: Path) -> None:
    first = edition_of(write_csv(tmp_path / "a.csv", [ANA]))
    second = read(write_csv(tmp_path / "b.csv", [ANA | {"prs_IdentityNumber": "P2"}]))[0]
    assert merged(first, second, 2, max_persons=2).persons.num_rows == 2
    with pytest.raises(TooManyPersonsError):
        merged(first, second, 2, max_persons=1)


def test_a_mapping_file_changes_countries_and_nobodys_key(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [{"vic_LocationOfRecruitment": "Atlantis"}] * 2)
    mapping = parse_country_mapping("m.csv", [("line 1", "atlantis", "GR")])
    before, after = edition_of(path), read(path, mapping=mapping)[0]
    after_both = merged(before, after, 2)
    assert after_both.cases.column("recruited_in").to_pylist() == ["GR", "GR"]
    assert after_both.persons.equals(before.persons)


class Shuffled:
    """An edition whose cases and legs stand in another order, as none is written today."""

    def __init__(self, tables: EditionTables, order: Sequence[int]) -> None:
        place = {old: new for new, old in enumerate(order)}
        legs = tables.legs.to_pylist()
        for leg in legs:
            leg["case"] = place[leg["case"]]
        legs.sort(key=lambda leg: leg["case"])
        self._tables = {
            "persons": tables.persons,
            "cases": tables.cases.take(list(order)),
            "legs": pa.Table.from_pylist(legs, schema=tables.legs.schema),
            "services": tables.services,
        }

    def pieces(self, table: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        """One row at a time."""
        whole = self._tables[table].select(list(columns))
        for row in range(whole.num_rows):
            yield whole.slice(row, 1)


def many(first: int, last: int, **more: str) -> list[Row]:
    """A case each of some persons, with a step of a journey."""
    return [
        {
            "prs_IdentityNumber": f"P{n:04}",
            "cas_IncomingReferralDate": f"20{n % 20:02}-01-0{n % 7 + 1}",
            "vic_MethodsOfControl": "Debt bondage; False promises" if n % 3 else "",
            "hte_Type": "Transit" if n % 2 else "",
            "hte_Country": ["RO", "UA", "IT", ""][n % 4],
        }
        | more
        for n in range(first, last)
    ]


@pytest.mark.parametrize("rows", [1, 7, 1 << 20])
def test_a_piece_may_end_anywhere(
    rows: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = edition_of(write_csv(tmp_path / "a.csv", many(0, 60)))
    after = read(write_csv(tmp_path / "b.csv", many(30, 90, cas_Status="Active")))[0]
    at_once = merged(before, after, 2)
    for module in ("schema", "importing.next_edition"):
        monkeypatch.setattr(f"corridor.node.{module}.PIECE", rows)
    assert len(list(merge(before, after, 2).pieces("cases"))) == -(-90 // rows)
    by_pieces = merged(before, after, 2)
    assert at_once.cases.num_rows == 90
    assert all(by_pieces[name].equals(at_once[name]) for name in TABLES)


def test_an_edition_in_another_order_gives_the_same_next_one(tmp_path: Path) -> None:
    before = edition_of(write_csv(tmp_path / "a.csv", many(0, 40)))
    after = read(write_csv(tmp_path / "b.csv", many(20, 60, cas_Status="Active")))[0]
    expected = merged(before, after, 2)
    found = whole(merge(Shuffled(before, range(39, -1, -1)), after, 2))
    assert all(found[name].equals(expected[name]) for name in TABLES)


def test_old_cases_and_erased_persons_leave_while_new_ones_come(tmp_path: Path) -> None:
    before = edition_of(write_csv(tmp_path / "a.csv", many(0, 40)))
    after = read(write_csv(tmp_path / "b.csv", many(30, 50)))[0]
    erased = keys_of(before.persons["person_key"]).tolist()[:5]
    found = whole(merge(before, after, 2, without=erased, since=date(2010, 1, 1)))
    coming = set(keys_of(after.cases["person_key"]).tolist())
    expected = {
        case["case_key"]
        for case in merged(before, after, 2).cases.to_pylist()
        if case["referred_on"] >= date(2010, 1, 1)
    }
    gone = {
        case["case_key"]
        for case in before.cases.to_pylist()
        if erased_and_not_coming(before, case, set(erased) - coming)
    }
    assert set(found.cases["case_key"].to_pylist()) == expected - gone
    assert gone & expected


def erased_and_not_coming(
    edition: EditionTables, case: dict[str, object], persons: set[bytes]
) -> bool:
    """Whether a case is of one of these persons."""
    return keys_of(edition.persons["person_key"]).tolist()[int(str(case["person"]))] in persons
