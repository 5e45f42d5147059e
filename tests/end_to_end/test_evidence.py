"""A member that finds a contradiction alone is not the only one that knows of it.

Real nodes and a real coordinator over mutual TLS. Whoever lies does so to BG and to nobody else.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from corridor.cli.main import main
from corridor.coordinator.witness_post import WitnessPost
from corridor.errors.release_tree import SplitViewError
from corridor.ids import CountryCode, Digest
from corridor.node import app as node_app
from corridor.node.app.world import dial_coordinator
from corridor.node.home import Home
from corridor.node.keys import read_keys
from corridor.protocols import canonical
from corridor.protocols.chains import BEGINNING, Entry
from corridor.protocols.contradictions import ContradictionTold
from corridor.protocols.notes import parse_checkpoint, parse_note, sign_checkpoint
from corridor.protocols.secure_sum.messages import UNSIGNED
from corridor.protocols.witnesses import LEDGER, LedgerEntries
from corridor.transport import codec
from corridor.transport.messages import Hello
from corridor.transport.suites import note_signer
from corridor.wire.v1 import exchange_pb2_grpc
from support.loopback_region import LoopThread
from support.serving_region import AWAY, FIVE, Region

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow]

BG, MD, _, RO, UA = FIVE


@pytest.fixture
def region(tmp_path: Path) -> Iterator[Region]:
    region = Region(tmp_path)
    yield region
    region.close()


def lie(region: Region, to: CountryCode) -> None:
    """Whoever has RO's keys shows one member another first entry of RO's ledger."""
    hello: Hello = region.serving[RO].node.hello()
    region.stop(RO)
    home = Home(region.worlds[RO].home)
    payload = canonical.encode({"kind": "debited", "reserved": "0", "spent": "0"})
    other = Entry(LEDGER, 1, BEGINNING, payload, UNSIGNED)
    other = replace(other, signature=read_keys(home).sign(other.digest))

    async def say() -> None:
        async with dial_coordinator(home) as channel:
            call: Any = exchange_pb2_grpc.ExchangeStub(channel).Connect()
            await call.write(codec.encode_node_message(hello))
            await call.read()
            entries = LedgerEntries(country=RO, to=to, entries=(other,))
            await call.write(codec.encode_node_message(entries))
            while await call.read() is not grpc.aio.EOF:
                pass

    async def begin() -> "asyncio.Task[None]":
        return asyncio.create_task(say())

    async def end() -> None:
        saying.cancel()
        with suppress(asyncio.CancelledError):
            await saying

    liar = LoopThread()
    saying = liar.do(begin())
    try:
        region.wait(lambda: saying.done() or bool(convicted(region, to)))
        liar.do(end())
    finally:
        liar.close()


def convicted(region: Region, at: CountryCode) -> list[str]:
    """Against whom a member holds contradictions."""
    return [one.whose for one in node_app.evidence(region.worlds[at])]


def evidence_line(region: Region, at: CountryCode) -> str:
    return region.serving[at].node.board.status.evidence


def journalled(region: Region, at: CountryCode) -> list[str]:
    return [row.kind for row in node_app.journal(region.worlds[at], 1000)]


def other_list(region: Region, at: CountryCode) -> bytes:
    """Another list of as many releases as a member cosigned, which the coordinator signed."""
    key = (region.world.home / "keys" / "signing.key").read_bytes()
    held = parse_checkpoint(parse_note(node_app.checkpoint(region.worlds[at]).note.encode()).text)
    other = replace(held, root=Digest(bytes(32)))
    charter = region.serving[at].node.charter
    assert charter is not None
    return sign_checkpoint(other, charter.charter.coordinator_key, note_signer(key)).encode()


def spend_something(region: Region, countries: tuple[CountryCode, ...] = FIVE) -> None:
    for country in countries:
        region.start(country)
    region.wait_until_ready(countries)
    assert region.answered_by("1/400") == list(countries)


def test_a19_a_fork_that_one_node_finds_alone_is_known_to_all_also_to_one_that_was_away(
    region: Region,
) -> None:
    spend_something(region)
    region.stop(AWAY)
    lie(region, BG)
    for country in (MD, UA):
        region.wait(lambda at=country: convicted(region, at) == [RO])  # type: ignore[misc]
        assert "evidence_taken" in journalled(region, country)
    assert "forked" in journalled(region, BG)
    assert "evidence_taken" not in journalled(region, BG)
    assert f"not confirmed by {AWAY}, {RO}" in evidence_line(region, BG)

    region.start(AWAY)
    region.wait(lambda: convicted(region, AWAY) == [RO])
    region.wait(lambda: f"not confirmed by {RO}" in evidence_line(region, BG))
    # RO's own node learns what was done with its key, and its true ledger is still witnessed.
    region.start(RO)
    region.wait(lambda: convicted(region, RO) == [RO])
    region.wait(lambda: "not confirmed" not in evidence_line(region, BG))
    region.wait_until_ready(FIVE)
    assert region.answered_by("1/401") == list(FIVE)


def test_a19_where_the_coordinator_drops_the_words_both_ends_see_it_and_a_file_brings_them(
    region: Region,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    carry = WitnessPost.pass_on

    def drop(post: WitnessPost, connection: Any, message: Any) -> None:
        if not isinstance(message, ContradictionTold):
            carry(post, connection, message)

    monkeypatch.setattr(WitnessPost, "pass_on", drop)
    spend_something(region)
    lie(region, BG)
    region.stop(MD)
    region.start(MD)  # it asks, and BG's signed answer names what it can show
    region.wait(lambda: "what BG can show did not arrive" in evidence_line(region, MD))
    region.wait(lambda: "not confirmed by" in evidence_line(region, BG))
    assert convicted(region, MD) == convicted(region, UA) == []

    written = tmp_path / "evidence.jsonl"
    evidence = ["node", "evidence", "--home"]
    assert main([*evidence, str(region.worlds[BG].home), "--out", str(written)]) == 1
    for country in (MD, UA):
        home = str(region.worlds[country].home)
        assert main([*evidence, home, "--take", str(written)]) == 1
        assert convicted(region, country) == [RO]
    assert "Taken: 1 contradictions; 0 were known here." in capsys.readouterr().out
    assert json.loads(written.read_text())["whose"] == RO
    # Who serves meanwhile signs for it from its next answer on.
    region.stop(BG)
    region.start(BG)
    region.wait(lambda: f"not confirmed by {AWAY}, {RO}" in evidence_line(region, BG))


def test_a30_two_lists_of_releases_that_one_member_was_shown_stop_everybody_s_cosigning(
    region: Region,
) -> None:
    spend_something(region)
    for country in FIVE:
        region.wait(lambda at=country: region.members()[at]["cosigned"] == 1)  # type: ignore[misc]
    # The official at BG compares, beside the node that serves.
    with pytest.raises(SplitViewError):
        node_app.compare_checkpoint(region.worlds[BG], other_list(region, BG))
    assert region.answered_by("1/401") == list(FIVE)  # BG's node has something to say, and says it
    for country in FIVE:
        region.wait(lambda at=country: node_app.checkpoint(region.worlds[at]).contradicted)  # type: ignore[misc]
    node_app.settle_evidence(region.worlds[UA], "the members have talked")
    assert region.answered_by("1/402") == list(FIVE)
    region.wait(lambda: region.members()[UA]["cosigned"] == 3)
    assert all(region.members()[one]["cosigned"] < 3 for one in FIVE if one != UA)
