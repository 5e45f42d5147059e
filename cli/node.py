"""What an authority runs at its node: `corridor node …`."""

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from corridor.cli import deciding, mapping, quality
from corridor.cli.console import add_console_commands
from corridor.cli.erasing import add_erasing
from corridor.cli.figures import at_least, at_most
from corridor.cli.homes import country_of, home_of, read_file, reading, same_home
from corridor.cli.keeping import add_keeping
from corridor.cli.output import Output
from corridor.cli.trust import trust_of
from corridor.cli.words import AddCommand, Nouns, add_command, add_group, add_home
from corridor.errors.cli import BadTrustError
from corridor.files import PUBLIC, write_atomically
from corridor.node import app
from corridor.node.views import (
    CardView,
    CharterOffer,
    EvidenceView,
    InvitationView,
    SeriesView,
)
from corridor.protocols.cards import fingerprint_text, key_fingerprint
from corridor.protocols.contradictions import encode_line


def add_to(nouns: "Nouns[argparse.ArgumentParser]") -> None:
    """Add the node's commands."""
    verbs = add_group(nouns, "node", does="run an authority's node: its case data, its rules")

    def command(name: str, run: object, *, does: str, example: str) -> argparse.ArgumentParser:
        parser = add_command(verbs, name, run, does=does, example=f"corridor node {example}")  # type: ignore[arg-type]
        add_home(parser, "the node")
        return parser

    init = command(
        "init",
        _init,
        does="make a new node with its own keys in an empty folder",
        example='init --home /srv/corridor --country MD --name "Anti-trafficking unit"',
    )
    init.add_argument(
        "--country", required=True, type=country_of, metavar="CC", help="ISO 3166-1 alpha-2, as MD"
    )
    init.add_argument("--name", default="", help="name of the authority")

    _add_enrol(command)
    card = command(
        "card",
        _card,
        does="show this node's public keys and their fingerprint, to read out by phone",
        example="card --out card-MD.json --home /srv/corridor",
    )
    card.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="also write the card, for `accept --card` elsewhere",
    )

    accept = command(
        "accept",
        _accept,
        does="look at the proposed charter and sign it, once every member's key is confirmed",
        example="accept --trust BG=3F2A-…  --trust UA=91C0-…  --home /srv/corridor",
    )
    accept.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="CC=FINGERPRINT",
        help="a member's fingerprint (hex, or its words) as that authority told you itself",
    )
    accept.add_argument(
        "--card",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a member's card (`corridor node card --out` there), from that authority itself",
    )
    accept.add_argument("--show", action="store_true", help="only show what is proposed")

    load = command(
        "import",
        _import,
        does="read HTCDS case files into a new edition of the node's data",
        example="import cases-2025.xlsx --home /srv/corridor",
    )
    load.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="xlsx, xlsm, csv, parquet, sav, zsav, dta",
    )
    load.add_argument(
        "--replace", action="store_true", help="start empty instead of adding to the last edition"
    )
    load.add_argument(
        "--countries",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="what texts mean that name no known country: the list that an import wrote, with its "
        "codes filled in (a CSV of text and ISO code; - for none); may be repeated",
    )
    mapping.add_source_words(load)
    mapping.add_to(command)
    quality.add_to(command)

    serve = command(
        "serve",
        _serve,
        does="stay connected and take part in what the policy allows, with nobody touching it",
        example="serve --home /srv/corridor",
    )
    serve.add_argument("--fault", default=None, help="stop on purpose: kill@POINT (synthetic only)")

    command(
        "status",
        _status,
        does="say in one line what the node is doing, and who is waited for",
        example="status --home /srv/corridor",
    )
    deciding.add_to(command)
    command(
        "budget",
        _budget,
        does="show what was spent, what is reserved and what is left",
        example="budget --home /srv/corridor",
    )
    series = command(
        "series",
        _series,
        does="show the standing series that this node takes part in, or leave one",
        example="series --home /srv/corridor",
    )
    series.add_argument(
        "--leave",
        metavar="ID",
        help="destroy what it counted here: the series cannot go on with this country, and what "
        "it spent stays spent",
    )
    journal = command(
        "journal",
        _journal,
        does="show what this node was asked, decided and let out; or export it, signed",
        example="journal --export journal.jsonl --home /srv/corridor",
    )
    journal.add_argument("--export", type=Path, metavar="FILE", help="write the signed chain")
    journal.add_argument("--last", type=int, default=30, metavar="N", help="how many to show")
    receipt = command(
        "receipt",
        _receipt,
        does="fetch a release's members' receipt, from which the sum can be recomputed",
        example="receipt RELEASE --out members-receipt.bin --home /srv/corridor",
    )
    receipt.add_argument("release", metavar="RELEASE")
    receipt.add_argument("--out", type=Path, required=True, metavar="FILE")
    checkpoint = command(
        "checkpoint",
        _checkpoint,
        does="show the checkpoint of the region's releases that was cosigned here last, or compare "
        "it with another member's",
        example="checkpoint --compare checkpoint-of-BG.txt --home /srv/corridor",
    )
    checkpoint.add_argument("--out", type=Path, metavar="FILE", help="write the note there")
    checkpoint.add_argument(
        "--compare",
        type=Path,
        metavar="FILE",
        help="a checkpoint that another member sent you; not through the coordinator",
    )
    checkpoint.add_argument(
        "--evidence",
        action="store_true",
        help="show the checkpoints by which the coordinator contradicted itself",
    )
    checkpoint.add_argument(
        "--settle",
        metavar="WORDS",
        help="go on cosigning after such a contradiction, once the members have talked; WORDS say "
        "what they found, and stay in the journal",
    )
    evidence = command(
        "evidence",
        _contradictions,
        does="show the signed words of members or the coordinator that contradict each other",
        example="evidence --out evidence.jsonl --home /srv/corridor",
    )
    evidence.add_argument(
        "--out", type=Path, metavar="FILE", help="write them there, to be shown to other members"
    )
    evidence.add_argument(
        "--take",
        type=Path,
        metavar="FILE",
        help="verify what another member's --out wrote, and keep it as if it had been found here",
    )
    evidence.add_argument(
        "--heard",
        type=Path,
        metavar="FILE",
        help="write what the coordinator signed for this node, for another member to compare",
    )
    evidence.add_argument(
        "--compare",
        type=Path,
        metavar="FILE",
        help="what the coordinator signed for another member; not through the coordinator",
    )
    add_keeping(command)
    add_erasing(command)
    add_console_commands(command)
    command(
        "doctor",
        _doctor,
        does="check keys, certificate, charter, ledger, data and connection, and say what to mend",
        example="doctor --home /srv/corridor",
    )


