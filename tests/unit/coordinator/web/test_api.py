"""The REST API as it describes itself, held against a region that runs."""

import io
import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from sqlalchemy import update

from corridor.coordinator import app
from corridor.coordinator.file_maker import FileMaker
from corridor.coordinator.scopes import TokenScope
from corridor.coordinator.store import tokens
from corridor.coordinator.web.events import MOST_OF_ONE, Followers
from corridor.coordinator.web.operations import Raw, operation_of
from corridor.coordinator.web.publications import PUBLIC_REQUESTS
from corridor.coordinator.web.shapes import Problem
from corridor.coordinator.web.site import Limits
from corridor.errors.region import FilesBusyError, UnknownTokenError
from corridor.publishing.formats import FORMS
from support.loopback_region import QUICK, LoopbackRegion
from support.publications import ANA, BO, draft_document, make_draft
from support.reports import reports
from support.sites import site_over

SQL = "SELECT gender, COUNT(DISTINCT person) FROM persons WHERE year = 2021 GROUP BY gender"


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackRegion]:
    region = LoopbackRegion(tmp_path_factory.mktemp("api"), deadlines=QUICK)
    region.enter()
    yield region
    region.close()


@pytest.fixture(scope="module")
def release(region: LoopbackRegion) -> dict[str, Any]:
    """One answered question, one series; its release."""
    shown = region.wait(region.ask(sql=SQL, rho="1/20", purpose="api")["id"])
    assert shown["state"] == "released", shown
    document: dict[str, Any] = region.get(f"/api/v1/releases/{shown['release_id']}").json()
    return document


@pytest.fixture(scope="module")
def site(region: LoopbackRegion, release: dict[str, Any]) -> Iterator[Flask]:
    minutes = count(0, 60)
    with app.opened(region.world) as parts:
        # Every request in a minute of its own: a fuzzer without a token is no guesser of tokens.
        yield site_over(
            parts, now=lambda: next(minutes), limits=Limits(requests=10**6, works=10**6)
        )


@pytest.fixture(scope="module")
def token(region: LoopbackRegion) -> str:
    """One that allows everything."""
    return app.issue_token(region.world, "everything", scopes=frozenset(TokenScope))


@pytest.fixture(scope="module")
def client(site: Flask, token: str) -> FlaskClient:
    client = site.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


@pytest.fixture(scope="module")
def publication(region: LoopbackRegion, release: dict[str, Any]) -> str:
    """The id of one that everybody sees."""
    with app.opened(region.world) as parts:
        one = parts.publications.write(make_draft(releases=[release["id"]]), ANA).id
        parts.publications.review(one, 1, BO)
        return parts.publications.schedule(one, 2, ANA).id


def described(site: Flask) -> dict[str, Any]:
    document: dict[str, Any] = site.test_client().get("/api/v1/openapi.json").get_json()
    return document


# ---------------------------------------------------------------- the description


def test_every_view_says_what_it_takes_and_gives(site: Flask) -> None:
    for rule in site.url_map.iter_rules():
        assert operation_of(site.view_functions[rule.endpoint]) is not None, rule.rule
        if rule.rule.startswith("/api/v1/"):
            assert site.view_functions[rule.endpoint].__doc__, rule.rule


def test_the_description_is_openapi_3_1_and_needs_no_token(site: Flask) -> None:
    document = described(site)
    assert document["openapi"].startswith("3.1.")
    assert "/releases/{identifier}/files/{form}" in document["paths"]
    assert document["paths"]["/health"]["get"]["security"] == []
    assert document["paths"]["/questions"]["post"]["x-corridor-scope"] == "ask"
    assert set(document["paths"]["/forecast"]["post"]["responses"]) >= {"200", "403", "422"}


