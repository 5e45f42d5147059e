"""A whole region in one process: enrolment, charter, questions, releases, over real mTLS."""

import asyncio
import io
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
import pytest

from corridor.client.app import connect
from corridor.client.connection import Credentials
from corridor.coordinator import app, servicers
from corridor.errors.charter import NoSuchCountryError
from corridor.errors.client import CoordinatorSilentError
from corridor.errors.region import AlreadyServingError, UnknownAttemptError
from corridor.ids import CountryCode, Digest, EditionId, SessionId
from corridor.privacy.discrete_gaussian import sample
from corridor.protocols.members_receipts import verify_members_receipt
from corridor.protocols.merkle import is_consistent, is_included, leaf_hash
from corridor.protocols.notes import (
    parse_checkpoint,
    parse_log_proof,
    parse_note,
    verify_checkpoint,
)
from corridor.protocols.receipts import (
    parse_public_receipt,
    receipt_digest,
    verify_public_receipt,
)
from corridor.protocols.release_tree import (
    ReceiptFile,
    log_of,
    parse_receipt_file,
    release_leaf,
    verify_in_tree,
)
from corridor.protocols.secure_sum.messages import Acceptance, Unmask, signed
from corridor.transport.certificates import fetch_authority
from corridor.transport.messages import NodeBody, ReceiptKind, Refusal, Released, Round
from corridor.transport.sealed_files import open_sealed
from corridor.transport.suites import ed25519_verify
from corridor.wire.v1 import exchange_pb2_grpc
from support.loopback_region import QUICK, LoopbackNode, LoopbackRegion
from support.scripted_node import SUITE

BG, MD, NG, RO, UA = map(CountryCode, ("BG", "MD", "NG", "RO", "UA"))
EVERYBODY = ["BG", "MD", "NG", "RO", "UA"]


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackRegion]:
    region = LoopbackRegion(tmp_path_factory.mktemp("region"), deadlines=QUICK)
    region.enter()
    yield region
    region.close()


@pytest.fixture(autouse=True)
def everybody_is_well(region: LoopbackRegion) -> Iterator[None]:
    yield
    for node in region.nodes.values():
        node.script.silent_at = None
        node.script.bend = lambda body: (body,)
        poor, node.script.left_this_year = node.script.left_this_year, Fraction(1, 10)
        if poor != Fraction(1, 10) or not node.is_connected:
            node.disconnect()
            node.connect()
    region.wait_for_members(*EVERYBODY)


def sql(year: int) -> str:
    """A question that no other test asks: a release that exists would be given again."""
    select = "SELECT gender, COUNT(DISTINCT person) FROM persons"
    return f"{select} WHERE year = {year} GROUP BY gender"


def released(region: LoopbackRegion, question: dict[str, Any]) -> dict[str, Any]:
    shown = region.wait(question["id"])
    assert shown["state"] == "released", shown["failure"]
    release: dict[str, Any] = region.get(f"/api/v1/releases/{shown['release_id']}").json()
    return release


def assert_is_sum(region: LoopbackRegion, release: dict[str, Any], *without: CountryCode) -> None:
    (table,) = release["tables"]
    values = np.array(table["values"])
    error = np.abs(values - region.total(values.size, *without)).max()
    assert error < 6 * table["margin"]  # 12 standard deviations


def test_a_question_is_answered_with_the_region_s_sum(region: LoopbackRegion) -> None:
    release = released(region, region.ask(sql=sql(2020), rho="1/10", purpose="annual report"))
    assert_is_sum(region, release)
    assert release["survivors"] == release["reduced"] == EVERYBODY
    assert release["ratio"] == pytest.approx((5 / 4) ** 0.5, abs=2e-3)  # of 5, one may collude
    assert release["guarantee"]["rho"] == "1/10"
    assert release["purpose"] == "annual report"
    assert release["organisation"] == "Test ministry"
    assert [one["consent_rule"] for one in release["participants"]] == ["htcds-consent"] * 5
    for node in region.nodes.values():
        assert node.script.codes[-1] == "released"


