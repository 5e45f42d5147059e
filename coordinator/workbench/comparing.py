"""Routes side by side: which cells are compared, what the data say of each pair, what changed.

/releases/ID/compare                       the cells of the table to choose from
/releases/ID/compare?cells=…&cells=…       their comparison; `&earlier=ID` with another release
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, make_response, render_template, request

from corridor.coordinator.pace import Pace
from corridor.coordinator.pages import Page
from corridor.coordinator.pictures.field_words import field_words, value_words
from corridor.coordinator.pictures.question_words import Heading
from corridor.coordinator.pictures.table_words import headings_of
from corridor.coordinator.workbench import figures
from corridor.coordinator.workbench.access import current_asker
from corridor.coordinator.workbench.desks import Desks
from corridor.errors.comparing import ComparisonError
from corridor.pages.access import signed_in
from corridor.pages.languages import gettext, listed
from corridor.pages.languages import to_translate as _l
from corridor.pages.refusals import said
from corridor.publishing.comparing import Comparison, Note, Sentence, Verdict
from corridor.publishing.groups import FROM, TO, Wanted, parse_groups
from corridor.publishing.many_cells import largest
from corridor.publishing.tables import COUNTED_BY, Cell, ReleasedTable, tables_of

LOOKS_PER_MINUTE = 60
MOST_LOOKED_AT = 200
"""Among so many of the newest answers earlier ones of the same question are looked for."""

MOST_CHOICES = 60
"""So many cells stand in the form, the largest that may be quoted; an address may name any."""

SENTENCES: Final[Mapping[Verdict, str]] = {
    Verdict.LARGER: _l(
        "The data tell them apart: %(larger)s is larger than %(smaller)s by %(by)s."
    ),
    Verdict.NOT_APART: _l(
        "%(first)s and %(second)s cannot be told apart: the difference lies between %(low)s and "
        "%(high)s."
    ),
    Verdict.TOO_UNCERTAIN: _l("%(first)s and %(second)s are too uncertain to be compared."),
    Verdict.ROSE: _l("%(name)s rose from %(start)s to %(end)s by %(by)s."),
    Verdict.FELL: _l("%(name)s fell from %(start)s to %(end)s by %(by)s."),
    Verdict.NO_CHANGE_SEEN: _l(
        "No change of %(name)s from %(start)s to %(end)s can be told: it lies between %(low)s and "
        "%(high)s."
    ),
    Verdict.CHANGE_TOO_UNCERTAIN: _l(
        "%(name)s is too uncertain in %(start)s and %(end)s for a change to be told."
    ),
}

NOTES: Final[Mapping[Note, str]] = {
    Note.DETECTED: _l(
        "Detected is not prevalence: a rise may be better identification. The intervals know of "
        "the noise alone."
    ),
    Note.TOGETHER: _l("All differences hold together with 95 %, and so do all changes."),
    Note.WIDER: _l(
        "How the noise of two tables of one answer hangs together is not told, so the interval of "
        "their difference is the widest that it can be."
    ),
    Note.SAME_SERIES: _l(
        "Releases of one series hold the same noise in part; these intervals take account of it."
    ),
    Note.MENTIONS: _l("A person counts in several cells, so figures are of mentions."),
    Note.OTHER_CONDITIONS: _l("The figures were counted under different conditions."),
    Note.OVERLAP: _l("Groups share cells, whose noise is in both."),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A cell that can be compared: how it stands in an address, what it is called, its figure."""

    text: str
    words: str
    figure: str


Choices = Sequence[tuple[Heading, Sequence[Choice]]]
"""The cells of each table that can be chosen, under its heading."""


def comparing_views(desks: Desks) -> Blueprint:
    """/releases/ID/compare."""
    views = Blueprint("comparing", __name__)
    pace = Pace(requests=LOOKS_PER_MINUTE, works=LOOKS_PER_MINUTE)

    @views.get("/releases/<identifier>/compare")
    @signed_in
    def page(identifier: str) -> Response:
        pace.demand(current_asker().name, works=True)
        document = json.loads(desks.releases.document(identifier))
        chosen = list(dict.fromkeys(request.args.getlist("cells")))
        earlier = request.args.get("earlier") or None
        tables = tables_of(document)
        labels = labels_of(tables)
        headings = headings_of(document, desks.questions.domains, tables)
        choices = [
            (heading, choices_of(table)) for heading, table in zip(headings, tables, strict=True)
        ]
        alone = alone_in(chosen, choices)
        compared, refusal = None, None
        if chosen:
            try:
                text = "; ".join(chosen)
                names = [in_words(one, labels) for one in parse_groups(text)]
                found = desks.reading.compare(identifier, text, table=None, earlier=earlier)
                compared = _told(found, names)
            except ComparisonError as error:
                # One alone has nothing to be compared with: the page says what else to choose.
                refusal = None if alone and earlier is None else said(error)
        shown = render_template(
            "compare.html",
            document=document,
            choices=choices,
            chosen=frozenset(chosen),
            alone=alone,
            example=example_of(choices),
            others=_others(desks, document),
            earlier=earlier,
            compared=compared,
            refusal=refusal,
        )
        return make_response(shown, 422 if refusal else 200)

    return views


