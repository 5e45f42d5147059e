"""The pictures of docs/measures.md are what its script draws from the answers beside it."""

import json
import runpy
from pathlib import Path
from xml.etree import ElementTree

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


def test_the_pictures_of_measures_are_drawn_from_their_answers() -> None:
    script = runpy.run_path(str(PICTURES / "draw_measures.py"))
    answers = json.loads((PICTURES / "measures.json").read_text("utf-8"))
    page = (PICTURES.parent / "measures.md").read_text("utf-8")
    names = set()
    for name, text in script["drawn"](answers):
        ElementTree.fromstring(text)  # noqa: S314 - our own
        assert (PICTURES / f"{name}.svg").read_text("utf-8") == text, name
        assert f"(pictures/{name}.svg)" in page
        names.add(f"{name}.svg")
    assert names == {path.name for path in PICTURES.glob("measures-*.svg")}
