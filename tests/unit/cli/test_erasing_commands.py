"""`corridor node editions | erase | person`: what is gone, what stays, what is said of it."""

import io
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from corridor.cli.main import main
from corridor.node import app
from corridor.node.app.erasing import keep_tidy
from corridor.node.store import EditionStore
from support.case_files import write_csv
from support.killing import killed_at_every_flush

Capture = pytest.CaptureFixture[str]

ANA: dict[str, object] = {
    "con_Consent": "Yes",
    "prs_IdentityNumber": "2003001234567",
    "prs_FirstName": "Ana",
    "prs_SecondName": "Popescu",
    "prs_Birthdate": "1999-05-04",
    "prs_Gender": "Feminine",
    "x_CaseReference": "MD-2024-1",
    "cas_IncomingReferralDate": "2024-03-31",
}
ION: dict[str, object] = {
    "con_Consent": "Yes",
    "prs_FirstName": "Ion",
    "prs_SecondName": "Rusu",
    "prs_Birthdate": "1988-11-30",
    "prs_Gender": "Masculine",
    "x_CaseReference": "MD-2024-2",
    "cas_IncomingReferralDate": "2024-04-30",
}
EVA: dict[str, object] = {
    "con_Consent": "Yes",
    "prs_Gender": "Feminine",
    "x_CaseReference": "MD-2024-3",
    "cas_IncomingReferralDate": "2024-05-31",
}


class Node:
    """A node's home with a case file, and the commands on it."""

    def __init__(self, folder: Path, capsys: Capture) -> None:
        self.home = folder / "home"
        self.capsys = capsys
        self.files = write_csv(folder / "cases.csv", [ANA, ION, EVA])
        self.folder = folder

    def run(self, *words: object, code: int = 0) -> Any:
        self.capsys.readouterr()
        done = main(["node", *map(str, words), "--json", "--home", str(self.home)])
        told = self.capsys.readouterr()
        assert done == code, told
        return json.loads(told.out)

    def refusal(self, *words: object) -> str:
        return str(self.run(*words, code=1)["error"]["code"])

    def identity(self, **said: str) -> Path:
        path = self.folder / "who.toml"
        path.write_text("".join(f'{key} = "{value}"\n' for key, value in said.items()))
        return path

    def referred(self) -> list[str]:
        """The day of each case's referral, which tells the three persons apart."""
        store = self.store()
        current = store.current()
        assert current is not None
        return sorted(str(one) for one in store.tables(current.id).cases["referred_on"].to_pylist())

    def store(self) -> EditionStore:
        world = app.real_world(self.home)
        return EditionStore(world.home, world.random_bytes, world.clock)

    def entries(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = self.run("journal")
        return found


OF_ANA, OF_ION, OF_EVA = "2024-03-31", "2024-04-30", "2024-05-31"


@pytest.fixture
def node(tmp_path: Path, capsys: Capture) -> Node:
    node = Node(tmp_path, capsys)
    node.run("init", "--country", "MD")
    node.run("import", node.files)
    return node


def test_editions_are_listed_and_the_current_one_is_not_erased_by_mistake(node: Node) -> None:
    (listed,) = node.run("editions")
    assert (listed["current"], listed["persons"], listed["cases"]) == (True, 3, 3)
    assert listed["bytes"] > 1000
    assert node.refusal("erase", listed["edition"]) == "erasing.current_edition"
    assert node.run("editions") == [listed]
    assert node.run("erase", listed["edition"], "--all")["erased"] == [listed["edition"]]
    assert node.run("editions") == []
    assert not [*(node.home / "editions").glob("*/*")]


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ({"identity_number": "2003-001 234 567"}, [OF_ION, OF_EVA]),
        (
            {"first_name": "ION", "second_name": "Rusu", "birthdate": "30.11.1988"},
            [OF_ANA, OF_EVA],
        ),
        ({"case_reference": "MD-2024-3"}, [OF_ANA, OF_ION]),
        ({"case_reference": "MD-2024-1"}, [OF_ION, OF_EVA]),
    ],
)
def test_an_erased_person_is_gone_and_no_import_brings_them_back(
    node: Node, said: dict[str, str], left: list[str]
) -> None:
    before = node.store().current()
    node.run("person", "erase", "--identity", node.identity(**said))
    after = node.store().current()
    assert before is not None
    assert after is not None
    assert node.referred() == left
    assert node.store().editions() == (after.id,)
    assert after.sources == before.sources
    node.run("import", node.files)
    assert node.referred() == left
    node.run("import", node.files, "--replace")
    assert node.referred() == left


