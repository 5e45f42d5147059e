"""What the region's staff run: `corridor coordinator …`.

    init → invite (one for each authority) → charter propose → serve
           token, people (one for each analyst)   charter show, members, attempts, readmit

All but `serve` work on the folder directly, also while `serve` runs on it.
"""

import argparse
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from corridor.cli.accounts import add_words, change_accounts
from corridor.cli.attempts import show_attempt, show_attempts
from corridor.cli.figures import decimal_at_least, decimal_at_most, minute
from corridor.cli.homes import (
    countries_of,
    country_of,
    fraction,
    home_of,
    same_home,
    whole,
    whole_from,
)
from corridor.cli.output import Output
from corridor.cli.words import Nouns, add_command, add_group, add_home
from corridor.coordinator import app
from corridor.coordinator.app.people import people_desk
from corridor.coordinator.charter_desk import ProposedCharter
from corridor.coordinator.region_desk import show_charter
from corridor.coordinator.scopes import USUAL as USUAL_SCOPES
from corridor.coordinator.scopes import parse_scopes, scopes_text
from corridor.errors.cli import NoTokenNameError
from corridor.files import PUBLIC, write_atomically
from corridor.ids import CountryCode
from corridor.people import REGION
from corridor.protocols.cards import Card, fingerprint, fingerprint_text

LISTED_COUNTRIES = 40
"""Up to so many countries of a charter are listed, else counted."""


EDITION_DIGITS = 12
"""So many characters of an edition tell it apart in a list."""


def add_to(nouns: "Nouns[argparse.ArgumentParser]") -> None:
    """Add the coordinator's commands."""
    verbs = add_group(
        nouns, "coordinator", does="run a region: invite authorities, propose its charter, serve"
    )
    _add_init(verbs)
    _add_invite(verbs)
    charter = add_group(verbs, "charter", does="propose the region's charter, or show it")
    _add_propose(charter)
    show = add_command(
        charter,
        "show",
        _show,
        does="show the charter proposed last and who has signed it, or the one in force",
        example="corridor coordinator charter show --out charter.json --home /srv/coordinator",
    )
    show.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="also write the charter in force with its signatures, as `corridor verify --charter` "
        "reads it; one that waits for signatures proves nothing",
    )
    show.add_argument(
        "--in-force",
        action="store_true",
        help="show the charter in force, whatever was proposed since",
    )
    add_home(show, "the coordinator")
    members = add_command(
        verbs,
        "members",
        _members,
        does="show who is enrolled, who is connected and what their budgets leave",
        example="corridor coordinator members --home /srv/coordinator",
    )
    add_home(members, "the coordinator")
    _add_attempts(verbs)
    serve = add_command(
        verbs,
        "serve",
        _serve,
        does="carry questions to the nodes and publish the answers, until stopped",
        example="corridor coordinator serve --home /srv/coordinator",
    )
    serve.add_argument("--fault", default=None, help="stop on purpose: kill@POINT (synthetic only)")
    add_home(serve, "the coordinator")
    _add_token(verbs)
    people = add_command(
        verbs,
        "people",
        _people,
        does="give people accounts at the workbench, and take them away",
        example='corridor coordinator people add "Ana Rusu" --role analyst --home /srv/coordinator',
    )
    add_words(people, REGION)
    add_home(people, "the coordinator")


def _add_init(verbs: "Nouns[argparse.ArgumentParser]") -> None:
    init = add_command(
        verbs,
        "init",
        _init,
        does="make a new coordinator with its own keys in an empty folder",
        example='corridor coordinator init --home /srv/coordinator --name "Danube region" '
        "--listen 0.0.0.0:7443 --web 0.0.0.0:7080 --host coordinator.example",
    )
    init.add_argument("--name", required=True, help="of the region; stands in every charter")
    init.add_argument(
        "--listen",
        default="127.0.0.1:7443",
        metavar="HOST:PORT",
        help="what nodes dial (default: %(default)s); always mutual TLS",
    )
    init.add_argument(
        "--web",
        default="127.0.0.1:7080",
        metavar="HOST:PORT",
        help="where analysts ask and nodes enrol (default: %(default)s)",
    )
    init.add_argument(
        "--host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name or address under which others reach it; may be repeated",
    )
    init.add_argument(
        "--plain-http",
        action="store_true",
        help="no TLS for analysts on this machine; on loopback only, and nobody can enrol then",
    )
    add_home(init, "the coordinator")


