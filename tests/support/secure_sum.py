"""A secure sum in one process: real states of nodes and coordinator, carried by plain calls.

`Region` says who there is and under which numbers; `Conversation` carries one attempt round by
round, with the dropouts that a test wants, and keeps every state and message for inspection.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, lru_cache
from hashlib import sha256
from itertools import combinations_with_replacement
from random import Random
from string import ascii_uppercase

import numpy as np
import numpy.typing as npt

from corridor.ids import CountryCode, Digest, EditionId, PublicKey, SessionId
from corridor.privacy.discrete_gaussian import sample
from corridor.protocols.masks import ring_type
from corridor.protocols.secure_sum import coordinator, excess, node
from corridor.protocols.secure_sum.messages import (
    PROTOCOL_VERSION,
    UNSIGNED,
    Acceptance,
    AttemptParameters,
    Dealing,
    LedgerStatement,
    MaskedInput,
    NoiseLevel,
    Opened,
    ProposalHeader,
    Roster,
    Scope,
    Sharers,
    Shares,
    SurvivorSet,
    SurvivorSignature,
    Unmask,
    UnmaskRequest,
    signed,
)
from corridor.protocols.suite import RandomBytes, Sign, Suite
from corridor.transport.suites import ed25519_verify, suite_named
from support.signing import KeyPair

SUITE = suite_named("x25519")
verify = lru_cache(maxsize=1 << 16)(ed25519_verify)
"""All nodes of a region are here in one process, and each verifies the words that all verify: the
same word of the same key is looked at once."""
Countries = frozenset[CountryCode]
NOBODY: Countries = frozenset()


@cache
def signing_keys(country: CountryCode) -> KeyPair:
    """The signing keys of one country's node."""
    return KeyPair(f"node {country}")


def first_countries(count: int) -> tuple[CountryCode, ...]:
    """So many country codes, sorted."""
    pairs = combinations_with_replacement(ascii_uppercase, 2)
    return tuple(CountryCode("".join(pair)) for pair, _ in zip(pairs, range(count), strict=False))


@dataclass(frozen=True, slots=True)
class Debit:
    """What a ledger would give; tests have no ledger."""

    session: SessionId
    rho: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Members, and the numbers of their attempts: t and d by the charter's rule.

    Attributes:
        quorum: witnesses before a debit; these regions have no ledgers, so none as a rule.
        with_levels: whether the nodes add noise that may be taken off again, and no other.
    """

    countries: tuple[CountryCode, ...]
    colluders: int = 1
    min_participants: int = 3
    cells: int = 5
    ring_bits: int = 64
    quorum: int = 0
    with_levels: bool = False
    suite: Suite = SUITE

    @property
    def keys(self) -> Mapping[CountryCode, PublicKey]:
        return {country: signing_keys(country).public for country in self.countries}

    def sign(self, country: CountryCode) -> Sign:
        return signing_keys(country).sign

    def dropouts_for(self, size: int) -> int:
        threshold = (size + self.colluders) // 2 + 1
        return min(size - threshold, max(1, -(-size // 10)))

    def levels_for(self, size: int) -> tuple[NoiseLevel, ...]:
        """One level as a rule; else one for each number of dropouts."""
        most = self.dropouts_for(size)
        each = range(most + 1) if self.with_levels else (most,)
        return tuple(NoiseLevel(dropouts, Fraction(10 + dropouts)) for dropouts in each)

    def parameters_for(self, size: int) -> AttemptParameters:
        threshold = (size + self.colluders) // 2 + 1
        return AttemptParameters(
            roster_size=size,
            threshold=threshold,
            dropouts=self.dropouts_for(size),
            colluders=self.colluders,
            min_participants=self.min_participants,
            cells=self.cells,
            sensitivity_squared=1,
            scale_bits=0,
            levels=self.levels_for(size),
            sampler=1,
            ring_bits=self.ring_bits,
        )

    @property
    def parameters(self) -> AttemptParameters:
        """The numbers when everybody accepts."""
        return self.parameters_for(len(self.countries))


def make_header(session: bytes = bytes(16), suite: Suite = SUITE) -> ProposalHeader:
    return ProposalHeader(
        protocol=PROTOCOL_VERSION,
        charter=Digest(bytes(32)),
        session=SessionId(session),
        question=Digest(b"\1" * 32),
        plan=Digest(b"\2" * 32),
        rho=Fraction(1, 100),
        scope=Scope.REGIONAL,
        suite=suite.name,
        purpose="test",
        organisation="test",
        accept_by=1000,
        finish_by=2000,
    )


def debit_for(header: ProposalHeader) -> Debit:
    return Debit(header.session, header.rho)


def make_statement(country: CountryCode) -> LedgerStatement:
    statement = LedgerStatement(
        country=country,
        sequence=1,
        spent=Fraction(0),
        reserved=Fraction(1, 100),
        head=Digest(b"\3" * 32),
        signature=UNSIGNED,
    )
    return signed(statement, signing_keys(country).sign)


def accept(
    header: ProposalHeader,
    country: CountryCode,
    random_bytes: RandomBytes,
    suite: Suite = SUITE,
) -> tuple[node.Accepted, Acceptance]:
    """One node's acceptance."""
    return node.accept(
        header,
        country,
        edition=EditionId("1-" + "0" * 16),
        consent_rule="htcds-consent",
        statement=make_statement(country),
        suite=suite,
        random_bytes=random_bytes,
        sign=signing_keys(country).sign,
    )