def test_somebody_who_is_known_by_their_record_alone_is_erased_by_it(node: Node) -> None:
    more = write_csv(
        node.folder / "more.csv",
        [{**EVA, "x_CaseReference": "MD-2024-4", "x_PersonReference": "P-77"}],
    )
    node.run("import", more)
    assert node.referred() == [OF_ANA, OF_ION, OF_EVA, OF_EVA]
    node.run("person", "erase", "--identity", node.identity(person_reference="P-77"))
    assert node.referred() == [OF_ANA, OF_ION, OF_EVA]
    node.run("import", more)
    assert node.referred() == [OF_ANA, OF_ION, OF_EVA]
    again = write_csv(
        node.folder / "again.csv",
        [{**EVA, "x_CaseReference": "MD-2024-5", "x_PersonReference": "P-77"}],
    )
    node.run("import", again)  # another case of theirs, which the case's reference would not find
    assert node.referred() == [OF_ANA, OF_ION, OF_EVA]
    asked = node.identity(person_reference="unknown")
    assert node.refusal("person", "erase", "--identity", asked) == "erasing.no_identity"


@pytest.mark.parametrize(
    "request_", ["erase", "correct", "nobody", "--all", "days", "case_days", "--replace", "retire"]
)
def test_what_a_report_quotes_of_the_files_goes_with_the_data(node: Node, request_: str) -> None:
    address = "12 Lime Street at Ana Popescus"
    quoting = write_csv(node.folder / "quoting.csv", [{**ANA, "hte_Country": address}])
    node.run("import", quoting)
    assert any(address.encode() in one.read_bytes() for one in reports(node))
    asked = node.identity(identity_number="2003001234567")
    match request_:
        case "erase":
            node.run("person", "erase", "--identity", asked)
        case "correct":
            node.run("person", "correct", node.files, "--identity", asked)
            assert reports(node)  # of what came in now
        case "nobody":
            nobody = node.identity(case_reference="MD-1999-9")
            node.refusal("person", "erase", "--identity", nobody)
        case "--all":
            node.run("erase", "--all")
        case "days":
            add_retention(node, "days = 30")
            keep_tidy(later(node, 31))
        case "case_days":
            add_retention(node, "case_days = 30000")
            keep_tidy(first_of_next_month(node))
        case "--replace":
            node.run("import", node.files, "--replace")
            assert reports(node)
        case _:
            node.run("retire", "--erase-all-case-data", "--out", node.folder / "left")
    assert not any(address.encode() in one.read_bytes() for one in reports(node))


def reports(node: Node) -> list[Path]:
    return [*(node.home / "imports").glob("*")]


def test_somebody_who_is_not_in_the_data_stays_out_of_the_next_import(node: Node) -> None:
    node.run("erase", "--all")
    node.run("person", "erase", "--identity", node.identity(identity_number="2003001234567"))
    node.run("import", node.files)
    assert node.referred() == [OF_ION, OF_EVA]


def test_the_journal_says_that_a_request_was_carried_out_and_not_for_whom(node: Node) -> None:
    asked = node.identity(identity_number="2003001234567", case_reference="MD-2024-1")
    node.run("person", "erase", "--identity", asked, "--by", "Officer 7")
    current = node.store().current()
    assert current is not None
    entry = node.entries()[-1]
    assert set(entry) == {"number", "at", "kind", "session", "request", "edition", "by"}
    assert (entry["kind"], entry["request"], entry["by"]) == (
        "person_request",
        "erase",
        "Officer 7",
    )
    assert entry["edition"] == current.id
    on_disk = b"".join(p.read_bytes() for p in node.home.rglob("*") if p.is_file())
    for word in ("2003001234567", "MD-2024-1"):
        assert word.encode() not in on_disk
        assert word.encode().hex().encode() not in on_disk


