"""Verifies public receipts: what `corridor verify` does, and a coordinator's public pages.

    receipt file ──┬─ receipt    who took part, who signed (`protocols.receipts`)
                   └─ proof      that it stands in the tree of releases (`protocols.release_tree`)
    release ─────────────────    that its tables are the receipt's (`transport.published`)

The anchor is a charter that the reader trusts, or fingerprints of members. What is not proven is
said beside what is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from corridor.errors.charter import MalformedCharterError
from corridor.errors.receipts import MalformedReceiptError, NotAReceiptError
from corridor.ids import CountryCode
from corridor.privacy.rho import Rho
from corridor.protocols import country_receipts
from corridor.protocols.cards import Fingerprint
from corridor.protocols.charter import Charter, parse_charter, parse_signed_charter
from corridor.protocols.country_receipts import (
    CountryReceipt,
    is_country_receipt,
    parse_country_receipt,
    verify_country_receipt,
)
from corridor.protocols.notes import Note
from corridor.protocols.receipts import (
    Claim,
    Compile,
    Compiled,
    PublicReceipt,
    parse_public_receipt,
    trusted_charter,
    verify_public_receipt,
)
from corridor.protocols.release_tree import (
    ReceiptFile,
    TreeFindings,
    parse_receipt_file,
    verify_in_tree,
)
from corridor.protocols.secure_sum.messages import AttemptParameters, Proposal, Scope
from corridor.queries.catalogue import parse_catalogue
from corridor.queries.domains import make_domains
from corridor.queries.parameters import attempt_parameters, country_parameters
from corridor.queries.plan import compile_plan
from corridor.queries.question import parse_question
from corridor.transport.given_files import Given, given_instead
from corridor.transport.suites import ed25519_verify, suite_named

COUNTRIES_UNPROVEN = (
    "that every country counted its own cases rightly, and that those named as refusing did: no "
    "receipt can show that"
)
PUBLIC_UNPROVEN = (
    "that the answer is the sum of the inputs. A member can check that with the members' receipt: "
    "corridor node receipt RELEASE"
)
_ITS_RECEIPT = (
    "Nothing was verified. Its receipt is another file: `corridor results ID --receipt FILE` "
    "writes it, and pages that show the release have it under “Receipt”."
)
INSTEAD = {
    Given.RELEASE: f"this is a release, not its receipt. {_ITS_RECEIPT}",
    Given.FIGURES: f"these are figures in another form, not a receipt. {_ITS_RECEIPT}",
    Given.CHARTER: f"this is a charter, under which receipts are verified. {_ITS_RECEIPT}",
    Given.MEMBERS_RECEIPT: (
        "this is a members' receipt, which a member's node opens: `corridor verify FILE --home "
        "NODE`. "
        f"{_ITS_RECEIPT}"
    ),
    Given.SOMETHING: (
        "this is no receipt, nor another file of Corridor's that is known. Nothing was verified. "
        "`corridor results ID --receipt FILE` writes a receipt."
    ),
}
"""What somebody is told who takes another file for a receipt."""
NO_TREE_UNPROVEN = (
    "that the release is in the region's tree: this is a plain receipt without a proof of that. "
    "Fetch it anew with: corridor results ID --receipt FILE"
)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a public receipt was found to prove; `tree` is None for a plain one."""

    claims: Sequence[Claim]
    tree: TreeFindings | None
    answer_unproven: str

    @property
    def unproven(self) -> tuple[str, ...]:
        """What a reader might believe to be proven, and is not."""
        if self.tree is None:
            return (self.answer_unproven, NO_TREE_UNPROVEN)
        if not self.tree.is_enough:
            many = len(self.tree.cosigned_by)
            too_few = (
                f"that nobody is shown another history of releases: {many} members cosigned the "
                f"tree, {self.tree.needed} are needed. Fetch the receipt again later."
            )
            return (self.answer_unproven, too_few)
        return (self.answer_unproven,)


