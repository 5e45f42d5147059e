"""The stream between a node and the coordinator: which body, and in which session.

The functions of many returns are tables: one line per body.
"""

from typing import assert_never

from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from corridor.errors.wire import MalformedMessageError, UnknownMessageError
from corridor.protocols.contradictions import ContradictionTold
from corridor.protocols.figures import Figure, FigureRequest
from corridor.protocols.secure_sum.messages import (
    Acceptance,
    MaskedInput,
    Opened,
    Proposal,
    Roster,
    Sharers,
    Shares,
    SurvivorSet,
    SurvivorSignature,
    Unmask,
    UnmaskRequest,
    WitnessWord,
)
from corridor.protocols.witnesses import (
    LedgerEntries,
    WitnessAnswer,
    WitnessAsk,
    WitnessRequest,
)
from corridor.transport.codec import attempt, fields, tree, witnesses
from corridor.transport.messages import (
    CharterAvailable,
    CheckpointToCosign,
    CoordinatorBody,
    CoordinatorInSession,
    CoordinatorMessage,
    Cosigned,
    Dealings,
    Failed,
    Hello,
    NodeBody,
    NodeInSession,
    NodeMessage,
    Progress,
    Refusal,
    Released,
    Round,
    Standing,
    TreeStanding,
    VectorChunk,
    Welcome,
)
from corridor.wire.v1 import common_pb2, exchange_pb2

_ROUNDS = {
    Round.PROPOSE: exchange_pb2.ROUND_PROPOSE,
    Round.SHARE: exchange_pb2.ROUND_SHARE,
    Round.OPENED: exchange_pb2.ROUND_OPENED,
    Round.MASKED_INPUT: exchange_pb2.ROUND_MASKED_INPUT,
    Round.CONSISTENCY: exchange_pb2.ROUND_CONSISTENCY,
    Round.UNMASK: exchange_pb2.ROUND_UNMASK,
    Round.FIGURE: exchange_pb2.ROUND_FIGURE,
}
_ROUND_OF = {number: name for name, number in _ROUNDS.items()}


# ---------------------------------------------------------------- from a node


def encode_node_message(value: NodeMessage) -> exchange_pb2.NodeMessage:  # noqa: PLR0911
    """Write what a node says on the stream."""
    match value:
        case Hello():
            return exchange_pb2.NodeMessage(hello=_encode_hello(value))
        case Standing():
            return exchange_pb2.NodeMessage(standing=_encode_standing(value))
        case WitnessAsk():
            return exchange_pb2.NodeMessage(witness_ask=witnesses.encode_ask(value))
        case WitnessAnswer():
            return exchange_pb2.NodeMessage(witness_answer=witnesses.encode_answer(value))
        case LedgerEntries():
            return exchange_pb2.NodeMessage(ledger_entries=witnesses.encode_entries(value))
        case WitnessWord():
            return exchange_pb2.NodeMessage(witness_word=attempt.encode_witness_word(value))
        case ContradictionTold():
            return exchange_pb2.NodeMessage(contradiction_told=witnesses.encode_told(value))
        case Cosigned():
            return exchange_pb2.NodeMessage(cosignature=tree.encode_cosigned(value))
        case TreeStanding():
            return exchange_pb2.NodeMessage(tree_standing=tree.encode_tree_standing(value))
        case NodeInSession(session, body):
            message = _encode_node_body(body)
            message.session = session
            return message
    assert_never(value)


def decode_node_message(
    message: exchange_pb2.NodeMessage | None,
) -> NodeMessage:
    """Read what a node says on the stream.

    Raises:
        UnknownMessageError: a body of a later version.
        MalformedMessageError: a field is missing, malformed or repeated; names the field.
    """
    message = fields.parsed("NodeMessage", message)
    match message.WhichOneof("body"):
        case "hello":
            _refuse_session("NodeMessage.session", message.session)
            return _decode_hello(message.hello)
        case "standing":
            _refuse_session("NodeMessage.session", message.session)
            return _decode_standing(message.standing)
        case (
            "witness_ask"
            | "witness_answer"
            | "ledger_entries"
            | "witness_word"
            | "contradiction_told"
        ):
            _refuse_session("NodeMessage.session", message.session)
            return _decode_witnessing(message)
        case "cosignature":
            _refuse_session("NodeMessage.session", message.session)
            return tree.decode_cosigned(message.cosignature)
        case "tree_standing":
            _refuse_session("NodeMessage.session", message.session)
            return tree.decode_tree_standing(message.tree_standing)
        case None:
            raise _no_body("NodeMessage", message)
        case _:
            session = fields.session("NodeMessage.session", message.session)
            return NodeInSession(session, _decode_node_body(message))


