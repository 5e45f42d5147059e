"""Contradictions: two signed words of one party that cannot both be true, shown to all members.

A word is what its signature is over, with the signature, in canonical JSON; a checkpoint is a note:

    an entry of a ledger       {"chain", "number", "previous", "payload", "signature"}
    a statement of a ledger    {"country", "sequence", "spent", "reserved", "head", "signature"}
    a proposal                 its header's fields, "signature"
    a proposed charter         {"charter", "signature"}
    a checkpoint               c2sp.org/tlog-checkpoint

Two convict whose they are, before anybody who has the keys of the charter, where both are signed by
that party and are

- of one ledger, under any of the keys that its member had: of one number, and not of one hash and
  one pair of sums; or an entry that follows another one than the entry before it;
- the coordinator's about one session, or one version of the charter, and not the same;
- the coordinator's checkpoints of one size, with two roots.

Who hands them on is not believed, and need not be: only signatures of the accused count. What two
words say of others (an acceptance of another proposal) convicts nobody, and is not handed on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from corridor.errors import CorridorError
from corridor.errors.canonical import NotCanonicalError
from corridor.errors.charter import MalformedCharterError
from corridor.errors.ledger import NoCoordinatorWordError, ProvesNothingError
from corridor.ids import CountryCode, Digest, PublicKey, SessionId, Signature
from corridor.protocols import canonical
from corridor.protocols.chains import Entry
from corridor.protocols.charter import Charter, SignedCharter, parse_charter, proposal_to_sign
from corridor.protocols.fields import Fields, decode
from corridor.protocols.notes import Checkpoint, Note, parse_note, verify_checkpoint
from corridor.protocols.receipts import HEADER, STATEMENT, read_header, read_statement
from corridor.protocols.release_tree import log_of, origin_of
from corridor.protocols.secure_sum.messages import LedgerStatement, Proposal
from corridor.protocols.suite import Verify
from corridor.protocols.witnesses import LEDGER

COORDINATOR = CountryCode("")
"""Stands where a country would, for the coordinator."""

THE_COORDINATOR = "the coordinator"
"""The same for people, and in a file of evidence."""

TWO_CONTENTS = "one entry has two contents: a backup was restored, or two ledgers live"
TWO_SUMS = "one entry has two sums"
EARLIER_KEY = "a key that the member has replaced since has signed one of them, or both"

LONGEST_WORD = 1 << 20
"""Bytes. Entries and statements have a few hundred; a charter of 200 members has some 200 000."""

_LAST_NUMBER = (1 << 63) - 1
_ENTRY = ("chain", "number", "previous", "payload", "signature")
_CHARTER = ("charter", "signature")
_FILE = ("whose", "problem", "held", "shown")


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two words, and whose they are said to be. A claim: `verify_contradiction` says what it is."""

    accused: CountryCode
    held: bytes
    shown: bytes


@dataclass(frozen=True, slots=True)
class ContradictionTold:
    """A member hands a contradiction on.

    Attributes:
        country: who; that it is so is the coordinator's word, and nothing rests on it.
        to: None is for everybody.
    """

    country: CountryCode
    to: CountryCode | None
    claim: Contradiction


@dataclass(frozen=True, slots=True)
class Conviction:
    """What a contradiction proves of `accused`.

    Attributes:
        digest: of what was signed. The same two words in another order, under other signatures or
            with more cosignatures, have the same.
        is_of_tree: whether it is about the list of releases, so that it stops cosigning.
    """

    accused: CountryCode
    problem: str
    digest: Digest
    is_of_tree: bool


def verify_contradiction(claim: Contradiction, charter: Charter, verify: Verify) -> Conviction:
    """What two words prove before anybody who has the keys of this charter.

    1. The accused is a member of the charter, or its coordinator.
    2. Both words can be read, and are signed by the accused's key.
    3. They are about one thing, and cannot both be true.

    Raises:
        ProvesNothingError: one of these fails; says which. Nobody is convicted.
    """
    if max(len(claim.held), len(claim.shown)) > LONGEST_WORD:
        raise ProvesNothingError("a word is longer than any can be")
    try:
        if claim.accused != COORDINATOR:
            problem, *texts = _of_ledger(claim, charter, verify)
        elif claim.held.startswith(b"{"):
            problem, *texts = _of_coordinator(claim, charter, verify)
        else:
            problem, *texts = _of_tree(claim, charter, verify)
    except ProvesNothingError:
        raise
    except CorridorError as error:
        raise ProvesNothingError(str(error)) from error
    return Conviction(
        claim.accused,
        str(problem),
        canonical.digest("corridor contradiction", claim.accused.encode(), *sorted(texts)),
        is_of_tree=claim.accused == COORDINATOR and not claim.held.startswith(b"{"),
    )


