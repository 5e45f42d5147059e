"""What roles, headings and refusals are called that every site has, in every language."""

from collections.abc import Mapping
from typing import Any

from corridor.pages.languages import lazy_gettext as _l
from corridor.people import Role

ROLES: Mapping[Role, Any] = {
    Role.OFFICER: _l("Officer"),
    Role.APPROVER: _l("Approver"),
    Role.AUDITOR: _l("Auditor"),
    Role.ANALYST: _l("Analyst"),
    Role.COORDINATOR: _l("Coordinator"),
    Role.ADMINISTRATOR: _l("Administrator"),
}

SAID: Mapping[str, Any] = {
    "people.wrong_sign_in": _l("Name, password or code are not right. Nothing was changed."),
    "people.wrong_code": _l(
        "The code is wrong or was used before; wait for the next one. Nothing was changed."
    ),
    "people.wait": _l("Too many wrong tries for this name. Wait a while, then try again."),
    "people.busy": _l(
        "Too many people sign in at this moment. Nothing was looked at. Try again in a few seconds."
    ),
    "people.not_signed_in": _l("You are not signed in, or no longer. Nothing was done."),
    "people.role_missing": _l(
        "Your role does not allow this. Nothing was done. An administrator gives roles."
    ),
    "people.weak_password": _l(
        "This password is too short, too easy to guess, or contains your name. Nothing was "
        "changed. Take four or more unrelated words."
    ),
    "people.passwords_differ": _l("The two passwords are not the same. Nothing was changed."),
    "people.bad_name": _l(
        "A name has 2 to 40 letters, digits, spaces, dots, hyphens or apostrophes. Nothing was "
        "changed."
    ),
    "people.name_taken": _l("There is an account of that name already. Nothing was changed."),
    "people.unknown": _l("There is no account of that name. Nothing was changed."),
    "people.last_administrator": _l(
        "This is the last administrator who can sign in. Nothing was changed."
    ),
    "people.bad_invitation": _l(
        "Name and one-time code are not right together, or the code was used or is too old. "
        "Nothing was changed."
    ),
    "console.forged_form": _l(
        "This form was not sent by a page of this site, or you were signed out meanwhile. "
        "Nothing was done. Load the page again."
    ),
    "console.wrong_host": _l("This site does not answer under that name. Nothing was done."),
    "console.too_large": _l("What was sent is too long. Nothing was kept."),
}

STATUSES: Mapping[int, Any] = {
    400: _l("This request cannot be used"),
    401: _l("Please sign in"),
    403: _l("You may not do this"),
    404: _l("There is no such page"),
    409: _l("This was declined"),
    413: _l("This is too long"),
    422: _l("Something has to be corrected"),
    429: _l("Please wait"),
    503: _l("This cannot be had now"),
}
"""Headings of what was refused, by HTTP status."""
