"""Texts that mean harm, in every field and parameter of workbench, public site and API.

Which fields there are is read from the code, so a new one is tried, too. Whatever comes back: no
bug of ours answers (500), nothing that was typed is more than text to a browser, no statement of
SQL holds any of it, no table changes its form, and neither a connection, a file nor a program
follows from it.
"""

import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, event
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from corridor import coordinator, pages
from corridor.coordinator.publication_desk import Actor
from corridor.coordinator.scopes import TokenScope
from corridor.coordinator.store import boards, publication_steps, publications
from corridor.coordinator.web.operations import operation_of
from corridor.pages.access import access_of
from corridor.pages.site import FORM_BYTES
from corridor.people import Role
from support.hostile import MARK, PAYLOADS, harm_in, watched
from support.loopback_region import QUICK, LoopbackRegion
from support.pages import Browser, rules
from support.publications import Publishing, open_publishing
from support.sites import site_over

pytestmark = pytest.mark.slow

SQL = "SELECT gender, COUNT(DISTINCT person) FROM persons WHERE year = 2021 GROUP BY gender"
OTHER = "SELECT minor, COUNT(DISTINCT person) FROM persons WHERE year = 2021 GROUP BY minor"
ENDS_THE_SESSION = {"account.elsewhere", "entrance.sign_out"}
ENDLESS = "questions.events"
_TAKEN = re.compile(r'(?:form|args|files|values)\.(?:get|getlist|pop)\(\s*"(\w+)"')
_NAMED = re.compile(r'\bname="([a-z_]+)"')
LANGUAGE_FIELDS = ("title_en", "summary_en", "method_en", "title_fr")


def fields() -> frozenset[str]:
    """Every name of a field or parameter that views read or templates write."""
    found = set(LANGUAGE_FIELDS)
    for room in (coordinator, pages):
        (folder,) = map(Path, room.__path__)
        for path in folder.rglob("*.py"):
            found.update(name for name in _TAKEN.findall(path.read_text("utf-8")) if name)
        for path in folder.rglob("*.html"):
            found.update(_NAMED.findall(path.read_text("utf-8")))
    return frozenset(found - {"form_token", "viewport", "robots"})


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackRegion]:
    made = LoopbackRegion(tmp_path_factory.mktemp("region"), deadlines=QUICK)
    made.enter()
    yield made
    made.close()


@pytest.fixture(scope="module")
def release(region: LoopbackRegion) -> str:
    shown = region.wait(region.ask(sql=SQL, rho="1/20", purpose="pages")["id"])
    assert shown["state"] == "released", shown
    return str(shown["release_id"])


@dataclass
class Tried:
    """The three sites over one home, and every answer that they gave, looked at."""

    publishing: Publishing
    api: FlaskClient
    token: dict[str, str]
    release: str

    def look(self, answer: TestResponse, where: str) -> TestResponse:
        """See that nothing that was typed is more than text."""
        assert answer.status_code != 500, f"{where}: {answer.get_data(as_text=True)[-2000:]}"
        assert "evil" not in answer.headers.get("Set-Cookie", ""), where
        location = answer.headers.get("Location", "/")
        assert location.startswith("/"), (where, location)
        assert not location.startswith(("//", "/\\")), (where, location)
        if answer.mimetype == "text/html":
            page = answer.get_data(as_text=True)
            assert harm_in(page) == [], (where, page)
        else:  # what else is given is never taken for a page
            assert answer.headers["X-Content-Type-Options"] == "nosniff", where
            assert answer.mimetype != "image/svg+xml" or f"<script>{MARK}" not in answer.text
        return answer


@pytest.fixture
def tried(region: LoopbackRegion, release: str, tmp_path: Path) -> Iterator[Tried]:
    with open_publishing(region.world, tmp_path) as publishing:
        parts = publishing.workbench.parts
        token = parts.tokens.issue(f"program {tmp_path.name}", scopes=frozenset(TokenScope))
        yield Tried(
            publishing,
            site_over(parts).test_client(),
            {"Authorization": f"Bearer {token}"},
            release,
        )
        with parts.publications.store.writing() as connection:
            for table in (publications, publication_steps, boards):
                connection.execute(delete(table))


@contextmanager
def unharmed(publishing: Publishing) -> Iterator[None]:
    """See that no statement holds what was typed, no table changes, and nothing else follows."""
    parts, store = publishing.workbench.parts, publishing.workbench.accounts.store
    engine, people = parts.publications.store._engine, store._connection
    statements: list[str] = []

    def hear(*arguments: Any) -> None:
        statements.append(arguments[2])

    def forms() -> list[Any]:
        with parts.publications.store.reading() as connection:
            ours = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master").fetchall()
        return [*ours, *people.execute("SELECT name, sql FROM sqlite_master").fetchall()]

    class Heard:
        """The connection of the accounts, whose statements are heard."""

        def execute(self, statement: str, *values: Any) -> Any:
            statements.append(statement)
            return people.execute(statement, *values)

        def __getattr__(self, name: str) -> Any:
            return getattr(people, name)

    before = forms()
    event.listen(engine, "before_cursor_execute", hear)
    store._connection = Heard()  # type: ignore[assignment]
    try:
        with watched() as did:
            yield
    finally:
        store._connection = people
        event.remove(engine, "before_cursor_execute", hear)
    assert [one for one in statements if MARK in one] == []
    assert len(statements) > 10
    assert did.harm() == []
    assert forms() == before


