"""`audit(region) → Verdict`: can somebody be told to be there, better than was promised?

    1  a lower bound on ρ and on ε at several δ, from what is seen with a person and without,
       against the ρ that the ledger debited and the ε that people are shown for it (`telling`)
    2  how many of a thousand coins can be guessed from a single attempt (`bounds.guessing_chance`)
    3  the law that the promise implies for the noise, its independence, its seeds (`looking`)

1 and 2 hold for *any* engine that keeps its promise, whatever it is made of. 3 knows the data, and
that noise is promised to be discrete Gaussian; it sees by far the smallest faults.

A sound engine is called broken with chance ≤ `FALSE_ALARMS`. Noise that is not independent from
cell to cell would spoil 1, but not 2, and 3 looks for it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import log10

import numpy as np
from numpy.typing import NDArray

from corridor.ids import CountryCode
from corridor.privacy.conversion import epsilon
from corridor.privacy.rho import Rho
from support.audit.bounds import guessing_chance
from support.audit.engine import AUDITED, DROPOUT, AuditedRegion, Part, Run
from support.audit.looking import guess_seeds, look_at_law, look_for_repetition
from support.audit.neighbours import HONEST_SHARES
from support.audit.telling import Check, lower_bounds

Ints = NDArray[np.int64]

ERROR = 1e-9
FALSE_ALARMS = 20 * ERROR
"""Of one audit: each view's bounds, each claim about the noise, and the coins, at 10⁻⁹ each."""

GUESSED_AT = Fraction(1, 10**12)
"""The δ at which coins are guessed: that of so many people together must be small."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an audit found.

    Attributes:
        claimed: ρ of one run, by the ledger of the node that is audited.
        values: how many values with a person, and without, it rests on.
    """

    claimed: Rho
    values: tuple[int, int]
    checks: tuple[Check, ...]

    @property
    def broken(self) -> tuple[Check, ...]:
        """Promises that do not hold."""
        return tuple(check for check in self.checks if check.found > check.limit)

    @property
    def least_rho(self) -> float:
        """The best lower bound on ρ."""
        return max(check.found for check in self.checks if check.of.startswith("ρ"))

    def __str__(self) -> str:
        summary = (
            f"claimed ρ = {float(self.claimed.value):g}, at least {self.least_rho:.3g}, from "
            f"{self.values[0]} values with and {self.values[1]} without a person; "
            f"a sound engine fails with chance ≤ {FALSE_ALARMS:g}"
        )
        broken = [f"BROKEN {one.of}: {one.found:.4g} > {one.limit:.4g}" for one in self.broken]
        return "\n".join([summary, *broken])


def audit(region: AuditedRegion) -> Verdict:
    """Ask about both neighbours, look for the difference, and judge."""
    region.forget()
    asked = list(_asked(region))
    claimed = Rho(max(run.debited for _, run in asked))
    there, away, checks = _tell_apart(region, asked, claimed)
    return Verdict(claimed, (there, away), (*checks, *_look(region, asked)))


def _asked(region: AuditedRegion) -> Iterator[tuple[Part, Run]]:
    for part in region.parts:
        region.load(part)
        for _ in range(region.neighbours.attempts):
            yield part, region.ask()


def _tell_apart(
    region: AuditedRegion, asked: Sequence[tuple[Part, Run]], claimed: Rho
) -> tuple[int, int, list[Check]]:
    lens = _Lens(region)
    checks: list[Check] = []
    there, away = 0, 0
    for place, views in enumerate(zip(*(_views(run) for _, run in asked), strict=True)):
        scores = [lens.scores(view) for view in views]
        coins = [part.there for part, _ in asked]
        seen = np.concatenate(scores)
        with_it, without = seen[np.concatenate(coins)], seen[~np.concatenate(coins)]
        there, away = len(with_it), len(without)
        checks += lower_bounds(with_it, without, claimed, ERROR)
        if not place and len(region.neighbours.canaries) > 1:
            checks.append(_coins(scores[0], coins[0], claimed))
    return there, away, checks


def _views(run: Run) -> list[Ints]:
    """What the adversary looks at: each attempt, and what one has over another."""
    same = [pair for pair in combinations(run.views, 2) if len(pair[0]) == len(pair[1])]
    return [*run.views, *(one - other for one, other in same)]


class _Lens:
    """Looks at each canary along the change that it makes.

    The smallest whole vector in that direction is taken, so that low bits keep their meaning.
    """

    def __init__(self, region: AuditedRegion) -> None:
        direction = region.direction()
        everywhere = np.arange(len(direction))
        owned = [
            everywhere if canary.cells is None else canary.cells
            for canary in region.neighbours.canaries
        ]
        self._size = len(direction)
        self._cells = np.concatenate(owned)
        self._starts = np.cumsum([0, *map(len, owned[:-1])])
        lengths = list(map(len, owned))
        along = direction[self._cells]
        units = np.gcd.reduceat(along, self._starts)
        # Who changes nothing is looked at all the same.
        along = np.where(np.repeat(units, lengths) == 0, 1, along)
        self._along = along // np.repeat(np.maximum(units, 1), lengths)

    def scores(self, view: Ints) -> Ints:
        """For each canary one whole number that is larger when it is there."""
        if len(view) != self._size:  # how many cells there are tells by itself
            return np.full(len(self._starts), len(view))
        found: Ints = np.add.reduceat(view[self._cells] * self._along, self._starts)
        return found


def _coins(scores: Ints, there: NDArray[np.bool_], claimed: Rho) -> Check:
    """The chance of guessing so well in one attempt; the guesses are a tenth, the surest ones."""
    guesses = len(scores) // 20
    order = np.argsort(scores, kind="stable")
    right = int(there[order[-guesses:]].sum() + (~there[order[:guesses]]).sum())
    shown = epsilon(claimed, GUESSED_AT)
    chance = guessing_chance(len(scores), 2 * guesses, right, shown, float(GUESSED_AT))
    surprise = -log10(max(chance, 1e-300))
    return Check("coins guessed in one attempt, −log₁₀ of the chance", surprise, -log10(ERROR))


def _look(region: AuditedRegion, asked: Sequence[tuple[Part, Run]]) -> Iterator[Check]:
    sizes = {len(view) for _, run in asked for view in run.views}
    yield Check("how many numbers of cells there are", len(sizes), 1)
    if len(sizes) > 1:
        return
    first = asked[0][1]
    noise: dict[CountryCode | None, list[Ints]] = {}
    in_order = []
    truths = {
        (id(part), silent): region.counted_by_all(part, silent) << first.scale_bits
        for part in region.parts
        for silent in region.story
    }
    for part, run in asked:
        for silent, view in zip(region.story, run.views, strict=True):
            in_order.append(view - truths[id(part), silent])
            noise.setdefault(silent, []).append(in_order[-1])
    yield from look_for_repetition(in_order)
    if DROPOUT in noise:  # else more noise is in it than was promised
        debits = sum(silent != AUDITED for silent in region.story)
        variance = region.neighbours.reach * Fraction(4**first.scale_bits) * debits
        variance /= 2 * first.debited
        yield from look_at_law(np.concatenate(noise[DROPOUT]), variance)
        yield guess_seeds(noise[DROPOUT][0], variance, first.seconds, HONEST_SHARES)
