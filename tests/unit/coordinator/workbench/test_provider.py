"""Signing in at an identity provider: a real one, and one that lies."""

import base64
import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from joserfc.jwk import RSAKey
from structlog.testing import capture_logs
from werkzeug.wrappers import Response

from corridor.coordinator import app, provider_wire
from corridor.coordinator.provider import BEGUN_SECONDS, ProviderDesk
from corridor.coordinator.workbench.provider import STEPS_PER_MINUTE
from corridor.errors.provider import ProviderUntrustedError
from corridor.people import Role
from support.ledgers import TestClock
from support.pages import Browser
from support.provider import (
    LyingProvider,
    describe,
    fetch,
    let_in,
    lying_provider,
    provider_process,
    words_of,
)
from support.workbench import Workbench, open_workbench

SETTINGS = """
issuer = "{issuer}"
client_id = "corridor"
secret_file = "keys/oidc.secret"
title = "IOM sign-in"
organisation = "IOM"
second_factor_amr = ["otp"]
{more}
[roles]
"analysts" = ["analyst"]
"admins" = ["administrator"]
"""


@contextmanager
def opened(folder: Path, issuer: str, more: str = "") -> Iterator[Workbench]:
    world = app.real_world(folder / "coordinator")
    app.initialise(world, name="Danube region", plain_http=True)
    secret = world.home / "keys" / "oidc.secret"
    secret.touch(0o600)
    secret.write_text("a secret\n")
    (world.home / "oidc.toml").write_text(SETTINGS.format(issuer=issuer, more=more))
    with open_workbench(world, clock=TestClock(world.clock())) as workbench:
        yield workbench


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with provider_process() as address:
        yield address


@pytest.fixture
def workbench(tmp_path: Path, issuer: str) -> Iterator[Workbench]:
    with opened(tmp_path, issuer) as found:
        yield found


@pytest.fixture
def liar() -> Iterator[LyingProvider]:
    with lying_provider() as provider:
        provider.claims = {"preferred_username": "ana", "groups": ["analysts"], "amr": ["otp"]}
        yield provider


@pytest.fixture
def lied_to(tmp_path: Path, liar: LyingProvider) -> Iterator[Workbench]:
    with opened(tmp_path, liar.issuer) as found:
        yield found


def begin(browser: Browser) -> str:
    """Where the browser is sent."""
    answer = browser.get("/sign-in/provider")
    assert answer.status_code == 303, browser.last
    return str(answer.location)


def go_back(browser: Browser, address: str) -> int:
    """Follow the provider's redirect."""
    parts = urlsplit(address)
    assert parts.path == "/sign-in/provider/answer"
    return browser.get(f"{parts.path}?{parts.query}").status_code


def come(workbench: Workbench, subject: str) -> Browser:
    """Through the real provider's form, to the end."""
    browser = workbench.browser()
    status = go_back(browser, let_in(begin(browser), subject))
    assert status in {200, 403, 409}, browser.last
    return browser


def come_by(workbench: Workbench) -> tuple[Browser, int]:
    """Through the liar, which asks nothing."""
    browser = workbench.browser()
    answer = fetch(begin(browser))
    return browser, go_back(browser, answer.headers["location"])


def test_the_page_of_signing_in_leads_to_the_provider(workbench: Workbench, issuer: str) -> None:
    browser = workbench.browser()
    browser.get("/sign-in")
    assert "Sign in with IOM sign-in" in browser.last
    address = begin(browser)
    words = words_of(address)
    assert address.startswith(f"{issuer}/oauth2/authorize?")
    assert words["response_type"] == "code"
    assert words["code_challenge_method"] == "S256"
    assert len(words["nonce"]) == len(words["state"]) == len(words["code_challenge"]) == 43
    assert words["redirect_uri"] == "http://localhost/sign-in/provider/answer"


