"""CPU of one node and of the coordinator in a whole secure sum, beside the plain sum.

    python benchmarks/bench_secure_sum.py                      10 × 10⁶, 50 × 10⁵, 50 × 10⁶
    python benchmarks/bench_secure_sum.py 175x1000000          nodes × cells; minutes, not seconds
    python benchmarks/bench_secure_sum.py --ring 64 50x100000
    python benchmarks/bench_secure_sum.py --suite x25519 --suite xwing 50x1000000
    python benchmarks/bench_secure_sum.py --flower 10x1000000  beside Flower's SecAgg+ (see
                                                               `flower_secagg.py`), in the same run

For each share of dropouts (0, 10, 30 %) one attempt runs through the real states in this process,
without a network. The first node's CPU is measured. The other nodes' work is not counted, and what
of it changes nothing is left out: their checks of signatures, and the masks between two of them,
which cancel in the sum. Nodes that drop out do so after the sharers are announced, the dearest
moment: their mask seeds are put together again, and their masks with every survivor are computed
again.

    node         everything from the acceptance to the revealed shares, its hash included
    coordinator  checks, adding the vectors, and taking the masks off
    hashing      SHA-256 over what arrived, which is the spool's work; the coordinator's, not in
                 the column before
    plain sum    adding the same vectors as int64: what it costs to trust somebody
    sent         bytes of one node's messages as they go over the wire; received: those to it
    grown        how much the process's memory rose at most while vectors were masked, added and
                 unmasked, in vectors of the ring: one node's masking at a time, and the
                 coordinator's total. Does not grow with the nodes
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from hashlib import sha256
from itertools import product
from pathlib import Path
from secrets import token_bytes
from time import process_time
from typing import ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt
from measuring import load, memory

from corridor.ids import CountryCode, Digest, EditionId, PublicKey, SessionId
from corridor.protocols.masks import ring_type
from corridor.protocols.secure_sum import coordinator, node
from corridor.protocols.secure_sum.messages import (
    PROTOCOL_VERSION,
    UNSIGNED,
    AttemptParameters,
    LedgerStatement,
    NoiseLevel,
    Proposal,
    ProposalHeader,
    Scope,
    SurvivorSet,
    signed,
)
from corridor.protocols.suite import Sign, Suite, Verify
from corridor.transport import codec
from corridor.transport.messages import (
    CoordinatorBody,
    CoordinatorInSession,
    Dealings,
    NodeBody,
    NodeInSession,
    VectorChunk,
)
from corridor.transport.suites import (
    ed25519_public_key,
    ed25519_signer,
    ed25519_verify,
    suite_named,
)

SUITES = ("x25519", "xwing")
SIZES = ("10x1000000", "50x100000", "50x1000000")
DROPOUTS = (0, 10, 30)

Given = ParamSpec("Given")
Gives = TypeVar("Gives")


class Clock:
    """Adds up CPU seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def time(
        self, work: Callable[Given, Gives], *args: Given.args, **kwargs: Given.kwargs
    ) -> Gives:
        begun = process_time()
        result = work(*args, **kwargs)
        self.seconds += process_time() - begun
        return result


@dataclass(frozen=True, slots=True)
class Debit:
    session: SessionId
    rho: Fraction


BLANK = ProposalHeader(
    protocol=PROTOCOL_VERSION,
    charter=Digest(bytes(32)),
    session=SessionId(bytes(16)),
    question=Digest(bytes(32)),
    plan=Digest(bytes(32)),
    rho=Fraction(1, 100),
    scope=Scope.REGIONAL,
    suite="",
    purpose="",
    organisation="",
    accept_by=0,
    finish_by=0,
)


@dataclass(slots=True)
class Result:
    """CPU seconds; bytes of the measured node; memory in vectors."""

    node: float
    coordinator: float
    hashing: float
    plain: float
    sent: int
    received: int
    grown: float


