"""Draws the pictures of docs/measures.md from the answers in measures.json.

The answers are those of a demo region (synthetic data) to the questions that stand beside them. A
full dot is a reliable figure, a hollow one is to be used with caution, and where there is no dot
the figure is too uncertain, so that only its 95 % interval is drawn.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from corridor.privacy.reliability import Reliability
from corridor.publishing.tables import Cell, ReleasedTable, tables_of
from corridor.publishing.views import ViewTable, views_of
from corridor.queries.views import Top, view_from_json

HERE = Path(__file__).parent
WIDTH, LEFT, RIGHT, LINE, TOP = 760, 290, 50, 24, 58
INK, SOFT, MARK = "#17242d", "#5b6b75", "#1b6c8c"


@dataclass(frozen=True)
class Whisker:
    """One line of a picture; no value is a figure that is too uncertain."""

    label: str
    value: float | None
    low: float
    high: float
    is_rough: bool


def of_cell(cell: Cell) -> Whisker:
    """A cell of a table."""
    mark = cell.reliability
    value = None if mark is Reliability.UNCERTAIN else cell.value
    label = " → ".join(cell.labels)
    return Whisker(label, value, cell.low or 0, cell.high or 0, mark is Reliability.CAUTION)


def of_view(seen: ViewTable, column: int = 0) -> Iterator[Whisker]:
    """A column of a view, without what has no interval."""
    for row in seen.rows:
        one = row.figures[column]
        if one.low is not None and one.high is not None:
            sure = one.leaves_out_zero if one.reliability is None else True
            uncertain = one.reliability is Reliability.UNCERTAIN or not sure
            value = None if uncertain else one.value
            rough = one.reliability is Reliability.CAUTION
            label = " → ".join(row.labels) or seen.columns[column]
            yield Whisker(label, value, one.low, one.high, rough)


def picture(title: str, whiskers: list[Whisker], unit: str) -> str:
    """Dots with their intervals, one below the other."""
    lowest = min(0.0, *(one.low for one in whiskers))
    highest = max(0.0, *(one.high for one in whiskers)) or 1.0
    height = TOP + LINE * len(whiskers) + 16

    def across(value: float) -> float:
        return LEFT + (value - lowest) / (highest - lowest) * (WIDTH - LEFT - RIGHT)

    font = 'font-family="system-ui, sans-serif" font-size="13"'
    size = f'viewBox="0 0 {WIDTH} {height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" {font}>',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="12" y="22" font-size="15" font-weight="600" fill="{INK}">{escape(title)}</text>',
    ]
    for value in _ticks(lowest, highest):
        x = across(value)
        parts.append(
            f'<path d="M{x:.1f} {TOP - 10}V{height - 12}" stroke="#d8e0e5"/>'
            f'<text x="{x:.1f}" y="{TOP - 16}" text-anchor="middle" fill="{SOFT}" '
            f'font-size="11">{value:g}{unit}</text>'
        )
    for place, one in enumerate(whiskers):
        y = TOP + LINE * place + LINE / 2 - 6
        x1, x2 = across(one.low), across(one.high)
        parts.append(
            f'<text x="{LEFT - 12}" y="{y + 4:.1f}" text-anchor="end" fill="{INK}">'
            f"{escape(one.label)}</text>"
            f'<path d="M{x1:.1f} {y:.1f}H{x2:.1f}M{x1:.1f} {y - 4:.1f}v8M{x2:.1f} {y - 4:.1f}v8" '
            f'stroke="{SOFT if one.value is None else INK}" stroke-width="1.4" fill="none"'
            + (' stroke-dasharray="3 3"/>' if one.value is None else "/>")
        )
        if one.value is not None:
            fill = "#fff" if one.is_rough else MARK
            parts.append(
                f'<circle cx="{across(one.value):.1f}" cy="{y:.1f}" r="4.5" fill="{fill}" '
                f'stroke="{MARK}" stroke-width="2"/>'
            )
    return "\n".join([*parts, "</svg>\n"])


def _ticks(lowest: float, highest: float) -> list[float]:
    unit = 1.0
    while (highest - lowest) / unit > 7:
        unit *= 10
    while (highest - lowest) / unit < 3:
        unit /= 2
    first = int(lowest / unit)
    ticks = [unit * place for place in range(first, int(highest / unit) + 1)]
    return [tick for tick in ticks if lowest <= tick <= highest]


def drawn(answers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each picture's name and text."""

    def tables(name: str) -> tuple[ReleasedTable, ...]:
        return tables_of(answers[name])

    def view(name: str, number: int) -> ViewTable:
        found = view_from_json(answers[name]["views"][number])
        return views_of(tables(name), found)[0]

    def cells(name: str) -> list[Whisker]:
        return [of_cell(cell) for cell in tables(name)[0].cells()]

    yield "measures-counts", picture("Persons by type of exploitation", cells("counts"), "")
    by_week = [of_cell(cell) for cell in tables("referral")[0].cells()][:24]
    yield "measures-histogram", picture("Days to referral, by week (the first 24)", by_week, "")
    of_gender = [*of_view(view("median", 0)), *of_view(view("median", 1))]
    named = [
        Whisker(f"{name}, {one.label}", one.value, one.low, one.high, one.is_rough)
        for name, one in zip(("Median", "Median", "90 %", "90 %"), of_gender, strict=False)
    ]
    yield "measures-quantiles", picture("Age when trafficked", named, "")
    # Of the first month everybody is counted who was there already.
    months = [
        replace(of_cell(cell), label=f"{release['named']}, {cell.labels[0]}")
        for release in answers["series"]["releases"][1:]
        for cell in list(tables_of(release)[0].cells())[:2]
    ]
    yield "measures-series", picture("Persons counted first in a month", months, "")
    shares = [
        Whisker(
            one.label,
            None if one.value is None else 100 * one.value,
            100 * one.low,
            100 * one.high,
            one.is_rough,
        )
        for one in of_view(view("share", 0))
    ]
    yield "measures-share", picture("Share of women and girls, by year", shares, " %")
    changes = [one for one in of_view(view("share", 1)) if "Feminine" in one.label]
    yield "measures-change", picture("Change from year to year, women and girls", changes, "")
    top = views_of(tables("top"), Top(10))[0]
    yield "measures-top", picture("The ten largest corridors: ranks", list(of_view(top, 1)), "")


def main() -> None:
    """Write every picture beside this file."""
    answers = json.loads((HERE / "measures.json").read_text("utf-8"))
    for name, text in drawn(answers):
        (HERE / f"{name}.svg").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
