"""Wires the node: the functions that its commands call, and `serve`.

    initialise → enrol → import_files → (charter proposed) → accept → serve
                 card, status, policy, budget, journal, receipt, doctor at any time

This is the only place of the node that makes a clock, randomness, a database or a channel.
"""

import asyncio
import json
import os
import secrets
import shlex
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import grpc
import structlog

from corridor import __version__
from corridor.errors import CorridorError
from corridor.errors.charter import CharterSuccessionError, NoSuchCountryError
from corridor.errors.ledger import ContradictionsError, ProvesNothingError
from corridor.errors.node import (
    AlreadyServingError,
    NoCharterError,
    NotRunningError,
    SeriesStateLostError,
    SettingsError,
    UnknownSeriesHereError,
)
from corridor.errors.policy import PolicyError
from corridor.errors.region import NoProposedCharterError
from corridor.errors.release_tree import (
    ContradictedLogError,
    NoCheckpointError,
    NoSuchTreeError,
    NothingToSettleError,
)
from corridor.faults import Reached, go_on
from corridor.files import holding_lock, is_locked, write_atomically
from corridor.ids import CountryCode, Digest
from corridor.node.attempt import Surroundings
from corridor.node.budget import budget_view
from corridor.node.charter_desk import CharterDesk
from corridor.node.cosigning_desk import CosigningDesk, contradiction
from corridor.node.enrolment import enrol as ask_to_enrol
from corridor.node.evidence_desk import EvidenceDesk
from corridor.node.faults import parse_fault
from corridor.node.home import (
    Enrolment,
    Home,
    NodeSettings,
    create_home,
    read_enrolment,
    read_settings,
    write_enrolment,
)
from corridor.node.importing.countries import read_country_mapping
from corridor.node.importing.edition import merge
from corridor.node.importing.memory import give_back
from corridor.node.importing.proposing import TableProposal
from corridor.node.importing.reading import read_case_files
from corridor.node.journal import Journal
from corridor.node.keys import (
    NodeKeys,
    keep_certificates,
    make_keys,
    read_authority,
    read_identity,
    read_keys,
)
from corridor.node.ledger import Allowance, Ledger, SeriesAccount
from corridor.node.link import membership
from corridor.node.link.stream import CharterStanding, Link, LinkParts
from corridor.node.mapping_desk import MappingDesk
from corridor.node.policy import DEFAULT_POLICY, Policy, parse_policy
from corridor.node.quality import (
    QualityProfile,
    profile_of,
    read_profile,
    read_worklist,
    write_profile,
)
from corridor.node.question_desk import QuestionDesk
from corridor.node.schema import EditionTables
from corridor.node.series_book import SeriesBook
from corridor.node.sessions import Sessions
from corridor.node.sources import sources_of
from corridor.node.status import Status, StatusBoard, parse_status, status_line
from corridor.node.store import EditionStore
from corridor.node.tree_book import TreeBook
from corridor.node.views import (
    Accepted,
    BudgetView,
    CardView,
    CharterOffer,
    CheckpointView,
    ComparedView,
    EvidenceView,
    Finding,
    ForkView,
    ImportOutcome,
    JournalLine,
    MemberView,
    PolicyView,
    SeriesView,
    StatusView,
    TakenView,
)
from corridor.node.witness_book import WitnessBook
from corridor.node.witness_desk import WitnessDesk
from corridor.protocols.cards import (
    Card,
    Fingerprint,
    fingerprint,
    fingerprint_text,
    key_fingerprint,
    parse_card,
)
from corridor.protocols.charter import (
    Charter,
    Member,
    SignedCharter,
    hand_over,
    parse_signed_charter,
)
from corridor.protocols.contradictions import (
    THE_COORDINATOR,
    charter_document,
    charter_subject,
    checkpoint_document,
    coordinator_word,
    parse_line,
)
from corridor.protocols.notes import parse_note, verify_checkpoint
from corridor.protocols.release_tree import Consistency, log_of
from corridor.protocols.secure_sum.messages import PROTOCOL_VERSION
from corridor.queries.catalogue import Catalogue, parse_catalogue
from corridor.queries.htcds import parse_htcds
from corridor.queries.question import series_name
from corridor.transport.certificates import (
    decode_certificate,
    encode_key,
    fetch_authority,
    make_key,
    verify_pinned,
    verify_valid_at,
)
from corridor.transport.channels import dial
from corridor.transport.fingerprints import spoken_fingerprint
from corridor.transport.invitations import parse_invitation
from corridor.transport.logs import log_as_json_lines
from corridor.transport.messages import CharterSigned, Hello, ReceiptKind, Standing
from corridor.transport.suites import ed25519_verify, suite_named

_log = structlog.get_logger()

Clock = Callable[[], datetime]
RandomBytes = Callable[[int], bytes]
Tell = Callable[[str], None]