def parse_line(line: bytes) -> Contradiction:
    """A line of a file of evidence, as `encode_line` wrote it; nothing in it is believed.

    Raises:
        ProvesNothingError: it is none.
    """
    value = decode(line, "line", ProvesNothingError)
    fields = Fields(value, _FILE, name="line", error=ProvesNothingError)
    whose = fields.free_text("whose")
    fields.free_text("problem")
    return Contradiction(
        COORDINATOR if whose == THE_COORDINATOR else fields.country("whose"),
        fields.free_text("held", longest=LONGEST_WORD).encode(),
        fields.free_text("shown", longest=LONGEST_WORD).encode(),
    )


def encode_line(whose: str, problem: str, held: str, shown: str) -> bytes:
    """One line of a file of evidence, without its end.

    `whose` is a country or `THE_COORDINATOR`; `problem` is for readers, and nothing rests on it.
    """
    return canonical.encode({"whose": whose, "problem": problem, "held": held, "shown": shown})


# ---------------------------------------------------------------- three kinds


@dataclass(frozen=True, slots=True)
class _LedgerWord:
    """What an entry or a statement says of a ledger at one number."""

    number: int
    head: Digest
    sums: tuple[Fraction, Fraction] | None
    follows: Digest | None
    text: bytes
    is_of_now: bool


def _of_ledger(claim: Contradiction, charter: Charter, verify: Verify) -> tuple[str, bytes, bytes]:
    if claim.accused not in charter.signing_keys:
        raise ProvesNothingError(f"{claim.accused} is no member of the charter")
    keys = charter.member(claim.accused).keys
    one, other = sorted(
        (_ledger_word(raw, claim.accused, keys, verify) for raw in (claim.held, claim.shown)),
        key=lambda word: word.number,
    )
    if one.number == other.number:
        if one.head != other.head:
            problem = TWO_CONTENTS
        elif one.sums != other.sums:
            problem = TWO_SUMS
        else:
            raise ProvesNothingError("the two words say the same")
    elif other.number == one.number + 1 and other.follows not in {None, one.head}:
        problem = TWO_CONTENTS
    else:
        raise ProvesNothingError("both words can be true")
    if not one.is_of_now or not other.is_of_now:
        problem = f"{problem}; {EARLIER_KEY}"
    return problem, one.text, other.text


def _ledger_word(
    raw: bytes, country: CountryCode, keys: Sequence[PublicKey], verify: Verify
) -> _LedgerWord:
    value = decode(raw, "word", ProvesNothingError)
    text: bytes
    follows: Digest | None
    if isinstance(value, Mapping) and "chain" in value:
        entry = _read_entry(Fields(value, _ENTRY, name="word", error=ProvesNothingError))
        number, head, sums, follows = entry.number, entry.digest, sums_of(entry), entry.previous
        text, signature, is_own = entry.digest, entry.signature, entry.chain == LEDGER
    else:
        said = read_statement(Fields(value, STATEMENT, name="word", error=ProvesNothingError))
        number, head, sums, follows = said.sequence, said.head, (said.spent, said.reserved), None
        text, signature, is_own = said.to_sign(), said.signature, said.country == country
    by = [key for key in keys if verify(key, text, signature)]
    if not is_own or not by:
        raise ProvesNothingError(f"a word is no word of {country} about its ledger")
    return _LedgerWord(number, head, sums, follows, text, is_of_now=keys[-1] in by)


def _read_entry(fields: Fields) -> Entry:
    number = fields.whole("number")
    if not 1 <= number <= _LAST_NUMBER:
        raise fields.wrong("number", "must be the number of an entry")
    return Entry(
        chain=fields.text("chain"),
        number=number,
        previous=fields.digest("previous"),
        payload=fields.free_text("payload").encode(),
        signature=Signature(fields.octets("signature", 64)),
    )


def _of_coordinator(
    claim: Contradiction, charter: Charter, verify: Verify
) -> tuple[str, bytes, bytes]:
    one, other = (
        coordinator_word(raw, charter.coordinator_key, verify) for raw in (claim.held, claim.shown)
    )
    if one.subject != other.subject:
        raise ProvesNothingError("the two words are about different things")
    if one.text == other.text:
        raise ProvesNothingError("the two words say the same")
    return f"two signed words about one {one.subject}", one.text, other.text


