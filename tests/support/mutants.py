"""Defences taken out of the code one at a time; each must turn the tests red that stand beside it.

A mutant is a piece of a module's source and what stands in its place. It is put there while the
module is imported, and no file changes. One can be run by hand, against any tests:

    PYTHONPATH=tests python -m pytest -p support.mutants --mutant no-clamp tests/unit/node

`tests/mutants` runs them all. The piece must occur once: where the code was rewritten, the mutant
says so and is rewritten, too.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
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
        caught_by: tests that must fail, as pytest names them.
    """

    name: str
    module: str
    piece: str
    instead: str
    caught_by: tuple[str, ...]


SESSIONS = "tests/unit/node/test_sessions.py::"
NOISE = "tests/unit/node/test_noise_of_an_attempt.py::"
DESK = "tests/unit/node/test_question_desk.py::"
EVALUATION = "tests/unit/node/evaluation/test_evaluation.py::"
NEIGHBOURS = "tests/unit/node/evaluation/test_neighbours.py::"
SENSITIVITY = "tests/unit/queries/test_sensitivity.py::"
SUM = "tests/unit/protocols/secure_sum/test_sum.py::"

MUTANTS = (
    Mutant(
        "half-the-noise",
        "corridor.node.attempt",
        "sample(parameters.share_variance,",
        "sample(parameters.share_variance / 2,",
        (NOISE + "test_the_published_sum_holds_every_node_s_share_of_the_noise",),
    ),
    Mutant(
        "no-clamp",
        "corridor.node.evaluation.engine",
        "np.clip(kept.sums, low, high)",
        "kept.sums",
        (EVALUATION + "test_a10_a_sum_is_clamped_person_by_person",),
    ),
    Mutant(
        "refund-on-error",
        "corridor.node.ledger",
        'case "failed":',
        'case "failed":\n'
        "                self.spent -= self.lost_on[at.date()].get(session, Fraction(0))",
        (
            SESSIONS
            + "test_a6_a37_an_evaluation_that_throws_costs_its_rho_and_says_nothing_of_the_data",
            SESSIONS + "test_a_failed_attempt_keeps_what_was_debited_and_is_counted",
        ),
    ),
    Mutant(
        "sensitivity-one-too-small",
        "corridor.queries.plan",
        "return self.max_cells * sum(",
        "return -1 + self.max_cells * sum(",
        (
            SENSITIVITY + "test_a11_the_bound_is_reached_so_it_cannot_be_lowered",
            NEIGHBOURS + "test_the_sensitivity_is_reached_by_somebody_with_rows_in_many_cells",
        ),
    ),
    Mutant(
        "one-peers-mask-missing",
        "corridor.protocols.secure_sum.node",
        "Masking(self.masks.values(), suite)",
        "Masking([*self.masks.values()][1:], suite)",
        (
            SUM + "test_every_vector_goes_out_under_a_mask_with_every_other_sharer",
            SUM + "test_a_vector_of_several_chunks_comes_through",
            SESSIONS + "test_four_nodes_sum_their_cases_and_each_spends_what_it_promised",
        ),
    ),
    Mutant(
        "a-pair-that-both-leave-out-its-mask",
        "corridor.protocols.secure_sum.node",
        "for country in held}\n        return ReadyToMask(",
        "for country in held if {country, self.me} != set(sorted(held)[:2])}\n"
        "        return ReadyToMask(",
        (SUM + "test_every_vector_goes_out_under_a_mask_with_every_other_sharer",),
    ),
    Mutant(
        "noise-added-in-floats",
        "corridor.node.attempt",
        "vector += noise",
        "vector = (vector.astype(float) + noise).astype(np.int64)",
        (NOISE + "test_a2_data_and_noise_are_added_to_the_last_bit",),
    ),
    Mutant(
        "equal-noise-in-every-attempt",
        "corridor.node.attempt",
        "parameters.cells, self._at.random_bytes)",
        'parameters.cells, __import__("random").Random(1).randbytes)',
        (SESSIONS + "test_a14_the_same_question_again_has_other_noise_and_costs_again",),
    ),
    Mutant(
        "no-allowance-of-the-year",
        "corridor.node.ledger",
        "if rho > balance.left_this_year:",
        "if False:",
        (
            SESSIONS + "test_a13_a_question_and_the_same_without_one_group_are_both_paid_for",
            SESSIONS + "test_a14_indicator_vectors_end_with_the_allowance",
            "tests/unit/node/test_question_desk.py::test_a15_the_allowance_is_one_for_all_askers",
        ),
    ),
    Mutant(
        "the-data-looked-at-before-the-debit",
        "corridor.node.attempt",
        "debit = self._at.ledger.debit(",
        "self._data.evaluate()\n        debit = self._at.ledger.debit(",
        (SESSIONS + "test_a6_the_case_data_are_not_looked_at_before_the_debit",),
    ),
)


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
