"""`corridor verify`: checks a receipt against something that its reader trusts, by anybody.

    public receipt     who took part in what, and who signed; that it is in the region's tree of
                       releases, and which members cosigned that tree; not that the sum is right
    … of scope         the same, and each country's own figure in that country's own word
    per-country
    members' receipt   the same, and the sum itself: opened with a node's key (--home)

The anchor is a charter (`--charter FILE`), or enough members' fingerprints (`--trust`), or the
charter in force at a node (`--home`). Without an anchor nothing is checked: a receipt that vouches
for itself proves nothing. No anchor is passed over in silence: two of them are wrong usage.

A receipt is valid before enough members have cosigned, and from before there was a tree: what is
not proven then is said, and `--checkpoint` refuses what does not fit a checkpoint from elsewhere.
"""

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

from corridor.cli.homes import home_of, read_file, reading
from corridor.cli.output import Output
from corridor.cli.trust import trust_of
from corridor.cli.words import Nouns, add_command, add_home
from corridor.errors import WrongUsageError
from corridor.errors.cli import (
    NoAnchorError,
    NoMemberKeyError,
    PublicForPublicReceiptError,
    ReleaseForMembersReceiptError,
    TrustForMembersReceiptError,
    UnreadableFileError,
)
from corridor.errors.receipts import NotARecipientError, NoTreeInReceiptError
from corridor.ids import CountryCode
from corridor.privacy.discrete_gaussian import sample
from corridor.protocols.charter import Charter
from corridor.protocols.members_receipts import verify_members_receipt
from corridor.protocols.notes import Note, parse_checkpoint, parse_note
from corridor.protocols.receipts import (
    Claim,
)
from corridor.protocols.release_tree import (
    TreeFindings,
    parse_receipt_file,
)
from corridor.transport.published import verify_release
from corridor.transport.sealed_files import MAGIC, is_sealed, open_sealed
from corridor.transport.suites import ed25519_verify, suite_named
from corridor.transport.verifying import (
    Verified,
    compiler,
    read_charter,
    read_receipt,
    verify_receipt,
    verify_trusted_receipt,
)

PIECE_BYTES = 1 << 20

A_CHARTER = "a region's charter (`corridor coordinator charter show --out FILE` writes one)"

MEMBERS_UNPROVEN = (
    "that every node counted its own cases rightly; no receipt can show that",
    "that the release is in the region's tree; its public receipt shows that",
)
NUMBERS = (
    "     (A claim has the same number in every receipt; those left out are of other kinds of it.)"
)


def add_to(nouns: "Nouns[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = add_command(
        nouns,
        "verify",
        _run,
        does="check a receipt: who took part, and with a member's key that the sum is right",
        example="corridor verify receipt.json --charter charter.json",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a public or a members' receipt")
    anchors = parser.add_mutually_exclusive_group()
    anchors.add_argument(
        "--charter", type=Path, metavar="FILE", help="the region's charter, as you trust it"
    )
    anchors.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="CC=FINGERPRINT",
        help="a member's fingerprint, as that authority told you itself; as many as you know",
    )
    parser.add_argument(
        "--checkpoint",
        type=Path,
        metavar="FILE",
        help="a checkpoint of the region's releases that you have from elsewhere: earlier, or from "
        "a member; the receipt must be of the same tree",
    )
    parser.add_argument(
        "--release",
        type=Path,
        metavar="FILE",
        help="a release as JSON; its tables must be those of this public receipt",
    )
    parser.add_argument(
        "--earlier",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="of a standing series: the public receipts of its earlier releases, which --release "
        "is put together with; where they are of earlier charters, use --trust",
    )
    parser.add_argument(
        "--public",
        type=Path,
        metavar="FILE",
        help="the public receipt that this members' receipt must be about",
    )
    add_home(parser, "a node: its charter is an anchor, its key opens a members' receipt")


def _run(arguments: argparse.Namespace, out: Output) -> int:
    if arguments.earlier and arguments.release is None:
        raise WrongUsageError("--earlier says what --release was put together with; give both")
    tree: TreeFindings | None = None
    unproven: Sequence[str] = MEMBERS_UNPROVEN
    if is_sealed(_beginning(arguments.file)):
        anchor, claims = _verify_members(arguments)
    else:
        anchor, verified = _verify_public_file(arguments)
        claims, tree, unproven = verified.claims, verified.tree, verified.unproven
    out.say(f"Checked against {anchor}:")
    for claim in claims:
        out.say(f"{claim.number:>3}. {claim.text}")
    if [claim.number for claim in claims] != list(range(1, len(claims) + 1)):
        out.say(NUMBERS)
    out.say("Every claim holds.")
    if arguments.release is not None:
        out.say("The release shows the figures of this receipt.")
    for words in unproven:
        out.say(f"Not proven: {words}")
    out.document(
        {
            "anchor": anchor,
            "claims": [{"number": one.number, "claim": one.text} for one in claims],
            "tree": None if tree is None else _shown_tree(tree),
            "not_proven": list(unproven),
        }
    )
    return 0