def _add_invite(verbs: "Nouns[argparse.ArgumentParser]") -> None:
    invite = add_command(
        verbs,
        "invite",
        _invite,
        does="write the invitation with which one authority's node enrols, once",
        example="corridor coordinator invite --country MD --home /srv/coordinator",
    )
    invite.add_argument("--country", required=True, type=country_of, metavar="CC")
    invite.add_argument(
        "--out", type=Path, metavar="FILE", help="default: invitation-CC.json, here"
    )
    invite.add_argument(
        "--days",
        type=whole_from(1, 365),
        default=14,
        metavar="N",
        help="valid for (default: %(default)s)",
    )
    add_home(invite, "the coordinator")


def _add_propose(verbs: "Nouns[argparse.ArgumentParser]") -> None:
    propose = add_command(
        verbs,
        "propose",
        _propose,
        does="propose a charter that lists every enrolled authority, for all of them to sign",
        example="corridor coordinator charter propose --min-participants 4 --max-colluders 1 "
        "--home /srv/coordinator",
    )
    numbers: tuple[tuple[str, Any, Any, str], ...] = (
        ("--min-participants", whole, 3, "fewest authorities in an answer, at least 3"),
        (
            "--max-colluders",
            whole,
            1,
            "who may collude with the coordinator, in vain",
        ),
        (
            "--max-dropouts",
            whole,
            None,
            "most that may fail in one question (default: a tenth)",
        ),
        ("--nodes-per-person", whole, 2, "how many authorities may know the same person"),
        ("--delta", fraction, Fraction(1, 10**6), "the δ at which guarantees are shown"),
        ("--rho-per-question", fraction, Fraction(1, 10), "the most that one question may cost"),
        ("--persons-per-node", whole, 1_000_000, "the most persons that a node may hold"),
        ("--retention-days", whole, 365, "how long members' receipts are kept"),
        ("--failed-attempts", whole, 3, "failed attempts a day that a node bears"),
        (
            "--witness-quorum",
            whole,
            None,
            "who must hold a node's ledger before it spends (default: enough to stop clones)",
        ),
    )
    for option, kind, default, about in numbers:
        propose.add_argument(
            option,
            type=kind,
            default=default,
            metavar="N",
            help=about if default is None else f"{about} (default: {default})",
        )
    propose.add_argument(
        "--years", type=_years, metavar="FROM-TO", help="of the dates (default: the last fifteen)"
    )
    propose.add_argument(
        "--countries",
        type=countries_of,
        metavar="CC,CC,…",
        help="which countries answers tell apart, besides the members' own; all others count as "
        "unknown (default: every country)",
    )
    propose.add_argument(
        "--without",
        type=countries_of,
        default=(),
        metavar="CC,CC,…",
        help="who leaves: not listed, need not sign, and enrolled no more once it is in force",
    )
    propose.add_argument(
        "--synthetic", action="store_true", help="the case data are made up: a trial or a demo"
    )
    add_home(propose, "the coordinator")


def _add_attempts(verbs: "Nouns[argparse.ArgumentParser]") -> None:
    attempts = add_command(
        verbs,
        "attempts",
        _attempts,
        does="show what became of every attempt at a question, and why; newest first",
        example="corridor coordinator attempts 3f2a91c0 --home /srv/coordinator",
    )
    attempts.add_argument(
        "session",
        nargs="?",
        metavar="SESSION",
        help="only this attempt, in detail: its session, or the beginning of it",
    )
    attempts.add_argument(
        "--last",
        type=whole_from(1, 1000),
        default=20,
        metavar="N",
        help="how many to show (default: %(default)s)",
    )
    add_home(attempts, "the coordinator")
    readmit = add_command(
        verbs,
        "readmit",
        _readmit,
        does="ask a member again that is held out because it dealt bad shares",
        example='corridor coordinator readmit MD --because "their disk was replaced" '
        "--home /srv/coordinator",
    )
    readmit.add_argument("country", type=country_of, metavar="CC")
    readmit.add_argument(
        "--because", default="", metavar="TEXT", help="what was found out; stays on record"
    )
    add_home(readmit, "the coordinator")


