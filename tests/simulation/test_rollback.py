"""Copies of one node under a coordinator that shows each what it likes: no ρ is spent twice.

Real ledgers, books and desks on real files. One member's disk is copied at any moment, copies run
side by side, are killed and come back, and are proposed the same or other attempts; the coordinator
passes messages on to whom it wants, repeats old ones, and c members sign whatever helps. Whatever
all copies debited together stays within the one allowance.
"""

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

from corridor.errors import CorridorError
from corridor.ids import CountryCode, SessionId
from corridor.protocols.charter import Charter
from corridor.protocols.secure_sum.messages import UNSIGNED
from corridor.protocols.witnesses import LedgerEntries, WitnessAnswer
from support.charters import keys_of, make_charter, node_keys, rotated
from support.ledgers import CHARTER, QUESTION, TestClock
from support.witnesses import Copy, carry

THIRD = Fraction(1, 3)
MEMORY = Path("/dev/shm")  # noqa: S108  # thousands of flushes; a folder of our own is made in it
STEPS = 60


def countries(count: int) -> tuple[CountryCode, ...]:
    return tuple(CountryCode(f"A{chr(65 + place)}") for place in range(count))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else tmp_path) as made:
        yield Path(made)


class HostileRegion:
    """The first member's copies, honest witnesses, c colluders, and the coordinator's whims."""

    def __init__(self, folder: Path, charter: Charter, colluders: int, seed: int) -> None:
        self.folder, self.charter, self.chance = folder, charter, Random(seed)
        self.clock = TestClock()
        first, *others = (member.country for member in charter.members)
        self.colluders = others[:colluders]
        self.honest = [
            Copy(folder / one, one, charter, self.clock, seed) for one in others[colluders:]
        ]
        self.copies = [Copy(folder / "0", first, charter, self.clock, seed)]
        self.sent: list[LedgerEntries] = []
        self.answers: list[WitnessAnswer] = []
        self.debited = Fraction(0)
        self.attempts = 0

    def close(self) -> None:
        for copy in [*self.honest, *self.copies]:
            copy.close()

    def run(self) -> None:
        for _ in range(STEPS):
            copy = self.chance.choice(self.copies)
            step = self.chance.choice(
                [self.attempt, self.attempt, self.clone, self.kill, self.ask, self.late]
            )
            with suppress(CorridorError):  # refused: nothing was debited
                step(copy)

    def some(self) -> list[Copy]:
        """Those of the honest members to whom the coordinator passes something on."""
        return [one for one in self.honest if self.chance.random() < 0.6]

    def clone(self, copy: Copy) -> None:
        if len(self.copies) < 5:
            name = str(len(list(self.folder.iterdir())))
            self.copies.append(copy.clone(self.folder / name, name))

    def kill(self, copy: Copy) -> None:
        copy.restart()
        self.ask(copy)

    def ask(self, copy: Copy) -> None:
        question = copy.desk.ask()
        for country in self.colluders:  # they confirm whatever is there
            lie = WitnessAnswer(
                witness=country,
                country=copy.country,
                nonce=question.nonce,
                sequence=question.sequence,
                head=question.head,
                entries=(),
                signature=UNSIGNED,
            )
            signature = node_keys(country).sign(lie.to_sign(self.charter.digest))
            list(copy.desk.on_answer(replace(lie, signature=signature)))
        for old in self.chance.sample(self.answers, min(3, len(self.answers))):
            list(copy.desk.on_answer(old))
        for member in self.some():
            for said in list(member.desk.on_ask(question)):
                if isinstance(said, WitnessAnswer):
                    self.answers.append(said)
                    list(copy.desk.on_answer(said))

    def late(self, copy: Copy) -> None:
        """Whole histories reach whom they had not reached."""
        carry(
            [LedgerEntries(country=copy.country, to=None, entries=(*copy.ledger.entries(),))],
            self.some(),
        )

    def attempt(self, copy: Copy) -> None:
        self.attempts += 1
        # The same attempt is proposed to a copy and to the next one, in the same second.
        session = SessionId((self.attempts // 2).to_bytes(16, "big"))
        copy.desk.demand_witnessed()
        statement = copy.ledger.reserve(
            session, THIRD, question=QUESTION, charter=CHARTER, deadline=2**31
        )
        self.sent += copy.desk.fresh()
        if self.chance.random() < 0.8:
            carry(
                [LedgerEntries(country=copy.country, to=None, entries=(*copy.ledger.entries(),))],
                self.some(),
            )
        words = len(self.colluders) + sum(
            not member.desk.unwitnessed([statement]) for member in self.honest
        )
        if words < self.charter.quorum:
            copy.ledger.release(session)
        elif self.chance.random() < 0.8:  # else it is killed here, or copied
            copy.ledger.debit(session, THIRD)
            self.debited += THIRD


@pytest.mark.parametrize(("members", "colluders"), [(4, 1), (5, 1), (7, 2)])
@pytest.mark.parametrize("seed", range(8))
def test_a18_a19_all_copies_together_spend_one_allowance(
    folder: Path, members: int, colluders: int, seed: int
) -> None:
    charter = make_charter(countries=countries(members), max_colluders=colluders)
    region = HostileRegion(folder, charter, colluders, seed)
    region.run()
    region.close()
    assert region.debited <= 1


def test_with_one_witness_less_they_spend_more(folder: Path) -> None:
    spent = []
    for seed in range(12):
        charter = make_charter(countries=countries(5), max_colluders=1, witness_quorum=2)
        here = folder / str(seed)
        here.mkdir()
        region = HostileRegion(here, charter, 1, seed)
        region.run()
        region.close()
        spent.append(region.debited)
    assert max(spent) > 1


def test_copies_do_get_something_done(folder: Path) -> None:
    spent = Fraction(0)
    for seed in range(8):
        here = folder / str(seed)
        here.mkdir()
        region = HostileRegion(here, make_charter(countries=countries(5)), 1, seed)
        region.run()
        region.close()
        spent += region.debited
    assert spent > 0


LONGER, IN_FORCE_FROM = 70, 20


class RotatingRegion(HostileRegion):
    """The same, while the keys of the copied member are rotated.

    From some step on a charter is in force in which they follow others; members live by it once
    they hear of it, and copies of every age go on under the old key or the new one.
    """

    def __init__(self, folder: Path, charter: Charter, colluders: int, seed: int) -> None:
        super().__init__(folder, charter, colluders, seed)
        me, *others = charter.signing_keys
        # Sometimes a witness rotates as well: its book is the same.
        self.later = rotated(charter, me, *self.chance.sample(others[colluders:], seed % 2))

    def run(self) -> None:
        for number in range(LONGER):
            copy = self.chance.choice(self.copies)
            steps = [self.attempt, self.attempt, self.clone, self.kill, self.ask, self.late]
            if number >= IN_FORCE_FROM:
                steps += [self.goes_over, self.a_member_goes_over, self.a_member_goes_over]
            with suppress(CorridorError):
                self.chance.choice(steps)(copy)

    def goes_over(self, copy: Copy) -> None:
        if copy.charter is not self.later:
            copy.goes_over(self.later, keys_of(self.later.member(copy.country)))

    def a_member_goes_over(self, copy: Copy) -> None:
        self.goes_over(self.chance.choice([one for one in self.honest if one is not copy]))

    def ask(self, copy: Copy) -> None:
        question = copy.desk.ask()
        for country in self.colluders:
            lie = WitnessAnswer(
                witness=country,
                country=copy.country,
                nonce=question.nonce,
                sequence=question.sequence,
                head=question.head,
                entries=(),
                signature=UNSIGNED,
            )
            signature = node_keys(country).sign(lie.to_sign(copy.charter.digest))
            list(copy.desk.on_answer(replace(lie, signature=signature)))
        for member in self.some():
            for said in list(member.desk.on_ask(question)):
                if isinstance(said, WitnessAnswer):
                    with suppress(CorridorError):  # of another charter
                        list(copy.desk.on_answer(said))

    def attempt(self, copy: Copy) -> None:
        self.attempts += 1
        session = SessionId((self.attempts // 2).to_bytes(16, "big"))
        copy.desk.demand_witnessed()
        statement = copy.ledger.reserve(
            session, THIRD, question=QUESTION, charter=CHARTER, deadline=2**31
        )
        if self.chance.random() < 0.8:
            everything = (*copy.ledger.entries(),)
            carry([LedgerEntries(country=copy.country, to=None, entries=everything)], self.some())
        words = len(self.colluders) + sum(
            member.charter is copy.charter and not member.desk.unwitnessed([statement])
            for member in self.honest
        )
        if words < copy.charter.quorum:
            copy.ledger.release(session)
        elif self.chance.random() < 0.8:
            copy.ledger.debit(session, THIRD)
            self.debited += THIRD


@pytest.mark.parametrize(("members", "colluders"), [(4, 1), (5, 1), (7, 2)])
@pytest.mark.parametrize("seed", range(6))
def test_a18_a19_all_copies_under_old_and_new_keys_together_spend_one_allowance(
    folder: Path, members: int, colluders: int, seed: int
) -> None:
    charter = make_charter(countries=countries(members), max_colluders=colluders)
    region = RotatingRegion(folder, charter, colluders, seed)
    region.run()
    region.close()
    assert region.debited <= 1


def test_copies_under_the_new_keys_do_get_something_done(folder: Path) -> None:
    spent_anew = Fraction(0)
    for seed in range(12, 20):  # of these, three in eight
        here = folder / str(seed)
        here.mkdir()
        region = RotatingRegion(here, make_charter(countries=countries(5)), 1, seed)
        region.run()
        for copy in region.copies:
            if copy.charter is region.later:
                own_from = copy.ledger._store._own_from
                spent_anew += sum(
                    row.rho for row in copy.ledger.rows(own_from - 1) if row.kind == "debit"
                )
        region.close()
    assert spent_anew > 0
