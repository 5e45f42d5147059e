"""Who decides and who looks, behind the pages. The wiring hands it in; pages know nothing else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from corridor.ids import CountryCode
from corridor.node.import_desk import ImportDesk
from corridor.node.people import PeopleDesk
from corridor.node.policy_desk import PolicyDesk
from corridor.node.reading_room import ReadingRoom
from corridor.node.status import Status
from corridor.node.views import (
    Accepted,
    BudgetView,
    CardView,
    CharterOffer,
    EditionView,
    Finding,
)
from corridor.protocols.cards import Fingerprint
from corridor.protocols.charter import Charter

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
class Desks:
    """Everything behind the pages.

    Attributes:
        node, country: whose node this is.
        status: what `serve` said last, and whether its process lives; raises NotRunningError
            where it was never started.
        allowance: ρ for all time, by the policy.
    """

    node: str
    country: str
    people: PeopleDesk
    room: ReadingRoom
    policy: PolicyDesk
    imports: ImportDesk
    charter: CharterDesks
    status: Callable[[], tuple[Status, bool]]
    is_enrolled: Callable[[], bool]
    edition: Callable[[], EditionView | None]
    budget: Callable[[], BudgetView]
    allowance: Callable[[], Fraction]
    doctor: Callable[[], Sequence[Finding]]
