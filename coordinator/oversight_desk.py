"""What the region's staff look at every morning: members and their health, charters and signatures.

Everything is what the coordinator was told or saw; a node's standing is the node's own word.
"""

from dataclasses import dataclass

from sqlalchemy import select

from corridor.coordinator.attempts import NotInvited
from corridor.coordinator.charter_desk import CharterDesk, ProposedCharter
from corridor.coordinator.presence import Presence, PresenceRecord
from corridor.coordinator.region_desk import RegionDesk, Shown
from corridor.coordinator.store import Store, held_out, successors
from corridor.errors.region import NoCharterError, NoProposedCharterError
from corridor.ids import CountryCode
from corridor.protocols.charter import Charter


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberHealth:
    """How a member stands.

    Attributes:
        shown: as the REST API shows it.
        missing: why no attempt asks it; none where it can be asked.
        software: what its node runs, by its own word.
        edition_since: when its data were first heard of; seconds since 1970.
        proven: the code of what it did, where it is held out; `proven_since` when, `session` in
            which attempt.
        hands_in_keys: whether it wants the next charter to list new keys.
    """

    shown: Shown
    missing: NotInvited | None
    is_listed: bool
    software: str
    edition_since: int | None
    proven: str
    proven_since: int | None
    session: str
    hands_in_keys: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterReview:
    """The charter in force, and the one that waits for signatures.

    Attributes:
        proposed: none where the newest is in force.
        signed, waits_for: of the proposed one.
        in_force_by: who proposed the one in force, as of `ProposedCharter`.
    """

    in_force: Charter | None
    in_force_by: str | None
    proposed: ProposedCharter | None
    signed: tuple[CountryCode, ...]
    waits_for: tuple[CountryCode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OversightDesk:
    """Reads what the other desks keep."""

    store: Store
    region: RegionDesk
    charters: CharterDesk
    presence: PresenceRecord

    def members(self) -> tuple[MemberHealth, ...]:
        """Everybody enrolled, by country."""
        present, charter = self.presence.listing(), self._in_force()
        with self.store.reading() as connection:
            proven = {
                row.country: row
                for row in connection.execute(
                    select(held_out).where(held_out.c.readmitted.is_(None)).order_by("since")
                )
            }
            handing_in = set(connection.scalars(select(successors.c.country)))
        found = []
        for shown in self.region.members():
            country = CountryCode(shown["country"])
            heard, out = present.get(country), proven.get(country)
            found.append(
                MemberHealth(
                    shown=shown,
                    missing=_missing(shown, heard, charter),
                    is_listed=bool(shown["listed"]),
                    software="" if heard is None else heard.software,
                    edition_since=None if heard is None else heard.edition_since,
                    proven="" if out is None else out.code,
                    proven_since=None if out is None else out.since,
                    session="" if out is None else out.session.hex(),
                    hands_in_keys=country in handing_in,
                )
            )
        return tuple(found)

    def review(self) -> CharterReview:
        """What holds, what is proposed, who has signed it and who has not yet."""
        in_force = self._in_force()
        by = None if in_force is None else self.charters.find(in_force.digest).proposed_by
        try:
            newest = self.charters.find()
        except NoProposedCharterError:
            newest = None
        if newest is None or newest.in_force:
            return CharterReview(
                in_force=in_force, in_force_by=by, proposed=None, signed=(), waits_for=()
            )
        missing = newest.signed.missing
        members = [member.country for member in newest.charter.members]
        return CharterReview(
            in_force=in_force,
            in_force_by=by,
            proposed=newest,
            signed=tuple(one for one in members if one not in missing),
            waits_for=tuple(missing),
        )

    def _in_force(self) -> Charter | None:
        try:
            return self.charters.in_force()
        except NoCharterError:
            return None


def _missing(shown: Shown, heard: Presence | None, charter: Charter | None) -> NotInvited | None:
    """Why no attempt asks a member; the first of several reasons."""
    if shown["held_out"]:
        return NotInvited.HELD_OUT
    if heard is None or not shown["connected"]:
        return NotInvited.AWAY
    if charter is None or heard.charter != charter.digest:
        return NotInvited.OTHER_CHARTER
    if heard.edition is None:
        return NotInvited.NO_DATA
    return None if heard.witnessed else NotInvited.NOT_WITNESSED