EXIT_ON_FAULT = 70
STOPS: Mapping[str, Callable[[], None]] = {
    "exit": lambda: os._exit(EXIT_ON_FAULT),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
}
"""What `--fault` can do; neither leaves time to clean up."""

DEFAULT_DELTA = Fraction(1, 10**6)
SERVE_LOCK = "serve.lock"

MOST_LINES = 10_000
"""Of a file of evidence: more than the members of any region make a node keep."""

MISSED_VERSIONS = 1000
"""Through so many proposals that came to nothing here a node follows a history, no further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything the node takes from outside itself."""

    home: Path
    clock: Clock
    random_bytes: RandomBytes


def real_world(home: Path) -> World:
    """The operating system's clock and randomness; tests build a World of their own."""
    return World(home=home, clock=lambda: datetime.now(UTC), random_bytes=secrets.token_bytes)


# ---------------------------------------------------------------- a new node


def initialise(world: World, *, country: CountryCode, name: str) -> CardView:
    """Make a node in the empty folder `world.home`: settings, keys, an empty store, a policy.

    Raises:
        HomeExistsError: there is a node already. Nothing was changed.
        NoSuchCountryError: no charter could list this country. Nothing was made.
    """
    if country not in parse_catalogue(_read_data).country_names:
        raise NoSuchCountryError(country)
    home = Home(world.home)
    settings = NodeSettings(country, name)
    create_home(home, settings)
    keys = make_keys(home, world.random_bytes)
    write_atomically(home.policy, DEFAULT_POLICY.encode())
    EditionStore(world.home, world.random_bytes, world.clock)
    return _card_view(keys.card(settings))


def card(world: World) -> CardView:
    """This node's card."""
    home = Home(world.home)
    return _card_view(read_keys(home).card(read_settings(home)))


def enrol(world: World, invitation: bytes) -> Enrolment:
    """Join the coordinator that sent the invitation.

    Raises:
        CorridorError: the invitation, the connection or what came back is not what it must be.
            Nothing was kept.
    """
    home = Home(world.home)
    settings = read_settings(home)
    keys = read_keys(home)
    asked = parse_invitation(invitation)
    if asked.country != settings.country:
        raise SettingsError(
            f"the invitation is for {asked.country}, this node is {settings.country}'s; nothing "
            f"was sent. Ask the coordinator for the invitation of {settings.country}"
        )
    # A key of its own for every certificate: a new invitation is the answer to a stolen key, too.
    identity_key = make_key(world.random_bytes)
    enrolled = ask_to_enrol(asked, keys.card(settings), keys.sign, identity_key, world.clock())
    keep_certificates(home, enrolled, encode_key(identity_key))
    enrolment = Enrolment(
        region=enrolled.region,
        grpc=enrolled.grpc,
        web=asked.web,
        coordinator_key=enrolled.coordinator_key,
        authority=asked.authority,
    )
    write_enrolment(home, enrolment)
    return enrolment


# ---------------------------------------------------------------- the charter


def offered_charter(
    world: World, trusted: Mapping[CountryCode, Fingerprint] | None = None
) -> CharterOffer:
    """The charter proposed last, checked as far as it can be without an operator.

    `trusted` are the fingerprints that the operator confirmed: only those are shown again.

    Raises:
        CorridorError: there is none, it is forged, or no successor of the one accepted.
    """
    home = Home(world.home)
    desk = charter_desk(home)
    *between, signed = asyncio.run(_fetch_proposals(home, desk.accepted()))
    for proposed in (*between, signed):
        _hold_to_offer(home, proposed)
    desk.check_offer(signed, between)
    me = read_settings(home).country
    return _offer(signed, between, desk.accepted(), me=me, trusted=trusted or {})


def _hold_to_offer(home: Home, signed: SignedCharter) -> None:
    """Hold the coordinator to one charter a version; another's is left to the charter desk."""
    signed.verify_proposal(ed25519_verify)
    if signed.charter.coordinator_key != read_enrolment(home).coordinator_key:
        return
    with WitnessBook(home.witness, ed25519_verify) as book:
        book.hear_coordinator(charter_subject(signed.charter), charter_document(signed))


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
        _journal(world, home, read_keys(home)) as journal,
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


def trusted_fingerprints(
    given: Mapping[CountryCode, Fingerprint], cards: Sequence[bytes]
) -> dict[CountryCode, Fingerprint]:
    """What the operator confirmed: fingerprints that were told, and cards received as files.

    Raises:
        MalformedCardError: a card cannot be read. Nothing was confirmed.
    """
    confirmed = dict(given)
    for raw in cards:
        found = parse_card(raw)
        confirmed[found.country] = fingerprint(found)
    return confirmed


