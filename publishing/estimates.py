"""How an estimate is written for people: a figure only where it may stand as one.

    1 240 ± 15          reliable
    45 ± 20             with the mark `use with caution` beside it
    0 to 23             too uncertain: the interval, and no figure that somebody could quote
    –                   no estimate at all

Values are unbiased, margins rounded up, intervals cut off where no true value can lie. Marks are
words, so that they survive a printer, a screen reader and eyes that see no colours.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable

from corridor.privacy.reliability import Reliability
from corridor.publishing.tables import Cell

NONE = "–"

MEANING = (
    "use with caution: the margin is above 32 % of the value; too uncertain: above 65 % (less in "
    "tables of more than 20 cells), so only the 95 % interval is shown"
)


def figure(cell: Cell) -> str:
    """The cell as it may be quoted."""
    if cell.value is None or cell.margin is None:
        return NONE
    if cell.reliability is Reliability.UNCERTAIN:
        return interval(cell.low or 0.0, cell.high or 0.0, cell.margin)
    return estimate(cell.value, cell.margin)


def mark(cell: Cell) -> str:
    """What stands beside it; nothing beside what is reliable."""
    return "" if cell.reliability is Reliability.RELIABLE else cell.reliability.words


def beside(cell: Cell) -> str:
    """The nearest value that is possible, beside a figure that may be quoted."""
    if cell.non_negative is None or cell.reliability is Reliability.UNCERTAIN:
        return NONE
    return number(cell.non_negative, cell.margin or 0.0)


def tally(cells: Iterable[Cell]) -> str:
    """How many figures of each kind there are: `12 reliable, 3 too uncertain`."""
    found = Counter(cell.reliability for cell in cells)
    return ", ".join(f"{found[kind]:,} {kind.words}" for kind in Reliability if found[kind])


def estimate(value: float | None, margin: float | None) -> str:
    """`1 240 ± 19`: as many digits as the margin warrants."""
    if value is None or margin is None:
        return NONE
    return f"{number(value, margin)} ± {shown_margin(margin)}"


def interval(low: float, high: float, margin: float) -> str:
    """`0 to 23`, rounded outward, with as many digits as the margin warrants."""
    decimals = _decimals(margin)
    down = math.floor(low * 10**decimals + 1e-9) / 10**decimals
    up = math.ceil(high * 10**decimals - 1e-9) / 10**decimals
    return f"{_grouped(down, decimals)} to {_grouped(up, decimals)}"


def number(value: float, margin: float) -> str:
    """A value with as many digits as its margin warrants."""
    return _grouped(value, _decimals(margin))


def shown_margin(margin: float) -> str:
    """A margin, rounded up: what is shown never promises more than what is true."""
    decimals = _decimals(margin)
    return _grouped(math.ceil(margin * 10**decimals - 1e-9) / 10**decimals, decimals)


def harmless(text: str) -> str:
    """`text` as no spreadsheet takes it for a formula, and without control characters.

    Nor a part of it: where lists are separated by `;`, as in many of Europe's languages, a
    spreadsheet cuts a line of CSV there.
    """
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    inside = _FORMULA.sub(r"\1'", plain)
    return f"'{inside}" if plain.lstrip()[:1] in _BEGINS else inside


_BEGINS = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
"""Also as wide as an ideograph: where people write those, a spreadsheet takes them for the same."""

_FORMULA = re.compile(r"([;,|]\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")


def _grouped(value: float, decimals: int) -> str:
    rounded = round(value, decimals) + 0.0  # no "-0"
    return f"{rounded:,.{decimals}f}".replace(",", " ").replace("-", "−")


def _decimals(margin: float) -> int:
    if margin >= 10:
        return 0
    return 1 if margin >= 1 else 2


def shown_epsilon(epsilon: float) -> str:
    """An ε, rounded up to three digits or so."""
    return f"{math.ceil(epsilon * 100 - 1e-9) / 100:.2f}" if epsilon < 100 else f"{epsilon:.0f}"
