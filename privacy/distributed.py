"""Noise in shares: every node adds a little, the sum protects, and nobody knows the sum.

**Theorem** (after Kairouz, Liu & Steinke 2021, "The Distributed Discrete Gaussian Mechanism for
Federated Learning with Secure Aggregation", arXiv 2102.06387, Prop. 14; of the bounds it gives
only the one below is used). Add n independent draws Z_1 … Z_n, Z_k from N_Z(0, v_k) with
v_k ≥ 1/4, to every one of d cells of an integer query whose L2 sensitivity is Δ. Then the sum
satisfies ½ε²-concentrated differential privacy with

    ε ≤ Δ/√V + τ·√d,    V = v_1 + … + v_n,
    τ = 10·Σ_{k=1}^{n−1} exp(−2π²/(1/V_k + 1/v_{k+1})),    V_k = v_1 + … + v_k.

(τ is there because a sum of discrete Gaussians is not one. For n = 1 it is 0, and the bound is
Thm 14 of Canonne, Kamath & Steinke 2020. For n equal variances σ_s² the k-th exponent is
2π²σ_s²·k/(k+1), which is their Prop. 14 word for word.)

*Proof.* By the same paper's theorem on convolving two discrete Gaussians, the ratio of the law of
N_Z(0, a) + N_Z(0, b) to that of N_Z(0, a + b) is everywhere within exp(±5·exp(−2π²/(1/a + 1/b))),
for a, b ≥ 1/4. Convolving both sides with one more law moves no ratio further from 1, so by
induction the law of Z_1 + … + Z_n is within exp(±τ/2) of N_Z(0, V), in whatever order one adds.
That closeness is all that Prop. 14 uses of equal shares: a cell that moves by Δ_j loses at most
ε_j = |Δ_j|/√V + τ in place of |Δ_j|/√V, and the root of Σ_j ε_j² is at most Δ/√V + τ·√d. ∎

**Components.** A node's noise is the sum of components 0, 1, … L, and what many dropouts would
have made necessary can be taken off again when they are few (add-then-remove, as XNoise in Jiang,
Wang & Chen 2024, "Dordis: Efficient Federated Learning with Dropout-Resilient Differential
Privacy"). `Component.honest_shares` says when: if at least h_i honest nodes' noise is in the sum,
the components after the i-th are not needed, because h_i·(v_0 + … + v_i) alone keeps the promise.

**Corollary.** Let at least h_i honest survivors keep their components 0 … i, and let the adversary
know all draws of all later components of some of them. Then what it sees is a function of the sum
of the kept components with x, which satisfies the theorem, and of draws that are independent of
those; so the promise is kept (post-processing). It may choose i, as long as it does so before it
sees anything that depends on the sum, and once. That a node shows draws for one i only, and only
when that many survive, is the secure sum's business (`protocols.secure_sum.excess`).

**Assumptions.** n = h = r − d − c shares are honest: of a roster of r nodes at most d drop out
(honest nodes refuse to unmask otherwise), at most c collude, and the colluders' shares count as
absent. More honest shares than h only add independent noise, which is post-processing. Everybody
adds the *same* planned share, which is why the plan is one deterministic function. Only the sum is
seen (the secure sum's business), the draws are exact (`discrete_gaussian`).

**Scale.** τ ≤ 10⁻⁹ wherever all variances are ≥ 7/3. Narrower ones are avoided by answering 2^k·x
in place of x: Δ and the noise then count in steps of 2^−k. `plan_shared_noise` takes the smallest
such k, then for each component the smallest variance on the sampler's grid with ½ε² ≤ ρ. All of it
is rational arithmetic, roots and exponentials enclosed outward.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
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
"""A scaled component's variance is at least this: 10·exp(−π²·7/3) < 1.0·10⁻⁹."""

_THEOREM_FROM = Fraction(1, 4)
_PI_SQUARED_BELOW = Fraction(98_696_044, 10_000_000)  # π² = 9.869 604 401 089…
_LN_2_ABOVE = Fraction(6_931_472, 10_000_000)  # ln 2 = 0.693 147 180 559…
_BITS = 192
_TERMS = 8


