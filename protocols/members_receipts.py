"""The members' receipt: the masked inputs and revealed shares besides, to add them up again.

    8 bytes, length ‖ public receipt ‖ 8 bytes, length ‖ words ‖ the masked vectors in a row

*Words* is canonical JSON: every sharer's dealings and every responder's revealed shares. The
vectors follow in the order of the survivors' countries, `cells` words of the ring each. The file is
sealed to the members (`transport.sealed_files`): it holds what the coordinator knows already, but
what a single node's vector hides is hidden by masks alone, and those rest on secrets that a later
break of the key agreement would give away.

`verify_members_receipt` checks the claims of the public receipt (1 to 9), and then:

10. Every revealed share is the one that its dealer signed for its responder, and every seed of
    superfluous noise is the one in the public receipt.
11. The seeds they give, and the pair keys of who dropped out, are those that the dealers committed
    to.
12. Every masked vector is the one that its node signed.
13. Their sum, without the masks and the superfluous noise, is the answer.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from corridor.errors import CorridorError
from corridor.errors.receipts import (
    MalformedReceiptError,
    ReceiptInputsError,
    ReceiptSharesError,
    ReceiptSumError,
)
from corridor.ids import CountryCode, Digest, Signature
from corridor.protocols import canonical
from corridor.protocols.canonical import Json
from corridor.protocols.charter import Charter
from corridor.protocols.fields import Fields, decode
from corridor.protocols.masks import Words, from_ring, ring_type
from corridor.protocols.receipts import (
    Claim,
    Compile,
    PublicReceipt,
    masked_input,
    parse_public_receipt,
    settled_roster,
    verify_public_receipt,
)
from corridor.protocols.secure_sum.coordinator import CollectingUnmask, Unmasked
from corridor.protocols.secure_sum.excess import SEED_BYTES, Draw
from corridor.protocols.secure_sum.messages import (
    Dealing,
    RevealedShare,
    SealedPairKey,
    ShareKind,
    Shares,
    SurvivorSet,
    Unmask,
)
from corridor.protocols.secure_sum.roster import SettledRoster
from corridor.protocols.suite import Suite, Verify

FORMAT = "corridor members receipt 1"
LONGEST_PART = 1 << 28
"""No part before the vectors may be longer: a damaged length must not fill the memory."""

PIECE_BYTES = 1 << 20

Read = Callable[[int], bytes]
"""Gives the next bytes of the opened file: at most so many, and none only at its end."""


@dataclass(frozen=True, slots=True)
class _Spoken:
    """What sharers dealt and responders revealed."""

    shares: Mapping[CountryCode, Shares]
    unmasks: tuple[Unmask, ...]


def members_receipt(
    receipt: bytes, words: CollectingUnmask, inputs: Mapping[CountryCode, Iterable[bytes]]
) -> Iterator[bytes]:
    """The members' receipt, piece by piece; no vector is held whole.

    Args:
        receipt: the public receipt of the same attempt, encoded.
        words: what everybody said.
        inputs: each survivor's masked vector, in pieces.
    """
    spoken = canonical.encode(
        {
            "format": FORMAT,
            "dealers": [
                _shares_json(words.shares[dealer]) for dealer in sorted(words.survivors.sharers)
            ],
            "unmasks": [_unmask_json(words.heard[country]) for country in sorted(words.heard)],
        }
    )
    for part in (receipt, spoken):
        yield len(part).to_bytes(8, "big")
        yield part
    for country in sorted(words.survivors.survivors):
        yield from inputs[country]


def verify_members_receipt(
    read: Read,
    charter: Charter,
    *,
    compile_: Compile,
    verify: Verify,
    suite: Suite,
    draw: Draw,
    public: bytes | None = None,
) -> tuple[Claim, ...]:
    """The claims that the receipt proves, the sum itself among them.

    Args:
        read: reads the opened file, in order, once.
        charter: the one that the verifier trusts.
        compile_: compiles the question under it.
        verify: checks signatures.
        suite: the charter's.
        draw: the sampler.
        public: the public receipt that must be the one inside, if the verifier has it.

    Raises:
        MalformedReceiptError: the file is not whole or not a members' receipt.
        ReceiptNotProvenError: a claim does not hold; its subclass and number say which.
    """
    raw = _part(read)
    if public is not None and raw != public:
        raise ReceiptSumError(13, "the sum", "the file is about another public receipt")
    receipt = parse_public_receipt(raw, "members' receipt, public part")
    claims = verify_public_receipt(receipt, charter, compile_=compile_, verify=verify, suite=suite)
    compiled = compile_(receipt.proposal)
    settled = settled_roster(receipt, compiled)
    spoken = _parse_spoken(_part(read), settled)
    _check_dealings(spoken, receipt, settled, charter, verify)
    unmasked = _unmask(spoken, receipt, settled, charter, verify=verify, suite=suite)
    total = _sum_inputs(read, receipt, settled)
    unmasked.remove_masks(total, suite=suite)
    unmasked.remove_excess(total, compiled.measurement, draw=draw, suite=suite)
    if tuple(from_ring(total).tolist()) != receipt.answer:
        raise ReceiptSumError(13, "the sum", "the masked inputs do not add up to the answer")
    return (
        *claims,
        Claim(10, f"{len(spoken.unmasks)} members revealed the shares that were dealt to them."),
        Claim(11, "The seeds and pair keys they give are those that the dealers committed to."),
        Claim(12, "Every masked vector is the one that its node signed."),
        Claim(13, "Their sum, without the masks and the superfluous noise, is the answer."),
    )


def _check_dealings(
    spoken: _Spoken,
    receipt: PublicReceipt,
    settled: SettledRoster,
    charter: Charter,
    verify: Verify,
) -> None:
    """The dealers' part of claims 10 and 11: what is used of their dealings is signed.

    That is the hashes of the shares that were revealed, and the keys of the pairs of which one
    survived.
    """
    if frozenset(spoken.shares) != receipt.sharers.countries:
        raise ReceiptSharesError(10, "the shares", "they are not of exactly the sharers")
    survivors = receipt.survivors
    responders = {unmask.country for unmask in spoken.unmasks}
    for dealer, shares in spoken.shares.items():
        if tuple(dealing.recipient for dealing in shares.dealings) != settled.countries:
            raise ReceiptSharesError(10, "the shares", f"{dealer} did not deal to everybody once")
        for dealing in shares.dealings:
            recipient = dealing.recipient
            is_used = recipient in responders or (dealer in survivors) != (recipient in survivors)
            if is_used and not verify(
                charter.signing_keys[dealer], dealing.to_sign(), dealing.signature
            ):
                raise ReceiptSharesError(
                    10, "the shares", f"what {dealer} dealt to {recipient} is not signed"
                )
        if len({dealing.commitment for dealing in shares.dealings}) > 1:
            # With all alike, the signatures that responders' dealings carry are over it.
            raise ReceiptSharesError(
                10, "the shares", f"those of {dealer} commit to more than one seed"
            )


def _unmask(
    spoken: _Spoken,
    receipt: PublicReceipt,
    settled: SettledRoster,
    charter: Charter,
    *,
    verify: Verify,
    suite: Suite,
) -> Unmasked:
    """Claims 10 and 11, checked by the coordinator's own last state."""
    sharers, survivors = receipt.sharers.countries, receipt.survivors
    keys = charter.signing_keys
    state = CollectingUnmask(
        settled,
        {country: keys[country] for country in sorted(survivors)},
        spoken.shares,
        receipt.sharers,
        {country: masked_input(receipt, settled, country) for country in sorted(survivors)},
        SurvivorSet(settled.hash, sharers, survivors),
        receipt.signatures,
    )
    try:
        for unmask in spoken.unmasks:
            state = state.on_unmask(unmask, verify=verify, suite=suite)
    except CorridorError as error:
        raise ReceiptSharesError(10, "the shares", str(error).rstrip(".")) from error
    if state.reduced != receipt.reduced:
        raise ReceiptSharesError(
            10, "the shares", "the public part names others whose noise was reduced"
        )
    try:
        return state.close(suite=suite)
    except CorridorError as error:
        raise ReceiptSharesError(11, "the seeds", str(error).rstrip(".")) from error