def test_every_answer_is_what_the_description_says(
    site: Flask, client: FlaskClient, release: dict[str, Any], publication: str
) -> None:
    question = release["question_id"]
    fill = {"identifier": release["id"], "form": "json", "name": "glotip"}
    looked = 0
    for rule in site.url_map.iter_rules():
        said = operation_of(site.view_functions[rule.endpoint])
        assert said is not None
        if "GET" not in (rule.methods or ()) or isinstance(said.gives, Raw):
            continue
        if rule.rule.startswith("/api/v1/series/"):
            continue  # there is none; test_series.py has some
        if rule.endpoint in {"reports.filled", "reading.compare"}:
            continue  # of other releases; test_reading.py has them
        if "publications" in rule.rule:
            path = rule.rule.replace("<identifier>", publication)
            TypeAdapter(said.gives).validate_json(client.get(path).data, strict=True)
            continue
        path = rule.rule.replace("<identifier>", question if "questions" in rule.rule else "") or ""
        for name, value in fill.items():
            path = path.replace(f"<{name}>", value)
        path = path.replace("//", f"/{fill['identifier']}/").rstrip("/")
        query = "?old=0&new=1" if path.endswith("consistency") else ""
        if path.endswith("/releases") and "<" in rule.rule:
            path += f"/{release['id']}"
        answer = client.get(path + query)
        assert answer.status_code == 200, (path, answer.text)
        TypeAdapter(said.gives).validate_json(answer.data, strict=True)
        looked += 1
    assert looked >= 10


