"""What nodes and coordinator say to each other in one attempt, and what exactly they sign.

    round          coordinator → node         node → coordinator
    propose        Proposal                   Acceptance (or a coded refusal)
    share          Roster                     Shares: one signed Dealing per peer
    opened         the Dealings to this node  Opened
    masked input   Sharers, with the words    the vector, in chunks; MaskedInput at its end
                   of witnesses outside
    consistency    SurvivorSet                SurvivorSignature
    unmask         UnmaskRequest              Unmask

Values here are well-formed, not believed: the states check signatures, members and sets.
`to_sign()` gives the bytes that a signature is over; each begins with a label of its own,
and from the share round on each contains the roster hash.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import TypeVar

from corridor.ids import CountryCode, Digest, EditionId, SessionId, Signature
from corridor.protocols import canonical
from corridor.protocols.suite import Sign

PROTOCOL_VERSION = 1


class Scope(StrEnum):
    """Whose figures are published: the region's sum, or each willing country's own."""

    REGIONAL = "regional"
    PER_COUNTRY = "per-country"


class ShareKind(StrEnum):
    """Which of a dealer's two secrets a share belongs to."""

    SELF_MASK = "self-mask"
    MASK_KEY = "mask-key"

    __hash__ = str.__hash__  # an Enum's own is a function in Python, and r² shares are looked up


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalHeader:
    """What is asked, under which charter, at which price, until when.

    Attributes:
        protocol: version of this protocol.
        charter: hash of the charter in force.
        question, plan: hashes of the canonical question and of its compiled plan.
        rho: privacy loss of this attempt, zCDP.
        suite: the charter's set of primitives.
        purpose, organisation: the coordinator's word, believed by nobody.
        accept_by, finish_by: seconds since 1970 UTC; after `finish_by` nothing more is sent.
    """

    protocol: int
    charter: Digest
    session: SessionId
    question: Digest
    plan: Digest
    rho: Fraction
    scope: Scope
    suite: str
    purpose: str
    organisation: str
    accept_by: int
    finish_by: int

    def to_json(self) -> dict[str, canonical.Json]:
        """Every field, as it is signed."""
        return {
            "protocol": self.protocol,
            "charter": self.charter.hex(),
            "session": self.session.hex(),
            "question": self.question.hex(),
            "plan": self.plan.hex(),
            "rho": canonical.fraction_text(self.rho),
            "scope": self.scope.value,
            "suite": self.suite,
            "purpose": self.purpose,
            "organisation": self.organisation,
            "accept_by": self.accept_by,
            "finish_by": self.finish_by,
        }

    def to_sign(self) -> bytes:
        """The header's one byte string."""
        return canonical.digest("corridor proposal header", canonical.encode(self.to_json()))

    @property
    def digest(self) -> Digest:
        """The hash that an acceptance and the roster hash contain."""
        return Digest(self.to_sign())


