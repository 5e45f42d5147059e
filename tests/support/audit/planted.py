"""Bugs as people write them, put into the running code. Each must be found.

A bug is installed through pytest's `monkeypatch`, where the code looks the broken thing up.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from corridor.node import attempt, question_desk
from corridor.node.attempt import Attempt
from corridor.node.evaluation import bounding, engine, evaluate
from corridor.node.evaluation.columns import Reader
from corridor.node.policy import ConsentRule
from corridor.privacy.discrete_gaussian import FINE_STEP, sample
from corridor.privacy.distributed import plan_shared_noise
from corridor.privacy.entropy import RandomBytes
from corridor.privacy.rho import Rho
from corridor.protocols.charter import Charter
from corridor.protocols.secure_sum.node import ReadyToMask
from corridor.queries import parameters as parameters_module
from corridor.queries.catalogue import Catalogue
from corridor.queries.domains import Domains, make_domains
from corridor.queries.plan import Plan, PlannedTable
from support.audit import engine as audit_engine
from support.audit.engine import AuditedRegion

Ints = NDArray[np.int64]
Sampler = Callable[[Fraction, int, RandomBytes], Ints]
Install = Callable[[pytest.MonkeyPatch, AuditedRegion], None]

BUGS: dict[str, Install] = {}


def _bug(install: Install) -> Install:
    BUGS[install.__name__.replace("_", " ")] = install
    return install


def _drawn_by(sampler: Sampler) -> Install:
    def install(patch: pytest.MonkeyPatch, region: AuditedRegion) -> None:
        patch.setattr(attempt, "sample", sampler)

    return install


def _sampler(sampler: Sampler) -> Sampler:
    BUGS[sampler.__name__.replace("_", " ")] = _drawn_by(sampler)
    return sampler


# ---------------------------------------------------------------- the sampler


@_sampler
def noise_a_tenth_too_narrow(variance: Fraction, count: int, random_bytes: RandomBytes) -> Ints:
    return sample(_on_grid(variance * Fraction(9, 10)), count, random_bytes)


@_sampler
def noise_a_twentieth_too_narrow(variance: Fraction, count: int, source: RandomBytes) -> Ints:
    return sample(_on_grid(variance * Fraction(19, 20)), count, source)


@_sampler
def half_the_noise(variance: Fraction, count: int, random_bytes: RandomBytes) -> Ints:
    return sample(_on_grid(variance / 2), count, random_bytes)


@_sampler
def no_noise_at_all(variance: Fraction, count: int, source: RandomBytes) -> Ints:
    return np.zeros(count, np.int64)


@_sampler
def a_sampler_that_never_gives_zero(variance: Fraction, count: int, source: RandomBytes) -> Ints:
    drawn = sample(variance, count, source)
    drawn[drawn == 0] = 1
    return drawn


@_sampler
def a_zero_that_is_drawn_with_either_sign(
    variance: Fraction, count: int, source: RandomBytes
) -> Ints:
    """(−, 0) is not rejected, so 0 comes twice as often as it should."""
    drawn = sample(variance, 3 * count, source)
    coins = np.frombuffer(source(3 * count), np.uint8)
    kept: Ints = drawn[(drawn == 0) | (coins < 128)][:count]
    return kept


@_sampler
def rounding_down_in_place_of_rounding(variance: Fraction, count: int, source: RandomBytes) -> Ints:
    """Drawn on a grid twice as fine, then shifted: half a step of bias."""
    return sample(4 * variance, count, source) >> 1


@_sampler
def signs_that_are_not_even(variance: Fraction, count: int, source: RandomBytes) -> Ints:
    """A byte below 132 is negative: 132 of 256, in place of 128."""
    drawn = np.abs(sample(variance, count, source))
    negative = np.frombuffer(source(count), np.uint8) < 132
    signed: Ints = np.where(negative, -drawn, drawn)
    return signed


@_sampler
def a_real_gaussian_rounded(variance: Fraction, count: int, source: RandomBytes) -> Ints:
    """Wider than the discrete one by the rounding, 1/12: no law that was proven."""
    uniform = np.random.default_rng(int.from_bytes(source(8), "big"))
    return np.rint(uniform.normal(0, float(variance) ** 0.5, count)).astype(np.int64)


@_sampler
def a_gaussian_in_single_precision(variance: Fraction, count: int, source: RandomBytes) -> Ints:
    """Where it is wide, its low bits are zeros: holes that tell the datum (Mironov 2012)."""
    uniform = np.random.default_rng(int.from_bytes(source(8), "big"))
    drawn = uniform.standard_normal(count, np.float32) * np.float32(float(variance) ** 0.5)
    rounded: Ints = np.rint(drawn).astype(np.int64)
    return rounded


@_sampler
def one_draw_for_both_halves_of_a_table(
    variance: Fraction, count: int, source: RandomBytes
) -> Ints:
    return np.resize(sample(variance, (count + 1) // 2, source), count)


def _on_grid(variance: Fraction) -> Fraction:
    return max(FINE_STEP, variance // FINE_STEP * FINE_STEP)


# ---------------------------------------------------------------- where the noise comes from


@_bug
def noise_that_is_used_again_in_a_retry(patch: pytest.MonkeyPatch, region: AuditedRegion) -> None:
    kept: dict[object, Ints] = {}

    def again(variance: Fraction, count: int, random_bytes: RandomBytes) -> Ints:
        whose = getattr(random_bytes, "__self__", None)
        if whose is None:  # the stream of a seed: it gives what its seed says
            return sample(variance, count, random_bytes)
        if whose in kept:
            return kept.pop(whose).copy()
        kept[whose] = sample(variance, count, random_bytes)
        return kept[whose].copy()

    patch.setattr(attempt, "sample", again)


@_bug
def the_same_noise_at_two_nodes(patch: pytest.MonkeyPatch, region: AuditedRegion) -> None:
    shared: dict[object, Ints] = {}

    def same(variance: Fraction, count: int, random_bytes: RandomBytes) -> Ints:
        now = region.clock(), region.attempt
        if now not in shared:
            shared[now] = sample(variance, count, random_bytes)
        return shared[now].copy()

    patch.setattr(attempt, "sample", same)


@_bug
def a_seed_from_the_clock(patch: pytest.MonkeyPatch, region: AuditedRegion) -> None:
    def seeded(variance: Fraction, count: int, random_bytes: RandomBytes) -> Ints:
        own = region.nodes[0].random_bytes is random_bytes
        seed = int(region.clock().timestamp()) + (0 if own else 1)
        return sample(variance, count, Random(seed).randbytes)

    patch.setattr(attempt, "sample", seeded)


@_bug
def no_noise_where_nobody_is(patch: pytest.MonkeyPatch, region: AuditedRegion) -> None:
    right = Attempt._noisy_vector

    def sparse(self: Attempt, ready: ReadyToMask) -> Ints:
        return np.where(self._data.evaluate() == 0, 0, right(self, ready))

    patch.setattr(Attempt, "_noisy_vector", sparse)


@_bug
def data_and_noise_added_in_single_precision(
    patch: pytest.MonkeyPatch, region: AuditedRegion
) -> None:
    def added(self: Attempt, ready: ReadyToMask) -> Ints:
        at, cells = self._at, self._data.size
        noise = ready.noise(cells, draw=sample, suite=at.suite, random_bytes=at.random_bytes)
        counted = self._data.evaluate() << ready.parameters.scale_bits
        return (counted.astype(np.float32) + noise.astype(np.float32)).astype(np.int64)

    patch.setattr(Attempt, "_noisy_vector", added)


# ---------------------------------------------------------------- what is promised


@_bug
def a_person_in_three_cells_counted_as_in_two(
    patch: pytest.MonkeyPatch, region: AuditedRegion
) -> None:
    def less(self: PlannedTable) -> int:
        return (self.max_cells - 1) * sum((b.factor * b.largest) ** 2 for b in self.blocks)

    patch.setattr(PlannedTable, "sensitivity_squared", property(less))


@_bug
def dropouts_and_colluders_counted_as_honest(
    patch: pytest.MonkeyPatch, region: AuditedRegion
) -> None:
    def hopeful(
        rho: Rho, sensitivity_squared: int, cells: int, honest: int, more: Sequence[int]
    ) -> object:
        all_honest = [one + 2 for one in more]
        return plan_shared_noise(rho, sensitivity_squared, cells, honest + 2, all_honest)

    patch.setattr(parameters_module, "plan_shared_noise", hopeful)


@_bug
def half_of_what_is_lost_is_debited(patch: pytest.MonkeyPatch, region: AuditedRegion) -> None:
    def dearer(rho: Rho, *others: Any) -> object:
        return plan_shared_noise(Rho(2 * rho.value), *others)

    patch.setattr(parameters_module, "plan_shared_noise", dearer)


# ---------------------------------------------------------------- what a person can change


def _bounded_by(change: Mapping[str, int]) -> Install:
    def install(patch: pytest.MonkeyPatch, region: AuditedRegion) -> None:
        patch.setattr(
            engine,
            "bounded",
            lambda entries, key, **limits: bounding.bounded(entries, key, **(limits | change)),
        )

    return install


BUGS["a person counts in every cell they are in"] = _bounded_by({"max_cells": 1 << 30})
BUGS["a person counts as often as they have rows"] = _bounded_by({"max_rows": 1 << 30})


@_bug
def a_sum_that_is_not_clamped(patch: pytest.MonkeyPatch, region: AuditedRegion) -> None:
    right = engine._contribution

    def unclamped(kind: Any, planned: Any, kept: Any) -> Ints:
        return right(kind, planned, kept) if kept.sums is None else kept.sums

    patch.setattr(engine, "_contribution", unclamped)


@_bug
def cells_chosen_by_a_dense_number(patch: pytest.MonkeyPatch, region: AuditedRegion) -> None:
    """Who is left out moves the numbers of all who come behind."""

    class Dense:
        def __init__(self, reader: Reader) -> None:
            self._reader = reader

        def pieces(self, table: str, columns: Any) -> Any:
            for piece in self._reader.pieces(table, columns):
                place = piece.schema.get_field_index("choice_key")
                numbers = piece["person"].cast(pa.uint64()) if place >= 0 else None
                yield piece if numbers is None else piece.set_column(place, "choice_key", numbers)

    def dense(plan: Plan, reader: Reader, key: bytes, consent: ConsentRule) -> Ints:
        return evaluate(plan, Dense(reader), key, consent)

    patch.setattr(question_desk, "evaluate", dense)


@_bug
def countries_listed_that_occur_in_the_data(
    patch: pytest.MonkeyPatch, region: AuditedRegion
) -> None:
    """A rare country tells by having a cell."""

    def observed(catalogue: Catalogue, charter: Charter) -> Domains:
        assert region.loaded is not None
        occurring = set(region.loaded.tables.legs["leg_to"].to_pylist())
        listed = tuple(country for country in charter.countries if country in occurring)
        return replace(make_domains(catalogue, charter), countries=listed)

    patch.setattr(audit_engine, "make_domains", observed)
