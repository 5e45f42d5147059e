"""What an analyst sees of standing series: `series`."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from corridor.cli.figures import decimal_at_most, minute, with_decimal
from corridor.cli.output import Output
from corridor.cli.words import Nouns, add_command
from corridor.client.app import connect, load_credentials
from corridor.client.connection import Answer, Connection
from corridor.errors import WrongUsageError
from corridor.errors.cli import AmbiguousIdError
from corridor.publishing.estimates import NONE, figure
from corridor.publishing.tables import Cell, tables_of


def add_to(nouns: "Nouns[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = add_command(
        nouns,
        "series",
        _series,
        does="list the standing series, or show what one of them says so far",
        example="corridor series 6570fee4410a50bb",
    )
    parser.add_argument("id", nargs="?", metavar="ID", help="of a series; its beginning is enough")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--now",
        action="store_true",
        help="ask at once for the next release: before its period is over, or after it failed; "
        "nodes that paid for it pay again",
    )
    what.add_argument(
        "--alerts",
        action="store_true",
        help="show which cells changed more than the noise explains",
    )
    parser.add_argument(
        "--lag",
        type=int,
        default=1,
        metavar="N",
        help="periods between the two compared by --alerts",
    )
    what.add_argument(
        "--end", action="store_true", help="let it make no more releases; what it spent stays spent"
    )


def _series(arguments: argparse.Namespace, out: Output) -> int:
    with connect(load_credentials()) as region:
        if arguments.id is None:
            if arguments.now or arguments.end or arguments.alerts:
                raise WrongUsageError("--now, --end and --alerts need the ID of a series")
            return _list(region.all_series(), out)
        identifier = _id_of(region, arguments.id)
        if arguments.alerts:
            return _show_alerts(region.alerts(identifier, arguments.lag), out)
        if arguments.now:
            shown = region.hasten_series(identifier)
            out.say(
                "Asked for at once, and taken for its period even if that is not over: who comes "
                "from now on is counted in the next release."
            )
        elif arguments.end:
            shown = region.end_series(identifier)
        else:
            shown = region.series(identifier)
        releases = [region.release(one["release_id"]) for one in shown["releases"]]
    show_series(shown, releases, out)
    out.document({**shown, "figures": [_figures(one) for one in releases]})
    return 0


def _id_of(region: Connection, beginning: str) -> str:
    """The id of the series that begins so; what begins none is left for the coordinator to refuse.

    Raises:
        AmbiguousIdError: it begins several.
    """
    found = [one["id"] for one in region.all_series() if one["id"].startswith(beginning)]
    if len(found) > 1 and beginning not in found:
        raise AmbiguousIdError(beginning, len(found), "corridor series")
    return found[0] if len(found) == 1 else beginning


def _show_alerts(alerts: Sequence[Answer], out: Output) -> int:
    """Which cells changed more than the noise explains, in a sentence each."""
    for one in alerts:
        out.say(one["text"])
    if not alerts:
        out.say("No cell changed more than the noise explains.")
    out.document(list(alerts))
    return 0


def _list(series: Sequence[Answer], out: Output) -> int:
    rows = [
        (
            one["id"],
            one["state"],
            f"{len(one['releases'])} of {one['periods']}",
            one["every"],
            minute(one["next_at"] or ""),
            decimal_at_most(one["rho"]),
            one["purpose"],
        )
        for one in series
    ]
    columns = ("=id", "state", ">released", "every", "=next at (UTC)", ">ρ of all", "purpose")
    out.table("Standing series", columns, rows)
    out.say("Next: corridor series ID, or a new one: corridor ask … --every month --periods 36")
    out.document(list(series))
    return 0


def show_series(
    series: Mapping[str, Any], releases: Sequence[Mapping[str, Any]], out: Output
) -> None:
    """How far a series is, and how many persons came in each period and so far."""
    out.heading(f"Series {series['id']}: {series['state']}")
    if releases:
        rows = []
        for one, release in zip(series["releases"], releases, strict=True):
            newly, so_far = (table.total for table in tables_of(release))
            rows.append((one["named"], _quotable(newly), _quotable(so_far), one["release_id"]))
        out.table(
            "Persons, all cells together",
            ("period", ">counted first", ">counted so far", "=release"),
            rows,
            note="± is the half-width of a figure's 95 % interval; where that is too wide, only "
            "the interval; values are unbiased, so a count so far may fall by chance; every cell: "
            "corridor results RELEASE",
        )
    out.say(
        f"released     {len(series['releases'])} of {series['periods']}, one each {series['every']}"
    )
    out.say(
        f"guarantee    ρ = {with_decimal(series['rho'])} for all of them together, paid with the "
        "first"
    )
    _show_next(series, out)


def _show_next(series: Mapping[str, Any], out: Output) -> None:
    """What comes next, and what somebody has to do for it."""
    failure = series["failure"]
    if failure is not None and series["next_period"] is not None:
        out.say(
            f"!! release {series['next_period']} failed ({failure['code']}): {failure['message']}"
        )
    match series["state"]:
        case "waiting":
            out.say(f"next         release {series['next_period']}, at {series['next_at']}")
        case "asking":
            out.say(f"next         release {series['next_period']} is being asked for now")
        case "failed":
            out.say(
                f"next         nothing by itself: nodes that paid for release "
                f"{series['next_period']} pay ρ = {series['repeat_rho']} more for another attempt"
            )
            out.say(f"Next: corridor series {series['id']} --now, or --end")
        case _:
            out.say("next         nothing: no more releases are made")


def _quotable(total: tuple[float, float] | None) -> str:
    """A figure where it may stand as one, else its interval."""
    if total is None:
        return NONE
    value, margin = total
    return figure(Cell((), (), value, margin, non_negative=None, lowest=0.0))


def _figures(release: Mapping[str, Any]) -> dict[str, Any]:
    """All cells together, as numbers."""
    newly, so_far = (table.total for table in tables_of(release))
    return {
        "period": release["series"]["named"],
        "release_id": release["id"],
        "counted_first": _pair(newly),
        "counted_so_far": _pair(so_far),
    }


def _pair(total: tuple[float, float] | None) -> dict[str, float] | None:
    return None if total is None else {"value": total[0], "margin": total[1]}
