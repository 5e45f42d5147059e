"""Every proof names code and tests that exist, says what it assumes, and none is missing."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "proofs"
README = (FOLDER / "README.md").read_text()
DOCUMENTS = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
HEADINGS = ["Theorem", "Neighbours", "Proof", "Rests on", "Assumptions", "Tests", "Sources"]
CODE = re.compile(r"`([\w/]+\.py)(?::([\w.]+))?`")
NOT_CHECKED = "not checked"

each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)


def sections(path: Path) -> dict[str, str]:
    """The text under each heading, in order."""
    _, *parts = re.split(r"^## (.+)\n", path.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


@cache
def symbols(path: str) -> frozenset[str]:
    """What a file defines, members of classes as `Class.member`."""

    def found(body: list[ast.stmt], prefix: str) -> set[str]:
        names: set[str] = set()
        for one in body:
            match one:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    names.add(prefix + name)
                case ast.ClassDef(name=name, body=inside):
                    names |= {prefix + name} | found(inside, f"{prefix}{name}.")
                case ast.Assign(targets=[ast.Name(id=name)]):
                    names.add(prefix + name)
                case ast.AnnAssign(target=ast.Name(id=name)):
                    names.add(prefix + name)
                case _:
                    pass
        return names

    return frozenset(found(ast.parse((ROOT / path).read_text()).body, ""))


def is_there(path: str, symbol: str) -> bool:
    """Whether that file defines that symbol; no symbol means the file itself."""
    if not (ROOT / path).is_file():
        return False
    return not symbol or symbol in symbols(path)


@cache
def existing_tests() -> frozenset[str]:
    return frozenset(
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^ *def (test_\w+)", path.read_text(), re.MULTILINE)
    )


def assumptions(path: Path) -> list[tuple[str, str]]:
    """What is needed, and what holds it."""
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", sections(path)["Assumptions"], re.MULTILINE)
    assert rows.pop(0) == ("needed", "held by")
    return rows


def test_every_document_stands_in_the_table() -> None:
    assert len(DOCUMENTS) >= 8
    listed = re.findall(r"^\| \[(\S+)\]\(\1\) \|", README, re.MULTILINE)
    assert sorted(listed) == [path.name for path in DOCUMENTS]


@each_document
def test_a_proof_has_all_its_parts(path: Path) -> None:
    found = sections(path)
    assert list(found) == HEADINGS
    assert all(text.strip() for text in found.values())
    assert "∎" in found["Proof"]


@each_document
def test_the_code_that_a_proof_rests_on_exists(path: Path) -> None:
    rests_on = CODE.findall(sections(path)["Rests on"])
    assert sum(bool(symbol) for _, symbol in rests_on) >= 3
    named = CODE.findall(path.read_text())
    assert [one for one in named if not is_there(*one)] == []


@each_document
def test_every_assumption_says_what_checks_it_or_that_nothing_does(path: Path) -> None:
    rows = assumptions(path)
    assert len(rows) >= 3
    assert [
        needed for needed, held in rows if not CODE.search(held) and NOT_CHECKED not in held
    ] == []
    # Nothing is simply left unchecked: why not, or what would notice, stands behind a colon.
    unchecked = [held for _, held in rows if NOT_CHECKED in held]
    assert [held for held in unchecked if not re.search(rf"{NOT_CHECKED}[^:;]*[:;] ", held)] == []


@each_document
def test_the_tests_of_a_proof_exist(path: Path) -> None:
    named = re.findall(r"`(test_\w+)`", sections(path)["Tests"])
    assert len(named) >= 2
    assert [name for name in named if name not in existing_tests()] == []


def test_every_theorem_of_the_privacy_room_has_a_document() -> None:
    proved = {file for path in DOCUMENTS for file, _ in CODE.findall(sections(path)["Rests on"])}
    stated = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "privacy").glob("*.py")
        if "**Theorem**" in path.read_text() or path.name in {"cumulative.py", "conversion.py"}
    }
    assert stated - proved == set()


def test_a_symbol_that_is_gone_would_be_noticed() -> None:
    assert is_there("privacy/rho.py", "Rho.for_group")
    assert is_there("node/ledger.py", "")
    assert not is_there("privacy/rho.py", "Rho.for_groups")
    assert not is_there("privacy/rhos.py", "")
