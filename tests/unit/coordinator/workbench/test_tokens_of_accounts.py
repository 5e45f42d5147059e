"""Tokens that people make for their own programs, through the pages and at the REST API."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from corridor.coordinator import app
from corridor.coordinator.account_tokens import DAY_SECONDS, REST_DAYS, AccountTokens
from corridor.coordinator.scopes import TokenScope
from corridor.coordinator.tokens import TokenDesk, TokenHolder, token_hash
from corridor.coordinator.web.refusals import STATUS
from corridor.errors.people import NameOfTokenError
from corridor.errors.region import (
    TokenNameOfAccountError,
    TokenRestsError,
    UnknownTokenError,
)
from corridor.people import Arrival, Role, Stage, Token
from corridor.transport.http_statuses import status_by
from support.pages import Browser
from support.workbench import Workbench, open_workbench

TOKEN = re.compile(r'class="secret">(corridor_[\w-]+)<')
NAME = re.compile(r'name="token" value="([0-9a-f]{64})"')


@pytest.fixture
def workbench(tmp_path: Path) -> Iterator[Workbench]:
    world = app.real_world(tmp_path / "coordinator")
    app.initialise(world, name="Danube region")
    with open_workbench(world) as opened:
        yield opened


def desk_of(workbench: Workbench) -> TokenDesk:
    """What the REST API asks."""
    return replace(workbench.parts.tokens, of_account=workbench.accounts.tokens.holder)


def make(
    workbench: Workbench,
    browser: Browser,
    owner: str,
    *scopes: str,
    label: str = "nightly report",
    days: str = "30",
) -> tuple[int, str]:
    browser.get("/tokens")
    form: dict[str, object] = {
        "label": label,
        "scope": list(scopes),
        "days": days,
        "code": workbench.new_code_of(owner),
    }
    status = browser.post("/tokens/make", form).status_code
    found = TOKEN.search(browser.last)
    return status, found[1] if found else ""


def made(workbench: Workbench, browser: Browser, owner: str, *scopes: str) -> str:
    status, token = make(workbench, browser, owner, *scopes)
    assert status == 200, browser.last
    return token


def test_a_program_with_a_token_asks_as_its_owner(workbench: Workbench) -> None:
    ana = workbench.enter("Ana", Role.ANALYST)
    workbench.people.set_organisation("Ana", "IOM Chișinău")
    token = made(workbench, ana, "Ana", "read", "ask")
    assert desk_of(workbench).holder(token) == TokenHolder("Ana", "IOM Chișinău")


def test_a_token_is_shown_once_and_kept_nowhere(workbench: Workbench) -> None:
    ana = workbench.enter("Ana", Role.ANALYST)
    token = made(workbench, ana, "Ana", "read")
    ana.get("/tokens")
    assert "nightly report" in ana.last
    assert token not in ana.last
    kept = b"".join(one.read_bytes() for one in workbench.parts.home.folder.glob("people.*"))
    assert token.encode() not in kept


def test_a_token_allows_what_was_chosen_and_no_more(workbench: Workbench) -> None:
    ana = workbench.enter("Ana", Role.ANALYST)
    token = made(workbench, ana, "Ana", "read")
    assert desk_of(workbench).holder(token).scopes == {TokenScope.READ}


@pytest.mark.parametrize("scopes", [("read", "ask"), ("ask",), (), ("read", "give accounts")])
def test_a_token_allows_no_more_than_the_roles_of_its_owner(
    workbench: Workbench, scopes: tuple[str, ...]
) -> None:
    browser = workbench.enter("Ina", Role.ADMINISTRATOR)
    assert make(workbench, browser, "Ina", *scopes) == (403, "")
    assert "people.token_too_wide" in browser.last


def test_a_browser_that_was_left_open_makes_no_token(workbench: Workbench) -> None:
    ana = workbench.enter("Ana", Role.ANALYST)
    ana.get("/tokens")
    form: dict[str, object] = {"label": "mine", "scope": ["read"], "days": "30", "code": "000000"}
    assert ana.post("/tokens/make", form).status_code == 401
    assert workbench.accounts.store.tokens() == ()


@pytest.mark.parametrize("days", ["0", "366", "-1", "", "٣", "1e2"])
def test_a_token_is_over_after_a_year_at_the_latest(workbench: Workbench, days: str) -> None:
    ana = workbench.enter("Ana", Role.ANALYST)
    assert make(workbench, ana, "Ana", "read", days=days) == (422, "")
    assert "people.token_life" in ana.last


def test_a_token_that_is_over_opens_nothing(workbench: Workbench) -> None:
    ana = workbench.enter("Ana", Role.ANALYST)
    token = made(workbench, ana, "Ana", "read")
    # Its end is compared with the real clock's time of the home: the store holds what was promised.
    (kept,) = workbench.accounts.store.tokens()
    assert kept.ends_at - kept.made_at == timedelta(days=30).total_seconds()
    late = replace(workbench.accounts.tokens, now=lambda: kept.ends_at)
    with pytest.raises(UnknownTokenError):
        late.holder(token)


@pytest.mark.parametrize("end", ["lock", "lock_all", "reset", "role"])
def test_tokens_end_with_the_account_and_do_not_come_back(workbench: Workbench, end: str) -> None:
    ana = workbench.enter("Ana", Role.ANALYST, Role.COORDINATOR)
    token, people = made(workbench, ana, "Ana", "read", "ask"), workbench.people
    match end:
        case "lock":
            people.lock("Ana")
            people.unlock("Ana")
        case "lock_all":
            people.lock_all()
            people.unlock("Ana")
        case "reset":
            people.reset("Ana")
        case _:
            people.set_roles("Ana", ["coordinator"])
            people.set_roles("Ana", ["analyst", "coordinator"])
    with pytest.raises(UnknownTokenError):
        desk_of(workbench).holder(token)


def test_a_role_that_is_added_ends_no_token(workbench: Workbench) -> None:
    ana = workbench.enter("Ana", Role.ANALYST)
    token = made(workbench, ana, "Ana", "read")
    workbench.people.set_roles("Ana", ["analyst", "coordinator"])
    assert desk_of(workbench).holder(token).name == "Ana"


def test_its_owner_revokes_a_token_and_nobody_elses(workbench: Workbench) -> None:
    ana, ion = workbench.enter("Ana", Role.ANALYST), workbench.enter("Ion", Role.COORDINATOR)
    token = made(workbench, ana, "Ana", "read")
    ana.get("/tokens")
    found = NAME.search(ana.last)
    assert found is not None
    ion.get("/tokens")
    assert ion.post("/tokens/revoke", {"token": found[1]}).status_code == 404
    assert desk_of(workbench).holder(token).name == "Ana"
    ana.get("/tokens")
    assert ana.post("/tokens/revoke", {"token": found[1]}).status_code == 303
    with pytest.raises(UnknownTokenError):
        desk_of(workbench).holder(token)


def test_an_administrator_sees_and_revokes_everybodys(workbench: Workbench) -> None:
    ana, ina = workbench.enter("Ana", Role.ANALYST), workbench.enter("Ina", Role.ADMINISTRATOR)
    token = made(workbench, ana, "Ana", "read")
    ina.get("/tokens/all")
    found = NAME.search(ina.last)
    assert found is not None
    answer = ina.post("/tokens/revoke", {"token": found[1], "back": "all"})
    assert answer.location == "/tokens/all"
    with pytest.raises(UnknownTokenError):
        desk_of(workbench).holder(token)
    ina.get("/changes")
    assert "token revoked" in ina.last
    assert "nightly report" in ina.last


def test_two_tokens_of_one_account_have_two_labels(workbench: Workbench) -> None:
    ana, ion = workbench.enter("Ana", Role.ANALYST), workbench.enter("Ion", Role.ANALYST)
    made(workbench, ana, "Ana", "read")
    assert make(workbench, ana, "Ana", "read", label="Nightly  report") == (422, "")
    made(workbench, ion, "Ion", "read")


def test_the_organisation_that_the_authorities_see_is_the_accounts_of_now(
    workbench: Workbench,
) -> None:
    ana = workbench.enter("Ana", Role.ANALYST)
    token = made(workbench, ana, "Ana", "read")
    workbench.people.set_organisation("Ana", "Europol")
    assert desk_of(workbench).holder(token).organisation == "Europol"


def test_what_was_changed_is_kept_with_who_did_it(workbench: Workbench) -> None:
    ina = workbench.enter("Ina", Role.ADMINISTRATOR)
    ina.get("/people")
    ina.post(
        "/people/add",
        {
            "name": "Ana Rusu",
            "role": "analyst",
            "organisation": "IOM",
            "code": workbench.new_code_of("Ina"),
        },
    )
    ina.get("/people")
    ina.post(
        "/people/organisation",
        {"name": "Ana Rusu", "organisation": "Europol", "code": workbench.new_code_of("Ina")},
    )
    ina.get("/people")
    ina.post("/people/lock", {"name": "Ana Rusu", "locked": "yes"})
    found = [
        (one.change, one.name, one.organisation, one.by)
        for one in workbench.accounts.store.changes(3)
    ]
    assert found == [
        ("locked", "Ana Rusu", "Europol", "Ina"),
        ("organisation", "Ana Rusu", "Europol", "Ina"),
        ("added", "Ana Rusu", "IOM", "Ina"),
    ]
    ina.get("/changes")
    assert ina.last.index("locked") < ina.last.index("account added")


def test_a_browser_that_was_left_open_gives_nobody_an_organisation(workbench: Workbench) -> None:
    ina = workbench.enter("Ina", Role.ADMINISTRATOR)
    workbench.people.add("Ana", [Role.ANALYST])
    ina.get("/people")
    form: dict[str, object] = {"name": "Ana", "organisation": "Europol", "code": "000000"}
    assert ina.post("/people/organisation", form).status_code == 401
    assert {one.organisation for one in workbench.people.people()} == {""}


def test_an_organisation_that_every_node_would_refuse_is_refused(workbench: Workbench) -> None:
    ina = workbench.enter("Ina", Role.ADMINISTRATOR)
    ina.get("/people")
    form: dict[str, object] = {
        "name": "Ana",
        "role": "analyst",
        "organisation": "x" * 201,
        "code": workbench.new_code_of("Ina"),
    }
    assert ina.post("/people/add", form).status_code == 422
    assert "people.bad_organisation" in ina.last


# ---------------------------------------------------------------- whoever a provider vouches for


def arrive(workbench: Workbench) -> None:
    """Ana comes from the provider, which asked for a second factor."""
    session = workbench.people.arrive(
        Arrival(
            issuer="https://login.example",
            subject="1",
            name="Ana",
            roles=frozenset({Role.ANALYST}),
            organisation="IOM",
            has_second_factor=True,
        )
    )
    assert session.stage is Stage.FULL


def vouched(workbench: Workbench) -> tuple[str, AccountTokens]:
    """A token of somebody who comes from the provider, and what decides by the pages' clock."""
    arrive(workbench)
    (person,) = workbench.people.people()
    now = int(workbench.clock().timestamp())
    token = "corridor_token-of-ana"
    with workbench.accounts.store.writing():
        workbench.accounts.store.add_token(
            Token(
                hash=token_hash(token),
                person=person.id,
                label="nightly report",
                scopes="read ask",
                made_at=now,
                ends_at=now + 365 * DAY_SECONDS,
            )
        )
    clock = workbench.clock
    return token, replace(workbench.accounts.tokens, now=lambda: int(clock().timestamp()))


