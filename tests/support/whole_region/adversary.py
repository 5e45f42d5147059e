"""What a malicious coordinator may do with messages: a library of lies, told at random.

It holds the coordinator's signing key and those of the colluders, remembers every message that
went by, and alters what goes to a node. Each lie is a function from a message to those that go in
its place; the name says what it is, and in brackets stands the class of attack.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random

from corridor.ids import CountryCode, SessionId
from corridor.protocols.secure_sum.messages import (
    Proposal,
    Roster,
    Sharers,
    SurvivorSet,
    SurvivorSignature,
    UnmaskRequest,
)
from corridor.protocols.suite import Sign
from corridor.protocols.witnesses import LedgerEntries, WitnessAnswer
from corridor.transport import codec
from corridor.transport.messages import (
    CoordinatorBody,
    CoordinatorInSession,
    Dealings,
    Failed,
)
from corridor.wire.v1 import exchange_pb2


@dataclass(frozen=True, slots=True)
class Sent:
    """A message of the coordinator on its way to a node."""

    to: CountryCode
    session: SessionId
    body: CoordinatorBody


Lie = Callable[["Liar", Sent], list[CoordinatorBody]]


class Liar:
    """Alters what the coordinator's lines carry to the nodes.

    A history has a few lies only, told often: one that spoils every first round learns nothing.
    """

    def __init__(
        self,
        chance: Random,
        sign: Sign,
        colluders: Mapping[CountryCode, Sign],
        *,
        share: float,
        withheld: CountryCode | None = None,
        told: Callable[[str], None],
    ) -> None:
        self.chance, self.sign, self.colluders = chance, sign, dict(colluders)
        self.share, self.withheld = share, withheld
        self.circle: frozenset[CountryCode] | None = None
        self.repertoire = chance.sample(sorted(LIES), chance.randint(1, 3))
        self.shown: dict[tuple[CountryCode, SessionId], SurvivorSet] = {}
        self._seen: list[bytes] = []
        self._told = told

    def to_node(self, country: CountryCode, raw: bytes) -> list[bytes]:
        """What arrives in place of a message of the coordinator."""
        message = codec.decode_coordinator_message(exchange_pb2.CoordinatorMessage.FromString(raw))
        self._seen.append(raw)
        if self._keeps_back(country, message):
            self._told(f"lie withhold to {country}")
            return []
        if not isinstance(message, CoordinatorInSession):
            return [raw]
        bodies = [message.body]
        if self.chance.random() < self.share:
            name = self.chance.choice(self.repertoire)
            bodies = LIES[name](self, Sent(country, message.session, message.body))
            if bodies != [message.body]:
                self._told(f"lie {name} to {country}")
        for body in bodies:
            if isinstance(body, SurvivorSet):
                self.shown[country, message.session] = body
        return [self._encode(message.session, body) for body in bodies] + self._replayed()

    def _keeps_back(self, country: CountryCode, message: object) -> bool:
        """[18, 19] Whether this is never carried: nobody hears what the withheld member spends.

        With a circle, only that circle does, takes part with it, and is believed to witness it: so
        one copy of a disk may be shown to some members, and another to the others.
        """
        circle, withheld = self.circle, self.withheld
        match message:
            case LedgerEntries():
                return message.country == withheld and country not in (circle or ())
            case WitnessAnswer():
                return circle is not None and country == withheld and message.witness not in circle
            case CoordinatorInSession(body=Proposal()):
                return circle is not None and country not in {withheld, *circle}
            case _:
                return False

    def _replayed(self) -> list[bytes]:
        """[20] Now and then an old message, of any session and to anybody."""
        if self.chance.random() < self.share / 10:
            return [self.chance.choice(self._seen)]
        return []

    @staticmethod
    def _encode(session: SessionId, body: CoordinatorBody) -> bytes:
        message = codec.encode_coordinator_message(CoordinatorInSession(session, body))
        return bytes(message.SerializeToString(deterministic=True))

    def word(self, country: CountryCode, shown: SurvivorSet) -> SurvivorSignature:
        """What a colluder signs: whatever it is asked to."""
        return SurvivorSignature(country, self.colluders[country](shown.to_sign()))


def _drop(_liar: Liar, sent: Sent) -> list[CoordinatorBody]:
    """[39] A message is lost."""
    return []


def _repeat(_liar: Liar, sent: Sent) -> list[CoordinatorBody]:
    """[20] A message comes twice."""
    return [sent.body, sent.body]


def _fail_falsely(_liar: Liar, sent: Sent) -> list[CoordinatorBody]:
    """[15] The node is told that the attempt failed, and then goes on being asked."""
    return [Failed("attempt.too_few_survivors", "a lie", frozenset()), sent.body]


def _equivocate(liar: Liar, sent: Sent) -> list[CoordinatorBody]:
    """[22] Another, cheaper header for this node alone."""
    if not isinstance(body := sent.body, Proposal):
        return [body]
    header = replace(body.header, rho=body.header.rho / 2)
    return [Proposal(header, body.question, liar.sign(header.to_sign()))]


def _two_headers(liar: Liar, sent: Sent) -> list[CoordinatorBody]:
    """[20] Two headers for one session."""
    return [*_equivocate(liar, sent), sent.body]


def _shrink_roster(liar: Liar, sent: Sent) -> list[CoordinatorBody]:
    """[24, 25] Somebody is kept out of this node's sight."""
    if not isinstance(body := sent.body, Roster):
        return [body]
    gone = liar.chance.choice(body.countries)
    return [Roster(tuple(one for one in body.acceptances if one.country != gone))]


