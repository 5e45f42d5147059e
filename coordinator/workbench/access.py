"""Who asks or looks, when somebody who is signed in does: the desks know holders and readers."""

from corridor.coordinator.account_tokens import holder_of
from corridor.coordinator.seeing import Reader
from corridor.coordinator.tokens import TokenHolder
from corridor.pages.access import current_session
from corridor.people import Role

STAFF = (Role.COORDINATOR, Role.ADMINISTRATOR)
"""Who runs the region."""


def current_asker() -> TokenHolder:
    """The account of this request, as the desks know who asks.

    Raises:
        NotSignedInError: nobody is.
    """
    return holder_of(current_session().person)


def current_reader() -> Reader:
    """What the account of this request sees of others' questions.

    Raises:
        NotSignedInError: nobody is.
    """
    roles = current_session().person.roles
    return Reader(
        current_asker(),
        sees_askers=Role.COORDINATOR in roles,
        sees_codes=bool(set(STAFF) & set(roles)),
    )
