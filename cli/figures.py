"""How ρ and times are shown where there is little room.

What is counted stays exact, and `--json` prints it so. After a few questions of different price a
sum of fractions has a denominator that no column holds, and nobody compares 197/250000 with 1/1250
by looking: as a decimal it is rounded to the careful side where six digits do not hold it.
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


def decimal_at_most(rho: str) -> str:
    """A price or what was spent, as a decimal: never less than it is."""
    scaled = _scaled(rho)
    return ("" if scaled.denominator == 1 else "≤ ") + _short(ceil(scaled))


def decimal_at_least(rho: str) -> str:
    """What is left or allowed, as a decimal: never more than it is."""
    scaled = _scaled(rho)
    return ("" if scaled.denominator == 1 else "≥ ") + _short(floor(scaled))


def with_decimal(rho: str) -> str:
    """A price as it is computed with, and its decimal beside: 197/250000 (0.000788)."""
    return f"{rho} ({decimal_at_most(rho)})" if "/" in rho else rho


def minute(moment: str) -> str:
    """A moment of the API to the minute, in UTC: `2026-11-30 16:53`; it is never broken."""
    return moment[:16].replace("T", " ")


def _short(count: int) -> str:
    """A decimal without needless noughts."""
    text = _decimal(count)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scaled(rho: str) -> Fraction:
    return Fraction(rho) * _UNITS


def _decimal(count: int) -> str:
    return f"{Decimal(count).scaleb(-DIGITS):f}"