def accept(
    world: World, offer: CharterOffer, trusted: Mapping[CountryCode, Fingerprint]
) -> Accepted:
    """Sign an offered charter whose every member the operator has confirmed.

    Raises:
        UnconfirmedMemberError, WrongFingerprintError: a member is not confirmed.
        CorridorError: as `offered_charter`. Nothing was signed.
    """
    home = Home(world.home)
    keys = read_keys(home)
    signed = parse_signed_charter(offer.raw)
    between = [parse_signed_charter(one) for one in offer.between]
    word = charter_desk(home).accept(signed, trusted, keys.sign, between)
    with _journal(world, home, keys) as journal:
        journal.charter_accepted(signed.charter.digest, signed.charter.version)
    return asyncio.run(
        _hand_in(home, CharterSigned(signed.charter.digest, word.country, word.signature))
    )


async def _fetch_proposals(home: Home, accepted: Charter | None) -> list[SignedCharter]:
    async with _dial(home) as channel:

        async def fetch(digest: Digest | None) -> SignedCharter:
            document = await membership.fetch_charter(channel, digest)
            return parse_signed_charter(document.signed_charter)

        return await proposals_since(accepted, fetch)


async def proposals_since(
    accepted: Charter | None, fetch: Callable[[Digest | None], Awaitable[SignedCharter]]
) -> list[SignedCharter]:
    """The charter proposed last, behind those that were proposed since the one accepted here.

    Where none was, behind all there ever were: the disk may be a copy from before the first, and
    this node may have spent under any of them (ATTACKS 18).

    Raises:
        CharterSuccessionError: they are more than anybody goes through; nothing was accepted.
    """
    found = [await fetch(None)]
    while (earliest := found[0].charter).previous is not None:
        if accepted is not None and earliest.version <= accepted.version + 1:
            break
        if len(found) > MISSED_VERSIONS:
            raise CharterSuccessionError(
                f"charter version {found[-1].charter.version}: more than {MISSED_VERSIONS} "
                "versions came before it that this node has not seen; nothing was accepted. Ask "
                "the coordinator why it proposes so many."
            )
        found.insert(0, await fetch(earliest.previous))
    return found


async def _hand_in(home: Home, word: CharterSigned) -> Accepted:
    async with _dial(home) as channel:
        status = await membership.sign_charter(channel, word)
    return Accepted(status.in_force, sorted(status.missing))


# ---------------------------------------------------------------- case data


def import_files(
    world: World,
    paths: Sequence[Path],
    *,
    replace: bool,
    mappings: Sequence[Path],
    progress: Tell,
    columns: Path | None = None,
    database: str | None = None,
    tables_named: Sequence[str] = (),
) -> ImportOutcome:
    """Read case files into the node's next edition, whole or not at all.

    Args:
        world: home, clock, randomness.
        paths: case files.
        replace: start empty instead of adding to the last edition.
        mappings: files that say which country a text means.
        progress: hears what is being done.
        columns: the file that says what columns and values mean that are not HTCDS; without it
            the node's own, if there is one.
        database: an address, or the name of one in that file, to read tables from.
        tables_named: which of its tables.

    Raises:
        CorridorError: a file is refused; the store is as it was.
    """
    home = Home(world.home)
    keys = read_keys(home)
    store = EditionStore(world.home, world.random_bytes, world.clock)
    current = store.current()
    charter = charter_desk(home).in_force()
    ceiling = charter.charter.ceilings.persons_per_node if charter else None
    desk = mapping_desk(world, columns)
    mapping = desk.mapping(required=columns is not None)
    sources = sources_of(paths, database=database, tables=tables_named, mapping=mapping)
    imported, report = read_case_files(
        sources,
        fields=parse_htcds(_read_data("htcds-2.0.json")),
        person_secret=store.person_secret,
        mapping=read_country_mapping(*mappings),
        today=world.clock().date(),
        progress=progress,
        max_persons=ceiling,
        columns=mapping,
    )
    give_back()
    before = None if replace or current is None else store.tables(current.id)
    number = 1 if current is None else current.number + 1
    tables = merge(before, imported, number, max_persons=ceiling)
    progress("writing the edition")
    written = store.write(
        tables,
        replaces=None if current is None else current.id,
        sources=[Digest(source.digest()) for source in sources],
    )
    with _journal(world, home, keys) as journal:
        journal.imported(written.edition.id)
    stamp = world.clock().strftime("%Y%m%dT%H%M%S")
    path = home.imports / f"{stamp}-{written.edition.id}.json"
    write_atomically(path, json.dumps(report.to_json(), ensure_ascii=False, indent=2).encode())
    to_fill_in = path.with_name(f"{path.stem}-countries.csv")
    quality = profile_of(
        report,
        tables,
        desk.all_fields,
        edition=written.edition.id,
        imported_at=world.clock().isoformat(timespec="seconds"),
        stem=path.stem,
    )
    write_profile(home.imports, path.stem, quality, report.work, desk.all_fields)
    unresolved = len(report.unresolved_countries)
    if unresolved:
        write_atomically(to_fill_in, report.to_mapping_csv().encode())
    verdict = "is current"
    if written.unchanged:
        verdict += ", though it holds what the one before held"
    return ImportOutcome(
        [
            f"edition {written.edition.id} {verdict}; {_counted(tables)}",
            *report.mapped_lines(desk.path.name),
            *report.to_text().splitlines(),
            f"The report is in {path}, for this node's own staff.",
            *_about_quality(quality, home),
            *(_ask_for_countries(unresolved, to_fill_in) if unresolved else ()),
        ],
        {
            "edition": written.edition.id,
            "unchanged": written.unchanged,
            "persons": tables.persons.num_rows,
            "cases": tables.cases.num_rows,
            "report": report.to_json(),
            "file": str(path),
            "countries": str(to_fill_in) if unresolved else None,
            "worklist": quality.worklist and str(home.imports / quality.worklist),
        },
    )


