"""How the dates of a column are written, where an operator said so.

    [table.dates]
    prs_Birthdate = "month-first"             03/04/2024 is the fourth of March
    cas_IncomingReferralDate = "-"            nobody knows: a date that could be two is unknown
    [table]
    months = "ro"                             names of months in this language are read, too

Where nothing is said, a date that could be two is read day before month. Whatever is said holds for
every row alike: it comes from a person, never from a look at other rows.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from babel import Locale, UnknownLocaleError

from corridor.node.importing.countries import LANGUAGES, fold


class Order(StrEnum):
    """In which order the numbers of a date stand."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"
    YEAR_FIRST = "year-first"
    UNDECIDED = "-"


@dataclass(frozen=True, slots=True)
class DateForm:
    """How dates are written.

    Attributes:
        order: what was said of it; None: nothing.
        months: a language whose names of months are read besides those of the six languages.
    """

    order: Order | None = None
    months: str | None = None


AS_EVER: Final = DateForm()
"""Of columns of which nobody said anything."""

OTHER_LANGUAGES: Final = (
    *("bn", "bs", "cs", "da", "de", "el", "et", "fa", "fi", "ha", "he", "hi", "hr", "hu", "hy"),
    *("id", "ig", "is", "it", "ka", "km", "ky", "lo", "lt", "lv", "mk", "mn", "my", "ne", "nl"),
    *("no", "pl", "pt", "ro", "sk", "sl", "so", "sq", "sr", "sr_Latn", "sv", "sw", "ta", "th"),
    *("tl", "tr", "uk", "ur", "uz", "vi", "yo", "am", "az", "kk"),
)
"""Whose names of months the assistant knows when it proposes; a file may say any of CLDR."""


def is_language(code: str) -> bool:
    """Whether CLDR has names of months in it."""
    try:
        Locale.parse(code)
    except (UnknownLocaleError, ValueError, TypeError):
        return False
    return True


@cache
def month_names(language: str | None = None) -> Mapping[str, int]:
    """Folded name of a month → 1 … 12; a name of two months is none.

    The names of the six languages, and before them those of another `language`.
    """
    names = _names(LANGUAGES)
    return names if language is None else {**names, **_names((language,))}


def languages_of(words: Iterable[str]) -> tuple[str, ...]:
    """The languages that read all of these folded words as months, and in one and the same way.

    None where two of them would read a word as different months: then only a person knows.
    """
    wanted = set(words)
    readings: dict[str, tuple[int, ...]] = {}
    for language in OTHER_LANGUAGES:
        names = _names((language,))
        if wanted and wanted <= names.keys():
            readings[language] = tuple(names[word] for word in sorted(wanted))
    return tuple(readings) if len(set(readings.values())) == 1 else ()


@dataclass(frozen=True, slots=True)
class DateEvidence:
    """What the cells of a column prove about the order of their dates.

    Attributes:
        doubtful: how many could be two days.
        day_first, month_first: how many can only be read so.
        words: different words, folded, that could be months of another language.
    """

    doubtful: int
    day_first: int
    month_first: int
    words: frozenset[str] = frozenset()

    @property
    def proven(self) -> Order | None:
        """The one order that all cells have that tell; None where none tells, or they differ."""
        if bool(self.day_first) == bool(self.month_first):
            return None
        return Order.DAY_FIRST if self.day_first else Order.MONTH_FIRST

    @property
    def asks(self) -> bool:
        """Whether anything hangs on what the operator says."""
        return self.doubtful > 0 or self.month_first > 0


def evidence(kinds: Counter[str], words: Iterable[str]) -> DateEvidence:
    """From how many cells are of which kind (`values.kind_of_date`)."""
    return DateEvidence(
        kinds["doubtful"], kinds["day-first"], kinds["month-first"], frozenset(words)
    )


@cache
def _names(languages: tuple[str, ...]) -> Mapping[str, int]:
    names: dict[str, set[int]] = {}
    for language in languages:
        locale = Locale.parse(language)
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for month, name in locale.months[context][width].items():
                    names.setdefault(fold(name), set()).add(month)
    return {name: months.pop() for name, months in names.items() if len(months) == 1 and name}
