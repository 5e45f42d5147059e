"""What the details of a journal's entries are called, and what their values say, for a page.

Whole names, codes, hashes and people's own words are shown as they stand in the journal; only words
of its schema are said in the reader's language. The exported journal has the schema's own.
"""

from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup, escape

from corridor.node.web.words import SCOPES, TABLES
from corridor.pages.languages import chosen_locale, gettext, listed
from corridor.pages.languages import lazy_gettext as _l
from corridor.pages.words import ROLES
from corridor.people import Role

DETAILS: Final[Mapping[str, Any]] = {
    "after_seconds": _l("after seconds"),
    "approval": _l("approval"),
    "backup_at": _l("backup of"),
    "binding": _l("stands for"),
    "by": _l("by"),
    "cells": _l("cells"),
    "change": _l("change"),
    "charter": _l("charter"),
    "code": _l("code"),
    "consent_rule": _l("cases counted"),
    "count": _l("count"),
    "country": _l("member"),
    "edition": _l("edition"),
    "entries_after": _l("entries after"),
    "entries_before": _l("entries before"),
    "fields": _l("fields"),
    "former": _l("former key"),
    "given": _l("given"),
    "held": _l("held"),
    "how": _l("how"),
    "key": _l("key"),
    "ledger": _l("ledger"),
    "ledger_entry": _l("entry of the ledger"),
    "minors": _l("tells minors apart"),
    "name": _l("name"),
    "needs": _l("people needed"),
    "organisation": _l("organisation"),
    "plan": _l("plan"),
    "policy": _l("policy"),
    "price": _l("price ρ"),
    "purpose": _l("purpose"),
    "question": _l("question"),
    "receipt": _l("receipt"),
    "release": _l("release"),
    "request": _l("request"),
    "rho": _l("ρ"),
    "roles": _l("roles"),
    "root": _l("root"),
    "scope": _l("scope"),
    "series": _l("standing series"),
    "size": _l("size"),
    "tables": _l("tables"),
    "told_by": _l("told by"),
    "version": _l("version"),
    "what": _l("what"),
    "why": _l("why"),
    "with_data": _l("with the case data"),
    "words": _l("in their words"),
}

_SAID: Final[Mapping[tuple[str, str], Any]] = {
    ("change", "added"): _l("added"),
    ("change", "roles"): _l("given other roles"),
    ("change", "locked"): _l("locked"),
    ("change", "unlocked"): _l("unlocked"),
    ("change", "reset"): _l("reset"),
    ("change", "entered"): _l("chose a password"),
    ("change", "second_factor"): _l("took a second factor"),
    ("why", "operator"): _l("somebody erased it"),
    ("why", "retention"): _l("its time was over"),
    ("request", "erase"): _l("to be erased"),
    ("request", "correct"): _l("to be corrected"),
    ("what", "card"): _l("keys of the card"),
    ("what", "store"): _l("keys of the store"),
    ("consent_rule", "htcds-consent"): _l("those with the victim's consent"),
    ("consent_rule", "other-legal-basis"): _l("by another legal basis"),
    ("country", "coordinator"): _l("the coordinator"),
}


def detail(value: object, name: str) -> Markup:
    """A detail's value for a page, in the language of this request."""
    if isinstance(value, bool):
        return escape(gettext("yes") if value else gettext("no"))
    if isinstance(value, Mapping):
        parts = (Markup("{} {}").format(key, _word(one, str(key))) for key, one in value.items())
        return Markup(", ").join(parts)
    if isinstance(value, list | tuple):
        return escape(listed([_word(one, name) for one in value]))
    return _word(value, name)


def _word(value: object, name: str) -> Markup:
    text = str(value)
    known = _SAID.get((name, text))
    if name == "roles" and text in set(Role):
        known = ROLES[Role(text)]
    elif name == "tables":
        known = TABLES.get(text)
    elif name == "scope":
        known = SCOPES.get(text)
    elif name in {"country", "told_by"} and known is None:
        known = chosen_locale().territories.get(text)
    if known is not None:
        return escape(str(known))
    if len(text) > 24 and set(text) <= set("0123456789abcdef"):
        return Markup('<code dir="ltr">{}…</code>').format(text[:12])
    return Markup('<code dir="auto">{}</code>').format(text)
