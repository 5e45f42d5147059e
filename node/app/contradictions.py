"""What members and the coordinator said that contradicts itself, and the list of releases."""

import asyncio
from datetime import UTC, datetime

from corridor.errors import CorridorError
from corridor.errors.ledger import ProvesNothingError
from corridor.errors.node import (
    NoCharterError,
)
from corridor.errors.release_tree import (
    NoCheckpointError,
    NoSuchTreeError,
    NothingToSettleError,
)
from corridor.node.app.world import World, charter_desk, dial_coordinator, journal_of
from corridor.node.cosigning_desk import contradiction
from corridor.node.evidence_desk import EvidenceDesk
from corridor.node.home import (
    Home,
    read_enrolment,
    read_settings,
)
from corridor.node.keys import (
    read_keys,
)
from corridor.node.link import membership
from corridor.node.tree_book import TreeBook
from corridor.node.views import (
    CheckpointView,
    ComparedView,
    EvidenceView,
    ForkView,
    TakenView,
)
from corridor.node.witness_book import WitnessBook
from corridor.protocols.contradictions import (
    THE_COORDINATOR,
    checkpoint_document,
    coordinator_word,
    parse_line,
)
from corridor.protocols.notes import parse_note, verify_checkpoint
from corridor.protocols.release_tree import Consistency, log_of
from corridor.transport.suites import ed25519_verify

MOST_LINES = 10_000
"""Of a file of evidence: more than the members of any region make a node keep."""


def evidence(world: World) -> list[ForkView]:
    """Every two words that contradict each other: members' ledgers, and the coordinator's."""
    home = Home(world.home)
    read_settings(home)
    with WitnessBook(home.witness, ed25519_verify) as book, TreeBook(home.tree) as tree:
        found = [
            ForkView(
                fork.country or THE_COORDINATOR,
                fork.problem,
                fork.held.decode(),
                fork.shown.decode(),
            )
            for fork in book.forks()
        ]
        proofs = [one for one in tree.evidence() if one.is_proof]
    if not proofs:
        return found
    key = read_enrolment(home).coordinator_key
    for one in proofs:
        held, shown = (checkpoint_document(note, key).decode() for note in (one.held, one.offered))
        settled = f", settled: {one.settled}" if one.settled else ""
        found.append(ForkView(THE_COORDINATOR, f"two lists of one length{settled}", held, shown))
    return found


def take_evidence(world: World, raw: bytes) -> TakenView:
    """Take in what another member's `corridor node evidence --out` wrote.

    Every line is verified by itself, under the charter in force here; what convicts nobody is left
    out. A node that serves acts by what was taken from its next message on, and tells the others.

    Raises:
        NoCharterError: none is in force here.
        ProvesNothingError: there are more lines than any node writes. Nothing was taken.
        LedgerDiskError: a contradiction could not be kept; those before it were.
    """
    home = Home(world.home)
    charter = charter_desk(home).in_force()
    if charter is None:
        raise NoCharterError
    lines = [line for line in raw.split(b"\n") if line]
    if len(lines) > MOST_LINES:
        raise ProvesNothingError(f"a file has at most {MOST_LINES} lines, this one {len(lines)}")
    taken, refused = 0, list[str]()
    with (
        WitnessBook(home.witness, ed25519_verify) as book,
        TreeBook(home.tree) as tree,
        journal_of(world, home, read_keys(home)) as journal,
    ):
        desk = EvidenceDesk(
            me=read_settings(home).country,
            charter=charter.charter,
            book=book,
            tree=tree,
            journal=journal,
            verify=ed25519_verify,
            clock=world.clock,
            show=lambda _: None,
        )
        for number, line in enumerate(lines, 1):
            try:
                taken += desk.take(parse_line(line), "a file")
            except ProvesNothingError as error:
                refused.append(f"line {number}: {error} [{error.code}]")
    return TakenView(taken, len(lines) - taken - len(refused), tuple(refused))


def heard_from_coordinator(world: World) -> bytes:
    """Every proposal and charter that the coordinator signed for this node, one a line."""
    home = Home(world.home)
    read_settings(home)
    with WitnessBook(home.witness, ed25519_verify) as book:
        return b"".join(word + b"\n" for word in book.heard())


