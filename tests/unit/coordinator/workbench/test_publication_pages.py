"""Publications as people see them: those who make them, and everybody."""

import io
import json
import re
import socket
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import datacite  # type: ignore[import-untyped]  # it has no types
import openpyxl
import pytest
from jsonschema import (  # type: ignore[import-untyped]  # its types are not installed
    Draft202012Validator,
)
from sqlalchemy import delete

from corridor.cli.main import main
from corridor.coordinator.publications.everybody import REQUESTS, WORKS
from corridor.coordinator.publications.site import UPLOAD_BYTES
from corridor.coordinator.store import boards, publication_steps, publications
from corridor.people import Role
from support.loopback_region import QUICK, LoopbackRegion
from support.pages import Browser
from support.publications import ANA, Publishing, make_draft, open_publishing
from support.receipts import finish

SQL = "SELECT gender, COUNT(DISTINCT person) FROM persons WHERE year = 2021 GROUP BY gender"
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
FORMULA = '=HYPERLINK("http://evil.example";"x")'


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackRegion]:
    region = LoopbackRegion(tmp_path_factory.mktemp("publishing"), deadlines=QUICK)
    region.enter()
    yield region
    region.close()


@pytest.fixture(scope="module")
def release(region: LoopbackRegion) -> str:
    shown = region.wait(region.ask(sql=SQL, rho="1/20", purpose="pages")["id"])
    assert shown["state"] == "released", shown
    return str(shown["release_id"])


@pytest.fixture
def publishing(region: LoopbackRegion, release: str, tmp_path: Path) -> Iterator[Publishing]:
    with open_publishing(region.world, tmp_path) as opened:
        yield opened
        with opened.workbench.parts.publications.store.writing() as connection:
            for table in (publications, publication_steps, boards):
                connection.execute(delete(table))


def form_of(release: str, **changes: Any) -> dict[str, Any]:
    form: dict[str, Any] = {
        "release": release,
        "language": "en",
        "title_en": "Victims by gender",
        "summary_en": "Who was found.",
        "organisations": "Danube region",
        "publisher": "Danube region",
        "licence": "CC-BY-4.0",
    }
    return form | changes


def step(browser: Browser, address: str, name: str, **more: str) -> Any:
    browser.get(address)
    found = re.search(r'name="revision" value="(\d+)"', browser.last)
    assert found is not None, browser.last
    return browser.post(f"{address}/{name}", {"revision": found[1], **more})


# ---------------------------------------------------------------- who makes them


def test_two_coordinators_publish_and_everybody_sees_it(
    publishing: Publishing, release: str
) -> None:
    ana = publishing.workbench.enter("Ana", Role.COORDINATOR)
    bo = publishing.workbench.enter("Bo", Role.COORDINATOR)
    ana.get("/publications/new")
    assert release in ana.last
    kept = ana.post("/publications/new", form_of(release, summary_fr="Qui", title_fr="Victimes"))
    assert kept.status_code == 303, ana.last
    address = kept.location
    ana.get(address)
    assert "Another coordinator has to review" in ana.last
    refused = ana.post(f"{address}/review", {"revision": "1"})
    assert refused.status_code == 403
    assert "publication.four_eyes" in ana.last
    assert step(bo, address, "review").status_code == 303
    assert step(ana, address, "schedule").status_code == 303
    page = publishing.public.get(address.replace("/publications", "/public"))
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "Victims by gender" in text
    assert "±" in text
    assert "differential privacy" in text  # the ready note
    in_french = publishing.public.get(
        address.replace("/publications", "/public") + "?lang=fr"
    ).get_data(as_text=True)
    assert "Victimes" in in_french


def test_where_there_is_one_coordinator_the_page_says_what_to_do(
    publishing: Publishing, release: str
) -> None:
    ana = publishing.workbench.enter("Ana", Role.COORDINATOR)
    ana.get("/publications/new")
    kept = ana.post("/publications/new", form_of(release))
    ana.get(kept.location)
    assert "gives a second person the role coordinator" in ana.last


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ADMINISTRATOR], ids=str)
def test_other_roles_see_and_change_no_draft(
    publishing: Publishing, release: str, role: Role
) -> None:
    desk = publishing.workbench.parts.publications
    one = desk.write(make_draft(releases=[release]), ANA).id
    browser = publishing.workbench.enter("Cy", role)
    browser.get("/")
    assert "/publications" not in browser.last
    for path in ("", "/new", f"/{one}", f"/{one}/edit", f"/{one}/correct"):
        assert browser.get(f"/publications{path}").status_code == 403, path
    browser.get("/account")
    steps = ("review", "schedule", "take_back", "withdraw", "discard", "edit")
    for path in ("/new", *(f"/{one}/{name}" for name in steps)):
        refused = browser.post(f"/publications{path}", form_of(release, revision="1"))
        assert refused.status_code == 403, path
    assert desk.find(one).revision == 1


