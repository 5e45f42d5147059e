"""The receipt of figures of single countries: each in its own country's word.

    make_country_receipt → encode ═══ file ═══ parse_country_receipt → verify_country_receipt

`verify_country_receipt` checks claims 1 to 5 of every receipt (`protocols.receipts`; the numbers
are those of one node alone), and then

17. Each figure is what its own country signed, has the plan's cells, and that country accepted.
18. The coordinator signed this receipt: who is in it, who is not and why.

So no figure can be changed by anybody, and no sum has to be believed. That a figure is what the
country's cases give is its node's word alone. Who gave none, and why, is the coordinator's.

Whoever has no charter believes the receipt's own when more countries than may collude vouch for it
whose fingerprints they know, or all that gave a figure: each node signed its figure under the hash
of the charter that it accepted.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from corridor.errors import CorridorError
from corridor.errors.receipts import (
    ReceiptAnswerError,
    ReceiptFiguresError,
    TooFewTrustedError,
)
from corridor.ids import CountryCode, Digest, Signature
from corridor.protocols import canonical
from corridor.protocols.canonical import Json
from corridor.protocols.cards import Fingerprint
from corridor.protocols.charter import Charter
from corridor.protocols.figures import Figure, settle, to_bytes
from corridor.protocols.receipts import (
    HEAD,
    Claim,
    Compile,
    Compiled,
    check_question,
    check_roster,
    demand_keys_of,
    demand_settled,
    demand_sorted,
    head_to_json,
    read_head,
)
from corridor.protocols.secure_sum.messages import AttemptParameters, Proposal, Roster, Scope
from corridor.protocols.secure_sum.roster import SettledRoster
from corridor.protocols.suite import Sign, Suite, Verify

FORMAT = "corridor per-country receipt 1"


@dataclass(frozen=True, slots=True)
class ReceivedFigure:
    """One country's figure with its signature; not believed.

    Attributes:
        vector: cell by cell, still scaled by 2ᵏ.
    """

    country: CountryCode
    vector: tuple[int, ...]
    signature: Signature


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryReceipt:
    """Everything that such a receipt says; well-formed, not believed.

    Attributes:
        charter: what the receipt says the charter is.
        figures: sorted by country.
        refused: who was asked and gave no figure, with the code of why, says the coordinator; the
            code is empty where nothing was said.
        published_at: seconds since 1970 UTC, says the coordinator.
        signature: the coordinator's, over everything else.
    """

    charter: Charter
    proposal: Proposal
    parameters: AttemptParameters
    roster: Roster
    figures: tuple[ReceivedFigure, ...]
    refused: Mapping[CountryCode, str]
    published_at: int
    signature: Signature

    @property
    def countries(self) -> tuple[CountryCode, ...]:
        """Whose figures are in it, sorted."""
        return tuple(one.country for one in self.figures)

    def to_sign(self) -> bytes:
        """The receipt without the coordinator's signature."""
        return canonical.digest("corridor per-country receipt", canonical.encode(self._body()))

    def encode(self) -> bytes:
        """The receipt's file."""
        return canonical.encode({**self._body(), "signature": self.signature.hex()})

    def _body(self) -> Mapping[str, Json]:
        return {
            "format": FORMAT,
            **head_to_json(self),
            "figures": [
                {
                    "country": one.country,
                    "vector": one.vector,
                    "signature": one.signature.hex(),
                }
                for one in self.figures
            ],
            "refused": [
                {"country": country, "code": code} for country, code in sorted(self.refused.items())
            ],
            "published_at": self.published_at,
        }


def make_country_receipt(
    proposal: Proposal,
    settled: SettledRoster,
    words: Mapping[CountryCode, Figure],
    vectors: Mapping[CountryCode, npt.NDArray[np.int64]],
    sign: Sign,
    *,
    charter: Charter,
    refused: Mapping[CountryCode, str],
    published_at: int,
) -> CountryReceipt:
    """The receipt of an attempt that came to its end, signed by the coordinator.

    Args:
        proposal: what was proposed.
        settled: who accepted.
        words: each country's word for its figure.
        vectors: the figures, still scaled.
        sign: with the coordinator's signing key.
        charter: under which it was asked.
        refused: who gave none, and why.
        published_at: seconds since 1970 UTC.
    """

    def receipt(signature: Signature) -> CountryReceipt:
        return CountryReceipt(
            charter=charter,
            proposal=proposal,
            parameters=settled.parameters,
            roster=settled.roster,
            figures=tuple(
                ReceivedFigure(country, tuple(vectors[country].tolist()), words[country].signature)
                for country in sorted(words)
            ),
            refused=refused,
            published_at=published_at,
            signature=signature,
        )

    return receipt(sign(receipt(Signature(b"")).to_sign()))


def is_country_receipt(raw: bytes) -> bool:
    """Whether a receipt says that it is of this kind; nothing else of it is looked at."""
    try:
        value = canonical.decode(raw, "receipt")
    except CorridorError:
        return False
    return isinstance(value, Mapping) and value.get("format") == FORMAT


# ---------------------------------------------------------------- verifying