def parse_receipt(raw: bytes) -> PublicReceipt | CountryReceipt:
    """The public receipt of a sum, or of figures of single countries.

    Raises:
        MalformedReceiptError: it is neither.
    """
    return parse_country_receipt(raw) if is_country_receipt(raw) else parse_public_receipt(raw)


def read_receipt(raw: bytes) -> tuple[ReceiptFile, PublicReceipt | CountryReceipt]:
    """The parts of a receipt's file, with its receipt.

    Raises:
        NotAReceiptError: it is something else; says what.
        MalformedReceiptError: it is a receipt that cannot be read; names the place.
    """
    try:
        file = parse_receipt_file(raw)
        return file, parse_receipt(file.receipt)
    except MalformedReceiptError as error:
        given = given_instead(raw)
        if given is None:
            raise
        raise NotAReceiptError(INSTEAD[given]) from error


def verify_receipt(raw: bytes, charter_file: bytes, known: Note | None = None) -> Verified:
    """What a public receipt proves under the charter in a file.

    Args:
        raw: the receipt file, with or without its proof.
        charter_file: a charter, as the reader trusts it.
        known: a checkpoint that the receipt's tree must fit.

    Raises:
        CorridorError: the file is no receipt, or a claim does not hold.
    """
    file, receipt = read_receipt(raw)
    return _verify_public(file, receipt, read_charter(charter_file), known)


def verify_trusted_receipt(
    raw: bytes, trusted: Mapping[CountryCode, Fingerprint], known: Note | None = None
) -> tuple[Verified, frozenset[CountryCode], int]:
    """What a public receipt proves for whoever knows these members.

    Also which of those who signed the survivor set are known, and how many had to be.

    Raises:
        CorridorError: too few are known, or as `verify_receipt`.
    """
    file, receipt = read_receipt(raw)
    if isinstance(receipt, CountryReceipt):
        charter, vouched, needed = country_receipts.trusted_charter(receipt, trusted)
    else:
        charter, vouched = trusted_charter(receipt, trusted)
        needed = receipt.parameters.threshold
    return _verify_public(file, receipt, charter, known), vouched, needed


def read_charter(raw: bytes) -> Charter:
    """The charter in a file, with its signatures (which must then all be there) or without.

    Raises:
        MalformedCharterError, CharterNotInForceError: it cannot be an anchor.
    """
    try:
        signed = parse_signed_charter(raw.strip())
    except MalformedCharterError:
        return parse_charter(raw.strip())
    signed.verify_in_force(ed25519_verify)
    return signed.charter


def _verify_public(
    file: ReceiptFile,
    receipt: PublicReceipt | CountryReceipt,
    charter: Charter,
    known: Note | None,
) -> Verified:
    compile_, suite = compiler(charter), suite_named(charter.suite)
    if isinstance(receipt, CountryReceipt):
        unproven = COUNTRIES_UNPROVEN
        claims = verify_country_receipt(
            receipt, charter, compile_=compile_, verify=ed25519_verify, suite=suite
        )
    else:
        unproven = PUBLIC_UNPROVEN
        claims = verify_public_receipt(
            receipt, charter, compile_=compile_, verify=ed25519_verify, suite=suite
        )
    tree = verify_in_tree(file, charter, ed25519_verify, known)
    return Verified(claims if tree is None else (*claims, *tree.claims), tree, unproven)


def compiler(charter: Charter) -> Compile:
    """Compiles proposals under a charter, with this installation's own catalogue."""
    domains = make_domains(parse_catalogue(_read_data), charter)

    def compile_(proposal: Proposal) -> Compiled:
        question = parse_question(proposal.question)
        plan = compile_plan(question, domains)

        def parameters_for(roster_size: int) -> AttemptParameters:
            rho = Rho(proposal.header.rho)
            if proposal.header.scope is Scope.PER_COUNTRY:
                return country_parameters(charter, plan, rho)
            return attempt_parameters(charter, plan, rho, roster_size)

        return Compiled(question.digest, plan.digest, parameters_for, plan.measurement)

    return compile_


def _read_data(name: str) -> str:
    return (files("corridor.queries") / "data" / name).read_text("utf-8")
