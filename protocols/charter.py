"""The charter: who the members are and what they agreed on, as one value with one hash.

The file's shape is canonical JSON with exactly the fields of `Charter`, keys and hashes in
hexadecimal, fractions as text. Its hash is in every message that matters.

    Charter           what was agreed; well-formed, believed by nobody
    SignedCharter     with the coordinator's signature as proposer, and members' signatures
      .verify_in_force   every member *listed in it* has signed
    verify_succession    it follows the version accepted before: no rollback, no gap, no fork

The coordinator delivers all keys, so signatures alone prove nothing: whoever accepts a charter
first confirms every member's fingerprint from outside the coordinator (`protocols.cards`).

Of an attempt with r participants and c colluders, the charter says t and d:

    threshold t = ⌊(r + c)/2⌋ + 1       two signed survivor sets share an honest signer
    dropouts  d = min(r − t, `max_dropouts`), and without that min(r − t, max(1, ⌈r/10⌉))

Since c < r, at least one honest share is left: r − d − c ≥ t − c = ⌊(r − c)/2⌋ + 1 ≥ 1.

Of n members, c of whom may lie, it says how many *others* must hold a member's ledger before that
member debits (`protocols.witnesses` proves what this gives):

    quorum    q = ⌊(n − 1 + c)/2⌋ + 1       two quorums of the n − 1 others share an honest one
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from corridor.errors import InvalidInputError
from corridor.errors.charter import (
    CharterNotInForceError,
    CharterSuccessionError,
    MalformedCharterError,
    NotAMemberError,
)
from corridor.ids import (
    CountryCode,
    Digest,
    EncryptionKey,
    PublicKey,
    Signature,
    is_country_code,
    is_encryption_key,
    is_public_key,
)
from corridor.protocols import canonical
from corridor.protocols.canonical import Json
from corridor.protocols.fields import Fields, decode
from corridor.protocols.successions import (
    LAST_VERSION,
    MOST_SUCCESSIONS,
    SUCCESSION,
    Succession,
    read_succession,
    verify_successions,
)
from corridor.protocols.suite import Verify

CELLS_CEILING = 1 << 22
"""No charter may allow a question more cells than this."""

HYBRID_SUITE = "xwing"
"""The suite that every charter over real data names: what is recorded today must stay secret for
longer than elliptic curves alone can promise."""

SUITES = (HYBRID_SUITE, "x25519")
"""The suites that exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One country's node.

    Attributes:
        signing_key: Ed25519; everything this member says is checked against it.
        encryption_key: X-Wing; members' receipts are sealed to it.
        successions: how this signing key follows those that the member had before, from the first.
    """

    country: CountryCode
    name: str
    signing_key: PublicKey
    encryption_key: EncryptionKey
    successions: tuple[Succession, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a member that nobody could address or check."""
        if not is_country_code(self.country):
            raise _wrong("members", "names a country that is not two capital letters, as in MD")
        _demand_text("members", self.name)
        if not is_public_key(self.signing_key):
            raise _wrong("members", f"has a signing key of {self.country} that is not 32 bytes")
        if not is_encryption_key(self.encryption_key):
            raise _wrong("members", f"has an encryption key of {self.country} not of 1216 bytes")
        times = [one.since for one in self.successions]
        if times != sorted(set(times)) or len(times) > MOST_SUCCESSIONS:
            raise _wrong(
                "members",
                f"has successions of {self.country} out of order, or over {MOST_SUCCESSIONS}",
            )

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        """Every signing key that this member ever had, in order; the last one counts."""
        return (*(one.former for one in self.successions), self.signing_key)

    @property
    def origin(self) -> PublicKey:
        """The first of them, by which its ledger is known: it stays when keys are rotated."""
        return self.keys[0]

    def to_json(self) -> Json:
        """The member as it stands in the charter; without a field for what never happened."""
        rotated: dict[str, Json] = {"successions": [one.to_json() for one in self.successions]}
        return {
            "country": self.country,
            "name": self.name,
            "signing_key": self.signing_key.hex(),
            "encryption_key": self.encryption_key.hex(),
            **(rotated if self.successions else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceilings:
    """What no question may exceed, whoever asks it.

    Attributes:
        rho_per_question: the most ρ that one attempt may cost a node.
        cells: the most cells of an answer, ≤ 2²².
        persons_per_node: checked at import; plans bound their magnitudes by it.
    """

    rho_per_question: Fraction
    cells: int
    persons_per_node: int

    def __post_init__(self) -> None:
        """Refuse a ceiling that is none."""
        if type(self.rho_per_question) is not Fraction or self.rho_per_question <= 0:
            raise _wrong("ceilings.rho_per_question", "must be a fraction above 0")
        _demand_range("ceilings.cells", self.cells, 1, CELLS_CEILING)
        _demand_range("ceilings.persons_per_node", self.persons_per_node, 1, 10**9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charter:
    """One version of what the members agreed on.

    Attributes:
        version: 1 for the first.
        previous: hash of the version before; None exactly for the first.
        members: sorted by country; no country and no key twice.
        coordinator_key: Ed25519; signs proposals of charters and questions.
        min_participants: fewest nodes of a regional attempt, ≥ 3.
        max_colluders: c, members who may collude with the coordinator.
        max_dropouts: the most dropouts of an attempt; None leaves it to the rule above.
        nodes_per_person: g, how many nodes may know one person.
        delta: the δ at which guarantees are shown.
        countries: the values that a country field can take, sorted; members' among them.
        years: first and last year that a date field can take.
        domains_edition: which edition of the other domains is meant.
        suite: the primitives of the secure sum; the hybrid one, unless the data are made up.
        retention_days: how long members' receipts are kept.
        failed_attempts_per_day: how many failed attempts a node bears.
        witness_quorum: other members who must hold a ledger before a debit; None leaves it to
            the rule above. A smaller number protects against accidents only.
        synthetic: the members' data are made up; faults on purpose are allowed.
        digest: the charter's hash.

    Raises:
        MalformedCharterError: a field is out of its range, or fields contradict one another.
    """

    version: int
    previous: Digest | None
    region: str
    members: tuple[Member, ...]
    coordinator_key: PublicKey
    min_participants: int
    max_colluders: int = 1
    max_dropouts: int | None = None
    nodes_per_person: int = 2
    delta: Fraction = Fraction(1, 10**6)
    ceilings: Ceilings
    countries: tuple[CountryCode, ...]
    years: tuple[int, int]
    domains_edition: str
    suite: str = HYBRID_SUITE
    retention_days: int = 365
    failed_attempts_per_day: int = 3
    witness_quorum: int | None = None
    synthetic: bool = False
    digest: Digest = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse a charter under which no guarantee could hold."""
        self._check_version()
        self._check_members()
        self._check_numbers()
        self._check_domains()
        # Compared with what each of n members holds, n times over, and n members long.
        object.__setattr__(self, "digest", canonical.digest("corridor charter", self.encode()))

    def _check_version(self) -> None:
        _demand_range("version", self.version, 1, LAST_VERSION)
        if (self.previous is None) != (self.version == 1):
            raise _wrong("previous", "must be null in version 1 and a hash in every later one")
        _demand_text("region", self.region)
        if type(self.synthetic) is not bool:
            raise _wrong("synthetic", "must be true or false")

    def _check_members(self) -> None:
        countries = [member.country for member in self.members]
        if countries != sorted(set(countries)):
            raise _wrong("members", "must be sorted by country and name no country twice")
        if not is_public_key(self.coordinator_key):
            raise _wrong("coordinator_key", "must be 32 bytes")
        check_keys(self.members, self.coordinator_key, self.version)
        _demand_range("min_participants", self.min_participants, 3, 10**4)
        if len(self.members) < self.min_participants:
            raise _wrong(
                "members",
                f"are {len(self.members)}, fewer than the {self.min_participants} of "
                '"min_participants"; no question could ever be asked',
            )

    def _check_numbers(self) -> None:
        _demand_range("max_colluders", self.max_colluders, 0, self.min_participants - 1)
        if self.max_dropouts is not None:
            _demand_range("max_dropouts", self.max_dropouts, 0, 10**4)
        _demand_range("nodes_per_person", self.nodes_per_person, 1, len(self.members))
        if type(self.delta) is not Fraction or not 0 < self.delta < 1:
            raise _wrong("delta", "must be a fraction between 0 and 1")
        if self.suite not in SUITES:
            raise _wrong("suite", f"must be one that is built: {', '.join(SUITES)}")
        if not self.synthetic and self.suite != HYBRID_SUITE:
            raise _wrong(
                "suite",
                f"must be {HYBRID_SUITE}: only made-up data may rest on key exchange that a "
                "quantum computer breaks",
            )
        _demand_range("retention_days", self.retention_days, 1, 36_525)
        _demand_range("failed_attempts_per_day", self.failed_attempts_per_day, 1, 1000)
        if self.witness_quorum is not None:
            _demand_range("witness_quorum", self.witness_quorum, 0, len(self.members) - 1)

    def _check_domains(self) -> None:
        if list(self.countries) != sorted(set(self.countries)) or not all(
            map(is_country_code, self.countries)
        ):
            raise _wrong("countries", "must be sorted codes such as MD, none of them twice")
        absent = {member.country for member in self.members} - set(self.countries)
        if absent:
            raise _wrong("countries", f"lacks the members {', '.join(sorted(absent))}")
        if len(self.years) != 2:
            raise _wrong("years", "must be the first and the last year")
        for year in self.years:
            _demand_range("years", year, 1900, 2200)
        if self.years[0] > self.years[1]:
            raise _wrong("years", "must be the first and the last year, in this order")
        _demand_text("domains_edition", self.domains_edition)

    def threshold(self, roster_size: int) -> int:
        """t: signatures and shares that an attempt of this size needs."""
        return (roster_size + self.max_colluders) // 2 + 1

    def tolerated_dropouts(self, roster_size: int) -> int:
        """d: nodes that may be missing at the end of an attempt of this size.

        Raises:
            ValueError: so few participants that no threshold can be met.
        """
        room = roster_size - self.threshold(roster_size)
        if room < 0:
            raise ValueError(f"{roster_size} participants are fewer than their own threshold")
        tenth = -(-roster_size // 10)
        most = max(1, tenth) if self.max_dropouts is None else self.max_dropouts
        return min(room, most)

    @property
    def quorum(self) -> int:
        """q: how many other members must hold a member's ledger before that member debits."""
        if self.witness_quorum is not None:
            return self.witness_quorum
        others = len(self.members) - 1
        return min((others + self.max_colluders) // 2 + 1, others)

    @property
    def stops_rollback(self) -> bool:
        """Whether two quorums share an honest member; else accidents alone are found out."""
        return 2 * self.quorum - (len(self.members) - 1) > self.max_colluders

    @property
    def quorum_text(self) -> str:
        """The quorum for people, with what a smaller one is worth."""
        others = len(self.members) - 1
        words = (
            f"{self.quorum} of a node's {others} fellow members hold its ledger before it spends"
        )
        if self.stops_rollback:
            return words
        return f"{words}: protects against accidents only, not against rollback"

    def member(self, country: CountryCode) -> Member:
        """The member that `country` is.

        Raises:
            NotAMemberError: it is none. Nothing was changed.
        """
        for member in self.members:
            if member.country == country:
                return member
        raise NotAMemberError(
            f"charter version {self.version} of {self.region}: {country} is not a member; "
            f"the members are {', '.join(one.country for one in self.members)}"
        )

    @property
    def signing_keys(self) -> Mapping[CountryCode, PublicKey]:
        """Every member's signing key, in the order of countries."""
        return {member.country: member.signing_key for member in self.members}

    @property
    def origins(self) -> Mapping[CountryCode, PublicKey]:
        """Of every member the key that names its ledger, in the order of countries."""
        return {member.country: member.origin for member in self.members}

    def encode(self) -> bytes:
        """The one byte string of this charter: what its file holds, and what is hashed."""
        return canonical.encode(
            {
                "version": self.version,
                "previous": None if self.previous is None else self.previous.hex(),
                "region": self.region,
                "members": [member.to_json() for member in self.members],
                "coordinator_key": self.coordinator_key.hex(),
                "min_participants": self.min_participants,
                "max_colluders": self.max_colluders,
                "max_dropouts": self.max_dropouts,
                "nodes_per_person": self.nodes_per_person,
                "delta": canonical.fraction_text(self.delta),
                "ceilings": {
                    "rho_per_question": canonical.fraction_text(self.ceilings.rho_per_question),
                    "cells": self.ceilings.cells,
                    "persons_per_node": self.ceilings.persons_per_node,
                },
                "countries": list(self.countries),
                "years": list(self.years),
                "domains_edition": self.domains_edition,
                "suite": self.suite,
                "retention_days": self.retention_days,
                "failed_attempts_per_day": self.failed_attempts_per_day,
                "witness_quorum": self.witness_quorum,
                "synthetic": self.synthetic,
            }
        )


@dataclass(frozen=True, slots=True)
class CharterSignature:
    """One member's word that it accepts a charter."""

    country: CountryCode
    signature: Signature


@dataclass(frozen=True, slots=True)
class SignedCharter:
    """A charter with the signatures it has so far, sorted by country; none of them believed.

    Attributes:
        proposal: the coordinator's signature over `proposal_to_sign`.
    """

    charter: Charter
    proposal: Signature
    signatures: tuple[CharterSignature, ...]

    def __post_init__(self) -> None:
        """Refuse two signatures of one country."""
        countries = [word.country for word in self.signatures]
        if countries != sorted(set(countries)):
            raise _wrong("signatures", "must be sorted by country and name no country twice")

    @property
    def missing(self) -> tuple[CountryCode, ...]:
        """Members of whom there is no signature yet."""
        there = {word.country for word in self.signatures}
        return tuple(m.country for m in self.charter.members if m.country not in there)

    def with_signature(self, word: CharterSignature) -> "SignedCharter":
        """The same charter with one member's signature added or replaced."""
        others = {one.country: one for one in self.signatures} | {word.country: word}
        return SignedCharter(
            self.charter, self.proposal, tuple(others[country] for country in sorted(others))
        )

    def verify_proposal(self, verify: Verify) -> None:
        """Check that the charter's own coordinator proposes it, and that its members' keys follow.

        Raises:
            CharterNotInForceError: it does not. Nothing was accepted.
            FalseSuccessionError: a member's keys do not follow one another. Nothing was accepted.
        """
        text = proposal_to_sign(self.charter)
        if not verify(self.charter.coordinator_key, text, self.proposal):
            raise CharterNotInForceError(
                f"charter version {self.charter.version} of {self.charter.region}: the proposal "
                "is not signed with the coordinator's key that it names; nothing was accepted. "
                "Tell the coordinator and the other members."
            )
        for one in self.charter.members:
            verify_successions(
                self.charter.region, one.country, one.successions, one.signing_key, verify
            )

    def verify_in_force(self, verify: Verify) -> None:
        """Check that the charter is in force.

        1. The coordinator it names has signed the proposal, and members' keys follow one another.
        2. Every signature is of a listed member, with the key listed for it.
        3. Every listed member has signed.

        Raises:
            CharterNotInForceError: one of these fails. Nothing was accepted.
        """
        self.verify_proposal(verify)
        where = f"charter version {self.charter.version} of {self.charter.region}"
        keys = self.charter.signing_keys
        for word in self.signatures:
            key = keys.get(word.country)
            text = signature_to_sign(self.charter, word.country)
            if key is None or not verify(key, text, word.signature):
                raise CharterNotInForceError(
                    f"{where}: the signature of {word.country} is not that member's; nothing was "
                    "accepted. Tell the coordinator and the other members."
                )
        if self.missing:
            raise CharterNotInForceError(
                f"{where}: is not in force; waiting for the signatures of "
                f"{', '.join(self.missing)}. Nothing was accepted."
            )

    def encode(self) -> bytes:
        """Canonical bytes, as files and messages carry them."""
        return canonical.encode(
            {
                "charter": canonical.decode(self.charter.encode(), "charter"),
                "proposal": self.proposal.hex(),
                "signatures": [
                    {"country": word.country, "signature": word.signature.hex()}
                    for word in self.signatures
                ],
            }
        )


def proposal_to_sign(charter: Charter) -> bytes:
    """What the coordinator signs when it proposes a charter."""
    return canonical.digest("corridor charter proposal", charter.digest)


def signature_to_sign(charter: Charter, country: CountryCode) -> bytes:
    """What a member signs when it accepts a charter."""
    return canonical.digest("corridor charter signature", country.encode(), charter.digest)


def verify_succession(accepted: Charter | None, offered: Charter) -> None:
    """Check that `offered` may be accepted after `accepted`, or is the same again.

    A node that missed versions goes through them one after the other (`verify_history`). A node
    that never accepted one may begin with any version: it has nothing that could be rolled back.
    (It is shown the others all the same, to know whose quorums may know its ledger: `hand_over`.)

    Raises:
        CharterSuccessionError: a rollback, a gap, another history, another region, or a region
            with real data declared synthetic. The earlier charter stays accepted.
    """
    if accepted is None or offered == accepted:
        return
    where = f"charter version {offered.version}"
    still = f"Version {accepted.version} stays accepted."
    if offered.version <= accepted.version:
        raise CharterSuccessionError(
            f"{where}: version {accepted.version} was accepted already, and no other charter may "
            f"take its place; tell the other members. {still}"
        )
    if offered.version > accepted.version + 1:
        raise CharterSuccessionError(
            f"{where}: the versions after {accepted.version} are missing; accept them first. "
            f"{still}"
        )
    if offered.previous != accepted.digest:
        raise CharterSuccessionError(
            f"{where}: follows another version {accepted.version} than the one accepted here; "
            f"compare charters with the other members. {still}"
        )
    if offered.region != accepted.region:
        raise CharterSuccessionError(
            f"{where}: is of another region; a node belongs to one region. {still}"
        )
    if offered.synthetic and not accepted.synthetic:
        raise CharterSuccessionError(
            f"{where}: declares a region with real data synthetic, which would allow faults on "
            f"purpose; start a new region instead. {still}"
        )


def verify_history(accepted: Charter | None, between: Sequence[Charter], offered: Charter) -> None:
    """Check that `offered` follows what was accepted, through the versions proposed in between.

    Nobody need have signed those: they came to nothing, or did not list this node. That each names
    the hash of the one before leaves the coordinator one history for everybody all the same.

    Args:
        accepted: what this node accepted last.
        between: the versions after it and before `offered`, in order; empty where there are none.
        offered: what it is to accept.

    Raises:
        CharterSuccessionError: as `verify_succession`, at the first step that does not hold.
    """
    for later in (*between, offered):
        verify_succession(accepted, later)
        accepted = later


def verify_keys_go_on(in_force: Charter | None, offered: Charter) -> None:
    """Check that no member of the version in force is offered with an earlier key or another past.

    A member's keys only grow at their end. A list that has none of the keys in force is another
    member's, whom everybody confirms as such (a lost key). Versions that never came into force bind
    nobody: a rotation that was proposed can be given up.

    Raises:
        CharterSuccessionError: a member's keys go back. The version in force stays.
    """
    if in_force is None:
        return
    now = {one.country: one for one in in_force.members}
    for one in offered.members:
        known = now[one.country].keys if one.country in now else ()
        if set(known) & set(one.keys) and one.keys[: len(known)] != known:
            raise CharterSuccessionError(
                f"charter version {offered.version}: {one.country} is listed with keys that do not "
                "go on from those in force: one that was replaced would count again, or the ledger "
                "of this member be forgotten. Tell that authority and the other members. Version "
                f"{in_force.version} stays in force."
            )


def verify_keys_stay(holders: Mapping[PublicKey, CountryCode], offered: Charter) -> None:
    """Check that no key that was one country's is offered as another's, now or in its past.

    `verify_keys_go_on` compares each country with itself. A member that is left out for a while
    stands in no version in force: without this, whoever stole a key that it had replaced could
    have another country listed with that key as its past, take over the ledger that witnesses hold
    under it, and keep the member from coming back.

    Args:
        holders: whose each signing key was, in the versions that were ever in force.
        offered: what is to be accepted.

    Raises:
        CharterSuccessionError: a key changes its country. The version in force stays.
    """
    for one in offered.members:
        for key in one.keys:
            was = holders.get(key, one.country)
            if was != one.country:
                raise CharterSuccessionError(
                    f"charter version {offered.version}: {one.country} is listed with a signing "
                    f"key that was {was}'s in a version in force before, now or as its past. "
                    f"Nothing was accepted. Tell {was}, {one.country} and the other members: a key "
                    f"of {was} may have been stolen."
                )


@dataclass(frozen=True, slots=True)
class HandOver:
    """Whom a member must hear before it first spends under a version with other members.

    Attributes:
        members: who was in the earlier version, and is in this one, perhaps under a later key.
        needed: how many of them must have confirmed its ledger.
        is_enough: whether these share an honest member with every quorum of the earlier version.
            False where too few are left: then a backup from before may be spent again.
    """

    members: frozenset[CountryCode]
    needed: int
    is_enough: bool


def hand_over(before: Charter, now: Charter, country: CountryCode) -> HandOver | None:
    """What is asked of `country` before it first spends under `now`; None where nothing is.

    Quorums of two versions need share nobody: of five members one may be replaced, and three of
    the others witness a debit before, and the other one with a liar and the new one after. So
    where `country` had a ledger under `before`, h = n' − q' + c + 1 of its n' others of before
    answer once under `now`: each quorum of q' of them then has more than c members in common
    with those who answered, an honest one among them.

    Who has rotated its keys is the same member: it has the same origin, and the same witness book
    (`protocols.witnesses` says for whom this holds when the key of before was stolen).
    """
    then, later = before.origins, now.origins
    common = frozenset(one for one, origin in then.items() if later.get(one) == origin)
    if country not in common or not before.stops_rollback:
        return None
    common -= {country}
    colluders = max(before.max_colluders, now.max_colluders)
    wanted = len(before.members) - 1 - before.quorum + colluders + 1
    return HandOver(common, min(wanted, len(common)), is_enough=wanted <= len(common))


_MEMBER = ("country", "name", "signing_key", "encryption_key")
_MEMBER_ROTATED = ("successions",)
_CEILINGS = ("rho_per_question", "cells", "persons_per_node")
_CHARTER = (
    "version",
    "previous",
    "region",
    "members",
    "coordinator_key",
    "min_participants",
    "max_colluders",
    "max_dropouts",
    "nodes_per_person",
    "delta",
    "ceilings",
    "countries",
    "years",
    "domains_edition",
    "suite",
    "retention_days",
    "failed_attempts_per_day",
    "witness_quorum",
    "synthetic",
)


def parse_charter(raw: bytes, name: str = "charter.json") -> Charter:
    """The charter whose canonical bytes are `raw`; `name` says in errors where they came from.

    Raises:
        MalformedCharterError: not canonical, a field missing, unknown or out of range; names the
            place. Nothing was read.
    """
    return _read_charter(Fields(_decode(raw, name), _CHARTER, name=name, error=_ERROR))


def parse_signed_charter(raw: bytes, name: str = "charter.json") -> SignedCharter:
    """The charter with signatures whose canonical bytes are `raw`.

    Raises:
        MalformedCharterError: as `parse_charter`.
    """
    value = _decode(raw, name)
    fields = Fields(value, ("charter", "proposal", "signatures"), name=name, error=_ERROR)
    return SignedCharter(
        _read_charter(fields.below("charter", _CHARTER)),
        Signature(fields.octets("proposal", 64)),
        tuple(
            CharterSignature(word.country("country"), Signature(word.octets("signature", 64)))
            for word in fields.each_below("signatures", ("country", "signature"))
        ),
    )


_ERROR = MalformedCharterError


def _decode(raw: bytes, name: str) -> Json:
    return decode(raw, name, _ERROR)


def _read_charter(fields: Fields) -> Charter:
    ceilings = fields.below("ceilings", _CEILINGS)
    years = fields.wholes("years")
    if len(years) != 2:
        raise fields.wrong("years", "must be the first and the last year")
    return Charter(
        version=fields.whole("version"),
        previous=fields.digest_or_none("previous"),
        region=fields.text("region"),
        members=tuple(
            Member(
                country=member.country("country"),
                name=member.text("name"),
                signing_key=PublicKey(member.octets("signing_key", 32)),
                encryption_key=EncryptionKey(member.octets("encryption_key", 1216)),
                successions=_read_successions(member),
            )
            for member in fields.each_below("members", _MEMBER, _MEMBER_ROTATED)
        ),
        coordinator_key=PublicKey(fields.octets("coordinator_key", 32)),
        min_participants=fields.whole("min_participants"),
        max_colluders=fields.whole("max_colluders"),
        max_dropouts=fields.whole_or_none("max_dropouts"),
        nodes_per_person=fields.whole("nodes_per_person"),
        delta=fields.fraction("delta"),
        ceilings=Ceilings(
            rho_per_question=ceilings.fraction("rho_per_question"),
            cells=ceilings.whole("cells"),
            persons_per_node=ceilings.whole("persons_per_node"),
        ),
        countries=fields.countries("countries"),
        years=(years[0], years[1]),
        domains_edition=fields.text("domains_edition"),
        suite=fields.text("suite"),
        retention_days=fields.whole("retention_days"),
        failed_attempts_per_day=fields.whole("failed_attempts_per_day"),
        witness_quorum=fields.whole_or_none("witness_quorum"),
        synthetic=fields.truth("synthetic"),
    )


def _read_successions(member: Fields) -> tuple[Succession, ...]:
    if not member.has("successions"):
        return ()
    found = tuple(map(read_succession, member.each_below("successions", SUCCESSION)))
    if not found:
        raise member.wrong("successions", "must be left out where there are none")
    return found


def check_keys(members: Sequence[Member], coordinator_key: PublicKey, version: int) -> None:
    """Refuse members' keys that no charter of this version can list.

    Raises:
        MalformedCharterError: a key stands twice, or follows one since no earlier version; names
            whose it is. Nothing was accepted.
    """
    holders: dict[bytes, str] = {coordinator_key: "the coordinator"}
    for member in members:
        for key in (*member.keys, member.encryption_key):
            # One holder of two keys would be counted as two honest parties.
            if key in holders:
                raise _wrong(
                    "members",
                    f"hold a key of {member.country} that stands twice in the charter: it is one "
                    f"of {holders[key]}, too",
                )
            holders[key] = member.country
    late = [m.country for m in members for s in m.successions if not 1 <= s.since < version]
    if late:
        raise _wrong("members", f"have a succession of {late[0]} from no version before this one")


def _demand_range(field: str, value: int, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise _wrong(
            field, f"is {value!r}, and must be a whole number from {least} to {most}", least, most
        )


def _demand_text(field: str, value: str) -> None:
    # Not printable: control characters could repaint what an operator reads before agreeing.
    if not 1 <= len(value) <= 200 or not value.isprintable():
        raise _wrong(field, "holds a text that is empty, not printable or over 200 characters")


def _wrong(field: str, problem: str, *range_: int) -> InvalidInputError:
    least_and_most = (range_[0], range_[1]) if range_ else None
    return MalformedCharterError(
        f'charter: "{field}" {problem}. Nothing was accepted.', field=field, range_=least_and_most
    )
