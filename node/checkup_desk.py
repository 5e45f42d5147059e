"""Runs the console's check-ups, one at a time, while its pages go on."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from corridor.errors import CorridorError
from corridor.node.checkups import Looked


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckupState:
    """What is known of everything that a check-up looks at.

    Attributes:
        looks: what was found last of each thing, in the order of a check-up; None: never.
        now: what is being looked at; empty where no check-up runs.
        done, of: how far the one that runs is.
        refusal: why the last one could not be run to its end.
    """

    looks: Sequence[tuple[str, Looked | None]]
    now: str = ""
    done: int = 0
    of: int = 0
    refusal: CorridorError | None = None

    @property
    def is_running(self) -> bool:
        """Whether one runs."""
        return bool(self.now)


class CheckupDesk:
    """The check-ups of one console."""

    def __init__(
        self,
        order: Sequence[str],
        run: Callable[[], Iterator[Looked]],
        known: Callable[[], Mapping[str, Looked]],
        *,
        besides: Sequence[str] = (),
    ) -> None:
        """`run` looks at the things of `order`, one by one; of `besides` only `known` tells."""
        self._order, self._besides = order, besides
        self._run, self._known = run, known
        self._turn = threading.Lock()
        self._thread: threading.Thread | None = None
        self._done = 0
        self._refusal: CorridorError | None = None

    def state(self) -> CheckupState:
        """How far it is, and what was found last."""
        with self._turn:
            runs, done, refusal = self._thread is not None, self._done, self._refusal
        known = self._known()
        count = len(self._order)
        names = (*self._order, *(one for one in self._besides if one in known))
        return CheckupState(
            looks=tuple((what, known.get(what)) for what in names),
            now=self._order[min(done, count - 1)] if runs else "",
            done=done if runs else 0,
            of=count,
            refusal=refusal,
        )

    def begin(self) -> None:
        """Begin one; nothing where one runs already."""
        with self._turn:
            if self._thread is not None:
                return
            self._done, self._refusal = 0, None
            self._thread = threading.Thread(target=self._look, daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Until none runs."""
        with self._turn:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _look(self) -> None:
        refusal = None
        try:
            for _ in self._run():
                with self._turn:
                    self._done += 1
        except CorridorError as error:
            refusal = error
        finally:  # also after a bug, which the thread's end tells in the log
            with self._turn:
                self._thread, self._refusal = None, refusal