def test_whoever_is_not_signed_in_sees_no_draft(publishing: Publishing, release: str) -> None:
    one = publishing.workbench.parts.publications.write(make_draft(releases=[release]), ANA).id
    for path in ("/publications", f"/publications/{one}", "/boards", "/boards/together"):
        assert publishing.workbench.browser().get(path).location == "/sign-in"


def test_what_cannot_be_used_is_told_and_what_was_typed_stays(
    publishing: Publishing, release: str
) -> None:
    ana = publishing.workbench.enter("Ana", Role.COORDINATOR)
    ana.get("/publications/new")
    refused = ana.post("/publications/new", form_of(release, doi="nonsense", title_en="Kept"))
    assert refused.status_code == 422
    assert "publication.malformed" in ana.last
    assert 'value="Kept"' in ana.last
    assert 'value="nonsense"' in ana.last


def test_a_step_on_what_changed_meanwhile_is_refused(publishing: Publishing, release: str) -> None:
    desk = publishing.workbench.parts.publications
    one = desk.write(make_draft(releases=[release]), ANA).id
    bo = publishing.workbench.enter("Bo", Role.COORDINATOR)
    bo.get(f"/publications/{one}")
    desk.rewrite(one, 1, make_draft(releases=[release], doi="10.1234/new"), ANA)
    assert bo.post(f"/publications/{one}/review", {"revision": "1"}).status_code == 409
    assert "publication.changed" in bo.last


# ---------------------------------------------------------------- what everybody sees


def paths_of(one: str, release: str) -> list[str]:
    base = f"/public/{one}"
    return [
        base,
        f"{base}/datacite.json",
        f"{base}/dataset.jsonld",
        f"{base}/releases/{release}/receipt.json",
        f"{base}/releases/{release}/charter.json",
        f"{base}/releases/{release}/files/json",
        f"{base}/releases/{release}/files/csv",
    ]


def test_before_its_embargo_is_over_nothing_tells_it_from_what_is_not_there(
    publishing: Publishing, release: str
) -> None:
    moment = publishing.clock() + timedelta(seconds=90)
    one = publishing.publish(release, embargo=moment.strftime("%Y-%m-%dT%H:%M:%S"))
    nobody = "f" * 16
    publishing.clock.advance(timedelta(seconds=89))
    for path in paths_of(one, release):
        hidden, absent = (
            publishing.public.get(path),
            publishing.public.get(path.replace(one, nobody)),
        )
        assert hidden.status_code == absent.status_code == 404
        assert hidden.data == absent.data
        assert hidden.headers["Cache-Control"] == "no-store"
    posted = publishing.public.post(f"/public/{one}/releases/{release}/verify")
    assert posted.status_code == 404
    assert one not in publishing.public.get("/public").get_data(as_text=True)
    assert one not in publishing.public.get("/public/feed.atom").get_data(as_text=True)
    publishing.clock.advance(timedelta(seconds=1))
    for path in paths_of(one, release):
        assert publishing.public.get(path).status_code == 200, path
    assert one in publishing.public.get("/public/feed.atom").get_data(as_text=True)


def test_only_releases_of_a_publication_are_public(
    publishing: Publishing, region: LoopbackRegion, release: str
) -> None:
    other = region.wait(region.ask(sql=SQL.replace("2021", "2022"), rho="1/40")["id"])
    one = publishing.publish(release)
    for path in paths_of(one, str(other["release_id"]))[3:]:
        assert publishing.public.get(path).status_code == 404


def test_that_data_are_made_up_is_told_whatever_the_note_on_method_says(
    publishing: Publishing, release: str
) -> None:
    one = publishing.publish(release)
    page = publishing.public.get(f"/public/{one}").get_data(as_text=True)
    assert '<p class="notice">The data are made up' in page