def _sum_inputs(read: Read, receipt: PublicReceipt, settled: SettledRoster) -> Words:
    """Claim 12, and the sum of the vectors modulo the ring."""
    parameters = settled.parameters
    word = ring_type(parameters.ring_bits)
    total: Words = np.zeros(parameters.cells, dtype=word)
    for country in sorted(receipt.survivors):
        hasher, at = sha256(), 0
        while at < parameters.cells:
            wanted = min(PIECE_BYTES, (parameters.cells - at) * word.itemsize)
            piece = _exactly(read, wanted)
            hasher.update(piece)
            words = np.frombuffer(piece, dtype=word)
            total[at : at + words.size] += words
            at += words.size
        if hasher.digest() != masked_input(receipt, settled, country).vector_hash:
            raise ReceiptInputsError(
                12, "the masked inputs", f"that of {country} is not the one it signed"
            )
    if read(1):
        raise MalformedReceiptError("members' receipt: goes on after its end; nothing was verified")
    return total


def _part(read: Read) -> bytes:
    length = int.from_bytes(_exactly(read, 8), "big")
    if length > LONGEST_PART:
        raise MalformedReceiptError("members' receipt: is damaged; nothing was verified")
    return _exactly(read, length)


def _exactly(read: Read, count: int) -> bytes:
    pieces, missing = [], count
    while missing:
        piece = read(missing)
        if not piece:
            raise MalformedReceiptError(
                "members' receipt: ends too early; fetch it again. Nothing was verified."
            )
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


