"""One person under two keys: what an import says of it, and the ways out of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from corridor.cli.main import main
from corridor.node import app
from corridor.node.store import EditionStore
from support.case_files import write_csv

Capture = pytest.CaptureFixture[str]

K1: dict[str, object] = {"con_Consent": "Yes", "x_CaseReference": "K-1"}
K2: dict[str, object] = {
    "con_Consent": "Yes",
    "x_CaseReference": "K-2",
    "prs_FirstName": "Ana",
    "prs_SecondName": "Popescu",
    "prs_Birthdate": "31/02/1999",
}
CORRECTED = [
    {**K1, "con_Consent": "No", "prs_Gender": "Feminine"},
    {**K2, "con_Consent": "No", "prs_Birthdate": "28/02/1999"},
]
NUMBERED: dict[str, object] = {
    "con_Consent": "Yes",
    "prs_IdentityNumber": "2003001234567",
    "prs_FirstName": "Eva",
    "prs_SecondName": "Rusu",
    "prs_Birthdate": "1990-01-02",
}
UNNUMBERED = {key: value for key, value in NUMBERED.items() if key != "prs_IdentityNumber"}


class Node:
    """A node's home, and the commands on it."""

    def __init__(self, folder: Path, capsys: Capture) -> None:
        self.folder, self.home, self.capsys = folder, folder / "home", capsys
        self.run("init", "--country", "MD")

    def run(self, *words: object, code: int = 0) -> str:
        self.capsys.readouterr()
        assert main(["node", *map(str, words), "--home", str(self.home)]) == code
        told = self.capsys.readouterr()
        return told.out + told.err

    def load(self, *rows: dict[str, object], words: tuple[object, ...] = ()) -> str:
        return self.run("import", write_csv(self.folder / "cases.csv", list(rows)), *words)

    def person(self, request: str, *words: object, code: int = 0, **said: object) -> str:
        who = self.folder / "who.toml"
        who.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in said.items()))
        return self.run("person", request, *words, "--identity", who, code=code)

    def counts(self) -> tuple[int, int]:
        """Persons of the current edition, and how many of its cases have consent."""
        world = app.real_world(self.home)
        store = EditionStore(world.home, world.random_bytes, world.clock)
        current = store.current()
        assert current is not None
        tables = store.tables(current.id)
        return tables.persons.num_rows, tables.cases["consent"].to_pylist().count(True)

    def profile(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("profile", "--json"))
        return found


@pytest.fixture
def node(tmp_path: Path, capsys: Capture) -> Node:
    return Node(tmp_path, capsys)


def test_rows_that_come_in_again_as_somebody_else_are_told_on_top_with_the_way_out(
    node: Node,
) -> None:
    assert "ATTENTION" not in node.load(K1, K2)
    lines = node.load(*CORRECTED).splitlines()
    told = [line for line in lines if "ATTENTION" in line]
    assert lines.index(told[0]) < lines.index(next(line for line in lines if "is current" in line))
    assert "2 case references come in without consent" in told[0]
    assert "2 case references come in under another person" in told[1]
    assert "person correct" in told[1]
    problems = {one["problem"]: one["count"] for one in node.profile()["persons_problems"]}
    assert problems["case.consent_withdrawn"] == 2
    assert problems["person.reference_before"] == 2
    node.run("profile", "--list", node.folder / "work.csv")
    assert "case.consent_withdrawn" in (node.folder / "work.csv").read_text("utf-8-sig")
    assert node.counts() == (4, 2)


def test_to_correct_and_import_again_is_said_where_something_was_rejected_and_with_its_trap(
    node: Node,
) -> None:
    assert "was rejected" not in node.load(NUMBERED)
    told = node.load(NUMBERED, K2)
    assert "Next: correct what was rejected and import again" in told
    assert "comes in as another person" in told
    told = node.load({**NUMBERED, "prs_Gender": "no gender"})
    assert "Next: correct what was rejected and import again" in told
    assert "comes in as another person" not in told


def test_everyone_of_a_case_is_corrected_once_their_number_is_confirmed(node: Node) -> None:
    node.load(K1, K2)
    node.load(*CORRECTED)
    file = write_csv(node.folder / "corrected.csv", CORRECTED)
    refused = node.person("correct", file, case_reference="K-1", code=1)
    assert "2 persons in the data" in refused
    assert "erasing.shared_reference" in refused
    node.person("correct", file, case_reference="K-1", everyone_of_case=3, code=1)
    assert node.counts() == (4, 2)
    told = node.person("correct", file, "--everyone-of-case", 2, case_reference="K-1")
    assert "2 case references" not in told
    node.person("correct", file, case_reference="K-2", everyone_of_case=2)
    assert node.counts() == (2, 0)


def test_everyone_of_a_case_is_erased_and_nobody_else(node: Node) -> None:
    node.load(K1, K2, {**K1, "prs_Gender": "Masculine"})
    told = node.person("erase", case_reference="K-1", everyone_of_case=2)
    assert "as 2 persons" in told
    assert node.counts() == (1, 1)


def test_replacing_everything_has_nobody_twice_and_warns_of_nothing(node: Node) -> None:
    node.load(K1, K2)
    assert "ATTENTION" not in node.load(*CORRECTED, words=("--replace",))
    assert node.counts() == (2, 0)


def test_who_is_brought_again_beside_a_new_victim_of_the_case_is_no_warning(node: Node) -> None:
    node.load(K1, K2)
    assert "ATTENTION" not in node.load(K1, K2, {**K1, "prs_Gender": "Masculine"})


@pytest.mark.parametrize("rows", [(NUMBERED, UNNUMBERED), (UNNUMBERED, NUMBERED)])
def test_one_name_and_birthdate_with_and_without_a_number_is_told_across_imports(
    node: Node, rows: tuple[dict[str, object], dict[str, object]]
) -> None:
    node.load(rows[0])
    assert "1 persons have the name and birthdate of somebody" in node.load(rows[1])


def test_erasing_by_number_alone_says_that_somebody_alike_stays_and_by_all_takes_both(
    node: Node,
) -> None:
    node.load(NUMBERED)
    node.load(UNNUMBERED)
    told = node.person("erase", identity_number="2003001234567")
    assert "ATTENTION: 1 other persons in the data have the same name and birthdate" in told
    assert "Only one way of telling them was given" in told
    assert node.counts() == (1, 1)
    told = node.person(
        "erase",
        identity_number="2003001234567",
        first_name="Eva",
        second_name="Rusu",
        birthdate="1990-01-02",
    )
    assert "ATTENTION" not in told
    assert "Only one way" not in told
    assert node.counts() == (0, 0)


def test_all_that_is_known_may_be_said_though_others_share_the_case(node: Node) -> None:
    node.load({**NUMBERED, "x_CaseReference": "K-1"}, K1)
    told = node.person("erase", identity_number="2003001234567", case_reference="K-1")
    assert "1 other persons have this case reference, and stay" in told
    assert node.counts() == (1, 1)


def test_a_kept_key_of_name_and_reference_survives_a_request_and_the_stores_new_key(
    node: Node,
) -> None:
    node.load(NUMBERED, K1)
    node.person("erase", case_reference="K-9", code=1)
    node.run("rotate", "--store")
    assert "ATTENTION" in node.load({**K1, "prs_Gender": "Masculine"})
