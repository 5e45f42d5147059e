"""What a member of an authority's staff may do at its node."""

from collections.abc import Iterable
from enum import StrEnum

from corridor.errors.people import BadRolesError


class Role(StrEnum):
    """One duty. A person may have several, as far as they go together."""

    OFFICER = "officer"
    """Imports case files and sees what is wrong with them."""

    APPROVER = "approver"
    """Decides on questions that wait for a person."""

    AUDITOR = "auditor"
    """Reads what this node was asked, decided and let out; changes nothing."""

    ADMINISTRATOR = "administrator"
    """Gives accounts, writes the policy, accepts charters."""


def parse_roles(words: Iterable[str]) -> frozenset[Role]:
    """The roles named.

    Raises:
        BadRolesError: none, an unknown one, or some that one person cannot hold together: an
            auditor looks at what the others did, and whoever gives accounts does not approve.
    """
    try:
        found = frozenset(map(Role, words))
    except ValueError as error:
        raise BadRolesError from error
    alone = Role.AUDITOR in found and len(found) > 1
    both = {Role.ADMINISTRATOR, Role.APPROVER} <= found
    if not found or alone or both:
        raise BadRolesError
    return found
