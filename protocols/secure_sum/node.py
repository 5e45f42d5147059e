"""A node's side of one attempt: a class per state, a method per message.

    accept ─▶ Accepted ─on_roster─▶ Shared ─on_dealings─▶ OpenedState ─on_sharers─▶ ReadyToMask
                                                                                        │ mask
       Done ◀─on_unmask_request─ Signed ◀─on_survivors─ AwaitingSurvivors ◀─finish─ MaskingState
                                   ╰──on_survivors (the same set again: the same word)

The coordinator carries the messages and is believed in nothing. What each state holds true:

1. Accepted: four fresh secrets are drawn; the acceptance signs both public keys.
2. Shared: every acceptance is its member's own under this header; the node is among them; the
   numbers of the attempt are its own computation; it dealt its two secrets.
3. OpenedState: it said of each dealer whether all that it dealt opened and fitted; it has the
   keys of its masks with those of whom it did.
4. ReadyToMask: at least `needed` sharers all said that they opened each other's envelopes, and
   at least `quorum` other members that they hold this node's ledger as it stated it.
5. MaskingState, AwaitingSurvivors: the ledger debited ρ before the first masked byte existed.
6. Signed: it gave its word for one survivor set: itself in it, at least `needed` in it. Of the
   seeds of its noise it has the one left that so many survivors make superfluous, and those after.
7. Done: it revealed, for each sharer, one of two shares, as at least t signers of that same set
   allow: the self-mask seed's for a survivor, the mask seed's for one who dropped out. With them,
   the seed of its own superfluous noise (`excess`).

A transition that raises leaves the state as it was; the caller holds it still. Secrets are dropped
from the states that no longer need them, and never shown by `repr`. Randomness, signing, verifying
and the suite are handed in; `keys` are the signing keys of the charter.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

import numpy as np
import numpy.typing as npt

from corridor.errors.secure_sum import (
    BadSignatureError,
    ConflictingSurvivorsError,
    ForeignDealingError,
    NotIncludedError,
    NotInRosterError,
    NotMutuallyOpenedError,
    OtherDebitError,
    OtherRosterError,
    OtherSharersError,
    OtherSuiteError,
    OwnWordAlteredError,
    RepeatedWordError,
    SignerNotSurvivorError,
    TooFewSharersError,
    TooFewSignaturesError,
    TooFewSurvivorsError,
    TooFewWitnessesError,
    UnknownSurvivorError,
)
from corridor.ids import CountryCode, Digest, EditionId, PublicKey, SessionId
from corridor.protocols.masks import CHUNK_CELLS, Mask, Masking, pair_mask, self_mask, to_ring
from corridor.protocols.secure_sum import excess, pair_keys
from corridor.protocols.secure_sum.messages import (
    UNSIGNED,
    Acceptance,
    AttemptParameters,
    Dealing,
    LedgerStatement,
    MaskedInput,
    Opened,
    ProposalHeader,
    Roster,
    ShareKind,
    Sharers,
    Shares,
    SurvivorSet,
    SurvivorSignature,
    Unmask,
    UnmaskRequest,
    WitnessWord,
    signed,
)
from corridor.protocols.secure_sum.roster import (
    ParametersFor,
    SettledRoster,
    settle,
    verify_acceptance,
    who_holds,
)
from corridor.protocols.secure_sum.sharing import (
    HeldShares,
    deal,
    kind_to_reveal,
    open_dealing,
    reveal,
)
from corridor.protocols.suite import SEED_BYTES, RandomBytes, Sign, Suite, Verify


class Debit(Protocol):
    """Evidence that this attempt's ρ is spent, on disk. Only the ledger makes such a value."""

    @property
    def session(self) -> SessionId:
        """The attempt that was debited."""

    @property
    def rho(self) -> Fraction:
        """What was debited."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """A node's ephemeral secrets, 31 bytes each but for the last. They live in memory only.

    Attributes:
        envelope_seed: opens what peers dealt; never shared.
        mask_seed: gives the masks with the members above, and opens those with the members
            below; shared.
        self_mask_seed: gives the self mask; shared.
        noise_seed: 32 bytes; gives the noise that may be taken off again.
    """

    envelope_seed: bytes = field(repr=False)
    mask_seed: bytes = field(repr=False)
    self_mask_seed: bytes = field(repr=False)
    noise_seed: bytes = field(repr=False)


def accept(
    header: ProposalHeader,
    country: CountryCode,
    *,
    edition: EditionId,
    consent_rule: str,
    statement: LedgerStatement,
    suite: Suite,
    random_bytes: RandomBytes,
    sign: Sign,
) -> tuple["Accepted", Acceptance]:
    """Take part under this header. Policy allowed it and ρ is reserved: the statement says so.

    Raises:
        OtherSuiteError: the header names another suite than the charter's, which is `suite`.
    """
    if header.suite != suite.name:
        raise OtherSuiteError(header.suite, suite.name)
    secrets = Secrets(
        envelope_seed=random_bytes(SEED_BYTES),
        mask_seed=random_bytes(SEED_BYTES),
        self_mask_seed=random_bytes(SEED_BYTES),
        noise_seed=random_bytes(excess.SEED_BYTES),
    )
    acceptance = Acceptance(
        header=header.digest,
        country=country,
        envelope_key=suite.opening_key(secrets.envelope_seed).public,
        mask_key=suite.opening_key(secrets.mask_seed).public,
        edition=edition,
        consent_rule=consent_rule,
        statement=statement,
        signature=UNSIGNED,
    )
    acceptance = signed(acceptance, sign)
    return Accepted(header, acceptance, secrets), acceptance


@dataclass(frozen=True, slots=True)
class Accepted:
    """This node takes part, and waits to hear who else does."""

    header: ProposalHeader
    acceptance: Acceptance
    secrets: Secrets

    def on_roster(
        self,
        roster: Roster,
        *,
        parameters_for: ParametersFor,
        keys: Mapping[CountryCode, PublicKey],
        verify: Verify,
        suite: Suite,
        random_bytes: RandomBytes,
        sign: Sign,
    ) -> tuple["Shared", Shares]:
        """Check everybody's acceptance and deal the shares.

        1. This node's acceptance is in the roster, word for word.
        2. Every acceptance is its member's own, of this header (`verify_acceptance`).
        3. The numbers fit and leave honest noise; no key occurs twice (`settle`).
        4. What this node has to seal can be sealed to every member's keys.

        Raises:
            OwnWordAlteredError: rule 1.
            RefusedError: what `verify_acceptance`, `settle` and `parameters_for` raise.
            BadPeerKeyError: rule 4; names the member.
        """
        me = self.acceptance.country
        if self.acceptance not in roster.acceptances:
            raise OwnWordAlteredError("roster: acceptance")
        for acceptance in roster.acceptances:
            verify_acceptance(acceptance, self.header, keys=keys, verify=verify, suite=suite)
        settled = settle(self.header, roster, parameters_for)
        secrets = self.secrets
        derived = {
            peer: pair_keys.derive(settled.hash, me, peer, secrets.mask_seed, suite)
            for peer in settled.countries
            if pair_keys.has_pair_key(me, peer)
        }
        shares, kept = deal(
            settled,
            me,
            secrets={
                ShareKind.SELF_MASK: secrets.self_mask_seed,
                ShareKind.MASK_KEY: secrets.mask_seed,
            },
            keys=derived,
            suite=suite,
            random_bytes=random_bytes,
            sign=sign,
        )
        own = next(dealing for dealing in shares.dealings if dealing.recipient == me)
        masks = {peer: pair_mask(me, peer, key) for peer, key in derived.items()}
        masks[me] = self_mask(settled.hash, me, secrets.self_mask_seed, suite)
        seeds = excess.seeds_from(settled, me, secrets.noise_seed, suite)
        return Shared(
            settled, me, secrets.envelope_seed, secrets.mask_seed, masks, own, kept, seeds
        ), shares


@dataclass(frozen=True, slots=True)
class Shared:
    """This node dealt its shares, and waits for those dealt to it.

    Attributes:
        envelope_seed: opens what peers dealt.
        mask_seed: opens the keys of the masks with the members below this one.
        masks: with the members above this one and, under `me`, the self mask.
        own: this node's dealing to itself.
        kept: the shares in it.
        seeds: of the noise that may be taken off again.
    """

    settled: SettledRoster
    me: CountryCode
    envelope_seed: bytes = field(repr=False)
    mask_seed: bytes = field(repr=False)
    masks: Mapping[CountryCode, Mask]
    own: Dealing
    kept: HeldShares = field(repr=False)
    seeds: tuple[bytes, ...] = field(repr=False)

    def on_dealings(
        self,
        dealings: Sequence[Dealing],
        *,
        keys: Mapping[CountryCode, PublicKey],
        verify: Verify,
        suite: Suite,
        sign: Sign,
        unwitnessed: Collection[CountryCode],
    ) -> tuple["OpenedState", Opened]:
        """Open what was dealt to this node, its own dealing among them; say what did not open.

        A dealing with a bad signature, an envelope or a box that does not open, a share that is out
        of the field, or a share or pair key that does not fit what was signed earns its dealer a
        complaint and nothing worse: the attempt goes on without that pair, and nothing is spent
        yet.

        So does a ledger that contradicts what this node holds of it, or that it does not know:
        `unwitnessed` names these. Whoever is in `opened` has this node for a witness: its
        statement is in the roster hash, which is in the word.

        Raises:
            OtherRosterError: a dealing of another attempt, or of another roster.
            NotInRosterError: a dealer outside the roster.
            ForeignDealingError: a dealing to somebody else.
            RepeatedWordError: two dealings of one dealer.
            OwnWordAlteredError: this node's own is missing or altered.
        """
        self._demand_addressed(dealings)
        held: dict[CountryCode, HeldShares] = {self.me: self.kept}
        masks = dict(self.masks)
        envelope_key = suite.opening_key(self.envelope_seed)
        mask_key = suite.opening_key(self.mask_seed)
        for dealing in dealings:
            dealer = dealing.dealer
            if dealer == self.me or dealer in unwitnessed:
                continue
            if not verify(keys[dealer], dealing.to_sign(), dealing.signature):
                continue
            opened = open_dealing(dealing, envelope_key=envelope_key, mask_key=mask_key)
            if opened is None:
                continue
            held[dealer] = opened.shares
            if opened.pair_key is not None:
                masks[dealer] = pair_mask(self.me, dealer, opened.pair_key)
        word = Opened(
            roster_hash=self.settled.hash,
            country=self.me,
            opened=frozenset(held),
            complaints=frozenset(dealing.dealer for dealing in dealings) - frozenset(held),
            signature=UNSIGNED,
        )
        word = signed(word, sign)
        return OpenedState(self.settled, self.me, masks, word, held, self.seeds), word

    def _demand_addressed(self, dealings: Sequence[Dealing]) -> None:
        seen: set[CountryCode] = set()
        members = frozenset(self.settled.countries)
        for dealing in dealings:
            dealer = dealing.dealer
            if dealing.roster_hash != self.settled.hash:
                raise OtherRosterError("dealing", dealer)
            if dealer not in members:
                raise NotInRosterError("dealing", dealer)
            if dealing.recipient != self.me:
                raise ForeignDealingError(dealer, dealing.recipient)
            if dealer in seen:
                raise RepeatedWordError("dealing", dealer)
            seen.add(dealer)
        if self.own not in dealings:
            raise OwnWordAlteredError("dealings: dealing")


@dataclass(frozen=True, slots=True)
class OpenedState:
    """This node said whose envelopes opened, and waits to hear who goes on."""

    settled: SettledRoster
    me: CountryCode
    masks: Mapping[CountryCode, Mask]
    word: Opened
    held: Mapping[CountryCode, HeldShares] = field(repr=False)
    seeds: tuple[bytes, ...] = field(repr=False)

    def on_sharers(
        self,
        announced: Sharers,
        *,
        keys: Mapping[CountryCode, PublicKey],
        verify: Verify,
        quorum: int,
    ) -> "ReadyToMask":
        """Check that the announced sharers all opened each other's envelopes, and the witnesses.

        1. Each is in the roster, once, and its word is its own, under this roster.
        2. This node is among them, with the word that it gave.
        3. At least `needed` are announced: r − d, t, and the charter's floor.
        4. Each opened the envelopes of all, this node's among them, and complained of none.
        5. At least `quorum` other members of the charter hold this node's ledger: the other
           sharers, by these same words, and members outside the roster by words of their own.

        Raises:
            NotInRosterError, RepeatedWordError, OtherRosterError, BadSignatureError: rule 1, and
                a witness's word under rule 5.
            OwnWordAlteredError: rule 2.
            TooFewSharersError: rule 3.
            NotMutuallyOpenedError: rule 4; names the pair.
            UnknownMemberError: a witness that the charter does not know.
            TooFewWitnessesError: rule 5.
        """
        seen: set[CountryCode] = set()
        members = frozenset(self.settled.countries)
        for word in announced.opened:
            if word.country not in members:
                raise NotInRosterError("sharers", word.country)
            if word.country in seen:
                raise RepeatedWordError("opened list", word.country)
            seen.add(word.country)
            if word.roster_hash != self.settled.hash:
                raise OtherRosterError("opened list", word.country)
            if not verify(keys[word.country], word.to_sign(), word.signature):
                raise BadSignatureError("opened list", word.country)
        if self.word not in announced.opened:
            raise OwnWordAlteredError("sharers: opened list")
        sharers = announced.countries
        needed = self.settled.parameters.needed
        if len(sharers) < needed:
            raise TooFewSharersError(left=len(sharers), needed=needed)
        for word in announced.opened:
            for unopened in sorted(sharers - (word.opened - word.complaints)):
                raise NotMutuallyOpenedError(word.country, unopened)
        witnesses = (sharers - {self.me}) | self._outside(announced.witnesses, keys, verify)
        if len(witnesses) < quorum:
            raise TooFewWitnessesError(found=len(witnesses), needed=quorum)
        held = {country: self.held[country] for country in sorted(sharers)}
        applied = {country: self.masks[country] for country in held}
        return ReadyToMask(self.settled, self.me, applied, sharers, held, self.seeds)

    def _outside(
        self,
        words: Sequence[WitnessWord],
        keys: Mapping[CountryCode, PublicKey],
        verify: Verify,
    ) -> frozenset[CountryCode]:
        """Who outside the roster holds this node's ledger with the head that it stated."""
        return who_holds(
            self.settled,
            self.me,
            words,
            keys=keys,
            verify=verify,
            counted=frozenset(self.settled.countries),  # a sharer is counted by its own list
        )


