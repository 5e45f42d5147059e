"""The live streams: one per country, each with the messages that wait to go out on it.

A newer stream of a country replaces the older one. Refusing it instead would lock a node out that
lost its connection without either side's noticing, until a keep-alive fails; and whoever can open
the newer stream holds the node's TLS key, so refusing it protects nothing. The replaced stream is
told so: where nobody restarted the node, two copies of it are running.

Everything here belongs to the event loop's thread.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import structlog

from corridor.errors import CorridorError
from corridor.errors.region import StreamReplacedError, StreamTooSlowError
from corridor.ids import CountryCode
from corridor.protocols.secure_sum.messages import WitnessWord
from corridor.protocols.witnesses import LedgerEntries
from corridor.transport.messages import CoordinatorMessage, NodeInSession, Standing

_log = structlog.get_logger()

UNREAD_LIMIT = 1024
"""Messages that may wait for one node. After a restart of the coordinator each of 200 nodes asks
every other about its ledger, is answered, and is sent entries; an attempt needs far fewer."""

UNREAD_OF_ONE = 64
"""Of these, so many from any one other member: a flood of one shall end nobody else's stream."""

UNREAD_ENTRIES = 512
"""And so many where it is a ledger's entries: questions and answers of 200 nodes find room."""

ROOM_FOR_ROUNDS = 128
"""So many places are left for what the coordinator says itself."""


_InLine: TypeAlias = tuple[CoordinatorMessage | None, CountryCode | None]
"""What goes out, None at the end; and which other member said it, None for the coordinator."""


class Connection:
    """One node's live stream, from its Hello on."""

    def __init__(self, country: CountryCode, standing: Standing) -> None:
        self.country = country
        self.standing = standing
        self._outgoing: asyncio.Queue[_InLine] = asyncio.Queue()
        self._passed_on: Counter[CountryCode] = Counter()  # what waits, by who said it
        self._told: set[CountryCode] = set()  # whose messages were dropped, as the log has it
        self._ended: Exception | None = None
        self._closed = False

    def send(self, message: CoordinatorMessage) -> None:
        """Put a message in line; a node that reads nothing for long is disconnected."""
        if self._closed:
            return
        if self._outgoing.qsize() >= UNREAD_LIMIT:
            self.close(StreamTooSlowError(self.country))
            return
        self._outgoing.put_nowait((message, None))

    def pass_on(self, sender: CountryCode, message: CoordinatorMessage) -> None:
        """Put another member's message in line, or drop it where too much waits already.

        Nobody misses anything for good: members ask again for entries when the next one comes.
        """
        if self._closed:
            return
        entries = isinstance(message, LedgerEntries)
        most = UNREAD_ENTRIES if entries else UNREAD_LIMIT - ROOM_FOR_ROUNDS
        if self._passed_on[sender] >= UNREAD_OF_ONE or self._outgoing.qsize() >= most:
            if sender not in self._told:
                self._told.add(sender)
                _log.warning("witness.dropped", sender=sender, country=self.country)
            return
        self._passed_on[sender] += 1
        self._outgoing.put_nowait((message, sender))

    async def next(self) -> CoordinatorMessage | None:
        """The next message to write; None when the stream is to end in peace.

        Raises:
            Exception: why the stream is to end: a CorridorError, or the bug that broke it.
        """
        message, sender = await self._outgoing.get()
        if sender is not None:
            self._passed_on[sender] -= 1
        if message is None and self._ended is not None:
            raise self._ended
        return message

    def close(self, reason: CorridorError | None = None) -> None:
        """End the stream: after what is in line, or at once where there is a reason."""
        self._close(reason)

    def fail(self, bug: Exception) -> None:
        """End the stream because of an error that is not one of Corridor's."""
        self._close(bug)

    def _close(self, reason: Exception | None) -> None:
        if self._closed:
            return
        self._closed = True
        self._ended = reason
        if reason is not None:
            while not self._outgoing.empty():
                self._outgoing.get_nowait()
        self._outgoing.put_nowait((None, None))


Receive = Callable[[CountryCode, NodeInSession], Awaitable[None]]
"""Takes what a node says in a session; returning slowly slows that node's stream down."""

Lost = Callable[[CountryCode], None]
"""Hears that a country's stream is gone, and with it that node's secrets."""


HearWord = Callable[[WitnessWord], None]
"""Takes what a member says of the ledgers in a roster that it is not in."""


async def _nobody_listens(_country: CountryCode, _message: NodeInSession) -> None:
    """No attempt runs: what is late is dropped."""


class Connections:
    """All live streams, and the attempt that listens to them."""

    def __init__(self) -> None:
        self._live: dict[CountryCode, Connection] = {}
        self._receive: Receive = _nobody_listens
        self._lost: Lost = lambda _country: None
        self._hear_word: HearWord = lambda _word: None

    @property
    def live(self) -> Mapping[CountryCode, Connection]:
        """The live streams, by country."""
        return dict(sorted(self._live.items()))

    def add(self, connection: Connection) -> None:
        """Take a stream in; one that the country had before ends, and drops out of its attempt."""
        before = self._live.get(connection.country)
        if before is not None:
            before.close(StreamReplacedError(connection.country))
            self._lost(connection.country)
        self._live[connection.country] = connection

    def remove(self, connection: Connection) -> bool:
        """Forget a stream that ended; whether it was still its country's live one."""
        if self._live.get(connection.country) is not connection:
            return False
        del self._live[connection.country]
        self._lost(connection.country)
        return True

    def is_live(self, connection: Connection) -> bool:
        """Whether this stream still is its country's one."""
        return self._live.get(connection.country) is connection

    def send(self, country: CountryCode, message: CoordinatorMessage) -> None:
        """Put a message in line for a country; nothing happens where it is not connected."""
        connection = self._live.get(country)
        if connection is not None:
            connection.send(message)

    def pass_on(
        self, sender: CountryCode, country: CountryCode, message: CoordinatorMessage
    ) -> None:
        """Put another member's message in line for a country, where it is connected."""
        connection = self._live.get(country)
        if connection is not None:
            connection.pass_on(sender, message)

    def send_all(self, message: CoordinatorMessage) -> None:
        """Put a message in line for everybody."""
        for country in sorted(self._live):
            self.send(country, message)

    def close_all(self) -> None:
        """End every stream after what is in line: the coordinator stops."""
        for connection in list(self._live.values()):
            connection.close()

    def listen(self, receive: Receive, lost: Lost, hear_word: HearWord) -> None:
        """Give one attempt what nodes say in sessions, lost streams, and witnesses' words."""
        self._receive, self._lost, self._hear_word = receive, lost, hear_word

    def stop_listening(self) -> None:
        """The attempt is over; what nodes still say in its session is dropped."""
        self.listen(_nobody_listens, lambda _country: None, lambda _word: None)

    def hear_word(self, word: WitnessWord) -> None:
        """Hand a witness's word to the attempt that listens."""
        self._hear_word(word)

    async def receive(self, connection: Connection, message: NodeInSession) -> None:
        """Hand a message to the attempt that listens, unless its stream was replaced meanwhile."""
        if self.is_live(connection):
            await self._receive(connection.country, message)
