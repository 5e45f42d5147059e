"""Words that contradict each other, honestly signed by whoever said both, and forgeries of them.

    PYTHONPATH=tests python -m support.contradictions

writes the negative vectors of `tests/vectors/contradictions` anew. Read the difference.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from corridor.ids import CountryCode, Digest
from corridor.protocols import canonical
from corridor.protocols.chains import BEGINNING, Entry
from corridor.protocols.charter import SignedCharter, proposal_to_sign
from corridor.protocols.contradictions import (
    COORDINATOR,
    THE_COORDINATOR,
    Contradiction,
    charter_document,
    checkpoint_document,
    encode_line,
    entry_document,
    proposal_document,
    statement_document,
)
from corridor.protocols.notes import Checkpoint, sign_checkpoint
from corridor.protocols.release_tree import origin_of
from corridor.protocols.secure_sum.messages import UNSIGNED, LedgerStatement, Proposal
from corridor.protocols.witnesses import LEDGER
from support.charters import COORDINATOR as COORDINATOR_KEYS
from support.charters import make_charter, node_keys
from support.secure_sum import make_header
from support.signing import KeyPair

FOLDER = Path(__file__).parents[1] / "vectors" / "contradictions"
CHARTER = make_charter()
MD, NE, UA = CHARTER.signing_keys
STRANGER = CountryCode("BG")


def entry(
    number: int = 1,
    previous: Digest = BEGINNING,
    spent: int = 0,
    *,
    keys: KeyPair | None = None,
    chain: str = LEDGER,
) -> Entry:
    """An entry of UA's ledger."""
    payload = canonical.encode({"kind": "debited", "reserved": "0", "spent": str(spent)})
    unsigned = Entry(chain, number, previous, payload, UNSIGNED)
    return replace(unsigned, signature=(keys or node_keys(UA)).sign(unsigned.digest))


def statement(of: Entry, spent: int = 0, country: CountryCode = UA) -> LedgerStatement:
    """What UA says of its ledger whose last entry is this one."""
    unsigned = LedgerStatement(
        country=country,
        sequence=of.number,
        spent=Fraction(spent),
        reserved=Fraction(0),
        head=of.digest,
        signature=UNSIGNED,
    )
    return replace(unsigned, signature=node_keys(UA).sign(unsigned.to_sign()))


def proposal(purpose: str, *, session: int = 0, keys: KeyPair = COORDINATOR_KEYS) -> bytes:
    """A proposal that the coordinator signed."""
    header = replace(make_header(bytes([session]) * 16), purpose=purpose)
    return proposal_document(Proposal(header, b"{}", keys.sign(header.to_sign())))


def charter(days: int, version: int = 1, keys: KeyPair = COORDINATOR_KEYS) -> bytes:
    """A charter that the coordinator proposed."""
    previous = None if version == 1 else CHARTER.digest
    made = make_charter(retention_days=days, version=version, previous=previous)
    return charter_document(SignedCharter(made, keys.sign(proposal_to_sign(made)), ()))


def checkpoint(root: int, size: int = 2, keys: KeyPair = COORDINATOR_KEYS) -> bytes:
    """A list of releases that the coordinator signed."""
    tree = Checkpoint(origin_of(COORDINATOR_KEYS.public), size, Digest(bytes([root]) * 32))
    note = sign_checkpoint(tree, COORDINATOR_KEYS.public, keys.sign)
    return checkpoint_document(note, COORDINATOR_KEYS.public)


def convicting() -> Mapping[str, Contradiction]:
    """One of every kind that convicts."""
    one, other = entry(spent=1), entry(spent=2)
    return {
        "two entries of one number": ledger(one, other),
        "an entry that follows another": ledger(one, entry(2, other.digest, 3)),
        "an entry and another head": ledger(one, statement(other, 2)),
        "an entry and other sums": ledger(one, statement(one, 2)),
        "two statements": ledger(statement(one, 1), statement(other, 2)),
        "two proposals of one session": Contradiction(COORDINATOR, proposal("a"), proposal("b")),
        "two charters of one version": Contradiction(COORDINATOR, charter(8), charter(9)),
        "two lists of one length": Contradiction(COORDINATOR, checkpoint(1), checkpoint(2)),
    }


