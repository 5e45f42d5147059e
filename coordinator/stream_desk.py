"""Decides about streams: who may speak for which country, and what is done with what they say.

    greet      certificate = the one enrolled for the country that Hello names; its ledger's
               statement is witnessed; the stream becomes the country's live one; Welcome
    on_message Standing is remembered, what belongs to a session goes to the attempt that runs,
               what concerns the release tree to the cosigning desk,
               what members say of each other's ledgers goes to whom it is for (`witness_post`)
    gone       the node has dropped out

Blocking work runs in worker threads; the rest belongs to the event loop's.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

import structlog
from sqlalchemy import select

from corridor.coordinator.charter_desk import CharterDesk
from corridor.coordinator.connections import Connection, Connections
from corridor.coordinator.cosigning_desk import CosigningDesk
from corridor.coordinator.presence import PresenceRecord
from corridor.coordinator.store import Store, members
from corridor.coordinator.witness import WitnessRecord
from corridor.coordinator.witness_post import WitnessPost
from corridor.errors import CorridorError
from corridor.errors.region import (
    AnotherCountryError,
    ForeignCertificateError,
    NoCharterError,
    NoLongerEnrolledError,
    NotGreetedError,
)
from corridor.ids import CountryCode, Digest, PublicKey
from corridor.protocols.contradictions import ContradictionTold
from corridor.protocols.secure_sum.messages import PROTOCOL_VERSION, WitnessWord
from corridor.protocols.witnesses import LedgerEntries, WitnessAnswer, WitnessAsk
from corridor.transport.messages import (
    CharterAvailable,
    Cosigned,
    Hello,
    NodeInSession,
    NodeMessage,
    Standing,
    TreeStanding,
    Welcome,
)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What the registry knows of a member.

    Attributes:
        fingerprint: of the certificate that it was given last.
    """

    fingerprint: str
    signing_key: PublicKey


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamDesk:
    """Greets nodes and passes on what they say.

    Attributes:
        has_news: hears of a country that came back, or said its standing again without any change:
            its people have decided on something that waits for them.
        now: seconds since 1970 UTC.
        one_standing: standings are taken one after the other, so that what is recorded of a
            country is what its live stream said last.
        recording: tasks that record streams which began or ended.
        stopping: the coordinator stops; that everybody has left is recorded once, for all.
    """

    store: Store
    connections: Connections
    post: WitnessPost
    presence: PresenceRecord
    witness: WitnessRecord
    charters: CharterDesk
    cosigning: CosigningDesk
    has_news: Callable[[CountryCode], None]
    now: Callable[[], int]
    one_standing: asyncio.Lock = field(default_factory=asyncio.Lock)
    recording: set["asyncio.Task[None]"] = field(default_factory=set)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def greet(self, country: CountryCode, fingerprint: str, first: NodeMessage) -> Connection:
        """Open the stream of the node whose certificate this is.

        Args:
            country: whom the certificate was issued to.
            fingerprint: of the certificate.
            first: the first message on the stream.

        Raises:
            NotGreetedError: the first message is no Hello.
            AnotherCountryError: Hello, or its ledger statement, names another country.
            ForeignCertificateError: it is not the certificate that was enrolled last.
            NoLongerEnrolledError: a charter in force leaves the country out.
            ForgedStatementError, WitnessedForkError: the ledger that it shows.
        """
        if not isinstance(first, Hello):
            raise NotGreetedError
        if first.country != country:
            raise AnotherCountryError(country, first.country, "Hello")
        await asyncio.to_thread(self.demand_enrolled, country, fingerprint)
        in_force = await asyncio.to_thread(self._in_force)
        connection = Connection(country, first.standing)
        software = "".join(one for one in first.software if one.isprintable())
        connection.send(Welcome(in_force, self.now(), PROTOCOL_VERSION))
        async with self.one_standing:
            await self._witness(country, first.standing)
            self.connections.add(connection)
        try:
            await asyncio.shield(self._record(self._record_arrived(connection, software)))
            await asyncio.to_thread(self.has_news, country)
        except BaseException:
            self.gone(connection)  # the peer went, or the disk is full, before it was greeted
            raise
        _log.info("stream.opened", country=country, software=first.software[:40])
        return connection

    async def on_message(self, connection: Connection, message: NodeMessage) -> None:
        """Take what a node says; slow work slows down this node's stream alone.

        Raises:
            NotGreetedError: a second Hello.
            CorridorError: what `greet` says of a standing; a cosignature that is none.
        """
        match message:
            case Hello():
                raise NotGreetedError
            case Standing() as standing:
                async with self.one_standing:
                    # What a replaced stream still says is older than the newer stream's Hello.
                    if not self.connections.is_live(connection):
                        return
                    if connection.standing == standing:
                        await asyncio.to_thread(self.has_news, connection.country)
                    else:
                        await self._witness(connection.country, standing)
                        connection.standing = standing
                        await asyncio.to_thread(self.presence.changed, connection.country, standing)
            case (
                WitnessAsk()
                | WitnessAnswer()
                | LedgerEntries()
                | WitnessWord()
                | ContradictionTold()
            ):
                if self.connections.is_live(connection):
                    self.post.pass_on(connection, message)
            case Cosigned() as word:
                await self.cosigning.on_cosigned(connection.country, word)
            case TreeStanding() as said:
                await self.cosigning.on_tree_standing(connection.country, said)
            case NodeInSession():
                await self.connections.receive(connection, message)

    def gone(self, connection: Connection) -> None:
        """A stream ended, for whatever reason.

        The node has dropped out at once. What is recorded follows in a task of its own: the
        stream's is being cancelled, perhaps more than once.
        """
        if self.connections.remove(connection):
            self._record(self._record_gone(connection.country))
        _log.info("stream.closed", country=connection.country)

    def stop(self) -> None:
        """End every stream after what is in line, and record nothing of them from now on.

        gRPC gives no sign when the last of its streams has unwound: some do so only while the
        event loop is being closed, when there are no worker threads any more.
        """
        self.stopping.set()
        self.connections.close_all()

    def _record(self, work: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work)
        self.recording.add(task)
        task.add_done_callback(self._recorded)
        return task

    def _recorded(self, task: "asyncio.Task[None]") -> None:
        """A record that a disk refused is said once, here: who has gone waits for nothing."""
        self.recording.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, CorridorError):
            _log.error("presence.not_recorded", code=error.code)
        elif error is not None:
            _log.error("presence.not_recorded", exc_info=error)

    async def _record_arrived(self, connection: Connection, software: str) -> None:
        async with self.one_standing:
            if self.connections.is_live(connection) and not self.stopping.is_set():
                standing = connection.standing
                await asyncio.to_thread(
                    self.presence.arrived, connection.country, standing, software
                )

    async def _record_gone(self, country: CountryCode) -> None:
        async with self.one_standing:
            if country not in self.connections.live and not self.stopping.is_set():
                await asyncio.to_thread(self.presence.left, country)

    def announce(self, charter: Digest, *, in_force: bool) -> None:
        """Tell everybody that a charter can be fetched."""
        self.connections.send_all(CharterAvailable(charter, in_force))

    async def end_removed(self) -> None:
        """Close the streams of countries that are enrolled no more; each is told why."""
        enrolled = await asyncio.to_thread(self._enrolled)
        for country, connection in self.connections.live.items():
            if country not in enrolled:
                connection.close(NoLongerEnrolledError(country))

    def demand_enrolled(self, country: CountryCode, fingerprint: str) -> Enrolled:
        """What the registry knows of the country whose current certificate this is.

        Raises:
            ForeignCertificateError: it is not.
            NoLongerEnrolledError: the country is not enrolled.
        """
        row = self.store.look_up(
            "SELECT fingerprint, signing_key FROM members WHERE country = ?", country
        )
        if row is None:
            raise NoLongerEnrolledError(country)
        enrolled = Enrolled(*row)
        if enrolled.fingerprint != fingerprint:
            raise ForeignCertificateError(country)
        return enrolled

    def _enrolled(self) -> frozenset[CountryCode]:
        with self.store.reading() as connection:
            return frozenset(map(CountryCode, connection.scalars(select(members.c.country))))

    async def _witness(self, country: CountryCode, standing: Standing) -> None:
        statement = standing.statement
        if statement.country != country:
            raise AnotherCountryError(country, statement.country, "ledger statement")
        if statement.sequence:  # an empty ledger has nothing to witness
            await asyncio.to_thread(self._keep, country, standing)

    def _keep(self, country: CountryCode, standing: Standing) -> None:
        keys = self.charters.ledger_keys(country)
        if not keys:
            raise NoLongerEnrolledError(country)
        self.witness.keep_signed(standing.statement, keys[0], former=keys[1:])

    def _in_force(self) -> Digest | None:
        try:
            return self.charters.in_force().digest
        except NoCharterError:
            return None