def _add_enrol(command: AddCommand) -> None:
    enrol = command(
        "enrol",
        _enrol,
        does="join the coordinator that sent an invitation; the private keys never leave",
        example="enrol invitation-MD.json --home /srv/corridor",
    )
    enrol.add_argument("invitation", type=Path, metavar="INVITATION", help="the file it sent")
    enrol.add_argument(
        "--show",
        action="store_true",
        help="only show what is to be compared by telephone; nothing is sent",
    )


def _init(arguments: argparse.Namespace, out: Output) -> int:
    card = app.initialise(
        app.real_world(home_of(arguments)),
        country=arguments.country,
        name=arguments.name or f"Authority of {arguments.country}",
    )
    out.say(f"A node for {card.country} was made in {home_of(arguments)}.")
    _show_card(card, out)
    out.say("Look at policy.toml in that folder: it decides what may be asked here.")
    out.say(f"Next: corridor node enrol INVITATION{same_home(arguments)}")
    return 0


def _show_invitation(found: InvitationView, out: Output) -> int:
    out.say(f"An invitation of {found.country} to {found.grpc}, until {found.expires:%Y-%m-%d}.")
    out.say("Nothing was sent. Compare by telephone, and enrol only if all of it is the same:")
    out.say(f"authority    {found.authority}")
    out.say(f"signing key  {found.coordinator_key}")
    out.say(f"in words     {found.words}")
    out.document({**asdict(found), "expires": found.expires.isoformat()})
    return 0


def _enrol(arguments: argparse.Namespace, out: Output) -> int:
    world = app.real_world(home_of(arguments))
    with reading(arguments.invitation, "an invitation as the coordinator sent it"):
        if arguments.show:
            return _show_invitation(app.invitation_view(read_file(arguments.invitation)), out)
        enrolment = app.enrol(world, read_file(arguments.invitation))
    key = fingerprint_text(key_fingerprint(enrolment.coordinator_key))
    out.say(f"Enrolled with {enrolment.region} at {enrolment.grpc}. Compare by telephone:")
    out.say(f"authority    {enrolment.authority}")
    out.say(f"signing key  {key}")
    out.say(f"Next: corridor node import FILE…{same_home(arguments)}")
    out.say(f"      corridor node accept{same_home(arguments)}, when there is a charter")
    out.document(
        {
            "region": enrolment.region,
            "grpc": enrolment.grpc,
            "web": enrolment.web,
            "authority": enrolment.authority,
            "coordinator_key": key,
        }
    )
    return 0


