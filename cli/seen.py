"""How views of a release read: shares, changes, medians, the largest cells, each with its interval.

A number that is too uncertain is shown by its interval alone, as everywhere
(`publishing.estimates`); a difference is marked where its interval holds 0, because then it is no
evidence of anything.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from corridor.cli.output import Output
from corridor.privacy.reliability import Reliability
from corridor.publishing.estimates import NONE, harmless, interval, number
from corridor.publishing.tables import tables_of
from corridor.publishing.views import Figure, ViewRow, ViewTable, views_of
from corridor.queries.views import Change, Quantile, RatioOf, ShareOf, Top, Trend, View

NO_EVIDENCE = "no evidence"


def found_views(release: Mapping[str, Any], views: Sequence[View]) -> list[ViewTable]:
    """The views of the release's tables.

    Raises:
        ViewError: one fits no table; says what there is.
    """
    tables = tables_of(release)
    return [seen for view in views for seen in views_of(tables, view)]


def show_views(
    release: Mapping[str, Any], views: Sequence[View], out: Output
) -> list[dict[str, object]]:
    """Show the views; gives them for programs."""
    found = found_views(release, views)
    for seen in found:
        title, _, condition = seen.title.partition("; ")
        columns = [column for name in seen.columns for column in (f">{name}", ">95 %")]
        out.table(
            title,
            (*seen.places[:-1], *(f"={name}" for name in seen.places[-1:]), *columns, ""),
            [_line(row, seen.view) for row in seen.rows],
            note="; ".join(seen.notes),
        )
        if condition:
            out.say(f"only         {condition}")
    return [seen.to_json() for seen in found]


def csv_of_views(release: Mapping[str, Any], views: Sequence[View]) -> str:
    """The views as CSV: a line for each number, with what may be quoted and the numbers."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("view", "where", "what", "shown", "reliability", "value", "low_95", "high_95"))
    for seen in found_views(release, views):
        for row in seen.rows:
            words = _row_words(row, seen.view)
            for name, one, said in zip(seen.columns, row.figures, words, strict=True):
                shown, _, mark = said
                where = harmless(", ".join(row.labels))
                numbers = ["" if end is None else end for end in (one.value, one.low, one.high)]
                writer.writerow(
                    (harmless(seen.title), where, harmless(name), shown, mark, *numbers)
                )
    return text.getvalue()


def _line(row: ViewRow, view: View) -> list[str]:
    """The row's words, with one mark for all of its numbers at the end."""
    words = _row_words(row, view)
    numbers = [word for shown, ends, _ in words for word in (shown, ends)]
    marks = dict.fromkeys(mark for _, _, mark in words if mark)
    return [*row.labels, *numbers, ", ".join(marks)]


def _row_words(row: ViewRow, view: View) -> list[tuple[str, str, str]]:
    styles = _styles(view)
    return [_words(one, style) for one, style in zip(row.figures, styles, strict=True)]


class _Style(Enum):
    """How a column's numbers are written."""

    PLAIN = "plain"
    WHOLE = "whole"
    SHARE = "share"
    DIFFERENCE = "difference"
    RELATIVE = "relative"


def _styles(view: View) -> tuple[_Style, ...]:
    match view:
        case Top():
            return _Style.PLAIN, _Style.WHOLE
        case Quantile():
            return (_Style.WHOLE,)
        case ShareOf():
            return (_Style.SHARE,)
        case RatioOf():
            return (_Style.PLAIN,)
        case Change():
            return _Style.DIFFERENCE, _Style.RELATIVE
        case Trend():
            return (_Style.DIFFERENCE,)


def _words(one: Figure, style: _Style) -> tuple[str, str, str]:
    """What may be quoted, the interval, and the mark."""
    uncertain = Reliability.UNCERTAIN
    if one.low is None or one.high is None:
        if style is _Style.RELATIVE:
            return NONE, NONE, ""  # of a base that is too uncertain: the difference says all
        ends = NONE if one.low is None else f"{one.low:g} and over"
        return NONE, ends, uncertain.words
    percent = 100.0 if style in {_Style.SHARE, _Style.RELATIVE} else 1.0
    low, high, value = (percent * end for end in (one.low, one.high, one.value or 0.0))
    # Whole numbers are written so, shares in whole points or tenths.
    margin = (high - low) / 2 if style is not _Style.WHOLE else 100.0
    unit = " %" if percent > 1 else ""
    sign = "+" if style in {_Style.DIFFERENCE, _Style.RELATIVE} and value > 0 else ""
    shown, ends = f"{sign}{number(value, margin)}{unit}", f"{interval(low, high, margin)}{unit}"
    if one.reliability is not None:
        mark = "" if one.reliability is Reliability.RELIABLE else one.reliability.words
        return (NONE if one.reliability is uncertain else shown), ends, mark
    if style in {_Style.DIFFERENCE, _Style.RELATIVE} and not one.leaves_out_zero:
        return NONE, ends, NO_EVIDENCE
    return shown, ends, ""
