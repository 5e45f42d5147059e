"""The store of a node: what it holds, whatever happens to disk and power."""

import contextlib
import json
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corridor.errors import CorridorError
from corridor.errors.store import (
    EditionReplacedError,
    NoSuchEditionError,
    StoreBusyError,
    StoreDamagedError,
    StoreDiskError,
    StoreKeyMissingError,
    StoreUnsureError,
)
from corridor.ids import Digest, EditionId, is_edition_id
from corridor.node.schema import TABLES, EditionTables
from corridor.node.store import EditionStore, Written
from support.editions import Case, make_tables

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
SOURCE = Digest(bytes(range(32)))


def open_store(home: Path, seed: int = 1) -> EditionStore:
    return EditionStore(home, Random(seed).randbytes, lambda: NOW)


def tables_of(*people: str, gender: str = "Female") -> EditionTables:
    return make_tables(
        Case(
            person,
            f"{person}'s case",
            {
                "prs_Gender": gender,
                "referred_on": date(2024, 5, 1),
                "vic_TypeOfExploitation": ["ForcedLabour", "SexualExploitation"],
                "recruited_in": "MD",
                "exploited_in": "RO",
            },
            legs=[{"hte_Type": "Recruitment", "leg_to": "MD"}, {"leg_from": "MD", "leg_to": "RO"}],
            services=[{"spl_Type": "Shelter"}],
        )
        for person in people
    )


def replace(store: EditionStore, tables: EditionTables) -> Written:
    current = store.current()
    replaces = current.id if current else None
    return store.write(tables, replaces=replaces, sources=[SOURCE])


def equal(a: EditionTables, b: EditionTables) -> bool:
    return all(a[name].equals(b[name]) for name in TABLES)