def test_whoever_comes_first_is_made_an_account_with_the_roles_of_their_groups(
    workbench: Workbench, issuer: str
) -> None:
    describe(
        issuer, "u1", preferred_username="ana@iom.example", groups=["analysts", "x"], amr=["otp"]
    )
    browser = come(workbench, "u1")
    assert 'http-equiv="refresh" content="0; url=/"' in browser.last
    assert browser.get("/").status_code == 200
    assert browser.get("/people").status_code == 403
    (person,) = workbench.people.people()
    assert (person.name, person.roles) == ("ana@iom.example", frozenset({Role.ANALYST}))
    assert (person.organisation, person.password) == ("IOM", None)


def test_the_local_second_factor_is_asked_for_where_the_provider_asked_for_none(
    workbench: Workbench, issuer: str
) -> None:
    describe(issuer, "u2", preferred_username="Ion", groups=["analysts"], amr=["pwd"])
    browser = come(workbench, "u2")
    assert "url=/account/second-factor" in browser.last
    assert browser.get("/").location == "/sign-in"


def test_whoever_comes_again_is_the_same_account_with_the_roles_of_today(
    workbench: Workbench, issuer: str
) -> None:
    describe(issuer, "u3", preferred_username="Ina", groups=["admins"], amr=["otp"])
    first = come(workbench, "u3")
    assert first.get("/people").status_code == 200
    describe(issuer, "u3", preferred_username="Ina Rusu", groups=["analysts"], amr=["otp"])
    again = come(workbench, "u3")
    assert again.get("/people").status_code == 403
    assert first.get("/people").location == "/sign-in"
    (person,) = workbench.people.people()
    assert (person.name, person.roles) == ("Ina", frozenset({Role.ANALYST}))


def test_whoever_has_no_group_of_ours_is_refused(workbench: Workbench, issuer: str) -> None:
    describe(issuer, "u4", preferred_username="Oleg", groups=["cooks"], amr=["otp"])
    browser = come(workbench, "u4")
    assert "people.no_role" in browser.last
    assert workbench.people.people() == ()


def test_whoever_lost_every_group_is_signed_out_and_the_tokens_end(
    workbench: Workbench, issuer: str
) -> None:
    describe(issuer, "u5", preferred_username="Ana", groups=["analysts"], amr=["otp"])
    browser = come(workbench, "u5")
    describe(issuer, "u5", preferred_username="Ana", groups=[], amr=["otp"])
    come(workbench, "u5")
    assert browser.get("/").location == "/sign-in"


def test_a_name_joins_nobody_to_an_account_of_this_site(workbench: Workbench, issuer: str) -> None:
    workbench.people.add("Ana Rusu", [Role.ADMINISTRATOR])
    describe(issuer, "u6", preferred_username="ANA rusu", groups=["analysts"], amr=["otp"])
    browser = come(workbench, "u6")
    assert "people.name_of_another" in browser.last
    assert browser.get("/").location == "/sign-in"


def test_a_locked_account_stays_out_though_the_provider_vouches(
    workbench: Workbench, issuer: str
) -> None:
    describe(issuer, "u7", preferred_username="Ana", groups=["analysts"], amr=["otp"])
    browser = come(workbench, "u7")
    workbench.people.lock("Ana")
    assert browser.get("/").location == "/sign-in"
    assert "people.locked_out" in come(workbench, "u7").last


def test_whoever_came_from_the_provider_has_no_password_to_guess_or_reset(
    workbench: Workbench, issuer: str
) -> None:
    describe(issuer, "u8", preferred_username="Ana", groups=["analysts"], amr=["otp"])
    come(workbench, "u8")
    assert workbench.browser().sign_in("Ana", "").status_code == 401
    assert workbench.people.reset("Ana") == ""
    assert come(workbench, "u8").get("/").status_code == 200


def test_whoever_came_just_now_sets_up_an_authenticator_and_makes_a_token(
    workbench: Workbench, issuer: str
) -> None:
    describe(issuer, "u9", preferred_username="Ana", groups=["analysts"], amr=["otp"])
    browser = come(workbench, "u9")
    browser.get("/tokens")
    assert "Set one up" in browser.last
    browser.get("/account/second-factor")
    assert 'type="password"' not in browser.last


