"""Four real nodes and the coordinator's states, in one thread: real ledgers, journals, editions.

A `RealNode` is what `corridor node serve` wires, without a socket. `Talk` carries one attempt
round by round and stops where a test wants to look.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

from corridor.faults import Fault, go_on
from corridor.ids import CountryCode, Digest, EditionId, SessionId
from corridor.node.approval_desk import ApprovalDesk
from corridor.node.approvals import ApprovalBook, Counts
from corridor.node.attempt import Surroundings
from corridor.node.cosigning_desk import CosigningDesk
from corridor.node.evidence_desk import EvidenceDesk
from corridor.node.journal import Journal
from corridor.node.ledger import Allowance, Ledger
from corridor.node.policy import DEFAULT_POLICY, Policy, parse_policy
from corridor.node.question_desk import QuestionDesk
from corridor.node.series_book import SeriesBook
from corridor.node.sessions import Sessions
from corridor.node.status import Status, StatusBoard
from corridor.node.store import EditionStore
from corridor.node.tree_book import TreeBook
from corridor.node.witness_book import WitnessBook
from corridor.node.witness_desk import WitnessDesk
from corridor.privacy.discrete_gaussian import sample
from corridor.privacy.rho import Rho
from corridor.protocols.charter import Charter
from corridor.protocols.masks import ring_type
from corridor.protocols.secure_sum import coordinator
from corridor.protocols.secure_sum.messages import (
    PROTOCOL_VERSION,
    UNSIGNED,
    Acceptance,
    AttemptParameters,
    MaskedInput,
    Opened,
    Proposal,
    ProposalHeader,
    Scope,
    Shares,
    SurvivorSignature,
    Unmask,
)
from corridor.protocols.witnesses import LedgerEntries, WitnessAnswer, WitnessAsk
from corridor.queries.catalogue import Source
from corridor.queries.domains import make_domains
from corridor.queries.parameters import attempt_parameters
from corridor.queries.plan import compile_plan
from corridor.queries.predicates import all_of
from corridor.queries.question import CountPersons, Question, TableQuestion, make_question
from corridor.transport.messages import (
    CoordinatorBody,
    CoordinatorInSession,
    Dealings,
    NodeBody,
    NodeInSession,
    Refusal,
    VectorChunk,
)
from corridor.transport.suites import suite_named
from support.catalogue import catalogue
from support.charters import COORDINATOR, make_charter, node_keys
from support.editions import Case, make_tables
from support.ledgers import TestClock
from support.signing import verify

FOUR = tuple(map(CountryCode, ("MD", "NE", "RO", "UA")))
SUITE = suite_named("x25519")
SESSION = SessionId(b"attempt number 1")
RHO = Fraction(1, 100)


def by_gender() -> Question:
    """How many persons, by gender."""
    return make_question(
        TableQuestion(
            source=Source.PERSONS,
            measure=CountPersons(),
            where=all_of(()),
            group_by=("gender",),
            max_cells=1,
            max_rows=1,
        )
    )


def charter_of_four(**changes: Any) -> Charter:
    """Moldova, Niger, Romania, Ukraine."""
    return make_charter(countries=FOUR, **changes)


def parameters_for(
    charter: Charter, question: Question, rho: Fraction = RHO
) -> Callable[[int], AttemptParameters]:
    """The numbers by the size of the roster."""
    plan = compile_plan(question, make_domains(catalogue(), charter))
    return lambda size: attempt_parameters(charter, plan, Rho(rho), size)


def make_proposal(
    charter: Charter, now: datetime, /, *, asked: Question | None = None, **changes: Any
) -> Proposal:
    """A proposal that an honest coordinator would sign; `changes` replace fields of its header."""
    asked = by_gender() if asked is None else asked
    plan = compile_plan(asked, make_domains(catalogue(), charter))
    seconds = int(now.timestamp())
    header = ProposalHeader(
        protocol=PROTOCOL_VERSION,
        charter=charter.digest,
        session=SESSION,
        question=asked.digest,
        plan=plan.digest,
        rho=RHO,
        scope=Scope.REGIONAL,
        suite=SUITE.name,
        purpose="test",
        organisation="test",
        accept_by=seconds + 30,
        finish_by=seconds + 300,
    )
    header = replace(header, **changes)
    return Proposal(header, asked.encode(), COORDINATOR.sign(header.to_sign()))


class RealNode:
    """One country's node in `home`, with `women` women in its data; none means no data."""

    def __init__(
        self,
        home: Path,
        country: CountryCode,
        charter: Charter,
        clock: TestClock,
        *,
        women: int = 5,
        policy: str = DEFAULT_POLICY,
        fault: Fault | None = None,
    ) -> None:
        home.mkdir(exist_ok=True)
        self.home, self.country, self.charter, self.clock = home, country, charter, clock
        self.fault = fault
        self.peers: Sequence[RealNode] = ()
        self.policy: Policy = parse_policy(policy)
        self.random = Random(f"node {country}")
        self.random_bytes = self.random.randbytes
        self.store = EditionStore(home, self.random_bytes, clock)
        if women:
            self.import_women(women)
        self.open()

    def import_women(self, count: int) -> EditionId:
        """Replace the data by so many women."""
        current = self.store.current()
        cases = [Case(f"w{n}", f"c{n}", {"prs_Gender": "Female"}) for n in range(count)]
        written = self.store.write(
            make_tables(cases),
            replaces=None if current is None else current.id,
            sources=[Digest(hashlib.sha256(str(count).encode()).digest())],
        )
        return written.edition.id

    def open(self) -> None:
        """What happens when `serve` starts."""
        keys = node_keys(self.country)
        common: dict[str, Any] = {
            "sign": keys.sign_digest,
            "key": keys.public,
            "verify": verify,
            "clock": self.clock,
        }
        self.ledger = self.open_ledger()
        self.journal = Journal(self.home / "journal.sqlite3", self.country, **common)
        self.book = WitnessBook(self.home / "witness.sqlite3", verify)
        self.board = StatusBoard(
            self.home / "status.json",
            Status(
                country=self.country,
                process=1,
                link="connected",
                detail="",
                since=self.clock(),
                charter="in force",
                edition=None,
            ),
        )
        self.tree = TreeBook(self.home / "tree.sqlite3")
        self.witnesses = WitnessDesk(
            me=self.country,
            charter=self.charter,
            ledger=self.ledger,
            book=self.book,
            journal=self.journal,
            sign=keys.sign,
            verify=verify,
            random_bytes=self.random_bytes,
            show=lambda line: self.board.show(witnesses=line),
            evidence=EvidenceDesk(
                me=self.country,
                charter=self.charter,
                book=self.book,
                tree=self.tree,
                journal=self.journal,
                verify=verify,
                clock=self.clock,
                show=lambda line: self.board.show(evidence=line),
            ),
        )
        self.cosigning = CosigningDesk(
            me=self.country,
            charter=lambda: self.charter,
            book=self.tree,
            journal=self.journal,
            board=self.board,
            sign=keys.sign,
            verify=verify,
            clock=self.clock,
        )
        self.counts: Counts = lambda _: True
        self.approvals = ApprovalBook(self.home / "approvals.sqlite3")
        self.people = ApprovalDesk(
            book=self.approvals,
            journal=self.journal,
            is_used=self.ledger.has_used,
            counting=lambda: self.counts,
            clock=self.clock,
            random_bytes=self.random_bytes,
        )
        self.desk = QuestionDesk(
            me=self.country,
            surroundings=Surroundings(
                charter=self.charter,
                suite=SUITE,
                sign=keys.sign_digest,
                verify=verify,
                random_bytes=self.random_bytes,
                clock=self.clock,
                ledger=self.ledger,
                demand_witnessed=self.witnesses.demand_witnessed,
                unwitnessed=self.witnesses.unwitnessed,
                hear_other_header=self.witnesses.hear_other_header,
            ),
            catalogue=catalogue(),
            policy=lambda: self.policy,
            store=self.store,
            series=SeriesBook(self.home / "series", self.store.series_key, self.random_bytes),
            approvals=self.people,
        )
        self.sessions = Sessions(
            desk=self.desk,
            ledger=self.ledger,
            journal=self.journal,
            board=self.board,
            clock=self.clock,
            fresh_entries=self.witnesses.fresh,
            hear_proposal=self.witnesses.hear_proposal,
            expect=self.cosigning.expect,
            replies_after=lambda: self.policy.replies_after,
            reached=go_on if self.fault is None else self.fault.reached,
        )

        self.confirm()

    def confirm(self) -> None:
        """The other members confirm the ledger as it is, by their own signatures."""
        for answer in self.confirmations(self.witnesses.ask()):
            list(self.witnesses.on_answer(answer))

    def confirmations(self, ask: WitnessAsk) -> Iterator[WitnessAnswer]:
        """What every other member answers that holds this ledger as it is."""
        for country in self.charter.signing_keys:
            if country != self.country:
                answer = WitnessAnswer(
                    witness=country,
                    country=self.country,
                    nonce=ask.nonce,
                    sequence=ask.sequence,
                    head=ask.head,
                    entries=(),
                    signature=UNSIGNED,
                )
                signature = node_keys(country).sign(answer.to_sign(self.charter.digest))
                yield replace(answer, signature=signature)

    def open_ledger(self) -> Ledger:
        """The ledger alone, as it is opened anew under another charter."""
        keys, policy = node_keys(self.country), self.policy
        return Ledger(
            self.home / "ledger.sqlite3",
            self.country,
            sign=keys.sign,
            key=keys.public,
            verify=verify,
            clock=self.clock,
            random_bytes=self.random_bytes,
            allowance=Allowance(
                policy.per_year, policy.all_time, policy.lost_per_day, policy.shares
            ),
            failed_attempts_per_day=self.charter.failed_attempts_per_day,
        )

    def close(self) -> None:
        """Let go of every file."""
        for part in (self.ledger, self.journal, self.book, self.tree, self.approvals):
            part.close()

    def restart(self) -> None:
        """The power fails, and comes back."""
        self.close()
        self.open()

    def hear(self, body: CoordinatorBody, session: SessionId = SESSION) -> list[NodeBody]:
        """What the node answers."""
        answers: list[NodeInSession] = []
        for said in self.sessions.on_message(CoordinatorInSession(session, body)):
            if isinstance(said, LedgerEntries):
                self.tell_peers(said)
            elif isinstance(said, NodeInSession):  # what holds it back, the link obeys
                answers.append(said)
        assert all(answer.session == session for answer in answers)
        for fresh in self.witnesses.fresh():
            self.tell_peers(fresh)
        return [answer.body for answer in answers]

    def tell_peers(self, entries: LedgerEntries) -> None:
        """The coordinator carries this node's new entries to the others."""
        for peer in self.peers:
            list(peer.witnesses.on_entries(entries))

    def refusal(self, body: CoordinatorBody, session: SessionId = SESSION) -> str:
        """The code with which it refuses."""
        (answer,) = self.hear(body, session)
        assert isinstance(answer, Refusal)
        return answer.code

    @property
    def journalled(self) -> list[str]:
        """The kinds of the journal's entries, in order."""
        return [row.kind for row in self.journal.rows()]

    @property
    def spent(self) -> tuple[Fraction | int, Fraction | int]:
        """ρ spent and reserved."""
        balance = self.ledger.balance()
        return balance.spent, balance.reserved


