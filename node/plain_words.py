"""What a question asks of this node, in plain words: for the people who approve it.

Who asks and why, what exactly would leave, what it costs, the worst case if others collude. A pure
function gives it as a list of `Said`: an id that never changes, parameters, and the English text.
A page in another language looks up its own sentence by the id and puts the parameters in; whoever
finds none shows the English.

    who.… why.…        who asks, and what for, by the coordinator's word
    leaves.… table.…   what leaves; one `table` for each table, its `condition`s as parameters
    minors.…           whether children can be told from adults
    series.…           that it is one of many answers, and which of them are paid
    cost.… worst.…     what the ledger takes for this answer, with (ε, δ), and how much that is of
                       the allowances and of what is left of them; who could lose how much
    data.…             which data, and which rule of consent
    people.…           who approved, and how many have to

Numbers are rounded for reading, outward: a cost is never shown smaller than it is. The cost is the
price to which an approval is bound (`Asked.price`), never that of something else.

An approval names by `shown_digest` what it approves: the binding and these sentences, but for how
much is left, which every other answer changes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, isinf
from types import MappingProxyType
from typing import TypeAlias

from corridor.node.approvals import Asked, Waiting
from corridor.node.policy import ConsentRule, QuestionFacts
from corridor.people.alphabets import odd_letters
from corridor.privacy.conversion import epsilon
from corridor.privacy.rho import Rho
from corridor.protocols import canonical
from corridor.protocols.charter import Charter
from corridor.protocols.secure_sum.messages import Scope
from corridor.queries.catalogue import Field
from corridor.queries.domains import Domains
from corridor.queries.plan import Plan, PlannedTable
from corridor.queries.predicates import AllOf, Among, AnyOf, Between, Not, Predicate
from corridor.queries.question import CountPersons, Histogram, Mean, Sum

SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "who.organisation": "{organisation} asks (by the coordinator's word).",
        "who.unnamed": "Who asks was not said.",
        "who.mixed": (
            "Careful: this name mixes alphabets. These of its letters are of another one than the "
            "rest, and may be other letters than they look like: {letters}."
        ),
        "why.purpose": "Purpose, by the coordinator's word: {purpose}.",
        "why.unsaid": "What for was not said.",
        "why.mixed": (
            "Careful: words of the purpose mix alphabets. These of their letters are of another "
            "one than the rest, and may be other letters than they look like: {letters}."
        ),
        "leaves.regional": (
            "What leaves are {cells} figures of this country, each with noise and masked: they can "
            "be read only as a part of the region's sum."
        ),
        "leaves.per_country": (
            "What leaves are {cells} figures of this country alone, each with noise. They are "
            "published under its name."
        ),
        "table.persons": "How many persons{grouped}{where}.",
        "table.rows": "How many rows, at most {rows} of a person{grouped}{where}.",
        "table.sum": "The sum of {field}, from {low} to {high} a person{grouped}{where}.",
        "table.mean": "The mean of {field}, from {low} to {high}{grouped}{where}.",
        "table.histogram": "How many persons in each band of {field}{grouped}{where}.",
        "table.source": "Counted over {source}; each person is in {most} of the figures at most.",
        "field": "{label}",
        "value": "{label}",
        "grouped.by": ", by {fields}",
        "where.only": ", only where {condition}",
        "condition.is": "{field} is {values}",
        "condition.from_to": "{field} is {low} to {high}",
        "condition.not": "not ({condition})",
        "condition.all": "{conditions}",
        "condition.any": "({conditions})",
        "source.persons": "persons",
        "source.corridors": "persons and their countries of recruitment and exploitation",
        "source.legs": "the steps of persons' journeys",
        "source.services": "the assistance that persons received",
        "minors.told": "Children can be told from adults in the answer: it tells {fields} apart.",
        "minors.not_told": "Children cannot be told from adults in the answer.",
        "series.release": (
            "It is answer {period} of {periods} of a series; keys of those counted are kept here "
            "while it lasts."
        ),
        "series.first": (
            "This first answer pays for the whole series: later answers take nothing more, unless "
            "one is attempted again. Each is put to people here by itself."
        ),
        "series.later": "The series is paid for already, at ρ = {rho} for all of its answers.",
        "series.again": (
            "This answer was attempted and paid for before. Another attempt is paid for again, on "
            "top of what the series has cost so far."
        ),
        "cost.rho": "It costs each person counted here ρ = {rho} of privacy ({epsilon}).",
        "cost.nothing": "It costs the persons counted here nothing more: the ledger takes ρ = 0.",
        "cost.series": "With it, the series has cost each of them ρ = {rho} ({epsilon}).",
        "cost.of_year": (
            "That is {percent} % of a year's allowance (ρ = {per_year}), and {share} % of what is "
            "left of it (ρ = {left})."
        ),
        "cost.of_all": (
            "That is {percent} % of the allowance for all time (ρ = {all_time}), and {share} % of "
            "what is left of it (ρ = {left})."
        ),
        "cost.left_unknown": (
            "How much of the allowance is left cannot be told, since policy.toml cannot be read."
        ),
        "cost.too_much": "It is more than is left, so it would be refused even if approved.",
        "worst.several_nodes": (
            "A person whom {nodes} countries know loses at most ρ = {rho} ({epsilon})."
        ),
        "worst.collusion": (
            "If all other members and the coordinator colluded, a person whom this country alone "
            "knows would lose at most ρ = {rho} ({epsilon})."
        ),
        "worst.alone": "No collusion of others makes it more: all of the noise is this node's own.",
        "data.edition": "It is counted in edition {edition} of this node's data.",
        "data.consent": "Only cases with the victim's consent are counted.",
        "data.other_basis": (
            "Cases are counted without asking for consent, on another legal basis: {statement}"
        ),
        "people.needed": "{needs} different people have to approve it.",
        "people.one_needed": "One person has to approve it.",
        "people.approved": "Approved so far by {people}.",
        "epsilon.at": "ε = {epsilon} at δ = {delta}",
        "epsilon.without_bound": "no bound",
    }
)
"""Every sentence and part of one in English, by its id."""

OF_WHAT_IS_LEFT = frozenset({"cost.of_year", "cost.of_all", "cost.left_unknown", "cost.too_much"})
"""Sentences that other questions' answers change."""

