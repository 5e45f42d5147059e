"""Who decides behind the pages. The wiring hands it in; pages know nothing else."""

from dataclasses import dataclass

from corridor.coordinator.attempt_history import AttemptHistory
from corridor.coordinator.file_maker import FileMaker
from corridor.coordinator.question_desk import QuestionDesk
from corridor.coordinator.region_desk import RegionDesk
from corridor.coordinator.releases import ReleaseDesk
from corridor.coordinator.series_desk import SeriesDesk
from corridor.people import PeopleDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class Desks:
    """Everything behind the pages.

    Attributes:
        region_name: of the region whose coordinator this is.
        files: makes files of releases, in a process of its own.
    """

    region_name: str
    people: PeopleDesk
    region: RegionDesk
    questions: QuestionDesk
    releases: ReleaseDesk
    series: SeriesDesk
    history: AttemptHistory
    files: FileMaker
