"""The charter that is offered, whose keys the operator confirms, and the word given to it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from corridor.errors.charter import CharterSuccessionError
from corridor.ids import CountryCode, Digest
from corridor.node.app.world import World, charter_desk, dial_coordinator, journal_of
from corridor.node.home import (
    Home,
    demand_in_service,
    read_enrolment,
    read_settings,
)
from corridor.node.keys import (
    read_keys,
    read_next_keys,
)
from corridor.node.link import membership
from corridor.node.rotation import rotating_alone
from corridor.node.views import (
    Accepted,
    CharterOffer,
    MemberView,
)
from corridor.node.witness_book import WitnessBook
from corridor.protocols.cards import (
    Card,
    Fingerprint,
    fingerprint,
    fingerprint_text,
    key_fingerprint,
    parse_card,
)
from corridor.protocols.charter import (
    Charter,
    Member,
    SignedCharter,
    hand_over,
    parse_signed_charter,
)
from corridor.protocols.contradictions import (
    charter_document,
    charter_subject,
)
from corridor.transport.messages import CharterSigned
from corridor.transport.suites import ed25519_verify

MISSED_VERSIONS = 1000
"""Through so many proposals that came to nothing here a node follows a history, no further."""


def offered_charter(
    world: World, trusted: Mapping[CountryCode, Fingerprint] | None = None
) -> CharterOffer:
    """The charter proposed last, checked as far as it can be without an operator.

    `trusted` are the fingerprints that the operator confirmed: only those are shown again.

    Raises:
        CorridorError: there is none, it is forged, or no successor of the one accepted.
    """
    home = Home(world.home)
    desk = charter_desk(home)
    *between, signed = asyncio.run(_fetch_proposals(home, desk.accepted()))
    for proposed in (*between, signed):
        _hold_to_offer(home, proposed)
    desk.check_offer(signed, between)
    me = read_settings(home).country
    return _offer(
        signed,
        between,
        desk.accepted(),
        me=me,
        trusted=trusted or {},
        confirmed=desk.confirmed_before(),
    )


def _hold_to_offer(home: Home, signed: SignedCharter) -> None:
    """Hold the coordinator to one charter a version; another's is left to the charter desk."""
    signed.verify_proposal(ed25519_verify)
    if signed.charter.coordinator_key != read_enrolment(home).coordinator_key:
        return
    with WitnessBook(home.witness, ed25519_verify) as book:
        book.hear_coordinator(charter_subject(signed.charter), charter_document(signed))


def trusted_fingerprints(
    given: Mapping[CountryCode, Fingerprint], cards: Sequence[bytes]
) -> dict[CountryCode, Fingerprint]:
    """What the operator confirmed: fingerprints that were told, and cards received as files.

    Raises:
        MalformedCardError: a card cannot be read. Nothing was confirmed.
    """
    confirmed = dict(given)
    for raw in cards:
        found = parse_card(raw)
        confirmed[found.country] = fingerprint(found)
    return confirmed


def accept(
    world: World, offer: CharterOffer, trusted: Mapping[CountryCode, Fingerprint]
) -> Accepted:
    """Sign an offered charter whose every member the operator has confirmed.

    Raises:
        UnconfirmedMemberError, WrongFingerprintError: a member is not confirmed.
        CorridorError: as `offered_charter`. Nothing was signed.
    """
    home = Home(world.home)
    demand_in_service(home)
    signed = parse_signed_charter(offer.raw)
    between = [parse_signed_charter(one) for one in offer.between]
    with rotating_alone(home):  # else keys could be given up that this charter lists
        keys = read_keys(home)
        listed = signed.charter.signing_keys.get(read_settings(home).country)
        # With those that it lists; the desk refuses one that lists neither.
        signing = keys if listed == keys.signing_public else read_next_keys(home) or keys
        word = charter_desk(home).accept(signed, trusted, signing.sign, between)
    with journal_of(world, home, keys) as journal:
        journal.charter_accepted(signed.charter.digest, signed.charter.version)
    return asyncio.run(
        _hand_in(home, CharterSigned(signed.charter.digest, word.country, word.signature))
    )


