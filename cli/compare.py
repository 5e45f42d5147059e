"""What an analyst runs to compare routes: `compare`."""

import argparse
from collections.abc import Mapping
from typing import Any

from corridor.cli.output import Output
from corridor.cli.words import Nouns, add_command
from corridor.client.app import connect, load_credentials

NONE = "–"
UNCERTAIN = "F"
MARKS = {"A": "", "E": "use with caution", UNCERTAIN: "too uncertain"}


def add_to(nouns: "Nouns[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = add_command(
        nouns,
        "compare",
        _compare,
        does="compare cells of an answer: differences with intervals, and what they say",
        example='corridor compare 1fadd7f76a79bbe8 "recruited_in=MD,exploited_in=IT" '
        '"recruited_in=UA,exploited_in=IT"',
    )
    parser.add_argument("release", metavar="RELEASE", help="id of the release")
    parser.add_argument(
        "cells",
        nargs="+",
        metavar="FIELD=VALUE[|VALUE][,…]",
        help="cells that are added up, one group a word; fields left out are added up over all "
        "their values",
    )
    parser.add_argument("--table", metavar="N", help="number of the table, from 1")
    parser.add_argument(
        "--earlier", metavar="RELEASE", help="a release with which each group is compared besides"
    )


def _compare(arguments: argparse.Namespace, out: Output) -> int:
    given = {"table": arguments.table, "earlier": arguments.earlier}
    query = {name: value for name, value in given.items() if value is not None}
    with connect(load_credentials()) as region:
        found = region.compare(arguments.release, ";".join(arguments.cells), **query)
    show_comparison(found, out)
    out.document(found)
    return 0


def show_comparison(found: Mapping[str, Any], out: Output) -> None:
    """The groups, what the data say of each pair and of each change, and the notes."""
    out.table(
        "Side by side",
        ("", ">persons", ">95 %", ""),
        [
            (
                one["label"],
                NONE if one["reliability"] == UNCERTAIN else f"{one['value']:.0f}",
                _ends(one),
                MARKS[one["reliability"]],
            )
            for one in found["sides"]
        ],
    )
    for title, rows in (("Differences", found["differences"]), ("Changes", found["changes"])):
        if rows:
            out.heading(title)
        for one in rows:
            out.say(one["sentence"]["text"])
            if one["ratio"] is not None:
                ratio = one["ratio"]
                out.say(f"  ratio {ratio['value']:.2f} ({ratio['low']:.2f} to {ratio['high']:.2f})")
    for note in found["notes"]:
        out.say(f"note         {note['text']}")


def _ends(one: Mapping[str, Any]) -> str:
    return NONE if one["low"] is None else f"{one['low']:.0f} to {one['high']:.0f}"
