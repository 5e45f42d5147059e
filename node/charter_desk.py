"""Decides which charter this node lives by.

    offered → accepted (signed here, kept in charter-accepted.json) → in force (charter.json)

The coordinator delivers all keys, so its word proves nothing (ATTACKS 24). A charter is signed
here only when the operator confirmed the fingerprint of *every* member from outside the
coordinator (for it, or for the one signed before where that member stands in both with the same
keys and the same past: `confirmed_before`), this node's own keys stand in it, and it follows the
one accepted before, directly or through proposals that came to nothing here: they may have been
replaced before anybody signed them, or have left this node out for a while. It is in force here
when every listed member's signature was verified, and not before.

A signing key that was ever one country's in a charter in force here is never another's
(`node.key_holders`).

While this node rotates its keys, it has two sets of them (`node.rotation`): a charter may list
either, and is signed with those that it lists.

The versions before it are remembered until so many of their members have confirmed this node's
ledger that none of their quorums can know more of it (`before`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from corridor.errors.charter import UnconfirmedMemberError
from corridor.errors.node import (
    NotMyKeyError,
    NotTheAcceptedCharterError,
    OtherCoordinatorError,
    WrongFingerprintError,
)
from corridor.files import make_private_folder, write_atomically
from corridor.ids import CountryCode, Digest, PublicKey
from corridor.node.home import Home
from corridor.node.key_holders import holders_in, read_holders, remember_holders
from corridor.protocols.cards import Card, Fingerprint, fingerprint, fingerprint_text
from corridor.protocols.charter import (
    Charter,
    CharterSignature,
    Member,
    SignedCharter,
    parse_charter,
    parse_signed_charter,
    signature_to_sign,
    verify_history,
    verify_keys_go_on,
    verify_keys_stay,
)
from corridor.protocols.successions import Succession
from corridor.protocols.suite import Sign, Verify


@dataclass(frozen=True, slots=True)
class Own:
    """What a charter has to say of this node's keys: the card, and how it came to it."""

    card: Card
    successions: tuple[Succession, ...] = ()

    @property
    def origin(self) -> PublicKey:
        """The first signing key that this node had."""
        return self.successions[0].former if self.successions else self.card.signing_key

    def is_listed_in(self, charter: Charter) -> bool:
        """Whether the charter lists these keys, with exactly this past."""
        member = next((m for m in charter.members if m.country == self.card.country), None)
        return member is not None and (
            (member.signing_key, member.encryption_key, member.successions)
            == (self.card.signing_key, self.card.encryption_key, self.successions)
        )


