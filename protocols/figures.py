"""Figures of single countries, side by side: as many attempts of one node as nodes are willing.

    round     coordinator → node              node → coordinator
    propose   Proposal, of scope per-country  Acceptance (or a coded refusal)
              WitnessRequest, to all members  WitnessWord
    figure    FigureRequest                   the vector, in chunks; Figure at its end

    node         accept ─▶ Accepted ─on_request─▶ Ready ─answer─▶ Answered
    coordinator  CollectingAcceptances ─begin─▶ CollectingFigures ─close─▶ the figures

There is no secure sum: each node adds the whole noise by itself, as if it were alone (h = 1, nobody
else's noise is counted on), and what it says may be read by anybody. So a node needs nothing of the
others but that enough of them hold its ledger, before it debits as for a sum.

One header, one roster and one roster hash are common to all, and in every signature. A figure is
its country's own word: the coordinator can leave it out, and cannot change it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from corridor.errors.figures import NoCountryAnsweredError
from corridor.errors.secure_sum import (
    BadSignatureError,
    OtherDebitError,
    OtherRosterError,
    OtherVectorError,
    OwnWordAlteredError,
    RepeatedWordError,
    TooFewWitnessesError,
    UnexpectedSenderError,
)
from corridor.ids import CountryCode, Digest, PublicKey, Signature
from corridor.protocols import canonical
from corridor.protocols.secure_sum.excess import Draw
from corridor.protocols.secure_sum.messages import (
    UNSIGNED,
    Acceptance,
    AttemptParameters,
    ProposalHeader,
    Roster,
    WitnessWord,
)
from corridor.protocols.secure_sum.node import Debit
from corridor.protocols.secure_sum.roster import SettledRoster, who_holds
from corridor.protocols.suite import RandomBytes, Sign, Suite, Verify

WORD_BYTES = 8
"""A figure's entries travel as signed little-endian words of 64 bits."""


