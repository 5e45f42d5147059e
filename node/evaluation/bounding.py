"""Which rows and cells of a person count, and what they add. Whole arrays, exact integers.

Entries come sorted by person; an entry says that a row of that person is in a cell. In turns,
each person's cell with the smallest hash is taken, until everybody has m cells or none is left:

    hash = choice_hashes(stable key, cell)      least = minimum of hash over the person
    entries with hash == least are that person's entries in one cell: for a fixed person
    the hash is a bijection of the cell, so no two cells share one

Of these the first b rows count. The dense number of a person says only which entries belong
together; the hash is of the stable key (`queries.choice` says why that matters).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from corridor.queries.choice import (
    ChoiceKey,
    cell_hashes,
    choice_hashes,
    hashed_cells,
    person_words,
)

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Entries:
    """Rows in cells, sorted by person, then row. All arrays but `cells` are of one length.

    Attributes:
        persons: dense numbers, for grouping only.
        choice_keys: stable.
        rows: which row; it may be here several times.
        quantities: of the measure; None for counts.
        sizes: in how many cells it is here; at least one, and may be twice in one.
        cells: ≥ 0, as numbered in the table: those of the first row, then those of the second, …
    """

    persons: npt.NDArray[np.uint32]
    choice_keys: npt.NDArray[np.uint64]
    rows: Ints
    quantities: Ints | None
    sizes: Ints
    cells: Ints

    def spread(self) -> "Entries":
        """The same with a row for each cell."""
        if len(self.cells) == len(self.rows):
            return self
        return Entries(
            np.repeat(self.persons, self.sizes),
            np.repeat(self.choice_keys, self.sizes),
            np.repeat(self.rows, self.sizes),
            None if self.quantities is None else np.repeat(self.quantities, self.sizes),
            np.ones_like(self.cells),
            self.cells,
        )

    def taken(self, which: npt.NDArray[np.intp] | slice) -> "Entries":
        """Some of these rows, in this order; each is in one cell."""
        return Entries(
            self.persons[which],
            self.choice_keys[which],
            self.rows[which],
            None if self.quantities is None else self.quantities[which],
            self.sizes[which],
            self.cells[which],
        )

    def followed_by(self, more: "Entries") -> "Entries":
        """These, and then those of later rows of the same measure."""
        quantities = None
        if self.quantities is not None and more.quantities is not None:
            quantities = np.concatenate((self.quantities, more.quantities))
        return Entries(
            np.concatenate((self.persons, more.persons)),
            np.concatenate((self.choice_keys, more.choice_keys)),
            np.concatenate((self.rows, more.rows)),
            quantities,
            np.concatenate((self.sizes, more.sizes)),
            np.concatenate((self.cells, more.cells)),
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """What persons add to cells, each (person, cell) once.

    Attributes:
        counts: how many rows, 1 to b.
        sums: of these rows' quantities, not clamped yet; None for counts.
    """

    cells: Ints
    counts: Ints
    sums: Ints | None


def bounded(entries: Entries, key: ChoiceKey, *, max_cells: int, max_rows: int) -> Iterator[Kept]:
    """What is kept: for each person at most m cells, for each of these at most b rows."""
    if not len(entries.persons):
        return
    starts, _ = _runs(entries.persons)
    lengths = np.add.reduceat(entries.sizes, starts)
    words = person_words(entries.choice_keys[starts], key)
    hashes = cell_hashes(np.repeat(words, lengths), entries.cells.view(np.uint64), key)
    if max_rows == 1 and entries.quantities is None:
        yield from _cells_alone(words, lengths, hashes, key, max_cells)
    else:
        yield from _cells_with_rows(entries.spread(), hashes, max_cells, max_rows)


def _cells_alone(
    words: npt.NDArray[np.uint64],
    lengths: Ints,
    hashes: npt.NDArray[np.uint64],
    key: ChoiceKey,
    max_cells: int,
) -> Iterator[Kept]:
    """Where a cell counts once whatever rows are in it: the hash taken back gives the cell.

    Args:
        words: of each person.
        lengths: how many hashes each has; these follow each other.
        hashes: of all entries.
        key: of the hashes.
        max_cells: m.
    """
    persons, starts = np.repeat(np.arange(len(words)), lengths), np.cumsum(lengths) - lengths
    for turn in range(max_cells):
        least = np.minimum.reduceat(hashes, starts)
        cells = hashed_cells(words[persons[starts]], least, key)
        yield Kept(cells.view(np.int64), np.ones(len(cells), np.int64), None)
        if turn + 1 < max_cells:
            rest = np.flatnonzero(hashes != np.repeat(least, lengths))
            if not len(rest):
                return
            persons, hashes = persons[rest], hashes[rest]
            starts, lengths = _runs(persons)


def _cells_with_rows(
    entries: Entries, hashes: npt.NDArray[np.uint64], max_cells: int, max_rows: int
) -> Iterator[Kept]:
    """Where of each cell b rows count, or what they add."""
    left = np.arange(len(entries.persons))
    persons = entries.persons
    for turn in range(max_cells):
        if not len(left):
            return
        starts, lengths = _runs(persons)
        least = np.repeat(np.minimum.reduceat(hashes, starts), lengths)
        taken = hashes == least
        yield _first_rows(entries, left[taken], max_rows)
        if turn + 1 < max_cells:
            rest = np.flatnonzero(~taken)
            left, persons, hashes = left[rest], persons[rest], hashes[rest]


def one_cell_each(entries: Entries, key: ChoiceKey) -> tuple[npt.NDArray[np.uint64], Ints]:
    """Each person's stable choice key, and the one cell that they keep."""
    kept = next(bounded(entries, key, max_cells=1, max_rows=1), None)
    if kept is None:  # there is nobody
        return entries.choice_keys, entries.cells
    starts, _ = _runs(entries.persons)
    return entries.choice_keys[starts], kept.cells


