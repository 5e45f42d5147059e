"""Which picture belongs to a filled table: the same figures, each with its interval and its mark.

    one column             bars, a bar for each category
    several columns        small multiples of bars, one for each column
    flows                  a flow map of the pairs that the table lists, and of no others
    wide tables            none here: the release's own table has the picture of every pair

What is not known, and all together, are rows and columns of the table and stand in no picture:
beside them every other bar would be short. A flow leads from one country to another: UNODC counts
trafficking within one country as domestic, and tells it in a table of its own. So a report's flow
map has none, as its table has none; the release's own map draws that, too, as what was counted.
"""

from corridor.privacy.reliability import Reliability
from corridor.publishing.groups import Estimate
from corridor.publishing.pictures import Kind, Note, Picture, Point
from corridor.publishing.reports.definitions import NOT_KNOWN, FormKind
from corridor.publishing.reports.filling import PAIR, TOTAL, FilledTable
from corridor.publishing.tables import Axis

LEFT_OUT = frozenset({NOT_KNOWN, TOTAL})
MOST_BARS = 25
MOST_ROWS = 12
"""Of small multiples, as of an answer's."""


def is_of_values(filled: FilledTable) -> bool:
    """Whether its cells are the released ones themselves, all of them."""
    columns = filled.form.columns
    return (
        filled.form.kind is FormKind.GRID
        and columns is not None
        and columns.each
        and filled.form.rows.each
    )


def picture_of(filled: FilledTable, *, most: int | None = None) -> Picture | None:
    """The picture of a filled table; None where there is none. Of more rows the `most` largest."""
    if is_of_values(filled):
        return None
    if filled.form.kind is FormKind.PAIRS:
        return _flows(filled)
    rows = _places(filled.row_ids)
    columns = _places(filled.column_ids)
    notes = [Note.MENTIONS] if filled.form.table.max_cells > 1 else []
    cells = len(rows) * max(1, len(columns))
    most = most or (MOST_ROWS if columns else MOST_BARS)
    if len(rows) > most:
        rows = sorted(sorted(rows, key=lambda row: -_reach(filled, row))[:most])
        if columns:  # of bars the script says itself how many of all cells are drawn
            notes.append(Note.LARGEST)
    inner = _axis(filled.form.rows.field, filled.row_label, filled.row_ids, filled.rows, rows)
    axes: tuple[Axis, ...] = (inner,)
    within: Kind | None = None
    if columns:
        field = "" if filled.form.columns is None else filled.form.columns.field
        panels = _axis(field, filled.column_label, filled.column_ids, filled.columns, columns)
        points = [
            _point((at, number), filled.cells[row][column].estimate)
            for at, column in enumerate(columns)
            for number, row in enumerate(rows)
        ]
        axes, within = (panels, inner), Kind.BARS
    else:
        points = [
            _point((number,), filled.cells[row][-1].estimate) for number, row in enumerate(rows)
        ]
    drawn = tuple(point for point in points if point.is_drawable)
    if not drawn:
        return None
    return Picture(
        kind=Kind.BARS if within is None else Kind.MULTIPLES,
        within=within,
        title=filled.title,
        measure="persons",
        axes=axes,
        points=drawn,
        cells=cells,
        notes=tuple(notes),
    )


def _flows(filled: FilledTable) -> Picture | None:
    """The pairs of the table, from one end to the other."""
    if filled.form.columns is None or not filled.rows:
        return None
    pairs = [one.split(PAIR) for one in filled.row_ids]
    words = [one.split(PAIR) for one in filled.rows]
    axes = []
    for end, one in enumerate((filled.form.rows, filled.form.columns)):
        names = dict(
            sorted((pair[end], word[end]) for pair, word in zip(pairs, words, strict=True))
        )
        axes.append(Axis(one.field, one.label, tuple(names), tuple(names.values())))
    places = [{value: at for at, value in enumerate(axis.values)} for axis in axes]
    drawn = []
    for pair, cells in zip(pairs, filled.cells, strict=True):
        at = tuple(place[end] for place, end in zip(places, pair, strict=True))
        drawn.append(_point(at, cells[0].estimate))
    return Picture(
        kind=Kind.FLOW_MAP,
        title=filled.title,
        measure="persons",
        axes=tuple(axes),
        points=tuple(drawn),
        cells=len(drawn),
        notes=(Note.MENTIONS,) if filled.form.table.max_cells > 1 else (),
    )


def _places(ids: tuple[str, ...]) -> list[int]:
    return [place for place, one in enumerate(ids) if one not in LEFT_OUT]


def _axis(
    field: str, label: str, ids: tuple[str, ...], names: tuple[str, ...], places: list[int]
) -> Axis:
    return Axis(
        field, label, tuple(ids[place] for place in places), tuple(names[place] for place in places)
    )


def _reach(filled: FilledTable, row: int) -> float:
    return max((cell.estimate.high or 0.0) for cell in filled.cells[row])


def _point(at: tuple[int, ...], found: Estimate) -> Point:
    is_told = found.reliability is not Reliability.UNCERTAIN
    return Point(
        at=at,
        value=found.value if is_told else None,
        low=found.low,
        high=found.high,
        margin=found.margin,
        reliability=found.reliability,
    )
