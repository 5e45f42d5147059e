"""An accuracy as people write it in their own language, for the question desk, which reads English.

    fr  ±20 toutes les cellules à la fois à 99 %     →  ±20 all cells at once at 99 %
    bg  10 % над 100                                 →  10 % above 100

English is understood in every language, so what was copied from elsewhere still holds. What is none
of both goes on as it was typed: the desk refuses it, and says what can be written.
"""

import re
import unicodedata

from corridor.pages.languages import gettext

_DECIMAL_COMMA = re.compile("(?<=\\d)[,\N{ARABIC DECIMAL SEPARATOR}](?=\\d)")
_PERCENT = "\N{ARABIC PERCENT SIGN}"


def read_accuracy(text: str) -> str:
    """The accuracy in the words that the question desk reads."""
    found = _DECIMAL_COMMA.sub(".", _plain_digits(text))
    for local, english in _phrases():
        found = re.sub(rf"(?<!\w){re.escape(local)}(?!\w)", english, found, flags=re.IGNORECASE)
    return " ".join(found.split())


def _phrases() -> list[tuple[str, str]]:
    """Those of the reader's language, the longest first, as one may be a part of another."""
    found = [
        (gettext("all cells at once"), "all cells at once"),
        (gettext("above"), "above"),
        (gettext("at"), "at"),
    ]
    return sorted(found, key=lambda one: -len(one[0]))


def _plain_digits(text: str) -> str:
    """Digits of any script as 0 to 9, one form of each letter, no marks of direction."""
    letters = unicodedata.normalize("NFC", text).replace(_PERCENT, "%")
    return "".join(
        str(unicodedata.decimal(letter)) if letter.isdecimal() else letter
        for letter in letters
        if unicodedata.category(letter) != "Cf"
    )
