"""What pictures need of the workbench: words in every language, and the operator's own map."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import render_template_string

from corridor.coordinator import app
from corridor.coordinator.pictures import STATIC
from corridor.errors.pictures import BaseMapError
from corridor.pages.languages import LANGUAGES
from corridor.publishing.pictures import Note
from support.workbench import Workbench, open_workbench

WORDS: dict[str, dict[str, str]] = json.loads((STATIC / "pictures-words.json").read_text("utf-8"))
SCRIPTS = [(STATIC / name).read_text("utf-8") for name in ("pictures.js", "pictures-drawing.js")]
SLOT = re.compile(r"\{\w+\}")
MEASURES = ("persons", "rows", "sum", "mean", "share", "change", "ratio", "median")


def used() -> set[str]:
    """The names of words that the scripts say."""
    found = {"closer", "farther", "loading", "failed"}  # said by way of a variable
    for script in SCRIPTS:
        for call in re.findall(r"\bsay\(([^)]*)", script):
            found |= set(re.findall(r'"([a-z][a-z-]*)"', call))
        found |= set(re.findall(r'\badd\("([a-z-]+)"', script))
    return found | {f"note-{note.value}" for note in Note} | {f"measure-{one}" for one in MEASURES}


def test_every_word_of_a_picture_is_said_in_every_language() -> None:
    assert set(WORDS) == set(LANGUAGES)
    assert set(WORDS["en"]) == used()
    for language, words in WORDS.items():
        assert words.keys() == WORDS["en"].keys(), language
        for name, text in words.items():
            assert text.strip(), (language, name)
            assert sorted(SLOT.findall(text)) == sorted(SLOT.findall(WORDS["en"][name])), name


@contextmanager
def workbench_with(home: Path, base_map: bytes | None) -> Iterator[Workbench]:
    world = app.real_world(home)
    app.initialise(world, name="Danube region")
    if base_map is not None:
        (home / "base-map.json").write_bytes(base_map)
    with open_workbench(world) as opened:
        yield opened


def address(workbench: Workbench) -> str:
    with workbench.app.test_request_context():
        return render_template_string("{{ base_map_address() }}")


def test_the_map_that_comes_along_is_drawn_where_there_is_no_other(tmp_path: Path) -> None:
    with workbench_with(tmp_path / "coordinator", None) as workbench:
        browser = workbench.browser()
        assert address(workbench).startswith("/static/world-50m.json?v=")
        assert browser.get("/base-map.json").status_code == 404


def test_the_operators_own_map_is_served_as_it_is(tmp_path: Path) -> None:
    own = (STATIC / "world-50m.json").read_bytes().replace(b"Natural Earth", b"Our institute")
    with workbench_with(tmp_path / "coordinator", own) as workbench:
        found = workbench.browser().get(address(workbench))
        assert found.mimetype == "application/json"
        assert found.data == own


def test_a_file_that_is_no_map_stops_the_start(tmp_path: Path) -> None:
    with (
        pytest.raises(BaseMapError, match="does not start with it"),
        workbench_with(tmp_path / "coordinator", b"{}"),
    ):
        pass
