"""What is published with a release: texts, names, terms; each field checked when it is made.

    Draft ── releases          what is published
          ── texts             title, summary and method, in one language or several
          ── organisations, people, publisher, contact, keywords, licence, doi     who, how to cite
          ── embargo           the second from which everybody may see it; None for at once
          ── replaces          the publication that this one corrects

Its document is JSON with these names; `parse_draft` takes it back, from the store and from the API.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from corridor.coordinator.moments import iso
from corridor.errors.publications import MalformedPublicationError

LANGUAGES = ("en", "fr", "es", "ar", "bg")
"""In which a publication may be written: those of the pages."""

MOST_RELEASES = 20
LONGEST_TITLE = 300
LONGEST_NAME = 200
LONGEST_SUMMARY = 5_000
LONGEST_METHOD = 20_000
MOST_NAMES = 50

LICENCES: Mapping[str, tuple[str, str]] = {
    "CC-BY-4.0": (
        "Creative Commons Attribution 4.0 International",
        "https://creativecommons.org/licenses/by/4.0/",
    ),
    "CC-BY-3.0-IGO": (
        "Creative Commons Attribution 3.0 IGO",
        "https://creativecommons.org/licenses/by/3.0/igo/",
    ),
    "CC-BY-SA-4.0": (
        "Creative Commons Attribution Share Alike 4.0 International",
        "https://creativecommons.org/licenses/by-sa/4.0/",
    ),
    "CC0-1.0": (
        "Creative Commons Zero 1.0 Universal",
        "https://creativecommons.org/publicdomain/zero/1.0/",
    ),
}
"""By their names in SPDX: what each is called, and where it stands."""

_DOI = re.compile(r"10\.[0-9]{4,9}/[-._;()/:A-Za-z0-9]{1,200}")
_IDENTIFIER = re.compile(r"[0-9a-f]{16}")
_WRITTEN_WITH = frozenset("\n\u200c\u200d\u200e\u200f")
"""What several scripts need between their letters; all else that cannot be seen is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What is said of it in one language."""

    language: str
    title: str
    summary: str
    method: str

    def __post_init__(self) -> None:
        """Check what came from a form or a program."""
        if self.language not in LANGUAGES:
            raise MalformedPublicationError("language", f"it is one of {', '.join(LANGUAGES)}")
        _check_line("title", self.title, LONGEST_TITLE)
        _check_text("summary", self.summary, LONGEST_SUMMARY)
        _check_text("method", self.method, LONGEST_METHOD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """All that is published with a release.

    Attributes:
        texts: in each language once; the first is the language of the publication.
        organisations, people: who made it, in the order of citing; people as `Family, Given`.
        licence: one of `LICENCES`.
        doi: the bare name, as 10.1234/abc; empty where it has none.
        embargo: seconds since 1970 UTC; None where it may be seen at once.
        replaces: the id of a publication that it corrects; empty for none.
    """

    releases: tuple[str, ...]
    texts: tuple[Texts, ...]
    organisations: tuple[str, ...]
    people: tuple[str, ...] = ()
    publisher: str
    contact: str = ""
    keywords: tuple[str, ...] = ()
    licence: str = "CC-BY-4.0"
    doi: str = ""
    embargo: int | None = None
    replaces: str = ""

    def __post_init__(self) -> None:
        """Check what came from a form or a program."""
        if not 1 <= len(self.releases) <= MOST_RELEASES:
            raise MalformedPublicationError("releases", f"name 1 to {MOST_RELEASES} of them")
        _check_once("releases", self.releases)
        languages = tuple(one.language for one in self.texts)
        if not languages:
            raise MalformedPublicationError("title", "write one, in one language at least")
        _check_once("language", languages)
        for field, names in (
            ("organisations", self.organisations),
            ("people", self.people),
            ("keywords", self.keywords),
        ):
            if len(names) > MOST_NAMES:
                raise MalformedPublicationError(field, f"name at most {MOST_NAMES}")
            _check_once(field, names)
            for name in names:
                _check_line(field, name, LONGEST_NAME)
        if not self.organisations and not self.people:
            raise MalformedPublicationError("organisations", "name who made this, one at least")
        _check_line("publisher", self.publisher, LONGEST_NAME)
        if self.contact:
            _check_line("contact", self.contact, LONGEST_NAME)
        if self.licence not in LICENCES:
            raise MalformedPublicationError("licence", f"it is one of {', '.join(LICENCES)}")
        if self.doi and not _DOI.fullmatch(self.doi):
            raise MalformedPublicationError("doi", "a DOI is written as in 10.1234/abc-1")
        if self.replaces and not is_publication_id(self.replaces):
            raise MalformedPublicationError("replaces", "it is no id of a publication")
        if self.embargo is not None and not 0 <= self.embargo < 1 << 33:
            raise MalformedPublicationError("embargo", "it is no moment that can be meant")

    @property
    def main(self) -> Texts:
        """What is said in the publication's own language."""
        return self.texts[0]

    def in_language(self, language: str) -> Texts:
        """What is said in this language, or else in the publication's own."""
        return next((one for one in self.texts if one.language == language), self.main)

    @property
    def creators(self) -> Iterator[tuple[str, bool]]:
        """Who made it, and whether that is a person."""
        yield from ((name, False) for name in self.organisations)
        yield from ((name, True) for name in self.people)

    def to_json(self) -> dict[str, Any]:
        """The document."""
        return {
            "releases": list(self.releases),
            "texts": [
                {
                    "language": one.language,
                    "title": one.title,
                    "summary": one.summary,
                    "method": one.method,
                }
                for one in self.texts
            ],
            "organisations": list(self.organisations),
            "people": list(self.people),
            "publisher": self.publisher,
            "contact": self.contact,
            "keywords": list(self.keywords),
            "licence": self.licence,
            "doi": self.doi,
            "embargo": None if self.embargo is None else iso(self.embargo),
            "replaces": self.replaces,
        }


