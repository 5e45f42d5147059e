"""How exact the figures of a report's forms will be, before anything is asked.

    margins_before(report, tables) → FormMargins ── least and widest margin of a form's figures

A report is priced by the single cells of its question; most figures of its forms are sums of
several of them, so their margins are wider. They are not estimated here: an answer in which nothing
was counted is filled into the form by the code that fills the real one, and margins do not depend
on what was counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corridor.privacy.reliability import caution_up_to
from corridor.publishing.reports.definitions import Form, Report
from corridor.publishing.reports.filling import margins_of


@dataclass(frozen=True, slots=True, kw_only=True)
class FormMargins:
    """Of one table of a report's form, the margins of its figures.

    Attributes:
        figures: how many stand in it; of flows, how many may.
        least, widest: the 95 % half-widths between which those of all its figures lie.
    """

    form: Form
    figures: int
    least: float
    widest: float

    @property
    def quotable_from(self) -> tuple[float, float]:
        """From how many persons on its most and its least exact figures would be shown."""
        most = caution_up_to(self.figures)
        return self.least / most, self.widest / most

    def to_json(self) -> dict[str, object]:
        """The same for programs."""
        return {
            "id": self.form.id,
            "title": self.form.title,
            "figures": self.figures,
            "least_margin": self.least,
            "widest_margin": self.widest,
        }


def margins_before(report: Report, tables: Sequence[Mapping[str, Any]]) -> tuple[FormMargins, ...]:
    """Of each table of the report's form, how exact its figures would be.

    A form of which no figure would be left, under the conditions that were chosen, has none here.

    Args:
        report: which.
        tables: of an answer to its question in which nothing was counted
            (`queries.forecast.blank_tables`).

    Raises:
        ReportDoesNotFitError: they are of another question.
    """
    return tuple(
        FormMargins(form=form, figures=len(found), least=min(found), widest=max(found))
        for form, found in margins_of(report, tables)
        if found
    )
