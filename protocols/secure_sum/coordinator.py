"""The coordinator's side of one attempt: a class per round, a method per message.

    CollectingAcceptances ─close─▶ CollectingShares ─close─▶ CollectingOpened ─close─▶
    CollectingInputs ─close─▶ CollectingSignatures ─close─▶ CollectingUnmask ─close─▶ Unmasked

Each `on_…` takes one node's word and gives the round with that word in it; a word that does not
hold raises, and the round is as it was. Hearing the same word again changes nothing; hearing
another of the same node in the same round is refused. `missing` says whom the round waits for.

`close` ends a round: call it when nobody is missing, or at the deadline. It gives the next round
and what to send now; whoever is missing has dropped out. With too few left it raises a
`TooFewLeftError` that names the missing, and the attempt is over.

Nothing here protects the nodes' data; they do that themselves, whatever this side says. What is
checked here is checked so that one bad node costs the region no answer, and is named.

Dealings are the exception to checking at once: there are r² of them and each recipient checks its
own. Here their signatures are verified where a recipient complains. A recipient who did not
complain said that it opened a dealing of that hash, and is held to it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from corridor.errors.secure_sum import (
    BadDealerError,
    BadPeerKeyError,
    BadSignatureError,
    ContradictoryOpenedError,
    IncompleteSharesError,
    LyingResponderError,
    OtherRosterError,
    OtherSharersError,
    OtherVectorError,
    RepeatedKeyError,
    RepeatedWordError,
    TooFewParticipantsError,
    TooFewSharersError,
    TooFewSharesError,
    TooFewSignaturesError,
    TooFewSurvivorsError,
    UnexpectedSenderError,
    WrongNoiseSeedError,
    WrongRevealError,
)
from corridor.ids import CountryCode, Digest, PublicKey
from corridor.protocols import canonical
from corridor.protocols.masks import Words, apply, from_ring, left_in_sum, to_ring
from corridor.protocols.secure_sum import excess, pair_keys
from corridor.protocols.secure_sum.excess import Measurement
from corridor.protocols.secure_sum.messages import (
    Acceptance,
    AttemptParameters,
    Dealing,
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
)
from corridor.protocols.secure_sum.roster import (
    FEWEST_PARTICIPANTS,
    ParametersFor,
    SettledRoster,
    settle,
    verify_acceptance,
)
from corridor.protocols.secure_sum.sharing import commitment, first_misfit, kind_to_reveal
from corridor.protocols.shamir import Interpolation
from corridor.protocols.suite import Suite, Verify

Keys = Mapping[CountryCode, PublicKey]
"""Signing keys by the charter."""

Word = TypeVar("Word", Acceptance, Shares, Opened, MaskedInput, SurvivorSignature, Unmask)

Pair = tuple[CountryCode, CountryCode]
"""A sharer that dropped out, and a survivor."""


@dataclass(frozen=True, slots=True)
class CollectingAcceptances:
    """The proposal is out.

    Attributes:
        invited: members to whom it was sent, with their signing keys.
    """

    header: ProposalHeader
    invited: Keys
    heard: Mapping[CountryCode, Acceptance] = field(default_factory=dict)

    @property
    def missing(self) -> frozenset[CountryCode]:
        """Who has not accepted; those who refused are among them."""
        return frozenset(self.invited) - frozenset(self.heard)

    def on_acceptance(
        self, acceptance: Acceptance, *, verify: Verify, suite: Suite
    ) -> "CollectingAcceptances":
        """Take one member in, with keys that nobody else showed and that can be sealed to.

        Raises:
            UnexpectedSenderError: it was not invited.
            RepeatedWordError: it accepted before, with other words.
            RepeatedKeyError, BadPeerKeyError: its ephemeral keys.
            RefusedError: what `verify_acceptance` raises.
        """
        country = acceptance.country
        if not _is_new("acceptance", country, acceptance, self.invited, self.heard):
            return self
        verify_acceptance(acceptance, self.header, keys=self.invited, verify=verify, suite=suite)
        seen = {key for one in self.heard.values() for key in (one.envelope_key, one.mask_key)}
        own = _ephemeral_keys(acceptance)
        if len(set(own)) < len(own) or not seen.isdisjoint(own):
            raise RepeatedKeyError(country)
        for key in own:
            try:
                suite.verify_key(key)
            except BadPeerKeyError as error:
                raise BadPeerKeyError(country) from error
        return replace(self, heard={**self.heard, country: acceptance})

    def close(self, parameters_for: ParametersFor) -> tuple["CollectingShares", Roster]:
        """Settle the roster; send it to its members.

        Raises:
            TooFewParticipantsError: fewer than the charter wants; names who is missing.
            RefusedError: what `settle` and `parameters_for` raise.
        """
        if len(self.heard) < FEWEST_PARTICIPANTS:
            raise TooFewParticipantsError(
                left=len(self.heard), needed=FEWEST_PARTICIPANTS, missing=self.missing
            )
        roster = Roster(tuple(self.heard[country] for country in sorted(self.heard)))
        try:
            settled = settle(self.header, roster, parameters_for)
        except TooFewParticipantsError as error:
            raise TooFewParticipantsError(
                left=error.left, needed=error.needed, missing=self.missing
            ) from error
        keys = {country: self.invited[country] for country in roster.countries}
        return CollectingShares(settled, keys), roster


@dataclass(frozen=True, slots=True)
class CollectingShares:
    """The roster is out.

    Attributes:
        keys: signing keys of the roster's members.
    """

    settled: SettledRoster
    keys: Keys
    heard: Mapping[CountryCode, Shares] = field(default_factory=dict)

    @property
    def parameters(self) -> AttemptParameters:
        """The numbers of the attempt."""
        return self.settled.parameters

    @property
    def missing(self) -> frozenset[CountryCode]:
        """Who has not shared."""
        return frozenset(self.keys) - frozenset(self.heard)

    def on_shares(self, shares: Shares) -> "CollectingShares":
        """Take one member's dealings: one for each member of the roster, of one commitment.

        Raises:
            UnexpectedSenderError, RepeatedWordError: not in the roster, or heard before.
            OtherRosterError: a dealing belongs to another roster.
            IncompleteSharesError: not one dealing for each, not all of this dealer, or not a pair
                key for exactly the members above it.
        """
        dealer = shares.dealer
        if not _is_new("shares", dealer, shares, self.keys, self.heard):
            return self
        for dealing in shares.dealings:
            if dealing.roster_hash != self.settled.hash:
                raise OtherRosterError("dealing", dealer)
        if [dealing.recipient for dealing in shares.dealings] != list(self.settled.countries):
            raise IncompleteSharesError(
                dealer, "they are not one for each member of the roster, sorted"
            )
        if {dealing.dealer for dealing in shares.dealings} != {dealer}:
            raise IncompleteSharesError(dealer, "some are another dealer's")
        if len({dealing.commitment for dealing in shares.dealings}) > 1:
            raise IncompleteSharesError(dealer, "they commit to more than one seed")
        for dealing in shares.dealings:
            if (dealing.pair_key is not None) != pair_keys.has_pair_key(dealer, dealing.recipient):
                raise IncompleteSharesError(
                    dealer, "they do not hold a pair key for exactly the members above it"
                )
        return replace(self, heard={**self.heard, dealer: shares})

    def close(
        self,
    ) -> tuple["CollectingOpened", Mapping[CountryCode, tuple[Dealing, ...]]]:
        """Give each sharer the dealings to it, sorted by dealer, its own among them.

        Raises:
            TooFewSharersError: fewer shared than needed; names who is missing.
        """
        needed = self.parameters.needed
        if len(self.heard) < needed:
            raise TooFewSharersError(left=len(self.heard), needed=needed, missing=self.missing)
        dealers = sorted(self.heard)
        dealt = {
            recipient: tuple(self.heard[dealer].dealings[place] for dealer in dealers)
            for place, recipient in enumerate(self.settled.countries)
            if recipient in self.heard
        }
        keys = {country: self.keys[country] for country in dealers}
        return CollectingOpened(self.settled, keys, self.heard), dealt


@dataclass(frozen=True, slots=True)
class CollectingOpened:
    """The dealings are out.

    Attributes:
        keys: signing keys of those who shared.
        shares: what they dealt.
    """

    settled: SettledRoster
    keys: Keys
    shares: Mapping[CountryCode, Shares]
    heard: Mapping[CountryCode, Opened] = field(default_factory=dict)

    @property
    def parameters(self) -> AttemptParameters:
        """The numbers of the attempt."""
        return self.settled.parameters

    @property
    def missing(self) -> frozenset[CountryCode]:
        """Who shared and has not said whose envelopes opened."""
        return frozenset(self.keys) - frozenset(self.heard)

    def on_opened(self, word: Opened, *, verify: Verify) -> "CollectingOpened":
        """Take one sharer's list.

        Raises:
            UnexpectedSenderError, RepeatedWordError: not a sharer, or heard before.
            OtherRosterError, BadSignatureError: not its word under this roster.
            ContradictoryOpenedError: the list contradicts itself.
        """
        country = word.country
        if not _is_new("opened list", country, word, self.keys, self.heard):
            return self
        if word.roster_hash != self.settled.hash:
            raise OtherRosterError("opened list", country)
        if country not in word.opened or word.opened & word.complaints:
            raise ContradictoryOpenedError(country)
        _demand_signed("opened list", word, self.keys, verify)
        return replace(self, heard={**self.heard, country: word})

    def close(
        self, *, verify: Verify, witnesses: Sequence[WitnessWord] = ()
    ) -> tuple["CollectingInputs", Sharers]:
        """Choose sharers who all opened each other's envelopes, and announce them.

        `witnesses` are words of members outside the roster, whose signatures were checked.

        Raises:
            TooFewSharersError: fewer can go on than needed; names who is missing or left out.
        """
        chosen = self._mutually_opened(verify)
        needed = self.parameters.needed
        if len(chosen) < needed:
            left_out = frozenset(self.settled.countries) - chosen
            raise TooFewSharersError(left=len(chosen), needed=needed, missing=left_out)
        sharers = Sharers(
            tuple(self.heard[country] for country in sorted(chosen)),
            tuple(sorted(witnesses, key=lambda word: word.witness)),
        )
        keys = {country: self.keys[country] for country in sorted(chosen)}
        return CollectingInputs(self.settled, keys, self.shares, sharers), sharers

    def _mutually_opened(self, verify: Verify) -> frozenset[CountryCode]:
        """Leave out one after the other whoever stands in most unopened pairs.

        Finding the largest set is a clique problem; this finds it where one liar or one bad
        dealer faces honest others. Of a pair in dispute, a dealer whose signature does not hold
        is at fault; else neither can be convicted, and the roster's hash says which goes: by name,
        a member could keep the same other one out of every answer.
        """
        left = {country for country in self.heard if not self._dealt_forged(country, verify)}
        while True:
            pairs = [
                (one, other)
                for one in sorted(left)
                for other in sorted(left - self.heard[one].opened)
            ]
            if not pairs:
                return frozenset(left)
            left.remove(_most_disputed(pairs, self.settled.hash))

    def _dealt_forged(self, dealer: CountryCode, verify: Verify) -> bool:
        """Whether somebody complained of a dealing whose signature is not the dealer's."""
        return any(
            not verify(self.keys[dealer], dealing.to_sign(), dealing.signature)
            for dealing in self.shares[dealer].dealings
            if dealing.recipient in self.heard
            and dealer in self.heard[dealing.recipient].complaints
        )


