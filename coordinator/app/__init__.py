"""Wires the coordinator: the functions that its commands call, and `serve`.

    initialise → invite → (nodes enrol) → propose_charter → (nodes sign) → questions
                 issue_token                               show_charter, members

Every command but `initialise` works on the home directly, also while `serve` runs on it: both
use the same database. `serve` runs two servers over one set of desks:

    gRPC  the event loop of the main thread: streams, rounds       always mTLS 1.3
    REST  cheroot with threads of its own: the web site's desks    TLS 1.3, or loopback http
"""

import asyncio
import gc
import os
import signal
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

import grpc
import structlog
from flask import Flask

from corridor import __version__
from corridor.coordinator import workbench
from corridor.coordinator.app.names import is_account
from corridor.coordinator.app.people import Accounts, accounts
from corridor.coordinator.app.reading import make_reading_desk, make_report_desk
from corridor.coordinator.app.world import World as World
from corridor.coordinator.app.world import real_world as real_world
from corridor.coordinator.attempt_history import AttemptHistory
from corridor.coordinator.attempts import AttemptRecord, Progress
from corridor.coordinator.board_desk import BoardDesk
from corridor.coordinator.charter_desk import CharterDesk, ProposedCharter
from corridor.coordinator.compiled import Compiler
from corridor.coordinator.connections import Connections
from corridor.coordinator.cosigning_desk import CosigningDesk
from corridor.coordinator.enrolment_desk import EnrolmentDesk
from corridor.coordinator.faults import parse_fault
from corridor.coordinator.file_maker import FileMaker
from corridor.coordinator.home import (
    Deadlines,
    Home,
    Settings,
    create_home,
    empty_folder,
    read_settings,
    split_address,
)
from corridor.coordinator.invitation_desk import InvitationDesk
from corridor.coordinator.kept_releases import KeptReleases
from corridor.coordinator.known_sizes import KnownSizes
from corridor.coordinator.oversight_desk import OversightDesk
from corridor.coordinator.pictures.base_map import read_base_map
from corridor.coordinator.presence import PresenceRecord
from corridor.coordinator.proposal_desk import ProposalDesk
from corridor.coordinator.public_desk import PublicDesk
from corridor.coordinator.publication_desk import PublicationDesk
from corridor.coordinator.publications.site import make_public_site
from corridor.coordinator.question_desk import QuestionDesk
from corridor.coordinator.recent_answers import RecentAnswers
from corridor.coordinator.region_desk import RegionDesk, Shown
from corridor.coordinator.release_log import ReleaseLog
from corridor.coordinator.releases import Publisher, ReleaseDesk
from corridor.coordinator.rounds import Rounds, interrupted
from corridor.coordinator.scopes import USUAL as USUAL_SCOPES
from corridor.coordinator.scopes import TokenScope
from corridor.coordinator.series_desk import SeriesDesk
from corridor.coordinator.servicers import ExchangeServicer, MembershipServicer, add_servicers
from corridor.coordinator.store import Store
from corridor.coordinator.stream_desk import StreamDesk
from corridor.coordinator.successor_desk import SuccessorDesk
from corridor.coordinator.taken_back import Withdrawals
from corridor.coordinator.titles import Titles
from corridor.coordinator.tokens import TokenDesk, TokenHolder
from corridor.coordinator.waiting import WaitingRecord
from corridor.coordinator.web.events import Followers
from corridor.coordinator.web.mounting import either
from corridor.coordinator.web.site import BODY_BYTES, Desks, Limits, make_site
from corridor.coordinator.witness import WitnessRecord
from corridor.coordinator.witness_post import WitnessPost
from corridor.coordinator.workbench.site import make_workbench
from corridor.errors import CorridorError
from corridor.errors.files import DiskError
from corridor.errors.region import (
    CannotListenError,
    NoCharterError,
    NoProposedCharterError,
)
from corridor.faults import Reached, go_on
from corridor.files import PUBLIC, write_atomically
from corridor.ids import CountryCode, Digest
from corridor.pages.access import Addresses
from corridor.protocols.cards import fingerprint_text, key_fingerprint
from corridor.protocols.charter import CELLS_CEILING, Ceilings
from corridor.queries.catalogue import Catalogue, parse_catalogue
from corridor.transport.certificates import (
    Authority,
    Identity,
    decode_certificate,
    decode_key,
    encode_certificate,
    encode_key,
    fingerprint,
    issue_server_certificate,
    make_authority,
    make_key,
)
from corridor.transport.channels import Peer, make_server
from corridor.transport.invitations import Invitation
from corridor.transport.logs import log_as_json_lines
from corridor.transport.messages import CoordinatorInSession
from corridor.transport.suites import (
    digest_signer,
    ed25519_public_key,
    ed25519_verify,
    note_signer,
    suite_named,
)
from corridor.transport.web_server import WebServer

