"""Brings every checkpoint of the release tree to the members, and takes their cosignatures.

    release ─▶ offer_all ─▶ every node          what it needs to see, from what it cosigned last
    node ─▶ TreeStanding ─▶ offer               it says itself from where, and what it misses
    node ─▶ Cosigned ─▶ kept; once enough or all have cosigned, everybody hears who did

A node that is not connected is not waited for: it asks when it comes back, and the receipts of
the releases grow their cosignatures. What a node refuses is logged; the node keeps the evidence.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from corridor.coordinator.charter_desk import CharterDesk
from corridor.coordinator.connections import Connections
from corridor.coordinator.release_log import ReleaseLog
from corridor.errors import CorridorError
from corridor.errors.region import NoCharterError
from corridor.ids import CountryCode
from corridor.protocols.charter import Charter
from corridor.protocols.release_tree import log_of
from corridor.transport.messages import CheckpointToCosign, Cosigned, TreeStanding

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class CosigningDesk:
    """Offers checkpoints and keeps cosignatures.

    Attributes:
        now: seconds since 1970 UTC.
    """

    log: ReleaseLog
    charters: CharterDesk
    connections: Connections
    now: Callable[[], int]

    async def offer_all(self) -> None:
        """Show the latest checkpoint to every member that is connected.

        Never raises a CorridorError: a release stands, whoever could be told of it.
        """
        members = sorted(self.connections.live)
        try:
            offers = await asyncio.to_thread(self._offers, members)
        except CorridorError as error:
            _log.error("cosigning.stuck", code=error.code)
            return
        for country, offer in offers.items():
            self.connections.send(country, offer)

    async def on_tree_standing(self, country: CountryCode, said: TreeStanding) -> None:
        """Answer a node that says up to where it knows the tree; note one that refuses."""
        if said.code:
            _log.warning("cosigning.refused", country=country, code=said.code, size=said.size)
            return
        offer = await asyncio.to_thread(self._offer, country, said)
        if offer is not None:
            self.connections.send(country, offer)

    async def on_cosigned(self, country: CountryCode, word: Cosigned) -> None:
        """Keep a cosignature, and pass the news on when it completes the picture.

        Raises:
            NoCharterError, NoSuchTreeError, ForgedCosignatureError: nothing was kept.
        """
        live = frozenset(self.connections.live)
        if await asyncio.to_thread(self._keep, country, word, live):
            await self.offer_all()

    def _offers(self, members: list[CountryCode]) -> dict[CountryCode, CheckpointToCosign]:
        charter = self._charter()
        if charter is None:
            return {}
        known = self.log.cosigned_sizes()
        offers = {
            country: self.log.offer(country, known.get(country, 0), charter)
            for country in members
            if country in charter.signing_keys
        }
        return {country: offer for country, offer in offers.items() if offer is not None}

    def _offer(self, country: CountryCode, said: TreeStanding) -> CheckpointToCosign | None:
        charter = self._charter()
        if charter is None or country not in charter.signing_keys:
            return None
        return self.log.offer(country, said.size, charter, said.sessions)

    def _keep(self, country: CountryCode, word: Cosigned, live: frozenset[CountryCode]) -> bool:
        """Whether everybody should hear of it: enough have cosigned now, or all that are here."""
        charter = self.charters.in_force()
        if not self.log.keep(country, word, charter, self.now()) or word.size != self.log.size():
            return False
        cosigned = self.log.cosigned_by(word.size) & frozenset(charter.signing_keys)
        return len(cosigned) == log_of(charter).needed or live <= cosigned

    def _charter(self) -> Charter | None:
        try:
            return self.charters.in_force()
        except NoCharterError:
            return None
