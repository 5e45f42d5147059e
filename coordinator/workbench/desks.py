"""Who decides behind the pages. The wiring hands it in; pages know nothing else."""

from dataclasses import dataclass

from corridor.coordinator.attempt_history import AttemptHistory
from corridor.coordinator.board_desk import BoardDesk
from corridor.coordinator.public_desk import PublicDesk
from corridor.coordinator.publication_desk import PublicationDesk
from corridor.coordinator.question_desk import QuestionDesk
from corridor.coordinator.region_desk import RegionDesk
from corridor.coordinator.releases import ReleaseDesk
from corridor.coordinator.series_desk import SeriesDesk
from corridor.people import PeopleDesk
from corridor.publishing.pictures.base_map import BaseMap


@dataclass(frozen=True, slots=True, kw_only=True)
class Desks:
    """Everything behind the pages.

    Attributes:
        region_name: of the region whose coordinator this is.
        base_map: the operator's own under pictures; None where the one that comes along is drawn.
    """

    region_name: str
    people: PeopleDesk
    region: RegionDesk
    questions: QuestionDesk
    releases: ReleaseDesk
    series: SeriesDesk
    history: AttemptHistory
    base_map: BaseMap | None = None
    publications: PublicationDesk
    public: PublicDesk
    boards: BoardDesk
