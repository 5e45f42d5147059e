"""Every text of every site in every language, with the same gaps to fill, and compiled."""

import io
import re

import pytest
from babel.messages.mofile import write_mo

from support.translations import (
    PLACE,
    PLACES,
    ROOT,
    TRANSLATED,
    catalogue,
    forms,
    messages,
    said,
)


def test_the_texts_are_found() -> None:
    assert "Sign in" in said("pages")
    assert {"answer published", "%(num)s entry found"} <= said("node/web")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_and_no_other_is_there(place: str, language: str) -> None:
    found = messages(place, language)
    assert found.keys() == said(place)
    for text, message in found.items():
        assert all(forms(message)), (language, text)
        assert not message.fuzzy, (language, text)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("language", TRANSLATED)
def test_every_translation_has_the_gaps_of_its_text(place: str, language: str) -> None:
    for text, message in messages(place, language).items():
        for form in forms(message):
            assert sorted(PLACE.findall(form)) == sorted(PLACE.findall(text)), (language, text)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("language", TRANSLATED)
def test_a_language_has_as_many_forms_of_a_number_as_its_grammar(place: str, language: str) -> None:
    found = catalogue(place, language)
    for message in found:
        if message.pluralizable:
            assert len(forms(message)) == found.num_plurals


@pytest.mark.parametrize("place", PLACES)
def test_no_bulgarian_word_mixes_two_alphabets(place: str) -> None:
    for message in messages(place, "bg").values():
        for word in re.findall(r"\w+", " ".join(forms(message))):
            assert not (re.search("[a-zA-Z]", word) and re.search("[\u0400-\u04ff]", word)), word


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("language", TRANSLATED)
def test_what_is_compiled_is_what_is_written(place: str, language: str) -> None:
    path = ROOT / place / "translations" / language / "LC_MESSAGES" / "messages.mo"
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(place, language))
    assert compiled.getvalue() == path.read_bytes(), "run `make translations` and commit"
