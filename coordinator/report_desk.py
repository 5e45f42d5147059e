"""Decides about ready-made reports: which there are, what they ask, asking them, filling them.

A report is asked as one question (`publishing.reports`), which the question desk prices, takes and
shows as any other. Whoever has a release of it fills the report as often as they like.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from corridor.coordinator.charter_desk import CharterDesk
from corridor.coordinator.question_desk import AskRequest, Foreseen, QuestionDesk
from corridor.coordinator.releases import ReleaseDesk
from corridor.coordinator.repeats import Repeatable
from corridor.coordinator.seeing import Reader
from corridor.coordinator.tokens import TokenHolder
from corridor.errors.comparing import ReportFormError
from corridor.publishing.formats.document import Document
from corridor.publishing.reports.asking import report_document
from corridor.publishing.reports.definitions import Report, Reports, report_named
from corridor.publishing.reports.files import REPORT_FORMS
from corridor.publishing.reports.filling import FilledReport, fill, parse_population
from corridor.publishing.reports.fitting import reports_of
from corridor.publishing.reports.forecasting import FormMargins, margins_before
from corridor.queries.catalogue import Catalogue
from corridor.queries.domains import make_domains
from corridor.queries.question import Question

Shown = dict[str, Any]
"""An object of the REST API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDesk:
    """Lists, asks and fills reports."""

    reports: Reports
    catalogue: Catalogue
    charters: CharterDesk
    questions: QuestionDesk
    releases: ReleaseDesk

    def listing(self) -> list[Shown]:
        """Every report, in order."""
        return [one.to_json() for one in self.reports.values()]

    def show(self, name: str) -> Shown:
        """A report: what it asks, its form, the crosswalk, what it cannot fill.

        Raises:
            UnknownReportError: there is none of this name.
        """
        return report_named(self.reports, name).in_full()

    def filled_by(self, question: Question) -> tuple[Report, ...]:
        """The reports that an answer to this question fills."""
        return reports_of(self.reports, question)

    def forecast(self, name: str, request: AskRequest) -> Shown:
        """What the report would cost and how exact it would be. Spends nothing.

        Raises:
            CorridorError: it could not be asked, and why.
        """
        foreseen = self.questions.foresee(self._asked(name, request))
        forms = self.margins_before(report_named(self.reports, name), foreseen)
        return {**foreseen.shown, "forms": [one.to_json() for one in forms]}

    def margins_before(self, report: Report, foreseen: Foreseen) -> tuple[FormMargins, ...]:
        """Of each table of the report's form, how exact its own figures would be."""
        return margins_before(report, foreseen.blank_tables())

    def ask(
        self,
        name: str,
        request: AskRequest,
        holder: TokenHolder,
        repeatable: Repeatable | None = None,
    ) -> Shown:
        """The place of the report's question: released already, waiting already, or in line now.

        Args:
            name: of the report.
            request: its parameters and price.
            holder: who asks.
            repeatable: as the question desk takes it.

        Raises:
            CorridorError: it cannot be asked, and why. Nothing was spent.
        """
        return self.questions.ask(self._asked(name, request), holder, repeatable)

    def release(self, identifier: str, reader: Reader) -> Mapping[str, Any]:
        """What reports are filled from, as far as the reader sees it.

        Raises:
            UnknownReleaseError: none has this id.
        """
        found: Mapping[str, Any] = json.loads(self.releases.document(identifier, reader))
        return found

    def fill(
        self, name: str, release: Mapping[str, Any], *, country: str | None, population: str
    ) -> FilledReport:
        """The report filled from a release: its files say of it what `release` says.

        Args:
            name: of the report.
            release: as its reader sees it.
            country: of figures of single countries, whose.
            population: for rates, as `total=19000000,female=9700000`.

        Raises:
            UnknownReportError: there is no such report.
            ReportDoesNotFitError, PopulationError: it cannot be filled so, and why.
        """
        report = report_named(self.reports, name)
        return fill(report, release, country=country, population=parse_population(population))

    def files(self, filled: FilledReport, form: str) -> tuple[Document, ...]:
        """The filled report in a form of file.

        Raises:
            ReportFormError: there is no such form.
        """
        if form not in REPORT_FORMS:
            raise ReportFormError(form, REPORT_FORMS)
        chosen = REPORT_FORMS[form]
        name = f"corridor-{filled.release}-{filled.report.name}{chosen.suffix}"
        return tuple(chosen.write(filled, name))

    def _asked(self, name: str, request: AskRequest) -> AskRequest:
        """The request for the report's question, in canonical form."""
        report = report_named(self.reports, name)
        domains = make_domains(self.catalogue, self.charters.in_force())
        document = report_document(domains, report, _texts(request.parameters))
        return replace(request, question=document, parameters={})


def _texts(parameters: Mapping[str, Any]) -> Mapping[str, str]:
    return {name: str(value) for name, value in parameters.items()}
