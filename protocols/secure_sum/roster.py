"""Who takes part in an attempt, checked: the ground that every later round stands on.

    verify_acceptance    one member's acceptance: member, header, keys, both signatures
    settle               all of them together: the numbers of the attempt, and the roster hash
    who_holds            which witnesses say that they hold one member's ledger as it stated it

The coordinator does the first as acceptances arrive and the second when the round closes. A node
does both again for itself: it believes no roster.

Let r be the roster's size, c the colluders and d the tolerated dropouts. `settle` holds that

    2t > r + c     two sets of t signers share an honest one, so one survivor set can be signed
    d ≤ r − t      the threshold can still be met after d dropouts
    h = r − d − c ≥ 1     honest noise is left, as the plan counted on
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from corridor.errors.secure_sum import (
    BadPeerKeyError,
    BadSignatureError,
    NoHonestNoiseError,
    OtherHeaderError,
    OtherRosterError,
    OtherStatementError,
    RepeatedKeyError,
    RepeatedWordError,
    TooFewParticipantsError,
    TooManyParticipantsError,
    UnknownMemberError,
)
from corridor.ids import CountryCode, Digest, PublicKey
from corridor.protocols.secure_sum.messages import (
    Acceptance,
    AttemptParameters,
    ProposalHeader,
    Roster,
    WitnessWord,
)
from corridor.protocols.shamir import MOST_SHARES
from corridor.protocols.suite import Suite, Verify

FEWEST_PARTICIPANTS = 3
"""No charter may allow a sum of fewer: with two, each learns the other's figure."""

ParametersFor = Callable[[int], AttemptParameters]
"""The numbers of an attempt with that many participants, under its charter, plan and ρ."""


@dataclass(frozen=True, slots=True)
class SettledRoster:
    """A roster that this party has checked, with its numbers and its hash."""

    header: ProposalHeader
    roster: Roster
    parameters: AttemptParameters
    hash: Digest

    @property
    def countries(self) -> tuple[CountryCode, ...]:
        """The members, sorted."""
        return self.roster.countries

    @property
    def acceptances(self) -> Mapping[CountryCode, Acceptance]:
        """Each member's acceptance."""
        return {acceptance.country: acceptance for acceptance in self.roster.acceptances}

    def point(self, country: CountryCode) -> int:
        """The member's Shamir point: its place in the roster, from 1."""
        return self.countries.index(country) + 1


def verify_acceptance(
    acceptance: Acceptance,
    header: ProposalHeader,
    *,
    keys: Mapping[CountryCode, PublicKey],
    verify: Verify,
    suite: Suite,
) -> None:
    """Raise unless this is that member's own acceptance of this header.

    1. The charter knows the member.
    2. It accepted this header and no other.
    3. The ledger statement that it shows is its own.
    4. Both ephemeral keys have the suite's length.
    5. Both signatures are the member's.

    Whether agreement accepts the keys shows when it is first used.

    Raises:
        UnknownMemberError, OtherHeaderError, OtherStatementError, BadPeerKeyError,
        BadSignatureError: as numbered.
    """
    country = acceptance.country
    key = keys.get(country)
    if key is None:
        raise UnknownMemberError(country)
    if acceptance.header != header.digest:
        raise OtherHeaderError(country)
    statement = acceptance.statement
    if statement.country != country:
        raise OtherStatementError(country, statement.country)
    for ephemeral in (acceptance.envelope_key, acceptance.mask_key):
        if len(ephemeral) != suite.public_key_bytes:
            raise BadPeerKeyError(country)
    if not verify(key, statement.to_sign(), statement.signature):
        raise BadSignatureError("ledger statement", country)
    if not verify(key, acceptance.to_sign(), acceptance.signature):
        raise BadSignatureError("acceptance", country)


def settle(header: ProposalHeader, roster: Roster, parameters_for: ParametersFor) -> SettledRoster:
    """The attempt's numbers and roster hash, for acceptances that were each verified.

    Raises:
        TooFewParticipantsError, TooManyParticipantsError: the roster's size.
        NoHonestNoiseError: h < 1.
        RepeatedKeyError: an ephemeral key occurs twice (a copied key would let its copier's
            dropout reveal the masks of the member it was copied from).
        ValueError: `parameters_for` breaks a law that the protocol rests on; a bug of ours.
    """
    size = len(roster.acceptances)
    if size < FEWEST_PARTICIPANTS:
        raise TooFewParticipantsError(left=size, needed=FEWEST_PARTICIPANTS)
    if size > MOST_SHARES:
        raise TooManyParticipantsError(size, MOST_SHARES)
    parameters = parameters_for(size)
    if size < parameters.min_participants:
        raise TooFewParticipantsError(left=size, needed=parameters.min_participants)
    if parameters.honest_shares < 1:
        raise NoHonestNoiseError(size, parameters.dropouts, parameters.colluders)
    _demand_sound(parameters, size)
    seen: set[bytes] = set()
    for acceptance in roster.acceptances:
        for ephemeral in (acceptance.envelope_key, acceptance.mask_key):
            if ephemeral in seen:
                raise RepeatedKeyError(acceptance.country)
            seen.add(ephemeral)
    return SettledRoster(header, roster, parameters, roster.hash(header, parameters))


def who_holds(
    settled: SettledRoster,
    member: CountryCode,
    words: Sequence[WitnessWord],
    *,
    keys: Mapping[CountryCode, PublicKey],
    verify: Verify,
    counted: frozenset[CountryCode],
) -> frozenset[CountryCode]:
    """Which of these witnesses hold the member's ledger with the head that its acceptance states.

    A word that was given under another charter has another signature.

    Args:
        settled: the roster, checked.
        member: whose ledger it is.
        words: what the witnesses said.
        keys: signing keys of the charter.
        verify: checks signatures.
        counted: who has spoken in another way, or may not speak; nobody is counted twice.

    Raises:
        UnknownMemberError: a witness that the charter does not know.
        RepeatedWordError: a witness twice, or one of `counted`.
        OtherRosterError: a word about another roster.
        BadSignatureError: a word that is not its witness's.
    """
    charter = settled.header.charter
    head = settled.acceptances[member].statement.head
    seen = set(counted)
    found: set[CountryCode] = set()
    for word in words:
        witness = word.witness
        if witness not in keys:
            raise UnknownMemberError(witness, "witness word")
        if witness in seen:
            raise RepeatedWordError("witness word", witness)
        seen.add(witness)
        if word.roster_hash != settled.hash:
            raise OtherRosterError("witness word", witness)
        if not verify(keys[witness], word.to_sign(charter), word.signature):
            raise BadSignatureError("witness word", witness)
        if word.kept.get(member) == head:
            found.add(witness)
    return frozenset(found)


def _demand_sound(parameters: AttemptParameters, size: int) -> None:
    """Raise ValueError where the numbers do not fit each other: two sets could both be signed."""
    r, t, d, c = size, parameters.threshold, parameters.dropouts, parameters.colluders
    if parameters.roster_size != r or min(d, c) < 0 or 2 * t <= r + c or not d <= r - t:
        raise ValueError(f"r={r}, t={t}, d={d}, c={c} do not make one survivor set certain")
    if parameters.ring_bits not in (32, 64) or parameters.cells < 1:
        raise ValueError(f"no ring of {parameters.ring_bits} bits for {parameters.cells} cells")
    breakpoints = [level.dropouts for level in parameters.levels]
    if breakpoints != sorted({*breakpoints, d}) or breakpoints[-1] != d:
        raise ValueError(f"levels of noise for {breakpoints} dropouts, and not up to d={d}")
