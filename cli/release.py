"""How a forecast and an answer read in a terminal.

Values are unbiased and shown beside their margins, and a cell that is too uncertain is shown by its
interval alone (`publishing.estimates`).
"""

import heapq
from collections.abc import Mapping, Sequence
from typing import Any

from corridor.cli.figures import decimal_at_least, decimal_at_most, with_decimal
from corridor.cli.output import Output
from corridor.cli.side_by_side import show_countries
from corridor.privacy.reliability import Reliability
from corridor.publishing.estimates import (
    MEANING,
    beside,
    estimate,
    figure,
    mark,
    shown_epsilon,
    shown_margin,
    tally,
)
from corridor.publishing.tables import Cell, ReleasedTable, tables_of

SHORT = 30
"""A longer table is shown by its largest figures unless every cell is asked for."""

MOST_IN_ORDER = 120
"""A histogram up to so long is shown in its own order: by size it would say nothing."""


def show_forecast(forecast: Mapping[str, Any], out: Output, *, ask: str = "corridor ask") -> None:
    """What a question would cost and how exact it would be, and whether it can be asked.

    `ask` is the command that asks it.
    """
    show_price(forecast, out)
    if forecast["would_miss"]:
        out.say(f"missing      {_names(forecast['would_miss'])}")
    out.table(
        "What the authorities would have left, before it",
        ("node", ">spent ρ", ">left this year", ">left for all time", "enough", "consent rule"),
        [
            (
                one["country"],
                decimal_at_most(one["spent"]),
                decimal_at_least(one["remaining_year"]),
                decimal_at_least(one["remaining_all_time"]),
                "yes" if one["is_enough"] else "no: it would refuse",
                one["consent_rule"],
            )
            for one in forecast["allowances"]
        ],
        note="by its allowance alone: what an authority's policy says of such a question is known "
        "only when it is asked",
    )
    for hindrance in (forecast["too_few"], forecast["too_dear"]):
        if hindrance is not None:
            out.say(f"!! it cannot be asked now: {hindrance}")
    _show_beside(forecast, out)
    if forecast["free_release"] is not None:
        out.say(
            "This was answered already, and nothing has changed since; it is free: "
            f"corridor results {forecast['free_release']}"
        )
    elif forecast["too_dear"] is None and forecast["too_few"] is None:
        named = "" if not forecast["accuracy_supposed"] else ' and --accuracy "±N" or --rho ρ'
        out.say(f"Nothing was spent. Next: {ask}, with the same words{named}")


def _show_beside(forecast: Mapping[str, Any], out: Output) -> None:
    """What figures of single countries mean, and what the region's own costs beside them."""
    if forecast["scope"] != "per-country":
        return
    out.say(
        "These are figures of single countries, each with its whole noise; each authority decides "
        "by its policy, and refuses unless it allows that."
    )
    beside = forecast["beside"]
    if beside is None:
        out.say("The region's own figure cannot be asked now: too few members are connected.")
        return
    margins = ", ".join(f"± {shown_margin(one)}" for one in beside["margins"])
    price = (
        f"free, as it was answered already: corridor results {beside['free_release']}"
        if beside["free_release"] is not None
        else f"another ρ = {with_decimal(beside['rho'])}, both together ρ = "
        f"{with_decimal(beside['rho_together'])} "
        f"(ε = {shown_epsilon(beside['epsilon_together'])})"
    )
    out.say(f"region       its own figure, {margins}, is another question: {price}")