# ---------------------------------------------------------------- reading and writing


def _shares_json(shares: Shares) -> Json:
    return {
        "dealer": shares.dealer,
        "dealings": [
            {
                "recipient": dealing.recipient,
                "commitment": dealing.commitment.hex(),
                "self_mask_hash": dealing.self_mask_hash.hex(),
                "mask_key_hash": dealing.mask_key_hash.hex(),
                "envelope": dealing.envelope.hex(),
                "pair_box": dealing.pair_key.box.hex() if dealing.pair_key else "",
                "pair_commitment": dealing.pair_key.commitment.hex() if dealing.pair_key else None,
                "signature": dealing.signature.hex(),
            }
            for dealing in shares.dealings
        ],
    }


def _unmask_json(unmask: Unmask) -> Json:
    return {
        "country": unmask.country,
        "excess_seed": unmask.excess_seed.hex(),
        "revealed": [
            {
                "dealer": share.dealer,
                "kind": share.kind.value,
                "share": share.share.hex(),
                "salt": share.salt.hex(),
            }
            for share in unmask.revealed
        ],
        "signature": unmask.signature.hex(),
    }


def _parse_spoken(raw: bytes, settled: SettledRoster) -> _Spoken:
    name = "members' receipt"
    fields = Fields(
        decode(raw, name, MalformedReceiptError),
        ("format", "dealers", "unmasks"),
        name=name,
        error=MalformedReceiptError,
    )
    if fields.text("format") != FORMAT:
        raise fields.wrong("format", f"must be {FORMAT!r}; a newer Corridor may read it")
    shares = tuple(
        _read_shares(one, settled.hash)
        for one in fields.each_below("dealers", ("dealer", "dealings"))
    )
    unmasks = tuple(
        _read_unmask(one, settled.hash)
        for one in fields.each_below("unmasks", ("country", "excess_seed", "revealed", "signature"))
    )
    for key, speakers in (
        ("dealers", [one.dealer for one in shares]),
        ("unmasks", [one.country for one in unmasks]),
    ):
        if speakers != sorted(set(speakers)):  # one word given twice would be told as two
            raise fields.wrong(key, "must be sorted by country and name nobody twice")
    return _Spoken({one.dealer: one for one in shares}, unmasks)


def _read_shares(fields: Fields, roster_hash: Digest) -> Shares:
    dealer = fields.country("dealer")
    dealings = fields.each_below(
        "dealings",
        (
            "recipient",
            "commitment",
            "self_mask_hash",
            "mask_key_hash",
            "envelope",
            "pair_box",
            "pair_commitment",
            "signature",
        ),
    )
    return Shares(
        dealer,
        tuple(
            Dealing(
                roster_hash=roster_hash,
                dealer=dealer,
                recipient=one.country("recipient"),
                commitment=one.digest("commitment"),
                self_mask_hash=one.digest("self_mask_hash"),
                mask_key_hash=one.digest("mask_key_hash"),
                envelope=one.octets("envelope", longest=4096),
                pair_key=_read_pair_key(one),
                signature=Signature(one.octets("signature", 64)),
            )
            for one in dealings
        ),
    )


def _read_pair_key(fields: Fields) -> SealedPairKey | None:
    box, commitment = (
        fields.octets("pair_box", longest=4096),
        fields.digest_or_none("pair_commitment"),
    )
    if (commitment is None) != (box == b""):
        raise fields.wrong("pair_box", "is there exactly where a pair_commitment is")
    return None if commitment is None else SealedPairKey(box, commitment)


def _read_unmask(fields: Fields, roster_hash: Digest) -> Unmask:
    return Unmask(
        roster_hash=roster_hash,
        country=fields.country("country"),
        revealed=tuple(
            _read_revealed(one)
            for one in fields.each_below("revealed", ("dealer", "kind", "share", "salt"))
        ),
        excess_seed=fields.octets("excess_seed", longest=SEED_BYTES),
        signature=Signature(fields.octets("signature", 64)),
    )


def _read_revealed(fields: Fields) -> RevealedShare:
    kind = fields.text("kind")
    if kind not in [known.value for known in ShareKind]:
        raise fields.wrong("kind", "is not known")
    return RevealedShare(
        fields.country("dealer"),
        ShareKind(kind),
        fields.octets("share", 32),
        fields.octets("salt", 32),
    )
