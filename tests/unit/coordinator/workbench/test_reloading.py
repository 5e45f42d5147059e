"""Whoever opens an address that only takes what a form sends is led to where it begins."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import Rule

from corridor.people import Role
from support.loopback_region import QUICK, LoopbackRegion
from support.publications import Publishing, open_publishing


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackRegion]:
    region = LoopbackRegion(tmp_path_factory.mktemp("reloading"), deadlines=QUICK)
    region.enter()
    yield region
    region.close()


@pytest.fixture
def publishing(region: LoopbackRegion, tmp_path: Path) -> Iterator[Publishing]:
    with open_publishing(region.world, tmp_path) as found:
        yield found


def _takes_forms_alone(app: Flask) -> list[Rule]:
    at = app.url_map.bind("")
    return [
        rule
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and not at.test(_filled(rule), "GET")
    ]


def _filled(rule: Rule) -> str:
    """The address with something in each of its places."""
    return re.sub(r"<(?:any\((\w+)[^>]*|[^>]*)>", lambda place: place[1] or "1", rule.rule)


def test_every_page_of_both_sites_has_one_above_it(publishing: Publishing) -> None:
    ana = publishing.workbench.enter("Ana", Role.COORDINATOR, Role.ANALYST)
    looked = 0
    for client in (publishing.public, ana.client):
        app = client.application
        at = app.url_map.bind("")
        for rule in _takes_forms_alone(app):
            path = _filled(rule)
            answer = client.get(path)
            assert answer.status_code == 303, path
            assert at.test(answer.location, "GET"), path
            assert path.startswith(answer.location), path
            looked += 1
    assert looked > 10


def test_a_verification_that_is_reloaded_leads_to_what_it_is_of(publishing: Publishing) -> None:
    answer = publishing.public.get("/public/someone/releases/abc/verify")
    assert (answer.status_code, answer.location) == (303, "/public/someone")
