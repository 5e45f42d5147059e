"""The coordinator's site without its sockets, over the parts of a home."""

from collections.abc import Callable

from flask import Flask

from corridor.coordinator import app
from corridor.coordinator.app.reading import make_reading_desk, make_report_desk
from corridor.coordinator.file_maker import FileMaker
from corridor.coordinator.web.events import Followers
from corridor.coordinator.web.site import Desks, Limits, make_site

MAKER = FileMaker()
"""Makes its process at the first file, and ends it with the tests."""


def desks_of(parts: app.Parts) -> Desks:
    return Desks(
        enrolment=parts.enrolment,
        tokens=parts.tokens,
        region=parts.region,
        questions=parts.questions,
        releases=parts.releases,
        series=parts.series,
        reports=make_report_desk(parts.catalogue, parts.questions, parts.releases, parts.charters),
        reading=make_reading_desk(parts.releases, parts.series),
        publications=parts.publications,
        public=app.public_desk(parts, MAKER),
    )


def site_over(
    parts: app.Parts,
    *,
    now: Callable[[], int] = lambda: 60_000,
    limits: Limits | None = None,
    maker: FileMaker | None = None,
    plain_http: bool = True,
) -> Flask:
    limits = limits or Limits()
    return make_site(
        desks_of(parts),
        authority=(parts.home.keys / "ca.pem").read_bytes(),
        plain_http=plain_http,
        now=now,
        reference=lambda: "ref-1",
        followers=Followers(limits.followers),
        maker=maker or MAKER,
        limits=limits,
        version="0.1.0",
    )
