"""What the workbench's people meet daily, in their language, by the codes of `corridor.errors`."""

from collections.abc import Mapping
from typing import Any

from corridor.pages.languages import lazy_gettext as _l

SAID: Mapping[str, Any] = {
    "people.bad_organisation": _l(
        "An organisation's name has at most 200 printable characters. Nothing was changed."
    ),
    "people.no_role": _l(
        "The identity provider knows you, but none of your groups there has a role here. You were "
        "not signed in."
    ),
    "people.locked_out": _l(
        "This account was locked here. You were not signed in. An administrator can unlock it."
    ),
    "people.name_of_another": _l(
        "Another account here has the name that the identity provider gives you. You were not "
        "signed in; tell an administrator."
    ),
    "people.sign_in_anew": _l(
        "You came from the identity provider too long ago for this. Nothing was changed. Sign out, "
        "sign in there again, and repeat it within five minutes."
    ),
    "people.token_label": _l(
        "A token has a label of 1 to 60 characters that no other token of yours has. None was made."
    ),
    "people.token_too_wide": _l(
        "A token allows something, and no more than your roles do. None was made."
    ),
    "people.token_life": _l("A token lives for 1 to 365 days. None was made."),
    "people.too_many_tokens": _l(
        "You have as many tokens as an account may have. None was made. Revoke one that nobody "
        "uses."
    ),
    "people.no_such_token": _l("There is no such token, or no more. Nothing was changed."),
    "provider.unavailable": _l(
        "The identity provider does not answer. You were not signed in. Try again in a while."
    ),
    "provider.refused": _l(
        "The identity provider did not let you in, or took too long over it. You were not signed "
        "in. Sign in again."
    ),
    "provider.stray_answer": _l(
        "This answer of the identity provider belongs to no sign-in that this browser began in the "
        "last ten minutes. You were not signed in. Sign in again."
    ),
}
