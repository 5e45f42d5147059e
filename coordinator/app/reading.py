"""Makes the desks that read releases: reports, comparisons, alerts."""

from importlib.resources import files

from corridor.coordinator.charter_desk import CharterDesk
from corridor.coordinator.question_desk import QuestionDesk
from corridor.coordinator.reading_desk import ReadingDesk
from corridor.coordinator.releases import ReleaseDesk
from corridor.coordinator.report_desk import ReportDesk
from corridor.coordinator.series_desk import SeriesDesk
from corridor.publishing.reports.definitions import parse_reports
from corridor.queries.catalogue import Catalogue


def make_report_desk(
    catalogue: Catalogue, questions: QuestionDesk, releases: ReleaseDesk, charters: CharterDesk
) -> ReportDesk:
    """The desk of the packaged reports."""
    return ReportDesk(
        reports=parse_reports(_read_report),
        catalogue=catalogue,
        charters=charters,
        questions=questions,
        releases=releases,
    )


def make_reading_desk(releases: ReleaseDesk, series: SeriesDesk) -> ReadingDesk:
    """The desk of comparisons and alerts."""
    return ReadingDesk(releases=releases, series=series)


def _read_report(name: str) -> str:
    return (files("corridor.publishing") / "reports" / "data" / name).read_text("utf-8")