def test_signing_out_can_go_on_at_the_provider(workbench: Workbench, issuer: str) -> None:
    browser = workbench.browser()
    browser.get("/sign-in")
    answer = browser.get("/sign-out/provider")
    assert str(answer.location).startswith(f"{issuer}/oauth2/end_session?client_id=corridor")


def test_without_a_provider_nobody_is_led_anywhere(tmp_path: Path) -> None:
    world = app.real_world(tmp_path / "coordinator")
    app.initialise(world, name="Danube region")
    with open_workbench(world) as workbench:
        browser = workbench.browser()
        browser.get("/sign-in")
        assert "/sign-in/provider" not in browser.last
        assert browser.get("/sign-in/provider").status_code == 404


# ---------------------------------------------------------------- one that lies


def test_the_liar_is_believed_while_it_says_the_truth(lied_to: Workbench) -> None:
    browser, status = come_by(lied_to)
    assert status == 200, browser.last
    assert browser.get("/").status_code == 200


def test_the_clients_secret_goes_to_the_provider_alone(
    lied_to: Workbench, liar: LyingProvider
) -> None:
    browser, _ = come_by(lied_to)
    assert liar.clients == [("a secret", None)]
    assert "a secret" not in browser.last


def test_a_client_without_a_secret_is_told_by_its_name(tmp_path: Path, liar: LyingProvider) -> None:
    with opened(tmp_path, liar.issuer) as site:
        desk = site.accounts.provider
        assert desk is not None
        desk.settings = replace(desk.settings, secret=None)
        assert come_by(site)[1] == 200
    assert liar.clients == [(None, "corridor")]


def without(key: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda claims: {name: value for name, value in claims.items() if name != key}


def having(**more: object) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda claims: {**claims, **more}


@pytest.mark.parametrize(
    "bend",
    [
        pytest.param(having(iss="https://elsewhere.example"), id="another issuer"),
        pytest.param(without("iss"), id="no issuer"),
        pytest.param(having(aud="another client"), id="for another client"),
        pytest.param(having(aud=["corridor", "another"]), id="for several, party unnamed"),
        pytest.param(without("aud"), id="for nobody"),
        pytest.param(having(nonce="of another sign-in"), id="another nonce"),
        pytest.param(without("nonce"), id="no nonce"),
        pytest.param(having(exp=1), id="over"),
        pytest.param(without("exp"), id="never over"),
        pytest.param(having(iat=9_999_999_999), id="of the future"),
        pytest.param(without("sub"), id="of nobody"),
        pytest.param(having(azp="another client"), id="another party"),
        pytest.param(having(at_hash="of another token"), id="another access token"),
    ],
)
def test_an_id_token_that_is_not_for_this_sign_in_lets_nobody_in(
    lied_to: Workbench, liar: LyingProvider, bend: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    liar.bend = bend
    browser, status = come_by(lied_to)
    assert (status, "provider.untrusted" in browser.last) == (409, True), browser.last
    assert lied_to.people.people() == ()


@pytest.mark.parametrize(
    "sign", ["with_another_key", "with_the_public_key_as_a_secret", "without_a_signature"]
)
def test_an_id_token_without_the_providers_signature_lets_nobody_in(
    lied_to: Workbench, liar: LyingProvider, sign: str
) -> None:
    liar.sign = getattr(liar, sign)
    browser, status = come_by(lied_to)
    assert (status, "provider.untrusted" in browser.last) == (409, True), browser.last
    assert lied_to.people.people() == ()


def test_a_provider_that_takes_a_new_key_is_still_believed(
    lied_to: Workbench, liar: LyingProvider
) -> None:
    assert come_by(lied_to)[1] == 200
    liar.key = RSAKey.generate_key(2048, auto_kid=True)
    assert come_by(lied_to)[1] == 200


@pytest.mark.parametrize(
    "key", ["token_endpoint", "jwks_uri", "authorization_endpoint"], ids=lambda key: key
)
@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://elsewhere.example/token",
        "file:///etc/passwd",
        "https://127.0.0.1:1@elsewhere.example/",
        "",
    ],
)
def test_no_other_host_is_asked_whatever_the_provider_says(
    lied_to: Workbench, liar: LyingProvider, key: str, address: str
) -> None:
    liar.metadata = {key: address}
    browser = lied_to.browser()
    assert browser.get("/sign-in/provider").status_code == 409
    assert "provider.untrusted" in browser.last
    assert liar.heard == ["/.well-known/openid-configuration"]


