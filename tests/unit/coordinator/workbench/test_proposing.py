"""A charter is proposed from a form: read first, confirmed with a fresh code, then signed."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from unicodedata import combining, normalize

import pytest
from babel import Locale

from corridor.coordinator import app
from corridor.coordinator.workbench.charter_words import changes_in_words
from corridor.errors.region import NoCharterError
from corridor.ids import CountryCode, EncryptionKey, PublicKey
from corridor.people import Role
from corridor.protocols.cards import Card, fingerprint, fingerprint_text, key_fingerprint
from corridor.protocols.charter import Member
from support.loopback_region import QUICK, LoopbackRegion
from support.pages import Browser
from support.workbench import Workbench, open_workbench

FOUR = tuple(map(CountryCode, ("BG", "MD", "RO", "UA")))
BG, MD, RO, UA = FOUR
_INPUT = re.compile(r'<input ([^>]*name="[^>]*)>')
_OPTION = re.compile(r'<option value="(\w\w)"( selected)?>')


@pytest.fixture
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackRegion]:
    region = LoopbackRegion(tmp_path_factory.mktemp("region"), countries=FOUR, deadlines=QUICK)
    region.enter()
    yield region
    region.close()


@pytest.fixture
def workbench(region: LoopbackRegion) -> Iterator[Workbench]:
    with open_workbench(region.world) as opened:
        yield opened


@pytest.fixture
def staff(workbench: Workbench) -> Browser:
    return workbench.enter("Ion Ceban", Role.COORDINATOR)


def fields(browser: Browser, action: str = "/charter/propose") -> dict[str, object]:
    """What the form with this action would send as it stands."""
    form = browser.last.partition(f'action="{action}"')[2].partition("</form>")[0]
    found: dict[str, object] = {}
    for match in _INPUT.finditer(form):
        said = dict(re.findall(r'(\w+)="([^"]*)"', match[1]))
        if said.get("type") in {"checkbox", "radio"} and " checked" not in match[1]:
            continue
        values = found.setdefault(said["name"], [])
        assert isinstance(values, list)
        values.append(html.unescape(said.get("value", "")))
    chosen = [code for code, is_chosen in _OPTION.findall(form) if is_chosen]
    return {**found, **({"country": chosen} if chosen else {})}


def review(browser: Browser, **changed: object) -> str:
    """Open the form, change some of it, and read what that changes."""
    browser.get("/charter/propose")
    browser.post("/charter/propose", {**fields(browser), **changed})
    return html.unescape(browser.last)


def confirm(browser: Browser, code: str) -> int:
    """Confirm the changes that the page shows."""
    words = {**fields(browser, "/charter/propose/confirm"), "code": code}
    return browser.post("/charter/propose/confirm", words).status_code


def code(workbench: Workbench) -> str:
    return workbench.new_code_of("Ion Ceban")


def sentences(page: str) -> list[str]:
    found = page.partition('<ul id="changes">')[2].partition("</ul>")[0]
    return re.findall(r"<li[^>]*>(.*?)</li>", found)


def test_the_form_as_it_stands_changes_nothing(region: LoopbackRegion, staff: Browser) -> None:
    assert "Nothing but its version." in review(staff)
    assert app.show_charter(region.world).charter.version == 1


def test_what_was_read_is_proposed_and_in_force_once_all_that_stay_have_signed(
    region: LoopbackRegion, workbench: Workbench, staff: Browser
) -> None:
    shown = review(staff, rho_per_question="1/20", retention_days="90", without=["UA"])
    told = sentences(shown)
    assert [one.partition(".")[0] for one in told] == [
        "It lists no more: Ukraine",
        "Before a node spends, 2 other members hold its ledger",
        "A question costs each authority ρ = 0",
        "Members' receipts are kept for 90 days",
    ]
    assert "ρ = 0.05 at most. Until now: 0.1." in told[2]
    digest = re.search(r"<code dir=\"ltr\">([0-9a-f]{64})<", shown)
    assert digest is not None
    assert confirm(staff, code(workbench)) == 303
    found = app.show_charter(region.world)
    assert found.charter.digest.hex() == digest[1]
    assert found.without == (UA,)
    staff.get("/charter")
    assert "Proposed: version 2" in staff.last
    assert sentences(html.unescape(staff.last)) == told
    for country in (BG, MD, RO):
        assert not app.show_charter(region.world).in_force
        region.nodes_loop.do(region.nodes[country].sign_charter())
    assert app.show_charter(region.world).in_force
    staff.get("/charter")
    assert "Proposed: version" not in staff.last


def test_without_a_fresh_code_nothing_is_proposed(
    region: LoopbackRegion, workbench: Workbench, staff: Browser
) -> None:
    review(staff, retention_days="90")
    assert confirm(staff, "000000") == 401
    assert app.show_charter(region.world).charter.version == 1
    # The page still has what was read, to be confirmed with the right code.
    assert "people.wrong_code" in staff.last
    assert confirm(staff, code(workbench)) == 303
    assert app.show_charter(region.world).charter.retention_days == 90


def test_what_changed_since_it_was_read_is_shown_and_not_proposed(
    region: LoopbackRegion, workbench: Workbench, staff: Browser
) -> None:
    review(staff, retention_days="90")
    other = app.propose_charter(region.world, synthetic=True, years=(2020, 2025))
    assert confirm(staff, code(workbench)) == 409
    assert "charter.changed_meanwhile" in staff.last
    assert "takes the place of version 2" in staff.last
    assert app.show_charter(region.world).charter == other.charter
    assert confirm(staff, code(workbench)) == 303
    assert app.show_charter(region.world).charter.version == 3


def test_the_way_back_is_to_propose_again_what_is_in_force(
    region: LoopbackRegion, workbench: Workbench, staff: Browser
) -> None:
    before = app.show_charter(region.world).charter
    app.propose_charter(
        region.world,
        synthetic=True,
        years=(2021, 2022),
        without=(UA,),
        countries=(CountryCode("FR"),),
    )
    # The form begins with what waits …
    assert "It lists no more: Ukraine" in review(staff)
    # … unless one wants back.
    staff.get("/charter/propose?from=in-force")
    staff.post("/charter/propose", fields(staff))
    assert "Nothing but its version." in staff.last
    assert confirm(staff, code(workbench)) == 303
    found = app.show_charter(region.world)
    assert (found.charter.version, found.without) == (3, ())
    assert found.charter.years == before.years
    assert found.charter.countries == before.countries


@pytest.mark.parametrize(
    ("wrong", "refused"),
    [
        ({"min_participants": "five"}, "pages.bad_field"),
        ({"min_participants": "2"}, "charter.malformed"),
        ({"min_participants": "5"}, "charter.too_few_enrolled"),
        ({"rho_per_question": "1/0"}, "pages.bad_field"),
        ({"rho_per_question": "1e999999999"}, "pages.bad_field"),
        ({"rho_per_question": "-1/10"}, "charter.malformed"),
        ({"cells": "99999999"}, "charter.malformed"),
        ({"first_year": "2026", "last_year": "2020"}, "charter.malformed"),
        ({"told_apart": "some", "country": ["XX"]}, "charter.malformed"),
        ({"told_apart": "some", "country": ["Moldova"]}, "pages.bad_field"),
        ({"without": ["FR"]}, "charter.not_enrolled"),
        ({"witness_quorum": "99"}, "charter.malformed"),
    ],
)
def test_terms_that_make_no_charter_are_refused_with_the_form_as_it_was(
    region: LoopbackRegion, staff: Browser, wrong: dict[str, object], refused: str
) -> None:
    shown = review(staff, retention_days="77", **wrong)
    assert refused in shown
    assert 'name="retention_days" type="text" value="77"' in shown
    assert app.show_charter(region.world).charter.version == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            {"min_participants": "five"},
            (
                "The field “Fewest authorities in an answer” cannot be used as it is. Nothing was "
                "proposed. Correct it and send the form again."
            ),
        ),
        (
            {"min_participants": "2"},
            (
                "The field “Fewest authorities in an answer” cannot be used as it is. It must be a "
                "whole number from 3 to 10000. Nothing was proposed."
            ),
        ),
        (
            {"rho_per_question": "-1/10"},
            (
                "The field “Most ρ of a question” cannot be used as it is. It must be a fraction "
                "above 0. Nothing was proposed."
            ),
        ),
        (
            {"first_year": "2026", "last_year": "2020"},
            "The field “First year, Last year” cannot be used as it is. The first year must not be",
        ),
        (
            {"told_apart": "some", "country": ["XX"]},
            "The field “Countries besides the members' own” cannot be used as it is. One of them",
        ),
    ],
)
def test_a_refusal_names_the_field_as_the_form_does(
    staff: Browser, wrong: dict[str, object], said: str
) -> None:
    shown = review(staff, **wrong)
    assert said in shown
    alert = shown.partition('role="alert"')[2].partition("</div>")[0]
    assert not re.search(r"min_participants|ceilings|rho_per|years", alert)


def test_a_refusal_is_in_the_language_of_the_form(staff: Browser) -> None:
    staff.client.set_cookie("corridor-language", "fr")
    shown = review(staff, cells="0")
    assert "Le champ « Nombre maximal de cellules d'une réponse »" in shown
    assert "nombre entier de 1 à 4194304" in shown
    assert "Nothing" not in shown


@pytest.mark.parametrize(
    ("language", "before", "after"),
    # By codes Germany (DE) comes after Algeria (DZ)'s neighbours, and Égypte (EG) after Espagne.
    [("en", "Switzerland", "Syria"), ("fr", "Égypte", "Espagne"), ("es", "Alemania", "Zambia")],
)
def test_countries_come_in_the_order_of_their_names(
    staff: Browser, language: str, before: str, after: str
) -> None:
    staff.client.set_cookie("corridor-language", language)
    staff.get("/charter/propose")
    shown = html.unescape(staff.last).partition('id="country"')[2]
    names = re.findall(r"<option[^>]*>(.*?) \(", shown)
    assert names.index(before) < names.index(after)
    plain = ["".join(c for c in normalize("NFD", one) if not combining(c)) for one in names]
    assert [one.casefold() for one in plain] == sorted(one.casefold() for one in plain)
    assert len(names) > 200


def test_who_proposed_a_charter_is_kept_and_shown(
    region: LoopbackRegion, workbench: Workbench, staff: Browser
) -> None:
    staff.get("/charter")
    assert '<dd id="in-force-by">the command line</dd>' in staff.last
    review(staff, retention_days="90")
    assert confirm(staff, code(workbench)) == 303
    assert app.show_charter(region.world).proposed_by == "Ion Ceban"
    staff.get("/charter")
    assert '<dd id="proposed-by"><bdi>Ion Ceban</bdi></dd>' in staff.last
    other = workbench.enter("Ina Rusu", Role.COORDINATOR)
    assert "waits for signatures. Proposed by: <bdi>Ion Ceban</bdi>" in review(other)
    for country in FOUR:
        region.nodes_loop.do(region.nodes[country].sign_charter())
    staff.get("/charter")
    assert '<dd id="in-force-by"><bdi>Ion Ceban</bdi></dd>' in staff.last


def test_everybody_who_comes_goes_or_has_other_keys_is_named(
    region: LoopbackRegion, workbench: Workbench
) -> None:
    """However many; what is only counted can hide one that nobody meant."""
    before = app.show_charter(region.world).charter
    twenty = re.findall("..", "ALATBECHCZDEDKEEESFIFRGRHRHUIEITLTLVNLPL")
    added = {
        country: Member(
            country=country,
            name=f"Office of {country}",
            signing_key=PublicKey(bytes([number]) * 32),
            encryption_key=EncryptionKey(bytes([number]) * 1216),
        )
        for number, country in enumerate(map(CountryCode, twenty), 100)
    }
    everybody = {one.country: one for one in before.members} | added
    now = replace(
        before,
        version=2,
        previous=before.digest,
        members=tuple(everybody[country] for country in sorted(everybody)),
        coordinator_key=PublicKey(bytes([99]) * 32),
    )
    with workbench.app.test_request_context():
        joins, back = changes_in_words(before, now), changes_in_words(now, before)
        territories = Locale("en").territories
        for country in twenty:
            assert territories[country] in joins[0]
            print_ = fingerprint_text(fingerprint(Card.of(added[CountryCode(country)])))
            assert any(territories[country] in one and print_ in one for one in joins)
            assert territories[country] in back[0]
        old, new = (fingerprint_text(key_fingerprint(one.coordinator_key)) for one in (before, now))
        assert any("signs with another key" in one and old in one and new in one for one in joins)


def test_other_keys_of_a_member_are_told_with_their_fingerprint(
    region: LoopbackRegion, workbench: Workbench
) -> None:
    before = app.show_charter(region.world).charter
    moldova = replace(before.member(MD), signing_key=PublicKey(bytes([7]) * 32))
    members = tuple(moldova if one.country == MD else one for one in before.members)
    now = replace(before, version=2, previous=before.digest, members=members)
    with workbench.app.test_request_context():
        (told,) = changes_in_words(before, now)
    assert told.startswith("Moldova is a new member under other keys")
    assert fingerprint_text(fingerprint(Card.of(moldova))) in told


def test_a_region_with_real_data_never_becomes_a_trial_again(
    region: LoopbackRegion, workbench: Workbench, staff: Browser
) -> None:
    told = sentences(review(staff, synthetic=[]))
    assert told == ["The case data are real from then on. No later version can go back on that."]
    assert confirm(staff, code(workbench)) == 303
    # Every node would refuse it after version 2, whether or not that ever is in force.
    assert "charter.succession" in review(staff, synthetic="yes")
    assert app.show_charter(region.world).charter.version == 2


def test_too_few_witnesses_are_told_to_protect_against_accidents_only(staff: Browser) -> None:
    told = sentences(review(staff, witness_quorum="1"))
    assert any("accidents only" in one for one in told)


def test_the_first_charter_is_read_term_by_term(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    region = LoopbackRegion(tmp_path_factory.mktemp("new"), countries=FOUR, deadlines=QUICK)
    try:
        for node in region.nodes.values():
            node.enrol()
        with open_workbench(region.world) as workbench:
            staff = workbench.enter("Ion Ceban", Role.ADMINISTRATOR)
            told = sentences(review(staff))
            assert told[0] == "It lists: Bulgaria, Moldova, Romania, Ukraine."
            card = Card.of(app.propose_charter(region.world, synthetic=True).charter.member(MD))
            assert (
                "The keys of Moldova (Authority of MD) have the fingerprint "
                f"{fingerprint_text(fingerprint(card))}." in told
            )
            key = workbench.parts.charters.key
            assert (
                "The coordinator's key has the fingerprint "
                f"{fingerprint_text(key_fingerprint(key))}." in told
            )
            review(staff)
            assert "Guarantees are shown at δ = 0.000001." in told
            assert not any("Until now" in one for one in told)
            with pytest.raises(NoCharterError):
                workbench.parts.charters.in_force()
            assert confirm(staff, code(workbench)) == 303
            assert app.show_charter(region.world).signed.missing == FOUR
    finally:
        region.close()


def test_a_change_is_not_proposed_once_what_it_would_change_is_another_charter(
    region: LoopbackRegion, workbench: Workbench, staff: Browser
) -> None:
    """The new charter is the same to the bit; what was read of it is not true any more."""
    review(staff, retention_days="77")
    assert confirm(staff, code(workbench)) == 303
    staff.get("/charter/propose?from=in-force")
    staff.post("/charter/propose", fields(staff))
    assert "Nothing but its version." in html.unescape(staff.last)
    for country in FOUR:
        region.nodes_loop.do(region.nodes[country].sign_charter())
    assert confirm(staff, code(workbench)) == 409
    assert "charter.changed_meanwhile" in staff.last
    assert "77" in "".join(sentences(html.unescape(staff.last)))
    assert app.show_charter(region.world).charter.version == 2