def test_the_public_receipt_proves_the_release(region: LoopbackRegion) -> None:
    release = released(region, region.ask(sql=sql(2020), rho="1/11"))
    file = parse_receipt_file(region.get(f"/api/v1/releases/{release['id']}/receipt").content)
    raw = file.receipt
    receipt = parse_public_receipt(raw)
    claims = verify_public_receipt(
        receipt, region.charter, compile_=region.compile, verify=ed25519_verify, suite=SUITE
    )
    assert [claim.number for claim in claims] == list(range(1, 10))
    assert list(receipt.answer) == release["tables"][0]["steps"]
    assert receipt_digest(raw).hex() == release["receipt_digest"]
    outcome = region.nodes[BG].script.outcomes[-1]
    assert outcome == Released(release["id"], receipt_digest(raw))


# ---------------------------------------------------------------- the release tree


def cosigned(region: LoopbackRegion, release: dict[str, Any], wanted: list[str]) -> ReceiptFile:
    """The receipt once these members, and no others, have cosigned its tree."""
    seen: list[str] = []
    for _ in range(200):
        answer = region.get(f"/api/v1/releases/{release['id']}/receipt")
        file = parse_receipt_file(answer.content)
        found = verify_in_tree(file, region.charter, ed25519_verify)
        assert found is not None
        seen = list(found.cosigned_by)
        if seen == wanted:
            return file
        time.sleep(0.05)
    raise AssertionError(seen)


def test_the_receipt_shows_the_release_in_the_tree_that_the_members_cosigned(
    region: LoopbackRegion,
) -> None:
    release = released(region, region.ask(sql=sql(2020), rho="1/31"))
    found = verify_in_tree(cosigned(region, release, EVERYBODY), region.charter, ed25519_verify)
    assert found is not None
    assert found.is_enough
    assert [claim.number for claim in found.claims] == [14, 15]
    members = region.get("/api/v1/members").json()
    assert {one["cosigned"] for one in members} == {found.size}


def test_a_release_does_not_wait_for_cosignatures_and_its_receipt_grows_them(
    region: LoopbackRegion,
) -> None:
    for country in (MD, RO):
        region.nodes[country].cosigns = False
    release = released(region, region.ask(sql=sql(2020), rho="1/32"))
    file = cosigned(region, release, ["BG", "NG", "UA"])
    few = verify_in_tree(file, region.charter, ed25519_verify)
    assert few is not None
    assert not few.is_enough
    region.nodes[MD].disconnect()
    region.nodes[MD].cosigns = True
    region.nodes[MD].connect()  # it asks by itself
    cosigned(region, release, ["BG", "MD", "NG", "UA"])
    region.nodes[RO].cosigns = True


def test_the_tree_survives_a_coordinator_s_restart_and_goes_on(region: LoopbackRegion) -> None:
    first = released(region, region.ask(sql=sql(2020), rho="1/33"))
    before = parse_note(region.get("/api/v1/log/checkpoint").content)
    size = parse_checkpoint(before.text).size
    for node in region.nodes.values():
        node.disconnect()
    region.stop()
    region.start()
    for node in region.nodes.values():
        node.connect()
    assert parse_note(region.get("/api/v1/log/checkpoint").content).text == before.text
    released(region, region.ask(sql=sql(2020), rho="1/34"))
    after = parse_note(region.get("/api/v1/log/checkpoint").content)
    answer = region.get(f"/api/v1/log/consistency?old={size}&new={size + 1}").json()
    path = [Digest(bytes.fromhex(step)) for step in answer["path"]]
    old, new = parse_checkpoint(before.text), parse_checkpoint(after.text)
    assert is_consistent(old.size, old.root, new.size, new.root, path)
    # A reader who kept the earlier checkpoint gets a receipt that leads to it, and the other way.
    for known, note in ((size, before), (size + 1, after)):
        path_ = f"/api/v1/releases/{first['id']}/receipt?since={known}"
        file = parse_receipt_file(region.get(path_).content)
        found = verify_in_tree(file, region.charter, ed25519_verify, note)
        assert found is not None
        assert [claim.number for claim in found.claims] == [14, 15, 16]


def test_the_proof_alone_and_the_leaves_can_be_had(region: LoopbackRegion) -> None:
    release = released(region, region.ask(sql=sql(2020), rho="1/35"))
    proof = parse_log_proof(region.get(f"/api/v1/releases/{release['id']}/proof").text)
    seen = verify_checkpoint(proof.note, log_of(region.charter), ed25519_verify)
    answer = region.get(f"/api/v1/log/leaves?first={proof.index}").json()
    leaf = release_leaf(
        SessionId(bytes.fromhex(release["session"])),
        Digest(bytes.fromhex(release["receipt_digest"])),
    )
    assert answer["leaves"][0].encode() == leaf
    tree = seen.checkpoint
    assert is_included(leaf_hash(leaf), proof.index, tree.size, proof.path, tree.root)


