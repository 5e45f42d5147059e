"""The node that stays connected and takes part."""

import asyncio
import os
import shlex
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc

from corridor import __version__
from corridor.errors.keeping import KeysRotatedError
from corridor.errors.node import (
    AlreadyServingError,
    NoCharterError,
)
from corridor.faults import Reached, go_on
from corridor.files import holding_lock
from corridor.ids import Digest
from corridor.node.app.approvers import counting
from corridor.node.app.erasing import tidy_regularly
from corridor.node.app.rotating import settle_rotation
from corridor.node.app.shielding import shield_process
from corridor.node.app.world import (
    SERVE_LOCK,
    Tell,
    World,
    allowance_of,
    charter_desk,
    dial_coordinator,
    journal_of,
    ledger_of,
    read_data,
    read_policy,
)
from corridor.node.approval_desk import ApprovalDesk
from corridor.node.approvals import ApprovalBook
from corridor.node.approvals import Standing as ApprovalStanding
from corridor.node.attempt import Surroundings
from corridor.node.charter_desk import CharterDesk
from corridor.node.cosigning_desk import CosigningDesk
from corridor.node.evidence_desk import EvidenceDesk
from corridor.node.faults import parse_fault
from corridor.node.home import (
    Home,
    NodeSettings,
    demand_in_service,
    read_enrolment,
    read_settings,
)
from corridor.node.journal import Journal
from corridor.node.keys import (
    NodeKeys,
    read_keys,
)
from corridor.node.ledger import Ledger
from corridor.node.link.stream import CharterStanding, Link, LinkParts
from corridor.node.policy import Policy
from corridor.node.policy_in_force import PolicyInForce
from corridor.node.question_desk import QuestionDesk
from corridor.node.series_book import SeriesBook
from corridor.node.sessions import Sessions
from corridor.node.status import Status, StatusBoard
from corridor.node.store import EditionStore
from corridor.node.tree_book import TreeBook
from corridor.node.witness_book import WitnessBook
from corridor.node.witness_desk import WitnessDesk
from corridor.protocols.charter import (
    Charter,
    SignedCharter,
)
from corridor.protocols.secure_sum.messages import PROTOCOL_VERSION
from corridor.queries.catalogue import Catalogue, parse_catalogue
from corridor.transport.logs import log_as_json_lines
from corridor.transport.messages import Hello, Standing
from corridor.transport.suites import ed25519_verify, suite_named

EXIT_ON_FAULT = 70

STOPS: Mapping[str, Callable[[], None]] = {
    "exit": lambda: os._exit(EXIT_ON_FAULT),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
}
"""What `--fault` can do; neither leaves time to clean up."""


def serve(world: World, *, fault: str | None, tell: Tell) -> None:
    """Stay connected and take part, until SIGTERM or SIGINT.

    Raises:
        AlreadyServingError: another process serves this home.
        NotEnrolledError: there is no coordinator to dial.
        CorridorError: a file of the home cannot be used. Nothing was started.
    """
    home = Home(world.home)
    settings = read_settings(home)
    demand_in_service(home)
    shield_process()
    # Without it there is nobody to dial: to wait quietly would look like taking part.
    read_enrolment(home)
    read_policy(home)
    log_as_json_lines()
    with _serving_alone(world.home):
        while _serve_under_one_key(world, home, settings, fault, tell):
            tell(f"{settings.country} goes over to its new keys, which the charter lists")


def _serve_under_one_key(
    world: World, home: Home, settings: NodeSettings, fault: str | None, tell: Tell
) -> bool:
    """Serve until told to stop, or until the keys of the card were rotated: whether they were."""
    with ExitStack() as stack:
        node = open_node(world, home, settings, stack)
        node.check_fault(fault)
        tell(
            f"{settings.country} serves; status: corridor node status --home "
            f"{shlex.quote(str(world.home))}"
        )
        node.journal.started(__version__)
        node.journal.policy_read(node.rules.digest)
        asyncio.run(_run(node, fault))
    return node.is_rotated


