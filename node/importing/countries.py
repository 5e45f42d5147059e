"""A location's text → a country: `Republic of Moldova`, `Молдова`, `Chișinău, Moldova` → MD.

Names are those of CLDR (through Babel) in English, French, Spanish, Arabic, Bulgarian and
Russian, and the reviewed variants of `data/country-names.csv`. Two texts are the same name
when their folded forms are: lower case, transliterated, letters and digits only, without
"the". In order:

    1. the operator's mapping, for the whole text
    2. a word for "unknown" (`data/unknown-words.csv`): no country, and nothing to report
    3. an ISO code standing alone: alpha-2 in capitals or small letters, alpha-3 in capitals
    4. a name
    5. a part of the text between commas, brackets, dashes, slashes, line breaks: of commas the
       last part that is a name; of the others all parts must agree

A two-letter code inside an address does not count: CA may be California, and MD Maryland.
`NA` counts as Namibia nowhere; it is what many programs write for "not available".
A near miss is never applied; the report suggests it.

A mapping file is CSV (`text,code`, further columns do not matter) or TOML (`"text" = "code"`).
The code `-` means that the text names no country; where the code is empty nothing is decided
yet, as in the list that an import writes beside its report. That list cuts long texts short: an
entry from it stands for every text that begins so.
"""

import csv
import difflib
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from anyascii import anyascii
from babel import Locale
from babel.core import get_global

from corridor.errors.importing import BadCountryMappingError
from corridor.ids import CountryCode, is_country_code
from corridor.node.importing.report import MAPPING_COLUMNS, shortened

LANGUAGES: Final = ("en", "fr", "es", "ar", "bg", "ru")

