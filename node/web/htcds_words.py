"""Fields of HTCDS and reasons for proposals, in every language of the console."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from corridor.pages.htcds_words import LABELS, field_label
from corridor.pages.languages import gettext, listed
from corridor.pages.languages import lazy_gettext as _l
from corridor.queries.htcds import HtcdsField

PARTS: Final[Mapping[str, Any]] = {
    "con": _l("Consent"),
    "x": _l("References and dates"),
    "cas": _l("Case"),
    "prs": _l("Person"),
    "vic": _l("Assessment of the victim"),
    "hte": _l("Events of the journey"),
    "spl": _l("Support"),
}
"""Parts of the standard by how the names of their fields begin."""

_REASONS: Final[tuple[tuple[re.Pattern[str], Callable[..., str]], ...]] = (
    (
        re.compile(r"“(.*)” is “(.*)”"),
        lambda a, b: gettext("“%(a)s” is “%(b)s”", a=_apart(a), b=_apart(b)),
    ),
    (
        re.compile(r"“(.*)” is nearly “(.*)”"),
        lambda a, b: gettext("“%(a)s” is nearly “%(b)s”", a=_apart(a), b=_apart(b)),
    ),
    (
        re.compile(r"(\d+) % of the values fit"),
        lambda share: gettext("%(share)s %% of the values fit", share=share),
    ),
    (
        re.compile("named as the value; yes and no"),
        lambda: gettext("named as the value; the cells say yes and no"),
    ),
    (re.compile("nearly the country's name"), lambda: gettext("nearly the country's name")),
    (re.compile("a word for it"), lambda: gettext("a word for it")),
    (re.compile("written nearly so"), lambda: gettext("written nearly so")),
    (re.compile("nearly a word for it"), lambda: gettext("nearly a word for it")),
)


def parts_of_htcds(fields: Mapping[str, HtcdsField]) -> dict[str, list[str]]:
    """The fields that an import reads, by part, in the order of their labels."""
    found: dict[str, list[str]] = {part: [] for part in PARTS}
    for name in LABELS:
        found[name.partition("_")[0]].append(name)
    return {
        part: sorted(names, key=lambda name: field_label(name, fields))
        for part, names in found.items()
        if names
    }


def reason_in_words(reason: str) -> str:
    """Why something is proposed, in the language of this request."""
    whole = _one_reason(reason)
    if whole is not None:
        return whole
    return listed([_one_reason(part) or part for part in reason.split("; ") if part])


def _apart(foreign: str) -> str:
    """A text of a file within a sentence that may run the other way (first-strong isolate)."""
    return f"\u2068{foreign}\u2069"


def _one_reason(reason: str) -> str | None:
    for pattern, say in _REASONS:
        if (found := pattern.fullmatch(reason)) is not None:
            return say(*found.groups())
    return None
