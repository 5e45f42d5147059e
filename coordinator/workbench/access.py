"""Who asks, when somebody who is signed in asks: the desks know holders, whatever let them in."""

from corridor.coordinator.scopes import USUAL, TokenScope
from corridor.coordinator.tokens import TokenHolder
from corridor.pages.access import current_session
from corridor.people import Role

ASKERS = frozenset({Role.ANALYST, Role.COORDINATOR})


def current_asker() -> TokenHolder:
    """The account of this request, as the desks know who asks.

    Raises:
        NotSignedInError: nobody is.
    """
    person = current_session().person
    scopes = USUAL if person.roles & ASKERS else frozenset({TokenScope.READ})
    return TokenHolder(person.name, "", scopes)