def test_a_visitor_verifies_a_publication_here(publishing: Publishing, release: str) -> None:
    one = publishing.publish(release)
    found = publishing.public.post(f"/public/{one}/releases/{release}/verify")
    text = found.get_data(as_text=True)
    assert found.status_code == 200
    assert "Every claim of the receipt holds." in text
    assert "The figures shown are those of the receipt." in text
    assert f"corridor verify receipt-{release}.json" in text


def test_figures_that_are_not_the_receipt_s_are_found_out(
    publishing: Publishing, release: str
) -> None:
    """A coordinator whose database shows another number than the members signed."""
    one = publishing.publish(release)
    store = publishing.workbench.parts.publications.store
    with store.writing() as connection:
        (raw,) = connection.exec_driver_sql(
            "SELECT document FROM releases WHERE id = ?", (release,)
        ).one()
        bent = json.loads(raw)
        bent["tables"][0]["values"][0] += 100
        connection.exec_driver_sql(
            "UPDATE releases SET document = ? WHERE id = ?", (json.dumps(bent).encode(), release)
        )
    text = publishing.public.post(f"/public/{one}/releases/{release}/verify").get_data(as_text=True)
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE releases SET document = ? WHERE id = ?", (raw, release))
    assert "receipt.other_release" in text
    assert "Every claim" not in text


def test_a_receipt_that_is_sent_is_verified_and_a_bent_one_is_refused(
    publishing: Publishing, release: str
) -> None:
    one = publishing.publish(release)
    receipt = publishing.public.get(f"/public/{one}/releases/{release}/receipt.json").data
    for sent, said in (
        (receipt, "Every claim of the receipt holds."),
        (receipt.replace(b'"answer":[', b'"answer":[1', 1), "receipt."),
        (b"{}", "receipt.another_file"),
        (b"[" * 100_000, "receipt.another_file"),
        (b"\xff\x00", "receipt.another_file"),
    ):
        found = publishing.public.post(
            "/public/verify", data={"receipt": (io.BytesIO(sent), "r.json")}
        )
        assert found.status_code == 200
        assert said in found.get_data(as_text=True)
    empty = publishing.public.post("/public/verify", data={"receipt": (io.BytesIO(), "r.json")})
    assert "No file was sent" in empty.get_data(as_text=True)


def test_a_receipt_that_is_too_long_is_refused_before_it_is_read(publishing: Publishing) -> None:
    found = publishing.public.post(
        "/public/verify",
        data=b" " * (UPLOAD_BYTES + 1),
        content_type="multipart/form-data; boundary=x",
    )
    assert found.status_code == 413