_log = structlog.get_logger()

WATCH_SECONDS = 0.5
"""How soon a charter that a command proposed is announced to the connected nodes."""

FORGET_SECONDS = 24 * 60 * 60
"""How often members' receipts past their retention are deleted, besides at a start."""

EXIT_ON_FAULT = 70
STOPS: Mapping[str, Callable[[], None]] = {
    "exit": lambda: os._exit(EXIT_ON_FAULT),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
}
"""What `--fault` can do; neither leaves time to clean up."""

WEB_THREADS = 160
"""Most of them idle: whoever follows a question holds one."""

WEB_HEADER_BYTES = 32 * 1024
WEB_TIMEOUT_SECONDS = 15
"""How long a slow sender may hold one of the web's threads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprints:
    """What people compare before they trust this coordinator.

    Attributes:
        authority: of the certificate authority, as `login` and invitations pin it.
        signing_key: of the key that signs proposals, as charters hold it.
    """

    authority: str
    signing_key: str


@dataclass(frozen=True, slots=True)
class Serving:
    """Where a coordinator listens: the ports, if the system chose them, are filled in."""

    grpc: str
    web: str


# ---------------------------------------------------------------- commands


def initialise(
    world: World,
    *,
    name: str,
    listen: str = "127.0.0.1:7443",
    web: str = "127.0.0.1:7080",
    hosts: Sequence[str] = (),
    plain_http: bool = False,
    deadlines: Deadlines | None = None,
) -> Fingerprints:
    """Make a coordinator in the empty folder `world.home`: settings, keys, its authority.

    Args:
        world: home, clock, randomness.
        name: of the region; stands in every charter.
        listen: `host:port` that nodes dial.
        web: `host:port` of the REST API.
        hosts: further names and addresses under which it is reached; the first one stands in
            invitations where `listen` or `web` names no address (0.0.0.0).
        plain_http: serve REST without TLS; on loopback only, and nobody can enrol then.
        deadlines: of the rounds, where the usual ones do not fit.

    Raises:
        HomeInUseError: there is a coordinator already. Nothing was changed.
        SettingsError: a name or address cannot be used. Nothing was made.
    """
    settings = Settings(
        name=name,
        listen=listen,
        web=web,
        hosts=tuple(hosts),
        plain_http=plain_http,
        deadlines=deadlines or Deadlines(),
    )
    home = Home(world.home)
    create_home(home, settings)
    authority = make_authority(name, random_bytes=world.random_bytes, now=world.clock())
    write_atomically(home.keys / "signing.key", world.random_bytes(32))
    write_atomically(home.keys / "ca.key", encode_key(authority.key))
    write_atomically(home.keys / "ca.pem", encode_certificate(authority.certificate), PUBLIC)
    server_key = make_key(world.random_bytes)
    write_atomically(home.keys / "server.key", encode_key(server_key))
    Store(home.store).close()
    return fingerprints(world)


def fingerprints(world: World) -> Fingerprints:
    """What people compare before they trust this coordinator.

    Raises:
        NoHomeError: no coordinator was made here.
    """
    with opened(world) as parts:
        return parts.fingerprints


def authority_fingerprint(world: World) -> str:
    """Of the certificate authority: what `login` pins.

    Raises:
        NoHomeError: no coordinator was made here.
    """
    return fingerprints(world).authority


def invite(world: World, country: CountryCode, *, days: int = 14) -> Invitation:
    """A new invitation for one node of `country`, valid once; only its code's hash is kept.

    An earlier invitation of the same country that was not used is withdrawn.

    Raises:
        NoHomeError: no coordinator was made here.
        NoSuchCountryError: no charter could list this country. Nothing was issued.
    """
    with opened(world) as parts:
        return parts.invitations.invite(country, days)


def propose_charter(
    world: World,
    *,
    min_participants: int = 3,
    max_colluders: int = 1,
    max_dropouts: int | None = None,
    nodes_per_person: int = 2,
    delta: Fraction = Fraction(1, 10**6),
    rho_per_question: Fraction = Fraction(1, 10),
    cells: int = CELLS_CEILING,
    persons_per_node: int = 1_000_000,
    countries: Sequence[CountryCode] | None = None,
    years: tuple[int, int] | None = None,
    retention_days: int = 365,
    failed_attempts_per_day: int = 3,
    witness_quorum: int | None = None,
    synthetic: bool = False,
    without: Sequence[CountryCode] = (),
) -> ProposedCharter:
    """Propose a new version of the charter that lists everybody enrolled, but `without`.

    Args:
        world: home, clock, randomness.
        min_participants: fewest nodes of an attempt, at least 3.
        max_colluders: members who may collude with the coordinator.
        max_dropouts: the most dropouts of an attempt; None leaves it to the charter's rule.
        nodes_per_person: how many nodes may know one person.
        delta: the δ at which guarantees are shown.
        rho_per_question: the most that one question may cost.
        cells: the most cells of an answer.
        persons_per_node: the most persons that a node may hold.
        countries: values of the country fields besides the members' own, all others count as
            unknown; all that the catalogue knows where None.
        years: first and last year of the date fields; fifteen years up to this one where None.
        retention_days: how long members' receipts are kept.
        failed_attempts_per_day: how many failed attempts a node bears.
        witness_quorum: members who must hold a ledger before a debit; None leaves it to the rule.
        synthetic: the members' data are made up.
        without: members who leave: enrolled no more once this version is in force.

    Raises:
        NotEnrolledError, TooFewEnrolledError, MalformedCharterError, CharterSuccessionError:
            nothing was proposed.
    """
    with opened(world) as parts:
        usual = parts.proposals.usual()
        terms = replace(
            usual,
            countries=tuple(countries or usual.countries),
            years=years or usual.years,
            ceilings=Ceilings(
                rho_per_question=rho_per_question, cells=cells, persons_per_node=persons_per_node
            ),
            min_participants=min_participants,
            max_colluders=max_colluders,
            max_dropouts=max_dropouts,
            nodes_per_person=nodes_per_person,
            delta=delta,
            retention_days=retention_days,
            failed_attempts_per_day=failed_attempts_per_day,
            witness_quorum=witness_quorum,
            synthetic=synthetic,
            without=frozenset(without),
        )
        return parts.proposals.propose(terms)


def show_charter(world: World) -> ProposedCharter:
    """The charter proposed last, with the signatures so far.

    Raises:
        NoProposedCharterError: none was proposed yet.
    """
    with opened(world) as parts:
        return parts.charters.find()


def charter_in_force(world: World) -> ProposedCharter:
    """The charter that questions are asked under, with all its signatures.

    Raises:
        NoCharterError: there is none yet.
    """
    with opened(world) as parts:
        return parts.charters.find(parts.charters.in_force().digest)


def members(world: World) -> list[Shown]:
    """Everybody enrolled and how they stand, as the REST API's /members shows it."""
    with opened(world) as parts:
        return parts.region.members()


