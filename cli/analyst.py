"""What an analyst runs: `login`, `indicators`, `forecast`, `ask`, `results`.

These talk to the coordinator's REST API with the analyst's token. `forecast` and `ask` take the
same words: first look at what it would cost, then ask.
"""

import argparse
import getpass
import io
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import shorten
from typing import Any

from corridor.cli.agreeing import add_yes, agreed_price, can_be_asked
from corridor.cli.attempts import TITLE_WIDTH
from corridor.cli.figures import decimal_at_most, minute
from corridor.cli.output import Output
from corridor.cli.progress import progress_line, state_words
from corridor.cli.release import show_forecast, show_release
from corridor.cli.series import show_series
from corridor.cli.words import Nouns, add_command
from corridor.client.app import connect, load_credentials, save_credentials
from corridor.client.connection import OVER, Answer, Connection, Credentials
from corridor.errors.cli import (
    AmbiguousIdError,
    BadParameterError,
    HalfSeriesError,
    NoAnswerYetError,
    NoQuestionError,
)
from corridor.errors.questions import ViewError
from corridor.files import PUBLIC, write_atomically
from corridor.queries.views import (
    Top,
    Trend,
    View,
    parse_change,
    parse_quantile,
    parse_ratio,
    parse_share,
    view_from_json,
)

ENDED_WITHOUT = OVER - {"released"}
"""States in which a question is over and has no answer."""

FORMATS = (
    "table",
    "json",
    "csv",
    "parquet",
    "arrow",
    "xlsx",
    "jsonstat",
    "sdmx-csv",
    "sdmx-json",
)
"""`table` and the names of `publishing.formats.FORMS`, which takes long to import."""


def add_to(nouns: "Nouns[argparse.ArgumentParser]") -> None:
    """Add the analyst's commands."""
    login = add_command(
        nouns,
        "login",
        _login,
        does="remember a coordinator and your token for the commands below",
        example="corridor login https://coordinator.example:7080 --ca-fingerprint 3F2A…",
    )
    login.add_argument("url", metavar="URL", help="address of the coordinator's REST API")
    login.add_argument(
        "--token", default=None, help="your token; asked for, or read from a pipe, if left out"
    )
    login.add_argument(
        "--ca-fingerprint",
        default="",
        metavar="HEX",
        help="of the coordinator's certificate authority, from its staff; pinned from now on",
    )

    add_command(
        nouns,
        "indicators",
        _indicators,
        does="list the ready-made questions and their parameters",
        example="corridor indicators",
    )

    forecast = add_command(
        nouns,
        "forecast",
        _forecast,
        does="show what a question would cost and how exact it would be; spends nothing",
        example='corridor forecast --indicator corridor_matrix --accuracy "±20"',
    )
    _add_question(forecast)

    ask = add_command(
        nouns,
        "ask",
        _ask,
        does="ask the region, wait for the answer and show it with its margins",
        example='corridor ask "SELECT gender, COUNT(DISTINCT person) FROM persons '
        'GROUP BY gender" --rho 1/200',
    )
    _add_question(ask)
    ask.add_argument(
        "--no-wait", action="store_true", help="return at once; see `corridor results` later"
    )
    add_yes(ask)

    results = add_command(
        nouns,
        "results",
        _results,
        does="list the questions asked, or show one answer again, free of charge",
        example="corridor results 7f3a --format csv --out answer.csv",
    )
    results.add_argument(
        "id", nargs="?", metavar="ID", help="of a question or release; its beginning is enough"
    )
    results.add_argument("--format", choices=FORMATS, default="table")
    results.add_argument(
        "--out", type=Path, metavar="FILE", help="write there instead of to the screen"
    )
    results.add_argument(
        "--receipt",
        type=Path,
        metavar="FILE",
        help="also write the public receipt, for `corridor verify`",
    )
    results.add_argument(
        "--since",
        type=int,
        metavar="SIZE",
        help="let the receipt lead to the checkpoint of so many releases that you have",
    )
    results.add_argument(
        "--cancel",
        action="store_true",
        help="take back a question of yours that waits, before anything is spent on it",
    )
    results.add_argument("--all", action="store_true", help="every cell, not only the largest")
    _add_views(results)


