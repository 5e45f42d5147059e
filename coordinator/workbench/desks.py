"""Who decides behind the pages. The wiring hands it in; pages know nothing else."""

from collections.abc import Callable
from dataclasses import dataclass

from corridor.coordinator.account_tokens import AccountTokens
from corridor.coordinator.attempt_history import AttemptHistory
from corridor.coordinator.board_desk import BoardDesk
from corridor.coordinator.file_maker import FileMaker
from corridor.coordinator.invitation_desk import InvitationDesk
from corridor.coordinator.oversight_desk import OversightDesk
from corridor.coordinator.proposal_desk import ProposalDesk
from corridor.coordinator.provider import ProviderDesk
from corridor.coordinator.public_desk import PublicDesk
from corridor.coordinator.publication_desk import PublicationDesk
from corridor.coordinator.question_desk import QuestionDesk
from corridor.coordinator.reading_desk import ReadingDesk
from corridor.coordinator.region_desk import RegionDesk
from corridor.coordinator.releases import ReleaseDesk
from corridor.coordinator.report_desk import ReportDesk
from corridor.coordinator.series_desk import SeriesDesk
from corridor.ids import CountryCode
from corridor.people import Change, PeopleDesk
from corridor.publishing.pictures.base_map import BaseMap


@dataclass(frozen=True, slots=True, kw_only=True)
class Desks:
    """Everything behind the pages.

    Attributes:
        region_name: of the region whose coordinator this is.
        base_map: the operator's own under pictures; None where the one that comes along is drawn.
        provider: who else signs people in, where there is one.
        readmit: asks a member again that was held out, with what was found out.
        changes: so many of the last changes of accounts, the newest first.
        files: makes files of releases, in a process of its own.
    """

    region_name: str
    people: PeopleDesk
    tokens: AccountTokens
    provider: ProviderDesk | None
    changes: Callable[[int], tuple[Change, ...]]
    invitations: InvitationDesk
    oversight: OversightDesk
    proposals: ProposalDesk
    readmit: Callable[[CountryCode, str], None]
    region: RegionDesk
    questions: QuestionDesk
    releases: ReleaseDesk
    series: SeriesDesk
    history: AttemptHistory
    base_map: BaseMap | None = None
    publications: PublicationDesk
    public: PublicDesk
    boards: BoardDesk
    files: FileMaker
    reading: ReadingDesk
    reports: ReportDesk