def vectors_of(region: Region, seed: int = 0) -> dict[CountryCode, npt.NDArray[np.int64]]:
    """A vector for each country, negative numbers among them, whose sum fits the ring."""
    draw = np.random.default_rng(seed)
    return {c: draw.integers(-(10**6), 10**6, region.cells) for c in region.countries}


def removable_noise(ready: node.ReadyToMask, level: int = 1) -> npt.NDArray[np.int64]:
    """What a node adds, from that level on, that may be taken off again."""
    return excess.removable_noise(
        ready.settled,
        ready.me,
        ready.seeds[level - 1],
        level=level,
        cells=ready.parameters.cells,
        draw=sample,
        suite=SUITE,
    )


class Conversation:
    """One attempt. Each method carries one round, without the nodes that `silent` names."""

    def __init__(self, region: Region, *, seed: int = 0, header: ProposalHeader | None = None):
        self.region = region
        self.header = make_header(suite=region.suite) if header is None else header
        self.random_bytes: RandomBytes = Random(seed).randbytes
        self.vectors = vectors_of(region, seed)
        self.total = np.zeros(region.cells, dtype=ring_type(region.ring_bits))
        self.masked: dict[CountryCode, bytes] = {}
        self.unwitnessed: dict[CountryCode, Countries] = {}

    def propose(self, silent: Countries = NOBODY) -> Roster:
        self.accepted: dict[CountryCode, node.Accepted] = {}
        collecting = coordinator.CollectingAcceptances(self.header, self.region.keys)
        for country in self._speaking(self.region.countries, silent):
            self.accepted[country], word = accept(
                self.header, country, self.random_bytes, self.region.suite
            )
            collecting = collecting.on_acceptance(word, verify=verify, suite=self.region.suite)
        self.collecting_acceptances = collecting
        self.collecting_shares, self.roster = collecting.close(self.region.parameters_for)
        return self.roster

    def share(
        self,
        silent: Countries = NOBODY,
        bend: Callable[[Shares], Shares] = lambda shares: shares,
    ) -> Mapping[CountryCode, tuple[Dealing, ...]]:
        """`bend` changes what a dealer sends, as a dishonest dealer would."""
        self.shared: dict[CountryCode, node.Shared] = {}
        collecting = self.collecting_shares
        for country in self._speaking(self.accepted, silent):
            self.shared[country], shares = self.deal(country)
            collecting = collecting.on_shares(bend(shares))
        self.collecting_opened, self.dealings = collecting.close()
        self.collecting_shares = collecting
        return self.dealings

    def deal(self, country: CountryCode) -> tuple[node.Shared, Shares]:
        return self.accepted[country].on_roster(
            self.roster,
            parameters_for=self.region.parameters_for,
            keys=self.region.keys,
            verify=verify,
            suite=self.region.suite,
            random_bytes=self.random_bytes,
            sign=self.region.sign(country),
        )

    def open(self, silent: Countries = NOBODY) -> Sharers:
        self.opened: dict[CountryCode, node.OpenedState] = {}
        collecting = self.collecting_opened
        for country in self._speaking(self.shared, silent):
            self.opened[country], word = self.open_dealings(country, self.dealings[country])
            collecting = collecting.on_opened(word, verify=verify)
        self.collecting_opened = collecting
        self.collecting_inputs, self.sharers = collecting.close(verify=verify)
        return self.sharers

    def open_dealings(
        self, country: CountryCode, dealings: tuple[Dealing, ...]
    ) -> tuple[node.OpenedState, Opened]:
        return self.shared[country].on_dealings(
            dealings,
            keys=self.region.keys,
            verify=verify,
            suite=self.region.suite,
            sign=self.region.sign(country),
            unwitnessed=self.unwitnessed.get(country, NOBODY),
        )

    def mask(self, silent: Countries = NOBODY) -> SurvivorSet:
        self.awaiting: dict[CountryCode, node.AwaitingSurvivors] = {}
        collecting = self.collecting_inputs
        for country in self._speaking(self.sharers.countries, silent):
            ready = self.hear_sharers(country, self.sharers)
            self.awaiting[country], chunks, word = self.mask_vector(ready)
            spooled = Digest(sha256(chunks).digest())
            collecting = collecting.on_masked_input(word, spooled, verify=verify)
            self.masked[country] = chunks
            self.total += np.frombuffer(chunks, dtype=self.total.dtype)
        self.collecting_inputs = collecting
        self.collecting_signatures, self.survivors = collecting.close()
        return self.survivors

    def hear_sharers(self, country: CountryCode, sharers: Sharers) -> node.ReadyToMask:
        return self.opened[country].on_sharers(
            sharers, keys=self.region.keys, verify=verify, quorum=self.region.quorum
        )

    def mask_vector(
        self, ready: node.ReadyToMask
    ) -> tuple[node.AwaitingSurvivors, bytes, MaskedInput]:
        vector = self.vectors[ready.me] + removable_noise(ready)
        masking = ready.mask(vector, debit_for(self.header), suite=self.region.suite)
        chunks = b"".join(masking.chunks())
        state, word = masking.finish(self.region.sign(ready.me))
        return state, chunks, word

    def sign(self, silent: Countries = NOBODY) -> UnmaskRequest:
        self.signed: dict[CountryCode, node.Signed] = {}
        collecting = self.collecting_signatures
        for country in self._speaking(self.awaiting, silent):
            self.signed[country], word = self.awaiting[country].on_survivors(
                self.survivors, self.region.sign(country)
            )
            collecting = collecting.on_signature(word, verify=verify)
        self.collecting_signatures = collecting
        self.collecting_unmask, self.request = collecting.close()
        return self.request

    def unmask(
        self,
        silent: Countries = NOBODY,
        bend: Callable[[Unmask], Unmask] = lambda unmask: unmask,
    ) -> npt.NDArray[np.int64]:
        """`bend` changes what a responder reveals, as a dishonest one would."""
        collecting = self.collecting_unmask
        for country in self._speaking(self.signed, silent):
            collecting = collecting.on_unmask(
                bend(self.reveal(country)[1]), verify=verify, suite=self.region.suite
            )
        self.collecting_unmask = collecting
        self.unmasked = collecting.close(suite=self.region.suite)
        total = self.total.copy()
        self.unmasked.remove_masks(total, suite=self.region.suite)
        self.unmasked.remove_excess(total, draw=sample, suite=self.region.suite)
        return coordinator.decode(total)

    def reveal(
        self, country: CountryCode, request: UnmaskRequest | None = None
    ) -> tuple[node.Done, Unmask]:
        return self.signed[country].on_unmask_request(
            self.request if request is None else request,
            keys=self.region.keys,
            verify=verify,
            sign=self.region.sign(country),
        )

    def signature_of(self, country: CountryCode, word: SurvivorSet) -> SurvivorSignature:
        """A survivor's signature over any set, as a colluder would give it."""
        return SurvivorSignature(country, self.region.sign(country)(word.to_sign()))

    def sum_of(self, countries: Countries) -> npt.NDArray[np.int64]:
        total = np.zeros(self.region.cells, dtype=np.int64)
        for country in countries:
            total += self.vectors[country]
        return total

    @staticmethod
    def _speaking(
        countries: "Mapping[CountryCode, object] | Countries | tuple[CountryCode, ...]",
        silent: Countries,
    ) -> list[CountryCode]:
        return [country for country in sorted(countries) if country not in silent]


def resigned(acceptance: Acceptance, **changes: object) -> Acceptance:
    """The acceptance with other content, signed by the same member: an insider's lie."""
    changed = replace(acceptance, **changes)  # type: ignore[arg-type]
    return signed(changed, signing_keys(changed.country).sign)
