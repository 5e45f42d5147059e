"""From noise to margins of error, and from a margin wished for to the ρ that it costs.

A margin is the half-width of a 95 % interval: the released value differs from the true one by no
more than that with a probability of at least 95 %. It is computed from the variance *really left*
(s survivors' shares, not the h that the promise rests on, less what was taken off), as z·σ with the
normal quantile z = 1.95996…, rounded up. (A sum of shares is as close to normal as its steps allow:
each share's variance is at least 7/3 steps squared.)

Noise that moves in steps cannot take the values between them, and the normal law with it assigns
to each value the half step on both sides. So the margin of a released count is the smallest
multiple m of the step with m + ½ step ≥ z·σ. Were it z·σ itself, ±19.6 for σ = 10 in whole numbers
would mean ±19 and hold in 94.9 % of the cases only.

A bound of one cell; of a thousand cells about fifty lie outside.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor

from corridor.errors.privacy import InvalidMarginError
from corridor.privacy.distributed import SharedNoise, plan_shared_noise, smallest
from corridor.privacy.exponentials import root_above
from corridor.privacy.rho import Rho

NORMAL_95 = Fraction(1_959_964, 1_000_000)
"""A little above the 97.5 % quantile of the standard normal, 1.959 963 984 540…"""

_BITS = 192
_HUNDREDTH = Fraction(1, 100)


def margin_95(variance: Fraction, step: Fraction | None = None) -> Fraction:
    """Half-width of the 95 % interval of a cell with this noise variance, rounded up.

    Args:
        variance: of the noise really added, in the answer's units squared.
        step: the distance between the values that the answer can take; None when they lie as
            close as one likes (quotients). Then the margin has two decimals, or three
            significant digits where it is below 1.
    """
    half_width = NORMAL_95 * root_above(variance, _BITS)
    if step is not None:
        return step * max(0, ceil(half_width / step - Fraction(1, 2)))
    unit = _HUNDREDTH
    while half_width and half_width < 100 * unit:
        unit /= 10
    return ceil(half_width / unit) * unit


def variance_for_margin(margin: Fraction) -> Fraction:
    """A variance whose 95 % half-width is ≤ `margin`, and barely below it.

    Raises:
        InvalidMarginError: the margin is not above 0.
    """
    if margin <= 0:
        raise InvalidMarginError(margin)
    # The last factor outweighs what `root_above` adds when the margin is computed again.
    return (margin / NORMAL_95) ** 2 * (1 - Fraction(1, 1 << 64))


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
    with_fewer_dropouts: Sequence[int] = (),
) -> Rho:
    """The smallest ρ of three digits whose planned noise is within `margin` at 95 %.

    "Within": the variance of `survivors` shares, of which all is taken off that ever can be, is at
    most `variance_for_margin(margin)`. It is
    also what the release will state (`shared_margin_95`), wherever `margin` is a multiple of the
    noise's step, as every whole number is.

    Args:
        margin: half-width wished for, in the answer's units, > 0.
        sensitivity_squared: Δ² of the integer query.
        cells: how many cells the question has.
        honest_shares: h, on which the promise rests.
        survivors: s ≥ h, how many shares the sum is expected to hold.
        with_fewer_dropouts: as `plan_shared_noise` takes it.

    Raises:
        InvalidMarginError: the margin is not above 0.
        TooFewHonestSharesError: h < 1.
        NoiseTooWideError: so much noise is allowed that it cannot be drawn.
            Nothing was spent in all three cases.
    """
    allowed = variance_for_margin(margin)

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
