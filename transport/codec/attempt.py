"""The messages of one attempt, as `protocols.secure_sum.messages` and `figures` hold them."""

from corridor.errors.wire import MalformedMessageError
from corridor.protocols.figures import Figure, FigureRequest
from corridor.protocols.secure_sum.messages import (
    Acceptance,
    Dealing,
    LedgerStatement,
    MaskedInput,
    Opened,
    Proposal,
    ProposalHeader,
    RevealedShare,
    Roster,
    Scope,
    SealedPairKey,
    ShareKind,
    Sharers,
    Shares,
    SurvivorSet,
    SurvivorSignature,
    Unmask,
    UnmaskRequest,
    WitnessWord,
)
from corridor.transport.codec import fields
from corridor.transport.messages import CHUNK_BYTES, Dealings, VectorChunk
from corridor.wire.v1 import attempt_pb2, common_pb2

SHARE_BYTES = 32
SALT_BYTES = 64
EXCESS_SEED_BYTES = 32
CHUNKS = 1 << 16
SEQUENCE = (1 << 63) - 1

_SCOPES = {
    Scope.REGIONAL: attempt_pb2.SCOPE_REGIONAL,
    Scope.PER_COUNTRY: attempt_pb2.SCOPE_PER_COUNTRY,
}
_SCOPE_OF = {number: scope for scope, number in _SCOPES.items()}
_KINDS = {
    ShareKind.SELF_MASK: attempt_pb2.SHARE_KIND_SELF_MASK,
    ShareKind.MASK_KEY: attempt_pb2.SHARE_KIND_MASK_KEY,
}
_KIND_OF = {number: kind for kind, number in _KINDS.items()}


# ---------------------------------------------------------------- propose


def encode_proposal(value: Proposal) -> attempt_pb2.Proposal:
    """Write a proposal."""
    header = value.header
    return attempt_pb2.Proposal(
        header=attempt_pb2.ProposalHeader(
            protocol=header.protocol,
            charter=header.charter,
            session=header.session,
            question=header.question,
            plan=header.plan,
            rho=str(header.rho),
            scope=_SCOPES[header.scope],
            suite=header.suite,
            purpose=header.purpose,
            organisation=header.organisation,
            accept_by=header.accept_by,
            finish_by=header.finish_by,
        ),
        question=value.question,
        signature=value.signature,
    )


def decode_proposal(message: attempt_pb2.Proposal) -> Proposal:
    """Read a proposal.

    Raises:
        MalformedMessageError: a field is missing or malformed; names the field.
    """
    fields.present("Proposal.header", is_there=message.HasField("header"))
    return Proposal(
        header=_decode_header(message.header),
        question=fields.octets(
            "Proposal.question", message.question, longest=fields.QUESTION_BYTES
        ),
        signature=fields.signature("Proposal.signature", message.signature),
    )


def _decode_header(message: attempt_pb2.ProposalHeader) -> ProposalHeader:
    scope = _SCOPE_OF.get(message.scope)
    if scope is None:
        raise MalformedMessageError(
            f"ProposalHeader.scope: {message.scope} is no scope that this version knows; "
            "update Corridor on this side"
        )
    accept_by = fields.second("ProposalHeader.accept_by", message.accept_by)
    finish_by = fields.second("ProposalHeader.finish_by", message.finish_by)
    if finish_by < accept_by:
        raise MalformedMessageError("ProposalHeader.finish_by: is earlier than accept_by")
    return ProposalHeader(
        protocol=message.protocol,
        charter=fields.digest("ProposalHeader.charter", message.charter),
        session=fields.session("ProposalHeader.session", message.session),
        question=fields.digest("ProposalHeader.question", message.question),
        plan=fields.digest("ProposalHeader.plan", message.plan),
        rho=fields.price("ProposalHeader.rho", message.rho),
        scope=scope,
        suite=fields.word("ProposalHeader.suite", message.suite),
        purpose=fields.text(
            "ProposalHeader.purpose", message.purpose, longest=fields.PURPOSE_LENGTH
        ),
        organisation=fields.text(
            "ProposalHeader.organisation", message.organisation, longest=fields.NAME_LENGTH
        ),
        accept_by=accept_by,
        finish_by=finish_by,
    )


