"""Defences taken out of the code one at a time; each must turn the tests red that are named for it.

`tests/mutants/mutants.toml` lists them: a piece of a module's source, and what stands in its place.
It is put there while the module is imported, and no file changes. One can be run by hand, against
any tests:

    PYTHONPATH=tests python -m pytest -p support.mutants --mutant no-clamp tests/unit/node

What such a test starts as a process of its own is not touched. The piece must occur once: where the
code was rewritten, the mutant says so and is rewritten, too.
"""

import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest


@dataclass(frozen=True, slots=True)
class Mutant:
    """One defence less.

    Attributes:
        name: what was done, for people.
        module: whose source it is.
        piece: of the source, once.
        instead: what stands there in the mutant.
        caught_by: names of tests that must fail.
    """

    name: str
    module: str
    piece: str
    instead: str
    caught_by: tuple[str, ...]


def read_mutants() -> tuple[Mutant, ...]:
    """All of the list, in its order."""
    path = Path(__file__).resolve().parents[1] / "mutants" / "mutants.toml"
    listed = tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]
    return tuple(Mutant(**one | {"caught_by": tuple(one["caught_by"])}) for one in listed)


MUTANTS = read_mutants()
ALWAYS = MUTANTS[:10]
"""These run with all tests; the first five are those that must never be missed."""


class _BentSource(SourceFileLoader):
    def __init__(self, mutant: Mutant, path: str) -> None:
        super().__init__(mutant.module, path)
        self._mutant = mutant

    def path_stats(self, path: Any) -> dict[str, float]:
        raise OSError(path)  # neither read the honest bytecode nor leave the mutant's behind

    def source_to_code(  # type: ignore[override]  # as SourceLoader has it
        self, data: Any, path: Any, *, _optimize: int = -1
    ) -> CodeType:
        text = bytes(data).decode()
        if text.count(self._mutant.piece) != 1:
            raise pytest.UsageError(f"the mutant {self._mutant.name} finds no place in {path}")
        bent = text.replace(self._mutant.piece, self._mutant.instead)
        return super().source_to_code(bent.encode(), path, _optimize=_optimize)


class _Finder(MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._mutant.module:
            return None
        found = PathFinder.find_spec(fullname, path, target)
        if found is None or found.origin is None:
            return None
        loader = _BentSource(self._mutant, found.origin)
        return spec_from_file_location(fullname, found.origin, loader=loader)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--mutant NAME`."""
    parser.addoption("--mutant", choices=[mutant.name for mutant in MUTANTS], required=True)


def pytest_configure(config: pytest.Config) -> None:
    """Put the mutant in the way of the import, before any test is collected."""
    (mutant,) = (one for one in MUTANTS if one.name == config.getoption("--mutant"))
    if mutant.module in sys.modules:
        raise pytest.UsageError(f"{mutant.module} was imported already")
    sys.meta_path.insert(0, _Finder(mutant))
