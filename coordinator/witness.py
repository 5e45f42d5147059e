"""The coordinator as one witness of the members' ledgers: a second past is refused and kept.

A statement says how far a ledger is and how much was spent. The latest of each country, which is
the one that is kept, is held against the next one (`protocols.chains.contradiction`): no entry
twice with other content, none earlier, and never less spent, as long as its key is the same. One
that contradicts goes to `forks` together with the one that it contradicts, both with their
signatures.

This protects against accidents, such as a restored backup. A malicious coordinator would not tell
what it saw; that is what the other members' witnessing is for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import structlog
from sqlalchemy import Connection, bindparam, delete, func, select
from sqlalchemy.dialects.sqlite import insert as upsert

from corridor.coordinator.store import Store, forks, statements
from corridor.errors.region import ForgedStatementError, WitnessedForkError
from corridor.ids import CountryCode, Digest, PublicKey, Signature
from corridor.protocols import canonical
from corridor.protocols.chains import contradiction
from corridor.protocols.secure_sum.messages import LedgerStatement
from corridor.protocols.suite import Verify

_log = structlog.get_logger()

MOST_FORKS = 100
"""So many are kept of one country. One convicts it; the disk is not for it alone."""


_LATEST = (
    select(statements)
    .where(statements.c.country == bindparam("of"))
    .order_by(statements.c.sequence.desc())
)
_KEEP = upsert(statements).on_conflict_do_nothing()
_FORGET = delete(statements).where(
    statements.c.country == bindparam("of"), statements.c.sequence < bindparam("before")
)


@dataclass(frozen=True, slots=True)
class WitnessRecord:
    """What was witnessed of the members' ledgers.

    Attributes:
        now: seconds since 1970 UTC.
    """

    store: Store
    verify: Verify
    now: Callable[[], int]

    def keep_signed(
        self, statement: LedgerStatement, key: PublicKey, former: Sequence[PublicKey] = ()
    ) -> None:
        """Keep what a node states when it connects, after checking that `key` signed it.

        What one of its `former` keys signed is not kept, and contradicts nothing: the node was away
        while a charter with its new key came into force, and fetches that one; or it is a thief of
        the key that was replaced.

        A ledger that is behind is no fork yet: its node lost entries, and must be connected to be
        given them back by the members. It cannot take part as it is: `keep` refuses it.

        Raises:
            ForgedStatementError: none of these keys did. Nothing was kept.
            WitnessedForkError: as `keep`.
        """
        text = statement.to_sign()
        if not self.verify(key, text, statement.signature):
            if not any(self.verify(one, text, statement.signature) for one in former):
                raise ForgedStatementError(statement.country)
            _log.warning("witness.former_key", country=statement.country)
            return
        with self.store.reading() as connection:
            before = self._latest(connection, statement.country, key)
        if before is not None and statement.sequence < before.sequence:
            _log.warning("witness.behind", country=statement.country, sequence=statement.sequence)
            return
        self.keep(statement, key)

    def keep(self, statement: LedgerStatement, key: PublicKey) -> None:
        """Keep a statement whose signature was checked against `key`.

        What another key signed is let go, and not held against it. A member that lost its key, and
        was confirmed with another, has a new ledger, which would contradict the old one in every
        number. One that rotated its key goes on with its ledger, but what stands here under the
        key of before may be the word of that key's thief.

        Raises:
            WitnessedForkError: it contradicts what was witnessed; it is kept among the forks.
        """
        with self.store.writing() as connection:
            before = self._latest(connection, statement.country, key)
            if before is None:
                connection.execute(
                    delete(statements).where(statements.c.country == statement.country)
                )
            problem = None if before is None else contradiction(before, statement)
            if problem is not None and self._forks(connection, statement.country) < MOST_FORKS:
                connection.execute(
                    upsert(forks)
                    .values(
                        country=statement.country,
                        sequence=statement.sequence,
                        head=statement.head,
                        statement=_pair(before, statement),
                        seen=self.now(),
                    )
                    .on_conflict_do_nothing()
                )
            if problem is None:
                connection.execute(_KEEP, {**_row(statement), "seen": self.now()})
                connection.execute(_FORGET, {"of": statement.country, "before": statement.sequence})
        if problem is not None:
            _log.error("witness.fork", country=statement.country, sequence=statement.sequence)
            raise WitnessedForkError(statement.country, problem)

    def forked(self) -> Mapping[CountryCode, int]:
        """How many contradicting statements there are of each country's ledger."""
        with self.store.reading() as connection:
            rows = connection.execute(select(forks.c.country)).scalars().all()
        return {CountryCode(country): rows.count(country) for country in sorted(set(rows))}

    @staticmethod
    def _forks(connection: Connection, country: CountryCode) -> int:
        return connection.execute(
            select(func.count()).select_from(forks).where(forks.c.country == country)
        ).scalar_one()

    def _latest(
        self, connection: Connection, country: CountryCode, key: PublicKey
    ) -> LedgerStatement | None:
        """The latest statement of this country, where this key signed it."""
        row = connection.execute(_LATEST, {"of": country}).first()
        if row is None:
            return None
        found = LedgerStatement(
            country=CountryCode(row.country),
            sequence=row.sequence,
            spent=Fraction(row.spent),
            reserved=Fraction(row.reserved),
            head=Digest(row.head),
            signature=Signature(row.signature),
        )
        return found if self.verify(key, found.to_sign(), found.signature) else None


def _row(statement: LedgerStatement) -> dict[str, Any]:
    return {
        "country": statement.country,
        "sequence": statement.sequence,
        "spent": canonical.fraction_text(statement.spent),
        "reserved": canonical.fraction_text(statement.reserved),
        "head": statement.head,
        "signature": statement.signature,
    }


def _pair(held: LedgerStatement | None, shown: LedgerStatement) -> bytes:
    before = None if held is None else held.to_json()
    return canonical.encode({"held": before, "shown": shown.to_json()})
