"""Case data out: `corridor node editions | retention | erase | person`.

Who a request is about is typed at a prompt, or stands in a file (`-`: standard input): never on the
command line, where other users of the machine and the shell's history would have it.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from corridor.cli.homes import home_of, read_file, same_home
from corridor.cli.output import Output
from corridor.cli.words import AddCommand
from corridor.errors import WrongUsageError
from corridor.errors.erasing import NobodyFoundError, NoIdentityError, SharedReferenceError
from corridor.ids import EditionId, is_edition_id
from corridor.node import app
from corridor.node.home import RULES, Retention, parse_retention
from corridor.node.importing.persons import WORDS, Identity, parse_identity
from corridor.node.views import ErasedPerson

ASK = -1
"""Everyone of the case is meant, and how many they are is still to be confirmed."""


def add_erasing(command: AddCommand) -> None:
    """Add the commands."""
    command(
        "editions",
        _editions,
        does="show the editions of the case data that can still be read, and how long they stay",
        example="editions --home /srv/corridor",
    )
    retention = command(
        "retention",
        _retention,
        does="show how long data stay (node.toml, [retention]) and what goes next by that; or what "
        "would go by another rule, of which nothing is done",
        example="retention --what-if case_days=3650 report_days=90 --home /srv/corridor",
    )
    retention.add_argument(
        "--what-if",
        nargs="*",
        metavar="RULE=DAYS",
        help=f"another rule, whole: {', '.join(RULES)}; without any, that there is none",
    )
    erase = command(
        "erase",
        _erase,
        does="destroy an edition's key, after which nobody reads it again, and remove its files",
        example="erase --all --home /srv/corridor",
    )
    erase.add_argument("edition", nargs="?", type=_edition_of, metavar="EDITION")
    erase.add_argument("--all", action="store_true", help="also the current one: every edition")
    _add_by(erase)
    person = command(
        "person",
        _person,
        does="carry out a person's request: erase their rows, or correct them",
        example="person erase --home /srv/corridor",
    )
    person.add_argument("request", choices=("erase", "correct"), help="what was asked for")
    person.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="with correct: case files with the corrected rows",
    )
    person.add_argument(
        "--identity",
        type=Path,
        metavar="FILE",
        help='who it is, as lines such as identity_number = "…" (- for standard input); asked for '
        "if it is left out, and never given on the command line",
    )
    person.add_argument(
        "--everyone-of-case",
        nargs="?",
        type=int,
        const=ASK,
        default=0,
        metavar="NUMBER",
        help="every person who has the case reference is meant: so many; without the number it is "
        "shown and asked for",
    )
    _add_by(person)


def _add_by(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--by", default="", metavar="NAME", help="who carries it out, for the journal"
    )


def _edition_of(word: str) -> EditionId:
    if not is_edition_id(word):
        raise argparse.ArgumentTypeError(f"{word!r} is no edition, as in 3-9f2c61d04b7a8e15")
    return EditionId(word)


def _editions(arguments: argparse.Namespace, out: Output) -> int:
    found = app.editions(app.real_world(home_of(arguments)))
    out.table(
        "Editions of the case data",
        ("=edition", "imported (UTC)", ">days old", ">size", ">persons", ">cases", ""),
        [
            (
                one.id,
                one.written_at.strftime("%Y-%m-%d %H:%M"),
                str(one.age_days),
                f"{one.size / 1e6:.1f} MB",
                str(one.persons),
                str(one.cases),
                "current" if one.is_current else "",
            )
            for one in found
        ],
    )
    out.document(
        [
            {
                "edition": one.id,
                "current": one.is_current,
                "imported_at": one.written_at.isoformat(),
                "age_days": one.age_days,
                "bytes": one.size,
                "persons": one.persons,
                "cases": one.cases,
            }
            for one in found
        ]
    )
    return 0


def _retention(arguments: argparse.Namespace, out: Output) -> int:
    tried = None if arguments.what_if is None else _rule_of(arguments.what_if)
    found = app.retention(app.real_world(home_of(arguments)), tried)
    out.say(found.rule.text or "There is no rule of retention.")
    out.say("What would follow from that:" if tried is not None else "What follows from that:")
    for line in found.lines:
        out.say(f"- {line}")
    if tried is not None:
        out.say("Nothing was changed. To have it so, write it under [retention] in node.toml.")
    ends = found.edition_ends
    out.document(
        {
            "rule": {name: getattr(found.rule, name) for name in RULES},
            "in_force": tried is None,
            "edition_ends": None if ends is None else ends.isoformat(timespec="seconds"),
            "edition_is_over": found.is_over,
            "next_month": found.next_month.isoformat(),
            "cases": found.cases,
            "persons": found.persons,
            "undated": found.undated,
            "reports": found.reports,
        }
    )
    return 0


def _rule_of(words: Sequence[str]) -> Retention:
    table: dict[str, object] = {}
    for word in words:
        name, _, days = word.partition("=")
        if name in table or not days.isascii() or not days.isdigit():
            raise WrongUsageError(f"--what-if {word}: say each rule once, as in case_days=3650")
        table[name] = int(days)
    return parse_retention(table, "--what-if")


def _erase(arguments: argparse.Namespace, out: Output) -> int:
    if arguments.edition is None and not arguments.all:
        raise WrongUsageError("erase: say which edition, or --all")
    gone = app.erase_edition(
        app.real_world(home_of(arguments)),
        arguments.edition,
        everything=arguments.all,
        by=arguments.by,
    )
    for one in gone:
        out.say(f"Edition {one} is erased: its key is destroyed.")
    if not gone:
        out.say("There was no edition to erase.")
    out.say("Backups that hold it still do: see docs/handbook/backup-and-restore.md.")
    out.document({"erased": list(gone)})
    return 0


def _person(arguments: argparse.Namespace, out: Output) -> int:
    world = app.real_world(home_of(arguments))
    erases = arguments.request == "erase"
    if erases == bool(arguments.files):
        raise WrongUsageError(
            "person erase takes no case files"
            if erases
            else "person correct: name the case files with the corrected rows"
        )
    identity = _everyone(world, arguments, _identity(arguments.identity))
    if erases:
        done = app.erase_person(world, identity, by=arguments.by)
        for line in erased_lines(done):
            out.say(line)
        edition = done.edition
    else:
        persons = app.persons_of(world, identity, by=arguments.by)
        outcome = app.import_files(
            world,
            arguments.files,
            replace=False,
            mappings=(),
            progress=out.progress,
            instead_of=persons,
        )
        for line in outcome.document["report"]["warnings"]:
            out.say(line)
        edition = EditionId(outcome.document["edition"])
        app.record_correction(world, edition, by=arguments.by)
        out.say("Their rows of before are out, and the rows of these files are in.")
    if edition is not None:
        out.say(f"Edition {edition} is current; the key of the one before is destroyed.")
    _say_what_stays(world, arguments, out)
    out.document({"request": arguments.request, "edition": edition})
    return 0


def erased_lines(done: ErasedPerson) -> Iterator[str]:
    """What an erasure did, and which rows it cannot have found."""
    if done.persons > 1:
        yield f"They were in the data, as {done.persons} persons."
    else:
        absent = f"They were not in the data. [{NobodyFoundError.code}]"
        yield "They were in the data." if done.found else absent
    yield (
        "No later import brings back rows that go by what was given; the journal says that it was "
        "done, not for whom."
    )
    if done.kinds == 1:
        yield (
            "Only one way of telling them was given: rows of theirs that do not have it are not "
            "found by it, and stay. If you know more (number, name with birthdate, references), "
            "erase again with all of it."
        )
    if done.alike:
        yield (
            f"ATTENTION: {done.alike} other persons in the data have the same name and birthdate, "
            "with another identity number or without one, and stay. If they are this person, erase "
            "again with name and birthdate, and with that number."
        )
    if done.of_case:
        yield (
            f"{done.of_case} other persons have this case reference, and stay. If all of them are "
            "meant: --everyone-of-case."
        )


def _everyone(world: app.World, arguments: argparse.Namespace, identity: Identity) -> Identity:
    """The same, with how many persons of the case are meant where all are."""
    wanted = arguments.everyone_of_case
    if not wanted:
        return identity
    if wanted == ASK:
        if not sys.stdin.isatty():
            raise WrongUsageError("--everyone-of-case: say how many persons, where nobody is asked")
        there = app.sharers(world, identity)
        print(
            f"{there} persons in the data have this case reference, and all of them are meant. "
            "Type their number to confirm: ",
            end="",
            file=sys.stderr,
            flush=True,
        )
        typed = sys.stdin.readline().strip()
        if not there or typed != str(there):
            raise SharedReferenceError(there)
        wanted = there
    if wanted < 0:
        raise WrongUsageError("--everyone-of-case: a number of persons")
    return replace(identity, everyone_of_case=wanted)


def _say_what_stays(world: app.World, arguments: argparse.Namespace, out: Output) -> None:
    home = same_home(arguments)
    out.say(
        "What stays: releases of before, in which nobody can be found; backups of before, until"
    )
    out.say("you destroy them; and the case files that you imported from.")
    running = [one.name for one in app.series(world) if not one.is_left]
    if running:
        out.say(
            f"{len(running)} standing series keep the keys of everybody whom they counted, so as "
            "not to count anybody twice; only this node can make such a key, and nothing else of a "
            "person is kept there."
        )
        out.say(f"To destroy those, too: corridor node series --leave {running[0]}{home}")


def _identity(path: Path | None) -> Identity:
    if path is not None:
        raw = sys.stdin.buffer.read() if str(path) == "-" else read_file(path)
        return parse_identity(raw, str(path))
    if not sys.stdin.isatty():
        raise NoIdentityError("nobody is there to say who it is, and no --identity FILE")
    print(
        "Who is it? Fill in everything that you know: rows are found only by what they themselves "
        "say. Leave empty what is not known.",
        file=sys.stderr,
    )
    said: dict[str, str] = {}
    for word in WORDS:
        print(f"{word.replace('_', ' ')}: ", end="", file=sys.stderr, flush=True)
        said[word] = sys.stdin.readline().strip()
    return Identity(**said, everyone_of_case=0)
