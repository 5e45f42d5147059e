"""Whoever takes a defence out is told so, by the tests that are named for it in mutants.toml."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from support.mutants import ALWAYS, MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
SOMETHING_FAILED = 1
CHOSEN = MUTANTS if os.environ.get("CORRIDOR_MUTANTS") == "all" else ALWAYS


@cache
def places() -> dict[str, list[str]]:
    """In which files there is a test of that name."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE):
            found.setdefault(name, []).append(str(path.relative_to(ROOT)))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("mutant", CHOSEN, ids=lambda mutant: mutant.name)
def test_a_mutant_is_caught_by_every_test_that_is_named_for_it(mutant: Mutant) -> None:
    tests = [f"{place}::{name}" for name in mutant.caught_by for place in places()[name]]
    command = [sys.executable, "-m", "pytest", "-q", "-rf", "--tb=no", "-p", "no:cacheprovider"]
    ran = subprocess.run(
        [*command, "-p", "support.mutants", "--mutant", mutant.name, *tests],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "tests", "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == SOMETHING_FAILED, ran.stdout + ran.stderr
    failed = [line for line in ran.stdout.splitlines() if line.startswith("FAILED ")]
    missed = [test for test in tests if not any(test in line for line in failed)]
    assert missed == [], ran.stdout


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_has_its_place_in_the_code_and_its_tests(mutant: Mutant) -> None:
    path = ROOT / "src" / Path(*mutant.module.split("."))
    times = path.with_suffix(".py").read_text().count(mutant.piece)
    assert times == 1, f"{mutant.module} was rewritten: rewrite its mutant in mutants.toml, too"
    assert mutant.piece != mutant.instead
    assert mutant.caught_by
    assert all(len(places().get(name, ())) == 1 for name in mutant.caught_by)
