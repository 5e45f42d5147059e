"""Publications in the workbench: write, look, review, schedule, take back, withdraw, correct."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import force_locale  # type: ignore[import-untyped]  # it has no types
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as Answer

from corridor.coordinator.pages import Page
from corridor.coordinator.publication_desk import Actor, Publication, State
from corridor.coordinator.publication_text import LANGUAGES, LICENCES, Draft, tidy
from corridor.coordinator.publications import TEMPLATES
from corridor.coordinator.publications.drafting import Drafting
from corridor.coordinator.publications.everybody import shown
from corridor.coordinator.publications.figures import ShownTables
from corridor.coordinator.publications.methodology import methodology
from corridor.coordinator.publications.words import STATES, VERBS
from corridor.coordinator.workbench.desks import Desks
from corridor.errors import CorridorError
from corridor.errors.region import UnknownReleaseError
from corridor.ids import Digest
from corridor.pages.access import current_session, for_roles
from corridor.pages.languages import LANGUAGES as NAMED
from corridor.pages.languages import chosen_language, gettext
from corridor.pages.refusals import said, status_of
from corridor.people import Role
from corridor.protocols import canonical

LISTED = 50
"""So many of the newest releases can be chosen in the form."""

LISTS = ("organisations", "people", "keywords")

Form = MultiDict[str, str]


def draft_views(desks: Desks) -> Blueprint:
    """/publications and below."""
    views = Blueprint(
        "publications", __name__, url_prefix="/publications", template_folder=str(TEMPLATES)
    )
    desk = desks.publications
    tables = ShownTables(desks.releases.document, desks.questions.domains)

    @views.get("")
    @for_roles(Role.COORDINATOR)
    def listing() -> str:
        return render_template("publications.html", publications=desk.listing(), states=STATES)

    @views.get("/new")
    @for_roles(Role.COORDINATOR)
    def new() -> str:
        return _form(desks, _blank(desks, request.args.getlist("release")))

    @views.post("/new")
    @for_roles(Role.COORDINATOR)
    def write() -> Response | Answer:
        try:
            kept = desk.write(_read(desks), _actor())
        except CorridorError as error:
            return _again(desks, error)
        return _to(kept)

    @views.get("/<identifier>")
    @for_roles(Role.COORDINATOR)
    def one(identifier: str) -> Response:
        return _page(desks, tables, desk.find(identifier))

    @views.get("/<identifier>/edit")
    @for_roles(Role.COORDINATOR)
    def edit(identifier: str) -> str:
        found = desk.find(identifier)
        return _form(desks, _filled(found.draft), publication=found)

    @views.post("/<identifier>/edit")
    @for_roles(Role.COORDINATOR)
    def rewrite(identifier: str) -> Response | Answer:
        try:
            kept = desk.rewrite(identifier, _revision(), _read(desks), _actor())
        except CorridorError as error:
            return _again(desks, error, desk.find(identifier))
        return _to(kept)

    @views.get("/<identifier>/correct")
    @for_roles(Role.COORDINATOR)
    def correct(identifier: str) -> str:
        form = _filled(desk.find(identifier).draft)
        for key in ("doi", "embargo"):
            form.poplist(key)
        form["replaces"] = identifier
        return _form(desks, form)

    @views.post("/<identifier>/<any(review, schedule, take_back, withdraw, discard):step>")
    @for_roles(Role.COORDINATOR)
    def take(identifier: str, step: str) -> Response | Answer:
        steps = {
            "review": desk.review,
            "schedule": desk.schedule,
            "take_back": desk.take_back,
            "discard": desk.discard,
        }
        try:
            if step == "withdraw":
                reason = request.form.get("reason", "")
                kept = desk.withdraw(identifier, _revision(), reason, _actor())
            else:
                kept = steps[step](identifier, _revision(), _actor())
        except CorridorError as error:
            return _page(desks, tables, desk.find(identifier), error)
        if kept.state is State.DISCARDED:
            return redirect(url_for("publications.listing"), 303)
        return _to(kept)

    return views


@dataclass(frozen=True, slots=True)
class _Preview:
    """Addresses of a publication's page in the workbench."""

    identifier: str

    def page(self, picture: str, anchor: str) -> str:
        """Of the page, with its tables drawn in this way."""
        return url_for(
            "publications.one", identifier=self.identifier, picture=picture, _anchor=anchor
        )

    def picture(self, release: str, number: int, name: str) -> str:
        """Of what is drawn of a table: nothing of a draft is anywhere else."""
        return url_for("releases.picture", identifier=release, number=number, name=name)


def _actor() -> Actor:
    person = current_session().person
    return Actor(person.name, is_person=True, may_publish=Role.COORDINATOR in person.roles)


