"""What Corridor wrote in English before a page was asked for, in the reader's language.

    text → the sentence that it is, by its form → the same sentence, with its values, translated
         → else its parts, at semicolons and full stops, each likewise
         → else the English words, marked as English for screen readers

Status, findings of check-ups, reports and messages of errors are kept in files and sent between
processes, in English, so that one file reads alike whoever reads it (decision 0063). A sentence
that is not in `SENTENCES` stays English: nothing is guessed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup, escape

from corridor.node.web.quality_words import TEXTS
from corridor.node.web.told_sentences import SENTENCES
from corridor.pages.languages import chosen_language, chosen_locale, gettext, listed

_VALUE: Final = r"(?:(?!; ).)+?"
_VALUES: Final[Mapping[str, str]] = {
    "number": r"\d+",
    "many": r"\d+",
    "of": r"\d+",
    "people": r"\d+",
    "cases": r"\d+",
    "seconds": r"[\d.e+]+",
    "rho": r"[\d/]+",
    "left": r"[\d/]+",
    "code": r"[a-z_0-9]+(?:\.[a-z_0-9]+)+",
    "day": r"\d{4}-\d\d-\d\d",
    "countries": r"[A-Z]{2}(?:, [A-Z]{2})*",
    "rest": r".+",
}
"""What a value of this name looks like; every other is any words without a semicolon."""

_GAP: Final = re.compile(r"%\((\w+)\)s")
_WORD: Final = re.compile(r"[A-Za-z]{3}")
_JOINT: Final = re.compile(r"(; |\. (?=[A-Z!]))")


@dataclass(frozen=True, slots=True)
class _Form:
    sentence: str
    pattern: re.Pattern[str]


def _form(sentence: str) -> _Form:
    parts = _GAP.split(sentence)
    pattern = "".join(
        f"(?P<{part}>{_VALUES.get(part, _VALUE)})" if at % 2 else re.escape(part)
        for at, part in enumerate(parts)
    )
    return _Form(sentence, re.compile(pattern, re.DOTALL))


_WHOLE: Final = {one for one in (*SENTENCES, *TEXTS) if "%(" not in one}
_FORMS: Final = tuple(_form(one) for one in SENTENCES if "%(" in one)


def told(text: str) -> Markup:
    """The same words in the language of this request, as far as they are known here."""
    if not text or chosen_language() == "en":
        return escape(text)
    found = _sentence(text)
    if found is not None:
        return found
    pieces = _JOINT.split(text)
    said = [_sentence(one) for one in pieces[::2]]
    if not any(said):
        return _english(text)
    joints = (*pieces[1::2], "")
    return Markup("").join(
        (_english(one) if known is None else known) + joint
        for one, known, joint in zip(pieces[::2], said, joints, strict=True)
    )


def is_told(text: str) -> bool:
    """Whether all of it, or a part, can be said in other languages than English."""
    return any(_recognised(one) for one in (text, *_JOINT.split(text)[::2]))


def _recognised(text: str) -> bool:
    if text in _WHOLE or _bare(text) in _WHOLE:
        return True
    return any(one.pattern.fullmatch(_bare(text)) is not None for one in _FORMS)


def _bare(text: str) -> str:
    """Without its full stop, and without the capital of a sentence's beginning."""
    bare = text.removesuffix(".")
    within = bare[:1].lower() + bare[1:]
    return within if within in _WHOLE else bare


def _sentence(text: str) -> Markup | None:
    if text in _WHOLE:
        return escape(gettext(text))
    bare, stop = _bare(text), "." if text.endswith(".") else ""
    if bare in _WHOLE:
        said = gettext(bare)
        begins = text[:1].isupper()
        return escape(f"{said[:1].upper() if begins else said[:1]}{said[1:]}{stop}")
    for one in _FORMS:
        for words, end in ((text, ""), (bare, stop)):
            found = one.pattern.fullmatch(words)
            if found is not None:
                values = {name: _value(name, value) for name, value in found.groupdict().items()}
                return escape(gettext(one.sentence)) % values + end
    return None


def _value(name: str, value: str) -> Markup:
    if name == "rest":
        return told(value)
    if name == "countries":
        known: Mapping[str, Any] = chosen_locale().territories
        return escape(listed([known.get(one, one) for one in value.split(", ")]))
    return Markup("<bdi>{}</bdi>").format(value)


def _english(text: str) -> Markup:
    if _WORD.search(text) is None:
        return escape(text)  # a number, a hash, a code: it is read alike in every language
    return Markup('<span lang="en" dir="ltr">{}</span>').format(text)
