"""The picture of a view: places with their intervals, over time where its rows are periods.

Lengths from zero would say nothing of a share's change or a median, so a value is a point; a
difference whose interval holds zero is drawn hollow, because it is no evidence of one.
"""

import re

from corridor.privacy.reliability import Reliability
from corridor.publishing.pictures.picture import Kind, Picture, Point
from corridor.publishing.tables import Axis
from corridor.publishing.views import Figure, ViewTable
from corridor.queries.catalogue import UNKNOWN
from corridor.queries.views import Change, Top, Trend

MOST_ROWS = 40

_PERIOD = re.compile(r"\d{4}(-Q\d|-\d\d)?")


def picture_of_view(view: ViewTable) -> Picture | None:
    """The first number of each row with its interval; None where none has one."""
    rows = [(row.labels, row.figures[0]) for row in view.rows][:MOST_ROWS]
    words = tuple(" | ".join(labels) for labels, _ in rows)
    periods = [labels for labels, _ in rows if len(labels) == 1 and _PERIOD.fullmatch(labels[0])]
    over_time = len(periods) > 1 and all(
        labels in periods or labels == (UNKNOWN,) for labels, _ in rows
    )
    axis = Axis("row", " × ".join(view.places), words, words)
    points = tuple(_point(place, figure) for place, (_, figure) in enumerate(rows))
    drawn = tuple(
        point
        for point in points
        if point.is_drawable and not (over_time and words[point.at[0]] == UNKNOWN)
    )
    if not drawn:
        return None
    return Picture(
        kind=Kind.LINES if over_time else Kind.BARS,
        title=view.title,
        measure=view.columns[0],
        axes=(axis,),
        points=drawn,
        aside=tuple(point for point in points if point not in drawn),
        cells=len(view.rows),
        from_zero=isinstance(view.view, Top),
        words=(*view.notes, *_OF_CHANGES) if _is_difference(view) else view.notes,
    )


_OF_CHANGES = ("a hollow point is no evidence of a change: its interval holds 0",)


def _is_difference(view: ViewTable) -> bool:
    return isinstance(view.view, Change | Trend)


def _point(place: int, figure: Figure) -> Point:
    uncertain = figure.reliability is Reliability.UNCERTAIN
    return Point(
        at=(place,),
        value=None if uncertain else figure.value,
        low=figure.low,
        high=figure.high,
        reliability=figure.reliability,
    )