def test_a_cosignature_that_is_another_member_s_is_not_kept(region: LoopbackRegion) -> None:
    region.nodes[NG].cosigns_with = region.nodes[UA].keys
    release = released(region, region.ask(sql=sql(2020), rho="1/36"))
    try:
        region.nodes[NG].wait_until_ended()
        code = region.nodes[NG].code or region.nodes[NG].refused_with()  # as it says of gRPC
        assert code == "tree.forged_cosignature"
    finally:
        region.nodes[NG].cosigns_with = region.nodes[NG].keys
    cosigned(region, release, ["BG", "MD", "RO", "UA"])


@pytest.mark.parametrize(
    "path",
    ["log/consistency?old=1", "log/consistency?old=-1&new=1", "log/leaves?first=x"],
)
def test_a_size_that_is_no_number_is_refused(region: LoopbackRegion, path: str) -> None:
    answer = region.get(f"/api/v1/{path}")
    assert (answer.status_code, answer.json()["code"]) == (422, "request.malformed")


def test_a_size_that_the_tree_never_had_is_refused(region: LoopbackRegion) -> None:
    answer = region.get("/api/v1/log/consistency?old=0&new=100000")
    assert answer.json()["code"] == "tree.no_such_size"


def test_a_member_opens_its_receipt_and_adds_the_inputs_up_again(region: LoopbackRegion) -> None:
    region.nodes[RO].script.silent_at = Round.MASKED_INPUT
    release = released(region, region.ask(sql=sql(2020), rho="1/12"))
    node = region.nodes[BG]
    sealed = node.fetch_receipt(release["id"], ReceiptKind.MEMBERS)
    assert node.fetch_receipt(release["id"], ReceiptKind.PUBLIC).startswith(b"{")
    opened = b"".join(open_sealed([sealed], BG, node.keys.encryption_seed))
    claims = verify_members_receipt(
        io.BytesIO(opened).read,
        region.charter,
        compile_=region.compile,
        verify=ed25519_verify,
        suite=SUITE,
        draw=sample,
    )
    assert [claim.number for claim in claims] == list(range(1, 14))
    region.nodes[RO].script.silent_at = None
    region.nodes[RO].disconnect()
    region.nodes[RO].connect()


def test_who_reveals_a_false_share_is_held_out_until_the_operator_readmits_it(
    region: LoopbackRegion,
) -> None:
    node = region.nodes[MD]

    def lie(body: NodeBody) -> Iterable[NodeBody]:
        if isinstance(body, Unmask):
            first = replace(body.revealed[0], salt=bytes(len(body.revealed[0].salt)))
            body = signed(replace(body, revealed=(first, *body.revealed[1:])), node.keys.sign)
        yield body

    node.script.bend = lie
    assert_is_sum(region, released(region, region.ask(sql=sql(2022), rho="1/51")))
    (newest, *_) = app.attempts(region.world, last=1)
    became = {one["country"]: one for one in newest["members"]}
    assert became["MD"]["proven"] == "secure_sum.lying_responder"
    assert (became["MD"]["left_in"], became["MD"]["answered"]) == ("unmask", "consistency")
    assert (newest["outcome"], newest["title"]) == (
        "released",
        "Persons by gender; year of identification or referral 2022",
    )

    region.wait_for_members("BG", "NG", "RO", "UA")
    forecast = region.post("/api/v1/forecast", {"sql": sql(2022), "rho": "1/52"}).json()
    assert (forecast["would_take_part"], forecast["would_miss"]) == (
        ["BG", "NG", "RO", "UA"],
        ["MD"],
    )
    node.script.bend = lambda body: (body,)
    without = released(region, region.ask(sql=sql(2022), rho="1/52"))
    assert without["survivors"] == ["BG", "NG", "RO", "UA"]
    (newest, *_) = app.attempts(region.world, last=1)
    assert {m["country"]: m["not_invited"] for m in newest["members"]}["MD"] == "held out"
    assert newest["number"] > 1  # it counts the tries at this question
    assert app.attempt(region.world, newest["session"][:10]) == newest

    app.readmit(region.world, MD, because="a test")
    with_ = released(region, region.ask(sql=sql(2022), rho="1/53"))
    assert with_["survivors"] == EVERYBODY


