"""An accuracy is understood in the language of its page, and in English everywhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, g

from corridor.coordinator.workbench import accuracy_words
from corridor.coordinator.workbench.accuracy_words import read_accuracy
from corridor.errors.questions import UnsupportedAccuracyError
from corridor.pages.languages import LANGUAGES, gettext, install_languages
from corridor.queries.accuracy import parse_accuracy

HINT = "As ±20; also ±20 at 99 %%, ±20 all cells at once, 10 %% above 100. Of a mean: ±1 above 100."


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    app = Flask("accuracy")
    install_languages(app, Path(accuracy_words.__file__).parent / "translations")
    with app.test_request_context():
        g.language = request.param
        yield str(request.param)


def test_what_the_page_proposes_is_understood(language: str) -> None:
    shown = gettext(HINT).replace("%%", "%")  # as a template shows it
    pieces = re.findall(r"(?:±|\b)\d+(?:(?![;,،؛.]).)*", shown)
    found = {str(parse_accuracy(read_accuracy(one))) for one in pieces}
    expected = ("±20", "±20 at 99 %", "±20 all cells at once", "10 % above 100", "±1 above 100")
    assert found == {str(parse_accuracy(one)) for one in expected}, pieces


@pytest.mark.parametrize("text", ["±20 at 99 %", "all cells at once ±12.5", "10% above 100"])
def test_english_is_understood_everywhere(language: str, text: str) -> None:
    assert parse_accuracy(read_accuracy(text)) == parse_accuracy(text)


def test_numbers_are_read_as_the_language_writes_them(language: str) -> None:
    for text in ("±12,5", "±\u0661\u0662\u066b\u0665", "\u2066±12.5\u2069"):
        assert parse_accuracy(read_accuracy(text)) == parse_accuracy("±12.5")


def test_what_is_no_accuracy_stays_none(language: str) -> None:
    with pytest.raises(UnsupportedAccuracyError):
        parse_accuracy(read_accuracy("as exact as can be"))