def _add_token(verbs: "Nouns[argparse.ArgumentParser]") -> None:
    token = add_command(
        verbs,
        "token",
        _token,
        does="issue an analyst's token, revoke one, or list who holds one",
        example='corridor coordinator token "Ana Popescu" --organisation IOM '
        "--home /srv/coordinator",
    )
    token.add_argument("name", nargs="?", metavar="NAME", help="whose; one valid token each")
    token.add_argument("--organisation", default="", metavar="TEXT", help="the authorities see it")
    token.add_argument(
        "--scopes",
        type=parse_scopes,
        default=USUAL_SCOPES,
        metavar="LIST",
        help="what it allows: read (look, forecast), ask (spend allowances), publish (draft "
        "publications); the first two if left out",
    )
    what = token.add_mutually_exclusive_group()
    what.add_argument("--revoke", action="store_true", help="make the token of NAME worthless")
    what.add_argument("--list", action="store_true", help="show who holds a valid token")
    add_home(token, "the coordinator")


def _init(arguments: argparse.Namespace, out: Output) -> int:
    home = home_of(arguments)
    found = app.initialise(
        app.real_world(home),
        name=arguments.name,
        listen=arguments.listen,
        web=arguments.web,
        hosts=arguments.host,
        plain_http=arguments.plain_http,
    )
    out.say(f"A coordinator for {arguments.name} was made in {home}.")
    out.say(f"authority    {found.authority}")
    out.say("             analysts pin this: corridor login URL --ca-fingerprint …")
    out.say(f"signing key  {found.signing_key}")
    out.say("             every invitation carries it")
    out.say(f"Next: corridor coordinator serve{same_home(arguments)}, and in another shell")
    out.say(f"      corridor coordinator invite --country CC{same_home(arguments)}")
    out.document(
        {"home": str(home), "authority": found.authority, "signing_key": found.signing_key}
    )
    return 0


def _invite(arguments: argparse.Namespace, out: Output) -> int:
    invitation = app.invite(
        app.real_world(home_of(arguments)), arguments.country, days=arguments.days
    )
    path = arguments.out or Path(f"invitation-{arguments.country}.json")
    write_atomically(path, invitation.encode())
    until = datetime.fromtimestamp(invitation.expires, UTC)
    out.say(f"The invitation for {arguments.country} was written to {path}.")
    out.say(f"It can be used once, until {until:%Y-%m-%d %H:%M} UTC; whoever holds it can use it.")
    out.say("Send it to the authority's operator alone, and read out by telephone:")
    out.say(f"authority    {invitation.authority}")
    out.say(f"signing key  {invitation.coordinator_key}")
    out.say(f"Next, there: corridor node enrol {shlex.quote(path.name)} --home DIR")
    out.say("Next, here, when everybody has enrolled:")
    out.say(f"      corridor coordinator charter propose{same_home(arguments)}")
    out.document(
        {
            "country": arguments.country,
            "file": str(path),
            "expires": f"{until:%Y-%m-%dT%H:%M:%SZ}",
            "authority": invitation.authority,
            "coordinator_key": invitation.coordinator_key,
        }
    )
    return 0


def _propose(arguments: argparse.Namespace, out: Output) -> int:
    proposed = app.propose_charter(
        app.real_world(home_of(arguments)),
        min_participants=arguments.min_participants,
        max_colluders=arguments.max_colluders,
        max_dropouts=arguments.max_dropouts,
        nodes_per_person=arguments.nodes_per_person,
        delta=arguments.delta,
        rho_per_question=arguments.rho_per_question,
        persons_per_node=arguments.persons_per_node,
        countries=arguments.countries,
        years=arguments.years,
        retention_days=arguments.retention_days,
        failed_attempts_per_day=arguments.failed_attempts,
        witness_quorum=arguments.witness_quorum,
        synthetic=arguments.synthetic,
        without=arguments.without,
    )
    _show_proposed(proposed, out)
    out.say("Proposed. It is in force when every member listed has signed it.")
    out.say("Next, at each node: corridor node accept --trust CC=FINGERPRINT … --home DIR")
    return 0


