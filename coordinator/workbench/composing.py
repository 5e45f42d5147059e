"""A question while it is composed: what stands in the form, and what it asks.

    by indicator         a name of the catalogue, and its parameters
    by building blocks   what to count, where, by what
    by SQL               text

All three are parts of one form: the face that is chosen is asked, the others keep what was typed.
Nothing is checked here but what the form itself can break; the question desk reads the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from werkzeug.datastructures import MultiDict

from corridor.coordinator.question_desk import DEFAULT_ACCURACY, AskRequest
from corridor.coordinator.workbench.accuracy_words import read_accuracy
from corridor.errors.questions import QuestionError, UnknownFieldError
from corridor.protocols import canonical
from corridor.queries.asking import ALL
from corridor.queries.builder import TableBuilder
from corridor.queries.catalogue import DomainKind, Field, Source
from corridor.queries.domains import Domains
from corridor.queries.question import Question
from corridor.queries.victims import STATUS, VICTIM_STATUSES, sql_of_victims

MOST_CONDITIONS = 6
MOST_GROUPINGS = 4
FIRST_SQL = (
    "SELECT recruited_in, exploited_in, COUNT(*)\nFROM corridors\n"
    "GROUP BY recruited_in, exploited_in"
)


class Face(StrEnum):
    """How a question is put together."""

    INDICATOR = "indicator"
    BLOCKS = "blocks"
    SQL = "sql"


class Measured(StrEnum):
    """What building blocks measure."""

    COUNT = "count"
    MEAN = "mean"
    SUM = "sum"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition of the building blocks, as it was typed.

    Attributes:
        values: any of which may hold; for quantities and dates `low` and `high` instead.
        excluded: whether none of these may hold.
    """

    field: str
    values: tuple[str, ...] = ()
    low: str = ""
    high: str = ""
    excluded: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it sets nothing."""
        return not self.field or not (self.values or self.low or self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """A table put together of blocks."""

    source: str = Source.PERSONS.value
    conditions: tuple[Condition, ...] = ()
    by: tuple[str, ...] = ("gender", "age_band")
    measure: str = Measured.COUNT.value
    quantity: str = "age"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What stands in the form."""

    face: Face = Face.INDICATOR
    indicator: str = "corridor_matrix"
    parameters: Mapping[str, str]
    blocks: Blocks
    sql: str = FIRST_SQL
    accuracy: str = DEFAULT_ACCURACY
    scope: str = "regional"
    purpose: str = ""

    def request(self, domains: Domains) -> AskRequest:
        """What it asks, for the question desk.

        Raises:
            QuestionError: the building blocks do not fit together. Nothing was spent.
        """
        common = AskRequest(
            parameters={},
            accuracy=read_accuracy(self.accuracy) or DEFAULT_ACCURACY,
            scope=self.scope,
            purpose=self.purpose,
        )
        match self.face:
            case Face.INDICATOR:
                return replace(
                    common, indicator=self.indicator, parameters=dict(self.own_parameters(domains))
                )
            case Face.SQL:
                return replace(common, sql=self.sql)
            case Face.BLOCKS:
                document = canonical.decode(_built(self.blocks, domains).encode(), "question")
                assert isinstance(document, dict)  # noqa: S101 - what a question encodes to
                return replace(common, question=document)

    def own_parameters(self, domains: Domains) -> Mapping[str, str]:
        """Those that the chosen indicator has; another one's stay in the form."""
        known = domains.catalogue.indicators.get(self.indicator)
        names = () if known is None else tuple(one.name for one in known.parameters)
        return {name: text for name, text in self.parameters.items() if name in names}


def of_victims(draft: Draft, domains: Domains) -> Draft:
    """The draft that asks the same of actual and possible victims alone; as it was where it cannot.

    Raises:
        QuestionError: the SQL asks nothing. Nothing was spent.
    """
    match draft.face:
        case Face.SQL:
            found = sql_of_victims(draft.sql, domains)
            return draft if found is None else replace(draft, sql=found)
        case Face.BLOCKS:
            others = tuple(one for one in draft.blocks.conditions if not one.is_empty)
            if len(others) == MOST_CONDITIONS:
                return draft
            only = Condition(field=STATUS, values=VICTIM_STATUSES)
            return replace(draft, blocks=replace(draft.blocks, conditions=(*others, only)))
        case Face.INDICATOR:
            indicator = domains.catalogue.indicators.get(draft.indicator)
            named = () if indicator is None else indicator.parameters
            only_these = {
                one.name: ",".join(VICTIM_STATUSES) for one in named if one.field == STATUS
            }
            return replace(draft, parameters={**draft.parameters, **only_these})


