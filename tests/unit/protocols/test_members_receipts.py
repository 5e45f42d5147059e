"""From the members' receipt the sum is computed anew; a bent one is refused for its own reason."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from corridor.errors import CorridorError
from corridor.errors.receipts import MalformedReceiptError
from corridor.ids import Digest
from corridor.privacy.discrete_gaussian import sample
from corridor.protocols import canonical
from corridor.protocols.members_receipts import members_receipt
from corridor.protocols.secure_sum.messages import Dealing, Shares, signed
from support.receipts import REGION, check_members, finish, resigned
from support.secure_sum import SUITE

DROPPED = frozenset({REGION.countries[1]})


def parts(raw: bytes) -> tuple[bytes, bytes, bytes]:
    first = 8 + int.from_bytes(raw[:8], "big")
    second = first + 8 + int.from_bytes(raw[first : first + 8], "big")
    return raw[8:first], raw[first + 8 : second], raw[second:]


def joined(public: bytes, words: bytes, vectors: bytes) -> bytes:
    return b"".join(
        [len(public).to_bytes(8, "big"), public, len(words).to_bytes(8, "big"), words, vectors]
    )


@pytest.mark.parametrize("dropped", [frozenset(), DROPPED], ids=["everybody", "one-dropout"])
def test_the_sum_is_computed_anew(dropped: Any) -> None:
    finished = finish(dropped)
    claims = check_members(finished.members, finished.charter, finished.receipt.encode())
    assert [claim.number for claim in claims] == list(range(1, 14))


def test_a30_an_answer_that_is_not_the_sum_is_found_though_the_coordinator_signed_it() -> None:
    finished = finish(DROPPED)
    answer = finished.receipt.answer
    lie = resigned(finished.receipt, answer=(answer[0] + 1, *answer[1:]))
    with pytest.raises(CorridorError, match="do not add up") as refusal:
        check_members(finished.members_about(lie), finished.charter)
    assert refusal.value.code == "receipt.sum"


def other_share(words: dict[str, Any]) -> None:
    words["unmasks"][0]["revealed"][0]["share"] = "00" * 31 + "01"


def other_kind(words: dict[str, Any]) -> None:
    words["unmasks"][0]["revealed"][0]["kind"] = "mask-key"


def too_few_responders(words: dict[str, Any]) -> None:
    words["unmasks"] = words["unmasks"][:3]


def other_commitment(words: dict[str, Any]) -> None:
    words["dealers"][0]["dealings"][0]["commitment"] = "33" * 32


def dealer_left_out(words: dict[str, Any]) -> None:
    words["dealers"].pop()


def dealer_of_no_region(words: dict[str, Any]) -> None:
    words["dealers"].append({**words["dealers"][-1], "dealer": "ZZ"})


def dealing_left_out(words: dict[str, Any]) -> None:
    words["dealers"][0]["dealings"].pop()


def box_for_the_dropped(words: dict[str, Any]) -> None:
    """AA's dealing to AB, who dropped out: no responder's, but the sum rests on it."""
    assert words["dealers"][0]["dealings"][1]["recipient"] == "AB"
    words["dealers"][0]["dealings"][1]["pair_box"] = "00" * 80


def commitment_of_the_dropped(words: dict[str, Any]) -> None:
    words["dealers"][1]["dealings"][4]["pair_commitment"] = "33" * 32


@pytest.mark.parametrize(
    ("bend", "because"),
    [
        (box_for_the_dropped, "what AA dealt to AB is not signed"),
        (commitment_of_the_dropped, "what AB dealt to AE is not signed"),
        (other_share, "revealed shares of AA: the signature is not that member's"),
        (other_kind, "revealed shares of AA: the signature is not that member's"),
        (too_few_responders, "claim 11"),
        (other_commitment, "is not signed"),
        (dealer_left_out, "not of exactly the sharers"),
        (dealer_of_no_region, "not of exactly the sharers"),
        (dealing_left_out, "did not deal to everybody"),
    ],
)
def test_bent_shares_are_refused(bend: Callable[[dict[str, Any]], None], because: str) -> None:
    finished = finish(DROPPED)
    public, words, vectors = parts(finished.members)
    bent = json.loads(words)
    bend(bent)
    with pytest.raises(CorridorError, match=because) as refusal:
        check_members(joined(public, canonical.encode(bent), vectors), finished.charter)
    assert refusal.value.code == "receipt.shares"


def another_seed(words: dict[str, Any]) -> None:
    words["unmasks"][0]["excess_seed"] = "33" * 32


def no_seed(words: dict[str, Any]) -> None:
    words["unmasks"][0]["excess_seed"] = ""


@pytest.mark.parametrize("bend", [another_seed, no_seed])
def test_a_seed_of_noise_is_under_its_members_signature(
    bend: Callable[[dict[str, Any]], None],
) -> None:
    finished = finish()
    public, words, vectors = parts(finished.members)
    bent = json.loads(words)
    bend(bent)
    with pytest.raises(CorridorError, match="revealed shares of AA: the signature") as refusal:
        check_members(joined(public, canonical.encode(bent), vectors), finished.charter)
    assert refusal.value.code == "receipt.shares"


def test_a30_less_noise_than_is_claimed_is_found() -> None:
    """The public part says of everybody but AA that its noise is reduced; AA's is, too."""
    finished = finish()
    fewer = dict(list(finished.receipt.excess_seeds.items())[1:])
    lie = resigned(finished.receipt, excess_seeds=fewer)
    with pytest.raises(CorridorError, match="others whose noise was reduced") as refusal:
        check_members(finished.members_about(lie), finished.charter)
    assert refusal.value.code == "receipt.shares"


