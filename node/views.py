"""What the operator's commands show: small values, the same for people and for programs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from corridor.ids import CountryCode, Digest, EditionId
from corridor.node.plain_words import Said


@dataclass(frozen=True, slots=True)
class CardView:
    """This node's card. `text` is its canonical JSON, to be exchanged as a file.

    Attributes:
        following: the card with the keys that wait for a charter, where they are being rotated.
    """

    country: CountryCode
    name: str
    fingerprint: str
    words: str
    text: str
    following: "CardView | None" = None


@dataclass(frozen=True, slots=True)
class MemberView:
    """One member of a proposed charter.

    Attributes:
        fingerprint: of the key listed, where it is this node's own or one that the operator
            confirmed; empty where it is the coordinator's word alone, which nobody should copy.
        standing: what is known of that key, or what to do about it.
        former: where it follows another key of the same member, the fingerprint of that one, as it
            was accepted here; empty where the key is the same, or a new member's.
        is_anew: whether the country was a member with another key, whose ledger ends with it.
    """

    country: CountryCode
    name: str
    fingerprint: str
    standing: str
    former: str = ""
    is_anew: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterOffer:
    """A proposed charter, to be looked at before it is signed.

    Attributes:
        raw: the signed charter as the coordinator sent it.
        between: those proposed since the one that was accepted here, likewise.
        joins, leaves: who is listed and was not in the one accepted here, and the reverse.
        numbers: name and value pairs: thresholds, ceilings, δ.
        since: the version that was accepted here before; None before the first.
        changes: of the numbers, what was otherwise in that version: name, before, now.
    """

    raw: bytes
    between: Sequence[bytes]
    joins: Sequence[CountryCode]
    leaves: Sequence[CountryCode]
    region: str
    version: int
    synthetic: bool
    members: Sequence[MemberView]
    numbers: Sequence[tuple[str, str]]
    document: Mapping[str, Any]
    since: int | None = None
    changes: Sequence[tuple[str, str, str]] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """How far a charter is after this node signed it."""

    in_force: bool
    missing: Sequence[CountryCode]


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What an import did: lines for people, a document for programs."""

    lines: Sequence[str]
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StatusView:
    """What `serve` is doing, and whether its process lives."""

    line: str
    alive: bool
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PolicyView:
    """The rules in order: number, line, verdict, conditions."""

    rules: Sequence[tuple[str, str, str, str]]
    lines: Sequence[str]
    help: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetView:
    """What was spent and is left.

    Attributes:
        rows: what, ρ, ε of a person here, of one known to several nodes, and if all others collude.
        years: year, and the same figures of what was spent in it.
        askers: organisation, purpose, ρ spent this year, of all time.
        shares: whose, ρ a year, ρ left this year.
        nodes_per_person: to how many nodes a person may be known.
    """

    rows: Sequence[tuple[str, str, str, str, str]]
    years: Sequence[tuple[str, str, str, str, str]]
    askers: Sequence[tuple[str, str, str, str]]
    shares: Sequence[tuple[str, str, str]]
    nodes_per_person: int
    lines: Sequence[str]
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One entry of the journal."""

    number: int
    time: str
    kind: str
    session: str
    details: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the doctor looked at.

    Attributes:
        ok: nothing of it stops the node, or is broken.
        warns: it works, and is not fine all the same.
    """

    ok: bool
    what: str
    finding: str
    warns: bool = False

    def __post_init__(self) -> None:
        """What is to be mended is no warning."""
        if self.warns and not self.ok:
            raise ValueError("a finding that is not ok needs no warning")

    @property
    def mark(self) -> str:
        """For people, before what was found."""
        if self.warns:
            return " !"
        return "ok" if self.ok else "!!"


@dataclass(frozen=True, slots=True)
class InvitationView:
    """An invitation, to be compared by telephone before it is used.

    Attributes:
        authority: fingerprint of the certificate authority, in groups of four.
        coordinator_key: fingerprint of the signing key; `words` are the same to read out.
    """

    country: CountryCode
    grpc: str
    web: str
    expires: datetime
    authority: str
    coordinator_key: str
    words: str


@dataclass(frozen=True, slots=True)
class CheckpointView:
    """The checkpoint that this node holds: its note, its size, who cosigned it."""

    note: str
    size: int
    cosigned_by: Sequence[str]
    contradicted: bool


@dataclass(frozen=True, slots=True)
class ForkView:
    """Two signed words of one party that contradict each other, each as canonical JSON."""

    whose: str
    problem: str
    held: str
    shown: str


@dataclass(frozen=True, slots=True)
class TakenView:
    """What was taken of another member's evidence: how much was new, known here, and refused."""

    taken: int
    known: int
    refused: Sequence[str]


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """Two checkpoints that contradict each other, or of which the proof did not hold.

    Attributes:
        is_proof: whether the two convict the coordinator; else it is a complaint.
        settled: what the members found; empty before.
    """

    at: str
    code: str
    held: str
    offered: str
    proof: str
    is_proof: bool
    settled: str


@dataclass(frozen=True, slots=True)
class ComparedView:
    """Two checkpoints of one tree: this node's size, the other's, who cosigned the other."""

    mine: int
    theirs: int
    cosigned_by: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesView:
    """A standing series that this node pays or paid for.

    Attributes:
        period: its last release here.
        rho: of all its releases, paid once.
        paid: that, and attempts that were repeated.
        goes_on: whether what it counted is here, so that there can be a next release.
        is_left: whether this node's operator left it.
    """

    name: str
    period: int
    rho: str
    paid: str
    goes_on: bool
    is_left: bool


