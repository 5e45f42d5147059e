"""ρ shown to people as (ε, δ).

The conversion is OpenDP's: the smallest ε over all Rényi orders at which ρ-zCDP implies
(ε, δ)-differential privacy (Canonne, Kamath & Steinke 2020, Prop. 12). What it gives is shown,
never computed with: budgets are kept in ρ.

`odds` is the same amount for people who do not read ε: by which factor an answer changes what
somebody believed of one person, at most. It rests on a tail bound that holds with probability 1 − δ
whatever the answer, which (ε, δ) alone would not give.

At δ = 10⁻⁶ that is ε = 0.622 for ρ = 1/100, 2.142 for 1/10 and 7.767 for 1.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from math import exp, inf, nextafter
from typing import Any

# Each by its own name: OpenDP's prelude loads polars, which takes a command longer than all else.
from opendp.combinators import make_zCDP_to_approxDP
from opendp.domains import atom_domain
from opendp.measurements import make_gaussian
from opendp.metrics import absolute_distance
from opendp.mod import enable_features

from corridor.errors.privacy import InvalidDeltaError
from corridor.privacy.exponentials import root_above
from corridor.privacy.rho import Rho

_OPENDP_UP_TO = Fraction(100)
_BITS = 64
_LARGEST_EXPONENT = 700


@lru_cache(maxsize=1024)
def epsilon(rho: Rho, delta: Fraction) -> float:
    """An ε such that ρ-zCDP implies (ε, δ)-DP: an upper bound, close to the smallest one.

    Above ρ = 100, where OpenDP's arithmetic overflows and nothing is protected any more, the
    bound of Bun & Steinke 2016, Prop. 1.3, is given: ρ + 2·√(ρ·ln(1/δ)).

    Raises:
        InvalidDeltaError: δ is not strictly between 0 and 1.
    """
    if not 0 < delta < 1:
        raise InvalidDeltaError(delta)
    if not rho.value:
        return 0.0
    if rho.value > _OPENDP_UP_TO:
        return _classic(rho, delta)
    enable_features("contrib")
    delta_below = _float_below(delta)
    # OpenDP knows ρ only through a mechanism: a Gaussian for sensitivity 1, whose scale is made
    # narrow enough that OpenDP's own account of it, rounded up, is no less than ρ.
    scale = _float_below(1 / root_above(2 * rho.value, _BITS))
    while True:
        gaussian = make_gaussian(atom_domain(T=int), absolute_distance(T=float), scale)
        loss: Callable[[float], Any] = gaussian.map
        if Fraction(loss(1.0)) >= rho.value:
            break
        scale = nextafter(scale, 0.0)
    curve: Callable[[float], Any] = make_zCDP_to_approxDP(gaussian).map
    profile = curve(1.0)
    return nextafter(float(profile.epsilon(delta_below)), inf)


def odds(rho: Rho, delta: Fraction) -> float:
    """By which factor the odds that a person is in the data change at most, but for chance δ.

    e to the power of ρ + 2·√(ρ·ln(1/δ)): ρ-zCDP bounds the privacy loss by that with probability
    at least 1 − δ (Bun & Steinke 2016, proof of Prop. 1.3). Rounded up; infinite where it is too
    large to be written down.

    Raises:
        InvalidDeltaError: δ is not strictly between 0 and 1.
    """
    if not 0 < delta < 1:
        raise InvalidDeltaError(delta)
    if not rho.value:
        return 1.0
    bound = _classic(rho, delta)
    return nextafter(exp(bound) * (1 + 1e-12), inf) if bound < _LARGEST_EXPONENT else inf


def _classic(rho: Rho, delta: Fraction) -> float:
    """ρ + 2·√(ρ·ln(1/δ)), with ln(1/δ) ≤ (bits of 1/δ)·ln 2."""
    doublings = (delta.denominator // delta.numerator).bit_length()
    bound = rho.value + 2 * root_above(rho.value * doublings * Fraction(694, 1000), _BITS)
    return nextafter(float(bound), inf)


def _float_below(value: Fraction) -> float:
    """The largest float ≤ value, or its neighbour."""
    return nextafter(float(value), 0.0)
