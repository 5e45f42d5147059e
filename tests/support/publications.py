"""Drafts of publications, and a store that holds releases for them."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from corridor.coordinator import app
from corridor.coordinator.app.people import accounts as accounts_of
from corridor.coordinator.publication_desk import Actor
from corridor.coordinator.publication_text import Draft, parse_draft
from corridor.coordinator.store import Store, heading_of, releases
from support.ledgers import TestClock
from support.pages import cheap_passwords
from support.releases import make_release
from support.sites import MAKER
from support.workbench import Workbench

RELEASE = "1fadd7f76a79bbe8"
ANA, BO = Actor("Ana", True, True), Actor("Bo", True, True)
PROGRAM = Actor("nightly", False, True)
ANALYST = Actor("Cy", True, False)


def draft_document(**changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "releases": [RELEASE],
        "texts": [
            {
                "language": "en",
                "title": "Victims by gender",
                "summary": "Who was found.",
                "method": "Counted with noise.",
            }
        ],
        "organisations": ["Danube region"],
        "people": [],
        "publisher": "Danube region",
        "contact": "",
        "keywords": ["trafficking"],
        "licence": "CC-BY-4.0",
        "doi": "",
        "embargo": None,
        "replaces": "",
    }
    return document | changes


def make_draft(**changes: Any) -> Draft:
    return parse_draft(draft_document(**changes))


def put_release(store: Store, document: dict[str, Any] | None = None, place: int = 1) -> None:
    """A release as the store holds it; its receipt is none."""
    document = make_release() if document is None else document
    raw = json.dumps(document).encode()
    with store.writing() as connection:
        connection.execute(
            insert(releases).values(
                id=document["id"],
                place=place,
                session=str(place).encode(),
                digest=b"2",
                rho="1/20",
                scope="regional",
                participants=b"{}",
                document=raw,
                heading=heading_of(raw),
                receipt=b"{}",
                published=1,
            )
        )


@dataclass
class Publishing:
    """A workbench and the pages that everybody sees, over one home and one clock."""

    workbench: Workbench
    everybody: Flask

    @property
    def clock(self) -> TestClock:
        return self.workbench.clock

    @property
    def public(self) -> FlaskClient:
        return self.everybody.test_client()

    def publish(self, release: str, **changes: Any) -> str:
        """A publication that everybody sees, from its embargo on; its id."""
        desk = self.workbench.parts.publications
        one = desk.write(make_draft(releases=[release], **changes), ANA).id
        desk.review(one, 1, BO)
        desk.schedule(one, 2, ANA)
        return one


@contextmanager
def open_publishing(world: app.World, accounts: Path) -> Iterator[Publishing]:
    """Over a home, which may be served, and accounts of their own in an empty folder."""
    shutil.copytree(world.home / "keys", accounts / "keys")
    shutil.copy(world.home / "coordinator.toml", accounts)
    clock = TestClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
    moved = app.World(home=world.home, clock=clock, random_bytes=world.random_bytes)
    apart = app.World(home=accounts, clock=clock, random_bytes=world.random_bytes)
    with app.opened(moved) as parts, accounts_of(apart) as opened:
        cheap_passwords(opened.people)
        pages = app.make_pages(parts, opened, MAKER)
        workbench = Workbench(clock, opened.people, pages, parts=parts, accounts=opened)
        yield Publishing(workbench, app.make_public(parts, MAKER))
