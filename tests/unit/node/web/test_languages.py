"""The languages of the console: of a page, and how it writes numbers and names."""

from collections.abc import Iterator

import pytest

from corridor.pages.languages import LANGUAGES
from corridor.people import Role
from support.console import Console, open_console
from support.pages import Browser
from support.translations import TRANSLATED, messages


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with open_console(tmp_path_factory.mktemp("home") / "MD") as opened:
        yield opened


@pytest.fixture(scope="module")
def administrator(console: Console) -> Browser:
    return console.enter("Ana", Role.ADMINISTRATOR)


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
    title = (
        "Set a password"
        if language == "en"
        else messages("pages", language)["Set a password"].string
    )
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
    expected = messages("pages", language)[
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
