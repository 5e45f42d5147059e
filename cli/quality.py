"""`corridor node profile`: how good the data are, before privacy; for the node's own staff."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from corridor.cli.homes import home_of, same_home
from corridor.cli.output import Output
from corridor.files import PRIVATE, write_atomically
from corridor.node import app
from corridor.node.quality import ProblemQuality, QualityProfile


def add_to(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = command(
        "profile",
        _profile,
        does="show how good the last import's data are, and what each problem means for answers",
        example="profile --list work.csv --home /srv/corridor",
    )
    parser.add_argument("--edition", metavar="ID", help="the import that made this edition")
    parser.add_argument(
        "--list",
        dest="worklist",
        type=Path,
        metavar="FILE",
        help="write the case workers' list there: file, sheet, row, field, problem, remedy",
    )


def _profile(arguments: argparse.Namespace, out: Output) -> int:
    world = app.real_world(home_of(arguments))
    found = app.quality(world, arguments.edition)
    if arguments.worklist is not None and found.worklist is None:
        out.say("There is nothing for the case workers: no list was written.")
    elif arguments.worklist is not None:
        content = app.quality_worklist(world, found)
        write_atomically(arguments.worklist, content, PRIVATE)
        out.progress(f"{found.work} places were written to {arguments.worklist}")
    _show(found, out)
    if found.worklist is not None and arguments.worklist is None:
        out.say(f"Next: corridor node profile --list work.csv{same_home(arguments)}")
    out.document(found.to_json())
    return 0


def _show(found: QualityProfile, out: Output) -> None:
    out.say(f"Edition {found.edition}, imported at {found.imported_at}.")
    out.say(
        f"{found.persons} persons, {found.cases} cases from {found.rows} rows; "
        f"{found.cases_without_consent} cases without consent are in no answer."
    )
    told = ", ".join(
        f"{name.replace('_', ' ')} {count}" for name, count in found.persons_by.items() if count
    )
    out.say(f"Persons are told apart by: {told or 'nothing'}.")
    out.say(f"{found.several_cases} persons have several cases, and count once in every cell.")
    out.table(
        "Fields, the emptiest first",
        ("=field", ">unknown", ">rejected cells", "what it means for answers"),
        [
            (one.field, f"{one.unknown} of {one.rows}", str(one.rejected), one.meaning)
            for one in found.fields
            if one.has_column and (one.unknown or one.rejected)
        ],
    )
    absent: dict[str, list[str]] = {}
    for one in found.fields:
        if not one.has_column:
            absent.setdefault(one.meaning, []).append(one.field)
    for meaning, fields in absent.items():
        out.say(f"Without a column: {', '.join(fields)}. That means: {meaning}.")
    for title, problems in (
        ("Values outside the domain", found.values),
        ("Implausible dates and ages", found.dates),
        ("Persons", found.persons_problems),
        ("Tables and columns", found.tables),
    ):
        _show_problems(title, problems, out)
    out.say(
        f"The whole edition holds {found.edition_cases} cases of {found.edition_persons} persons."
    )


def _show_problems(title: str, problems: Sequence[ProblemQuality], out: Output) -> None:
    if not problems:
        return
    out.table(
        title,
        ("problem", "field", ">count", "what it means for answers", "what to do"),
        [
            (one.problem, one.field or "", str(one.count), one.meaning, one.remedy)
            for one in problems
        ],
    )
