"""Verifies receipts for whoever visits the public pages, as `corridor verify` does.

It runs where files are made: in a process of its own (`coordinator.file_maker`), since a receipt
may take seconds, and comes from anybody. What is refused comes back as a value: an error's class
need not survive the way between processes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corridor.errors import CorridorError
from corridor.errors.receipts import MalformedReceiptError, ReceiptFromElsewhereError
from corridor.transport.given_files import given_instead
from corridor.transport.published import verify_release
from corridor.transport.verifying import parse_receipt, read_charter, read_receipt, verify_receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came of it.

    Attributes:
        claims: what holds, with its number in every receipt.
        not_proven: what a reader might believe to be proven, and is not.
        cosigned_by: members who cosigned the tree; none of a receipt without its proof.
        release_fits: whether a release's tables were found to be the receipt's.
        code, message: of the refusal; empty where every claim holds.
        was_judged: whether it was a receipt of this region, of which something can be said.
        given: what it was instead (`transport.given_files.Given`), where it was no receipt.
    """

    claims: tuple[tuple[int, str], ...] = ()
    not_proven: tuple[str, ...] = ()
    cosigned_by: tuple[str, ...] = ()
    release_fits: bool = False
    code: str = ""
    message: str = ""
    was_judged: bool = True
    given: str = ""

    @property
    def holds(self) -> bool:
        """Whether every claim does."""
        return not self.code


def check(
    raw: bytes,
    charters: Mapping[str, bytes],
    release: bytes | None = None,
    earlier: Sequence[bytes] = (),
) -> Checked:
    """What a receipt proves under that of the region's charters which it names.

    Args:
        raw: the receipt, with its proof or without.
        charters: signed, by the hexadecimal of their hashes.
        release: whose tables must be the receipt's, JSON.
        earlier: receipts of the earlier releases of its series.
    """
    try:
        _, receipt = read_receipt(raw)
        named = receipt.proposal.header.charter.hex()
        charter = charters.get(named)
        if charter is None:
            raise ReceiptFromElsewhereError(receipt.charter.region, named)  # noqa: TRY301  # see below
        found = verify_receipt(raw, charter)
        if release is not None:
            before = [parse_receipt(one) for one in earlier]
            verify_release(release, receipt, read_charter(charter), before)
    except (MalformedReceiptError, ReceiptFromElsewhereError) as error:
        given = given_instead(raw)
        return Checked(
            code=error.code,
            message=str(error),
            was_judged=False,
            given="" if given is None else given.value,
        )
    except CorridorError as error:
        return Checked(code=error.code, message=str(error))
    return Checked(
        claims=tuple((one.number, one.text) for one in found.claims),
        not_proven=found.unproven,
        cosigned_by=() if found.tree is None else tuple(found.tree.cosigned_by),
        release_fits=release is not None,
    )
