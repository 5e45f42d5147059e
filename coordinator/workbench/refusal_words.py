"""What a refusal means in general, and what to do, in every language, by its code.

Beside it a page shows the message itself in English, with its field, value or place. In English
the message says all of it.
"""

from collections.abc import Mapping
from typing import Any, Final

from corridor.pages.languages import lazy_gettext as _l

SAID: Final[Mapping[str, Any]] = {
    "people.bad_organisation": _l(
        "An organisation's name has at most 200 printable characters. Nothing was changed."
    ),
    "people.no_role": _l(
        "The identity provider knows you, but none of your groups there has a role here. You were "
        "not signed in."
    ),
    "people.roles_apart": _l(
        "Your groups at the identity provider have roles here that one person cannot hold "
        "together. You were not signed in. Ask whoever keeps its groups."
    ),
    "people.locked_out": _l(
        "This account was locked here. You were not signed in. An administrator can unlock it."
    ),
    "people.name_of_another": _l(
        "Another account here has the name that the identity provider gives you. You were not "
        "signed in; tell an administrator."
    ),
    "people.name_of_token": _l(
        "A token that was issued on the machine itself has or had that name, and what was asked "
        "with it belongs to the name. Nothing was changed, and nobody was signed in. Choose "
        "another name."
    ),
    "people.not_two_kinds": _l(
        "Choose one account of this site and one of the identity provider. Nothing was changed."
    ),
    "people.own_word": _l(
        "Another administrator has to say of your account that it is another person's. Nothing was "
        "changed."
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
    "workbench.no_purpose": _l(
        "Say why you ask: the people who approve questions see the purpose. Nothing was spent."
    ),
    "question.unknown": _l("There is no such question."),
    "release.unknown": _l("There is no such answer."),
    "charter.none_in_force": _l(
        "The members have not agreed on a charter yet. Nothing can be asked until then."
    ),
    "request.too_many": _l("That was too much in one minute. Wait a little, then try again."),
}

ABOUT: Final[Mapping[str, Any]] = {
    "question.unsupported_sql": _l(
        "This SQL cannot be asked. Nothing was spent. Correct the piece that is marked."
    ),
    "question.unknown_field": _l(
        "There is no such field, or not in this table. Nothing was spent. Correct what is named."
    ),
    "question.unknown_value": _l(
        "The field has no such value. Nothing was spent. Correct what is named."
    ),
    "question.misused_field": _l(
        "A field is used in a way that does not fit it. Nothing was spent. Correct what is named."
    ),
    "question.out_of_range": _l("A bound is out of its range. Nothing was spent."),
    "question.no_cell_left": _l(
        "The conditions contradict each other: nobody can fulfil them. Nothing was spent."
    ),
    "question.contradictory_groupings": _l(
        "The question groups by one thing at two levels. Nothing was spent. Take the finer one."
    ),
    "question.too_many_cells": _l(
        "The answer would have too many cells. Nothing was spent. Group by less, or set conditions."
    ),
    "question.unsupported_accuracy": _l(
        "This accuracy is not understood. Nothing was spent. Write it as ±20."
    ),
    "question.accuracy_too_dear": _l(
        "This accuracy costs more than may be spent. Nothing was spent. Choose a wider one."
    ),
    "question.rho_out_of_range": _l("The price is out of its range. Nothing was spent."),
    "question.of_others": _l("Only who asked a question can take it back. Nothing was changed."),
    "question.cannot_cancel": _l(
        "The question is being answered or is over, and cannot be taken back. Nothing was changed."
    ),
    "indicator.unknown": _l("There is no such indicator. Nothing was spent."),
    "indicator.parameter": _l(
        "A choice of the indicator is not understood. Nothing was spent. Correct what is named."
    ),
    "view.does_not_fit": _l("The answer cannot be seen in this way. It is as it was."),
    "secure_sum.too_few_participants": _l(
        "Too few authorities took part. Below stands what each of them said, and what helps."
    ),
}