def test_what_takes_work_has_a_pace_for_each_address(publishing: Publishing, release: str) -> None:
    one = publishing.publish(release)
    client = publishing.public
    path = f"/public/{one}/releases/{release}/files/json"
    answers = [client.get(path) for _ in range(WORKS + 1)]
    assert [answer.status_code for answer in answers] == [200] * WORKS + [429]
    elsewhere = client.get(path, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert elsewhere.status_code == 200
    again = client.get(path, headers={"If-None-Match": answers[0].headers["ETag"]})
    assert again.status_code == 304  # what a cache asks costs nothing


def test_a_network_of_ipv6_has_one_pace_however_many_addresses_it_has(
    publishing: Publishing,
) -> None:
    def answered(number: int) -> int:
        whence = {"REMOTE_ADDR": f"2001:db8::{number:x}"}
        return publishing.public.get("/robots.txt", environ_base=whence).status_code

    assert {answered(number) for number in range(REQUESTS)} == {200}
    assert answered(REQUESTS) == 429


def test_public_pages_are_kept_by_caches_set_no_cookie_and_are_found_by_robots(
    publishing: Publishing, release: str
) -> None:
    one = publishing.publish(release)
    for path in ("/public", f"/public/{one}", "/public/feed.atom", f"/public/{one}/datacite.json"):
        found = publishing.public.get(path)
        assert found.headers["Cache-Control"] == "public, no-cache", path
        assert "Set-Cookie" not in found.headers
        assert "noindex" not in found.get_data(as_text=True)
        again = publishing.public.get(path, headers={"If-None-Match": found.headers["ETag"]})
        assert again.status_code == 304
        assert "script-src 'self'" in found.headers["Content-Security-Policy"]
    assert "Allow: /public" in publishing.public.get("/robots.txt").get_data(as_text=True)


def test_a_page_gives_no_address_that_a_request_made_up(
    publishing: Publishing, release: str
) -> None:
    one = publishing.publish(release)
    for path in (f"/public/{one}", "/public/feed.atom", f"/public/{one}/datacite.json"):
        found = publishing.public.get(path, headers={"Host": "evil.example"})
        assert "evil.example" not in found.get_data(as_text=True)


def test_what_was_withdrawn_shows_its_title_alone_and_its_receipt_still_holds(
    publishing: Publishing, release: str
) -> None:
    """Not even why: one person wrote that, and nobody read it before everybody would."""
    one = publishing.publish(release, people=["Rusu, Ana"], contact="ana@iom.example")
    ana = publishing.workbench.enter("Ana", Role.COORDINATOR)
    assert step(ana, f"/publications/{one}", "withdraw", reason="").status_code == 422
    done = step(ana, f"/publications/{one}", "withdraw", reason="Wrong year.\nSorry.")
    assert done.status_code == 303
    text = publishing.public.get(f"/public/{one}").get_data(as_text=True)
    assert "Wrong year." in ana.get(f"/publications/{one}").get_data(as_text=True)
    seen = [text] + [
        publishing.public.get(path).get_data(as_text=True)
        for path in (f"/public/{one}/datacite.json", f"/public/{one}/dataset.jsonld")
    ]
    for page in seen:
        for gone in ("Wrong year.", "Rusu", "ana@iom.example", "±"):
            assert gone not in page
    assert one not in publishing.public.get("/public").get_data(as_text=True)
    base = f"/public/{one}/releases/{release}"
    assert publishing.public.get(f"{base}/files/csv").status_code == 404
    for path in ("receipt.json", "charter.json", "files/json"):
        assert publishing.public.get(f"{base}/{path}").status_code == 200
    checked = publishing.public.post(f"{base}/verify").get_data(as_text=True)
    assert "Every claim of the receipt holds." in checked
    dates = publishing.public.get(f"/public/{one}/datacite.json").get_json()["dates"]
    assert {"date": "2026-03-01", "dateType": "Withdrawn"} in dates


def _verified(publishing: Publishing, sent: bytes) -> str:
    answer = publishing.public.post(
        "/public/verify", data={"receipt": (io.BytesIO(sent), "sent.json")}
    )
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_who_sends_another_file_than_the_receipt_is_told_what_it_is(
    publishing: Publishing, release: str
) -> None:
    one = publishing.publish(release)
    base = f"/public/{one}/releases/{release}"
    files = {
        "a release, not its receipt": publishing.public.get(f"{base}/files/json").data,
        "holds figures": publishing.public.get(f"{base}/files/csv").data,
        "is a charter": publishing.public.get(f"{base}/charter.json").data,
        "is not a receipt": b"%PDF-1.7",
    }
    for words, sent in files.items():
        page = _verified(publishing, sent)
        assert words in page
        assert "receipt.another_file" in page
        assert "does not hold" not in page
    receipt = publishing.public.get(f"{base}/receipt.json").data
    assert "Every claim of the receipt holds." in _verified(publishing, receipt)
    cut = _verified(publishing, receipt[:-40])
    assert "cannot be read" in cut
    assert "receipt.malformed" in cut
    bent = receipt.replace(b'"published_at":1', b'"published_at":2')
    assert "The receipt does not hold." in _verified(publishing, bent)


def test_a_receipt_of_another_region_is_not_called_wrong(
    publishing: Publishing, release: str
) -> None:
    page = _verified(publishing, finish().receipt.encode())
    assert "of another region" in page
    assert "receipt.from_elsewhere" in page
    assert "does not hold" not in page


# ---------------------------------------------------------------- texts of others


def evil_draft(release: str) -> dict[str, Any]:
    return {
        "texts": [
            {"language": "en", "title": EVIL, "summary": EVIL, "method": EVIL},
            {"language": "ar", "title": EVIL, "summary": EVIL, "method": EVIL},
        ],
        "organisations": [EVIL],
        "people": [EVIL],
        "publisher": EVIL,
        "contact": EVIL,
        "keywords": [EVIL],
    }


def test_markup_in_any_field_is_shown_as_text_everywhere(
    publishing: Publishing, release: str
) -> None:
    one = publishing.publish(release, **evil_draft(release))
    ana = publishing.workbench.enter("Ana", Role.COORDINATOR)
    pages = [
        publishing.public.get(path).get_data(as_text=True)
        for path in ("/public", f"/public/{one}", f"/public/{one}?lang=ar", "/public/feed.atom")
    ]
    pages.append(
        publishing.public.post(f"/public/{one}/releases/{release}/verify").get_data(as_text=True)
    )
    pages += [
        ana.get(f"/publications{path}").get_data(as_text=True)
        for path in ("", f"/{one}", f"/{one}/correct")
    ]
    step(ana, f"/publications/{one}", "withdraw", reason=EVIL)
    pages.append(publishing.public.get(f"/public/{one}").get_data(as_text=True))
    pages.append(ana.get(f"/publications/{one}").get_data(as_text=True))
    for page in pages:
        assert "alert(1)" in page
        assert "<script>alert" not in page
        assert "<img" not in page


def test_markup_in_the_name_of_a_board_is_shown_as_text(
    publishing: Publishing, release: str
) -> None:
    ana = publishing.workbench.enter("Ana", Role.ANALYST)
    ana.get("/boards/new")
    made = ana.post("/boards/new", {"name": EVIL, "tile": f"release {release}"})
    for path in ("/boards", made.location, made.location + "/edit"):
        page = ana.get(path).get_data(as_text=True)
        assert "<script>alert" not in page
        assert "alert(1)" in page


def test_a_title_is_no_formula_in_any_file(publishing: Publishing, release: str) -> None:
    texts = [{"language": "en", "title": FORMULA, "summary": "s", "method": "m"}]
    one = publishing.publish(release, texts=texts, organisations=["+1", "@x"])
    base = f"/public/{one}/releases/{release}/files"
    book = openpyxl.load_workbook(io.BytesIO(publishing.public.get(f"{base}/xlsx").data))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert any("HYPERLINK(" in str(cell.value) for cell in cells)  # the title is there …
    assert not any(cell.data_type == "f" for cell in cells)
    for form in ("csv", "sdmx-csv"):
        data = publishing.public.get(f"{base}/{form}").data
        texts_in = [data.decode("utf-8", "replace")]
        if zipfile.is_zipfile(io.BytesIO(data)):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                texts_in = [
                    archive.read(name).decode()
                    for name in archive.namelist()
                    if name.endswith(".csv")
                ]
        for text in texts_in:
            for line in text.splitlines():
                for cell in re.split('[,;"]', line):
                    assert not cell.startswith(("=", "+", "@"))


# ---------------------------------------------------------------- metadata


def test_the_metadata_are_of_datacite_s_schema(publishing: Publishing, release: str) -> None:
    one = publishing.publish(
        release, doi="10.5072/corridor-1", people=["Popescu, Ana"], keywords=["a", "b"]
    )
    newer = publishing.publish(release, replaces=one)
    # The newest that the library has; 4.6 added values to its lists, and none is used here.
    schema = json.loads(
        (Path(datacite.__file__).parent / "schemas" / "datacite-v4.5.json").read_text("utf-8")
    )
    validator = Draft202012Validator(schema)
    documents = []
    for identifier in (one, newer):
        found = publishing.public.get(f"/public/{identifier}/datacite.json")
        assert found.content_type == "application/vnd.datacite.datacite+json"
        document = json.loads(found.data)
        documents.append(document)
        assert [error.message for error in validator.iter_errors(document)] == []
    first, document = documents
    assert first["doi"] == "10.5072/corridor-1"
    assert first["url"].endswith(f"/public/{one}")
    assert first["relatedIdentifiers"][0]["relationType"] == "IsObsoletedBy"
    assert document["relatedIdentifiers"][0]["relationType"] == "Obsoletes"
    assert list(validator.iter_errors({**document, "publicationYear": 2026})) != []


def test_the_page_holds_the_dataset_that_search_engines_read(
    publishing: Publishing, release: str
) -> None:
    texts = [{"language": "en", "title": "A </script> B", "summary": "s", "method": "m"}]
    one = publishing.publish(release, texts=texts)
    page = publishing.public.get(f"/public/{one}").get_data(as_text=True)
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)
    assert found is not None
    document = json.loads(found[1])
    assert document["name"] == "A </script> B"
    assert document["@type"] == "Dataset"
    assert document["license"].startswith("https://creativecommons.org/")
    alone = publishing.public.get(f"/public/{one}/dataset.jsonld").get_json(force=True)
    assert alone == document


