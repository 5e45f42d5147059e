"""Noise in shares: every node adds a little, the sum protects, and nobody knows the sum.

**Theorem** (Kairouz, Liu & Steinke 2021, "The Distributed Discrete Gaussian Mechanism for Federated
Learning with Secure Aggregation", arXiv 2102.06387, Prop. 14; of the bounds it gives only the one
below is used). Let n parties each add an independent draw of N_Z(0, σ_s²), σ_s² ≥ 1/4, to every one
of d cells of an integer query whose L2 sensitivity is Δ. Then the sum satisfies ½ε²-concentrated
differential privacy with

    ε ≤ Δ/(√n·σ_s) + τ·√d,    τ = 10·Σ_{k=1}^{n−1} exp(−2π²σ_s²·k/(k+1)).

(τ is there because a sum of discrete Gaussians is not one. For n = 1 it is 0, and the bound is
Thm 14 of Canonne, Kamath & Steinke 2020.)

**Assumptions.** n = h = r − d − c shares are honest: of a roster of r nodes at most d drop out
(honest nodes refuse to unmask otherwise), at most c collude, and the colluders' shares count as
absent. More honest shares than h only add independent noise, which is post-processing. Everybody
adds the *same* planned share, which is why the plan is one deterministic function. Only the sum is
seen (the secure sum's business), the draws are exact (`discrete_gaussian`).

**Scale.** τ ≤ 10⁻⁹ wherever σ_s² ≥ 7/3. A narrower share is avoided by answering 2^k·x in place of
x: Δ and the noise then count in steps of 2^−k. `plan_shared_noise` takes the smallest such k, then
the smallest σ_s² on the sampler's grid with ½ε² ≤ ρ. All of it is rational arithmetic, roots and
exponentials enclosed outward.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, isqrt

from corridor.errors.privacy import (
    NoFiniteNoiseError,
    NoiseTooWideError,
    TooFewHonestSharesError,
)
from corridor.privacy.discrete_gaussian import FINE_STEP, WIDE_FROM, WIDEST
from corridor.privacy.exponentials import exp_minus, root_above, root_below
from corridor.privacy.rho import Rho

NARROWEST_SHARE = Fraction(7, 3)
"""A scaled share's variance is at least this: 10·exp(−π²·7/3) < 1.0·10⁻⁹."""

_THEOREM_FROM = Fraction(1, 4)
_PI_SQUARED_BELOW = Fraction(98_696_044, 10_000_000)  # π² = 9.869 604 401 089…
_LN_2_ABOVE = Fraction(6_931_472, 10_000_000)  # ln 2 = 0.693 147 180 559…
_BITS = 192
_TERMS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedNoise:
    """What every node of one roster adds, in scaled units: to 2^scale_bits · x.

    Attributes:
        share_variance: σ_s², the parameter of one share's discrete Gaussian.
        scale_bits: k; x is multiplied by 2^k before the noise is added.
        honest_shares: h, the shares on which the promise rests.
        sensitivity_squared: Δ² of the scaled query, 2^(2k) times that of the question.
    """

    share_variance: Fraction
    scale_bits: int
    honest_shares: int
    sensitivity_squared: int

    def __post_init__(self) -> None:
        if type(self.share_variance) is not Fraction or self.share_variance < _THEOREM_FROM:
            raise ValueError(f"σ_s² must be a Fraction ≥ 1/4, not {self.share_variance!r}")
        if self.scale_bits < 0 or self.honest_shares < 1 or self.sensitivity_squared < 1:
            raise ValueError(
                f"no noise: k = {self.scale_bits}, h = {self.honest_shares}, "
                f"Δ² = {self.sensitivity_squared}"
            )

    @property
    def step(self) -> Fraction:
        """2^−k, the distance between two values that the unscaled answer can take."""
        return Fraction(1, 1 << self.scale_bits)

    def summed_variance(self, survivors: int) -> Fraction:
        """s·σ_s²/2^(2k): the noise really added by s shares, in the question's units squared."""
        return survivors * self.share_variance / (1 << 2 * self.scale_bits)

    def epsilon_bound(self, cells: int) -> Fraction:
        """The theorem's ε over `cells` cells, rounded up."""
        signal = Fraction(self.sensitivity_squared) / (self.honest_shares * self.share_variance)
        residue = tau_above(self.share_variance, self.honest_shares)
        return root_above(signal, _BITS) + residue * root_above(Fraction(cells), _BITS)

    def keeps(self, rho: Rho, cells: int) -> bool:
        """Whether this noise provably keeps the promise ρ over so many cells."""
        if self.honest_shares == 1:  # no residue: Thm 14 of CKS 2020, exactly
            return self.worst_case_rho() <= rho
        return self.epsilon_bound(cells) <= root_below(2 * rho.value, _BITS)

    def worst_case_rho(self) -> Rho:
        """What is lost if everybody else colludes: Δ²/(2σ_s²), one share alone."""
        return Rho(self.sensitivity_squared / (2 * self.share_variance))

    def largest_noise(self, shares: int, cells: int, bits: int = 60) -> int:
        """What the scaled sum of `shares` shares exceeds in any of the cells with chance ≤ 2^−bits.

        From P(|Z| ≥ λ) ≤ 2·exp(−λ²/(2sσ_s²)): a discrete Gaussian is subgaussian with its own
        parameter, since Σ_x exp(−(x − μ)²/2σ²) is largest at μ = 0 (Poisson summation; Canonne,
        Kamath & Steinke 2020), and independent ones add up. Whoever chooses the ring of
        the sum adds this to the largest cell.
        """
        doublings = bits + 1 + (cells - 1).bit_length()
        squared = ceil(2 * shares * self.share_variance * doublings * _LN_2_ABOVE)
        return isqrt(squared) + 1