def _show(arguments: argparse.Namespace, out: Output) -> int:
    world = app.real_world(home_of(arguments))
    written = None if arguments.out is None else app.charter_in_force(world)  # there may be none
    shown = app.charter_in_force(world) if arguments.in_force else app.show_charter(world)
    _show_proposed(shown, out)
    missing = shown.signed.missing
    if shown.in_force:
        out.say("It is in force.")
    elif missing:
        out.say(f"Waiting for the signatures of {', '.join(missing)}.")
        out.say("Until then the version before is in force, if there is one: --in-force shows it.")
    if written is not None:
        write_atomically(arguments.out, written.signed.encode(), PUBLIC)
        version = written.charter.version
        out.say(f"Version {version}, in force, is written with its signatures to {arguments.out}.")
    return 0


def _show_proposed(proposed: ProposedCharter, out: Output) -> None:
    charter, missing = proposed.charter, proposed.signed.missing
    prints = {one.country: fingerprint_text(fingerprint(Card.of(one))) for one in charter.members}
    ceilings = charter.ceilings
    dropouts = "a tenth" if charter.max_dropouts is None else str(charter.max_dropouts)
    out.table(
        f"Charter of {charter.region}, version {charter.version}"
        + (" (synthetic data)" if charter.synthetic else ""),
        ("member", "name", "fingerprint", "signed"),
        [
            (
                one.country,
                one.name,
                prints[one.country],
                "no" if one.country in missing else "yes",
            )
            for one in charter.members
        ],
    )
    leaving = ", ".join(proposed.without)
    if leaving and proposed.in_force:
        out.say(f"Without {leaving}: enrolled no more. A new invitation enrols them again.")
    elif leaving:
        out.say(
            f"Without {leaving}: once it is in force they are enrolled no more, and their nodes "
            "are refused. Their data, ledgers and what they spent stay with them."
        )
    for name, value in (
        ("at least", f"{charter.min_participants} authorities in an answer"),
        ("against", f"{charter.max_colluders} of them colluding with the coordinator"),
        ("dropouts", f"{dropouts} at most within one question"),
        ("witnesses", charter.quorum_text),
        ("a person", f"may be known to {charter.nodes_per_person} authorities"),
        ("a question", f"costs ρ ≤ {ceilings.rho_per_question}, has ≤ {ceilings.cells} cells"),
        ("shown at", f"δ = {charter.delta}"),
        ("countries", _told_countries(charter.countries)),
        ("years", f"{charter.years[0]} to {charter.years[1]}"),
        ("hash", charter.digest.hex()),
        ("proposed by", _proposer(proposed.proposed_by)),
    ):
        out.say(f"{name:<12} {value}")
    out.document(
        {
            **show_charter(charter),
            "region": charter.region,
            "fingerprints": prints,
            "in_force": proposed.in_force,
            "missing": list(missing),
            "without": list(proposed.without),
            "proposed_by": proposed.proposed_by,
        }
    )


def _proposer(by: str | None) -> str:
    if by is None:
        return "not kept: it is of an older version of Corridor"
    return f"{by}, at the workbench" if by else "the command line on the coordinator's machine"


def _told_countries(countries: Sequence[CountryCode]) -> str:
    if len(countries) > LISTED_COUNTRIES:
        return f"{len(countries)} are told apart, all others count as unknown"
    return f"{', '.join(countries)} are told apart, all others count as unknown"


def _people(arguments: argparse.Namespace, out: Output) -> int:
    home = home_of(arguments)
    return change_accounts(
        arguments,
        out,
        lambda: people_desk(app.real_world(home)),
        site="workbench",
        then=f"corridor coordinator serve{same_home(arguments)}",
    )


