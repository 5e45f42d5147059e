"""Pictures of tables for notebooks, by matplotlib: every value with its interval.

    periods on an axis     lines with a band, one picture for each of the other values
    otherwise              bars with intervals; of many cells the largest that may be quoted

What is to be used with caution is drawn lighter; what is too uncertain, pale and by its interval
alone, so that nobody quotes it.
"""

import heapq
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from corridor.privacy.reliability import Reliability
from corridor.publishing.tables import Axis, Cell, ReleasedTable

MOST_BARS = 25
MOST_PICTURES = 12
PERIODS = frozenset({"year", "quarter", "month"})
_PALE, _LINE = "#b9c4ce", "#333333"
_SOLID = "#1f5a8c"
_COLOURS = {
    Reliability.RELIABLE: _SOLID,
    Reliability.CAUTION: "#84aac9",
    Reliability.UNCERTAIN: _PALE,
}


def draw(table: ReleasedTable) -> Figure:
    """A table as a picture; its title says what was counted."""
    period = next((place for place, axis in enumerate(table.axes) if _is_period(axis)), None)
    if period is not None:
        return _trends(table, period)
    return _bars(table)


def _is_period(axis: Axis) -> bool:
    return any(word in axis.name for word in PERIODS) and not axis.bands


def _bars(table: ReleasedTable) -> Figure:
    cells: Sequence[Cell] = [cell for cell in table.cells() if cell.value is not None]
    shortened = len(cells) > MOST_BARS
    if shortened:
        cells = heapq.nlargest(MOST_BARS, cells, key=lambda cell: cell.value or 0.0)
    figure = Figure(figsize=(8, 1.2 + 0.32 * len(cells)), layout="constrained")
    axes = figure.subplots()
    for place, cell in enumerate(cells):
        pale = cell.reliability is Reliability.UNCERTAIN
        low, high = cell.low or 0.0, cell.high or 0.0
        axes.barh(place, 0.0 if pale else cell.value or 0.0, color=_COLOURS[cell.reliability])
        axes.plot([low, high], [place, place], color=_PALE if pale else _LINE, linewidth=1.5)
    names = [" → ".join(cell.labels) or "all" for cell in cells]
    axes.set_yticks(range(len(cells)), names)
    axes.invert_yaxis()
    cautious = any(cell.reliability is Reliability.CAUTION for cell in cells)
    light = "; light: use with caution" if cautious else ""
    axes.set_xlabel(f"{table.measure}, with 95 % intervals{light}")
    more = f"; the {len(cells)} largest of {table.size:,}" if shortened else ""
    figure.suptitle(table.title + more, x=0.01, ha="left", fontsize=10, wrap=True)
    return figure


def _trends(table: ReleasedTable, period: int) -> Figure:
    """One picture for each value of the other axes, over the periods, with bands."""
    lines: dict[tuple[str, ...], list[Cell]] = {}
    for cell in table.cells():
        others = tuple(label for place, label in enumerate(cell.labels) if place != period)
        lines.setdefault(others, []).append(cell)
    largest = heapq.nlargest(MOST_PICTURES, lines, key=lambda one: _size(lines[one]))
    chosen = [one for one in lines if one in set(largest)]
    columns = min(3, len(chosen))
    rows = -(-len(chosen) // columns)
    figure = Figure(figsize=(3.4 * columns, 2.2 * rows + 0.6), layout="constrained")
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for place, axes in enumerate(grid.flat):
        if place < len(chosen):
            _trend(axes, lines[chosen[place]], period, ", ".join(chosen[place]))
        else:
            axes.set_visible(False)
    more = f"; the {len(chosen)} largest of {len(lines)}" if len(lines) > len(chosen) else ""
    figure.suptitle(table.title + more, x=0.01, ha="left", fontsize=10, wrap=True)
    figure.supylabel(f"{table.measure}, 95 % band", fontsize=9)
    return figure


def _trend(axes: Axes, cells: Sequence[Cell], period: int, title: str) -> None:
    known = [cell for cell in cells if cell.value is not None and cell.values[period] != "unknown"]
    places = range(len(known))
    axes.fill_between(
        places,
        [cell.low or 0.0 for cell in known],
        [cell.high or 0.0 for cell in known],
        color=_PALE,
        alpha=0.7,
        linewidth=0,
    )
    quotable = [
        float("nan") if cell.reliability is Reliability.UNCERTAIN else cell.value or 0.0
        for cell in known
    ]
    axes.plot(places, quotable, color=_SOLID, marker="o", markersize=3)
    step = max(1, len(known) // 6)
    axes.set_xticks(
        list(places)[::step], [cell.labels[period] for cell in known][::step], fontsize=7
    )
    axes.set_ylim(bottom=min(0.0, *(cell.low or 0.0 for cell in known)) if known else 0.0)
    if title:
        axes.set_title(title, fontsize=8, loc="left")


def _size(cells: Sequence[Cell]) -> float:
    return sum(cell.value or 0.0 for cell in cells)
