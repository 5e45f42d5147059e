"""`corridor node map`: columns that are not HTCDS are proposed, confirmed, and kept.

The answers are read from standard input, a line each, so that a program can give them too:

    (nothing)      what is proposed
    a number       that one of the other guesses
    a field        that field; with /VALUE, a box to tick for one of its values
    -              leave the column out; of a value: it counts as unknown
    s              say nothing of it now
    an order       of dates: day-first, month-first, year-first; or - where nobody knows
    q              stop; nothing is written. So does Ctrl-C
    ?              what can be answered
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from corridor.cli import values
from corridor.cli.homes import home_of, same_home, whole_from
from corridor.cli.output import Output
from corridor.node import app
from corridor.node.importing.dates import Order, is_language
from corridor.node.importing.mapping import NONE, TableMapping, is_value_of
from corridor.node.importing.mapping_file import Confirmed
from corridor.node.importing.proposing import (
    SURE,
    ColumnProposal,
    DateProposal,
    TableProposal,
    ValueProposal,
    target_of,
)
from corridor.queries.htcds import HtcdsField

Fields = dict[str, HtcdsField]

_ORDERS = (Order.DAY_FIRST, Order.MONTH_FIRST, Order.YEAR_FIRST)

VALUES_SHOWN = 12
"""Of one column, in the table for people; they are asked about all."""


HELP = (
    "   Return: what stands in [brackets]; a number: that one of the other guesses; a field, as in "
    "prs_Gender, or FIELD/VALUE for a box to tick; of a value, one of the field's (`corridor node "
    "values FIELD` lists them); - leave it out, or of a value: unknown; s say nothing of it now; "
    "q stop, nothing is written; ? this help"
)


class _Stop(Exception):  # noqa: N818  # no error: the operator has had enough
    """The operator stops; nothing is to be written."""


def add_to(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the command, and the one that says what values there are."""
    parser = command(
        "map",
        _map,
        does="propose what columns and values mean that are not HTCDS, and keep what you confirm",
        example="map victimes-2025.csv --home /srv/corridor",
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="as for import")
    add_source_words(parser)
    parser.add_argument(
        "--yes",
        action="store_true",
        help=f"confirm everything of at least {SURE} %% without asking; the rest stays open",
    )
    parser.add_argument(
        "--least",
        type=whole_from(50, 100),
        default=SURE,
        metavar="PERCENT",
        help="with --yes: confirm what is at least so likely",
    )
    parser.add_argument("--show", action="store_true", help="only show what is proposed")
    values.add_to(command)


def add_source_words(parser: argparse.ArgumentParser) -> None:
    """The words about where cases come from, and the mapping that is applied to them."""
    parser.add_argument(
        "--from",
        dest="database",
        metavar="DATABASE",
        help="postgresql://reader@host/database, or the name of one in the mapping file; the "
        "password comes from PGPASSWORD or ~/.pgpass",
    )
    parser.add_argument(
        "--table", action="append", default=[], metavar="NAME", help="a table of it; repeated"
    )
    parser.add_argument(
        "--mapping",
        type=Path,
        metavar="FILE",
        help="the mapping file; without it, mapping.toml in the node's folder, if it is there",
    )


def _map(arguments: argparse.Namespace, out: Output) -> int:
    world = app.real_world(home_of(arguments))
    desk = app.mapping_desk(world, arguments.mapping)
    found = app.propose_mapping(
        world,
        arguments.files,
        desk=desk,
        progress=out.progress,
        database=arguments.database,
        tables=arguments.table,
    )
    fields = dict(desk.all_fields)
    for table in found:
        _show(table, out)
    open_columns = sum(len(table.columns) for table in found)
    confirmed: list[Confirmed] = []
    if arguments.yes:
        confirmed = [
            _taken(table, mapping)
            for table in found
            if (mapping := table.accepted(arguments.least))
        ]
    elif open_columns and not arguments.show:
        out.progress("Return takes what stands in [brackets]; ? says what else can be typed.")
        try:
            asked = [_Conversation(fields, out, sys.stdin).about(table) for table in found]
        except (_Stop, KeyboardInterrupt):
            out.say("Stopped. Nothing was written.")
            out.document({"written": None, "tables": [table.to_json() for table in found]})
            return 1
        confirmed = [one for one in asked if one is not None]
    if confirmed:
        desk.keep(confirmed)
        columns = sum(len(one.table.columns) for one in confirmed)
        values = sum(len(words) for one in confirmed for words in one.table.values.values())
        out.say(f"{columns} columns and {values} values were written to {desk.path}.")
        out.say("Imports apply it from now on; it is a text file, edit it as you like.")
        out.say(f"Next: corridor node import FILE…{same_home(arguments)}")
    elif not open_columns:
        out.say("Every column is HTCDS, or mapped already: there is nothing to ask.")
    else:
        out.say("Nothing was written.")
    out.document(
        {
            "written": str(desk.path) if confirmed else None,
            "tables": [table.to_json() for table in found],
        }
    )
    return 0