async def _fetch_proposals(home: Home, accepted: Charter | None) -> list[SignedCharter]:
    async with dial_coordinator(home) as channel:

        async def fetch(digest: Digest | None) -> SignedCharter:
            document = await membership.fetch_charter(channel, digest)
            return parse_signed_charter(document.signed_charter)

        return await proposals_since(accepted, fetch)


async def proposals_since(
    accepted: Charter | None, fetch: Callable[[Digest | None], Awaitable[SignedCharter]]
) -> list[SignedCharter]:
    """The charter proposed last, behind those that were proposed since the one accepted here.

    Where none was, behind all there ever were: the disk may be a copy from before the first, and
    this node may have spent under any of them (ATTACKS 18).

    Raises:
        CharterSuccessionError: they are more than anybody goes through; nothing was accepted.
    """
    found = [await fetch(None)]
    while (earliest := found[0].charter).previous is not None:
        if accepted is not None and earliest.version <= accepted.version + 1:
            break
        if len(found) > MISSED_VERSIONS:
            raise CharterSuccessionError(
                f"charter version {found[-1].charter.version}: more than {MISSED_VERSIONS} "
                "versions came before it that this node has not seen; nothing was accepted. Ask "
                "the coordinator why it proposes so many."
            )
        found.insert(0, await fetch(earliest.previous))
    return found


async def _hand_in(home: Home, word: CharterSigned) -> Accepted:
    async with dial_coordinator(home) as channel:
        status = await membership.sign_charter(channel, word)
    return Accepted(status.in_force, sorted(status.missing))


def _offer(
    signed: SignedCharter,
    between: Sequence[SignedCharter],
    accepted: Charter | None,
    *,
    me: CountryCode,
    trusted: Mapping[CountryCode, Fingerprint],
    confirmed: Mapping[CountryCode, Member] | None = None,
) -> CharterOffer:
    # `confirmed`: the members that this node's people confirmed for the charter accepted last.
    charter = signed.charter
    before = frozenset(accepted.signing_keys if accepted else charter.signing_keys)
    joins = sorted(charter.signing_keys.keys() - before)
    leaves = sorted(before - charter.signing_keys.keys())
    known = confirmed or {}
    version = None if accepted is None else accepted.version
    members = [
        _member_view(
            one,
            me,
            trusted.get(one.country),
            accepted,
            confirmed_under=version if known.get(one.country) == one else None,
        )
        for one in charter.members
    ]
    numbers = [
        *_numbers(charter),
        ("witnesses of before", _hand_over_text(signed, between, accepted, me)),
    ]
    return CharterOffer(
        raw=signed.encode(),
        between=tuple(one.encode() for one in between),
        joins=joins,
        leaves=leaves,
        region=charter.region,
        version=charter.version,
        synthetic=charter.synthetic,
        members=members,
        numbers=numbers,
        since=version,
        changes=() if accepted is None else _changes(accepted, charter),
        document={
            "region": charter.region,
            "version": charter.version,
            "synthetic": charter.synthetic,
            "digest": charter.digest.hex(),
            "members": [
                {
                    "country": one.country,
                    "name": one.name,
                    "fingerprint": one.fingerprint or None,
                    "standing": one.standing,
                    "follows": one.former or None,
                    "anew": one.is_anew,
                }
                for one in members
            ],
            "joins": joins,
            "leaves": leaves,
            "signed": [word.country for word in signed.signatures],
            "countries": ", ".join(charter.countries),
            **dict(numbers),
        },
    )


