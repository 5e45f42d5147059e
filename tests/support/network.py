"""A network in one thread: one seed, and a clock that is a number."""

import heapq
from collections.abc import Callable
from random import Random
from typing import Generic, TypeVar

Message = TypeVar("Message")


class SimulatedNetwork(Generic[Message]):
    """Delivers, delays, repeats and loses messages as `seed` decides.

    Time is a number that only moves when `run` moves it. Equal seeds give equal histories.
    """

    def __init__(self, seed: int, *, loss: float = 0.1, repeat: float = 0.1) -> None:
        self._chance = Random(seed)
        self._loss, self._repeat = loss, repeat
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._sent = 0
        self.now = 0.0

    def send(self, deliver: Callable[[Message], None], message: Message) -> None:
        """Put `message` under way, perhaps twice, perhaps never."""
        copies = 0 if self._chance.random() < self._loss else 1
        copies += self._chance.random() < self._repeat
        for _ in range(copies):
            self.after(self._chance.expovariate(1.0), lambda: deliver(message))

    def after(self, delay: float, happen: Callable[[], None]) -> None:
        """A timer or an accident: it happens once, and on time."""
        self._sent += 1
        heapq.heappush(self._queue, (self.now + delay, self._sent, happen))

    def run(self) -> None:
        """Let things happen until nothing is under way."""
        while self._queue:
            self.now, _, happen = heapq.heappop(self._queue)
            happen()
