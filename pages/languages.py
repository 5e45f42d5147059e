"""The languages of the pages: which one a browser gets, and how it writes numbers and dates.

What a browser chose is kept in a cookie of a year; before that its own preference counts. Texts are
in translations/*/LC_MESSAGES/messages.po; numbers, dates and names of countries come from CLDR.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from babel import Locale
from flask import Flask, g, request
from flask_babel import (  # type: ignore[import-untyped]  # it has no types
    Babel,
    format_date,
    format_datetime,
    format_decimal,
    get_locale,
    lazy_gettext,
    ngettext,
)
from flask_babel import gettext as _gettext

__all__ = [
    "LANGUAGES",
    "gettext",
    "install_languages",
    "lazy_gettext",
    "ngettext",
    "to_translate",
]

T = TypeVar("T")

COOKIE = "corridor-language"
YEAR_SECONDS = 365 * 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Language:
    """A language by its own name, and the direction of its script."""

    name: str
    direction: str = "ltr"


LANGUAGES: Mapping[str, Language] = {
    "en": Language("English"),
    "fr": Language("Français"),
    "es": Language("Español"),
    "ar": Language("العربية", "rtl"),
    "bg": Language("Български"),
}

_WRITTEN_AS = {"en": "en_GB", "fr": "fr", "es": "es", "ar": "ar", "bg": "bg"}


def gettext(text: str, /, **gaps: object) -> str:
    """The text in the language of this request, with its gaps filled."""
    return str(_gettext(text, **gaps))


def to_translate(text: str) -> str:
    """The text itself: it is translated where it is said, and found by the name given to this."""
    return text


def chosen_language() -> str:
    """The language of this request; a site may have settled it otherwise (`g.language`)."""
    if (settled := g.get("language")) is not None:
        return str(settled)
    kept = request.cookies.get(COOKIE, "")
    if kept in LANGUAGES:
        return kept
    return request.accept_languages.best_match(list(LANGUAGES)) or "en"


def install_languages(app: Flask, *own: Path) -> None:
    """Give templates `_`, and filters that write numbers, dates and countries.

    Args:
        app: whose templates.
        own: folders with the texts of this site's own pages.
    """
    folders = (Path(__file__).parent / "translations", *own)
    Babel(
        app,
        locale_selector=lambda: _WRITTEN_AS[chosen_language()],
        timezone_selector=lambda: "UTC",
        default_translation_directories=";".join(map(str, folders)),
    )
    app.jinja_env.filters.update(
        number=_number,
        moment=written_moment,
        second=lambda value: written_moment(datetime.fromtimestamp(value, UTC)),
        amount=amount,
        country=_country,
        figure=_figure,
        day=lambda value: format_date(value, "d MMM y"),
        month=lambda value: format_date(value, "MMMM y"),
        listed=listed,
    )

    @app.context_processor
    def language() -> dict[str, object]:
        chosen = chosen_language()
        return {
            "language": chosen,
            "colon": "\u00a0:" if chosen == "fr" else ":",
            "direction": LANGUAGES[chosen].direction,
            "languages": LANGUAGES,
        }


def _number(value: float) -> str:
    return str(format_decimal(value))


def _figure(text: str) -> str:
    """A figure with a decimal point, as the language writes it; a dash stays one."""
    try:
        exact = Decimal(text)
    except InvalidOperation:
        return text
    return str(format_decimal(exact, "0" if exact == exact.to_integral_value() else "0.00"))


def written_number(value: Decimal, *, decimals: int) -> str:
    """A number as the language of this request writes it, with so many decimals."""
    return str(format_decimal(value, f"#,##0.{'0' * decimals}" if decimals else "#,##0"))


_NUMBER = re.compile(r"−?[0-9]+(?: [0-9]{3})*(?:\.([0-9]+))?")


def written_figure(text: str) -> str:
    """The numbers of an English figure as the language of this request writes them.

    With the same digits: `1 240.5 ± 15` is `1.240,5 ± 15` in Spanish.
    """

    def write(found: re.Match[str]) -> str:
        exact = Decimal(found[0].replace(" ", "").replace("−", "-"))
        return written_number(exact, decimals=len(found[1] or ""))

    return _NUMBER.sub(write, text)


def written_moment(value: datetime | str) -> str:
    """A moment (UTC) as the language of this request writes it."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return f"{format_datetime(value, 'medium')} UTC"


def amount(value: Fraction | str, digits: int = 6, *, up: bool = True) -> str:
    """An amount of ρ for reading, as a decimal.

    Rounded up, so that a cost is never told too small; down where it says what is left.
    """
    exact = Fraction(value)
    scale = 10**digits
    whole = exact.numerator * scale
    rounded = -(-whole // exact.denominator) if up else whole // exact.denominator
    return str(format_decimal(Decimal(rounded).scaleb(-digits), f"0.{'#' * digits}"))


def _country(code: str) -> str:
    locale: Locale = get_locale()
    return str(locale.territories.get(code, code))


def by_name(found: Iterable[T], code: Callable[[T], str] = str) -> list[T]:
    """What belongs to countries, in the order of their names in the language of this request.

    Args:
        found: the codes themselves, or whatever else.
        code: gives the country's code of one.
    """
    return sorted(found, key=lambda one: (_plain(_country(code(one))), code(one)))


def _plain(name: str) -> str:
    """A name without accents and capitals, as people look it up: Égypte beside Équateur."""
    return "".join(
        one for one in unicodedata.normalize("NFD", name) if not unicodedata.combining(one)
    ).casefold()


def chosen_locale() -> Locale:
    """The language of this request, with the names that CLDR has in it."""
    found: Locale = get_locale()
    return found


def listed(words: Sequence[object]) -> str:
    """Words one after another, as a list is written in the language of this request."""
    return "، ".join(map(str, words)) if chosen_language() == "ar" else ", ".join(map(str, words))