@dataclass(frozen=True, slots=True)
class Component:
    """One of the independent draws that a node's noise is the sum of.

    Attributes:
        variance: v_i, the parameter of its discrete Gaussian.
        honest_shares: h_i, the honest shares on which the promise rests when this component is
            the last that is kept.
    """

    variance: Fraction
    honest_shares: int

    def __post_init__(self) -> None:
        if type(self.variance) is not Fraction or self.variance < _THEOREM_FROM:
            raise ValueError(f"a variance must be a Fraction ≥ 1/4, not {self.variance!r}")
        if self.honest_shares < 1:
            raise ValueError(f"no noise: h = {self.honest_shares}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedNoise:
    """What every node of one roster adds, in scaled units: to 2^scale_bits · x.

    Attributes:
        components: the fewer honest shares there are, the more of them are kept.
        scale_bits: k; x is multiplied by 2^k before the noise is added.
        sensitivity_squared: Δ² of the scaled query, 2^(2k) times that of the question.
    """

    components: tuple[Component, ...]
    scale_bits: int
    sensitivity_squared: int

    def __post_init__(self) -> None:
        if not self.components or self.scale_bits < 0 or self.sensitivity_squared < 1:
            raise ValueError(
                f"no noise: {len(self.components)} components, k = {self.scale_bits}, "
                f"Δ² = {self.sensitivity_squared}"
            )
        if any(
            one.honest_shares <= next_.honest_shares for one, next_ in pairwise(self.components)
        ):
            raise ValueError("each further component is for fewer honest shares")

    @property
    def share_variance(self) -> Fraction:
        """σ_s², the variance of all that one node adds."""
        return sum((one.variance for one in self.components), Fraction(0))

    @property
    def honest_shares(self) -> int:
        """The honest shares on which the promise rests when everything is kept."""
        return self.components[-1].honest_shares

    @property
    def step(self) -> Fraction:
        """2^−k, the distance between two values that the unscaled answer can take."""
        return Fraction(1, 1 << self.scale_bits)

    def keeping(self, count: int) -> "SharedNoise":
        """What is left of it when all but the first `count` components are taken off."""
        return SharedNoise(
            components=self.components[:count],
            scale_bits=self.scale_bits,
            sensitivity_squared=self.sensitivity_squared,
        )

    def summed_variance(self, survivors: int) -> Fraction:
        """s·σ_s²/2^(2k): the noise really added by s shares, in the question's units squared."""
        return survivors * self.share_variance / (1 << 2 * self.scale_bits)

    def epsilon_bound(self, cells: int) -> Fraction:
        """The theorem's ε over `cells` cells when all is kept by h nodes, rounded up."""
        shares = self.honest_shares
        signal = Fraction(self.sensitivity_squared) / (shares * self.share_variance)
        residue = tau_above([one.variance for one in self.components], shares)
        return root_above(signal, _BITS) + residue * root_above(Fraction(cells), _BITS)

    def keeps(self, rho: Rho, cells: int) -> bool:
        """Whether it provably keeps the promise ρ over so many cells, however much is taken off."""
        counts = range(1, len(self.components) + 1)
        return all(self.keeping(count).suffices(rho, cells) for count in counts)

    def suffices(self, rho: Rho, cells: int) -> bool:
        """Whether it provably keeps the promise when none of it is taken off."""
        if self.honest_shares == len(self.components) == 1:  # no residue: Thm 14 of CKS 2020
            return self.worst_case_rho() <= rho
        return self.epsilon_bound(cells) <= root_below(2 * rho.value, _BITS)

    def worst_case_rho(self) -> Rho:
        """What is lost if everybody else colludes: Δ²/(2v_0), one node's first component alone.

        All later ones may have been taken off; that needs everybody to survive, as they may say.
        """
        return Rho(self.sensitivity_squared / (2 * self.components[0].variance))

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


def tau_above(variances: Sequence[Fraction], shares: int) -> Fraction:
    """The theorem's τ for `shares` draws of each variance, rounded up; 0 for a single draw.

    They are added up widest first. Among draws of one variance the terms shrink, so those after
    the eighth are bounded by the eighth.
    """
    total = 0
    added = Fraction(0)
    for variance in sorted(variances, reverse=True):
        steps = shares if added else shares - 1  # the very first draw is added to nothing
        added = added or variance
        for index in range(1, min(steps, _TERMS) + 1):
            exponent = 2 * _PI_SQUARED_BELOW * added * variance / (added + variance)
            repeated = steps - index + 1 if index == _TERMS else 1
            total += repeated * exp_minus(exponent, _BITS).high
            added += repeated * variance
    return Fraction(10 * total, 1 << _BITS)


def plan_shared_noise(
    rho: Rho,
    sensitivity_squared: int,
    cells: int,
    honest_shares: int,
    with_fewer_dropouts: Sequence[int] = (),
) -> SharedNoise:
    """The least noise on the grid whose `honest_shares` shares keep the promise ρ.

    The same arguments give the same plan on every machine: each node computes it anew.

    Args:
        rho: what is promised to one person, and debited.
        sensitivity_squared: Δ² of the unscaled integer query, ≥ 1.
        cells: how many cells share the noise's budget, ≥ 1.
        honest_shares: h = r − d − c.
        with_fewer_dropouts: how many honest shares there are when fewer drop out, falling. For each
            of these a further component can be taken off.

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
    counts = (*with_fewer_dropouts, honest_shares)
    # Below these a share cannot be: they are what the promise costs were τ zero.
    least = [rho.variance(sensitivity_squared) / count for count in counts]
    narrowest = min(wide - narrow for narrow, wide in pairwise((Fraction(0), *least)))
    scale_bits = 0
    while narrowest * 4**scale_bits < NARROWEST_SHARE:
        scale_bits += 1
    least = [4**scale_bits * one for one in least]
    if least[-1] > WIDEST:  # before the search: who asks chooses ρ, it would not end in a lifetime
        raise NoiseTooWideError(variance=least[-1], widest=WIDEST)

    def noise(*components: Component) -> SharedNoise:
        return SharedNoise(
            components=components,
            scale_bits=scale_bits,
            sensitivity_squared=sensitivity_squared << 2 * scale_bits,
        )

    def next_component(variance: Fraction, count: int) -> Component:
        step = Fraction(1) if variance >= WIDE_FROM else FINE_STEP

        def suffices(steps: int) -> bool:
            return noise(*components, Component(steps * step, count)).suffices(rho, cells)

        return Component(smallest(ceil(variance / step), suffices) * step, count)

    components: tuple[Component, ...] = ()
    for count, total in zip(counts, least, strict=True):
        kept = sum((one.variance for one in components), Fraction(0))
        components += (next_component(max(total - kept, NARROWEST_SHARE), count),)
    planned = noise(*components)
    if planned.share_variance > WIDEST:
        raise NoiseTooWideError(variance=planned.share_variance, widest=WIDEST)
    return planned


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
