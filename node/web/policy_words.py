"""What the rules of a policy say, in the language of the page."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from markupsafe import Markup, escape

from corridor.node.policy import CONDITIONS, Conditions, Policy, Rule, Verdict
from corridor.node.web.words import SCOPES, TABLES, VERDICTS
from corridor.pages.languages import amount, gettext, listed, ngettext
from corridor.pages.languages import lazy_gettext as _l

_WHEN: Final[Mapping[str, Any]] = {
    "tables": _l("no other tables than %(value)s"),
    "fields": _l("with one of the fields %(value)s"),
    "cells_above": _l("more than %(value)s cells"),
    "cells_at_most": _l("at most %(value)s cells"),
    "rho_above": _l("ρ above %(value)s"),
    "rho_at_most": _l("ρ at most %(value)s"),
    "scope": _l("asked for %(value)s"),
    "purpose": _l("purpose with %(value)s"),
    "organisation": _l("organisation with %(value)s"),
}
_WHETHER: Final[Mapping[tuple[str, bool], Any]] = {
    ("minors", True): _l("ages told apart"),
    ("minors", False): _l("ages not told apart"),
    ("series", True): _l("standing series"),
    ("series", False): _l("no standing series"),
}
_ONE_OF: Final[Mapping[str, Callable[[str], str]]] = {
    "tables": lambda name: str(TABLES.get(name, name)),
    "scope": lambda name: str(SCOPES.get(name, name)),
}


def decides(rule: Rule, policy: Policy) -> str:
    """The verdict of a rule; where it asks, how many people, and from which ρ on two."""
    if rule.verdict is not Verdict.ASK:
        return str(VERDICTS[rule.verdict.value])
    told = ngettext("ask %(num)s person", "ask %(num)s people", rule.approvals)
    most = rule.when.rho_at_most
    if rule.approvals > 1 or (most is not None and most <= policy.approvals.two_above):
        return str(told)
    above = amount(policy.approvals.two_above)
    return str(gettext("%(told)s; two above ρ = %(rho)s", told=told, rho=above))


def conditions(when: Conditions) -> Markup:
    """All conditions of a rule."""
    found = [
        _condition(name, value) for name in CONDITIONS if (value := getattr(when, name)) is not None
    ]
    return Markup(listed(found)) if found else escape(gettext("always"))  # noqa: S704  # escaped


def _condition(name: str, value: object) -> Markup:
    if isinstance(value, bool):
        return escape(str(_WHETHER[name, value]))
    return escape(str(_WHEN[name])) % {"value": _value(name, value)}


def _value(name: str, value: object) -> Markup:
    if isinstance(value, Fraction):
        return escape(amount(value))
    if isinstance(value, frozenset | tuple):
        say = _ONE_OF.get(name, str)
        told = [Markup("<bdi>{}</bdi>").format(say(one)) for one in sorted(value)]
        return Markup(" / ").join(told)
    return Markup("<bdi>{}</bdi>").format(value)
