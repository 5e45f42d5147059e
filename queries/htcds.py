"""The Human Trafficking Case Data Standard 2.0 as values: its fields and their picklists.

The standard's data dictionary lies in `data/htcds-2.0.json`; an `app.py` reads it and hands
its text to `parse_htcds`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class HtcdsField:
    """One field of the standard.

    Attributes:
        name: the API name, as in `prs_Gender`.
        label: what a form shows, as in `Gender`; not unique.
        section: the part of the standard that it belongs to.
        type: the standard's own word, as in `Multiselect Picklist`.
        picklist: API value → label, in the standard's order; empty where there is none.
    """

    name: str
    label: str
    section: str
    type: str
    picklist: Mapping[str, str]

    @property
    def is_multiselect(self) -> bool:
        """Whether a cell may hold several values."""
        return self.type.startswith("Multiselect")


def parse_htcds(text: str) -> Mapping[str, HtcdsField]:
    """The fields of the standard by API name, in the standard's order.

    Raises:
        ValueError: the packaged file is not what it was built from; a packaging bug.
    """
    fields = [_field(entry) for entry in json.loads(text)]
    by_name = {field.name: field for field in fields}
    if len(by_name) != len(fields):
        raise ValueError("htcds-2.0.json: a field stands in it twice")
    return by_name


def _field(entry: Mapping[str, Any]) -> HtcdsField:
    return HtcdsField(
        name=entry["name"],
        label=entry["label"],
        section=entry["section"],
        type=entry["type"],
        picklist={value["name"]: value["label"] for value in entry.get("values", ())},
    )
