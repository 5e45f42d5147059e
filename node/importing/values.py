"""One cell → a date, a number, a value of a picklist, a yes or no; or a problem.

Each function takes one cell and gives a `Reading`: the value, or None when there is none, and
the problems of the import report with the text that each concerns (shown in the report for
picklists and countries only). Each cell is read by itself: whether 03/04/2024 is in March or
April is settled by a rule and never by other cells of the column, since then one person's
removal would change what another person's row says.

Dates: real dates; 2024-03-31, 2024/3/31, 20240331, with or without a time of day; 31.03.2024,
31/3/2024, 31-03-2024, day before month; 3/31/2024 where nothing else is possible; names of
months in the six languages, 31 March 2024, 31 марта 2024; Excel's day numbers. Where the operator's
mapping says how a column's dates are written (`dates`), that holds.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Generic, TypeVar

from corridor.ids import CountryCode
from corridor.node.importing.countries import (
    CountryResolver,
    Located,
    fold,
    is_unknown_word,
)
from corridor.node.importing.dates import AS_EVER, DateForm, Order, month_names
from corridor.queries.htcds import HtcdsField

Cell = str | int | float | bool | date | datetime | time | timedelta
"""What a file holds in one place. Blank cells are not cells."""

OLDEST_AGE: Final = 120
MOST_CHILDREN: Final = 50

Value_co = TypeVar("Value_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Reading(Generic[Value_co]):
    """A value, or None where there is none, and what the report has to say about it."""

    value: Value_co | None
    problems: tuple[tuple[str, str], ...] = ()


Reader = Callable[[Cell], Reading[object]]
"""How the cells of one field are read."""

_ISO = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T ].*)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_NUMERIC = re.compile(
    r"(\d{1,2})([-/.\s])\s*(\d{1,2})\2\s*(\d{4}|\d{2})\.?(?:[T ,].*)?(?:\u0433\.?)?"
)
_INCOMPLETE = re.compile(r"\d{4}|\d{1,2}[-/.]\d{4}|\d{4}[-/.]\d{1,2}")
_SERIAL = re.compile(r"\d{5}(?:\.0+)?")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]0+)?")
_MOST_DIGITS = 400  # the largest double has 309
_NUMBER_WITH_WORDS = re.compile(r"(\d{1,3})\s*[^\W\d_]+\.?(?:\s+[^\W\d_]+\.?)*")
# Excel's day numbers of 1920 and 2100: outside them a number is no date.
_FIRST_SERIAL, _LAST_SERIAL = 7306, 73051
_SERIAL_ZERO = date(1899, 12, 30)

_YES = "true yes y t 1 x on checked agreed oui vrai sí s verdadero da да так نعم"
_NO = "false no n f 0 off unchecked refused non faux falso nu нет не ні لا"
_TRUE = frozenset(fold(word) for word in _YES.split())
_FALSE = frozenset(fold(word) for word in _NO.split())
_TICKS = frozenset("✓✔☑✅☒")


def text_of(cell: Cell) -> str:
    """A cell as text, the same for 12, 12.0 and "12"; dates in ISO form."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat()
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def read_date(cell: Cell, today: date, form: DateForm = AS_EVER) -> Reading[date]:
    """The day that a cell names, neither before 1900 nor after `today`."""
    reading = _any_date(cell, form)
    if reading.value is None:
        return reading
    if reading.value.year < 1900:
        return Reading(None, (("date.before_1900", ""),))
    if reading.value > today:
        return Reading(None, (("date.future", ""),))
    return reading


def read_birthdate(cell: Cell, today: date, form: DateForm = AS_EVER) -> Reading[date]:
    """The same, of somebody who may still be alive."""
    reading = read_date(cell, today, form)
    if reading.value is not None and today.year - reading.value.year > OLDEST_AGE:
        return Reading(None, (("date.too_long_ago", ""),))
    return reading


def read_number(cell: Cell, highest: int) -> Reading[int]:
    """A whole number from 0 to `highest`."""
    text = text_of(cell).strip()
    if is_unknown_word(text):
        return Reading(None)
    repaired = _NUMBER_WITH_WORDS.fullmatch(text)
    if isinstance(cell, bool) or not (_NUMBER.fullmatch(text) or repaired):
        return Reading(None, (("number.unreadable", ""),))
    number = _whole(repaired[1] if repaired else re.split("[.,]", text)[0])
    if not 0 <= number <= highest:
        return Reading(None, (("number.out_of_range", ""),))
    return Reading(number, (("number.with_words", ""),) if repaired else ())


def read_yes(cell: Cell) -> Reading[bool]:
    """A ticked box. Whatever is not clearly a yes is a no."""
    text = text_of(cell).strip()
    folded = fold(text)
    if folded in _TRUE or (text and set(text) <= _TICKS):
        return Reading(value=True)
    if folded in _FALSE or is_unknown_word(text):
        return Reading(value=False)
    return Reading(value=False, problems=(("consent.unreadable", ""),))


