"""A whole region in one process: the real coordinator on loopback, scripted nodes over real mTLS.

`LoopbackRegion` makes a coordinator's home, runs it in a thread with an event loop of its own,
enrols nodes over TLS, has them sign the charter, and keeps each connected from a second loop.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, cast

import grpc
import httpx
import numpy as np

from corridor.cli.demo.region import free_port
from corridor.client.connection import OVER
from corridor.coordinator import app
from corridor.coordinator.app.world import Clock
from corridor.coordinator.home import Deadlines
from corridor.ids import CountryCode
from corridor.privacy.rho import Rho
from corridor.protocols.cards import Card, enrolment_to_sign
from corridor.protocols.charter import (
    Charter,
    parse_signed_charter,
    signature_to_sign,
)
from corridor.protocols.notes import cosign, parse_checkpoint, parse_note
from corridor.protocols.receipts import Compiled
from corridor.protocols.secure_sum.messages import (
    PROTOCOL_VERSION,
    Proposal,
    ProposalHeader,
    Scope,
)
from corridor.protocols.secure_sum.roster import ParametersFor
from corridor.queries.domains import make_domains
from corridor.queries.parameters import attempt_parameters, country_parameters
from corridor.queries.plan import Plan, compile_plan
from corridor.queries.question import parse_question
from corridor.transport import codec
from corridor.transport.certificates import (
    Identity,
    decode_certificate,
    encode_key,
    fetch_pinned_authority,
    make_csr,
    make_key,
    pinned_context,
)
from corridor.transport.channels import dial
from corridor.transport.messages import (
    CharterSigned,
    CheckpointToCosign,
    CoordinatorInSession,
    Cosigned,
    FetchCharter,
    FetchReceipt,
    Hello,
    ReceiptKind,
    TreeStanding,
    Welcome,
)
from corridor.wire.v1 import exchange_pb2_grpc, membership_pb2_grpc
from support.catalogue import catalogue
from support.scripted_node import ScriptedNode, Silent
from support.signing import KeyPair

COUNTRIES = tuple(map(CountryCode, ("BG", "MD", "NG", "RO", "UA")))
PROGRAM, MINISTRY = "harvester", "Test ministry"
"""Who asks with the region's own token."""


QUICK = Deadlines(propose=3, share=6, opened=2, masked_input=2, consistency=2, unmask=2, slack=1)


def numbers_of(charter: Charter, plan: Plan, header: ProposalHeader) -> ParametersFor:
    """The numbers of an attempt, by the size of its roster; of a country's figure, its own."""
    rho = Rho(header.rho)
    if header.scope is Scope.PER_COUNTRY:
        return lambda _: country_parameters(charter, plan, rho)
    return lambda size: attempt_parameters(charter, plan, rho, size)