_DATA = Path(__file__).parent / "data"
# Regions of CLDR that ISO 3166-1 does not have, or only reserves. XK (Kosovo) stays.
_NO_COUNTRY = frozenset(
    {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
)
# Small words that would otherwise be codes; in capitals they are codes, but for NA.
_SMALL_WORDS = (
    "al am an as at be by de do es et il in io is it la me mr ms my na ne no pa pm so st to"
)
_WORD = re.compile(r"[a-z0-9]+")
_HARD_BREAK = re.compile(r"\s*(?:[()\[\]/|;\n\r→]+|\s[-–—]+\s|->)\s*")
_COMMAS = re.compile(r"\s*[,،]\s*")


@dataclass(frozen=True, slots=True)
class CountryMapping:
    """What an operator says that texts mean.

    Attributes:
        codes: folded text → country; None where the text names no country.
    """

    codes: Mapping[str, CountryCode | None]


@dataclass(frozen=True, slots=True)
class Located:
    """What a text says about a country.

    Attributes:
        code: the country, or None.
        problem: a problem of the import report, or None when the text is plain or says "unknown".
    """

    code: CountryCode | None
    problem: str | None = None


def fold(text: str) -> str:
    """What is left of a name when case, accents, script and punctuation are taken away.

    `Côte d’Ivoire` and `COTE D'IVOIRE` fold to `cote d ivoire`; `Молдова` to `moldova`.
    """
    plain = text.casefold().replace("&", " and ")
    if not text.isascii():
        plain = anyascii(unicodedata.normalize("NFKD", text).casefold().replace("&", " and "))
    words = _WORD.findall(plain.casefold())
    return " ".join("saint" if word == "st" else word for word in words if word != "the")


class CountryResolver:
    """Finds countries in texts, and remembers what it found."""

    def __init__(self, mapping: CountryMapping | None) -> None:
        self._mapping = {} if mapping is None else mapping.codes
        self._names = _names()
        self._codes = country_codes()
        self._alpha3 = _alpha3()
        self._unknown = _unknown_words()
        self._seen: dict[str, Located] = {}

    def locate(self, text: str) -> Located:
        """The country that `text` names, by the rules at the top of this file."""
        found = self._seen.get(text)
        if found is None:
            if len(self._seen) > 20_000:
                self._seen.clear()
            found = self._seen[text] = self._locate(text.strip())
        return found

    def locate_all(self, text: str) -> tuple[Located, ...]:
        """The countries of a multi-select cell; values stand apart by `;`, or all by commas."""
        texts = [part for part in re.split(r"[;\n\r]+", text) if part.strip()]
        found: list[Located] = []
        for part in texts:
            whole = self.locate(part)
            listed = [self._name(item) for item in _COMMAS.split(part.strip())]
            if len(listed) > 1 and all(listed) and self._name(part) is None:
                found += [Located(code, "country.comma_list") for code in listed]
            else:
                found.append(whole)
        return tuple(found)

    def suggestion(self, text: str) -> CountryCode | None:
        """The country whose name looks most like `text`, for a human to judge; or None."""
        parts = [fold(part) for part in [*_COMMAS.split(text)[::-1], text]]
        for part in parts:
            near = difflib.get_close_matches(part, self._names, n=1, cutoff=0.8)
            if near:
                return self._names[near[0]]
        return None

    def _locate(self, text: str) -> Located:
        folded = fold(text)
        for known in (folded, fold(shortened(text))):
            if known in self._mapping:
                return Located(self._mapping[known])
        if not folded or folded in self._unknown:
            # "NA" in capitals is an ISO code as well, so a human must say what it means.
            return Located(None, "country.ambiguous_code" if text == "NA" else None)
        code = self._code(text) or self._name(text)
        return Located(code) if code is not None else self._in_parts(text)

    def _code(self, text: str) -> CountryCode | None:
        if text in self._alpha3:
            return self._alpha3[text]
        if len(text) == 2 and (
            text.isupper() or (text.islower() and text not in _SMALL_WORDS.split())
        ):
            upper = text.upper()
            if is_country_code(upper) and upper in self._codes:
                return upper
        return None

    def _name(self, text: str) -> CountryCode | None:
        folded = fold(text)
        return self._mapping.get(folded) or self._names.get(folded)

    def _in_parts(self, text: str) -> Located:
        found = {
            code for part in _HARD_BREAK.split(text) if (code := self._last_named(part)) is not None
        }
        if len(found) == 1:
            return Located(found.pop(), "country.from_address")
        return Located(None, "country.several" if found else "country.unresolved")

    def _last_named(self, text: str) -> CountryCode | None:
        whole = self._name(text)
        if whole is not None:
            return whole
        named = (self._name(part) for part in reversed(_COMMAS.split(text)))
        return next((code for code in named if code is not None), None)


@cache
def country_codes() -> frozenset[CountryCode]:
    """ISO 3166-1 alpha-2, and XK."""
    regions = (str(region) for region in Locale("en").territories)
    return frozenset(code for code in regions if is_country_code(code) and code not in _NO_COUNTRY)


def read_country_mapping(*paths: Path) -> CountryMapping:
    """What the operator's mapping files say together.

    Raises:
        BadCountryMappingError: a file cannot be read, a line names no country's code, or a text
            is given two countries; names the place. Nothing was imported.
    """
    known = CountryMapping({})
    for path in paths:
        known = parse_country_mapping(path.name, _rows_of(path), known)
    return known


def parse_country_mapping(
    file: str, rows: Iterable[tuple[str, str, str]], before: CountryMapping | None = None
) -> CountryMapping:
    """A mapping from (place in the file, text, code), added to what is known `before`.

    Raises:
        BadCountryMappingError: a code is none, or one text is given two countries.
    """
    codes = {} if before is None else dict(before.codes)
    for where, text, written in rows:
        folded, code = fold(text), written.strip().upper()
        if not code:
            continue
        if not folded:  # it would stand for every text of signs alone
            raise BadCountryMappingError(file=file, where=where, why="holds no letter or digit")
        if code != "-" and not (is_country_code(code) and code in country_codes()):
            raise BadCountryMappingError(file=file, where=where, why="is no country's ISO code")
        country = None if code == "-" else CountryCode(code)
        if codes.setdefault(folded, country) != country:
            raise BadCountryMappingError(
                file=file, where=where, why="gives a text another country than it has above"
            )
    return CountryMapping(codes)


def _rows_of(path: Path) -> Iterable[tuple[str, str, str]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        why = error.strerror or "cannot be opened"
        raise BadCountryMappingError(file=path.name, where="file", why=why) from error
    except UnicodeDecodeError as error:
        raise BadCountryMappingError(
            file=path.name,
            where=f"byte {error.start}",
            why="is not UTF-8; in Excel save as “CSV UTF-8”",
        ) from error
    toml = path.suffix.casefold() == ".toml"
    return _toml_rows(path.name, text) if toml else _csv_rows(path.name, text)


def _csv_rows(file: str, text: str) -> Iterator[tuple[str, str, str]]:
    separator = ";" if text.split("\n", 1)[0].count(";") else ","
    reader = csv.reader(text.splitlines(), delimiter=separator)
    for row in reader:
        if not row or (reader.line_num == 1 and row[:2] == [*MAPPING_COLUMNS[:2]]):
            continue
        if len(row) < 2:
            raise BadCountryMappingError(
                file=file, where=f"line {reader.line_num}", why="holds no code"
            )
        # A list from the import report has more columns (count, suggestion); they do not matter.
        yield f"line {reader.line_num}", row[0], row[1]


def _toml_rows(file: str, text: str) -> Iterator[tuple[str, str, str]]:
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadCountryMappingError(file=file, where="TOML", why=str(error)) from error
    for key, value in table.items():
        if not isinstance(value, str):
            raise BadCountryMappingError(file=file, where=f"key {key!r}", why="is no text")
        yield f"key {key!r}", key, value


@cache
def _names() -> Mapping[str, CountryCode]:
    """Folded name → country: CLDR's, then the reviewed variants, which win."""
    names: dict[str, CountryCode] = {}
    for language in LANGUAGES:
        territories = Locale(language).territories
        for code in sorted(country_codes()):
            if code in territories:
                names.setdefault(fold(territories[code]), code)
    with (_DATA / "country-names.csv").open(encoding="utf-8", newline="") as lines:
        for text, country in csv.reader(lines):
            names[fold(text)] = CountryCode(country)
    return names


@cache
def _alpha3() -> Mapping[str, CountryCode]:
    aliases: Mapping[str, list[str]] = get_global("territory_aliases")
    return {
        alias: CountryCode(codes[0])
        for alias, codes in aliases.items()
        if len(alias) == 3 and alias.isalpha() and len(codes) == 1 and codes[0] in country_codes()
    } | {"XKX": CountryCode("XK")}


@cache
def _unknown_words() -> frozenset[str]:
    lines = (_DATA / "unknown-words.csv").read_text(encoding="utf-8").splitlines()
    return frozenset(fold(line) for line in lines if line.strip())


def is_unknown_word(text: str) -> bool:
    """Whether a text says that something is not known: blank, `n/a`, `inconnu`, `неизвестно`."""
    folded = fold(text)
    return not folded or folded in _unknown_words()


def english_name(code: CountryCode) -> str:
    """What the country is called in English, for reports."""
    return str(Locale("en").territories.get(code, code))
