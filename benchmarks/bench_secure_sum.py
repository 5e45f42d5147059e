"""CPU of one node and of the coordinator in a whole secure sum, beside the plain sum.

    python benchmarks/bench_secure_sum.py                      10 × 10⁶, 50 × 10⁵, 50 × 10⁶
    python benchmarks/bench_secure_sum.py 175x1000000          nodes × cells; minutes, not seconds
    python benchmarks/bench_secure_sum.py --ring 64 50x100000
    python benchmarks/bench_secure_sum.py --suite x25519 --suite xwing 50x1000000

For each share of dropouts (0, 10, 30 %) one attempt runs through the real states in this process,
without a network. The first node's CPU is measured; the other nodes' work is not counted. Nodes
that drop out do so after the sharers are announced, the dearest moment: their mask seeds are put
together again, and their masks with every survivor are computed again.

    node         everything from the acceptance to the revealed shares, its hash included
    coordinator  checks, adding the vectors, and taking the masks off
    hashing      SHA-256 over what arrived, which is the spool's work; the coordinator's, not in
                 the column before
    plain sum    adding the same vectors as int64: what it costs to trust somebody
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from hashlib import sha256
from itertools import product
from secrets import token_bytes
from time import process_time
from typing import ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt

from corridor.ids import CountryCode, Digest, EditionId, PublicKey, SessionId
from corridor.protocols.masks import ring_type
from corridor.protocols.secure_sum import coordinator, node
from corridor.protocols.secure_sum.messages import (
    PROTOCOL_VERSION,
    UNSIGNED,
    AttemptParameters,
    LedgerStatement,
    ProposalHeader,
    Scope,
    SurvivorSet,
    signed,
)
from corridor.protocols.suite import Sign, Suite
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
    """CPU seconds."""

    node: float
    coordinator: float
    hashing: float
    plain: float


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
            share_variance=Fraction(10),
            ring_bits=ring_bits,
        )
        self.node, self.coordinator, self.hashing = Clock(), Clock(), Clock()
        self.others = Clock()

    def clock(self, country: CountryCode) -> Clock:
        return self.node if country == self.measured else self.others

    def parameters_for(self, _size: int) -> AttemptParameters:
        return self.parameters

    def run(self, vector: npt.NDArray[np.int64]) -> Result:
        """Every node counts the same vector; its cost does not depend on what is in it."""
        opened, inputs = self._share()
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
                verify=ed25519_verify,
                quorum=0,
            )
            masking = clock.time(
                ready.mask, vector, Debit(self.header.session, self.header.rho), suite=self.suite
            )
            chunks = clock.time(list, masking.chunks())
            awaiting[country], word = clock.time(masking.finish, self.sign[country])
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
        plain = Clock()
        expected = plain.time(plain_sum, vector, len(awaiting))
        if not (result == expected).all():
            raise SystemExit("the sum is wrong")
        return Result(
            self.node.seconds, self.coordinator.seconds, self.hashing.seconds, plain.seconds
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
            accepting = self.coordinator.time(
                accepting.on_acceptance, acceptance, verify=ed25519_verify, suite=self.suite
            )
        sharing, roster = self.coordinator.time(accepting.close, self.parameters_for)
        shared = {}
        for country in self.countries:
            shared[country], shares = self.clock(country).time(
                accepted[country].on_roster,
                roster,
                parameters_for=self.parameters_for,
                keys=self.keys,
                verify=ed25519_verify,
                suite=self.suite,
                random_bytes=token_bytes,
                sign=self.sign[country],
            )
            sharing = self.coordinator.time(sharing.on_shares, shares)
        opening, dealings = self.coordinator.time(sharing.close)
        opened = {}
        for country in self.countries:
            opened[country], word = self.clock(country).time(
                shared[country].on_dealings,
                dealings[country],
                keys=self.keys,
                verify=ed25519_verify,
                suite=self.suite,
                sign=self.sign[country],
                unwitnessed=(),
            )
            opening = self.coordinator.time(opening.on_opened, word, verify=ed25519_verify)
        inputs, _ = self.coordinator.time(opening.close, verify=ed25519_verify)
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
            signing = self.coordinator.time(signing.on_signature, signature, verify=ed25519_verify)
        unmasking, request = self.coordinator.time(signing.close)
        for country, word in words.items():
            _, unmask = self.clock(country).time(
                word.on_unmask_request,
                request,
                keys=self.keys,
                verify=ed25519_verify,
                sign=self.sign[country],
            )
            unmasking = self.coordinator.time(unmasking.on_unmask, unmask, verify=ed25519_verify)
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


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU of a secure sum")
    parser.add_argument("sizes", nargs="*", default=SIZES, help="NODESxCELLS")
    parser.add_argument("--ring", type=int, choices=(32, 64), default=32)
    parser.add_argument("--suite", action="append", choices=SUITES, help="may be repeated")
    asked = parser.parse_args()
    suites = [suite_named(name) for name in asked.suite or SUITES]
    print(f"CPU milliseconds, ring of {asked.ring} bits")
    print(
        f"{'suite':>8} {'nodes × cells':>16} {'dropouts':>8} {'node':>8} {'coordinator':>12}",
        end=" ",
    )
    print(f"{'hashing':>8} {'plain sum':>10}")
    for size in asked.sizes:
        nodes, cells = map(int, size.split("x"))
        vector = np.random.default_rng(1).integers(-1000, 1000, cells)
        for dropouts, suite in product(DROPOUTS, suites):
            result = Attempt(suite, nodes, cells, dropouts, asked.ring).run(vector)
            print(f"{suite.name:>8} {f'{nodes} × {cells}':>16} {dropouts:>6} %", end=" ")
            print(f"{result.node * 1e3:8.1f} {result.coordinator * 1e3:12.1f}", end=" ")
            print(f"{result.hashing * 1e3:8.1f} {result.plain * 1e3:10.1f}", flush=True)


if __name__ == "__main__":
    main()