def test_a_leavers_token_rests_and_is_good_again_when_they_come_back(workbench: Workbench) -> None:
    token, tokens = vouched(workbench)
    workbench.clock.advance(timedelta(days=REST_DAYS, seconds=-1))
    assert tokens.holder(token).name == "Ana"
    workbench.clock.advance(timedelta(seconds=1))
    with pytest.raises(TokenRestsError, match="30 days") as refused:
        tokens.holder(token)
    assert status_by(STATUS, refused.value) == 401
    (listed,) = tokens.everybodys()
    assert (listed.rests, listed.is_over) == (True, False)
    arrive(workbench)
    assert tokens.holder(token).name == "Ana"


def test_how_long_a_token_may_rest_is_for_the_region_to_say(workbench: Workbench) -> None:
    token, tokens = vouched(workbench)
    workbench.clock.advance(timedelta(days=7))
    with pytest.raises(TokenRestsError):
        replace(tokens, rest_days=7).holder(token)
    assert replace(tokens, rest_days=8).holder(token).name == "Ana"


def test_a_token_of_an_account_of_this_site_never_rests(workbench: Workbench) -> None:
    ana = workbench.enter("Ana", Role.ANALYST)
    token = made(workbench, ana, "Ana", "read")
    (kept,) = workbench.accounts.store.tokens()
    late = replace(workbench.accounts.tokens, now=lambda: kept.ends_at - 1, rest_days=1)
    assert late.holder(token).name == "Ana"


