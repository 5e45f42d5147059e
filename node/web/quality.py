"""How good the data of the last import are, for the officers who can have them mended."""

from flask import Blueprint, Response, render_template, request

from corridor.errors.importing import NoProfileError
from corridor.ids import EditionId, is_edition_id
from corridor.node.quality import QualityProfile
from corridor.node.web.desks import Desks
from corridor.node.web.quality_words import told
from corridor.node.web.words import FATES, TOLD_APART_BY
from corridor.pages.access import for_roles
from corridor.pages.htcds_words import LABELS
from corridor.people import Role


def quality_views(desks: Desks) -> Blueprint:
    """/data/quality, and the case workers' list."""
    views = Blueprint("quality", __name__, url_prefix="/data/quality")

    def wanted() -> QualityProfile:
        edition = request.args.get("edition", "")
        return desks.case_data.quality(EditionId(edition) if is_edition_id(edition) else None)

    @views.get("")
    @for_roles(Role.OFFICER)
    def quality() -> str:
        try:
            found = wanted()
        except NoProfileError:
            return render_template("quality.html", profile=None)
        return render_template(
            "quality.html",
            profile=found,
            problems=[*found.values, *found.dates, *found.persons_problems, *found.tables],
            told_apart_by=TOLD_APART_BY,
            fates=FATES,
            told=told,
            label=lambda one: LABELS.get(one.field, one.label),
        )

    @views.get("/worklist")
    @for_roles(Role.OFFICER)
    def worklist() -> Response:
        found = wanted()
        answer = Response(desks.case_data.worklist(found), mimetype="text/csv")
        answer.headers.set("Content-Disposition", "attachment", filename=f"{found.edition}.csv")
        return answer

    return views
