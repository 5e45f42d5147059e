"""Pictures on the pages that everybody sees: of what may be seen, for nobody in particular."""

import html
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from corridor.coordinator import app
from corridor.coordinator.pictures import STATIC
from corridor.coordinator.publication_text import MOST_RELEASES
from corridor.coordinator.publications.everybody import ROWS_ON_A_PAGE
from corridor.coordinator.publications.figures import ShownTables
from corridor.coordinator.store import publication_steps, publications
from corridor.people import Role
from support.loopback_region import QUICK, LoopbackRegion
from support.picture_page import COUNTRIES
from support.publications import (
    ANA,
    BO,
    RELEASE,
    Publishing,
    make_draft,
    open_publishing,
    put_release,
)
from support.releases import make_release, make_table

SQL = "SELECT gender, COUNT(DISTINCT person) FROM persons WHERE year = 2021 GROUP BY gender"
HEAVIEST = 150_000
"""Bytes of a page before what draws."""


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackRegion]:
    region = LoopbackRegion(tmp_path_factory.mktemp("pictured"), deadlines=QUICK)
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
            for table in (publications, publication_steps):
                connection.execute(table.delete())


@contextmanager
def without_a_region(folder: Path, base_map: bytes | None = None) -> Iterator[Publishing]:
    """Over a coordinator that has releases and no members, and so no charter."""
    world = app.real_world(folder / "coordinator")
    app.initialise(world, name="Danube region")
    if base_map is not None:
        (world.home / "base-map.json").write_bytes(base_map)
    accounts = folder / "accounts"
    accounts.mkdir()
    with open_publishing(world, accounts) as opened:
        yield opened


def figures_in(page: str) -> list[str]:
    """The addresses from which pictures are fetched."""
    return [html.unescape(found) for found in re.findall(r'<figure data-picture="([^"]+)"', page)]


def text_of(publishing: Publishing, path: str, **more: Any) -> str:
    found = publishing.public.get(path, **more)
    assert found.status_code == 200, path
    return found.get_data(as_text=True)


def test_a_published_table_is_drawn_for_whoever_comes(publishing: Publishing, release: str) -> None:
    one = publishing.publish(release)
    page = text_of(publishing, f"/public/{one}")
    assert figures_in(page) == [f"/public/{one}/releases/{release}/pictures/1/bars"]
    found = publishing.public.get(figures_in(page)[0])
    assert "Set-Cookie" not in found.headers
    assert found.headers["Cache-Control"] == "public, no-cache"
    again = publishing.public.get(
        figures_in(page)[0], headers={"If-None-Match": found.headers["ETag"]}
    )
    assert again.status_code == 304
    drawn = found.get_json()
    assert drawn["kind"] == "bars"
    words = json.loads((STATIC / "pictures-words.json").read_text("utf-8"))
    assert f"measure-{drawn['measure']}" in words["en"]  # or else its axis shows this very name
    assert len(drawn["points"]["value"]) == len(drawn["axes"][0]["values"])
    assert all(low is not None for low in drawn["points"]["low"])


def test_a_picture_says_in_the_reader_s_language_what_was_counted_and_under_which_condition(
    publishing: Publishing, release: str
) -> None:
    """It leaves the page as a file, where nothing else says of which year it is."""
    one = publishing.publish(release)
    for language, title, label in (
        ("en", "Persons by gender, where year", "Feminine"),
        ("fr", "Personnes par genre", "Féminin"),
        ("ar", "أشخاص", "أنثى"),
    ):
        page = text_of(publishing, f"/public/{one}?lang={language}")
        (address,) = figures_in(page)
        assert address.endswith(f"?lang={language}")
        drawn = publishing.public.get(address).get_json()
        heading = re.search(r'<h2 id="table-[^"]+">([^<]+)</h2>', page)
        assert heading is not None
        # The page has the same in two lines: what is counted, and under which conditions.
        assert drawn["title"].startswith(html.unescape(heading[1]))
        under = re.search(r'<p class="under"[^>]*>([^<]+)</p>', page)
        assert under is not None
        assert "2021" in under[1]
        assert "2021" in drawn["title"]
        assert title in drawn["title"]
        assert label in drawn["axes"][0]["labels"]
        assert f'<th scope="row">{label}</th>' in page


