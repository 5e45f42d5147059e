"""The first page: the region in a sentence, what runs, what is new, what is left to be spent."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flask import Blueprint, render_template

from corridor.coordinator.attempts import State
from corridor.coordinator.pages import Page
from corridor.coordinator.pictures.question_words import Heading
from corridor.coordinator.workbench.access import current_reader
from corridor.coordinator.workbench.alert_words import SeriesNews, alert_words
from corridor.coordinator.workbench.desks import Desks
from corridor.coordinator.workbench.following import words_of
from corridor.coordinator.workbench.forecasting import why_missing
from corridor.coordinator.workbench.progress_words import STATES
from corridor.coordinator.workbench.standing import series_under_way
from corridor.pages.access import signed_in
from corridor.pages.languages import ngettext

NEWEST = 5
LOOKED_AT = 50
"""So many of the newest questions are looked through for those that are under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What one authority has left.

    Attributes:
        width: of what was allowed, the part that is left, 0 to 100; None where that is not known.
        why: it would not be asked now; empty where it would be.
    """

    country: str
    year: Fraction | None
    all_time: Fraction | None
    width: float | None
    why: str


def overview_views(desks: Desks, news: SeriesNews) -> Blueprint:
    """/."""
    views = Blueprint("overview", __name__)

    @views.get("/")
    @signed_in
    def home() -> str:
        region, reader = desks.region.describe(), current_reader()
        under_way = {State.QUEUED, State.RUNNING, State.WAITING}
        asked = desks.questions.listing(Page(LOOKED_AT), reader=reader)
        members = region["members"]
        ready = sum(bool(one["ready"]) for one in members)
        return render_template(
            "home.html",
            region=region,
            ready_words=ngettext(
                "%(num)s authority is ready to answer",
                "%(num)s authorities are ready to answer",
                ready,
            ),
            running=[(one, words_of(desks, one)) for one in asked if one["state"] in under_way],
            answers=[
                (one, words_of(desks, one)) for one in desks.releases.listing(Page(NEWEST), reader)
            ],
            failed=[
                (one, words_of(desks, one))
                for one in asked[: 4 * NEWEST]
                if one["state"] == State.FAILED
            ][:NEWEST],
            changed=[
                (*_series_words(desks, one), list(map(alert_words, alerts)))
                for one, alerts in news.changed()
            ],
            series=series_under_way(desks),
            allowances=[_allowance(one) for one in members if one["listed"]],
            states=STATES,
        )

    return views


def _series_words(desks: Desks, series: Mapping[str, Any]) -> tuple[tuple[Heading, ...], str]:
    """What a standing series counts, and the release that says what changed."""
    return words_of(desks, series), str(series["releases"][-1]["release_id"])


def _allowance(member: dict[str, str | None]) -> Allowance:
    year, all_time = member["remaining_year"], member["remaining_all_time"]
    width = None
    if all_time is not None:
        left, spent = Fraction(all_time), Fraction(member["spent"] or 0)
        whole = left + spent
        width = round(float(100 * left / whole), 1) if whole > 0 else 0.0
    return Allowance(
        country=str(member["country"]),
        year=None if year is None else Fraction(year),
        all_time=None if all_time is None else Fraction(all_time),
        width=width,
        why="" if member["ready"] else why_missing(member),
    )