def encode_statement(value: LedgerStatement) -> common_pb2.LedgerStatement:
    """Write a ledger statement."""
    return common_pb2.LedgerStatement(
        country=value.country,
        sequence=value.sequence,
        spent=str(value.spent),
        reserved=str(value.reserved),
        head=value.head,
        signature=value.signature,
    )


def decode_statement(message: common_pb2.LedgerStatement) -> LedgerStatement:
    """Read a ledger statement.

    Raises:
        MalformedMessageError: a field is missing or malformed; names the field.
    """
    return LedgerStatement(
        country=fields.country("LedgerStatement.country", message.country),
        sequence=fields.whole("LedgerStatement.sequence", message.sequence, most=SEQUENCE),
        spent=fields.fraction("LedgerStatement.spent", message.spent),
        reserved=fields.fraction("LedgerStatement.reserved", message.reserved),
        head=fields.digest("LedgerStatement.head", message.head),
        signature=fields.signature("LedgerStatement.signature", message.signature),
    )


def encode_acceptance(value: Acceptance) -> attempt_pb2.Acceptance:
    """Write an acceptance."""
    return attempt_pb2.Acceptance(
        header=value.header,
        country=value.country,
        envelope_key=value.envelope_key,
        mask_key=value.mask_key,
        edition=value.edition,
        consent_rule=value.consent_rule,
        statement=encode_statement(value.statement),
        signature=value.signature,
    )


def decode_acceptance(message: attempt_pb2.Acceptance) -> Acceptance:
    """Read an acceptance. Whether the keys fit the suite is for the protocol to say.

    Raises:
        MalformedMessageError: a field is missing or malformed; names the field.
    """
    fields.present("Acceptance.statement", is_there=message.HasField("statement"))
    return Acceptance(
        header=fields.digest("Acceptance.header", message.header),
        country=fields.country("Acceptance.country", message.country),
        envelope_key=fields.octets(
            "Acceptance.envelope_key", message.envelope_key, longest=fields.KEY_BYTES
        ),
        mask_key=fields.octets("Acceptance.mask_key", message.mask_key, longest=fields.KEY_BYTES),
        edition=fields.edition("Acceptance.edition", message.edition),
        consent_rule=fields.word("Acceptance.consent_rule", message.consent_rule),
        statement=decode_statement(message.statement),
        signature=fields.signature("Acceptance.signature", message.signature),
    )


# ---------------------------------------------------------------- share, opened


def encode_roster(value: Roster) -> attempt_pb2.Roster:
    """Write a roster."""
    return attempt_pb2.Roster(acceptances=map(encode_acceptance, value.acceptances))


def decode_roster(message: attempt_pb2.Roster) -> Roster:
    """Read a roster.

    Raises:
        MalformedMessageError: not sorted, a country twice, or a malformed acceptance.
    """
    fields.at_most("Roster.acceptances", message.acceptances)
    return Roster(
        fields.sorted_by(
            "Roster.acceptances",
            map(decode_acceptance, message.acceptances),
            lambda acceptance: acceptance.country,
        )
    )


def encode_shares(value: Shares) -> attempt_pb2.Shares:
    """Write a sharer's dealings."""
    return attempt_pb2.Shares(dealer=value.dealer, dealings=map(_encode_dealing, value.dealings))


def decode_shares(message: attempt_pb2.Shares) -> Shares:
    """Read a sharer's dealings.

    Raises:
        MalformedMessageError: not sorted by recipient, a recipient twice, a dealing by somebody
            else, or a malformed dealing.
    """
    fields.at_most("Shares.dealings", message.dealings)
    dealer = fields.country("Shares.dealer", message.dealer)
    dealings = fields.sorted_by(
        "Shares.dealings",
        map(_decode_dealing, message.dealings),
        lambda dealing: dealing.recipient,
    )
    if any(dealing.dealer != dealer for dealing in dealings):
        raise MalformedMessageError("Shares.dealings: one of them is by another dealer")
    return Shares(dealer, dealings)


def encode_dealings(value: Dealings) -> attempt_pb2.Dealings:
    """Write what all sharers dealt to one node."""
    return attempt_pb2.Dealings(dealings=map(_encode_dealing, value.dealings))


def decode_dealings(message: attempt_pb2.Dealings) -> Dealings:
    """Read what all sharers dealt to one node.

    Raises:
        MalformedMessageError: not sorted by dealer, a dealer twice, or a malformed dealing.
    """
    fields.at_most("Dealings.dealings", message.dealings)
    return Dealings(
        fields.sorted_by(
            "Dealings.dealings",
            map(_decode_dealing, message.dealings),
            lambda dealing: dealing.dealer,
        )
    )


