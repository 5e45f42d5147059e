"""A file that is not written yet, and how files are named where a release needs several."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any


@dataclass(frozen=True, slots=True)
class Document:
    """One file: its name and its bytes."""

    name: str
    data: bytes


def numbered(name: str, count: int) -> Iterator[str]:
    """The names of so many tables' files: the name itself, or answer-1.csv, answer-2.csv, …."""
    if count == 1:
        yield name
        return
    path = PurePath(name)
    for number in range(1, count + 1):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}").name


def json_bytes(value: Any) -> bytes:
    """A value as JSON for people and programs, with a newline at its end."""
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False).encode() + b"\n"