class Attempt:
    """One attempt; `measured` is the first country, and is among the survivors."""

    def __init__(self, suite: Suite, nodes: int, cells: int, dropouts: int, ring_bits: int) -> None:
        self.suite, self.header = suite, replace(BLANK, suite=suite.name)
        self.countries = tuple(
            CountryCode(chr(65 + n // 26) + chr(65 + n % 26)) for n in range(nodes)
        )
        private = {country: token_bytes(32) for country in self.countries}
        self.sign: dict[CountryCode, Sign] = {c: ed25519_signer(k) for c, k in private.items()}
        self.keys: dict[CountryCode, PublicKey] = {
            c: ed25519_public_key(k) for c, k in private.items()
        }
        self.measured = self.countries[0]
        self.dropped = frozenset(self.countries[nodes - nodes * dropouts // 100 :])
        self.parameters = AttemptParameters(
            roster_size=nodes,
            threshold=(nodes + 1) // 2 + 1,
            dropouts=nodes - (nodes + 1) // 2 - 1,
            colluders=1,
            min_participants=3,
            cells=cells,
            sensitivity_squared=1,
            scale_bits=0,
            levels=(NoiseLevel(nodes - (nodes + 1) // 2 - 1, Fraction(10)),),
            sampler=1,
            ring_bits=ring_bits,
        )
        self.node, self.coordinator, self.hashing = Clock(), Clock(), Clock()
        self.others = Clock()
        self.sent, self.received = 0, 0

    def clock(self, country: CountryCode) -> Clock:
        return self.node if country == self.measured else self.others

    def says(self, country: CountryCode, *bodies: NodeBody) -> None:
        """Count what the measured node sends."""
        if country == self.measured:
            for body in bodies:
                message = NodeInSession(self.header.session, body)
                self.sent += codec.encode_node_message(message).ByteSize()

    def hears(self, *bodies: CoordinatorBody) -> None:
        """Count what is sent to the measured node."""
        for body in bodies:
            message = CoordinatorInSession(self.header.session, body)
            self.received += codec.encode_coordinator_message(message).ByteSize()

    def verify_for(self, country: CountryCode) -> Verify:
        """Only the measured node checks signatures."""
        return ed25519_verify if country == self.measured else lambda *_: True

    def parameters_for(self, _size: int) -> AttemptParameters:
        return self.parameters

    def run(self, vector: npt.NDArray[np.int64]) -> Result:
        """Every node counts the same vector; its cost does not depend on what is in it."""
        opened, inputs = self._share()
        before = memory(reset=True)
        total = np.zeros(vector.size, dtype=ring_type(self.parameters.ring_bits))
        awaiting: dict[CountryCode, node.AwaitingSurvivors] = {}
        sharers = inputs.sharers
        for country in self.countries:
            if country in self.dropped:
                continue
            clock = self.clock(country)
            ready = clock.time(
                opened[country].on_sharers,
                sharers,
                keys=self.keys,
                verify=self.verify_for(country),
                quorum=0,
            )
            if country != self.measured:
                kept = {country, self.measured, *self.dropped}
                masks = {peer: mask for peer, mask in ready.masks.items() if peer in kept}
                ready = replace(ready, masks=masks)
            masking = clock.time(
                ready.mask, vector, Debit(self.header.session, self.header.rho), suite=self.suite
            )
            chunks = clock.time(list, masking.chunks())
            awaiting[country], word = clock.time(masking.finish, self.sign[country])
            pieces = (VectorChunk(index, chunk) for index, chunk in enumerate(chunks))
            self.says(country, *pieces, word)
            hasher = sha256()
            for chunk in chunks:
                self.hashing.time(hasher.update, chunk)
            inputs = self.coordinator.time(
                inputs.on_masked_input, word, Digest(hasher.digest()), verify=ed25519_verify
            )
            self.coordinator.time(add, total, chunks)
        signing, survivors = self.coordinator.time(inputs.close)
        unmasking = self._sign_and_reveal(signing, survivors, awaiting)
        unmasked = self.coordinator.time(unmasking.close, suite=self.suite)
        self.coordinator.time(unmasked.remove_masks, total, suite=self.suite)
        result = self.coordinator.time(coordinator.decode, total)
        grown = (memory() - before) / total.nbytes
        plain = Clock()
        expected = plain.time(plain_sum, vector, len(awaiting))
        if not (result == expected).all():
            raise SystemExit("the sum is wrong")
        return Result(
            node=self.node.seconds,
            coordinator=self.coordinator.seconds,
            hashing=self.hashing.seconds,
            plain=plain.seconds,
            sent=self.sent,
            received=self.received,
            grown=grown,
        )

    def _share(
        self,
    ) -> tuple[dict[CountryCode, node.OpenedState], coordinator.CollectingInputs]:
        accepting = coordinator.CollectingAcceptances(self.header, self.keys)
        accepted = {}
        for country in self.countries:
            accepted[country], acceptance = self.clock(country).time(
                node.accept,
                self.header,
                country,
                edition=EditionId("1-" + "0" * 16),
                consent_rule="htcds-consent",
                statement=self._statement(country),
                suite=self.suite,
                random_bytes=token_bytes,
                sign=self.sign[country],
            )
            self.says(country, acceptance)
            accepting = self.coordinator.time(
                accepting.on_acceptance, acceptance, verify=ed25519_verify, suite=self.suite
            )
        sharing, roster = self.coordinator.time(accepting.close, self.parameters_for)
        self.hears(Proposal(self.header, b"{}", self.sign[self.measured](b"")), roster)
        shared = {}
        for country in self.countries:
            shared[country], shares = self.clock(country).time(
                accepted[country].on_roster,
                roster,
                parameters_for=self.parameters_for,
                keys=self.keys,
                verify=self.verify_for(country),
                suite=self.suite,
                random_bytes=token_bytes,
                sign=self.sign[country],
            )
            self.says(country, shares)
            sharing = self.coordinator.time(sharing.on_shares, shares)
        opening, dealings = self.coordinator.time(sharing.close)
        self.hears(Dealings(dealings[self.measured]))
        opened = {}
        for country in self.countries:
            opened[country], word = self.clock(country).time(
                shared[country].on_dealings,
                dealings[country],
                keys=self.keys,
                verify=self.verify_for(country),
                suite=self.suite,
                sign=self.sign[country],
                unwitnessed=(),
            )
            self.says(country, word)
            opening = self.coordinator.time(opening.on_opened, word, verify=ed25519_verify)
        inputs, sharers = self.coordinator.time(opening.close, verify=ed25519_verify)
        self.hears(sharers)
        return opened, inputs

    def _sign_and_reveal(
        self,
        signing: coordinator.CollectingSignatures,
        survivors: SurvivorSet,
        awaiting: dict[CountryCode, node.AwaitingSurvivors],
    ) -> coordinator.CollectingUnmask:
        words = {}
        for country, state in awaiting.items():
            words[country], signature = self.clock(country).time(
                state.on_survivors, survivors, self.sign[country]
            )
            self.says(country, signature)
            signing = self.coordinator.time(signing.on_signature, signature, verify=ed25519_verify)
        unmasking, request = self.coordinator.time(signing.close)
        self.hears(survivors, request)
        for country, word in words.items():
            _, unmask = self.clock(country).time(
                word.on_unmask_request,
                request,
                keys=self.keys,
                verify=self.verify_for(country),
                sign=self.sign[country],
            )
            self.says(country, unmask)
            unmasking = self.coordinator.time(
                unmasking.on_unmask, unmask, verify=ed25519_verify, suite=self.suite
            )
        return unmasking

    def _statement(self, country: CountryCode) -> LedgerStatement:
        statement = LedgerStatement(
            country=country,
            sequence=1,
            spent=Fraction(0),
            reserved=self.header.rho,
            head=Digest(bytes(32)),
            signature=UNSIGNED,
        )
        return signed(statement, self.sign[country])


def add(total: npt.NDArray[np.unsignedinteger], chunks: Sequence[bytes]) -> None:
    """Add a spooled vector, chunk by chunk."""
    start = 0
    for chunk in chunks:
        words = np.frombuffer(chunk, dtype=total.dtype)
        total[start : start + words.size] += words
        start += words.size


def plain_sum(vector: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    total = np.zeros_like(vector)
    for _ in range(count):
        total += vector
    return total


def flower(size: str, dropouts: Sequence[int]) -> dict[int, tuple[float, float]]:
    """CPU milliseconds of a node and of the server in Flower's SecAgg+, by share of dropouts."""
    uv, python = Path(sys.prefix) / "bin" / "uv", sys.executable
    done = subprocess.run(  # noqa: S603  # our own script, in an environment of its own
        [
            *(str(uv), "run", "--quiet", "--no-project", "--isolated", "--python", python),
            *("--with", "flwr==1.42.0", "python", str(Path(__file__).parent / "flower_secagg.py")),
            *(word for one in dropouts for word in ("--dropouts", str(one))),
            size,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("Flower")]
    return {int(row[3]): (float(row[4]), float(row[5])) for row in rows}


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU of a secure sum")
    parser.add_argument("sizes", nargs="*", default=SIZES, help="NODESxCELLS")
    parser.add_argument("--ring", type=int, choices=(32, 64), default=32)
    parser.add_argument("--suite", action="append", choices=SUITES, help="may be repeated")
    parser.add_argument("--dropouts", type=int, action="append", help="per cent; may be repeated")
    parser.add_argument("--flower", action="store_true", help="and Flower's SecAgg+ beside it")
    asked = parser.parse_args()
    suites = [suite_named(name) for name in asked.suite or SUITES]
    shares = asked.dropouts or DROPOUTS
    print(f"CPU milliseconds, ring of {asked.ring} bits; load average {load()}")
    print(
        f"{'suite':>8} {'nodes × cells':>16} {'dropouts':>8} {'node':>8} {'coordinator':>12} "
        f"{'hashing':>8} {'plain sum':>10} {'sent':>10} {'received':>10} {'grown':>6}"
    )
    for size in asked.sizes:
        nodes, cells = map(int, size.split("x"))
        vector = np.random.default_rng(1).integers(-1000, 1000, cells)
        results: dict[tuple[str, int], Result] = {}
        for dropouts, suite in product(shares, suites):
            result = Attempt(suite, nodes, cells, dropouts, asked.ring).run(vector)
            results[suite.name, dropouts] = result
            print(
                f"{suite.name:>8} {f'{nodes} × {cells}':>16} {dropouts:>6} % "
                f"{result.node * 1e3:8.1f} {result.coordinator * 1e3:12.1f} "
                f"{result.hashing * 1e3:8.1f} {result.plain * 1e3:10.1f} "
                f"{result.sent:>10,} {result.received:>10,} {result.grown:6.1f}",
                flush=True,
            )
        for dropouts, (node_ms, server_ms) in (
            flower(size, shares) if asked.flower else {}
        ).items():
            last = suites[-1].name
            ours = results[last, dropouts]
            print(
                f"{'Flower':>8} {f'{nodes} × {cells}':>16} {dropouts:>6} % {node_ms:8.1f} "
                f"{server_ms:12.1f}   node {node_ms / ours.node / 1e3:.1f} × {last}, server "
                f"{server_ms / (ours.coordinator + ours.hashing) / 1e3:.1f} × with its hashing",
                flush=True,
            )
    print(f"load average {load()}")


if __name__ == "__main__":
    main()
