"""The objects of reports, comparisons and alerts; see `web.shapes`."""

from typing import Annotated, Any, Literal

from pydantic import Field

from corridor.coordinator.question_desk import AskRequest
from corridor.coordinator.web.shapes import IndicatorParameter, Name, QuestionScope, Shape

# ---------------------------------------------------------------- what comes in


class AskReportBody(Shape):
    """A report's parameters and price; asked in earnest, exactly one of `accuracy` and `rho`."""

    parameters: Annotated[
        dict[str, str | int | float | bool] | None, Field(description="of the report")
    ] = None
    accuracy: Annotated[str | None, Field(examples=["±20"])] = None
    rho: Annotated[str | None, Field(examples=["1/200"])] = None
    scope: QuestionScope = "regional"
    purpose: Annotated[
        str,
        Field(
            description="why; approvers and journals show it, and everybody reads it in the "
            "receipt of an answer that is published"
        ),
    ] = ""
    approval_hours: Annotated[
        int | None, Field(ge=0, description="how long it waits for people to approve it")
    ] = None

    def to_request(self) -> AskRequest:
        """The same for the desk."""
        return AskRequest(
            parameters=self.parameters or {},
            accuracy=self.accuracy,
            rho=self.rho,
            scope=self.scope,
            purpose=self.purpose,
            approval_hours=self.approval_hours,
        )


class FillQuery(Shape):
    """How a report is filled."""

    country: Annotated[
        str | None, Field(description="of figures of single countries, whose", max_length=2)
    ] = None
    population: Annotated[
        str,
        Field(
            description="for rates per 100 000",
            examples=["total=19000000,female=9700000"],
            max_length=2000,
        ),
    ] = ""


class CompareQuery(Shape):
    """Which cells are compared."""

    cells: Annotated[
        str,
        Field(
            description="groups with ; between them: fields with , and values with | between them",
            examples=["recruited_in=MD,exploited_in=IT; recruited_in=UA,exploited_in=IT|PL"],
            max_length=5000,
        ),
    ]
    table: Annotated[int | None, Field(ge=1, le=1000, description="its number, from 1")] = None
    earlier: Annotated[Name | None, Field(description="a release to compare with besides")] = None


class AlertsQuery(Shape):
    """Which periods are compared."""

    lag: Annotated[int, Field(ge=1, le=120, description="how many periods lie between them")] = 1


# ---------------------------------------------------------------- reports


class ReportSummary(Shape):
    """A ready-made report."""

    name: str
    title: str
    answers: str
    caveats: str
    form_of: Annotated[str, Field(description="whose form it is")]
    parameters: list[IndicatorParameter]


class ReportTable(Shape):
    """A table that the report asks for."""

    source: str
    group_by: list[str]
    max_cells: int


class ReportForm(Shape):
    """A table of the form."""

    id: str
    title: str
    rows: Annotated[str, Field(description="a classification")]
    columns: str | None
    kind: Literal["grid", "pairs"]
    rates: bool


class CrosswalkCategory(Shape):
    """A category of a form."""

    id: str
    label: str
    codes: Annotated[list[str] | None, Field(description="of HTCDS; null: all others")]
    lost: Annotated[str, Field(description="what is lost on the way")]


class Crosswalk(Shape):
    """How values of HTCDS become categories."""

    id: str
    label: str
    field: str
    htcds: str
    each: Annotated[bool, Field(description="every value is a category of its own")]
    lost: str
    categories: list[CrosswalkCategory]


class Missing(Shape):
    """What a form asks and cannot be filled."""

    what: str
    why: str


class Report(ReportSummary):
    """A report: what it asks, its form, the crosswalk from HTCDS, what it cannot fill."""

    tables: list[ReportTable]
    forms: list[ReportForm]
    crosswalk: list[Crosswalk]
    cannot: list[Missing]


class Rate(Shape):
    """A figure per 100 000."""

    value: float
    low: float
    high: float


class FilledCell(Shape):
    """One figure of a form."""

    value: float | None
    margin: float | None
    low: float | None
    high: float | None
    reliability: Literal["A", "E", "F"]
    shown: Annotated[str, Field(description="as it may be quoted")]
    per_100000: Rate | None


class FilledTable(Shape):
    """A table of a form, filled: cells by row and column."""

    id: str
    title: str
    row_label: str
    column_label: str
    rows: list[str]
    columns: list[str]
    cells: list[list[FilledCell]]
    notes: list[str]


class CoveredNode(Shape):
    """A node whose data are in the figures."""

    country: str
    name: str
    edition: str
    consent_rule: str


class Coverage(Shape):
    """What the figures cover."""

    region: str
    country: str | None
    synthetic: bool
    published_at: str
    nodes: list[CoveredNode]
    missing: list[str]
    condition: Annotated[str, Field(description="which years, which status")]
    text: str


class FilledReport(Shape):
    """A report filled from a release."""

    name: str
    title: str
    form_of: str
    caveats: str
    release_id: Name
    coverage: Coverage
    tables: list[FilledTable]
    population: dict[str, int]
    crosswalk: list[Crosswalk]
    cannot: list[Missing]
    reading: str
    about: Annotated[dict[str, str], Field(description="what travels with every figure")]


# ---------------------------------------------------------------- comparisons and alerts


class Said(Shape):
    """A sentence of a closed set."""

    key: Annotated[str, Field(description="which sentence; stable")]
    values: Annotated[dict[str, Any], Field(description="what stands in it")]
    text: Annotated[str, Field(description="the sentence in English")]


class Interval(Shape):
    """A number; its interval holds together with all others of its kind."""

    value: float
    low: float
    high: float


class ComparedSide(Shape):
    """One of those that are compared."""

    label: str
    release_id: Name
    when: str
    value: float | None
    margin: float | None
    low: float | None
    high: float | None
    reliability: Literal["A", "E", "F"]


class ComparedPair(Shape):
    """Two sides beside each other."""

    first: Annotated[int, Field(description="place of the side, from 0")]
    second: int
    difference: Annotated[Interval | None, Field(description="first minus second")]
    ratio: Annotated[Interval | None, Field(description="first over second")]
    sentence: Said


class ComparedChange(Shape):
    """How a side changed."""

    side: int
    start: str
    end: str
    difference: Interval | None
    ratio: Interval | None
    sentence: Said


class ReadingNote(Shape):
    """What one must know to read a comparison."""

    key: str
    text: str


class Comparison(Shape):
    """Several groups of cells side by side."""

    sides: list[ComparedSide]
    differences: list[ComparedPair]
    changes: list[ComparedChange]
    notes: list[ReadingNote]


class Alert(Shape):
    """A cell of a series that changed more than the noise explains."""

    cell: Annotated[list[str], Field(description="labels of its values")]
    values: list[str]
    start: str
    end: str
    low: float
    high: float
    direction: Literal["rise", "fall"]
    off_time: Annotated[
        bool, Field(description="a release was made before its period was over, or long after")
    ]
    text: Annotated[str, Field(description="in English")]
