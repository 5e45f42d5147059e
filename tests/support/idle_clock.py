"""An event loop whose time passes only while everybody waits: a busy machine misses no deadline.

Whenever nothing can run, the clock jumps to the next timer. What would go to a thread runs at once,
so there is nobody whom the loop could be waiting for unseen.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """As `asyncio.run`, in such a loop."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(work)


class _Selector(selectors.DefaultSelector):
    """Never waits: it reports for how long it would have."""

    waited = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select(None)
        self.waited += max(timeout, 0.0)
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._idle = _Selector()
        super().__init__(self._idle)

    def time(self) -> float:
        return self._idle.waited

    def run_in_executor(  # type: ignore[override]  # inline, whatever the executor
        self,
        executor: object,  # noqa: ARG002
        func: Callable[..., Any],
        *args: Any,
    ) -> "asyncio.Future[Any]":
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  # a thread would hand it over as well
            done.set_exception(error)
        return done


def pass_time(seconds: float) -> None:
    """Let work that holds up the loop take so long."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, _Loop)
    loop._idle.waited += seconds
