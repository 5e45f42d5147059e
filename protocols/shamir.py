"""Shamir's secret sharing over the field of p = 2²⁵⁵ − 19 (Shamir 1979, "How to share a secret").

A secret is 31 bytes, so that it is an element of the field whole. Its share for the point
x ∈ 1…n is f(x), where f has degree t − 1, f(0) is the secret, and the other coefficients are
uniform. Any t shares give the secret back; t − 1 say nothing about it.

    split(secret, t, n, random_bytes)       → n shares, for the points 1…n
    Interpolation.at_zero(points)           → the Lagrange row of these points, computed once
    .secret(shares)                         → the secret of one dealer; None where there is none

Python's integers are not constant in time. What could be timed here is a node's own work on fresh
random numbers, once; it depends on no case data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from operator import mul

from corridor.protocols.suite import SEED_BYTES, RandomBytes

PRIME = 2**255 - 19
SHARE_BYTES = 32
MOST_SHARES = 175
"""The largest roster; it also keeps `_REDUCE_EVERY` steps of Horner's rule short."""

_REDUCE_EVERY = 16
_PRIME_RAW = PRIME.to_bytes(SHARE_BYTES, "big")


def split(
    secret: bytes, threshold: int, count: int, random_bytes: RandomBytes
) -> tuple[bytes, ...]:
    """Shares of a 31-byte secret for the points 1…`count`, 32 big-endian bytes each.

    Raises:
        ValueError: the secret's length, or not 1 ≤ threshold ≤ count ≤ 175.
    """
    if len(secret) != SEED_BYTES:
        raise ValueError(f"a secret that is shared has {SEED_BYTES} bytes, not {len(secret)}")
    if not 1 <= threshold <= count <= MOST_SHARES:
        raise ValueError(f"cannot share {threshold} of {count}")
    coefficients = _uniform_elements(threshold - 1, random_bytes)
    constant = int.from_bytes(secret, "big")
    return tuple(
        _evaluate(coefficients, constant, point).to_bytes(SHARE_BYTES, "big")
        for point in range(1, count + 1)
    )


def is_share(raw: bytes) -> bool:
    """Whether `raw` is an element of the field in its one form: 32 bytes, below p."""
    return len(raw) == SHARE_BYTES and raw < _PRIME_RAW  # big-endian: bytes compare as numbers


@dataclass(frozen=True, slots=True)
class Interpolation:
    """The Lagrange row at 0 for some points, to be used for all secrets shared at them.

    Attributes:
        points: distinct, each in 1…175; as many as the threshold.
        row: λ_i = Π_{j≠i} x_j / (x_j − x_i) mod p, so that f(0) = Σ λ_i·f(x_i).
    """

    points: tuple[int, ...]
    row: tuple[int, ...]

    @classmethod
    def at_zero(cls, points: Sequence[int]) -> "Interpolation":
        """The row of these points.

        Raises:
            ValueError: no point, a point twice, or one outside 1…175.
        """
        if not points or len(set(points)) != len(points):
            raise ValueError("points of an interpolation are distinct, and there is at least one")
        if not all(1 <= point <= MOST_SHARES for point in points):
            raise ValueError(f"points of shares are 1 to {MOST_SHARES}")
        whole = prod(points)
        # λ_i = Π x_j / (x_i · Π_{j≠i} (x_j − x_i)): small integers up to the one inversion.
        row = tuple(
            whole * pow(x * prod(other - x for other in points if other != x), -1, PRIME) % PRIME
            for x in points
        )
        return cls(tuple(points), row)

    def secret(self, shares: Sequence[bytes]) -> bytes | None:
        """The secret whose shares these are, in the order of `points`.

        None where they interpolate to more than 31 bytes: then no honest dealer made them all.

        Raises:
            ValueError: not one share for each point.
        """
        if len(shares) != len(self.row):
            raise ValueError(f"{len(self.row)} shares are put together, not {len(shares)}")
        values = [int.from_bytes(share, "big") for share in shares]
        total = sum(map(mul, self.row, values)) % PRIME
        return None if total >> (8 * SEED_BYTES) else total.to_bytes(SEED_BYTES, "big")


def _evaluate(coefficients: Sequence[int], constant: int, point: int) -> int:
    """Horner's rule, highest coefficient first; reducing rarely is what makes it fast."""
    total = 0
    for done, coefficient in enumerate(coefficients, start=1):
        total = total * point + coefficient
        if done % _REDUCE_EVERY == 0:
            total %= PRIME
    return (total * point + constant) % PRIME


def _uniform_elements(count: int, random_bytes: RandomBytes) -> list[int]:
    """Uniform elements of the field; 255 random bits are below p but for 19 of 2²⁵⁵ values."""
    elements: list[int] = []
    while len(elements) < count:
        raw = random_bytes(SHARE_BYTES * (count - len(elements)))
        for start in range(0, len(raw), SHARE_BYTES):
            element = int.from_bytes(raw[start : start + SHARE_BYTES], "big") >> 1
            if element < PRIME:
                elements.append(element)
    return elements