@dataclass(frozen=True, slots=True)
class CollectingInputs:
    """The sharers are announced; their vectors stream in.

    The vectors themselves go by: the caller spools a node's chunks, and adds them to the one
    total when `on_masked_input` has accepted that node's word for them.

    Attributes:
        keys: signing keys of the sharers.
    """

    settled: SettledRoster
    keys: Keys
    shares: Mapping[CountryCode, Shares]
    sharers: Sharers
    heard: Mapping[CountryCode, MaskedInput] = field(default_factory=dict)

    @property
    def parameters(self) -> AttemptParameters:
        """The numbers of the attempt."""
        return self.settled.parameters

    @property
    def vector_bytes(self) -> int:
        """How long every masked vector is."""
        return self.parameters.cells * self.parameters.ring_bits // 8

    @property
    def missing(self) -> frozenset[CountryCode]:
        """Whose masked input is not in the sum yet."""
        return frozenset(self.keys) - frozenset(self.heard)

    def on_masked_input(
        self, word: MaskedInput, spooled: Digest, *, verify: Verify
    ) -> "CollectingInputs":
        """Take one sharer's word for the vector that was spooled; add it to the total after this.

        Args:
            word: what the node says.
            spooled: SHA-256 of the chunks that arrived, `vector_bytes` long together.
            verify: checks its signature.

        Raises:
            UnexpectedSenderError, RepeatedWordError: not a sharer, or heard before.
            OtherRosterError, OtherSharersError, BadSignatureError: not its word for this sum.
            OtherVectorError: what arrived is not what was signed.
        """
        country = word.country
        if not _is_new("masked input", country, word, self.keys, self.heard):
            return self
        if word.roster_hash != self.settled.hash:
            raise OtherRosterError("masked input", country)
        if word.sharers != self.sharers.countries:
            raise OtherSharersError(f"masked input of {country}")
        _demand_signed("masked input", word, self.keys, verify)
        if word.vector_hash != spooled:
            raise OtherVectorError(country)
        return replace(self, heard={**self.heard, country: word})

    def close(self) -> tuple["CollectingSignatures", SurvivorSet]:
        """Announce who survived: whose input is in the total, and nobody else's.

        Raises:
            TooFewSurvivorsError: fewer than needed; names who is missing.
        """
        needed = self.parameters.needed
        if len(self.heard) < needed:
            raise TooFewSurvivorsError(left=len(self.heard), needed=needed, missing=self.missing)
        survivors = SurvivorSet(self.settled.hash, self.sharers.countries, frozenset(self.heard))
        keys = {country: self.keys[country] for country in sorted(self.heard)}
        signing = CollectingSignatures(
            self.settled, keys, self.shares, self.sharers, self.heard, survivors
        )
        return signing, survivors