def _about_quality(found: QualityProfile, home: Home) -> tuple[str, ...]:
    told = ["How good the data are: corridor node profile"]
    if found.worklist is not None:
        told.append(
            f"{found.work} places for the case workers are listed in "
            f"{home.imports / found.worklist}"
        )
    return tuple(told)


def quality(world: World, edition: str | None = None) -> QualityProfile:
    """How good the data of the last import are, or of the one that made an edition.

    Raises:
        NoProfileError: there was none.
    """
    home = Home(world.home)
    read_settings(home)
    return read_profile(home.imports, edition)


def quality_worklist(world: World, found: QualityProfile) -> bytes:
    """The case workers' list that belongs to a profile, as CSV.

    Raises:
        NoProfileError: it names none, or the file was removed.
    """
    return read_worklist(Home(world.home).imports, found)


def mapping_desk(world: World, path: Path | None = None) -> MappingDesk:
    """Who knows what columns mean, by this file or the node's own."""
    fields = parse_htcds(_read_data("htcds-2.0.json"))
    return MappingDesk(path or Home(world.home).mapping, fields, world.clock().date())


def propose_mapping(
    world: World,
    paths: Sequence[Path],
    *,
    desk: MappingDesk,
    progress: Tell,
    database: str | None = None,
    tables: Sequence[str] = (),
) -> tuple[TableProposal, ...]:
    """What may be meant by the columns and values of some files that are not HTCDS.

    Raises:
        CorridorError: a file is refused; nothing was written.
    """
    read_settings(Home(world.home))
    sources = sources_of(paths, database=database, tables=tables, mapping=desk.mapping())
    return desk.propose(sources, read_country_mapping(), progress)


def _ask_for_countries(unresolved: int, path: Path) -> tuple[str, ...]:
    return (
        f"{unresolved} texts name no country that is known; they count as unknown until then.",
        f"Next: write the codes into {path}",
        f"      and import the same files again with --countries {path}",
    )


# ---------------------------------------------------------------- serve


def serve(world: World, *, fault: str | None, tell: Tell) -> None:
    """Stay connected and take part, until SIGTERM or SIGINT.

    Raises:
        AlreadyServingError: another process serves this home.
        NotEnrolledError: there is no coordinator to dial.
        CorridorError: a file of the home cannot be used. Nothing was started.
    """
    home = Home(world.home)
    settings = read_settings(home)
    # Without it there is nobody to dial: to wait quietly would look like taking part.
    read_enrolment(home)
    policy_rules = read_policy(home)
    log_as_json_lines()
    with ExitStack() as stack:
        stack.enter_context(_serving_alone(world.home))
        node = open_node(world, home, settings, policy_rules, stack)
        node.check_fault(fault)
        tell(
            f"{settings.country} serves; status: corridor node status --home "
            f"{shlex.quote(str(world.home))}"
        )
        node.journal.started(__version__)
        asyncio.run(_run(node, fault))


@dataclass(slots=True, kw_only=True)
class ServingNode:
    """The parts of a serving node."""

    world: World
    home: Home
    settings: NodeSettings
    keys: NodeKeys
    policy: Policy
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
    cosigning: CosigningDesk = field(init=False)

    def __post_init__(self) -> None:
        """Make the desk that outlives charters and connections."""
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
        self.ledger = _ledger(self.world, self.policy, charter)
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
                consent_rule=self.policy.consent_rule.value,
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
        """Take a charter into force, whose every signature is verified."""
        self.charter = self.charters.confirm(document)
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
                policy=self.policy,
                store=self.store,
                series=SeriesBook(self.home.series, self.store.series_key, self.world.random_bytes),
            ),
            ledger=ledger,
            journal=self.journal,
            board=self.board,
            clock=self.world.clock,
            fresh_entries=witnesses.fresh,
            hear_proposal=witnesses.hear_proposal,
            expect=self.cosigning.expect,
            replies_after=self.policy.replies_after,
            reached=reached,
        )

    @staticmethod
    def _reached(fault: str | None, charter: Charter) -> Reached:
        return go_on if fault is None else parse_fault(fault, charter, STOPS).reached


