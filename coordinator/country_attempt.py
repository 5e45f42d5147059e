"""An attempt of scope per-country, seen from the coordinator: each willing node's own figure.

    propose → (members witness the ledgers) → figure → the figures

What it shares with a sum (streams, deadlines, words taken one at a time) is `attempt.Attempt`'s;
what the words are worth, `protocols.figures` says. A node that is refused, falls silent or dies
takes nobody's figure with it: what came by the deadline is published, country by country.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from corridor.coordinator.attempt import Attempt
from corridor.errors.files import DiskError
from corridor.ids import CountryCode
from corridor.protocols.figures import (
    CollectingFigures,
    Figure,
    FigureRequest,
    from_bytes,
    settle,
)
from corridor.protocols.secure_sum.coordinator import CollectingAcceptances
from corridor.protocols.secure_sum.messages import AttemptParameters, Roster, WitnessWord
from corridor.protocols.secure_sum.roster import SettledRoster
from corridor.protocols.witnesses import WitnessRequest
from corridor.transport.messages import Round


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What an attempt of scope per-country gives.

    Attributes:
        settled: who accepted, with the numbers of each figure.
        words: each country's word for its figure, sorted by country.
        vectors: each figure, still scaled by 2ᵏ.
        refused: who was asked and gave none, with the code of why; empty where it kept silent.
    """

    settled: SettledRoster
    words: Mapping[CountryCode, Figure]
    vectors: Mapping[CountryCode, npt.NDArray[np.int64]]
    refused: Mapping[CountryCode, str]


class CountryAttempt(Attempt):
    """Drives one attempt of scope per-country. `run_figures` once, then `finish`."""

    async def run_figures(
        self,
        parameters: AttemptParameters,
        reusable: Callable[[Roster], Awaitable[str | None]],
    ) -> Figures | str:
        """Go through both rounds.

        Args:
            parameters: the numbers of one country's figure.
            reusable: as of `Attempt.run`.

        Raises:
            CorridorError: the attempt is over; `round` and `missing` say where and for whom.
        """
        at = self._at

        def begin(state: CollectingAcceptances) -> CollectingFigures:
            roster = Roster(tuple(state.heard[country] for country in sorted(state.heard)))
            return CollectingFigures(settle(state.header, roster, parameters), at.members)

        figures = await self._propose(begin)
        settled = figures.settled
        if (release := await reusable(settled.roster)) is not None:
            return release
        await self._enter(Round.FIGURE, figures)
        await self._gather_witnesses(settled)
        for country in settled.countries:
            request = FigureRequest(settled.roster, self._witnesses_of(country))
            self._send(country, request)
        words = await self._closing(
            at.deadlines.masked_input, CollectingFigures, lambda state: state.close()
        )
        vectors = {country: await asyncio.to_thread(self._read, country) for country in words}
        refused = {
            country: parting.code or ""
            for country, parting in sorted(self.ending.partings.items())
            if country not in words
        }
        return Figures(settled=settled, words=words, vectors=vectors, refused=refused)

    async def _gather_witnesses(self, settled: SettledRoster) -> None:
        """Ask every connected member what it holds of the ledgers in the roster.

        Until each ledger is held by as many as the charter wants, all have answered, or the time
        is over. Who has too few witnesses then says so itself.
        """
        self._asked = frozenset(self._at.members) & frozenset(self._at.connections.live)
        statements = tuple(one.statement for one in settled.roster.acceptances)
        for country in sorted(self._asked):
            self._at.connections.send(country, WitnessRequest(settled.hash, statements))
        with suppress(TimeoutError):
            async with asyncio.timeout(self._at.deadlines.opened):
                while not self._are_witnessed(settled):
                    self._changed.clear()
                    await self._changed.wait()

    def _are_witnessed(self, settled: SettledRoster) -> bool:
        present = self._asked & frozenset(self._at.connections.live)
        return present <= self._words.keys() or all(
            len(self._witnesses_of(country)) >= self._at.quorum for country in settled.countries
        )

    def _witnesses_of(self, country: CountryCode) -> tuple[WitnessWord, ...]:
        """As many words of members that hold this one's ledger as it needs, by witness."""
        state = self._state
        if not isinstance(state, CollectingFigures):
            raise TypeError(f"{self.round} is in state {type(state).__name__}")
        head = state.settled.acceptances[country].statement.head
        found = [
            word
            for witness, word in sorted(self._words.items())
            if witness != country and word.kept.get(country) == head
        ]
        return tuple(found[: self._at.quorum])

    def _read(self, country: CountryCode) -> npt.NDArray[np.int64]:
        path = self._spools[country].path
        try:
            return from_bytes(path.read_bytes())
        except OSError as error:
            raise DiskError(path.name, error.strerror or "cannot be read") from error