def test_a_provider_that_names_another_issuer_is_not_believed(
    lied_to: Workbench, liar: LyingProvider
) -> None:
    liar.metadata = {"issuer": "https://elsewhere.example"}
    assert lied_to.browser().get("/sign-in/provider").status_code == 409


def test_a_redirect_of_the_provider_is_not_followed(tmp_path: Path) -> None:
    with lying_provider() as there, lying_provider() as here, opened(tmp_path, here.issuer) as site:
        here.metadata = {"jwks_uri": f"{here.issuer}/lead?to={there.issuer}/keys"}
        here.claims = {"preferred_username": "ana", "groups": ["analysts"]}
        browser, status = come_by(site)
        assert status in {409, 503}, browser.last
        assert there.heard == []


def test_a_provider_that_does_not_answer_keeps_nobody_else_out(tmp_path: Path) -> None:
    with opened(tmp_path, "http://127.0.0.1:1") as site:
        browser = site.browser()
        assert browser.get("/sign-in/provider").status_code == 503
        assert "provider.unavailable" in browser.last
        assert browser.get("/sign-in").status_code == 200


def test_a_provider_that_is_down_is_not_asked_at_every_look(
    lied_to: Workbench, liar: LyingProvider
) -> None:
    liar.is_broken = True
    for _ in range(3):
        assert lied_to.browser().get("/sign-in/provider").status_code == 503
    assert len(liar.heard) == 1
    liar.is_broken = False
    lied_to.next_half_minute()
    assert come_by(lied_to)[1] == 200


def test_a_provider_that_refuses_lets_nobody_in(lied_to: Workbench, liar: LyingProvider) -> None:
    liar.answer = {"error": "access_denied"}
    browser, status = come_by(lied_to)
    assert (status, "provider.refused" in browser.last) == (403, True)


def test_an_answer_that_names_another_provider_is_not_taken(
    lied_to: Workbench, liar: LyingProvider
) -> None:
    liar.answer = {"iss": "https://elsewhere.example"}
    assert come_by(lied_to)[1] == 409


def test_an_answer_lets_no_other_browser_in(lied_to: Workbench) -> None:
    victim, thief = lied_to.browser(), lied_to.browser()
    begin(victim)
    answer = fetch(begin(thief)).headers["location"]
    assert go_back(victim, answer) == 409
    assert "provider.stray_answer" in victim.last
    assert go_back(lied_to.browser(), answer) == 409


def test_an_answer_is_good_once(lied_to: Workbench) -> None:
    browser = lied_to.browser()
    answer = fetch(begin(browser)).headers["location"]
    name = browser.client.get_cookie("corridor-arrival")
    assert name is not None
    assert go_back(browser, answer) == 200
    browser.client.set_cookie("corridor-arrival", name.value)
    assert go_back(browser, answer) == 409


def test_a_sign_in_that_was_begun_long_ago_is_over(lied_to: Workbench) -> None:
    desk = lied_to.accounts.provider
    assert desk is not None
    browser = lied_to.browser()
    answer = fetch(begin(browser)).headers["location"]
    now = desk.now
    desk.now = lambda: now() + BEGUN_SECONDS
    assert go_back(browser, answer) == 409


def test_nobody_pushes_out_what_another_browser_began(lied_to: Workbench) -> None:
    desk = lied_to.accounts.provider
    assert desk is not None
    browser = lied_to.browser()
    answer = fetch(begin(browser)).headers["location"]
    for _ in range(1005):
        desk.begin("http://localhost/sign-in/provider/answer")
    assert go_back(browser, answer) == 200


