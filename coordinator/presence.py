"""Who is connected, and what each node last said of itself: kept for `members`, also in between.

A standing is the node's own word. Its ledger statement is kept apart (`witness`), because that is
signed and is held against the node later.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from corridor.coordinator.store import Store, presence
from corridor.ids import CountryCode, Digest, EditionId
from corridor.protocols import canonical
from corridor.transport.messages import Standing

LONGEST_SOFTWARE = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """One country's node, as it was last heard.

    Attributes:
        since: seconds since 1970 UTC; when it connected, or when it was lost.
        charter: hash of the charter that it accepted.
        edition: None where nothing was imported.
        spent, reserved, left_this_year, left_for_all_time: ρ.
        witnessed: enough members confirmed its ledger since it started.
        software: what it runs, by its own word; empty where that was not kept.
        edition_since: when this edition was first heard of; seconds since 1970 UTC.
    """

    country: CountryCode
    connected: bool
    since: int
    charter: Digest | None
    edition: EditionId | None
    consent_rule: str
    spent: Fraction
    reserved: Fraction
    left_this_year: Fraction
    left_for_all_time: Fraction
    witnessed: bool
    software: str
    edition_since: int | None

    def is_ready(self, charter: Digest) -> bool:
        """Whether it can be asked under this charter."""
        return (
            self.connected
            and self.charter == charter
            and self.edition is not None
            and self.witnessed
        )


@dataclass(frozen=True, slots=True)
class PresenceRecord:
    """The durable list of who was last heard when.

    Attributes:
        now: seconds since 1970 UTC.
    """

    store: Store
    now: Callable[[], int]

    def arrived(self, country: CountryCode, standing: Standing, software: str = "") -> None:
        """The node said hello; `software` is what it runs."""
        with self.store.writing() as connection:
            status = self._status(connection, country, standing, software[:LONGEST_SOFTWARE])
            values = {"connected": 1, "since": self.now(), "status": status}
            connection.execute(
                upsert(presence)
                .values(country=country, **values)
                .on_conflict_do_update(index_elements=["country"], set_=values)
            )

    def changed(self, country: CountryCode, standing: Standing) -> None:
        """The node said how it stands now."""
        with self.store.writing() as connection:
            status = self._status(connection, country, standing, None)
            connection.execute(_OF_COUNTRY, {"of": country, "status": status})

    def left(self, country: CountryCode) -> None:
        """The node's stream ended."""
        self._update(country, connected=0, since=self.now())

    def all_left(self) -> None:
        """Nobody is connected: the coordinator starts or stops."""
        with self.store.writing() as connection:
            connection.execute(
                update(presence)
                .where(presence.c.connected == 1)
                .values(connected=0, since=self.now())
            )

    def listing(self) -> Mapping[CountryCode, Presence]:
        """Everybody who was ever heard, by country."""
        rows = self.store.look_up_all("SELECT * FROM presence ORDER BY country")
        return {
            CountryCode(row["country"]): _decode(
                CountryCode(row["country"]),
                connected=row["connected"] == 1,
                since=row["since"],
                raw=row["status"],
            )
            for row in rows
        }

    def _status(
        self,
        connection: Connection,
        country: CountryCode,
        standing: Standing,
        software: str | None,
    ) -> bytes:
        """What is kept of a standing, with what is known from before: None keeps the software."""
        raw = connection.execute(
            select(presence.c.status).where(presence.c.country == country)
        ).scalar()
        before = None if raw is None else _decode(country, connected=True, since=0, raw=raw)
        since = self.now()
        if before is not None and before.edition == standing.edition:
            since = before.edition_since or since
        if software is None:
            software = "" if before is None else before.software
        return _encode(standing, software, since)

    def _update(self, country: CountryCode, **values: object) -> None:
        with self.store.writing() as connection:
            connection.execute(_OF_COUNTRY, {"of": country, **values})


_OF_COUNTRY = update(presence).where(presence.c.country == bindparam("of"))


def _encode(standing: Standing, software: str, edition_since: int) -> bytes:
    return canonical.encode(
        {
            "charter": None if standing.charter is None else standing.charter.hex(),
            "edition": standing.edition,
            "consent_rule": standing.consent_rule,
            "spent": str(standing.statement.spent),
            "reserved": str(standing.statement.reserved),
            "left_this_year": str(standing.left_this_year),
            "left_for_all_time": str(standing.left_for_all_time),
            "witnessed": standing.witnessed,
            "software": software,
            "edition_since": None if standing.edition is None else edition_since,
        }
    )


@lru_cache(1024)  # asked for at every question, and changed seldom
def _decode(country: CountryCode, *, connected: bool, since: int, raw: bytes) -> Presence:
    value = canonical.decode(raw, "presence")
    if not isinstance(value, Mapping):
        raise TypeError("presence holds something that `_encode` never wrote")
    charter, edition = value["charter"], value["edition"]
    since_edition = value.get("edition_since")  # older versions kept neither this nor the software
    return Presence(
        country=country,
        connected=connected,
        since=since,
        charter=None if charter is None else Digest(bytes.fromhex(str(charter))),
        edition=None if edition is None else EditionId(str(edition)),
        consent_rule=str(value["consent_rule"]),
        spent=Fraction(str(value["spent"])),
        reserved=Fraction(str(value["reserved"])),
        left_this_year=Fraction(str(value["left_this_year"])),
        left_for_all_time=Fraction(str(value["left_for_all_time"])),
        witnessed=value["witnessed"] is True,
        software=str(value.get("software", "")),
        edition_since=since_edition if isinstance(since_edition, int) else None,
    )