def test_a_corrected_person_is_counted_once_under_what_they_are_called_now(node: Node) -> None:
    corrected = write_csv(
        node.folder / "corrected.csv",
        [{**ANA, "prs_IdentityNumber": "2003009999999", "prs_FirstName": "Anna"}],
    )
    node.run("import", corrected)  # what a plain import does: another number is another person
    assert node.referred() == [OF_ANA, OF_ANA, OF_ION, OF_EVA]
    node.run("import", node.files, "--replace")
    asked = node.identity(identity_number="2003001234567")
    node.run("person", "correct", corrected, "--identity", asked)
    assert node.referred() == [OF_ANA, OF_ION, OF_EVA]
    assert [one["kind"] for one in node.entries()[-2:]] == ["imported", "person_request"]
    assert node.entries()[-1]["request"] == "correct"
    assert node.refusal("person", "correct", corrected, "--identity", asked) == (
        "erasing.nobody_found"
    )


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({}, "erasing.no_identity"),
        ({"first_name": "Ana", "second_name": "Popescu"}, "erasing.no_identity"),
        ({"identity_number": "000"}, "erasing.no_identity"),
        (
            {"first_name": "Ana", "second_name": "Popescu", "birthdate": "soon"},
            "erasing.no_identity",
        ),
        ({"name": "Ana"}, "erasing.malformed_identity"),
    ],
)
def test_who_cannot_be_told_apart_is_not_erased(
    node: Node, said: dict[str, str], code: str
) -> None:
    before = node.store().current()
    assert node.refusal("person", "erase", "--identity", node.identity(**said)) == code
    assert node.store().current() == before


@pytest.mark.parametrize("request_", ["erase", "correct"])
def test_the_name_of_the_edition_does_not_tell_whether_a_request_found_anybody(
    node: Node, request_: str
) -> None:
    files = [node.files] if request_ == "correct" else []
    numbers = []
    for reference in ("MD-2024-3", "MD-1999-9"):
        before = node.store().current()
        asked = node.identity(case_reference=reference)
        found = reference == "MD-2024-3"
        told = node.run("person", request_, *files, "--identity", asked, code=0 if found else 1)
        if not found:
            assert told["error"]["code"] == "erasing.nobody_found"
        after = node.store().current()
        assert before is not None
        assert after is not None
        numbers.append(after.number - before.number)
        entry = node.entries()[-1]
        assert (entry["request"], entry["edition"]) == (request_, after.id)
    assert numbers == [1, 1]


def test_a_case_of_several_persons_says_nothing_of_which_one(node: Node) -> None:
    shared = {**ION, "x_CaseReference": "MD-2024-1"}
    node.run("import", write_csv(node.folder / "more.csv", [shared]))
    asked = node.identity(case_reference="MD-2024-1")
    assert node.refusal("person", "erase", "--identity", asked) == "erasing.shared_reference"


def test_a_request_can_come_through_standard_input(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(b'identity_number = "2003001234567"\n'))
    monkeypatch.setattr("sys.stdin", stream)
    node.run("person", "erase", "--identity", "-")
    assert node.referred() == [OF_ION, OF_EVA]


def test_without_the_list_of_the_erased_nothing_is_imported(node: Node) -> None:
    asked = node.identity(identity_number="2003001234567")
    node.run("person", "erase", "--identity", asked)
    (node.home / "editions" / "suppressed").unlink()
    assert node.refusal("import", node.files) == "erasing.list_lost"
    node.run("person", "erase", "--identity", asked)
    node.run("import", node.files)
    assert node.referred() == [OF_ION, OF_EVA]


def add_retention(node: Node, rule: str) -> None:
    with (node.home / "node.toml").open("a") as file:
        file.write(f"[retention]\n{rule}\n")