def show_price(forecast: Mapping[str, Any], out: Output) -> None:
    """What a question would give, what it would cost, who would answer."""
    for condition in dict.fromkeys(_condition(one["title"]) for one in forecast["tables"]):
        _show_condition(condition, out)
    differ = any(one["usual_margin"] != one["margin"] for one in forecast["tables"])
    out.table(
        "Forecast",
        ("table", ">cells", ">each ±", ">trusted curator ±"),
        [
            (
                _subject(one["title"]),
                _whole(one["cells"]),
                _margins_shown(one),
                shown_margin(one["central_margin"]),
            )
            for one in forecast["tables"]
        ],
        note="± is the half-width of each cell's 95 % interval"
        + ("; of most cells, and of the widest" if differ else ""),
    )
    _show_forms(forecast.get("forms", ()), out)
    _show_known(forecast["tables"], out)
    if forecast.get("accuracy_supposed"):
        out.say(
            f"supposed     {forecast['accuracy']}, since you named neither --accuracy nor --rho; "
            "to ask, name one"
        )
    elif forecast["accuracy"] is not None:
        out.say(f"asked for    {forecast['accuracy']}")
    _show_promise(forecast, out)
    if (series := forecast.get("series")) is not None:
        _show_terms(series, out)
    if forecast.get("too_few") is None:
        out.say(f"answering    {_names(forecast['would_take_part'])}")
    else:
        out.say(f"answering    supposed: all {forecast['participants']} members")
        out.say(f"there now    {_names(forecast['would_take_part']) or 'nobody'}")
    for sentence in forecast["sentences"]:
        out.say(f"!! {sentence}")


def _show_forms(forms: Sequence[Mapping[str, Any]], out: Output) -> None:
    """How exact the figures of a report's forms would be, which are sums of cells."""
    if not forms:
        return
    out.table(
        "The form's own figures",
        ("no.", "table of the form", ">figures", ">least ±", ">widest ±"),
        [
            (
                one["id"],
                one["title"],
                _whole(one["figures"]),
                shown_margin(one["least_margin"]),
                shown_margin(one["widest_margin"]),
            )
            for one in forms
        ],
        note="a figure of the form is the sum of the cells that the crosswalk puts in it, so its "
        "margin is wider than that of one cell; these are the margins that the filled form has if "
        "everybody stays to the end",
    )


def _show_known(tables: Sequence[Mapping[str, Any]], out: Output) -> None:
    """What earlier answers tell of how much the cells hold."""
    told = [one for one in tables if one["known"] is not None]
    for one in told:
        known = one["known"]
        middle = "" if known["middle"] is None else f"; the middle one was {known['middle']:.0f}"
        out.say(
            f"known        {_subject(one['title'])}: of {_whole(known['cells'])} cells in release "
            f"{known['release_id']} of {known['published_at'][:10]}, {_whole(known['figures'])} "
            f"could be quoted{middle}; {_whole(known['would_stand'])} held enough for this margin"
        )
    if not told:
        out.say(
            "known        how much such cells hold is not known: no answer yet has these tables "
            "under these conditions"
        )


def _show_terms(series: Mapping[str, Any], out: Output) -> None:
    """When a series is answered, and what that costs."""
    out.say(
        f"series       {series['periods']} answers, one each {series['every']}, of "
        f"{series['first']} to {series['last']}; the first on {series['first_due']}"
    )
    out.say("             ρ pays for all of them, with the first; who is in it is in all others")
    out.say(
        f"             an answer that fails after the nodes paid costs ρ = {series['repeat_rho']} "
        "more, if it is tried again"
    )


def show_release(
    release: Mapping[str, Any],
    out: Output,
    *,
    every_cell: bool,
    beside: Mapping[str, Any] | None = None,
) -> None:
    """An answer: its tables, its guarantee, who took part.

    `beside` is the region's own release, to be shown beside figures of single countries.
    """
    synthetic = "SYNTHETIC DATA, " if release["synthetic"] else ""
    out.heading(f"{release['region']}: {synthetic}release {release['id']}")
    out.say(f"published {release['published_at']}, scope {release['scope']}")
    if (series := release.get("series")) is not None:
        out.say(
            f"release {series['period']} of {series['periods']} of series {series['id']}, of "
            f"{series['named']}; a case that came late is counted in the {series['every']} in "
            "which it came, one that was corrected stays counted as it was, and who has neither "
            "identity nor case reference is not counted"
        )
        if release["published_at"][:10] < series["due"]:
            out.say(f"asked before its {series['every']} was over: who comes later is in the next")
        if release["published_at"][:10] >= series["next_due"]:
            out.say(f"!! made late: who came in the {series['every']} after is counted in it, too")
    if release["scope"] == "per-country":
        show_countries(release, out, every_cell=every_cell, beside=beside)
        _show_promise(release["guarantee"], out)
        out.say("against      everybody: each figure has all of its noise from its own country")
    else:
        for table in tables_of(release):
            show_table(table, out, every_cell=every_cell)
        _show_promise(release["guarantee"], out)
        _show_noise(release, out)
    counted = "in the sum" if release["scope"] == "regional" else "its figure came"
    out.table(
        "Who is in it",
        ("node", "name", "edition", "consent rule", counted),
        [
            (
                one["country"],
                one["name"],
                one["edition"][:12],
                one["consent_rule"],
                "yes" if one["survived"] else "no: dropped out",
            )
            for one in release["participants"]
        ],
    )
    if release["named"]:
        out.say(f"!! {_names(release['named'])} sent inconsistent shares; the receipt names it")


