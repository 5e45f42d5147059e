"""Which pictures there are of a table or a view, and what the page's script is given to draw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from corridor.coordinator.pictures.field_words import field_words, value_words
from corridor.coordinator.pictures.question_words import Heading
from corridor.pages.languages import lazy_gettext as _l
from corridor.publishing.pictures import Kind, Picture, pictures_of
from corridor.publishing.tables import Axis, ReleasedTable

KINDS: Mapping[Kind, Any] = {
    Kind.BARS: _l("bars"),
    Kind.LINES: _l("lines"),
    Kind.PYRAMID: _l("pyramid"),
    Kind.SANKEY: _l("Sankey diagram"),
    Kind.FLOW_MAP: _l("flow map"),
    Kind.MULTIPLES: _l("small multiples"),
}


@dataclass(frozen=True, slots=True)
class Drawable:
    """A picture that can be had of a table.

    Attributes:
        name: in addresses.
        words: what such a picture is called.
    """

    name: str
    words: str


def drawables(table: ReleasedTable) -> tuple[Drawable, ...]:
    """The pictures of this table, the best first."""
    return tuple(Drawable(_name(one), str(KINDS[one.kind])) for one in pictures_of(table))


def described(
    tables: Sequence[ReleasedTable], headings: Sequence[Heading], number: int, name: str
) -> dict[str, object] | None:
    """What is drawn of that table, counted from 1; None where there is no such picture.

    `headings` are those of all the tables, in the reader's language.
    """
    if not 1 <= number <= len(tables):
        return None
    found = next((one for one in pictures_of(tables[number - 1]) if _name(one) == name), None)
    return None if found is None else _told(found, str(headings[number - 1]))


def _told(picture: Picture, title: str) -> dict[str, object]:
    """The description in the reader's language; what is measured the page's script says."""
    axes = tuple(replace(axis, label=field_words(axis.name, axis.label)) for axis in picture.axes)
    return replace(picture, axes=axes, title=title).to_json(label)


def label(axis: Axis, place: int) -> str:
    """A value in the reader's language; of two groupings, each of its parts."""
    values, labels = axis.values[place].split(" | "), axis.labels[place].split(" | ")
    if len(values) != len(labels):
        return axis.labels[place]
    return " | ".join(value_words(*one) for one in zip(values, labels, strict=True))


def _name(picture: Picture) -> str:
    within = "" if picture.within is None else f"-of-{picture.within.value}"
    return picture.kind.value + within
