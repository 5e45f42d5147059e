"""Boards that a person puts together by looking; alerts of series on them and on the first page."""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import delete

from corridor.coordinator.board_desk import MOST_TILES, parse_tile
from corridor.coordinator.store import boards
from corridor.people import Role
from support.loopback_region import MINISTRY, QUICK, LoopbackRegion
from support.pages import Browser
from support.stored_series import LAST_RELEASE, put_series, take_series_away
from support.workbench import Workbench, open_workbench

BY_GENDER = "SELECT gender, COUNT(*) FROM persons GROUP BY gender"
BY_MINOR = "SELECT minor, COUNT(*) FROM persons WHERE year = 2021 GROUP BY minor"
BY_BOTH = "SELECT gender, minor, COUNT(*) FROM persons WHERE year = 2021 GROUP BY gender, minor"
BY_ONE = "SELECT gender, COUNT(*) FROM persons WHERE year = 2021 GROUP BY gender"
BY_YEAR = "SELECT gender, year, COUNT(*) FROM persons GROUP BY gender, year"
PURPOSES = {
    BY_GENDER: "the yearly",
    BY_MINOR: "one",
    BY_BOTH: "two",
    BY_ONE: "three",
    BY_YEAR: "years",
}
EVIL = "<script>alert(1)</script>'\"&"


@dataclass
class Here:
    region: LoopbackRegion
    workbench: Workbench
    ana: Browser
    answers: dict[str, str]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    region = LoopbackRegion(tmp_path_factory.mktemp("region"), deadlines=QUICK)
    try:
        region.enter()
        region.wait_for_members(*region.nodes)
        answers = {}
        for sql, purpose in PURPOSES.items():
            done = region.wait(region.ask(sql=sql, rho="1/40", purpose=purpose)["id"])
            assert done["state"] == "released", done
            answers[sql] = str(done["release_id"])
        with open_workbench(region.world) as workbench:
            ana = workbench.enter("Ana", Role.ANALYST, organisation=MINISTRY)
            yield Here(region, workbench, ana, answers)
    finally:
        region.close()


@pytest.fixture(autouse=True)
def no_boards(here: Here) -> Iterator[None]:
    yield
    with here.workbench.parts.boards.store.writing() as connection:
        connection.execute(delete(boards))