def test_the_feed_is_atom_with_the_newest_first(publishing: Publishing, release: str) -> None:
    first = publishing.publish(release)
    publishing.clock.advance(timedelta(hours=1))
    second = publishing.publish(release)
    root = ET.fromstring(publishing.public.get("/public/feed.atom").data)  # noqa: S314 - our own
    atom = "{http://www.w3.org/2005/Atom}"
    ids = [entry.findtext(f"{atom}id", "") for entry in root.iter(f"{atom}entry")]
    assert [one.rpartition("/")[2] for one in ids] == [second, first]
    assert root.findtext(f"{atom}updated") == "2026-03-01T13:00:00Z"


def test_every_author_s_word_is_cited(publishing: Publishing, release: str) -> None:
    one = publishing.publish(release, people=["Popescu, Ana"], doi="10.5072/x")
    page = publishing.public.get(f"/public/{one}").get_data(as_text=True)
    assert (
        "Danube region; Popescu, Ana (2026). Victims by gender. Danube region. "
        "https://doi.org/10.5072/x" in page
    )


# ---------------------------------------------------------------- boards


def test_a_board_shows_releases_in_several_ways(publishing: Publishing, release: str) -> None:
    ana = publishing.workbench.enter("Ana", Role.ANALYST)
    ana.get("/boards/new")
    lines = [f"release {release}{how}" for how in ("", " 1 top", " 9")]
    made = ana.post("/boards/new", {"name": "Morning", "tile": [*lines, "release 00"]})
    assert made.status_code == 303, ana.last
    page = ana.get(made.location).get_data(as_text=True)
    assert page.count("±") >= 3
    assert "This release has no such table" in page
    assert "There is no such release or series" in page
    bo = publishing.workbench.enter("Bo", Role.ANALYST)
    assert "Morning" in bo.get("/boards").get_data(as_text=True)
    bo.get(f"{made.location}/edit")
    changed = bo.post(f"{made.location}/edit", {"name": "Mine", "tile": f"release {release}"})
    assert changed.status_code == 403
    assert "board.of_others" in bo.last
    assert bo.post(f"{made.location}/remove").status_code == 403
    ana.get(made.location)
    assert ana.post(f"{made.location}/remove").status_code == 303
    assert ana.get(made.location).status_code == 404


