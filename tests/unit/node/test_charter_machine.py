"""A node's charters, while the coordinator offers whatever it likes: back, aside, ahead, mixed up.

The desk, its files and the book of the coordinator's words are those that serve. The coordinator
has its own key and no member's; a member's signature is had for the charter that it was given for.
Between any two steps the process may end, and the file of the accepted charter be lost.
"""

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from corridor.ids import CountryCode, Digest, PublicKey, Signature
from corridor.node.app import charters
from corridor.node.charter_desk import CharterDesk
from corridor.node.home import Enrolment, Home, NodeSettings, create_home, write_enrolment
from corridor.protocols.cards import Card, Fingerprint, fingerprint
from corridor.protocols.charter import (
    Charter,
    CharterSignature,
    SignedCharter,
    proposal_to_sign,
    signature_to_sign,
)
from support.charters import COORDINATOR, COUNTRIES, make_charter, node_keys
from support.machines import depth, perhaps_refused
from support.signing import KeyPair, verify

MD, NE, UA = COUNTRIES
ME = Card.of(make_charter().member(MD))
THIEF = KeyPair("thief")
CONFIRMED = {one.country: fingerprint(Card.of(one)) for one in make_charter().members}

LIES: dict[str, dict[str, Any]] = {
    "another region": {"region": "Another region"},
    "another coordinator": {"coordinator_key": THIEF.public},
    "another past": {"previous": Digest(bytes(32))},
    "without this node": {"without": MD},
    "a key of the thief's": {"substituted": NE},
    "this node's key": {"substituted": MD},
}


def charter_of(**changes: Any) -> Charter:
    """A charter of the region, with a lie of `LIES` in it."""
    without, substituted = changes.pop("without", None), changes.pop("substituted", None)
    members = tuple(
        replace(one, signing_key=THIEF.public) if one.country == substituted else one
        for one in make_charter().members
        if one.country != without
    )
    if without is not None:
        members = make_charter(countries=(NE, CountryCode("RO"), UA)).members
    return make_charter(members=members, **changes)


def offer(charter: Charter) -> SignedCharter:
    key = THIEF if charter.coordinator_key == THIEF.public else COORDINATOR
    return SignedCharter(charter, key.sign(proposal_to_sign(charter)), ())


def signature(country: CountryCode, charter: Charter) -> CharterSignature:
    return CharterSignature(country, node_keys(country).sign(signature_to_sign(charter, country)))


