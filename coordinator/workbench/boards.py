"""Boards in the workbench, and several questions asked as one that shares one budget."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from corridor.coordinator.account_tokens import ASKERS
from corridor.coordinator.board_desk import Board, Tile, parse_tile
from corridor.coordinator.publication_text import tidy
from corridor.coordinator.publications import TEMPLATES
from corridor.coordinator.publications.figures import (
    MOST_BYTES,
    ShownTable,
    shown_table,
    shown_view,
)
from corridor.coordinator.question_desk import AskRequest
from corridor.coordinator.sharing import Sharing, forecast_together, questions_in
from corridor.coordinator.workbench.access import current_asker
from corridor.coordinator.workbench.desks import Desks
from corridor.errors import CorridorError, NotFoundError
from corridor.errors.comparing import ComparisonError
from corridor.errors.workbench import PurposeMissingError
from corridor.pages.access import current_session, for_roles, signed_in
from corridor.pages.refusals import said, status_of
from corridor.people import Role
from corridor.publishing.tables import tables_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTile:
    """A tile, ready for the template.

    Attributes:
        release: whose figures these are; empty where there is none yet.
        news: of a series: what its last release is of, when it came, when the next is due.
        alerts: of a series: what changed in its last release more than noise explains, in English;
            None where there is nothing to compare yet.
        tables: what is seen; none where the tile does not fit.
        is_gone: whether there is no such release or series.
        is_long: whether its tables are too long for a page.
    """

    tile: Tile
    release: str = ""
    news: Mapping[str, Any] | None = None
    published: str = ""
    alerts: tuple[str, ...] | None = None
    tables: tuple[ShownTable, ...] = ()
    is_gone: bool = False
    is_long: bool = False


def board_views(desks: Desks) -> Blueprint:
    """/boards and below."""
    views = Blueprint("boards", __name__, url_prefix="/boards", template_folder=str(TEMPLATES))
    desk = desks.boards

    @views.get("")
    @signed_in
    def listing() -> str:
        return render_template("boards.html", boards=desk.listing())

    @views.get("/new")
    @for_roles(*ASKERS)
    def new() -> str:
        lines = "\n".join(f"release {one}" for one in request.args.getlist("release"))
        return render_template("board_edit.html", board=None, name="", lines=lines)

    @views.post("/new")
    @for_roles(*ASKERS)
    def make() -> Response | Answer:
        try:
            board = desk.make(*_read(), current_session().person.name)
        except CorridorError as error:
            return _again(None, error)
        return redirect(url_for("boards.one", identifier=board.id), 303)

    @views.get("/together")
    @for_roles(*ASKERS)
    def plan() -> str:
        return render_template("board_plan.html", text="", accuracy="±20", sharing=None)

    @views.post("/together")
    @for_roles(*ASKERS)
    def forecast() -> Response:
        text, accuracy = request.form.get("text", ""), request.form.get("accuracy", "")
        sharing: Sharing | None = None
        refusal = None
        try:
            sharing = forecast_together(desks.questions, questions_in(text), accuracy)
        except CorridorError as error:
            refusal = error
        page = render_template(
            "board_plan.html",
            text=text,
            accuracy=accuracy,
            sharing=sharing,
            question="" if sharing is None else json.dumps(sharing.together["question"]),
            refusal=None if refusal is None else said(refusal),
            saved=0 if sharing is None else max(0, int(100 * sharing.saved)),
            more=0 if sharing is None else max(0, -int(100 * sharing.saved)),
        )
        return make_response(page, 200 if refusal is None else status_of(refusal))

    @views.post("/together/ask")
    @for_roles(*ASKERS)
    def ask() -> Answer:
        form = request.form
        purpose = tidy(form.get("purpose", ""))
        if not purpose:  # people who approve questions decide by it
            raise PurposeMissingError
        asked = AskRequest(
            parameters={},
            question=_question(form.get("question", "")),
            rho=str(Fraction(form.get("rho", ""))) if _is_fraction(form.get("rho", "")) else "",
            purpose=purpose,
        )
        place = desks.questions.ask(asked, current_asker())
        return redirect(url_for("questions.one", identifier=place["id"]), 303)

    @views.get("/<identifier>")
    @signed_in
    def one(identifier: str) -> str:
        board = desk.find(identifier)
        return render_template(
            "board.html",
            board=board,
            tiles=[_shown(desks, tile) for tile in board.tiles],
            own=_may(board),
        )

    @views.get("/<identifier>/edit")
    @for_roles(*ASKERS)
    def edit(identifier: str) -> str:
        board = desk.find(identifier)
        lines = "\n".join(map(_line, board.tiles))
        return render_template("board_edit.html", board=board, name=board.name, lines=lines)

    @views.post("/<identifier>/edit")
    @for_roles(*ASKERS)
    def change(identifier: str) -> Response | Answer:
        try:
            name, tiles = _read()
            desk.change(identifier, name, tiles, _name(), may_all=_may_all())
        except NotFoundError:
            raise
        except CorridorError as error:
            return _again(desk.find(identifier), error)
        return redirect(url_for("boards.one", identifier=identifier), 303)

    @views.post("/<identifier>/remove")
    @for_roles(*ASKERS)
    def remove(identifier: str) -> Answer:
        desk.remove(identifier, _name(), may_all=_may_all())
        return redirect(url_for("boards.listing"), 303)

    return views


def _name() -> str:
    return current_session().person.name


def _may_all() -> bool:
    return Role.COORDINATOR in current_session().person.roles


def _may(board: Board) -> bool:
    return _may_all() or board.made_by == _name()


def _read() -> tuple[str, tuple[Tile, ...]]:
    """Name and tiles of the form.

    Raises:
        MalformedBoardError: a tile cannot be read.
    """
    lines = (line.strip() for line in request.form.get("tiles", "").splitlines())
    return tidy(request.form.get("name", "")), tuple(parse_tile(line) for line in lines if line)


def _line(tile: Tile) -> str:
    return f"{tile.kind} {tile.id} {tile.table} {tile.how}"


def _again(board: Board | None, error: CorridorError) -> Response:
    page = render_template(
        "board_edit.html",
        board=board,
        name=request.form.get("name", ""),
        lines=request.form.get("tiles", ""),
        refusal=said(error),
    )
    return make_response(page, status_of(error))


def _question(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_fraction(text: str) -> bool:
    over, slash, under = text.partition("/")
    parts = (over, under) if slash else (over,)
    are_numbers = all(part.isdecimal() and part.isascii() for part in parts)
    return are_numbers and len(text) < 200 and int(parts[-1] if slash else "1") > 0


def _shown(desks: Desks, tile: Tile) -> ShownTile:
    news: Mapping[str, Any] | None = None
    release = tile.id
    try:
        if tile.kind == "series":
            found = desks.series.show(tile.id)
            news = {"last": (found["releases"] or [None])[-1], "next_at": found["next_at"]}
            if news["last"] is None:
                return ShownTile(tile=tile, news=news)
            release = str(news["last"]["release_id"])
        document = desks.releases.document(release)
        alerts = None if news is None else _alerts(desks, tile.id, str(news["last"]["named"]))
    except NotFoundError:
        return ShownTile(tile=tile, is_gone=True)
    if len(document) > MOST_BYTES:
        return ShownTile(tile=tile, release=release, news=news, alerts=alerts, is_long=True)
    whole = json.loads(document)
    tables = tables_of(whole)[tile.table - 1 : tile.table]
    view = tile.view
    return ShownTile(
        tile=tile,
        release=release,
        news=news,
        alerts=alerts,
        published=str(whole["published_at"]),
        tables=tuple(map(shown_table, tables)) if view is None else shown_view(tables, view),
    )


def _alerts(desks: Desks, series: str, period: str) -> tuple[str, ...] | None:
    """What the last release says of itself beside the one before; None where it says nothing."""
    try:
        found = desks.reading.alerts(series, lag=1)
    except ComparisonError:
        return None
    return tuple(one.text for one in found if one.end == period)