@pytest.mark.parametrize(
    "line",
    ["", "release", "table 00", "release 00 0", "release 00 1 pie", "release ../x", "x" * 5000],
    ids=lambda line: line[:20] or "nothing",
)
def test_a_board_of_what_is_no_tile_is_refused(publishing: Publishing, line: str) -> None:
    ana = publishing.workbench.enter("Ana", Role.ANALYST)
    ana.get("/boards/new")
    assert ana.post("/boards/new", {"name": "B", "tile": line}).status_code == 422
    assert "board.malformed" in ana.last


def test_what_sharing_saves_is_told_before_anything_is_asked(
    publishing: Publishing, region: LoopbackRegion
) -> None:
    ana = publishing.workbench.enter("Ana", Role.ANALYST)
    ana.get("/boards/together")
    text = (
        "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender\n\n"
        "SELECT gender, minor, COUNT(DISTINCT person) FROM persons GROUP BY gender, minor;"
        "SELECT minor, COUNT(DISTINCT person) FROM persons GROUP BY minor"
    )
    before = len(region.get("/api/v1/questions").json())
    shown = ana.post("/boards/together", {"text": text, "accuracy": "±40"})
    assert shown.status_code == 200, ana.last
    assert re.search(r"cost \d+ % less than one by one", ana.last), ana.last
    assert len(region.get("/api/v1/questions").json()) == before
    question = re.search(r'name="question" value="([^"]+)"', ana.last)
    rho = re.search(r'name="rho" value="([^"]+)"', ana.last)
    assert question is not None
    assert rho is not None
    asked = ana.post(
        "/boards/together/ask",
        {"question": question[1].replace("&#34;", '"'), "rho": rho[1], "purpose": "a board"},
    )
    assert asked.status_code == 303, ana.last
    assert ana.get(asked.location).status_code == 200  # where it is followed
    found = region.get("/api/v1/questions").json()[0]
    assert len(found["question"]["tables"]) == 3
    assert found["rho"] == rho[1]


