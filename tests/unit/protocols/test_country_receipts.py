"""Figures of single countries: what the coordinator takes, and what their receipt proves."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from corridor.errors import CorridorError
from corridor.errors.figures import NoCountryAnsweredError
from corridor.errors.receipts import TooFewTrustedError, TrustedMemberError
from corridor.ids import CountryCode, Digest, SessionId, Signature
from corridor.protocols import canonical
from corridor.protocols.cards import Card, Fingerprint, fingerprint
from corridor.protocols.charter import Charter
from corridor.protocols.country_receipts import (
    CountryReceipt,
    is_country_receipt,
    make_country_receipt,
    parse_country_receipt,
    trusted_charter,
    verify_country_receipt,
)
from corridor.protocols.figures import (
    CollectingFigures,
    Figure,
    from_bytes,
    settle,
    to_bytes,
)
from corridor.protocols.receipts import Claim, Compiled, receipt_session
from corridor.protocols.secure_sum.messages import (
    PROTOCOL_VERSION,
    UNSIGNED,
    AttemptParameters,
    NoiseLevel,
    Proposal,
    ProposalHeader,
    Roster,
    Scope,
)
from support.charters import COORDINATOR, make_charter
from support.receipts import PLAN, QUESTION, finish
from support.secure_sum import SUITE, accept, first_countries, signing_keys
from support.signing import verify

COUNTRIES = first_countries(4)
AA, AB, AC, AD = COUNTRIES
NUMBERS = AttemptParameters(
    roster_size=1,
    threshold=1,
    dropouts=0,
    colluders=0,
    min_participants=1,
    cells=3,
    sensitivity_squared=1,
    scale_bits=0,
    levels=(NoiseLevel(0, Fraction(50)),),
    sampler=1,
    ring_bits=64,
)
VECTORS = {
    AA: np.array([5, -7, 2**40], dtype=np.int64),
    AB: np.array([0, 1, 2], dtype=np.int64),
    AC: np.array([9, 9, 9], dtype=np.int64),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Four accepted, three gave figures, one refused afterwards."""

    charter: Charter
    state: CollectingFigures
    receipt: CountryReceipt


def word(state: CollectingFigures, country: CountryCode, vector: npt.NDArray[np.int64]) -> Figure:
    unsigned = Figure(
        roster_hash=state.settled.hash,
        country=country,
        vector_hash=digest_of(vector),
        signature=UNSIGNED,
    )
    return replace(unsigned, signature=signing_keys(country).sign(unsigned.to_sign()))


def digest_of(vector: npt.NDArray[np.int64]) -> Digest:
    return Digest(hashlib.sha256(to_bytes(vector)).digest())


def make_asked(scope: Scope = Scope.PER_COUNTRY) -> Asked:
    charter = make_charter(countries=COUNTRIES)
    header = ProposalHeader(
        protocol=PROTOCOL_VERSION,
        charter=charter.digest,
        session=SessionId(b"session of four!"),
        question=canonical.digest("corridor question", QUESTION),
        plan=PLAN,
        rho=Fraction(1, 100),
        scope=scope,
        suite=charter.suite,
        purpose="",
        organisation="A test",
        accept_by=1000,
        finish_by=2000,
    )
    draw = Random(3).randbytes
    roster = Roster(tuple(accept(header, country, draw)[1] for country in COUNTRIES))
    state = CollectingFigures(settle(header, roster, NUMBERS), charter.signing_keys)
    for country, vector in VECTORS.items():
        state = state.on_figure(word(state, country, vector), digest_of(vector), verify=verify)
    proposal = Proposal(header, QUESTION, COORDINATOR.sign(header.to_sign()))
    receipt = make_country_receipt(
        proposal,
        state.settled,
        state.close(),
        VECTORS,
        COORDINATOR.sign,
        charter=charter,
        refused={AD: "node.evaluation_failed"},
        published_at=1500,
    )
    return Asked(charter, state, receipt)


ASKED = make_asked()


def compile_(proposal: Proposal) -> Compiled:
    question = canonical.digest("corridor question", proposal.question)
    return Compiled(question, PLAN, lambda _: NUMBERS)


