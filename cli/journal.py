"""`corridor verify-journal`: checks a node's exported journal, by anybody, without a node.

    1. the key that signed it is the one that its reader trusts
    2. every entry is signed with it, numbered, and follows the one before: none was altered, left
       out or moved
    3. with --earlier: it goes on from an export of before, so nothing of that was cut off since

Then it shows what the node let out, and what of that was published. What a journal cannot prove is
said, too.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corridor.cli.homes import read_file, reading
from corridor.cli.output import Output
from corridor.cli.trust import trust_of
from corridor.cli.words import Nouns, add_command
from corridor.errors import WrongUsageError
from corridor.errors.journal import (
    AlteredExportError,
    NotContinuedError,
    OtherSignerError,
    UnknownSignerError,
)
from corridor.errors.ledger import BrokenChainError
from corridor.ids import CountryCode
from corridor.node.journal import Export, JournalRow, parse_export
from corridor.protocols.cards import Card, Fingerprint, fingerprint
from corridor.transport.suites import ed25519_verify
from corridor.transport.verifying import read_charter

NOT_CUT_OFF = (
    "that nothing was cut off at its end: compare with an earlier export (--earlier), or ask the "
    "node for another one later"
)
NOT_ALL = (
    "that the node wrote down all that it did: what left it under the protocol is in the receipts "
    "of the releases, and what it spent in the ledgers that the other members hold"
)
NOT_TRUE = "that its numbers were right, or its cases real: no signature can show that"
NOT_PROVEN = (NOT_CUT_OFF, NOT_ALL, NOT_TRUE)


def add_to(nouns: "Nouns[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = add_command(
        nouns,
        "verify-journal",
        _run,
        does="check a node's exported journal with its public key alone, and show what it let out",
        example="corridor verify-journal journal-MD.jsonl --trust MD=3F2A-91C0-…",
    )
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="what `corridor node journal --export` wrote"
    )
    anchors = parser.add_mutually_exclusive_group()
    anchors.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="CC=FINGERPRINT",
        help="the node's fingerprint, as that authority told you itself",
    )
    anchors.add_argument(
        "--charter", type=Path, metavar="FILE", help="the region's charter, as you trust it"
    )
    parser.add_argument(
        "--earlier",
        type=Path,
        metavar="FILE",
        help="an export of the same journal that you have from before; this one must go on from it",
    )


@dataclass(frozen=True, slots=True)
class LetOut:
    """One attempt whose masked input left the node; what the journal claims of it."""

    at: str
    session: str
    question: str
    rho: str
    organisation: str
    purpose: str
    release: str


def _run(arguments: argparse.Namespace, out: Output) -> int:
    if not arguments.trust and arguments.charter is None:
        raise WrongUsageError(
            "a journal proves something only against a key that you trust from elsewhere: name the "
            "node's fingerprint with --trust CC=FINGERPRINT, or the region's charter with --charter"
        )
    export = _read(arguments.file)
    _demand_signer(export, trust_of(arguments.trust), arguments.charter)
    with _foreign(arguments.file):
        rows = export.verified(ed25519_verify)
    earlier = None
    if arguments.earlier is not None:
        earlier = _demand_continued(export, _read(arguments.earlier))
    let_out = list(_let_out(rows))
    _tell(out, export, rows, let_out, earlier)
    out.document(
        {
            "country": export.country,
            "signing_key": export.key.hex(),
            "entries": len(rows),
            "head": export.entries[-1].digest.hex() if rows else None,
            "continues": earlier,
            "kinds": dict(sorted(Counter(row.kind for row in rows).items())),
            "let_out": [
                {
                    "at": one.at,
                    "session": one.session,
                    "question": one.question,
                    "rho": one.rho,
                    "organisation": one.organisation,
                    "purpose": one.purpose,
                    "release": one.release or None,
                }
                for one in let_out
            ],
            "not_proven": list(NOT_PROVEN),
        }
    )
    return 0


def _tell(
    out: Output,
    export: Export,
    rows: Sequence[JournalRow],
    let_out: Sequence[LetOut],
    earlier: int | None,
) -> None:
    out.say(f"{export.country}: {len(rows)} entries, each signed with the key that you trust, and")
    out.say("following the one before.")
    if rows:
        out.say(f"From {rows[0].at:%Y-%m-%d %H:%M} to {rows[-1].at:%Y-%m-%d %H:%M} UTC.")
    if earlier is not None:
        out.say(f"It goes on from the {earlier} entries of the earlier export.")
    out.table(
        "What left this node",
        ("time (UTC)", "=session", "question", "ρ", "for", "release"),
        [
            (
                one.at,
                one.session[:12],
                one.question[:12],
                one.rho,
                f"{one.organisation}: {one.purpose}",
                one.release[:12] or "none was told",
            )
            for one in let_out
        ],
    )
    kinds = Counter(row.kind for row in rows)
    out.say("Entries: " + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())))
    if "restored" in kinds:
        out.say("!! The node was put back from a backup: entries of before that may be missing.")
    for words in NOT_PROVEN:
        out.say(f"Not proven: {words}")


def _read(path: Path) -> Export:
    with _foreign(path), reading(path, "a journal that `corridor node journal --export` wrote"):
        return parse_export(read_file(path).decode("utf-8", "replace").split("\n"))


@contextmanager
def _foreign(path: Path) -> Iterator[None]:
    """Whoever reads an export did not write it: no node of theirs is to be put back."""
    try:
        yield
    except BrokenChainError as error:
        problem = error.problem.replace("this node", "that node")
        raise AlteredExportError(str(path), error.number, problem) from error


def _demand_signer(
    export: Export, trusted: Mapping[CountryCode, Fingerprint], charter: Path | None
) -> None:
    """See that the key is the one that the reader trusts for this country.

    Raises:
        UnknownSignerError: nothing says which key it has.
        OtherSignerError: it is another.
    """
    country = CountryCode(export.country)
    if charter is not None:
        with reading(charter, "a region's charter"):
            members = {one.country: one for one in read_charter(read_file(charter)).members}
        if country not in members:
            raise UnknownSignerError(country)
        if export.key not in members[country].keys:  # of now, or of when it was exported
            raise OtherSignerError(country)
        return
    if country not in trusted:
        raise UnknownSignerError(country)
    card = export.card
    if card is None or not _is_of(card, export) or fingerprint(card) != trusted[country]:
        raise OtherSignerError(country)


def _is_of(card: Card, export: Export) -> bool:
    """The card is only the export's word: its fingerprint covers these two, and so binds them."""
    return card.country == export.country and card.signing_key == export.key


def _demand_continued(export: Export, earlier: Export) -> int:
    """How many entries the earlier export has, with all of which this one begins.

    Raises:
        NotContinuedError: it does not.
    """
    for number, entry in enumerate(earlier.entries, 1):
        # By digest: whose keys were rotated signs the same entries again.
        if number > len(export.entries) or export.entries[number - 1].digest != entry.digest:
            raise NotContinuedError(number)
    return len(earlier.entries)


def _let_out(rows: Sequence[JournalRow]) -> Iterator[LetOut]:
    asked = _by_session(rows, "proposed")
    released = _by_session(rows, "released")
    for row in rows:
        if row.kind == "let_out":
            said = asked.get(row.session, {})
            yield LetOut(
                row.at.strftime("%Y-%m-%d %H:%M:%S"),
                row.session,
                str(said.get("question", "")),
                str(said.get("rho", "")),
                str(said.get("organisation", "")),
                str(said.get("purpose", "")),
                str(released.get(row.session, {}).get("release", "")),
            )


def _by_session(rows: Sequence[JournalRow], kind: str) -> dict[str, Mapping[str, Any]]:
    return {row.session: row.details for row in rows if row.kind == kind}
