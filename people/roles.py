"""What somebody may do: an authority's staff at its node, analysts and others at a coordinator."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from corridor.errors.people import BadOrganisationError, BadRolesError

LONGEST_ORGANISATION = 200
"""Nodes refuse a proposal that names a longer one."""


class Role(StrEnum):
    """One duty. A person may have several, as far as they go together."""

    OFFICER = "officer"
    """Imports case files and sees what is wrong with them."""

    APPROVER = "approver"
    """Decides on questions that wait for a person."""

    AUDITOR = "auditor"
    """Reads what this node was asked, decided and let out; changes nothing."""

    ANALYST = "analyst"
    """Asks the region, and reads what it answered."""

    COORDINATOR = "coordinator"
    """Compares routes, admits countries, publishes releases."""

    ADMINISTRATOR = "administrator"
    """Gives accounts; at a node, writes the policy and accepts charters."""


@dataclass(frozen=True, slots=True)
class Staff:
    """The roles that there are at one place.

    Attributes:
        roles: in the order in which they are shown.
        apart: sets of roles of which one person holds one at the most.
        rule: the same in words, for whoever gives roles.
        has_organisations: whether people act in the name of organisations.
    """

    roles: tuple[Role, ...]
    apart: tuple[frozenset[Role], ...]
    rule: str
    has_organisations: bool = False

    def parse_organisation(self, text: str) -> str:
        """The name of an organisation, or "" where there is none.

        Raises:
            BadOrganisationError: it cannot be shown, is too long, or there are none here.
        """
        name = " ".join(text.split())
        if len(name) > LONGEST_ORGANISATION or not name.isprintable():
            raise BadOrganisationError(LONGEST_ORGANISATION)
        if name and not self.has_organisations:
            raise BadOrganisationError(0)
        return name

    def parse(self, words: Iterable[str]) -> frozenset[Role]:
        """The roles named.

        Raises:
            BadRolesError: none, an unknown one, or some that one person cannot hold together.
        """
        try:
            found = frozenset(map(Role, words))
        except ValueError as error:
            raise BadRolesError(self.rule) from error
        if not found or not found <= set(self.roles):
            raise BadRolesError(self.rule)
        if not self.go_together(found):
            raise BadRolesError(self.rule)
        return found

    def go_together(self, roles: frozenset[Role]) -> bool:
        """Whether one person can hold these roles together."""
        return not any(len(roles & apart) > 1 for apart in self.apart)


_R = Role

AUTHORITY = Staff(
    (_R.OFFICER, _R.APPROVER, _R.AUDITOR, _R.ADMINISTRATOR),
    (
        frozenset({_R.ADMINISTRATOR, _R.APPROVER}),
        frozenset({_R.AUDITOR, _R.OFFICER}),
        frozenset({_R.AUDITOR, _R.APPROVER}),
        frozenset({_R.AUDITOR, _R.ADMINISTRATOR}),
    ),
    "an auditor has no other role, and an administrator is no approver: whoever gives accounts "
    "must not approve what leaves",
)
"""At a node: an auditor looks at what the others did."""

REGION = Staff(
    (_R.ANALYST, _R.COORDINATOR, _R.ADMINISTRATOR),
    (frozenset({_R.ADMINISTRATOR, _R.COORDINATOR}),),
    "at a coordinator there are analyst, coordinator and administrator, and an administrator is no "
    "coordinator: whoever gives accounts must not be two of those who publish",
    has_organisations=True,
)
"""At a coordinator: two coordinators read what is published, and none of them makes the other."""