def _numbers(charter: Charter) -> list[tuple[str, str]]:
    """What a charter fixes beside its members; a limit that its rule gives, as a number."""
    everybody = len(charter.members)
    dropouts = str(charter.tolerated_dropouts(everybody))
    if charter.max_dropouts is None:
        dropouts += f" of {everybody}, as the rule says"
    elif charter.max_dropouts != charter.tolerated_dropouts(everybody):
        dropouts += f" of {everybody}; {charter.max_dropouts} where more take part"
    quorum = str(charter.quorum)
    if charter.witness_quorum is None:
        quorum += f" of {everybody - 1}, as the rule says"
    return [
        ("fewest participants", str(charter.min_participants)),
        ("colluders provided for", str(charter.max_colluders)),
        ("most dropouts", dropouts),
        ("nodes that may know one person", str(charter.nodes_per_person)),
        ("witnesses", charter.quorum_text),
        ("δ", str(charter.delta)),
        ("dearest question ρ", str(charter.ceilings.rho_per_question)),
        ("most cells", str(charter.ceilings.cells)),
        ("most persons at a node", str(charter.ceilings.persons_per_node)),
        ("failed attempts borne a day", str(charter.failed_attempts_per_day)),
        ("witnesses of a debit", quorum),
        ("years", f"{charter.years[0]} to {charter.years[1]}"),
        ("domains", charter.domains_edition),
        ("countries told apart", str(len(charter.countries))),
        ("suite", charter.suite),
        ("days for which members' receipts are kept", str(charter.retention_days)),
        ("coordinator's key", fingerprint_text(key_fingerprint(charter.coordinator_key))),
        ("follows", "none" if charter.previous is None else charter.previous.hex()),
    ]


def _changes(before: Charter, now: Charter) -> list[tuple[str, str, str]]:
    """What a charter fixes otherwise than the one before: name, before, now."""
    former = dict(_numbers(before))
    found = [
        (name, former[name], value)
        for name, value in _numbers(now)
        if name not in {"follows", "countries told apart"} and former[name] != value
    ]
    if now.region != before.region:
        found.insert(0, ("region", before.region, now.region))
    if now.synthetic != before.synthetic:
        words = {True: "synthetic data", False: "real data"}
        found.insert(0, ("made for", words[before.synthetic], words[now.synthetic]))
    if now.countries != before.countries:
        new = [f"+{one}" for one in sorted(set(now.countries) - set(before.countries))]
        gone = [f"-{one}" for one in sorted(set(before.countries) - set(now.countries))]
        told = f"{len(now.countries)} ({', '.join([*new, *gone]) or 'in another order'})"
        found.append(("countries told apart", str(len(before.countries)), told))
    return found


def _hand_over_text(
    signed: SignedCharter,
    between: Sequence[SignedCharter],
    accepted: Charter | None,
    me: CountryCode,
) -> str:
    """Who must be there when this node first spends under the new version."""
    before = [*([] if accepted is None else [accepted]), *(one.charter for one in between)]
    found = [hand_over(one, signed.charter, me) for one in before if one != signed.charter]
    asked = [one for one in found if one is not None]
    if not asked:
        return "none"
    if not all(one.is_enough for one in asked):
        return (
            "!! too few are left: a backup of this node from before could be spent again, if the "
            "coordinator helps. Let one member join or leave at a time"
        )
    most = max(asked, key=lambda one: one.needed)
    names = ", ".join(sorted(most.members))
    return f"{most.needed} of {names} confirm this ledger before it first spends"


def _member_view(
    member: Member,
    me: CountryCode,
    given: Fingerprint | None,
    accepted: Charter | None,
    *,
    confirmed_under: int | None = None,
) -> MemberView:
    """A member as it is offered: a key that nobody confirmed is not shown, so none is copied."""
    known = {one.country: one for one in accepted.members} if accepted else {}
    before = known.get(member.country, member)
    is_other = before.signing_key != member.signing_key
    is_anew = is_other and before.origin != member.origin
    former = fingerprint_text(fingerprint(Card.of(before))) if is_other and not is_anew else ""
    listed = fingerprint(Card.of(member))
    if member.country == me:
        standing = "this node"
    elif given == listed:
        standing = "confirmed"
    elif given is not None:
        standing = "!! another key is listed than you confirmed"
    elif confirmed_under is not None:
        standing = f"confirmed under version {confirmed_under}, unchanged"
    else:
        standing = f"ask {member.name} by phone; their `corridor node card` shows it"
    is_known = standing == "this node" or standing.startswith("confirmed")
    return MemberView(
        member.country,
        member.name,
        fingerprint_text(listed) if is_known else "",
        standing,
        former,
        is_anew,
    )
