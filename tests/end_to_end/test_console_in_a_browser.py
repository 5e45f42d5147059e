"""The console in a real browser: its journeys, and without a mouse."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from selenium.webdriver import Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from corridor.node import app as node_app
from corridor.node.app.world import journal_of
from corridor.node.home import Home
from corridor.node.keys import read_keys
from corridor.pages.languages import LANGUAGES
from corridor.people import Role
from support.browsing import PATIENCE_SECONDS, Chromium, chromium
from support.console import START
from support.console_region import MD, THREE, OfferingRegion, console_process, offering_region

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end]

NAMES = {Role.ADMINISTRATOR: "Ana Rusu", Role.OFFICER: "Olga Ceban", Role.AUDITOR: "Anna Lupu"}
NARROW = 320


@dataclass
class Staff:
    """The console, its staff, and the recovery codes that are left."""

    region: OfferingRegion
    address: str
    codes: dict[Role, list[str]] = field(default_factory=dict)

    def come_back(self, browser: Chromium, role: Role) -> None:
        browser.come_back(NAMES[role], self.codes[role].pop())


@pytest.fixture(scope="module")
def staff(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staff]:
    with ExitStack() as stack:
        region = stack.enter_context(offering_region(tmp_path_factory.mktemp("region")))
        region.fill()
        home = Home(region.worlds[MD].home)
        with home.settings.open("a") as settings:
            settings.write("[retention]\ndays = 365\ncase_days = 3650\nreport_days = 90\n")
        address = stack.enter_context(console_process(region.worlds[MD].home))
        made = Staff(region, address)
        for role, name in NAMES.items():
            code = region.invite(name, role)
            with chromium(address) as browser:
                _, made.codes[role] = browser.enter(name, code)
        # So that the pages say what was found, and when.
        node_app.doctor(region.worlds[MD])
        backup = tmp_path_factory.mktemp("backups") / "MD.backup"
        node_app.back_up(
            region.worlds[MD], backup, node_app.Sealing("key-file", f"{backup}.key"), with_data=True
        )
        with journal_of(region.worlds[MD], home, read_keys(home)) as journal:
            journal.backup_checked(START.isoformat(), "")
        yield made


def test_a_check_up_is_watched_until_it_is_done(staff: Staff) -> None:
    with chromium(staff.address) as browser:
        staff.come_back(browser, Role.AUDITOR)
        browser.open("/doctor")
        browser.press("main form button")
        wait = WebDriverWait(browser.driver, PATIENCE_SECONDS)
        wait.until(lambda _: not browser.driver.find_elements(By.CSS_SELECTOR, "#looks progress"))
        found = browser.find("#looks").text
        assert "never looked at" not in found
        assert "whole; " in found
        assert browser.complaints() == []


def test_somebody_without_a_mouse_signs_in(staff: Staff) -> None:
    with chromium(staff.address) as browser:
        browser.open("/sign-in")
        body = browser.find("body")
        body.send_keys(Keys.TAB)
        skip = browser.driver.switch_to.active_element
        assert skip.get_attribute("href") == f"{staff.address}/sign-in#content"
        skip.send_keys(Keys.ENTER)
        browser.driver.switch_to.active_element.send_keys(Keys.TAB)
        name = browser.driver.switch_to.active_element
        assert name.get_attribute("name") == "name"
        name.send_keys(NAMES[Role.OFFICER], Keys.TAB)
        browser.driver.switch_to.active_element.send_keys(
            "seven otters juggle copper kettles", Keys.ENTER
        )
        browser.wait_for("[autocomplete=one-time-code]").send_keys(
            staff.codes[Role.OFFICER].pop(), Keys.ENTER
        )
        assert browser.wait_for("nav a[aria-current]").text == "Overview"


def test_an_officer_imports_a_file_and_sees_it_done(staff: Staff, tmp_path: Path) -> None:
    cases = tmp_path / "more.csv"
    cases.write_text("prs_IdentityNumber,prs_Gender,con_Consent\n2001,Female,Yes\n")
    with chromium(staff.address) as browser:
        staff.come_back(browser, Role.OFFICER)
        browser.open("/data")
        browser.find("#files").send_keys(str(cases))
        browser.press("#import form button[value=import]")
        done = browser.wait_for("#import-state.right")
        assert "more.csv" in done.text
        assert "is current; 4 persons, 4 cases" in done.text
        assert browser.complaints() == []
    assert list((staff.region.worlds[MD].home / "uploads").iterdir()) == []


FRENCH = """\
Nom,Sexe,Type d'exploitation,Pays d'exploitation,Date de naissance,Remarques
Exemple,F,Travail forcé,Moldavi,04 martie 1990,texte
Modèle,zz,Mendicité,Moldavie,05/06/1991,texte
"""


def test_an_officer_says_what_columns_mean(staff: Staff, tmp_path: Path) -> None:
    path = tmp_path / "victimes.csv"
    path.write_text(FRENCH, "utf-8")
    with chromium(staff.address) as browser:
        staff.come_back(browser, Role.OFFICER)
        browser.open("/data")
        browser.find("#files").send_keys(str(path))
        browser.press("#import form button[value=look]")
        browser.wait_for("#import-state a.button")
        for language in LANGUAGES:
            browser.speak(language)
            for name, page in {"waiting": "/data", "mapping": "/data/mapping"}.items():
                browser.open(page)
                browser.picture(f"{language}-{name}")
                assert browser.violations() == [], (language, name)
                browser.resize(NARROW)
                browser.picture(f"{language}-{name}-narrow")
                assert not browser.is_wider_than_its_window(), (language, name)
                browser.resize(1200)
        browser.prefer("dark")
        assert browser.violations() == []
        # Without a mouse: a choice by its first letter, and the button that gives the files up.
        browser.speak("en")
        browser.open("/data/mapping")
        choice = browser.find("fieldset select")
        choice.send_keys(Keys.HOME)
        assert choice.get_attribute("value") == ""
        browser.find("button[value=drop]").send_keys(Keys.ENTER)
        browser.wait_for("#import form")
        assert browser.complaints() == []
    assert list((staff.region.worlds[MD].home / "uploads").iterdir()) == []


def test_an_auditor_finds_entries_while_typing(staff: Staff) -> None:
    with chromium(staff.address) as browser:
        staff.come_back(browser, Role.AUDITOR)
        browser.open("/journal")
        assert len(browser.driver.find_elements(By.CSS_SELECTOR, "#rows tbody tr")) == 50
        browser.fill("text", "Ana Rusu")
        browser.wait_for("#rows tbody tr:first-child:nth-last-child(-n+9)")
        assert "Ana Rusu" in browser.find("#rows tbody").text
        assert browser.driver.current_url == f"{staff.address}/journal"
        assert browser.complaints() == []


def test_an_administrator_signs_the_charter_once_every_key_is_confirmed(staff: Staff) -> None:
    """Last: afterwards no charter is offered any more."""
    worlds = staff.region.worlds
    others = [country for country in THREE if country != MD]
    for country in others:
        cards = [node_app.card(world).text.encode() for world in worlds.values()]
        offer = node_app.offered_charter(worlds[country])
        node_app.accept(worlds[country], offer, node_app.trusted_fingerprints({}, cards))
    with chromium(staff.address) as browser:
        staff.come_back(browser, Role.ADMINISTRATOR)
        browser.open("/charter/offer")
        shown = browser.find("main").text
        for country in others:
            card = node_app.card(worlds[country])
            assert card.fingerprint not in shown  # a key that nobody confirmed is not to be copied
        first, second = others
        browser.fill(f"key-{first}", node_app.card(worlds[first]).words)
        browser.fill("code", staff.codes[Role.ADMINISTRATOR].pop())
        browser.press("main form button")
        assert "charter.unconfirmed_member" in browser.find("[role=alert]").text
        browser.fill(f"key-{second}", node_app.card(worlds[first]).fingerprint)
        browser.fill("code", staff.codes[Role.ADMINISTRATOR].pop())
        browser.press("main form button")
        assert "node.wrong_fingerprint" in browser.find("[role=alert]").text
        browser.fill(f"key-{second}", node_app.card(worlds[second]).fingerprint)
        browser.fill("code", staff.codes[Role.ADMINISTRATOR].pop())
        browser.press("main form button")
        assert "in force" in browser.find("[role=status]").text
        assert browser.violations() == []
        browser.picture("en-charter-in-force")
        fingerprint = node_app.card(worlds[second]).fingerprint
        assert fingerprint in browser.find("main").text


def test_a_page_that_came_before_the_journal_was_verified_follows_by_itself(staff: Staff) -> None:
    # Last in this file: with so long a journal everything that opens it is slower.
    home = Home(staff.region.worlds[MD].home)
    with (
        journal_of(staff.region.worlds[MD], home, read_keys(home)) as journal,
        journal._store.writing(),
    ):
        for _ in range(8_000):  # so many that opening it takes longer than a page waits
            journal._store.append("started", {"at": "2026-03-01T12:00:00+00:00"}, None)
    with chromium(staff.address) as browser:
        staff.come_back(browser, Role.AUDITOR)
        home.policy.touch()  # both are verified anew
        browser.open("/journal?kind=started")
        first = "return performance.getEntriesByType('navigation')[0].responseStatus"
        assert browser.driver.execute_script(first) == 503
        rows = browser.wait_for("#rows").text
        assert "8,0" in rows
        assert browser.find("h1").text == "Journal"
        assert browser.driver.title.startswith("Journal")
        refused = [one for one in browser.complaints() if "503" not in one]
        assert refused == []
