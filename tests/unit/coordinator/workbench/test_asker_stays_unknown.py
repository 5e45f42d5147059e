"""Nothing that is published says why a question was asked, or by whom, but its receipt.

The receipt holds both for good: the members signed them. So whoever asks, drafts and reviews is
told before it is too late.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corridor.coordinator import app
from corridor.coordinator.store import publication_steps, publications
from corridor.people import Role
from corridor.publishing.formats import FORMS
from support.loopback_region import QUICK, LoopbackRegion
from support.publications import ANA, Publishing, make_draft, open_publishing

SQL = "SELECT gender, COUNT(DISTINCT person) FROM persons WHERE year = 2021 GROUP BY gender"
PURPOSE, OFFICE = "Raid on the harbour", "Office of the night watch"
LANGUAGES = ("en", "fr", "es", "ar", "bg")


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackRegion]:
    region = LoopbackRegion(tmp_path_factory.mktemp("askers"), deadlines=QUICK)
    region.enter()
    region.token = app.issue_token(region.world, "nadia.of.the.watch", organisation=OFFICE)
    yield region
    region.close()


@pytest.fixture(scope="module")
def release(region: LoopbackRegion) -> str:
    shown = region.wait(region.ask(sql=SQL, rho="1/20", purpose=PURPOSE)["id"])
    assert shown["state"] == "released", shown
    return str(shown["release_id"])


@pytest.fixture
def publishing(region: LoopbackRegion, release: str, tmp_path: Path) -> Iterator[Publishing]:
    with open_publishing(region.world, tmp_path) as opened:
        yield opened
        with opened.workbench.parts.publications.store.writing() as connection:
            for table in (publications, publication_steps):
                connection.execute(table.delete())


def everything_in(data: bytes) -> str:
    """What stands in a file of any form, its metadata too."""
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return " ".join(everything_in(archive.read(name)) for name in archive.namelist())
    if data.startswith(b"PAR1"):
        return str(pq.read_schema(io.BytesIO(data)).metadata)
    if data.startswith(b"ARROW1"):
        with pa.ipc.open_file(io.BytesIO(data)) as file:
            return str(file.schema.metadata)
    return data.decode("utf-8")


def names_asker(text: str) -> bool:
    return any(words in text for words in (PURPOSE, OFFICE, "nadia.of.the.watch"))


@pytest.mark.parametrize("form", FORMS)
def test_a_published_file_does_not_say_who_asked_and_why(
    publishing: Publishing, release: str, form: str
) -> None:
    one = publishing.publish(release)
    found = publishing.public.get(f"/public/{one}/releases/{release}/files/{form}")
    assert found.status_code == 200
    text = everything_in(found.data)
    assert release in text
    assert not names_asker(text)
    boss = publishing.workbench.enter("Boss", Role.COORDINATOR)
    own = boss.get(f"/releases/{release}/files/{form}")
    assert names_asker(everything_in(own.data))  # where it is, this test finds it


def test_no_page_and_no_metadata_of_a_publication_say_who_asked_and_why(
    publishing: Publishing, region: LoopbackRegion, release: str
) -> None:
    one = publishing.publish(release)
    base, public = f"/public/{one}", publishing.public
    paths = [
        "/public",
        "/public/feed.atom",
        *(f"{base}?lang={language}" for language in LANGUAGES),
        f"{base}/datacite.json",
        f"{base}/dataset.jsonld",
        f"{base}/releases/{release}/charter.json",
        f"{base}/releases/{release}/pictures/1/bars",
    ]
    for path in paths:
        found = public.get(path)
        assert found.status_code == 200, path
        assert not names_asker(found.get_data(as_text=True)), path
    checked = public.post(f"{base}/releases/{release}/verify").get_data(as_text=True)
    assert "Every claim of the receipt holds." in checked
    assert not names_asker(checked)
    for path in ("", f"/{one}"):
        answer = region.get(f"/api/v1/public/publications{path}", token="")
        assert answer.status_code == 200
        assert one in answer.text
        assert not names_asker(answer.text)


def test_a_note_that_is_made_does_not_say_who_asked_and_why(
    publishing: Publishing, release: str
) -> None:
    ana = publishing.workbench.enter("Ana", Role.COORDINATOR)
    ana.get("/publications/new")
    form = {"release": release, "language": "en", "title_en": "T", "summary_en": "s"}
    terms = {"organisations": "D", "publisher": "D", "licence": "CC-BY-4.0"}
    address = ana.post("/publications/new", {**form, **terms}).location
    one = publishing.workbench.parts.publications.find(address.rpartition("/")[2])
    assert "Who took part" in one.draft.main.method
    assert not names_asker(one.draft.main.method)


def test_the_receipt_says_it_for_the_members_signed_it(
    publishing: Publishing, release: str
) -> None:
    """Should this ever fail, pages must no longer say that receipts hold it."""
    one = publishing.publish(release)
    receipt = publishing.public.get(f"/public/{one}/releases/{release}/receipt.json").data.decode()
    assert PURPOSE in receipt
    assert OFFICE in receipt
    assert "nadia.of.the.watch" not in receipt


def test_whoever_asks_is_told_before_anything_is_spent(publishing: Publishing) -> None:
    ana = publishing.workbench.enter("Ana", Role.ANALYST)
    ana.get("/ask")
    assert "everybody can read once the answer is published" in ana.last
    form: dict[str, object] = {"face": "sql", "sql": SQL, "accuracy": "±77", "purpose": PURPOSE}
    ana.post("/ask/review", form)
    before = ana.last.partition('action="/ask/confirm"')[0]
    assert "Purpose and organisation will be public if this is published" in before
    assert PURPOSE in before
    ana.get("/boards/together")
    two = f"{SQL}\n\n{SQL.replace('2021', '2023')}"
    ana.post("/boards/together", {"text": two, "accuracy": "±60"})
    assert "It will be public if the answer is published" in ana.last


def test_whoever_drafts_and_whoever_reviews_read_what_the_receipt_makes_public(
    publishing: Publishing, release: str
) -> None:
    ana = publishing.workbench.enter("Ana", Role.COORDINATOR)
    chosen = ana.get(f"/publications/new?release={release}").get_data(as_text=True)
    label = re.search(rf'<label for="release-{release}">(.*?)</label>', chosen, re.S)
    assert label is not None
    assert PURPOSE in label[1]
    assert OFFICE in label[1]
    one = publishing.workbench.parts.publications.write(make_draft(releases=[release]), ANA).id
    bo = publishing.workbench.enter("Bo", Role.COORDINATOR)
    page = bo.get(f"/publications/{one}").get_data(as_text=True)
    assert "It may be published" in page  # the reviewer reads it on the page of this button
    for seen in (page, ana.get(f"/publications/{one}").get_data(as_text=True)):
        part = seen.partition('id="asker-title"')[2].partition("</section>")[0]
        assert "Its receipt does, since the authorities signed it." in part
        assert PURPOSE in part
        assert OFFICE in part
