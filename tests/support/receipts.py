"""A finished attempt with its receipts, and the vectors in `tests/vectors/receipts` made from it.

`python tests/support/receipts.py` (with `tests` on the path) writes the vectors anew: one receipt
that proves everything, and receipts bent as a liar would bend them, each named by its attack.
"""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from corridor.ids import CountryCode, Digest, SessionId
from corridor.privacy.discrete_gaussian import sample
from corridor.protocols import canonical
from corridor.protocols.charter import Charter, parse_charter
from corridor.protocols.members_receipts import members_receipt, verify_members_receipt
from corridor.protocols.receipts import (
    Claim,
    Compiled,
    PublicReceipt,
    make_public_receipt,
    parse_public_receipt,
    verify_public_receipt,
)
from corridor.protocols.secure_sum.messages import PROTOCOL_VERSION, Proposal, ProposalHeader, Scope
from support.charters import COORDINATOR, make_charter
from support.secure_sum import SUITE, Conversation, Region, first_countries
from support.signing import verify

VECTORS = Path(__file__).parents[1] / "vectors" / "receipts"
QUESTION = canonical.encode({"table": "persons", "why": "a test"})
PLAN = Digest(b"\2" * 32)
REGION = Region(countries=first_countries(5), cells=6, with_levels=True)


@dataclass(frozen=True, slots=True)
class Finished:
    """An attempt that came to its end, with one dropout where `silent` names it."""

    charter: Charter
    receipt: PublicReceipt
    conversation: Conversation
    answer: npt.NDArray[np.int64]

    @property
    def members(self) -> bytes:
        """The members' receipt."""
        return self.members_about(self.receipt)

    def members_about(self, receipt: PublicReceipt) -> bytes:
        """The members' receipt with another public part."""
        return b"".join(
            members_receipt(
                receipt.encode(),
                self.conversation.collecting_unmask,
                {c: [raw[:7], raw[7:]] for c, raw in self.conversation.masked.items()},
            )
        )


@cache
def finish(silent: frozenset[CountryCode] = frozenset()) -> Finished:
    """The attempt in which `silent` drop out before the masked input."""
    charter = make_charter(countries=REGION.countries)
    header = ProposalHeader(
        protocol=PROTOCOL_VERSION,
        charter=charter.digest,
        session=SessionId(b"receipt session!"),
        question=canonical.digest("corridor question", QUESTION),
        plan=PLAN,
        rho=Fraction(1, 100),
        scope=Scope.REGIONAL,
        suite=charter.suite,
        purpose="",
        organisation="A test",
        accept_by=1000,
        finish_by=2000,
    )
    conversation = Conversation(REGION, header=header)
    conversation.propose()
    conversation.share()
    conversation.open()
    conversation.mask(silent)
    conversation.sign()
    answer = conversation.unmask()
    proposal = Proposal(header, QUESTION, COORDINATOR.sign(header.to_sign()))
    receipt = make_public_receipt(
        proposal,
        conversation.collecting_unmask,
        answer,
        COORDINATOR.sign,
        charter=charter,
        named=(),
        published_at=1500,
    )
    return Finished(charter, receipt, conversation, answer)


def compile_(proposal: Proposal) -> Compiled:
    """Stands for the planner: any question gives the same plan."""
    question = canonical.digest("corridor question", proposal.question)
    return Compiled(question, PLAN, REGION.parameters_for)


def check_public(raw: bytes, charter: Charter) -> tuple[Claim, ...]:
    """Verify a public receipt as `corridor verify` does."""
    receipt = parse_public_receipt(raw)
    return verify_public_receipt(receipt, charter, compile_=compile_, verify=verify, suite=SUITE)


def check_members(raw: bytes, charter: Charter, public: bytes | None = None) -> tuple[Claim, ...]:
    """Verify an opened members' receipt as `corridor verify` does."""
    return verify_members_receipt(
        io.BytesIO(raw).read,
        charter,
        compile_=compile_,
        verify=verify,
        suite=SUITE,
        draw=sample,
        public=public,
    )


# ---------------------------------------------------------------- vectors

Json = dict[str, Any]


def altered_answer(receipt: Json) -> None:
    receipt["answer"][0] += 1


def missing_signature(receipt: Json) -> None:
    receipt["signatures"] = receipt["signatures"][:3]


def repeated_signature(receipt: Json) -> None:
    receipt["signatures"][1] = receipt["signatures"][0]


def survivor_not_in_roster(receipt: Json) -> None:
    receipt["inputs"].append({**receipt["inputs"][-1], "country": "ZZ"})