@dataclass(slots=True, kw_only=True)
class ServingNode:
    """The parts of a serving node."""

    world: World
    home: Home
    settings: NodeSettings
    keys: NodeKeys
    approvals: ApprovalBook
    store: EditionStore
    journal: Journal
    book: WitnessBook
    tree: TreeBook
    charters: CharterDesk
    catalogue: Catalogue
    board: StatusBoard
    stack: ExitStack
    ledger: Ledger | None = None
    charter: SignedCharter | None = None
    witnesses: WitnessDesk | None = None
    decided: set[str] = field(default_factory=set)
    is_rotated: bool = False
    stop_serving: Callable[[], None] = lambda: None
    cosigning: CosigningDesk = field(init=False)
    rules: PolicyInForce = field(init=False)

    def __post_init__(self) -> None:
        """Read the policy; make the desk that outlives charters and connections.

        Raises:
            SettingsError, PolicyError: the policy cannot be read.
        """
        self.rules = PolicyInForce(self.home.policy, self._policy_changed)
        self.cosigning = CosigningDesk(
            me=self.settings.country,
            charter=lambda: None if self.charter is None else self.charter.charter,
            book=self.tree,
            journal=self.journal,
            board=self.board,
            sign=self.keys.sign_note,
            verify=ed25519_verify,
            clock=self.world.clock,
        )

    def _policy_changed(self, policy: Policy, digest: Digest) -> None:
        self.journal.policy_read(digest)
        if self.ledger is not None:
            self.ledger.limit_to(allowance_of(policy))

    def look_around(self) -> bool:
        """See what the authority's people did beside this process, and show it.

        Whether they decided on a question since the last look, so that it may come again.
        """
        self.rules.current()
        standings = self.approval_desk().standings()
        waiting = sum(one is ApprovalStanding.WAITING for one in standings.values())
        self.board.show(
            policy=self.rules.problem,
            approvals="" if not waiting else f"{waiting} wait: `corridor node approvals`",
        )
        decided = {
            name
            for name, one in standings.items()
            if one in {ApprovalStanding.APPROVED, ApprovalStanding.DENIED}
        }
        has_news, self.decided = not decided <= self.decided, decided
        return has_news

    def approval_desk(self) -> ApprovalDesk:
        """What asks people; under the ledger that is open now."""
        ledger = self.ledger or self.open_ledger()
        return ApprovalDesk(
            book=self.approvals,
            journal=self.journal,
            is_used=ledger.has_used,
            counting=lambda: counting(self.world),
            clock=self.world.clock,
            random_bytes=self.world.random_bytes,
        )

    def check_fault(self, text: str | None) -> None:
        """Refuse a fault that may not be, before anything is started."""
        accepted = self.charters.accepted()
        if text is not None:
            if accepted is None:
                raise NoCharterError
            parse_fault(text, accepted, STOPS)

    def open_ledger(self) -> Ledger:
        """The ledger, under the limits of the charter in force (or its defaults before one)."""
        charter = self.charter.charter if self.charter else self.charters.accepted()
        if self.ledger is not None:
            self.ledger.close()
        self.ledger = ledger_of(self.world, self.rules.current(), charter)
        return self.ledger

    def hello(self) -> Hello:
        """Who calls, and what it could take part in."""
        ledger = self.ledger or self.open_ledger()
        balance = ledger.balance()
        edition = self.store.current()
        if edition is not None and self.board.status.edition != edition.id:
            self.board.show(edition=edition.id)
        digest = self.charter.charter.digest if self.charter else self.charters.accepted_digest()
        return Hello(
            self.settings.country,
            PROTOCOL_VERSION,
            f"corridor-{__version__}",
            Standing(
                charter=digest,
                edition=None if edition is None else edition.id,
                consent_rule=self.rules.current().published_rule,
                statement=ledger.statement(),
                left_this_year=balance.left_this_year,
                left_for_all_time=balance.left_for_all_time,
                witnessed=self.witnesses is not None and self.witnesses.is_witnessed,
            ),
        )

    def charter_of(self) -> CharterStanding:
        """Which charter is in force here, and which was accepted last."""
        in_force = None if self.charter is None else self.charter.charter.digest
        return CharterStanding(in_force, self.charters.accepted_digest())

    def confirm(self, document: bytes) -> None:
        """Take a charter into force, whose every signature is verified.

        Raises:
            KeysRotatedError: it lists this node's next keys. It is in force here, and everything
                has to be opened again under them.
        """
        self.charter = self.charters.confirm(document)
        if read_keys(self.home).signing != self.keys.signing:
            self.is_rotated = True
            self.stop_serving()
            raise KeysRotatedError
        self.open_ledger()
        self.witnesses = None

    def make_witnesses(self) -> WitnessDesk:
        """What witnesses under the charter in force; for as long as it is, or this process runs.

        Raises:
            NoCharterError: none is.
        """
        if self.charter is None:
            raise NoCharterError
        charter = self.charter.charter
        self.witnesses = WitnessDesk(
            me=self.settings.country,
            charter=charter,
            ledger=self.ledger or self.open_ledger(),
            book=self.book,
            journal=self.journal,
            sign=self.keys.sign,
            verify=ed25519_verify,
            random_bytes=self.world.random_bytes,
            show=lambda line: self.board.show(witnesses=line),
            evidence=EvidenceDesk(
                me=self.settings.country,
                charter=charter,
                book=self.book,
                tree=self.tree,
                journal=self.journal,
                verify=ed25519_verify,
                clock=self.world.clock,
                show=lambda line: self.board.show(evidence=line),
            ),
            before=self.charters.before(charter),
            handed_over=lambda: self.charters.handed_over(charter),
        )
        return self.witnesses

    def witness_desk(self) -> WitnessDesk | None:
        """What witnesses now; None where no charter is in force here."""
        if self.charter is None:
            return None
        return self.witnesses or self.make_witnesses()

    def make_sessions(self, fault: str | None) -> Sessions:
        """What answers proposals under the charter in force.

        Raises:
            NoCharterError: none is.
        """
        if self.charter is None:
            raise NoCharterError
        charter = self.charter.charter
        ledger = self.ledger or self.open_ledger()
        witnesses = self.witnesses or self.make_witnesses()
        reached = self._reached(fault, charter)
        surroundings = Surroundings(
            charter=charter,
            suite=suite_named(charter.suite),
            sign=self.keys.sign,
            verify=ed25519_verify,
            random_bytes=self.world.random_bytes,
            clock=self.world.clock,
            ledger=ledger,
            demand_witnessed=witnesses.demand_witnessed,
            unwitnessed=witnesses.unwitnessed,
            hear_other_header=witnesses.hear_other_header,
            reached=reached,
        )
        return Sessions(
            desk=QuestionDesk(
                me=self.settings.country,
                surroundings=surroundings,
                catalogue=self.catalogue,
                policy=self.rules.current,
                store=self.store,
                series=SeriesBook(self.home.series, self.store.series_key, self.world.random_bytes),
                approvals=self.approval_desk(),
            ),
            ledger=ledger,
            journal=self.journal,
            board=self.board,
            clock=self.world.clock,
            fresh_entries=witnesses.fresh,
            hear_proposal=witnesses.hear_proposal,
            expect=self.cosigning.expect,
            replies_after=lambda: self.rules.policy.replies_after,
            reached=reached,
        )

    @staticmethod
    def _reached(fault: str | None, charter: Charter) -> Reached:
        return go_on if fault is None else parse_fault(fault, charter, STOPS).reached


