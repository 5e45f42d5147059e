"""Whose a name is: an account's, or a token's that was issued on the machine. Two files know.

Who asks is told by a name (of a question, of what a minute allows), so nobody gets a name that the
other kind has or had: accounts stay for ever, and so do the names of tokens that were revoked.
"""

from corridor.coordinator.home import Home
from corridor.coordinator.store import Store
from corridor.coordinator.tokens import TokenDesk
from corridor.people import PeopleStore
from corridor.people.desk import name_key


def is_account(home: Home, name: str) -> bool:
    """Whether an account has the name, in whatever capitals.

    Raises:
        PeopleUnavailableError, PeopleDamagedError: the accounts cannot be read.
    """
    if not home.people.exists():
        return False
    with PeopleStore(home.people) as people:
        return people.by_key(name_key(name)) is not None


def is_of_token(home: Home, name: str) -> bool:
    """Whether a token that was issued on the machine has the name or had it, in whatever capitals.

    Raises:
        StoreUnavailableError, StoreFromElsewhereError: the tokens cannot be read.
    """
    store = Store(home.store)
    try:
        tokens = TokenDesk(store, now=lambda: 0, random_bytes=bytes)
        return tokens.has_used(name)
    finally:
        store.close()
