"""Boards in the workbench: looking at them, and putting one together by looking.

/boards               all of them
/boards/new           a new one: every button of the form but the last leads to the form again
/boards/ID            its tables and pictures, and what changed in its series
/boards/ID/edit       the same form of one that there is
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from corridor.coordinator.account_tokens import ASKERS
from corridor.coordinator.board_desk import KINDS, MOST_TILES, Board, Tile, parse_tile
from corridor.coordinator.pace import Pace
from corridor.coordinator.publication_text import tidy
from corridor.coordinator.publications import TEMPLATES
from corridor.coordinator.workbench.access import current_asker
from corridor.coordinator.workbench.alert_words import SeriesNews
from corridor.coordinator.workbench.answers import LOOKS_PER_MINUTE
from corridor.coordinator.workbench.board_picking import choices_for, stepped
from corridor.coordinator.workbench.board_sharing import add_sharing
from corridor.coordinator.workbench.board_tiles import named_tile, shown_tile
from corridor.coordinator.workbench.desks import Desks
from corridor.errors import CorridorError, NotFoundError
from corridor.pages.access import current_session, for_roles, signed_in
from corridor.pages.refusals import said, status_of
from corridor.people import Role


def board_views(desks: Desks, news: SeriesNews) -> Blueprint:
    """/boards and below."""
    views = Blueprint("boards", __name__, url_prefix="/boards", template_folder=str(TEMPLATES))
    desk = desks.boards
    pace = Pace(requests=LOOKS_PER_MINUTE, works=LOOKS_PER_MINUTE)
    add_sharing(views, desks, pace)

    @views.get("")
    @signed_in
    def listing() -> str:
        changed = {str(one["id"]) for one, _ in news.changed()}
        return render_template("boards.html", boards=desk.listing(), changed=changed)

    @views.get("/new")
    @for_roles(*ASKERS)
    def new() -> str:
        lines = [f"{kind} {one}" for kind in KINDS for one in request.args.getlist(kind)]
        form = _Form()
        for line in lines[:MOST_TILES]:
            try:
                form = replace(form, tiles=(*form.tiles, replace(parse_tile(line), how="picture")))
            except CorridorError as error:
                form = replace(form, refusal=error)
        return _builder(desks, None, form)

    @views.post("/new")
    @for_roles(*ASKERS)
    def make() -> Response | Answer:
        pace.demand(current_asker().name, works=True)
        form = _read()
        if form.step or form.refusal is not None:
            return _stepped(desks, None, form)
        try:
            board = desk.make(form.name, form.tiles, _name())
        except CorridorError as error:
            return _stepped(desks, None, replace(form, refusal=error))
        return redirect(url_for("boards.one", identifier=board.id), 303)

    @views.get("/<identifier>")
    @signed_in
    def one(identifier: str) -> str:
        pace.demand(current_asker().name, works=True)
        board = desk.find(identifier)
        return render_template(
            "board.html",
            board=board,
            tiles=[shown_tile(desks, news, tile) for tile in board.tiles],
            again=_releases(board.tiles),
            own=_may(board),
        )

    @views.get("/<identifier>/edit")
    @for_roles(*ASKERS)
    def edit(identifier: str) -> str:
        board = desk.find(identifier)
        return _builder(desks, board, _Form(name=board.name, tiles=board.tiles))

    @views.post("/<identifier>/edit")
    @for_roles(*ASKERS)
    def change(identifier: str) -> Response | Answer:
        pace.demand(current_asker().name, works=True)
        form = _read()
        if form.step or form.refusal is not None:
            return _stepped(desks, desk.find(identifier), form)
        try:
            desk.change(identifier, form.name, form.tiles, _name(), may_all=_may_all())
        except NotFoundError:
            raise
        except CorridorError as error:
            return _stepped(desks, desk.find(identifier), replace(form, refusal=error))
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """What stands in the form of a board.

    Attributes:
        step: a button that changes the form; empty where the board is to be saved.
        done: what a step did, in words.
    """

    name: str = ""
    tiles: tuple[Tile, ...] = ()
    search: str = ""
    step: str = ""
    done: str = ""
    refusal: CorridorError | None = None


def _read() -> _Form:
    """The form; of a tile that cannot be read why, and the others stay."""
    form = request.form
    lines, ways = form.getlist("tile"), form.getlist("how")
    tiles, refusal = [], None
    for place, line in enumerate(lines[: MOST_TILES + 1]):
        try:
            tile = parse_tile(line)
            tiles.append(replace(tile, how=ways[place]) if len(ways) == len(lines) else tile)
        except CorridorError as error:
            refusal = error
    return _Form(
        name=tidy(form.get("name", "")),
        tiles=tuple(tiles),
        search=tidy(form.get("search", "")),
        step=form.get("step", ""),
        refusal=refusal,
    )


def _stepped(desks: Desks, board: Board | None, form: _Form) -> Response:
    """The form again, after one of its buttons or with what is wrong."""
    if form.refusal is None:
        try:
            tiles, done = stepped(form.tiles, form.step)
            form = replace(form, tiles=tiles, done=done)
        except CorridorError as error:
            form = replace(form, refusal=error)
    # What htmx exchanges is one of the contents of a page: a status of its own would keep it away.
    is_piece = request.headers.get("HX-Request") is not None
    status = 200 if form.refusal is None or is_piece else status_of(form.refusal)
    return make_response(_builder(desks, board, form), status)


def _builder(desks: Desks, board: Board | None, form: _Form) -> str:
    return render_template(
        "board_edit.html",
        board=board,
        name=form.name,
        search=form.search,
        done=form.done,
        tiles=[named_tile(desks, one) for one in form.tiles],
        choices=choices_for(desks, form.search, form.tiles),
        is_full=len(form.tiles) >= MOST_TILES,
        again=_releases(form.tiles),
        refusal=None if form.refusal is None else said(form.refusal),
    )


def _releases(tiles: Sequence[Tile]) -> list[str]:
    """The answers on a board, each once."""
    return list(dict.fromkeys(one.id for one in tiles if one.kind == "release"))
