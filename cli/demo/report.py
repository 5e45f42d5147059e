"""The demo's report: one HTML file with everything in it, to be opened without any network.

Every picture stands beside its table, and uncertainty is drawn: a flow whose margin exceeds half
its value is faint, one whose interval reaches zero is left to the table; a trend has its band,
and a bar its interval. A picture is an ECharts option; `corridorInterval` in a series, which
ECharts does not know, is where the page draws intervals with a few lines of its own.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Self

from jinja2 import Environment, PackageLoader, select_autoescape

from corridor.cli.release import shown_margin
from corridor.client.tables import Cell

UNKNOWN = "unknown"

COLOURS = ("#1b6c8c", "#d1802f", "#6a4c93", "#3f8f5a", "#b23a48", "#7a7f85")


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell of a release, with an estimate.

    Attributes:
        keys: its values as questions write them; labels: the same in words.
        value: unbiased; margin: the half-width of its 95 % interval.
    """

    keys: tuple[str, ...]
    labels: tuple[str, ...]
    value: float
    margin: float

    @classmethod
    def of(cls, cell: Cell) -> Self:
        """A cell of counts or sums; they always have a value and a margin."""
        return cls(cell.values, cell.labels, cell.value or 0.0, cell.margin or 0.0)

    @property
    def reaches_zero(self) -> bool:
        """Whether the data cannot tell it from nothing."""
        return self.value <= self.margin

    @property
    def shown_margin(self) -> str:
        """The margin in words: rounded up, as everywhere."""
        return shown_margin(self.margin)

    @property
    def is_rough(self) -> bool:
        """Whether the margin exceeds half the value."""
        return self.margin > self.value / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One question of the report.

    Attributes:
        option: an ECharts option; empty where there is only a table.
        facts: what stands beside the picture: margin, promise, who took part.
    """

    title: str
    words: str
    option: Mapping[str, Any]
    columns: Sequence[str]
    figures: Sequence[Figure]
    facts: Sequence[tuple[str, str]]


def render_report(
    title: str, introduction: str, parts: Sequence[Part], ledgers: Sequence[Sequence[str]]
) -> str:
    """The whole page. `ledgers` are rows of: node, ρ spent, as ε, reserved, left this year."""
    environment = Environment(
        loader=PackageLoader("corridor.cli.demo", "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = files("corridor.cli.demo") / "assets" / "echarts-6.1.0.min.js"
    return environment.get_template("report.html.j2").render(
        title=title,
        introduction=introduction,
        parts=parts,
        ledgers=ledgers,
        echarts=script.read_text("utf-8"),
    )


def flow_picture(figures: Sequence[Figure]) -> dict[str, Any]:
    """A Sankey diagram from country of recruitment to country of exploitation."""
    drawn = [one for one in figures if not one.reaches_zero and UNKNOWN not in one.keys]
    ends = {
        **{f"from {one.keys[0]}": (one.labels[0], "left") for one in drawn},
        **{f"to {one.keys[1]}": (one.labels[1], "right") for one in drawn},
    }
    origins = [name for name, (_, side) in ends.items() if side == "left"]
    return {
        "tooltip": {"trigger": "item"},
        "series": [
            {
                "type": "sankey",
                "left": 120,
                "right": 150,
                "top": 12,
                "bottom": 12,
                "nodeGap": 9,
                "nodeWidth": 12,
                "emphasis": {"focus": "adjacency"},
                "data": [
                    {
                        "name": name,
                        "label": {"formatter": label, "position": side},
                        "tooltip": {"formatter": label},
                        "itemStyle": {
                            "color": _colour(origins.index(name)) if side == "left" else "#8797a1"
                        },
                    }
                    for name, (label, side) in ends.items()
                ],
                "links": [
                    {
                        "source": f"from {one.keys[0]}",
                        "target": f"to {one.keys[1]}",
                        "value": round(one.value, 1),
                        "lineStyle": {
                            "color": "source",
                            "opacity": 0.14 if one.is_rough else 0.5,
                        },
                        "tooltip": {
                            "formatter": f"{one.labels[0]} → {one.labels[1]}: "
                            f"{one.value:.0f} ± {one.shown_margin}"
                        },
                    }
                    for one in drawn
                ],
            }
        ],
    }


def trend_picture(figures: Sequence[Figure]) -> dict[str, Any]:
    """A line with its band, over the first grouping; unknown times are left to the table."""
    dated = [one for one in figures if one.keys[0] != UNKNOWN]
    # One stacked area on an invisible one; "all", because the lower end may be below zero.
    band = {
        "type": "line",
        "stack": "band",
        "stackStrategy": "all",
        "symbol": "none",
        "lineStyle": {"opacity": 0},
        "tooltip": {"show": False},
    }
    return {
        "tooltip": {"trigger": "axis"},
        "grid": {"left": 60, "right": 24, "top": 28, "bottom": 64},
        "xAxis": {
            "type": "category",
            "boundaryGap": False,
            "data": [one.labels[0] for one in dated],
            "axisLabel": {"rotate": 45},
        },
        "yAxis": {"type": "value", "name": "persons"},
        "series": [
            {
                **band,
                "name": "lower",
                "data": [round(one.value - one.margin, 1) for one in dated],
            },
            {
                **band,
                "name": "95 % interval",
                "areaStyle": {"color": COLOURS[0], "opacity": 0.2},
                "data": [round(2 * one.margin, 1) for one in dated],
            },
            {
                "name": "persons",
                "type": "line",
                "symbolSize": 6,
                "data": [round(one.value, 1) for one in dated],
                "lineStyle": {"color": COLOURS[0], "width": 2.5},
                "itemStyle": {"color": COLOURS[0]},
            },
        ],
    }


def bar_picture(figures: Sequence[Figure]) -> dict[str, Any]:
    """Bars with their intervals by the second grouping, a colour for each value of the first.

    A value of the first grouping whose total is within its margin is left to the table.
    """
    groups = {one.keys[0]: one.labels[0] for one in figures}
    bands = {one.keys[1]: one.labels[1] for one in figures}
    found = {one.keys: one for one in figures}
    shown = [
        group
        for group in groups
        if sum(found[group, band].value for band in bands)
        > math.hypot(*(found[group, band].margin for band in bands))
    ]
    bars: list[dict[str, Any]] = []
    intervals: list[dict[str, Any]] = []
    for number, group in enumerate(shown):
        row = [found[group, band] for band in bands]
        bars.append(
            {
                "name": groups[group],
                "type": "bar",
                "barGap": "8%",
                "barCategoryGap": "28%",
                "itemStyle": {"color": _colour(number)},
                "data": [round(max(0.0, one.value), 1) for one in row],
            }
        )
        intervals.append(
            {
                "name": groups[group],
                "type": "custom",
                "corridorInterval": {"place": number, "of": len(shown)},
                "tooltip": {"show": False},
                "silent": True,
                "z": 5,
                "data": [
                    [
                        place,
                        round(max(0.0, one.value - one.margin), 1),
                        round(max(0.0, one.value + one.margin), 1),
                    ]
                    for place, one in enumerate(row)
                ],
            }
        )
    return {
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "legend": {"top": 0, "data": [groups[group] for group in shown]},
        "grid": {"left": 60, "right": 24, "top": 40, "bottom": 40},
        "xAxis": {"type": "category", "data": list(bands.values())},
        "yAxis": {"type": "value", "name": "persons"},
        "series": bars + intervals,
    }


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]