def check(raw: bytes, charter: Charter = ASKED.charter) -> tuple[Claim, ...]:
    receipt = parse_country_receipt(raw)
    return verify_country_receipt(receipt, charter, compile_=compile_, verify=verify, suite=SUITE)


# ---------------------------------------------------------------- what the coordinator takes


def test_a_figure_arrives_as_it_was_sent() -> None:
    for vector in VECTORS.values():
        assert (from_bytes(to_bytes(vector)) == vector).all()
    assert ASKED.state.missing == {AD}
    assert list(ASKED.state.close()) == [AA, AB, AC]


def bent_figures() -> dict[str, tuple[Figure, Digest, str]]:
    state, vector = ASKED.state, np.array([1, 2, 3], dtype=np.int64)
    good, spooled = word(state, AD, vector), digest_of(vector)
    again = word(state, AA, vector)
    return {
        "of a stranger": (
            replace(good, country=CountryCode("XX")),
            spooled,
            "secure_sum.unexpected_sender",
        ),
        "of another roster": (
            replace(good, roster_hash=Digest(bytes(32))),
            spooled,
            "secure_sum.other_roster",
        ),
        "of other bytes": (good, Digest(bytes(32)), "secure_sum.other_vector"),
        "signed by another": (
            replace(good, signature=word(state, AC, vector).signature),
            spooled,
            "secure_sum.bad_signature",
        ),
        "a second one": (again, spooled, "secure_sum.repeated_word"),
    }


@pytest.mark.parametrize("name", list(bent_figures()))
def test_a20_a_figure_that_does_not_hold_is_refused_for_its_own_reason(name: str) -> None:
    bent, spooled, code = bent_figures()[name]
    with pytest.raises(CorridorError) as refusal:
        ASKED.state.on_figure(bent, spooled, verify=verify)
    assert refusal.value.code == code


def test_a_repetition_changes_nothing_and_nobody_is_an_answer() -> None:
    first = word(ASKED.state, AA, VECTORS[AA])
    assert ASKED.state.on_figure(first, digest_of(VECTORS[AA]), verify=verify) is ASKED.state
    with pytest.raises(NoCountryAnsweredError) as refusal:
        replace(ASKED.state, heard={}).close()
    assert refusal.value.missing == COUNTRIES
    with pytest.raises(NoCountryAnsweredError):
        settle(ASKED.state.settled.header, Roster(()), NUMBERS)


@pytest.mark.parametrize(
    "numbers",
    [
        replace(NUMBERS, roster_size=2),
        replace(NUMBERS, roster_size=2, colluders=1),
        replace(NUMBERS, dropouts=-1),
    ],
    ids=["of two nodes", "with a colluder", "with nodes to come"],
)
def test_a26_numbers_that_count_on_others_noise_are_none_of_a_figure(
    numbers: AttemptParameters,
) -> None:
    with pytest.raises(ValueError, match="that country alone"):
        settle(ASKED.state.settled.header, ASKED.state.settled.roster, numbers)


# ---------------------------------------------------------------- what the receipt proves


def test_a_receipt_proves_each_countrys_own_figure() -> None:
    raw = ASKED.receipt.encode()
    assert is_country_receipt(raw)
    assert parse_country_receipt(raw) == ASKED.receipt
    claims = check(raw)
    assert [claim.number for claim in claims] == [1, 2, 3, 4, 5, 17, 18]
    assert "AA, AB, AC" in claims[5].text
    assert receipt_session(raw) == SessionId(b"session of four!")


def test_a_receipt_of_a_sum_is_none_of_figures() -> None:
    raw = finish().receipt.encode()
    assert not is_country_receipt(raw)
    assert not is_country_receipt(b"{")
    with pytest.raises(CorridorError) as refusal:
        parse_country_receipt(raw)
    assert refusal.value.code == "receipt.malformed"
    assert receipt_session(raw) == finish().receipt.proposal.header.session


Json = dict[str, Any]


def altered_figure(receipt: Json) -> None:
    receipt["figures"][0]["vector"][0] += 1


