"""The objects of the REST API, as others may rely on them: the description is made of these.

Answers are made by the desks and are not checked against these shapes while serving; the tests hold
every answer of a running region to them, and let nothing stand in an answer that is not told here.
Amounts of ρ and δ are exact, as fractions in a text ("143/10000"); ε and margins are shown numbers.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from corridor.coordinator.enrolment_desk import EnrolmentRequest
from corridor.coordinator.question_desk import AskRequest, SeriesRequest

Fraction = Annotated[str, Field(pattern=r"^-?[0-9]+(/[0-9]+)?$", examples=["143/10000"])]
Hex = Annotated[str, Field(pattern=r"^([0-9a-f]{2})*$")]
Moment = Annotated[str, Field(description="UTC", examples=["2026-11-24T05:20:00Z"])]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
QuestionScope = Literal["regional", "per-country"]


class Shape(BaseModel):
    """An object whose keys are all told."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# ---------------------------------------------------------------- what comes in


class SeriesBody(Shape):
    """How often and how long the question is to be answered."""

    every: Literal["month", "quarter", "year"]
    periods: Annotated[int, Field(ge=1, le=1000)]
    start: Annotated[str | None, Field(description="the first month, as 2027-01")] = None


class AskBody(Shape):
    """A question: exactly one of `sql`, `indicator` and `question`.

    Asked in earnest, it has exactly one of `accuracy` and `rho`; a forecast supposes ±20 without.
    """

    sql: Annotated[str | None, Field(examples=["SELECT COUNT(DISTINCT person) FROM persons"])] = (
        None
    )
    indicator: Annotated[str | None, Field(description="a name of /indicators")] = None
    parameters: Annotated[
        dict[str, str | int | float | bool] | None, Field(description="of the indicator")
    ] = None
    question: Annotated[
        dict[str, Any] | None, Field(description="in canonical form, as answers show it")
    ] = None
    accuracy: Annotated[
        str | None, Field(description="the margin wanted; not together with rho", examples=["±20"])
    ] = None
    rho: Annotated[str | None, Field(description="the price wanted", examples=["1/200"])] = None
    scope: QuestionScope = "regional"
    purpose: Annotated[
        str,
        Field(
            description="why; approvers and journals show it, and everybody reads it in the "
            "receipt of an answer that is published"
        ),
    ] = ""
    series: SeriesBody | None = None
    approval_hours: Annotated[
        int | None, Field(ge=0, description="how long it waits for people to approve it")
    ] = None

    def to_request(self) -> AskRequest:
        """The same for the desk."""
        given = self.series
        series = (
            None
            if given is None
            else SeriesRequest(every=given.every, periods=given.periods, start=given.start)
        )
        return AskRequest(
            sql=self.sql,
            indicator=self.indicator,
            parameters=self.parameters or {},
            question=self.question,
            accuracy=self.accuracy,
            rho=self.rho,
            scope=self.scope,
            purpose=self.purpose,
            series=series,
            approval_hours=self.approval_hours,
        )


class EnrolmentBody(Shape):
    """What a node shows to enter the region."""

    code: Annotated[str, Field(description="of the invitation")]
    csr: Annotated[str, Field(description="a certificate signing request, PEM")]
    card: Annotated[str, Field(description="the node's card, canonical JSON")]
    proof: Annotated[Hex, Field(description="a signature with the card's key")]

    def to_request(self) -> EnrolmentRequest:
        """The same for the desk."""
        return EnrolmentRequest(
            code=self.code,
            csr=self.csr.encode(),
            card=self.card.encode(),
            proof=bytes.fromhex(self.proof),
        )


class PageQuery(Shape):
    """Which part of a list; the header `Link` leads to the next."""

    limit: Annotated[int, Field(ge=1, le=1000, description="the most items")] = 100
    after: Annotated[Name | None, Field(description="the last id that one has already")] = None


class ReceiptQuery(Shape):
    """To which checkpoint the proof leads."""

    since: Annotated[
        int | None, Field(ge=0, le=2**53, description="size of a checkpoint that one has")
    ] = None


class ConsistencyQuery(Shape):
    """Two sizes of the tree."""

    old: Annotated[int, Field(ge=0, le=2**53)]
    new: Annotated[int, Field(ge=0, le=2**53)]


class LeavesQuery(Shape):
    """Where to begin."""

    first: Annotated[int, Field(ge=0, le=2**53, description="number of an entry, from 0")] = 0


class NoBody(Shape):
    """An empty object."""


# ---------------------------------------------------------------- refusals


class Problem(Shape):
    """Why a request was refused (RFC 9457)."""

    type: Annotated[str, Field(examples=["urn:corridor:error:question.too_many_cells"])]
    title: Annotated[str, Field(description="the status in words")]
    status: int
    detail: Annotated[str, Field(description="what happened, where, and what to do")]
    code: Annotated[str, Field(description="stable; the handbook has a row for each")]


