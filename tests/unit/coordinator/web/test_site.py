"""What every request passes, whatever it asks."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from corridor.coordinator import app
from corridor.coordinator.scopes import TokenScope
from corridor.coordinator.web.operations import operation
from corridor.coordinator.web.shapes import Health
from corridor.coordinator.web.site import BODY_BYTES
from corridor.transport.certificates import AUTHORITY_PATH, decode_certificate, fingerprint
from support.sites import site_over


class Porch:
    """The site over a home of its own, and a clock that a test moves."""

    def __init__(self, home: Path) -> None:
        self.world = app.real_world(home)
        app.initialise(self.world, name="Porch", plain_http=True)
        self.now = 60_000

    def open(self, parts: app.Parts) -> FlaskClient:
        site = site_over(parts, now=lambda: self.now)

        @site.get("/api/v1/broken")
        @operation(gives=Health, needs=TokenScope.READ)
        def broken() -> str:
            raise RuntimeError("a secret that must not travel")

        return site.test_client()


@pytest.fixture
def porch(tmp_path: Path) -> Porch:
    return Porch(tmp_path / "home")


@pytest.fixture
def client(porch: Porch) -> Iterator[FlaskClient]:
    with app.opened(porch.world) as parts:
        yield porch.open(parts)


@pytest.fixture
def token(porch: Porch) -> dict[str, str]:
    return {"Authorization": f"Bearer {app.issue_token(porch.world, 'ana')}"}


def test_a37_a_bug_of_ours_tells_the_caller_a_reference_and_nothing_else(
    client: FlaskClient, token: dict[str, str]
) -> None:
    answer = client.get("/api/v1/broken", headers=token)
    assert answer.status_code == 500
    assert answer.content_type == "application/problem+json"
    assert answer.json == {
        "type": "urn:corridor:error:internal",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "an internal error; the coordinator's log has it as ref-1",
        "code": "internal",
    }


def test_a42_a46_who_guesses_tokens_has_to_wait_for_the_next_minute(
    porch: Porch, client: FlaskClient, token: dict[str, str]
) -> None:
    for _ in range(30):
        assert client.get("/api/v1/region").status_code == 401
    assert client.get("/api/v1/region").status_code == 429
    assert client.get("/api/v1/region", headers=token).status_code == 200  # nobody locks others out
    porch.now += 60
    assert client.get("/api/v1/region").status_code == 401


def test_a42_a_browser_carries_nothing_that_opens_a_door(
    porch: Porch, client: FlaskClient, token: dict[str, str]
) -> None:
    """Without cookies there is no session to fix, and no request that another page can forge."""
    for path in ("/api/v1/health", "/api/v1/region", "/api/v1/questions"):
        assert "Set-Cookie" not in client.get(path, headers=token).headers
    secret = token["Authorization"].removeprefix("Bearer ")
    for name in ("session", "token", "Authorization"):
        client.set_cookie(name, secret)
    forms = {"sql": "SELECT COUNT(*) FROM persons", "token": secret}
    assert client.post("/api/v1/questions", data=forms).status_code == 401
    assert client.get(f"/api/v1/questions?token={secret}").status_code == 401


def test_a46_one_answer_for_every_token_that_opens_nothing(
    porch: Porch, client: FlaskClient, token: dict[str, str]
) -> None:
    """Nothing tells a revoked token from one that never was, nor that a name has one."""
    app.revoke_token(porch.world, "ana")
    never = "Bearer corridor_" + "A" * 43
    unknown, none = (
        {client.get("/api/v1/questions/0000", headers=headers).data for headers in given}
        for given in (
            (token, {"Authorization": never}),
            ({}, {"Authorization": "Basic YW5hOmFuYQ=="}),
        )
    )
    assert len(unknown) == len(none) == 1
    # Who sends a token needs another one; who sends none is told how tokens are sent.
    assert b"was never issued here, or was revoked" in unknown.pop()
    assert b"Authorization: Bearer" in none.pop()


def test_a45_nobody_enrols_over_plain_http(client: FlaskClient) -> None:
    answer = client.post("/api/v1/enrolment", json={"code": "x"})
    assert answer.status_code == 403
    assert answer.json is not None
    assert answer.json["code"] == "enrolment.needs_tls"


def test_the_authority_is_given_to_anybody(porch: Porch, client: FlaskClient) -> None:
    shown = decode_certificate(client.get(AUTHORITY_PATH).data)
    assert fingerprint(shown) == app.authority_fingerprint(porch.world)


def test_a29_a_long_body_is_refused(client: FlaskClient, token: dict[str, str]) -> None:
    answer = client.post("/api/v1/forecast", data=b"x" * (BODY_BYTES + 1), headers=token)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", json.dumps("x" * 9).encode(), b"[" * 100_000]
)
def test_a29_a_body_that_is_no_object_is_refused(
    client: FlaskClient, token: dict[str, str], raw: bytes
) -> None:
    headers = token | {"Content-Type": "application/json"}
    answer = client.post("/api/v1/forecast", data=raw, headers=headers)
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["code"] == "request.malformed"


def test_a37_answers_are_kept_in_no_cache(client: FlaskClient) -> None:
    assert client.get("/api/v1/health").headers["Cache-Control"] == "no-store"


def test_without_a_charter_a_question_is_unavailable_and_the_region_shows_itself(
    client: FlaskClient, token: dict[str, str]
) -> None:
    answer = client.post(
        "/api/v1/forecast", json={"sql": "SELECT COUNT(*) FROM persons"}, headers=token
    )
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["code"] == "charter.none_in_force"
    region = client.get("/api/v1/region", headers=token).json
    assert region is not None
    assert region["charter"] is None