def read_country(cell: Cell, resolver: CountryResolver) -> Reading[CountryCode]:
    """The one country that a cell names."""
    text = text_of(cell).strip()
    located = resolver.locate(text)
    return Reading(located.code, _located(located, text))


def read_countries(cell: Cell, resolver: CountryResolver) -> Reading[tuple[CountryCode, ...]]:
    """The countries that a cell names, sorted."""
    text = text_of(cell)
    found = resolver.locate_all(text)
    parts = re.split(r"[;\n\r]+", text)
    texts = [part.strip() for part in parts if part.strip()]
    shown = texts if len(texts) == len(found) else [text.strip()] * len(found)
    problems = tuple(p for hit, part in zip(found, shown, strict=True) for p in _located(hit, part))
    codes = sorted({hit.code for hit in found if hit.code is not None})
    return Reading(tuple(codes) or None, tuple(dict.fromkeys(problems)))


class PicklistReader:
    """Reads API values and labels of one field's picklist, however they are written."""

    def __init__(self, field: HtcdsField) -> None:
        self._several = field.is_multiselect
        self._values: dict[str, str] = {}
        for value, label in field.picklist.items():
            # ISIC's letters come first in industries: `A_Agriculture…`, also written `A`.
            for text in (label, value):
                self._values.setdefault(_compact(text), value)
            if value[1:2] == "_":
                self._values.setdefault(_compact(value[2:]), value)
                self._values.setdefault(value[:1].casefold(), value)

    def one(self, cell: Cell) -> Reading[str]:
        """The one value of a cell."""
        text = text_of(cell).strip()
        value = self._values.get(_compact(text))
        if value is not None:
            return Reading(value)
        values = {found for part in text.split(";") if (found := self._values.get(_compact(part)))}
        if len(values) == 1 and ";" in text:
            return Reading(values.pop())
        if is_unknown_word(text):
            return Reading(None)
        # The XLSForm lets several industries be chosen, where the standard has one.
        spaced = [self._values.get(_compact(word)) for word in text.split()]
        values = values or ({"several"} if len(spaced) > 1 and None not in spaced else set())
        problem = "picklist.several_values" if values else "picklist.unknown_value"
        return Reading(None, ((problem, text),))

    def several(self, cell: Cell) -> Reading[tuple[str, ...]]:
        """The values of a multi-select cell, sorted, each once."""
        values: set[str] = set()
        problems: list[tuple[str, str]] = []
        # A label may hold a semicolon itself, so the whole cell comes first.
        text = text_of(cell).strip()
        whole = self._values.get(_compact(text))
        for part in [] if whole else re.split(r"[;\n\r]+", text):
            found = self._part(part.strip(), problems)
            values.update(found)
        if whole:
            values.add(whole)
        return Reading(tuple(sorted(values)) or None, tuple(problems))

    def suggestion(self, text: str) -> str | None:
        """The value that looks most like `text`, for a human to judge; or None."""
        near = difflib.get_close_matches(_compact(text), self._values, n=1, cutoff=0.7)
        return self._values[near[0]] if near else None

    def _part(self, text: str, problems: list[tuple[str, str]]) -> set[str]:
        value = self._values.get(_compact(text))
        if value is not None:
            return {value}
        # ODK and Kobo forms separate the API values of a select_multiple by spaces.
        spaced = {self._values.get(_compact(word)) for word in text.split()}
        if len(spaced) > 1 and None not in spaced:
            problems.append(("picklist.space_list", text))
            return {word for word in spaced if word is not None}
        if not is_unknown_word(text):
            problems.append(("picklist.unknown_value", text))
        return set()


def kind_of_date(text: str) -> str | None:
    """`doubtful`, `day-first` or `month-first` for a typed date of numbers with the year last."""
    parts = _NUMERIC.fullmatch(text.strip())
    if parts is None or len(parts[4]) == 2:
        return None
    first, second = int(parts[1]), int(parts[3])
    if first == second or max(first, second) > 31 or not min(first, second):
        return None
    if first > 12 >= second:
        return Order.DAY_FIRST
    if second > 12 >= first:
        return Order.MONTH_FIRST
    return "doubtful" if max(first, second) <= 12 and parts[2] in "/-" else None


def words_of_date(text: str) -> tuple[str, ...]:
    """The folded words of a date that names its month; none where it names none."""
    words = fold(text).split()
    numbers = [word for word in words if word.isdigit()]
    if len(numbers) != 2 or len(words) < 3 or not any(len(word) == 4 for word in numbers):
        return ()
    return tuple(word for word in words if not word.isdigit())