class LoopThread:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, Any], timeout: float = 30) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class LoopbackNode:
    """A scripted node with an identity, a channel and a stream."""

    def __init__(self, region: "LoopbackRegion", country: CountryCode) -> None:
        self.region = region
        self.keys = KeyPair(f"node {country}")
        self.script = ScriptedNode(country, self.keys)
        self.card = Card(country, f"Authority of {country}", self.keys.public, self.keys.encryption)
        self.identity: Identity | None = None
        self.welcomed = threading.Event()
        self.cosigns = True
        self.cosigns_with = self.keys
        self.code: str | bytes | None = None
        self.status: grpc.StatusCode | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def country(self) -> CountryCode:
        return self.script.country

    def enrol(self) -> httpx.Response:
        """Use a fresh invitation."""
        invitation = app.invite(self.region.world, self.country)
        key = make_key(Random(f"tls {self.country}").randbytes)
        csr = make_csr(key, self.country)
        proof = self.keys.sign(enrolment_to_sign(self.card, invitation.code, csr))
        answer = self.region.post(
            "/api/v1/enrolment",
            {
                "code": invitation.code,
                "csr": csr.decode(),
                "card": self.card.encode().decode(),
                "proof": proof.hex(),
            },
        )
        if answer.is_success:
            self.identity = Identity(answer.json()["certificate"].encode(), encode_key(key))
        return answer

    def channel(self) -> grpc.aio.Channel:
        """To be called in the nodes' loop."""
        assert self.identity is not None
        pem = (self.region.world.home / "keys" / "ca.pem").read_bytes()
        return dial(
            self.region.grpc,
            identity=self.identity,
            authority=decode_certificate(pem),
            pinned=app.authority_fingerprint(self.region.world),
        )

    async def sign_charter(self) -> bool:
        """Fetch the charter proposed last and sign it; whether it is in force then."""
        async with self.channel() as channel:
            stub = membership_pb2_grpc.MembershipStub(channel)
            document = codec.decode_charter_document(
                await stub.FetchCharter(codec.encode_fetch_charter(FetchCharter(None)))
            )
            charter = parse_signed_charter(document.signed_charter).charter
            signature = self.keys.sign(signature_to_sign(charter, self.country))
            word = CharterSigned(charter.digest, self.country, signature)
            status = await stub.SignCharter(codec.encode_charter_signed(word))
            self.live_by(charter)
            return codec.decode_charter_status(status).in_force

    def fetch_receipt(self, release: str, kind: ReceiptKind) -> bytes:
        """A receipt as it is stored."""

        async def fetch() -> bytes:
            async with self.channel() as channel:
                stub = membership_pb2_grpc.MembershipStub(channel)
                request = codec.encode_fetch_receipt(FetchReceipt(release, kind))
                chunks = [codec.decode_receipt_chunk(c) async for c in stub.FetchReceipt(request)]
                assert [chunk.index for chunk in chunks] == list(range(len(chunks)))
                return b"".join(chunk.data for chunk in chunks)

        fetched: bytes = self.region.nodes_loop.do(fetch())
        return fetched

    def live_by(self, charter: Charter) -> None:
        """Take part under this charter from now on."""
        self.script.charter = charter.digest
        self.script.members = dict(charter.signing_keys)
        self.charter = charter

    @property
    def is_connected(self) -> bool:
        """Whether the stream is open, as far as this side knows."""
        return self._task is not None and not self._task.done()

    def connect(self, *, expect_welcome: bool = True) -> None:
        """Open the stream and keep answering; returns once the coordinator said welcome."""
        self.welcomed.clear()
        self._task = self.region.nodes_loop.do(self._start())
        assert not expect_welcome or self.welcomed.wait(10), self.code

    def refused_with(self) -> str | bytes | None:
        """Try to connect; the code that the coordinator refuses it with.

        When a server ends a call while its client is still writing, gRPC's aio client may put an
        INTERNAL of its own in place of the status that was sent; then it is tried again.
        """
        code: str | bytes | None = None
        for _ in range(20):
            self.connect(expect_welcome=False)
            self.wait_until_ended()
            code = self.code
            if code is not None:
                break
        return code

    def wait_until_ended(self) -> None:
        """Wait until the coordinator has ended the stream; `status` and `code` say why."""

        async def ended() -> None:
            assert self._task is not None
            await asyncio.wait_for(asyncio.shield(self._task), 10)

        self.region.nodes_loop.do(ended())

    async def _start(self) -> "asyncio.Task[None]":
        return asyncio.create_task(self._converse())

    def disconnect(self) -> None:
        """End the stream."""

        async def end() -> None:
            if self._task is not None:
                self._task.cancel()
                with suppress(asyncio.CancelledError):
                    await self._task

        self.region.nodes_loop.do(end())

    async def _converse(self) -> None:
        async with self.channel() as channel:
            call = exchange_pb2_grpc.ExchangeStub(channel).Connect()
            hello = Hello(self.country, PROTOCOL_VERSION, "test", self.script.standing())
            try:
                await call.write(codec.encode_node_message(hello))
                while (message := await call.read()) is not grpc.aio.EOF:
                    self.welcomed.set()
                    heard = codec.decode_coordinator_message(cast(Any, message))
                    if isinstance(heard, CoordinatorInSession):
                        await self._answer(call, heard)
                    elif isinstance(heard, Welcome):
                        await call.write(codec.encode_node_message(TreeStanding(0, ())))
                    elif isinstance(heard, CheckpointToCosign) and self.cosigns:
                        await call.write(codec.encode_node_message(self._cosign(heard)))
            except Silent:
                await asyncio.sleep(3600)
            except grpc.RpcError:
                pass
            self.status = await call.code()
            self.code = dict(await call.trailing_metadata()).get("corridor-code")

    async def _answer(self, call: Any, heard: CoordinatorInSession) -> None:
        if isinstance(heard.body, Proposal):
            self._compile(heard.body)
        for said in self.script.answer(heard):
            await call.write(codec.encode_node_message(said))

    def _cosign(self, offered: CheckpointToCosign) -> Cosigned:
        """This node believes everything; what real ones check, their own tests show."""
        text = parse_note(offered.note).text
        word = cosign(text, int(time.time()), self.cosigns_with.sign)
        return Cosigned(parse_checkpoint(text).size, word.timestamp, word.signature)

    def _compile(self, proposal: Proposal) -> None:
        plan = compile_plan(
            parse_question(proposal.question), make_domains(catalogue(), self.charter)
        )
        self.script.parameters_for = numbers_of(self.charter, plan, proposal.header)
        self.script.vector = self.region.counted(self.country, plan)


