"""Letters that only look like others: names that mix alphabets, as IOM with a Cyrillic O.

What Unicode calls mixed-script (Technical Standard 39, section 5.1), of letters alone: digits,
marks and punctuation belong to every alphabet. A name that is written in one alphabet altogether
passes, also where another one has letters of the same looks; nothing here tells that from a name.

The standard library does not know a letter's script. The first word of its name says it: for every
letter of the compatibility form (NFKC) that people write names in.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable

_WRITTEN_TOGETHER = frozenset({"HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "CJK"})
"""Japanese, Korean and Chinese names mix these with ideographs."""


def odd_letters(names: Iterable[str]) -> str:
    """The letters of another alphabet than most of their name, each once, with that one's name.

    None where all fit. Of IOM with a Cyrillic O it gives that letter, and "(Cyrillic)".
    Of alphabets that have as many letters in a name, the one that comes first is its own.
    """
    found: dict[str, None] = {}
    for name in names:
        letters = [one for one in unicodedata.normalize("NFKC", name) if _is_letter(one)]
        if counted := Counter(map(_alphabet, letters)):
            ((own, _),) = counted.most_common(1)
            found.update(dict.fromkeys(one for one in letters if _alphabet(one) != own))
    return ", ".join(f"{one} ({_alphabet(one).capitalize()})" for one in found)


def _is_letter(one: str) -> bool:
    return unicodedata.category(one) in {"Lu", "Ll", "Lt", "Lo"}


def _alphabet(letter: str) -> str:
    first = unicodedata.name(letter, "UNNAMED").split(maxsplit=1)[0]
    return "CJK" if first in _WRITTEN_TOGETHER else first