def _add_question(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words",
        nargs="*",
        metavar="SQL | NAME=VALUE",
        help="one SELECT over persons, corridors, legs or services; or an indicator's parameters",
    )
    parser.add_argument("--indicator", metavar="NAME", help="a question of the catalogue")
    parser.add_argument(
        "--accuracy",
        metavar="±N",
        help="how exact; to ask, this or --rho is needed, and a forecast supposes ±20: ±20 (each "
        "cell, at 95%%), ±20 at 99 %%, ±20 all cells at once, 10 %% above 100, or for a mean ±1 "
        "above 100",
    )
    parser.add_argument("--rho", metavar="ρ", help="privacy to spend, exactly: 1/100 or 0.01")
    parser.add_argument(
        "--scope",
        choices=("regional", "per-country"),
        default="regional",
        help="the region's figure, or each willing country's own; they are paid for one by one",
    )
    parser.add_argument(
        "--purpose",
        default="",
        metavar="TEXT",
        help="why you ask; the authorities see it, and everybody once the answer is published",
    )
    parser.add_argument(
        "--approval-hours",
        type=int,
        metavar="N",
        help="how long to wait for authorities whose people have to approve the question; then it "
        "goes on without them, or fails where too few are left (default 72; 0: not at all)",
    )
    series = parser.add_argument_group("a standing series: an answer each period, paid for once")
    series.add_argument("--every", choices=("month", "quarter", "year"), help="how often")
    series.add_argument("--periods", type=int, metavar="N", help="how many answers")
    series.add_argument(
        "--start", metavar="YYYY-MM", help="its first month (default: the next one)"
    )
    parser.add_argument("--all", action="store_true", help="show every cell")


def _add_views(parser: argparse.ArgumentParser) -> None:
    views = parser.add_argument_group("seen besides, at no cost")
    views.add_argument("--top", type=_view(_top), metavar="N", help="the N largest cells")
    for name, parse, metavar, words in (
        ("--share-of", parse_share, "FIELD=VALUE", "the share of a value: gender=Feminine"),
        ("--ratio", parse_ratio, "FIELD=A/B", "how many A for each B: gender=Feminine/Masculine"),
        ("--change", parse_change, "FIELD[=A..B]", "the change: year, or year=2023..2025"),
        ("--trend", Trend, "FIELD", "by how much it rises in each period"),
        ("--quantile", parse_quantile, "Q", "of a histogram: median, or 0.9"),
    ):
        parse_view: Callable[[str], View] = parse
        views.add_argument(
            name,
            type=_view(parse_view),
            action="append",
            default=[],
            metavar=metavar,
            help=words,
        )


def _view(parse: Callable[[str], View]) -> Callable[[str], View]:
    """For `argparse`, to which what cannot be read is wrong usage."""

    def read(text: str) -> View:
        try:
            return parse(text)
        except ViewError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return read


def _top(text: str) -> View:
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        raise ViewError(f"the {text[:40]!r} largest cells", "write a number, as 10")
    return Top(int(text))


def _chosen_views(arguments: argparse.Namespace) -> tuple[View, ...]:
    """The views of the command's words, in the order of its help."""
    top = [] if arguments.top is None else [arguments.top]
    kinds = ("share_of", "ratio", "change", "trend", "quantile")
    return (*top, *(view for kind in kinds for view in getattr(arguments, kind)))


def _login(arguments: argparse.Namespace, out: Output) -> int:
    token = arguments.token
    if token is None:
        token = getpass.getpass("token: ") if sys.stdin.isatty() else sys.stdin.readline()
    credentials = Credentials(arguments.url, token.strip(), arguments.ca_fingerprint)
    with connect(credentials) as region:
        description = region.describe()
    path = save_credentials(credentials)
    out.say(f"You are connected to {description['name']}. Remembered in {path}.")
    out.say("Next: corridor indicators")
    out.document({"region": description["name"], "credentials": str(path)})
    return 0


def _indicators(_: argparse.Namespace, out: Output) -> int:
    with _region() as region:
        indicators = region.indicators()
    rows = [
        (
            one["name"],
            one["title"] + ("" if one["available"] else f" (waits for {one['waits_for']})"),
            ", ".join(
                f"{parameter['name']}={parameter['default']}" for parameter in one["parameters"]
            ),
        )
        for one in indicators
    ]
    out.table("Ready-made questions", ("name", "what it answers", "parameters"), rows)
    out.say("Next: corridor forecast --indicator NAME [NAME=VALUE …]")
    out.document(indicators)
    return 0