def open_node(
    world: World, home: Home, settings: NodeSettings, policy_rules: Policy, stack: ExitStack
) -> ServingNode:
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
        policy=policy_rules,
        store=store,
        journal=stack.enter_context(_journal(world, home, keys)),
        book=stack.enter_context(WitnessBook(home.witness, ed25519_verify)),
        tree=stack.enter_context(TreeBook(home.tree)),
        charters=charters,
        catalogue=parse_catalogue(_read_data),
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
    stack.callback(lambda: node.ledger.close() if node.ledger else None)
    node.open_ledger()
    return node


def _hold_to_journal(ledger: Ledger, journal: Journal) -> None:
    ledger.hold_to(journal.sessions_let_out())


async def _run(node: ServingNode, fault: str | None) -> None:
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="desk") as worker:
        link = Link(link_parts(node, lambda: _dial(node.home), worker, fault))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, link.stop)
        await link.run()


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


# ---------------------------------------------------------------- looking


def status(world: World) -> StatusView:
    """What `serve` is doing.

    Raises:
        NotRunningError: it never ran here.
    """
    home = Home(world.home)
    read_settings(home)
    if not home.status.exists():
        raise NotRunningError
    found = parse_status(home.status.read_text("utf-8"))
    alive = is_locked(world.home / SERVE_LOCK)
    line = status_line(found)
    if not alive:
        line = f"not running; it said last: {line}"
    return StatusView(line, alive, {"alive": alive, **json.loads(found.to_json())})


def read_policy(home: Home) -> Policy:
    """The policy file.

    Raises:
        SettingsError: it is missing.
        PolicyError: it cannot be read; names the line.
    """
    try:
        return parse_policy(home.policy.read_text("utf-8"))
    except OSError as error:
        raise SettingsError("policy.toml: is missing; without it nothing is answered") from error
    except UnicodeDecodeError as error:
        raise PolicyError("policy.toml: is not UTF-8; save it as UTF-8") from error


def policy(world: World) -> PolicyView:
    """The rules of the policy, in order."""
    found = read_policy(Home(world.home))
    rules = [
        (str(rule.number), str(rule.line), rule.verdict.value, str(rule.when))
        for rule in found.rules
    ]
    return PolicyView(
        rules,
        [
            f"allowance: ρ = {found.per_year} a year, {found.all_time} for all time",
            *(
                f"of a year's, {share.kind} {share.name}: at most ρ = {share.per_year}"
                for share in found.shares
            ),
            f"borne: ρ = {found.lost_per_day} a day for attempts without an answer",
            f"replies leave {float(found.replies_after):g} s after they were asked for, or later",
            f"counted: {found.consent_rule.value}"
            + (f" ({found.statement})" if found.statement else ""),
            "Where no rule fits, a question is refused. `serve` reads the file when it starts.",
        ],
        DEFAULT_POLICY,
        {
            "rules": [
                {"rule": number, "line": line, "verdict": verdict, "when": when}
                for number, line, verdict, when in rules
            ],
            "per_year": str(found.per_year),
            "all_time": str(found.all_time),
            "lost_per_day": str(found.lost_per_day),
            "shares": [
                {"of": share.kind.value, "name": share.name, "per_year": str(share.per_year)}
                for share in found.shares
            ],
            "replies_after": str(found.replies_after),
            "consent": found.consent_rule.value,
        },
    )


def series(world: World) -> tuple[SeriesView, ...]:
    """The standing series that were paid for here, and whether they can go on."""
    home = Home(world.home)
    book = _series_book(world, home)
    with _ledger(world, read_policy(home), charter_desk(home).accepted()) as ledger:
        accounts = ledger.series().values()
    return tuple(
        SeriesView(
            name=series_name(one.series),
            period=one.period,
            rho=str(one.rho),
            paid=str(one.paid),
            goes_on=_can_go_on(book, one),
            is_left=book.is_left(one.series),
        )
        for one in accounts
    )


def _can_go_on(book: SeriesBook, account: SeriesAccount) -> bool:
    """Whether the next release, or the last one again, has something to go on from."""
    if book.is_left(account.series):
        return False
    kept = [account.sessions.get(period, ()) for period in (account.period, account.period - 1)]
    there = any(sessions and book.holds(account.series, sessions[-1]) for sessions in kept)
    return there or account.period == 1


def leave_series(world: World, name: str) -> None:
    """Destroy what a series had counted: this node takes no further part in it.

    Raises:
        UnknownSeriesHereError: nothing was paid for a series of that name. Nothing was changed.
        DiskError: not all of it could be removed.
    """
    home = Home(world.home)
    with _ledger(world, read_policy(home), charter_desk(home).accepted()) as ledger:
        found = [one for one in ledger.series() if series_name(one) == name]
    if not found:
        raise UnknownSeriesHereError(name)
    book = _series_book(world, home)
    if book.is_left(found[0]):
        return
    book.leave(found[0])
    with _journal(world, home, read_keys(home)) as journal:
        journal.series_left(name)


