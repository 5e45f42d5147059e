"""Who may see and do what in the console: every page, every role, and forms from elsewhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from werkzeug.routing import Rule

from corridor.errors.console import BadListenError, OpenListenError
from corridor.node.listening import Listening
from corridor.pages.access import access_of
from corridor.people import AUTHORITY, Role, Stage
from corridor.people.desk import IDLE_SECONDS
from support.console import Console, open_console
from support.pages import PASSWORD, Browser, rules

NOBODY = frozenset[Role]()
ALL = frozenset(AUTHORITY.roles)
OFFICER, APPROVER, AUDITOR, ADMINISTRATOR = AUTHORITY.roles
READERS = frozenset({APPROVER, AUDITOR, ADMINISTRATOR})

MATRIX: dict[str, frozenset[Role]] = {
    "overview.home": ALL,
    "overview.status": ALL,
    "overview.today": ALL,
    "overview.doctor": frozenset({ADMINISTRATOR, AUDITOR}),
    "overview.look": frozenset({ADMINISTRATOR, AUDITOR}),
    "overview.progress": frozenset({ADMINISTRATOR, AUDITOR}),
    "account.mine": ALL,
    "account.password": ALL,
    "account.second_factor": ALL,
    "account.take_second_factor": ALL,
    "account.recovery_codes": ALL,
    "account.elsewhere": ALL,
    "entrance.sign_out": ALL,
    "entrance.code": NOBODY,
    "entrance.giving_code": NOBODY,
    "approvals.approvals": ALL - {ADMINISTRATOR},
    "approvals.approval": ALL - {ADMINISTRATOR},
    "approvals.approve": frozenset({APPROVER}),
    "approvals.deny": frozenset({APPROVER}),
    "quality.quality": frozenset({OFFICER}),
    "quality.worklist": frozenset({OFFICER}),
    "editions.editions": frozenset({OFFICER, ADMINISTRATOR}),
    "editions.erase": frozenset({OFFICER, ADMINISTRATOR}),
    "editions.person": frozenset({OFFICER, ADMINISTRATOR}),
    "editions.erase_person": frozenset({OFFICER, ADMINISTRATOR}),
    "mapping.mapping": frozenset({OFFICER}),
    "mapping.confirm": frozenset({OFFICER}),
    "data.data": frozenset({OFFICER}),
    "data.progress": frozenset({OFFICER}),
    "data.load": frozenset({OFFICER}),
    "data.report": frozenset({OFFICER}),
    "data.countries": frozenset({OFFICER}),
    "budget.budget": READERS,
    "journal.journal": frozenset({AUDITOR, APPROVER}),
    "journal.export": frozenset({AUDITOR}),
    "charter.charter": READERS,
    "charter.offer": frozenset({ADMINISTRATOR}),
    "charter.sign": frozenset({ADMINISTRATOR}),
    "policy.policy": READERS,
    "policy.check": frozenset({ADMINISTRATOR}),
    "policy.ready": frozenset({ADMINISTRATOR}),
    "policy.suppose": frozenset({ADMINISTRATOR}),
    "policy.save": frozenset({ADMINISTRATOR}),
    "people.everybody": frozenset({ADMINISTRATOR}),
    "people.add": frozenset({ADMINISTRATOR}),
    "people.reset": frozenset({ADMINISTRATOR}),
    "people.roles": frozenset({ADMINISTRATOR}),
    "people.lock": frozenset({ADMINISTRATOR}),
}
"""Whom each page is for: written here once more, by hand, so that a slip in a view is seen."""

OPEN = {
    "static.file",
    "entrance.sign_in",
    "entrance.signing_in",
    "entrance.welcome",
    "entrance.entering",
    "entrance.language",
}
DOES_NOT_LAST = {"account.elsewhere", "entrance.sign_out"}
"""What ends the session with which the others are tried."""


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with open_console(tmp_path_factory.mktemp("home") / "MD") as opened:
        yield opened


@pytest.fixture(scope="module")
def browsers(console: Console) -> dict[Role, Browser]:
    return {
        role: console.enter(f"Owner {number}", role) for number, role in enumerate(AUTHORITY.roles)
    }


def path_of(rule: Rule) -> str:
    return rule.rule.replace("<name>", "x.json")


def test_every_route_is_in_the_matrix_or_open_on_purpose(console: Console) -> None:
    assert {rule.endpoint for rule, _ in rules(console.app)} == MATRIX.keys() | OPEN


def test_every_route_says_whom_it_is_for(console: Console) -> None:
    for rule, _ in rules(console.app):
        access = access_of(console.app.view_functions[rule.endpoint])
        assert bool(access.stages) == (rule.endpoint not in OPEN), rule.endpoint


def test_what_changes_something_is_a_form_and_no_other_method_is_answered(console: Console) -> None:
    assert {method for _, method in rules(console.app)} == {"GET", "POST"}


def test_a_view_that_does_not_say_whom_it_is_for_is_shown_to_nobody(tmp_path: Path) -> None:
    with open_console(tmp_path / "MD") as console:
        console.app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
        browser = console.enter("Ana", ADMINISTRATOR)
        assert browser.get("/forgotten").status_code == 500
        assert "secret" not in browser.last


@pytest.mark.parametrize("role", AUTHORITY.roles)
def test_a_role_reaches_what_is_its_own_and_nothing_else(
    console: Console, browsers: dict[Role, Browser], role: Role
) -> None:
    browser = browsers[role]
    for rule, method in rules(console.app):
        if rule.endpoint in OPEN | DOES_NOT_LAST:
            continue
        browser.get("/account")
        ask = browser.get if method == "GET" else browser.post
        status = ask(path_of(rule)).status_code
        where = f"{role} {method} {rule.rule}: {status}"
        if role in MATRIX[rule.endpoint]:
            assert status != 403, where
            assert "people.not_signed_in" not in browser.last, where
        elif rule.endpoint in {"entrance.code", "entrance.giving_code"}:
            assert status in {303, 401}, where
        else:
            assert status == 403, where


def test_whoever_is_not_signed_in_reaches_nothing_but_the_entrance(console: Console) -> None:
    for rule, method in rules(console.app):
        if rule.endpoint in OPEN:
            continue
        browser = console.browser()
        browser.get("/sign-in")
        answer = browser.get(path_of(rule)) if method == "GET" else browser.post(path_of(rule))
        if method == "GET":
            assert (answer.status_code, answer.location) == (303, "/sign-in"), rule.rule
        else:
            assert answer.status_code == 401, rule.rule


def test_whoever_gave_a_password_alone_reaches_the_second_step_alone(console: Console) -> None:
    console.enter("Halfway", ADMINISTRATOR)
    browser = console.browser()
    browser.sign_in("Halfway")
    for rule, method in rules(console.app):
        access = access_of(console.app.view_functions[rule.endpoint])
        if rule.endpoint in OPEN or Stage.CODE in access.stages:
            continue
        answer = browser.get(path_of(rule)) if method == "GET" else browser.post(path_of(rule))
        assert answer.status_code in {303, 401}, rule.rule
        assert answer.location in {"/sign-in", None}, rule.rule


def test_every_form_needs_the_token_of_its_session(
    console: Console, browsers: dict[Role, Browser]
) -> None:
    stranger = console.browser()
    stranger.get("/sign-in")
    for rule, method in rules(console.app):
        if method != "POST" or rule.endpoint == "entrance.giving_code":
            continue
        allowed = MATRIX.get(rule.endpoint, ALL)
        browser = browsers[next(role for role in Role if role in allowed)]
        for token in ("", "0" * 64, stranger.form_token(), "ё"):
            answer = browser.post(path_of(rule), {"form_token": token})
            assert answer.status_code == 403, (rule.rule, token)
            assert "console.forged_form" in browser.last


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_a_form_from_another_page_is_refused_before_it_is_read(
    browsers: dict[Role, Browser], headers: dict[str, str]
) -> None:
    browser = browsers[ADMINISTRATOR]
    browser.get("/people")
    answer = browser.post("/people/add", {"name": "Evil", "role": "officer"}, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:7071", "127.0.0.1.evil.example", "", "localhost.", "["]
)
def test_a_name_that_was_pointed_here_is_not_answered(console: Console, host: str) -> None:
    answer = console.browser().get("/sign-in", headers={"Host": host})
    assert answer.status_code == 400


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:7071", "127.0.0.1:7071", "[::1]:7071"])
def test_this_machine_is_answered_under_its_own_names(console: Console, host: str) -> None:
    assert console.browser().get("/sign-in", headers={"Host": host}).status_code == 200


def test_no_page_is_kept_framed_or_given_a_foreign_script(browsers: dict[Role, Browser]) -> None:
    for path in ("/", "/nothing-here", "/sign-in", "/status"):
        headers = browsers[AUDITOR].get(path).headers
        policy = dict(
            part.strip().partition(" ")[::2]
            for part in headers["Content-Security-Policy"].split(";")
        )
        assert policy["default-src"] == "'none'"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "Server" not in headers


def test_no_page_holds_a_script_or_style_of_its_own(
    console: Console, browsers: dict[Role, Browser]
) -> None:
    for rule, method in rules(console.app):
        for browser in browsers.values():
            if method == "GET" and rule.endpoint != "static.file":
                browser.last = ""
                browser.get(path_of(rule))
                page = browser.last.lower()
                assert " style=" not in page, rule.rule
                assert "<style" not in page, rule.rule
                assert " on" + "click" not in page
                assert page.count("<script") == page.count("<script src="), rule.rule
                assert "://" not in page.replace("http://www.w3.org/2000/svg", ""), rule.rule


def test_a_session_gets_a_new_name_at_every_step(console: Console) -> None:
    console.enter("Stepper", OFFICER)
    console.next_half_minute()
    browser = console.browser()
    names = []

    def note() -> None:
        cookie = browser.client.get_cookie("corridor-console")
        assert cookie is not None
        names.append(cookie.value)

    browser.get("/sign-in")
    note()
    browser.sign_in("Stepper")
    note()
    browser.get("/sign-in/code")
    browser.post("/sign-in/code", {"code": console.code_of("Stepper")})
    note()
    assert len(set(names)) == 3
    assert browser.get("/").status_code == 200


def test_a_cookie_is_for_this_site_and_no_script(console: Console) -> None:
    cookie = console.browser().get("/sign-in").headers["Set-Cookie"]
    assert cookie.startswith("corridor-console=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/" in cookie
    assert "Expires" not in cookie
    assert "Max-Age" not in cookie


def test_with_tls_cookies_are_bound_to_it_and_browsers_told_to_keep_to_it(tmp_path: Path) -> None:
    listening = Listening(
        "0.0.0.0:7071", ("node.example",), tmp_path / "cert.pem", tmp_path / "key.pem"
    )
    with open_console(tmp_path / "MD", listening) as console:
        answer = console.browser().get("/sign-in", headers={"Host": "node.example"})
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-corridor-console=")
        assert "Secure" in cookie
        assert "Domain" not in cookie
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert console.browser().get("/sign-in").status_code == 400  # localhost is not its name


@pytest.mark.parametrize("address", ["0.0.0.0:7071", "10.0.0.5:7071", "node.example:1", "[::]:1"])
def test_it_does_not_listen_beyond_the_machine_without_tls(address: str) -> None:
    with pytest.raises(OpenListenError):
        Listening(address).split()


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "7071", ":7071", "localhost:x", "localhost:70710"]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(BadListenError):
        Listening(address).split()


@pytest.mark.parametrize("address", ["127.0.0.1:1", "localhost:1", "[::1]:1", "127.3.2.1:0"])
def test_it_listens_on_the_machine_itself(address: str) -> None:
    assert Listening(address).split()[1] in {0, 1}


def test_a_session_that_was_left_alone_ends_at_the_sign_in_page(tmp_path: Path) -> None:
    with open_console(tmp_path / "MD") as console:
        browser = console.enter("Ana", OFFICER)
        for _ in range(IDLE_SECONDS // 30):
            console.next_half_minute()
            browser.get("/status", headers={"X-Looks-By-Itself": "yes", "HX-Request": "true"})
        answer = browser.get("/status", headers={"HX-Request": "true"})
        assert answer.headers["HX-Redirect"] == "/sign-in"
        assert browser.get("/").location == "/sign-in"


def test_after_signing_out_the_old_cookie_opens_nothing(tmp_path: Path) -> None:
    with open_console(tmp_path / "MD") as console:
        browser = console.enter("Ana", OFFICER)
        cookie = browser.client.get_cookie("corridor-console")
        assert cookie is not None
        browser.get("/")
        assert browser.post("/sign-out").location == "/sign-in"
        thief = console.browser()
        thief.client.set_cookie("corridor-console", cookie.value)
        assert thief.get("/").location == "/sign-in"


@pytest.mark.parametrize(
    "back",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/ /evil.example",
        "x",
    ],
)
def test_changing_the_language_leads_to_no_other_site(console: Console, back: str) -> None:
    browser = console.browser()
    browser.get("/sign-in")
    answer = browser.post("/language", {"language": "fr", "back": back})
    assert answer.location == "/"


def test_what_is_logged_of_a_sign_in_holds_neither_name_nor_password(console: Console) -> None:
    with capture_logs() as logged:
        console.browser().sign_in("Somebody Known", "a secret of hers")
    assert [one["event"] for one in logged] == ["pages.refused"]
    assert "Somebody" not in str(logged)
    assert "secret" not in str(logged)


def test_fields_of_passwords_can_be_filled_by_a_password_manager(console: Console) -> None:
    browser = console.browser()
    browser.get("/sign-in")
    assert 'autocomplete="current-password"' in browser.last
    assert 'autocomplete="username"' in browser.last
    browser.get("/welcome")
    assert browser.last.count('autocomplete="new-password"') == 2


def test_wrong_sign_ins_wait_and_say_nothing_of_the_account(tmp_path: Path) -> None:
    with open_console(tmp_path / "MD") as console:
        console.enter("Ana", OFFICER)
        browser = console.browser()
        for name in ("Ana", "Nobody"):
            pages = []
            for _ in range(6):
                answer = browser.sign_in(name, "not the password")
                pages.append(answer.status_code)
            assert pages == [401] * 5 + [429], name
            assert "people.wait" in browser.last
        browser.sign_in("Ana", PASSWORD)
        assert "people.wait" in browser.last