def test_a30_a_sum_with_the_superfluous_noise_left_in_is_found() -> None:
    finished = finish()
    talk = finished.conversation
    noise = talk.unmasked.excess_noise(draw=sample, suite=SUITE)
    assert noise.any()
    lie = resigned(finished.receipt, answer=tuple((finished.answer + noise).tolist()))
    with pytest.raises(CorridorError, match="do not add up") as refusal:
        check_members(finished.members_about(lie), finished.charter)
    assert refusal.value.code == "receipt.sum"


def test_half_a_pair_key_is_refused() -> None:
    finished = finish(DROPPED)
    public, words, vectors = parts(finished.members)
    for field, nothing in (("pair_box", ""), ("pair_commitment", None)):
        bent = json.loads(words)
        bent["dealers"][0]["dealings"][1][field] = nothing
        with pytest.raises(MalformedReceiptError, match="exactly where"):
            check_members(joined(public, canonical.encode(bent), vectors), finished.charter)


def test_a_pair_key_that_the_dropped_seed_does_not_give_is_refused() -> None:
    """AB signs another commitment towards AE, with the region's own key, and drops out."""
    finished = finish(DROPPED)
    talk = finished.conversation
    dealer = REGION.countries[1]
    shares = talk.collecting_unmask.shares[dealer]

    def lie(dealing: Dealing) -> Dealing:
        if dealing.pair_key is None:
            return dealing
        other = replace(dealing.pair_key, commitment=Digest(bytes(32)))
        return signed(replace(dealing, pair_key=other), REGION.sign(dealer))

    bent = replace(
        talk.collecting_unmask,
        shares={
            **talk.collecting_unmask.shares,
            dealer: Shares(dealer, tuple(map(lie, shares.dealings))),
        },
    )
    raw = b"".join(
        members_receipt(finished.receipt.encode(), bent, {c: [v] for c, v in talk.masked.items()})
    )
    with pytest.raises(CorridorError, match=r"claim 11.*dealt by AB") as refusal:
        check_members(raw, finished.charter)
    assert refusal.value.code == "receipt.shares"


def test_a30_a_coordinator_cannot_put_a_commitment_into_a_dealers_mouth() -> None:
    # What was dealt to a survivor who did not respond is not looked at again; the commitment that
    # seeds are compared with stands there too.
    finished = finish()
    public, words, vectors = parts(finished.members)
    bent = json.loads(words)
    silent = bent["unmasks"].pop(0)["country"]
    framed = bent["dealers"][-1]["dealings"][0]
    assert framed["recipient"] == silent
    framed["commitment"] = "33" * 32
    with pytest.raises(CorridorError, match=r"claim 10.*more than one seed"):
        check_members(joined(public, canonical.encode(bent), vectors), finished.charter)


@pytest.mark.parametrize("words", ["dealers", "unmasks"])
def test_nobody_s_words_count_twice(words: str) -> None:
    public, spoken, vectors = parts(finish().members)
    bent = json.loads(spoken)
    bent[words].append(bent[words][-1])
    with pytest.raises(MalformedReceiptError, match="name nobody twice"):
        check_members(joined(public, canonical.encode(bent), vectors), finish().charter)


def test_a_masked_vector_that_was_exchanged_is_found() -> None:
    finished = finish(DROPPED)
    public, words, vectors = parts(finished.members)
    bent = bytes([vectors[0] ^ 1]) + vectors[1:]
    with pytest.raises(CorridorError, match="not the one it signed") as refusal:
        check_members(joined(public, words, bent), finished.charter)
    assert refusal.value.code == "receipt.inputs"


@pytest.mark.parametrize("cut", [4, 12, -1])
def test_a_cut_file_is_refused(cut: int) -> None:
    finished = finish(DROPPED)
    with pytest.raises(MalformedReceiptError, match="ends too early"):
        check_members(finished.members[:cut], finished.charter)


def test_a_file_that_goes_on_is_refused() -> None:
    finished = finish(DROPPED)
    with pytest.raises(MalformedReceiptError, match="goes on"):
        check_members(finished.members + b"\0", finished.charter)


def test_a_damaged_length_does_not_fill_the_memory() -> None:
    with pytest.raises(MalformedReceiptError, match="damaged"):
        check_members(b"\xff" * 16, finish().charter)


def test_the_file_must_be_about_the_public_receipt_at_hand() -> None:
    with pytest.raises(CorridorError, match="another public receipt"):
        check_members(finish(DROPPED).members, finish().charter, finish().receipt.encode())
