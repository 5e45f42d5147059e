"""The public receipt: who took part in what, and the answer, for anybody with the charter.

    make_public_receipt → encode ═══ file ═══ parse_public_receipt → verify_public_receipt

`verify_public_receipt` checks, in this order, and says which claims it checked:

1. The receipt is of this charter.
2. The charter's coordinator proposed the attempt.
3. The question is the one proposed; the verifier compiles it to the plan proposed.
4. Everybody in the roster is a member and accepted this attempt, each at its ledger's word.
5. The numbers of the attempt (r, t, d, noise, ring) are those that charter, plan and ρ give.
6. The sharers all opened each other's envelopes, and are enough.
7. Each survivor signed the hash of its masked input; where noise was taken off as superfluous, it
   is what its node committed to there, and no more than so many survivors make superfluous.
8. At least t members signed exactly this survivor set, and it is large enough for the noise.
9. The coordinator signed this answer, which has the plan's cells.

It does not prove that the answer is the sum of the inputs: that takes the masked inputs, which
only the members' receipt has (`protocols.members_receipts`). When it was published, and who was
named for bad shares, is the coordinator's word alone. That everybody was shown this release and no
other for its session is what the tree is for (`protocols.release_tree`).

The charter to verify with comes from elsewhere. The receipt carries it too, so that somebody who
knows members' fingerprints instead can find it believable: `trusted_charter` demands that at least
t of those who signed the survivor set are known. Each of their nodes accepted the charter, having
confirmed every member's key; so one honest node among them vouches for the others' keys.

The file is one canonical JSON object; `answer` holds the whole numbers as they were summed, still
scaled by 2ᵏ.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from corridor.errors import CorridorError
from corridor.errors.receipts import (
    MalformedReceiptError,
    ReceiptAnswerError,
    ReceiptCharterError,
    ReceiptInputsError,
    ReceiptParametersError,
    ReceiptProposalError,
    ReceiptQuestionError,
    ReceiptRosterError,
    ReceiptSharersError,
    ReceiptSurvivorsError,
    TooFewTrustedError,
    TrustedMemberError,
)
from corridor.ids import CountryCode, Digest, EditionId, SessionId, Signature, is_edition_id
from corridor.protocols import canonical
from corridor.protocols.canonical import Json
from corridor.protocols.cards import Card, Fingerprint, fingerprint
from corridor.protocols.charter import Charter, parse_charter
from corridor.protocols.fields import Fields, decode
from corridor.protocols.secure_sum import excess
from corridor.protocols.secure_sum.coordinator import CollectingUnmask
from corridor.protocols.secure_sum.messages import (
    PROTOCOL_VERSION,
    Acceptance,
    AttemptParameters,
    LedgerStatement,
    MaskedInput,
    NoiseLevel,
    Opened,
    Proposal,
    ProposalHeader,
    Roster,
    Scope,
    Sharers,
    SurvivorSet,
    SurvivorSignature,
)
from corridor.protocols.secure_sum.roster import (
    ParametersFor,
    SettledRoster,
    settle,
    verify_acceptance,
)
from corridor.protocols.suite import Sign, Suite, Verify

FORMAT = "corridor public receipt 1"


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that a receipt was found to prove."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a verifier compiles for itself from a receipt's question and its charter.

    Attributes:
        measurement: what nodes send of cells with noise; None if every cell as it is.
    """

    question: Digest
    plan: Digest
    parameters_for: ParametersFor
    measurement: excess.Measurement | None = None