def _decode_witnessing(
    message: exchange_pb2.NodeMessage,
) -> WitnessAsk | WitnessAnswer | LedgerEntries | WitnessWord | ContradictionTold:
    match message.WhichOneof("body"):
        case "witness_ask":
            return witnesses.decode_ask(message.witness_ask)
        case "witness_answer":
            return witnesses.decode_answer(message.witness_answer)
        case "ledger_entries":
            return witnesses.decode_entries(message.ledger_entries)
        case "witness_word":
            return attempt.decode_witness_word(message.witness_word)
        case "contradiction_told":
            return witnesses.decode_told(message.contradiction_told)
        case _:
            raise _no_body("NodeMessage", message)


def _encode_node_body(body: NodeBody) -> exchange_pb2.NodeMessage:  # noqa: PLR0911
    wire = exchange_pb2.NodeMessage
    match body:
        case Refusal():
            return wire(refusal=_encode_refusal(body))
        case Acceptance():
            return wire(acceptance=attempt.encode_acceptance(body))
        case Shares():
            return wire(shares=attempt.encode_shares(body))
        case Opened():
            return wire(opened=attempt.encode_opened(body))
        case VectorChunk():
            return wire(vector_chunk=attempt.encode_vector_chunk(body))
        case MaskedInput():
            return wire(masked_input=attempt.encode_masked_input(body))
        case SurvivorSignature():
            return wire(survivor_signature=attempt.encode_survivor_signature(body))
        case Unmask():
            return wire(unmask=attempt.encode_unmask(body))
        case Figure():
            return wire(figure=attempt.encode_figure(body))
    assert_never(body)


def _decode_node_body(message: exchange_pb2.NodeMessage) -> NodeBody:  # noqa: PLR0911
    match message.WhichOneof("body"):
        case "refusal":
            return _decode_refusal(message.refusal)
        case "acceptance":
            return attempt.decode_acceptance(message.acceptance)
        case "shares":
            return attempt.decode_shares(message.shares)
        case "opened":
            return attempt.decode_opened(message.opened)
        case "vector_chunk":
            return attempt.decode_vector_chunk(message.vector_chunk)
        case "masked_input":
            return attempt.decode_masked_input(message.masked_input)
        case "survivor_signature":
            return attempt.decode_survivor_signature(message.survivor_signature)
        case "unmask":
            return attempt.decode_unmask(message.unmask)
        case "figure":
            return attempt.decode_figure(message.figure)
        case _:
            raise _no_body("NodeMessage", message)


# ---------------------------------------------------------------- from the coordinator


def encode_coordinator_message(  # noqa: PLR0911
    value: CoordinatorMessage,
) -> exchange_pb2.CoordinatorMessage:
    """Write what the coordinator says on the stream."""
    match value:
        case Welcome(charter, server_time, protocol):
            return exchange_pb2.CoordinatorMessage(
                welcome=exchange_pb2.Welcome(
                    charter=charter or b"", server_time=server_time, protocol=protocol
                )
            )
        case CharterAvailable(available, in_force):
            return exchange_pb2.CoordinatorMessage(
                charter_available=exchange_pb2.CharterAvailable(
                    charter=available, in_force=in_force
                )
            )
        case WitnessAsk():
            return exchange_pb2.CoordinatorMessage(witness_ask=witnesses.encode_ask(value))
        case WitnessAnswer():
            return exchange_pb2.CoordinatorMessage(witness_answer=witnesses.encode_answer(value))
        case LedgerEntries():
            return exchange_pb2.CoordinatorMessage(ledger_entries=witnesses.encode_entries(value))
        case WitnessRequest():
            return exchange_pb2.CoordinatorMessage(witness_request=witnesses.encode_request(value))
        case ContradictionTold():
            return exchange_pb2.CoordinatorMessage(contradiction_told=witnesses.encode_told(value))
        case CheckpointToCosign():
            return exchange_pb2.CoordinatorMessage(
                checkpoint_to_cosign=tree.encode_checkpoint(value)
            )
        case CoordinatorInSession(session, body):
            message = _encode_coordinator_body(body)
            message.session = session
            return message
    assert_never(value)


