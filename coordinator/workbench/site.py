"""The workbench: what its pages have of their own, beside what every site has."""

from collections.abc import Callable
from pathlib import Path

from flask import Flask
from markupsafe import Markup

from corridor.coordinator.account_tokens import ASKERS
from corridor.coordinator.pictures import STATIC as PICTURES
from corridor.coordinator.pictures import TEXTS as PICTURES_TEXTS
from corridor.coordinator.pictures import picture_templates
from corridor.coordinator.pictures.base_map import base_map_views
from corridor.coordinator.publications import HERE as PUBLICATIONS
from corridor.coordinator.publications.seconds import SECONDS
from corridor.coordinator.publications.words import WORDS
from corridor.coordinator.workbench.access import STAFF
from corridor.coordinator.workbench.administration import administration_views, invitation_views
from corridor.coordinator.workbench.alert_words import SeriesNews
from corridor.coordinator.workbench.answers import answer_views
from corridor.coordinator.workbench.asking import asking_views
from corridor.coordinator.workbench.boards import board_views
from corridor.coordinator.workbench.changes import change_views
from corridor.coordinator.workbench.comparing import comparing_views
from corridor.coordinator.workbench.desks import Desks
from corridor.coordinator.workbench.following import question_views
from corridor.coordinator.workbench.overview import overview_views
from corridor.coordinator.workbench.proposing import proposing_views
from corridor.coordinator.workbench.provider import provider_views
from corridor.coordinator.workbench.publications import draft_views
from corridor.coordinator.workbench.refusal_words import ABOUT, SAID
from corridor.coordinator.workbench.reports import report_views
from corridor.coordinator.workbench.standing import standing_views
from corridor.coordinator.workbench.tokens import token_views
from corridor.coordinator.workbench.words import DUTIES
from corridor.pages.access import Addresses
from corridor.pages.languages import lazy_gettext as _l
from corridor.pages.refusals import Words
from corridor.pages.site import Door, Entry, Site, make_pages
from corridor.people import REGION, Role

ENTRIES = (
    Entry("overview.home", _l("Overview")),
    Entry("asking.compose", _l("Ask"), ASKERS),
    Entry("reports.listing", _l("Reports")),
    Entry("questions.listing", _l("Questions")),
    Entry("releases.listing", _l("Answers")),
    Entry("series.listing", _l("Standing series")),
    Entry("boards.listing", _l("Boards")),
    Entry("publications.listing", _l("Publications"), (Role.COORDINATOR,)),
    Entry("administration.members", _l("Members"), STAFF),
    Entry("administration.charter", _l("Charter"), STAFF),
    Entry("invitations.listed", _l("Invitations"), STAFF),
    Entry("administration.attempts", _l("What ran"), STAFF),
    Entry("people.everybody", _l("People"), (Role.ADMINISTRATOR,)),
    Entry("tokens.own", _l("Tokens")),
    Entry("changes.listed", _l("Changes"), (Role.ADMINISTRATOR,)),
)


def in_english(text: str) -> Markup:
    """A text that is English on a page of any language, and marked so for those who hear it."""
    return Markup('<span lang="en" dir="ltr">{}</span>').format(text)


def make_workbench(
    desks: Desks, *, addresses: Addresses, has_tls: bool, reference: Callable[[], str]
) -> Flask:
    """The WSGI application.

    Args:
        desks: who decides and looks.
        addresses: the names under which it answers.
        has_tls: whether it is served with TLS.
        reference: names an internal error in the log and on the page.
    """
    site = Site(
        folder=Path(__file__).parent,
        title=desks.region_name,
        place=desks.region_name,
        home="overview.home",
        cookie="corridor-workbench",
        command="corridor coordinator people add NAME --role administrator",
        staff=REGION,
        duties=DUTIES,
        rule=_l(
            "An administrator is no coordinator: whoever gives accounts must not be two of those "
            "who publish."
        ),
        entries=ENTRIES,
        door=None
        if desks.provider is None
        else Door(desks.provider.settings.title, "provider.begin", "provider.leave"),
        words=Words(said={**WORDS.said, **SAID}, about={**WORDS.about, **ABOUT}),
        told=in_english,
        texts=(PICTURES_TEXTS, PUBLICATIONS / "translations"),
        files=(PICTURES,),
    )
    app = make_pages(site, desks.people, addresses=addresses, has_tls=has_tls, reference=reference)
    app.jinja_env.filters.update(SECONDS)
    news = SeriesNews(desks.reading, desks.series)
    for views in (
        picture_templates(),
        overview_views(desks, news),
        asking_views(desks),
        question_views(desks),
        answer_views(desks),
        standing_views(desks),
        report_views(desks),
        comparing_views(desks),
        base_map_views(desks.base_map),
        board_views(desks, news),
        draft_views(desks),
        provider_views(desks.provider, desks.people, has_tls=has_tls),
        token_views(desks.tokens),
        change_views(desks.changes),
        administration_views(desks),
        proposing_views(desks),
        invitation_views(desks),
    ):
        app.register_blueprint(views)
    return app