@dataclass(frozen=True, slots=True)
class ReadyToMask:
    """This node knows whom it masks for. Nothing is debited, and nothing of the data has left."""

    settled: SettledRoster
    me: CountryCode
    masks: Mapping[CountryCode, Mask]
    sharers: frozenset[CountryCode]
    held: Mapping[CountryCode, HeldShares] = field(repr=False)
    seeds: tuple[bytes, ...] = field(repr=False)

    @property
    def parameters(self) -> AttemptParameters:
        """The numbers of the attempt: how long the vector is, and how much noise belongs to it."""
        return self.settled.parameters

    def noise(
        self, cells: int, *, draw: excess.Draw, suite: Suite, random_bytes: RandomBytes
    ) -> npt.NDArray[np.int64]:
        """This node's share of the noise, over so many cells.

        What may be taken off again comes from this state's seeds; the rest from `random_bytes`,
        which nobody can repeat.
        """
        noise = draw(self.parameters.levels[0].variance, cells, random_bytes)
        noise += excess.removable_noise(
            self.settled, self.me, self.seeds[0], level=1, cells=cells, draw=draw, suite=suite
        )
        return noise

    def mask(self, vector: npt.NDArray[np.int64], debit: Debit, *, suite: Suite) -> "MaskingState":
        """Begin to mask x·2ᵏ + noise, once.

        Two vectors under the same masks tell their difference. That is why a debit is asked for:
        the ledger gives one for a session, ever.

        Raises:
            OtherDebitError: the debit is not this attempt's.
            ValueError: the vector is not `cells` values of int64.
        """
        header = self.settled.header
        if debit.session != header.session or debit.rho != header.rho:
            raise OtherDebitError
        if vector.dtype != np.int64 or vector.shape != (self.parameters.cells,):
            raise ValueError(f"a vector to mask has {self.parameters.cells} values of int64")
        waiting = AwaitingSurvivors(self.settled, self.me, self.sharers, self.held, self.seeds)
        return MaskingState(waiting, vector, Masking(self.masks.values(), suite))