def attempts(world: World, *, last: int) -> list[Shown]:
    """What became of the newest attempts, newest first."""
    with opened(world) as parts:
        return parts.history.newest(last)


def attempt(world: World, session: str) -> Shown:
    """What became of one attempt.

    Args:
        world: home, clock, randomness.
        session: its session in hexadecimal, or the beginning of it.

    Raises:
        UnknownAttemptError: no attempt, or several, have such a session.
    """
    with opened(world) as parts:
        return parts.history.one(session)


def readmit(world: World, country: CountryCode, *, because: str = "") -> None:
    """Ask a member again that was held out since an attempt proved that it lied.

    Raises:
        NotHeldOutError: it is not held out. Nothing was changed.
    """
    with opened(world) as parts:
        parts.record.readmit(country, because)


def issue_token(
    world: World,
    name: str,
    *,
    organisation: str = "",
    scopes: frozenset[TokenScope] = USUAL_SCOPES,
) -> str:
    """A new token for the REST API; it is shown this once.

    Raises:
        TokenNameTakenError, TokenNameOfAccountError: a token has or had this name, or an account
            has. None was issued.
    """
    with opened(world) as parts:
        return parts.tokens.issue(name, organisation, scopes)


def revoke_token(world: World, name: str) -> None:
    """Make a token worthless from now on.

    Raises:
        NoSuchTokenError: no valid token has this name.
    """
    with opened(world) as parts:
        parts.tokens.revoke(name)


