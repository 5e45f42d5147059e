"""Who decides and who looks, behind the pages. The wiring hands it in; pages know nothing else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from corridor.errors import CorridorError
from corridor.ids import CountryCode, EditionId
from corridor.node.checkup_desk import CheckupDesk
from corridor.node.import_desk import ImportDesk
from corridor.node.importing.mapping_file import Confirmed
from corridor.node.importing.persons import Identity
from corridor.node.policy_desk import PolicyDesk
from corridor.node.policy_trial import Supposed
from corridor.node.quality import QualityProfile
from corridor.node.reading_room import ReadingRoom
from corridor.node.retention import Foresight
from corridor.node.status import Status
from corridor.node.upkeep import Upkeep
from corridor.node.views import (
    Accepted,
    ApprovalView,
    BudgetView,
    CardView,
    CharterOffer,
    EditionView,
    ErasedPerson,
    KeptEdition,
    PolicyTrial,
)
from corridor.people import PeopleDesk
from corridor.protocols.cards import Fingerprint
from corridor.protocols.charter import Charter
from corridor.queries.htcds import HtcdsField

Trusted = Mapping[CountryCode, Fingerprint]


@dataclass(frozen=True, slots=True)
class MemberKey:
    """A member of the accepted charter, and its fingerprint in two forms."""

    country: CountryCode
    name: str
    fingerprint: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterDesks:
    """This node's card, the charter it lives by, and the one that is offered."""

    mine: Callable[[], CardView]
    accepted: Callable[[], Charter | None]
    is_in_force: Callable[[], bool]
    members: Callable[[], Sequence[MemberKey]]
    offer: Callable[[Trusted], CharterOffer]
    sign: Callable[[CharterOffer, Trusted], Accepted]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalDesks:
    """Questions that wait for people, and what people say of them: an id, and whose account.

    Attributes:
        problem: why the policy cannot be read; None where it can.
        approve: takes what stands for what that person was shown, besides.
    """

    waiting: Callable[[], int]
    newest: Callable[[], Sequence[ApprovalView]]
    one: Callable[[str], ApprovalView]
    problem: Callable[[], CorridorError | None]
    approve: Callable[[str, str, str], ApprovalView]
    deny: Callable[[str, str], ApprovalView]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTrials:
    """What another policy would have decided.

    Attributes:
        past: of the journal's questions, under this text, of so many days.
        suppose: of one question that nobody asked yet.
        ready_made: the file as it would be with the ready-made policy of that name.
    """

    past: Callable[[str, int], PolicyTrial]
    suppose: Callable[[Supposed, str], PolicyTrial]
    ready_made: Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataDesks:
    """How good the data are, and how they go.

    Attributes:
        quality: of the last import, or of the one that made an edition.
        worklist: the case workers' list of a profile, as CSV.
        fields: everything that a column can be mapped to.
        databases: their names in the node's mapping file, to read tables from.
        keep_mapping: writes what columns mean into this mapping file, or the node's own.
        erase_edition: one edition, or all where None; by whom.
        erase_person: whose rows leave the data for good; by whom.
        retention: how long data stay, and what goes next by that.
        series: names of the standing series that keep keys of whom they counted.
    """

    quality: Callable[[EditionId | None], QualityProfile]
    worklist: Callable[[QualityProfile], bytes]
    fields: Mapping[str, HtcdsField]
    databases: Callable[[], Sequence[str]]
    keep_mapping: Callable[[Path | None, Sequence[Confirmed]], None]
    editions: Callable[[], Sequence[KeptEdition]]
    erase_edition: Callable[[EditionId | None, str], Sequence[EditionId]]
    erase_person: Callable[[Identity, str], ErasedPerson]
    series: Callable[[], Sequence[str]]
    retention: Callable[[], Foresight]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desks:
    """Everything behind the pages.

    Attributes:
        node, country: whose node this is.
        status: what `serve` said last, and whether its process lives; raises NotRunningError
            where it was never started.
        upkeep: what was done to keep the node, and what is due.
        allowance: ρ for all time, by the policy.
    """

    node: str
    country: str
    people: PeopleDesk
    room: ReadingRoom
    policy: PolicyDesk
    imports: ImportDesk
    charter: CharterDesks
    approvals: ApprovalDesks
    trials: PolicyTrials
    case_data: DataDesks
    status: Callable[[], tuple[Status, bool]]
    is_enrolled: Callable[[], bool]
    edition: Callable[[], EditionView | None]
    budget: Callable[[], BudgetView]
    allowance: Callable[[], Fraction]
    checkups: CheckupDesk
    upkeep: Callable[[], Upkeep]