def later(node: Node, days: int) -> app.World:
    world = app.real_world(node.home)
    return app.World(
        home=node.home,
        clock=lambda: world.clock() + timedelta(days),
        random_bytes=world.random_bytes,
    )


def test_an_edition_past_its_time_is_erased_and_not_before(node: Node) -> None:
    add_retention(node, "days = 30")
    keep_tidy(later(node, 29))
    assert len(node.run("editions")) == 1
    keep_tidy(later(node, 31))
    assert node.run("editions") == []
    entry = node.entries()[-1]
    assert (entry["kind"], entry["why"]) == ("edition_erased", "retention")


def first_of_next_month(node: Node) -> app.World:
    world = app.real_world(node.home)
    soon = world.clock() + timedelta(31)
    return later(node, (soon.replace(day=1) - world.clock()).days + 1)


def old_enough_for_ana_alone(node: Node) -> int:
    """Of three cases a month apart, the first is the only one that is older than these days."""
    today = app.real_world(node.home).clock().date()
    return (today - today.replace(2024, 4, 15)).days


@pytest.mark.parametrize("left_out", [True, False])
def test_old_cases_leave_on_the_first_of_a_month_and_an_edition_is_written_if_there_are_none(
    node: Node, *, left_out: bool
) -> None:
    days = old_enough_for_ana_alone(node) if left_out else 30_000
    add_retention(node, f"case_days = {days}")
    before = node.store().current()
    assert before is not None
    keep_tidy(app.real_world(node.home))
    assert node.store().current() == before  # due or not, the day says nothing
    keep_tidy(first_of_next_month(node))
    after = node.store().current()
    assert after is not None
    assert after.number == before.number + 1
    assert (OF_ANA in node.referred()) != left_out
    assert node.entries()[-1]["kind"] == "edition_erased"
    keep_tidy(first_of_next_month(node))
    assert node.store().current() == after  # once a month


def test_a_case_past_its_time_is_left_out_of_every_edition_that_is_written(node: Node) -> None:
    add_retention(node, f"case_days = {old_enough_for_ana_alone(node)}")
    node.run("person", "erase", "--identity", node.identity(case_reference="MD-2024-3"))
    assert node.referred() == [OF_ION]
    node.run("import", node.files, "--replace")
    assert node.referred() == [OF_ION]


def test_an_edition_without_new_files_is_as_old_as_the_files_in_it(node: Node) -> None:
    add_retention(node, "days = 40\ncase_days = 30000")
    keep_tidy(first_of_next_month(node))
    assert len(node.run("editions")) == 1
    keep_tidy(later(node, 41))
    assert node.run("editions") == []


@pytest.mark.parametrize("rule", ["days = 0", "days = true", 'days = "30"', "months = 1"])
def test_a_rule_of_retention_that_says_nothing_clear_is_refused(node: Node, rule: str) -> None:
    add_retention(node, rule)
    assert node.refusal("import", node.files) == "node.settings"


@pytest.mark.slow
def test_killed_at_any_flush_an_erasure_is_carried_out_by_the_next_import(
    node: Node, tmp_path: Path
) -> None:
    asked = node.identity(identity_number="2003001234567")
    killed, finished = killed_at_every_flush(
        node.home,
        tmp_path / "killed",
        ["node", "person", "erase", "--home", "{folder}/home", "--identity", str(asked)],
        {},
    )
    began = 0
    for folder in [*killed, finished]:
        copy = node
        copy.home = folder / "home"
        left = copy.referred()
        assert left in ([OF_ANA, OF_ION, OF_EVA], [OF_ION, OF_EVA])
        if (copy.home / "editions" / "suppressed").exists():
            began += 1
            copy.run("import", copy.files)
            assert copy.referred() == [OF_ION, OF_EVA]
            requests = [one for one in copy.entries() if one["kind"] == "person_request"]
            assert requests
        else:
            assert left == [OF_ANA, OF_ION, OF_EVA]  # nothing was begun: the operator repeats it
    assert began > len(killed) // 2