Compile = Callable[[Proposal], Compiled]
"""Compiles the proposal's question under the charter; may refuse with a CorridorError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicReceipt:
    """Everything that a public receipt says; well-formed, not believed.

    Attributes:
        charter: what the receipt says the charter is.
        inputs: the words of the survivors for their masked inputs, sorted by country.
        excess_seeds: of the noise that was taken off as superfluous, by whose it is.
        answer: the unmasked sum, cell by cell, still scaled by 2ᵏ.
        named: who was caught dealing or revealing bad shares, says the coordinator.
        published_at: seconds since 1970 UTC, says the coordinator.
        signature: the coordinator's, over everything else.
    """

    charter: Charter
    proposal: Proposal
    parameters: AttemptParameters
    roster: Roster
    sharers: Sharers
    inputs: tuple[MaskedInput, ...]
    excess_seeds: Mapping[CountryCode, bytes]
    signatures: tuple[SurvivorSignature, ...]
    answer: tuple[int, ...]
    named: tuple[CountryCode, ...]
    published_at: int
    signature: Signature

    @property
    def survivors(self) -> frozenset[CountryCode]:
        """Whose masked inputs are in the sum."""
        return frozenset(word.country for word in self.inputs)

    @property
    def reduced(self) -> frozenset[CountryCode]:
        """Whose noise was reduced to what so many survivors need."""
        return frozenset(self.excess_seeds)

    def to_sign(self) -> bytes:
        """The receipt without the coordinator's signature."""
        return canonical.digest("corridor public receipt answer", canonical.encode(self._body()))

    def encode(self) -> bytes:
        """The receipt's file."""
        return canonical.encode({**self._body(), "signature": self.signature.hex()})

    def _body(self) -> Mapping[str, Json]:
        return {
            "format": FORMAT,
            **head_to_json(self),
            "opened": [
                {
                    "country": word.country,
                    "opened": sorted(word.opened),
                    "complaints": sorted(word.complaints),
                    "signature": word.signature.hex(),
                }
                for word in self.sharers.opened
            ],
            "inputs": [
                {
                    "country": word.country,
                    "vector_hash": word.vector_hash.hex(),
                    "noise_commitment": word.noise_commitment.hex(),
                    "signature": word.signature.hex(),
                }
                for word in self.inputs
            ],
            "excess_seeds": [
                {"country": country, "seed": seed.hex()}
                for country, seed in sorted(self.excess_seeds.items())
            ],
            "signatures": [
                {"country": word.country, "signature": word.signature.hex()}
                for word in self.signatures
            ],
            "answer": self.answer,
            "named": list(self.named),
            "published_at": self.published_at,
        }


def make_public_receipt(
    proposal: Proposal,
    words: CollectingUnmask,
    answer: npt.NDArray[np.int64],
    sign: Sign,
    *,
    charter: Charter,
    named: Sequence[CountryCode],
    published_at: int,
) -> PublicReceipt:
    """The receipt of an attempt that came to its end, signed by the coordinator.

    Args:
        proposal: what was proposed.
        words: what everybody said.
        answer: the unmasked sum, `cells` values, still scaled.
        sign: with the coordinator's signing key.
        charter: under which it was asked.
        named: who was caught dealing or revealing bad shares.
        published_at: seconds since 1970 UTC.
    """

    def receipt(signature: Signature) -> PublicReceipt:
        return PublicReceipt(
            charter=charter,
            proposal=proposal,
            parameters=words.parameters,
            roster=words.settled.roster,
            sharers=words.sharers,
            inputs=tuple(words.inputs[country] for country in sorted(words.inputs)),
            excess_seeds={one: words.heard[one].excess_seed for one in sorted(words.reduced)},
            signatures=tuple(sorted(words.signatures, key=lambda word: word.country)),
            answer=tuple(answer.tolist()),
            named=tuple(sorted(named)),
            published_at=published_at,
            signature=signature,
        )

    return receipt(sign(receipt(Signature(b"")).to_sign()))


def receipt_session(receipt: bytes) -> SessionId:
    """The session of a receipt that was verified, of either kind."""
    value = canonical.decode(receipt, "receipt")
    header = value["header"] if isinstance(value, Mapping) else None
    if not isinstance(header, Mapping) or not isinstance(session := header["session"], str):
        raise TypeError("a receipt that was verified has a session")
    return SessionId(bytes.fromhex(session))


def receipt_digest(receipt: bytes) -> Digest:
    """What names an encoded public receipt: nodes are told it, and the tree's leaf holds it."""
    return canonical.digest("corridor public receipt", receipt)


# ---------------------------------------------------------------- verifying


