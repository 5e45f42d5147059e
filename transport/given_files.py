"""What a file is that somebody took for a receipt: people send what they downloaded."""

import json
import re
from enum import StrEnum
from typing import Any

from corridor.protocols import members_receipts
from corridor.transport.sealed_files import MAGIC, is_sealed

_BEGINNINGS = (b"PK\x03\x04", b"PAR1", b"ARROW1", b"DATAFLOW,", b"STRUCTURE,")
_OUR_RECEIPTS = re.compile(r"corridor (.* )?receipt\b")
_SAYS_SO = re.compile(rb'"format": ?"corridor [^"]{0,40}receipt')


class Given(StrEnum):
    """What else than a public receipt it can be."""

    RELEASE = "release"
    FIGURES = "figures"
    CHARTER = "charter"
    MEMBERS_RECEIPT = "members' receipt"
    SOMETHING = "something"


_BY_KEYS = (
    (frozenset({"id", "receipt_digest", "guarantee"}), Given.RELEASE),
    (frozenset({"charter", "proposal", "signatures"}), Given.CHARTER),
    (frozenset({"members", "region"}), Given.CHARTER),  # without signatures
    (frozenset({"class", "dimension"}), Given.FIGURES),  # JSON-stat
    (frozenset({"meta", "data"}), Given.FIGURES),  # SDMX-JSON
)
"""Whatever is JSON and has these keys is that."""


def given_instead(raw: bytes) -> Given | None:
    """What it is; None of what says that it is a public receipt, even of a damaged one."""
    if is_sealed(raw[: len(MAGIC)]):
        return Given.MEMBERS_RECEIPT
    if raw.startswith(_BEGINNINGS):
        return Given.FIGURES
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return Given.SOMETHING if _SAYS_SO.search(raw) is None else None  # it was cut or bent
    return _of_json(value) if isinstance(value, dict) else Given.SOMETHING


def _of_json(value: dict[str, Any]) -> Given | None:
    keys, format_ = frozenset(value), str(value.get("format", ""))
    if format_ == members_receipts.FORMAT:
        return Given.MEMBERS_RECEIPT
    if _OUR_RECEIPTS.match(format_) or {"proof", "receipt"} <= keys:
        return None
    return next((given for known, given in _BY_KEYS if keys >= known), Given.SOMETHING)
