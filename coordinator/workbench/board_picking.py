"""Putting a board together by looking: what there is to choose from, and what each button does.

    add LINE        one more tile, at the end
    up N, down N    the tile on place N changes places with its neighbour
    remove N        it goes; what it showed stays where it is

Nothing is kept before the board is saved: the form itself holds what was chosen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corridor.coordinator.board_desk import MOST_TILES, Tile, parse_tile
from corridor.coordinator.pages import Page
from corridor.coordinator.pictures.table_words import headings_of
from corridor.coordinator.workbench.access import current_reader
from corridor.coordinator.workbench.desks import Desks
from corridor.errors.publications import MalformedBoardError
from corridor.pages.languages import gettext

LOOKED_THROUGH = 200
"""So many of the newest answers, and of the newest series, are looked through."""

MOST_CHOICES = 12
LONGEST_SEARCH = 100
MOST_OFFERED = 16
"""Tables of one answer; a search for what they show leads to others."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A table that can be added: the tile, as `parse_tile` reads it, and what it shows."""

    line: str
    words: str
    is_there: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An answer or a standing series, with its tables.

    Attributes:
        moment: when it was published; of a series when it was begun.
    """

    kind: str
    id: str
    moment: str
    purpose: str
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """What is shown of what there is; `more` were found and are not shown."""

    shown: tuple[Choice, ...]
    more: int


def stepped(tiles: Sequence[Tile], step: str) -> tuple[tuple[Tile, ...], str]:
    """The tiles after a step, and what was done, in words.

    Raises:
        MalformedBoardError: no such tile can be added. Nothing was kept.
    """
    kept = list(tiles)
    word, _, rest = step.partition(" ")
    if word == "add":
        if len(kept) >= MOST_TILES:
            raise MalformedBoardError(f"a board has 1 to {MOST_TILES} tables")
        return (*kept, parse_tile(rest)), gettext("Added at the end.")
    place = int(rest) - 1 if rest.isdecimal() and rest.isascii() and len(rest) <= 3 else -1
    if not 0 <= place < len(kept):
        return tuple(kept), ""
    if word == "remove":
        del kept[place]
        return tuple(kept), gettext("Taken off the board.")
    other = place + {"up": -1, "down": 1}.get(word, 0)
    if other == place or not 0 <= other < len(kept):
        return tuple(kept), ""
    kept[place], kept[other] = kept[other], kept[place]
    return tuple(kept), gettext("Moved to place %(place)s.", place=other + 1)


def choices_for(desks: Desks, search: str, tiles: Sequence[Tile]) -> Choices:
    """The answers and series that hold every word of the search, series first, newest first."""
    words = search[:LONGEST_SEARCH].casefold().split()
    there = {(one.kind, one.id, one.table) for one in tiles}
    found = []
    for kind, one in _all(desks):
        choice = _choice(desks, kind, one, there)
        offers = " ".join(each.words for each in choice.offers)
        text = f"{offers} {choice.purpose} {choice.id}".casefold()
        if choice.offers and all(word in text for word in words):
            found.append(choice)
    return Choices(tuple(found[:MOST_CHOICES]), max(0, len(found) - MOST_CHOICES))


def _all(desks: Desks) -> list[tuple[str, Mapping[str, Any]]]:
    page, reader = Page(LOOKED_THROUGH), current_reader()
    series = [("series", one) for one in desks.series.listing(page, reader)]
    # A release of a series is seen as its series' last one; it would stand here many times.
    answers = [
        ("release", one)
        for one in desks.releases.listing(page, reader)
        if "series" not in one["question"]
    ]
    return [*series, *answers]


def _choice(
    desks: Desks, kind: str, one: Mapping[str, Any], there: set[tuple[str, str, int]]
) -> Choice:
    identifier = str(one["id"])
    names = headings_of(one, desks.questions.domains)[:MOST_OFFERED]
    return Choice(
        kind=kind,
        id=identifier,
        moment=str(one["asked_at"] if kind == "series" else one["published_at"]),
        purpose=str(one["purpose"]),
        offers=tuple(
            Offer(
                f"{kind} {identifier} {number} picture",
                str(words),
                (kind, identifier, number) in there,
            )
            for number, words in enumerate(names, 1)
        ),
    )
