"""Figures as the language of this request writes them; what may be quoted `publishing` decides.

1 240 ± 15        0 to 23        – (no estimate)
"""

from decimal import Decimal
from fractions import Fraction

from flask_babel import format_decimal, format_percent  # type: ignore[import-untyped]  # no types

from corridor.pages.languages import gettext, written_figure
from corridor.privacy.reliability import Reliability
from corridor.publishing import estimates
from corridor.publishing.comparing import ends_in_words
from corridor.publishing.groups import Estimate
from corridor.publishing.tables import Cell
from corridor.publishing.views import Figure

SMALL_PART = Fraction(1, 1000)


def figure(cell: Cell) -> str:
    """The cell as it may be quoted: an estimate with its margin, or an interval alone."""
    return _localised(estimates.figure(cell))


def figure_of_view(found: Figure, *, is_share: bool) -> str:
    """A number of a view, with its interval."""
    low = "…" if found.low is None else _shown(found.low, found, is_share=is_share)
    high = "…" if found.high is None else _shown(found.high, found, is_share=is_share)
    if found.low is None and found.high is None and found.value is None:
        return estimates.NONE
    between = gettext("%(low)s to %(high)s", low=low, high=high)
    if found.value is None or found.reliability is Reliability.UNCERTAIN:
        return between
    return f"{_shown(found.value, found, is_share=is_share)} ({between})"


def margin(value: float) -> str:
    """`±20`, rounded up."""
    return f"±{_localised(estimates.shown_margin(value))}"


def estimate(found: Estimate) -> str:
    """A sum of cells as it may be quoted."""
    if found.value is None or found.margin is None:
        return estimates.NONE
    if found.reliability is Reliability.UNCERTAIN:
        return _localised(estimates.interval(found.low or 0.0, found.high or 0.0, found.margin))
    return _localised(estimates.estimate(found.value, found.margin))


def ends(low: float, high: float) -> tuple[str, str]:
    """The ends of an interval, rounded outward."""
    first, last = ends_in_words(low, high)
    return _localised(first), _localised(last)


def whole(value: int) -> str:
    """A whole number."""
    return str(format_decimal(value))


def mark(reliability: Reliability | None) -> str:
    """What stands beside a figure; nothing beside what is reliable."""
    match reliability:
        case Reliability.CAUTION:
            return gettext("use with caution")
        case Reliability.UNCERTAIN:
            return gettext("too uncertain")
        case _:
            return ""


def part(cost: Fraction, left: Fraction) -> str:
    """How much of what is left a cost takes, in per cent, rounded up."""
    if left <= 0:
        return gettext("nothing is left")
    share = cost / left
    if share < SMALL_PART:
        return gettext("less than %(part)s", part=str(format_percent(0.001, "0.0%")))
    steps = -(-share.numerator * 1000 // share.denominator)
    return str(format_percent(Decimal(steps) / 1000, "#,##0.0%" if steps < 100 else "#,##0%"))


def percent(share: float) -> str:
    """A share in whole per cents."""
    return str(format_percent(share, "#,##0%"))


def _shown(value: float, found: Figure, *, is_share: bool) -> str:
    if is_share:
        return str(format_percent(value, "#,##0.0%"))
    width = 0.0 if found.low is None or found.high is None else (found.high - found.low) / 2
    return _localised(estimates.number(value, width))


def _localised(text: str) -> str:
    """An English figure in the language of this request."""
    if " to " in text:
        low, _, high = text.partition(" to ")
        return gettext("%(low)s to %(high)s", low=_localised(low), high=_localised(high))
    return written_figure(text)