class MaskingState:
    """The vector on its way out, chunk by chunk; no second vector is ever held.

    The one state that changes as it is used: `chunks` runs once, and `finish` is open afterwards.
    """

    def __init__(
        self,
        waiting: "AwaitingSurvivors",
        vector: npt.NDArray[np.int64],
        masking: Masking,
    ) -> None:
        self._waiting = waiting
        self._vector = vector
        self._masking = masking
        self._hash = hashlib.sha256()
        self._begun = False
        self._done = 0

    def chunks(self) -> Iterator[bytes]:
        """The masked vector, as little-endian words of the ring, at most 512 KiB at a time.

        Raises:
            ValueError: it was begun before; masks are used once.
        """
        if self._begun:
            raise ValueError("a vector is masked once")
        self._begun = True
        return self._chunks()

    def finish(self, sign: Sign) -> tuple["AwaitingSurvivors", MaskedInput]:
        """This node's word for what it streamed.

        Raises:
            ValueError: chunks are left that were not taken.
        """
        if self._done < self._vector.size:
            raise ValueError("the word for a masked input follows its last chunk")
        waiting = self._waiting
        word = MaskedInput(
            roster_hash=waiting.settled.hash,
            country=waiting.me,
            sharers=waiting.sharers,
            vector_hash=Digest(self._hash.digest()),
            noise_commitment=excess.commitment(waiting.settled, waiting.me, waiting.seeds[-1]),
            signature=UNSIGNED,
        )
        return waiting, signed(word, sign)

    def _chunks(self) -> Iterator[bytes]:
        ring_bits = self._waiting.settled.parameters.ring_bits
        for start in range(0, self._vector.size, CHUNK_CELLS):
            words = to_ring(self._vector[start : start + CHUNK_CELLS], ring_bits)
            self._masking.apply(words)
            chunk = words.tobytes()
            self._hash.update(chunk)
            self._done += words.size
            yield chunk