@pytest.mark.slow
def test_a_fuzzer_finds_nothing_that_the_description_does_not_tell(site: Flask, token: str) -> None:
    loaded = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", site)
    # A stream is endless by design; asking has a test of its own.
    kept = loaded.exclude(path_regex="events$").exclude(
        operation_id=["questions_ask", "reports_ask"]
    )
    headers = {"Authorization": f"Bearer {token}"}
    # Not every text is SQL, and not every number a ρ that can be had: those are refused, with 422.
    whatever_fits_is_taken: Any = schemathesis.checks.CHECKS.get_one("positive_data_acceptance")
    tried = 0
    for found in kept.get_all_operations():
        operation = found.ok()  # type: ignore[union-attr]  # it raises where there is none

        @settings(max_examples=15, deadline=None, derandomize=True, database=None)
        @given(case=operation.as_strategy())
        def fuzz(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(headers=headers, excluded_checks=[whatever_fits_is_taken])

        fuzz()
        tried += 1
    assert tried >= 15


ASKED: dict[str, list[dict[str, Any]]] = {
    "questions_ask": [{"sql": SQL}, {"indicator": "victims_detected"}],
    "reports_ask": [{}, {"parameters": {"years": "2021"}}],
}
"""What can be asked; a fuzzer alone finds no question in all texts."""


@pytest.mark.slow
@pytest.mark.parametrize("operation_id", ASKED)
def test_a_fuzzer_of_asking_finds_nothing_that_the_description_does_not_tell(
    tmp_path: Path, operation_id: str
) -> None:
    """In a region of its own, whose queue may fill up with what is asked."""
    region = LoopbackRegion(tmp_path, deadlines=QUICK)
    try:
        region.enter()
        region.wait_for_members(*region.nodes)
        minutes = count(0, 60)
        with app.opened(region.world) as parts:
            site = site_over(
                parts, now=lambda: next(minutes), limits=Limits(requests=10**6, works=10**6)
            )
            found = fuzz_asking(site, region.token, operation_id)
    finally:
        region.close()
    # Whatever is refused by chance, something was asked, and something was refused.
    assert 200 in found
    assert found & {404, 409, 422}


def fuzz_asking(site: Flask, token: str, operation_id: str) -> set[int]:
    """The statuses of the answers, every one of which the description tells."""
    loaded = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", site)
    headers = {"Authorization": f"Bearer {token}"}
    whatever_fits_is_taken: Any = schemathesis.checks.CHECKS.get_one("positive_data_acceptance")
    (found,) = loaded.include(operation_id=operation_id).get_all_operations()
    operation = found.ok()  # type: ignore[union-attr]  # it raises where there is none
    statuses: set[int] = set()

    @settings(max_examples=40, deadline=None, derandomize=True, database=None)
    @given(
        case=operation.as_strategy(),
        name=st.sampled_from([None, *reports()]),
        asked=st.sampled_from([None, *ASKED[operation_id]]),
        price=st.sampled_from([{}, {"accuracy": "±40"}, {"rho": "1/50"}, {"rho": "1/0"}]),
    )
    def fuzz(
        case: schemathesis.Case[Any],
        name: str | None,
        asked: dict[str, Any] | None,
        price: dict[str, str],
    ) -> None:
        if name is not None and "name" in case.path_parameters:
            case.path_parameters["name"] = name
        if asked is not None:
            case.body = {**asked, **price, "purpose": "found by chance"}
        answer = case.call_and_validate(headers=headers, excluded_checks=[whatever_fits_is_taken])
        statuses.add(answer.status_code)

    fuzz()
    return statuses


# ---------------------------------------------------------------- who may do what


def test_a_token_does_what_its_scopes_allow_and_no_more(
    site: Flask, region: LoopbackRegion, release: dict[str, Any]
) -> None:
    looks = app.issue_token(region.world, "looks", scopes=frozenset({TokenScope.READ}))
    client = site.test_client()
    for rule in site.url_map.iter_rules():
        said = operation_of(site.view_functions[rule.endpoint])
        assert said is not None
        if said.needs not in {TokenScope.ASK, TokenScope.PUBLISH}:
            continue
        path = rule.rule.replace("<identifier>", release["question_id"])
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            answer = client.open(path, method=method, headers={"Authorization": f"Bearer {looks}"})
            assert answer.status_code == 403, (method, path)
            assert answer.get_json()["code"] == "access.scope_missing"
    assert client.get("/api/v1/region", headers={"Authorization": f"Bearer {looks}"}).json


def test_a_view_that_says_nothing_lets_nobody_in(region: LoopbackRegion) -> None:
    with app.opened(region.world) as parts:
        forgetful = site_over(parts)

        @forgetful.get("/api/v1/forgotten")
        def forgotten() -> str:
            return "secret"

        answer = forgetful.test_client().get(
            "/api/v1/forgotten", headers={"Authorization": f"Bearer {region.token}"}
        )
        assert answer.status_code == 403


def test_a_program_drafts_a_publication_and_takes_no_further_step(
    site: Flask, client: FlaskClient, region: LoopbackRegion, release: dict[str, Any]
) -> None:
    body = draft_document(releases=[release["id"]])
    del body["texts"][0]["method"]
    made = client.post("/api/v1/publications", json=body)
    assert made.status_code == 200, made.text
    found = made.get_json()
    assert found["state"] == "draft"
    assert "differential privacy" in found["texts"][0]["method"]
    assert found["steps"][0]["is_person"] is False
    rules = {
        (rule.rule, method)
        for rule in site.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/publications")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert rules == {
        ("/api/v1/publications", "GET"),
        ("/api/v1/publications", "POST"),
        ("/api/v1/publications/<identifier>", "GET"),
    }
    usual = {"Authorization": f"Bearer {region.token}"}
    refused = site.test_client().get("/api/v1/publications", headers=usual)
    assert refused.get_json()["code"] == "access.scope_missing"
    hidden = site.test_client().get(f"/api/v1/public/publications/{found['id']}")
    absent = site.test_client().get("/api/v1/public/publications/" + "f" * 16)
    assert hidden.status_code == absent.status_code == 404
    assert hidden.data == absent.data


def test_what_is_published_needs_no_token_and_says_no_embargo(
    site: Flask, publication: str
) -> None:
    listed = site.test_client().get("/api/v1/public/publications").get_json()
    assert [one["id"] for one in listed] == [publication]
    assert "embargo" not in listed[0]
    assert listed[0]["files"][0].startswith(listed[0]["address"])


def test_what_needs_no_token_has_a_pace_for_each_address(region: LoopbackRegion) -> None:
    with app.opened(region.world) as parts:
        client = site_over(parts, now=lambda: 60_000).test_client()
        path = "/api/v1/public/publications"
        statuses = [client.get(path).status_code for _ in range(PUBLIC_REQUESTS + 1)]
        assert statuses == [200] * PUBLIC_REQUESTS + [429]
        elsewhere = client.get(path, environ_base={"REMOTE_ADDR": "192.0.2.7"})
        assert elsewhere.status_code == 200


# ---------------------------------------------------------------- problems, pages, etags, pace


def test_every_refusal_is_a_problem_with_a_code(client: FlaskClient) -> None:
    for answer in (
        client.get("/api/v1/releases/0000"),
        client.get("/api/v1/nowhere"),
        client.delete("/api/v1/region"),
        client.post("/api/v1/forecast", json={"sql": 1}),
        client.get("/api/v1/questions?limit=0"),
        client.get("/api/v1/questions?limit=1&limit=2"),
        client.get("/api/v1/questions?limmit=1"),
    ):
        assert answer.content_type == "application/problem+json"
        problem = Problem.model_validate_json(answer.data)
        assert problem.status == answer.status_code
        assert problem.type.endswith(problem.code)
        assert problem.detail
    assert "GET" in client.delete("/api/v1/region").headers["Allow"]


def test_a_mistake_in_a_body_is_named_by_its_place(client: FlaskClient) -> None:
    answer = client.post(
        "/api/v1/forecast", json={"sql": SQL, "series": {"every": "week", "periods": 3}}
    )
    detail = answer.get_json()["detail"]
    assert "'series.every'" in detail
    assert "'month', 'quarter' or 'year'" in detail
    assert "'sqll'" in client.post("/api/v1/forecast", json={"sqll": SQL}).get_json()["detail"]


def test_lists_come_in_pages_that_lead_to_the_next(
    client: FlaskClient, region: LoopbackRegion
) -> None:
    for year in (2022, 2023, 2024):
        region.wait(region.ask(sql=SQL.replace("2021", str(year)), rho="1/40")["id"])
    everything = [one["id"] for one in client.get("/api/v1/questions").get_json()]
    seen: list[str] = []
    path = "/api/v1/questions?limit=2"
    for _ in range(10):
        answer = client.get(path)
        page = [one["id"] for one in answer.get_json()]
        assert 1 <= len(page) <= 2
        seen += page
        if "Link" not in answer.headers:
            break
        path = answer.headers["Link"].partition("<")[2].partition(">")[0]
    assert seen == everything
    assert len(seen) >= 4
    assert client.get("/api/v1/questions?after=nobody").status_code == 404


def test_an_answer_that_one_has_is_not_sent_again(
    client: FlaskClient, release: dict[str, Any]
) -> None:
    path = f"/api/v1/releases/{release['id']}"
    first = client.get(path)
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = client.get(path, headers={"If-None-Match": '"something"'})
    assert other.status_code == 200


def test_a29_a_token_that_asks_without_end_has_to_wait(region: LoopbackRegion) -> None:
    with app.opened(region.world) as parts:
        client = site_over(parts, limits=Limits(requests=5, works=2)).test_client()
        headers = {"Authorization": f"Bearer {region.token}"}
        answers = [client.get("/api/v1/indicators", headers=headers) for _ in range(6)]
        assert [one.status_code for one in answers] == [200] * 5 + [429]
        assert answers[0].headers["RateLimit-Policy"] == '"all";q=5;w=60'
        assert answers[0].headers["RateLimit"].startswith('"all";r=4')
        assert answers[-1].headers["Retry-After"] == "60"
        works = [
            client.post("/api/v1/forecast", json={"sql": SQL}, headers=headers) for _ in range(3)
        ]
        assert [one.status_code for one in works] == [200, 200, 429]


# ---------------------------------------------------------------- asking twice


def test_a_request_that_is_sent_again_with_its_key_is_asked_once(region: LoopbackRegion) -> None:
    body = {"sql": SQL.replace("2021", "2020"), "rho": "1/50"}
    headers = {"Authorization": f"Bearer {region.token}", "Idempotency-Key": "report-7"}

    def ask(content: bytes = json.dumps(body).encode()) -> httpx.Response:
        return region.client.post("/api/v1/questions", content=content, headers=headers)

    with ThreadPoolExecutor(8) as pool:
        answers = [one.result() for one in [pool.submit(ask) for _ in range(8)]]
    assert {one.status_code for one in answers} == {200}
    assert len({one.json()["id"] for one in answers}) == 1
    region.wait(answers[0].json()["id"])
    later = ask().json()  # it is answered by now: without the key this would be another question
    assert later["id"] == answers[0].json()["id"]
    other = ask(json.dumps(body | {"purpose": "another"}).encode())
    assert (other.status_code, other.json()["code"]) == (409, "request.key_reused")


def test_one_asker_s_key_is_nothing_to_another(region: LoopbackRegion) -> None:
    body = {"sql": SQL, "rho": "1/20"}
    other = app.issue_token(region.world, "boris", organisation="Test ministry")
    ids = {
        region.client.post(
            "/api/v1/questions",
            json=body,
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "the-same"},
        ).json()["id"]
        for token in (region.token, other)
    }
    assert len(ids) == 2  # each is answered at once by the release that exists