def alone_in(chosen: Sequence[str], choices: Choices) -> str:
    """The one figure of the form that is chosen, in words; empty where none is, or several are."""
    named = {one.text: one.words for _heading, offered in choices for one in offered}
    return named.get(chosen[0], "") if len(chosen) == 1 else ""


def example_of(choices: Choices) -> tuple[Choice, ...]:
    """The two largest of the first table that has two, to begin with; empty where none has."""
    return next((tuple(ones[:2]) for _, ones in choices if len(ones) > 1), ())


def choices_of(table: ReleasedTable) -> list[Choice]:
    """The cells of a table that may be quoted, the largest first."""
    if not table.axes or any(axis.name == COUNTED_BY for axis in table.axes):
        return []
    labels = labels_of([table])
    return [_choice(table, cell, labels) for cell in largest(table, MOST_CHOICES)]


def _choice(table: ReleasedTable, cell: Cell, labels: Mapping[str, str]) -> Choice:
    wanted = tuple(
        (axis.name, (value,)) for axis, value in zip(table.axes, cell.values, strict=True)
    )
    text = ",".join(f"{field}={value}" for field, (value,) in wanted)
    return Choice(text, in_words(wanted, labels), figures.figure(cell))


def labels_of(tables: Iterable[ReleasedTable]) -> Mapping[str, str]:
    """What the standard calls the values of these tables."""
    return {
        value: label
        for table in tables
        for axis in table.axes
        for value, label in zip(axis.values, axis.labels, strict=True)
    }


def in_words(wanted: Wanted, labels: Mapping[str, str]) -> str:
    """What a group of cells is called: a corridor with an arrow, anything else by its values."""
    named = {
        field: listed([value_words(one, labels.get(one, "")) for one in values])
        for field, values in wanted
    }
    if {FROM, TO} <= named.keys():
        corridor = f"{named.pop(FROM)} → {named.pop(TO)}"
        return " · ".join([corridor, *named.values()])
    # One end of a journey alone is called by its field: both ends have the same countries.
    return " · ".join(
        f"{words} ({field_words(field, field)})" if field in {FROM, TO} else words
        for field, words in named.items()
    )


def _told(found: Comparison, names: Sequence[str]) -> dict[str, object]:
    """The comparison with every word in the reader's language."""
    known = {side.label: name for side, name in zip(found.sides, names, strict=True)}
    return {
        "sides": [
            {"name": name, "figure": figures.estimate(side.estimate), "when": side.when}
            for side, name in zip(found.sides, names, strict=True)
        ],
        "differences": [_sentence(one.sentence, known) for one in found.differences],
        "changes": [_sentence(one.sentence, known) for one in found.changes],
        "notes": [gettext(NOTES[note]) for note in found.notes],
    }


def _sentence(sentence: Sentence, names: Mapping[str, str]) -> dict[str, object]:
    words: dict[str, str] = {}
    for gap, value in sentence.values.items():
        words[gap] = names.get(value, value) if isinstance(value, str) else ""
    low, high = sentence.values.get("low"), sentence.values.get("high")
    if isinstance(low, float) and isinstance(high, float):
        words["low"], words["high"] = figures.ends(low, high)
        words["by"] = gettext("%(low)s to %(high)s", low=words["low"], high=words["high"])
    is_told = sentence.key in {Verdict.LARGER, Verdict.ROSE, Verdict.FELL}
    return {"text": gettext(SENTENCES[sentence.key], **words), "is_told": is_told}


def _others(desks: Desks, document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Earlier answers of the same question: what was released before with the same digest."""
    digest = document["question_digest"]
    return [
        one
        for one in desks.releases.listing(Page(MOST_LOOKED_AT))
        if one.get("question_digest") == digest
        and one["scope"] == document["scope"]
        and one["published_at"] < document["published_at"]
    ]