@dataclass(frozen=True, slots=True)
class Proposal:
    """The coordinator proposes an attempt. `question` is the canonical form, to compile again."""

    header: ProposalHeader
    question: bytes
    signature: Signature


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerStatement:
    """A node's word about its own ledger: what every member may hold against it later.

    Attributes:
        sequence: number of the last entry; 0 before the first.
        spent, reserved: ρ for all time, and of reservations that are open.
        head: hash of the last entry; 32 zero bytes before the first.
    """

    country: CountryCode
    sequence: int
    spent: Fraction
    reserved: Fraction
    head: Digest
    signature: Signature

    def to_json(self) -> dict[str, canonical.Json]:
        """Every field, and the signature."""
        return {**self._signed_json(), "signature": self.signature.hex()}

    def _signed_json(self) -> dict[str, canonical.Json]:
        return {
            "country": self.country,
            "sequence": self.sequence,
            "spent": canonical.fraction_text(self.spent),
            "reserved": canonical.fraction_text(self.reserved),
            "head": self.head.hex(),
        }

    def to_sign(self) -> bytes:
        """The statement without its signature."""
        return canonical.digest(
            "corridor ledger statement",
            canonical.encode(self._signed_json()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """A node takes part, under this header and no other.

    Attributes:
        header: hash of the header that was accepted.
        envelope_key, mask_key: ephemeral public keys of the suite; only the second is shared out.
        edition: the data that will be counted.
        consent_rule: which cases are counted, as in `htcds-consent`.
        statement: the ledger after this attempt's reservation.
    """

    header: Digest
    country: CountryCode
    envelope_key: bytes
    mask_key: bytes
    edition: EditionId
    consent_rule: str
    statement: LedgerStatement
    signature: Signature

    def to_json(self) -> dict[str, canonical.Json]:
        """Every field but the header's hash, and the signature."""
        return {
            "country": self.country,
            "envelope_key": self.envelope_key.hex(),
            "mask_key": self.mask_key.hex(),
            "edition": self.edition,
            "consent_rule": self.consent_rule,
            "statement": self.statement.to_json(),
            "signature": self.signature.hex(),
        }

    def to_sign(self) -> bytes:
        """The acceptance without its signature."""
        return canonical.digest(
            "corridor acceptance",
            self.header,
            self.country.encode(),
            self.envelope_key,
            self.mask_key,
            self.edition.encode(),
            self.consent_rule.encode(),
            self.statement.to_sign(),
            self.statement.signature,
        )


@dataclass(frozen=True, slots=True)
class NoiseLevel:
    """One of the independent draws that make up a node's noise share.

    Attributes:
        dropouts: with so many, this level is the last that is needed (`secure_sum.excess`).
        variance: of its discrete Gaussian, in scaled units.
    """

    dropouts: int
    variance: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptParameters:
    """The numbers of an attempt: one deterministic function of charter, plan, ρ and roster size.

    Attributes:
        roster_size, threshold, dropouts, colluders: r, t, d, c.
        min_participants: the charter's floor.
        cells: length of the vector.
        sensitivity_squared: Δ² of the plan, before scaling.
        scale_bits: k; x is multiplied by 2ᵏ.
        levels: of one node's noise share, sorted by `dropouts`, which end at d.
        sampler: version of the sampler that draws all but the first level.
        ring_bits: 32 or 64; vectors are summed modulo 2 to this power.
    """

    roster_size: int
    threshold: int
    dropouts: int
    colluders: int
    min_participants: int
    cells: int
    sensitivity_squared: int
    scale_bits: int
    levels: tuple[NoiseLevel, ...]
    sampler: int
    ring_bits: int

    @property
    def share_variance(self) -> Fraction:
        """σ_s² of one node's whole noise share, in scaled units."""
        return sum((level.variance for level in self.levels), Fraction(0))

    def kept_levels(self, survivors: int) -> int:
        """How many levels so many survivors keep: up to the first for as many dropouts or more."""
        dropouts = self.roster_size - survivors
        return 1 + sum(level.dropouts < dropouts for level in self.levels[:-1])

    def left_variance(self, survivors: int, reduced: int) -> Fraction:
        """Variance of the noise in a sum of so many, when that of `reduced` of them is reduced."""
        kept = self.levels[: self.kept_levels(survivors)]
        left = sum((level.variance for level in kept), Fraction(0))
        return reduced * left + (survivors - reduced) * self.share_variance

    @property
    def honest_shares(self) -> int:
        """How many honest shares the guarantee counts on: h = r − d − c."""
        return self.roster_size - self.dropouts - self.colluders

    @property
    def needed(self) -> int:
        """The fewest survivors that keep both the promised noise and the charter's floor."""
        return max(self.roster_size - self.dropouts, self.threshold, self.min_participants)

    def to_json(self) -> dict[str, canonical.Json]:
        """Every number."""
        return {
            "r": self.roster_size,
            "t": self.threshold,
            "d": self.dropouts,
            "c": self.colluders,
            "min_participants": self.min_participants,
            "cells": self.cells,
            "sensitivity_squared": self.sensitivity_squared,
            "scale_bits": self.scale_bits,
            "levels": [
                {"dropouts": level.dropouts, "variance": canonical.fraction_text(level.variance)}
                for level in self.levels
            ],
            "sampler": self.sampler,
            "ring_bits": self.ring_bits,
        }

    def to_sign(self) -> bytes:
        """Canonical bytes, for the roster hash."""
        return canonical.encode(self.to_json())


@dataclass(frozen=True, slots=True)
class Roster:
    """Who accepted, as the coordinator announces it: sorted by country, nobody twice.

    Attributes:
        acceptances: one of each.
        countries: their countries, sorted; a member's Shamir point is its place, from 1.

    Raises:
        ValueError: not sorted, or a country twice.
    """

    acceptances: tuple[Acceptance, ...]
    countries: tuple[CountryCode, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what is not sorted by country without repetition."""
        countries = tuple(acceptance.country for acceptance in self.acceptances)
        if list(countries) != sorted(set(countries)):
            raise ValueError("a roster is sorted by country and names nobody twice")
        object.__setattr__(self, "countries", countries)  # asked for once for each of r² dealings

    def hash(self, header: ProposalHeader, parameters: AttemptParameters) -> Digest:
        """The roster hash: in every signature, associated data and HKDF info from here on."""
        return canonical.digest(
            "corridor roster",
            header.to_sign(),
            parameters.to_sign(),
            *(part for a in self.acceptances for part in (a.to_sign(), a.signature)),
        )


@dataclass(frozen=True, slots=True)
class SealedPairKey:
    """The key of a pair's mask, as the lower country of the pair deals it to the higher.

    Attributes:
        box: the key, sealed to the recipient's mask key.
        commitment: what binds the dealer to the key in it.
    """

    box: bytes
    commitment: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Dealing:
    """What one sharer deals to one peer: an envelope, and hashes to hold both to it later.

    Attributes:
        commitment: to the dealer's self-mask seed; the same in all its dealings.
        self_mask_hash, mask_key_hash: salted hashes of this peer's two shares.
        envelope: both shares and both salts, sealed for `recipient`; empty in the dealing of a
            sharer to itself, whose shares never leave it.
        pair_key: there where the dealer is the lower of the two, and nowhere else.
    """

    roster_hash: Digest
    dealer: CountryCode
    recipient: CountryCode
    commitment: Digest
    self_mask_hash: Digest
    mask_key_hash: Digest
    envelope: bytes
    pair_key: SealedPairKey | None
    signature: Signature

    def to_sign(self) -> bytes:
        """The dealing without its signature."""
        pair_key = self.pair_key
        return canonical.digest(
            "corridor dealing",
            self.roster_hash,
            self.dealer.encode(),
            self.recipient.encode(),
            self.commitment,
            self.self_mask_hash,
            self.mask_key_hash,
            self.envelope,
            b"" if pair_key is None else pair_key.box,
            b"" if pair_key is None else pair_key.commitment,
        )


@dataclass(frozen=True, slots=True)
class Shares:
    """A sharer's dealings, one for every member of the roster, sorted by recipient."""

    dealer: CountryCode
    dealings: tuple[Dealing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Whose envelopes opened and fitted their hashes, and whose did not.

    Attributes:
        opened, complaints: disjoint; together the dealers heard of, `country` itself in `opened`.
    """

    roster_hash: Digest
    country: CountryCode
    opened: frozenset[CountryCode]
    complaints: frozenset[CountryCode]
    signature: Signature

    def to_sign(self) -> bytes:
        """The list without its signature."""
        return canonical.digest(
            "corridor opened",
            self.roster_hash,
            self.country.encode(),
            _listed(self.opened),
            _listed(self.complaints),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessWord:
    """A member outside the roster says which of the ledgers in it are those that it holds.

    The witness has not seen the roster, so the word names the heads themselves: a coordinator
    could have shown it other statements than those behind this hash.

    Attributes:
        kept: heads, by member, that are on the one chain that the witness holds of that member's
            ledger, and will ever hold.
    """

    roster_hash: Digest
    witness: CountryCode
    kept: Mapping[CountryCode, Digest]
    signature: Signature

    def to_sign(self, charter: Digest) -> bytes:
        """The word without its signature.

        `charter` is the one that the witness lives by. It is not sent: the roster's header names
        one, and a witness that lives by another says nothing about that roster.
        """
        return canonical.digest(
            "corridor witness word",
            charter,
            self.roster_hash,
            self.witness.encode(),
            canonical.encode({country: head.hex() for country, head in self.kept.items()}),
        )


@dataclass(frozen=True, slots=True)
class Sharers:
    """The coordinator announces who goes on, with the word of each that it opened the others'.

    Attributes:
        witnesses: words of members outside the roster, sorted by witness.
        countries: those whose word is included.
    """

    opened: tuple[Opened, ...]
    witnesses: tuple[WitnessWord, ...] = ()
    countries: frozenset[CountryCode] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the set once: every masked input is compared with it."""
        countries = frozenset(word.country for word in self.opened)
        object.__setattr__(self, "countries", countries)


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedInput:
    """A node's word for the vector that it streamed.

    Attributes:
        sharers: who it was masked for.
        vector_hash: SHA-256 of the whole vector's little-endian bytes.
        noise_commitment: to the noise in it that may be taken off again (`secure_sum.excess`).
    """

    roster_hash: Digest
    country: CountryCode
    sharers: frozenset[CountryCode]
    vector_hash: Digest
    noise_commitment: Digest
    signature: Signature

    def to_sign(self) -> bytes:
        """The word without its signature."""
        return canonical.digest(
            "corridor masked input",
            self.roster_hash,
            self.country.encode(),
            _listed(self.sharers),
            self.vector_hash,
            self.noise_commitment,
        )


@dataclass(frozen=True, slots=True)
class SurvivorSet:
    """A claim: these shared, and of those, these sent their masked input."""

    roster_hash: Digest
    sharers: frozenset[CountryCode]
    survivors: frozenset[CountryCode]

    def to_sign(self) -> bytes:
        """What every survivor signs, once."""
        return canonical.digest(
            "corridor survivors",
            self.roster_hash,
            _listed(self.sharers),
            _listed(self.survivors),
        )


@dataclass(frozen=True, slots=True)
class SurvivorSignature:
    """A node's one word about who survived."""

    country: CountryCode
    signature: Signature


@dataclass(frozen=True, slots=True)
class UnmaskRequest:
    """At least t signatures over the set that the receiving node signed itself."""

    signatures: tuple[SurvivorSignature, ...]


@dataclass(frozen=True, slots=True)
class RevealedShare:
    """One share of one dealer's secret, with the salt of its hash. `share` is 32 bytes."""

    dealer: CountryCode
    kind: ShareKind
    share: bytes
    salt: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmask:
    """For each survivor a share of its self-mask seed, for each other sharer of its mask key.

    Attributes:
        excess_seed: gives the sender's own superfluous noise; empty where none is superfluous.
    """

    roster_hash: Digest
    country: CountryCode
    revealed: tuple[RevealedShare, ...]
    excess_seed: bytes
    signature: Signature

    def to_sign(self) -> bytes:
        """The seed and the shares, sorted by dealer, without the signature."""
        framed, length = canonical.framed, canonical.length
        pieces = [
            framed(b"corridor unmask", self.roster_hash, self.country.encode(), self.excess_seed)
        ]
        for share in self.revealed:
            named, secret, salt = _named(share.dealer, share.kind), share.share, share.salt
            pieces += (named, length(len(secret)), secret, length(len(salt)), salt)
        return canonical.digest_of(*pieces)


@lru_cache(maxsize=512)
def _named(dealer: CountryCode, kind: ShareKind) -> bytes:
    """How a revealed share begins: the same whoever reveals it, and r² are revealed."""
    return canonical.framed(dealer.encode(), kind.encode())


@lru_cache(maxsize=16)
def _listed(countries: frozenset[CountryCode]) -> bytes:
    """The canonical list of a set of countries.

    Kept, because in one attempt all honest nodes name the same few sets: r words of r countries.
    """
    return canonical.encode(sorted(countries))


UNSIGNED = Signature(b"")
"""Stands where the signature will be while a message's own bytes are made."""

Signable = TypeVar(
    "Signable",
    LedgerStatement,
    Acceptance,
    Dealing,
    Opened,
    MaskedInput,
    Unmask,
)


def signed(message: Signable, sign: Sign) -> Signable:
    """The message with the signature of whoever holds `sign`."""
    return replace(message, signature=sign(message.to_sign()))
