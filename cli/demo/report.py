"""The demo's report: one HTML file with everything in it, to be opened without any network.

Every picture stands beside its table, and uncertainty is drawn, never by colour alone: a flow to be
used with caution is hatched, a bar or point of that kind is hollow;
of what is too uncertain only the interval is drawn (of a flow nothing), and the table shows it by
its interval too. A picture is an ECharts option; `corridorHatched` and `corridorBands` in a
series, which ECharts does not know, are where the page adds a few lines of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape

from corridor.privacy.reliability import Reliability
from corridor.publishing.estimates import MEANING, figure, mark
from corridor.publishing.pictures.ages import band_of
from corridor.publishing.tables import Cell

UNKNOWN = "unknown"

COLOURS = ("#1b6c8c", "#d1802f", "#6a4c93", "#3f8f5a", "#b23a48", "#7a7f85")


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell of a release, with an estimate; counts and sums always have one."""

    cell: Cell

    @property
    def keys(self) -> tuple[str, ...]:
        """Its values as questions write them."""
        return self.cell.values

    @property
    def labels(self) -> tuple[str, ...]:
        """The same in words."""
        return self.cell.labels

    @property
    def value(self) -> float:
        """The unbiased estimate."""
        return self.cell.value or 0.0

    @property
    def low(self) -> float:
        """The lower end of its 95 % interval."""
        return self.cell.low or 0.0

    @property
    def high(self) -> float:
        """The upper end of its 95 % interval."""
        return self.cell.high or 0.0

    @property
    def shown(self) -> str:
        """What may be quoted: a figure with its margin, or an interval alone."""
        return figure(self.cell)

    @property
    def mark(self) -> str:
        """How it may be used; empty if it is reliable."""
        return mark(self.cell)

    @property
    def is_uncertain(self) -> bool:
        """Whether it is too uncertain to stand as a figure."""
        return self.cell.reliability is Reliability.UNCERTAIN

    @property
    def is_rough(self) -> bool:
        """Whether it is to be used with caution."""
        return self.cell.reliability is Reliability.CAUTION


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

    @property
    def has_hatched_flows(self) -> bool:
        """Whether the picture has bands to be used with caution, so that it needs a key."""
        series = self.option.get("series", [])
        return any(link["mark"] for one in series for link in one.get("links", []))


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
        meaning=MEANING,
        echarts=script.read_text("utf-8"),
    )


def flow_picture(figures: Sequence[Figure]) -> dict[str, Any]:
    """A Sankey diagram from country of recruitment to country of exploitation."""
    drawn = [one for one in figures if not one.is_uncertain and UNKNOWN not in one.keys]
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
                "corridorHatched": True,
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
                        "mark": one.mark,
                        "lineStyle": {
                            "color": _colour(origins.index(f"from {one.keys[0]}")),
                            "opacity": 0.5,
                        },
                        "tooltip": {
                            "formatter": f"{one.labels[0]} → {one.labels[1]}: "
                            f"{one.shown}{f' ({one.mark})' if one.mark else ''}"
                        },
                    }
                    for one in drawn
                ],
            }
        ],
    }


def trend_picture(figures: Sequence[Figure]) -> dict[str, Any]:
    """A line with its band, over the first grouping; unknown times are left to the table.

    Where it is too uncertain the line is broken, and only the band is there.
    """
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
                "data": [round(one.low, 1) for one in dated],
            },
            {
                **band,
                "name": "95 % interval",
                "areaStyle": {"color": COLOURS[0], "opacity": 0.2},
                "data": [round(one.high - one.low, 1) for one in dated],
            },
            {
                "name": "persons",
                "type": "line",
                "symbolSize": 6,
                "data": [
                    {
                        "value": None if one.is_uncertain else round(one.value, 1),
                        "symbol": "emptyCircle" if one.is_rough else "circle",
                    }
                    for one in dated
                ],
                "lineStyle": {"color": COLOURS[0], "width": 2.5},
                "itemStyle": {"color": COLOURS[0]},
            },
        ],
    }


def age_picture(figures: Sequence[Figure]) -> dict[str, Any]:
    """Persons per year of age, by band; a colour for each value of the first grouping.

    Bands are of different lengths: each is as wide as it has years and as high as it has persons
    in each, so that a longer band looks no fuller than it is. What has no end (48+) or is unknown
    has no such height, and a value of the first grouping of which every cell is too uncertain no
    picture: both are left to the table.
    """
    found = [(one, ends) for one in figures if (ends := _years(one.keys[1])) is not None]
    groups = {one.keys[0]: one.labels[0] for one, _ in found if not one.is_uncertain}
    borders = sorted({age for _, (first, last) in found for age in (first, last + 1)})
    series = [
        {
            "name": label,
            "type": "custom",
            "corridorBands": {"place": number, "of": len(groups), "colour": _colour(number)},
            "itemStyle": {"color": _colour(number)},
            "data": [
                {
                    "value": [
                        first,
                        last + 1,
                        None if one.is_uncertain else _per_year(one.value, first, last),
                        _per_year(one.low, first, last),
                        _per_year(one.high, first, last),
                    ],
                    "rough": one.is_rough,
                    "tooltip": {
                        "formatter": f"{label}, {one.labels[1]}: {one.shown} persons"
                        f"{f' ({one.mark})' if one.mark else ''}"
                    },
                }
                for one, (first, last) in found
                if one.keys[0] == group
            ],
        }
        for number, (group, label) in enumerate(groups.items())
    ]
    return {
        "tooltip": {"trigger": "item"},
        "legend": {"top": 0, "data": list(groups.values())},
        "grid": {"left": 60, "right": 24, "top": 40, "bottom": 52},
        "xAxis": {
            "type": "value",
            "name": "age when trafficked",
            "nameLocation": "middle",
            "nameGap": 30,
            "min": min(borders, default=0),
            "max": max(borders, default=1),
            "axisLabel": {"customValues": borders},
            "axisTick": {"show": True, "customValues": borders},
            "splitLine": {"show": False},
        },
        "yAxis": {"type": "value", "name": "persons per year of age"},
        "series": series,
    }


def _years(band: str) -> tuple[int, int] | None:
    """The first and last year of a band such as 9-17; None where it has no end or is unknown."""
    first, last = band_of(band) or (0, None)
    return None if last is None else (first, last)


def _per_year(persons: float, first: int, last: int) -> float:
    return round(persons / (last - first + 1), 2)


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]