def _shown_tree(tree: TreeFindings) -> dict[str, Any]:
    return {
        "size": tree.size,
        "cosigned_by": list(tree.cosigned_by),
        "needed": tree.needed,
        "enough": tree.is_enough,
    }


def _verify_public_file(arguments: argparse.Namespace) -> tuple[str, Verified]:
    given = trust_of(arguments.trust)
    if arguments.public is not None:
        raise PublicForPublicReceiptError
    path = arguments.charter
    if path is None and arguments.home is not None:
        path = arguments.home / "charter.json"
    if path is None and not given:
        raise NoAnchorError
    raw = read_file(arguments.file)
    with reading(arguments.file, "a receipt"):
        read_receipt(raw)
    known = _known_checkpoint(arguments)
    if given:
        verified, trusted, threshold = verify_trusted_receipt(raw, given, known)
        for path in arguments.earlier:
            verify_trusted_receipt(read_file(path), given)
        _verify_shown(arguments, raw, None)
        names = ", ".join(sorted(trusted))
        anchor = f"the fingerprints of {len(trusted)} who signed ({names}); {threshold} are needed"
        return anchor, verified
    anchor_file = read_file(path)
    with reading(path, A_CHARTER):
        charter = read_charter(anchor_file)
    verified = verify_receipt(raw, anchor_file, known)
    for earlier in arguments.earlier:
        verify_receipt(read_file(earlier), anchor_file)
    _verify_shown(arguments, raw, charter)
    return f"the charter in {path}", verified


def _verify_shown(arguments: argparse.Namespace, raw: bytes, charter: Charter | None) -> None:
    """Compare the release with a receipt that was verified, under the receipt's charter if None."""
    if arguments.release is not None:
        _, receipt = read_receipt(raw)
        earlier = [read_receipt(read_file(path))[1] for path in arguments.earlier]
        verify_release(read_file(arguments.release), receipt, charter or receipt.charter, earlier)


def _known_checkpoint(arguments: argparse.Namespace) -> Note | None:
    path = arguments.checkpoint
    return None if path is None else parse_note(read_file(path), str(path))


def _verify_members(arguments: argparse.Namespace) -> tuple[str, Sequence[Claim]]:
    # Only here: a public receipt is checked by people who have no node.
    from corridor.node.home import Home, read_settings  # noqa: PLC0415
    from corridor.node.keys import read_keys  # noqa: PLC0415

    if arguments.trust:
        raise TrustForMembersReceiptError
    if arguments.home is None and not os.environ.get("CORRIDOR_HOME"):
        raise NoMemberKeyError(str(arguments.file))
    known = _known_checkpoint(arguments)
    if known is not None:
        raise NoTreeInReceiptError(parse_checkpoint(known.text).size)
    if arguments.release is not None:
        raise ReleaseForMembersReceiptError
    home = Home(home_of(arguments))
    country = read_settings(home).country
    # A member's own charter in force is what its operator confirmed.
    path = home.charter if arguments.charter is None else arguments.charter
    with reading(path, A_CHARTER):
        charter = read_charter(read_file(path))
    keys = read_keys(home).opening
    pieces = _opened(arguments.file, country, keys)
    claims = verify_members_receipt(
        _Reader(pieces).read,
        charter,
        compile_=compiler(charter),
        verify=ed25519_verify,
        suite=suite_named(charter.suite),
        draw=sample,
        public=_public_receipt(arguments),
    )
    return f"the charter in {path}", claims


def _opened(path: Path, country: CountryCode, keys: Sequence[bytes]) -> Iterator[bytes]:
    """A members' receipt, opened by the node's key of now, or by one of before that it kept."""
    *others, last = keys
    for key in others:
        pieces = open_sealed(_pieces(path), country, key, path.name)
        with suppress(NotARecipientError):
            return chain([next(pieces)], pieces)
    return open_sealed(_pieces(path), country, last, path.name)


def _public_receipt(arguments: argparse.Namespace) -> bytes | None:
    if arguments.public is None:
        return None
    return parse_receipt_file(read_file(arguments.public)).receipt


class _Reader:
    """Reads so many bytes at a time from pieces of any length."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""

    def read(self, count: int) -> bytes:
        """At most so many bytes; none only at the end."""
        while not self._held:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._held = piece
        taken, self._held = self._held[:count], self._held[count:]
        return taken


def _beginning(path: Path) -> bytes:
    # A members' receipt can be many times larger than the memory: it is never read whole.
    return next(_pieces(path), b"")[: len(MAGIC)]


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                yield piece
    except OSError as error:
        raise UnreadableFileError(str(path), error.strerror or "cannot be read") from error
