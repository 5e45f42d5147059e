"""What travels between node and coordinator beside the messages of an attempt.

    the stream     NodeMessage = Hello | Standing | Cosigned | TreeStanding | NodeInSession, and of
                   `protocols.witnesses` WitnessAsk | WitnessAnswer | LedgerEntries | WitnessWord
                   CoordinatorMessage = Welcome | CharterAvailable | CheckpointToCosign
                   | CoordinatorInSession, and of `protocols.witnesses`
                   WitnessAsk | WitnessAnswer | LedgerEntries | WitnessRequest; both ways
                   ContradictionTold of `protocols.contradictions`
    in a session   the values of `protocols.secure_sum.messages` and `protocols.figures`, and here
                   VectorChunk, Dealings, Refusal, Progress, Released, Failed
    membership     FetchCharter, CharterDocument, CharterSigned, CharterStatus, FetchReceipt,
                   ReceiptChunk, FetchConsistency, ConsistencyProof

Values are well-formed, not believed. `codec` reads and writes their protobuf form.
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TypeAlias

from corridor.ids import CountryCode, Digest, EditionId, PublicKey, SessionId, Signature
from corridor.protocols.contradictions import ContradictionTold
from corridor.protocols.figures import Figure, FigureRequest
from corridor.protocols.secure_sum.messages import (
    Acceptance,
    Dealing,
    LedgerStatement,
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

CHUNK_BYTES = 512 * 1024
"""The longest piece of a vector or a receipt; a multiple of every ring's word."""


# ---------------------------------------------------------------- outside of attempts


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a forecast needs to know of a node; sent again whenever it changed.

    Attributes:
        charter: hash of the charter accepted there; None before the first.
        edition: None where nothing has been imported.
        consent_rule: which cases are counted, as in `htcds-consent`.
        left_this_year, left_for_all_time: ρ that policy still allows.
        witnessed: enough members confirmed its ledger since it started.
    """

    charter: Digest | None
    edition: EditionId | None
    consent_rule: str
    statement: LedgerStatement
    left_this_year: Fraction
    left_for_all_time: Fraction
    witnessed: bool


@dataclass(frozen=True, slots=True)
class Hello:
    """A node's first message: who calls, and what it could take part in."""

    country: CountryCode
    protocol: int
    software: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class Welcome:
    """The coordinator's answer to a Hello.

    Attributes:
        charter: hash of the charter in force; None before the first.
        server_time: seconds since 1970 UTC; for a warning about clocks, for nothing else.
    """

    charter: Digest | None
    server_time: int
    protocol: int


@dataclass(frozen=True, slots=True)
class CharterAvailable:
    """A charter was proposed or came into force, and can be fetched."""

    charter: Digest
    in_force: bool


# ---------------------------------------------------------------- the release tree

INCLUSIONS = 64
"""The most releases that are shown in a tree at once."""


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That the release of one session stands at a place of the tree."""

    session: SessionId
    index: int
    path: tuple[Digest, ...]


@dataclass(frozen=True, slots=True)
class CheckpointToCosign:
    """A checkpoint of the release tree, with what a node needs to see before it cosigns.

    Attributes:
        old_size: where the consistency proof begins.
        note: the signed note, with the cosignatures so far, for `protocols.notes`.
    """

    old_size: int
    consistency: tuple[Digest, ...]
    note: bytes
    inclusions: tuple[Inclusion, ...]


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The node's cosignature of the checkpoint of that size."""

    size: int
    timestamp: int
    signature: Signature


@dataclass(frozen=True, slots=True)
class TreeStanding:
    """Up to where a node knows the tree, and what it wants shown in it.

    Attributes:
        code: why the last checkpoint was not cosigned; empty where the node asks for one.
    """

    size: int
    sessions: tuple[SessionId, ...]
    code: str = ""


# ---------------------------------------------------------------- in a session