def verify_public_receipt(
    receipt: PublicReceipt, charter: Charter, *, compile_: Compile, verify: Verify, suite: Suite
) -> tuple[Claim, ...]:
    """The claims that the receipt proves under a charter that the verifier trusts.

    Raises:
        ReceiptNotProvenError: a claim does not hold; its subclass and number say which.
    """
    compiled = check_question(receipt, charter, compile_, verify, Scope.REGIONAL)
    check_roster(receipt, charter, verify, suite)
    settled = settled_roster(receipt, compiled)
    _check_sharers(receipt, settled, charter, verify)
    _check_survivors(receipt, settled, charter, verify)
    _check_reduced(receipt, settled, suite)
    _check_answer(receipt, settled, charter, verify)
    header, survivors = receipt.proposal.header, receipt.survivors
    return (
        Claim(1, f"It is of version {charter.version} of the charter of {charter.region}."),
        Claim(2, "The charter's coordinator proposed the attempt."),
        Claim(3, "The question is the one proposed, and compiles to the plan proposed."),
        Claim(
            4,
            f"{len(receipt.roster.countries)} members accepted it at ρ = {header.rho}: "
            f"{', '.join(receipt.roster.countries)}.",
        ),
        Claim(
            5,
            f"Its numbers follow from charter, plan and ρ: threshold {settled.parameters.threshold}"
            f", dropouts tolerated {settled.parameters.dropouts}, "
            f"{settled.parameters.honest_shares} honest noise shares counted on.",
        ),
        Claim(6, f"{len(receipt.sharers.opened)} of them opened each other's envelopes."),
        Claim(7, _inputs_claim(receipt)),
        Claim(
            8,
            f"{len(receipt.signatures)} signed this one survivor set: "
            f"{', '.join(sorted(survivors))}.",
        ),
        Claim(9, f"The coordinator signed this answer of {len(receipt.answer)} cells."),
    )


def _inputs_claim(receipt: PublicReceipt) -> str:
    signed = f"The masked inputs of {len(receipt.survivors)} are signed by those who sent them"
    if not receipt.reduced:
        return f"{signed}."
    return (
        f"{signed}; the noise taken off again is what {len(receipt.reduced)} of them committed to, "
        "and what so many survivors make superfluous."
    )


def trusted_charter(
    receipt: PublicReceipt, trusted: Mapping[CountryCode, Fingerprint]
) -> tuple[Charter, frozenset[CountryCode]]:
    """The receipt's own charter, if members vouch for it whose fingerprints the verifier knows.

    That they vouch is not checked here: `verify_public_receipt` with this charter does that. It
    also gives whose signatures of the survivor set the verifier can tell to be theirs.

    Raises:
        TrustedMemberError: the charter has another key of a trusted member; names it.
        TooFewTrustedError: fewer than t of the survivor set's signers are trusted.
    """
    demand_keys_of(trusted, receipt.charter)
    signers = frozenset(word.country for word in receipt.signatures)
    known = signers & frozenset(trusted)
    # Not the receipt's own number: a liar would write 1 there.
    threshold = receipt.charter.threshold(len(receipt.roster.acceptances))
    if len(known) < threshold:
        raise TooFewTrustedError(
            trusted=len(known), threshold=threshold, others=", ".join(sorted(signers - known))
        )
    return receipt.charter, known


def release_id(proposal: Proposal) -> str:
    """What the release of an attempt is called: by the beginning of its session."""
    return proposal.header.session.hex()[:16]


def demand_keys_of(trusted: Mapping[CountryCode, Fingerprint], charter: Charter) -> None:
    """Check that the charter has these members, with the keys that these fingerprints are of.

    Raises:
        TrustedMemberError: it has another key of one, or none; names it.
    """
    cards = {member.country: Card.of(member) for member in charter.members}
    for country in sorted(trusted):
        if country not in cards or fingerprint(cards[country]) != trusted[country]:
            raise TrustedMemberError(country)


def settled_roster(receipt: PublicReceipt, compiled: Compiled) -> SettledRoster:
    """The numbers and the roster hash, computed anew (claim 5).

    Raises:
        ReceiptParametersError: the receipt has others.
    """
    return demand_settled(
        receipt, lambda: settle(receipt.proposal.header, receipt.roster, compiled.parameters_for)
    )


