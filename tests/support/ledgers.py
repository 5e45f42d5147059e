"""Ledgers for tests, and a process that spends until it is killed.

`python -m support.ledgers PATH FIRST` reserves and debits one session after the other, from that
number on, and prints each when `debit` has returned: what is printed may have left the node.
"""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import count
from pathlib import Path

from corridor.ids import CountryCode, Digest, PublicKey, SessionId
from corridor.node.ledger import Allowance, Ledger
from corridor.node.shares import Share
from support.charters import node_keys
from support.signing import KeyPair, verify

MD = CountryCode("MD")
QUESTION = Digest(b"\1" * 32)
CHARTER = Digest(b"\2" * 32)
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
TENTH = Fraction(1, 10)


class TestClock:
    """Stands still until it is told otherwise; it never goes back."""

    __test__ = False

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        assert by > timedelta(0)
        self.now += by


def session_of(number: int) -> SessionId:
    """The session of that number."""
    return SessionId(number.to_bytes(16, "big"))


def open_ledger(
    path: Path,
    clock: Callable[[], datetime],
    *,
    country: CountryCode = MD,
    per_year: Fraction = Fraction(1),
    all_time: Fraction = Fraction(1),
    failed_attempts_per_day: int = 10**6,
    lost_per_day: Fraction = Fraction(10**6),
    shares: tuple[Share, ...] = (),
    keys: KeyPair | None = None,
    former: tuple[PublicKey, ...] = (),
) -> Ledger:
    """The ledger of a country's node in `path`; `keys` where they are not the first it had."""
    keys = keys or node_keys(country)
    return Ledger(
        path,
        country,
        sign=keys.sign,
        key=keys.public,
        verify=verify,
        clock=clock,
        random_bytes=os.urandom,
        allowance=Allowance(per_year, all_time, lost_per_day, shares),
        failed_attempts_per_day=failed_attempts_per_day,
        former=former,
    )


def deadline(clock: Callable[[], datetime], seconds: int = 600) -> int:
    """A deadline so many seconds from now."""
    return int(clock().timestamp()) + seconds


def spend_until_killed(path: Path, first: int) -> None:
    """Reserve and debit for ever."""
    clock = TestClock()
    ledger = open_ledger(path, clock, per_year=Fraction(10**6), all_time=Fraction(10**6))
    for number in count(first):
        session = session_of(number)
        ledger.reserve(session, TENTH, question=QUESTION, charter=CHARTER, deadline=deadline(clock))
        ledger.debit(session, TENTH)
        sys.stdout.write(f"{session.hex()}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    spend_until_killed(Path(sys.argv[1]), int(sys.argv[2]))