@dataclass(frozen=True, slots=True)
class AwaitingSurvivors:
    """This node sent its masked input, and waits to hear who else did."""

    settled: SettledRoster
    me: CountryCode
    sharers: frozenset[CountryCode]
    held: Mapping[CountryCode, HeldShares] = field(repr=False)
    seeds: tuple[bytes, ...] = field(repr=False)

    def on_survivors(
        self, announced: SurvivorSet, sign: Sign
    ) -> tuple["Signed", SurvivorSignature]:
        """Give this node's one word on who survived.

        Raises:
            OtherRosterError: the set belongs to another attempt.
            OtherSharersError: the input was masked for others.
            UnknownSurvivorError: somebody is named who never shared.
            NotIncludedError: this node is not named.
            TooFewSurvivorsError: too few are left for the noise, the threshold or the charter.
        """
        if announced.roster_hash != self.settled.hash:
            raise OtherRosterError("survivor set", "the coordinator")
        if announced.sharers != self.sharers:
            raise OtherSharersError("survivor set")
        for unknown in sorted(announced.survivors - self.sharers):
            raise UnknownSurvivorError(unknown)
        if self.me not in announced.survivors:
            raise NotIncludedError
        needed = self.settled.parameters.needed
        if len(announced.survivors) < needed:
            raise TooFewSurvivorsError(left=len(announced.survivors), needed=needed)
        signature = SurvivorSignature(self.me, sign(announced.to_sign()))
        seed = excess.to_reveal(self.settled, self.seeds, len(announced.survivors))
        return Signed(self.settled, self.me, announced, signature, self.held, seed), signature


