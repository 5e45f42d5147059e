"""The order in which workers take files of tests: regions of processes between all others.

A region mostly waits: for its rounds, a browser, a process that starts. A file that computes fills
a core. So those that wait are spread evenly among the others, and the last of them begins well
before the end: what is left over then are short files, and no core waits for a long one.

    pytest -n 3 --dist loadfile --no-loadscope-reorder

(`loadfile` itself would begin with the files that have the most tests, and end with the longest.)
"""

from collections.abc import Sequence

import pytest

LAST = 0.8
"""So far through the other files, the last region begins."""


def in_order(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The same tests, those of a file together and as they were."""
    waiting: dict[str, list[pytest.Item]] = {}
    others: dict[str, list[pytest.Item]] = {}
    for item in items:
        name = item.nodeid.partition("::")[0]
        kind = waiting if name.startswith("tests/end_to_end/") else others
        kind.setdefault(name, []).append(item)
    step = LAST * len(others) / max(1, len(waiting))
    placed = [
        *((number * step, tests) for number, tests in enumerate(waiting.values())),
        *((number + 0.5, tests) for number, tests in enumerate(others.values())),
    ]
    placed.sort(key=lambda one: one[0])
    return [item for _, tests in placed for item in tests]