def open_node(world: World, home: Home, settings: NodeSettings, stack: ExitStack) -> ServingNode:
    """Open the home of a node that is about to serve; `stack` closes it.

    Raises:
        CorridorError: a file of the home cannot be used.
    """
    keys = read_keys(home)
    store = EditionStore(world.home, world.random_bytes, world.clock)
    edition = store.current()
    charters = charter_desk(home)
    node = ServingNode(
        world=world,
        home=home,
        settings=settings,
        keys=keys,
        approvals=stack.enter_context(ApprovalBook(home.approvals)),
        store=store,
        journal=stack.enter_context(journal_of(world, home, keys)),
        book=stack.enter_context(WitnessBook(home.witness, ed25519_verify)),
        tree=stack.enter_context(TreeBook(home.tree)),
        charters=charters,
        catalogue=parse_catalogue(read_data),
        board=StatusBoard(
            home.status,
            Status(
                country=settings.country,
                process=os.getpid(),
                link="starting",
                detail="",
                since=world.clock(),
                charter="none yet",
                edition=None if edition is None else edition.id,
            ),
        ),
        stack=stack,
        charter=charters.in_force(),
    )
    settle_rotation(home, keys, node.journal)
    stack.callback(lambda: node.ledger.close() if node.ledger else None)
    node.open_ledger()
    return node


async def _run(node: ServingNode, fault: str | None) -> None:
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="desk") as worker:
        link = Link(link_parts(node, lambda: dial_coordinator(node.home), worker, fault))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, link.stop)

        def stop_serving() -> None:
            loop.call_soon_threadsafe(link.stop)  # told in the worker's thread

        node.stop_serving = stop_serving
        tidying = asyncio.create_task(tidy_regularly(node.world))
        try:
            await link.run()
        finally:
            tidying.cancel()


def link_parts(
    node: ServingNode,
    dial_coordinator: Callable[[], grpc.aio.Channel],
    worker: Executor,
    fault: str | None = None,
) -> LinkParts:
    """What this node's link is made of; `worker` is one thread."""
    return LinkParts(
        dial=dial_coordinator,
        hello=node.hello,
        charter_of=node.charter_of,
        confirm_charter=node.confirm,
        make_sessions=lambda: node.make_sessions(fault),
        look_around=node.look_around,
        witnesses=node.witness_desk,
        on_checkpoint=node.cosigning.on_checkpoint,
        tree_standing=node.cosigning.standing,
        board=node.board,
        clock=node.world.clock,
        jitter=lambda: int.from_bytes(node.world.random_bytes(4), "big") / 2**32,
        worker=worker,
    )


@contextmanager
def _serving_alone(folder: Path) -> Iterator[None]:
    """Hold the home's lock: two processes must not spend from one ledger.

    Raises:
        AlreadyServingError: another process holds it.
        DiskError: it cannot be opened.
    """
    with holding_lock(folder / SERVE_LOCK) as held:
        if not held:
            raise AlreadyServingError
        yield