def _card(arguments: argparse.Namespace, out: Output) -> int:
    card = app.card(app.real_world(home_of(arguments)))
    if arguments.out is not None:
        # What the others have to confirm next: the card that follows, while keys are rotated.
        write_atomically(arguments.out, (card.following or card).text.encode(), PUBLIC)
        out.progress(f"The card was written to {arguments.out}; hand it over in person.")
    _show_card(card, out)
    return 0


def _show_card(card: CardView, out: Output) -> None:
    out.say(f"{card.country}  {card.name}")
    out.say(f"fingerprint  {card.fingerprint}")
    out.say(f"in words     {card.words}")
    if card.following is not None:
        out.say("New keys wait for the next charter. To be confirmed by the other members:")
        out.say(f"fingerprint  {card.following.fingerprint}")
        out.say(f"in words     {card.following.words}")
    out.document(
        {
            "country": card.country,
            "name": card.name,
            "fingerprint": card.fingerprint,
            "words": card.words,
            "card": card.text,
            "next": None
            if card.following is None
            else {
                "fingerprint": card.following.fingerprint,
                "words": card.following.words,
                "card": card.following.text,
            },
        }
    )


def _accept(arguments: argparse.Namespace, out: Output) -> int:
    world = app.real_world(home_of(arguments))
    trusted = app.trusted_fingerprints(trust_of(arguments.trust), [])
    for path in arguments.card:
        with reading(path, "a member's card (`corridor node card --out FILE` writes one)"):
            for country, mark in app.trusted_fingerprints({}, [read_file(path)]).items():
                if trusted.setdefault(country, mark) != mark:
                    raise BadTrustError(str(path), f"another key of {country} was confirmed, too")
    offer = app.offered_charter(world, trusted)
    _show_offer(offer, out, whole=arguments.show)
    if arguments.show:
        out.document(offer.document)
        return 0
    status = app.accept(world, offer, trusted)
    if status.in_force:
        out.say("Signed. Every member has signed: the charter is in force.")
    else:
        out.say(f"Signed. Waiting for the signatures of {', '.join(status.missing)}.")
    out.say(f"Next: corridor node serve{same_home(arguments)}")
    out.document({"in_force": status.in_force, "missing": list(status.missing)})
    return 0


def _show_offer(offer: CharterOffer, out: Output, *, whole: bool) -> None:
    """The members, and what the charter fixes: all of it, or what changed since the last one."""
    out.table(
        f"Charter of {offer.region}, version {offer.version}"
        + (" (synthetic data)" if offer.synthetic else ""),
        ("member", "name", "key"),
        [
            (one.country, one.name, " ".join(filter(None, (one.fingerprint, one.standing))))
            for one in offer.members
        ],
    )
    if whole or offer.since is None:
        width = max(len(name) for name, _ in offer.numbers)
        for name, value in offer.numbers:
            out.say(f"{name:<{width}}  {value}")
        if whole:  # long, and nobody shall agree to it unseen
            out.say(f"{'these countries':<{width}}  {offer.document['countries']}")
    else:
        width = max((len(name) for name, *_ in offer.changes), default=0)
        for name, before, now in offer.changes:
            out.say(f"{name:<{width}}  {before} → {now}")
        out.say(
            f"{'Nothing else' if offer.changes else 'No number'} changed since version "
            f"{offer.since}, which was accepted here; all of them: corridor node accept --show"
        )
        out.say(f"witnesses of before: {dict(offer.numbers)['witnesses of before']}")
    for one in offer.members:
        if one.former:
            out.say(f"{one.country} has new keys. Those of before, as they were accepted here, had")
            out.say(f"the fingerprint {one.former}; its ledger goes on.")
        if one.is_anew:
            out.say(f"{one.country} is a new member under other keys: its ledger begins anew.")
    for who, what in ((offer.joins, "joins"), (offer.leaves, "leaves")):
        if who:
            out.say(f"Since the charter that was accepted here, who {what}: {', '.join(who)}.")