class Proposed(Protocol):
    """What every receipt says of who proposed what to whom, and of the attempt's numbers."""

    @property
    def charter(self) -> Charter:
        """What the receipt says the charter is."""

    @property
    def proposal(self) -> Proposal:
        """What the coordinator proposed."""

    @property
    def parameters(self) -> AttemptParameters:
        """What the receipt says its numbers are."""

    @property
    def roster(self) -> Roster:
        """Who accepted it."""


def demand_settled(receipt: Proposed, settled_anew: Callable[[], SettledRoster]) -> SettledRoster:
    """Claim 5: what the receipt's roster and the plan settle is what the receipt says.

    Raises:
        ReceiptParametersError: it is not, or no such attempt is allowed.
    """
    claim = "the numbers of the attempt"
    try:
        settled = settled_anew()
    except CorridorError as error:
        raise ReceiptParametersError(5, claim, f"no such attempt was allowed: {error}") from error
    if settled.parameters != receipt.parameters:
        raise ReceiptParametersError(5, claim, "they are not those that charter and plan give")
    return settled


def check_question(
    receipt: Proposed, charter: Charter, compile_: Compile, verify: Verify, scope: Scope
) -> Compiled:
    """Claims 1 to 3; what the verifier compiled.

    Raises:
        ReceiptNotProvenError: one of them does not hold.
    """
    proposal = receipt.proposal
    header = proposal.header
    if header.charter != charter.digest or receipt.charter.digest != charter.digest:
        raise ReceiptCharterError(1, "the charter", "the receipt is of another charter")
    if not verify(charter.coordinator_key, header.to_sign(), proposal.signature):
        raise ReceiptProposalError(
            2, "the proposal", "it is not signed with the coordinator's key of the charter"
        )
    if header.protocol != PROTOCOL_VERSION or header.suite != charter.suite:
        raise ReceiptProposalError(2, "the proposal", "it is of another protocol or suite")
    if header.scope is not scope:
        raise ReceiptProposalError(2, "the proposal", f"its scope is not {scope}")
    if not 0 < header.rho <= charter.ceilings.rho_per_question:
        raise ReceiptProposalError(2, "the proposal", "its ρ is not within the charter's ceiling")
    try:
        compiled = compile_(proposal)
    except CorridorError as error:
        raise ReceiptQuestionError(3, "the question", f"it does not compile: {error}") from error
    if compiled.question != header.question:
        raise ReceiptQuestionError(3, "the question", "it is not the one that was proposed")
    if compiled.plan != header.plan:
        raise ReceiptQuestionError(3, "the question", "it compiles to another plan than proposed")
    return compiled


def check_roster(receipt: Proposed, charter: Charter, verify: Verify, suite: Suite) -> None:
    """Claim 4.

    Raises:
        ReceiptNotProvenError: it does not hold.
    """
    for acceptance in receipt.roster.acceptances:
        try:
            verify_acceptance(
                acceptance,
                receipt.proposal.header,
                keys=charter.signing_keys,
                verify=verify,
                suite=suite,
            )
        except CorridorError as error:
            raise ReceiptRosterError(4, "the roster", str(error).rstrip(".")) from error


def _check_sharers(
    receipt: PublicReceipt, settled: SettledRoster, charter: Charter, verify: Verify
) -> None:
    """Claim 6."""
    claim, sharers = "the sharers", receipt.sharers.countries
    if not sharers <= set(settled.countries):
        raise ReceiptSharersError(6, claim, "a country is named that is not in the roster")
    if len(sharers) < settled.parameters.needed:
        raise ReceiptSharersError(6, claim, "they are fewer than the noise needs")
    for word in receipt.sharers.opened:
        signed = Opened(
            roster_hash=settled.hash,
            country=word.country,
            opened=word.opened,
            complaints=word.complaints,
            signature=word.signature,
        )
        if not verify(charter.signing_keys[word.country], signed.to_sign(), word.signature):
            raise ReceiptSharersError(6, claim, f"the word of {word.country} is not signed by it")
        if not sharers <= word.opened - word.complaints:
            raise ReceiptSharersError(
                6, claim, f"{word.country} did not open the envelopes of all others"
            )


