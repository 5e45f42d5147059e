"""What columns mean that are not HTCDS: proposed, chosen, confirmed.

The files wait at the import desk while somebody looks at this page. Names of fields in the form:

    t0c3     what the fourth column of the first table is: a field, a box to tick, "-" or nothing
    t0c3v1   what the second of its values means
    t0c3d    in which order its dates are written
    t0m      the language of the first table's names of months
    shown    what stands for the files and columns that the page asked about

Names are places, and say nothing without what was asked: a page that asked about other files is
refused and shown anew, without its answers.

Of cells the page shows what the command shows: values of picklists and countries, and no others.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from corridor.errors import CorridorError
from corridor.errors.console import BadFormError, ColumnsMovedError, NothingAskedError
from corridor.errors.importing import BadMappingError
from corridor.node.import_desk import Asking
from corridor.node.importing.countries import country_codes
from corridor.node.importing.dates import Order
from corridor.node.importing.mapping import COUNTRY_FIELDS, NONE, TableMapping, Target
from corridor.node.importing.mapping_file import Confirmed
from corridor.node.importing.proposing import LIKELY, target_of
from corridor.node.web.desks import Desks
from corridor.node.web.htcds_words import PARTS, parts_of_htcds, reason_in_words
from corridor.pages.access import current_session, for_roles
from corridor.pages.htcds_words import field_label
from corridor.pages.languages import chosen_locale
from corridor.pages.refusals import said, status_of
from corridor.pages.value_words import value_label
from corridor.people import Role
from corridor.queries.htcds import HtcdsField

Table = Mapping[str, Any]
Column = Mapping[str, Any]

LONGEST_ANSWER: Final = 200


def mapping_views(desks: Desks) -> Blueprint:
    """/data/mapping."""
    views = Blueprint("mapping", __name__, url_prefix="/data/mapping")
    fields = desks.case_data.fields

    def page(error: CorridorError | None = None) -> Response | Answer:
        try:
            asking = desks.imports.asking()
        except NothingAskedError:
            return redirect(url_for("data.data", _anchor="import"), 303)
        shown = render_template(
            "mapping.html",
            tables=asking.tables,
            shown=asking.shown,
            columns=sum(len(table["columns"]) for table in asking.tables),
            is_own_file=asking.job.columns is not None,
            refusal=None if error is None else said(error),
            best=_best,
            default=_answered if request.form.get("shown") == asking.shown else _proposed,
            fields=fields,
            parts=[(PARTS[part], names) for part, names in parts_of_htcds(fields).items()],
            value_label=value_label,
            label=lambda target: _label(target, fields),
            reason=reason_in_words,
            orders=Order,
            is_country=lambda name: name in COUNTRY_FIELDS,
            country_names=_country_names(),
            language_name=lambda code: chosen_locale().languages.get(code, code),
        )
        return make_response(shown, 200 if error is None else status_of(error))

    @views.get("")
    @for_roles(Role.OFFICER)
    def mapping() -> Response | Answer:
        return page()

    @views.post("")
    @for_roles(Role.OFFICER)
    def confirm() -> Response | Answer:
        person = current_session().person.name
        shown, wanted = request.form.get("shown", ""), request.form.get("do")
        try:
            if wanted == "drop":
                desks.imports.give_up(shown)
            else:
                desks.imports.go_on(person, shown, keep, looks=wanted == "look")
        except (BadFormError, BadMappingError, ColumnsMovedError) as error:
            return page(error)
        return redirect(url_for("data.data", _anchor="import"), 303)

    def keep(asking: Asking) -> None:
        said_of = (_confirmed(n, table) for n, table in enumerate(asking.tables))
        confirmed = [one for one in said_of if one is not None]
        if confirmed:
            desks.case_data.keep_mapping(asking.job.columns, confirmed)

    return views


def _answered(name: str, proposed: str) -> str:
    """What the form that was sent says there."""
    return request.form.get(name, proposed)


def _proposed(_: str, proposed: str) -> str:
    return proposed


def _confirmed(n: int, table: Table) -> Confirmed | None:
    """What the form says of a table; None where it says nothing."""
    columns: dict[str, Target] = {}
    values: dict[str, dict[str, str]] = {}
    dates: dict[str, Order] = {}
    reasons: dict[str, str] = {}
    for at, column in enumerate(table["columns"]):
        name = f"t{n}c{at}"
        target = _best(column) if column["known"] else _answer(name)
        if not target:
            continue
        if not column["known"]:
            columns[column["heading"]] = target_of(target)
            reasons[column["heading"]] = _reason(column, target)
        meant = _values(name, column["values"].get(target, ()))
        if meant:
            values[target] = {**values.get(target, {}), **meant}
        order = _answer(f"{name}d")
        if order and target in column["dates"]:
            dates[target] = _order(order)
    months = _answer(f"t{n}m") or None
    if not columns and not values and not dates and months is None:
        return None
    said_of = TableMapping(table["file"], table["sheet"], columns, values, dates, months)
    return Confirmed(said_of, reasons)


def _values(name: str, values: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    found = {}
    for n, value in enumerate(values):
        if meant := _answer(f"{name}v{n}"):
            found[value["text"]] = meant
    return found


def _answer(name: str) -> str:
    given = request.form.get(name, "").strip()
    if len(given) > LONGEST_ANSWER:
        raise BadFormError(name, f"is longer than {LONGEST_ANSWER} characters")
    return given


def _order(text: str) -> Order:
    try:
        return Order(text)
    except ValueError:
        raise BadFormError("order", "names none") from None


def _best(column: Column) -> str:
    """What is proposed of a column; nothing where nothing is likely enough."""
    guesses = column["guesses"]
    return guesses[0]["target"] if guesses and guesses[0]["confidence"] >= LIKELY else ""


def _reason(column: Column, target: str) -> str:
    """The English reason that the mapping file keeps as a comment."""
    if target == NONE:
        return "left out"
    for guess in column["guesses"]:
        if guess["target"] == target:
            return str(guess["reason"])
    return "the operator's word"


def _label(target: str, fields: Mapping[str, HtcdsField]) -> str:
    name, _, choice = target.partition("/")
    label = field_label(name, fields)
    return f"{label}: {value_label(fields[name].picklist[choice])}" if choice else label


def _country_names() -> list[tuple[str, str]]:
    names = chosen_locale().territories
    named = [(str(code), names.get(code, code)) for code in country_codes()]
    return sorted(named, key=lambda pair: pair[1])