def _import(arguments: argparse.Namespace, out: Output) -> int:
    outcome = app.import_files(
        app.real_world(home_of(arguments)),
        arguments.files,
        replace=arguments.replace,
        mappings=arguments.countries,
        columns=arguments.mapping,
        database=arguments.database,
        tables_named=arguments.table,
        progress=out.progress,
    )
    for line in outcome.lines:
        out.say(line)
    out.say(
        "A node that serves counts the new edition from the next question on: "
        f"corridor node serve{same_home(arguments)}"
    )
    out.document(outcome.document)
    return 0


def _serve(arguments: argparse.Namespace, out: Output) -> int:
    app.serve(app.real_world(home_of(arguments)), fault=arguments.fault, tell=out.progress)
    out.document({"stopped": True})
    return 0


def _status(arguments: argparse.Namespace, out: Output) -> int:
    view = app.status(app.real_world(home_of(arguments)))
    out.say(view.line)
    out.document(view.document)
    return 0 if view.alive else 1


def _series(arguments: argparse.Namespace, out: Output) -> int:
    world = app.real_world(home_of(arguments))
    if arguments.leave is not None:
        app.leave_series(world, arguments.leave)
        out.say(f"Series {arguments.leave} was left: what it had counted is gone from this disk.")
    found = app.series(world)
    out.table(
        "Standing series: paid for once, answered every period",
        ("=series", ">last release", ">ρ of all", ">paid so far", "goes on"),
        [
            (
                one.name,
                str(one.period),
                at_most(one.rho),
                at_most(one.paid),
                _goes_on(one),
            )
            for one in found
        ],
    )
    if not all(one.is_left for one in found):
        out.say(
            "Whom a series counts stays sealed on this node's disk, as keys that only it can make."
        )
    out.document([asdict(one) for one in found])
    return 0


def _goes_on(one: SeriesView) -> str:
    if one.is_left:
        return "no: it was left"
    return "yes" if one.goes_on else "no: what it counted is not here"


def _budget(arguments: argparse.Namespace, out: Output) -> int:
    view = app.budget(app.real_world(home_of(arguments)))
    losses = (">ρ", ">ε", f">ε if {view.nodes_per_person} nodes know them", ">ε if all collude")
    out.table(
        "Privacy budget: what every person in this node's data has lost, and may still lose",
        (" ", *losses),
        [
            (what, (at_least if what.startswith("left") else at_most)(rho), *rest)
            for what, rho, *rest in view.rows
        ],
    )
    if len(view.years) > 1:
        out.table(
            "Spent, year by year",
            ("year", *losses),
            [(year, at_most(rho), *rest) for year, rho, *rest in view.years],
        )
    if view.askers:
        out.table(
            "Spent, by who asked and why",
            ("organisation", "purpose", ">this year ρ", ">all time ρ"),
            [(who, why, at_most(now), at_most(ever)) for who, why, now, ever in view.askers],
        )
    if view.shares:
        out.table(
            "Shares of the year's allowance",
            ("of", ">a year ρ", ">left ρ"),
            [(whose, at_least(rho), at_least(rest)) for whose, rho, rest in view.shares],
        )
    for line in view.lines:
        out.say(line)
    out.document(view.document)
    return 0


def _journal(arguments: argparse.Namespace, out: Output) -> int:
    world = app.real_world(home_of(arguments))
    if arguments.export is not None:
        count = app.export_journal(world, arguments.export)
        out.say(f"{count} entries written to {arguments.export}, signed by this node.")
        out.document({"entries": count, "file": str(arguments.export)})
        return 0
    entries = app.journal(world, arguments.last)
    out.table(
        "Journal",
        ("number", "time (UTC)", "what", "session", "details"),
        [(str(one.number), one.time, one.kind, one.session, one.details) for one in entries],
    )
    out.document([one.document for one in entries])
    return 0


def _receipt(arguments: argparse.Namespace, out: Output) -> int:
    app.fetch_receipt(app.real_world(home_of(arguments)), arguments.release, arguments.out)
    out.say(f"Written to {arguments.out}, still encrypted to the members.")
    out.say(f"Next: corridor verify {shlex.quote(str(arguments.out))}{same_home(arguments)}")
    out.document({"file": str(arguments.out)})
    return 0


