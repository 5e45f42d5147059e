"""Chains that cannot be changed unseen, and the rule that holds a ledger to its word."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.errors.ledger import BrokenChainError
from corridor.ids import CountryCode, Digest, Signature
from corridor.protocols.chains import BEGINNING, Entry, contradiction, entry_digest, verify_chain
from corridor.protocols.secure_sum.messages import LedgerStatement
from support.charters import node_keys
from support.signing import verify

KEYS = node_keys(CountryCode("MD"))


def make_chain(length: int, name: str = "ledger") -> list[Entry]:
    chain: list[Entry] = []
    head = BEGINNING
    for number in range(1, length + 1):
        payload = b'{"n":%d}' % number
        digest = entry_digest(name, number, head, payload)
        chain.append(Entry(name, number, head, payload, KEYS.sign(digest)))
        head = digest
    return chain


@given(st.integers(0, 6))
def test_a_chain_gives_its_head(length: int) -> None:
    chain = make_chain(length)
    expected = chain[-1].digest if chain else BEGINNING
    assert verify_chain(chain, "ledger", KEYS.public, verify) == expected


@given(st.integers(0, 4), st.integers(0, 4), st.sampled_from(["swap", "drop", "edit", "unsign"]))
def test_a_changed_chain_is_found(one: int, other: int, change: str) -> None:
    chain = make_chain(6)
    match change:
        case "swap":
            chain[one], chain[other + 1] = chain[other + 1], chain[one]
        case "drop":
            del chain[one]
        case "edit":
            chain[one] = replace(chain[one], payload=b'{"n":0}')
        case _:
            chain[one] = replace(chain[one], signature=Signature(bytes(64)))
    if chain == make_chain(6):
        return  # an entry was exchanged with itself
    with pytest.raises(BrokenChainError):
        verify_chain(chain, "ledger", KEYS.public, verify)


def test_an_edited_entry_that_is_signed_anew_breaks_the_next() -> None:
    chain = make_chain(3)
    payload = b'{"n":0}'
    digest = entry_digest("ledger", 2, chain[0].digest, payload)
    chain[1] = Entry("ledger", 2, chain[0].digest, payload, KEYS.sign(digest))
    with pytest.raises(BrokenChainError, match="entry 3 does not follow"):
        verify_chain(chain, "ledger", KEYS.public, verify)


def test_one_chain_cannot_pass_for_another() -> None:
    forged = [replace(entry, chain="ledger") for entry in make_chain(2, "journal")]
    with pytest.raises(BrokenChainError, match="not signed"):
        verify_chain(forged, "ledger", KEYS.public, verify)


def test_a_chain_of_another_key_is_refused() -> None:
    with pytest.raises(BrokenChainError, match="not signed by this node"):
        verify_chain(make_chain(1), "ledger", node_keys(CountryCode("NE")).public, verify)


def statement(
    sequence: int, spent: Fraction = Fraction(1, 10), head: bytes = b"\1", reserved: int = 0
) -> LedgerStatement:
    return LedgerStatement(
        country=CountryCode("MD"),
        sequence=sequence,
        spent=spent,
        reserved=Fraction(reserved),
        head=Digest(head * 32),
        signature=Signature(bytes(64)),
    )


@pytest.mark.parametrize(
    "later",
    [statement(5), statement(6, head=b"\2"), statement(9, Fraction(2, 10), b"\3", reserved=1)],
    ids=["the-same-again", "released", "spent-more"],
)
def test_a_ledger_that_went_on_does_not_contradict_itself(later: LedgerStatement) -> None:
    assert contradiction(statement(5), later) is None


@pytest.mark.parametrize(
    ("later", "problem"),
    [
        (statement(4), "earlier entry"),
        (statement(5, head=b"\2"), "two contents"),
        (statement(5, Fraction(1, 5)), "two sums"),
        (statement(5, reserved=1), "two sums"),
        (statement(6, Fraction(0), head=b"\2"), "less is spent"),
    ],
    ids=["rollback", "fork", "other-spent", "other-reserved", "refund"],
)
def test_a18_a19_a_ledger_that_went_back_contradicts_itself(
    later: LedgerStatement, problem: str
) -> None:
    found = contradiction(statement(5), later)
    assert found is not None
    assert problem in found
