"""From a report and its parameters to its one question, whose tables share one budget.

One ρ pays for all of them. Tables by fields of one value each are counted together besides
(`queries.joint`): nobody pays again for what another of them holds, and their totals agree. Those
by form of exploitation or citizenship, of which a person may have several, have noise of their own.
"""

from collections.abc import Mapping
from typing import Any

from corridor.protocols import canonical
from corridor.publishing.reports.definitions import Report
from corridor.queries.asking import question_of
from corridor.queries.domains import Domains
from corridor.queries.question import Question


def report_question(domains: Domains, report: Report, values: Mapping[str, str]) -> Question:
    """The question of a report, with these parameters and defaults for the others.

    Raises:
        IndicatorParameterError: a parameter is unknown, or its text is not understood.
            Nothing was spent.
    """
    return question_of(domains, report.indicator, values)


def report_document(
    domains: Domains, report: Report, values: Mapping[str, str]
) -> Mapping[str, Any]:
    """The same question as a document in canonical form.

    Raises:
        IndicatorParameterError: as `report_question`.
    """
    found = canonical.decode(report_question(domains, report, values).encode(), "question")
    assert isinstance(found, Mapping)  # noqa: S101 - a question's form is an object
    return found
