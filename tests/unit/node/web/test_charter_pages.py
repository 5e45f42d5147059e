"""The pages of the charter: what binds the authority asks for the second factor again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from corridor.ids import CountryCode, Signature
from corridor.node import rotation
from corridor.node.app.charters import _offer
from corridor.node.app.console import make_site
from corridor.node.home import Home, read_settings
from corridor.node.keys import read_keys
from corridor.node.listening import Listening
from corridor.node.views import Accepted, CharterOffer
from corridor.people import Role
from corridor.protocols.cards import Card, fingerprint, fingerprint_text
from corridor.protocols.charter import SignedCharter
from support.charters import rotated
from support.console import PORT, Console, open_console
from support.waiting_questions import put_charter_in_force


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path / "MD") as opened:
        yield opened


def test_a_browser_that_was_left_open_signs_no_charter(console: Console) -> None:
    charter = put_charter_in_force(console.world)
    offered = SignedCharter(charter, Signature(bytes(64)), ())
    signed: list[CharterOffer] = []

    def sign(offer: CharterOffer, _: object) -> Accepted:
        signed.append(offer)
        return Accepted(in_force=True, missing=())

    # What a coordinator would send stands here; all else is the console's own.
    charters = replace(
        console.desks.charter,
        offer=lambda trusted: _offer(offered, (), None, me=CountryCode("MD"), trusted=trusted),
        sign=sign,
    )
    desks = replace(console.desks, charter=charters)
    listening = Listening(f"127.0.0.1:{PORT}")
    site = replace(console, app=make_site(desks, listening, console.world, PORT))
    admin = site.enter("Ana", Role.ADMINISTRATOR)
    admin.get("/charter/offer")
    form: dict[str, object] = {"digest": str(desks.charter.offer({}).document["digest"])}
    for code in ({}, {"code": site.code_of("Ana")}):  # that one signed her in
        assert admin.post("/charter/sign", {**form, **code}).status_code == 401
        assert "people.wrong_code" in admin.last
    assert not signed
    code_again = {"code": site.new_code_of("Ana")}
    assert admin.post("/charter/sign", {**form, **code_again}).status_code == 303
    assert len(signed) == 1


KEYS_CHANGED = {
    "en": ("Fingerprint of the old keys", "its ledger goes on"),
    "fr": ("Empreinte des anciennes clés", "son grand livre continue"),
    "es": ("Huella de las claves antiguas", "su libro mayor continúa"),
    "ar": ("بصمة المفاتيح القديمة", "ويستمر دفتر حسابه"),
    "bg": ("Отпечатък на старите ключове", "счетоводната му книга продължава"),
}


@pytest.mark.parametrize("language", KEYS_CHANGED)
def test_the_page_of_an_offer_says_in_plain_words_whose_keys_follow_which(
    console: Console, language: str
) -> None:
    charter = put_charter_in_force(console.world)
    other = next(one for one in charter.members if one.country != "MD")
    later = rotated(charter, other.country)
    signed = SignedCharter(later, Signature(bytes(64)), ())
    charters = replace(
        console.desks.charter,
        offer=lambda trusted: _offer(signed, (), charter, me=CountryCode("MD"), trusted=trusted),
    )
    desks = replace(console.desks, charter=charters)
    site = replace(
        console, app=make_site(desks, Listening(f"127.0.0.1:{PORT}"), console.world, PORT)
    )
    admin = site.enter("Ana", Role.ADMINISTRATOR)
    admin.post("/language", {"language": language})
    admin.get("/charter/offer")
    old = fingerprint_text(fingerprint(Card.of(other)))
    new = fingerprint_text(fingerprint(Card.of(later.member(other.country))))
    assert [text for text in (*KEYS_CHANGED[language], old) if text not in admin.last] == []
    assert new not in admin.last


def test_the_page_of_the_charter_shows_the_key_that_waits_to_be_read_out(
    console: Console,
) -> None:
    charter = put_charter_in_force(console.world)
    home = Home(console.world.home)
    following = rotation.begin(home, read_settings(home), charter, console.world.random_bytes)
    admin = console.enter("Ana", Role.ADMINISTRATOR)
    admin.get("/charter")
    for keys in (read_keys(home), following):
        assert fingerprint_text(fingerprint(keys.card(read_settings(home)))) in admin.last
    assert "New keys wait for the next charter" in admin.last
