"""Privacy loss, exactly.

ρ is the parameter of zero-concentrated differential privacy (Bun & Steinke 2016, "Concentrated
Differential Privacy: Simplifications, Extensions, and Lower Bounds"; the paper of that name is
meant throughout this room). Neighbours differ in one person at one node, all their rows, added
or removed. Losses add up, and a person known to g nodes loses g² times as much.
"""

from dataclasses import dataclass
from fractions import Fraction

from corridor.errors.privacy import NoFiniteNoiseError


@dataclass(frozen=True, slots=True, order=True)
class Rho:
    """ρ of ρ-zCDP: exact, ≥ 0, for one person at one node (add/remove)."""

    value: Fraction

    def __post_init__(self) -> None:
        if type(self.value) is not Fraction or self.value < 0:
            raise ValueError(f"ρ must be a Fraction ≥ 0, not {self.value!r}")

    def __add__(self, other: "Rho") -> "Rho":
        """Both answers, the second asked knowing the first (Bun & Steinke 2016, Lemma 2.3)."""
        return Rho(self.value + other.value)

    def for_group(self, size: int) -> "Rho":
        """What a person known to `size` nodes loses (same paper, Prop. 1.9)."""
        return Rho(size**2 * self.value)

    def variance(self, sensitivity_squared: int) -> Fraction:
        """σ² of the discrete Gaussian that keeps this promise.

        Δ² / (2ρ), Canonne, Kamath & Steinke 2020, Thm 14.

        Raises:
            NoFiniteNoiseError: ρ is 0; no finite noise keeps that promise.
        """
        if not self.value:
            raise NoFiniteNoiseError
        return Fraction(sensitivity_squared) / (2 * self.value)
