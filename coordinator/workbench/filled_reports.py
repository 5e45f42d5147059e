"""Pages of reports that are filled from an answer; each has a permanent address.

/releases/ID/reports/NAME              its tables, with intervals and coverage; ?country=… whose own
                                       figures, ?population=… for rates
/releases/ID/reports/NAME/pictures/N   what is drawn of its table N
/releases/ID/reports/NAME/files/FORM   the same as a file
"""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template, request, url_for
from werkzeug.exceptions import NotFound

from corridor.coordinator.downloads import as_download
from corridor.coordinator.pace import Pace
from corridor.coordinator.pictures.drawing import drawables
from corridor.coordinator.workbench.access import current_asker, current_reader
from corridor.coordinator.workbench.answer_words import CONSENT_RULES
from corridor.coordinator.workbench.answers import FILES_PER_MINUTE, LOOKS_PER_MINUTE
from corridor.coordinator.workbench.desks import Desks
from corridor.coordinator.workbench.following import words_of
from corridor.coordinator.workbench.forecasting import domains_of
from corridor.coordinator.workbench.report_tables import described_form, shown_form, shown_report
from corridor.errors.comparing import PopulationError
from corridor.pages.access import signed_in
from corridor.pages.languages import lazy_gettext as _l
from corridor.pages.refusals import said, status_of
from corridor.publishing.reports.drawing import is_of_values
from corridor.publishing.reports.files import REPORT_FORMS
from corridor.publishing.reports.filling import FilledReport, FilledTable
from corridor.publishing.tables import ReleasedTable, countries_of, tables_of

LONGEST_POPULATION = 2_000

REPORT_FORM_WORDS: Mapping[str, Any] = {
    "xlsx": _l("Excel workbook, a sheet for each table as the form has it"),
    "csv": _l("CSV, a file for each table with its metadata, in an archive"),
    "json": _l("JSON, everything in one document"),
}


FILLED = "/releases/<identifier>/reports/<name>"


def add_filled(views: Blueprint, desks: Desks) -> None:
    """Add these pages to those of reports."""
    looks = Pace(requests=LOOKS_PER_MINUTE, works=LOOKS_PER_MINUTE)
    files = Pace(requests=FILES_PER_MINUTE, works=FILES_PER_MINUTE)

    @views.get(FILLED)
    @signed_in
    def filled(identifier: str, name: str) -> Response:
        looks.demand(current_asker().name, works=True)
        document = desks.reports.release(identifier, current_reader())
        population, refusal = _population(), None
        country = _country(document)
        try:
            found = desks.reports.fill(name, document, country=country, population=population)
        except PopulationError as error:
            refusal = error
            found = desks.reports.fill(name, document, country=country, population="")
        page = render_template(
            "report_filled.html",
            document=document,
            words=words_of(desks, document),
            report=shown_report(found.report, domains_of(desks)),
            forms=[shown_form(table, number) for number, table in enumerate(found.tables, 1)],
            pictures_of=_pictures(found, document, country),
            country=country,
            countries=[one for one, _ in _countries(document)],
            population=population,
            refusal=None if refusal is None else said(refusal),
            files=REPORT_FORM_WORDS,
            consent_rules=CONSENT_RULES,
        )
        return make_response(page, 200 if refusal is None else status_of(refusal))

    @views.get(f"{FILLED}/pictures/<int:number>")
    @signed_in
    def picture(identifier: str, name: str, number: int) -> Response:
        looks.demand(current_asker().name, works=True)
        document = desks.reports.release(identifier, current_reader())
        found = desks.reports.fill(name, document, country=_country(document), population="")
        drawn = None
        if 1 <= number <= len(found.tables):
            drawn = described_form(found.tables[number - 1])
        if drawn is None:
            raise NotFound
        return jsonify(drawn)

    @views.get(f"{FILLED}/files/<form>")
    @signed_in
    def file(identifier: str, name: str, form: str) -> Response:
        files.demand(current_asker().name, works=True)
        document = desks.reports.release(identifier, current_reader())
        found = desks.reports.fill(
            name, document, country=_country(document), population=_population()
        )
        made = desks.reports.files(found, form)
        archive = f"corridor-{identifier}-{found.report.name}-{form}.zip"
        return as_download(archive, REPORT_FORMS[form].media_type, made)


def _population() -> str:
    return request.args.get("population", "")[:LONGEST_POPULATION].strip()


def _countries(document: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return countries_of(document) if "countries" in document else ()


def _country(document: Mapping[str, Any]) -> str | None:
    """Whose own figures fill the report; of figures of single countries the first by itself."""
    chosen = request.args.get("country") or None
    if chosen is None and (found := _countries(document)):
        return found[0][0]
    return chosen


def _pictures(
    found: FilledReport, document: Mapping[str, Any], country: str | None
) -> list[str | None]:
    """The address of each table's picture; None where it has none."""
    tables = tables_of(document)
    addresses: list[str | None] = []
    for number, table in enumerate(found.tables, 1):
        if is_of_values(table):
            addresses.append(_picture_of_release(found, table, tables, country))
        elif described_form(table) is None:
            addresses.append(None)
        else:
            addresses.append(
                url_for(
                    "reports.picture",
                    identifier=found.release,
                    name=found.report.name,
                    number=number,
                    country=country,
                )
            )
    return addresses


def _picture_of_release(
    found: FilledReport, table: FilledTable, tables: Sequence[ReleasedTable], country: str | None
) -> str | None:
    """Of flows the picture of the released table itself, unless it is of several countries."""
    drawn = () if country is not None else drawables(tables[table.number - 1])
    if not drawn:
        return None
    return url_for(
        "releases.picture", identifier=found.release, number=table.number, name=drawn[0].name
    )
