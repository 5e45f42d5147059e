"""What an analyst runs of ready-made reports: `report list`, `show`, `forecast`, `ask`, `fill`."""

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corridor.cli.agreeing import add_yes, agreed_price, can_be_asked
from corridor.cli.output import Output
from corridor.cli.progress import progress_line
from corridor.cli.release import show_forecast
from corridor.cli.words import Nouns, add_command, add_group
from corridor.client.app import connect, load_credentials
from corridor.client.connection import OVER, Connection
from corridor.errors import WrongUsageError
from corridor.errors.cli import BadParameterError
from corridor.files import PUBLIC, write_atomically

ROWS = 30
"""A longer table is cut short unless every row is asked for."""

ALL = "All"
"""The label of the line with everybody in it, which is always shown."""

FORMS = {"xlsx": ".xlsx", "json": ".json", "csv": ".zip"}
"""Forms of file and how their names end; CSV comes in an archive, with its metadata."""


def add_to(nouns: "Nouns[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    verbs = add_group(nouns, "report", does="list, ask and fill ready-made reports")
    add_command(
        verbs, "list", _list, does="list the ready-made reports", example="corridor report list"
    )
    show = add_command(
        verbs,
        "show",
        _show,
        does="show what a report asks, its crosswalk from HTCDS, and what it cannot fill",
        example="corridor report show glotip",
    )
    _add_name(show)
    forecast = add_command(
        verbs,
        "forecast",
        _forecast,
        does="show what a report would cost and how exact it would be; spends nothing",
        example='corridor report forecast glotip years=2025 --accuracy "±20"',
    )
    _add_question(forecast)
    ask = add_command(
        verbs,
        "ask",
        _ask,
        does="ask a report of the region, wait for the answer and show it as the form has it",
        example='corridor report ask sdg_16_2_2 years=2025 --accuracy "±20" --purpose "SDG 2025"',
    )
    _add_question(ask)
    _add_filling(ask)
    add_yes(ask)
    fill = add_command(
        verbs,
        "fill",
        _fill,
        does="fill a report from a release of its question, free of charge",
        example="corridor report fill glotip 1fadd7f76a79bbe8 --out glotip.xlsx",
    )
    _add_name(fill)
    fill.add_argument("release", metavar="RELEASE", help="id of the release")
    _add_filling(fill)


def _add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="of the report; `corridor report list`")


def _add_question(parser: argparse.ArgumentParser) -> None:
    _add_name(parser)
    parser.add_argument("words", nargs="*", metavar="NAME=VALUE", help="the report's parameters")
    parser.add_argument(
        "--accuracy", metavar="±N", help="how exact; to ask, this or --rho is needed"
    )
    parser.add_argument("--rho", metavar="ρ", help="privacy to spend, exactly: 1/100 or 0.01")
    parser.add_argument(
        "--scope",
        choices=("regional", "per-country"),
        default="regional",
        help="the region's figures, or each willing country's own",
    )
    parser.add_argument(
        "--purpose",
        default="",
        metavar="TEXT",
        help="why you ask; the authorities see it, and everybody once the answer is published",
    )