@dataclass(frozen=True, slots=True)
class Refusal:
    """One side declines to go on with this session. The code is stable, the text for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class VectorChunk:
    """A piece of the masked vector, numbered from 0: little-endian words, ≤ `CHUNK_BYTES`."""

    index: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Dealings:
    """What all sharers dealt to one node, sorted by dealer."""

    dealings: tuple[Dealing, ...]


class Round(StrEnum):
    """The rounds of an attempt, by the words that `--fault` and the status line use.

    An attempt of scope per-country goes from `propose` to `figure`.
    """

    PROPOSE = "propose"
    SHARE = "share"
    OPENED = "opened"
    MASKED_INPUT = "masked-input"
    CONSISTENCY = "consistency"
    UNMASK = "unmask"
    FIGURE = "figure"


@dataclass(frozen=True, slots=True)
class Progress:
    """Whom the coordinator waits for, and since when (seconds since 1970 UTC). For people."""

    round: Round
    missing: frozenset[CountryCode]
    since: int


@dataclass(frozen=True, slots=True)
class Released:
    """The attempt ended with a release; `receipt` is the digest of its public receipt."""

    release: str
    receipt: Digest


@dataclass(frozen=True, slots=True)
class Failed:
    """The attempt is over without an answer. What was debited stays debited."""

    code: str
    message: str
    missing: frozenset[CountryCode]


NodeBody: TypeAlias = (
    Refusal
    | Acceptance
    | Shares
    | Opened
    | VectorChunk
    | MaskedInput
    | SurvivorSignature
    | Unmask
    | Figure
)
"""What a node says in a session."""

CoordinatorBody: TypeAlias = (
    Refusal
    | Proposal
    | Roster
    | Dealings
    | Sharers
    | SurvivorSet
    | UnmaskRequest
    | FigureRequest
    | Progress
    | Released
    | Failed
)
"""What the coordinator says in a session."""


@dataclass(frozen=True, slots=True)
class NodeInSession:
    """What a node says in one attempt. The session routes; what counts is signed inside."""

    session: SessionId
    body: NodeBody


@dataclass(frozen=True, slots=True)
class CoordinatorInSession:
    """What the coordinator says in one attempt. The session routes; what counts is signed."""

    session: SessionId
    body: CoordinatorBody


NodeMessage: TypeAlias = (
    Hello
    | Standing
    | Cosigned
    | TreeStanding
    | NodeInSession
    | WitnessAsk
    | WitnessAnswer
    | LedgerEntries
    | WitnessWord
    | ContradictionTold
)
CoordinatorMessage: TypeAlias = (
    Welcome
    | CharterAvailable
    | CheckpointToCosign
    | CoordinatorInSession
    | WitnessAsk
    | WitnessAnswer
    | LedgerEntries
    | WitnessRequest
    | ContradictionTold
)


# ---------------------------------------------------------------- membership


@dataclass(frozen=True, slots=True)
class FetchCharter:
    """Ask for one charter; None asks for the one proposed last."""

    charter: Digest | None


@dataclass(frozen=True, slots=True)
class CharterDocument:
    """A charter with its signatures so far, and the members' cards.

    Attributes:
        signed_charter: canonical JSON, for `protocols.charter`.
        cards: canonical JSON each, for `protocols.cards`; believed by confirmed fingerprint only.
    """

    signed_charter: bytes
    cards: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class CharterSigned:
    """A member signed the charter of this hash."""

    charter: Digest
    country: CountryCode
    signature: Signature


@dataclass(frozen=True, slots=True)
class CharterStatus:
    """How far a charter is."""

    charter: Digest
    in_force: bool
    signed: frozenset[CountryCode]
    missing: frozenset[CountryCode]


@dataclass(frozen=True, slots=True)
class SuccessorHandedIn:
    """The keys that a member wants the next charter to list; none of it believed.

    Attributes:
        card: canonical bytes: the new one; the present one where keys are taken back.
        succession: canonical bytes of the statement by both signing keys; empty to take back.
    """

    card: bytes
    succession: bytes


@dataclass(frozen=True, slots=True)
class SuccessorNoted:
    """Which signing key the next charter will list for the member."""

    signing_key: PublicKey


class ReceiptKind(StrEnum):
    """Which of a release's two receipts is meant."""

    PUBLIC = "public"
    MEMBERS = "members"


@dataclass(frozen=True, slots=True)
class FetchReceipt:
    """Ask for a release's receipt."""

    release: str
    kind: ReceiptKind


@dataclass(frozen=True, slots=True)
class ReceiptChunk:
    """A piece of a receipt's bytes, numbered from 0, ≤ `CHUNK_BYTES`."""

    index: int
    data: bytes


@dataclass(frozen=True, slots=True)
class FetchConsistency:
    """Ask for the proof that the tree of one size continues that of another."""

    old_size: int
    new_size: int


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """That proof, not verified."""

    path: tuple[Digest, ...]
