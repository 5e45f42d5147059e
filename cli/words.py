"""What every command's help has in common: an example that works when pasted, and `--json`."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from corridor.cli.output import Output

Run = Callable[[argparse.Namespace, Output], int]
"""A command: reads its words, tells the outcome, gives the exit code."""

COMMAND = "COMMAND [--help]"
"""How a command stands in usage lines; long enough for argparse to align the longest name."""

Nouns = argparse._SubParsersAction  # noqa: SLF001  # argparse gives it no public name


def add_command(
    verbs: "Nouns[argparse.ArgumentParser]",
    name: str,
    run: Run,
    *,
    does: str,
    example: str,
) -> argparse.ArgumentParser:
    """A command whose help begins with the one thing it does and ends with an example."""
    parser = verbs.add_parser(
        name,
        help=does,
        description=does[0].upper() + does[1:] + ".",
        epilog=f"example\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document instead")
    parser.set_defaults(run=run)
    return parser


def add_group(
    nouns: "Nouns[argparse.ArgumentParser]", name: str, *, does: str
) -> "Nouns[argparse.ArgumentParser]":
    """A noun with verbs."""
    parser = nouns.add_parser(name, help=does, description=does[0].upper() + does[1:] + ".")
    return parser.add_subparsers(title="commands", metavar=COMMAND, required=True)


def add_home(parser: argparse.ArgumentParser, whose: str) -> None:
    """`--home DIR`, or the environment's CORRIDOR_HOME: one folder is one installation."""
    parser.add_argument(
        "--home",
        type=Path,
        default=None,
        metavar="DIR",
        help=f"the folder of {whose} (default: CORRIDOR_HOME)",
    )


class AddCommand(Protocol):
    """Adds one command of the node."""

    def __call__(self, name: str, run: Run, *, does: str, example: str) -> argparse.ArgumentParser:
        """The command's own parser."""