def test_a_new_store_is_empty(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    assert store.current() is None
    assert store.editions() == ()


def test_what_was_written_is_read_again_in_full(tmp_path: Path) -> None:
    tables = tables_of("Ana", "Ion")
    written = replace(open_store(tmp_path), tables)
    store = open_store(tmp_path, seed=2)
    assert store.current() == written.edition
    assert equal(store.tables(written.edition.id), tables)


def test_an_edition_says_what_it_is(tmp_path: Path) -> None:
    edition = replace(open_store(tmp_path), tables_of("Ana", "Ion")).edition
    assert is_edition_id(edition.id)
    assert edition.number == 1
    assert edition.written_at == NOW
    assert edition.sources == (SOURCE,)
    assert edition.rows == {"persons": 2, "cases": 2, "legs": 4, "services": 2}


def test_only_the_columns_asked_for_are_read(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    edition = replace(store, tables_of("Ana")).edition.id
    assert store.read(edition, "legs", ["leg_to", "case"]).to_pydict() == {
        "leg_to": ["MD", "RO"],
        "case": [0, 0],
    }


def test_an_empty_edition_is_an_edition(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    edition = replace(store, tables_of()).edition.id
    assert equal(store.tables(edition), tables_of())


def test_the_next_edition_replaces_the_one_before(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    first = replace(store, tables_of("Ana")).edition.id
    second = replace(store, tables_of("Ana", "Ion")).edition
    assert (second.number, store.editions()) == (2, (second.id,))
    with pytest.raises(NoSuchEditionError):
        store.read(first, "cases", ["person"])


def test_the_same_content_again_is_an_edition_of_another_name(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    first = replace(store, tables_of("Ana"))
    again = tables_of("Ana")
    numbers = pa.array([7], pa.int32())
    column = again.cases.schema.get_field_index("import_number")
    later = again.cases.set_column(column, again.cases.schema.field(column), numbers)
    second = replace(
        store,
        EditionTables(persons=again.persons, cases=later, legs=again.legs, services=again.services),
    )
    assert not first.unchanged
    assert second.unchanged
    assert second.edition.number == first.edition.number + 1
    assert store.current() == second.edition


def test_an_import_built_upon_an_older_edition_is_refused(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    replace(store, tables_of("Ana"))
    with pytest.raises(EditionReplacedError):
        store.write(tables_of("Ion"), replaces=None, sources=[])
    assert store.current() is not None


def test_two_imports_do_not_write_at_once(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store._writing(), pytest.raises(StoreBusyError):
        replace(store, tables_of("Ana"))
    assert store.current() is None


def test_another_process_may_open_the_store_during_an_import(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    replace(store, tables_of("Ana"))
    with store._writing():
        (tmp_path / "editions" / ".2-half").mkdir()
        assert open_store(tmp_path, seed=2).current() == store.current()
        assert (tmp_path / "editions" / ".2-half").exists()


def test_numbers_are_never_given_twice(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    first = replace(store, tables_of("Ana")).edition
    store.erase(first.id)
    assert store.current() is None
    assert replace(store, tables_of("Ana")).edition.number == 2


def test_an_erased_edition_is_gone_with_its_key(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    edition = replace(store, tables_of("Ana")).edition.id
    store.erase(edition)
    assert not (tmp_path / "editions" / edition).exists()
    with pytest.raises(NoSuchEditionError):
        store.tables(edition)
    with pytest.raises(NoSuchEditionError):
        store.erase(edition)


def test_the_secrets_stay_the_same_and_differ_between_nodes(tmp_path: Path) -> None:
    (tmp_path / "md").mkdir()
    (tmp_path / "ro").mkdir()
    first = open_store(tmp_path / "md")
    again = open_store(tmp_path / "md", seed=2)
    other = open_store(tmp_path / "ro", seed=2)
    assert (len(first.person_secret), len(first.choice_key)) == (32, 16)
    assert first.person_secret == again.person_secret != other.person_secret
    assert first.choice_key == again.choice_key != other.choice_key


def test_a37_nothing_on_the_disk_can_be_read_without_the_key(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    edition = replace(store, tables_of("Ana", "Ion")).edition.id
    telling = [
        b"prs_Gender",
        b"Female",
        b"ForcedLabour",
        b"recruited_in",
        b"Shelter",
        b"PAR1",
        store.person_secret,
        store.choice_key,
        store.person_secret.hex().encode(),
        store.choice_key.hex().encode(),
        store._data_key(edition),
        store._master,
    ]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 9
    for path in files:
        content = path.read_bytes()
        assert not [text for text in telling if text in content], path
    assert (tmp_path / "store.key").stat().st_mode & 0o777 == 0o600
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.rglob("*"))


def test_two_editions_have_different_keys_for_every_file(tmp_path: Path) -> None:
    for country in ("md", "ro"):
        (tmp_path / country).mkdir()
    stores = [open_store(tmp_path / "md", seed=1), open_store(tmp_path / "ro", seed=2)]
    editions = [replace(store, tables_of("Ana")).edition.id for store in stores]
    keys = {store._data_key(edition) for store, edition in zip(stores, editions, strict=True)}
    assert len(keys) == 2


def test_a_file_of_another_table_or_edition_is_not_taken(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    edition = replace(store, tables_of("Ana")).edition.id
    folder = tmp_path / "editions" / edition
    (folder / "legs.parquet").write_bytes((folder / "services.parquet").read_bytes())
    with pytest.raises(StoreDamagedError, match=r"legs\.parquet"):
        store.read(edition, "legs", ["case"])


def every_file(home: Path) -> list[Path]:
    skip = {"writing", "vault.lock"}  # locks are empty
    return sorted(path for path in home.rglob("*") if path.is_file() and path.name not in skip)


def read_everything(home: Path) -> EditionTables:
    store = open_store(home, seed=3)
    current = store.current()
    assert current is not None
    return store.tables(current.id)


@pytest.mark.parametrize(
    "name",
    ["store.key", "state", "secrets", "key", "about"] + [f"{table}.parquet" for table in TABLES],
)
def test_a_flipped_bit_anywhere_is_seen(tmp_path: Path, name: str) -> None:
    replace(open_store(tmp_path), tables_of("Ana", "Ion"))
    path = next(path for path in every_file(tmp_path) if path.name == name)
    whole = path.read_bytes()
    chance = Random(5)
    for _ in range(60):
        place = chance.randrange(8 * len(whole))
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        path.write_bytes(flipped)
        if name == "store.key" and _same_hex(bytes(flipped), whole):
            continue
        with pytest.raises(StoreDamagedError, match="Restore"):
            read_everything(tmp_path)
        path.write_bytes(whole)
    read_everything(tmp_path)


def _same_hex(a: bytes, b: bytes) -> bool:
    return a.lower() == b.lower()


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.99])
def test_a_file_cut_short_is_seen(tmp_path: Path, keep: float) -> None:
    replace(open_store(tmp_path), tables_of("Ana", "Ion"))
    for path in every_file(tmp_path):
        whole = path.read_bytes()
        path.write_bytes(whole[: int(keep * len(whole))])
        with pytest.raises(StoreDamagedError):
            read_everything(tmp_path)
        path.write_bytes(whole)
    read_everything(tmp_path)


def test_a_missing_file_is_seen_and_nothing_is_swept_away(tmp_path: Path) -> None:
    replace(open_store(tmp_path), tables_of("Ana", "Ion"))
    for path in every_file(tmp_path):
        whole = path.read_bytes()
        path.unlink()
        with pytest.raises((StoreDamagedError, StoreKeyMissingError)):
            read_everything(tmp_path)
        path.write_bytes(whole)
    assert equal(read_everything(tmp_path), tables_of("Ana", "Ion"))


def test_another_nodes_key_opens_nothing(tmp_path: Path) -> None:
    replace(open_store(tmp_path), tables_of("Ana"))
    (tmp_path / "store.key").write_text("ab" * 32)
    with pytest.raises(StoreDamagedError):
        open_store(tmp_path)


def test_an_edition_of_another_schema_must_be_imported_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(tmp_path)
    monkeypatch.setattr("corridor.node.store.editions.SCHEMA_VERSION", 99)
    replace(store, tables_of("Ana"))
    monkeypatch.undo()
    with pytest.raises(StoreDamagedError):
        open_store(tmp_path).current()


# ---------------------------------------------------------------- power and disk


class PowerFailure(BaseException):
    """No handler of ours may catch it: what is on the disk stays as it is."""


TOUCHES: list[tuple[Any, str]] = [
    (os, "fsync"),
    (Path, "rename"),
    (Path, "replace"),
    (Path, "mkdir"),
    (Path, "unlink"),
    (shutil, "rmtree"),
    (pq, "write_table"),
]


@dataclass(frozen=True)
class Fault:
    """The `at`-th touch of the disk fails, before or after doing it; or all from then on."""

    failure: BaseException
    late: bool = False
    forever: bool = False


class Disk:
    """Counts how often it is touched, and fails as it was told."""

    def __init__(self, patch: pytest.MonkeyPatch, at: int, fault: Fault) -> None:
        self.touched = 0
        self._at, self._fault = at, fault
        for owner, name in TOUCHES:
            patch.setattr(owner, name, self._wrap(getattr(owner, name)))

    def _wrap(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def touch(*args: Any, **kwargs: Any) -> Any:
            self.touched += 1
            forever = self._fault.forever and self.touched > self._at
            fails = self.touched == self._at or forever
            if fails and not self._fault.late:
                raise self._fault.failure
            result = real(*args, **kwargs)
            if fails:
                raise self._fault.failure
            return result

        return touch


def import_with_fault(
    home: Path, at: int, fault: Fault, new: EditionTables
) -> tuple[int, BaseException | None]:
    """How often the disk was touched, and what came out."""
    store = open_store(home, seed=at + 100)
    with pytest.MonkeyPatch.context() as patch:
        disk = Disk(patch, at, fault)
        try:
            replace(store, new)
        except (PowerFailure, CorridorError) as error:
            return disk.touched, error
    return disk.touched, None


OLD, NEW = tables_of("Ana"), tables_of("Ana", "Ion")
TIMES = pytest.mark.parametrize("late", [False, True], ids=["before", "after"])


def homes_with_old_data(folder: Path) -> Iterator[tuple[int, Path]]:
    for at in range(1, 200):
        home = folder / str(at)
        home.mkdir()
        replace(open_store(home), OLD)
        yield at, home
    pytest.fail("the import never came to its end")


@TIMES
def test_a17_a38_whenever_power_fails_one_edition_is_current_and_whole(
    tmp_path: Path, late: bool
) -> None:
    seen = set()
    for at, home in homes_with_old_data(tmp_path):
        touched, failure = import_with_fault(home, at, Fault(PowerFailure(), late), NEW)
        found = read_everything(home)  # opens the store, which sweeps
        assert equal(found, OLD) or equal(found, NEW)
        seen.add(found.persons.num_rows)
        folders = [path.name for path in (home / "editions").iterdir() if path.is_dir()]
        assert len(folders) == 1
        assert replace(open_store(home, seed=7), NEW).edition.rows["persons"] == 2
        if touched < at:
            assert failure is None
            break
    assert seen == {1, 2}


@TIMES
@pytest.mark.parametrize("forever", [False, True], ids=["once", "from_then_on"])
def test_a38_a_full_disk_keeps_the_old_edition_or_has_the_new_and_says_which(
    tmp_path: Path, late: bool, forever: bool
) -> None:
    full = OSError(28, "No space left on device")
    refused = 0
    for at, home in homes_with_old_data(tmp_path):
        touched, failure = import_with_fault(home, at, Fault(full, late, forever), NEW)
        found = read_everything(home)
        match failure:
            case None | StoreUnsureError():
                assert equal(found, NEW)
            case StoreDiskError():
                assert "Nothing was imported" in str(failure)
                assert equal(found, OLD)
                refused += 1
            case _:
                raise failure
        if touched < at:
            break
    assert refused > 10


@pytest.mark.parametrize("room", [0, 100, 1000, 2000, 3000])
def test_a38_files_that_can_only_be_written_in_part_are_no_edition(
    tmp_path: Path, room: int
) -> None:
    replace(open_store(tmp_path), OLD)
    store = open_store(tmp_path, seed=2)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        with pytest.raises(StoreDiskError):
            replace(store, NEW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert equal(read_everything(tmp_path), OLD)


@TIMES
def test_a_store_whose_making_was_interrupted_is_made_at_the_next_start(
    tmp_path: Path, late: bool
) -> None:
    for at in range(1, 60):
        home = tmp_path / str(at)
        home.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            disk = Disk(patch, at, Fault(PowerFailure(), late))
            with contextlib.suppress(PowerFailure):
                open_store(home)
        replace(open_store(home, seed=2), OLD)
        if disk.touched < at:
            return
    pytest.fail("the store never was made")


def test_the_state_is_no_secret_but_cannot_be_forged(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    replace(store, tables_of("Ana"))
    forged = json.dumps({"current": None, "last_number": 0}).encode()
    (tmp_path / "editions" / "state").write_bytes(forged)
    with pytest.raises(StoreDamagedError):
        store.current()


def test_an_edition_that_never_was_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NoSuchEditionError):
        open_store(tmp_path).read(EditionId("9-" + "0" * 16), "cases", ["person"])
