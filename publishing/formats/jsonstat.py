"""JSON-stat 2.0 (json-stat.org/full): a dataset for each table, in a collection if several.

Beside a table's own groupings each dataset has the dimension `figure`, of role metric:

    value       what may be quoted; null where the cell is too uncertain
    margin_95   half-width of the 95 % interval
    low_95, high_95
    unbiased    the number of every cell, for programs that add up many

`status` holds the letter of every figure that is not reliable (`privacy.reliability`). The
metadata stand under `extension`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from corridor.privacy.reliability import Reliability
from corridor.publishing.formats.document import Document, json_bytes
from corridor.publishing.metadata import metadata
from corridor.publishing.tables import Axis, Cell, ReleasedTable, tables_of

FIGURE = "figure"
METRICS = {
    "value": "Figure that may be quoted",
    "margin_95": "Margin (half-width of the 95 % interval)",
    "low_95": "Lower end of the 95 % interval",
    "high_95": "Upper end of the 95 % interval",
    "unbiased": "Unbiased estimate, for sums over many cells",
}


def write_jsonstat(release: Mapping[str, Any], name: str) -> Iterator[Document]:
    """A release as one file of JSON-stat.

    Raises:
        RemoteAnswerError: it is no release.
    """
    about = metadata(release)
    datasets = [_dataset(table, about) for table in tables_of(release)]
    if len(datasets) == 1:
        yield Document(name, json_bytes(datasets[0]))
        return
    collection = {
        "version": "2.0",
        "class": "collection",
        "label": str(release["region"]),
        "updated": str(release["published_at"]),
        "link": {"item": datasets},
        "extension": {"corridor": about},
    }
    yield Document(name, json_bytes(collection))


def _dataset(table: ReleasedTable, about: Mapping[str, Any]) -> dict[str, Any]:
    figures = [_figures(cell) for cell in table.cells()]
    letters = [cell.reliability.value for cell in table.cells()]
    width = len(METRICS)
    return {
        "version": "2.0",
        "class": "dataset",
        "label": table.title,
        "source": str(about["region"]),
        "updated": str(about["published_at"]),
        "id": [*(axis.name for axis in table.axes), FIGURE],
        "size": [*(len(axis.values) for axis in table.axes), width],
        "role": {"metric": [FIGURE]},
        "dimension": {
            **{axis.name: _dimension(axis) for axis in table.axes},
            FIGURE: {
                "label": "Figure",
                "category": {"index": list(METRICS), "label": dict(METRICS)},
            },
        },
        "value": [number for cell in figures for number in cell],
        "status": {
            str(place * width + metric): letter
            for place, letter in enumerate(letters)
            if letter != Reliability.RELIABLE.value
            for metric in range(width)
        },
        "extension": {"corridor": dict(about)},
    }


def _dimension(axis: Axis) -> dict[str, Any]:
    labels = dict(zip(axis.values, axis.labels, strict=True))
    return {"label": axis.label, "category": {"index": list(axis.values), "label": labels}}


def _figures(cell: Cell) -> tuple[float | None, ...]:
    return cell.quotable, cell.margin, cell.low, cell.high, cell.value