class Talk:
    """One attempt with `nodes`, driven by the coordinator's states; all of them answer."""

    def __init__(
        self,
        nodes: Sequence[RealNode],
        session: SessionId = SESSION,
        asked: Question | None = None,
        rho: Fraction = RHO,
    ) -> None:
        asked = by_gender() if asked is None else asked
        self.nodes = {node.country: node for node in nodes}
        for node in nodes:
            node.peers = [other for other in nodes if other is not node]
            for peer in node.peers:  # who lacks something is sent it when it connects
                for said in node.witnesses.on_ask(peer.witnesses.ask()):
                    if isinstance(said, LedgerEntries):
                        list(peer.witnesses.on_entries(said))
        self.session = session
        first = nodes[0]
        self.charter = first.charter
        self.parameters = parameters_for(self.charter, asked, rho)
        self.plan = compile_plan(asked, make_domains(catalogue(), self.charter))
        self.proposal = make_proposal(
            self.charter, first.clock(), asked=asked, session=session, rho=rho
        )

    def propose(self) -> None:
        """Everybody accepts; `roster` is what comes next."""
        collecting = coordinator.CollectingAcceptances(
            self.proposal.header, self.charter.signing_keys
        )
        for node in self.nodes.values():
            (answer,) = node.hear(self.proposal, self.session)
            assert isinstance(answer, Acceptance), answer
            collecting = collecting.on_acceptance(answer, verify=verify, suite=SUITE)
        self._sharing, self.roster = collecting.close(self.parameters)

    def share(self) -> None:
        """Everybody deals; `dealings` by country come next."""
        for node in self.nodes.values():
            (answer,) = node.hear(self.roster, self.session)
            assert isinstance(answer, Shares), answer
            self._sharing = self._sharing.on_shares(answer)
        self._opening, self.dealings = self._sharing.close()

    def open(self) -> None:
        """Everybody opens; `sharers` come next."""
        for country, node in self.nodes.items():
            (answer,) = node.hear(Dealings(self.dealings[country]), self.session)
            assert isinstance(answer, Opened), answer
            self._opening = self._opening.on_opened(answer, verify=verify)
        self._inputs, self.sharers = self._opening.close(verify=verify)

    def mask(self) -> None:
        """Everybody masks; `survivors` come next."""
        self.total = np.zeros(
            self._inputs.parameters.cells, dtype=ring_type(self._inputs.parameters.ring_bits)
        )
        for node in self.nodes.values():
            *chunks, word = node.hear(self.sharers, self.session)
            raw = b"".join(chunk.data for chunk in chunks if isinstance(chunk, VectorChunk))
            assert isinstance(word, MaskedInput), word
            spooled = Digest(hashlib.sha256(raw).digest())
            self._inputs = self._inputs.on_masked_input(word, spooled, verify=verify)
            self.total += np.frombuffer(raw, dtype=self.total.dtype)
        self._signing, self.survivors = self._inputs.close()

    def sign(self) -> None:
        """Everybody signs; `request` comes next."""
        for node in self.nodes.values():
            (answer,) = node.hear(self.survivors, self.session)
            assert isinstance(answer, SurvivorSignature), answer
            self._signing = self._signing.on_signature(answer, verify=verify)
        self._unmasking, self.request = self._signing.close()

    def unmask(self) -> npt.NDArray[np.float64]:
        """Everybody reveals; the noisy counts."""
        for node in self.nodes.values():
            (answer,) = node.hear(self.request, self.session)
            assert isinstance(answer, Unmask), answer
            self._unmasking = self._unmasking.on_unmask(answer, verify=verify, suite=SUITE)
        unmasked = self.unmasked()
        unmasked.remove_masks(self.total, suite=SUITE)
        unmasked.remove_excess(self.total, self.plan.measurement, draw=sample, suite=SUITE)
        return coordinator.decode(self.total) / 2.0**self._unmasking.parameters.scale_bits

    def unmasked(self) -> coordinator.Unmasked:
        """What the coordinator puts together of everybody's shares."""
        return self._unmasking.close(suite=SUITE)

    def until(self, last: str) -> None:
        """Every round up to `last`."""
        for name in ("propose", "share", "open", "mask", "sign"):
            getattr(self, name)()
            if name == last:
                return


def start() -> TestClock:
    """A clock in the charter's years."""
    return TestClock(datetime(2026, 3, 1, 12, tzinfo=UTC))


def past_deadline(clock: TestClock) -> None:
    """Move on until every deadline of `make_proposal` has passed."""
    clock.advance(timedelta(seconds=301))