def list_tokens(world: World) -> tuple[TokenHolder, ...]:
    """Who holds a valid token."""
    with opened(world) as parts:
        return parts.tokens.names()


# ---------------------------------------------------------------- serving


def log_ready(serving: Serving) -> None:
    """Where it serves, as a line of the log; a terminal is told in words instead."""
    _log.info("coordinator.serving", grpc=serving.grpc, web=serving.web)


def serve(
    world: World,
    on_ready: Callable[[Serving], None] = log_ready,
    *,
    fault: str | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; `on_ready` hears where, once both ports answer.

    Raises:
        NoHomeError, SettingsError, AlreadyServingError, CannotListenError: nothing was started.
        UnknownFaultError, FaultNotAllowedError: of the `fault` on purpose. Nothing was started.
    """
    log_as_json_lines()

    def ready(serving: Serving) -> None:
        _leave_alone_what_stays()
        on_ready(serving)

    async def until_signalled() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await run(world, stop, ready, fault=fault)

    asyncio.run(until_signalled())


def _leave_alone_what_stays() -> None:
    """Keep the collector of garbage from what was loaded and wired: it lives as long as we do.

    Else each full collection looks at 200 000 objects, and everybody waits for a tenth of a second.
    """
    gc.collect()
    gc.freeze()


async def run(
    world: World,
    stop: asyncio.Event,
    on_ready: Callable[[Serving], None] = log_ready,
    *,
    fault: str | None = None,
) -> None:
    """Serve until `stop` is set, then end every stream in order.

    Raises:
        NoHomeError, SettingsError, AlreadyServingError, CannotListenError: nothing was started.
    """
    home = Home(world.home)
    read_settings(home)
    with (
        home.serving(),
        accounts(world) as people,
        opened(world, wake=asyncio.Event(), fault=fault) as parts,
    ):
        tidy(parts)
        server, port = make_server(
            parts.settings.listen,
            identity=parts.issue_identity(),
            authority=parts.authority.certificate,
            clock=world.clock,
            new_reference=world.reference,
            admit=lambda peer: admit(parts, peer),
        )
        let_answer(server, parts)
        followers = Followers(Limits().followers)
        maker, public_maker = FileMaker(), FileMaker()  # strangers wait for strangers alone
        web = _make_web(parts, people, followers, maker, public_maker)
        await server.start()
        threading.Thread(target=web.serve, name="web", daemon=True).start()
        tasks = [
            asyncio.create_task(work)
            for work in (
                parts.rounds.run(),
                _watch(parts),
                _forget_daily(parts),
                _continue_series(parts),
                _continue_waiting(parts),
            )
        ]
        host, _ = split_address(parts.settings.listen, "listen")
        web_host, _ = split_address(parts.settings.web, "web")
        on_ready(Serving(f"{host}:{port}", f"{web_host}:{web.bind_addr[1]}"))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
        finally:
            followers.close()
            maker.close()
            public_maker.close()
            await _stop(parts, tasks, server, web)
        for task in tasks:
            if not task.cancelled() and (bug := task.exception()) is not None:
                raise bug


def let_answer(server: grpc.aio.Server, parts: "Parts") -> None:
    """Let a server answer nodes with what the desks of `parts` decide."""
    add_servicers(
        server,
        ExchangeServicer(parts.streams, lambda peer: _recheck(parts, peer)),
        MembershipServicer(
            parts.charters, parts.releases, parts.log, parts.announce, parts.successors
        ),
    )


async def _stop(
    parts: "Parts", tasks: Sequence["asyncio.Task[None]"], server: Any, web: WebServer
) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    parts.streams.stop()
    await server.stop(grace=1.0)
    await asyncio.gather(*parts.streams.recording, return_exceptions=True)
    await asyncio.to_thread(web.stop)
    parts.presence.all_left()
    _log.info("coordinator.stopped")


async def _watch(parts: "Parts") -> None:
    """Announce what became of the charters, whichever process did it; end who was removed."""
    told: tuple[Digest, bool] | None = None
    while True:
        with suppress(NoProposedCharterError):
            found = await asyncio.to_thread(parts.charters.find)
            now = (found.charter.digest, found.in_force)
            if now != told:
                parts.streams.announce(found.charter.digest, in_force=found.in_force)
                await parts.streams.end_removed()
                told = now
        await asyncio.sleep(WATCH_SECONDS)


async def _forget_daily(parts: "Parts") -> None:
    """Keep members' receipts no longer than the charter says, however long this process runs."""
    forgot = parts.world.now()
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        # By the world's clock, not by sleeping a day: a machine that slept has not waited.
        if parts.world.now() >= forgot + FORGET_SECONDS:
            forgot = parts.world.now()
            try:
                since = await asyncio.to_thread(_retained_since, parts)
                count = await asyncio.to_thread(parts.releases.delete_expired_receipts, since)
                _log.info("receipts.forgotten", receipts=count)
            except DiskError as error:
                _log.error("receipts.not_forgotten", code=error.code)


async def _continue_series(parts: "Parts") -> None:
    """Put the releases of standing series in line when they are due."""
    while True:
        try:
            await asyncio.to_thread(parts.series.queue_due)
        except CorridorError as error:
            _log.error("series.stuck", code=error.code)
        await asyncio.sleep(WATCH_SECONDS)


async def _continue_waiting(parts: "Parts") -> None:
    """Propose questions again that waited for people to approve them."""
    while True:
        try:
            if await asyncio.to_thread(parts.rounds.waiting.queue_due):
                parts.rounds.wake.set()
        except CorridorError as error:
            _log.error("waiting.stuck", code=error.code)
        await asyncio.sleep(WATCH_SECONDS)


def tidy(parts: "Parts") -> None:
    """What a kill at any moment may have left: an attempt, spooled vectors, streams, a receipt."""
    parts.log.complete()
    failed = parts.record.recover(interrupted)
    if failed:
        _log.info("attempts.recovered", questions=list(failed))
    empty_folder(parts.home.spool)
    parts.releases.delete_receipts(_retained_since(parts))
    parts.presence.all_left()


def _retained_since(parts: "Parts") -> int:
    """Members' receipts of releases from before this moment (seconds since 1970) are deleted."""
    try:
        days = parts.charters.in_force().retention_days
    except NoCharterError:
        return 0
    return parts.world.now() - int(timedelta(days=days).total_seconds())


def admit(parts: "Parts", peer: Peer) -> None:
    """Refuse a peer whose certificate is not the one enrolled last.

    Raises:
        ForeignCertificateError: it is another, or of a country that is not enrolled.
    """
    parts.streams.demand_enrolled(peer.country, peer.fingerprint)


def _recheck(parts: "Parts", peer: Peer) -> None:
    """What can change while a stream is open: the certificate ends, or is replaced by a newer."""
    peer.verify_valid_at(parts.world.clock())
    admit(parts, peer)


def _make_web(
    parts: "Parts", people: Accounts, followers: Followers, maker: FileMaker, strangers: FileMaker
) -> WebServer:
    settings = parts.settings
    site = make_site(
        Desks(
            enrolment=parts.enrolment,
            tokens=replace(parts.tokens, of_account=people.tokens.holder),
            region=parts.region,
            questions=parts.questions,
            releases=parts.releases,
            series=parts.series,
            reports=make_report_desk(
                parts.catalogue, parts.questions, parts.releases, parts.charters
            ),
            reading=make_reading_desk(parts.releases, parts.series),
            publications=parts.publications,
            public=public_desk(parts, strangers),
        ),
        authority=encode_certificate(parts.authority.certificate),
        plain_http=settings.plain_http,
        now=parts.world.now,
        reference=parts.world.reference,
        followers=followers,
        maker=maker,
        limits=Limits(),
        version=__version__,
    )
    web = WebServer(
        split_address(settings.web, "web"),
        either(site, make_pages(parts, people, maker), make_public(parts, strangers)),
        threads=WEB_THREADS,
        timeout=WEB_TIMEOUT_SECONDS,
        header_bytes=WEB_HEADER_BYTES,
        body_bytes=2 * BODY_BYTES,
        trouble="web.trouble",
    )
    if not settings.plain_http:
        keys = parts.home.keys
        web.use_tls(keys / "server.pem", keys / "server.key", ssl.TLSVersion.TLSv1_3)
    try:
        web.prepare()
    except OSError as error:
        raise CannotListenError(settings.web, error.strerror or "not available") from error
    return web


def public_desk(parts: "Parts", maker: FileMaker) -> PublicDesk:
    """Shows what was published; files are made, and receipts verified, by `maker`."""
    return PublicDesk(
        publications=parts.publications,
        releases=parts.releases,
        charters=parts.charters,
        series=parts.series,
        maker=maker,
        address=web_url(parts.world),
        now=parts.world.now,
    )


def make_public(parts: "Parts", maker: FileMaker) -> Flask:
    """The pages that everybody sees."""
    return make_public_site(
        public_desk(parts, maker),
        region=parts.settings.name,
        domains=parts.questions.domains,
        base_map=read_base_map(parts.home.base_map),
        has_tls=not parts.settings.plain_http,
        reference=parts.world.reference,
    )


def make_pages(parts: "Parts", people: Accounts, maker: FileMaker) -> Flask:
    """The workbench over these desks."""
    settings = parts.settings
    _, port = split_address(settings.web, "web")
    return make_workbench(
        workbench.Desks(
            region_name=settings.name,
            people=people.people,
            tokens=people.tokens,
            provider=people.provider,
            changes=people.store.changes,
            invitations=parts.invitations,
            oversight=OversightDesk(
                store=parts.enrolment.store,
                region=parts.region,
                charters=parts.charters,
                presence=parts.presence,
            ),
            proposals=parts.proposals,
            readmit=parts.record.readmit,
            region=parts.region,
            questions=parts.questions,
            releases=parts.releases,
            series=parts.series,
            history=parts.history,
            base_map=read_base_map(parts.home.base_map),
            publications=replace(parts.publications, are_two=people.people.are_two),
            public=public_desk(parts, maker),
            boards=parts.boards,
            files=maker,
            reading=make_reading_desk(parts.releases, parts.series),
            reports=make_report_desk(
                parts.catalogue, parts.questions, parts.releases, parts.charters
            ),
        ),
        addresses=Addresses(frozenset(map(str.lower, parts.hosts)), port),
        has_tls=not settings.plain_http,
        reference=parts.world.reference,
    )


# ---------------------------------------------------------------- parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything over one open home."""

    world: World
    home: Home
    settings: Settings
    authority: Authority
    fingerprints: Fingerprints
    catalogue: Catalogue
    record: AttemptRecord
    presence: PresenceRecord
    connections: Connections
    enrolment: EnrolmentDesk
    tokens: TokenDesk
    charters: CharterDesk
    successors: SuccessorDesk
    region: RegionDesk
    questions: QuestionDesk
    history: AttemptHistory
    releases: ReleaseDesk
    series: SeriesDesk
    publications: PublicationDesk
    boards: BoardDesk
    log: ReleaseLog
    streams: StreamDesk
    rounds: Rounds

    def announce(self, charter: ProposedCharter) -> None:
        """Tell every connected node how far a charter is."""
        self.streams.announce(charter.charter.digest, in_force=charter.in_force)

    @property
    def invitations(self) -> InvitationDesk:
        """What invites countries."""
        return InvitationDesk(
            enrolment=self.enrolment,
            countries=self.catalogue.country_names,
            authority=self.fingerprints.authority,
            coordinator_key=self.fingerprints.signing_key,
            web=f"https://{_public(self.settings, self.settings.web, 'web')}",
            grpc=_public(self.settings, self.settings.listen, "listen"),
        )

    @property
    def proposals(self) -> ProposalDesk:
        """What charters are proposed from."""
        return ProposalDesk(
            charters=self.charters,
            countries=self.catalogue.country_names,
            domains_edition=self.catalogue.edition,
            year=lambda: self.world.clock().year,
        )

    @property
    def hosts(self) -> list[str]:
        """Every name and address under which this coordinator is reached."""
        listening = [
            split_address(getattr(self.settings, key), key)[0] for key in ("listen", "web")
        ]
        known = [*listening, *self.settings.hosts, "localhost", "127.0.0.1", "::1"]
        return list(dict.fromkeys(known))

    def issue_identity(self) -> Identity:
        """A fresh certificate for this coordinator's servers, under every name it has."""
        key = (self.home.keys / "server.key").read_bytes()
        certificate = issue_server_certificate(
            self.authority,
            decode_key(key).public_key(),
            self.hosts,
            random_bytes=self.world.random_bytes,
            now=self.world.clock(),
        )
        pem = encode_certificate(certificate)
        write_atomically(self.home.keys / "server.pem", pem, PUBLIC)
        return Identity(pem, key)


@contextmanager
def opened(
    world: World, wake: asyncio.Event | None = None, fault: str | None = None
) -> Iterator[Parts]:
    """The parts over the home's database, which is closed at the end."""
    home = Home(world.home)
    settings = read_settings(home)
    store = Store(home.store)
    try:
        yield make_parts(world, home, settings, store, wake=wake, fault=fault)
    finally:
        store.close()


def make_parts(
    world: World,
    home: Home,
    settings: Settings,
    store: Store,
    *,
    wake: asyncio.Event | None,
    fault: str | None,
) -> Parts:
    """Wire everything over one home; `wake` is there where rounds are to run.

    Raises:
        UnknownFaultError, FaultNotAllowedError: of the `fault` on purpose.
    """
    authority = _read_authority(home)
    private = (home.keys / "signing.key").read_bytes()
    key, sign, verify = ed25519_public_key(private), digest_signer(private), ed25519_verify
    catalogue = _catalogue()
    now = world.now
    charters = CharterDesk(store, settings.name, key, sign, verify, now)
    reached = _reached(fault, charters)
    log = ReleaseLog(
        store=store, key=key, sign=note_signer(private), verify=verify, reached=reached
    )
    record, progress = AttemptRecord(store, now, log), Progress()
    waiting = WaitingRecord(record)
    presence, witness = PresenceRecord(store, now), WitnessRecord(store, verify, now)
    connections = Connections()
    releases = ReleaseDesk(store, home.receipts, charters, log, KeptReleases())
    titles = Titles(charters, catalogue)
    cosigning = CosigningDesk(log=log, charters=charters, connections=connections, now=now)
    loop = asyncio.get_running_loop() if wake is not None else None

    def wake_rounds() -> None:
        if loop is not None and wake is not None:
            loop.call_soon_threadsafe(wake.set)

    def send_from_any_thread(country: CountryCode, message: CoordinatorInSession) -> None:
        if loop is not None:
            loop.call_soon_threadsafe(connections.send, country, message)

    withdrawals = Withdrawals(store, send_from_any_thread)
    series = SeriesDesk(
        store=store,
        charters=charters,
        limit=settings.queue_limit,
        wake=wake_rounds,
        taken_back=withdrawals.tell,
        random_bytes=world.random_bytes,
        now=now,
    )
    return Parts(
        world=world,
        home=home,
        settings=settings,
        authority=authority,
        fingerprints=Fingerprints(
            authority=fingerprint(authority.certificate),
            signing_key=fingerprint_text(key_fingerprint(key)),
        ),
        catalogue=catalogue,
        record=record,
        presence=presence,
        connections=connections,
        enrolment=EnrolmentDesk(
            store=store,
            authority=authority,
            coordinator_key=key,
            grpc=_public(settings, settings.listen, "listen"),
            region=settings.name,
            verify=verify,
            random_bytes=world.random_bytes,
            clock=world.clock,
        ),
        tokens=TokenDesk(
            store, now, world.random_bytes, is_account=lambda name: is_account(home, name)
        ),
        charters=charters,
        successors=SuccessorDesk(store, settings.name, verify, now),
        region=RegionDesk(
            name=settings.name,
            store=store,
            charters=charters,
            presence=presence,
            witness=witness,
            log=log,
            catalogue=catalogue,
            held_out=record.held_out,
            is_served=home.is_served,
        ),
        questions=QuestionDesk(
            store=store,
            charters=charters,
            presence=presence,
            held_out=record.held_out,
            compiler=Compiler(catalogue),
            known_sizes=KnownSizes(store),
            title_of=titles.of,
            progress=progress,
            waiting=waiting,
            series=series,
            queue_limit=settings.queue_limit,
            wake=wake_rounds,
            taken_back=withdrawals.tell,
            random_bytes=world.random_bytes,
            now=now,
            recent=RecentAnswers(),
        ),
        history=AttemptHistory(
            store=store,
            title_of=titles.of,
            now=now,
            is_served=home.is_served,
        ),
        releases=releases,
        series=series,
        publications=PublicationDesk(store=store, random_bytes=world.random_bytes, now=now),
        boards=BoardDesk(store=store, random_bytes=world.random_bytes, now=now),
        log=log,
        streams=StreamDesk(
            store=store,
            connections=connections,
            post=WitnessPost(connections),
            presence=presence,
            witness=witness,
            charters=charters,
            cosigning=cosigning,
            has_news=waiting.hasten,
            now=now,
        ),
        rounds=Rounds(
            record=record,
            waiting=waiting,
            charters=charters,
            presence=presence,
            witness=witness,
            connections=connections,
            progress=progress,
            catalogue=catalogue,
            publish=Publisher(
                catalogue=catalogue,
                folder=home.receipts,
                receipts_before=series.receipts_before,
                sign=sign,
                random_bytes=world.random_bytes,
                now=now,
            ).publish,
            series_members=series.members,
            after_release=cosigning.offer_all,
            suites=suite_named,
            sign=sign,
            verify=verify,
            random_bytes=world.random_bytes,
            deadlines=settings.deadlines,
            spool=home.spool,
            now=now,
            wake=wake or asyncio.Event(),
            reached=reached,
        ),
    )


def _reached(fault: str | None, charters: CharterDesk) -> Reached:
    if fault is None:
        return go_on
    try:
        charter = charters.in_force()
    except NoCharterError:
        charter = None
    return parse_fault(fault, charter, STOPS).reached


def _read_authority(home: Home) -> Authority:
    return Authority(
        decode_certificate((home.keys / "ca.pem").read_bytes(), "keys/ca.pem"),
        decode_key((home.keys / "ca.key").read_bytes()),
    )


@cache
def _catalogue() -> Catalogue:
    """The packaged catalogue; a value, read once."""
    return parse_catalogue(_read_data)


def _read_data(name: str) -> str:
    return (files("corridor.queries") / "data" / name).read_text("utf-8")


def web_url(world: World) -> str:
    """The address of the REST API, as analysts reach it.

    Raises:
        NoHomeError: there is no coordinator.
    """
    settings = read_settings(Home(world.home))
    return (
        f"{'http' if settings.plain_http else 'https'}://{_public(settings, settings.web, 'web')}"
    )


def _public(settings: Settings, address: str, key: str) -> str:
    """The address as others reach it: a wildcard is replaced by the first of `hosts`."""
    host, port = split_address(address, key)
    if host in ("0.0.0.0", "::") and settings.hosts:  # noqa: S104 - compared, not bound
        host = settings.hosts[0]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
