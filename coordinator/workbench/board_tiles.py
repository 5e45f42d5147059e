"""The tiles of a board as its page shows them: what they are, their picture, their table, news."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from corridor.coordinator.board_desk import LARGEST_TABLES, Tile
from corridor.coordinator.pictures.field_words import field_words
from corridor.coordinator.pictures.question_words import Heading, question_of
from corridor.coordinator.pictures.table_words import headings_of
from corridor.coordinator.publications.figures import MOST_BYTES
from corridor.coordinator.workbench.alert_words import SeriesNews, alert_words, period_words
from corridor.coordinator.workbench.answer_tables import (
    SeenTable,
    Shown,
    seen_tables,
    shown_table,
)
from corridor.coordinator.workbench.desks import Desks
from corridor.errors import NotFoundError
from corridor.errors.questions import ViewError
from corridor.pages.languages import gettext
from corridor.publishing.tables import ReleasedTable, tables_of

PERIODS = ("year", "quarter", "month")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTile:
    """A tile, ready for the template.

    Attributes:
        heading: what it shows; of what is gone, its id.
        release: whose figures these are; empty where there is none yet.
        is_series: whether it is one, which may have released nothing yet.
        period: of a series: what its last release is of; empty before the first.
        next_at: of a series: when the next release is due; empty where none is.
        alerts: of a series: what changed in its last release more than noise explains; None where
            there is nothing to compare yet.
        picture: the name of what is drawn; empty where nothing is.
        table: the table itself; None where a view is seen, or the tile does not fit.
        seen: the views of it.
        is_gone: whether there is no such release or series.
        is_long: whether its tables are too long for a page.
    """

    tile: Tile
    heading: Heading
    release: str = ""
    is_series: bool = False
    period: str = ""
    next_at: str = ""
    published: str = ""
    alerts: tuple[str, ...] | None = None
    picture: str = ""
    table: Shown | None = None
    seen: tuple[SeenTable, ...] = ()
    is_gone: bool = False
    is_long: bool = False

    @property
    def fits(self) -> bool:
        """Whether there is anything to see."""
        return self.table is not None or bool(self.seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedTile:
    """A tile while a board is put together.

    Attributes:
        ways: how it can be seen: as the tile writes it, and in words.
    """

    tile: Tile
    name: str
    ways: tuple[tuple[str, str], ...]


def shown_tile(desks: Desks, news: SeriesNews, tile: Tile) -> ShownTile:
    """A tile with its figures."""
    shown = ShownTile(tile=tile, heading=Heading(tile.id))
    release = tile.id
    try:
        if tile.kind == "series":
            found = desks.series.show(tile.id)
            last = (found["releases"] or [None])[-1]
            shown = replace(
                shown,
                heading=_heading_in(desks, found, tile) or shown.heading,
                is_series=True,
                period="" if last is None else period_words(str(last["named"])),
                next_at=str(found["next_at"] or ""),
            )
            if last is None:
                return shown
            release = str(last["release_id"])
            alerts = news.of(found)
            words = None if alerts is None else tuple(map(alert_words, alerts))
            shown = replace(shown, alerts=words)
        document = desks.releases.document(release)
    except NotFoundError:
        return replace(shown, is_gone=True)
    shown = replace(shown, release=release)
    if len(document) > MOST_BYTES:
        return replace(shown, is_long=True)
    whole = json.loads(document)
    shown = replace(shown, published=str(whole["published_at"]))
    tables = tables_of(whole)
    if tile.table > len(tables):
        return shown
    heading = headings_of(whole, desks.questions.domains, tables)[tile.table - 1]
    return _with_figures(replace(shown, heading=heading), tables[tile.table - 1])


def _with_figures(shown: ShownTile, table: ReleasedTable) -> ShownTile:
    tile = shown.tile
    view = tile.view
    if view is not None:
        with suppress(ViewError):
            return replace(shown, seen=tuple(seen_tables([table], view, [shown.heading])))
        return shown
    found = shown_table(tile.table, table, shown.heading)
    names = [one.name for one in found.pictures]
    picture = ""
    if tile.picture is not None and names:
        picture = tile.picture if tile.picture in names else names[0]
    return replace(shown, table=found, picture=picture)


def named_tile(desks: Desks, tile: Tile) -> NamedTile:
    """A tile with what it is called, and the ways in which it can be seen."""
    document: Mapping[str, Any] | None = None
    with suppress(NotFoundError):
        if tile.kind == "series":
            document = desks.series.show(tile.id)
        else:
            document = desks.releases.heading(tile.id)
    heading = None if document is None else _heading_in(desks, document, tile)
    return NamedTile(
        tile=tile,
        name=tile.id if heading is None else str(heading),
        ways=_ways(tile, _groupings(document, tile)),
    )


def _ways(tile: Tile, groupings: Sequence[str]) -> tuple[tuple[str, str], ...]:
    ways = {
        "picture": gettext("picture with its table"),
        "table": gettext("table"),
        "top": gettext("The %(count)s largest", count=LARGEST_TABLES),
    }
    for one in groupings:
        if one.endswith(PERIODS):
            ways[f"change {one}"] = gettext("Change: %(field)s", field=field_words(one))
            ways[f"trend {one}"] = gettext("Trend: %(field)s", field=field_words(one))
    ways.setdefault(tile.how, tile.how)
    return tuple(ways.items())


def _groupings(document: Mapping[str, Any] | None, tile: Tile) -> tuple[str, ...]:
    question = None if document is None else question_of(document["question"])
    if question is None or not 1 <= tile.table <= len(question.tables):
        return ()
    return question.tables[tile.table - 1].group_by


def _heading_in(desks: Desks, document: Mapping[str, Any], tile: Tile) -> Heading | None:
    """What the tile's table shows; None where the question does not tell."""
    found = headings_of(document, desks.questions.domains)
    return found[tile.table - 1] if tile.table <= len(found) else None