def _revision() -> int:
    text = request.form.get("revision", "")
    return int(text) if text.isdecimal() and len(text) < 10 else -1


def _to(publication: Publication) -> Answer:
    return redirect(url_for("publications.one", identifier=publication.id), 303)


def _page(
    desks: Desks,
    tables: ShownTables,
    publication: Publication,
    error: CorridorError | None = None,
) -> Response:
    others = [
        one
        for one in desks.people.people()
        if Role.COORDINATOR in one.roles
        and not one.locked
        and all(desks.publications.are_two(one.name, writer) for writer in publication.writers)
    ]
    headings = [desks.releases.heading(one) for one in publication.draft.releases]
    page = render_template(
        "publication.html",
        purposes=[(one["id"], one["purpose"], one["organisation"]) for one in headings],
        refusal=None if error is None else said(error),
        states=STATES,
        verbs=VERBS,
        mine=_actor().name in publication.writers,
        others=bool(others),
        address=desks.public.address_of(publication.id),
        at=_Preview(publication.id),
        **shown(desks.public, tables, publication, chosen_language()),
    )
    return make_response(page, 200 if error is None else status_of(error))


def _form(
    desks: Desks,
    form: Form,
    *,
    publication: Publication | None = None,
    error: CorridorError | None = None,
) -> str:
    newest = desks.releases.listing(Page(LISTED, None))
    chosen = form.getlist("release")
    known = {one["id"] for one in newest}
    listed = [*newest, *_others(desks, chosen, known)]
    return render_template(
        "publication_edit.html",
        refusal=None if error is None else said(error),
        publication=publication,
        form=form,
        chosen=chosen,
        releases=[
            (
                one["id"],
                _title(desks, one),
                one["published_at"][:10],
                one["purpose"],
                one["organisation"],
            )
            for one in listed
        ],
        tongues=[(code, NAMED[code]) for code in LANGUAGES],
        licences={code: name for code, (name, _) in LICENCES.items()},
    )


def _others(desks: Desks, chosen: list[str], known: set[str]) -> Iterator[Mapping[str, Any]]:
    """Older releases that were chosen already, of which there are."""
    for one in chosen:
        if one not in known:
            with suppress(UnknownReleaseError):
                yield desks.releases.heading(one)


def _again(desks: Desks, error: CorridorError, publication: Publication | None = None) -> Response:
    page = _form(desks, request.form, publication=publication, error=error)
    return make_response(page, status_of(error))


def _title(desks: Desks, heading: Mapping[str, Any]) -> str:
    charter = Digest(bytes.fromhex(heading["charter"]["digest"]))
    title = desks.questions.title_of(charter, canonical.encode(heading["question"]))
    return title or str(heading["id"])


def _blank(desks: Desks, releases: list[str]) -> Form:
    form: Form = MultiDict()
    form.setlist("release", releases)
    form["language"] = chosen_language()
    form["organisations"] = form["publisher"] = desks.region_name
    form["licence"] = next(iter(LICENCES))
    return form


def _filled(draft: Draft) -> Form:
    """The form of a draft."""
    document = draft.to_json()
    form: Form = MultiDict()
    form.setlist("release", document["releases"])
    form["language"] = draft.main.language
    for one in draft.texts:
        form[f"title_{one.language}"] = one.title
        form[f"summary_{one.language}"] = one.summary
        form[f"method_{one.language}"] = one.method
    for key in LISTS:
        form[key] = "\n".join(document[key])
    for key in ("publisher", "contact", "licence", "doi", "replaces"):
        form[key] = document[key]
    form["embargo"] = (document["embargo"] or "").removesuffix("Z")
    return form


def _read(desks: Desks) -> Draft:
    """The draft that the current request's form holds; an empty note on method is made.

    Raises:
        MalformedPublicationError: it holds none; names the field.
    """
    form = request.form
    main = form.get("language", "")
    releases = [tidy(one) for one in form.getlist("release")]
    texts = [
        {
            "language": language,
            **{key: form.get(f"{key}_{language}", "") for key in ("title", "summary", "method")},
        }
        for language in sorted(LANGUAGES, key=lambda one: one != main)
        if language == main or tidy(form.get(f"title_{language}", ""))
    ]
    return Drafting(desks.releases, desks.questions.title_of).draft(
        {
            "releases": releases,
            "texts": texts,
            **{key: form.get(key, "").split("\n") for key in LISTS},
            **{
                key: form.get(key, "")
                for key in ("publisher", "contact", "licence", "doi", "replaces")
            },
            "embargo": tidy(form.get("embargo", "")) or None,
        },
        _ready_note,
    )


def _ready_note(documents: Sequence[Mapping[str, Any]], language: str) -> str:
    with force_locale(language):
        return methodology(documents, gettext)