def _of_tree(claim: Contradiction, charter: Charter, verify: Verify) -> tuple[str, bytes, bytes]:
    (one, text), (other, other_text) = (
        _checkpoint(raw, charter, verify) for raw in (claim.held, claim.shown)
    )
    if one.size != other.size:
        raise ProvesNothingError("two lists of different lengths may well be one")
    if one.root == other.root:
        raise ProvesNothingError("the two words say the same")
    return f"two lists of {one.size} releases", text, other_text


def _checkpoint(raw: bytes, charter: Charter, verify: Verify) -> tuple[Checkpoint, bytes]:
    # Without cosigners: who cosigned which of the two does not matter, and charters change.
    log = replace(log_of(charter), witnesses={})
    seen = verify_checkpoint(parse_note(raw, "word"), log, verify)
    return seen.checkpoint, seen.note.text.encode()


# ---------------------------------------------------------------- words


@dataclass(frozen=True, slots=True)
class CoordinatorWord:
    """What the coordinator signed: about what, and which text."""

    subject: str
    text: bytes


def coordinator_word(word: bytes, key: PublicKey, verify: Verify) -> CoordinatorWord:
    """A word of the coordinator; it is a `proposal_` or `charter_document`.

    Raises:
        NoCoordinatorWordError: it is none, or `key` did not sign it.
    """
    value = decode(word, "word", NoCoordinatorWordError)
    if isinstance(value, Mapping) and "charter" in value and len(value) == len(_CHARTER):
        fields = Fields(value, _CHARTER, name="word", error=NoCoordinatorWordError)
        try:
            charter = parse_charter(str(value["charter"]).encode(), "word")
        except MalformedCharterError as error:
            raise NoCoordinatorWordError(str(error)) from error
        found = CoordinatorWord(charter_subject(charter), proposal_to_sign(charter))
    else:
        fields = Fields(value, (*HEADER, "signature"), name="word", error=NoCoordinatorWordError)
        header = read_header(fields)
        found = CoordinatorWord(session_subject(header.session), header.to_sign())
    if not verify(key, found.text, Signature(fields.octets("signature", 64))):
        raise NoCoordinatorWordError(
            f"The signature about {found.subject} is not the coordinator's."
        )
    return found


def entry_document(entry: Entry) -> bytes:
    """An entry as evidence: canonical JSON, with everything that its signature is over."""
    return canonical.encode(
        {
            "chain": entry.chain,
            "number": entry.number,
            "previous": entry.previous.hex(),
            "payload": entry.payload.decode(),
            "signature": entry.signature.hex(),
        }
    )


def statement_document(statement: LedgerStatement) -> bytes:
    """A statement as evidence: canonical JSON, with everything that its signature is over."""
    return canonical.encode(statement.to_json())


def proposal_document(proposal: Proposal) -> bytes:
    """A proposal as evidence: canonical JSON, with everything that its signature is over."""
    header = proposal.header
    return canonical.encode({**header.to_json(), "signature": proposal.signature.hex()})


def charter_document(signed: SignedCharter) -> bytes:
    """A proposed charter as evidence: canonical JSON, with the coordinator's signature."""
    return canonical.encode(
        {"charter": signed.charter.encode().decode(), "signature": signed.proposal.hex()}
    )


def checkpoint_document(note: Note, key: PublicKey) -> bytes:
    """A checkpoint as evidence: its text, and of its signatures that of the log of this key."""
    origin = origin_of(key)
    own = tuple(one for one in note.signatures if one.name == origin)
    return replace(note, signatures=own).encode()


def session_subject(session: SessionId) -> str:
    """What a proposal is a word about."""
    return f"session {session.hex()}"


def charter_subject(charter: Charter) -> str:
    """What a proposed charter is a word about."""
    return f"charter version {charter.version}"


def sums_of(entry: Entry) -> tuple[Fraction, Fraction] | None:
    """What an entry says is spent and reserved; None where its member wrote something else."""
    try:
        value = canonical.decode(entry.payload, "ledger entry")
    except NotCanonicalError:
        return None
    if not isinstance(value, Mapping):
        return None
    try:
        return (
            canonical.parse_fraction(str(value.get("spent")), "spent"),
            canonical.parse_fraction(str(value.get("reserved")), "reserved"),
        )
    except NotCanonicalError:
        return None