def _swap_dealings(liar: Liar, sent: Sent) -> list[CoordinatorBody]:
    """[24] A dealing is left out, or comes twice."""
    if not isinstance(body := sent.body, Dealings) or not body.dealings:
        return [body]
    one = liar.chance.randrange(len(body.dealings))
    rest = body.dealings[:one] + body.dealings[one + 1 :]
    return [Dealings(rest if liar.chance.random() < 0.5 else (*body.dealings, body.dealings[one]))]


def _shrink_sharers(liar: Liar, sent: Sent) -> list[CoordinatorBody]:
    """[21, 25] Other sharers for this node than for the rest."""
    if not isinstance(body := sent.body, Sharers):
        return [body]
    gone = liar.chance.choice(sorted(body.countries))
    return [replace(body, opened=tuple(one for one in body.opened if one.country != gone))]


def _shrink_survivors(liar: Liar, sent: Sent) -> list[CoordinatorBody]:
    """[21, 25, 26] Other survivors for this node than for the rest."""
    if not isinstance(body := sent.body, SurvivorSet):
        return [body]
    gone = liar.chance.choice(sorted(body.survivors - {sent.to}) or [sent.to])
    return [replace(body, survivors=body.survivors - {gone})]


def _two_survivor_sets(liar: Liar, sent: Sent) -> list[CoordinatorBody]:
    """[21] One set after the other."""
    other = _shrink_survivors(liar, sent)
    return [sent.body, *other] if liar.chance.random() < 0.5 else [*other, sent.body]


def _ask_at_once(liar: Liar, sent: Sent) -> list[CoordinatorBody]:
    """[21] The shares are asked for with what signatures there are."""
    if not isinstance(body := sent.body, SurvivorSet):
        return [body]
    words = tuple(liar.word(one, body) for one in sorted(liar.colluders) if one in body.survivors)
    return [body, UnmaskRequest(words)]


def _forge_request(liar: Liar, sent: Sent) -> list[CoordinatorBody]:
    """[21] Colluders sign what this node was shown; then everything is asked for again."""
    shown = liar.shown.get((sent.to, sent.session))
    if not isinstance(body := sent.body, UnmaskRequest) or shown is None:
        return [body]
    words = {one.country: one for one in body.signatures}
    words |= {one: liar.word(one, shown) for one in liar.colluders if one in shown.survivors}
    gone = liar.chance.choice(sorted(shown.survivors))
    other = replace(shown, survivors=shown.survivors - {gone})
    request = UnmaskRequest(tuple(words[one] for one in sorted(words)))
    return [request, other, request, body]


LIES: dict[str, Lie] = {
    lie.__name__.removeprefix("_"): lie
    for lie in (
        _drop,
        _repeat,
        _fail_falsely,
        _equivocate,
        _two_headers,
        _shrink_roster,
        _swap_dealings,
        _shrink_sharers,
        _shrink_survivors,
        _two_survivor_sets,
        _ask_at_once,
        _forge_request,
    )
}
