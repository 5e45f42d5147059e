"""A draft costs no more than its form until all of it was judged; long releases are not read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from corridor.coordinator import app
from corridor.coordinator.publication_text import MOST_RELEASES
from corridor.coordinator.publications.drafting import Drafting
from corridor.coordinator.publications.figures import MOST_BYTES
from corridor.coordinator.publications.methodology import methodology
from corridor.coordinator.store import releases
from corridor.errors.publications import MalformedPublicationError
from corridor.errors.region import UnknownReleaseError
from corridor.people import Role
from support.publications import RELEASE, Publishing, draft_document, open_publishing, put_release
from support.releases import make_release

NO_RELEASE = b"this is no JSON, and whoever reads it fails"


@pytest.fixture
def publishing(tmp_path: Path) -> Iterator[Publishing]:
    world = app.real_world(tmp_path / "coordinator")
    app.initialise(world, name="Danube region")
    accounts = tmp_path / "accounts"
    accounts.mkdir()
    with open_publishing(world, accounts) as opened:
        put_release(opened.workbench.parts.publications.store)
        yield opened


def bend(publishing: Publishing, document: bytes) -> None:
    """Let the release's document be this, and its heading what it was."""
    with publishing.workbench.parts.publications.store.writing() as connection:
        connection.execute(update(releases).values(document=document))


def drafting(publishing: Publishing) -> Drafting:
    parts = publishing.workbench.parts
    return Drafting(parts.releases, parts.questions.title_of)


def note(documents: Any, _language: str) -> str:
    return methodology(documents)


def unwritten(**changes: Any) -> dict[str, Any]:
    """A document whose note on method is to be made."""
    document = draft_document(**changes)
    document["texts"][0]["method"] = " \r\n"
    return document


FAULTS: dict[str, dict[str, Any]] = {
    "too many releases": {"releases": [f"{number:016x}" for number in range(MOST_RELEASES + 1)]},
    "one release twice": {"releases": [RELEASE, RELEASE]},
    "no DOI": {"doi": "nonsense"},
    "no licence": {"licence": "mine"},
    "no moment": {"embargo": "soon"},
    "a long name": {"publisher": "x" * 201},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_used_is_refused_before_a_release_is_read(
    publishing: Publishing, fault: str
) -> None:
    bend(publishing, NO_RELEASE)
    with pytest.raises(MalformedPublicationError):
        drafting(publishing).draft(unwritten(**FAULTS[fault]), note)
    with pytest.raises(ValueError, match="Expecting value"):  # it would have been read
        drafting(publishing).draft(unwritten(), note)


def test_a_form_that_cannot_be_used_is_refused_before_a_release_is_read(
    publishing: Publishing,
) -> None:
    bend(publishing, NO_RELEASE)
    ana = publishing.workbench.enter("Ana", Role.COORDINATOR)
    ana.get("/publications/new")
    form: dict[str, object] = {
        "release": [RELEASE] + [f"{number:016x}" for number in range(200)],
        "language": "en",
        **{f"title_{language}": "T" for language in ("en", "fr", "es", "ar", "bg")},
        **{f"summary_{language}": "s" for language in ("en", "fr", "es", "ar", "bg")},
        "organisations": "D",
        "publisher": "D",
        "licence": "CC-BY-4.0",
    }
    refused = ana.post("/publications/new", form)
    assert refused.status_code == 422
    assert "publication.malformed" in ana.last
    assert "name 1 to 20 of them" in ana.last


def test_of_a_release_that_is_too_long_the_note_is_made_without_reading_it(
    publishing: Publishing,
) -> None:
    short = drafting(publishing).draft(unwritten(), note).main.method
    assert "within ± 15" in short
    bend(publishing, b"x" * (MOST_BYTES + 1))
    method = drafting(publishing).draft(unwritten(), note).main.method
    assert "Margin: each figure has its own beside it" in method
    assert "Authority of BG (BG)" in method
    assert "ρ = 143/10000" in method


def test_many_releases_that_are_too_long_together_are_not_all_read(publishing: Publishing) -> None:
    store = publishing.workbench.parts.publications.store
    second = "2" * 16
    put_release(store, make_release(id=second, more="x" * (MOST_BYTES - 1000)), 2)
    method = drafting(publishing).draft(unwritten(releases=[RELEASE, second]), note).main.method
    assert method.count("within ± 15") == 1
    assert method.count("Margin: each figure has its own beside it") == 1


def test_a_note_of_a_release_that_there_is_not_is_refused(publishing: Publishing) -> None:
    with pytest.raises(UnknownReleaseError):
        drafting(publishing).draft(unwritten(releases=["f" * 16]), note)


def test_a_note_that_was_written_stays_as_it_is(publishing: Publishing) -> None:
    bend(publishing, NO_RELEASE)
    assert drafting(publishing).draft(draft_document(), note).main.method == "Counted with noise."
