"""The operator's handbook knows every code, and nothing that is not there."""

import importlib
import pkgutil
import re
from collections import Counter
from pathlib import Path

import pytest

from corridor import errors
from corridor.errors import CorridorError
from corridor.node.importing.report import PROBLEMS

ROOT = Path(__file__).parents[2]
HANDBOOK = ROOT / "docs" / "handbook"
PAGES = sorted(HANDBOOK.glob("*.md"))
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([a-z_]+(?:\.[a-z_]+)+)`|\[([a-z_]+(?:\.[a-z_]+)+)\]")
NO_CODES = re.compile(r"\.(json|toml|key|pem|jsonl|sqlite3|md|txt|example|next|before)$")
FINDINGS = set(PROBLEMS)
"""What an import says of single values: no errors."""
SAID_WITHOUT_AN_ERROR = {"node.internal"}
"""Codes that are written where no error is raised."""


def codes() -> set[str]:
    """The code of every error class."""
    for module in pkgutil.iter_modules(errors.__path__):
        importlib.import_module(f"corridor.errors.{module.name}")
    found, waiting = set(), [CorridorError]
    while waiting:
        one = waiting.pop()
        if one.__module__.startswith("corridor."):  # tests make errors of their own
            found.add(one.code)
        waiting += one.__subclasses__()
    return found


def rows() -> list[list[str]]:
    """The rows of the table of codes: code, meaning, what to do, page."""
    lines = (HANDBOOK / "codes.md").read_text("utf-8").splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split(" |")]
        for line in lines
        if line.startswith("| `")
    ]


def test_every_code_stands_in_the_table_once_and_no_other_does() -> None:
    listed = Counter(row[0].strip("`") for row in rows())
    assert set(listed) - SAID_WITHOUT_AN_ERROR == codes()
    assert max(listed.values()) == 1


def test_every_row_says_what_it_means_and_what_to_do() -> None:
    empty = [row[0] for row in rows() if len(row) < 3 or not row[1] or not row[2]]
    assert empty == []


def test_what_is_said_without_an_error_is_said_somewhere() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "src" / "corridor").rglob("*.py"))
    source += "".join(
        path.read_text("utf-8") for room in ("cli", "node") for path in (ROOT / room).rglob("*.py")
    )
    assert all(f'"{code}"' in source for code in SAID_WITHOUT_AN_ERROR)
    assert codes().isdisjoint(SAID_WITHOUT_AN_ERROR)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_no_code_that_is_not_there(page: Path) -> None:
    named = {one or other for one, other in CODE.findall(page.read_text("utf-8"))}
    named = {code for code in named if not NO_CODES.search(code)}
    assert named - codes() - SAID_WITHOUT_AN_ERROR - FINDINGS == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_no_dead_link(page: Path) -> None:
    dead = [
        target
        for target in LINK.findall(page.read_text("utf-8"))
        if "://" not in target and not (page.parent / target.partition("#")[0]).exists()
    ]
    assert dead == []


def test_every_page_is_found_by_its_symptom() -> None:
    index = set(LINK.findall((HANDBOOK / "README.md").read_text("utf-8")))
    assert {page.name for page in PAGES} - {"README.md"} <= index


@pytest.mark.parametrize(
    "page", [p for p in PAGES if p.stem not in ("README", "codes")], ids=lambda page: page.stem
)
def test_a_page_says_how_one_knows_that_it_is_over(page: Path) -> None:
    text = page.read_text("utf-8")
    for part in ("What you see", "What", "cost", "How you know that it is over"):
        assert part in text, part