def _forecast(arguments: argparse.Namespace, out: Output) -> int:
    request = make_request(arguments)
    with _region() as region:
        forecast = region.forecast(request)
    show_forecast(forecast, out)
    out.document(forecast)
    return 0


def _ask(arguments: argparse.Namespace, out: Output) -> int:
    request = make_request(arguments)
    with _region() as region:
        if can_be_asked(arguments):
            agreed = agreed_price(region.forecast(request), out)
            if agreed is None:
                return 1
            request.pop("accuracy", None)  # what was agreed is the price that was shown
            request["rho"] = agreed
        question = region.ask(request)
        if "series" in request:
            show_series(question, (), out)
            out.say(f"Next: corridor series {question['id']}")
            out.document(question)
            return 0
        question_views = question.get("views", [])
        if arguments.no_wait:
            out.say(f"Asked. Next: corridor results {question['id']}")
            out.document(question)
            return 0
        question = region.wait(
            question["id"],
            lambda news: out.progress(progress_line(news)),
            time.sleep,
            ends=OVER | {"waiting"},
        )
        if question["state"] == "waiting":
            return _waiting(question, out)
        if question["state"] in ENDED_WITHOUT:
            return _failed(question, out)
        release = region.release(question["release_id"])
        beside = _region_beside(region, release)
    views = [view_from_json(one) for one in question_views]
    show_release(release, out, every_cell=arguments.all, beside=beside)
    seen = _seen(release, views, out) if views else []
    out.say(f"Receipt: corridor results {release['id']} --receipt receipt.json")
    out.document({**release, "views": seen} if views else release)
    return 0


def _waiting(question: Answer, out: Output) -> int:
    out.say(f"Asked; {progress_line(question)}.")
    out.say(f"Next: corridor results {question['id']}        (or --cancel to take it back)")
    out.document(question)
    return 0


def _failed(question: Answer, out: Output) -> int:
    failure = question["failure"]
    missing = failure.get("missing") or []
    names = f" Missing: {', '.join(missing)}." if missing else ""
    out.refusal(failure["code"], f"{failure['message']}{names}")
    return 1


def _results(arguments: argparse.Namespace, out: Output) -> int:
    with _region() as region:
        if arguments.id is None:
            return _list(region, out)
        question = _question_of(region, arguments.id)
        if arguments.cancel:
            cancelled = region.cancel(arguments.id if question is None else question["id"])
            out.say("The question was taken back; nothing was spent.")
            out.document(cancelled)
            return 0
        if question is not None and question["state"] in ENDED_WITHOUT:
            return _failed(question, out)
        release = region.release(arguments.id if question is None else _answer_to(question))
        if arguments.receipt is not None:
            raw = region.receipt(release["id"], arguments.since)
            write_atomically(arguments.receipt, raw, PUBLIC)
            out.progress(
                f"The receipt was written to {arguments.receipt}. Next: corridor verify "
                f"{arguments.receipt} --charter FILE"
            )
        beside = _region_beside(region, release)
    views = _chosen_views(arguments)
    if views:
        return _show_chosen(release, views, arguments, out)
    if arguments.out is not None:
        return _write(release, arguments, out)
    if arguments.format != "table":
        from corridor.cli.exports import release_text  # noqa: PLC0415  # as in _write

        out.raw(release_text(release, arguments.format))
    else:
        show_release(release, out, every_cell=arguments.all, beside=beside)
    out.document(release)
    return 0


def _seen(release: Answer, views: Sequence[View], out: Output) -> list[dict[str, object]]:
    # A third of a second of libraries that only views need; so below.
    from corridor.cli.seen import show_views  # noqa: PLC0415

    return show_views(release, views, out)


def _show_chosen(
    release: Answer, views: Sequence[View], arguments: argparse.Namespace, out: Output
) -> int:
    """Views alone: on the screen, as JSON, or as CSV for a spreadsheet."""
    from corridor.cli.seen import csv_of_views, found_views  # noqa: PLC0415

    match arguments.format:
        case "table":
            text = io.StringIO()
            target = out if arguments.out is None else Output(as_json=False, out=text)
            seen = _seen(release, views, target)
        case "csv":
            text = io.StringIO(csv_of_views(release, views))
            seen = []
        case "json":
            seen = [one.to_json() for one in found_views(release, views)]
            text = io.StringIO(json.dumps(seen, ensure_ascii=False, indent=2) + "\n")
        case form:
            raise ViewError(f"a view as {form}", "take table, csv or json")
    if arguments.out is not None:
        write_atomically(arguments.out, text.getvalue().encode(), PUBLIC)
        out.say(f"Written: {arguments.out}")
    elif arguments.format != "table":
        out.raw(text.getvalue())
    out.document({"release": release["id"], "views": seen})
    return 0


