"""How members witness each other's ledgers: questions, answers, entries, contradictions.

What the entries say is for `protocols.witnesses` to check; here they only have a size.
"""

from collections.abc import Iterable, Sequence

from corridor.errors.wire import MalformedMessageError
from corridor.ids import Digest
from corridor.protocols.chains import Entry
from corridor.protocols.contradictions import (
    COORDINATOR,
    LONGEST_WORD,
    Contradiction,
    ContradictionTold,
)
from corridor.protocols.witnesses import (
    ENTRIES_AT_ONCE,
    LEDGER,
    MOST_CONTRADICTIONS,
    LedgerEntries,
    WitnessAnswer,
    WitnessAsk,
    WitnessRequest,
)
from corridor.transport.codec import attempt, fields
from corridor.wire.v1 import exchange_pb2

PAYLOAD_BYTES = 8 * 1024
"""The longest entry; a ledger's are below 2 KiB."""


def encode_ask(value: WitnessAsk) -> exchange_pb2.WitnessAsk:
    """Write a question after a start."""
    return exchange_pb2.WitnessAsk(
        country=value.country,
        nonce=value.nonce,
        sequence=value.sequence,
        head=value.head,
        known=[
            exchange_pb2.Known(country=country, sequence=sequence)
            for country, sequence in sorted(value.known.items())
        ],
        contradictions=value.contradictions,
    )


def decode_ask(message: exchange_pb2.WitnessAsk) -> WitnessAsk:
    """Read a question after a start.

    Raises:
        MalformedMessageError: a field is missing or malformed, or a country stands twice.
    """
    fields.at_most("WitnessAsk.known", message.known)
    countries = fields.countries("WitnessAsk.known", [one.country for one in message.known])
    numbers = {one.country: one.sequence for one in message.known}
    return WitnessAsk(
        country=fields.country("WitnessAsk.country", message.country),
        nonce=fields.digest("WitnessAsk.nonce", message.nonce),
        sequence=fields.whole("WitnessAsk.sequence", message.sequence, most=attempt.SEQUENCE),
        head=fields.digest("WitnessAsk.head", message.head),
        known={
            country: fields.whole("Known.sequence", numbers[country], most=attempt.SEQUENCE)
            for country in sorted(countries)
        },
        contradictions=_digests("WitnessAsk.contradictions", message.contradictions),
    )


def encode_answer(value: WitnessAnswer) -> exchange_pb2.WitnessAnswer:
    """Write what a member holds of the asker's ledger."""
    return exchange_pb2.WitnessAnswer(
        witness=value.witness,
        country=value.country,
        nonce=value.nonce,
        sequence=value.sequence,
        head=value.head,
        entries=map(_encode_entry, value.entries),
        signature=value.signature,
        contradictions=value.contradictions,
    )


def decode_answer(message: exchange_pb2.WitnessAnswer) -> WitnessAnswer:
    """Read what a member holds of the asker's ledger.

    Raises:
        MalformedMessageError: a field is missing or malformed.
    """
    return WitnessAnswer(
        witness=fields.country("WitnessAnswer.witness", message.witness),
        country=fields.country("WitnessAnswer.country", message.country),
        nonce=fields.digest("WitnessAnswer.nonce", message.nonce),
        sequence=fields.whole("WitnessAnswer.sequence", message.sequence, most=attempt.SEQUENCE),
        head=fields.digest("WitnessAnswer.head", message.head),
        entries=_decode_entries("WitnessAnswer.entries", message.entries),
        signature=fields.signature("WitnessAnswer.signature", message.signature),
        contradictions=_digests("WitnessAnswer.contradictions", message.contradictions),
    )


def encode_entries(value: LedgerEntries) -> exchange_pb2.LedgerEntries:
    """Write a member's own entries."""
    return exchange_pb2.LedgerEntries(
        country=value.country, to=value.to or "", entries=map(_encode_entry, value.entries)
    )


def decode_entries(message: exchange_pb2.LedgerEntries) -> LedgerEntries:
    """Read a member's entries.

    Raises:
        MalformedMessageError: a field is missing or malformed.
    """
    to = fields.country("LedgerEntries.to", message.to) if message.to else None
    return LedgerEntries(
        country=fields.country("LedgerEntries.country", message.country),
        to=to,
        entries=_decode_entries("LedgerEntries.entries", message.entries),
    )


def encode_request(value: WitnessRequest) -> exchange_pb2.WitnessRequest:
    """Write the ledgers of a roster, for a member outside of it."""
    return exchange_pb2.WitnessRequest(
        roster_hash=value.roster_hash, statements=map(attempt.encode_statement, value.statements)
    )


def decode_request(message: exchange_pb2.WitnessRequest) -> WitnessRequest:
    """Read the ledgers of a roster.

    Raises:
        MalformedMessageError: a field is missing or malformed, or they are not sorted.
    """
    fields.at_most("WitnessRequest.statements", message.statements)
    return WitnessRequest(
        roster_hash=fields.digest("WitnessRequest.roster_hash", message.roster_hash),
        statements=fields.sorted_by(
            "WitnessRequest.statements",
            map(attempt.decode_statement, message.statements),
            lambda one: one.country,
        ),
    )


def encode_told(value: ContradictionTold) -> exchange_pb2.ContradictionTold:
    """Write a contradiction that is handed on."""
    return exchange_pb2.ContradictionTold(
        country=value.country,
        to=value.to or "",
        accused=value.claim.accused,
        held=value.claim.held,
        shown=value.claim.shown,
    )


def decode_told(message: exchange_pb2.ContradictionTold) -> ContradictionTold:
    """Read a contradiction that is handed on.

    Raises:
        MalformedMessageError: a field is missing or malformed.
    """
    name = "ContradictionTold"
    return ContradictionTold(
        country=fields.country(f"{name}.country", message.country),
        to=fields.country(f"{name}.to", message.to) if message.to else None,
        claim=Contradiction(
            fields.country(f"{name}.accused", message.accused) if message.accused else COORDINATOR,
            fields.octets(f"{name}.held", message.held, longest=LONGEST_WORD),
            fields.octets(f"{name}.shown", message.shown, longest=LONGEST_WORD),
        ),
    )


def _digests(field: str, raw: Sequence[bytes]) -> tuple[Digest, ...]:
    fields.at_most(field, raw, MOST_CONTRADICTIONS)
    found = tuple(fields.digest(field, one) for one in raw)
    if list(found) != sorted(set(found)):
        raise MalformedMessageError(f"{field}: must be sorted and name nothing twice")
    return found


def _encode_entry(entry: Entry) -> exchange_pb2.LedgerEntry:
    return exchange_pb2.LedgerEntry(
        number=entry.number,
        previous=entry.previous,
        payload=entry.payload,
        signature=entry.signature,
    )


def _decode_entries(field: str, messages: Iterable[exchange_pb2.LedgerEntry]) -> tuple[Entry, ...]:
    found = list(messages)
    fields.at_most(field, found, ENTRIES_AT_ONCE)
    return tuple(map(_decode_entry, found))


def _decode_entry(message: exchange_pb2.LedgerEntry) -> Entry:
    number = fields.whole("LedgerEntry.number", message.number, most=attempt.SEQUENCE)
    if number == 0:
        raise MalformedMessageError("LedgerEntry.number: must be at least 1")
    return Entry(
        chain=LEDGER,
        number=number,
        previous=fields.digest("LedgerEntry.previous", message.previous),
        payload=fields.octets("LedgerEntry.payload", message.payload, longest=PAYLOAD_BYTES),
        signature=fields.signature("LedgerEntry.signature", message.signature),
    )