def text(browser: Browser) -> str:
    """What a reader sees, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", browser.last)).split())


def kept(browser: Browser) -> list[str]:
    """The tiles that the form holds."""
    return [html.unescape(one) for one in re.findall(r'name="tile" value="([^"]*)"', browser.last)]


def offered(browser: Browser) -> list[str]:
    """What one click adds."""
    return [html.unescape(one) for one in re.findall(r'value="add ([^"]*)"', browser.last)]


def press(browser: Browser, step: str, **more: object) -> None:
    """Press a button of the form, which holds what it held."""
    form = {"name": "Morning", "tile": kept(browser), "step": step, **more}
    assert browser.post("/boards/new", form).status_code == 200, text(browser)


def test_a_board_is_put_together_by_pressing_buttons(here: Here) -> None:
    here.ana.get("/boards/new")
    assert "Persons by gender" in text(here.ana)
    gender, minor = (f"release {here.answers[sql]} 1 picture" for sql in (BY_GENDER, BY_MINOR))
    assert {gender, minor} <= set(offered(here.ana))
    press(here.ana, f"add {gender}")
    assert 'value="Morning"' in here.ana.last  # what was typed stays
    press(here.ana, f"add {minor}")
    assert kept(here.ana) == [gender, minor]
    assert "on the board" in text(here.ana)
    press(here.ana, "up 2")
    assert kept(here.ana) == [minor, gender]
    assert "Moved to place 1." in text(here.ana)
    press(here.ana, "down 2")
    assert kept(here.ana) == [minor, gender]  # there is no place below
    press(here.ana, f"add {gender}")
    press(here.ana, "remove 1")
    assert kept(here.ana) == [gender, gender]
    assert not here.workbench.parts.boards.listing()  # nothing is kept before it is saved
    form: dict[str, object] = {
        "name": "Morning",
        "tile": kept(here.ana),
        "how": ["picture", "table"],
    }
    made = here.ana.post("/boards/new", form)
    assert made.status_code == 303, text(here.ana)
    (board,) = here.workbench.parts.boards.listing()
    assert [one.how for one in board.tiles] == ["picture", "table"]
    here.ana.get(f"{made.location}/edit")
    assert kept(here.ana) == [gender, gender.replace("picture", "table")]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("minor 2021 one", [BY_MINOR]),
        ("YEARLY", [BY_GENDER]),
        ("gender years", [BY_YEAR]),
        ("x9", []),
    ],
)
def test_a_search_finds_answers_by_what_they_show_and_why_they_were_asked(
    here: Here, search: str, found: list[str]
) -> None:
    here.ana.get("/boards/new")
    press(here.ana, "look", search=search)
    assert {line.split()[1] for line in offered(here.ana)} == {here.answers[one] for one in found}
    assert ("Nothing was found." in text(here.ana)) == (not found)


def test_why_others_asked_is_neither_shown_nor_found(here: Here) -> None:
    stranger = here.workbench.enter("Mihai", Role.ANALYST, organisation="Another office")
    stranger.get("/boards/new")
    assert "the yearly" not in text(stranger)
    press(stranger, "look", search="yearly")
    assert offered(stranger) == []


def test_enter_in_a_field_saves_nothing(here: Here) -> None:
    here.ana.get("/boards/new")
    first = re.search(r"<button[^>]*>", here.ana.last.split('id="builder"')[1])
    assert first is not None
    assert 'value="look"' in first[0]


def test_a_time_can_be_seen_as_a_trend_and_what_has_none_cannot(here: Here) -> None:
    here.ana.get(f"/boards/new?release={here.answers[BY_YEAR]}")
    assert 'value="trend year"' in here.ana.last
    here.ana.get(f"/boards/new?release={here.answers[BY_GENDER]}")
    assert 'value="trend ' not in here.ana.last
    assert kept(here.ana) == [f"release {here.answers[BY_GENDER]} 1 picture"]


def test_a_tile_has_the_figures_and_the_picture_of_its_answer(here: Here) -> None:
    release = here.answers[BY_GENDER]
    here.ana.get("/boards/new")
    made = here.ana.post("/boards/new", {"name": "B", "tile": f"release {release} 1 picture"})
    here.ana.get(made.location or "")
    (picture,) = re.findall(r'data-picture="([^"]+)"', here.ana.last)
    assert picture == f"/releases/{release}/pictures/1/bars"
    assert here.ana.get(picture).status_code == 200
    board = text(here.ana)
    here.ana.get(f"/releases/{release}")
    for row in re.findall(r'<td class="amount"><bdi>([^<]+)</bdi>', here.ana.last):
        assert html.unescape(row) in board
    here.ana.client.set_cookie("corridor-language", "fr")
    here.ana.get(made.location or "")
    here.ana.client.set_cookie("corridor-language", "en")
    assert "Personnes" in text(here.ana)
    assert "Persons" not in text(here.ana)


def test_a_picture_that_does_not_fit_is_the_best_one_and_a_table_alone_has_none(
    here: Here,
) -> None:
    release = here.answers[BY_GENDER]
    here.ana.get("/boards/new")
    tiles = [f"release {release} 1 picture sankey", f"release {release} 1 table"]
    made = here.ana.post("/boards/new", {"name": "B", "tile": tiles})
    here.ana.get(made.location or "")
    assert re.findall(r'data-picture="[^"]+/([a-z-]+)"', here.ana.last) == ["bars"]


def test_what_asking_a_board_again_as_one_saves_is_told_and_spends_nothing(here: Here) -> None:
    before = here.region.get("/api/v1/questions").json()
    ids = "&".join(f"release={here.answers[sql]}" for sql in (BY_MINOR, BY_BOTH, BY_ONE))
    piece = here.ana.get(f"/boards/saving?{ids}").get_data(as_text=True)
    alone, together = (float(one) for one in re.findall(r"ρ ([\d.]+[\d])", html.unescape(piece)))
    assert together < alone
    here.ana.get("/account")
    assert here.ana.get(f"/boards/together?{ids}&accuracy=%C2%B140").status_code == 200
    # One adds up to the two others: nobody pays for it twice.
    assert re.search(r"cost \d+ % less than one by one", text(here.ana))
    assert "GROUP BY gender, minor" in text(here.ana)
    assert here.region.get("/api/v1/questions").json() == before
    once = here.ana.get(f"/boards/saving?release={here.answers[BY_GENDER]}&release=00")
    assert once.status_code == 200
    assert "saves" not in once.get_data(as_text=True)


def test_a_board_is_full_at_some_point_and_bad_steps_change_nothing(here: Here) -> None:
    line = f"release {here.answers[BY_GENDER]} 1 table"
    here.ana.get("/boards/new")
    full = {"name": "B", "tile": [line] * MOST_TILES}
    refused = here.ana.post("/boards/new", {**full, "step": f"add {line}"})
    assert (refused.status_code, "board.malformed" in here.ana.last) == (422, True)
    assert kept(here.ana) == [line] * MOST_TILES
    piece = here.ana.post(
        "/boards/new", {**full, "step": f"add {line}"}, headers={"HX-Request": "true"}
    )
    assert (piece.status_code, "board.malformed" in here.ana.last) == (200, True)
    for step in ("up 1", "down 99", "remove 0", "remove x", "dance", "up ١"):  # noqa: RUF001
        here.ana.post("/boards/new", {"tile": [line], "step": step})
        assert kept(here.ana) == [line], step
    for step in ("add nothing", f"add release {EVIL}", "add release 00 1 pie"):
        answer = here.ana.post("/boards/new", {"tile": [line], "step": step})
        assert answer.status_code == 422
        assert kept(here.ana) == [line], step
        assert "<script>alert" not in here.ana.last
    here.ana.post("/boards/new", {"tile": [line], "step": "look", "search": EVIL})
    assert "<script>alert" not in here.ana.last


@pytest.mark.parametrize("how", ["picture ../x", "picture " + "a" * 41, "pictures", "table x"])
def test_no_other_way_of_seeing_is_kept(here: Here, how: str) -> None:
    line = f"release {here.answers[BY_GENDER]} 1 table"
    here.ana.get("/boards/new")
    assert here.ana.post("/boards/new", {"name": "B", "tile": line, "how": how}).status_code == 422
    assert "board.malformed" in here.ana.last


def test_a_tile_is_read_as_it_is_written() -> None:
    for line in ("release 1f 2 trend year", "series 00ab 1 picture", "release 1f 1 picture bars"):
        assert parse_tile(line).line == line


# ---------------------------------------------------------------- standing series


@pytest.fixture
def standing(here: Here) -> Iterator[Callable[[int], str]]:
    """Puts a series into the store, in whose last release one cell jumps by so many persons."""
    store = here.workbench.parts.boards.store
    yield lambda jump: put_series(store, jump)
    take_series_away(store)


def test_what_changed_in_a_series_is_told_on_its_tile_its_board_and_the_first_page(
    here: Here, standing: Callable[[int], str]
) -> None:
    identifier = standing(400)
    here.ana.get("/boards/new")
    assert f"series {identifier} 1 picture" in offered(here.ana)
    assert f"series {identifier} 2 picture" in offered(here.ana)
    assert "all up to then" in text(here.ana)
    tile = f"series {identifier} 1 picture"
    made = here.ana.post("/boards/new", {"name": "B", "tile": tile})
    here.ana.get(made.location or "")
    told = r"Masculine: more persons were counted in Apr 2027 than in Mar 2027, by \d+ to \d+"
    assert re.search(told, text(here.ana))
    assert "Apr 2027: " in text(here.ana)
    assert f"/releases/{LAST_RELEASE}/pictures/1/" in here.ana.last
    here.ana.get("/boards")
    assert "more changed than noise explains" in text(here.ana)
    here.ana.get("/")
    assert re.search(told, text(here.ana))
    assert f"/releases/{LAST_RELEASE}" in here.ana.last
    here.ana.client.set_cookie("corridor-language", "ar")
    here.ana.get("/")
    here.ana.client.set_cookie("corridor-language", "en")
    assert "more persons were counted" not in text(here.ana)
    assert "أبريل 2027" in text(here.ana)


def test_a_series_in_which_nothing_changed_says_so_and_troubles_nobody(
    here: Here, standing: Callable[[int], str]
) -> None:
    identifier = standing(0)
    here.ana.get("/boards/new")
    made = here.ana.post("/boards/new", {"name": "B", "tile": f"series {identifier} 1 table"})
    here.ana.get(made.location or "")
    assert "nothing changed more than noise explains" in text(here.ana)
    here.ana.get("/boards")
    assert "changed than noise explains" not in text(here.ana)
    here.ana.get("/")
    assert "Changed more than noise explains" not in text(here.ana)


def test_releases_of_a_series_stand_once_among_what_can_be_added(
    here: Here, standing: Callable[[int], str]
) -> None:
    standing(0)
    here.ana.get("/boards/new")
    assert not any(line.startswith("release 0000") for line in offered(here.ana))


def test_what_was_answered_already_costs_nothing_one_by_one(here: Here) -> None:
    """Else a page tells people to spend where nothing need be spent."""
    there = [
        here.region.wait(here.region.ask(sql=sql, accuracy="±20", purpose="again")["id"])
        for sql in (BY_GENDER, BY_MINOR)
    ]
    asked = "&".join(f"release={one['release_id']}" for one in there)
    here.ana.get(f"/boards/saving?{asked}")
    assert "one by one they would cost ρ 0, as one ρ" in text(here.ana)
    assert "One by one they cost nothing: they were answered already." in text(here.ana)


def test_figures_of_single_countries_are_not_asked_again_as_the_region_s(here: Here) -> None:
    there = [
        here.region.wait(
            here.region.ask(sql=sql, rho="1/50", scope="per-country", purpose="each")["id"]
        )
        for sql in (BY_GENDER, BY_MINOR)
    ]
    assert [one["state"] for one in there] == ["released"] * 2, there
    asked = "&".join(f"release={one['release_id']}" for one in there)
    here.ana.get(f"/boards/saving?{asked}")
    assert "ρ" not in text(here.ana)
    here.ana.get(f"/boards/together?{asked}")
    assert "What it would cost each authority" not in text(here.ana)
