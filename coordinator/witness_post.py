"""Carries what the members say of each other's ledgers; it decides nothing.

    WitnessAsk      to everybody else; kept while the asker is connected, for who comes later
    WitnessAnswer   to the member that asked
    LedgerEntries   to the member that they are for, or to everybody else
    WitnessWord     to the attempt whose roster it is about
    ContradictionTold   to the member that it is for, or to everybody else

Of one member only so much waits for another (`connections`); what is beyond it is dropped.
The members believe none of it for coming from here: each message that counts is signed by its
member. Belongs to the event loop's thread.
"""

from collections.abc import Mapping

from corridor.coordinator.connections import Connection, Connections
from corridor.errors.region import AnotherCountryError
from corridor.ids import CountryCode
from corridor.protocols.contradictions import ContradictionTold
from corridor.protocols.secure_sum.messages import WitnessWord
from corridor.protocols.witnesses import LedgerEntries, WitnessAnswer, WitnessAsk
from corridor.transport.messages import CoordinatorMessage


class WitnessPost:
    """The post between witnesses."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._asked: dict[Connection, WitnessAsk] = {}

    def pass_on(
        self,
        connection: Connection,
        message: WitnessAsk | WitnessAnswer | LedgerEntries | WitnessWord | ContradictionTold,
    ) -> None:
        """Carry what the node on `connection` says.

        Raises:
            AnotherCountryError: it speaks in another's name.
        """
        match message:
            case WitnessAsk():
                self._demand(connection, message.country, "WitnessAsk")
                self._ask(connection, message)
            case WitnessAnswer():
                self._demand(connection, message.witness, "WitnessAnswer")
                self._connections.pass_on(connection.country, message.country, message)
            case LedgerEntries() | ContradictionTold():
                self._demand(connection, message.country, type(message).__name__)
                if message.to is None:
                    self._send_others(connection.country, message)
                else:
                    self._connections.pass_on(connection.country, message.to, message)
            case WitnessWord():
                self._demand(connection, message.witness, "WitnessWord")
                self._connections.hear_word(message)

    def _ask(self, connection: Connection, ask: WitnessAsk) -> None:
        self._send_others(connection.country, ask)
        # Who asked before this node came has not heard from it yet.
        live: Mapping[CountryCode, Connection] = self._connections.live
        self._asked = {
            one: said for one, said in self._asked.items() if live.get(one.country) is one
        }
        if connection not in self._asked:
            for earlier in self._asked.values():
                self._connections.pass_on(earlier.country, connection.country, earlier)
        self._asked[connection] = ask

    def _send_others(self, country: CountryCode, message: CoordinatorMessage) -> None:
        for other in self._connections.live:
            if other != country:
                self._connections.pass_on(country, other, message)

    @staticmethod
    def _demand(connection: Connection, claimed: CountryCode, what: str) -> None:
        if claimed != connection.country:
            raise AnotherCountryError(connection.country, claimed, what)
