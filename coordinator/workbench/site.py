"""The workbench: what its pages have of their own, beside what every site has."""

from collections.abc import Callable
from pathlib import Path

from flask import Flask
from markupsafe import Markup

from corridor.coordinator.workbench.answers import answer_views
from corridor.coordinator.workbench.asking import ASKERS, asking_views
from corridor.coordinator.workbench.desks import Desks
from corridor.coordinator.workbench.following import question_views
from corridor.coordinator.workbench.overview import overview_views
from corridor.coordinator.workbench.refusal_words import ABOUT, SAID
from corridor.coordinator.workbench.words import DUTIES
from corridor.pages.access import Addresses
from corridor.pages.languages import lazy_gettext as _l
from corridor.pages.refusals import Words
from corridor.pages.site import Entry, Site, make_pages
from corridor.people import REGION, Role

ENTRIES = (
    Entry("overview.home", _l("Overview")),
    Entry("asking.compose", _l("Ask"), ASKERS),
    Entry("questions.listing", _l("Questions")),
    Entry("releases.listing", _l("Answers")),
    Entry("people.everybody", _l("People"), (Role.ADMINISTRATOR,)),
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
        rule=_l("One person may have several roles."),
        entries=ENTRIES,
        words=Words(said=SAID, about=ABOUT),
        told=in_english,
    )
    app = make_pages(site, desks.people, addresses=addresses, has_tls=has_tls, reference=reference)
    for views in (
        overview_views(desks),
        asking_views(desks),
        question_views(desks),
        answer_views(desks),
    ):
        app.register_blueprint(views)
    return app