@pytest.mark.parametrize("purpose", ["", " ", "\r\n"])
def test_several_questions_as_one_are_not_asked_without_a_purpose(
    publishing: Publishing, region: LoopbackRegion, purpose: str
) -> None:
    """People at the authorities decide by it."""
    ana = publishing.workbench.enter("Ana", Role.ANALYST)
    ana.get("/boards/together")
    before = region.get("/api/v1/questions").json()
    question = before[0]["question"]
    refused = ana.post(
        "/boards/together/ask",
        {"question": json.dumps(question), "rho": "1/77", "purpose": purpose},
    )
    assert refused.status_code == 422
    assert "workbench.no_purpose" in ana.last
    assert region.get("/api/v1/questions").json() == before


def test_whoever_may_not_ask_plans_nothing(publishing: Publishing) -> None:
    browser = publishing.workbench.enter("Dana", Role.ADMINISTRATOR)
    assert browser.get("/boards").status_code == 200
    assert browser.get("/boards/together").status_code == 403
    assert browser.get("/boards/new").status_code == 403


# ---------------------------------------------------------------- all of it at one address


def test_the_public_pages_stand_beside_the_workbench(region: LoopbackRegion, release: str) -> None:
    found = region.client.get("/public")
    assert found.status_code == 200
    assert "Set-Cookie" not in found.headers
    assert region.client.get("/public/0123456789abcdef").status_code == 404
    assert region.client.get("/robots.txt").text.startswith("User-agent")
    assert region.client.get("/sign-in").status_code == 200
    assert region.client.get("/publications", follow_redirects=False).status_code == 303


def test_no_text_makes_this_machine_ask_another_one(
    publishing: Publishing, release: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A title, DOI or contact that is an address is shown, and never fetched."""
    asked: list[object] = []

    def connect(_: socket.socket, address: object) -> None:
        asked.append(address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    where = "http://169.254.169.254/latest/meta-data"
    texts = [{"language": "en", "title": where, "summary": where, "method": where}]
    one = publishing.publish(
        release, texts=texts, contact=where, publisher=where, doi="10.5072/x", keywords=[where]
    )
    base = f"/public/{one}/releases/{release}"
    for path in (f"/public/{one}", "/public/feed.atom", f"{base}/files/xlsx"):
        assert publishing.public.get(path).status_code == 200
    assert publishing.public.post(f"{base}/verify").status_code == 200
    assert asked == []


def test_the_command_that_a_page_names_verifies_what_it_lets_download(
    publishing: Publishing, release: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = publishing.publish(release)
    page = publishing.public.get(f"/public/{one}").get_data(as_text=True)
    named = re.search(r"<code>corridor (verify .*?)</code>", page, re.S)
    assert named is not None
    words = named[1].replace("\\\n", " ").split()
    links = re.findall(rf'href="(/public/{one}/releases/{release}/[^"]+)"', page)
    for path in links:
        found = publishing.public.get(path)
        name = found.headers["Content-Disposition"].partition('filename="')[2].rstrip('"')
        (tmp_path / name).write_bytes(found.data)
    files = [str(tmp_path / word) if word.endswith(".json") else word for word in words]
    assert main(files) == 0
    said = capsys.readouterr().out
    assert "Every claim holds." in said
    assert "The release shows the figures of this receipt." in said


def test_an_answer_leads_whoever_may_to_its_publication_and_a_board(
    publishing: Publishing, release: str
) -> None:
    for name, role, leads in (
        ("Ana", Role.COORDINATOR, {"boards", "publications"}),
        ("Bo", Role.ANALYST, {"boards"}),
        ("Cy", Role.ADMINISTRATOR, set[str]()),
    ):
        browser = publishing.workbench.enter(name, role)
        page = browser.get(f"/releases/{release}").get_data(as_text=True)
        found = set(re.findall(rf'href="/(boards|publications)/new\?release={release}"', page))
        assert found == leads
        for where in leads:
            assert release in browser.get(f"/{where}/new?release={release}").get_data(as_text=True)