SHOWN_DIGITS = 16

Parameter: TypeAlias = "str | int | Said | tuple[Said, ...]"


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence or part of one.

    Attributes:
        id: one of `SENTENCES`; it says the same in every language.
        parameters: what is put into it; texts of the catalogue, names, numbers, other parts.
        joined: what stands between the parts of a parameter that has several.
    """

    id: str
    parameters: Mapping[str, Parameter]
    joined: str = ", "

    @property
    def text(self) -> str:
        """In English."""
        return SENTENCES[self.id].format_map(
            {name: self._text(value) for name, value in self.parameters.items()}
        )

    def _text(self, value: Parameter) -> str:
        if isinstance(value, Said):
            return value.text
        if isinstance(value, tuple):
            return self.joined.join(one.text for one in value)
        return str(value)

    def to_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "id": self.id,
            "text": self.text,
            "parameters": {name: _json(value) for name, value in self.parameters.items()},
        }


def _json(value: Parameter) -> object:
    if isinstance(value, Said):
        return value.to_json()
    if isinstance(value, tuple):
        return [one.to_json() for one in value]
    return value


def say(identifier: str, /, **parameters: Parameter) -> Said:
    """The sentence of that id."""
    return Said(identifier, MappingProxyType(parameters))


@dataclass(frozen=True, slots=True)
class Purse:
    """What of ρ there is: of a year and for all time, and left of each."""

    per_year: Fraction
    left: Fraction
    all_time: Fraction
    left_for_all_time: Fraction


def describe(
    asked: Asked,
    *,
    plan: Plan,
    facts: QuestionFacts,
    domains: Domains,
    charter: Charter,
    purse: Purse | None,
    paid: Fraction | None = None,
) -> tuple[Said, ...]:
    """What a question asks of this node, sentence by sentence.

    Args:
        asked: the question with its circumstances.
        plan: compiled under `domains`.
        facts: what the policy looks at.
        domains: of the charter.
        charter: under which it is asked.
        purse: what this node may spend; None where its policy cannot be read.
        paid: what its series has cost so far, where that is known and anything was paid.
    """
    return (
        *_who(asked),
        *_leaves(asked, plan, facts, domains),
        *_series(asked, plan),
        *_costs(asked, charter, purse, paid),
        *_data(asked),
    )


def shown_digest(asked: Asked, words: Sequence[Said]) -> str:
    """What stands for exactly this question, told in these words; an approval gives it back."""
    kept = [one.text for one in words if one.id not in OF_WHAT_IS_LEFT]
    told = canonical.encode({"binding": asked.binding.hex(), "words": kept})
    return canonical.digest("corridor approval shown", told).hex()[:SHOWN_DIGITS]


def describe_people(waiting: Waiting) -> Iterator[Said]:
    """How many people have to approve a question, and who did."""
    needs = waiting.needs
    yield say("people.one_needed") if needs == 1 else say("people.needed", needs=needs)
    if waiting.approvers:
        yield say("people.approved", people=", ".join(waiting.approvers))


def _who(asked: Asked) -> Iterator[Said]:
    if asked.organisation:
        yield say("who.organisation", organisation=asked.organisation)
        if letters := odd_letters([asked.organisation]):
            yield say("who.mixed", letters=letters)
    else:
        yield say("who.unnamed")
    yield say("why.purpose", purpose=asked.purpose) if asked.purpose else say("why.unsaid")
    # A purpose may well name an organisation in another alphabet; a word has one.
    if letters := odd_letters(asked.purpose.split()):
        yield say("why.mixed", letters=letters)


def _leaves(asked: Asked, plan: Plan, facts: QuestionFacts, domains: Domains) -> Iterator[Said]:
    scope = "regional" if asked.scope is Scope.REGIONAL else "per_country"
    yield say(f"leaves.{scope}", cells=plan.cells)
    for table in plan.tables:
        yield _table(table, domains)
        source = say(f"source.{table.source.value}")
        yield say("table.source", source=source, most=table.max_cells)
    if facts.minors:
        names = {name: field for table in plan.tables for name, field in table.fields.items()}
        told = sorted(name for name in facts.ages if name in names)
        yield say("minors.told", fields=tuple(_field(names[one].field) for one in told))
    else:
        yield say("minors.not_told")


def _series(asked: Asked, plan: Plan) -> Iterator[Said]:
    if plan.turn is None:
        return
    yield say("series.release", period=plan.turn.period, periods=plan.turn.periods)
    if not asked.price:
        yield say("series.later", rho=str(asked.rho))
    elif asked.price < asked.rho:
        yield say("series.again")
    else:
        yield say("series.first")


def _table(table: PlannedTable, domains: Domains) -> Said:
    axes = tuple(_field(axis.domain.field) for axis in table.axes)
    if isinstance(table.measure, Histogram):
        axes = axes[:-1]  # the last one is its bands
    grouped: Parameter = say("grouped.by", fields=axes) if axes else ""
    where: Parameter = ""
    if table.where != AllOf(()):
        where = say("where.only", condition=_condition(table.where, table, domains))
    shape: dict[str, Parameter] = {"grouped": grouped, "where": where}
    match table.measure:
        case CountPersons():
            if table.max_rows > 1:
                return say("table.rows", rows=table.max_rows, **shape)
            return say("table.persons", **shape)
        case Sum(field, low, high):
            return say("table.sum", field=_name(table, field), low=low, high=high, **shape)
        case Mean(field, low, high):
            return say("table.mean", field=_name(table, field), low=low, high=high, **shape)
        case Histogram(field=field):
            return say("table.histogram", field=_name(table, field), **shape)


def _condition(where: Predicate, table: PlannedTable, domains: Domains) -> Said:
    """Whole: whoever approves has to see every value that it names."""
    match where:
        case Among(name, values):
            field = table.fields[name].field
            labels = tuple(say("value", label=domains.label(field, value)) for value in values)
            named: dict[str, Parameter] = {"field": _field(field), "values": labels}
            return Said("condition.is", MappingProxyType(named), joined=" or ")
        case Between(name, low, high):
            return say("condition.from_to", field=_name(table, name), low=low, high=high)
        case Not(part):
            return say("condition.not", condition=_condition(part, table, domains))
        case AllOf(parts):
            each = tuple(_condition(part, table, domains) for part in parts)
            return Said("condition.all", MappingProxyType({"conditions": each}), joined=" and ")
        case AnyOf(parts):
            each = tuple(_condition(part, table, domains) for part in parts)
            return Said("condition.any", MappingProxyType({"conditions": each}), joined=" or ")


def _costs(
    asked: Asked, charter: Charter, purse: Purse | None, paid: Fraction | None
) -> Iterator[Said]:
    if not asked.price:
        yield say("cost.nothing")
        return
    rho = Rho(asked.price)
    yield say("cost.rho", rho=str(rho.value), epsilon=_epsilon(rho, charter))
    if paid is not None:
        in_all = Rho(paid + asked.price)
        yield say("cost.series", rho=str(in_all.value), epsilon=_epsilon(in_all, charter))
    yield from _of_allowances(asked.price, purse)
    several = rho.for_group(charter.nodes_per_person)
    yield say(
        "worst.several_nodes",
        nodes=charter.nodes_per_person,
        rho=str(several.value),
        epsilon=_epsilon(several, charter),
    )
    if asked.scope is Scope.PER_COUNTRY:
        yield say("worst.alone")
        return
    # A node's share of the noise is never narrower than one in so many of the whole.
    worst = Rho(rho.value * len(charter.members))
    yield say("worst.collusion", rho=str(worst.value), epsilon=_epsilon(worst, charter))


def _of_allowances(price: Fraction, purse: Purse | None) -> Iterator[Said]:
    if purse is None:
        yield say("cost.left_unknown")
        return
    yield say(
        "cost.of_year",
        percent=_percent(price, purse.per_year),
        per_year=str(purse.per_year),
        share=_percent(price, purse.left),
        left=str(purse.left),
    )
    yield say(
        "cost.of_all",
        percent=_percent(price, purse.all_time),
        all_time=str(purse.all_time),
        share=_percent(price, purse.left_for_all_time),
        left=str(purse.left_for_all_time),
    )
    if price > purse.left:
        yield say("cost.too_much")


def _data(asked: Asked) -> Iterator[Said]:
    yield say("data.edition", edition=asked.edition)
    if asked.consent_rule == ConsentRule.HTCDS_CONSENT:
        yield say("data.consent")
    else:
        yield say("data.other_basis", statement=asked.statement)


def _epsilon(rho: Rho, charter: Charter) -> Said:
    found = epsilon(rho, charter.delta)
    if isinf(found):
        return say("epsilon.without_bound")
    return say("epsilon.at", epsilon=f"{ceil(found * 100) / 100:.2f}", delta=str(charter.delta))


def _percent(part: Fraction, whole: Fraction) -> str:
    if not whole:
        return "> 100"
    percent = 100 * part / whole
    return str(ceil(percent)) if percent >= 1 else f"{float(Fraction(ceil(percent * 100), 100)):g}"


def _name(table: PlannedTable, alias: str) -> Said:
    return _field(table.fields[alias].field)


def _field(field: Field) -> Said:
    return say("field", label=field.label[:1].lower() + field.label[1:])