def _check_survivors(
    receipt: PublicReceipt, settled: SettledRoster, charter: Charter, verify: Verify
) -> None:
    """Claims 7 and 8."""
    sharers, survivors = receipt.sharers.countries, receipt.survivors
    if not survivors <= sharers:
        raise ReceiptSurvivorsError(
            8, "the survivors", "a country is named that is not among the sharers"
        )
    for word in receipt.inputs:
        text = masked_input(receipt, settled, word.country).to_sign()
        if not verify(charter.signing_keys[word.country], text, word.signature):
            raise ReceiptInputsError(
                7, "the masked inputs", f"that of {word.country} is not signed by it"
            )
    if len(survivors) < settled.parameters.needed:
        raise ReceiptSurvivorsError(8, "the survivors", "they are fewer than the noise needs")
    text = SurvivorSet(settled.hash, sharers, survivors).to_sign()
    for signature in receipt.signatures:
        key = charter.signing_keys.get(signature.country)
        if key is None or signature.country not in survivors:
            raise ReceiptSurvivorsError(8, "the survivors", "somebody signed who is not one")
        if not verify(key, text, signature.signature):
            raise ReceiptSurvivorsError(
                8, "the survivors", f"the signature of {signature.country} is over another set"
            )
    if len(receipt.signatures) < settled.parameters.threshold:
        raise ReceiptSurvivorsError(
            8,
            "the survivors",
            f"{len(receipt.signatures)} signatures are fewer than the threshold of "
            f"{settled.parameters.threshold}",
        )


def _check_reduced(receipt: PublicReceipt, settled: SettledRoster, suite: Suite) -> None:
    """The second part of claim 7."""
    committed = {word.country: word.noise_commitment for word in receipt.inputs}
    for country, seed in sorted(receipt.excess_seeds.items()):
        if country not in committed or not excess.fits(
            settled,
            country,
            seed,
            survivors=len(receipt.survivors),
            committed=committed[country],
            suite=suite,
        ):
            raise ReceiptInputsError(
                7,
                "the masked inputs",
                f"the noise that was taken off for {country} is not what it committed to",
            )


def _check_answer(
    receipt: PublicReceipt, settled: SettledRoster, charter: Charter, verify: Verify
) -> None:
    """Claim 9."""
    bound = 1 << (settled.parameters.ring_bits - 1)
    if len(receipt.answer) != settled.parameters.cells:
        raise ReceiptAnswerError(9, "the answer", "it has not as many cells as the plan")
    if not all(-bound <= value < bound for value in receipt.answer):
        raise ReceiptAnswerError(9, "the answer", "a figure does not fit the ring")
    if not verify(charter.coordinator_key, receipt.to_sign(), receipt.signature):
        raise ReceiptAnswerError(9, "the answer", "it is not what the coordinator signed")


def masked_input(
    receipt: PublicReceipt, settled: SettledRoster, country: CountryCode
) -> MaskedInput:
    """A survivor's word for its masked input, under the roster hash computed anew."""
    word = next(word for word in receipt.inputs if word.country == country)
    return MaskedInput(
        roster_hash=settled.hash,
        country=country,
        sharers=receipt.sharers.countries,
        vector_hash=word.vector_hash,
        noise_commitment=word.noise_commitment,
        signature=word.signature,
    )


# ---------------------------------------------------------------- reading and writing

HEAD = (
    "format",
    "charter",
    "header",
    "question",
    "proposal_signature",
    "parameters",
    "acceptances",
)
"""The fields that every receipt begins with."""
_BODY = (
    *HEAD,
    "opened",
    "inputs",
    "excess_seeds",
    "signatures",
    "answer",
    "named",
    "published_at",
    "signature",
)
HEADER = (
    "protocol",
    "charter",
    "session",
    "question",
    "plan",
    "rho",
    "scope",
    "suite",
    "purpose",
    "organisation",
    "accept_by",
    "finish_by",
)
"""The fields of a proposal's header."""
STATEMENT = ("country", "sequence", "spent", "reserved", "head", "signature")
"""The fields of a ledger statement."""
_ACCEPTANCE = (
    "country",
    "envelope_key",
    "mask_key",
    "edition",
    "consent_rule",
    "statement",
    "signature",
)
_PARAMETERS = (
    "r",
    "t",
    "d",
    "c",
    "min_participants",
    "cells",
    "sensitivity_squared",
    "scale_bits",
    "levels",
    "sampler",
    "ring_bits",
)


