"""What the stateful machines have in common: their settings, and what a refusal must look like.

A machine lives through histories of honest and hostile steps and holds its invariants after each
(hypothesis, `RuleBasedStateMachine`). In a plain test run each lives through a few dozen; more, as
long as patience lasts:

    CORRIDOR_MACHINES=2000 python -m pytest -k machine
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from hypothesis import HealthCheck, settings

from corridor.errors import CorridorError

_CODE = re.compile(r"[a-z_]+(\.[a-z_]+)+")


def depth(examples: int, steps: int) -> settings:
    """So many histories of so many steps, or more where the environment says so."""
    return settings(
        max_examples=int(os.environ.get("CORRIDOR_MACHINES", examples)),
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )


@dataclass(slots=True)
class Outcome:
    """How a step ended: the code of its refusal, or none."""

    refusals: list[str] = field(default_factory=list)

    @property
    def code(self) -> str | None:
        return self.refusals[0] if self.refusals else None


@contextmanager
def perhaps_refused() -> Iterator[Outcome]:
    """The block may refuse, with a stable code of the error tree; every other error escapes."""
    outcome = Outcome()
    with suppress(CorridorError):
        try:
            yield outcome
        except CorridorError as error:
            outcome.refusals.append(error.code)
            raise
    assert all(map(_CODE.fullmatch, outcome.refusals)), outcome.refusals
