"""The pages of the charter: what binds the authority asks for the second factor again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from corridor.ids import CountryCode, Signature
from corridor.node.app.charters import _offer
from corridor.node.app.console import make_site
from corridor.node.listening import Listening
from corridor.node.people import Role
from corridor.node.views import Accepted, CharterOffer
from corridor.protocols.charter import SignedCharter
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
        assert "people.wrong_sign_in" in admin.last
    assert not signed
    code_again = {"code": site.new_code_of("Ana")}
    assert admin.post("/charter/sign", {**form, **code_again}).status_code == 303
    assert len(signed) == 1