def figures_swapped(receipt: Json) -> None:
    one, other = receipt["figures"][:2]
    one["vector"], other["vector"] = other["vector"], one["vector"]


def figure_of_who_did_not_accept(receipt: Json) -> None:
    del receipt["acceptances"][0]


def figure_without_end(receipt: Json) -> None:
    receipt["figures"][0]["vector"][0] = 2**70


def figure_with_a_cell_less(receipt: Json) -> None:
    receipt["figures"][0]["vector"].pop()


def no_figures(receipt: Json) -> None:
    receipt["figures"] = []


def less_noise(receipt: Json) -> None:
    receipt["parameters"]["levels"][0]["variance"] = "1"


def refusal_invented(receipt: Json) -> None:
    receipt["refused"] = [{"country": "AD", "code": "policy.refuses"}]


def figure_left_out(receipt: Json) -> None:
    receipt["figures"].pop()


def cheaper(receipt: Json) -> None:
    receipt["header"]["rho"] = "1/200"


def another_question(receipt: Json) -> None:
    receipt["question"] = "{}"


def figure_twice(receipt: Json) -> None:
    receipt["figures"].append(receipt["figures"][-1])


@pytest.mark.parametrize(
    ("bend", "code"),
    [
        (altered_figure, "receipt.figures"),
        (figures_swapped, "receipt.figures"),
        (figure_of_who_did_not_accept, "receipt.figures"),
        (figure_without_end, "receipt.figures"),
        (figure_with_a_cell_less, "receipt.figures"),
        (no_figures, "receipt.figures"),
        (less_noise, "receipt.parameters"),
        (refusal_invented, "receipt.answer"),
        (figure_left_out, "receipt.answer"),
        (cheaper, "receipt.proposal"),
        (another_question, "receipt.question"),
        (figure_twice, "receipt.malformed"),
    ],
)
def test_a30_a_bent_receipt_of_figures_is_not_proven(
    bend: Callable[[Json], None], code: str
) -> None:
    document = json.loads(ASKED.receipt.encode())
    bend(document)
    with pytest.raises(CorridorError) as refusal:
        check(canonical.encode(document))
    assert refusal.value.code == code


def test_a22_a_proposal_of_a_sum_yields_no_receipt_of_figures() -> None:
    """Nodes give no figure for it, so whoever shows one has invented it."""
    with pytest.raises(CorridorError) as refusal:
        check(make_asked(Scope.REGIONAL).receipt.encode())
    assert refusal.value.code == "receipt.proposal"


def test_the_coordinator_cannot_sign_for_a_country() -> None:
    (first, *rest) = ASKED.receipt.figures
    forged = replace(first, vector=(1, 1, 1), signature=Signature(bytes(64)))
    unsigned = replace(ASKED.receipt, figures=(forged, *rest))
    receipt = replace(unsigned, signature=COORDINATOR.sign(unsigned.to_sign()))
    with pytest.raises(CorridorError) as refusal:
        check(receipt.encode())
    assert refusal.value.code == "receipt.figures"


# ---------------------------------------------------------------- without a charter


def marks(*countries: CountryCode) -> dict[CountryCode, Fingerprint]:
    members = {one.country: one for one in ASKED.charter.members}
    return {country: fingerprint(Card.of(members[country])) for country in countries}


def test_more_countries_than_may_collude_vouch_for_the_charter() -> None:
    charter, known, needed = trusted_charter(ASKED.receipt, marks(AA, AC, AD))
    assert (charter, known, needed) == (ASKED.charter, frozenset({AA, AC}), 2)
    with pytest.raises(TooFewTrustedError, match="AB, AC"):
        trusted_charter(ASKED.receipt, marks(AA, AD))  # AD gave no figure


def test_who_alone_gave_a_figure_vouches_for_it_alone() -> None:
    alone = replace(ASKED.receipt, figures=ASKED.receipt.figures[:1])
    assert trusted_charter(alone, marks(AA))[2] == 1
    with pytest.raises(TooFewTrustedError):
        trusted_charter(alone, marks(AB))
    with pytest.raises(TrustedMemberError):
        trusted_charter(alone, {AA: marks(AB)[AB]})
