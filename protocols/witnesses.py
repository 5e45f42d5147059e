"""Witnesses: members who hold each other's ledgers, so that none can be rolled back or doubled.

Every member sends the others its ledger's entries as it makes them. A member holds **one chain of
each other member, and only ever extends it**: an entry is kept if it follows the last one held and
its member signed it; another entry of a number that is held is refused, and both are evidence.

    before a debit    q other members said that this reservation is on the chain that they hold:
                      each other sharer by its `Opened` word (the roster hash contains the
                      statement), each member outside the roster by a `WitnessWord`
    after a start     q other members answered this start's fresh nonce (`WitnessAsk`,
                      `WitnessAnswer`); what they hold and this node lacks was taken over first

**Theorem.** Of n members let c be dishonest, q = ⌊(n − 1 + c)/2⌋ + 1, and let any number of
processes run under the key of one honest member, each with a copy of its ledger of any age, under
a coordinator that forwards what it likes. Together they debit no more than the allowance.

*Proof.* A reservation contains a nonce that its process drew, so it is on that process's chain
alone (unless another took it over), and only that process debits it. Let two processes debit the
reservations e and f. Two quorums of the n − 1 others share 2q − (n − 1) ≥ c + 1 of them, so an
honest one, which holds both on its one chain; say e before f. Equal digests mean equal histories:
the ledger that reserved f contains e. There, e is debited, or forfeited, or still open, and was
counted against the allowance when f was reserved; it is not released, because only the process
that reserved e writes its release, and that one then never debits it. Hence the ledger that made
the last of all debited reservations counted all others.  ∎

The node itself does not count in its own quorum: a clone would sign for both. That a reservation
left open by an ended process is *forfeited*, counted as spent, and not released, is part of the
proof: the disk may be a copy from before the debit. A process copied with its memory is not
covered: it is one process for this proof, and would mask one vector twice.

A charter that changes the members changes who can witness. Where one member joins or one leaves,
quorums of both versions share an honest member as before: q + q' exceeds the others of both by
c + 1. Where one is replaced they need not. So before a node first spends under a version, so many
of those who were there before confirm its ledger once that every quorum of before has an honest one
among them (`protocols.charter.hand_over`). Whoever confirms lives by the new version, and witnesses
no roster of an old one any more: its words name the charter. So what any copy ever debited under
the old version stands in that member's chain when it confirms, and in this ledger afterwards.

A member whose keys are rotated is the same member: its ledger and its book go by its **origin**,
the first of its keys, which charters carry along (`protocols.successions`). The theorem goes on
over versions if c bounds, for each two of them, who is corrupt in either; a member whose key was
stolen is corrupt in the versions that list that key. docs/proofs/rotation.md proves it.

A witness whose own book was put back has forgotten what it said: it counts among the c. So does a
node made anew under a key that it had before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from corridor.errors.canonical import NotCanonicalError
from corridor.errors.ledger import BrokenChainError
from corridor.ids import CountryCode, Digest, PublicKey, Signature
from corridor.protocols import canonical
from corridor.protocols.chains import Entry
from corridor.protocols.secure_sum.messages import LedgerStatement
from corridor.protocols.suite import Verify

LEDGER = "ledger"
"""The chain that is witnessed."""

NONCE_BYTES = 32

MOST_CONTRADICTIONS = 256
"""So many digests of contradictions one question or answer names."""

ENTRIES_AT_ONCE = 256
"""The most entries that one message carries; who lacks more asks again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessAsk:
    """A node has started, or is connected again: what do the others hold of its ledger?

    It need not be signed. What an answer says is no secret, and no answer fits another nonce.

    Attributes:
        country: whose ledger.
        nonce: fresh for this start or connection; an old answer does not fit it.
        sequence, head: the ledger's last entry here; 0 and zeros before the first.
        known: how far it holds the others' ledgers, so that they send what it lacks.
        contradictions: digests of those that it can show (`protocols.contradictions`), likewise.
    """

    country: CountryCode
    nonce: Digest
    sequence: int
    head: Digest
    known: Mapping[CountryCode, int]
    contradictions: tuple[Digest, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessAnswer:
    """One member's word about what it holds of another's ledger.

    Attributes:
        country: who asked.
        sequence, head: the last entry held; 0 and zeros where none is.
        entries: those behind the asker's sequence, at most `ENTRIES_AT_ONCE`; where there are none
            or its last entry is another one, the last in common that is held. The asker's own.
        contradictions: digests of those that the witness can show. They are signed with the rest:
            a coordinator that keeps them back keeps back the answer, and the asker misses both.
    """

    witness: CountryCode
    country: CountryCode
    nonce: Digest
    sequence: int
    head: Digest
    entries: tuple[Entry, ...]
    signature: Signature
    contradictions: tuple[Digest, ...] = ()

    def to_sign(self, charter: Digest) -> bytes:
        """The answer without its signature; entries carry their own.

        `charter` is the one that the witness lives by. It is not sent: who asks has its own, and
        counts nobody's word who lives by another.
        """
        return canonical.digest(
            "corridor witness answer",
            charter,
            self.witness.encode(),
            self.country.encode(),
            self.nonce,
            self.sequence.to_bytes(8, "big"),
            self.head,
            *self.contradictions,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntries:
    """Entries of one member's ledger, in order, for one other member or for all.

    Attributes:
        to: None is for everybody.
    """

    country: CountryCode
    to: CountryCode | None
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class WitnessRequest:
    """The coordinator asks a member outside a roster to witness the ledgers in it."""

    roster_hash: Digest
    statements: tuple[LedgerStatement, ...]


def verify_entries(
    entries: Iterable[Entry], key: PublicKey, verify: Verify, former: Sequence[PublicKey] = ()
) -> None:
    """Raise unless these are consecutive entries of the ledger of `key`'s holder.

    `former` are earlier keys of the same member whose signatures count as well: for the member
    itself, who takes back what others held from before its keys were rotated.

    Raises:
        BrokenChainError: they are not; names the entry.
    """
    before: Entry | None = None
    for entry in entries:
        if before is not None and (entry.number, entry.previous) != (
            before.number + 1,
            before.digest,
        ):
            raise BrokenChainError(LEDGER, entry.number, "does not follow the one before")
        if entry.chain != LEDGER or not any(
            verify(one, entry.digest, entry.signature) for one in (key, *former)
        ):
            raise BrokenChainError(LEDGER, entry.number, "is not signed by its member")
        try:
            canonical.decode(entry.payload, LEDGER)
        except NotCanonicalError as error:
            raise BrokenChainError(LEDGER, entry.number, "is not canonical JSON") from error
        before = entry


class OwnChain(Protocol):
    """A node's own ledger, as far as witnesses are held against it."""

    @property
    def length(self) -> int:
        """The number of the last entry; 0 before the first."""

    def digest_at(self, number: int) -> Digest:
        """The digest of the entry of that number, which is there; zeros for 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What the answers so far mean for a ledger.

    Attributes:
        agreeing: their whole chain is in this ledger.
        contradicting: they hold another entry of a number that this ledger has.
        adopt: entries to take over: a quorum holds them, or would have nothing against them.
    """

    agreeing: frozenset[CountryCode]
    contradicting: frozenset[CountryCode]
    adopt: tuple[Entry, ...]


def weigh(answers: Mapping[CountryCode, WitnessAnswer], own: OwnChain, quorum: int) -> Weighed:
    """Hold verified answers to one nonce against this ledger.

    A member supports a continuation if what it holds is part of it, or it is part of what that
    member holds. Of the continuations that a quorum supports, the longest is taken over: a
    reservation that was ever witnessed for a debit is held by an honest member of that quorum,
    which supports no continuation without it. A single member's word moves nothing, and a member
    that shows a later head without its entries counts for nothing.
    """
    length = own.length
    agreeing: set[CountryCode] = set()
    contradicting: set[CountryCode] = set()
    ahead: dict[CountryCode, tuple[WitnessAnswer, tuple[Entry, ...]]] = {}
    for country, answer in answers.items():
        if _contradicts(answer, own):
            contradicting.add(country)
        elif answer.sequence <= length:
            agreeing.add(country)
        else:
            ahead[country] = answer, _beyond(answer, own)
    best: tuple[Entry, ...] = ()
    for _, continuation in ahead.values():
        supporters = agreeing | {
            country
            for country, (answer, entries) in ahead.items()
            if continuation and _supports(answer, entries, continuation)
        }
        if len(supporters) >= quorum and len(continuation) > len(best):
            best = continuation
    return Weighed(agreeing=frozenset(agreeing), contradicting=frozenset(contradicting), adopt=best)


def _contradicts(answer: WitnessAnswer, own: OwnChain) -> bool:
    length = own.length
    if answer.sequence <= length and own.digest_at(answer.sequence) != answer.head:
        return True
    return any(
        (entry.number <= length and own.digest_at(entry.number) != entry.digest)
        or (entry.number == length + 1 and own.digest_at(length) != entry.previous)
        for entry in answer.entries
    )


def _beyond(answer: WitnessAnswer, own: OwnChain) -> tuple[Entry, ...]:
    """The entries that continue this ledger; none where some between are missing."""
    length = own.length
    entries = tuple(entry for entry in answer.entries if entry.number > length)
    return entries if entries and entries[0].number == length + 1 else ()


def _supports(
    answer: WitnessAnswer, entries: Sequence[Entry], continuation: Sequence[Entry]
) -> bool:
    digests = {entry.number: entry.digest for entry in continuation}
    last = continuation[-1]
    if answer.sequence <= last.number:
        return digests.get(answer.sequence) == answer.head
    return any((entry.number, entry.digest) == (last.number, last.digest) for entry in entries)