@dataclass(frozen=True, slots=True)
class FigureRequest:
    """Each member of the roster is asked for its own figure.

    Attributes:
        witnesses: words of members of the charter about the ledgers in the roster, by witness.
    """

    roster: Roster
    witnesses: tuple[WitnessWord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A country's word for the figure that it streamed.

    Attributes:
        vector_hash: SHA-256 of the whole vector's little-endian bytes.
    """

    roster_hash: Digest
    country: CountryCode
    vector_hash: Digest
    signature: Signature

    def to_sign(self) -> bytes:
        """The word without its signature."""
        return canonical.digest(
            "corridor figure of a country",
            self.roster_hash,
            self.country.encode(),
            self.vector_hash,
        )


def settle(header: ProposalHeader, roster: Roster, parameters: AttemptParameters) -> SettledRoster:
    """Roster and hash under the numbers of one node alone.

    Raises:
        NoCountryAnsweredError: nobody is in the roster.
        ValueError: the numbers count on somebody else's noise; a bug of ours.
    """
    if not roster.acceptances:
        raise NoCountryAnsweredError
    alone = (parameters.roster_size, parameters.honest_shares, parameters.dropouts) == (1, 1, 0)
    if not alone or len(parameters.levels) != 1:
        raise ValueError("a country's figure has all of its noise from that country alone")
    return SettledRoster(header, roster, parameters, roster.hash(header, parameters))


def to_bytes(vector: npt.NDArray[np.int64]) -> bytes:
    """A figure as it travels."""
    return vector.astype("<i8").tobytes()


def from_bytes(raw: bytes) -> npt.NDArray[np.int64]:
    """The figure that these bytes are."""
    return np.frombuffer(raw, dtype="<i8").astype(np.int64)


# ---------------------------------------------------------------- the node's side


@dataclass(frozen=True, slots=True)
class Accepted:
    """This node takes part, and waits to be asked for its figure.

    Attributes:
        parameters: its own computation.
    """

    header: ProposalHeader
    acceptance: Acceptance
    parameters: AttemptParameters

    def on_request(
        self,
        request: FigureRequest,
        *,
        keys: Mapping[CountryCode, PublicKey],
        verify: Verify,
        quorum: int,
    ) -> "Ready":
        """Check that this node is in the roster and that its ledger is held.

        1. Its acceptance is in the roster, word for word.
        2. At least `quorum` other members of the charter hold its ledger as it stated it.

        Of the others' acceptances it believes and needs nothing.

        Raises:
            OwnWordAlteredError: rule 1.
            UnknownMemberError, RepeatedWordError, OtherRosterError, BadSignatureError: a word of a
                witness that does not hold.
            TooFewWitnessesError: rule 2.
        """
        me = self.acceptance.country
        if self.acceptance not in request.roster.acceptances:
            raise OwnWordAlteredError("request for a figure: acceptance")
        settled = settle(self.header, request.roster, self.parameters)
        # Its own word about itself is none.
        words = [word for word in request.witnesses if word.witness != me]
        found = who_holds(settled, me, words, keys=keys, verify=verify, counted=frozenset({me}))
        if len(found) < quorum:
            raise TooFewWitnessesError(found=len(found), needed=quorum)
        return Ready(settled, me)


@dataclass(frozen=True, slots=True)
class Ready:
    """This node may debit. Nothing of the data has been looked at."""

    settled: SettledRoster
    me: CountryCode

    @property
    def parameters(self) -> AttemptParameters:
        """The numbers of the attempt: how long the vector is, and how much noise belongs to it."""
        return self.settled.parameters

    def noise(
        self,
        cells: int,
        *,
        draw: Draw,
        suite: Suite,  # noqa: ARG002 - as of a sum, where what can be taken off is sealed by it
        random_bytes: RandomBytes,
    ) -> npt.NDArray[np.int64]:
        """The whole noise of this figure, over so many cells; nothing of it can be taken off."""
        return draw(self.parameters.share_variance, cells, random_bytes)

    def answer(
        self, vector: npt.NDArray[np.int64], debit: Debit, sign: Sign
    ) -> tuple["Answered", bytes, Figure]:
        """The figure x·2ᵏ + noise as bytes, and this node's word for them.

        Raises:
            OtherDebitError: the debit is not this attempt's.
            ValueError: the vector is not `cells` values of int64.
        """
        header = self.settled.header
        if debit.session != header.session or debit.rho != header.rho:
            raise OtherDebitError
        if vector.dtype != np.int64 or vector.shape != (self.parameters.cells,):
            raise ValueError(f"a figure has {self.parameters.cells} values of int64")
        raw = to_bytes(vector)
        word = Figure(
            roster_hash=self.settled.hash,
            country=self.me,
            vector_hash=Digest(hashlib.sha256(raw).digest()),
            signature=UNSIGNED,
        )
        return Answered(self.settled), raw, replace(word, signature=sign(word.to_sign()))


@dataclass(frozen=True, slots=True)
class Answered:
    """This node gave its figure, and says nothing more."""

    settled: SettledRoster


# ---------------------------------------------------------------- the coordinator's side


@dataclass(frozen=True, slots=True)
class CollectingFigures:
    """Everybody in the roster was asked, or is about to be.

    Attributes:
        keys: signing keys by the charter.
        heard: whose figure came, with its word.
    """

    settled: SettledRoster
    keys: Mapping[CountryCode, PublicKey]
    heard: Mapping[CountryCode, Figure] = field(default_factory=dict)

    @property
    def parameters(self) -> AttemptParameters:
        """The numbers of the attempt."""
        return self.settled.parameters

    @property
    def vector_bytes(self) -> int:
        """How long a figure is."""
        return self.parameters.cells * WORD_BYTES

    @property
    def missing(self) -> frozenset[CountryCode]:
        """Who has not answered."""
        return frozenset(self.settled.countries) - frozenset(self.heard)

    def on_figure(self, word: Figure, spooled: Digest, *, verify: Verify) -> "CollectingFigures":
        """Take a country's figure, whose bytes arrived and have the digest `spooled`.

        Raises:
            UnexpectedSenderError: it is not in the roster.
            RepeatedWordError: it gave another figure before.
            OtherRosterError, OtherVectorError, BadSignatureError: the word does not hold.
        """
        country = word.country
        if country not in self.settled.countries:
            raise UnexpectedSenderError("figure", country)
        if country in self.heard:
            if self.heard[country] == word:
                return self
            raise RepeatedWordError("figure", country)
        if word.roster_hash != self.settled.hash:
            raise OtherRosterError("figure", country)
        if word.vector_hash != spooled:
            raise OtherVectorError(country)
        if not verify(self.keys[country], word.to_sign(), word.signature):
            raise BadSignatureError("figure", country)
        return replace(self, heard={**self.heard, country: word})

    def close(self) -> Mapping[CountryCode, Figure]:
        """The words of all who answered, sorted by country.

        Raises:
            NoCountryAnsweredError: nobody did.
        """
        if not self.heard:
            raise NoCountryAnsweredError(self.missing)
        return dict(sorted(self.heard.items()))
