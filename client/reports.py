"""Ready-made reports in Python: forecast, ask, fill, save.

    draft = region.reports.draft("glotip", "±20", years="2025")
    draft.forecast()                               # spends nothing
    release = draft.ask(purpose="GLOTIP 2026")
    filled = region.reports.fill("glotip", release)
    filled.tables[0].to_pandas(); filled.save("glotip.xlsx")

What a report asks, and how its form is filled, is the coordinator's (docs/reports.md).
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.client.answers import Release
from corridor.client.asking import Draft, Scope, Session
from corridor.client.connection import Answer, Connection
from corridor.client.html import html_lines, html_table
from corridor.errors.client import MissingLibraryError
from corridor.files import PUBLIC, write_atomically

if TYPE_CHECKING:
    import pandas as pd

SHOWN_ROWS = 20


@dataclass(frozen=True, slots=True)
class _Asks:
    """Asks a report where a draft asks a question; everything else is the connection's."""

    connection: Connection
    name: str

    def forecast(self, request: Mapping[str, Any]) -> Answer:
        return self.connection.forecast_report(self.name, request)

    def ask(self, request: Mapping[str, Any], key: str | None = None) -> Answer:
        return self.connection.ask_report(self.name, request, key)

    def question(self, identifier: str) -> Answer:
        return self.connection.question(identifier)

    def cancel(self, identifier: str) -> Answer:
        return self.connection.cancel(identifier)

    def release(self, identifier: str) -> Answer:
        return self.connection.release(identifier)

    def receipt(self, identifier: str, since: int | None = None) -> bytes:
        return self.connection.receipt(identifier, since)


@dataclass(frozen=True, slots=True)
class Reports:
    """The reports of a region."""

    session: Session = field(repr=False)
    connection: Connection = field(repr=False)

    def titles(self) -> Mapping[str, str]:
        """Those there are: name and title."""
        return {str(one["name"]): str(one["title"]) for one in self.connection.reports()}

    def show(self, name: str) -> Answer:
        """A report: what it asks, its form, the crosswalk, what it cannot fill."""
        return self.connection.report(name)

    def draft(
        self,
        name: str,
        accuracy: str | None = None,
        *,
        rho: Fraction | str | None = None,
        scope: Scope = "regional",
        **parameters: str | int,
    ) -> Draft:
        """A report with its price; nothing is spent until `ask`.

        Raises:
            RemoteRefusalError: there is no such report (when it is forecast or asked).
        """
        session = replace(self.session, api=_Asks(self.connection, name))
        request = {"parameters": parameters, "scope": scope}
        return Draft(session, request).at(accuracy=accuracy, rho=rho)

    def fill(
        self,
        name: str,
        release: Release | str,
        *,
        country: str | None = None,
        population: Mapping[str, int] | None = None,
    ) -> "FilledReport":
        """The report filled from a release of its question; free.

        Args:
            name: of the report.
            release: or its id.
            country: of figures of single countries, whose.
            population: for rates per 100 000: `{"total": 19_000_000, "female": 9_700_000}`.

        Raises:
            RemoteRefusalError: the release is of another question, and so on.
        """
        identifier = release if isinstance(release, str) else release.id
        query = {} if country is None else {"country": country}
        if population:
            given = (f"{key}={value}" for key, value in population.items())
            query["population"] = ",".join(given)
        document = self.connection.filled_report(identifier, name, **query)
        return FilledReport(document, query, self.connection)


@dataclass(frozen=True, slots=True)
class FilledReport:
    """A report filled from a release.

    Attributes:
        document: as the REST API gives it.
    """

    document: Mapping[str, Any]
    query: Mapping[str, str] = field(repr=False)
    connection: Connection = field(repr=False, compare=False)

    @property
    def coverage(self) -> str:
        """Which nodes, years and rules of consent the figures cover."""
        return str(self.document["coverage"]["text"])

    @property
    def tables(self) -> tuple["FormTable", ...]:
        """The form's tables."""
        return tuple(FormTable(one) for one in self.document["tables"])

    def save(self, path: Path | str) -> Path:
        """Write it into a file: .xlsx, .json, or .zip with CSV and metadata.

        Raises:
            ValueError: another ending.
            DiskError: the file cannot be written.
        """
        path = Path(path)
        forms = {".xlsx": "xlsx", ".json": "json", ".zip": "csv"}
        if path.suffix not in forms:
            raise ValueError(f"a report is saved as {', '.join(forms)}, not {path.suffix!r}")
        release, name = str(self.document["release_id"]), str(self.document["name"])
        form = forms[path.suffix]
        data = self.connection.report_file(release, name, form, **self.query)
        write_atomically(path, data, PUBLIC)
        return path

    def _repr_html_(self) -> str:
        tables = "".join(one.to_html() for one in self.tables)
        return tables + html_lines([self.coverage, str(self.document["reading"])])


@dataclass(frozen=True, slots=True)
class FormTable:
    """A table of a form, filled."""

    document: Mapping[str, Any] = field(repr=False)

    @property
    def title(self) -> str:
        """With its number in the form."""
        return f"{self.document['id']}. {self.document['title']}"

    def rows(self) -> list[dict[str, Any]]:
        """A row for each figure: where it stands, as it may be quoted, its interval."""
        return [
            {"row": row, "column": column, **cell}
            for row, cells in zip(self.document["rows"], self.document["cells"], strict=True)
            for column, cell in zip(self.document["columns"], cells, strict=True)
        ]

    def to_pandas(self) -> "pd.DataFrame":
        """As a data frame of pandas, a row for each figure.

        Raises:
            MissingLibraryError: pandas is not installed.
        """
        try:
            pandas = importlib.import_module("pandas")
        except ImportError as error:
            raise MissingLibraryError("pandas") from error
        frame: pd.DataFrame = pandas.DataFrame(self.rows())
        return frame

    def to_html(self) -> str:
        """As the form has it, its first rows."""
        columns = self.document["columns"]
        lines = [
            (row, *(cell["shown"] for cell in cells))
            for row, cells in zip(self.document["rows"], self.document["cells"], strict=True)
        ]
        note = "; ".join(self.document["notes"])
        if len(lines) > SHOWN_ROWS:
            note = f"the first {SHOWN_ROWS} of {len(lines)} rows; {note}"
        heads = (self.document["row_label"], *columns)
        return html_table(self.title, heads, lines[:SHOWN_ROWS], texts=1, note=note)

    def _repr_html_(self) -> str:
        return self.to_html()

    def __repr__(self) -> str:
        return f"<table {self.title}>"
