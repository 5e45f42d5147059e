"""The table of attacks names tests and code that exist, and misses no class of them."""

import ast
import re
from pathlib import Path

import pytest

from support.mutants import ALWAYS

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "threats.md").read_text()
CLASSES = range(1, 47)
ROWS = {int(row[1]): row[0] for row in re.finditer(r"^\| (\d+) \|.*$", TEXT, re.MULTILINE)}


def functions() -> set[str]:
    """The names of all tests."""
    return {
        found.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for found in ast.walk(ast.parse(path.read_text()))
        if isinstance(found, ast.FunctionDef) and found.name.startswith("test_")
    }


TESTS = functions()


def classes_of(test: str) -> list[int]:
    """The numbers in its name: `test_a21_a25_…` is of two classes."""
    (numbers,) = re.findall(r"^test_((?:a\d+_)*)", test)
    return [int(number) for number in re.findall(r"\d+", numbers)]


def test_every_class_has_one_row() -> None:
    assert list(re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE)) == [str(n) for n in ROWS]
    assert sorted(ROWS) == list(CLASSES)


@pytest.mark.parametrize("number", CLASSES)
def test_a_row_names_a_test_of_its_class_and_no_others(number: int) -> None:
    named = re.findall(r"`(test_\w+)`", ROWS[number])
    assert named
    assert {test for test in named if number not in classes_of(test)} == set()


def test_every_test_that_is_named_exists() -> None:
    assert set(re.findall(r"`(test_\w+)`", TEXT)) <= TESTS


def test_no_test_is_of_a_class_that_there_is_not() -> None:
    assert {number for test in TESTS for number in classes_of(test)} == set(CLASSES)


def test_every_file_that_is_named_exists() -> None:
    paths = set(re.findall(r"`([\w/]+(?:\.py|/))`", TEXT))
    assert len(paths) > 20
    assert {path for path in paths if not (ROOT / path).exists()} == set()


def test_the_mutants_that_run_with_all_tests_stand_in_the_document() -> None:
    (table,) = re.findall(r"\| mutant \|.*?\n\n", TEXT, re.DOTALL)
    assert re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE) == [one.name for one in ALWAYS]
