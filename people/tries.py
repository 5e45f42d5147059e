"""Counts wrong tries: so that nobody guesses, and nobody keeps an owner out by guessing.

A try is counted in every counter that it concerns before it is judged, in one transaction, so that
many at once get no further than one by one; what was right is taken back. Which counters:

    what is tried                 from a browser of the owner's     from any other
    a password, a one-time code   the browser's own                 the name's from that network,
                                                                    and the name's, which bears more
    the second factor             the browser's own                 the name's

1. A browser is its owner's when somebody signed in with it to the end, by that name. It is known
   by 32 random bytes, of which only a hash is kept, and which are new after every sign-in: what
   somebody else put into it before is worth nothing then.
2. From the fifth wrong try on a counter waits, twice as long each time, up to a quarter of an hour;
   a name from everywhere together, from the fiftieth on.
3. Only whoever has the password reaches the counter of the second factor.
4. A name without an account has the same counters, and nothing in the file says which has one.
5. The file does not grow with names that somebody makes up. Where a network has many counters
   already, its tries are counted for the network too, whatever the name, and a name without an
   account gets no counter of its own any more: what makes the network wait is no less than what the
   name's would. Of all counters together so many are kept; then those of names without an account
   go that make wait least, and of an account's none goes before its day is over.
"""

import hashlib
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from corridor.errors.people import WaitError
from corridor.people.store import PeopleStore

FREE_TRIES = 5
FREE_TRIES_OF_ALL = 50
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 30, 15 * 60
FORGOTTEN_SECONDS = 24 * 60 * 60
MOST_OF_NETWORK = 100
"""So many counters a network begins within a day; an office mistypes fewer names."""

MOST_COUNTERS = 50_000
"""Some ten megabytes. Of them a tenth goes at a time."""

NETWORK_BITS = 64
"""Of an address of IPv6: who has one has all that begin alike."""


class Tried(StrEnum):
    """What was tried."""

    PASSWORD = "password"  # noqa: S105  # a word
    INVITATION = "invitation"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Whence:
    """Where a request comes from.

    Attributes:
        network: the address, or of IPv6 the network; empty where that is not known.
        browser: what it was given when somebody signed in with it; empty where it holds nothing.
    """

    network: str = ""
    browser: str = field(default="", repr=False)


NOWHERE = Whence()


@dataclass(frozen=True, slots=True)
class Counter:
    """One of the counters that a try concerns, and what it said before."""

    key: str
    free: int
    failures: int
    last: int


Try = tuple[Counter, ...]
"""A try that was counted."""


def network_of(address: str | None) -> str:
    """The network of an address, as tries are counted."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, NETWORK_BITS), strict=False))
    return str(found)


@dataclass(frozen=True, slots=True)
class Tries:
    """The counters of one file of accounts.

    Attributes:
        now: seconds since 1970.
    """

    store: PeopleStore
    now: Callable[[], int]

    def begin(
        self,
        name_key: str,
        tried: Tried,
        whence: Whence,
        *,
        is_owners: bool,
        has_account: bool = True,
    ) -> Try:
        """Count a try as one in vain before it is judged: of many at once none is free.

        Args:
            name_key: what was typed.
            tried: what was tried.
            whence: where from.
            is_owners: whether the browser is the owner's.
            has_account: whether there is one of that name.

        Raises:
            WaitError: one of its counters has to wait. Nothing was counted.
        """
        now = self.now()
        with self.store.writing():
            found = tuple(
                Counter(key, free, *self.store.tries(key))
                for key, free in _keys(name_key, tried, whence, is_owners=is_owners)
            )
            counters = found
            if not is_owners and tried is not Tried.CODE and self._has_many(whence):
                key = f"others {_hash(whence.network)}"
                of_network = Counter(key, FREE_TRIES, *self.store.tries(key))
                own = tuple(one for one in found if has_account or one.failures)
                counters = (*own, of_network)
            left = max(_left(one, now) for one in counters)
            if left > 0:
                raise WaitError(left)
            for one in counters:
                self.store.tried_in_vain(one.key, now, now - FORGOTTEN_SECONDS)
            if self.store.counters() > MOST_COUNTERS:
                names = [_name_hash(one.name_key) for one in self.store.people()]
                self.store.forget_least_tries(names, MOST_COUNTERS // 10)
        return counters

    def _has_many(self, whence: Whence) -> bool:
        """Whether so many counters are of this network that it gets no more of its own."""
        return self.store.counters_of(_network_part(whence)) >= MOST_OF_NETWORK

    def take_back(self, counted: Try) -> None:
        """It was right, or nobody looked at it: as before it."""
        with self.store.writing():
            for one in counted:
                self.store.take_try_back(one.key, one.failures, one.last)

    def came_in(self, name_key: str, whence: Whence, *, is_owners: bool) -> None:
        """Somebody signed in to the end: what went wrong there is forgotten, inside `writing`.

        What bears more counts what others tried from elsewhere, and goes on.
        """
        for tried in Tried:
            for key, free in _keys(name_key, tried, whence, is_owners=is_owners):
                if free == FREE_TRIES:
                    self.store.forget_tries(key)

    def forget(self, name_key: str) -> None:
        """Forget every try of a name, inside `writing`: an administrator says so."""
        self.store.forget_tries_of(_name_hash(name_key))


def _keys(
    name_key: str, tried: Tried, whence: Whence, *, is_owners: bool
) -> tuple[tuple[str, int], ...]:
    """The names of the counters, and how many tries each of them bears."""
    name = _name_hash(name_key)
    if is_owners:
        return ((f"{name} {tried} browser {_hash(whence.browser)}", FREE_TRIES),)
    if tried is Tried.CODE:
        return ((f"{name} {tried} anywhere", FREE_TRIES),)
    return (
        (f"{name} {tried} {_network_part(whence)}", FREE_TRIES),
        (f"{name} {tried} anywhere", FREE_TRIES_OF_ALL),
    )


def _network_part(whence: Whence) -> str:
    """How the name of a network's counter ends (`PeopleStore.counters_of`)."""
    return f"network {_hash(whence.network)}"


def _left(counter: Counter, now: int) -> int:
    """So many seconds it still waits."""
    if counter.failures < counter.free:
        return 0
    doubled = FIRST_WAIT_SECONDS << min(counter.failures - counter.free, 10)
    return counter.last + min(doubled, LONGEST_WAIT_SECONDS) - now


def _name_hash(name_key: str) -> str:
    return _hash(f"name {name_key}")


def _hash(text: str) -> str:
    return hashlib.sha256(b"corridor try " + text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