@pytest.mark.usefixtures("release")  # what is in line is everybody's who asks the same
def test_a42_a_name_that_is_given_again_inherits_no_key(region: LoopbackRegion) -> None:
    def ask(token: str) -> str:
        answer = region.client.post(
            "/api/v1/questions",
            json={"sql": SQL, "rho": "1/20"},
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "mine"},
        )
        return str(answer.json()["id"])

    first = ask(app.issue_token(region.world, "carla", organisation="One"))
    app.revoke_token(region.world, "carla")
    with app.opened(region.world) as parts, parts.tokens.store.writing() as connection:
        # An older version gave a revoked token's name again.
        connection.execute(update(tokens).where(tokens.c.name == "carla").values(name="others"))
    assert ask(app.issue_token(region.world, "carla", organisation="Two")) != first


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_a_key_that_is_none_is_refused(client: FlaskClient, key: str) -> None:
    answer = client.post("/api/v1/questions", json={"sql": SQL}, headers={"Idempotency-Key": key})
    assert answer.get_json()["code"] == "request.malformed"


# ---------------------------------------------------------------- following


def events_of(response: httpx.Response) -> list[dict[str, Any]]:
    return [
        json.loads(line.removeprefix("data: "))
        for line in response.iter_lines()
        if line.startswith("data: ")
    ]


