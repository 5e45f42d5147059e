"""Editions and imports: files in, what became of them, and the countries to fill in."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    Response,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as Answer

from corridor.errors.console import BadFormError, NoSuchReportError
from corridor.errors.files import DiskError
from corridor.errors.importing import BadMappingError
from corridor.node.import_desk import WAITING_SECONDS, ImportJob, ImportStage, ImportState
from corridor.node.web.desks import Desks
from corridor.node.web.uploads import upload_folder_of
from corridor.node.web.words import FATES
from corridor.pages.access import current_session, for_roles
from corridor.pages.refusals import said_of
from corridor.people import Role


def data_views(desks: Desks) -> Blueprint:
    """/data and what is imported there."""
    views = Blueprint("data", __name__, url_prefix="/data")

    @views.get("")
    @for_roles(Role.OFFICER)
    def data() -> str:
        edition = desks.edition()
        return render_template(
            "data.html",
            edition=edition,
            waiting_hours=WAITING_SECONDS // 3600,
            reports=desks.imports.reports(),
            databases=_databases(desks),
            **_state(desks),
        )

    @views.get("/progress")
    @for_roles(Role.OFFICER)
    def progress() -> Response:
        shown = _state(desks)
        answer = make_response(
            render_template("progress.html", waiting_hours=WAITING_SECONDS // 3600, **shown)
        )
        if shown["state"].stage is not ImportStage.RUNNING:
            answer.headers["HX-Refresh"] = "true"  # the page shows edition and reports anew
        return answer

    @views.post("/import")
    @for_roles(Role.OFFICER, takes_files=True)
    def load() -> Answer:
        desks.imports.begin(_job(_databases(desks)), current_session().person.name)
        g.files_are_taken = True
        return redirect(url_for("data.data", _anchor="import"), 303)

    @views.get("/reports/<name>")
    @for_roles(Role.OFFICER)
    def report(name: str) -> str:
        path = desks.imports.report(name)
        return render_template("report.html", name=name, report=_read(path))

    @views.get("/countries/<name>")
    @for_roles(Role.OFFICER)
    def countries(name: str) -> Response:
        path = desks.imports.report(name)
        answer = Response(path.read_bytes(), mimetype="text/csv")
        answer.headers.set("Content-Disposition", "attachment", filename=path.name)
        return answer

    return views


def _state(desks: Desks) -> dict[str, Any]:
    """The last import, as the page shows it."""
    edition = desks.edition()
    state = desks.imports.state()
    if (
        state.stage is ImportStage.REFUSED
        and state.began is not None
        and edition is not None
        and edition.written_at > state.began
    ):
        state = ImportState()  # what was refused is of no use any more: other files came in since
    refusal = said_of(state.code, state.message) if state.stage is ImportStage.REFUSED else None
    return {"state": state, "refusal": refusal, "done": _done(desks, state)}


def _done(desks: Desks, state: ImportState) -> dict[str, Any] | None:
    """What an import that is done brought; None where its report is gone already."""
    if state.stage is not ImportStage.DONE:
        return None
    try:
        report = _read(desks.imports.report(state.report))
    except (NoSuchReportError, DiskError):
        return None
    counts = Counter(dict.fromkeys(FATES, 0))
    for one in report["entries"]:
        counts[one["fate"]] += one["count"]
    return {**report, "fates": [(fate, counts[fate]) for fate in FATES]}


def _databases(desks: Desks) -> Sequence[str]:
    """The databases that can be read; none while the mapping file cannot: an import says why."""
    try:
        return desks.case_data.databases()
    except BadMappingError:
        return ()


def _job(databases: Sequence[str]) -> ImportJob:
    """The files of this request, which lie in their folder already.

    Raises:
        BadFormError: there is none, and no database either.
    """
    uploaded = upload_folder_of(request)
    by_field: dict[str, list[Path]] = {"files": [], "countries": [], "columns": []}
    for field, found in request.files.items(multi=True):
        found.stream.close()
        if found.filename and field in by_field:
            by_field[field].append(Path(found.stream.name))
    database = request.form.get("database", "")
    if database and database not in databases:
        raise BadFormError("database", "the node's mapping file names none such")
    if database and by_field["columns"]:
        # It could name a database of its own, and the node's password would go there.
        raise BadFormError("columns", "databases go with the node's own mapping file")
    if uploaded is None or not (by_field["files"] or database):
        raise BadFormError("files", "no file was chosen")
    return ImportJob(
        folder=uploaded.folder,
        files=by_field["files"],
        mappings=by_field["countries"],
        columns=by_field["columns"][0] if by_field["columns"] else None,
        database=database or None,
        tables=request.form.get("tables", "").split() if database else (),
        replace=request.form.get("replace") == "yes",
        looks=request.form.get("do") == "look",
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DiskError(path.name, "cannot be read") from error
    return dict(found)
