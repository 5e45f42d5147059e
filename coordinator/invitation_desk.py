"""Invites countries: what `corridor coordinator invite` and the workbench share.

The enrolment desk makes the code; here it becomes the file that travels, with the fingerprints and
addresses of this coordinator.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

import structlog

from corridor.coordinator.enrolment_desk import EnrolmentDesk, OpenInvitation
from corridor.errors.charter import NoSuchCountryError
from corridor.ids import CountryCode
from corridor.transport.invitations import Invitation

LONGEST_DAYS = 365

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationDesk:
    """Makes, lists and withdraws invitations.

    Attributes:
        countries: which a charter could list.
        authority, coordinator_key: fingerprints, as invitations carry them.
        web, grpc: where a node enrols, and what it dials.
    """

    enrolment: EnrolmentDesk
    countries: Collection[str]
    authority: str
    coordinator_key: str
    web: str
    grpc: str

    def invite(self, country: CountryCode, days: int) -> Invitation:
        """A new invitation, valid once; an unused one of the same country is withdrawn.

        Raises:
            NoSuchCountryError: no charter could list this country. Nothing was issued.
        """
        if country not in self.countries:
            raise NoSuchCountryError(country)
        code, expires = self.enrolment.invite(country, timedelta(days=days))
        _log.info("invitation.made", country=country)
        return Invitation(
            country=country,
            code=code,
            authority=self.authority,
            coordinator_key=self.coordinator_key,
            web=self.web,
            grpc=self.grpc,
            expires=expires,
        )

    def listing(self) -> tuple[OpenInvitation, ...]:
        """Those that were not used, by country."""
        return self.enrolment.open_invitations()

    def withdraw(self, country: CountryCode) -> None:
        """Make it worthless.

        Raises:
            UnknownInvitationError: there is none of this country. Nothing was changed.
        """
        self.enrolment.withdraw(country)
        _log.info("invitation.withdrawn", country=country)