def _show_noise(release: Mapping[str, Any], out: Output) -> None:
    """Against whom a sum protects, and what that costs."""
    colluders = release["guarantee"]["colluders"]
    out.say(f"against      the coordinator with {colluders} of the nodes at its side")
    out.say(f"noise        {release['ratio']:.3g} times a trusted curator's, who sees all the data")
    if release["reduced"] and (whole := set(release["survivors"]) - set(release["reduced"])):
        out.say(
            f"             some of it needless: {_names(sorted(whole))} did not help take it off"
        )


def show_table(table: ReleasedTable, out: Output, *, every_cell: bool) -> None:
    """One table: in its own order, or by its largest figures if it is long."""
    cells: Sequence[Cell] = tuple(table.cells())
    notes = [tally(cells)]
    in_order = any(axis.bands for axis in table.axes) and table.size <= MOST_IN_ORDER
    if table.size > SHORT and not every_cell and not in_order:
        figures = [cell for cell in cells if cell.reliability is not Reliability.UNCERTAIN]
        cells = heapq.nlargest(SHORT, figures, key=lambda cell: cell.value or 0.0)
        notes.append(
            f"shown are the {len(cells)} largest figures of {_whole(table.size)} cells; "
            "all of them with --all"
        )
    if any(map(mark, cells)):
        notes.append(MEANING)
    if table.central_margin is not None:
        notes.append(f"a trusted curator's margin: ± {shown_margin(table.central_margin)}")
    if table.total is not None and table.axes:
        total = f"together {estimate(*table.total)}"
        many = f", where a person counts up to {table.max_cells} times"
        notes.append(total + (many if table.max_cells > 1 else ""))
    columns = [axis.label for axis in table.axes]
    has_nearest = table.non_negative is not None
    nearest = [">never below 0"] if has_nearest else []
    out.table(
        _subject(table.title),
        (*columns, f">{table.measure}", *nearest, ""),
        [
            (*cell.labels, figure(cell), *([beside(cell)] if has_nearest else []), mark(cell))
            for cell in cells
        ],
        note="; ".join(notes),
    )
    _show_condition(_condition(table.title), out)


def guarantee_words(guarantee: Mapping[str, Any]) -> str:
    """What is promised to every person, in one line."""
    return (
        f"ρ = {with_decimal(guarantee['rho'])} for each person at each node "
        f"(ε = {shown_epsilon(guarantee['epsilon'])} at δ = {guarantee['delta']})"
    )


def _show_promise(guarantee: Mapping[str, Any], out: Output) -> None:
    out.say(f"guarantee    {guarantee_words(guarantee)}")
    out.say(
        f"             ρ = {with_decimal(guarantee['rho_regional'])} for a person known to "
        f"{guarantee['nodes_per_person']} nodes "
        f"(ε = {shown_epsilon(guarantee['epsilon_regional'])})"
    )


def _subject(title: str) -> str:
    """`Persons by gender` of `Persons by gender; year 2020 to 2024`."""
    return title.partition("; ")[0]


def _margins_shown(table: Mapping[str, Any]) -> str:
    """The margin of most cells, and of the widest if that is another."""
    usual, widest = shown_margin(table["usual_margin"]), shown_margin(table["margin"])
    return usual if usual == widest else f"{usual}, {widest}"


def _condition(title: str) -> str:
    return title.partition("; ")[2]


def _show_condition(condition: str, out: Output) -> None:
    if condition:
        out.say(f"only         {condition}")


def _whole(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _names(countries: Sequence[str]) -> str:
    return ", ".join(countries)
