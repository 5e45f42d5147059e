"""`corridor verify`: checks a receipt against something that its reader trusts, by anybody.

    public receipt     who took part in what, and who signed; not that the sum is right
    members' receipt   the same, and the sum itself: opened with a node's key (--home)

The anchor is a charter (`--charter FILE`), or enough members' fingerprints (`--trust`); for a
members' receipt the charter in force at the node is one. Without an anchor nothing is checked:
a receipt that vouches for itself proves nothing.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from corridor.cli.homes import home_of, read_file
from corridor.cli.output import Output
from corridor.cli.trust import trust_of
from corridor.cli.words import Nouns, add_command, add_home
from corridor.errors.charter import MalformedCharterError
from corridor.errors.cli import NoAnchorError
from corridor.ids import CountryCode
from corridor.privacy.rho import Rho
from corridor.protocols.cards import Fingerprint
from corridor.protocols.charter import Charter, parse_charter, parse_signed_charter
from corridor.protocols.members_receipts import verify_members_receipt
from corridor.protocols.receipts import (
    Claim,
    Compile,
    Compiled,
    parse_public_receipt,
    trusted_charter,
    verify_public_receipt,
)
from corridor.protocols.secure_sum.messages import AttemptParameters, Proposal
from corridor.queries.catalogue import parse_catalogue
from corridor.queries.domains import make_domains
from corridor.queries.parameters import attempt_parameters
from corridor.queries.plan import compile_plan
from corridor.queries.question import parse_question
from corridor.transport.sealed_files import is_sealed, open_sealed
from corridor.transport.suites import ed25519_verify, suite_named

PIECE_BYTES = 1 << 20


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
    parser.add_argument(
        "--charter", type=Path, metavar="FILE", help="the region's charter, as you trust it"
    )
    parser.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="CC=FINGERPRINT",
        help="a member's fingerprint, as that authority told you itself; as many as you know",
    )
    add_home(parser, "a node; its key opens a members' receipt")


def _run(arguments: argparse.Namespace, out: Output) -> int:
    raw = read_file(arguments.file)
    anchor = None if arguments.charter is None else read_file(arguments.charter)
    if is_sealed(raw[:64]):
        claims = _verify_members(arguments, anchor)
    elif anchor is not None:
        claims = verify_receipt(raw, anchor)
    elif arguments.trust:
        claims = verify_trusted_receipt(raw, trust_of(arguments.trust))
    else:
        raise NoAnchorError
    for claim in claims:
        out.say(f"{claim.number:>3}. {claim.text}")
    out.say("Every claim holds.")
    if not is_sealed(raw[:64]):
        out.say("That the sum is right takes the members' receipt: corridor node receipt RELEASE")
    out.document({"claims": [{"number": one.number, "claim": one.text} for one in claims]})
    return 0


def verify_receipt(raw: bytes, charter_file: bytes) -> Sequence[Claim]:
    """The claims of a public receipt that hold under the charter in a file.

    Raises:
        CorridorError: the file is no receipt, or a claim does not hold.
    """
    return _verify_public(raw, read_charter(charter_file))


def verify_trusted_receipt(
    raw: bytes, trusted: Mapping[CountryCode, Fingerprint]
) -> Sequence[Claim]:
    """The claims of a public receipt that hold for whoever knows these members.

    Raises:
        CorridorError: too few are known, or as `verify_receipt`.
    """
    receipt = parse_public_receipt(raw)
    charter, known = trusted_charter(receipt, trusted)
    claims = _verify_public(raw, charter)
    vouching = f"You know {len(known)} of those who signed: {', '.join(sorted(known))}."
    return (*claims, Claim(0, vouching))


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


def _verify_public(raw: bytes, charter: Charter) -> Sequence[Claim]:
    return verify_public_receipt(
        parse_public_receipt(raw),
        charter,
        compile_=compiler(charter),
        verify=ed25519_verify,
        suite=suite_named(charter.suite),
    )


def _verify_members(arguments: argparse.Namespace, anchor: bytes | None) -> Sequence[Claim]:
    home = home_of(arguments)
    # A member's own charter in force is what its operator confirmed.
    charter = read_charter(read_file(home / "charter.json") if anchor is None else anchor)
    country = _country_of(home, charter)
    key = read_file(home / "keys" / "encryption.key")
    pieces = open_sealed(_pieces(arguments.file), country, key, arguments.file.name)
    return verify_members_receipt(
        _Reader(pieces).read,
        charter,
        compile_=compiler(charter),
        verify=ed25519_verify,
        suite=suite_named(charter.suite),
    )


def _country_of(home: Path, charter: Charter) -> CountryCode:
    """Whose node it is: the member whose card its settings and keys make."""
    from corridor.node.home import Home, read_settings  # noqa: PLC0415  # only where it is needed

    return charter.member(read_settings(Home(home)).country).country


def compiler(charter: Charter) -> Compile:
    """Compiles proposals under a charter, with this installation's own catalogue."""
    domains = make_domains(parse_catalogue(_read_data), charter)

    def compile_(proposal: Proposal) -> Compiled:
        question = parse_question(proposal.question)
        plan = compile_plan(question, domains)

        def parameters_for(roster_size: int) -> AttemptParameters:
            return attempt_parameters(charter, plan, Rho(proposal.header.rho), roster_size)

        return Compiled(question.digest, plan.digest, parameters_for)

    return compile_


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


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def _read_data(name: str) -> str:
    return (files("corridor.queries") / "data" / name).read_text("utf-8")