def _encode_dealing(value: Dealing) -> attempt_pb2.Dealing:
    return attempt_pb2.Dealing(
        roster_hash=value.roster_hash,
        dealer=value.dealer,
        recipient=value.recipient,
        commitment=value.commitment,
        self_mask_hash=value.self_mask_hash,
        mask_key_hash=value.mask_key_hash,
        envelope=value.envelope,
        pair_box=value.pair_key.box if value.pair_key else b"",
        pair_commitment=value.pair_key.commitment if value.pair_key else b"",
        signature=value.signature,
    )


def _decode_dealing(message: attempt_pb2.Dealing) -> Dealing:
    return Dealing(
        roster_hash=fields.digest("Dealing.roster_hash", message.roster_hash),
        dealer=fields.country("Dealing.dealer", message.dealer),
        recipient=fields.country("Dealing.recipient", message.recipient),
        commitment=fields.digest("Dealing.commitment", message.commitment),
        self_mask_hash=fields.digest("Dealing.self_mask_hash", message.self_mask_hash),
        mask_key_hash=fields.digest("Dealing.mask_key_hash", message.mask_key_hash),
        envelope=fields.octets(
            "Dealing.envelope", message.envelope, shortest=0, longest=fields.ENVELOPE_BYTES
        ),
        pair_key=_decode_pair_key(message),
        signature=fields.signature("Dealing.signature", message.signature),
    )


def _decode_pair_key(message: attempt_pb2.Dealing) -> SealedPairKey | None:
    """Whether it belongs into a dealing of these two is for the protocol to say."""
    if not message.pair_box and not message.pair_commitment:
        return None
    return SealedPairKey(
        box=fields.octets("Dealing.pair_box", message.pair_box, longest=fields.ENVELOPE_BYTES),
        commitment=fields.digest("Dealing.pair_commitment", message.pair_commitment),
    )


def encode_opened(value: Opened) -> attempt_pb2.Opened:
    """Write whose envelopes opened."""
    return attempt_pb2.Opened(
        roster_hash=value.roster_hash,
        country=value.country,
        opened=sorted(value.opened),
        complaints=sorted(value.complaints),
        signature=value.signature,
    )


def decode_opened(message: attempt_pb2.Opened) -> Opened:
    """Read whose envelopes opened.

    Raises:
        MalformedMessageError: a country twice, or on both lists, or a malformed field.
    """
    opened = fields.countries("Opened.opened", message.opened)
    complaints = fields.countries("Opened.complaints", message.complaints)
    if opened & complaints:
        raise MalformedMessageError("Opened.complaints: a country is in `opened` too")
    return Opened(
        roster_hash=fields.digest("Opened.roster_hash", message.roster_hash),
        country=fields.country("Opened.country", message.country),
        opened=opened,
        complaints=complaints,
        signature=fields.signature("Opened.signature", message.signature),
    )


# ---------------------------------------------------------------- masked input


def encode_sharers(value: Sharers) -> attempt_pb2.Sharers:
    """Write who goes on."""
    return attempt_pb2.Sharers(
        opened=map(encode_opened, value.opened),
        witnesses=map(encode_witness_word, value.witnesses),
    )


def decode_sharers(message: attempt_pb2.Sharers) -> Sharers:
    """Read who goes on.

    Raises:
        MalformedMessageError: not sorted, a country twice, or a malformed word.
    """
    fields.at_most("Sharers.opened", message.opened)
    fields.at_most("Sharers.witnesses", message.witnesses)
    return Sharers(
        fields.sorted_by(
            "Sharers.opened", map(decode_opened, message.opened), lambda word: word.country
        ),
        fields.sorted_by(
            "Sharers.witnesses",
            map(decode_witness_word, message.witnesses),
            lambda word: word.witness,
        ),
    )


def encode_witness_word(value: WitnessWord) -> attempt_pb2.WitnessWord:
    """Write which ledgers of a roster a member outside of it holds."""
    return attempt_pb2.WitnessWord(
        roster_hash=value.roster_hash,
        witness=value.witness,
        kept=[
            attempt_pb2.KeptHead(country=country, head=head)
            for country, head in sorted(value.kept.items())
        ],
        signature=value.signature,
    )