def test_an_attempt_that_nobody_knows_is_not_found(region: LoopbackRegion) -> None:
    with pytest.raises(UnknownAttemptError, match="no attempts"):
        app.attempt(region.world, "zz%")


def test_a_refusal_and_an_absence_stand_in_the_attempt_s_record(region: LoopbackRegion) -> None:
    region.nodes[UA].disconnect()
    region.wait_for_members("BG", "MD", "NG", "RO")
    region.nodes[RO].script.bend = refuse_the_proposal
    assert released(region, region.ask(sql=sql(2023), rho="1/54"))["survivors"] == [
        "BG",
        "MD",
        "NG",
    ]
    region.nodes[RO].script.bend = lambda body: (body,)
    (newest, *_) = app.attempts(region.world, last=1)
    became = {
        m["country"]: (m["not_invited"], m["left_in"], m["code"], m["answered"])
        for m in newest["members"]
    }
    assert became["UA"] == ("away", None, None, None)
    assert became["RO"] == (None, "propose", "policy.refused", None)
    assert became["BG"] == (None, None, None, "unmask")


def refuse_the_proposal(body: NodeBody) -> Iterable[NodeBody]:
    """As a node does whose policy does not allow the question."""
    yield Refusal("policy.refused", "not here") if isinstance(body, Acceptance) else body


def test_a_dropout_in_the_middle_of_its_vector_costs_no_answer(region: LoopbackRegion) -> None:
    region.nodes[RO].script.silent_at = Round.MASKED_INPUT
    release = released(region, region.ask(sql=sql(2021), rho="1/10"))
    assert_is_sum(region, release, RO)
    assert release["survivors"] == ["BG", "MD", "NG", "UA"]
    region.nodes[RO].script.silent_at = None
    region.nodes[RO].disconnect()
    region.nodes[RO].connect()


def test_two_dropouts_fail_the_attempt_which_names_them(region: LoopbackRegion) -> None:
    for country in (RO, UA):
        region.nodes[country].script.silent_at = Round.MASKED_INPUT
    shown = region.wait(region.ask(sql=sql(2022), rho="1/10")["id"])
    assert shown["state"] == "failed"
    (newest, *_) = app.attempts(region.world, last=1)
    assert newest["failure"] == shown["failure"]
    silent = {
        m["country"]: (m["left_in"], m["answered"]) for m in newest["members"] if m["left_in"]
    }
    assert silent == dict.fromkeys(("RO", "UA"), ("masked-input", "opened"))
    assert shown["failure"]["code"] == "secure_sum.too_few_survivors"
    assert shown["failure"]["round"] == "masked-input"
    assert shown["failure"]["missing"] == ["RO", "UA"]
    assert "debited stays debited" in shown["failure"]["message"]
    assert region.nodes[BG].script.codes[-1] == "secure_sum.too_few_survivors"
    for country in (RO, UA):
        region.nodes[country].script.silent_at = None
        region.nodes[country].disconnect()
        region.nodes[country].connect()


def test_an_accuracy_that_no_allowance_pays_for_says_what_could_be_paid(
    region: LoopbackRegion,
) -> None:
    for country in (BG, MD, NG):
        node = region.nodes[country]
        node.script.left_this_year = Fraction(1, 50)
        node.disconnect()
        node.connect()
    region.wait_for_members(*EVERYBODY)
    text = "SELECT gender, minor, COUNT(*) FROM persons GROUP BY gender, minor"
    asked = {"sql": text, "accuracy": "±6"}
    forecast = region.post("/api/v1/forecast", asked).json()
    assert "more than 1/50, which is all that 3 authorities have left" in forecast["too_dear"]
    before = len(region.get("/api/v1/questions").json())
    answer = region.post("/api/v1/questions", asked)
    assert (answer.status_code, answer.json()["code"]) == (409, "question.accuracy_too_dear")
    assert answer.json()["detail"] == forecast["too_dear"]
    assert len(region.get("/api/v1/questions").json()) == before
    instead = forecast["too_dear"].partition("ask for ")[2].partition(", which")[0]
    payable = region.post("/api/v1/forecast", asked | {"accuracy": instead}).json()
    assert payable["too_dear"] is None
    assert payable["accuracy"] == instead
    # What somebody names is asked for as it stands.
    named = region.post("/api/v1/forecast", {"sql": text, "rho": forecast["rho"]}).json()
    assert (named["accuracy"], named["too_dear"]) == (None, None)