def compare_heard(world: World, theirs: bytes) -> int:
    """Hold what another member heard from the coordinator against what this node heard.

    Returns how many words are about something that the coordinator told this node otherwise. Both
    words are kept as evidence; `evidence` shows them.

    Raises:
        NoCoordinatorWordError: a line is no word that the coordinator signed. Nothing was kept.
    """
    home = Home(world.home)
    key = read_enrolment(home).coordinator_key
    words = [line for line in theirs.split(b"\n") if line]
    subjects = [coordinator_word(word, key, ed25519_verify).subject for word in words]
    with WitnessBook(home.witness, ed25519_verify) as book:
        return sum(
            not book.compare(subject, word) for subject, word in zip(subjects, words, strict=True)
        )


def checkpoint(world: World) -> CheckpointView:
    """The checkpoint that this node cosigned last, with all the cosignatures it saw.

    Raises:
        NoCheckpointError: it cosigned none yet.
    """
    home = Home(world.home)
    read_settings(home)
    with TreeBook(home.tree) as book:
        held, contradicted = book.held(), book.is_contradicted()
    if held is None:
        raise NoCheckpointError
    lines = [one.name.rpartition("/")[2] for one in held.note.signatures[1:]]
    return CheckpointView(
        held.note.encode().decode(), held.checkpoint.size, sorted(lines), contradicted
    )


def tree_evidence(world: World) -> list[EvidenceView]:
    """Every two checkpoints by which the coordinator contradicted itself."""
    home = Home(world.home)
    read_settings(home)
    with TreeBook(home.tree) as book:
        return [
            EvidenceView(
                datetime.fromtimestamp(one.at, UTC).isoformat(),
                one.code,
                one.held.encode().decode(),
                one.offered.encode().decode(),
                one.proof,
                one.is_proof,
                one.settled,
            )
            for one in book.evidence()
        ]


def settle_evidence(world: World, words: str) -> int:
    """Go on cosigning, the members having talked about the coordinator's contradictions.

    Gives how many were settled.

    Raises:
        NothingToSettleError: there are none.
    """
    home = Home(world.home)
    read_settings(home)
    with TreeBook(home.tree) as book, journal_of(world, home, read_keys(home)) as journal:
        count = book.settle(words, int(world.clock().timestamp()))
        if count == 0:
            raise NothingToSettleError
        journal.evidence_settled(count, words)
    return count


def compare_checkpoint(world: World, raw: bytes) -> ComparedView:
    """Compare another member's checkpoint with what this node cosigned.

    Where the sizes differ and this node never cosigned that one, the coordinator is asked for the
    proof that they are one tree.

    Raises:
        MalformedNoteError, OtherLogError, ForgedCheckpointError: it is no checkpoint to compare.
        SplitViewError, InconsistentTreeError: they contradict each other; both are kept.
        NoCheckpointError, NoCharterError: this node has none to compare it with.
    """
    home = Home(world.home)
    charter = charter_desk(home).in_force()
    if charter is None:
        raise NoCharterError
    log = log_of(charter.charter)
    theirs = verify_checkpoint(parse_note(raw, "the other checkpoint"), log, ed25519_verify)
    with TreeBook(home.tree) as book:
        held = book.cosigned(theirs.checkpoint.size) or book.held()
        if held is None:
            raise NoCheckpointError
        sizes = sorted((held.checkpoint.size, theirs.checkpoint.size))
        proof = None
        if sizes[0] != sizes[1]:
            proof = asyncio.run(_fetch_consistency(home, *sizes))
        problem = contradiction(held.checkpoint, theirs.checkpoint, proof)
        if problem is not None:
            with book.writing():
                now = int(world.clock().timestamp())
                book.accuse(problem.code, held.note, theirs.note, proof, now)
    if problem is not None:
        with journal_of(world, home, read_keys(home)) as journal:
            journal.checkpoint_refused(problem.code, held.checkpoint.size)
        raise problem
    return ComparedView(held.checkpoint.size, theirs.checkpoint.size, sorted(theirs.cosigned))


async def _fetch_consistency(home: Home, old: int, new: int) -> Consistency:
    async with dial_coordinator(home) as channel:
        try:
            return await membership.fetch_consistency(channel, old, new)
        except CorridorError as error:
            if error.code != NoSuchTreeError.code:
                raise
            # It signed a tree of that size and does not know it: nothing is proven then.
            return Consistency(old, new, ())