def decode_witness_word(message: attempt_pb2.WitnessWord) -> WitnessWord:
    """Read which ledgers of a roster a member outside of it holds.

    Raises:
        MalformedMessageError: a field is missing or malformed, or a country stands twice.
    """
    fields.at_most("WitnessWord.kept", message.kept)
    fields.countries("WitnessWord.kept", [one.country for one in message.kept])
    return WitnessWord(
        roster_hash=fields.digest("WitnessWord.roster_hash", message.roster_hash),
        witness=fields.country("WitnessWord.witness", message.witness),
        kept={
            fields.country("KeptHead.country", one.country): fields.digest(
                "KeptHead.head", one.head
            )
            for one in message.kept
        },
        signature=fields.signature("WitnessWord.signature", message.signature),
    )


def encode_vector_chunk(value: VectorChunk) -> attempt_pb2.VectorChunk:
    """Write a piece of a vector."""
    return attempt_pb2.VectorChunk(index=value.index, data=value.data)


def decode_vector_chunk(message: attempt_pb2.VectorChunk) -> VectorChunk:
    """Read a piece of a vector. Whether it is whole words is for the protocol to say.

    Raises:
        MalformedMessageError: empty, longer than `CHUNK_BYTES`, or numbered past any vector.
    """
    return VectorChunk(
        index=fields.whole("VectorChunk.index", message.index, most=CHUNKS),
        data=fields.octets("VectorChunk.data", message.data, longest=CHUNK_BYTES),
    )


def encode_masked_input(value: MaskedInput) -> attempt_pb2.MaskedInput:
    """Write a node's word for its vector."""
    return attempt_pb2.MaskedInput(
        roster_hash=value.roster_hash,
        country=value.country,
        sharers=sorted(value.sharers),
        vector_hash=value.vector_hash,
        noise_commitment=value.noise_commitment,
        signature=value.signature,
    )


def decode_masked_input(message: attempt_pb2.MaskedInput) -> MaskedInput:
    """Read a node's word for its vector.

    Raises:
        MalformedMessageError: a field is missing, malformed or repeated; names the field.
    """
    return MaskedInput(
        roster_hash=fields.digest("MaskedInput.roster_hash", message.roster_hash),
        country=fields.country("MaskedInput.country", message.country),
        sharers=fields.countries("MaskedInput.sharers", message.sharers),
        vector_hash=fields.digest("MaskedInput.vector_hash", message.vector_hash),
        noise_commitment=fields.digest("MaskedInput.noise_commitment", message.noise_commitment),
        signature=fields.signature("MaskedInput.signature", message.signature),
    )


# ---------------------------------------------------------------- figures of single countries


def encode_figure_request(value: FigureRequest) -> attempt_pb2.FigureRequest:
    """Write who is in an attempt of scope per-country, and who holds their ledgers."""
    return attempt_pb2.FigureRequest(
        roster=encode_roster(value.roster),
        witnesses=map(encode_witness_word, value.witnesses),
    )


def decode_figure_request(message: attempt_pb2.FigureRequest) -> FigureRequest:
    """Read who is in an attempt of scope per-country, and who holds their ledgers.

    Raises:
        MalformedMessageError: not sorted, a country twice, or a malformed word.
    """
    fields.at_most("FigureRequest.witnesses", message.witnesses)
    return FigureRequest(
        decode_roster(message.roster),
        fields.sorted_by(
            "FigureRequest.witnesses",
            map(decode_witness_word, message.witnesses),
            lambda word: word.witness,
        ),
    )


def encode_figure(value: Figure) -> attempt_pb2.Figure:
    """Write a country's word for its figure."""
    return attempt_pb2.Figure(
        roster_hash=value.roster_hash,
        country=value.country,
        vector_hash=value.vector_hash,
        signature=value.signature,
    )


def decode_figure(message: attempt_pb2.Figure) -> Figure:
    """Read a country's word for its figure.

    Raises:
        MalformedMessageError: a field is missing or malformed; names the field.
    """
    return Figure(
        roster_hash=fields.digest("Figure.roster_hash", message.roster_hash),
        country=fields.country("Figure.country", message.country),
        vector_hash=fields.digest("Figure.vector_hash", message.vector_hash),
        signature=fields.signature("Figure.signature", message.signature),
    )


# ---------------------------------------------------------------- consistency, unmask


