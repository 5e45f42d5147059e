"""From noise to margins of error, and from a margin wished for to the ρ that it costs.

A margin is the half-width of a 95 % interval (or of another level that was asked for): the
released value differs from the true one by no more than that with a probability of at least 95 %.
It is computed from the variance *really left* (s survivors' shares, not the h that the promise
rests on, less what was taken off), with the normal quantile z = 1.95996…, rounded up.

Noise that moves in steps cannot take the values between them, and the normal law with it assigns
to each value the half step on both sides. So the margin of a released count is the smallest
multiple m of the step with m + ½ step ≥ z·σ. Were it z·σ itself, ±19.6 for σ = 10 in whole numbers
would mean ±19 and hold in 94.9 % of the cases only.

**Theorem.** Let Z be a sum of independent draws of discrete Gaussians of variances ≥ 1/4, σ² the
sum of these, and let m be a whole number with m + ½ ≥ σ. Then

    P(|Z| > m) ≤ e^τ · erfc((m + ½)/(√2·σ)),    τ as in `privacy.distributed`.

*Proof.* Let X ~ N_Z(0, σ²). Its weights are f(k) = exp(−k²/2σ²) over Σ_j f(j) ≥ √(2π)·σ (Poisson
summation). f is convex beyond σ, so there f(k) ≤ ∫ f from k − ½ to k + ½ (Hermite & Hadamard), and
P(X > m) ≤ ∫ f from m + ½ on, over √(2π)·σ; twice that is the erfc. And P(Z = k) ≤ e^τ·P(X = k) for
every k (`privacy.distributed`, the proof: within exp(±τ/2)). ∎

Every level here has z ≥ 1.64, and variances ≥ 7/3 make τ ≤ 10⁻⁹: so the margin covers what it
says, but for 10⁻⁹ of the rest.

**All cells at once.** A margin is of one cell; of a thousand cells about fifty lie outside. For all
N cells together the level is shared out evenly: z at P(|N(0, 1)| > z) = (1 − level)/N. This is the
union bound, which holds however the cells' noises hang together. (Were they independent, Šidák's
1 − level^(1/N) would be exact: for 1 000 cells z = 4.05 in place of 4.06.)
"""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor

from corridor.errors.privacy import InvalidMarginError
from corridor.privacy.distributed import SharedNoise, plan_shared_noise, smallest
from corridor.privacy.exponentials import root_above
from corridor.privacy.normal import NORMAL_95
from corridor.privacy.rho import Rho

_BITS = 192
_HUNDREDTH = Fraction(1, 100)


def margin_95(variance: Fraction, step: Fraction | None = None) -> Fraction:
    """Half-width of the 95 % interval of a cell with this noise variance, rounded up.

    Args:
        variance: of the noise really added, in the answer's units squared.
        step: as for `margin_at`.
    """
    return margin_at(NORMAL_95, variance, step)


def margin_at(quantile: Fraction, variance: Fraction, step: Fraction | None = None) -> Fraction:
    """Half-width of the interval that this quantile of the normal law stands for, rounded up.

    Args:
        quantile: `NORMAL_95`, or another one of `quantile_above`.
        variance: of the noise really added, in the answer's units squared.
        step: the distance between the values that the answer can take; None when they lie as
            close as one likes (quotients). Then the margin has two decimals, or three
            significant digits where it is below 1.
    """
    half_width = quantile * root_above(variance, _BITS)
    if step is not None:
        return step * max(0, ceil(half_width / step - Fraction(1, 2)))
    unit = _HUNDREDTH
    while half_width and half_width < 100 * unit:
        unit /= 10
    return ceil(half_width / unit) * unit


def variance_for_margin(margin: Fraction, quantile: Fraction = NORMAL_95) -> Fraction:
    """A variance whose half-width at this quantile is ≤ `margin`, and barely below it.

    Raises:
        InvalidMarginError: the margin is not above 0.
    """
    if margin <= 0:
        raise InvalidMarginError(margin)
    # The last factor outweighs what `root_above` adds when the margin is computed again.
    return (margin / quantile) ** 2 * (1 - Fraction(1, 1 << 64))


