"""What a refusal means in general, and what to do, in every language, by its code.

Beside it a page shows the message itself in English, with its field, value or place. In English
the message says all of it.
"""

from collections.abc import Mapping
from typing import Any, Final

from corridor.pages.languages import lazy_gettext as _l

SAID: Final[Mapping[str, Any]] = {
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