# ---------------------------------------------------------------- the region


class Health(Shape):
    """That it answers."""

    status: Literal["ok"]


class Enrolled(Shape):
    """What a node gets when it has entered."""

    certificate: str
    ca: str
    coordinator_key: Hex
    grpc: str
    region: str
    country: Country


class Ceilings(Shape):
    """The most that the charter allows."""

    rho_per_question: Fraction
    cells: int
    persons_per_node: int


class CharterShown(Shape):
    """The region's constitution, as far as an analyst needs it."""

    version: int
    digest: Hex
    delta: Fraction
    min_participants: int
    max_colluders: int
    nodes_per_person: int
    witness_quorum: int
    stops_rollback: bool
    suite: str
    synthetic: bool
    members: list[Country]
    countries: list[Country]
    years: Annotated[list[int], Field(description="first and last of the date fields")]
    domains_edition: str
    ceilings: Ceilings


class Member(Shape):
    """One authority's node: whether it is there, and what it has left."""

    country: Country
    name: str
    fingerprint: str
    listed: Annotated[bool, Field(description="in the charter in force")]
    enrolled_at: Moment
    ledger_forks: int
    held_out: Annotated[bool, Field(description="proven to have lied; no attempt asks it")]
    cosigned: Annotated[int, Field(description="size of the last checkpoint it cosigned")]
    connected: bool
    ready: bool
    since: Moment | None
    edition: str | None
    consent_rule: str
    spent: Fraction
    reserved: Fraction
    remaining_year: Fraction | None
    remaining_all_time: Fraction | None


class Region(Shape):
    """What the region is, and who is in it."""

    name: str
    synthetic: bool
    charter: CharterShown | None
    members: list[Member]


class IndicatorParameter(Shape):
    """One thing that an indicator can be told."""

    name: str
    about: str
    field: str | None
    default: str | int | None


class Indicator(Shape):
    """A ready-made question."""

    name: str
    title: str
    description: str
    parameters: list[IndicatorParameter]
    available: bool
    waits_for: str | None


# ---------------------------------------------------------------- questions


class KnownSize(Shape):
    """What the cells of a table held in an earlier answer; of means and sums nothing is told."""

    release_id: str
    published_at: str
    cells: int
    figures: Annotated[int, Field(description="how many of them could be quoted")]
    middle: Annotated[float | None, Field(description="the middle one of these figures")]
    would_stand: Annotated[
        int, Field(description="how many held enough for a figure at the margin that is forecast")
    ]


class TableForecast(Shape):
    """What one table would be like."""

    title: str
    cells: int
    max_cells: int
    margin: float
    usual_margin: float
    central_margin: float
    known: Annotated[
        KnownSize | None,
        Field(description="of the newest answer with this table under the same conditions"),
    ]
    sentence: str | None


class CharterNamed(Shape):
    """Which charter."""

    version: int
    digest: Hex


class Allowance(Shape):
    """What one authority has left, by what it said last."""

    country: Country
    edition: str | None
    consent_rule: str
    spent: Fraction
    remaining_year: Fraction
    remaining_all_time: Fraction
    is_enough: bool


class Beside(Shape):
    """What the region's own figure would cost beside those of single countries."""

    scope: QuestionScope
    free_release: str | None
    rho: Fraction
    margins: list[float]
    rho_together: Fraction
    epsilon_together: float
    rho_regional_together: Fraction


class SeriesForecast(Shape):
    """When a series would be answered, and what one more attempt would cost."""

    every: str
    periods: int
    first: str
    last: str
    first_due: str
    repeat_rho: Fraction


class Forecast(Shape):
    """What a question would cost and how exact it would be."""

    rho: Fraction
    epsilon: float
    delta: Fraction
    rho_regional: Fraction
    epsilon_regional: float
    rho_alone: float
    nodes_per_person: int
    participants: int
    dropouts: int
    colluders: int
    cells: int
    ratio: Annotated[float, Field(description="error over that of one trusted curator")]
    tables: list[TableForecast]
    sentences: Annotated[list[str], Field(description="what to know before asking")]
    accuracy: str | None
    accuracy_supposed: Annotated[
        bool, Field(description="none was named; to ask, name one, or a rho")
    ]
    too_few: Annotated[
        str | None,
        Field(description="why it cannot be asked now; the figures are as if all were there"),
    ]
    too_dear: Annotated[str | None, Field(description="why it could not be asked now")]
    views: list[dict[str, Any]]
    question_digest: Hex
    question: dict[str, Any]
    scope: QuestionScope
    charter: CharterNamed
    free_release: Annotated[str | None, Field(description="a release that answers it for nothing")]
    would_take_part: list[Country]
    would_miss: list[Country]
    allowances: list[Allowance]
    beside: Beside | None
    series: SeriesForecast | None