def test_a14_the_same_question_gets_the_release_that_exists(region: LoopbackRegion) -> None:
    first = region.wait(region.ask(sql=sql(2023), rho="1/10")["id"])
    entries = region.nodes[BG].script.entries
    again = region.ask(sql=sql(2023), rho="1/10")
    assert again["state"] == "released"
    assert again["release_id"] == first["release_id"]
    assert again["id"] == first["id"]  # who looks again is no other question
    other = region.ask(sql=sql(2023), rho="1/10", purpose="another")
    assert (other["release_id"], other["id"] == first["id"]) == (first["release_id"], False)
    assert region.nodes[BG].script.entries == entries
    forecast = region.post("/api/v1/forecast", {"sql": sql(2023), "rho": "1/10"}).json()
    assert forecast["free_release"] == first["release_id"]


def test_newer_data_make_a_new_release(region: LoopbackRegion) -> None:
    first = region.wait(region.ask(sql=sql(2024), rho="1/10")["id"])
    node = region.nodes[BG]
    node.script.edition = EditionId("2-" + "1" * 16)
    node.disconnect()
    node.connect()
    again = region.wait(region.ask(sql=sql(2024), rho="1/10")["id"])
    assert again["release_id"] != first["release_id"]


def test_a_question_that_waits_already_is_not_asked_twice(region: LoopbackRegion) -> None:
    region.nodes[RO].script.silent_at = Round.SHARE
    slow = region.ask(sql=sql(2025), rho="1/10")
    waiting = region.ask(sql=sql(2025), rho="1/20")
    again = region.ask(sql=sql(2025), rho="1/20")
    assert again["id"] == waiting["id"]
    region.wait_until(
        slow["id"], lambda shown: (shown["round"], shown["waiting_for"]) == ("share", ["RO"])
    )
    assert region.wait(slow["id"])["state"] == "released"
    region.nodes[RO].script.silent_at = None
    region.nodes[RO].disconnect()
    region.nodes[RO].connect()
    assert region.wait(waiting["id"])["state"] == "released"


def test_a_second_stream_of_a_country_replaces_the_first(region: LoopbackRegion) -> None:
    twin = LoopbackNode(region, MD)
    twin.identity = region.nodes[MD].identity
    twin.script.entries = region.nodes[MD].script.entries
    twin.live_by(region.nodes[MD].charter)
    twin.connect()
    region.nodes[MD].wait_until_ended()
    assert region.nodes[MD].status is grpc.StatusCode.UNAVAILABLE
    assert region.nodes[MD].code == "stream.replaced"
    twin.disconnect()


def test_a18_a_node_whose_ledger_went_back_is_connected_and_takes_no_part(
    region: LoopbackRegion,
) -> None:
    node = region.nodes[UA]
    node.disconnect()
    entries = node.script.entries
    assert entries > 2
    node.script.entries = 1
    node.connect()  # else the members could not give it back what it lost
    release = released(region, region.ask(sql=sql(2021), rho="1/13"))
    node.script.entries = entries
    assert release["survivors"] == ["BG", "MD", "NG", "RO"]
    assert node.script.codes[-2:] == ["witness.fork", "released"]
    forks = {one["country"]: one["ledger_forks"] for one in region.get("/api/v1/members").json()}
    assert forks["UA"] == 1


def test_a24_a_certificate_of_another_country_cannot_speak_for_this_one(
    region: LoopbackRegion,
) -> None:
    liar = LoopbackNode(region, MD)
    liar.identity = region.nodes[BG].identity
    assert liar.refused_with() == "stream.another_country"


def test_a32_a_certificate_that_was_replaced_opens_no_stream(region: LoopbackRegion) -> None:
    node = region.nodes[NG]
    node.disconnect()
    old = node.identity
    assert node.enrol().is_success
    new, node.identity = node.identity, old
    refused_with = node.refused_with()
    node.identity = new
    assert refused_with == "stream.foreign_certificate"


def test_a32_a_certificate_that_is_replaced_closes_the_stream_that_it_opened(
    region: LoopbackRegion,
) -> None:
    node = region.nodes[NG]
    assert node.enrol().is_success  # the thief of the old key still has a stream
    release = released(region, region.ask(sql=sql(2024), rho="1/77"))
    assert release["survivors"] == ["BG", "MD", "RO", "UA"]
    node.wait_until_ended()