@dataclass(frozen=True, slots=True)
class CollectingSignatures:
    """The survivors are announced.

    Attributes:
        keys: signing keys of the survivors.
        inputs: their words for their vectors.
    """

    settled: SettledRoster
    keys: Keys
    shares: Mapping[CountryCode, Shares]
    sharers: Sharers
    inputs: Mapping[CountryCode, MaskedInput]
    survivors: SurvivorSet
    heard: Mapping[CountryCode, SurvivorSignature] = field(default_factory=dict)

    @property
    def parameters(self) -> AttemptParameters:
        """The numbers of the attempt."""
        return self.settled.parameters

    @property
    def missing(self) -> frozenset[CountryCode]:
        """Who survived and has not signed."""
        return frozenset(self.keys) - frozenset(self.heard)

    def on_signature(self, word: SurvivorSignature, *, verify: Verify) -> "CollectingSignatures":
        """Take one survivor's signature.

        Raises:
            UnexpectedSenderError, RepeatedWordError: not a survivor, or heard before.
            BadSignatureError: it is not over the set that was announced.
        """
        country = word.country
        if not _is_new("survivor signature", country, word, self.keys, self.heard):
            return self
        if not verify(self.keys[country], _text_of(self.survivors), word.signature):
            raise BadSignatureError("survivor signature", country)
        return replace(self, heard={**self.heard, country: word})

    def close(self) -> tuple["CollectingUnmask", UnmaskRequest]:
        """Show all survivors the signatures, and ask for their shares.

        Raises:
            TooFewSignaturesError: fewer signed than the threshold; names who is missing.
        """
        threshold = self.parameters.threshold
        if len(self.heard) < threshold:
            raise TooFewSignaturesError(
                left=len(self.heard), needed=threshold, missing=self.missing
            )
        request = UnmaskRequest(tuple(self.heard[country] for country in sorted(self.heard)))
        unmasking = CollectingUnmask(
            self.settled,
            self.keys,
            self.shares,
            self.sharers,
            self.inputs,
            self.survivors,
            request.signatures,
        )
        return unmasking, request


