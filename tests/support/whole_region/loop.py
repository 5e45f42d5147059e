"""An event loop whose clock is a number: waiting takes no time, and equal seeds give equal orders.

Worker threads are simulated too: what is handed to an executor runs a moment later, in the loop.
An executor with a name of its own is one thread, whose work is done in order; the default one is
many threads, whose work overtakes.
"""

import asyncio
import selectors
from collections.abc import Callable
from random import Random
from typing import Any

WORK_SECONDS = 0.002
"""How long work in a thread takes, on average."""


class NothingWillHappenError(AssertionError):
    """Everybody waits, and nothing is under way: a deadlock."""


class _Instant(selectors.SelectSelector):
    """Never waits: the time of waiting passes at once."""

    def __init__(self, passes: Callable[[float | None], None]) -> None:
        super().__init__()
        self._passes = passes

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._passes(timeout)
        return []


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Runs coroutines; `time()` is seconds since the beginning of the history."""

    def __init__(self, seed: str) -> None:
        self._seconds = 0.0
        self._chance = Random(f"threads of {seed}")
        self._free_at: dict[object, float] = {}
        super().__init__(_Instant(self._pass))
        self.surprises: list[dict[str, Any]] = []
        self.set_exception_handler(lambda _, context: self.surprises.append(context))

    def turn(self, seed: str) -> None:
        """From now on, threads are as slow as this seed says."""
        self._chance.seed(f"threads of {seed}")

    def time(self) -> float:
        """Seconds since the beginning."""
        return self._seconds

    def run_in_executor(  # type: ignore[override]
        self, executor: object, func: Callable[..., Any], *args: Any
    ) -> "asyncio.Future[Any]":
        """Run `func` a moment later; a cancelled caller does not keep it from running."""
        future: asyncio.Future[Any] = self.create_future()
        begins = self._seconds if executor is None else self._free_at.get(executor, 0.0)
        ends = max(begins, self._seconds) + self._chance.expovariate(1 / WORK_SECONDS)
        if executor is not None:
            self._free_at[executor] = ends
        self.call_at(ends, _work, future, func, args)
        return future

    def _write_to_self(self) -> None:
        """There is no other thread to be woken by."""

    def _pass(self, timeout: float | None) -> None:
        if timeout is None:
            raise NothingWillHappenError
        self._seconds += max(timeout, 0.0)


def _work(future: "asyncio.Future[Any]", func: Callable[..., Any], args: tuple[Any, ...]) -> None:
    try:
        result = func(*args)
    except BaseException as error:  # noqa: BLE001 - a thread hands on whatever ends it
        if not future.cancelled():
            future.set_exception(error)
    else:
        if not future.cancelled():
            future.set_result(result)