def test_a_picture_has_its_source_and_a_permanent_address(
    publishing: Publishing, release: str
) -> None:
    one = publishing.publish(release, doi="10.5072/x")
    page = text_of(publishing, f"/public/{one}")
    source = re.search(r'data-source="([^"]+)"', page)
    assert source is not None
    for words in ("Danube region (2026). Victims by gender.", "Creative Commons", "10.5072/x"):
        assert words in source[1]
    assert f"/public/{one}?picture=bars#table-{release}-1" in source[1]
    link = re.search(r'href="([^"]+)"[^>]*>Permanent address of this picture', page)
    assert link is not None
    assert link[1] == f"/public/{one}?picture=bars#table-{release}-1"
    assert figures_in(text_of(publishing, f"/public/{one}?picture=bars")) == figures_in(page)


@pytest.mark.parametrize("name", ["nothing", "<script>", "flow-map", "bars%00", "a" * 5000])
def test_a_picture_that_there_is_not_is_not_drawn(
    publishing: Publishing, release: str, name: str
) -> None:
    one = publishing.publish(release)
    page = text_of(publishing, f"/public/{one}", query_string={"picture": name})
    assert figures_in(page)[0].partition("?")[0].endswith("/pictures/1/bars")
    assert "<script>" not in page
    base = f"/public/{one}/releases/{release}/pictures"
    for path in (f"{base}/1/{name}", f"{base}/0/bars", f"{base}/2/bars", f"{base}/-1/bars"):
        assert publishing.public.get(path).status_code == 404, path


def test_under_embargo_and_withdrawn_a_picture_is_as_if_it_never_was(
    publishing: Publishing, release: str
) -> None:
    moment = publishing.clock() + timedelta(seconds=90)
    one = publishing.publish(release, embargo=moment.strftime("%Y-%m-%dT%H:%M:%S"))
    path = f"/public/{one}/releases/{release}/pictures/1/bars"
    hidden = publishing.public.get(path)
    absent = publishing.public.get(path.replace(one, "f" * 16))
    assert hidden.status_code == absent.status_code == 404
    assert hidden.data == absent.data
    publishing.clock.advance(timedelta(seconds=90))
    assert publishing.public.get(path).status_code == 200
    desk = publishing.workbench.parts.publications
    desk.withdraw(one, 3, "The wrong year.", ANA)
    gone = publishing.public.get(path)
    assert (gone.status_code, gone.data) == (404, absent.data)
    page = text_of(publishing, f"/public/{one}")
    assert figures_in(page) == []
    assert "pictures.js" not in page


def test_pictures_of_releases_that_a_publication_has_not_are_not_there(
    publishing: Publishing, region: LoopbackRegion, release: str
) -> None:
    other = region.wait(region.ask(sql=SQL.replace("2021", "2022"), rho="1/40")["id"])
    one = publishing.publish(release)
    path = f"/public/{one}/releases/{other['release_id']}/pictures/1/bars"
    assert publishing.public.get(path).status_code == 404


def test_what_draws_comes_only_where_something_is_drawn_and_from_here(
    publishing: Publishing, release: str
) -> None:
    one = publishing.publish(release)
    for path in ("/public", "/public/verify"):
        assert "pictures" not in text_of(publishing, path)
    page = text_of(publishing, f"/public/{one}")
    script = re.search(r'<script type="module" id="pictures"([^>]+)>', page)
    assert script is not None
    addresses = re.findall(r'(?:src|data-\w+)="([^"]+)"', script[1])
    assert len(addresses) == 5
    for address in addresses:
        assert address.startswith("/public/static/"), address
        with publishing.public.get(html.unescape(address)) as found:
            assert found.status_code == 200, address
            assert "max-age=31536000" in found.headers["Cache-Control"]
    assert "echarts" not in re.sub(r"<script[^>]*>", "", page)
    policy = publishing.public.get(f"/public/{one}").headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "unsafe" not in policy