class CharterDesk:
    """The charters of one home. Reads the files anew each time: two processes may use them."""

    def __init__(
        self,
        home: Home,
        me: Card,
        coordinator_key: PublicKey | None,
        verify: Verify,
        *,
        successions: tuple[Succession, ...] = (),
        following: Own | None = None,
    ) -> None:
        # `following`: the keys that this node will have, while it rotates them.
        self._home = home
        self._me = me
        now = Own(me, successions)
        self._own = (now,) if following is None else (now, following)
        self._coordinator_key = coordinator_key
        self._verify = verify

    def in_force(self) -> SignedCharter | None:
        """The charter in force here, verified again; None before the first.

        Raises:
            CorridorError: the file was changed; nothing may be answered then.
        """
        if not self._home.charter.exists():
            return None
        signed = parse_signed_charter(self._home.charter.read_bytes())
        self._check_mine(signed.charter)
        signed.verify_in_force(self._verify)
        return signed

    def accepted(self) -> Charter | None:
        """The charter that this node signed last, whether or not it is in force yet."""
        if not self._home.charter_accepted.exists():
            # Without its file, the charter in force still stands in the way of a rollback.
            in_force = self.in_force()
            return None if in_force is None else in_force.charter
        return parse_signed_charter(self._home.charter_accepted.read_bytes()).charter

    def confirmed_before(self) -> Mapping[CountryCode, Member]:
        """The other members whose keys this node's people confirmed for the charter signed last.

        Signing a charter takes the word of all of them, so this node's own signature under one is
        the record of it. Without that signature, verified anew, nobody is confirmed: a file that
        somebody put there is no operator's word.
        """
        path = self._home.charter_accepted
        signed = parse_signed_charter(path.read_bytes()) if path.exists() else self.in_force()
        if signed is None:
            return {}
        me, charter = self._me.country, signed.charter
        text = signature_to_sign(charter, me)
        mine = [one.signature for one in signed.signatures if one.country == me]
        keys = [own.card.signing_key for own in self._own if own.is_listed_in(charter)]
        if not any(self._verify(key, text, one) for key in keys for one in mine):
            return {}
        return {one.country: one for one in charter.members if one.country != me}

    def accept(
        self,
        offered: SignedCharter,
        trusted: Mapping[CountryCode, Fingerprint],
        sign: Sign,
        between: Sequence[SignedCharter] = (),
    ) -> CharterSignature:
        """Sign `offered`, having checked it; it is kept before the signature is given out.

        `between` is as in `check_offer`.

        Raises:
            UnconfirmedMemberError, WrongFingerprintError: a member's key is not confirmed.
            NotMyKeyError: this node's own keys do not stand in it.
            CorridorError: forged, or no successor of the one accepted. Nothing was signed.
        """
        self.check_offer(offered, between)
        self._check_confirmed(offered.charter, trusted)
        word = CharterSignature(
            self._me.country, sign(signature_to_sign(offered.charter, self._me.country))
        )
        self._add_before(offered.charter, between)
        write_atomically(self._home.charter_accepted, offered.with_signature(word).encode())
        return word

    def before(self, charter: Charter) -> tuple[Charter, ...]:
        """Versions before `charter` under which this node's ledger may have been spent from.

        Those of whose members not enough have confirmed it under a later one (`hand_over`). They
        are kept from the signature on: whoever puts back a backup has to sign again, too.
        """
        found = sorted(self._home.charters_before.glob("*.json"))
        kept = (parse_charter(path.read_bytes(), path.name) for path in found)
        return tuple(one for one in kept if one.version < charter.version)

    def handed_over(self, charter: Charter) -> None:
        """Those before `charter` are done with."""
        for one in self.before(charter):
            self._file_of(one).unlink(missing_ok=True)

    def _add_before(self, offered: Charter, between: Sequence[SignedCharter]) -> None:
        accepted = self.accepted()
        for one in (*(() if accepted is None else (accepted,)), *(one.charter for one in between)):
            if one != offered and one.origins.get(self._me.country) == self._own[0].origin:
                make_private_folder(self._home.charters_before)
                write_atomically(self._file_of(one), one.encode())

    def _file_of(self, charter: Charter) -> Path:
        return self._home.charters_before / f"{charter.digest.hex()}.json"

    def check_offer(self, offered: SignedCharter, between: Sequence[SignedCharter] = ()) -> None:
        """Everything about an offer that needs no operator.

        Args:
            offered: the charter, signed by the coordinator.
            between: the versions proposed after the one accepted here and before `offered`.

        Raises:
            NotMyKeyError, CorridorError: as `accept`.
        """
        for proposed in (*between, offered):
            proposed.verify_proposal(self._verify)
        self._check_mine(offered.charter)
        in_force = self.in_force()
        verify_keys_go_on(None if in_force is None else in_force.charter, offered.charter)
        known = {} if in_force is None else holders_in(in_force.charter)
        verify_keys_stay({**known, **read_holders(self._home)}, offered.charter)
        verify_history(self.accepted(), [one.charter for one in between], offered.charter)

    def confirm(self, document: bytes) -> SignedCharter:
        """Take the accepted charter into force, with everybody's signatures.

        Raises:
            CorridorError: it is another than the accepted one, or a signature is missing or
                forged. The charter in force until now stays.
        """
        signed = parse_signed_charter(document)
        accepted = self.accepted()
        if accepted is None or signed.charter.digest != accepted.digest:
            raise NotTheAcceptedCharterError
        signed.verify_in_force(self._verify)
        before = self.in_force()
        for one in (signed,) if before is None else (before, signed):
            remember_holders(self._home, one.charter)
        write_atomically(self._home.charter, signed.encode())
        return signed

    def accepted_digest(self) -> Digest | None:
        """The hash of what `accepted` gives."""
        accepted = self.accepted()
        return None if accepted is None else accepted.digest

    def _check_mine(self, charter: Charter) -> None:
        # With exactly its past: without it, the others would begin another ledger for this node.
        if not any(own.is_listed_in(charter) for own in self._own):
            raise NotMyKeyError(self._me.country)
        if charter.coordinator_key != self._coordinator_key:  # None: not enrolled, trusts nobody
            raise OtherCoordinatorError

    def _check_confirmed(
        self, charter: Charter, trusted: Mapping[CountryCode, Fingerprint]
    ) -> None:
        others = [one for one in charter.members if one.country != self._me.country]
        for member in others:
            given = trusted.get(member.country)
            if given is not None and given != fingerprint(Card.of(member)):
                raise WrongFingerprintError(member.country, fingerprint_text(given))
        before = self.confirmed_before()
        missing = [
            one.country
            for one in others
            if one.country not in trusted and before.get(one.country) != one
        ]
        if missing:
            raise UnconfirmedMemberError(
                f"the keys of {', '.join(missing)} are not confirmed; nothing was signed. The "
                "coordinator delivers all keys, so ask each of these authorities by phone for its "
                "fingerprint (`corridor node card` shows it there) and repeat with --trust "
                "CC=FINGERPRINT."
            )