def path_of(rule: Rule, text: str) -> str:
    """The address of a rule with the text in the place of every parameter that takes one."""
    path = re.sub(r"<int:\w+>", "1", rule.rule)
    path = re.sub(r"<any\((\w+)[^>]*>", r"\1", path)
    return re.sub(r"<(?:string:|path:)?\w+>", lambda _: encoded(text), path)


def encoded(text: str) -> str:
    """The text in an address; what is no letter at all goes as the bytes that somebody sends."""
    return quote(text.encode("utf-8", "surrogatepass")[:4000], safe="")


def typed(text: str) -> str:
    """The text as a form carries it: half a letter arrives as bytes that are none."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


LONGEST_FIELD = 6_000
"""More is cut off in forms. The longest still nest 1,200 levels deep or more, which is deeper than
Python takes; whole they would fill a form each, in a thousand forms. A program sends them whole."""


def forms_of(text: str) -> Iterator[dict[str, Any]]:
    """Every field with the text in it, in as few forms as are not too long."""
    names, cut = sorted(fields()), typed(text)[:LONGEST_FIELD]
    most = max(1, FORM_BYTES // 2 // max(1, len(quote(cut))))
    for start in range(0, len(names), most):
        yield dict.fromkeys(names[start : start + most], cut)


def test_what_is_cut_off_in_forms_is_still_deeper_than_python_nests() -> None:
    deep = {name: text[:LONGEST_FIELD] for name, text in PAYLOADS.items() if "without end" in name}
    assert deep["brackets without end"].count("[") > sys.getrecursionlimit()
    assert deep["objects without end"].count("{") > sys.getrecursionlimit()


def every_rule(site: Flask) -> list[tuple[Rule, str]]:
    left_out = ENDS_THE_SESSION | {ENDLESS, "static.file"}
    return [(rule, method) for rule, method in rules(site) if rule.endpoint not in left_out]


@pytest.fixture(params=list(PAYLOADS.values()), ids=list(PAYLOADS))
def text(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_fields_are_found() -> None:
    assert {"sql", "purpose", "name", "code", "tile", "title_en", "here", "receipt"} <= fields()
    assert len(fields()) > 50


def is_tried_by(site: Flask, rule: Rule, role: Role) -> bool:
    """Administrators try what is theirs alone; coordinators everything else."""
    roles = access_of(site.view_functions[rule.endpoint]).roles
    is_theirs = Role.ADMINISTRATOR in roles and Role.COORDINATOR not in roles
    return is_theirs == (role is Role.ADMINISTRATOR)


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.ADMINISTRATOR])
def test_what_is_typed_into_every_field_of_the_workbench_is_text(
    tried: Tried, text: str, role: Role
) -> None:
    site = tried.publishing.workbench
    browser = site.enter("Ana", role, Role.ANALYST)
    query = dict.fromkeys(fields(), typed(text[:200]))
    forms = list(forms_of(text))
    browser.get("/account")
    token = browser.form_token()
    with unharmed(tried.publishing):
        for rule, method in every_rule(site.app):
            where = f"{method} {rule.rule}"
            if not is_tried_by(site.app, rule, role):
                continue
            if method == "GET":
                tried.look(browser.get(path_of(rule, text)), where)
                path = path_of(rule, tried.release)
                tried.look(browser.get(path, query_string=query), where)
                continue
            for form in forms:
                sent = {**form, "form_token": token}
                tried.look(browser.post(path_of(rule, tried.release), sent), where)
            if rule.arguments:
                tried.look(browser.post(path_of(rule, text), {"form_token": token}), where)
    # Every form had a token that counts, and was read.
    assert browser.get("/account").status_code == 200
    assert browser.form_token() == token


def test_what_a_stranger_types_is_text(tried: Tried, text: str) -> None:
    site, public = tried.publishing.workbench, tried.publishing.public
    query = dict.fromkeys(fields(), typed(text[:200]))
    headers = {"Accept-Language": "x", "User-Agent": quote(text[:99], errors="replace")}
    with unharmed(tried.publishing):
        for rule, method in every_rule(tried.publishing.everybody):
            path = path_of(rule, text)
            if method == "GET":
                tried.look(public.get(path, query_string=query, headers=headers), path)
                continue
            sent = {"receipt": (io.BytesIO(typed(text).encode()), typed(text[:99]))}
            tried.look(public.post(path, data=sent, headers=headers), path)
        browser = site.browser()
        for path in ("/sign-in", "/welcome", "/language", "/sign-in/code", f"/{encoded(text)}"):
            tried.look(browser.get(path, query_string=query), path)
            for form in forms_of(text):
                tried.look(browser.post(path, form), path)
        tried.look(
            browser.get("/sign-in", headers={"Cookie": quote(text[:99], errors="replace")}), ""
        )


def test_what_a_program_sends_is_text(tried: Tried, text: str) -> None:
    query = dict.fromkeys([*fields(), "limit", "cursor", "format", "after"], typed(text[:200]))
    headers = {**tried.token, "Idempotency-Key": quote(text[:99], errors="replace")}
    site: Flask = tried.api.application
    with unharmed(tried.publishing):
        for rule, method in every_rule(site):
            where = f"{method} {rule.rule}"
            if method == "GET":
                for path in (path_of(rule, text), path_of(rule, tried.release)):
                    tried.look(tried.api.get(path, query_string=query, headers=headers), where)
                continue
            path = path_of(rule, text)
            said = operation_of(site.view_functions[rule.endpoint])
            taken = [] if said is None or said.takes is None else list(said.takes.model_fields)
            for key in taken:
                for value in (typed(text), [typed(text)], {typed(text): typed(text)}):
                    sent = {"sql": SQL, "accuracy": "±20", "purpose": "to see", key: value}
                    kept = {name: one for name, one in sent.items() if name in taken}
                    tried.look(tried.api.post(path, json=kept, headers=headers), f"{where} {key}")
            raw = typed(text).encode()
            json = {**headers, "Content-Type": "application/json"}
            tried.look(tried.api.post(path, data=raw, headers=json), where)


# ---------------------------------------------------------------- forms that are right but for one


def good_forms(tried: Tried) -> dict[str, dict[str, Any]]:
    """A form for each page that keeps what was typed, which is taken as it is."""
    return {
        "/boards/new": {"name": "A board", "tile": f"release {tried.release}"},
        "/boards/together": {"text": f"{SQL}\n\n{OTHER}", "accuracy": "±20"},
        "/ask": {"face": "sql", "sql": SQL, "accuracy": "±20", "purpose": "to see"},
        "/ask/review": {"face": "sql", "sql": SQL, "accuracy": "±20", "purpose": "to see"},
        "/ask/confirm": {
            "question": '{"table": "persons"}',
            "rho": "1/100",
            "scope": "regional",
            "purpose": "to see",
            "key": "0" * 32,
        },
        "/boards/together/ask": {"question": "{}", "rho": "1/100", "purpose": "to see"},
        "/publications/new": {
            "release": tried.release,
            "language": "en",
            "title_en": "Victims by gender",
            "summary_en": "Who was found.",
            "organisations": "Danube region",
            "publisher": "Danube region",
            "licence": "CC-BY-4.0",
            "keywords": "a",
            "contact": "b",
            "people": "",
            "doi": "",
            "embargo": "",
        },
        "/tokens/make": {"label": "nightly", "scope": "read", "days": "30", "code": ""},
    }


PAGES = ("/", "/boards", "/publications", "/questions", "/releases", "/tokens", "/account")


def test_what_was_kept_is_text_on_every_page_that_shows_it(tried: Tried, text: str) -> None:
    site = tried.publishing.workbench
    browser = site.enter("Ana", Role.COORDINATOR, Role.ANALYST)
    kept: list[str] = []
    with unharmed(tried.publishing):
        for path, form in good_forms(tried).items():
            for key in form:
                changed = {**form, key: typed(text)}
                if key != "code" and "code" in changed:
                    changed["code"] = site.new_code_of("Ana")
                browser.get("/account")
                answer = tried.look(browser.post(path, changed), f"{path} {key}")
                if answer.status_code == 303:
                    kept.append(str(answer.location))
        for path in (*PAGES, *kept, *(f"{one}/edit" for one in kept if "/questions" not in one)):
            tried.look(browser.get(path), path)
        for one in kept:
            if one.startswith("/publications/"):
                _publish(tried, browser, one)
                public = one.replace("/publications", "/public")
                for path in ("/public", "/public/feed.atom", public, f"{public}/datacite.json"):
                    tried.look(tried.publishing.public.get(path), path)
                tried.look(tried.publishing.public.get(f"{public}/dataset.jsonld"), public)


def _publish(tried: Tried, ana: Browser, address: str) -> None:
    """Another coordinator reviews it, and everybody sees it, whatever stands in it."""
    desk = tried.publishing.workbench.parts.publications
    one = desk.find(address.rpartition("/")[2])
    bo = Actor("Bo", is_person=True, may_publish=True)
    desk.review(one.id, one.revision, bo)
    desk.schedule(one.id, one.revision + 1, bo)
    assert ana.get(address).status_code == 200


def test_the_forms_are_right_but_for_what_is_tried_in_them(tried: Tried) -> None:
    browser = tried.publishing.workbench.enter("Ana", Role.COORDINATOR, Role.ANALYST)
    said = {}
    for path, form in good_forms(tried).items():
        browser.get("/account")
        if "code" in form:
            form["code"] = tried.publishing.workbench.new_code_of("Ana")
        said[path] = browser.post(path, form).status_code
    assert said == {
        "/ask": 200,
        "/ask/review": 200,
        "/ask/confirm": 422,  # what was shown would cost
        "/boards/new": 303,
        "/boards/together": 200,
        "/boards/together/ask": 422,  # likewise
        "/publications/new": 303,
        "/tokens/make": 200,
    }