def test_everybody_s_pictures_are_drawn_on_the_operator_s_own_map(tmp_path: Path) -> None:
    own = (STATIC / "world-50m.json").read_bytes().replace(b"Natural Earth", b"Our institute")
    with without_a_region(tmp_path, own) as publishing:
        put_release(publishing.workbench.parts.publications.store)
        page = text_of(publishing, f"/public/{publishing.publish(RELEASE)}")
        address = re.search(r'data-map="([^"]+)"', page)
        assert address is not None
        assert address[1].startswith("/public/base-map.json?v=")
        found = publishing.public.get(address[1])
        assert found.mimetype == "application/json"
        assert found.data == own


def test_whoever_reviews_sees_the_pictures_before_everybody_does(
    publishing: Publishing, release: str
) -> None:
    one = publishing.workbench.parts.publications.write(make_draft(releases=[release]), ANA).id
    bo = publishing.workbench.enter("Bo", Role.COORDINATOR)
    page = bo.get(f"/publications/{one}").get_data(as_text=True)
    assert figures_in(page) == [f"/releases/{release}/pictures/1/bars"]
    drawn = bo.get(figures_in(page)[0]).get_json()
    assert "2021" in drawn["title"]
    path = f"/public/{one}/releases/{release}/pictures/1/bars"
    assert publishing.public.get(path).status_code == 404
    everybody = publishing.publish(release)
    path = f"/public/{everybody}/releases/{release}/pictures/1/bars"
    assert publishing.public.get(path).get_json() == drawn


def matrix(place: int) -> dict[str, Any]:
    """A table of corridors, of which only some can be quoted."""
    values = [float(400 - number) for number, _ in enumerate(product(COUNTRIES, COUNTRIES))]
    axes = [
        {"name": name, "label": name, "values": list(COUNTRIES), "labels": list(COUNTRIES)}
        for name in ("recruited_in", "exploited_in")
    ]
    return make_table(
        title=f"Persons by corridor {place}",
        axes=axes,
        values=values,
        non_negative=values,
        totals=None,
        covariances=None,
    )


def test_a_page_of_as_many_releases_as_can_be_is_light(tmp_path: Path) -> None:
    with without_a_region(tmp_path) as publishing:
        store = publishing.workbench.parts.publications.store
        ids = [f"{place:016x}" for place in range(1, MOST_RELEASES + 1)]
        for place, identifier in enumerate(ids, 1):
            put_release(store, make_release(id=identifier, tables=[matrix(place)]), place)
        method = "Counted with noise. " * 400
        texts = [{"language": "en", "title": "T", "summary": "s" * 4000, "method": method}]
        desk = publishing.workbench.parts.publications
        one = desk.write(make_draft(releases=ids, texts=texts), ANA).id
        desk.review(one, 1, BO)
        desk.schedule(one, 2, ANA)
        page = text_of(publishing, f"/public/{one}")
        assert len(figures_in(page)) == MOST_RELEASES
        assert figures_in(page)[0].endswith("/flow-map")
        assert len(page.encode()) < HEAVIEST
        rows = page.count("<tr><td>")
        assert ROWS_ON_A_PAGE - MOST_RELEASES < rows <= ROWS_ON_A_PAGE
        assert "Shown are the largest figures that may be quoted." in page
        share = ROWS_ON_A_PAGE // MOST_RELEASES
        assert f"{len(COUNTRIES) ** 2 - share} more rows stand in the files." in page
        sankey = text_of(publishing, f"/public/{one}?picture=sankey")
        assert figures_in(sankey)[0].endswith("/sankey")


def test_for_a_picture_that_there_is_not_no_release_is_read_again(tmp_path: Path) -> None:
    reads = []
    with without_a_region(tmp_path) as publishing:
        put_release(publishing.workbench.parts.publications.store)
        releases = publishing.workbench.parts.releases

        def document(identifier: str) -> bytes:
            reads.append(identifier)
            return releases.document(identifier)

        tables = ShownTables(document, publishing.workbench.parts.questions.domains)
        release = make_release()["id"]
        with publishing.public.application.test_request_context():
            (first, *_) = tables.of(release) or ()
            assert tables.picture(release, 1, first.pictures[0].name) is not None
            known = len(reads)
            for number, name in ((1, "made-up"), (99, first.pictures[0].name), (-1, "bars")):
                assert tables.picture(release, number, name) is None
    assert len(reads) == known
