"""Decides whose ledgers this node witnesses, and whether its own is witnessed.

    on_ask       another member started: what is held of its ledger, and this ledger's entries
    on_entries   another member's new entries: kept, or refused as a fork; asked for, where some
                 between are missing here
    on_request   a roster without this node: which of its ledgers are held
    ask          this node started or is connected again: a fresh nonce
    on_answer    a member's answer: entries that this disk lost are adopted
    on_told      a contradiction that another member shows: kept, and confirmed to it
    fresh        this ledger's entries that the others were not sent yet

Until as many members as the charter's quorum answered this start's question, no proposal is
considered (`demand_witnessed`); at the first start under a version with other members, so many of
those who knew the ledger before, too (`protocols.charter.hand_over`). Then what an earlier process
left reserved is forfeited: it may have been debited on a disk of which this is a copy.
`protocols.witnesses` says what this proves.

Nothing here believes the coordinator, which carries these messages and may withhold any of them.
Not thread-safe.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import structlog

from corridor.errors.ledger import (
    ForgedAnswerError,
    LedgerDiskError,
    LedgerForkError,
    NotWitnessedError,
    OwnForkError,
    UnknownEntriesError,
)
from corridor.ids import CountryCode, Digest, PublicKey
from corridor.node.evidence_desk import EvidenceDesk
from corridor.node.journal import Journal
from corridor.node.ledger import Ledger
from corridor.node.witness_book import WitnessBook
from corridor.protocols.chains import Entry
from corridor.protocols.charter import Charter, hand_over
from corridor.protocols.contradictions import (
    COORDINATOR,
    ContradictionTold,
    proposal_document,
    session_subject,
)
from corridor.protocols.secure_sum.messages import (
    UNSIGNED,
    LedgerStatement,
    Proposal,
    ProposalHeader,
    Roster,
    WitnessWord,
)
from corridor.protocols.suite import RandomBytes, Sign, Verify
from corridor.protocols.witnesses import (
    ENTRIES_AT_ONCE,
    NONCE_BYTES,
    LedgerEntries,
    Weighed,
    WitnessAnswer,
    WitnessAsk,
    WitnessRequest,
    verify_entries,
    weigh,
)

_log = structlog.get_logger()

RESENDS = 8
"""So often in one attempt a member is sent again what it was sent before: it may come and go."""

Show = Callable[[str], None]
"""Puts a line about the witnesses where the operator sees it."""


class WitnessDesk:
    """The witnessing of one running node under one charter."""

    def __init__(
        self,
        *,
        me: CountryCode,
        charter: Charter,
        ledger: Ledger,
        book: WitnessBook,
        journal: Journal,
        sign: Sign,
        verify: Verify,
        random_bytes: RandomBytes,
        show: Show,
        evidence: EvidenceDesk,
        before: Sequence[Charter] = (),
        handed_over: Callable[[], None] = lambda: None,
    ) -> None:
        # `before`: versions under which this ledger may have been spent from, and that were not
        # handed over to the one in force yet; `handed_over` hears that they are.
        self._hand_overs = [one for it in before if (one := hand_over(it, charter, me)) is not None]
        self._handed_over = handed_over
        self._me = me
        self._charter = charter
        # What members sign now, and by what their ledgers are known: not the same after a rotation.
        self._keys, self._origins = charter.signing_keys, charter.origins
        self._former = charter.member(me).keys[:-1]
        # Each version under which what is held of this ledger may have been taken.
        versions = (charter, *before)
        self._colluders = max(one.max_colluders for one in versions)
        self._weak_quorums = [one.quorum for one in versions if not one.stops_rollback]
        self._is_withheld = False  # somebody holds more under an earlier key, and is not believed
        self._ledger = ledger
        self._book = book
        self._journal = journal
        self._sign = sign
        self._verify = verify
        self._random_bytes = random_bytes
        self._show = show
        self._evidence = evidence
        self._nonce: Digest | None = None
        self._answers: dict[CountryCode, WitnessAnswer] = {}
        # Since the last attempt began: of whom entries were asked for again, and to whom how often
        # entries were sent again; and up to where each was sent them at all.
        self._asked_for: set[CountryCode] = set()
        self._resent: Counter[CountryCode] = Counter()
        self._sent: dict[CountryCode, int] = {}
        # The last question of each, so that what it showed can be confirmed; and how often it was.
        self._questions: dict[CountryCode, WitnessAsk] = {}
        self._confirmed: Counter[CountryCode] = Counter()
        self._told = ledger.length
        self._weighed = Weighed(agreeing=frozenset(), contradicting=frozenset(), adopt=())
        self._ready = charter.quorum == 0
        self._settled = False
        self._tell()

    # ------------------------------------------------------------ this node's own ledger

    @property
    def is_witnessed(self) -> bool:
        """Whether enough members confirmed this ledger since the start, and still could."""
        return self._ready and not self._is_withheld and not self._is_lost

    @property
    def _is_lost(self) -> bool:
        """Whether so many hold another history that no quorum can be left for this one."""
        others = len(self._keys) - 1
        return others - len(self._weighed.contradicting) < self._charter.quorum

    @property
    def _lacking(self) -> tuple[CountryCode, ...]:
        """Members of before of whom too few confirmed this ledger yet."""
        lacking: set[CountryCode] = set()
        for one in self._hand_overs:
            heard = self._weighed.agreeing & one.members
            if len(heard) < one.needed:
                lacking |= one.members - heard
        return tuple(sorted(lacking))

    def demand_witnessed(self) -> None:
        """Raise unless a proposal may be considered; settle what an earlier process left open.

        Raises:
            NotWitnessedError: too few members answered yet.
            OwnForkError: too many hold another history. Nothing was changed in either case.
            LedgerBehindJournalError: the ledger lacks an attempt that was let out, even now.
        """
        if self._is_lost:
            raise OwnForkError(", ".join(sorted(self._weighed.contradicting)))
        if not self._ready or self._is_withheld:
            raise NotWitnessedError(
                len(self._weighed.agreeing), self._charter.quorum, self._lacking
            )
        if not self._settled:
            # What the witnesses hold is adopted by now; a small quorum may hold less than this.
            self._ledger.hold_to(self._journal.sessions_let_out())
            for session in self._ledger.forfeit_left_open():
                self._journal.failed(session, "ledger.forfeited")
            self._settled = True

    def ask(self) -> WitnessAsk:
        """Ask all members anew; answers to an earlier question count no more."""
        self._told = self._ledger.length  # the others say how far they are, and are sent the rest
        self._sent.clear()  # what was on its way when the line broke is lost
        self._resent.clear()
        self._evidence.asking()
        self._nonce, self._answers = Digest(self._random_bytes(NONCE_BYTES)), {}
        return self._question(self._nonce)

    def _question(self, nonce: Digest) -> WitnessAsk:
        length = self._ledger.length
        return WitnessAsk(
            country=self._me,
            nonce=nonce,
            sequence=length,
            head=self._ledger.digest_at(length),
            known={
                country: self._book.last(origin)[0]
                for country, origin in self._origins.items()
                if country != self._me
            },
            contradictions=self._evidence.digests(),
        )

    def on_answer(self, answer: WitnessAnswer) -> Iterator[WitnessAsk | ContradictionTold]:
        """Take a member's answer; ask again where more entries are to be had.

        It is shown the contradictions that it does not name.

        An answer to another nonce, such as a repeated one of long ago, is dropped.

        Raises:
            ForgedAnswerError: it is not that member's.
            BrokenChainError: its entries are not this node's own. Nothing was adopted.
        """
        key = self._keys.get(answer.witness)
        if key is None or answer.witness == self._me or answer.nonce != self._nonce:
            _log.info("witness.answer_ignored", witness=answer.witness)
            return
        if not self._verify(key, answer.to_sign(self._charter.digest), answer.signature):
            raise ForgedAnswerError(answer.witness)
        self._evidence.heard(answer.witness, answer.contradictions)
        yield from self._evidence.for_member(answer.witness, answer.contradictions)
        verify_entries(answer.entries, self._keys[self._me], self._verify, self._former)
        self._answers[answer.witness] = answer
        before = self._ledger.length
        self._weigh()
        if self._weighed.adopt:
            self._ledger.adopt(self._weighed.adopt)
            length = self._ledger.length
            _log.warning("ledger.adopted", entries=length - before)
            self._journal.ledger_recovered(before, length)
            self._told = length
            self._settled = False  # another copy of this node may have left something open in them
            self._weigh()
            if any(one.sequence > length for one in self._answers.values()):
                yield self.ask()
        self._keep_contradictions(answer)
        if not self._ready and self._is_confirmed:
            self._handed_over()
            self._ready = True
        self._tell()

    @property
    def _is_confirmed(self) -> bool:
        enough = len(self._weighed.agreeing) >= self._charter.quorum
        return enough and not self._is_withheld and not self._lacking

    def fresh(self) -> Iterator[LedgerEntries]:
        """This ledger's entries that the others were not sent yet."""
        yield from self._pieces(self._told, None)
        self._told = self._ledger.length

    def _weigh(self) -> None:
        found = weigh(self._answers, self._ledger, self._charter.quorum)
        believed = self._believed(found.adopt) if self._former else found.adopt
        # Where quorums share an honest member, `hand_over` asks enough of them; elsewhere nobody
        # else may hold what an accident took from this disk.
        self._is_withheld = bool(self._weak_quorums) and len(believed) < len(found.adopt)
        self._weighed = replace(found, adopt=believed)

    def _believed(self, adopt: tuple[Entry, ...]) -> tuple[Entry, ...]:
        """What may be taken over where this node's keys were rotated.

        An entry under a key of before counts if one under the key of now follows it, or if more
        than c members hold it: an honest one among them took it when that key counted. Else a thief
        of that key would need one member to make this node spend what it likes. c is the largest of
        the versions not handed over yet: who is corrupt in either may hold it.

        Where a quorum is so small that it protects against accidents only, no more than a quorum
        need ever have held it, and so many are believed.
        """
        key = self._keys[self._me]
        needed = min([self._colluders + 1, *(max(1, one) for one in self._weak_quorums)])
        holders = Counter(
            entry.digest for answer in self._answers.values() for entry in answer.entries
        )
        end = len(adopt)
        while end and not self._verify(key, adopt[end - 1].digest, adopt[end - 1].signature):
            end -= 1
        while end < len(adopt) and holders[adopt[end].digest] >= needed:
            end += 1
        return adopt[:end]

    def _keep_contradictions(self, answer: WitnessAnswer) -> None:
        if answer.witness not in self._weighed.contradicting:
            return
        for entry in answer.entries:
            if entry.number <= self._ledger.length:
                own = next(self._ledger.entries(entry.number - 1, 1))
                if own.digest != entry.digest:
                    with self._noting_forks(self._me):
                        self._book.keep_fork(self._me, own, entry)

    @contextmanager
    def _noting_forks(self, country: CountryCode) -> Iterator[None]:
        """Enter a fork in the journal, once, when the book has new evidence of it."""
        before = self._book.fork_count()
        try:
            yield
        finally:
            if self._book.fork_count() > before:
                self._journal.forked(country)
                _log.error("ledger.fork", country=country)
                self._tell()

    def _tell(self) -> None:
        needed, found = self._charter.quorum, len(self._weighed.agreeing)
        if self._is_lost:
            self._show("hold another history of this ledger: nothing is answered")
        elif not self._ready and not self._is_withheld:
            parts = [f"{found} of {needed} confirmed this ledger since the start"]
            if silent := self._keys.keys() - self._answers.keys() - {self._me}:
                parts.append(f"still silent: {', '.join(sorted(silent))}")
            if self._lacking:
                parts.append(f"of those before, {', '.join(self._lacking)} did not")
            self._show("; ".join(parts))
        elif self._is_withheld:
            self._show(
                "hold more of this ledger under an earlier key, too few: nothing is answered"
            )
        elif not self._charter.stops_rollback:
            self._show("protect against accidents only")
        else:
            self._show("confirmed this ledger")

    # ------------------------------------------------------------ the others' ledgers

    def on_ask(
        self, ask: WitnessAsk
    ) -> Iterator[WitnessAnswer | LedgerEntries | ContradictionTold]:
        """Say what is held of that member's ledger, and send it what it lacks of this one.

        Contradictions go first: whose answer names one that did not come, of that one is known
        that it was dropped.
        """
        origin = self._origins.get(ask.country)
        if origin is None or ask.country == self._me:
            _log.info("witness.ask_ignored", country=ask.country)
            return
        self._questions[ask.country] = ask
        yield from self._evidence.for_member(ask.country, ask.contradictions)
        yield self._answer(ask, origin)
        yield from self._pieces(self._from_where(ask), ask.country)

    def _answer(self, ask: WitnessAsk, origin: PublicKey) -> WitnessAnswer:
        sequence, head = self._book.last(origin)
        answer = WitnessAnswer(
            witness=self._me,
            country=ask.country,
            nonce=ask.nonce,
            sequence=sequence,
            head=head,
            entries=self._to_show(ask, origin),
            signature=UNSIGNED,
            contradictions=self._evidence.digests(),
        )
        return replace(answer, signature=self._sign(answer.to_sign(self._charter.digest)))

    def _from_where(self, ask: WitnessAsk) -> int:
        """Behind which of this ledger's entries the asker is sent the rest.

        Who says over and over that it has nothing is not sent the whole ledger each time: one
        member could make all others do nothing else.
        """
        known, sent = ask.known.get(self._me, 0), self._sent.get(ask.country, 0)
        if known < sent:
            if self._resent[ask.country] >= RESENDS:
                known = sent
            else:
                self._resent[ask.country] += 1
        self._sent[ask.country] = self._ledger.length
        return known

    def _to_show(self, ask: WitnessAsk, origin: PublicKey) -> tuple[Entry, ...]:
        """What the asker lacks, or an entry that may contradict its own: evidence for it."""
        last, _ = self._book.last(origin)
        at = self._book.entries(origin, min(ask.sequence, last) - 1, 1)
        if last <= ask.sequence or (at and ask.sequence and at[0].digest != ask.head):
            return at if last else ()
        return self._book.entries(origin, ask.sequence, ENTRIES_AT_ONCE)

    def on_entries(self, message: LedgerEntries) -> Iterator[WitnessAsk]:
        """Keep a member's new entries; ask for what is missing, where this disk lost some.

        A question says how far this node is, and whoever hears it sends the rest. For one member
        it is asked once an attempt: who sends nothing but gaps makes nobody ask, and everybody
        answer, for ever. It is the last question again: were it a new one, a member could take
        back with every gap what the others have answered.

        Raises:
            LedgerForkError, UnknownEntriesError, LedgerTooLongError, BrokenChainError,
                LedgerDiskError: they were not kept.
        """
        country = message.country
        key = self._keys.get(country)
        if key is None or country == self._me:
            return
        try:
            with self._noting_forks(country):
                self._book.take(country, self._origins[country], message.entries, signed_by=key)
        except (UnknownEntriesError, LedgerDiskError):
            if country not in self._asked_for:
                self._asked_for.add(country)
                yield self.ask() if self._nonce is None else self._question(self._nonce)
            raise

    @property
    def has_evidence_to_tell(self) -> bool:
        """Whether there are contradictions of which nobody was told yet."""
        return self._evidence.has_news

    def fresh_evidence(self) -> Iterator[ContradictionTold]:
        """The contradictions of which nobody was told yet."""
        return self._evidence.fresh()

    def on_told(self, told: ContradictionTold) -> Iterator[WitnessAnswer]:
        """Take a contradiction that a member shows, and sign for it that it is here.

        Raises:
            ProvesNothingError, LedgerDiskError: it was not kept.
        """
        origin = self._origins.get(told.country)
        if origin is None or told.country == self._me:
            _log.info("witness.told_ignored", country=told.country)
            return
        is_new = self._evidence.take(told.claim, told.country)
        question = self._questions.get(told.country)
        if question is not None and (is_new or self._confirmed[told.country] < RESENDS):
            self._confirmed[told.country] += 1
            yield self._answer(question, origin)

    def unwitnessed(self, statements: Sequence[LedgerStatement]) -> frozenset[CountryCode]:
        """Whose ledgers, as stated with a checked signature, this node does not hold."""
        found: set[CountryCode] = set()
        for statement in statements:
            country = statement.country
            if country == self._me:
                continue
            try:
                with self._noting_forks(country):
                    self._book.demand_kept(statement, self._origins[country])
            except (LedgerForkError, UnknownEntriesError) as error:
                _log.warning("ledger.not_kept", country=country, code=error.code)
                found.add(country)
        return frozenset(found)

    def hear_proposal(self, proposal: Proposal) -> None:
        """Hold the coordinator to one proposal a session, before anything else of it is looked at.

        One that it did not sign is left to the question desk.

        Raises:
            EquivocationError: it signed another of this session; both are evidence.
        """
        self._forget_asking()
        header = proposal.header
        key = self._charter.coordinator_key
        if self._verify(key, header.to_sign(), proposal.signature):
            with self._noting_forks(COORDINATOR):
                self._book.hear_coordinator(
                    session_subject(header.session), proposal_document(proposal)
                )

    def _forget_asking(self) -> None:
        """Another attempt begins: what was asked and sent again in the last one counts no more."""
        self._asked_for.clear()
        self._resent.clear()
        self._confirmed.clear()
        self._evidence.forget_sending()

    def hear_other_header(self, header: ProposalHeader, roster: Roster) -> None:
        """Keep the acceptances in a roster that are not of the proposal that this node was shown.

        Only those that their members signed: anything else may be the coordinator's invention.
        """
        for one in roster.acceptances:
            key = self._keys.get(one.country)
            if (
                key is not None
                and one.header != header.digest
                and self._verify(key, one.to_sign(), one.signature)
            ):
                with self._noting_forks(COORDINATOR):
                    self._book.keep_other_acceptance(header.session, one)

    def on_request(self, request: WitnessRequest) -> WitnessWord:
        """This node's word about a roster that it is not in: which of its ledgers it holds."""
        self._forget_asking()
        known = [one for one in request.statements if self._is_own_word(one)]
        refused = self.unwitnessed(known)
        word = WitnessWord(
            roster_hash=request.roster_hash,
            witness=self._me,
            kept={one.country: one.head for one in known if one.country not in refused},
            signature=UNSIGNED,
        )
        return replace(word, signature=self._sign(word.to_sign(self._charter.digest)))

    def _is_own_word(self, statement: LedgerStatement) -> bool:
        key = self._keys.get(statement.country)
        return (
            key is not None
            and statement.country != self._me
            and self._verify(key, statement.to_sign(), statement.signature)
        )

    def _pieces(self, after: int, to: CountryCode | None) -> Iterator[LedgerEntries]:
        while entries := tuple(self._ledger.entries(after, ENTRIES_AT_ONCE)):
            yield LedgerEntries(country=self._me, to=to, entries=entries)
            after = entries[-1].number
