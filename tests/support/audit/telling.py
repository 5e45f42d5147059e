"""Lower bounds on ε and ρ, from what was seen with a person and without.

Half of what was seen decides *what to look at*, the other half is looked at, so that each bound
holds with the chance that it states whatever was chosen. Ways of looking, since bugs show in
different places: the value's size, its low bits (holes, parities), its commonest values (atoms).
Each sorts the values into bins. Then

    ε   an event E is a set of bins. (ε, δ)-privacy says P(E) ≤ e^ε·Q(E) + δ, so
        ε ≥ ln((P(E) − δ)/Q(E)), with Clopper–Pearson bounds for both chances
    ρ   ρ-zCDP says D_α(P‖Q) ≤ αρ for every α > 1, so KL(P‖Q) ≤ ρ in the limit (Bun & Steinke 2016,
        Def. 1.1), and KL(P‖Q) ≥ E_P f − ln E_Q e^f for every bounded f (Donsker & Varadhan 1975).
        f is the logarithm of the bins' ratio in the first half.

The second is the sharper one against a claim in ρ: for Gaussian noise nothing is lost in it, while
an ε at some δ cannot tell noise that is a tenth too narrow, because the conversion from ρ to ε is
itself further from the truth than that.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import inf, log

import numpy as np
from numpy.typing import NDArray

from corridor.privacy.conversion import epsilon
from corridor.privacy.rho import Rho
from support.audit.bounds import Floats, greatest_chance, least_chance, mean_within

Ints = NDArray[np.int64]
Binning = Callable[[Ints], Ints]
"""The bin of each value, from 0 up."""

DELTAS = tuple(Fraction(1, 10**power) for power in (1, 2, 3, 6))
_SIZES, _QUARTERS, _ATOMS = 48, 4, 24
_CUTS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""A logarithm of chances is cut off at one of these: what is bounded has a bound on its mean."""


@dataclass(frozen=True, slots=True)
class Check:
    """Something that a sound engine keeps within a limit.

    Attributes:
        of: `ε at δ = …` or `ρ` and how it was looked at, or what of the noise.
    """

    of: str
    found: float
    limit: float


def lower_bounds(there: Ints, away: Ints, claimed: Rho, error: float) -> list[Check]:
    """Bounds from independent values seen with a person and without; all hold but for `error`."""
    ways = list(_ways(np.concatenate((there[::2], away[::2]))))
    each = error / (2 * len(ways) * (len(DELTAS) + 1))
    found = []
    for name, binning in ways:
        bins = 1 + int(max(binning(there).max(), binning(away).max()))
        seen = [_Seen.of(binning, values, bins) for values in (there, away)]
        for left, right in (seen, reversed(seen)):
            least = _least_rho(left, right, each)
            found.append(Check(f"ρ by {name}", least, float(claimed.value)))
            for delta in DELTAS:
                of = f"ε at δ = {float(delta):g} by {name}"
                least = _least_epsilon(left, right, float(delta), each)
                found.append(Check(of, least, epsilon(claimed, delta)))
    return found


@dataclass(frozen=True, slots=True)
class _Seen:
    """How often each bin was seen, in the half that decides and in the half that counts."""

    first: Floats
    second: Floats

    @staticmethod
    def of(binning: Binning, values: Ints, bins: int) -> "_Seen":
        first, second = (
            np.bincount(binning(half), minlength=bins).astype(np.float64)
            for half in (values[::2], values[1::2])
        )
        return _Seen(first, second)


def _ways(values: Ints) -> Iterator[tuple[str, Binning]]:
    edges = np.unique(np.quantile(values, np.linspace(0, 1, _SIZES + 1)[1:-1], method="lower"))
    yield "size", lambda seen: np.searchsorted(edges, seen, side="right").astype(np.int64)
    quarters = np.quantile(np.abs(values), np.linspace(0, 1, _QUARTERS + 1)[1:-1], method="lower")
    yield (
        "low bits",
        lambda seen: (seen & 15) + 16 * np.searchsorted(quarters, np.abs(seen)).astype(np.int64),
    )
    known, times = np.unique(values, return_counts=True)
    atoms = np.sort(known[np.argsort(times)[-_ATOMS:]])

    def by_atom(seen: Ints) -> Ints:
        place = np.searchsorted(atoms, seen)
        hit = atoms[np.minimum(place, len(atoms) - 1)] == seen
        return np.where(hit, place, len(atoms)).astype(np.int64)

    yield "commonest values", by_atom


def _least_epsilon(left: _Seen, right: _Seen, delta: float, error: float) -> float:
    """A lower bound on ε from the event that looked best in the first half."""
    order = np.argsort(-(left.first + 0.5) / (right.first + 0.5), kind="stable")
    tries = left.first.sum(), right.first.sum()
    p, q = (np.cumsum(seen.first[order]) / seen.first.sum() for seen in (left, right))
    # Roughly what the bounds below will give.
    several = -log(error)
    low = p - np.sqrt(2 * several * p * (1 - p) / tries[0]) - several / tries[0] - delta
    high = q + np.sqrt(2 * several * q * (1 - q) / tries[1]) + several / tries[1]
    event = order[: 1 + int(np.argmax(low / high))]
    hits = [(int(seen.second[event].sum()), int(seen.second.sum())) for seen in (left, right)]
    least = least_chance(*hits[0], error / 2) - delta
    return log(least / greatest_chance(*hits[1], error / 2)) if least > 0 else -inf


def _least_rho(left: _Seen, right: _Seen, error: float) -> float:
    """A lower bound on KL(left‖right), and so on ρ."""
    ratio = np.log((left.first + 0.5) / (right.first + 0.5))
    ratio += log(right.first.sum() / left.first.sum())
    cuts = [np.clip(ratio, -at, at) for at in _CUTS]
    best = max(cuts, key=lambda scores: _donsker(scores, left.first, right.first, error))
    return _donsker(best, left.second, right.second, error)


def _donsker(scores: Floats, left: Floats, right: Floats, error: float) -> float:
    """E_left f from below − ln E_right e^f from above, each wrong with chance ≤ error/2."""
    mean = float((scores * left).sum() / left.sum())
    mean -= mean_within(scores, left, float(np.ptp(scores)), error / 2)
    raised = np.exp(scores)
    above = float((raised * right).sum() / right.sum())
    above += mean_within(raised, right, float(np.ptp(raised)), error / 2)
    return mean - log(above)
