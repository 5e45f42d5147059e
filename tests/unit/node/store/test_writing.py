"""An edition that comes piece by piece is checked as one that comes whole."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from corridor.node.schema import TABLES, EditionTables
from corridor.node.store import EditionStore
from corridor.node.store.writing import Checked, Pieces, same
from support.editions import Case, make_tables


@dataclass
class Cut:
    """Tables in pieces of so many rows, one of them changed."""

    tables: EditionTables
    rows: int = 2
    changed: str = ""
    change: Callable[[pa.Table], pa.Table] = lambda table: table

    def pieces(self, table: str) -> Iterator[pa.Table]:
        whole = self.tables[table]
        whole = self.change(whole) if table == self.changed else whole
        for start in range(0, whole.num_rows, self.rows):
            yield whole.slice(start, self.rows)


def five_people(gender: str = "Female") -> EditionTables:
    return make_tables(
        Case(person, f"{person} {number}", {"prs_Gender": gender}, legs=[{"leg_to": "MD"}])
        for person in "ABCDE"
        for number in range(2)
    )


def read_through(tables: Pieces) -> dict[str, int]:
    checked = Checked(tables)
    for name in TABLES:
        for _ in checked.pieces(name):
            pass
    return checked.rows


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
def test_whatever_the_pieces_a_right_edition_passes_and_is_counted(rows: int) -> None:
    assert read_through(Cut(five_people(), rows)) == {
        "persons": 5,
        "cases": 10,
        "legs": 10,
        "services": 0,
    }


Change = Callable[[pa.Table], pa.Table]


def with_numbers(name: str, numbers: Callable[[Any], Any]) -> Change:
    def change(table: pa.Table) -> pa.Table:
        place = table.schema.get_field_index(name)
        column = pa.array(numbers(table[name].to_numpy().copy()), table.schema.field(name).type)
        return table.set_column(place, table.schema.field(name), column)

    return change


@pytest.mark.parametrize(
    ("table", "change", "what"),
    [
        ("persons", with_numbers("person", lambda n: n[::-1]), "numbered 0, 1, 2"),
        ("persons", lambda table: table.slice(0, 4), "no such person"),
        ("persons", lambda table: table.drop_columns(["person_key"]), "columns are not"),
        ("cases", with_numbers("person", lambda n: n[::-1]), "sorted by person"),
        ("cases", with_numbers("person", lambda n: n + (n > 2)), "sorted by person"),
        ("cases", lambda table: table.slice(0, 8), "each person has a case"),
        ("cases", with_numbers("choice_key", lambda n: np.roll(n, 2)), "not the beginning"),
        ("cases", with_numbers("choice_key", lambda n: n + (np.arange(10) == 9)), "beginning"),
        ("legs", with_numbers("case", lambda n: n[::-1]), "sorted by case"),
        ("legs", with_numbers("case", lambda n: n + 1), "the case is there"),
    ],
    ids=[
        "persons out of order",
        "a person too few",
        "no keys",
        "cases out of order",
        "a person left out",
        "cases too few",
        "another's key",
        "another's key at the end",
        "legs out of order",
        "a leg of no case",
    ],
)
def test_a11_what_a_guarantee_rests_on_is_checked_across_pieces(
    table: str, change: Callable[[pa.Table], pa.Table], what: str
) -> None:
    with pytest.raises(ValueError, match=what):
        read_through(Cut(five_people(), 2, table, change))


def test_an_edition_written_in_pieces_is_the_one_written_whole(tmp_path: Path) -> None:
    tables = five_people()
    store = EditionStore(tmp_path, Random(1).randbytes, lambda: datetime(2026, 11, 30, tzinfo=UTC))
    written = store.write(Cut(tables, 3), replaces=None, sources=[]).edition
    assert written.rows == {name: tables[name].num_rows for name in TABLES}
    assert all(store.tables(written.id)[name].equals(tables[name]) for name in TABLES)


def test_a_wrong_piece_leaves_nothing_and_the_edition_before(tmp_path: Path) -> None:
    store = EditionStore(tmp_path, Random(1).randbytes, lambda: datetime(2026, 11, 30, tzinfo=UTC))
    before = store.write(five_people(), replaces=None, sources=[]).edition
    wrong = Cut(five_people(), 2, "legs", with_numbers("case", lambda n: n[::-1]))
    with pytest.raises(ValueError, match="sorted by case"):
        store.write(wrong, replaces=before.id, sources=[])
    assert store.current() == before
    assert [path.name for path in (tmp_path / "editions").iterdir() if path.is_dir()] == [before.id]


def test_two_editions_are_the_same_whatever_their_pieces() -> None:
    one, other = five_people(), five_people("Male")
    cut = Cut(one, 3).pieces
    assert all(same(cut(name), one.pieces(name)) for name in TABLES)
    assert not same(cut("cases"), other.pieces("cases"))
    assert not same(cut("cases"), iter([one.cases.slice(0, 9)]))
    assert not same(iter([one.cases.slice(0, 9)]), cut("cases"))
