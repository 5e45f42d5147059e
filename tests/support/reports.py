"""The packaged reports, for tests."""

from functools import cache
from math import prod
from pathlib import Path
from typing import Any

from corridor.publishing.reports.asking import report_question
from corridor.publishing.reports.definitions import Report, Reports, parse_reports
from support.catalogue import REGION, domains
from support.releases import make_release, make_table

DATA = Path(__file__).parents[2] / "publishing" / "reports" / "data"


@cache
def reports() -> Reports:
    """The reports that are shipped."""
    return parse_reports(lambda name: (DATA / name).read_text("utf-8"))


SIGMA = 4.0


def release_for(report: Report, **changes: Any) -> dict[str, Any]:
    """A release that answers the report's question: cell number n of a table holds 100 + n."""
    found = []
    for table in report_question(domains(countries=REGION), report, {}).tables:
        axes = [axis_of(name) for name in table.group_by]
        size = prod(len(axis["values"]) for axis in axes)
        found.append(
            make_table(
                title=f"Persons by {' × '.join(table.group_by)}; trafficking status Actual victim",
                source=table.source.value,
                max_cells=table.max_cells,
                axes=axes,
                values=[100.0 + number for number in range(size)],
                margin=1.959964 * SIGMA,
                non_negative=None,
                totals=None,
                covariances=[0.0] * ((1 << len(axes)) - 1) + [SIGMA**2],
            )
        )
    return make_release(tables=found, **changes)


def axis_of(name: str) -> dict[str, Any]:
    """The axis of a field, with the values of a small region."""
    known = domains(countries=REGION)
    field = known.catalogue.field(name)
    values = known.values(field)
    return {
        "name": name,
        "label": field.label,
        "values": list(values),
        "labels": [known.label(field, value) for value in values],
    }