def _series_book(world: World, home: Home) -> SeriesBook:
    store = EditionStore(world.home, world.random_bytes, world.clock)
    return SeriesBook(home.series, store.series_key, world.random_bytes)


def budget(world: World) -> BudgetView:
    """What was spent on each person in the data, what is reserved, what is left.

    Raises:
        LedgerBehindJournalError: the ledger lacks what the journal remembers of it.
    """
    home = Home(world.home)
    rules = read_policy(home)
    charter = charter_desk(home).accepted()
    with (
        _ledger(world, rules, charter) as ledger,
        _journal(world, home, read_keys(home)) as journal,
    ):
        _hold_to_journal(ledger, journal)
        balance = ledger.balance()
        accounts = ledger.accounts()
    delta = charter.delta if charter else DEFAULT_DELTA
    return budget_view(
        balance,
        accounts,
        delta=delta,
        nodes_per_person=charter.nodes_per_person if charter else 2,
        quorum="" if charter is None else charter.quorum_text,
    )


def journal(world: World, last: int) -> list[JournalLine]:
    """The last entries of the journal."""
    home = Home(world.home)
    with _journal(world, home, read_keys(home)) as book:
        rows = list(book.rows())[-last:]
    return [
        JournalLine(
            row.number,
            row.at.strftime("%Y-%m-%d %H:%M:%S"),
            row.kind,
            row.session[:8],
            ", ".join(f"{name} {_short(value)}" for name, value in row.details.items() if value),
            {
                "number": row.number,
                "at": row.at.isoformat(),
                "kind": row.kind,
                "session": row.session,
                **row.details,
            },
        )
        for row in rows
    ]


def export_journal(world: World, path: Path) -> int:
    """Write the signed journal to `path`; gives the number of entries."""
    home = Home(world.home)
    with _journal(world, home, read_keys(home)) as book:
        lines = list(book.export())
    write_atomically(path, ("\n".join(lines) + "\n").encode())
    return len(lines) - 1


def fetch_receipt(world: World, release: str, path: Path) -> None:
    """Fetch a release's members' receipt, still encrypted, into `path`."""
    asyncio.run(_fetch_receipt(Home(world.home), release, path))


async def _fetch_receipt(home: Home, release: str, path: Path) -> None:
    beside = path.with_name(path.name + ".part")
    try:
        async with _dial(home) as channel:
            with beside.open("wb") as file:
                async for piece in membership.fetch_receipt(channel, release, ReceiptKind.MEMBERS):
                    file.write(piece)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


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
    with TreeBook(home.tree) as book, _journal(world, home, read_keys(home)) as journal:
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
        with _journal(world, home, read_keys(home)) as journal:
            journal.checkpoint_refused(problem.code, held.checkpoint.size)
        raise problem
    return ComparedView(held.checkpoint.size, theirs.checkpoint.size, sorted(theirs.cosigned))


async def _fetch_consistency(home: Home, old: int, new: int) -> Consistency:
    async with _dial(home) as channel:
        try:
            return await membership.fetch_consistency(channel, old, new)
        except CorridorError as error:
            if error.code != NoSuchTreeError.code:
                raise
            # It signed a tree of that size and does not know it: nothing is proven then.
            return Consistency(old, new, ())


def doctor(world: World) -> list[Finding]:
    """Look at everything that a node needs, and say what to mend."""
    home = Home(world.home)
    settings = read_settings(home)

    def look(what: str, check: Callable[[], str]) -> Finding:
        try:
            return Finding(True, what, check())
        except CorridorError as error:
            return Finding(False, what, f"{error} [{error.code}]")

    return [
        look("settings", lambda: f"{settings.country}, {settings.name}"),
        look("keys", lambda: fingerprint_text(fingerprint(read_keys(home).card(settings)))),
        look("policy", lambda: f"{len(read_policy(home).rules)} rules"),
        look("case data", lambda: _look_at_data(world)),
        look("ledger", lambda: _look_at_ledger(world, home)),
        look("journal", lambda: _look_at_journal(world, home)),
        look("series", lambda: _look_at_series(world)),
        look("replies", lambda: _look_at_replies(world, home)),
        look("witnesses", lambda: _look_at_witnesses(home)),
        look("releases", lambda: _look_at_tree(home)),
        look("certificate", lambda: _look_at_certificate(world, home)),
        look("coordinator", lambda: _look_at_coordinator(home)),
        look("charter", lambda: _look_at_charter(home)),
    ]


def _look_at_data(world: World) -> str:
    store = EditionStore(world.home, world.random_bytes, world.clock)
    current = store.current()
    if current is None:
        return "none yet; load some with `corridor node import FILE…`"
    return f"edition {current.id} of {current.written_at:%Y-%m-%d %H:%M} UTC"


