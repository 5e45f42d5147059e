"""Shows the region: its charter, its members and how they stand, the indicators.

Everything shown is public among analysts: who takes part, under which rules, and how much ρ each
authority has left. It is the nodes' and the coordinator's word; what counts is in the receipts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from corridor.coordinator.charter_desk import CharterDesk
from corridor.coordinator.moments import iso
from corridor.coordinator.presence import Presence, PresenceRecord
from corridor.coordinator.release_log import ReleaseLog
from corridor.coordinator.store import Store, members
from corridor.coordinator.witness import WitnessRecord
from corridor.errors.region import NoCharterError
from corridor.ids import CountryCode
from corridor.protocols.cards import fingerprint, fingerprint_text, parse_card
from corridor.protocols.charter import Charter
from corridor.queries.catalogue import Catalogue

Shown = dict[str, Any]
"""An object of the REST API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionDesk:
    """Answers what a region is and who is in it.

    Attributes:
        held_out: members that no attempt asks, since one proved that they lied.
        is_served: whether `serve` runs; without it nobody is connected, whatever was recorded.
    """

    name: str
    store: Store
    charters: CharterDesk
    presence: PresenceRecord
    witness: WitnessRecord
    log: ReleaseLog
    catalogue: Catalogue
    held_out: Callable[[], frozenset[CountryCode]]
    is_served: Callable[[], bool]

    def describe(self) -> Shown:
        """The region's name, its charter in force (None before the first) and its members."""
        try:
            charter = self.charters.in_force()
        except NoCharterError:
            charter = None
        return {
            "name": self.name,
            "synthetic": charter is not None and charter.synthetic,
            "charter": None if charter is None else show_charter(charter),
            "members": self.members(),
        }

    def members(self) -> list[Shown]:
        """Everybody enrolled, by country."""
        try:
            charter = self.charters.in_force()
        except NoCharterError:
            charter = None
        with self.store.reading() as connection:
            rows = connection.execute(select(members).order_by(members.c.country)).all()
        present, forked = self.presence.listing(), self.witness.forked()
        cosigned = self.log.cosigned_sizes()
        served, held_out = self.is_served(), self.held_out()
        return [
            {
                "country": row.country,
                "name": row.name,
                "fingerprint": fingerprint_text(fingerprint(parse_card(row.card))),
                "listed": charter is not None and row.country in charter.signing_keys,
                "enrolled_at": iso(row.enrolled),
                "ledger_forks": forked.get(CountryCode(row.country), 0),
                "held_out": row.country in held_out,
                "cosigned": cosigned.get(CountryCode(row.country), 0),
                **_show_presence(
                    present.get(CountryCode(row.country)),
                    None if row.country in held_out else charter,
                    served=served,
                ),
            }
            for row in rows
        ]

    def indicators(self) -> list[Shown]:
        """The catalogue's named questions, in its order."""
        return [
            {
                "name": one.name,
                "title": one.title,
                "description": " ".join(filter(None, (one.answers, one.caveats))),
                "parameters": [
                    {"name": p.name, "about": p.about, "field": p.field, "default": p.default}
                    for p in one.parameters
                ],
                "available": one.is_available,
                "waits_for": one.waits_for,
            }
            for one in self.catalogue.indicators.values()
        ]


def show_charter(charter: Charter) -> Shown:
    """What an analyst needs to know of a charter."""
    return {
        "version": charter.version,
        "digest": charter.digest.hex(),
        "delta": str(charter.delta),
        "min_participants": charter.min_participants,
        "max_colluders": charter.max_colluders,
        "nodes_per_person": charter.nodes_per_person,
        "witness_quorum": charter.quorum,
        "stops_rollback": charter.stops_rollback,
        "suite": charter.suite,
        "synthetic": charter.synthetic,
        "members": [member.country for member in charter.members],
        "countries": list(charter.countries),
        "years": list(charter.years),
        "domains_edition": charter.domains_edition,
        "ceilings": {
            "rho_per_question": str(charter.ceilings.rho_per_question),
            "cells": charter.ceilings.cells,
            "persons_per_node": charter.ceilings.persons_per_node,
        },
    }


def _show_presence(
    presence: Presence | None, charter: Charter | None, *, served: bool
) -> Mapping[str, Any]:
    """How a member stands; `charter` is the one under which it may be asked, if there is any."""
    if presence is None:
        return {
            "connected": False,
            "ready": False,
            "since": None,
            "edition": None,
            "consent_rule": "",
            "spent": "0",
            "reserved": "0",
            "remaining_year": None,
            "remaining_all_time": None,
        }
    connected = served and presence.connected
    return {
        "connected": connected,
        "ready": connected and charter is not None and presence.is_ready(charter.digest),
        "since": iso(presence.since),
        "edition": presence.edition,
        "consent_rule": presence.consent_rule,
        "spent": str(presence.spent),
        "reserved": str(presence.reserved),
        "remaining_year": str(presence.left_this_year),
        "remaining_all_time": str(presence.left_for_all_time),
    }