def encode_survivor_set(value: SurvivorSet) -> attempt_pb2.SurvivorSet:
    """Write a claim about who survived."""
    return attempt_pb2.SurvivorSet(
        roster_hash=value.roster_hash,
        sharers=sorted(value.sharers),
        survivors=sorted(value.survivors),
    )


def decode_survivor_set(message: attempt_pb2.SurvivorSet) -> SurvivorSet:
    """Read a claim about who survived.

    Raises:
        MalformedMessageError: a field is missing, malformed or repeated; names the field.
    """
    return SurvivorSet(
        roster_hash=fields.digest("SurvivorSet.roster_hash", message.roster_hash),
        sharers=fields.countries("SurvivorSet.sharers", message.sharers),
        survivors=fields.countries("SurvivorSet.survivors", message.survivors),
    )


def encode_survivor_signature(value: SurvivorSignature) -> attempt_pb2.SurvivorSignature:
    """Write a node's one word about who survived."""
    return attempt_pb2.SurvivorSignature(country=value.country, signature=value.signature)


def decode_survivor_signature(message: attempt_pb2.SurvivorSignature) -> SurvivorSignature:
    """Read a node's one word about who survived.

    Raises:
        MalformedMessageError: a field is missing or malformed; names the field.
    """
    return SurvivorSignature(
        country=fields.country("SurvivorSignature.country", message.country),
        signature=fields.signature("SurvivorSignature.signature", message.signature),
    )


def encode_unmask_request(value: UnmaskRequest) -> attempt_pb2.UnmaskRequest:
    """Write the collected signatures."""
    return attempt_pb2.UnmaskRequest(signatures=map(encode_survivor_signature, value.signatures))


def decode_unmask_request(message: attempt_pb2.UnmaskRequest) -> UnmaskRequest:
    """Read the collected signatures, in whatever order, nobody's twice.

    Raises:
        MalformedMessageError: a field is missing, malformed or repeated; names the field.
    """
    fields.at_most("UnmaskRequest.signatures", message.signatures)
    signatures = tuple(map(decode_survivor_signature, message.signatures))
    if len({word.country for word in signatures}) != len(signatures):
        # One signature counted t times would reach the threshold alone.
        raise MalformedMessageError("UnmaskRequest.signatures: a country signs twice")
    return UnmaskRequest(signatures)


def encode_unmask(value: Unmask) -> attempt_pb2.Unmask:
    """Write revealed shares."""
    return attempt_pb2.Unmask(
        roster_hash=value.roster_hash,
        country=value.country,
        revealed=map(_encode_revealed, value.revealed),
        excess_seed=value.excess_seed,
        signature=value.signature,
    )


def decode_unmask(message: attempt_pb2.Unmask) -> Unmask:
    """Read revealed shares, sorted by dealer; of each dealer one kind only.

    Raises:
        MalformedMessageError: a field is missing, malformed or repeated; names the field.
    """
    fields.at_most("Unmask.revealed", message.revealed)
    return Unmask(
        roster_hash=fields.digest("Unmask.roster_hash", message.roster_hash),
        country=fields.country("Unmask.country", message.country),
        revealed=fields.sorted_by(
            "Unmask.revealed", map(_decode_revealed, message.revealed), lambda share: share.dealer
        ),
        excess_seed=fields.octets(
            "Unmask.excess_seed",
            message.excess_seed,
            shortest=EXCESS_SEED_BYTES,
            longest=EXCESS_SEED_BYTES,
        )
        if message.excess_seed
        else b"",
        signature=fields.signature("Unmask.signature", message.signature),
    )


def _encode_revealed(value: RevealedShare) -> attempt_pb2.RevealedShare:
    return attempt_pb2.RevealedShare(
        dealer=value.dealer, kind=_KINDS[value.kind], share=value.share, salt=value.salt
    )


def _decode_revealed(message: attempt_pb2.RevealedShare) -> RevealedShare:
    kind = _KIND_OF.get(message.kind)
    if kind is None:
        raise MalformedMessageError(
            f"RevealedShare.kind: {message.kind} is no kind of share that this version knows"
        )
    return RevealedShare(
        dealer=fields.country("RevealedShare.dealer", message.dealer),
        kind=kind,
        share=fields.octets(
            "RevealedShare.share", message.share, shortest=SHARE_BYTES, longest=SHARE_BYTES
        ),
        salt=fields.octets("RevealedShare.salt", message.salt, longest=SALT_BYTES),
    )