def _look_at_ledger(world: World, home: Home) -> str:
    charter = charter_desk(home).accepted() if home.enrolment.exists() else None
    with (
        _ledger(world, read_policy(home), charter) as ledger,
        _journal(world, home, read_keys(home)) as journal,
    ):
        _hold_to_journal(ledger, journal)
        balance = ledger.balance()
    return f"whole; ρ = {balance.spent} spent, {balance.left_for_all_time} left"


def _look_at_series(world: World) -> str:
    found = [one for one in series(world) if not one.is_left]
    for one in found:
        if not one.goes_on:
            raise SeriesStateLostError(one.name)
    return f"{len(found)} standing series can go on"


def _look_at_journal(world: World, home: Home) -> str:
    with _journal(world, home, read_keys(home)) as book:
        return f"whole; {sum(1 for _ in book.rows())} entries"


def _look_at_replies(world: World, home: Home) -> str:
    with _journal(world, home, read_keys(home)) as book:
        kinds = [row.kind for row in book.rows()]
    late, left = kinds.count("left_late"), kinds.count("let_out")
    seconds = float(read_policy(home).replies_after)
    if not late:
        return f"{left} were counted within {seconds:g} s, when they leave"
    # No fault that stops anything, and what a later slot tells is little; but it can be mended.
    return (
        f"{late} of {left} took longer than the first slot ({seconds:g} s) and left at a later "
        'one: raise "after_seconds" in policy.toml'
    )


def _look_at_witnesses(home: Home) -> str:
    with WitnessBook(home.witness, ed25519_verify) as book:
        forks = book.forks()
    if forks:
        raise ContradictionsError(len(forks))
    return "no member's ledger, and no word of the coordinator, contradicts another"


def _look_at_tree(home: Home) -> str:
    with TreeBook(home.tree) as book:
        held, evidence, pending = book.held(), book.evidence(), book.pending()
    if any(one.stops_cosigning for one in evidence):
        raise ContradictedLogError
    if held is None:
        return "no checkpoint of the region's releases was cosigned here yet"
    shown = f"a tree of {held.checkpoint.size} releases was cosigned last"
    return shown + (f"; {len(pending)} of this node not shown in it yet" if pending else "")


def _look_at_certificate(world: World, home: Home) -> str:
    read_enrolment(home)
    certificate = decode_certificate(read_identity(home).certificate)
    verify_valid_at(certificate, world.clock(), "this node's certificate")
    return f"valid until {certificate.not_valid_after_utc:%Y-%m-%d}"


def _look_at_coordinator(home: Home) -> str:
    enrolment = read_enrolment(home)
    host, port = enrolment.web.removeprefix("https://").rsplit(":", 1)
    verify_pinned(fetch_authority(host, int(port)), enrolment.authority)
    asyncio.run(_call_once(home))
    return f"{enrolment.region} answers at {enrolment.grpc}"


async def _call_once(home: Home) -> None:
    """See that the coordinator takes this node's certificate; no charter yet is no trouble."""
    async with _dial(home) as channel:
        try:
            await membership.fetch_charter(channel, None)
        except CorridorError as error:
            if error.code != NoProposedCharterError.code:
                raise


def _look_at_charter(home: Home) -> str:
    desk = charter_desk(home)
    in_force, accepted = desk.in_force(), desk.accepted()
    if in_force is not None:
        return f"version {in_force.charter.version} is in force"
    if accepted is not None:
        return f"version {accepted.version} is signed here and not in force yet"
    return "none accepted yet; `corridor node accept`"


# ---------------------------------------------------------------- parts


def charter_desk(home: Home) -> CharterDesk:
    """What decides on this home's charters."""
    settings = read_settings(home)
    key = read_enrolment(home).coordinator_key if home.enrolment.exists() else None
    return CharterDesk(home, read_keys(home).card(settings), key, ed25519_verify)


def _ledger(world: World, rules: Policy, charter: Charter | None) -> Ledger:
    home = Home(world.home)
    keys = read_keys(home)
    return Ledger(
        home.ledger,
        read_settings(home).country,
        sign=keys.sign,
        key=keys.signing_public,
        verify=ed25519_verify,
        clock=world.clock,
        random_bytes=world.random_bytes,
        allowance=Allowance(rules.per_year, rules.all_time, rules.lost_per_day, rules.shares),
        failed_attempts_per_day=charter.failed_attempts_per_day if charter else 0,
    )


def _journal(world: World, home: Home, keys: NodeKeys) -> Journal:
    return Journal(
        home.journal,
        read_settings(home).country,
        sign=keys.sign,
        key=keys.signing_public,
        verify=ed25519_verify,
        clock=world.clock,
    )


def _dial(home: Home) -> grpc.aio.Channel:
    enrolment = read_enrolment(home)
    return dial(
        enrolment.grpc,
        identity=read_identity(home),
        authority=decode_certificate(read_authority(home)),
        pinned=enrolment.authority,
    )