def shared_margin_95(noise: SharedNoise, survivors: int) -> Fraction:
    """The margin of a released cell, when so many whole shares are in the sum."""
    return margin_95(noise.summed_variance(survivors), noise.step)


def central_variance(rho: Rho, sensitivity_squared: int) -> Fraction:
    """What a trusted curator would have added for the same ρ, to compare with: Δ²/(2ρ)."""
    return rho.variance(sensitivity_squared)


def rho_for_margin(
    margin: Fraction,
    sensitivity_squared: int,
    cells: int,
    honest_shares: int,
    survivors: int,
    *,
    quantile: Fraction = NORMAL_95,
    with_fewer_dropouts: Sequence[int] = (),
) -> Rho:
    """The smallest ρ of three digits whose planned noise has this margin, as a release states it.

    That is the margin of `survivors` shares, of which all is taken off that ever can be.

    Args:
        margin: half-width wished for, in the answer's units, > 0.
        sensitivity_squared: Δ² of the integer query.
        cells: how many cells the question has.
        honest_shares: h, on which the promise rests.
        survivors: s ≥ h, how many shares the sum is expected to hold.
        quantile: of the level that the margin is of.
        with_fewer_dropouts: as `plan_shared_noise` takes it.

    Raises:
        InvalidMarginError: the margin is not above 0.
        TooFewHonestSharesError: h < 1.
        NoiseTooWideError: so much noise is allowed that it cannot be drawn.
            Nothing was spent in all three cases.
    """

    def meets(index: int) -> bool:
        noise = plan_shared_noise(
            readable_rho(index), sensitivity_squared, cells, honest_shares, with_fewer_dropouts
        ).keeping(1)
        return margin_at(quantile, noise.summed_variance(survivors), noise.step) <= margin

    start = rho_for_variance(
        variance_for_margin(margin, quantile),
        sensitivity_squared,
        cells,
        honest_shares,
        survivors,
        with_fewer_dropouts=with_fewer_dropouts,
    )
    index = _index_below(start.value)
    # A stated margin is a multiple of the step: it can be half a step to either side of z·σ.
    while not meets(index):
        index += 1
    while meets(index - 1):
        index -= 1
    return readable_rho(index)


def rho_for_variance(
    allowed: Fraction,
    sensitivity_squared: int,
    cells: int,
    honest_shares: int,
    survivors: int,
    *,
    with_fewer_dropouts: Sequence[int] = (),
) -> Rho:
    """The smallest ρ of three digits with which so many shares' noise is at most `allowed`.

    The arguments are those of `rho_for_margin`.

    Raises:
        TooFewHonestSharesError, NoiseTooWideError: as `plan_shared_noise` does.
    """

    def meets(index: int) -> bool:
        noise = plan_shared_noise(
            readable_rho(index), sensitivity_squared, cells, honest_shares, with_fewer_dropouts
        )
        return noise.keeping(1).summed_variance(survivors) <= allowed

    # Without rounding and without τ it would be this; the true one is a little above.
    counted_on = max((1, honest_shares, *with_fewer_dropouts))
    least = Fraction(sensitivity_squared * survivors, counted_on) / (2 * allowed)
    return readable_rho(smallest(_index_below(least), meets))


def readable_rho(index: int) -> Rho:
    """The index-th amount of three significant digits: 1.00 … 9.99, then ten times those.

    Index 0 is 1; 900 steps further it is tenfold.
    """
    power, digits = divmod(index, 900)
    return Rho((100 + digits) * Fraction(10) ** (power - 2))


def _index_below(value: Fraction) -> int:
    """The largest index whose ρ is ≤ value."""
    power = 0
    while value >= Fraction(10) ** (power + 1):
        power += 1
    while value < Fraction(10) ** power:
        power -= 1
    return 900 * power + floor(value / Fraction(10) ** (power - 2)) - 100