def _add_filling(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--country", metavar="CC", help="of figures of single countries, whose")
    parser.add_argument(
        "--population",
        metavar="TEXT",
        help="for rates per 100 000: total=19000000,female=9700000,female.child=1700000",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write a file instead")
    parser.add_argument(
        "--format", choices=tuple(FORMS), help="of the file; by its ending where left out"
    )
    parser.add_argument("--all", action="store_true", help="show every row")


def _list(_: argparse.Namespace, out: Output) -> int:
    with _region() as region:
        reports = region.reports()
    rows = [
        (
            one["name"],
            one["title"],
            ", ".join(f"{each['name']}={each['default']}" for each in one["parameters"]),
        )
        for one in reports
    ]
    out.table("Ready-made reports", ("=name", "what it fills", "parameters"), rows)
    out.say("Next: corridor report forecast NAME [NAME=VALUE …]")
    out.document(reports)
    return 0


def _show(arguments: argparse.Namespace, out: Output) -> int:
    with _region() as region:
        report = region.report(arguments.name)
    out.heading(report["title"])
    out.say(report["answers"])
    out.say(f"form of      {report['form_of']}")
    out.say(f"!! {report['caveats']}")
    out.table("Tables", ("no.", "title"), [(one["id"], one["title"]) for one in report["forms"]])
    out.table(
        "From HTCDS to the form",
        ("classification", "category", "HTCDS values", "what is lost"),
        [row for one in report["crosswalk"] for row in _crosswalk(one)],
    )
    out.table(
        "What it cannot fill",
        ("what", "why"),
        [(one["what"], one["why"]) for one in report["cannot"]],
    )
    out.document(report)
    return 0


def _crosswalk(one: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    head = f"{one['label']} ({one['htcds']})"
    rows = [(head, "each value", "all", one["lost"])] if one["each"] else []
    for category in one["categories"]:
        codes = "all others" if category["codes"] is None else ", ".join(category["codes"])
        rows.append((head, category["label"], codes, category["lost"]))
    return rows


def _forecast(arguments: argparse.Namespace, out: Output) -> int:
    with _region() as region:
        forecast = region.forecast_report(arguments.name, _request(arguments))
    show_forecast(forecast, out, ask="corridor report ask")
    out.document(forecast)
    return 0


def _ask(arguments: argparse.Namespace, out: Output) -> int:
    if arguments.out is not None and arguments.format is None:
        _form_of(arguments.out)  # before anything is spent
    request = _request(arguments)
    with _region() as region:
        if can_be_asked(arguments):
            forecast = region.forecast_report(arguments.name, request)
            agreed = agreed_price(forecast, out, ask="corridor report ask")
            if agreed is None:
                return 1
            request = {key: value for key, value in request.items() if key != "accuracy"}
            request["rho"] = agreed
        question = region.ask_report(arguments.name, request)
        question = region.wait(
            question["id"],
            lambda news: out.progress(progress_line(news)),
            time.sleep,
            ends=OVER | {"waiting"},
        )
        release, failure = question["release_id"], question["failure"]
        if failure is not None:
            out.refusal(failure["code"], failure["message"])
            return 1
        if release is None:
            out.say(f"Asked; {progress_line(question)}.")
            out.say(f"Next: corridor results {question['id']}, then corridor report fill")
            out.document(question)
            return 0
        if "country" not in _query(arguments) and arguments.scope == "per-country":
            out.say(f"Next: corridor report fill {arguments.name} {release} --country CC")
            out.document(question)
            return 0
        return _filled(region, release, arguments, out)


def _fill(arguments: argparse.Namespace, out: Output) -> int:
    with _region() as region:
        return _filled(region, arguments.release, arguments, out)


def _filled(region: Connection, release: str, arguments: argparse.Namespace, out: Output) -> int:
    query = _query(arguments)
    if arguments.out is not None:
        form = arguments.format or _form_of(arguments.out)
        data = region.report_file(release, arguments.name, form, **query)
        path = arguments.out.with_suffix(FORMS[form])
        write_atomically(path, data, PUBLIC)
        out.say(f"Written: {path}")
        out.document({"files": [str(path)], "release_id": release})
        return 0
    filled = region.filled_report(release, arguments.name, **query)
    show_filled(filled, out, every_row=arguments.all)
    out.say(f"Next: corridor report fill {arguments.name} {release} --out {arguments.name}.xlsx")
    out.document(filled)
    return 0


def _form_of(path: Path) -> str:
    """The form of file that a name's ending stands for.

    Raises:
        WrongUsageError: none.
    """
    for form, suffix in FORMS.items():
        if path.suffix in {suffix, f".{form}"}:
            return form
    raise WrongUsageError(f"--out {path.name}: end it in {', '.join(FORMS.values())}, or --format")


def show_filled(filled: Mapping[str, Any], out: Output, *, every_row: bool) -> None:
    """A filled report: its tables as the form has them, its coverage."""
    out.heading(f"{filled['title']}, from release {filled['release_id']}")
    for table in filled["tables"]:
        lines = list(zip(table["rows"], table["cells"], strict=True))
        notes = list(table["notes"])
        if len(lines) > ROWS and not every_row:
            notes.append(f"the first {ROWS} of {len(lines)} rows; all of them with --all")
            lines = [*lines[:ROWS], *(one for one in lines[ROWS:] if one[0] == ALL)]
        out.table(
            f"{table['id']}. {table['title']}",
            (table["row_label"], *(f">{column}" for column in table["columns"])),
            [(row, *map(_shown, cells)) for row, cells in lines],
            note="; ".join(notes),
        )
    out.say(filled["coverage"]["text"])
    out.say(f"marks        E: use with caution, F: too uncertain. {filled['reading']}")
    for one in filled["cannot"]:
        out.say(f"not filled   {one['what']}: {one['why']}")


def _shown(cell: Mapping[str, Any]) -> str:
    mark = "" if cell["reliability"] == "A" else f" {cell['reliability']}"
    rate = cell["per_100000"]
    per = "" if rate is None else f" [{rate['value']:.2f}]"
    return f"{cell['shown']}{mark}{per}"


def _query(arguments: argparse.Namespace) -> dict[str, str]:
    given = {"country": arguments.country, "population": arguments.population}
    return {name: value for name, value in given.items() if value is not None}


def _request(arguments: argparse.Namespace) -> dict[str, Any]:
    """The API's request for the words of the command.

    Raises:
        BadParameterError: a parameter that is not NAME=VALUE.
    """
    parameters = {}
    for word in arguments.words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise BadParameterError(word)
        parameters[name] = value
    request: dict[str, Any] = {
        "parameters": parameters,
        "scope": arguments.scope,
        "purpose": arguments.purpose,
    }
    for price in ("accuracy", "rho"):
        if getattr(arguments, price) is not None:
            request[price] = getattr(arguments, price)
    return request


def _region() -> Connection:
    return connect(load_credentials())
