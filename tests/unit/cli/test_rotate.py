"""`corridor node rotate`: the same data under other keys, whenever it is killed; and a new card."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from corridor.cli.main import main
from corridor.errors import CorridorError
from corridor.ids import Digest, SessionId
from corridor.node import app
from corridor.node.home import Enrolment, Home, write_enrolment
from corridor.node.series_book import Counted, SeriesBook, Terms
from corridor.node.store import EditionStore, vault
from support.case_files import write_csv
from support.charters import COORDINATOR
from support.killing import killed_at_every_flush
from support.waiting_questions import put_charter_in_force

Capture = pytest.CaptureFixture[str]

ROWS: list[dict[str, object]] = [
    {"con_Consent": "Yes", "prs_IdentityNumber": f"200300{n}", "x_CaseReference": f"MD-{n}"}
    for n in range(20)
]
SERIES, SESSION = Digest(bytes(range(32))), SessionId(bytes(16))
COUNTED = Counted(np.arange(5, dtype=np.uint64), np.ones((1, 3), np.int64))


@pytest.fixture
def run(capsys: Capture) -> Callable[..., Any]:
    def run(home: Path, *words: object, code: int = 0) -> Any:
        capsys.readouterr()
        done = main(["node", *map(str, words), "--json", "--home", str(home)])
        told = capsys.readouterr()
        assert done == code, told
        return json.loads(told.out)

    return run


def store_of(home: Path) -> EditionStore:
    world = app.real_world(home)
    return EditionStore(home, world.random_bytes, world.clock)


def series_of(home: Path) -> SeriesBook:
    return SeriesBook(home / "series", store_of(home).series_key, Random(1).randbytes)


@pytest.fixture
def node(tmp_path: Path, run: Callable[..., Any]) -> Path:
    """A node with case data, somebody erased, and a series that counted five."""
    home = tmp_path / "node"
    run(home, "init", "--country", "MD")
    run(home, "import", write_csv(tmp_path / "cases.csv", ROWS))
    (tmp_path / "who").write_text('identity_number = "2003000"')
    run(home, "person", "erase", "--identity", tmp_path / "who")
    (home / "series").mkdir(mode=0o700)
    series_of(home).keep(SERIES, SESSION, Terms(SERIES, SERIES), COUNTED, ())
    return home


def held(home: Path) -> list[object]:
    """Everything that must be as it was: the edition, its rows, the persons' secret, the series."""
    store = store_of(home)
    current = store.current()
    assert current is not None
    rows = store.tables(current.id).cases.to_pylist()
    counted = series_of(home).after(SERIES, SESSION)
    return [current, rows, store.person_secret, store.choice_key, counted.persons.tolist()]