def test_who_begins_without_end_is_told_to_wait_and_nobody_elsewhere(lied_to: Workbench) -> None:
    here, elsewhere = {"REMOTE_ADDR": "198.51.100.7"}, {"REMOTE_ADDR": "192.0.2.1"}
    browser = lied_to.browser()
    for _ in range(STEPS_PER_MINUTE):
        assert browser.get("/sign-in/provider", environ_overrides=here).status_code == 303
    for path in ("/sign-in/provider", "/sign-in/provider/answer?code=1&state=2"):
        assert browser.get(path, environ_overrides=here).status_code == 429
    assert browser.get("/sign-in/provider", environ_overrides=elsewhere).status_code == 303


def test_what_the_browser_holds_tells_it_nothing_and_cannot_be_made(lied_to: Workbench) -> None:
    browser = lied_to.browser()
    address = begin(browser)
    held = browser.client.get_cookie("corridor-arrival")
    assert held is not None
    raw = base64.urlsafe_b64decode(held.value)
    assert words_of(address)["nonce"].encode() not in raw
    assert words_of(address)["state"].encode() not in raw
    assert (held.http_only, held.same_site) == (True, "Lax")
    bent = bytes([raw[0] ^ 1]) + raw[1:]
    answer = fetch(address).headers["location"]
    for made in (base64.urlsafe_b64encode(bent).decode(), "", "x", "é", held.value[:-4]):
        browser.client.set_cookie("corridor-arrival", made)
        assert go_back(browser, answer) == 409, made
        assert "provider.stray_answer" in browser.last


def test_who_was_not_let_in_may_try_again_with_what_they_began(
    lied_to: Workbench, liar: LyingProvider
) -> None:
    browser = lied_to.browser()
    answer = fetch(begin(browser)).headers["location"]
    liar.raw = {"/token": lambda: Response("broken", 503)}
    assert go_back(browser, answer) == 503
    liar.raw = {}
    assert go_back(browser, answer) == 200


# ---------------------------------------------------------------- one whose answers do not end


def endless() -> Response:
    """Bytes without end, as fast as they are taken."""

    def parts() -> Iterator[bytes]:
        while True:
            yield b" " * 65536

    return Response(parts(), mimetype="application/json")


def slow() -> Response:
    """A byte at a time, with pauses that no limit between two bytes would mind."""

    def parts() -> Iterator[bytes]:
        for _ in range(600):
            yield b" "
            time.sleep(0.1)

    return Response(parts(), mimetype="application/json")


def unfolding() -> Response:
    """A kilobyte that would be a megabyte."""
    squeezed = gzip.compress(b" " * 2**20 + b"{}")
    return Response(squeezed, mimetype="application/json", headers={"Content-Encoding": "gzip"})


def of(text: str) -> Callable[[], Response]:
    return lambda: Response(text, mimetype="application/json")