def test_too_few_nodes_are_refused_before_anything_is_asked(region: LoopbackRegion) -> None:
    gone = (BG, MD, NG)
    for country in gone:
        region.nodes[country].disconnect()
    region.wait_for_members("RO", "UA")
    answer = region.post("/api/v1/questions", {"sql": sql(2020), "rho": "1/30"})
    assert answer.status_code == 503
    assert answer.json()["code"] == "region.too_few_nodes"
    assert "missing: BG, MD, NG" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("request_body", "status", "code"),
    [
        ({"sql": "SELECT 1"}, 422, "question.unsupported_sql"),
        ({"sql": "SELECT shoe, COUNT(*) FROM persons GROUP BY shoe"}, 422, None),
        ({"sql": sql(2020), "rho": "0"}, 409, "question.rho_out_of_range"),
        ({"sql": sql(2020), "rho": "9"}, 409, "question.rho_out_of_range"),
        ({"sql": sql(2020), "rho": "1/0"}, 422, "question.malformed_rho"),
        ({"sql": sql(2020), "rho": "-1"}, 422, "question.malformed_rho"),
        ({"sql": sql(2020), "rho": "nan"}, 422, "question.malformed_rho"),
        ({"sql": sql(2020), "rho": "1/10", "accuracy": "±9"}, 422, "request.malformed"),
        ({"sql": sql(2020), "scope": "moon"}, 422, "request.malformed"),
        ({"sql": sql(2020), "purpose": "x" * 301}, 422, "request.malformed"),
        ({"sql": sql(2020), "sq1": "x"}, 422, "request.malformed"),
        ({"sql": 3}, 422, "request.malformed"),
        ({}, 422, "request.malformed"),
        ({"sql": sql(2020), "indicator": "corridor_matrix"}, 422, "request.malformed"),
        ({"indicator": "no_such_thing"}, 404, "indicator.unknown"),
        ({"question": {"tables": []}}, 422, "question.malformed"),
        ({"question": {"tables": [1.5]}}, 422, None),
        ([1], 422, "request.malformed"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_code(
    region: LoopbackRegion, request_body: Any, status: int, code: str | None
) -> None:
    before = len(region.get("/api/v1/questions").json())
    for path in ("/api/v1/forecast", "/api/v1/questions"):
        answer = region.post(path, request_body)
        assert answer.status_code == status, answer.text
        assert code is None or answer.json()["code"] == code
        assert set(answer.json()) == {"code", "detail", "status", "title", "type"}
    assert len(region.get("/api/v1/questions").json()) == before


def test_a_forecast_says_the_price_and_who_would_take_part(region: LoopbackRegion) -> None:
    forecast = region.post(
        "/api/v1/forecast", {"indicator": "corridor_matrix", "accuracy": "±20"}
    ).json()
    assert forecast["would_take_part"] == EVERYBODY
    assert forecast["would_miss"] == []
    assert all(table["margin"] <= 20 for table in forecast["tables"])
    assert [one["country"] for one in forecast["allowances"]] == EVERYBODY
    direct = region.post(
        "/api/v1/forecast", {"question": forecast["question"], "rho": forecast["rho"]}
    ).json()
    assert direct["question_digest"] == forecast["question_digest"]


@pytest.mark.parametrize(
    "path", ["region", "members", "indicators", "questions", "releases", "releases/x/receipt"]
)
@pytest.mark.parametrize("token", ["", "corridor_" + "A" * 43])
def test_a42_without_a_token_nothing_is_told(region: LoopbackRegion, path: str, token: str) -> None:
    header = {"Authorization": f"Bearer {token}"} if token else {}
    answer = region.client.get(f"/api/v1/{path}", headers=header)
    assert answer.status_code in (401, 429)
    assert answer.json()["code"] in ("access.unknown_token", "request.too_many")


def test_health_needs_no_token(region: LoopbackRegion) -> None:
    assert region.client.get("/api/v1/health").json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("questions/none", "question.unknown"),
        ("releases/none", "release.unknown"),
        ("releases/none/receipt", "release.unknown"),
        ("nowhere", "http.404"),
    ],
)
def test_what_does_not_exist_is_not_found(region: LoopbackRegion, path: str, code: str) -> None:
    answer = region.get(f"/api/v1/{path}")
    assert answer.status_code == 404
    assert answer.json()["code"] == code


