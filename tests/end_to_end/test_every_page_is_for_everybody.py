"""Each page of each site in each language, looked at by axe-core in a real browser.

Which pages there are is read off the sites themselves, so that a page that is added and not visited
here turns the test red. What stays without a visit says why.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from sqlalchemy import insert

from corridor.coordinator import app as coordinator_app
from corridor.coordinator.app.people import people_desk
from corridor.coordinator.store import held_out
from corridor.ids import CountryCode
from corridor.node import app as node_app
from corridor.node.app.people import people_desk as staff_desk
from corridor.node.app.world import journal_of
from corridor.node.home import Home
from corridor.node.keys import read_keys
from corridor.pages.languages import LANGUAGES
from corridor.people import Role
from corridor.transport.messages import Round
from support.browsing import Chromium, chromium
from support.console import START, open_console
from support.console_region import MD, console_process, offering_region
from support.loopback_region import QUICK, LoopbackRegion
from support.pages import PASSWORD, cheap_passwords
from support.pages_for_everybody import Visit, demand_all_visited, look_at
from support.publications import ANA, BO, make_draft
from support.sites import MAKER
from support.waiting_questions import CHILDREN, import_cases, let_wait, put_charter_in_force
from support.workbench import open_workbench

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end]

THREE = tuple(map(CountryCode, ("BG", "MD", "UA")))
GENDERS = "SELECT gender, year, COUNT(DISTINCT person) FROM persons GROUP BY gender, year"
CORRIDORS = (
    "SELECT recruited_in, exploited_in, COUNT(DISTINCT person) FROM corridors "
    "WHERE year = 2024 GROUP BY recruited_in, exploited_in"
)
REPORT = "sdg_16_2_2"
FRENCH = "Nom,Sexe,Date de naissance\nExemple,F,04 martie 1990\n"
AGAIN = "the page with its form, and a notice"
CODE = "its form wants a fresh code: shown with a notice by the page that has the form"
ELSEWHERE = "sends the browser to another page"
PIECE = "a piece of a page that is visited, as its script asks for it"
FILE = "a file"


# ------------------------------------------------------------------ the coordinator's two sites


@dataclass
class Coordinator:
    """A region with something of everything, and whoever is signed in."""

    address: str
    ids: dict[str, str] = field(default_factory=dict)
    browsers: dict[str, Chromium] = field(default_factory=dict)


@pytest.fixture(scope="module")
def coordinator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coordinator]:
    region = LoopbackRegion(tmp_path_factory.mktemp("region"), countries=THREE, deadlines=QUICK)
    with ExitStack() as stack:
        stack.callback(region.close)
        made = Coordinator(f"https://{region.web}", lived_in(region))
        roles = {"Ana": [Role.ADMINISTRATOR, Role.ANALYST], "Bo": [Role.COORDINATOR]}
        with people_desk(region.world) as desk:
            cheap_passwords(desk)
            codes = {name: desk.add(name, given) for name, given in roles.items()}
        for name, code in codes.items():
            made.browsers[name] = stack.enter_context(chromium(made.address))
            made.browsers[name].enter(name, code)
        made.browsers["nobody"] = stack.enter_context(chromium(made.address))
        made.ids["board"] = new_board(made.browsers["Ana"], made.ids["answer"])
        receipt = tmp_path_factory.mktemp("receipt") / "receipt.json"
        receipt.write_text('{"answer": 7}')
        made.ids["receipt"] = str(receipt)
        yield made


def lived_in(region: LoopbackRegion) -> dict[str, str]:
    """Members, answers, a failure, a liar, a charter that waits, publications; gives their ids."""
    region.enter()
    region.wait_for_members(*THREE)
    answer = region.wait(region.ask(sql=GENDERS, rho="1/20", purpose="a report")["id"])
    corridors = region.wait(region.ask(sql=CORRIDORS, rho="1/20", purpose="a map")["id"])
    asked = region.post(
        f"/api/v1/reports/{REPORT}/questions", {"rho": "1/20", "purpose": "a yearly report"}
    )
    report = region.wait(asked.json()["id"])
    region.nodes[THREE[0]].script.silent_at = Round.MASKED_INPUT
    failed = region.wait(region.ask(sql=GENDERS, rho="1/50", purpose="again")["id"])
    assert failed["state"] == "failed"
    coordinator_app.propose_charter(
        region.world, synthetic=True, years=(2020, 2025), nodes_per_person=3
    )
    region.nodes_loop.do(region.nodes[THREE[1]].sign_charter())
    coordinator_app.invite(region.world, CountryCode("RO"))
    ids = {
        "answer": str(answer["release_id"]),
        "corridors": str(corridors["release_id"]),
        "report": str(report["release_id"]),
        "question": str(answer["id"]),
        "failed": str(failed["id"]),
    }
    texts = [
        {
            "language": language,
            "title": f"Victims by gender ({language})",
            "summary": "Who was found.\nAnd how.",
            "method": "Counted.\nWith noise.",
        }
        for language in LANGUAGES
    ]
    with coordinator_app.opened(region.world) as parts:
        with parts.enrolment.store.writing() as connection:
            connection.execute(
                insert(held_out).values(
                    session=bytes(16),
                    country=THREE[2],
                    code="secure_sum.bad_dealer",
                    since=region.world.now(),
                )
            )
        desk = parts.publications
        kinds = ("draft", "reviewed", "published", "withdrawn")
        draft = make_draft(releases=[ids["answer"]], texts=texts, doi="10.5072/corridor-1")
        ids |= {kind: desk.write(draft, ANA).id for kind in kinds}
        for kind in kinds[1:]:
            desk.review(ids[kind], 1, BO)
        for kind in kinds[2:]:
            desk.schedule(ids[kind], 2, ANA)
        desk.withdraw(ids["withdrawn"], 3, "The year was wrong.", BO)
    return ids


def new_board(browser: Chromium, release: str) -> str:
    browser.open(f"/boards/new?release={release}")
    browser.fill("name", "Morning")
    browser.press("#builder > .buttons button")
    return browser.driver.current_url.rpartition("/")[2]


def review_a_question(browser: Chromium) -> None:
    browser.fill("purpose", "a report")
    browser.press("button[formaction='/ask/review']")


def review_a_report(browser: Chromium) -> None:
    browser.fill("purpose", "a yearly report")
    browser.press(f"button[formaction='/reports/{REPORT}/review']")


def forecast_together(browser: Chromium) -> None:
    browser.fill(
        "text",
        "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender\n\n"
        "SELECT gender, minor, COUNT(DISTINCT person) FROM persons GROUP BY gender, minor",
    )
    browser.fill("accuracy", "±40")
    browser.press("main form button")
    assert browser.driver.find_elements(By.CSS_SELECTOR, "table tbody tr")


def see_what_changes(browser: Chromium) -> None:
    browser.fill("retention_days", "90")
    browser.press("main > form button")
    assert browser.driver.find_elements(By.CSS_SELECTOR, "#changes li")


def workbench_visits(ids: dict[str, str]) -> dict[str, list[Visit]]:
    """Who looks at what."""
    answer, corridors = f"/releases/{ids['answer']}", f"/releases/{ids['corridors']}"
    blocks = "/ask?face=blocks&source=persons&by=gender&by=year&where-1=exploited_in"
    return {
        "Ana": [
            Visit("overview.home", "/"),
            Visit("account.mine", "/account"),
            Visit("account.second_factor", "/account/second-factor"),
            Visit("asking.compose", "/ask?face=indicator&indicator=corridor_matrix"),
            Visit("asking.compose", blocks),
            Visit("asking.compose", "/ask?face=sql&sql=SELECT+gendr%2C+COUNT(*)+FROM+persons"),
            Visit("asking.review", blocks, review_a_question),
            Visit("questions.listing", "/questions"),
            Visit("questions.one", f"/questions/{ids['question']}"),
            Visit("questions.one", f"/questions/{ids['failed']}"),
            Visit("releases.listing", "/releases"),
            Visit(
                "releases.one", f"{answer}?view=trend:year&view=share:gender=Feminine&view=top:5"
            ),
            Visit("releases.one", f"{corridors}?table=1&cells=all"),
            Visit("comparing.page", f"{answer}/compare"),
            Visit("series.listing", "/series"),
            Visit("reports.listing", "/reports"),
            Visit("reports.one", f"/reports/{REPORT}?accuracy=%C2%B130"),
            Visit("reports.review", f"/reports/{REPORT}?accuracy=%C2%B130", review_a_report),
            Visit("reports.filled", f"/releases/{ids['report']}/reports/{REPORT}"),
            Visit("boards.listing", "/boards"),
            Visit("boards.one", f"/boards/{ids['board']}"),
            Visit("boards.edit", f"/boards/{ids['board']}/edit"),
            Visit("boards.new", f"/boards/new?release={ids['answer']}"),
            Visit("boards.plan", "/boards/together"),
            Visit("boards.forecast", "/boards/together", forecast_together),
            Visit("administration.members", "/members"),
            Visit("administration.charter", "/charter"),
            Visit("administration.attempts", "/attempts"),
            Visit("proposing.form", "/charter/propose"),
            Visit("proposing.review", "/charter/propose", see_what_changes),
            Visit("invitations.listed", "/invitations"),
            Visit("people.everybody", "/people"),
            Visit("tokens.own", "/tokens"),
            Visit("tokens.everybodys", "/tokens/all"),
            Visit("changes.listed", "/changes"),
            Visit("no such page", "/nothing", status=404),
            Visit("not for this role", "/publications", status=403),
        ],
        "Bo": [
            Visit("publications.listing", "/publications"),
            Visit("publications.new", f"/publications/new?release={ids['answer']}"),
            Visit("publications.one", f"/publications/{ids['draft']}"),
            Visit("publications.one", f"/publications/{ids['reviewed']}"),
            Visit("publications.one", f"/publications/{ids['published']}"),
            Visit("publications.one", f"/publications/{ids['withdrawn']}"),
            Visit("publications.edit", f"/publications/{ids['draft']}/edit"),
            Visit("publications.correct", f"/publications/{ids['published']}/correct"),
        ],
        "nobody": [
            Visit("entrance.sign_in", "/sign-in"),
            Visit("entrance.welcome", "/welcome"),
        ],
        "halfway": [Visit("entrance.code", "/sign-in/code")],
    }


def public_visits(ids: dict[str, str]) -> list[Visit]:
    def verify_here(browser: Chromium) -> None:
        browser.press("form[action*='/verify'] button")
        browser.find(".notice.right")

    def verify_another(browser: Chromium) -> None:
        browser.find("#receipt").send_keys(ids["receipt"])
        browser.press("main form button")
        browser.find(".notice.wrong")

    one = f"/public/{ids['published']}"
    return [
        Visit("public.listing", "/public", speaks=True),
        Visit("public.one", one, speaks=True),
        Visit("public.one", f"/public/{ids['withdrawn']}", speaks=True),
        Visit("public.verify", "/public/verify", speaks=True),
        Visit("public.verify_published", one, verify_here, speaks=True),
        Visit("public.verify_sent", "/public/verify", verify_another, speaks=True),
        Visit("no such page", "/public/nothing", speaks=True, status=404),
    ]


NO_PAGES_OF_THE_WORKBENCH = {
    "asking.words": "words for completion, as JSON",
    "base_map.file": FILE,
    "boards.saving": PIECE,
    "provider.begin": ELSEWHERE,
    "provider.finish": ELSEWHERE,
    "provider.leave": ELSEWHERE,
    "releases.file": FILE,
    "releases.picture": "what a picture shows, as JSON",
    "releases.receipt": FILE,
    "reports.file": FILE,
    "reports.picture": "what a picture shows, as JSON",
    "static.file": FILE,
}
NO_PAGES_OF_ITS_FORMS = {
    "account.elsewhere": ELSEWHERE,
    "account.password": AGAIN,
    "account.recovery_codes": CODE,
    "account.take_second_factor": "shown to its owner once; `Chromium.enter` goes through it",
    "administration.readmit": ELSEWHERE,
    "asking.again": "the page of asking",
    "asking.confirm": ELSEWHERE,
    "asking.forecast": PIECE,
    "asking.form": PIECE,
    "boards.ask": ELSEWHERE,
    "boards.change": ELSEWHERE,
    "boards.make": ELSEWHERE,
    "boards.remove": ELSEWHERE,
    "entrance.entering": ELSEWHERE,
    "entrance.giving_code": ELSEWHERE,
    "entrance.language": ELSEWHERE,
    "entrance.sign_out": ELSEWHERE,
    "entrance.signing_in": ELSEWHERE,
    "invitations.make": FILE,
    "invitations.withdraw": ELSEWHERE,
    "organisations.give": AGAIN,
    "people.add": CODE,
    "people.lock": CODE,
    "people.reset": CODE,
    "people.roles": CODE,
    "proposing.confirm": ELSEWHERE,
    "publications.rewrite": ELSEWHERE,
    "publications.take": ELSEWHERE,
    "publications.write": ELSEWHERE,
    "questions.cancel": ELSEWHERE,
    "reports.again": "the page of a report",
    "reports.forecast": PIECE,
    "tokens.make": CODE,
    "tokens.revoke": AGAIN,
    "two_people.tell": CODE,
}
NO_PUBLIC_PAGES = {
    "base_map.file": FILE,
    "public.charter": FILE,
    "public.describe": FILE,
    "public.describe_as_dataset": FILE,
    "public.feed": FILE,
    "public.file": FILE,
    "public.picture": "what a picture shows, as JSON",
    "public.receipt": FILE,
    "public.robots": FILE,
    "static.file": FILE,
}


class _AnyId(dict[str, str]):
    """Stands for ids where only the list of pages is wanted."""

    def __missing__(self, key: str) -> str:
        return key


def test_every_page_of_the_coordinator_s_sites_is_visited(tmp_path: Path) -> None:
    world = coordinator_app.real_world(tmp_path / "coordinator")
    coordinator_app.initialise(world, name="Region")
    by_whom = workbench_visits(_AnyId())
    visits = [one for each in by_whom.values() for one in each]
    with open_workbench(world) as workbench:
        demand_all_visited(workbench.app, visits, NO_PAGES_OF_THE_WORKBENCH, NO_PAGES_OF_ITS_FORMS)
        public = coordinator_app.make_public(workbench.parts, MAKER)
        demand_all_visited(public, public_visits(_AnyId()), NO_PUBLIC_PAGES, {})


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_the_coordinator_is_for_everybody(
    coordinator: Coordinator, language: str
) -> None:
    visits, browsers = workbench_visits(coordinator.ids), coordinator.browsers

    def the_rest() -> None:
        as_one(browsers["Bo"], visits["Bo"], "Bo", language)
        as_nobody(browsers["nobody"], visits, "Bo", language)
        look_at(browsers["nobody"], public_visits(coordinator.ids), "everybody", language)

    at_once(lambda: as_one(browsers["Ana"], visits["Ana"], "Ana", language), the_rest)


def as_one(browser: Chromium, visits: Iterable[Visit], who: str, language: str) -> None:
    """Look at the pages of somebody who is signed in."""
    browser.open("/account")
    browser.speak(language)
    look_at(browser, visits, who, language)


def as_nobody(
    browser: Chromium, visits: Mapping[str, list[Visit]], name: str, language: str
) -> None:
    """Look at the pages before somebody is signed in, and after a right password alone."""
    browser.open("/sign-in")
    browser.speak(language)
    look_at(browser, visits["nobody"], "nobody", language)
    browser.open("/sign-in")
    browser.fill("name", name)
    browser.fill("password", PASSWORD)
    browser.press("main form button")
    look_at(browser, visits["halfway"], "halfway", language)


def at_once(*works: Callable[[], None]) -> None:
    """Do these side by side, each with browsers of its own."""
    with ThreadPoolExecutor(len(works)) as pool:
        for one in [pool.submit(work) for work in works]:
            one.result()


# ------------------------------------------------------------------ a node's console


@dataclass
class Consoles:
    """Of a node that is offered a charter, and of one where a question waits; who is signed in."""

    ids: dict[str, str]
    browsers: dict[str, Chromium]


@pytest.fixture(scope="module")
def consoles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consoles]:
    with ExitStack() as stack:
        region = stack.enter_context(offering_region(tmp_path_factory.mktemp("offering")))
        region.fill()
        offered, waiting = region.worlds[MD], node_app.real_world(tmp_path_factory.mktemp("MD"))
        after_a_check_up(offered, tmp_path_factory.mktemp("backups") / "MD.backup")
        node_app.initialise(waiting, country=MD, name="Ministry")
        charter = put_charter_in_force(waiting)
        import_cases(waiting, tmp_path_factory.mktemp("cases"))
        reports = (offered.home / "imports").glob("*.json")
        made = Consoles(
            {
                "approval": let_wait(waiting, charter, CHILDREN),
                "report": min(one.name for one in reports if "-profile" not in one.name),
            },
            {},
        )
        roles = {
            "Ana": (offered, [Role.ADMINISTRATOR, Role.OFFICER]),
            "Vera": (offered, [Role.AUDITOR]),
            "Ion": (waiting, [Role.APPROVER, Role.OFFICER]),
            "Ada": (waiting, [Role.ADMINISTRATOR]),
        }
        addresses = {
            world.home: stack.enter_context(console_process(world.home))
            for world in (offered, waiting)
        }
        for name, (world, given) in roles.items():
            with staff_desk(world) as desk:
                cheap_passwords(desk)
                code = desk.add(name, given)
            browser = made.browsers[name] = stack.enter_context(chromium(addresses[world.home]))
            browser.enter(name, code)
        made.browsers["nobody"] = stack.enter_context(chromium(addresses[offered.home]))
        columns = tmp_path_factory.mktemp("files") / "victimes.csv"
        columns.write_text(FRENCH, "utf-8")
        let_columns_wait(made.browsers["Ion"], columns)
        yield made


def after_a_check_up(world: node_app.World, backup: Path) -> None:
    """So that the pages say what was found, and when."""
    home = Home(world.home)
    with home.settings.open("a") as settings:
        settings.write("[retention]\ndays = 365\ncase_days = 3650\nreport_days = 90\n")
    node_app.doctor(world)
    sealing = node_app.Sealing("key-file", f"{backup}.key")
    node_app.back_up(world, backup, sealing, with_data=True)
    with journal_of(world, home, read_keys(home)) as journal:
        journal.backup_checked(START.isoformat(), "")


def let_columns_wait(browser: Chromium, path: Path) -> None:
    """A file waits for somebody who says what its columns mean."""
    browser.open("/data")
    browser.find("#files").send_keys(str(path))
    browser.press("#import form button[value=look]")
    browser.wait_for("#import-state a.button")


def try_a_policy(browser: Chromium) -> None:
    browser.find("details summary").click()
    browser.press("button[formaction$='/policy/try']")


def console_visits(ids: dict[str, str]) -> dict[str, list[Visit]]:
    return {
        "Ana": [
            Visit("overview.home", "/"),
            Visit("charter.charter", "/charter"),
            Visit("charter.offer", "/charter/offer"),
            Visit("people.everybody", "/people"),
            Visit("overview.doctor", "/doctor"),
            Visit("budget.budget", "/budget"),
            Visit("account.mine", "/account"),
            Visit("account.second_factor", "/account/second-factor"),
            Visit("data.data", "/data"),
            Visit("data.report", f"/data/reports/{ids['report']}"),
            Visit("quality.quality", "/data/quality"),
            Visit("editions.editions", "/editions"),
            Visit("editions.person", "/editions/person"),
            Visit("no such page", "/nothing", status=404),
            Visit("not for this role", "/journal", status=403),
        ],
        "Vera": [
            Visit("budget.budget", "/budget"),
            Visit("journal.journal", "/journal"),
        ],
        "Ion": [
            Visit("overview.home", "/"),
            Visit("approvals.approvals", "/approvals"),
            Visit("approvals.approval", f"/approvals/{ids['approval']}"),
            Visit("data.data", "/data"),
            Visit("mapping.mapping", "/data/mapping"),
        ],
        "Ada": [
            Visit("policy.policy", "/policy"),
            Visit("policy.ready", "/policy/ready/cautious"),
            Visit("policy.suppose", "/policy/ready/cautious", try_a_policy),
        ],
        "nobody": [
            Visit("entrance.sign_in", "/sign-in"),
            Visit("entrance.welcome", "/welcome"),
        ],
        "halfway": [Visit("entrance.code", "/sign-in/code")],
    }


NO_PAGES_OF_THE_CONSOLE = {
    "data.countries": FILE,
    "data.progress": PIECE,
    "journal.export": FILE,
    "overview.progress": PIECE,
    "overview.status": PIECE,
    "overview.today": PIECE,
    "quality.worklist": FILE,
    "static.file": FILE,
}
NO_PAGES_OF_THE_CONSOLE_S_FORMS = {
    "account.elsewhere": ELSEWHERE,
    "account.password": AGAIN,
    "account.recovery_codes": CODE,
    "account.take_second_factor": "shown to its owner once; `Chromium.enter` goes through it",
    "approvals.approve": CODE,
    "approvals.deny": ELSEWHERE,
    "charter.sign": CODE,
    "data.load": ELSEWHERE,
    "editions.erase": CODE,
    "editions.erase_person": CODE,
    "entrance.entering": ELSEWHERE,
    "entrance.giving_code": ELSEWHERE,
    "entrance.language": ELSEWHERE,
    "entrance.sign_out": ELSEWHERE,
    "entrance.signing_in": ELSEWHERE,
    "mapping.confirm": ELSEWHERE,
    "overview.look": ELSEWHERE,
    "people.add": CODE,
    "people.lock": CODE,
    "people.reset": CODE,
    "people.roles": CODE,
    "policy.check": AGAIN,
    "policy.save": CODE,
}


def test_every_page_of_the_console_is_visited(tmp_path: Path) -> None:
    visits = [one for each in console_visits(_AnyId()).values() for one in each]
    with open_console(tmp_path / "MD") as console:
        demand_all_visited(
            console.app, visits, NO_PAGES_OF_THE_CONSOLE, NO_PAGES_OF_THE_CONSOLE_S_FORMS
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_the_console_is_for_everybody(consoles: Consoles, language: str) -> None:
    visits, browsers = console_visits(consoles.ids), consoles.browsers

    def the_rest() -> None:
        for who in ("Vera", "Ion", "Ada"):
            as_one(browsers[who], visits[who], f"console-{who}", language)
        as_nobody(browsers["nobody"], visits, "Ana", language)

    at_once(lambda: as_one(browsers["Ana"], visits["Ana"], "console-Ana", language), the_rest)
