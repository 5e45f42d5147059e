"""Whether a page is for everybody, and whether every page of a site was looked at.

A site's list of pages is its own `url_map`: what is added to it and visited by no test is found.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from flask import Flask

from support.browsing import Chromium
from support.pages import rules

NARROW, WIDE = 320, 1200
IN_THE_DARK = frozenset({"en"})
"""Colours know no languages."""


@dataclass(frozen=True)
class Visit:
    """A page to look at, in one of its states.

    Attributes:
        endpoint: the view that shows it.
        path: where it is; of a page that only a form shows, where that form is.
        press: fills the form, and presses its button.
        speaks: whether its language is in its address, as everybody's pages have it.
        status: that it answers with; the browser's own complaint of another one is expected.
    """

    endpoint: str
    path: str
    press: Callable[[Chromium], object] | None = None
    speaks: bool = False
    status: int = 200

    def open(self, browser: Chromium, language: str) -> None:
        """Go there, as somebody who reads this language."""
        more = "&" if "?" in self.path else "?"
        browser.open(f"{self.path}{more}lang={language}" if self.speaks else self.path)
        if self.press is not None:
            self.press(browser)


def look_at(browser: Chromium, visits: Iterable[Visit], who: str, language: str) -> None:
    """See of each page that it can be heard, seen in the dark, and read on a telephone."""
    for number, visit in enumerate(visits):
        where = (language, who, visit.endpoint, visit.path)
        visit.open(browser, language)
        name = f"{visit.endpoint}-{who}-{number}-{language}"
        browser.picture(name)
        assert browser.find("html").get_attribute("lang") == language, where
        assert browser.violations() == [], where
        if language in IN_THE_DARK:
            browser.prefer("dark")
            assert browser.violations(rules=["color-contrast"]) == [], (*where, "dark")
            browser.prefer("light")
        browser.resize(NARROW)
        browser.picture(f"{name}-narrow")
        assert not browser.is_wider_than_its_window(), where
        assert browser.tables_that_lose_their_rows_names() == [], where
        browser.resize(WIDE)
        assert "%(" not in browser.find("main").text, where
        expected = "" if visit.status == 200 else f"status of {visit.status}"
        found = [one for one in browser.complaints() if not expected or expected not in one]
        assert found == [], where


def endpoints(app: Flask, method: str) -> set[str]:
    """The views of a site that answer this method."""
    return {rule.endpoint for rule, answered in rules(app) if answered == method}


def demand_all_visited(
    app: Flask,
    visits: Iterable[Visit],
    no_pages: Mapping[str, str],
    no_pages_of_forms: Mapping[str, str],
) -> None:
    """See that each view is visited, or is no page of its own for a reason that is written down."""
    visited = list(visits)
    got = {one.endpoint for one in visited if one.press is None}
    pressed = {one.endpoint for one in visited if one.press is not None}
    for method, seen, others in (("GET", got, no_pages), ("POST", pressed, no_pages_of_forms)):
        found = endpoints(app, method)
        assert found - others.keys() - seen == set(), "visit it, or say why it is no page"
        assert others.keys() - found == set(), "there is no such view any more"
        assert others.keys() & seen == set(), "it is visited"