@dataclass(frozen=True, slots=True)
class Signed:
    """This node gave its word. There is no transition out of here to another set.

    Attributes:
        excess_seed: of the noise that is superfluous with this set; empty where none is.
    """

    settled: SettledRoster
    me: CountryCode
    word: SurvivorSet
    signature: SurvivorSignature
    held: Mapping[CountryCode, HeldShares] = field(repr=False)
    excess_seed: bytes = field(repr=False)

    def on_survivors(self, announced: SurvivorSet) -> tuple["Signed", SurvivorSignature]:
        """Give the same word again for the same set; refuse another.

        Raises:
            ConflictingSurvivorsError: it is another set.
        """
        if announced != self.word:
            raise ConflictingSurvivorsError
        return self, self.signature

    def on_unmask_request(
        self,
        request: UnmaskRequest,
        *,
        keys: Mapping[CountryCode, PublicKey],
        verify: Verify,
        sign: Sign,
    ) -> tuple["Done", Unmask]:
        """Reveal for each sharer the one share that the signed set calls for, and the one seed.

        1. Each signature is of another survivor, and valid over exactly what this node signed.
        2. There are at least t of them.

        Which share is revealed, and which seed of this node's noise, follows from the set that it
        signed itself; no message can ask for another, so never both shares of one peer, and never
        noise that fewer survivors would need.

        Raises:
            RepeatedWordError, SignerNotSurvivorError, BadSignatureError: rule 1.
            TooFewSignaturesError: rule 2.
        """
        text = self.word.to_sign()
        signers: set[CountryCode] = set()
        for word in request.signatures:
            if word.country in signers:
                raise RepeatedWordError("survivor signature", word.country)
            if word.country not in self.word.survivors:
                raise SignerNotSurvivorError(word.country)
            if not verify(keys[word.country], text, word.signature):
                raise BadSignatureError("survivor signature", word.country)
            signers.add(word.country)
        threshold = self.settled.parameters.threshold
        if len(signers) < threshold:
            raise TooFewSignaturesError(left=len(signers), needed=threshold)
        unmask = Unmask(
            roster_hash=self.settled.hash,
            country=self.me,
            revealed=tuple(
                reveal(dealer, kind_to_reveal(dealer, self.word), self.held[dealer])
                for dealer in sorted(self.word.sharers)
            ),
            excess_seed=self.excess_seed,
            signature=UNSIGNED,
        )
        return Done(), signed(unmask, sign)


@dataclass(frozen=True, slots=True)
class Done:
    """This node revealed its shares. It holds no secret any more and says nothing more."""
