"""SDMX 3.0: data as SDMX-CSV 2.0 and as SDMX-JSON 2.0, for the dissemination tools of offices.

Every table is a data set of a structure of its own: the dimension `INDICATOR` (what is counted),
then the table's groupings in capitals. Codes keep to the letters that SDMX allows; names are in
the SDMX-JSON message. An observation:

    OBS_VALUE     what may be quoted; empty where the cell is too uncertain
    OBS_STATUS    of the code list CL_OBS_STATUS: A normal, U low reliability, Q suppressed
    MARGIN_95, LOW_95, HIGH_95
    UNBIASED      the number of every cell, for programs that add up many

and the metadata are attributes of the data set (in CSV they stand in the first row). Corridor's
structures are maintained by nobody: their agency is `CORRIDOR`.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from anyascii import anyascii

from corridor.privacy.reliability import Reliability
from corridor.publishing.estimates import harmless
from corridor.publishing.formats.document import Document, json_bytes, numbered
from corridor.publishing.metadata import in_lines
from corridor.publishing.tables import Cell, ReleasedTable, tables_of

SCHEMA = "https://json.sdmx.org/2.0.0/sdmx-json-data-schema.json"

HEADINGS = ("STRUCTURE", "STRUCTURE_ID", "ACTION")

STATUS = {
    Reliability.RELIABLE: ("A", "Normal value"),
    Reliability.CAUTION: ("U", "Low reliability"),
    Reliability.UNCERTAIN: ("Q", "Missing value; suppressed"),
}
NUMBERS = {
    "MARGIN_95": "Half-width of the 95 % interval",
    "LOW_95": "Lower end of the 95 % interval",
    "HIGH_95": "Upper end of the 95 % interval",
    "UNBIASED": "Unbiased estimate, for sums over many cells",
}
INDICATORS = {
    "persons": ("PERSONS", "Persons"),
    "rows": ("ROWS", "Rows"),
    "sum": ("SUM", "Sum"),
    "mean": ("MEAN", "Mean"),
}


@dataclass(frozen=True, slots=True)
class Code:
    """One value of a dimension."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Dimension:
    """A grouping as SDMX names it."""

    id: str
    name: str
    codes: tuple[Code, ...]


def write_sdmx_csv(release: Mapping[str, Any], name: str) -> Iterator[Document]:
    """A release as files of SDMX-CSV, one for each table.

    Raises:
        RemoteAnswerError: it is no release.
    """
    tables, about = tables_of(release), in_lines(release)
    for place, where in enumerate(numbered(name, len(tables))):
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        dimensions = _dimensions(tables[place])
        facts = {"TITLE": tables[place].title, **about}
        del facts["READING"]  # long, and the same in every row
        names = [one.id for one in dimensions]
        writer.writerow([*HEADINGS, *names, "OBS_VALUE", "OBS_STATUS", *NUMBERS, *facts])
        head = ["datastructure", _structure(release, place), "I"]
        tail = [harmless(text) for text in facts.values()]  # once: attributes of the whole
        for position, cell in _observations(tables[place]):
            codes = [one.codes[at].id for one, at in zip(dimensions, position, strict=True)]
            status, _ = STATUS[cell.reliability]
            value, *numbers = map(_empty, (cell.quotable, *_numbers(cell)))
            writer.writerow([*head, *codes, value, status, *numbers, *tail])
            tail = [""] * len(facts)
        yield Document(where, text.getvalue().encode())


def write_sdmx_json(release: Mapping[str, Any], name: str) -> Iterator[Document]:
    """A release as one SDMX-JSON data message.

    Raises:
        RemoteAnswerError: it is no release.
    """
    tables, about = tables_of(release), in_lines(release)
    message = {
        "$schema": SCHEMA,
        "meta": {
            "id": f"RELEASE_{_code(str(release['id']))}",
            "prepared": str(release["published_at"]),
            "test": bool(release["synthetic"]),
            "contentLanguages": ["en"],
            "sender": {"id": _code(str(release["region"])), "name": str(release["region"])},
        },
        "data": {
            "structures": [
                _structure_of(table, _structure(release, place), place, about)
                for place, table in enumerate(tables)
            ],
            "dataSets": [
                _data_set(table, place, 1 + len(about)) for place, table in enumerate(tables)
            ],
        },
    }
    yield Document(name, json_bytes(message))


def _structure_of(
    table: ReleasedTable, identifier: str, place: int, about: Mapping[str, str]
) -> dict[str, Any]:
    urn = f"urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure={identifier}"
    facts = {"TITLE": table.title, **about}
    return {
        "name": table.title,
        "links": [{"urn": urn, "rel": "datastructure"}],
        "dataSets": [place],
        "dimensions": {
            "observation": [
                {
                    "id": one.id,
                    "name": one.name,
                    "keyPosition": position,
                    "values": [{"id": code.id, "name": code.name} for code in one.codes],
                }
                for position, one in enumerate(_dimensions(table))
            ]
        },
        "measures": {"observation": [{"id": "OBS_VALUE", "name": "Figure that may be quoted"}]},
        "attributes": {
            "dataSet": [
                {
                    "id": key,
                    "name": key.replace("_", " ").capitalize(),
                    "relationship": {"dataflow": {}},
                    "values": [{"value": text}],
                }
                for key, text in facts.items()
            ],
            "observation": [
                {
                    "id": "OBS_STATUS",
                    "name": "Observation status",
                    "relationship": {"observation": {}},
                    "values": [{"id": letter, "name": words} for letter, words in STATUS.values()],
                },
                *(
                    {"id": key, "name": words, "relationship": {"observation": {}}}
                    for key, words in NUMBERS.items()
                ),
            ],
        },
    }


def _data_set(table: ReleasedTable, place: int, facts: int) -> dict[str, Any]:
    statuses = list(STATUS)
    return {
        "structure": place,
        "action": "Information",
        "attributes": [0] * facts,  # each has one value
        "observations": {
            ":".join(map(str, position)): [
                cell.quotable,
                statuses.index(cell.reliability),
                *_numbers(cell),
            ]
            for position, cell in _observations(table)
        },
    }


def _observations(table: ReleasedTable) -> Iterator[tuple[tuple[int, ...], Cell]]:
    """Every cell with the places of its codes; that of the indicator is always the first."""
    places = product(range(1), *(range(len(axis.values)) for axis in table.axes))
    return zip(places, table.cells(), strict=True)


def _dimensions(table: ReleasedTable) -> tuple[Dimension, ...]:
    names = _codes([axis.name.upper() for axis in table.axes])
    return (
        Dimension("INDICATOR", "Indicator", (Code(*INDICATORS[table.measure]),)),
        *(
            Dimension(name, axis.label, tuple(map(Code, _codes(axis.values), axis.labels)))
            for name, axis in zip(names, table.axes, strict=True)
        ),
    )


def _codes(texts: Sequence[str]) -> list[str]:
    """Texts as codes: letters, digits and low lines alone, and no two alike."""
    codes: list[str] = []
    for text in texts:
        code = _code(text)
        number = 2
        while code in codes:
            code, number = f"{_code(text)}_{number}", number + 1
        codes.append(code)
    return codes


def _code(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", anyascii(text)).strip("_") or "X"


def _structure(release: Mapping[str, Any], place: int) -> str:
    return f"CORRIDOR:RELEASE_{_code(str(release['id']))}_{place + 1}(1.0.0)"


def _numbers(cell: Cell) -> tuple[float | None, ...]:
    return cell.margin, cell.low, cell.high, cell.value


def _empty(number: float | None) -> float | str:
    return "" if number is None else number
