"""The protocol's models name code that exists, and run every mutant that they have."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "model"


@pytest.fixture(scope="module")
def check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("model_check", MODEL / "check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def mutants(text: str) -> set[str]:
    return set(re.findall(r"\bMUTANT_([A-Z_]+)", text))


def test_every_mutant_is_run_and_described(check: ModuleType) -> None:
    built_in = {name for path in MODEL.glob("*.pml") for name in mutants(path.read_text())}
    run = mutants(" ".join(case.defines for case in check.BREAKING))
    assert built_in == run
    readme = (MODEL / "README.md").read_text()
    assert {name for name in run if f"`{name}`" not in readme} == set()


def test_every_claim_has_a_mutant_that_breaks_it(check: ModuleType) -> None:
    assert {case.breaks for case in check.BREAKING} == {0, *check.CLAIMS}


def test_the_table_names_code_that_exists() -> None:
    table = (MODEL / "README.md").read_text().partition("## What stands for what")[2]
    table = table.partition("\n## ")[0]
    missing, source = [], ""
    for name in re.findall(r"`([^`\s]+)`", table):
        if name.endswith(".py"):
            source = (ROOT / name).read_text()
        elif name.endswith(".pml"):
            assert (MODEL / name).exists()
        elif source and re.fullmatch(r"[A-Z]\w*[a-z]\w*(\.\w+)?", name):
            owner, _, method = name.partition(".")
            body = re.split(rf"\nclass {owner}\b", source)[-1].partition("\nclass ")[0]
            if f"class {owner}" not in source or (method and f"def {method}(" not in body):
                missing.append(name)
    assert missing == []


HELD = "State-vector 36 byte, depth reached 124, errors: 0\n 36 states, stored\n 69 transitions\n"
CUT = "error: max search depth too small\n" + HELD
BROKE = "pan:1: assertion violated y (at depth 3)\n" + HELD.replace("errors: 0", "errors: 1")


@pytest.mark.parametrize(
    ("report", "breaks", "is_well"),
    [
        (HELD, None, True),
        (HELD, 1, False),  # a mutant that nothing caught
        (BROKE, 1, True),
        (BROKE, None, False),
        (CUT, None, False),
        ("Segmentation fault", None, False),
        ("Segmentation fault", 1, False),
    ],
)
def test_a_report_that_is_not_as_it_must_be_fails_the_run(
    check: ModuleType, report: str, breaks: int | None, *, is_well: bool
) -> None:
    case = check.Case("secure_sum", "N=3", breaks)
    assert (check.verdict(case, check._read(report, 0.0), {}) == "") == is_well