def survivor_left_out(receipt: Json) -> None:
    receipt["inputs"].pop()


def swapped_charter(receipt: Json) -> None:
    receipt["header"]["charter"] = "11" * 32


def swapped_question(receipt: Json) -> None:
    receipt["question"] = '{"table":"persons","why":"another"}'


def cheaper_rho(receipt: Json) -> None:
    receipt["header"]["rho"] = "1/1000"


def less_noise(receipt: Json) -> None:
    receipt["parameters"]["levels"][0]["variance"] = "1"


def another_edition(receipt: Json) -> None:
    receipt["acceptances"][0]["edition"] = "2-" + "0" * 16


def ledger_that_spent_less(receipt: Json) -> None:
    receipt["acceptances"][0]["statement"]["reserved"] = "0"


def swapped_vector(receipt: Json) -> None:
    receipt["inputs"][0]["vector_hash"] = "22" * 32


def noise_taken_off_that_nobody_committed_to(receipt: Json) -> None:
    receipt["excess_seeds"][0]["seed"] = "33" * 32


def noise_taken_off_for_a_stranger(receipt: Json) -> None:
    receipt["excess_seeds"].append({**receipt["excess_seeds"][0], "country": "ZZ"})


NEGATIVE: dict[Callable[[Json], None], tuple[str, str, str]] = {
    altered_answer: ("The coordinator's server alters a figure.", "receipt.answer", "claim 9"),
    missing_signature: (
        "Fewer members than the threshold signed the survivor set.",
        "receipt.survivors",
        "fewer than the threshold",
    ),
    repeated_signature: (
        "One signature is given twice, to count as two.",
        "receipt.malformed",
        "no country twice",
    ),
    survivor_not_in_roster: (
        "A sybil is added to the survivors.",
        "receipt.survivors",
        "not among the sharers",
    ),
    survivor_left_out: (
        "A survivor is hidden, so that one node's figure follows by subtraction.",
        "receipt.survivors",
        "over another set",
    ),
    swapped_charter: (
        "The receipt claims another charter.",
        "receipt.charter",
        "another charter",
    ),
    swapped_question: (
        "The answer is published under another question.",
        "receipt.question",
        "not the one that was proposed",
    ),
    cheaper_rho: ("The answer is said to have cost less.", "receipt.proposal", "not signed"),
    less_noise: (
        "Less noise is claimed than the nodes agreed to.",
        "receipt.parameters",
        "not those that charter and plan give",
    ),
    another_edition: ("Other data are said to be counted.", "receipt.roster", "acceptance"),
    ledger_that_spent_less: (
        "A member's ledger is shown with less reserved.",
        "receipt.roster",
        "ledger statement",
    ),
    swapped_vector: (
        "A masked input is exchanged for another.",
        "receipt.inputs",
        "not signed",
    ),
    noise_taken_off_that_nobody_committed_to: (
        "More or other noise is said to be taken off than the node added as removable.",
        "receipt.inputs",
        "not what it committed to",
    ),
    noise_taken_off_for_a_stranger: (
        "Noise is said to be taken off for a country that added none, so that the margin is less.",
        "receipt.inputs",
        "not what it committed to",
    ),
}


def write_vectors() -> None:
    """Write every vector anew."""
    finished = finish(frozenset({REGION.countries[1]}))
    good = json.loads(finished.receipt.encode())
    charter = json.loads(finished.charter.encode())
    _write("positive_one_dropout", {"charter": charter, "receipt": good})
    for bend, (attack, code, because) in NEGATIVE.items():
        bent = json.loads(finish().receipt.encode())
        bend(bent)
        content = {"attack": attack, "refused_with": code, "because": because, "receipt": bent}
        _write(f"negative_{bend.__name__}", content)


def read_vector(path: Path) -> Json:
    """A vector as it stands in its file."""
    vector: Json = json.loads(path.read_text("utf-8"))
    return vector


def charter_of_vectors() -> Charter:
    """The charter under which the vectors are verified."""
    vector = read_vector(VECTORS / "positive_one_dropout.json")
    return parse_charter(canonical.encode(vector["charter"]))


def _write(name: str, content: Json) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    (VECTORS / f"{name}.json").write_text(text, "utf-8")


def resigned(receipt: PublicReceipt, **changes: Any) -> PublicReceipt:
    """The receipt with other content, signed by a coordinator that lies."""
    changed = replace(receipt, **changes)
    return replace(changed, signature=COORDINATOR.sign(changed.to_sign()))


if __name__ == "__main__":
    write_vectors()
