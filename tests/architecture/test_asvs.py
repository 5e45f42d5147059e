"""Every test that docs/asvs.md names is there."""

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def named() -> dict[str, set[str]]:
    """Tests by file."""
    found: dict[str, set[str]] = defaultdict(set)
    for path, test in NAMED.findall((ROOT / "docs" / "asvs.md").read_text("utf-8")):
        found[path].add(test)
    return found


def test_every_test_that_the_list_names_is_there() -> None:
    for path, tests in named().items():
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        there = {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}
        assert tests - there == set(), path


def test_every_item_names_a_test() -> None:
    lines = (ROOT / "docs" / "asvs.md").read_text("utf-8").splitlines()
    rows = [line for line in lines if re.match(r"\| \d", line)]
    assert len(rows) > 30
    assert [line for line in rows if not NAMED.search(line)] == []