def test_a_body_that_is_too_long_is_not_read(region: LoopbackRegion) -> None:
    answer = region.post("/api/v1/questions", {"sql": "x" * 600_000})
    assert answer.status_code == 413
    assert answer.json()["code"] == "request.too_large"


def test_the_region_shows_itself(region: LoopbackRegion) -> None:
    shown = region.get("/api/v1/region").json()
    assert shown["name"] == "Test region"
    assert shown["synthetic"] is True
    assert shown["charter"]["version"] == 1
    assert [one["country"] for one in shown["members"]] == EVERYBODY
    assert all(one["listed"] for one in shown["members"])


def test_indicators_say_what_they_take(region: LoopbackRegion) -> None:
    named = {one["name"]: one for one in region.get("/api/v1/indicators").json()}
    assert named["corridor_matrix"]["available"] is True
    assert named["corridor_matrix"]["parameters"]


def test_one_process_serves_a_home(region: LoopbackRegion) -> None:
    with pytest.raises(AlreadyServingError):
        app.serve(region.world)


def test_members_see_who_is_connected_from_another_process(region: LoopbackRegion) -> None:
    assert {one["country"] for one in app.members(region.world) if one["connected"]} == set(
        EVERYBODY
    )


def test_a29_a_stream_on_which_nobody_says_hello_is_ended(
    region: LoopbackRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servicers, "HELLO_SECONDS", 0.2)

    async def keep_silent() -> object:
        async with region.nodes[BG].channel() as channel:
            call = exchange_pb2_grpc.ExchangeStub(channel).Connect()
            return await asyncio.wait_for(call.code(), 10)

    assert region.nodes_loop.do(keep_silent()) is not grpc.StatusCode.OK


def test_a29_a_peer_that_says_nothing_holds_up_nobody(region: LoopbackRegion) -> None:
    host, port = region.web.split(":")
    with socket.create_connection((host, int(port))):
        before = time.monotonic()
        fetch_authority(host, int(port))
        assert time.monotonic() - before < app.WEB_TIMEOUT_SECONDS / 2


def test_a29_a_header_without_an_end_is_cut_off(region: LoopbackRegion) -> None:
    host, port = region.web.split(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with context.wrap_socket(socket.create_connection((host, int(port)))) as peer:
        peer.settimeout(10)
        peer.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: ")
        sent = 0
        with suppress(OSError):  # however the connection is ended
            while sent < 64:
                peer.sendall(b"a" * (1 << 20))
                sent += 1
    assert sent < 64


def test_plain_http_to_a_port_that_serves_tls_is_told_the_way(region: LoopbackRegion) -> None:
    with (
        connect(Credentials(f"http://{region.web}", region.token, "")) as analyst,
        pytest.raises(CoordinatorSilentError, match="write https://"),
    ):
        analyst.describe()


def test_nobody_is_invited_of_what_is_no_country(region: LoopbackRegion) -> None:
    with pytest.raises(NoSuchCountryError, match="XX"):
        app.invite(region.world, CountryCode("XX"))


def test_a45_an_old_tls_is_refused_by_the_web_port(region: LoopbackRegion) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        pytest.raises(httpx.ConnectError),
        httpx.Client(verify=context, trust_env=False) as client,
    ):
        client.get(f"https://{region.web}/api/v1/health")


@pytest.mark.slow
def test_a_stop_in_the_middle_is_reported_and_everything_goes_on_after_a_restart(
    region: LoopbackRegion, tmp_path: Path
) -> None:
    done = region.wait(region.ask(sql=sql(2020), rho="1/40")["id"])
    region.nodes[RO].script.silent_at = Round.SHARE
    running = region.ask(sql=sql(2021), rho="1/40")
    waiting = region.ask(sql=sql(2022), rho="1/40")
    region.wait_until(running["id"], lambda shown: shown["round"] == "share")
    region.stop()
    region.nodes[RO].script.silent_at = None
    region.start()
    for node in region.nodes.values():
        node.disconnect()
        node.connect()
    shown = region.get(f"/api/v1/questions/{running['id']}").json()
    assert shown["state"] == "failed"
    assert shown["failure"]["code"] == "attempt.coordinator_restarted"
    assert region.get(f"/api/v1/releases/{done['release_id']}").is_success
    assert region.wait(waiting["id"])["state"] == "released"
    assert region.ask(sql=sql(2020), rho="1/40")["release_id"] == done["release_id"]
