"""What a released table shows, in every language.

    title_words    what is counted, by what
    titles_of      the same of each table of a release, with the conditions

A picture leaves its page as a file, and a page may show no more of a question than its tables: so a
title has the conditions. Where this version cannot read the question the release's own title, which
is English, is better than one without them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from corridor.coordinator.pictures.field_words import field_words, value_words, within
from corridor.coordinator.pictures.question_words import condition_words, question_of
from corridor.errors import CorridorError
from corridor.pages.languages import gettext
from corridor.pages.languages import lazy_gettext as _l
from corridor.publishing.tables import ReleasedTable
from corridor.queries.domains import Domains
from corridor.queries.question import Question

MEASURES: Final[Mapping[str, Any]] = {
    "persons": _l("Persons"),
    "rows": _l("Rows"),
    "mean": _l("Mean"),
    "sum": _l("Sum"),
}


def title_words(table: ReleasedTable) -> str:
    """What the table shows; under which conditions, the question says."""
    what = str(MEASURES.get(table.measure, table.measure))
    if not table.axes:
        return what
    fields = " × ".join(within(field_words(axis.name, axis.label)) for axis in table.axes)
    return gettext("%(what)s by %(fields)s", what=what, fields=fields)


def titles_of(
    release: Mapping[str, Any], tables: Sequence[ReleasedTable], domains: Callable[[], Domains]
) -> tuple[str, ...]:
    """A title for each of the release's tables.

    Args:
        release: the document.
        tables: its tables, read.
        domains: what can be asked about now, for the names of values.
    """
    question = question_of(release["question"])
    conditions = None if question is None else _conditions(question, len(tables), domains)
    if conditions is None:
        return tuple(table.title for table in tables)
    titles = []
    for number, (table, condition) in enumerate(zip(tables, conditions, strict=True)):
        words = title_words(table)
        if "series" in release:
            words = _of_series(words, number, value_words(str(release["series"]["named"])))
        if condition:
            words = gettext("%(what)s, where %(condition)s", what=words, condition=condition)
        titles.append(words)
    return tuple(titles)


def _conditions(
    question: Question, tables: int, domains: Callable[[], Domains]
) -> tuple[str, ...] | None:
    """The condition of each table; None where they cannot be told."""
    asked = question.tables
    if len(asked) == 1:  # a release of a series has two tables of one question
        asked = asked * tables
    if len(asked) != tables:
        return None
    try:
        known = domains()
        return tuple(condition_words(one.where, known) for one in asked)
    except CorridorError:  # of a charter that is gone
        return None


def _of_series(words: str, number: int, period: str) -> str:
    """Of a release of a standing series: its first table has who was new, its second everybody."""
    if number == 0:
        return gettext("%(what)s, counted first in %(period)s", what=words, period=period)
    return gettext("%(what)s, counted up to %(period)s", what=words, period=period)
