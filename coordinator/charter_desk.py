"""The charter: proposed from the enrolled members, signed by them, in force when all have.

    draft ──▶ propose ──▶ proposed ──record_signature (each listed member)──▶ in force

A draft is what would be proposed now, and is kept nowhere: somebody reads what it changes, and
confirms its hash. Who proposed a version is kept beside it: of the workbench the account, of the
command line the command alone.

Every proposal is a new version that follows the one proposed before, whether or not that one
ever came into force: a node that signed the earlier one will accept no other history. So none is
taken back; a newer one takes its place. What is in force is the highest version that all its
members signed.

A member leaves by a version that does not list it, which it need not sign. Until that version is
in force it takes part as before; from then on it is enrolled here no more, and its certificate
opens no stream. Its ledger, its data and what it spent are its own. A new invitation enrols it
again, also while the version without it still waits for signatures.

A member's new keys, which it handed in (`successor_desk`), are listed from the next version on,
with the statements that make it the same member.

The coordinator's database is believed by no node: each verifies the charter and its signatures
itself. The checks here keep a typing mistake from looking like progress.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from corridor.coordinator.store import (
    Store,
    charter_signatures,
    charters,
    invitations,
    members,
    removals,
)
from corridor.coordinator.successor_desk import enrol_successors, listed_members
from corridor.errors.charter import CharterNotInForceError
from corridor.errors.region import (
    AnotherCharterError,
    CharterChangedMeanwhileError,
    NoCharterError,
    NoProposedCharterError,
    NotEnrolledError,
    TooFewEnrolledError,
)
from corridor.ids import CountryCode, Digest, PublicKey, Signature
from corridor.protocols import canonical
from corridor.protocols.charter import (
    Ceilings,
    Charter,
    CharterSignature,
    Member,
    SignedCharter,
    parse_charter,
    proposal_to_sign,
    signature_to_sign,
    verify_succession,
)
from corridor.protocols.suite import Sign, Verify


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterTerms:
    """What `charter propose` may choose; the members are those enrolled.

    Attributes:
        without: who of them is not listed, and enrolled no more once the version is in force.
        countries: values of the country fields besides the members' own.
        years: first and last year of the date fields.
    """

    countries: tuple[CountryCode, ...]
    years: tuple[int, int]
    domains_edition: str
    ceilings: Ceilings
    min_participants: int = 3
    max_colluders: int = 1
    max_dropouts: int | None = None
    nodes_per_person: int = 2
    delta: Fraction = Fraction(1, 10**6)
    retention_days: int = 365
    failed_attempts_per_day: int = 3
    witness_quorum: int | None = None
    synthetic: bool = False
    without: frozenset[CountryCode] = frozenset()


@dataclass(frozen=True, slots=True)
class ProposedCharter:
    """A charter as it stands: its signatures so far, the cards it was made from, whether it holds.

    Attributes:
        cards: canonical bytes of each listed member's card, in the order of countries.
        without: who was enrolled and is not listed, by country.
        proposed_by: the account that proposed it; empty for the command line; None of a version
            from before that was kept.
    """

    signed: SignedCharter
    cards: tuple[bytes, ...]
    in_force: bool
    without: tuple[CountryCode, ...] = ()
    proposed_by: str | None = None

    @property
    def charter(self) -> Charter:
        """The charter itself."""
        return self.signed.charter


@dataclass(frozen=True, slots=True)
class CharterDraft:
    """What would be proposed now, and nothing is yet.

    Attributes:
        cards: as of `ProposedCharter`.
        in_force: the version that holds now; None before the first.
        replaces: the version that waits for signatures now, and never would be in force; None
            where none waits.
        replaces_by: who proposed that one, as of `ProposedCharter`.
    """

    charter: Charter
    cards: tuple[bytes, ...]
    in_force: Charter | None
    replaces: Charter | None
    replaces_by: str | None = None

    @property
    def read(self) -> Digest:
        """Names all that somebody reads of it: the charter, and those that it is held against.

        The charter alone does not name what it changes: meanwhile the version that waits can come
        into force.
        """
        beside = (self.charter, self.in_force, self.replaces)
        digests = (b"" if one is None else one.digest for one in beside)
        return Digest(hashlib.sha256(b"corridor draft " + b" ".join(digests)).digest())


@dataclass(frozen=True, slots=True)
class CharterDesk:
    """Proposes charters and takes the members' signatures.

    Attributes:
        region: the name that new charters carry.
        sign: with the coordinator's signing key, whose public half is `key`.
        now: seconds since 1970 UTC.
    """

    store: Store
    region: str
    key: PublicKey
    sign: Sign
    verify: Verify
    now: Callable[[], int]

    def draft(self, terms: CharterTerms) -> CharterDraft:
        """What `propose` would propose with these terms now.

        Raises:
            NotEnrolledError, TooFewEnrolledError, MalformedCharterError, CharterSuccessionError:
                as `propose`.
        """
        with self.store.reading() as connection:
            return self._draft(connection, terms)

    def propose(
        self, terms: CharterTerms, confirmed: Digest | None = None, *, by: str = ""
    ) -> ProposedCharter:
        """A new version that lists everybody enrolled but `terms.without`, signed by us.

        Open invitations of those left out are withdrawn; a later one is meant.

        Args:
            terms: what was chosen.
            confirmed: `CharterDraft.read` of what somebody read; None where nobody read it.
            by: the account that proposes it; empty for the command line.

        Raises:
            NotEnrolledError: one who is to be left out is not enrolled. Nothing was proposed.
            TooFewEnrolledError: fewer are left than `min_participants`. Nothing was proposed.
            MalformedCharterError: the terms contradict one another. Nothing was proposed.
            CharterSuccessionError: no node would accept it after the version proposed before.
                Nothing was proposed.
            CharterChangedMeanwhileError: it is another charter than the one confirmed, or changes
                another. Nothing was proposed.
        """
        with self.store.writing() as connection:
            draft = self._draft(connection, terms)
            charter = draft.charter
            if confirmed not in (None, draft.read):
                raise CharterChangedMeanwhileError
            proposal = self.sign(proposal_to_sign(charter))
            connection.execute(
                insert(charters).values(
                    digest=charter.digest,
                    version=charter.version,
                    document=charter.encode(),
                    proposal=proposal,
                    cards=canonical.encode([card.decode() for card in draft.cards]),
                    proposed=self.now(),
                    proposed_by=by,
                )
            )
            leaving = select(members).where(members.c.country.in_(terms.without))
            for row in connection.execute(leaving).all():
                _leave_out(connection, charter.digest, row.country, row.fingerprint)
        return ProposedCharter(
            SignedCharter(charter, proposal, ()),
            draft.cards,
            in_force=False,
            without=tuple(sorted(terms.without)),
            proposed_by=by,
        )

    def find(self, digest: Digest | None = None) -> ProposedCharter:
        """The charter with that hash, or the one proposed last.

        Raises:
            NoProposedCharterError: none was proposed yet.
            AnotherCharterError: none of those proposed has this hash.
        """
        with self.store.reading() as connection:
            return self._find(connection, digest)

    def in_force(self) -> Charter:
        """The charter that questions are asked under.

        Raises:
            NoCharterError: there is none yet.
        """
        row = self.store.look_up(
            "SELECT document FROM charters WHERE in_force IS NOT NULL ORDER BY version DESC"
        )
        if row is None:
            raise NoCharterError
        return _parsed(row[0])

    def ledger_keys(self, country: CountryCode) -> tuple[PublicKey, ...]:
        """The keys under which this country's node may state its ledger, the enrolled one first.

        A node that was away while a charter with its new keys came into force has the old ones yet:
        with those it is let in, to fetch that charter, and nothing that they sign is kept.
        """
        row = self.store.look_up("SELECT signing_key FROM members WHERE country = ?", country)
        if row is None:
            return ()
        enrolled = PublicKey(row[0])
        try:
            members_now = self.in_force().members
        except NoCharterError:
            members_now = ()
        past = [one.keys for one in members_now if enrolled in one.keys]
        return (enrolled, *(key for keys in past for key in keys if key != enrolled))

    def record_signature(
        self, digest: Digest, country: CountryCode, signature: Signature
    ) -> ProposedCharter:
        """The charter with this member's signature; in force if it was the last one missing.

        Then those whom it leaves out are enrolled no more.

        Raises:
            AnotherCharterError: no proposed charter has this hash. Nothing was recorded.
            NotAMemberError: the country is not listed. Nothing was recorded.
            CharterNotInForceError: the signature is not that member's. Nothing was recorded.
        """
        with self.store.writing() as connection:
            charter = self._find(connection, digest).charter
            member = charter.member(country)
            if not self.verify(member.signing_key, signature_to_sign(charter, country), signature):
                raise CharterNotInForceError(
                    f"charter version {charter.version}: this signature is not made with the "
                    f"signing key listed for {country}; it was not recorded. Was the node "
                    "initialised again after it enrolled? Then enrol it again."
                )
            connection.execute(
                upsert(charter_signatures)
                .values(digest=digest, country=country, signature=signature)
                .on_conflict_do_nothing()
            )
            now = self._find(connection, digest)
            if not now.signed.missing and not now.in_force:
                now.signed.verify_in_force(self.verify)
                connection.execute(
                    update(charters).where(charters.c.digest == digest).values(in_force=self.now())
                )
                # A late signature under an old version undoes nothing that a newer one says.
                if (latest := _row_in_force(connection)) and latest.digest == digest:
                    _remove_left_out(connection, digest)
                    enrol_successors(connection, charter)
            return self._find(connection, digest)

    def _draft(self, connection: Connection, terms: CharterTerms) -> CharterDraft:
        enrolled = connection.execute(select(members).order_by(members.c.country)).all()
        unknown = terms.without.difference(row.country for row in enrolled)
        if unknown:
            raise NotEnrolledError(sorted(unknown), [row.country for row in enrolled])
        staying = {r.country: r.card for r in enrolled if r.country not in terms.without}
        if len(staying) < terms.min_participants:
            raise TooFewEnrolledError(len(staying), terms.min_participants)
        row = _row_in_force(connection)
        in_force = None if row is None else _parsed(row.document)
        cards, listed = listed_members(connection, staying, in_force)
        newest = connection.execute(select(charters).order_by(charters.c.version.desc())).first()
        charter = self._charter(terms, listed, newest)
        before = None if newest is None else _parsed(newest.document)
        verify_succession(before, charter)
        if newest is None or newest.in_force is not None:
            return CharterDraft(charter, cards, in_force, None)
        return CharterDraft(charter, cards, in_force, before, newest.proposed_by)

    def _charter(
        self,
        terms: CharterTerms,
        listed: tuple[Member, ...],
        before: Row[Any, Any] | None,
    ) -> Charter:
        return Charter(
            version=1 if before is None else before.version + 1,
            previous=None if before is None else Digest(before.digest),
            region=self.region,
            members=listed,
            coordinator_key=self.key,
            min_participants=terms.min_participants,
            max_colluders=terms.max_colluders,
            max_dropouts=terms.max_dropouts,
            nodes_per_person=terms.nodes_per_person,
            delta=terms.delta,
            ceilings=terms.ceilings,
            countries=tuple(sorted({*terms.countries, *(m.country for m in listed)})),
            years=terms.years,
            domains_edition=terms.domains_edition,
            retention_days=terms.retention_days,
            failed_attempts_per_day=terms.failed_attempts_per_day,
            witness_quorum=terms.witness_quorum,
            synthetic=terms.synthetic,
        )

    @staticmethod
    def _find(connection: Connection, digest: Digest | None) -> ProposedCharter:
        wanted = select(charters).order_by(charters.c.version.desc())
        if digest is not None:
            wanted = wanted.where(charters.c.digest == digest)
        row = connection.execute(wanted).first()
        if row is None:
            raise NoProposedCharterError if digest is None else AnotherCharterError
        words = connection.execute(
            select(charter_signatures.c.country, charter_signatures.c.signature)
            .where(charter_signatures.c.digest == row.digest)
            .order_by(charter_signatures.c.country)
        )
        left_out = connection.scalars(
            select(removals.c.country)
            .where(removals.c.digest == row.digest)
            .order_by(removals.c.country)
        )
        cards = canonical.decode(row.cards, "cards of the charter")
        return ProposedCharter(
            SignedCharter(
                parse_charter(row.document, "proposed charter"),
                Signature(row.proposal),
                tuple(CharterSignature(CountryCode(w.country), w.signature) for w in words),
            ),
            tuple(str(card).encode() for card in cards) if isinstance(cards, list) else (),
            in_force=row.in_force is not None,
            without=tuple(map(CountryCode, left_out)),
            proposed_by=row.proposed_by,
        )


@lru_cache(maxsize=4)
def _parsed(document: bytes) -> Charter:
    return parse_charter(document, "charter in force")


def _row_in_force(connection: Connection) -> Row[Any] | None:
    return connection.execute(
        select(charters).where(charters.c.in_force.is_not(None)).order_by(charters.c.version.desc())
    ).first()


def _leave_out(
    connection: Connection, digest: Digest, country: CountryCode, fingerprint: str
) -> None:
    """Note that this certificate ends when the charter is in force; withdraw open invitations."""
    connection.execute(
        insert(removals).values(digest=digest, country=country, fingerprint=fingerprint)
    )
    connection.execute(
        delete(invitations).where(invitations.c.country == country, invitations.c.used.is_(None))
    )


def _remove_left_out(connection: Connection, digest: Digest) -> None:
    """End the enrolment of those left out, but of whom enrolled anew since: that was meant."""
    leaving = select(removals.c.fingerprint).where(removals.c.digest == digest)
    connection.execute(delete(members).where(members.c.fingerprint.in_(leaving)))
