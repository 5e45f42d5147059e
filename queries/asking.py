"""From an indicator and its parameters to a question.

A parameter's text is one value, several with commas between them, for dates also a range as in
`2020..2024` (an end may be left open), or `all` for no condition.
"""

import difflib
from collections.abc import Mapping

from corridor.errors.questions import (
    IndicatorParameterError,
    QuestionError,
    UnavailableIndicatorError,
)
from corridor.queries.catalogue import DomainKind, Field, Source
from corridor.queries.conditions import histogram, is_between, is_one_of, make_table
from corridor.queries.domains import Domains
from corridor.queries.indicators import Indicator, IndicatorTable
from corridor.queries.predicates import Predicate
from corridor.queries.question import (
    CountPersons,
    Measure,
    Question,
    TableQuestion,
    make_question,
)

ALL = "all"
"""The text of a parameter that sets no condition."""

MOST_CHARACTERS = 5_000


def indicator_question(domains: Domains, name: str, values: Mapping[str, str]) -> Question:
    """The question that the indicator stands for, with these parameters and defaults for others.

    Raises:
        UnknownIndicatorError: there is none of that name.
        UnavailableIndicatorError: it needs a measure that is not built yet.
        IndicatorParameterError: a parameter is unknown, or its text is not understood.
            Nothing was spent in any of these cases.
    """
    return question_of(domains, domains.catalogue.indicator(name), values)


def question_of(domains: Domains, indicator: Indicator, values: Mapping[str, str]) -> Question:
    """The question that this indicator stands for, as `indicator_question` makes it.

    Raises:
        UnavailableIndicatorError, IndicatorParameterError: as that says.
    """
    if not indicator.is_available:
        raise UnavailableIndicatorError(name=indicator.name, missing=indicator.waits_for)
    chosen = {parameter.name: parameter.default for parameter in indicator.parameters}
    for parameter, text in values.items():
        _check_parameter(indicator, parameter, text)
        chosen[parameter] = text
    return make_question(*(_table(domains, indicator, one, chosen) for one in indicator.tables))


def _check_parameter(indicator: Indicator, name: str, text: str) -> None:
    names = [parameter.name for parameter in indicator.parameters]
    if name not in names:
        near = difflib.get_close_matches(name[:60], names, n=1)
        raise IndicatorParameterError(
            f"indicator {indicator.name} has no parameter {name[:60]!r}",
            f"did you mean {near[0]}?" if near else f"its parameters are {', '.join(names)}",
        )
    if len(text) > MOST_CHARACTERS:
        raise IndicatorParameterError(
            f"indicator {indicator.name}, parameter {name}: the text has {len(text)} characters",
            f"at most {MOST_CHARACTERS} are read",
        )


def _table(
    domains: Domains, indicator: Indicator, table: IndicatorTable, chosen: Mapping[str, str]
) -> TableQuestion:
    source = Source(table.source)
    conditions = []
    for alias, parameter in table.where.items():
        if chosen[parameter].strip() != ALL:
            field = domains.field(alias, source)
            try:
                conditions.append(_condition(domains, field, chosen[parameter]))
            except QuestionError as error:
                raise IndicatorParameterError(
                    f"indicator {indicator.name}, parameter {parameter}: {error.problem}",
                    error.remedy,
                ) from error
    measure: Measure = CountPersons()
    if table.bands is not None:
        name, low, high, width = table.bands
        measure = histogram(domains.field(name, source), low, high, width)
    return make_table(
        domains,
        source,
        measure,
        where=conditions,
        group_by=[domains.field(alias, source) for alias in table.group_by],
        max_cells=table.max_cells,
    )


def _condition(domains: Domains, field: Field, text: str) -> Predicate:
    if field.kind is DomainKind.TIME and ".." in text:
        low, _, high = (part.strip() for part in text.partition(".."))
        return is_between(domains, field, low or None, high or None)
    return is_one_of(domains, field, [part.strip() for part in text.split(",")])
