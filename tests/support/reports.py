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


def crosswalk_in_words() -> str:
    """The crosswalk of every report as `docs/reports.md` has it."""
    used: dict[str, list[str]] = {}
    known = {}
    for report in reports().values():
        for one in report.classifications:
            known[one.id] = one
            used.setdefault(one.id, []).append(report.name)
    lines = []
    for one in known.values():
        lines += [
            "",
            f"### {one.label}: {', '.join(used[one.id])}",
            f"From `{one.htcds}` (`{one.field}`).",
            "",
            "| HTCDS | category | what is lost |",
            "|---|---|---|",
        ]
        if one.each:
            lines.append(f"| each value | the same | {one.lost} |")
        for category in one.all_categories():
            codes = "all others" if category is one.rest else ", ".join(category.codes)
            lines.append(f"| {codes} | {category.label} | {category.lost or '–'} |")
    return "\n".join(lines).strip() + "\n"


def gaps_in_words() -> str:
    """What no report can fill, as `docs/reports.md` has it."""
    lines = ["| report | what its form asks | why it is not filled |", "|---|---|---|"]
    lines += [
        f"| `{report.name}` | {one.what} | {one.why} |"
        for report in reports().values()
        for one in report.cannot
    ]
    return "\n".join(lines) + "\n"
