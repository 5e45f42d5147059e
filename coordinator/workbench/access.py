"""Who asks, when somebody who is signed in asks: the desks know holders, whatever let them in."""

from corridor.coordinator.account_tokens import holder_of
from corridor.coordinator.tokens import TokenHolder
from corridor.pages.access import current_session


def current_asker() -> TokenHolder:
    """The account of this request, as the desks know who asks.

    Raises:
        NotSignedInError: nobody is.
    """
    return holder_of(current_session().person)
