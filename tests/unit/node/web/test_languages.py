"""Every text of the console in every language, with the same gaps to fill, and compiled."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from corridor.pages.languages import LANGUAGES
from corridor.people import Role
from support.console import Browser, Console, open_console

WEB = Path(__file__).parents[4] / "node" / "web"
TRANSLATED = sorted(set(LANGUAGES) - {"en"})
PLACE = re.compile(r"%\(\w+\)s")
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "_l": None}


def said() -> set[str]:
    """Every text that pages and views say; of two forms the first."""
    found = extract_from_dir(WEB, METHODS, keywords=KEYWORDS)
    return {text if isinstance(text, str) else text[0] for _, _, text, _, _ in found}


def catalogue(language: str) -> Catalog:
    path = WEB / "translations" / language / "LC_MESSAGES" / "messages.po"
    return read_po(io.BytesIO(path.read_bytes()), locale=language)


def messages(language: str) -> dict[str, Message]:
    return {
        message.id if isinstance(message.id, str) else message.id[0]: message
        for message in catalogue(language)
        if message.id
    }


def forms(message: Message) -> tuple[str, ...]:
    """What is said; several forms where a number decides."""
    said = message.string
    return (said,) if isinstance(said, str) else tuple(said or ())


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with open_console(tmp_path_factory.mktemp("home") / "MD") as opened:
        yield opened


@pytest.fixture(scope="module")
def administrator(console: Console) -> Browser:
    return console.enter("Ana", Role.ADMINISTRATOR)


def test_the_texts_are_found() -> None:
    assert {"Sign in", "answer published", "%(num)s entry found"} <= said()


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_and_no_other_is_there(language: str) -> None:
    found = messages(language)
    assert found.keys() == said()
    for text, message in found.items():
        assert all(forms(message)), (language, text)
        assert not message.fuzzy, (language, text)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_translation_has_the_gaps_of_its_text(language: str) -> None:
    for text, message in messages(language).items():
        for form in forms(message):
            assert sorted(PLACE.findall(form)) == sorted(PLACE.findall(text)), (language, text)


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_language_has_as_many_forms_of_a_number_as_its_grammar(language: str) -> None:
    found = catalogue(language)
    for message in found:
        if message.pluralizable:
            assert len(forms(message)) == found.num_plurals


def test_no_bulgarian_word_mixes_two_alphabets() -> None:
    for message in messages("bg").values():
        for word in re.findall(r"\w+", " ".join(forms(message))):
            assert not (re.search("[a-zA-Z]", word) and re.search("[\u0400-\u04ff]", word)), word


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    path = WEB / "translations" / language / "LC_MESSAGES" / "messages.mo"
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(language))
    assert compiled.getvalue() == path.read_bytes(), "run `make translations` and commit"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_says_its_language_and_direction(console: Console, language: str) -> None:
    browser = console.browser()
    browser.get("/sign-in", headers={"Accept-Language": f"{language}, en;q=0.5"})
    direction = "rtl" if language == "ar" else "ltr"
    assert f'<html lang="{language}" dir="{direction}">' in browser.last


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_that_was_chosen_is_kept(console: Console, language: str) -> None:
    browser = console.browser()
    browser.get("/sign-in", headers={"Accept-Language": "en"})
    answer = browser.post("/language", {"language": language, "back": "/welcome"})
    assert answer.location == "/welcome"
    browser.get("/welcome", headers={"Accept-Language": "en"})
    assert f'lang="{language}"' in browser.last.partition(">")[0] + browser.last.split("<html")[1]
    title = "Set a password" if language == "en" else messages(language)["Set a password"].string
    assert f"<h1>{title}</h1>" in browser.last


def test_a_language_that_nobody_speaks_here_is_english(console: Console) -> None:
    browser = console.browser()
    browser.get("/sign-in", headers={"Accept-Language": "ja"})
    assert '<html lang="en"' in browser.last
    browser.client.set_cookie("corridor-language", "../../etc")
    browser.get("/sign-in", headers={"Accept-Language": "ja"})
    assert '<html lang="en"' in browser.last


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_refusal_is_told_in_the_language_of_the_page(console: Console, language: str) -> None:
    browser = console.browser()
    browser.client.set_cookie("corridor-language", language)
    browser.sign_in("Nobody at all")
    expected = messages(language)[
        "Name, password or code are not right. Nothing was changed."
    ].string
    assert str(expected) in browser.last
    assert "people.wrong_sign_in" in browser.last


@pytest.mark.parametrize("language", TRANSLATED)
def test_dates_and_countries_are_written_as_the_language_does(
    administrator: Browser, language: str
) -> None:
    administrator.client.set_cookie("corridor-language", language)
    administrator.get("/charter")
    moldova = {"fr": "Moldavie", "es": "Moldavia", "ar": "مولدوفا", "bg": "Молдова"}
    assert moldova[language] in administrator.last