PATHS = ("/.well-known/openid-configuration", "/keys", "/token")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(endless, id="without end"),
        pytest.param(unfolding, id="compressed"),
        pytest.param(of("[" * 100_000), id="nested"),
        pytest.param(of('{"a":' * 50_000), id="nested objects"),
        pytest.param(of("[]"), id="a list"),
        pytest.param(of("null"), id="nothing"),
        pytest.param(of("{"), id="half of it"),
        pytest.param(of("{}"), id="an empty one"),
    ],
)
def test_an_answer_that_no_provider_gives_lets_nobody_in(
    lied_to: Workbench, liar: LyingProvider, path: str, answer: Callable[[], Response]
) -> None:
    liar.raw = {path: answer}
    browser = lied_to.browser()
    began = browser.get("/sign-in/provider")
    status = began.status_code
    if status == 303:
        status = go_back(browser, fetch(str(began.location)).headers["location"])
    assert (status, "provider.untrusted" in browser.last) == (409, True), browser.last
    assert lied_to.people.people() == ()


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_that_comes_a_byte_at_a_time_is_over_in_time(
    lied_to: Workbench,
    liar: LyingProvider,
    path: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(provider_wire, "SECONDS", 1)
    liar.raw = {path: slow}
    browser = lied_to.browser()
    start = time.monotonic()
    began = browser.get("/sign-in/provider")
    status = began.status_code
    if status == 303:
        status = go_back(browser, fetch(str(began.location)).headers["location"])
    assert (status, "provider.unavailable" in browser.last) == (503, True), browser.last
    assert time.monotonic() - start < 20  # slow() takes a minute


@contextmanager
def dribbling(first: bytes) -> Iterator[int]:
    """A port that answers `first`, then a byte every tenth of a second, never a whole header."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                other, _ = server.accept()
                with other:
                    other.sendall(first)
                    while not stop.wait(0.1):
                        other.sendall(b"x")

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            stop.set()
            thread.join(5)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_headers_and_handshakes_that_do_not_end_are_over_in_time(
    tmp_path: Path, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_wire, "SECONDS", 1)
    hello = b"HTTP/1.1 200 OK\r\nX-A: " if scheme == "http" else b"\x16\x03\x03\x40\x00\x02"
    with dribbling(hello) as port, opened(tmp_path, f"{scheme}://127.0.0.1:{port}") as site:
        start = time.monotonic()
        assert site.browser().get("/sign-in/provider").status_code == 503
        assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    "bend",
    [
        pytest.param(having(sub=1), id="a number"),
        pytest.param(having(sub={"a": 1}), id="an object"),
        pytest.param(having(sub=""), id="nothing"),
        pytest.param(having(sub="x" * 256), id="too long"),
        pytest.param(having(aud=[{}]), id="an audience of objects"),
        pytest.param(having(aud={"corridor": 1}), id="an audience that is an object"),
        pytest.param(having(exp="tomorrow"), id="an end that is a text"),
        pytest.param(having(exp=[1]), id="an end that is a list"),
        pytest.param(having(nonce=["a"]), id="a nonce that is a list"),
        pytest.param(having(iss={}), id="an issuer that is an object"),
        pytest.param(having(at_hash=1), id="a hash that is a number"),
        pytest.param(having(azp=["another"]), id="a party that is a list"),
    ],
)
def test_claims_of_another_form_let_nobody_in(
    lied_to: Workbench, liar: LyingProvider, bend: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    liar.bend = bend
    browser, status = come_by(lied_to)
    assert (status, "provider.untrusted" in browser.last) == (409, True), browser.last
    assert lied_to.people.people() == ()


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("a key", id="a text"),
        pytest.param({}, id="an empty one"),
        pytest.param({"kty": "RSA", "n": 1, "e": 2}, id="numbers"),
        pytest.param({"kty": "RSA", "n": "AQ", "e": "AQ"}, id="a small one"),
        pytest.param({"kty": "RSA", "n": "-" * 200_000, "e": "AQAB"}, id="a huge one"),
        pytest.param({"kty": ["RSA"]}, id="a list of kinds"),
        pytest.param({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, id="off the curve"),
        pytest.param({"kty": "oct", "k": "AAAA"}, id="a secret"),
    ],
)
def test_keys_of_another_form_let_nobody_in(
    lied_to: Workbench, liar: LyingProvider, key: object
) -> None:
    liar.raw = {"/keys": of(json.dumps({"keys": [key]}))}
    browser, status = come_by(lied_to)
    assert (status, "provider.untrusted" in browser.last) == (409, True), browser.last


def test_an_address_of_somewhere_else_is_not_even_dialled(tmp_path: Path, issuer: str) -> None:
    with opened(tmp_path, issuer) as site:
        desk = site.accounts.provider
        assert isinstance(desk, ProviderDesk)
        with pytest.raises(ProviderUntrustedError, match="host that is not its own"):
            desk._fetch("http://127.0.0.1:9/keys")


def test_what_is_logged_holds_neither_code_nor_token_nor_name(
    lied_to: Workbench, liar: LyingProvider
) -> None:
    liar.claims |= {"preferred_username": "Zuzana"}
    with capture_logs() as logged:
        assert come_by(lied_to)[1] == 200
        liar.bend = having(nonce="another")
        assert come_by(lied_to)[1] == 409
    assert [one["event"] for one in logged] == ["provider.untrusted", "pages.refused"]
    assert "Zuzana" not in str(logged)
    assert "code " not in str(logged)
