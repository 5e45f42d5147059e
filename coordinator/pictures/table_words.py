"""What released tables show, in every language: the one place where their titles are made.

    headings_of(document, domains, tables)   of each table what is counted by what, and below it the
                                             conditions and who is counted

A page shows title and conditions in two lines. A picture leaves its page as a file, so its title is
the whole sentence. Where this version cannot read the question, the release's own title, which is
English and has the conditions, is better than one without them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from corridor.coordinator.pictures.field_words import value_words
from corridor.coordinator.pictures.question_words import Heading, heading_of, question_of
from corridor.errors import CorridorError
from corridor.pages.languages import gettext
from corridor.pages.languages import lazy_gettext as _l
from corridor.publishing.tables import ReleasedTable
from corridor.queries.domains import Domains

MEASURES: Final[Mapping[str, Any]] = {
    "persons": _l("Persons"),
    "rows": _l("Rows"),
    "mean": _l("Mean"),
    "sum": _l("Sum"),
}

NEW, SO_FAR = 0, 1
"""Of a release of a standing series: its first table has who was new, its second everybody."""


def headings_of(
    document: Mapping[str, Any],
    domains: Callable[[], Domains],
    tables: Sequence[ReleasedTable] | None = None,
) -> tuple[Heading, ...]:
    """A heading for each table of a release, or of a standing series that has none yet.

    Args:
        document: the release, its heading, or the series.
        domains: what can be asked about now, for the names of values.
        tables: of the release, read; without them there is no heading of what cannot be read.
    """
    found = _in_question(document, domains)
    if tables is not None and len(found) != len(tables):
        return tuple(Heading(table.title) for table in tables)
    return found


def _in_question(
    document: Mapping[str, Any], domains: Callable[[], Domains]
) -> tuple[Heading, ...]:
    question = question_of(document["question"])
    if question is None:
        return ()
    try:
        known = domains()
        found = tuple(heading_of(one, known) for one in question.tables)
    except CorridorError:  # of a charter that is gone
        return ()
    if question.turn is not None:
        named = document.get("series", {}).get("named")
        period = "" if named is None else value_words(str(named))
        return tuple(_of_series(found[0], which, period) for which in (NEW, SO_FAR))
    if document.get("scope") == "per-country":
        return tuple(map(_of_countries, found))
    return found


def _of_countries(one: Heading) -> Heading:
    title = gettext("%(what)s: each country's own figures", what=one.title)
    return replace(one, title=title, whole=title)


def _of_series(one: Heading, which: int, period: str) -> Heading:
    if period and which == NEW:
        title = gettext("%(what)s, counted first in %(period)s", what=one.title, period=period)
    elif period:
        title = gettext("%(what)s, counted up to %(period)s", what=one.title, period=period)
    else:
        new, so_far = gettext("counted first in the period"), gettext("all up to then")
        title = gettext(
            "%(what)s: %(which)s", what=one.title, which=new if which == NEW else so_far
        )
    return replace(one, title=title, whole=title)
