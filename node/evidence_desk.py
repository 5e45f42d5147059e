"""Brings contradictions that one member found to the others, and takes theirs.

    digests       which this node can show; its questions and answers as a witness name them
    for_member    those that a member does not name, in words
    fresh         those that nobody was told of yet
    take          another member's: verified, then kept as if this node had found it
    heard         what a member signed that it can show: who lacks what, or what did not arrive here

Two words convict the accused, or nobody (`protocols.contradictions`); whoever hands them on is
neither believed nor blamed. What is taken lies where this node's own findings lie: a contradiction
of a ledger or of the coordinator's proposals and charters in the witness book, two lists of one
length in the tree book, where they stop the cosigning until the operator has settled them. A
member's ledger goes on being witnessed along the one chain that is held of it, as before.

The coordinator carries all of this. It cannot alter a word, nor an answer in which a member signs
what it can show; so where it drops the words, both sides see it and show it (`evidence` in the
status), and the words go as a file. Where it drops the answers too, the member that found them
sees who has not confirmed them, and the others that they are not witnessed.

How much one party can make the members keep and send has an end: of each accused so many are kept
(`witness_book.MOST_FORKS`), and the `MOST_TOLD` with the smallest digests are told. All members
come to the same ones by that, whatever each found first.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

import structlog

from corridor.errors.ledger import ProvesNothingError
from corridor.errors.release_tree import SplitViewError
from corridor.ids import CountryCode, Digest
from corridor.node.attempt import Clock
from corridor.node.journal import Journal
from corridor.node.tree_book import MOST_COMPLAINTS, TreeBook
from corridor.node.witness_book import WitnessBook
from corridor.protocols.charter import Charter
from corridor.protocols.contradictions import (
    COORDINATOR,
    Contradiction,
    ContradictionTold,
    Conviction,
    checkpoint_document,
    verify_contradiction,
)
from corridor.protocols.notes import parse_note
from corridor.protocols.suite import Verify
from corridor.protocols.witnesses import MOST_CONTRADICTIONS

_log = structlog.get_logger()

MOST_TOLD = 8
"""Of each accused; the coordinator's lists of releases count by themselves. One convicts it."""

RESENDS = 8
"""So often in one attempt a member is sent the same again: it may come and go."""

Show = Callable[[str], None]
"""Puts a line about contradictions where the operator sees it."""


