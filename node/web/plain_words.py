"""What a question asks of this node, in plain words of the reader's language.

`corridor.node.plain_words` gives sentences with an id and parameters; here is each of them once
more, to be translated. What others wrote (organisations, purposes, legal bases) stands in it as it
is, kept apart from the direction of the script around it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any

from babel import Locale
from flask_babel import (  # type: ignore[import-untyped]  # it has no types
    format_decimal,
    get_locale,
)
from markupsafe import Markup, escape

from corridor.node.plain_words import Parameter, Said
from corridor.pages.languages import amount, listed
from corridor.pages.languages import lazy_gettext as _l

SENTENCES: Mapping[str, Any] = {
    "who.organisation": _l("%(organisation)s asks (by the coordinator's word)."),
    "who.unnamed": _l("Who asks was not said."),
    "who.mixed": _l(
        "Careful: this name mixes alphabets. These of its letters are of another one than the "
        "rest, and may be other letters than they look like: %(letters)s."
    ),
    "why.purpose": _l("Purpose, by the coordinator's word: %(purpose)s."),
    "why.unsaid": _l("What for was not said."),
    "why.mixed": _l(
        "Careful: words of the purpose mix alphabets. These of their letters are of another one "
        "than the rest, and may be other letters than they look like: %(letters)s."
    ),
    "leaves.regional": _l(
        "What leaves are %(cells)s figures of this country, each with noise and masked: they can "
        "be read only as a part of the region's sum."
    ),
    "leaves.per_country": _l(
        "What leaves are %(cells)s figures of this country alone, each with noise. They are "
        "published under its name."
    ),
    "table.persons": _l("How many persons%(grouped)s%(where)s."),
    "table.rows": _l("How many rows, at most %(rows)s of a person%(grouped)s%(where)s."),
    "table.sum": _l("The sum of %(field)s, from %(low)s to %(high)s a person%(grouped)s%(where)s."),
    "table.mean": _l("The mean of %(field)s, from %(low)s to %(high)s%(grouped)s%(where)s."),
    "table.histogram": _l("How many persons in each band of %(field)s%(grouped)s%(where)s."),
    "table.source": _l(
        "Counted over %(source)s; each person is in %(most)s of the figures at most."
    ),
    "field": "%(label)s",
    "value": "%(label)s",
    "grouped.by": _l(", by %(fields)s"),
    "where.only": _l(", only where %(condition)s"),
    "condition.is": _l("%(field)s is %(values)s"),
    "condition.from_to": _l("%(field)s is %(low)s to %(high)s"),
    "condition.not": _l("not (%(condition)s)"),
    "condition.all": "%(conditions)s",
    "condition.any": "(%(conditions)s)",
    "source.persons": _l("persons"),
    "source.corridors": _l("persons and their countries of recruitment and exploitation"),
    "source.legs": _l("the steps of persons' journeys"),
    "source.services": _l("the assistance that persons received"),
    "minors.told": _l("Children can be told from adults in the answer: it tells %(fields)s apart."),
    "minors.not_told": _l("Children cannot be told from adults in the answer."),
    "series.release": _l(
        "It is answer %(period)s of %(periods)s of a series; keys of those counted are kept here "
        "while it lasts."
    ),
    "series.first": _l(
        "This first answer pays for the whole series: later answers take nothing more, unless one "
        "is attempted again. Each is put to people here by itself."
    ),
    "series.later": _l("The series is paid for already, at ρ = %(rho)s for all of its answers."),
    "series.again": _l(
        "This answer was attempted and paid for before. Another attempt is paid for again, on top "
        "of what the series has cost so far."
    ),
    "cost.rho": _l("It costs each person counted here ρ = %(rho)s of privacy (%(epsilon)s)."),
    "cost.nothing": _l("It costs the persons counted here nothing more: the ledger takes ρ = 0."),
    "cost.series": _l("With it, the series has cost each of them ρ = %(rho)s (%(epsilon)s)."),
    "cost.of_year": _l(
        "That is %(percent)s %% of a year's allowance (ρ = %(per_year)s), and %(share)s %% of what "
        "is left of it (ρ = %(left)s)."
    ),
    "cost.of_all": _l(
        "That is %(percent)s %% of the allowance for all time (ρ = %(all_time)s), and %(share)s %% "
        "of what is left of it (ρ = %(left)s)."
    ),
    "cost.left_unknown": _l(
        "How much of the allowance is left cannot be told, since policy.toml cannot be read."
    ),
    "cost.too_much": _l("It is more than is left, so it would be refused even if approved."),
    "worst.several_nodes": _l(
        "A person whom %(nodes)s countries know loses at most ρ = %(rho)s (%(epsilon)s)."
    ),
    "worst.collusion": _l(
        "If all other members and the coordinator colluded, a person whom this country alone knows "
        "would lose at most ρ = %(rho)s (%(epsilon)s)."
    ),
    "worst.alone": _l("No collusion of others makes it more: all of the noise is this node's own."),
    "data.edition": _l("It is counted in edition %(edition)s of this node's data."),
    "data.consent": _l("Only cases with the victim's consent are counted."),
    "data.other_basis": _l(
        "Cases are counted without asking for consent, on another legal basis: %(statement)s"
    ),
    "people.needed": _l("%(needs)s different people have to approve it."),
    "people.one_needed": _l("One person has to approve it."),
    "people.approved": _l("Approved so far by %(people)s."),
    "epsilon.at": _l("ε = %(epsilon)s at δ = %(delta)s"),
    "epsilon.without_bound": _l("no bound"),
}
"""Every sentence of `corridor.node.plain_words`, by its id."""

SUBJECTS: Mapping[str, Any] = {
    "who": _l("Who asks, and why"),
    "leaves": _l("What would leave"),
    "cost": _l("What it costs"),
    "data": _l("Which data"),
}
_SUBJECT_OF = {
    "who": "who",
    "why": "who",
    **dict.fromkeys(("leaves", "table", "minors", "series"), "leaves"),
    "cost": "cost",
    "worst": "cost",
    "data": "data",
}
"""Who has approved is shown otherwise."""

FIELDS: Mapping[str, Any] = {
    "citizenship": _l("citizenship"),
    "country of recruitment": _l("country of recruitment"),
    "subregion of recruitment": _l("subregion of recruitment"),
    "continent of recruitment": _l("continent of recruitment"),
    "country of transit": _l("country of transit"),
    "country of exploitation": _l("country of exploitation"),
    "subregion of exploitation": _l("subregion of exploitation"),
    "continent of exploitation": _l("continent of exploitation"),
    "step from": _l("step from"),
    "step to": _l("step to"),
    "kind of step": _l("kind of step"),
    "domestic or cross-border": _l("domestic or cross-border"),
    "type of exploitation": _l("type of exploitation"),
    "type of sex exploitation": _l("type of sex exploitation"),
    "forced labour industry": _l("forced labour industry"),
    "methods of control": _l("methods of control"),
    "method of recruitment": _l("method of recruitment"),
    "recruitment websites and apps": _l("recruitment websites and apps"),
    "exploitation websites and apps": _l("exploitation websites and apps"),
    "relationship to trafficker": _l("relationship to trafficker"),
    "vulnerabilities": _l("vulnerabilities"),
    "trafficking status": _l("trafficking status"),
    "status decided by": _l("status decided by"),
    "type of assistance": _l("type of assistance"),
    "case status": _l("case status"),
    "reason for incoming referral": _l("reason for incoming referral"),
    "reason for outgoing referral": _l("reason for outgoing referral"),
    "gender": _l("gender"),
    "age when trafficked": _l("age when trafficked"),
    "minor or adult when trafficked": _l("minor or adult when trafficked"),
    "marital status": _l("marital status"),
    "highest level of education": _l("highest level of education"),
    "year of identification or referral": _l("year of identification or referral"),
    "quarter of identification or referral": _l("quarter of identification or referral"),
    "month of identification or referral": _l("month of identification or referral"),
    "year of the last event": _l("year of the last event"),
    "quarter of the last event": _l("quarter of the last event"),
    "month of the last event": _l("month of the last event"),
    "year of the step": _l("year of the step"),
    "quarter of the step": _l("quarter of the step"),
    "month of the step": _l("month of the step"),
    "year in which the assistance ended": _l("year in which the assistance ended"),
    "age when trafficked, in years": _l("age when trafficked, in years"),
    "number of children": _l("number of children"),
    "days from the last event to referral": _l("days from the last event to referral"),
}
"""Every field that a question may use, as English sentences name it."""

_TABLES = frozenset(name for name in SENTENCES if name.startswith("table.")) - {"table.source"}
_AMOUNTS = frozenset({"rho", "per_year", "all_time", "left"})
DIGITS = 6
_PERCENTS = frozenset({"percent", "share"})
_CODES = {code: name for code, name in Locale("en").territories.items() if len(code) == 2}
_COUNTRIES = {name: code for code, name in _CODES.items()}
_NUMBER = re.compile(r"\d+(\.\d+)?(e-\d+)?")


def told_by_subject(words: Sequence[Said]) -> Sequence[tuple[str, Sequence[Markup]]]:
    """The sentences under what they are about, in the order of `SUBJECTS`."""
    found: dict[str, list[Markup]] = {}
    for one in words:
        subject = _SUBJECT_OF.get(one.id.partition(".")[0])
        if subject is not None:
            found.setdefault(subject, []).append(sentence(one))
    return [(str(label), found[name]) for name, label in SUBJECTS.items() if name in found]


def counted(words: Sequence[Said]) -> Sequence[Markup]:
    """Of these sentences, those that say what is counted."""
    return [sentence(one) for one in words if one.id in _TABLES]


def sentence(said: Said) -> Markup:
    """One sentence in the language of this request; in English where it is not known here."""
    text = SENTENCES.get(said.id)
    if text is None:
        return Markup('<span lang="en" dir="ltr">{}</span>').format(said.text)
    parts = {name: _part(said, name, value) for name, value in said.parameters.items()}
    return escape(str(text)) % parts


def _part(said: Said, name: str, value: Parameter) -> Markup | str:
    if isinstance(value, Said):
        return sentence(value)
    if isinstance(value, tuple):
        return _joined([sentence(one) for one in value], said.joined)
    if isinstance(value, int):
        return str(format_decimal(value))
    if said.id in _LABELS:
        return _LABELS[said.id](value)
    if said.id == "cost.rho" and name == "rho":
        value = _exactly(value)
    elif name in _AMOUNTS:
        value = amount(value, up=name != "left")
    elif name in _PERCENTS or _NUMBER.fullmatch(value):
        value = _number(value)
    return Markup("<bdi>{}</bdi>").format(value) if value else ""


def _exactly(rho: str) -> str:
    """What the ledger takes, to the last digit: `1/3 ≤ 0.333334` where no decimal is as much."""
    exact, rounded = Fraction(rho), Fraction(ceil(Fraction(rho) * 10**DIGITS), 10**DIGITS)
    return amount(rho, DIGITS) if exact == rounded else f"{rho} ≤ {amount(rho, DIGITS)}"


def _number(text: str) -> str:
    """As the language writes it; `> 100` keeps its sign."""
    sign, _, digits = text.rpartition(" ")
    return f"{sign} {format_decimal(Decimal(digits))}".strip()


def _joined(parts: Sequence[Markup], by: str) -> Markup:
    if by == ", ":
        return Markup(listed(parts))  # noqa: S704  # each part was escaped
    both = _BOTH[by]
    found = parts[0]
    for part in parts[1:]:
        found = escape(str(both)) % {"first": found, "second": part}
    return found


_BOTH: Mapping[str, Any] = {
    " and ": _l("%(first)s and %(second)s"),
    " or ": _l("%(first)s or %(second)s"),
}


def _field(label: str) -> Markup | str:
    if label in FIELDS:
        return str(FIELDS[label])
    return Markup('<bdi lang="en">{}</bdi>').format(label)


def _value(label: str) -> Markup:
    """A value of the standard, in its own words; a country by its name in the reader's language."""
    locale: Locale = get_locale()
    if label in _COUNTRIES:
        return Markup("<bdi>{}</bdi>").format(locale.territories.get(_COUNTRIES[label], label))
    return Markup('<bdi lang="en">{}</bdi>').format(label)


_LABELS: Mapping[str, Callable[[str], Markup | str]] = {"field": _field, "value": _value}