def _checkpoint(arguments: argparse.Namespace, out: Output) -> int:
    world = app.real_world(home_of(arguments))
    if arguments.evidence:
        return _evidence(app.tree_evidence(world), out)
    if arguments.settle is not None:
        count = app.settle_evidence(world, arguments.settle)
        out.say(f"Settled: {count} contradictions. This node goes on from the tree that it")
        out.say("cosigned; a tree that differs from it is refused as before.")
        out.document({"settled": count})
        return 0
    if arguments.compare is not None:
        found = app.compare_checkpoint(world, read_file(arguments.compare))
        out.say(
            f"The tree of {found.theirs} releases in {arguments.compare} and this node's of "
            f"{found.mine} are one."
        )
        if found.cosigned_by:
            out.say(f"Cosigned there by {', '.join(found.cosigned_by)}.")
        out.document(
            {"mine": found.mine, "theirs": found.theirs, "cosigned_by": list(found.cosigned_by)}
        )
        return 0
    held = app.checkpoint(world)
    if arguments.out is not None:
        write_atomically(arguments.out, held.note.encode(), PUBLIC)
        out.say(f"Written to {arguments.out}: {held.size} releases.")
        out.say("Next: send it to a member, who runs corridor node checkpoint --compare FILE")
    else:
        out.raw(held.note)
    if held.contradicted:
        out.say("!! The coordinator contradicted itself: corridor node checkpoint --evidence")
    out.document(
        {
            "note": held.note,
            "size": held.size,
            "cosigned_by": list(held.cosigned_by),
            "contradicted": held.contradicted,
        }
    )
    return 1 if held.contradicted else 0


def _contradictions(arguments: argparse.Namespace, out: Output) -> int:
    world = app.real_world(home_of(arguments))
    if arguments.heard is not None:
        write_atomically(arguments.heard, app.heard_from_coordinator(world), PUBLIC)
        out.say(f"Written to {arguments.heard}. Next: send it to a member, not through the")
        out.say("coordinator, who runs corridor node evidence --compare FILE")
    if arguments.compare is not None:
        differ = app.compare_heard(world, read_file(arguments.compare))
        out.say(
            f"The coordinator told that member otherwise than this node in {differ} matters."
            if differ
            else "The coordinator told that member nothing otherwise than this node."
        )
    refused: Sequence[str] = ()
    if arguments.take is not None:
        taken = app.take_evidence(world, read_file(arguments.take))
        refused = taken.refused
        out.say(f"Taken: {taken.taken} contradictions; {taken.known} were known here.")
        for reason in refused:
            out.say(f"!! {reason}")
    found = app.evidence(world)
    documents = [
        {"whose": one.whose, "problem": one.problem, "held": one.held, "shown": one.shown}
        for one in found
    ]
    for one in found:
        out.heading(f"{one.whose}: {one.problem}")
        out.say(one.held)  # a member's words: `raw` would show them as they stand
        out.say(one.shown)
    if not found:
        out.say("There is no contradiction on record at this node.")
    if arguments.out is not None:
        lines = b"".join(encode_line(**one) + b"\n" for one in documents)
        write_atomically(arguments.out, lines, PUBLIC)
        out.say(f"Written to {arguments.out}. Next: send it to the other members, not through the")
        out.say("coordinator, who run corridor node evidence --take FILE")
    out.document(documents)
    return 1 if found or refused else 0


def _evidence(found: Sequence[EvidenceView], out: Output) -> int:
    for one in found:
        out.heading(f"{one.at}: {one.code}" + (f", settled: {one.settled}" if one.settled else ""))
        if not one.is_proof:
            out.say("A complaint: these were not proven to be one tree; another proof may hold.")
        out.say("This node had cosigned, and the coordinator had signed:")
        out.raw(one.held)
        out.say("The coordinator signed as well:")
        out.raw(one.offered)
    if not found:
        out.say("There is no evidence against the coordinator at this node.")
    out.document(
        [
            {
                "at": one.at,
                "code": one.code,
                "held": one.held,
                "offered": one.offered,
                "proof": one.proof,
                "is_proof": one.is_proof,
                "settled": one.settled,
            }
            for one in found
        ]
    )
    return 1 if any(one.is_proof and not one.settled for one in found) else 0


def _doctor(arguments: argparse.Namespace, out: Output) -> int:
    findings = app.doctor(app.real_world(home_of(arguments)))
    out.table(
        "Doctor",
        (" ", "what", "finding"),
        [(one.mark, one.what, one.finding) for one in findings],
    )
    out.document([asdict(one) for one in findings])
    return 0 if all(one.ok for one in findings) else 1