def verify_country_receipt(
    receipt: CountryReceipt, charter: Charter, *, compile_: Compile, verify: Verify, suite: Suite
) -> tuple[Claim, ...]:
    """The claims that the receipt proves under a charter that the verifier trusts.

    Raises:
        ReceiptNotProvenError: a claim does not hold; its subclass and number say which.
    """
    compiled = check_question(receipt, charter, compile_, verify, Scope.PER_COUNTRY)
    check_roster(receipt, charter, verify, suite)
    settled = _settled(receipt, compiled)
    _check_figures(receipt, settled, charter, verify)
    if not verify(charter.coordinator_key, receipt.to_sign(), receipt.signature):
        raise ReceiptAnswerError(18, "the receipt", "it is not what the coordinator signed")
    header, names = receipt.proposal.header, ", ".join(receipt.countries)
    return (
        Claim(1, f"It is of version {charter.version} of the charter of {charter.region}."),
        Claim(2, "The charter's coordinator proposed the attempt, of scope per-country."),
        Claim(3, "The question is the one proposed, and compiles to the plan proposed."),
        Claim(
            4,
            f"{len(receipt.roster.countries)} members accepted it at ρ = {header.rho} each: "
            f"{', '.join(receipt.roster.countries)}.",
        ),
        Claim(
            5,
            "Its numbers follow from charter, plan and ρ: each figure has the whole noise by "
            "itself.",
        ),
        Claim(17, f"Each figure is signed by its own country: {names}."),
        Claim(18, f"The coordinator signed these {len(receipt.figures)} figures as the answer."),
    )


def trusted_charter(
    receipt: CountryReceipt, trusted: Mapping[CountryCode, Fingerprint]
) -> tuple[Charter, frozenset[CountryCode], int]:
    """The receipt's own charter, if countries vouch for it whose fingerprints the verifier knows.

    Also which of those that gave figures are known, and how many had to be.

    Raises:
        TrustedMemberError: the charter has another key of a trusted member; names it.
        TooFewTrustedError: fewer than needed of those that gave figures are trusted.
    """
    demand_keys_of(trusted, receipt.charter)
    known = frozenset(receipt.countries) & frozenset(trusted)
    needed = max(1, min(receipt.charter.max_colluders + 1, len(receipt.countries)))
    if len(known) < needed:
        others = sorted(frozenset(receipt.countries) - known)
        raise TooFewTrustedError(trusted=len(known), threshold=needed, others=", ".join(others))
    return receipt.charter, known, needed


def _settled(receipt: CountryReceipt, compiled: Compiled) -> SettledRoster:
    """Claim 5; the numbers are of one node: a country's figure has nobody else's noise."""
    return demand_settled(
        receipt, lambda: settle(receipt.proposal.header, receipt.roster, compiled.parameters_for(1))
    )


def _check_figures(
    receipt: CountryReceipt, settled: SettledRoster, charter: Charter, verify: Verify
) -> None:
    """Claim 17."""
    claim = "the figures"
    if not receipt.figures:
        raise ReceiptFiguresError(17, claim, "there are none")
    for one in receipt.figures:
        if one.country not in settled.countries:
            raise ReceiptFiguresError(17, claim, f"{one.country} did not accept")
        if len(one.vector) != settled.parameters.cells:
            raise ReceiptFiguresError(17, claim, f"that of {one.country} has not the plan's cells")
        word = Figure(
            roster_hash=settled.hash,
            country=one.country,
            vector_hash=_vector_hash(one.vector),
            signature=one.signature,
        )
        if not verify(charter.signing_keys[one.country], word.to_sign(), word.signature):
            raise ReceiptFiguresError(17, claim, f"that of {one.country} is not signed by it")


def _vector_hash(vector: Sequence[int]) -> Digest:
    try:
        raw = to_bytes(np.array(vector, dtype=np.int64))
    except OverflowError:  # no figure that a node signed is so large
        return Digest(bytes(32))
    return Digest(hashlib.sha256(raw).digest())


# ---------------------------------------------------------------- reading

_BODY = (
    *HEAD,
    "figures",
    "refused",
    "published_at",
    "signature",
)


def parse_country_receipt(raw: bytes, name: str = "receipt") -> CountryReceipt:
    """The receipt in `raw`; well-formed afterwards, nothing in it is believed.

    Raises:
        MalformedReceiptError: a field is missing, unknown or malformed; names it.
    """
    fields, head = read_head(raw, name, FORMAT, _BODY)
    figures = tuple(
        ReceivedFigure(
            one.country("country"), one.wholes("vector"), Signature(one.octets("signature", 64))
        )
        for one in fields.each_below("figures", ("country", "vector", "signature"))
    )
    demand_sorted(fields, "figures", [one.country for one in figures])
    refused = [
        (one.country("country"), one.any_text("code"))
        for one in fields.each_below("refused", ("country", "code"))
    ]
    demand_sorted(fields, "refused", [country for country, _ in refused])
    return CountryReceipt(
        charter=head.charter,
        proposal=head.proposal,
        parameters=head.parameters,
        roster=head.roster,
        figures=figures,
        refused=dict(refused),
        published_at=fields.whole("published_at"),
        signature=Signature(fields.octets("signature", 64)),
    )
