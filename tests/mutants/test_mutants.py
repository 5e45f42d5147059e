"""Whoever takes a defence out is told so: by these tests, one mutant at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.mutants import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
SOMETHING_FAILED = 1


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-rf", "--tb=no", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "tests", "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_caught_by_every_test_that_is_named_for_it(mutant: Mutant) -> None:
    ran = run("-p", "support.mutants", "--mutant", mutant.name, *mutant.caught_by)
    assert ran.returncode == SOMETHING_FAILED, ran.stdout + ran.stderr
    failed = [line for line in ran.stdout.splitlines() if line.startswith("FAILED ")]
    missed = [test for test in mutant.caught_by if not any(test in line for line in failed)]
    assert missed == [], ran.stdout


def test_a_mutant_that_fits_nowhere_is_no_mutant() -> None:
    for mutant in MUTANTS:
        path = ROOT / "src" / Path(*mutant.module.split("."))
        assert path.with_suffix(".py").read_text().count(mutant.piece) == 1, mutant.name
        assert mutant.piece != mutant.instead