def _show(table: TableProposal, out: Output) -> None:
    rows = []
    for column in table.columns:
        best = column.best
        waits = "dates" if column.dates else "values"
        what = f"known; {waits} are open" if column.known else "no proposal"
        if best is not None and not column.known:
            what = best.target
        sure = "" if best is None or column.known else f"{best.confidence} %"
        why = best.reason if best is not None and not column.known else ""
        rows.append((column.heading, what, sure, why))
        target = "" if best is None else best.target
        rows.extend(map(_value_row, column.values.get(target, ())[:VALUES_SHOWN]))
        if (dates := column.dates.get(target)) is not None:
            proposed = dates.order or ("no proposal" if dates.evidence.asks else "")
            if dates.languages:
                proposed = f"{proposed} {dates.languages[0]}".strip()
            rows.append(("   dates", proposed, "", dates.reason))
    out.table(
        f"{table.place}: {table.understood} columns are understood, {len(table.columns)} are open",
        ("column", "proposed", ">sure", "why"),
        rows,
    )


def _value_row(value: ValueProposal) -> tuple[str, str, str, str]:
    guess = value.guess
    return (
        f"   {value.text!r} × {value.count}",
        "no proposal" if guess is None else guess.target,
        "" if guess is None else f"{guess.confidence} %",
        "" if guess is None else guess.reason,
    )


def _taken(table: TableProposal, mapping: TableMapping) -> Confirmed:
    reasons = {column.heading: column.best.reason for column in table.columns if column.best}
    return Confirmed(mapping, reasons)


class _Conversation:
    """Asks about one thing after another."""

    def __init__(self, fields: Fields, out: Output, answers: TextIO) -> None:
        self._fields = fields
        self._out = out
        self._answers = answers

    def about(self, table: TableProposal) -> Confirmed | None:
        """What the operator says of a table; None where nothing is to be kept."""
        columns: dict[str, Any] = {}
        values: dict[str, dict[str, str]] = {}
        reasons: dict[str, str] = {}
        dates: dict[str, Order] = {}
        months: str | None = None
        for column in table.columns:
            if column.known:
                name = column.guesses[0].target
            else:
                target, reason = self._target(column)
                if target is None:
                    continue
                columns[column.heading] = target_of(target)
                reasons[column.heading] = reason
                name = target
            for value in column.values_of(name):
                meant = self._value(name, value)
                if meant is not None:
                    values.setdefault(name, {})[value.text] = meant
            asked = column.dates.get(name)
            if asked is not None:
                if asked.evidence.asks and (order := self._order(column.heading, asked)):
                    dates[name] = order
                if asked.languages and months is None:
                    months = self._language(column.heading, asked)
        if not columns and not values and not dates and months is None:
            return None
        place = table.place
        return Confirmed(
            TableMapping(place.file, place.sheet, columns, values, dates, months), reasons
        )

    def _order(self, heading: str, asked: DateProposal) -> Order | None:
        """How a column's dates are written; None where nothing is to be said."""
        orders = ", ".join(f"{n} {order}" for n, order in enumerate(_ORDERS, 1))
        proposed = asked.order or "s"
        self._out.progress(f"dates of {heading!r}: {asked.reason}")
        while True:
            answer = self._ask(f"   they are written [{proposed}] ({orders}, - nobody knows)?")
            answer = answer or proposed
            if answer == "s":
                return None
            if answer.isdigit() and 1 <= int(answer) <= len(_ORDERS):
                return _ORDERS[int(answer) - 1]
            if answer in set(Order):
                return Order(answer)
            self._out.progress(f"{answer!r} is no order; write one of them, -, s or q")

    def _language(self, heading: str, asked: DateProposal) -> str | None:
        """The language of a table's months; None where nothing is to be said."""
        proposed = asked.languages[0]
        self._out.progress(f"dates of {heading!r}: {asked.reason}")
        while True:
            answer = self._ask(f"   the months are in the language [{proposed}]?") or proposed
            if answer == "s":
                return None
            if is_language(answer):
                return answer
            self._out.progress(f"{answer!r} is no language; write a code such as ro, s or q")

    def _target(self, column: ColumnProposal) -> tuple[str | None, str]:
        guesses = column.guesses if column.best else ()
        choices = ", ".join(f"{n} {guess.target}" for n, guess in enumerate(guesses, 1))
        proposed = guesses[0].target if guesses else "s"
        while True:
            answer = self._ask(f"{column.heading!r} is [{proposed}] ({choices or 'no guess'})?")
            answer = answer or proposed
            if answer == "s":
                return None, ""
            if answer.isdigit() and 1 <= int(answer) <= len(guesses):
                answer = guesses[int(answer) - 1].target
            if answer == NONE:
                return NONE, "left out"
            name, _, choice = answer.partition("/")
            about = self._fields.get(name)
            if about is not None and (not choice or choice in about.picklist):
                reason = next(
                    (g.reason for g in guesses if g.target == answer), "the operator's word"
                )
                return answer, reason
            self._out.progress(
                f"{answer!r} is no field; write a name such as prs_Gender, -, s or q"
            )

    def _value(self, name: str, value: ValueProposal) -> str | None:
        proposed = "s" if value.guess is None else value.guess.target
        about = self._fields[name]
        if about.picklist and value.guess is None:
            self._out.progress(f"values of {name}: {', '.join(about.picklist)}")
        while True:
            answer = self._ask(f"   {value.text!r} × {value.count} means [{proposed}]?") or proposed
            if answer == "s":
                return None
            if answer == NONE or is_value_of(about, answer):
                return answer
            self._out.progress(f"{answer!r} is no value of {name}; write one, or -, s or q")

    def _ask(self, question: str) -> str:
        self._out.progress(question)
        while True:
            line = self._answers.readline()
            if not line or line.strip() == "q":
                raise _Stop
            if line.strip() != "?":
                return line.strip()
            self._out.progress(HELP)
            self._out.progress(question)
