"""What stands over a column → the field it means, in the dialects of the programs that export.

    prs_Gender                               the standard's name; case, spaces, underscores aside
    victim/prs_Gender                        Kobo, with the groups of the form before it
    victim-prs_Gender                        ODK Central, likewise
    vic_MethodsOfControl/DebtBondage         one choice of a select_multiple: 1 or 0, True or False
    prs_Gender__c, htcds__prs_Gender__c      Salesforce, with the namespace of a package
    Person__r.prs_Gender__c                  Salesforce, through a lookup
    vic_TraffickingStatusDecisionMak         Stata, which cuts names after 32 characters
    Methods of Control/Debt bondage          the same with labels, where a file has no names

Nothing here looks at a row of data: who is in a file changes nothing about what its columns mean.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from corridor.queries.htcds import HtcdsField

MISSPELT: Final = {
    "victraffickinstatusdecisionmakingorg": "vic_TraffickingStatusDecisionMakingOrg",
    "victraffickingstatusdecisionmakingorganization": "vic_TraffickingStatusDecisionMakingOrg",
    "victraffickingstatusdecisionmakingorganisation": "vic_TraffickingStatusDecisionMakingOrg",
    "vicforcedlaborindustry": "vic_ForcedLabourIndustry",
    "vicmethodofcontrol": "vic_MethodsOfControl",
    "vicmethodsofrecruitment": "vic_MethodOfRecruitment",
    "prslastname": "prs_SecondName",
    "casreferringorganization": "cas_ReferringOrganisation",
    "casreferredorganization": "cas_ReferredOrganisation",
}
"""Compact names of the official files, and of forms made from them, that are misspelt."""

_NOT_ALPHANUMERIC = re.compile(r"[^a-z0-9]")
_STEPS = re.compile(r"[/.:]|-(?=[a-z]{3}_)", re.IGNORECASE)
_PREFIXES = ("prs", "vic", "cas", "hte")
_STATA_NAME: Final = 32


@dataclass(frozen=True, slots=True)
class Heading:
    """The field that a heading means.

    Attributes:
        field: a name of the standard, or of Corridor's own fields.
        choice: the one value of it that the column ticks; None where cells hold the value.
        is_plain: whether the heading is the field's name or label and nothing else.
    """

    field: str
    choice: str | None = None
    is_plain: bool = True


class Headings:
    """Knows the names and labels of all fields."""

    def __init__(self, fields: Mapping[str, HtcdsField]) -> None:
        self._fields = fields
        self._by_name = {compact(name): name for name in fields}
        self._by_label: dict[str, list[str]] = {}
        for field in fields.values():
            self._by_label.setdefault(compact(field.label), []).append(field.name)

    @property
    def names(self) -> Mapping[str, str]:
        """Compact name → field."""
        return self._by_name

    def labelled(self, text: str) -> Sequence[str]:
        """The fields that have this label."""
        return self._by_label.get(compact(text), ())

    def by_name(self, text: str) -> Heading | None:
        """What a name means, or None where it is no name of a field."""
        if (field := self._field(text)) is not None:
            return Heading(field)
        for before, step, after in _steps_of(text):
            field = self._field(step) or self._field(_without_salesforce(step))
            if field is not None and (not after or self._fields[field].picklist):
                plain = not before and not after and field == step
                return Heading(field, after or None, is_plain=plain)
        return None

    def by_label(self, text: str) -> tuple[Sequence[str], str | None]:
        """The fields whose label a text is or holds, and the choice after it."""
        if found := self.labelled(text):
            return found, None
        for _, step, after in _steps_of(text):
            found = [
                field for field in self.labelled(step) if not after or self._fields[field].picklist
            ]
            if found:
                return found, after or None
        return (), None

    def _field(self, text: str) -> str | None:
        # Without its prefix a word such as "status" is a label, not a name.
        if "_" not in text and not text.casefold().startswith(_PREFIXES):
            return None
        short = compact(text)
        field = self._by_name.get(short) or MISSPELT.get(short)
        if field is None and len(text) == _STATA_NAME:
            longer = [name for name in self._fields if name.startswith(text)]
            field = longer[0] if len(longer) == 1 else None
        return field


def compact(text: str) -> str:
    """A name without what people get wrong in it: case, spaces, signs."""
    return _NOT_ALPHANUMERIC.sub("", text.casefold())


def _steps_of(text: str) -> Iterator[tuple[str, str, str]]:
    """Every way to take a path apart: the steps before, one or two steps, the steps after."""
    cuts = [match.span() for match in _STEPS.finditer(text)]
    starts = [0, *(end for _, end in cuts)]
    ends = [*(start for start, _ in cuts), len(text)]
    for n, start in enumerate(starts):
        # "Mailing State/Province" is one step, the longer reading comes first.
        for end in reversed(ends[n : n + 2]):
            step = text[start:end].strip()
            if step:
                yield text[:start], step, text[end + 1 :].strip()


def _without_salesforce(text: str) -> str:
    """A custom field's name without `__c` and the namespace of its package."""
    bare = text[:-3] if text.casefold().endswith("__c") else text
    return bare.rsplit("__", 1)[-1]
