"""Two words of one party convict it before everybody, or nobody."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from corridor.errors.ledger import ProvesNothingError
from corridor.protocols.contradictions import (
    COORDINATOR,
    LONGEST_WORD,
    Contradiction,
    checkpoint_document,
    parse_line,
    verify_contradiction,
)
from corridor.protocols.notes import cosign, parse_note
from support.charters import COORDINATOR as COORDINATOR_KEYS
from support.charters import make_charter, node_keys
from support.contradictions import (
    CHARTER,
    MD,
    UA,
    checkpoint,
    convicting,
    entry,
    forged,
    ledger,
    line_of,
)
from support.signing import KeyPair, verify

ATTACKS = sorted(Path(__file__).parents[2].glob("vectors/contradictions/negative_*.json"))


@pytest.mark.parametrize("kind", convicting())
def test_a31_two_words_of_one_party_convict_it_in_either_order(kind: str) -> None:
    claim = convicting()[kind]
    found = verify_contradiction(claim, CHARTER, verify)
    assert found.accused in {UA, COORDINATOR}
    assert found.is_of_tree == (kind == "two lists of one length")
    other = replace(claim, held=claim.shown, shown=claim.held)
    assert verify_contradiction(other, CHARTER, verify).digest == found.digest
    assert parse_line(line_of(claim)) == claim


def test_each_contradiction_has_a_digest_of_its_own() -> None:
    found = {verify_contradiction(one, CHARTER, verify).digest for one in convicting().values()}
    assert len(found) == len(convicting())


@pytest.mark.parametrize("path", ATTACKS, ids=lambda path: path.stem)
def test_a29_what_convicts_nobody_is_refused_for_its_own_reason(path: Path) -> None:
    vector = json.loads(path.read_text())
    with pytest.raises(ProvesNothingError, match=vector["because"]) as refusal:
        verify_contradiction(parse_line(vector["line"].encode()), CHARTER, verify)
    assert refusal.value.code == vector["refused_with"]


def test_the_vectors_are_those_that_are_made() -> None:
    assert {path.stem.removeprefix("negative_") for path in ATTACKS} == forged().keys()
    for name, (_, claim, _) in forged().items():
        path = next(path for path in ATTACKS if path.stem == f"negative_{name}")
        assert json.loads(path.read_text())["line"].encode() == line_of(claim)


def test_nobody_is_convicted_by_a_key_that_the_charter_does_not_have() -> None:
    other = make_charter(coordinator_key=KeyPair("another").public)
    for claim in convicting().values():
        if claim.accused == COORDINATOR:
            with pytest.raises(ProvesNothingError):
                verify_contradiction(claim, other, verify)


def test_a_word_that_is_too_long_is_not_read() -> None:
    claim = ledger(entry(spent=1), entry(spent=2))
    long = replace(claim, shown=claim.shown + b" " * LONGEST_WORD)
    with pytest.raises(ProvesNothingError, match="longer"):
        verify_contradiction(long, CHARTER, verify)


def test_cosignatures_make_no_other_contradiction() -> None:
    """And a forged one takes nothing from it: only the coordinator's signature counts."""
    held, shown = parse_note(checkpoint(1)), checkpoint(2)
    line = cosign(held.text, 7, node_keys(UA).sign).line(
        f"{held.text.split(chr(10))[0]}/{MD}", node_keys(MD).public
    )
    more = Contradiction(COORDINATOR, held.adding(line).encode(), shown)
    bare = Contradiction(COORDINATOR, held.encode(), shown)
    found = [verify_contradiction(one, CHARTER, verify).digest for one in (more, bare)]
    assert found[0] == found[1]
    assert checkpoint_document(held.adding(line), COORDINATOR_KEYS.public) == held.encode()


@pytest.mark.parametrize(
    "lie",
    [
        b"",
        b"{}",
        b"no JSON",
        line_of(ledger(entry(spent=1), entry(spent=2)))[:-1],
        line_of(ledger(entry(spent=1), entry(spent=2))).replace(b'"UA"', b'"Ukraine"'),
        line_of(ledger(entry(spent=1), entry(spent=2))).replace(b'"problem"', b'"cause"'),
    ],
)
def test_a_line_that_is_none_is_refused(lie: bytes) -> None:
    with pytest.raises(ProvesNothingError):
        parse_line(lie)