@dataclass(frozen=True, slots=True)
class CollectingUnmask:
    """The survivors were asked for their shares.

    Attributes:
        signatures: at least t, over `survivors`.
    """

    settled: SettledRoster
    keys: Keys
    shares: Mapping[CountryCode, Shares]
    sharers: Sharers
    inputs: Mapping[CountryCode, MaskedInput]
    survivors: SurvivorSet
    signatures: tuple[SurvivorSignature, ...]
    heard: Mapping[CountryCode, Unmask] = field(default_factory=dict, repr=False)

    @property
    def parameters(self) -> AttemptParameters:
        """The numbers of the attempt."""
        return self.settled.parameters

    @property
    def missing(self) -> frozenset[CountryCode]:
        """Who survived and has not revealed its shares."""
        return frozenset(self.keys) - frozenset(self.heard)

    @property
    def is_enough(self) -> bool:
        """Whether the round could be closed now: the threshold is reached."""
        return len(self.heard) >= self.parameters.threshold

    @property
    def reduced(self) -> frozenset[CountryCode]:
        """Whose superfluous noise comes off the sum: who revealed the seed of it."""
        return frozenset(country for country, word in self.heard.items() if word.excess_seed)

    def on_unmask(self, unmask: Unmask, *, verify: Verify, suite: Suite) -> "CollectingUnmask":
        """Take one survivor's shares: for each sharer the one called for, as it was dealt.

        Raises:
            UnexpectedSenderError, RepeatedWordError: not a survivor, or heard before.
            OtherRosterError, BadSignatureError: not its word under this roster.
            WrongRevealError: not one share of the right kind for each sharer.
            LyingResponderError: a share is not the one dealt to it; names it.
            WrongNoiseSeedError: the seed is not the one that it committed to; names it.
        """
        country = unmask.country
        if not _is_new("revealed shares", country, unmask, self.keys, self.heard):
            return self
        if unmask.roster_hash != self.settled.hash:
            raise OtherRosterError("revealed shares", country)
        _demand_signed("revealed shares", unmask, self.keys, verify)
        called_for = _called_for(self.survivors)
        if [(share.dealer, share.kind) for share in unmask.revealed] != list(called_for):
            raise WrongRevealError(
                country, "they are not, for each sharer, the one that the survivor set calls for"
            )
        place = self.settled.point(country) - 1
        dealings = [self.shares[share.dealer].dealings[place] for share in unmask.revealed]
        lie = first_misfit(dealings, unmask.revealed)
        if lie is not None:
            raise LyingResponderError(country, lie.dealer)
        if not excess.fits(
            self.settled,
            country,
            unmask.excess_seed,
            survivors=len(self.survivors.survivors),
            committed=self.inputs[country].noise_commitment,
            suite=suite,
        ):
            raise WrongNoiseSeedError(country)
        return replace(self, heard={**self.heard, country: unmask})

    def close(self, *, suite: Suite) -> "Unmasked":
        """Put seeds and pair keys together, each checked against what its dealer committed to.

        Raises:
            TooFewSharesError: fewer revealed shares than the threshold; names who is missing.
            BadDealerError: shares that were dealt so give another seed, or a pair key is not the
                one that was dealt; names the dealers. The attempt is over.
        """
        threshold = self.parameters.threshold
        if len(self.heard) < threshold:
            raise TooFewSharesError(left=len(self.heard), needed=threshold, missing=self.missing)
        responders = sorted(self.heard)[:threshold]
        row = Interpolation.at_zero([self.settled.point(country) for country in responders])
        by_dealer = zip(*(self.heard[country].revealed for country in responders), strict=True)
        seeds: dict[CountryCode, bytes] = {}
        bad: list[CountryCode] = []
        for shares in by_dealer:
            dealer = shares[0].dealer
            seed = row.secret([share.share for share in shares])
            if seed is None or not self._is_committed(dealer, seed, suite):
                bad.append(dealer)
            else:
                seeds[dealer] = seed
        if bad:
            raise BadDealerError(bad)
        return Unmasked(self, seeds, self._pair_keys(seeds, suite))

    def _is_committed(self, dealer: CountryCode, seed: bytes, suite: Suite) -> bool:
        """Whether this is the seed that the dealer committed to, or whose key it showed."""
        match kind_to_reveal(dealer, self.survivors):
            case ShareKind.SELF_MASK:
                committed = self.shares[dealer].dealings[0].commitment
                return commitment(self.settled.hash, dealer, seed) == committed
            case ShareKind.MASK_KEY:
                return suite.opening_key(seed).public == self.settled.acceptances[dealer].mask_key

    def _pair_keys(self, seeds: Mapping[CountryCode, bytes], suite: Suite) -> Mapping[Pair, bytes]:
        """The key of every pair of a dropped sharer and a survivor, from the former's mask seed.

        1. Above the dropped sharer: its seed derives the key. It convicts its owner if that is not
           the key that it committed to.
        2. Below: its seed opens the survivor's box. If that holds no key that was committed to,
           the survivor dealt it so, and the dropped sharer said that it opened.

        Raises:
            BadDealerError: a key of rule 1 or 2 does not hold; names them.
        """
        keys: dict[Pair, bytes] = {}
        bad: set[CountryCode] = set()
        for dropped in sorted(self.survivors.sharers - self.survivors.survivors):
            mask_key = suite.opening_key(seeds[dropped])
            for survivor in sorted(self.survivors.survivors):
                if pair_keys.has_pair_key(dropped, survivor):
                    key = pair_keys.derive(
                        self.settled.hash, dropped, survivor, seeds[dropped], suite
                    )
                    if pair_keys.fits(self._dealing(dropped, survivor), key):
                        keys[dropped, survivor] = key
                    else:
                        bad.add(dropped)
                else:
                    found = pair_keys.opened(self._dealing(survivor, dropped), mask_key)
                    if found is None:
                        bad |= {dropped, survivor}
                    else:
                        keys[dropped, survivor] = found
        if bad:
            raise BadDealerError(bad)
        return keys

    def _dealing(self, dealer: CountryCode, recipient: CountryCode) -> Dealing:
        return self.shares[dealer].dealings[self.settled.point(recipient) - 1]