def test_the_page_says_from_when_a_token_rests(workbench: Workbench) -> None:
    vouched(workbench)
    ina = workbench.enter("Ina", Role.ADMINISTRATOR)
    ina.get("/tokens/all")
    assert "rests from 31 Mar 2026" in ina.last
    ina.get("/tokens")
    assert "when you have not signed in" not in ina.last


# ---------------------------------------------------------------- whose a name is


def test_no_token_is_issued_under_the_name_of_an_account(workbench: Workbench) -> None:
    workbench.people.add("Ana Rusu", [Role.ANALYST])
    for name in ("Ana Rusu", "ANA  rusu"):
        with pytest.raises(TokenNameOfAccountError):
            workbench.parts.tokens.issue(name)
    assert workbench.parts.tokens.names() == ()


def test_no_account_is_made_under_the_name_of_a_token(workbench: Workbench) -> None:
    workbench.parts.tokens.issue("Ana")
    with pytest.raises(NameOfTokenError):
        workbench.people.add("ANA", [Role.ANALYST])
    with pytest.raises(NameOfTokenError):
        arrive(workbench)
    assert workbench.people.people() == ()
    workbench.parts.tokens.revoke("Ana")  # what was asked with it is still Ana's
    with pytest.raises(NameOfTokenError):
        workbench.people.add("ANA", [Role.ANALYST])
    workbench.people.add("Ana Rusu", [Role.ANALYST])
