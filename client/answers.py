"""What was released: tables with margins, as frames, as pictures, as files, with its receipt."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.client.html import html_lines, html_table, printable
from corridor.client.saving import write_release
from corridor.errors.client import MissingLibraryError, SeveralTablesError
from corridor.publishing.comparing import Comparison, compare
from corridor.publishing.estimates import MEANING, figure, mark, tally
from corridor.publishing.formats import FORMS
from corridor.publishing.formats.columnar import arrow_table
from corridor.publishing.groups import Group, find_group, parse_groups, placed_tables
from corridor.publishing.tables import Cell, ReleasedTable, tables_of
from corridor.publishing.views import ViewTable, views_of
from corridor.queries.views import View

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    from matplotlib.figure import Figure

SHOWN_ROWS = 20


@dataclass(frozen=True)
class Release:
    """A published answer. Two of the same release are the same everywhere and for ever.

    Attributes:
        document: as the REST API gives it.
        fetch_receipt: gets its public receipt.
    """

    document: Mapping[str, Any]
    fetch_receipt: Callable[[], bytes] = field(repr=False, compare=False)

    @property
    def id(self) -> str:
        """Of the release, for ever."""
        return str(self.document["id"])

    @property
    def rho(self) -> Fraction:
        """What every authority in it was debited with."""
        return Fraction(self.document["guarantee"]["rho"])

    @property
    def epsilon(self) -> float:
        """The same in the other currency."""
        return float(self.document["guarantee"]["epsilon"])

    @property
    def participants(self) -> tuple[str, ...]:
        """The countries whose data are in it."""
        return tuple(map(str, self.document["survivors"]))

    @cached_property
    def tables(self) -> tuple["Table", ...]:
        """Its tables."""
        return tuple(Table(self, one) for one in tables_of(self.document))

    @property
    def table(self) -> "Table":
        """Its only table.

        Raises:
            SeveralTablesError: there are several.
        """
        if len(self.tables) != 1:
            raise SeveralTablesError(len(self.tables))
        return self.tables[0]

    def to_arrow(self) -> "pa.Table":
        """The only table as Arrow; the metadata are in its schema."""
        return self.table.to_arrow()

    def to_pandas(self) -> "pd.DataFrame":
        """The only table as a data frame of pandas."""
        return self.table.to_pandas()

    def to_polars(self) -> "pl.DataFrame":
        """The only table as a data frame of polars."""
        return self.table.to_polars()

    def plot(self) -> "Figure":
        """The only table as a picture."""
        return self.table.plot()

    def see(self, view: View) -> tuple[ViewTable, ...]:
        """Shares, changes, medians, ranks (`queries.views`), each with its interval; free.

        Raises:
            ViewError: it fits none of the tables.
        """
        return views_of([one.released for one in self.tables], view)

    def compare(
        self, cells: str, *, table: int | None = None, earlier: "Release | None" = None
    ) -> Comparison:
        """Groups of cells side by side: differences, ratios, changes, a sentence on each; free.

        Args:
            cells: the groups, as `recruited_in=MD,exploited_in=IT; recruited_in=UA,exploited_in=IT`
                (docs/comparing.md).
            table: its number, from 1; the one that fits best where None.
            earlier: another release, with which each group is compared besides.

        Raises:
            ComparisonError: there are no such cells, or they cannot be compared.
        """
        wanted = parse_groups(cells)

        def groups(document: Mapping[str, Any]) -> list[Group]:
            placed = placed_tables(document)
            return [find_group(placed, one, table) for one in wanted]

        before = [] if earlier is None else groups(earlier.document)
        return compare(groups(self.document), earlier=before)

    def receipt(self) -> bytes:
        """The public receipt with its proof, for `corridor verify`."""
        return self.fetch_receipt()

    def save(self, path: Path | str, form: str | None = None) -> tuple[Path, ...]:
        """Write it into a file, with its metadata; gives the files written.

        Args:
            path: the file; numbered where several are needed.
            form: one of `publishing.formats.FORMS`; by the file's ending where None.

        Raises:
            ValueError: no such form.
            DiskError: a file cannot be written.
        """
        path = Path(path)
        form = form or path.suffix.removeprefix(".")
        if form not in FORMS:
            raise ValueError(f"no form is called {form!r}; take one of {', '.join(FORMS)}")
        return write_release(self.document, form, path)

    def __repr__(self) -> str:
        titles = "; ".join(printable(one.title) for one in self.tables)
        return f"<release {self.id}: {titles}>"

    def _repr_html_(self) -> str:
        return "".join(one.to_html() for one in self.tables) + html_lines(self._facts())

    def _facts(self) -> list[str]:
        synthetic = "MADE-UP DATA. " if self.document["synthetic"] else ""
        when, who = self.document["published_at"], ", ".join(self.participants)
        return [
            f"{synthetic}Release {self.id} of {when}, {self.document['scope']}; {who}",
            f"ρ = {self.rho} (ε = {self.epsilon:.3g}) for a person known to one authority",
        ]


@dataclass(frozen=True)
class Table:
    """One table of a release.

    Attributes:
        released: its cells as values (`publishing.tables`).
    """

    release: Release = field(repr=False)
    released: ReleasedTable = field(repr=False)

    @property
    def title(self) -> str:
        """What was counted, by what, of whom."""
        return self.released.title

    def cells(self) -> Iterator[Cell]:
        """Every cell, with labels, value, margin, interval and reliability."""
        return self.released.cells()

    def __len__(self) -> int:
        return self.released.size

    def to_arrow(self) -> "pa.Table":
        """As Arrow; columns as in `docs/formats.md`, the metadata in the schema."""
        return arrow_table(self.release.document, self.released)

    def to_pandas(self) -> "pd.DataFrame":
        """As a data frame of pandas; the metadata stand in its `attrs`.

        Raises:
            MissingLibraryError: pandas is not installed.
        """
        _demand("pandas")
        frame = self.to_arrow().to_pandas()
        frame.attrs["release"] = self.release.id
        frame.attrs["title"] = self.title
        return frame

    def to_polars(self) -> "pl.DataFrame":
        """As a data frame of polars.

        Raises:
            MissingLibraryError: polars is not installed.
        """
        polars = _demand("polars")
        frame: pl.DataFrame = polars.from_arrow(self.to_arrow())
        return frame

    def plot(self) -> "Figure":
        """As a picture with its intervals; what is too uncertain is drawn pale.

        Raises:
            MissingLibraryError: matplotlib is not installed.
        """
        _demand("matplotlib")
        plots = importlib.import_module("corridor.client.plots")
        drawn: Figure = plots.draw(self.released)
        return drawn

    def to_html(self) -> str:
        """As HTML: its first rows, with what may be quoted."""
        axes = [axis.label for axis in self.released.axes]
        rows = [(*cell.labels, figure(cell), mark(cell)) for cell in self._first()]
        notes = [tally(self.cells())]
        if len(self) > SHOWN_ROWS:
            notes.append(f"the first {SHOWN_ROWS} of {len(self):,} cells")
        if any(row[-1] for row in rows):
            notes.append(MEANING)
        headings = (*axes, self.released.measure, "")
        return html_table(self.title, headings, rows, texts=len(axes), note="; ".join(notes))

    def _first(self) -> Iterator[Cell]:
        return islice(self.cells(), SHOWN_ROWS)

    def __repr__(self) -> str:
        return f"<table of {len(self):,} cells: {printable(self.title)}>"

    def _repr_html_(self) -> str:
        return self.to_html()


def _demand(library: str) -> Any:
    try:
        return importlib.import_module(library)
    except ImportError as error:
        raise MissingLibraryError(library) from error