def ledger(
    held: Entry | LedgerStatement,
    shown: Entry | LedgerStatement,
    accused: CountryCode = UA,
) -> Contradiction:
    """Two words about one ledger."""
    return Contradiction(
        accused,
        *(
            entry_document(one) if isinstance(one, Entry) else statement_document(one)
            for one in (held, shown)
        ),
    )


def line_of(claim: Contradiction) -> bytes:
    """As a file of evidence has it."""
    whose = claim.accused or THE_COORDINATOR
    return encode_line(whose, "a problem", claim.held.decode(), claim.shown.decode())


def forged() -> Mapping[str, tuple[str, Contradiction, str]]:
    """By file name: who lies and why, the claim, and why it convicts nobody."""
    thief, one, other = KeyPair("thief"), entry(spent=1), entry(spent=2)
    stolen = replace(other, signature=one.signature)
    return {
        "entry_signed_by_another": (
            "A member invents a second entry of another's ledger.",
            ledger(one, entry(spent=2, keys=thief)),
            "no word of UA",
        ),
        "signature_moved": (
            "The signature of the true entry is put under an invented one.",
            ledger(one, stolen),
            "no word of UA",
        ),
        "another_members_words": (
            "Two true words of UA are shown as NE's.",
            ledger(one, other, NE),
            "no word of NE",
        ),
        "statement_of_another_country": (
            "UA's key signed a statement that names NE: it is no word about UA's ledger.",
            ledger(one, statement(other, 2, NE)),
            "no word of UA",
        ),
        "stranger": (
            "Somebody who is in no charter is accused.",
            ledger(one, other, STRANGER),
            "no member",
        ),
        "journal_for_ledger": (
            "An entry of the journal, signed by the same key, is shown as one of the ledger.",
            ledger(one, entry(spent=2, chain="journal")),
            "no word of UA",
        ),
        "one_word_twice": (
            "One true entry is shown as two.",
            ledger(one, one),
            "say the same",
        ),
        "ledger_that_went_on": (
            "Two entries of one honest ledger are shown as its fork.",
            ledger(one, entry(2, one.digest, 1)),
            "can be true",
        ),
        "ledger_with_a_gap": (
            "Two entries that are far apart prove nothing of what is between.",
            ledger(one, entry(3, other.digest, 2)),
            "can be true",
        ),
        "proposal_signed_by_another": (
            "A member invents a second proposal of the coordinator.",
            Contradiction(COORDINATOR, proposal("a"), proposal("b", keys=thief)),
            "not the coordinator's",
        ),
        "proposals_of_two_sessions": (
            "Two honest proposals are shown as two of one session.",
            Contradiction(COORDINATOR, proposal("a"), proposal("b", session=1)),
            "different things",
        ),
        "charters_of_two_versions": (
            "A charter and its successor are shown as two of one version.",
            Contradiction(COORDINATOR, charter(8), charter(9, 2)),
            "different things",
        ),
        "lists_of_two_lengths": (
            "A list and a longer one, which may well begin with it, are shown as a split view.",
            Contradiction(COORDINATOR, checkpoint(1), checkpoint(2, 3)),
            "may well be one",
        ),
        "list_signed_by_another": (
            "A member invents a second list of releases, to stop the others' cosigning.",
            Contradiction(COORDINATOR, checkpoint(1), checkpoint(2, keys=thief)),
            "the coordinator",
        ),
        "proposal_and_list": (
            "Two true words of different kinds are put side by side.",
            Contradiction(COORDINATOR, checkpoint(1), proposal("a")),
            "signature lines",
        ),
        "members_words_as_the_coordinators": (
            "A fork of UA's ledger is shown as the coordinator's.",
            ledger(one, other, COORDINATOR),
            "word",
        ),
    }


def write() -> None:
    """Write the vectors."""
    FOLDER.mkdir(exist_ok=True)
    for name, (attack, claim, because) in forged().items():
        value = {
            "attack": attack,
            "line": line_of(claim).decode(),
            "refused_with": "evidence.proves_nothing",
            "because": because,
        }
        path = FOLDER / f"negative_{name}.json"
        path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    write()