def parse_public_receipt(raw: bytes, name: str = "receipt") -> PublicReceipt:
    """The receipt in `raw`; well-formed afterwards, nothing in it is believed.

    Raises:
        MalformedReceiptError: a field is missing, unknown or malformed; names it.
    """
    fields, head = read_head(raw, name, FORMAT, _BODY)
    roster_hash = head.roster.hash(head.proposal.header, head.parameters)
    sharers = _read_sharers(fields, roster_hash)
    return PublicReceipt(
        charter=head.charter,
        proposal=head.proposal,
        parameters=head.parameters,
        roster=head.roster,
        sharers=sharers,
        inputs=_read_inputs(fields, roster_hash, sharers),
        excess_seeds=_read_excess_seeds(fields),
        signatures=_read_signatures(fields),
        answer=fields.wholes("answer"),
        named=fields.countries("named"),
        published_at=fields.whole("published_at"),
        signature=Signature(fields.octets("signature", 64)),
    )


@dataclass(frozen=True, slots=True)
class Head:
    """What every receipt begins with; well-formed, not believed."""

    charter: Charter
    proposal: Proposal
    parameters: AttemptParameters
    roster: Roster


def head_to_json(receipt: Proposed) -> Mapping[str, Json]:
    """What every receipt begins with, but for its format."""
    return {
        "charter": canonical.decode(receipt.charter.encode(), "charter"),
        "header": receipt.proposal.header.to_json(),
        "question": receipt.proposal.question.decode(),
        "proposal_signature": receipt.proposal.signature.hex(),
        "parameters": receipt.parameters.to_json(),
        "acceptances": [one.to_json() for one in receipt.roster.acceptances],
    }


def read_head(raw: bytes, name: str, format_: str, body: Sequence[str]) -> tuple[Fields, Head]:
    """The fields of a receipt of this format, and what `HEAD` names of them.

    Raises:
        MalformedReceiptError: a field is missing, unknown or malformed; names it.
    """
    value = decode(raw, name, MalformedReceiptError)
    fields = Fields(value, body, name=name, error=MalformedReceiptError)
    assert isinstance(value, Mapping)  # noqa: S101 - `Fields` has refused everything else
    if fields.text("format") != format_:
        raise fields.wrong("format", f"must be {format_!r}; a newer Corridor may read it")
    header = read_header(fields.below("header", HEADER))
    acceptances = tuple(
        _read_acceptance(one, header.digest)
        for one in fields.each_below("acceptances", _ACCEPTANCE)
    )
    demand_sorted(fields, "acceptances", [one.country for one in acceptances])
    return fields, Head(
        charter=parse_charter(canonical.encode(value["charter"]), f"{name}, charter"),
        proposal=Proposal(
            header,
            fields.free_text("question").encode(),
            Signature(fields.octets("proposal_signature", 64)),
        ),
        parameters=_read_parameters(fields.below("parameters", _PARAMETERS)),
        roster=Roster(acceptances),
    )


def read_header(fields: Fields) -> ProposalHeader:
    """The header whose fields these are, as `ProposalHeader.to_json` names them."""
    scope = fields.text("scope")
    if scope not in [known.value for known in Scope]:
        raise fields.wrong("scope", "is not known")
    return ProposalHeader(
        protocol=fields.whole("protocol"),
        charter=fields.digest("charter"),
        session=SessionId(fields.octets("session", 16)),
        question=fields.digest("question"),
        plan=fields.digest("plan"),
        rho=fields.fraction("rho"),
        scope=Scope(scope),
        suite=fields.text("suite"),
        purpose=fields.free_text("purpose"),
        organisation=fields.free_text("organisation"),
        accept_by=fields.whole("accept_by"),
        finish_by=fields.whole("finish_by"),
    )