class FormMargins(Shape):
    """How exact the figures of one table of a report's form would be."""

    id: str
    title: str
    figures: Annotated[int, Field(description="how many stand in it; of flows, how many may")]
    least_margin: Annotated[float, Field(description="95 % half-width of the most exact figure")]
    widest_margin: Annotated[float, Field(description="the same of the least exact one")]


class ReportForecast(Forecast):
    """What a report would cost, how exact its cells would be, and the figures of its forms."""

    forms: list[FormMargins]


class Failure(Shape):
    """Why there is no answer."""

    code: str
    message: str
    round: str
    missing: list[Country]


OfAsker = Annotated[
    str,
    Field(description="empty where another organisation asked, unless the token may draft"),
]
"""Why and in whose name a question was asked."""


class Question(Shape):
    """Where a question stands."""

    id: Name
    state: Annotated[
        Literal["queued", "running", "waiting", "released", "failed", "cancelled"],
        Field(description="cancelled: it was taken back, and nothing was spent"),
    ]
    title: Annotated[
        str, Field(description="what was asked, in words; empty if an older version asked it")
    ]
    question_digest: Hex
    question: dict[str, Any]
    rho: Fraction
    scope: QuestionScope
    purpose: OfAsker
    asked_by: str
    asked_at: Moment
    since: Moment
    round: str | None
    waiting_for: list[Country]
    answered: list[Country]
    failure: Failure | None
    taken_back_by: Annotated[
        str | None,
        Field(description="of a cancelled one, for its asker and those who publish"),
    ]
    release_id: Name | None
    again_at: Moment | None
    waits_until: Moment | None
    goes_on_without: Annotated[
        bool | None,
        Field(description="after waits_until: answered without whom it waits for, or else failed"),
    ]
    views: list[dict[str, Any]] = []


class SeriesRelease(Shape):
    """One release of a series."""

    period: int
    named: str
    release_id: Name


class Series(Shape):
    """How far a standing series is."""

    id: Name
    question: dict[str, Any]
    rho: Fraction
    repeat_rho: Fraction
    every: str
    periods: int
    state: Literal["asking", "waiting", "failed", "complete", "ended"]
    next_period: int | None
    next_at: Moment | None
    failure: Failure | None
    question_id: Name | None
    releases: list[SeriesRelease]
    purpose: OfAsker
    asked_by: str
    asked_at: Moment


# ---------------------------------------------------------------- releases


class Guarantee(Shape):
    """What was promised to every person."""

    rho: Fraction
    epsilon: float
    delta: Fraction
    nodes_per_person: int
    rho_regional: Fraction
    epsilon_regional: float
    rho_alone: float
    dropouts: int
    colluders: int


class Participant(Shape):
    """Who accepted the attempt, and whether its data are in the answer."""

    country: Country
    name: str
    edition: str
    consent_rule: str
    survived: bool


class ReleaseSummary(BaseModel):
    """A release without its tables."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: Name
    region: str
    synthetic: bool
    published_at: Moment
    question_id: Name
    question: dict[str, Any]
    question_digest: Hex
    session: Hex
    scope: QuestionScope
    purpose: OfAsker
    organisation: OfAsker
    charter: CharterNamed
    guarantee: Guarantee
    participants: list[Participant]
    survivors: list[Country]
    receipt_digest: Hex


class Axis(BaseModel):
    """One grouping of a table."""

    name: str
    label: str
    values: list[str]
    labels: list[str]
    bands: list[tuple[int, int | None]] | None = None


class Table(BaseModel):
    """One table: lists run over its cells, the last axis fastest."""

    model_config = ConfigDict(extra="allow", frozen=True)

    title: str
    source: str
    measure: dict[str, Any]
    max_cells: int
    max_rows: int
    axes: list[Axis]
    step: Fraction
    steps: Annotated[list[int], Field(description="steps × step are the exact unbiased values")]
    may_be_negative: bool
    values: list[float | None]
    margin: Annotated[float | None, Field(description="of every cell; null where they differ")]
    margins: list[float | None] | None
    non_negative: list[float] | None
    reliability: Annotated[
        str, Field(description="a letter a cell: A reliable, E caution, F too uncertain")
    ]


class CountryTables(BaseModel):
    """One country's own figures."""

    country: Country
    name: str
    tables: list[Table]


class Release(ReleaseSummary):
    """A release: of the region its tables, or those of each country that gave them."""

    tables: list[Table] | None = None
    countries: list[CountryTables] | None = None


class Consistency(Shape):
    """That the tree of `new` releases begins with that of `old`."""

    old: int
    new: int
    path: list[Hex]


class Leaves(Shape):
    """Entries of the tree of releases."""

    first: int
    leaves: Annotated[list[str], Field(description="canonical JSON each")]