def test_a_question_can_be_followed_to_its_end(region: LoopbackRegion) -> None:
    question = region.ask(sql=SQL.replace("2021", "2025"), rho="1/50")
    headers = {"Authorization": f"Bearer {region.token}"}
    path = f"/api/v1/questions/{question['id']}/events"
    with region.client.stream("GET", path, headers=headers, timeout=30) as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        events = events_of(response)
    assert events[-1]["state"] == "released"
    assert {one["id"] for one in events} == {question["id"]}


def test_only_so_many_may_follow_and_whoever_goes_makes_room(region: LoopbackRegion) -> None:
    with app.opened(region.world) as parts:
        client = site_over(parts, limits=Limits(followers=2)).test_client()  # fewer than of one
        headers = {"Authorization": f"Bearer {region.token}"}
        question = client.get("/api/v1/questions", headers=headers).get_json()[0]["id"]
        path = f"/api/v1/questions/{question}/events"
        first = client.get(path, headers=headers, buffered=False)
        second = client.get(path, headers=headers, buffered=False)
        third = client.get(path, headers=headers)
        assert third.status_code == 503
        assert third.get_json()["code"] == "request.too_many_followers"
        first.close()
        assert client.get(path, headers=headers, buffered=False).status_code == 200
        second.close()


def test_a29_one_token_does_not_take_every_place(region: LoopbackRegion) -> None:
    other = app.issue_token(region.world, "dora", organisation="Test ministry")
    with app.opened(region.world) as parts:
        client = site_over(parts).test_client()
        mine, hers = ({"Authorization": f"Bearer {one}"} for one in (region.token, other))
        question = client.get("/api/v1/questions", headers=mine).get_json()[0]["id"]
        path = f"/api/v1/questions/{question}/events"
        open_streams = [client.get(path, headers=mine, buffered=False) for _ in range(MOST_OF_ONE)]
        assert client.get(path, headers=mine).status_code == 503
        assert client.get(path, headers=hers, buffered=False).status_code == 200
        for stream in open_streams:
            stream.close()


def test_a42_a_stream_ends_with_the_right_to_it() -> None:
    looked: list[int] = []

    def look() -> dict[str, Any]:
        looked.append(1)
        if len(looked) > 1:
            raise UnknownTokenError
        return {"id": "a", "state": "running"}

    assert len([one for one in Followers(2).follow("ana", look) if "data:" in one]) == 1