def _read_parameters(fields: Fields) -> AttemptParameters:
    """The numbers whose fields these are."""
    return AttemptParameters(
        roster_size=fields.whole("r"),
        threshold=fields.whole("t"),
        dropouts=fields.whole("d"),
        colluders=fields.whole("c"),
        min_participants=fields.whole("min_participants"),
        cells=fields.whole("cells"),
        sensitivity_squared=fields.whole("sensitivity_squared"),
        scale_bits=fields.whole("scale_bits"),
        levels=tuple(
            NoiseLevel(one.whole("dropouts"), one.fraction("variance"))
            for one in fields.each_below("levels", ("dropouts", "variance"))
        ),
        sampler=fields.whole("sampler"),
        ring_bits=fields.whole("ring_bits"),
    )


def _read_acceptance(fields: Fields, header: Digest) -> Acceptance:
    """The acceptance of that header whose fields these are."""
    statement = fields.below("statement", STATEMENT)
    for key in ("spent", "reserved"):
        _demand_not_negative(statement, key)
    return Acceptance(
        header=header,
        country=fields.country("country"),
        envelope_key=fields.octets("envelope_key", longest=4096),
        mask_key=fields.octets("mask_key", longest=4096),
        edition=_read_edition(fields),
        consent_rule=fields.text("consent_rule"),
        statement=read_statement(statement),
        signature=Signature(fields.octets("signature", 64)),
    )


def read_statement(fields: Fields) -> LedgerStatement:
    """The statement whose fields these are, as `LedgerStatement.to_json` names them."""
    return LedgerStatement(
        country=fields.country("country"),
        sequence=fields.whole("sequence"),
        spent=fields.fraction("spent"),
        reserved=fields.fraction("reserved"),
        head=fields.digest("head"),
        signature=Signature(fields.octets("signature", 64)),
    )


def _read_edition(fields: Fields) -> EditionId:
    text = fields.text("edition")
    if not is_edition_id(text):
        raise fields.wrong("edition", "must be the name of an edition")
    return text


def _demand_not_negative(fields: Fields, key: str) -> None:
    if fields.fraction(key) < 0:
        raise fields.wrong(key, "must not be negative")


def _read_sharers(fields: Fields, roster_hash: Digest) -> Sharers:
    words = fields.each_below("opened", ("country", "opened", "complaints", "signature"))
    opened = tuple(
        Opened(
            roster_hash=roster_hash,
            country=word.country("country"),
            opened=frozenset(word.countries("opened")),
            complaints=frozenset(word.countries("complaints")),
            signature=Signature(word.octets("signature", 64)),
        )
        for word in words
    )
    demand_sorted(fields, "opened", [word.country for word in opened])
    return Sharers(opened)


def _read_inputs(fields: Fields, roster_hash: Digest, sharers: Sharers) -> tuple[MaskedInput, ...]:
    inputs = tuple(
        MaskedInput(
            roster_hash=roster_hash,
            country=word.country("country"),
            sharers=sharers.countries,
            vector_hash=word.digest("vector_hash"),
            noise_commitment=word.digest("noise_commitment"),
            signature=Signature(word.octets("signature", 64)),
        )
        for word in fields.each_below(
            "inputs", ("country", "vector_hash", "noise_commitment", "signature")
        )
    )
    demand_sorted(fields, "inputs", [word.country for word in inputs])
    return inputs


def _read_excess_seeds(fields: Fields) -> Mapping[CountryCode, bytes]:
    words = fields.each_below("excess_seeds", ("country", "seed"))
    countries = [word.country("country") for word in words]
    demand_sorted(fields, "excess_seeds", countries)
    seeds = [word.octets("seed", excess.SEED_BYTES) for word in words]
    return dict(zip(countries, seeds, strict=True))


def _read_signatures(fields: Fields) -> tuple[SurvivorSignature, ...]:
    words = tuple(
        SurvivorSignature(word.country("country"), Signature(word.octets("signature", 64)))
        for word in fields.each_below("signatures", ("country", "signature"))
    )
    demand_sorted(fields, "signatures", [word.country for word in words])
    return words


def demand_sorted(fields: Fields, key: str, countries: Sequence[CountryCode]) -> None:
    """Refuse a list that is not sorted, or names a country twice: a word given twice is one."""
    if list(countries) != sorted(set(countries)):
        raise fields.wrong(key, "must be sorted by country and name no country twice")
