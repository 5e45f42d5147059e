"""The workbench: what its pages have of their own, beside what every site has."""

from collections.abc import Callable
from pathlib import Path

from flask import Flask

from corridor.coordinator.publications import HERE as PUBLICATIONS
from corridor.coordinator.publications.seconds import SECONDS
from corridor.coordinator.publications.words import WORDS
from corridor.coordinator.workbench.base_map import base_map_views
from corridor.coordinator.workbench.boards import board_views
from corridor.coordinator.workbench.desks import Desks
from corridor.coordinator.workbench.overview import overview_views
from corridor.coordinator.workbench.publications import draft_views
from corridor.coordinator.workbench.words import DUTIES
from corridor.pages.access import Addresses
from corridor.pages.languages import lazy_gettext as _l
from corridor.pages.site import Entry, Site, make_pages
from corridor.people import REGION, Role

ENTRIES = (
    Entry("overview.home", _l("Overview")),
    Entry("boards.listing", _l("Boards")),
    Entry("publications.listing", _l("Publications"), (Role.COORDINATOR,)),
    Entry("people.everybody", _l("People"), (Role.ADMINISTRATOR,)),
)


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
        words=WORDS,
        texts=(PUBLICATIONS / "translations",),
    )
    app = make_pages(site, desks.people, addresses=addresses, has_tls=has_tls, reference=reference)
    app.jinja_env.filters.update(SECONDS)
    for views in (
        overview_views(desks),
        base_map_views(desks.base_map),
        board_views(desks),
        draft_views(desks),
    ):
        app.register_blueprint(views)
    return app
