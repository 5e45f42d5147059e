"""Charters, signatures and receipts, as the Membership service carries them."""

from corridor.errors.wire import MalformedMessageError
from corridor.transport.codec import fields
from corridor.transport.messages import (
    CHUNK_BYTES,
    CharterDocument,
    CharterSigned,
    CharterStatus,
    FetchCharter,
    FetchReceipt,
    ReceiptChunk,
    ReceiptKind,
    SuccessorHandedIn,
    SuccessorNoted,
)
from corridor.wire.v1 import membership_pb2

CHUNKS = 1 << 20

_KINDS = {
    ReceiptKind.PUBLIC: membership_pb2.RECEIPT_KIND_PUBLIC,
    ReceiptKind.MEMBERS: membership_pb2.RECEIPT_KIND_MEMBERS,
}
_KIND_OF = {number: kind for kind, number in _KINDS.items()}


def encode_fetch_charter(value: FetchCharter) -> membership_pb2.FetchCharterRequest:
    """Write the wish for a charter."""
    return membership_pb2.FetchCharterRequest(charter=value.charter or b"")


def decode_fetch_charter(
    message: membership_pb2.FetchCharterRequest | None,
) -> FetchCharter:
    """Read the wish for a charter.

    Raises:
        MalformedMessageError: the hash is malformed.
    """
    message = fields.parsed("FetchCharterRequest", message)
    return FetchCharter(fields.digest_or_none("FetchCharterRequest.charter", message.charter))


def encode_charter_document(value: CharterDocument) -> membership_pb2.CharterDocument:
    """Write a charter with its signatures and cards."""
    return membership_pb2.CharterDocument(signed_charter=value.signed_charter, cards=value.cards)


def decode_charter_document(
    message: membership_pb2.CharterDocument | None,
) -> CharterDocument:
    """Read a charter with its signatures and cards, which their own parsers still have to read.

    Raises:
        MalformedMessageError: nothing there, or more than any region has.
    """
    message = fields.parsed("CharterDocument", message)
    fields.at_most("CharterDocument.cards", message.cards)
    return CharterDocument(
        signed_charter=fields.octets(
            "CharterDocument.signed_charter", message.signed_charter, longest=fields.DOCUMENT_BYTES
        ),
        cards=tuple(
            fields.octets("CharterDocument.cards", card, longest=fields.CARD_BYTES)
            for card in message.cards
        ),
    )


def encode_charter_signed(value: CharterSigned) -> membership_pb2.CharterSignature:
    """Write a member's signature."""
    return membership_pb2.CharterSignature(
        charter=value.charter, country=value.country, signature=value.signature
    )


def decode_charter_signed(
    message: membership_pb2.CharterSignature | None,
) -> CharterSigned:
    """Read a member's signature.

    Raises:
        MalformedMessageError: a field is missing or malformed; names the field.
    """
    message = fields.parsed("CharterSignature", message)
    return CharterSigned(
        charter=fields.digest("CharterSignature.charter", message.charter),
        country=fields.country("CharterSignature.country", message.country),
        signature=fields.signature("CharterSignature.signature", message.signature),
    )


def encode_charter_status(value: CharterStatus) -> membership_pb2.CharterStatus:
    """Write how far a charter is."""
    return membership_pb2.CharterStatus(
        charter=value.charter,
        in_force=value.in_force,
        signed=sorted(value.signed),
        missing=sorted(value.missing),
    )


def decode_charter_status(
    message: membership_pb2.CharterStatus | None,
) -> CharterStatus:
    """Read how far a charter is.

    Raises:
        MalformedMessageError: a field is missing, malformed or repeated; names the field.
    """
    message = fields.parsed("CharterStatus", message)
    return CharterStatus(
        charter=fields.digest("CharterStatus.charter", message.charter),
        in_force=message.in_force,
        signed=fields.countries("CharterStatus.signed", message.signed),
        missing=fields.countries("CharterStatus.missing", message.missing),
    )


def encode_successor(value: SuccessorHandedIn) -> membership_pb2.Successor:
    """Write the keys that a member wants listed next."""
    return membership_pb2.Successor(card=value.card, succession=value.succession)


def decode_successor(message: membership_pb2.Successor | None) -> SuccessorHandedIn:
    """Read the keys that a member wants listed next; their own parsers still have to read them.

    Raises:
        MalformedMessageError: no card, or more than a card and a statement can be.
    """
    message = fields.parsed("Successor", message)
    return SuccessorHandedIn(
        card=fields.octets("Successor.card", message.card, longest=fields.CARD_BYTES),
        succession=b""
        if not message.succession
        else fields.octets("Successor.succession", message.succession, longest=fields.CARD_BYTES),
    )


def encode_successor_noted(value: SuccessorNoted) -> membership_pb2.SuccessorNoted:
    """Write which key the next charter will list."""
    return membership_pb2.SuccessorNoted(signing_key=value.signing_key)


def decode_successor_noted(message: membership_pb2.SuccessorNoted | None) -> SuccessorNoted:
    """Read which key the next charter will list.

    Raises:
        MalformedMessageError: it is no key.
    """
    message = fields.parsed("SuccessorNoted", message)
    return SuccessorNoted(fields.signing_key("SuccessorNoted.signing_key", message.signing_key))


def encode_fetch_receipt(value: FetchReceipt) -> membership_pb2.FetchReceiptRequest:
    """Write the wish for a receipt."""
    return membership_pb2.FetchReceiptRequest(release=value.release, kind=_KINDS[value.kind])


def decode_fetch_receipt(
    message: membership_pb2.FetchReceiptRequest | None,
) -> FetchReceipt:
    """Read the wish for a receipt.

    Raises:
        MalformedMessageError: a field is missing or malformed; names the field.
    """
    message = fields.parsed("FetchReceiptRequest", message)
    kind = _KIND_OF.get(message.kind)
    if kind is None:
        raise MalformedMessageError(
            f"FetchReceiptRequest.kind: {message.kind} is no receipt that this version knows"
        )
    return FetchReceipt(
        release=fields.word("FetchReceiptRequest.release", message.release), kind=kind
    )


def encode_receipt_chunk(value: ReceiptChunk) -> membership_pb2.ReceiptChunk:
    """Write a piece of a receipt."""
    return membership_pb2.ReceiptChunk(index=value.index, data=value.data)


def decode_receipt_chunk(
    message: membership_pb2.ReceiptChunk | None,
) -> ReceiptChunk:
    """Read a piece of a receipt.

    Raises:
        MalformedMessageError: empty, longer than `CHUNK_BYTES`, or numbered past any receipt.
    """
    message = fields.parsed("ReceiptChunk", message)
    return ReceiptChunk(
        index=fields.whole("ReceiptChunk.index", message.index, most=CHUNKS),
        data=fields.octets("ReceiptChunk.data", message.data, longest=CHUNK_BYTES),
    )
