"""exp(−x) for a rational x ≥ 0, and square roots, enclosed between integers.

A guarantee may rest on these numbers, so none of them is a float. Every function gives whole
numbers at a stated scale 2^bits, rounded in a stated direction: `low` is never above the true
value and `high` never below it.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

_HALVED_BELOW = 256
_GUARD_BITS = 16


@dataclass(frozen=True, slots=True)
class Enclosure:
    """low ≤ 2^bits · value ≤ high, for the `bits` that the caller asked for."""

    low: int
    high: int

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high:
            raise ValueError(f"no enclosure: [{self.low}, {self.high}]")


def exp_minus(exponent: Fraction, bits: int) -> Enclosure:
    """Enclose 2^bits · exp(−exponent) between two integers, usually neighbours.

    The argument is halved until it is at most 2⁻⁸, where the Taylor series alternates and
    shrinks, so that two successive partial sums lie on both sides of the limit; the result is
    squared back. Every step is rounded outward.

    Raises:
        ValueError: the exponent is negative, or no precision was asked for.
    """
    if exponent < 0 or bits < 1:
        raise ValueError(f"exp(−x) is enclosed for x ≥ 0 and bits ≥ 1, not {exponent}, {bits}")
    if exponent > bits:  # exp(−bits) < 2^−bits, and the series would be squared back in vain
        return Enclosure(0, 1)
    halvings = (_HALVED_BELOW * exponent.numerator // exponent.denominator).bit_length()
    # A squaring doubles the error at most, since the values are ≤ 1.
    work = bits + halvings + _GUARD_BITS
    low, high = _series(exponent.numerator, exponent.denominator << halvings, work)
    for _ in range(halvings):
        low = low * low >> work
        high = _shifted_up(high * high, work)
    return Enclosure(low >> (work - bits), _shifted_up(high, work - bits))


def root_below(value: Fraction, bits: int) -> Fraction:
    """The largest multiple of 2^−bits that is ≤ √value."""
    return Fraction(isqrt((value.numerator << 2 * bits) // value.denominator), 1 << bits)


def root_above(value: Fraction, bits: int) -> Fraction:
    """A multiple of 2^−bits that is ≥ √value by less than two steps."""
    scaled = -((-value.numerator << 2 * bits) // value.denominator)
    root = isqrt(scaled)
    return Fraction(root + (root * root < scaled), 1 << bits)


def _series(numerator: int, denominator: int, bits: int) -> tuple[int, int]:
    """The alternating Taylor series of exp(−numerator/denominator), an argument ≤ 2⁻⁸."""
    one = 1 << bits
    term_low = term_high = one
    low = high = one
    index = 0
    while term_high > 1:
        index += 1
        divisor = denominator * index
        term_low = term_low * numerator // divisor
        term_high = -(-term_high * numerator // divisor)
        if index % 2:
            low, high = low - term_high, high - term_low
        else:
            low, high = low + term_low, high + term_high
    # What was left out is no more than its first term, hence than the last one added.
    return max(0, low - term_high), min(one, high + term_high)


def _shifted_up(value: int, bits: int) -> int:
    """The value over 2^bits, rounded up."""
    return -(-value >> bits)