def _read_data(name: str) -> str:
    return (files("corridor.queries") / "data" / name).read_text("utf-8")


def _card_view(found: Card) -> CardView:
    mark = fingerprint(found)
    return CardView(
        found.country,
        found.name,
        fingerprint_text(mark),
        spoken_fingerprint(mark),
        found.encode().decode(),
    )


def _offer(
    signed: SignedCharter,
    between: Sequence[SignedCharter],
    accepted: Charter | None,
    *,
    me: CountryCode,
    trusted: Mapping[CountryCode, Fingerprint],
) -> CharterOffer:
    charter = signed.charter
    before = frozenset(accepted.signing_keys if accepted else charter.signing_keys)
    joins = sorted(charter.signing_keys.keys() - before)
    leaves = sorted(before - charter.signing_keys.keys())
    members = [_member_view(one, me, trusted.get(one.country)) for one in charter.members]
    by_rule = "as the rule says"
    numbers = [
        ("fewest participants", str(charter.min_participants)),
        ("colluders provided for", str(charter.max_colluders)),
        ("most dropouts", by_rule if charter.max_dropouts is None else str(charter.max_dropouts)),
        ("nodes that may know one person", str(charter.nodes_per_person)),
        ("witnesses", charter.quorum_text),
        ("witnesses of before", _hand_over_text(signed, between, accepted, me)),
        ("δ", str(charter.delta)),
        ("dearest question ρ", str(charter.ceilings.rho_per_question)),
        ("most cells", str(charter.ceilings.cells)),
        ("most persons at a node", str(charter.ceilings.persons_per_node)),
        ("failed attempts borne a day", str(charter.failed_attempts_per_day)),
        (
            "witnesses of a debit",
            by_rule if charter.witness_quorum is None else str(charter.witness_quorum),
        ),
        ("years", f"{charter.years[0]} to {charter.years[1]}"),
        ("domains", charter.domains_edition),
        ("countries", ", ".join(charter.countries)),
        ("suite", charter.suite),
        ("days for which members' receipts are kept", str(charter.retention_days)),
        ("coordinator's key", fingerprint_text(key_fingerprint(charter.coordinator_key))),
        ("follows", "none" if charter.previous is None else charter.previous.hex()),
    ]
    return CharterOffer(
        raw=signed.encode(),
        between=tuple(one.encode() for one in between),
        joins=joins,
        leaves=leaves,
        region=charter.region,
        version=charter.version,
        synthetic=charter.synthetic,
        members=members,
        numbers=numbers,
        document={
            "region": charter.region,
            "version": charter.version,
            "synthetic": charter.synthetic,
            "digest": charter.digest.hex(),
            "members": [
                {
                    "country": one.country,
                    "name": one.name,
                    "fingerprint": one.fingerprint or None,
                    "standing": one.standing,
                }
                for one in members
            ],
            "joins": joins,
            "leaves": leaves,
            "signed": [word.country for word in signed.signatures],
            **dict(numbers),
        },
    )


def _hand_over_text(
    signed: SignedCharter,
    between: Sequence[SignedCharter],
    accepted: Charter | None,
    me: CountryCode,
) -> str:
    """Who must be there when this node first spends under the new version."""
    before = [*([] if accepted is None else [accepted]), *(one.charter for one in between)]
    found = [hand_over(one, signed.charter, me) for one in before if one != signed.charter]
    asked = [one for one in found if one is not None]
    if not asked:
        return "none"
    if not all(one.is_enough for one in asked):
        return (
            "!! too few are left: a backup of this node from before could be spent again, if the "
            "coordinator helps. Let one member join or leave at a time"
        )
    most = max(asked, key=lambda one: one.needed)
    names = ", ".join(sorted(most.members))
    return f"{most.needed} of {names} confirm this ledger before it first spends"


def _member_view(member: Member, me: CountryCode, given: Fingerprint | None) -> MemberView:
    """A member as it is offered: a key that nobody confirmed is not shown, so none is copied."""
    listed = fingerprint(Card.of(member))
    if member.country == me:
        standing = "this node"
    elif given == listed:
        standing = "confirmed"
    elif given is not None:
        standing = "!! another key is listed than you confirmed"
    else:
        standing = f"ask {member.name} by phone; their `corridor node card` shows it"
    known = standing in {"this node", "confirmed"}
    return MemberView(
        member.country, member.name, fingerprint_text(listed) if known else "", standing
    )


def _counted(tables: EditionTables) -> str:
    return f"{tables.persons.num_rows} persons, {tables.cases.num_rows} cases"


def _short(value: object) -> str:
    """A hash by its beginning; codes and an operator's words are read whole."""
    text = str(value)
    return text[:12] + "…" if len(text) > 24 and set(text) <= set("0123456789abcdef") else text
