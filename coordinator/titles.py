"""What a question asks, in plain words: what lists show beside its id."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from corridor.coordinator.charter_desk import CharterDesk
from corridor.errors import CorridorError
from corridor.ids import Digest
from corridor.queries.answers import title_of
from corridor.queries.catalogue import Catalogue
from corridor.queries.domains import make_domains
from corridor.queries.plan import compile_plan
from corridor.queries.question import parse_question

MOST_KEPT = 1000
"""So many titles are kept: a list is shown again and again, and each title is a plan compiled."""

TitleOf = Callable[[Digest, bytes], str]
"""Of a charter's hash and a question's canonical bytes."""


@dataclass(frozen=True, slots=True)
class Titles:
    """Words for questions, under the charter that each was asked under."""

    charters: CharterDesk
    catalogue: Catalogue
    _kept: dict[tuple[Digest, bytes], str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def of(self, charter: Digest, question: bytes) -> str:
        """What was asked; empty where this version cannot read it any more."""
        with self._lock:
            kept = self._kept.get((charter, question))
        if kept is not None:
            return kept
        title = self._make(charter, question)
        with self._lock:
            if len(self._kept) >= MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[charter, question] = title
        return title

    def _make(self, charter: Digest, question: bytes) -> str:
        try:
            domains = make_domains(self.catalogue, self.charters.find(charter).charter)
            plan = compile_plan(parse_question(question), domains)
        except CorridorError:
            return ""
        return "; ".join(title_of(table, domains) for table in plan.tables)