def _members(arguments: argparse.Namespace, out: Output) -> int:
    members = app.members(app.real_world(home_of(arguments)))
    out.table(
        "Members",
        (
            "member",
            "name",
            "state",
            "=since (UTC)",
            "=edition",
            ">spent ρ",
            ">left this year",
            ">cosigned",
        ),
        [
            (
                one["country"],
                one["name"],
                _state(one),
                minute(one["since"] or "never"),
                (one["edition"] or "none")[:EDITION_DIGITS],
                decimal_at_most(one["spent"]),
                "" if one["remaining_year"] is None else decimal_at_least(one["remaining_year"]),
                str(one["cosigned"]),
            )
            for one in members
        ],
        note="spent and left are each node's own word; receipts prove what was debited; cosigned: "
        "up to which release"
        if members
        else "nobody has enrolled yet; corridor coordinator invite --country CC",
    )
    for one in members:
        if one["ledger_forks"]:
            out.say(
                f"!! {one['country']}: its ledger told two histories ({one['ledger_forks']} times)"
                "; talk to that authority before asking anything more."
            )
        if one["held_out"]:
            out.say(
                f"!! {one['country']}: an attempt proved that it dealt or revealed bad shares; no "
                "attempt asks it. Find out why, then: corridor coordinator readmit "
                f"{one['country']}{same_home(arguments)}"
            )
    out.document(members)
    return 0


def _state(member: dict[str, Any]) -> str:
    if not member["listed"]:
        return "enrolled, in no charter yet"
    if member["held_out"]:
        return "held out"
    if member["ready"]:
        return "ready"
    return "connected, not ready" if member["connected"] else "away"


def _attempts(arguments: argparse.Namespace, out: Output) -> int:
    world = app.real_world(home_of(arguments))
    if arguments.session is not None:
        one = app.attempt(world, arguments.session)
        show_attempt(one, out)
        out.document(one)
        return 0
    found = app.attempts(world, last=arguments.last)
    show_attempts(found, out)
    out.document(found)
    return 0


def _readmit(arguments: argparse.Namespace, out: Output) -> int:
    app.readmit(app.real_world(home_of(arguments)), arguments.country, because=arguments.because)
    out.say(f"{arguments.country} is asked again from the next attempt on.")
    out.document({"country": arguments.country, "readmitted": True})
    return 0


def _serve(arguments: argparse.Namespace, out: Output) -> int:
    def tell(serving: app.Serving) -> None:
        out.progress(f"serving: nodes dial {serving.grpc}, analysts ask at {serving.web}")

    # A log that a program keeps says it in a line of its own.
    on_ready = tell if sys.stderr.isatty() else app.log_ready
    app.serve(app.real_world(home_of(arguments)), on_ready, fault=arguments.fault)
    out.document({"stopped": True})
    return 0


def _token(arguments: argparse.Namespace, out: Output) -> int:
    world = app.real_world(home_of(arguments))
    if arguments.list:
        holders = app.list_tokens(world)
        out.table(
            "Valid tokens",
            ("name", "organisation", "allows"),
            [(h.name, h.organisation, scopes_text(h.scopes)) for h in holders],
        )
        out.document(
            [
                {"name": h.name, "organisation": h.organisation, "scopes": sorted(h.scopes)}
                for h in holders
            ]
        )
        return 0
    if arguments.name is None:
        raise NoTokenNameError
    if arguments.revoke:
        app.revoke_token(world, arguments.name)
        out.say(f"The token of {arguments.name} is worthless from now on.")
        out.document({"name": arguments.name, "revoked": True})
        return 0
    token = app.issue_token(
        world, arguments.name, organisation=arguments.organisation, scopes=arguments.scopes
    )
    authority = app.authority_fingerprint(world)
    out.say(f"The token of {arguments.name}; it is shown this once:")
    out.say(token)
    url = app.web_url(world)
    out.say(f"Next, there: corridor login {url} --ca-fingerprint {authority}")
    out.document({"name": arguments.name, "token": token, "authority": authority, "url": url})
    return 0


def _years(text: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    if not dash or not first.isdigit() or not last.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not FROM-TO, as in 2010-2026")
    return int(first), int(last)