def decode_coordinator_message(
    message: exchange_pb2.CoordinatorMessage | None,
) -> CoordinatorMessage:
    """Read what the coordinator says on the stream.

    Raises:
        UnknownMessageError: a body of a later version.
        MalformedMessageError: a field is missing, malformed or repeated; names the field.
    """
    message = fields.parsed("CoordinatorMessage", message)
    match message.WhichOneof("body"):
        case "welcome":
            _refuse_session("CoordinatorMessage.session", message.session)
            welcome = message.welcome
            return Welcome(
                charter=fields.digest_or_none("Welcome.charter", welcome.charter),
                server_time=fields.second("Welcome.server_time", welcome.server_time),
                protocol=welcome.protocol,
            )
        case "charter_available":
            _refuse_session("CoordinatorMessage.session", message.session)
            available = message.charter_available
            return CharterAvailable(
                fields.digest("CharterAvailable.charter", available.charter), available.in_force
            )
        case (
            "witness_ask"
            | "witness_answer"
            | "ledger_entries"
            | "witness_request"
            | "contradiction_told"
        ):
            _refuse_session("CoordinatorMessage.session", message.session)
            return _decode_witnessed(message)
        case "checkpoint_to_cosign":
            _refuse_session("CoordinatorMessage.session", message.session)
            return tree.decode_checkpoint(message.checkpoint_to_cosign)
        case None:
            raise _no_body("CoordinatorMessage", message)
        case _:
            session = fields.session("CoordinatorMessage.session", message.session)
            body = _decode_coordinator_body(message)
            if isinstance(body, Proposal) and body.header.session != session:
                # The routing field must not show one session while the signed header is another.
                raise MalformedMessageError(
                    "CoordinatorMessage.session: is another than in the proposal's header"
                )
            return CoordinatorInSession(session, body)


def _decode_witnessed(
    message: exchange_pb2.CoordinatorMessage,
) -> WitnessAsk | WitnessAnswer | LedgerEntries | WitnessRequest | ContradictionTold:
    match message.WhichOneof("body"):
        case "witness_ask":
            return witnesses.decode_ask(message.witness_ask)
        case "witness_answer":
            return witnesses.decode_answer(message.witness_answer)
        case "ledger_entries":
            return witnesses.decode_entries(message.ledger_entries)
        case "witness_request":
            return witnesses.decode_request(message.witness_request)
        case "contradiction_told":
            return witnesses.decode_told(message.contradiction_told)
        case _:
            raise _no_body("CoordinatorMessage", message)


def _encode_coordinator_body(body: CoordinatorBody) -> exchange_pb2.CoordinatorMessage:  # noqa: PLR0911
    wire = exchange_pb2.CoordinatorMessage
    match body:
        case Refusal():
            return wire(refusal=_encode_refusal(body))
        case Proposal():
            return wire(proposal=attempt.encode_proposal(body))
        case Roster():
            return wire(roster=attempt.encode_roster(body))
        case Dealings():
            return wire(dealings=attempt.encode_dealings(body))
        case Sharers():
            return wire(sharers=attempt.encode_sharers(body))
        case SurvivorSet():
            return wire(survivor_set=attempt.encode_survivor_set(body))
        case UnmaskRequest():
            return wire(unmask_request=attempt.encode_unmask_request(body))
        case FigureRequest():
            return wire(figure_request=attempt.encode_figure_request(body))
        case Progress():
            return wire(progress=_encode_progress(body))
        case Released(release, receipt):
            return wire(released=exchange_pb2.Released(release=release, receipt=receipt))
        case Failed(code, text, missing):
            return wire(
                failed=exchange_pb2.Failed(
                    code=code, message=fields.said(text), missing=sorted(missing)
                )
            )
    assert_never(body)