def reader_of(
    field: HtcdsField, resolver: CountryResolver, today: date, form: DateForm = AS_EVER
) -> Reader:
    """How the cells of a field of the standard are read; `form` is that of dates."""
    readers: Mapping[str, Reader] = {
        "prs_Birthdate": lambda cell: read_birthdate(cell, today, form),
        "prs_Citizenship": lambda cell: read_countries(cell, resolver),
        "prs_NumberOfChildren": lambda cell: read_number(cell, MOST_CHILDREN),
        "vic_AgeWhenTrafficked": lambda cell: read_number(cell, OLDEST_AGE),
        "vic_LocationOfRecruitment": lambda cell: read_country(cell, resolver),
        "vic_LocationOfExploitation": lambda cell: read_country(cell, resolver),
        "hte_Country": lambda cell: read_country(cell, resolver),
    }
    if field.name in readers:
        return readers[field.name]
    if field.picklist:
        picklist = PicklistReader(field)
        return picklist.several if field.is_multiselect else picklist.one
    if field.type == "Checkbox":
        return read_yes
    if field.type == "Date":
        return lambda cell: read_date(cell, today, form)
    raise ValueError(f"{field.name}: nothing reads a {field.type}")


def _located(located: Located, text: str) -> tuple[tuple[str, str], ...]:
    return () if located.problem is None else ((located.problem, text),)


def _compact(text: str) -> str:
    return fold(text).replace(" ", "")


def _whole(digits: str) -> int:
    """The number; one beyond all ages and years where there are more digits than Python reads."""
    return int(digits) if len(digits) <= _MOST_DIGITS else 10**_MOST_DIGITS


def _any_date(cell: Cell, form: DateForm) -> Reading[date]:
    if isinstance(cell, date):
        return Reading(cell.date() if isinstance(cell, datetime) else cell)
    text = text_of(cell).strip()
    if is_unknown_word(text):
        return Reading(None)
    if isinstance(cell, bool | time | timedelta):
        return Reading(None, (("date.unreadable", ""),))
    return _date_in_figures(text, form.order) or _with_name_of_month(text, form.months)


def _date_in_figures(text: str, order: Order | None) -> Reading[date] | None:
    """A date without the name of a month; None where it is none."""
    if parts := _ISO.fullmatch(text):
        return _day(int(parts[1]), int(parts[3]), int(parts[4]))
    if parts := _COMPACT.fullmatch(text):
        return _day(int(parts[1]), int(parts[2]), int(parts[3]))
    if parts := _NUMERIC.fullmatch(text):
        return _year_last(int(parts[1]), int(parts[3]), parts[4], parts[2], order)
    if _SERIAL.fullmatch(text) and _FIRST_SERIAL <= int(text[:5]) <= _LAST_SERIAL:
        day = _SERIAL_ZERO + timedelta(days=int(text[:5]))
        return Reading(day, (("date.excel_serial", ""),))
    if _INCOMPLETE.fullmatch(text):
        return Reading(None, (("date.incomplete", ""),))
    return None


def _day(year: int, month: int, day: int, problem: str | None = None) -> Reading[date]:
    try:
        found = date(year, month, day)
    except ValueError:
        return Reading(None, (("date.impossible", ""),))
    return Reading(found, () if problem is None else ((problem, ""),))


def _year_last(
    first: int, second: int, year: str, separator: str, order: Order | None
) -> Reading[date]:
    if len(year) == 2:
        return Reading(None, (("date.two_digit_year", ""),))
    # With dots nobody writes the month first; with strokes some do.
    doubtful = separator in "/-" and first <= 12 and first != second
    if order is not None:
        return _in_order(order, first, second, int(year), doubtful=doubtful and second <= 12)
    if second > 12 >= first:
        return _day(int(year), first, second, "date.month_first")
    return _day(int(year), second, first, "date.day_first" if doubtful else None)


def _in_order(order: Order, first: int, second: int, year: int, *, doubtful: bool) -> Reading[date]:
    """A date in the order that was said; one that can only be read in another is none."""
    if order is Order.UNDECIDED:
        if doubtful:
            return Reading(None, (("date.undecided", ""),))
        return _day(year, *((first, second) if second > 12 >= first else (second, first)))
    month, day = (first, second) if order is Order.MONTH_FIRST else (second, first)
    if order is Order.YEAR_FIRST or day <= 12 < month:
        return Reading(None, (("date.other_order", ""),))
    return _day(year, month, day)


def _with_name_of_month(text: str, language: str | None) -> Reading[date]:
    words = fold(text).split()
    names = month_names(language)
    months = {month for word in words if (month := names.get(word)) is not None}
    numbers = [re.fullmatch(r"(\d+)(?:st|nd|rd|th|er|o|i)?", word) for word in words]
    found = [_whole(number[1]) for number in numbers if number]
    days = [number for number in found if number <= 31]
    years = [number for number in found if 1000 <= number <= 9999]
    if len(months) == 1 and len(days) == len(years) == 1 and len(found) == 2:
        return _day(years[0], months.pop(), days[0])
    return Reading(None, (("date.incomplete" if months else "date.unreadable", ""),))