@dataclass(frozen=True, slots=True)
class Unmasked:
    """Everything that takes the masks off the sum.

    Attributes:
        words: what everybody said, for the receipts.
        seeds: of each survivor the self-mask seed, of each other sharer the mask seed.
        pair_keys: of each other sharer with each survivor.
    """

    words: CollectingUnmask
    seeds: Mapping[CountryCode, bytes] = field(repr=False)
    pair_keys: Mapping[Pair, bytes] = field(repr=False)

    def remove_masks(self, total: Words, *, suite: Suite) -> None:
        """Take the masks off the sum of the survivors' vectors, in place.

        Raises:
            ValueError: the total is not `cells` words of the ring.
        """
        parameters = self.words.parameters
        if total.shape != (parameters.cells,) or total.itemsize * 8 != parameters.ring_bits:
            raise ValueError(
                f"the total has {parameters.cells} words of {parameters.ring_bits} bits"
            )
        survivors = self.words.survivors.survivors
        apply(
            left_in_sum(
                self.words.settled.hash,
                self_mask_seeds={c: s for c, s in self.seeds.items() if c in survivors},
                pair_keys=self.pair_keys,
                suite=suite,
            ),
            total,
            suite,
        )

    def excess_noise(
        self, measurement: Measurement | None = None, *, draw: excess.Draw, suite: Suite
    ) -> npt.NDArray[np.int64]:
        """What was sent of noise that is superfluous: to be subtracted from the sum.

        Args:
            measurement: of the plan; None if every cell is sent as it is.
            draw: the sampler.
            suite: expands seeds.
        """
        words = self.words
        noise = excess.excess_noise(
            words.settled,
            {country: words.heard[country].excess_seed for country in words.reduced},
            len(words.survivors.survivors),
            cells=words.parameters.cells if measurement is None else measurement.cells,
            draw=draw,
            suite=suite,
        )
        return noise if measurement is None else measurement.sent(noise)

    def remove_excess(
        self,
        total: Words,
        measurement: Measurement | None = None,
        *,
        draw: excess.Draw,
        suite: Suite,
    ) -> None:
        """Take the superfluous noise off the unmasked sum, in place; see `excess_noise`."""
        if not self.words.reduced:
            return
        noise = self.excess_noise(measurement, draw=draw, suite=suite)
        total -= to_ring(noise, self.words.parameters.ring_bits)


