"""A person at a terminal sees what a question costs, and says yes, before it is asked.

Without a terminal, and with --json, a command asks what it was told to: it named the price.
"""

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from corridor.cli.figures import with_decimal
from corridor.cli.output import Output
from corridor.cli.release import show_forecast


def add_yes(parser: argparse.ArgumentParser) -> None:
    """The option of whoever needs not be asked."""
    parser.add_argument(
        "--yes",
        action="store_true",
        help="ask at once; else a terminal shows first what it costs, and waits for a yes",
    )


def can_be_asked(arguments: argparse.Namespace) -> bool:
    """Whether a person sits there who sees what is shown and can answer."""
    if arguments.yes or arguments.json:
        return False
    return sys.stdin.isatty() and sys.stdout.isatty()


def agreed_price(
    forecast: Mapping[str, Any], out: Output, *, ask: str = "corridor ask"
) -> str | None:
    """The ρ that a person at the terminal said yes to, or that is paid already; else None."""
    show_forecast(forecast, out, ask=ask)
    if forecast["too_few"] is not None or forecast["too_dear"] is not None:
        return None
    rho: str = forecast["rho"]
    if forecast["free_release"] is not None:
        return rho
    accuracy = "" if forecast["accuracy"] is None else f", {forecast['accuracy']},"
    out.progress(f"Ask this{accuracy} at ρ = {with_decimal(rho)}? Type yes:")
    if sys.stdin.readline().strip().casefold() != "yes":
        out.say("Nothing was asked, and nothing was spent.")
        return None
    return rho
