"""What files, consent rules, views and notes of an answer are called, in every language."""

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final, assert_never

from corridor.coordinator.pictures.field_words import field_words, value_words
from corridor.coordinator.pictures.table_words import MEASURES
from corridor.coordinator.workbench.figures import percent
from corridor.pages.languages import gettext, listed
from corridor.pages.languages import lazy_gettext as _l
from corridor.queries.views import Change, Quantile, RatioOf, ShareOf, Top, Trend, View

FORM_WORDS: Final[Mapping[str, Any]] = {
    "csv": _l("CSV, for any program (with its metadata, in an archive)"),
    "xlsx": _l("Excel workbook"),
    "parquet": _l("Parquet, for large tables"),
    "arrow": _l("Arrow"),
    "jsonstat": _l("JSON-stat, for statistical offices"),
    "sdmx-csv": _l("SDMX-CSV"),
    "sdmx-json": _l("SDMX-JSON"),
    "json": _l("JSON, everything as it was released"),
}

CONSENT_RULES: Final[Mapping[str, Any]] = {
    "htcds-consent": _l("only cases with consent to share"),
    "other-legal-basis": _l("cases without consent too, on another legal basis"),
}

SURE = 0.95

_COLUMNS: Final[Mapping[str, Any]] = {
    "change": _l("Change"),
    "relative": _l("Relative change"),
    "share": _l("Share"),
    "ratio": _l("Ratio"),
    "rank": _l("Rank"),
    "median": _l("Median"),
}

_NOTES: Final[tuple[tuple[re.Pattern[str], Callable[..., str]], ...]] = (
    (
        re.compile("a change whose interval holds 0 is no evidence.*"),
        lambda: gettext(
            "A change whose interval holds 0 is no evidence of a change, and of twenty intervals "
            "one misses by chance. They know of the noise alone, not of cases being found more or "
            "less often."
        ),
    ),
    (
        re.compile(r"the slope of the straight line through (\d+) values;.*"),
        lambda count: gettext(
            "The slope of the straight line through %(count)s values. Its interval knows of the "
            "noise alone, not of how far from straight the true course is.",
            count=count,
        ),
    ),
    (
        re.compile("of those whose .* is known; the interval is of whole bands.*"),
        lambda: gettext(
            "Of those for whom it is known. The interval is of whole bands, and covers %(sure)s or "
            "more.",
            sure=percent(SURE),
        ),
    ),
    (
        re.compile("of those whose .* is known"),
        lambda: gettext("Of those for whom it is known."),
    ),
    (
        re.compile(r"a person counts up to (\d+) times, so shares are of mentions"),
        lambda count: gettext(
            "A person counts up to %(count)s times, so shares are of mentions.", count=count
        ),
    ),
    (
        re.compile("whether these are the largest, and in which order, is not known.*"),
        lambda: gettext(
            "Whether these are the largest, and in which order, is not known: they are too close "
            "to others."
        ),
    ),
    (
        re.compile("these are the largest with probability ≥ (.*?) %; in which order.*"),
        lambda sure: gettext(
            "These are the largest with a probability of at least %(sure)s %%. In which order is "
            "not known: they are too close to each other.",
            sure=sure,
        ),
    ),
    (
        re.compile("these are the largest with probability ≥ (.*?) %, in this order ≥ (.*?) %"),
        lambda sure, order: gettext(
            "These are the largest with a probability of at least %(sure)s %%, and in this order "
            "with at least %(order)s %%.",
            sure=sure,
            order=order,
        ),
    ),
    (
        re.compile("all ranges of ranks hold together with 95 %;.*"),
        lambda: gettext(
            "All ranges of ranks hold together with %(sure)s. "
            "Cells of unknown values have no rank.",
            sure=percent(SURE),
        ),
    ),
)


def note_words(note: str) -> str:
    """A note of `publishing.views` in the language of this request."""
    for pattern, say in _NOTES:
        if (found := pattern.fullmatch(note)) is not None:
            return say(*found.groups())
    return note


def column_words(column: str) -> str:
    """What a column of a view is called."""
    if (known := _COLUMNS.get(column) or MEASURES.get(column)) is not None:
        return str(known)
    if column.startswith("per "):
        return gettext("Per period (%(field)s)", field=field_words(column.removeprefix("per ")))
    if column.startswith("quantile "):
        return gettext("Quantile %(level)s", level=column.removeprefix("quantile "))
    return column


def view_words(view: View, labels: Mapping[str, str]) -> str:
    """What a view shows; `labels` are the English ones of its table's values."""

    def words(value: str) -> str:
        return value_words(value, labels.get(value, ""))

    match view:
        case Top(count):
            return gettext("The %(count)s largest", count=count)
        case ShareOf(field, values):
            names = listed([words(value) for value in values])
            return gettext("Share: %(field)s %(values)s", field=field_words(field), values=names)
        case RatioOf(field, over, under):
            return gettext(
                "Ratio: %(field)s %(over)s for each %(under)s",
                field=field_words(field),
                over=words(over),
                under=words(under),
            )
        case Change(field):
            return gettext("Change: %(field)s", field=field_words(field))
        case Trend(field):
            return gettext("Trend: %(field)s", field=field_words(field))
        case Quantile(level):
            half = level == Fraction(1, 2)
            return gettext("Median") if half else gettext("Quantile %(level)s", level=float(level))
        case _:
            assert_never(view)
