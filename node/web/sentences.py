"""What `plain_words` says, for translators: each English sentence, by its id.

A test holds this table against `plain_words.SENTENCES`; the catalogues have the other languages.
"""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

from corridor.node.plain_words import Parameter, Said
from corridor.node.web.languages import lazy_gettext as _l

SENTENCES: Mapping[str, Any] = {
    "who.organisation": _l("{organisation} asks (by the coordinator's word)."),
    "who.unnamed": _l("Who asks was not said."),
    "why.purpose": _l("Purpose, by the coordinator's word: {purpose}."),
    "why.unsaid": _l("What for was not said."),
    "leaves.regional": _l(
        "What leaves are {cells} figures of this country, each with noise and masked: "
        "they can be read only as a part of the region's sum."
    ),
    "leaves.per_country": _l(
        "What leaves are {cells} figures of this country alone, each with noise. They are "
        "published under its name."
    ),
    "table.persons": _l("How many persons{grouped}{where}."),
    "table.rows": _l("How many rows, at most {rows} of a person{grouped}{where}."),
    "table.sum": _l("The sum of {field}, from {low} to {high} a person{grouped}{where}."),
    "table.mean": _l("The mean of {field}, from {low} to {high}{grouped}{where}."),
    "table.histogram": _l("How many persons in each band of {field}{grouped}{where}."),
    "table.source": _l("Counted over {source}; each person is in {most} of the figures at most."),
    "grouped.by": _l(", by {fields}"),
    "where.only": _l(", only where {condition}"),
    "condition.is": _l("{field} is {values}"),
    "condition.from_to": _l("{field} is {low} to {high}"),
    "condition.not": _l("not ({condition})"),
    "condition.all": _l("{conditions}"),
    "condition.any": _l("({conditions})"),
    "source.persons": _l("persons"),
    "source.corridors": _l("persons and their countries of recruitment and exploitation"),
    "source.legs": _l("the steps of persons' journeys"),
    "source.services": _l("the assistance that persons received"),
    "minors.told": _l("Children can be told from adults in the answer: it tells {fields} apart."),
    "minors.not_told": _l("Children cannot be told from adults in the answer."),
    "series.release": _l(
        "It is answer {period} of {periods} of a series. The cost below is that of all of "
        "them together, paid once; keys of those counted are kept here while it lasts."
    ),
    "cost.rho": _l("It costs each person counted here ρ = {rho} of privacy ({epsilon})."),
    "cost.of_year": _l(
        "That is {percent} % of a year's allowance (ρ = {per_year}), of which ρ = {left} is left."
    ),
    "cost.too_much": _l("It is more than is left, so it would be refused even if approved."),
    "worst.several_nodes": _l(
        "A person whom {nodes} countries know loses at most ρ = {rho} ({epsilon})."
    ),
    "worst.collusion": _l(
        "If all other members and the coordinator colluded, a person would lose at most ρ "
        "= {rho} ({epsilon})."
    ),
    "worst.alone": _l("No collusion of others makes it more: all of the noise is this node's own."),
    "data.edition": _l("It is counted in edition {edition} of this node's data."),
    "data.consent": _l("Only cases with the victim's consent are counted."),
    "data.other_basis": _l(
        "Cases are counted without asking for consent, on another legal basis: {statement}"
    ),
    "people.needed": _l("{needs} different people have to approve it."),
    "people.one_needed": _l("One person has to approve it."),
    "people.approved": _l("Approved so far by {people}."),
    "epsilon.at": _l("ε = {epsilon} at δ = {delta}"),
    "epsilon.without_bound": _l("no bound"),
}
"""Every sentence and part of one, in the language of the page."""


JOINED: Mapping[str, Any] = {" and ": _l("and"), " or ": _l("or")}
"""What stands between conditions."""


def told(said: Said) -> Markup:
    """A sentence for a page; what is put into it comes from elsewhere, and keeps its direction."""
    words = {name: _told(value, said.joined) for name, value in said.parameters.items()}
    return Markup(escape(str(SENTENCES[said.id]))).format_map(words)  # noqa: S704  # escaped


def _told(value: Parameter, joined: str) -> Markup:
    if isinstance(value, Said):
        return told(value)
    if isinstance(value, tuple):
        between = f" {JOINED[joined]} " if joined in JOINED else joined
        return Markup(escape(between)).join(map(told, value))  # noqa: S704  # escaped
    return Markup("<bdi>{}</bdi>").format(value) if value != "" else Markup("")