class EvidenceDesk:
    """What one running node tells and hears of contradictions, under one charter."""

    def __init__(
        self,
        *,
        me: CountryCode,
        charter: Charter,
        book: WitnessBook,
        tree: TreeBook,
        journal: Journal,
        verify: Verify,
        clock: Clock,
        show: Show,
    ) -> None:
        self._me = me
        self._charter = charter
        self._book = book
        self._tree = tree
        self._journal = journal
        self._verify = verify
        self._clock = clock
        self._show = show
        self._proven: dict[Contradiction, Conviction | None] = {}  # what is on record
        self._counts = (0, 0)  # of both books; nothing is ever removed from them
        self._told: dict[Digest, Contradiction] = {}
        self._said: set[Digest] = set()
        self._sent: Counter[tuple[CountryCode, Digest]] = Counter()
        self._theirs: dict[CountryCode, set[Digest]] = {}
        self._noted: set[tuple[str, str]] = set()
        self._look()
        self._tell()

    # ------------------------------------------------------------ telling

    def digests(self) -> tuple[Digest, ...]:
        """Which contradictions this node can show, sorted."""
        self._look()
        return tuple(sorted(self._told))

    @property
    def has_news(self) -> bool:
        """Whether there are some of which nobody was told."""
        self._look()
        return not self._told.keys() <= self._said

    def fresh(self) -> Iterator[ContradictionTold]:
        """For everybody: those of which nobody was told."""
        self._look()
        for digest, claim in list(self._told.items()):
            if digest not in self._said:
                self._said.add(digest)
                yield ContradictionTold(self._me, None, claim)
        self._tell()

    def asking(self) -> None:
        """The members are asked anew: the answers show who lacks what, also of what is fresh."""
        self._said.update(self.digests())
        self.forget_sending()

    def forget_sending(self) -> None:
        """Another attempt begins: what was sent in the last one counts no more."""
        self._sent.clear()

    def for_member(
        self, country: CountryCode, theirs: Sequence[Digest]
    ) -> Iterator[ContradictionTold]:
        """What this member does not name among those that it can show."""
        self._look()
        for digest, claim in list(self._told.items()):
            if digest not in theirs and self._sent[country, digest] < RESENDS:
                self._sent[country, digest] += 1
                yield ContradictionTold(self._me, country, claim)

    # ------------------------------------------------------------ hearing

    def heard(self, country: CountryCode, theirs: Sequence[Digest]) -> None:
        """A member signed that it can show these; the words of what is missing came before that."""
        self._theirs.setdefault(country, set()).update(theirs)
        self._look()
        if country in self._silenced and self._is_first("missing", country):
            _log.error("evidence.missing", country=country)
            self._journal.evidence_missing(country)
        self._tell()

    def take(self, claim: Contradiction, told_by: str) -> bool:
        """Keep a contradiction that another member shows; whether it was new here.

        Raises:
            ProvesNothingError: it convicts nobody. Nothing was kept, and it is in the journal,
                once for each who shows such.
            LedgerDiskError: it could not be kept.
        """
        try:
            found = verify_contradiction(claim, self._charter, self._verify)
        except ProvesNothingError as error:
            _log.warning("evidence.refused", told_by=told_by, code=error.code)
            if self._is_first("refused", told_by):
                self._journal.evidence_refused(error.code, told_by)
            raise
        self._look()
        if found.digest in self._known:
            return False
        before = self._counts
        self._keep(claim, found)
        self._look()
        if self._counts == before:
            return False  # there are so many that this one would change nothing
        self._said.add(found.digest)
        _log.error("evidence.taken", country=found.accused, told_by=told_by)
        self._journal.evidence_taken(found.accused, told_by)
        self._tell()
        return True

    def _keep(self, claim: Contradiction, found: Conviction) -> None:
        if not found.is_of_tree:
            self._book.keep_told(claim, found.problem)
        elif self._tree.proof_count() < MOST_COMPLAINTS:
            held, shown = (parse_note(raw) for raw in (claim.held, claim.shown))
            now = int(self._clock().timestamp())
            with self._tree.writing():
                self._tree.accuse(SplitViewError.code, held, shown, None, now)

    # ------------------------------------------------------------ what there is

    def _look(self) -> None:
        """Read both books again where something was added, by whichever process."""
        counts = self._book.fork_count(), self._tree.proof_count()
        if counts == self._counts:
            return
        self._counts = counts
        told: dict[tuple[CountryCode, bool], dict[Digest, Contradiction]] = defaultdict(dict)
        for claim in on_record(self._book, self._tree, self._charter):
            if claim not in self._proven:
                self._proven[claim] = self._weigh(claim)
            found = self._proven[claim]
            if found is not None:
                told[found.accused, found.is_of_tree].setdefault(found.digest, claim)
        first = [sorted(some.items())[:MOST_TOLD] for some in told.values()]
        self._told = dict(sorted(one for some in first for one in some)[:MOST_CONTRADICTIONS])

    def _weigh(self, claim: Contradiction) -> Conviction | None:
        """None for words under a key of before, and for those that convict nobody alone."""
        try:
            return verify_contradiction(claim, self._charter, self._verify)
        except ProvesNothingError:
            return None

    @property
    def _known(self) -> frozenset[Digest]:
        return frozenset(one.digest for one in self._proven.values() if one is not None)

    @property
    def _silenced(self) -> tuple[CountryCode, ...]:
        """Members that can show what did not arrive here."""
        known = self._known
        return tuple(sorted(one for one, theirs in self._theirs.items() if not theirs <= known))

    @property
    def _unconfirmed(self) -> tuple[CountryCode, ...]:
        """Members that have not signed that they can show all that this node tells."""
        others = self._charter.signing_keys.keys() - {self._me}
        told = self._told.keys()
        return tuple(sorted(one for one in others if not told <= self._theirs.get(one, set())))

    def _is_first(self, what: str, who: str) -> bool:
        if (what, who) in self._noted:
            return False
        self._noted.add((what, who))
        return True

    def _tell(self) -> None:
        parts = []
        if many := sum(self._counts) - self._tree.settled_count():
            parts.append(f"{many} contradictions on record, see `corridor node evidence`")
        if self._told and (lacking := self._unconfirmed):
            parts.append(f"not confirmed by {', '.join(lacking)}")
        if silenced := self._silenced:
            parts.append(f"what {', '.join(silenced)} can show did not arrive: ask for the file")
        self._show("; ".join(parts))


def on_record(book: WitnessBook, tree: TreeBook, charter: Charter) -> Iterator[Contradiction]:
    """All pairs of words that this node keeps, as it could hand them on."""
    for fork in book.forks():
        yield Contradiction(fork.country, fork.held, fork.shown)
    key = charter.coordinator_key
    for one in tree.evidence():
        if one.is_proof:
            notes = (checkpoint_document(note, key) for note in (one.held, one.offered))
            yield Contradiction(COORDINATOR, *notes)