def test_after_a_rotation_the_data_are_the_same_under_other_keys(
    node: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    before, old_key = held(node), (node / "store.key").read_bytes()
    old_edition = [path.read_bytes() for path in sorted(node.glob("editions/*/*.parquet"))]
    run(node, "rotate", "--store")
    assert held(node) == before
    assert (node / "store.key").read_bytes() != old_key
    new_edition = [path.read_bytes() for path in sorted(node.glob("editions/*/*.parquet"))]
    assert len(new_edition) == 5
    assert not set(old_edition) & set(new_edition)
    on_disk = [path.read_bytes() for path in node.rglob("*") if path.is_file()]
    assert not [raw for raw in on_disk if old_key in raw]
    names = {path.name for path in node.iterdir()}
    assert not {name for name in names if name.endswith((".next", ".old", ".before", ".erased"))}
    run(
        node, "import", tmp_path / "cases.csv"
    )  # who was erased stays erased, the others who they are
    assert len(store_of(node).tables(store_of(node).editions()[0]).cases) == 19
    assert run(node, "journal")[-2]["what"] == "store"


def test_the_old_store_key_opens_nothing_any_more(node: Path, run: Callable[..., Any]) -> None:
    old_key = (node / "store.key").read_bytes()
    run(node, "rotate", "--store")
    (node / "store.key").write_bytes(old_key)
    with pytest.raises(CorridorError) as error:
        store_of(node)
    assert error.value.code == "store.damaged"


def test_a_sealed_node_keeps_the_new_key_in_its_vault(
    node: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    before = held(node)
    run(node, "seal", "--with", "key-file", tmp_path / "key")
    old_key = vault.read_secret(node, "store.key")
    run(node, "rotate", "--store")
    vault.forget(node)
    assert held(node) == before
    assert vault.read_secret(node, "store.key") != old_key
    assert not (node / "store.key").exists()


def test_a_rotation_waits_for_no_import(node: Path, run: Callable[..., Any]) -> None:
    with store_of(node).standing_still():
        assert run(node, "rotate", "--store", code=1)["error"]["code"] == "store.busy"


@pytest.mark.slow
@pytest.mark.parametrize("is_sealed", [False, True], ids=["files", "vault"])
def test_killed_at_any_flush_the_data_are_whole_under_the_old_key_or_the_new_one(
    node: Path, tmp_path: Path, run: Callable[..., Any], is_sealed: bool
) -> None:
    before = held(node)
    if is_sealed:
        run(node, "seal", "--with", "key-file", tmp_path / "key")
    old_key = vault.read_secret(node, "store.key")
    killed, finished = killed_at_every_flush(
        node, tmp_path / "killed", ["node", "rotate", "--store", "--home", "{folder}/home"], {}, 90
    )
    under = []
    for folder in [*killed, finished]:
        home = folder / "home"
        assert held(home) == before
        under.append(vault.read_secret(home, "store.key") == old_key)
        names = {path.name for path in home.iterdir()}
        assert not {n for n in names if n.endswith((".next", ".old", ".before", ".erased"))}
        run(home, "import", tmp_path / "cases.csv")
        assert len(store_of(home).tables(store_of(home).editions()[0]).cases) == 19
    assert under == sorted(under, reverse=True)  # the old key until one step, then the new one
    assert set(under) == {True, False}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "--store or --card"),
        (("--abandon",), "--card"),
        (("--store", "--abandon"), "--card"),
    ],
)
def test_a_rotation_that_does_not_say_what_is_wrong_usage(
    tmp_path: Path, run: Callable[..., Any], words: tuple[str, ...], told: str
) -> None:
    home = tmp_path / "node"
    run(home, "init", "--country", "MD")
    assert told in run(home, "rotate", *words, code=2)["error"]["message"]


def test_keys_that_nobody_knows_yet_are_not_rotated(
    tmp_path: Path, run: Callable[..., Any]
) -> None:
    home = tmp_path / "node"
    card = run(home, "init", "--country", "MD")
    assert run(home, "rotate", "--card", code=1)["error"]["code"] == "node.not_enrolled"
    assert run(home, "rotate", "--card", "--abandon", code=1)["error"]["code"] == "keys.no_rotation"
    assert run(home, "card")["fingerprint"] == card["fingerprint"]


def test_where_the_coordinator_does_not_answer_the_new_keys_wait_and_the_old_ones_count(
    tmp_path: Path, run: Callable[..., Any]
) -> None:
    home = tmp_path / "node"
    card = run(home, "init", "--country", "MD")
    put_charter_in_force(app.real_world(home))
    write_enrolment(
        Home(home),
        Enrolment(
            region="Test region",
            grpc="127.0.0.1:1",
            web="https://127.0.0.1:1",
            coordinator_key=COORDINATOR.public,
            authority="00",
        ),
    )
    # Its certificate is not there either: whatever is wrong with the connection, it comes last.
    assert run(home, "rotate", "--card", code=1)["error"]["code"] == "node.damaged_key"
    told = run(home, "card")
    assert told["fingerprint"] == card["fingerprint"]
    assert told["next"]["fingerprint"] not in {None, card["fingerprint"]}
    run(home, "rotate", "--card", code=1)
    assert run(home, "card") == told
    keys = next(one for one in run(home, "doctor", code=1) if one["what"] == "keys")
    assert "waits for the next charter" in keys["finding"]