def read_draft(form: MultiDict[str, str]) -> Draft:
    """What a form holds; what it leaves out is as at the beginning."""
    plain = Draft(parameters={}, blocks=Blocks())
    if not form:
        return plain
    face = form.get("face", "")
    return Draft(
        face=Face(face) if face in set(Face) else plain.face,
        indicator=form.get("indicator", plain.indicator),
        parameters=read_parameters(form),
        blocks=_blocks(form),
        sql=form.get("sql", plain.sql).replace("\r\n", "\n"),
        accuracy=form.get("take") or form.get("accuracy", plain.accuracy),
        scope=form.get("scope", plain.scope),
        purpose=form.get("purpose", "").strip(),
    )


def read_parameters(form: MultiDict[str, str]) -> dict[str, str]:
    """Those of an indicator or a report, by name, as texts.

    `p-NAME` may stand several times; `p-NAME-low` and `p-NAME-high` are the ends of a range.
    """
    found: dict[str, str] = {}
    for key in form:
        if key.startswith("p-") and not key.endswith(("-low", "-high")):
            chosen = [text.strip() for text in form.getlist(key) if text.strip()]
            found[key[2:]] = ",".join(chosen) or ALL
        elif key.startswith("p-") and key.endswith("-low"):
            name = key[2:].removesuffix("-low")
            low, high = form.get(key, "").strip(), form.get(f"p-{name}-high", "").strip()
            found[name] = f"{low}..{high}" if low or high else ALL
    return found


def _blocks(form: MultiDict[str, str]) -> Blocks:
    plain = Blocks()
    if "source" not in form:
        return plain
    conditions = tuple(
        Condition(
            field=form.get(f"where-{place}", ""),
            values=tuple(filter(None, form.getlist(f"value-{place}"))),
            low=form.get(f"low-{place}", "").strip(),
            high=form.get(f"high-{place}", "").strip(),
            excluded=form.get(f"not-{place}") == "yes",
        )
        for place in range(1, MOST_CONDITIONS + 1)
    )
    return Blocks(
        source=form.get("source", plain.source),
        conditions=tuple(one for one in conditions if one.field),
        by=tuple(dict.fromkeys(filter(None, form.getlist("by")))),
        measure=form.get("measure", plain.measure),
        quantity=form.get("quantity", plain.quantity),
    )


def _built(blocks: Blocks, domains: Domains) -> Question:
    if blocks.source not in set(Source):
        raise UnknownFieldError(
            f"there is no table {blocks.source[:40]!r}",
            "the tables are persons, corridors, legs and services",
        )
    table = TableBuilder(domains, Source(blocks.source))
    for one in blocks.conditions:
        if not one.is_empty:
            table = _conditioned(table, one)
    table = table.by(*blocks.by[:MOST_GROUPINGS])
    match blocks.measure:
        case Measured.MEAN:
            return table.mean(blocks.quantity)
        case Measured.SUM:
            return table.sum(blocks.quantity)
        case Measured.HISTOGRAM:
            return table.histogram(blocks.quantity)
        case Measured.COUNT:
            return table.count()
        case _:
            raise QuestionError(f"{blocks.measure[:40]!r} is no measure", "choose one of the list")


def _conditioned(table: TableBuilder, one: Condition) -> TableBuilder:
    field = table.domains.field(one.field, table.source)
    if has_range(field):
        ends = (one.low or None, one.high or None)
        # A table of another field may have left values behind: a range has none.
        if ends == (None, None):
            return table
        return (
            table.excluding(**{field.name: ends})
            if one.excluded
            else table.where(**{field.name: ends})
        )
    if not one.values:
        return table
    chosen: Sequence[str] = list(one.values)
    return (
        table.excluding(**{field.name: chosen})
        if one.excluded
        else table.where(**{field.name: chosen})
    )


def has_range(field: Field) -> bool:
    """Whether conditions on it are from … to …."""
    return field.is_quantity or field.kind is DomainKind.TIME