def _decode_coordinator_body(message: exchange_pb2.CoordinatorMessage) -> CoordinatorBody:  # noqa: PLR0911
    match message.WhichOneof("body"):
        case "refusal":
            return _decode_refusal(message.refusal)
        case "proposal":
            return attempt.decode_proposal(message.proposal)
        case "roster":
            return attempt.decode_roster(message.roster)
        case "dealings":
            return attempt.decode_dealings(message.dealings)
        case "sharers":
            return attempt.decode_sharers(message.sharers)
        case "survivor_set":
            return attempt.decode_survivor_set(message.survivor_set)
        case "unmask_request":
            return attempt.decode_unmask_request(message.unmask_request)
        case "figure_request":
            return attempt.decode_figure_request(message.figure_request)
        case "progress":
            return _decode_progress(message.progress)
        case "released":
            return _decode_released(message.released)
        case "failed":
            return _decode_failed(message.failed)
        case _:
            raise _no_body("CoordinatorMessage", message)


# ---------------------------------------------------------------- the stream's own bodies


def _encode_hello(value: Hello) -> exchange_pb2.Hello:
    return exchange_pb2.Hello(
        country=value.country,
        protocol=value.protocol,
        software=value.software,
        standing=_encode_standing(value.standing),
    )


def _decode_hello(message: exchange_pb2.Hello) -> Hello:
    fields.present("Hello.standing", is_there=message.HasField("standing"))
    return Hello(
        country=fields.country("Hello.country", message.country),
        protocol=message.protocol,
        software=fields.word("Hello.software", message.software),
        standing=_decode_standing(message.standing),
    )


def _encode_standing(value: Standing) -> exchange_pb2.Standing:
    return exchange_pb2.Standing(
        charter=value.charter or b"",
        edition=value.edition or "",
        consent_rule=value.consent_rule,
        statement=attempt.encode_statement(value.statement),
        left_this_year=str(value.left_this_year),
        left_for_all_time=str(value.left_for_all_time),
        witnessed=value.witnessed,
    )


def _decode_standing(message: exchange_pb2.Standing) -> Standing:
    fields.present("Standing.statement", is_there=message.HasField("statement"))
    return Standing(
        charter=fields.digest_or_none("Standing.charter", message.charter),
        edition=fields.edition_or_none("Standing.edition", message.edition),
        consent_rule=fields.word("Standing.consent_rule", message.consent_rule),
        statement=attempt.decode_statement(message.statement),
        left_this_year=fields.fraction("Standing.left_this_year", message.left_this_year),
        left_for_all_time=fields.fraction("Standing.left_for_all_time", message.left_for_all_time),
        witnessed=message.witnessed,
    )


def _encode_refusal(value: Refusal) -> common_pb2.Refusal:
    return common_pb2.Refusal(code=value.code, message=fields.said(value.message))


def _decode_refusal(message: common_pb2.Refusal) -> Refusal:
    return Refusal(
        code=fields.code("Refusal.code", message.code),
        message=fields.text("Refusal.message", message.message, longest=fields.MESSAGE_LENGTH),
    )


def _encode_progress(value: Progress) -> exchange_pb2.Progress:
    return exchange_pb2.Progress(
        round=_ROUNDS[value.round], missing=sorted(value.missing), since=value.since
    )


def _decode_progress(message: exchange_pb2.Progress) -> Progress:
    name = _ROUND_OF.get(message.round)
    if name is None:
        raise MalformedMessageError(
            f"Progress.round: {message.round} is no round that this version knows"
        )
    return Progress(
        round=name,
        missing=fields.countries("Progress.missing", message.missing),
        since=fields.second("Progress.since", message.since),
    )


def _decode_released(message: exchange_pb2.Released) -> Released:
    return Released(
        release=fields.word("Released.release", message.release),
        receipt=fields.digest("Released.receipt", message.receipt),
    )


def _decode_failed(message: exchange_pb2.Failed) -> Failed:
    return Failed(
        code=fields.code("Failed.code", message.code),
        message=fields.text("Failed.message", message.message, longest=fields.MESSAGE_LENGTH),
        missing=fields.countries("Failed.missing", message.missing),
    )


def _refuse_session(field: str, session: bytes) -> None:
    if session:
        raise MalformedMessageError(f"{field}: this message belongs to no session")


def _no_body(name: str, message: Message) -> MalformedMessageError:
    # A body of a later version arrives as a field without a name.
    if len(UnknownFieldSet(message)) > 0:
        return UnknownMessageError(name)
    return MalformedMessageError(f"{name}.body: is missing; update the sender")