def tau_above(share_variance: Fraction, shares: int) -> Fraction:
    """The theorem's τ for `shares` shares, rounded up; 0 for a single one.

    Its terms shrink, so those after the eighth are bounded by the eighth.
    """
    total = 0
    for index in range(1, min(shares, _TERMS + 1)):
        exponent = 2 * _PI_SQUARED_BELOW * share_variance * Fraction(index, index + 1)
        repeated = shares - index if index == _TERMS else 1
        total += repeated * exp_minus(exponent, _BITS).high
    return Fraction(10 * total, 1 << _BITS)


def plan_shared_noise(
    rho: Rho, sensitivity_squared: int, cells: int, honest_shares: int
) -> SharedNoise:
    """The least noise on the grid whose `honest_shares` shares keep the promise ρ.

    The same arguments give the same plan on every machine: each node computes it anew.

    Args:
        rho: what is promised to one person, and debited.
        sensitivity_squared: Δ² of the unscaled integer query, ≥ 1.
        cells: how many cells share the noise's budget, ≥ 1.
        honest_shares: h = r − d − c.

    Raises:
        NoFiniteNoiseError: ρ is 0.
        TooFewHonestSharesError: h < 1.
        NoiseTooWideError: a share would be wider than can be drawn.
            Nothing is planned in all three cases.
    """
    if honest_shares < 1:
        raise TooFewHonestSharesError(honest_shares)
    if not rho.value:
        raise NoFiniteNoiseError
    if sensitivity_squared < 1 or cells < 1:
        raise ValueError(f"no query: Δ² = {sensitivity_squared} over {cells} cells")
    # Below this a share cannot be: it is what the promise costs were τ zero.
    least = rho.variance(sensitivity_squared) / honest_shares
    scale_bits = 0
    while least * 4**scale_bits < NARROWEST_SHARE:
        scale_bits += 1
    least *= 4**scale_bits
    if least > WIDEST:  # before the search: who asks chooses ρ, and it would not end in a lifetime
        raise NoiseTooWideError(variance=least, widest=WIDEST)
    step = Fraction(1) if least >= WIDE_FROM else FINE_STEP

    def share(steps: int) -> SharedNoise:
        return SharedNoise(
            share_variance=steps * step,
            scale_bits=scale_bits,
            honest_shares=honest_shares,
            sensitivity_squared=sensitivity_squared << 2 * scale_bits,
        )

    noise = share(smallest(ceil(least / step), lambda steps: share(steps).keeps(rho, cells)))
    if noise.share_variance > WIDEST:
        raise NoiseTooWideError(variance=noise.share_variance, widest=WIDEST)
    return noise


def smallest(start: int, good: Callable[[int], bool]) -> int:
    """The smallest integer ≥ `start` that is good, where all above a good one are good too."""
    if good(start):
        return start
    bad, reach = start, 1
    while not good(bad + reach):
        bad, reach = bad + reach, 2 * reach
    found = bad + reach
    while found - bad > 1:
        middle = (bad + found) // 2
        bad, found = (bad, middle) if good(middle) else (middle, found)
    return found