def parse_draft(document: Mapping[str, Any]) -> Draft:
    """The draft of a document whose types were checked.

    Raises:
        MalformedPublicationError: a field cannot be used; names it.
    """
    embargo = document["embargo"]
    return Draft(
        releases=tuple(document["releases"]),
        texts=tuple(
            Texts(**{key: tidy(value) for key, value in one.items()}) for one in document["texts"]
        ),
        organisations=_names(document["organisations"]),
        people=_names(document["people"]),
        publisher=tidy(document["publisher"]),
        contact=tidy(document["contact"]),
        keywords=_names(document["keywords"]),
        licence=document["licence"],
        doi=document["doi"].strip().removeprefix("https://doi.org/"),
        embargo=None if embargo is None else parse_moment(embargo),
        replaces=document["replaces"],
    )


def parse_moment(text: str) -> int:
    """A moment in UTC as forms and programs write it: 2027-03-01T09:00, seconds and Z as one likes.

    Raises:
        MalformedPublicationError: it is none.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.microsecond or (found.tzinfo is not None and found.utcoffset()):
        raise MalformedPublicationError("embargo", "write a moment in UTC, as 2027-03-01T09:00")
    return int(found.replace(tzinfo=UTC).timestamp())


def tidy(text: str) -> str:
    """A text with the line ends that we keep, and nothing around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def is_publication_id(text: str) -> bool:
    """Whether it has the form of one."""
    return _IDENTIFIER.fullmatch(text) is not None


def _names(names: list[str]) -> tuple[str, ...]:
    return tuple(kept for name in names if (kept := tidy(name)))


def _check_line(field: str, text: str, longest: int) -> None:
    if not 1 <= len(text) <= longest:
        raise MalformedPublicationError(field, f"write 1 to {longest} characters")
    if "\n" in text:
        raise MalformedPublicationError(field, "write it in one line")
    _check_letters(field, text)


def _check_text(field: str, text: str, longest: int) -> None:
    if not 1 <= len(text) <= longest:
        raise MalformedPublicationError(field, f"write 1 to {longest} characters")
    _check_letters(field, text)


def _check_letters(field: str, text: str) -> None:
    # Unseen letters can turn a line around, so that it reads as something else.
    if not all(one.isprintable() or one in _WRITTEN_WITH for one in text):
        raise MalformedPublicationError(field, "it holds characters that cannot be seen")


def _check_once(field: str, words: tuple[str, ...]) -> None:
    if len(set(words)) < len(words):
        raise MalformedPublicationError(field, "something is named twice")
