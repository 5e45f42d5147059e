"""A release in every form that it can be taken home in.

    json        the release as the API gives it
    csv         a file for each table, and FILE.metadata.json
    parquet     a file for each table; the metadata under the key `corridor` of its schema
    arrow       the same as files of Arrow's IPC format
    xlsx        a workbook: the sheet About, then a sheet for each table
    jsonstat    JSON-stat 2.0
    sdmx-csv    SDMX-CSV 2.0, a file for each table
    sdmx-json   SDMX-JSON 2.0

No form is without its metadata: the question, ρ and (ε, δ), margins, who took part with which
edition, the receipt's digest.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from corridor.publishing.formats.columnar import write_arrow, write_parquet
from corridor.publishing.formats.delimited import write_csv
from corridor.publishing.formats.document import Document, json_bytes
from corridor.publishing.formats.jsonstat import write_jsonstat
from corridor.publishing.formats.sdmx import write_sdmx_csv, write_sdmx_json
from corridor.publishing.formats.workbook import write_workbook
from corridor.publishing.tables import tables_of


@dataclass(frozen=True, slots=True)
class Form:
    """One form.

    Attributes:
        name: as commands and addresses write it.
        suffix: how its files' names end.
        media_type: of one file.
        write: a release's files, named after the name given.
    """

    name: str
    suffix: str
    media_type: str
    write: Callable[[Mapping[str, Any], str], Iterator[Document]]


def _write_json(release: Mapping[str, Any], name: str) -> Iterator[Document]:
    tables_of(release)
    yield Document(name, json_bytes(release))


WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

FORMS: Mapping[str, Form] = {
    form.name: form
    for form in (
        Form("json", ".json", "application/json", _write_json),
        Form("csv", ".csv", "text/csv", write_csv),
        Form("parquet", ".parquet", "application/vnd.apache.parquet", write_parquet),
        Form("arrow", ".arrow", "application/vnd.apache.arrow.file", write_arrow),
        Form("xlsx", ".xlsx", WORKBOOK, write_workbook),
        Form("jsonstat", ".json", "application/json", write_jsonstat),
        Form("sdmx-csv", ".csv", "application/vnd.sdmx.data+csv;version=2.0.0", write_sdmx_csv),
        Form("sdmx-json", ".json", "application/vnd.sdmx.data+json;version=2.0.0", write_sdmx_json),
    )
}
