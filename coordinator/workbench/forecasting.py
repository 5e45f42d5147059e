"""What a draft would cost and give, as a page shows it; nothing is spent.

`look` asks the question desk, and keeps what could not be read beside what could: an accuracy that
is too dear still has its question in words, and the ladder of what others would cost.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any, Protocol

from corridor.coordinator.pictures.question_words import (
    NO_SQL,
    Heading,
    as_sql,
    heading_of,
    in_words,
)
from corridor.coordinator.question_desk import AskRequest
from corridor.coordinator.workbench import figures
from corridor.coordinator.workbench.desks import Desks
from corridor.coordinator.workbench.report_words import told
from corridor.errors import CorridorError
from corridor.errors.questions import QuestionError
from corridor.errors.region import NoCharterError
from corridor.pages.languages import gettext, ngettext
from corridor.privacy.reliability import RELIABLE_UP_TO, caution_up_to
from corridor.publishing.reports.definitions import Report
from corridor.publishing.reports.forecasting import FormMargins
from corridor.queries.domains import Domains
from corridor.queries.sql import Asked
from corridor.queries.sql_text import Written
from corridor.queries.victims import counts_everybody

LADDER = ("±5", "±10", "±20", "±50")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """What one accuracy would cost.

    Attributes:
        rho: None where the charter's ceiling does not pay for it.
        part: of what the authority with the least has left; empty where that is not known.
        is_too_much: that authority could not pay for it.
    """

    accuracy: str
    rho: Fraction | None
    part: str
    is_current: bool
    is_too_much: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a question takes of one authority's allowance.

    Attributes:
        width: of the bar, 0 to 100.
    """

    country: str
    part: str
    width: float
    left: Fraction
    is_enough: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLook:
    """One table of the answer to come.

    Attributes:
        quotable_from, reliable_from: the least count that would stand as a figure, and without a
            mark; None where figures are no counts.
        known: what the newest answer with this table, under these conditions, tells; None where
            there is none.
    """

    words: str
    cells: int
    margin: str
    curators: str
    quotable_from: int | None
    reliable_from: int | None
    known: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormLook:
    """One table of a report's form, as it will be.

    Attributes:
        margins: of its figures: one, or from … to ….
        quotable_from: from how many persons on its most exact figure would be shown.
    """

    id: str
    title: str
    figures: int
    margins: str
    quotable_from: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """SQL around the piece that is wrong."""

    before: str
    piece: str
    after: str
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a page shows of a draft; `refusal` says why there is no forecast.

    Attributes:
        counts_everybody: whether it counts whoever is in the data, victims or not.
    """

    words: tuple[Heading, ...] = ()
    sql: Written = NO_SQL
    counts_everybody: bool = False
    refusal: CorridorError | None = None
    mark: Mark | None = None
    forecast: Mapping[str, Any] | None = None
    tables: tuple[TableLook, ...] = ()
    forms: tuple[FormLook, ...] = ()
    shares: tuple[Share, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    ladder: tuple[Rung, ...] = ()

    @property
    def rho(self) -> Fraction:
        """What every authority would be debited with."""
        return Fraction(0) if self.forecast is None else Fraction(self.forecast["rho"])

    @property
    def can_be_asked(self) -> bool:
        """Whether enough are there and have enough left, by what they said last."""
        return self.forecast is not None and not (
            self.forecast["too_few"] or self.forecast["too_dear"]
        )


class Composed(Protocol):
    """What can be forecast: a question while it is composed, or a report."""

    @property
    def sql(self) -> str:
        """The text in which an error is marked; empty where nobody typed any."""

    @property
    def purpose(self) -> str:
        """Why it is asked."""

    @property
    def scope(self) -> str:
        """Whose figure it is."""

    def request(self, domains: Domains) -> AskRequest:
        """What it asks, for the question desk.

        Raises:
            QuestionError: it does not fit together. Nothing was spent.
        """


def look(desks: Desks, draft: Composed, report: Report | None = None) -> Look:
    """What the draft would cost and give; of a report, how exact its own form would be."""
    asked: Asked | None = None
    words: tuple[Heading, ...] = ()
    sql, ladder = NO_SQL, tuple[Rung, ...]()
    try:
        domains = desks.questions.domains()
        request = draft.request(domains)
        asked = desks.questions.read(request)
        words, sql = in_words(asked.question, domains), as_sql(asked.question, domains)
        ladder = tuple(_ladder(desks, request))
        foreseen = desks.questions.foresee(request)
        forms = () if report is None else desks.reports.margins_before(report, foreseen)
    except CorridorError as error:
        mark = _mark(draft.sql, error) if isinstance(error, QuestionError) else None
        return Look(
            words=words,
            sql=sql,
            counts_everybody=asked is not None and counts_everybody(asked.question),
            refusal=error,
            mark=mark,
            ladder=ladder,
        )
    forecast = foreseen.shown
    return Look(
        words=words,
        sql=sql,
        counts_everybody=counts_everybody(asked.question),
        forecast=forecast,
        forms=tuple(map(_form, forms)),
        tables=tuple(_tables(asked, forecast, domains)),
        shares=tuple(_shares(forecast)),
        missing=tuple(_missing(desks, forecast)),
        ladder=ladder,
    )


def domains_of(desks: Desks) -> Domains | None:
    """What can be asked about; None as long as the members have agreed on no charter."""
    with suppress(NoCharterError):
        return desks.questions.domains()
    return None


def _mark(sql: str, error: QuestionError) -> Mark | None:
    """Where in the text the error is."""
    if not error.line:
        return None
    lines = sql.split("\n")
    start = sum(len(line) + 1 for line in lines[: error.line - 1]) + error.column - 1
    end = start + max(1, len(error.found))
    return Mark(
        before=sql[:start],
        piece=sql[start:end] or " ",
        after=sql[end:],
        line=error.line,
        column=error.column,
    )


def _ladder(desks: Desks, request: AskRequest) -> Sequence[Rung]:
    wanted = (request.accuracy or "").replace(" ", "")
    offered = desks.questions.prices(request, LADDER)
    least = offered.least_left
    return [
        Rung(
            accuracy=accuracy,
            rho=rho,
            part="" if rho is None or least is None else figures.part(rho, least),
            is_current=accuracy == wanted,
            is_too_much=rho is not None and least is not None and rho > least,
        )
        for accuracy, rho in offered.prices.items()
    ]


def _tables(asked: Asked, forecast: Mapping[str, Any], domains: Domains) -> Sequence[TableLook]:
    questions = asked.question.tables
    # Of a series there are two tables of one question.
    same = len(questions) == len(forecast["tables"])
    found = []
    for place, one in enumerate(forecast["tables"]):
        table = questions[place] if same else None
        words = one["title"] if table is None else heading_of(table, domains).title
        is_count = table is not None and not {"mean", "sum"} & set(_measure_json(forecast, place))
        margin, cells = float(one["margin"]), int(one["cells"])
        quotable = ceil(margin / caution_up_to(cells)) if is_count else None
        found.append(
            TableLook(
                words=words,
                cells=cells,
                margin=figures.margin(margin),
                curators=figures.margin(float(one["central_margin"])),
                quotable_from=quotable,
                reliable_from=ceil(margin / RELIABLE_UP_TO) if is_count else None,
                known=one["known"],
            )
        )
    return found


def _form(one: FormMargins) -> FormLook:
    margins = figures.margin(one.least)
    if (widest := figures.margin(one.widest)) != margins:
        margins = gettext("%(low)s to %(high)s", low=margins, high=widest)
    return FormLook(
        id=one.form.id,
        title=told(one.form.title),
        figures=one.figures,
        margins=margins,
        quotable_from=ceil(one.quotable_from[0]),
    )


def _measure_json(forecast: Mapping[str, Any], place: int) -> Mapping[str, Any]:
    found: Mapping[str, Any] = forecast["question"]["tables"][place]["measure"]
    return found


def _shares(forecast: Mapping[str, Any]) -> Sequence[Share]:
    rho = Fraction(forecast["rho"])
    found = []
    for one in forecast["allowances"]:
        left = min(Fraction(one["remaining_year"]), Fraction(one["remaining_all_time"]))
        width = 100.0 if left <= 0 else min(100.0, float(100 * rho / left))
        found.append(
            Share(
                country=one["country"],
                part=figures.part(rho, left),
                width=round(width, 1),
                left=left,
                is_enough=bool(one["is_enough"]),
            )
        )
    return found


def _missing(desks: Desks, forecast: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    members = {one["country"]: one for one in desks.region.members()}
    return [(country, why_missing(members.get(country))) for country in forecast["would_miss"]]


def why_missing(member: Mapping[str, Any] | None) -> str:
    """Why a member would not be asked now."""
    if member is None:
        return gettext("is not enrolled yet")
    if member["held_out"]:
        return gettext("is held out: it is proven to have lied")
    if not member["connected"]:
        return gettext("is not connected")
    if member["edition"] is None:
        return gettext("has imported no data yet")
    return gettext("has not accepted this charter, or waits until others confirm its ledger")


def cells_words(count: int) -> str:
    """How many cells, as a number and a word."""
    return str(ngettext("%(many)s cell", "%(many)s cells", count, many=figures.whole(count)))