def of_one_person(entries: Entries, key: ChoiceKey, *, max_cells: int) -> Entries:
    """One person's entries without those that cannot count, whatever rows are still to come.

    The m cells with the smallest hashes of all rows are among the m of these.
    """
    entries = entries.spread()
    hashes = choice_hashes(entries.choice_keys, entries.cells.view(np.uint64), key)
    smallest = np.unique(hashes)[:max_cells]
    left = np.flatnonzero(np.isin(hashes, smallest))
    # Recoded values put a row into a cell several times; once is enough.
    _, first = np.unique(
        np.stack((entries.rows[left], entries.cells[left])), axis=1, return_index=True
    )
    return entries.taken(left[np.sort(first)])


def _first_rows(entries: Entries, taken: npt.NDArray[np.intp], max_rows: int) -> Kept:
    """The first b rows of each person; `taken` has one cell for each person."""
    persons, rows = entries.persons[taken], entries.rows[taken]
    # A row whose values were recoded to one is in the cell once.
    again = (persons[1:] == persons[:-1]) & (rows[1:] == rows[:-1])
    if again.any():
        taken = taken[np.concatenate(([True], ~again))]
        persons = entries.persons[taken]
    starts, lengths = _runs(persons)
    counts = np.minimum(lengths, max_rows)
    cells = entries.cells[taken[starts]]
    if entries.quantities is None:
        return Kept(cells, counts, None)
    rank = np.arange(len(taken)) - np.repeat(starts, lengths)
    counted = np.where(rank < max_rows, entries.quantities[taken], 0)
    return Kept(cells, counts, np.add.reduceat(counted, starts))


def _runs(persons: npt.NDArray[np.integer]) -> tuple[Ints, Ints]:
    """Where each person's entries start, and how many there are; `persons` is not empty."""
    starts = np.concatenate(([0], np.flatnonzero(persons[1:] != persons[:-1]) + 1))
    return starts, np.diff(starts, append=len(persons))