def test_a29_what_is_refused_is_counted_too(region: LoopbackRegion) -> None:
    with app.opened(region.world) as parts:
        client = site_over(parts, limits=Limits(requests=3)).test_client()
        headers = {"Authorization": f"Bearer {region.token}"}
        paths = ("/api/v1/nowhere", "/api/v1/nowhere", "/api/v1/releases/0000", "/api/v1/region")
        assert [client.get(one, headers=headers).status_code for one in paths] == [404] * 3 + [429]


# ---------------------------------------------------------------- files


def test_a29_a_release_that_is_too_large_for_a_form_is_refused(
    region: LoopbackRegion, release: dict[str, Any]
) -> None:
    maker = FileMaker(most_cells=2)
    headers = {"Authorization": f"Bearer {region.token}"}
    with app.opened(region.world) as parts:
        client = site_over(parts, maker=maker).test_client()
        path = f"/api/v1/releases/{release['id']}/files"
        answer = client.get(f"{path}/csv", headers=headers)
        assert (answer.status_code, answer.get_json()["code"]) == (422, "release.form_too_large")
        assert client.get(f"{path}/json", headers=headers).get_json() == release
    maker.close()


def test_a_file_that_one_has_is_not_made_again(
    client: FlaskClient, release: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/api/v1/releases/{release['id']}/files/sdmx-csv"
    first = client.get(path)
    assert first.status_code == 200
    monkeypatch.setattr(FileMaker, "make", None)  # whoever calls it fails
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_files_are_made_again_after_their_process_was_killed(release: dict[str, Any]) -> None:
    maker, document = FileMaker(), json.dumps(release).encode()
    assert maker.make(document, "csv", "a")
    (process,) = maker._process()._processes.values()
    process.kill()
    process.join()
    with suppress(FilesBusyError):
        maker.make(document, "csv", "a")
    assert maker.make(document, "csv", "a")
    maker.close()


@pytest.mark.parametrize("form", FORMS)
def test_a_release_comes_in_every_form(
    client: FlaskClient, release: dict[str, Any], form: str
) -> None:
    answer = client.get(f"/api/v1/releases/{release['id']}/files/{form}")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith(
        f'attachment; filename="corridor-{release["id"]}'
    )
    if form == "csv":
        with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
            assert len(archive.namelist()) == 2
            assert release["receipt_digest"].encode() in archive.read(archive.namelist()[1])
    if form == "parquet":
        table = pq.read_table(io.BytesIO(answer.data))
        assert table["value"].to_pylist() == release["tables"][0]["values"]


def test_a_form_that_there_is_not_is_named(client: FlaskClient, release: dict[str, Any]) -> None:
    answer = client.get(f"/api/v1/releases/{release['id']}/files/pdf")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "release.unknown_form")
    assert "sdmx-json" in answer.get_json()["detail"]


# ---------------------------------------------------------------- guessing


def test_a_network_of_ipv6_guesses_no_faster_than_one_address(region: LoopbackRegion) -> None:
    def tried(client: FlaskClient, address: str) -> tuple[int, int]:
        whence = {"REMOTE_ADDR": address}
        guess = {"Authorization": "Bearer corridor_no"}
        return (
            client.get("/api/v1/region", headers=guess, environ_base=whence).status_code,
            client.post("/api/v1/enrolment", json={}, environ_base=whence).status_code,
        )

    with app.opened(region.world) as parts:
        client = site_over(parts, now=lambda: 0, plain_http=False).test_client()
        found = [tried(client, f"2001:db8:0:1::{number:x}") for number in range(30)]
        assert found[0] == found[14] == (401, 422)  # thirty failures together
        assert tried(client, "2001:db8:0:1:ffff::") == (429, 429)
        assert 429 not in tried(client, "2001:db8:0:2::1")


def test_the_description_is_written_once_and_not_for_each_stranger(
    region: LoopbackRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(*_: object, **__: object) -> str:
        raise AssertionError("a stranger made it write")

    with app.opened(region.world) as parts:
        site = site_over(parts)
        monkeypatch.setattr(site.json, "dumps", write)
        assert described(site)["openapi"] == "3.1.1"