def decode(total: Words) -> npt.NDArray[np.int64]:
    """The signed whole numbers that an unmasked total stands for, still scaled by 2ᵏ."""
    return from_ring(total)


@lru_cache(maxsize=1)
def _text_of(survivors: SurvivorSet) -> bytes:
    """What every survivor signs: the same for all of them, so made once."""
    return survivors.to_sign()


@lru_cache(maxsize=1)
def _called_for(survivors: SurvivorSet) -> tuple[tuple[CountryCode, ShareKind], ...]:
    """Of whom which share is revealed: the same for every survivor, so made once."""
    dealers = sorted(survivors.sharers)
    return tuple((dealer, kind_to_reveal(dealer, survivors)) for dealer in dealers)


def _most_disputed(pairs: Sequence[Pair], roster_hash: Digest) -> CountryCode:
    """Who stands in most of these pairs; of several, one that nobody could choose beforehand."""
    involved = Counter(country for pair in pairs for country in set(pair))

    def rank(country: CountryCode) -> tuple[int, Digest]:
        return involved[country], canonical.digest(
            "corridor dispute", roster_hash, country.encode()
        )

    return max(involved, key=rank)


def _ephemeral_keys(acceptance: Acceptance) -> tuple[bytes, bytes]:
    return acceptance.envelope_key, acceptance.mask_key


def _is_new(
    what: str,
    country: CountryCode,
    word: Word,
    expected: Keys,
    heard: Mapping[CountryCode, Word],
) -> bool:
    """Whether this word of an expected sender is still to be taken; False for a repetition."""
    if country not in expected:
        raise UnexpectedSenderError(what, country)
    if country not in heard:
        return True
    if heard[country] != word:
        raise RepeatedWordError(what, country)
    return False


def _demand_signed(
    what: str, word: Opened | MaskedInput | Unmask, keys: Keys, verify: Verify
) -> None:
    if not verify(keys[word.country], word.to_sign(), word.signature):
        raise BadSignatureError(what, word.country)