def _region_beside(region: Connection, release: Answer) -> Answer | None:
    """The newest answer of the region to the question that single countries answered."""
    if release["scope"] != "per-country":
        return None
    for one in region.questions():
        same = one["question_digest"] == release["question_digest"]
        if same and one["scope"] == "regional" and one["release_id"] is not None:
            return region.release(one["release_id"])
    return None


def _write(release: Answer, arguments: argparse.Namespace, out: Output) -> int:
    if arguments.format == "table":
        text = io.StringIO()
        show_release(release, Output(as_json=False, out=text), every_cell=arguments.all)
        write_atomically(arguments.out, text.getvalue().encode(), PUBLIC)
        written: tuple[Path, ...] = (arguments.out,)
    else:
        # Half a second of libraries that no other command needs.
        from corridor.client.saving import write_release  # noqa: PLC0415

        written = write_release(release, arguments.format, arguments.out)
    out.say(f"Written: {', '.join(str(path) for path in written)}")
    out.document({"files": [str(path) for path in written]})
    return 0


def _list(region: Connection, out: Output) -> int:
    questions = region.questions()
    rows = [
        (
            one["id"],
            state_words(one["state"]),
            shorten(one["title"] or one["question_digest"][:16], TITLE_WIDTH, placeholder=" …"),
            decimal_at_most(one["rho"]),
            minute(one["asked_at"]),
            one.get("purpose", ""),
        )
        for one in questions
    ]
    columns = ("=id", "state", "asked for", ">ρ", "=asked (UTC)", "purpose")
    out.table(
        "Questions",
        columns,
        rows,
        note="one of them, or its answer: corridor results ID" if rows else "none was asked yet",
    )
    out.document(questions)
    return 0


def _question_of(region: Connection, identifier: str) -> Answer | None:
    """The question that the beginning of its id, or of its release's, names; None: not listed.

    Raises:
        AmbiguousIdError: it begins several.
    """
    found = [
        one
        for one in region.questions()
        if one["id"].startswith(identifier) or (one.get("release_id") or "").startswith(identifier)
    ]
    if len({one.get("release_id") or one["id"] for one in found}) > 1:
        raise AmbiguousIdError(identifier, len(found))
    return region.question(found[0]["id"]) if found else None


def _answer_to(question: Answer) -> str:
    """The id of the release that answers it.

    Raises:
        NoAnswerYetError: there is none yet.
    """
    if question["release_id"] is None:
        raise NoAnswerYetError(question["id"], progress_line(question))
    release: str = question["release_id"]
    return release


def make_request(arguments: argparse.Namespace) -> dict[str, Any]:
    """The API's request for the words of `forecast` or `ask`.

    Raises:
        NoQuestionError: neither SQL nor an indicator, or both.
        BadParameterError: a parameter that is not NAME=VALUE.
        HalfSeriesError: --every without --periods, or the other way round.
    """
    request: dict[str, Any] = {"scope": arguments.scope, "purpose": arguments.purpose}
    if arguments.indicator is not None:
        request["indicator"] = arguments.indicator
        request["parameters"] = dict(_parameter(word) for word in arguments.words)
    elif len(arguments.words) == 1:
        request["sql"] = arguments.words[0]
    else:
        raise NoQuestionError
    if (arguments.every is None) != (arguments.periods is None) or (
        arguments.start is not None and arguments.every is None
    ):
        raise HalfSeriesError
    if arguments.every is not None:
        request["series"] = {"every": arguments.every, "periods": arguments.periods}
        if arguments.start is not None:
            request["series"]["start"] = arguments.start
    if arguments.accuracy is not None:
        request["accuracy"] = arguments.accuracy
    if arguments.rho is not None:
        request["rho"] = arguments.rho
    if arguments.approval_hours is not None:
        request["approval_hours"] = arguments.approval_hours
    return request


def _parameter(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals or not name:
        raise BadParameterError(word)
    return name, value


def _region() -> Connection:
    return connect(load_credentials())
