"""What others wrote and we ship is listed, unchanged, and has its licence beside it."""

import hashlib
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `([^`]+)` \|.*, `([^`]+)` \| `([0-9a-f]{64})` \|$", re.MULTILINE)


def rows() -> list[tuple[str, str, str]]:
    """File, licence, hash."""
    return ROW.findall((ROOT / "docs" / "third-party.md").read_text("utf-8"))


def test_every_script_and_map_of_others_is_listed() -> None:
    rooms = {path.parent for path in ROOT.glob("*/__init__.py")} | {ROOT / "tests"}
    found = [
        path for room in rooms for kind in ("*.min.js", "world-*.json") for path in room.rglob(kind)
    ]
    assert sorted(path.relative_to(ROOT).as_posix() for path in found) == sorted(
        path for path, _, _ in rows()
    )


def test_every_listed_file_is_the_one_that_was_taken() -> None:
    for path, _, digest in rows():
        assert hashlib.sha256((ROOT / path).read_bytes()).hexdigest() == digest, path


def test_every_listed_file_has_its_licence() -> None:
    for _, licence, _ in rows():
        assert len((ROOT / licence).read_text("utf-8")) > 500, licence
