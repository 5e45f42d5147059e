"""Keys that members want the next charter to list in place of those in force.

    hand_in ──▶ 1. the card is of the country that calls
                2. the statement is of its enrolled signing key and the card's, and signed by both
                3. a charter can list it beside everybody else: no key of anybody's, since a version
                   that was in force already, and not the hundred and first of that member
                4. it waits for the next proposal; a later one replaces it
    hand_in of the enrolled card, without a statement: what waited is taken back
    in force ──▶ the card is the enrolled one

The keys that are enrolled stay so until a charter in force lists the others: until then the node
goes on under them. No node believes what stands here; each verifies the statements of a charter,
and its operator confirms the new fingerprint with the authority itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, delete, insert, select, update

from corridor.coordinator.store import Store, charters, members, successors
from corridor.errors.charter import FalseSuccessionError
from corridor.errors.region import AnotherCountryError, NoCharterError, NoLongerEnrolledError
from corridor.ids import CountryCode, PublicKey
from corridor.protocols.cards import Card, parse_card
from corridor.protocols.charter import Charter, Member, check_keys, parse_charter
from corridor.protocols.successions import Succession, parse_successions, verify_successions
from corridor.protocols.suite import Verify

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SuccessorDesk:
    """Takes the keys that members hand in.

    Attributes:
        region: which statements have to name.
        now: seconds since 1970 UTC.
    """

    store: Store
    region: str
    verify: Verify
    now: Callable[[], int]

    def hand_in(self, country: CountryCode, card: bytes, succession: bytes) -> PublicKey:
        """Take new keys, or take them back; the signing key that the next charter will list.

        Raises:
            MalformedCardError: the card cannot be read.
            AnotherCountryError: the card is another country's.
            NoLongerEnrolledError: the country is not enrolled.
            FalseSuccessionError: they do not follow the enrolled key. Nothing was taken.
            MalformedCharterError: the statement cannot be read, or no charter could list what it
                says. Nothing was taken: one member's keys would stop every proposal.
            NoCharterError: none is in force, which these keys could follow. Nothing was taken.
        """
        found = parse_card(card)
        if found.country != country:
            raise AnotherCountryError(country, found.country, "Successor")
        statements = parse_successions(succession, "Successor") if succession else ()
        with self.store.writing() as connection:
            enrolled = connection.execute(
                select(members.c.signing_key).where(members.c.country == country)
            ).scalar_one_or_none()
            if enrolled is None:
                raise NoLongerEnrolledError(country)
            if found.signing_key != enrolled:
                self._demand_following(country, PublicKey(enrolled), found, statements)
            connection.execute(delete(successors).where(successors.c.country == country))
            if found.signing_key != enrolled:
                connection.execute(
                    insert(successors).values(
                        country=country,
                        card=found.encode(),
                        succession=succession,
                        handed_in=self.now(),
                    )
                )
                _demand_listable(connection)
        _log.info("successor.noted", country=country, waits=bool(statements))
        return found.signing_key

    def _demand_following(
        self,
        country: CountryCode,
        enrolled: PublicKey,
        card: Card,
        statements: tuple[Succession, ...],
    ) -> None:
        if [one.former for one in statements] != [enrolled]:
            raise FalseSuccessionError(country)
        verify_successions(self.region, country, statements, card.signing_key, self.verify)


def _demand_listable(connection: Connection) -> None:
    """Raise unless a charter right after the one in force could list what waits."""
    document = connection.execute(
        select(charters.c.document)
        .where(charters.c.in_force.is_not(None))
        .order_by(charters.c.version.desc())
    ).scalar()
    if document is None:
        raise NoCharterError
    in_force = parse_charter(document, "charter in force")
    enrolled = connection.execute(select(members.c.country, members.c.card))
    cards = {CountryCode(row.country): row.card for row in enrolled}
    _, listed = listed_members(connection, cards, in_force)
    check_keys(listed, in_force.coordinator_key, in_force.version + 1)


def listed_members(
    connection: Connection, cards: Mapping[CountryCode, bytes], in_force: Charter | None
) -> tuple[tuple[bytes, ...], tuple[Member, ...]]:
    """The cards and members that a charter of these enrolled cards lists.

    New keys that were handed in take the place of the enrolled ones, and every member has the past
    that the charter in force gives its key.
    """
    waiting = {row.country: row for row in connection.execute(select(successors))}
    past = {} if in_force is None else {m.signing_key: m.successions for m in in_force.members}
    found_cards, found_members = [], []
    for country, raw in sorted(cards.items()):
        card = parse_card(raw)
        successions = past.get(card.signing_key, ())
        row = waiting.get(country)
        if row is not None:
            statements = parse_successions(row.succession, "successor")
            if [one.former for one in statements] == [card.signing_key]:  # not of one made anew
                card, successions = parse_card(row.card), (*successions, *statements)
        found_cards.append(card.encode())
        found_members.append(
            Member(
                country=card.country,
                name=card.name,
                signing_key=card.signing_key,
                encryption_key=card.encryption_key,
                successions=successions,
            )
        )
    return tuple(found_cards), tuple(found_members)


def enrol_successors(connection: Connection, charter: Charter) -> None:
    """Now that a charter is in force, the keys that it lists in place of others are enrolled."""
    listed = charter.signing_keys
    for row in connection.execute(select(successors)).all():
        card = parse_card(row.card)
        if listed.get(card.country) == card.signing_key:
            connection.execute(
                update(members)
                .where(members.c.country == card.country)
                .values(name=card.name, card=row.card, signing_key=card.signing_key)
            )
            connection.execute(delete(successors).where(successors.c.country == card.country))