@dataclass(frozen=True, slots=True)
class PersonsWord:
    """What a person said of a waiting question; `at` is ISO 8601, UTC."""

    person: str
    approves: bool
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalView:
    """A question that waits for people, or did.

    Attributes:
        standing: waiting, approved, used, denied, expired, other-edition, other-charter;
            other-price, where its series would take another price now; not-asked, where nobody
            asks it any more.
        title: what is counted, in few words; empty where it cannot be read any more.
        rho: what it is proposed at; of a series, for all its answers together.
        price: what the ledger takes for this answer.
        since, until, last: ISO 8601, UTC; when it came, is over, and was proposed last.
        binding: the hash of all that an approval is for.
        shown: what whoever approves it names; empty where nobody can be told what it counts.
        policy_error: code and message, where the policy cannot be read; then nobody can approve.
        words: what it asks, sentence by sentence, each with an id for other languages.
        denied_before: ids of what asked the same, perhaps by other words or at another price, and
            was denied; the newest first.
    """

    id: str
    standing: str
    title: str
    organisation: str
    purpose: str
    rho: str
    price: str
    scope: str
    needs: int
    approvers: Sequence[str]
    deniers: Sequence[str]
    said: Sequence[PersonsWord]
    since: str
    until: str
    last: str | None
    binding: str
    shown: str
    policy_error: Mapping[str, str] | None
    words: Sequence[Said]
    denied_before: Sequence[str]

    @property
    def document(self) -> Mapping[str, Any]:
        """For programs."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {
            **values,
            "approvers": list(self.approvers),
            "deniers": list(self.deniers),
            "denied_before": list(self.denied_before),
            "said": [asdict(one) for one in self.said],
            "words": [one.to_json() for one in self.words],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialLine:
    """What one question of the journal meets under two policies.

    Attributes:
        times: how often it came; `at` is when it came last.
        then: how it was answered: accepted, or a code.
        verdict, rule: what the policy decides that there is: allow, refuse, ask and how many
            people, or unknown, where the journal does not hold what a policy looks at.
        would, would_rule: what the other one would.
        price: what the ledger took for such an answer when it came, or would take now of one that
            nobody asked yet; empty where nobody can tell any more.
        price_repeat: of a series that nobody asked yet, what one more attempt at an answer takes; a
            later answer takes nothing.
        left, would_left: ρ that is left this year under either, of a question that may come.
        reason, would_reason: what the authority wrote beside either rule.
    """

    at: str
    question: str
    organisation: str
    purpose: str
    rho: str
    scope: str
    minors: bool
    times: int
    then: str
    verdict: str
    rule: str
    would: str
    would_rule: str
    price: str = ""
    price_repeat: str = ""
    left: str = ""
    would_left: str = ""
    reason: str = ""
    would_reason: str = ""

    @property
    def changes(self) -> bool:
        """Whether the other policy decides otherwise."""
        return self.verdict != self.would

    @property
    def is_too_dear(self) -> bool:
        """Whether it would be refused under the policy that there is: less is left."""
        return bool(self.left) and Fraction(self.price) > Fraction(self.left)

    @property
    def would_be_too_dear(self) -> bool:
        """Whether it would be under the other one."""
        return bool(self.would_left) and Fraction(self.price) > Fraction(self.would_left)


@dataclass(frozen=True, slots=True)
class PolicyTrial:
    """What questions meet under two policies, the newest first."""

    lines: Sequence[TrialLine]

    @property
    def summary(self) -> Mapping[tuple[str, str], int]:
        """How many questions go from which verdict to which."""
        return Counter((line.verdict, line.would) for line in self.lines)

    @property
    def document(self) -> Mapping[str, Any]:
        """For programs."""
        return {
            "questions": [
                {
                    **asdict(line),
                    "changes": line.changes,
                    "too_dear": line.is_too_dear,
                    "would_be_too_dear": line.would_be_too_dear,
                }
                for line in self.lines
            ],
            "summary": [
                {"verdict": verdict, "would": would, "questions": number}
                for (verdict, would), number in sorted(self.summary.items())
            ],
        }


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """Another policy, to be looked at before it takes the place of the one that there is.

    Attributes:
        seen: names the file that there is; to be given back when this one is saved.
        text: the whole file as it would be.
        difference: lines of a unified diff; none where it would be the same.
    """

    seen: Digest
    text: str
    difference: Sequence[str]
    trial: PolicyTrial


@dataclass(frozen=True, slots=True)
class KeptEdition:
    """An edition that can still be read, for the node's own staff."""

    id: EditionId
    is_current: bool
    written_at: datetime
    age_days: int
    size: int
    persons: int
    cases: int


@dataclass(frozen=True, slots=True)
class ErasedPerson:
    """What a person's erasure did, for whoever carried it out.

    Attributes:
        found: whether they were in the data; said to the operator, and kept nowhere.
        edition: the one that followed; None where there is none.
        persons: how many persons, as keys, were in the data and are not any more.
        of_case: how many other persons have the case reference that was given; they stay.
        alike: how many other persons have the same name and birthdate, and stay: with another
            identity number, or one of the two without.
        kinds: in how many ways the person was told.
    """

    found: bool
    edition: EditionId | None
    persons: int = 0
    of_case: int = 0
    alike: int = 0
    kinds: int = 0


@dataclass(frozen=True, slots=True)
class EditionView:
    """The edition that questions are answered from: its rows by table."""

    id: str
    number: int
    written_at: datetime
    rows: Mapping[str, int]