class CharterMachine(RuleBasedStateMachine):
    """Versions never go back, and of each this node signs one, whatever it is offered."""

    @initialize(versions=st.integers(0, 3), in_force=st.booleans())
    def a_home(self, versions: int, in_force: bool) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.home = Home(Path(self.folder.name) / "MD")
        create_home(self.home, NodeSettings(MD, "Authority of MD"))
        write_enrolment(
            self.home,
            Enrolment(
                region="Test region",
                grpc="127.0.0.1:1",
                web="https://127.0.0.1:1",
                coordinator_key=PublicKey(COORDINATOR.public),
                authority="00",
            ),
        )
        self.desk = self.started()
        self.chain = [charter_of()]  # what an honest coordinator proposed, version by version
        self.heard: dict[int, Digest] = {}  # the first word of the coordinator on each version
        self.signed: dict[int, set[Digest]] = defaultdict(set)
        self.in_force = 0
        for days in range(versions):
            self.accepts_what_was_proposed_last()
            if in_force:
                self.everybody_signs()
            self.proposes_the_next_version(days + 1)

    def started(self) -> CharterDesk:
        return CharterDesk(self.home, ME, COORDINATOR.public, verify)

    def hear(
        self,
        offered: SignedCharter,
        between: Sequence[SignedCharter] = (),
        confirmed: dict[CountryCode, Fingerprint] | None = None,
    ) -> None:
        """What `corridor node accept` does with an offer."""
        for proposed in (*between, offered):
            charters._hold_to_offer(self.home, proposed)
            charter = proposed.charter
            if charter.coordinator_key == COORDINATOR.public:
                self.heard.setdefault(charter.version, charter.digest)
                assert self.heard[charter.version] == charter.digest
        trusted = CONFIRMED if confirmed is None else confirmed
        word = self.desk.accept(offered, trusted, node_keys(MD).sign, between)
        charter = offered.charter
        assert verify(node_keys(MD).public, signature_to_sign(charter, MD), word.signature)
        self.signed[charter.version].add(charter.digest)

    def files(self) -> tuple[bytes | None, ...]:
        both = (self.home.charter, self.home.charter_accepted)
        return tuple(one.read_bytes() if one.exists() else None for one in both)

    def must_refuse(
        self,
        offered: SignedCharter,
        between: Sequence[SignedCharter] = (),
        confirmed: dict[CountryCode, Fingerprint] | None = None,
    ) -> None:
        before = self.files()
        with perhaps_refused() as refusal:
            self.hear(offered, between, confirmed)
        assert refusal.code is not None
        assert self.files() == before

    @property
    def version(self) -> int:
        accepted = self.desk.accepted()
        return 0 if accepted is None else accepted.version

    # ------------------------------------------------------------ honest steps

    @precondition(lambda self: len(self.chain) < 6)
    @rule(days=st.integers(1, 9))
    def proposes_the_next_version(self, days: int) -> None:
        last = self.chain[-1]
        self.chain.append(
            charter_of(version=last.version + 1, previous=last.digest, retention_days=days)
        )

    @rule()
    def accepts_what_was_proposed_last(self) -> None:
        """However it was lied to, a node can follow the one history that it was shown."""
        *between, last = map(offer, self.chain[max(self.version - 1, 0) :])
        between = [one for one in between if one.charter.version > self.version]
        between = between if self.version else []
        lied = [
            one.charter
            for one in (*between, last)
            if self.heard.get(one.charter.version, one.charter.digest) != one.charter.digest
        ]
        if lied:  # of a version that it lied about, nothing is accepted any more
            with perhaps_refused() as refusal:
                self.hear(last, between)
            assert refusal.code == "coordinator.equivocated"
        else:
            self.hear(last, between)
            assert self.desk.accepted() == self.chain[-1]

    @precondition(lambda self: self.version)
    @rule()
    def everybody_signs(self) -> None:
        accepted = self.chain[self.version - 1]
        whole = offer(accepted)
        for country in COUNTRIES:
            whole = whole.with_signature(signature(country, accepted))
        self.desk.confirm(whole.encode())
        self.in_force = accepted.version

    @rule()
    def the_process_ends(self) -> None:
        self.desk = self.started()

    @precondition(lambda self: self.version)
    @rule()
    def the_accepted_file_is_lost(self) -> None:
        self.home.charter_accepted.unlink(missing_ok=True)

    # ------------------------------------------------------------ hostile steps

    @precondition(lambda self: self.version > 1)
    @rule(back=st.integers(1, 5))
    def offers_an_old_version(self, back: int) -> None:
        self.must_refuse(offer(self.chain[max(self.version - 1 - back, 0)]))

    @precondition(lambda self: self.version)
    @rule(ahead=st.integers(0, 2), lie=st.sampled_from(sorted(LIES)))
    def offers_a_lie(self, ahead: int, lie: str) -> None:
        accepted = self.chain[self.version - 1]
        fields = {"previous": accepted.digest, "version": accepted.version + ahead, **LIES[lie]}
        if fields["version"] == 1:
            fields["previous"] = None
            if lie == "another past":
                return
        self.must_refuse(offer(charter_of(retention_days=77, **fields)))

    @precondition(lambda self: self.heard)
    @rule(version=st.integers(1, 6))
    def offers_another_of_a_version_that_was_shown(self, version: int) -> None:
        """Also where the file of the accepted charter was lost, and the way back seems open."""
        known = [one for one in self.heard if one <= len(self.chain)]
        if not known:
            return
        version = max(one for one in known if one <= max(version, min(known)))
        before = self.chain[: version - 1]
        previous = before[-1].digest if before else None
        other = charter_of(version=version, previous=previous, retention_days=99)
        between = [offer(one) for one in self.chain[self.version : version - 1]]
        self.must_refuse(offer(other), between)

    @precondition(lambda self: self.version and len(self.chain) > self.version + 1)
    @rule()
    def leaves_a_gap(self) -> None:
        self.must_refuse(offer(self.chain[-1]))
        middle = [offer(one) for one in self.chain[self.version : -1]]
        self.must_refuse(offer(self.chain[-1]), middle[1:])

    @rule(missing=st.sampled_from([NE, UA]), wrong=st.booleans())
    def the_operator_confirmed_too_little(self, missing: CountryCode, wrong: bool) -> None:
        if self.version and not wrong:
            return  # confirmed for that version already, and every member is the same
        confirmed = dict(CONFIRMED)
        confirmed.pop(missing)
        if wrong:
            confirmed[missing] = CONFIRMED[MD]
        between = [offer(one) for one in self.chain[self.version : -1]] if self.version else []
        self.must_refuse(offer(self.chain[-1]), between, confirmed)

    @rule()
    def forges_a_proposal(self) -> None:
        self.must_refuse(replace(offer(self.chain[-1]), proposal=Signature(bytes(64))))

    @rule(
        document=st.integers(0, 3),
        of=st.none() | st.tuples(*[st.integers(0, 5)] * 3),
        silent=st.just(set()) | st.sets(st.sampled_from(COUNTRIES)),
        thief=st.booleans(),
    )
    def mixes_documents_and_signatures(
        self, document: int, of: tuple[int, ...] | None, silent: set[CountryCode], thief: bool
    ) -> None:
        """A document of one version with signatures given for others, or by somebody else."""
        charter = self.chain[document % len(self.chain)]
        whole = offer(charter)
        honest = charter.version == self.version and not silent and not thief
        for country, number in zip(COUNTRIES, of or [document] * 3, strict=True):
            given = self.chain[number % len(self.chain)]
            word = signature(country, given)
            if thief and country == UA:
                word = replace(word, signature=THIEF.sign(signature_to_sign(charter, UA)))
            honest = honest and given == charter
            if country not in silent:
                whole = whole.with_signature(word)
        before = self.files()
        with perhaps_refused() as refusal:
            self.desk.confirm(whole.encode())
            self.in_force = charter.version
        assert (refusal.code is None) == honest
        if refusal.code is not None:
            assert self.files() == before

    # ------------------------------------------------------------ what holds after each step

    @invariant()
    def a31_what_is_in_force_never_goes_back(self) -> None:
        in_force = self.desk.in_force()
        assert (0 if in_force is None else in_force.charter.version) == self.in_force
        assert in_force is None or in_force.charter == self.chain[self.in_force - 1]
        assert self.version >= self.in_force

    @invariant()
    def a31_of_each_version_one_charter_is_signed_and_only_the_history_that_was_shown(self) -> None:
        for version, signed in self.signed.items():
            assert signed == {self.chain[version - 1].digest}

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            self.accepts_what_was_proposed_last()
            if self.version:
                self.everybody_signs()
            self.a31_what_is_in_force_never_goes_back()
            self.folder.cleanup()


CharterMachine.TestCase.settings = depth(25, 20)
TestCharterMachine = CharterMachine.TestCase
