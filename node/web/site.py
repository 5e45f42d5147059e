"""The console: what this node's pages have of their own, beside what every site has."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from flask import Flask, g, request

from corridor.errors.console import BooksOpeningError
from corridor.node.import_desk import UploadFolder
from corridor.node.web.approvals import approval_views
from corridor.node.web.budget import budget_views
from corridor.node.web.charter import charter_views
from corridor.node.web.data import data_views
from corridor.node.web.desks import Desks
from corridor.node.web.editions import edition_views
from corridor.node.web.findings import finding
from corridor.node.web.journal import journal_views
from corridor.node.web.journal_words import DETAILS, detail
from corridor.node.web.mapping import mapping_views
from corridor.node.web.overview import overview_views
from corridor.node.web.policy import policy_views
from corridor.node.web.quality import quality_views
from corridor.node.web.refusal_words import ABOUT
from corridor.node.web.told import told
from corridor.node.web.uploads import ConsoleRequest, upload_folder_of
from corridor.node.web.words import (
    DUTIES,
    FATES,
    FINDINGS,
    KINDS,
    LINKS,
    ROUNDS,
    SAID,
    SCOPES,
    TABLES,
    VERDICTS,
)
from corridor.pages.access import Addresses
from corridor.pages.languages import lazy_gettext as _l
from corridor.pages.refusals import Words
from corridor.pages.site import Entry, Site, make_pages
from corridor.people import AUTHORITY, Role

ENTRIES = (
    Entry("overview.home", _l("Overview")),
    Entry("approvals.approvals", _l("Questions"), (Role.APPROVER, Role.OFFICER, Role.AUDITOR)),
    Entry("data.data", _l("Data"), (Role.OFFICER,)),
    Entry("quality.quality", _l("Data quality"), (Role.OFFICER,)),
    Entry("editions.editions", _l("Editions"), (Role.OFFICER, Role.ADMINISTRATOR)),
    Entry("budget.budget", _l("Budget"), (Role.APPROVER, Role.AUDITOR, Role.ADMINISTRATOR)),
    Entry("journal.journal", _l("Journal"), (Role.AUDITOR, Role.APPROVER)),
    Entry("charter.charter", _l("Charter"), (Role.APPROVER, Role.AUDITOR, Role.ADMINISTRATOR)),
    Entry("policy.policy", _l("Policy"), (Role.APPROVER, Role.AUDITOR, Role.ADMINISTRATOR)),
    Entry("people.everybody", _l("People"), (Role.ADMINISTRATOR,)),
    Entry("overview.doctor", _l("Check-up"), (Role.ADMINISTRATOR, Role.AUDITOR)),
)

__all__ = ["Addresses", "make_console"]


def make_console(
    desks: Desks,
    *,
    addresses: Addresses,
    has_tls: bool,
    upload_bytes: int,
    clock: Callable[[], datetime],
    reference: Callable[[], str],
) -> Flask:
    """The WSGI application.

    Args:
        desks: who decides and looks.
        addresses: the names under which it answers.
        has_tls: whether it is served with TLS.
        upload_bytes: the longest upload of case files.
        clock: what time it is.
        reference: names an internal error in the log and on the page.
    """

    def receive_files() -> None:
        request.max_content_length = upload_bytes
        request.upload_folder = UploadFolder(  # type: ignore[attr-defined]  # ConsoleRequest's
            desks.imports.make_folder(), upload_bytes
        )

    site = Site(
        folder=Path(__file__).parent,
        title=desks.country,
        place=f"{desks.node} ({desks.country})",
        home="overview.home",
        cookie="corridor-console",
        command="corridor node people add NAME --role administrator",
        staff=AUTHORITY,
        duties=DUTIES,
        rule=_l(
            "An auditor has no other role, and an administrator is no approver: whoever gives "
            "accounts must not approve what leaves."
        ),
        entries=ENTRIES,
        passing=frozenset({BooksOpeningError.code}),
        words=Words(SAID, ABOUT),
        told=told,
    )
    app = make_pages(
        site,
        desks.people,
        addresses=addresses,
        has_tls=has_tls,
        reference=reference,
        receive_files=receive_files,
    )
    app.request_class = ConsoleRequest

    @app.teardown_request
    def drop_files(_: BaseException | None) -> None:
        folder = upload_folder_of(request)
        if folder is not None and not g.get("files_are_taken", False):
            desks.imports.drop(folder.folder)

    app.jinja_env.filters.update(detail=detail, finding=finding)
    app.jinja_env.globals.update(
        own_country=desks.country,
        details=DETAILS,
        fates=FATES,
        findings=FINDINGS,
        kinds=KINDS,
        links=LINKS,
        rounds=ROUNDS,
        scope_words=SCOPES,
        tables=TABLES,
        verdicts=VERDICTS,
    )
    for views in (
        overview_views(desks),
        approval_views(desks),
        data_views(desks),
        mapping_views(desks),
        quality_views(desks),
        edition_views(desks),
        budget_views(desks, clock),
        journal_views(desks, clock),
        charter_views(desks),
        policy_views(desks),
    ):
        app.register_blueprint(views)
    return app
