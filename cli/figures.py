"""How ρ is shown in a narrow column: exactly where that is short, else rounded to the careful side.

What is counted stays exact, and `--json` prints it so. After a few questions of different price a
sum of fractions has a denominator that no column holds.
"""

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

LONGEST = 11
DIGITS = 6
"""Of ρ behind the point."""

_UNITS: int = 10**DIGITS


def at_most(rho: str) -> str:
    """What was spent: never less than it was."""
    return rho if len(rho) <= LONGEST else f"≤ {_decimal(ceil(_scaled(rho)))}"


def at_least(rho: str) -> str:
    """What is left: never more than there is."""
    return rho if len(rho) <= LONGEST else f"≥ {_decimal(floor(_scaled(rho)))}"


def _scaled(rho: str) -> Fraction:
    return Fraction(rho) * _UNITS


def _decimal(count: int) -> str:
    return f"{Decimal(count).scaleb(-DIGITS):f}"
