"""Which reports a question is asked for: those that its answer will fill.

A report's own question fits it, and so does any other with the same tables, if all of them have the
same conditions (docs/reports.md). Nothing of a release is read: what fits is known before it is
answered.
"""

from corridor.publishing.reports.definitions import Report, Reports, table_key
from corridor.queries.question import CountPersons, Question


def reports_of(reports: Reports, question: Question) -> tuple[Report, ...]:
    """The reports that an answer to the question fills, in order; none of a standing series."""
    return tuple(one for one in reports.values() if fits(one, question))


def fits(report: Report, question: Question) -> bool:
    """Whether an answer to the question holds every table that the report is filled from."""
    if question.turn is not None:
        return False
    wanted = {
        (table_key(form.table.source, form.table.group_by), form.table.max_cells)
        for form in report.forms
    }
    keys = {key for key, _ in wanted}
    found = [
        (table_key(table.source, table.group_by), table.max_cells, table.where)
        for table in question.tables
        if isinstance(table.measure, CountPersons) and table.max_rows == 1
    ]
    used = [one for one in found if one[0] in keys]
    return (
        len(used) == len(keys)
        and {(key, cells) for key, cells, _ in used} == wanted
        and len({where for _, _, where in used}) == 1
    )
