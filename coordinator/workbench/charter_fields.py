"""What the fields of the charter's form are called, and what is wrong with one, in every language.

A desk names a field as the charter does, a form as its reader does: here one becomes the other.
"""

from collections.abc import Mapping
from typing import Any, Final

from corridor.coordinator.workbench.words import TERMS
from corridor.errors import CorridorError
from corridor.errors.charter import MalformedCharterError
from corridor.errors.pages import BadFieldError
from corridor.pages.languages import gettext, listed
from corridor.pages.languages import lazy_gettext as _l
from corridor.pages.refusals import said

LABELS: Final[Mapping[str, Any]] = {
    **TERMS,
    "first_year": _l("First year"),
    "last_year": _l("Last year"),
    "told_apart": _l("Countries"),
    "country": _l("Countries besides the members' own"),
    "without": _l("Who leaves"),
}
"""By the fields of the form."""

_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "ceilings.rho_per_question": ("rho_per_question",),
    "ceilings.cells": ("cells",),
    "ceilings.persons_per_node": ("persons_per_node",),
    "years": ("first_year", "last_year"),
    "countries": ("country",),
}
"""The form's fields of a charter's, where they have other names."""

_RULES: Final[Mapping[str, Any]] = {
    "ceilings.rho_per_question": _l("It must be a fraction above 0."),
    "delta": _l("It must be a fraction between 0 and 1."),
    "years": _l("The first year must not be later than the last one."),
    "countries": _l("One of them is no country of ISO 3166-1."),
}
"""What a charter's field must be that has no least and no most."""


def said_of_form(error: CorridorError) -> Mapping[str, str]:
    """What the form's page shows of a refusal; a field goes by its label."""
    field = error.field if isinstance(error, MalformedCharterError | BadFieldError) else ""
    names = _FIELDS.get(field, (field,))
    labels = [str(LABELS[name]) for name in names if name in LABELS]
    if not labels:
        return said(error)
    words = gettext(
        "The field \u201c%(field)s\u201d cannot be used as it is. %(rule)s Nothing was proposed. "
        "Correct it and send the form again.",
        field=listed(labels),
        rule=_rule(error, field),
    )
    return {"code": error.code, "local": " ".join(words.split()), "english": ""}


def _rule(error: CorridorError, field: str) -> str:
    if not isinstance(error, MalformedCharterError):
        return ""
    if error.range is None:
        return str(_RULES.get(field, ""))
    least, most = error.range
    # Years, too, are numbers here: written without a mark between thousands.
    return gettext("It must be a whole number from %(least)s to %(most)s.", least=least, most=most)