class LoopbackRegion:
    """The coordinator and its nodes. `close` ends everything."""

    def __init__(
        self,
        folder: Path,
        *,
        countries: tuple[CountryCode, ...] = COUNTRIES,
        deadlines: Deadlines,
        clock: Clock | None = None,
    ) -> None:
        world = app.real_world(folder / "coordinator")
        self.world = world if clock is None else replace(world, clock=clock)
        self.grpc, self.web = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        app.initialise(
            self.world, name="Test region", listen=self.grpc, web=self.web, deadlines=deadlines
        )
        self.nodes_loop = LoopThread()
        self.nodes = {country: LoopbackNode(self, country) for country in countries}
        self.start()
        host, port = self.web.split(":")
        pinned = app.authority_fingerprint(self.world)
        self.context = pinned_context(fetch_pinned_authority(host, int(port), pinned))
        self.client = httpx.Client(
            base_url=f"https://{self.web}", verify=self.context, trust_env=False
        )
        # A name that no test gives an account: who asks is told by the name.
        self.token = app.issue_token(self.world, PROGRAM, organisation=MINISTRY)

    def start(self) -> None:
        """Start the coordinator."""
        ready = threading.Event()
        self._coordinator = LoopThread()
        self._stop: asyncio.Event | None = None

        async def serve() -> None:
            self._stop = asyncio.Event()
            await app.run(self.world, self._stop, lambda _: ready.set())

        self._serving = asyncio.run_coroutine_threadsafe(serve(), self._coordinator.loop)
        if not ready.wait(20):
            self._serving.result(1)

    def stop(self) -> None:
        """Stop the coordinator in order."""
        assert self._stop is not None
        self._coordinator.loop.call_soon_threadsafe(self._stop.set)
        self._serving.result(20)
        self._coordinator.close()

    def close(self) -> None:
        """End the nodes, then the coordinator."""
        for node in self.nodes.values():
            node.disconnect()
        self.client.close()
        self.stop()
        self.nodes_loop.close()

    def enter(self, **terms: Any) -> None:
        """Enrol everybody, sign a charter of those terms, connect; it is in force then."""
        for node in self.nodes.values():
            assert node.enrol().is_success
        app.propose_charter(self.world, synthetic=True, years=(2020, 2025), **terms)
        for node in self.nodes.values():
            self.nodes_loop.do(node.sign_charter())
        for node in self.nodes.values():
            node.connect()
        found = app.show_charter(self.world)
        assert found.in_force
        self.charter = found.charter

    def compile(self, proposal: Proposal) -> Compiled:
        """What a verifier of receipts compiles for itself."""
        question = parse_question(proposal.question)
        plan = compile_plan(question, make_domains(catalogue(), self.charter))
        numbers = numbers_of(self.charter, plan, proposal.header)
        return Compiled(question.digest, plan.digest, numbers)

    def vector(self, country: CountryCode, size: int) -> Any:
        """What this country counts: the same for equal sizes."""
        return np.random.default_rng(sorted(self.nodes).index(country)).integers(0, 50, size)

    def counted(self, country: CountryCode, plan: Plan) -> Any:
        """What its node sends; in each release of a series as many again are counted first."""
        newly = self.vector(country, plan.entries)
        if plan.turn is None:
            return newly
        return sum(plan.turn.series.coefficients[: plan.turn.period]) * newly

    def total(self, size: int, *without: CountryCode) -> Any:
        """The true sum."""
        return np.sum([self.vector(c, size) for c in self.nodes if c not in without], axis=0)

    def get(self, path: str, token: str | None = None) -> httpx.Response:
        return self.client.get(path, headers=self._headers(token))

    def post(self, path: str, body: Any, token: str | None = None) -> httpx.Response:
        return self.client.post(path, json=body, headers=self._headers(token))

    def _headers(self, token: str | None) -> dict[str, str]:
        known = getattr(self, "token", "") if token is None else token
        return {"Authorization": f"Bearer {known}"} if known else {}

    def ask(self, **request: Any) -> dict[str, Any]:
        answer = self.post("/api/v1/questions", request)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def wait(self, question: str) -> dict[str, Any]:
        """The question once it is answered or failed."""
        return self.wait_until(question, lambda shown: shown["state"] in OVER)

    def wait_until(
        self, question: str, holds: Callable[[dict[str, Any]], bool], seconds: float = 30
    ) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for _ in range(int(seconds / 0.05)):
            shown = self.get(f"/api/v1/questions/{question}").json()
            if holds(shown):
                return shown
            time.sleep(0.05)
        raise AssertionError(shown)

    def wait_for_outcome(self, country: CountryCode, code: str, seconds: float = 10) -> None:
        """Wait until a node has heard that an attempt ended so, last of all."""
        end = time.monotonic() + seconds
        while (codes := self.nodes[country].script.codes)[-1:] != [code]:
            assert time.monotonic() < end, codes
            time.sleep(0.02)

    def wait_for_members(self, *ready: str, seconds: float = 10) -> None:
        """Until the coordinator shows exactly these members as ready."""
        found: set[str] = set()
        for _ in range(int(seconds / 0.05)):
            shown = self.get("/api/v1/members").json()
            found = {one["country"] for one in shown if one["ready"]}
            if found == set(ready):
                return
            time.sleep(0.05)
        raise AssertionError(found)
