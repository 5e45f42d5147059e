"""What a rule of retention would do, and that it then does just that."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.cli.main import main
from corridor.ids import CountryCode
from corridor.node import app
from corridor.node.app.erasing import Counted, keep_tidy, retention
from corridor.node.home import Home, Retention
from corridor.node.import_reports import reports_at
from corridor.node.importing.next_edition import merge
from corridor.node.retention import COLUMNS, count_cases, foresee
from corridor.node.schema import EditionTables
from corridor.node.store import Edition, EditionStore
from support.case_files import whole, write_csv
from support.ledgers import TestClock

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
ROWS: list[dict[str, object]] = [
    {"prs_IdentityNumber": "1", "cas_IncomingReferralDate": "2020-01-01"},
    {"prs_IdentityNumber": "1", "cas_IncomingReferralDate": "2025-06-01"},
    {"prs_IdentityNumber": "2", "cas_IncomingReferralDate": "2019-05-05"},
    {"prs_IdentityNumber": "3", "cas_IncomingReferralDate": ""},
    {"prs_IdentityNumber": "4", "cas_IncomingReferralDate": "2025-12-31"},
]
RULE = Retention(case_days=365 * 3)


@pytest.fixture
def clock() -> TestClock:
    return TestClock(NOW)


@pytest.fixture
def world(tmp_path: Path, clock: TestClock) -> app.World:
    """A node with five cases of four persons."""
    made = app.World(home=tmp_path / "MD", clock=clock, random_bytes=Random(1).randbytes)
    app.initialise(made, country=CountryCode("MD"), name="Ministry")
    rows = [
        {"con_Consent": "Yes", "x_CaseReference": f"MD-{number}", **row}
        for number, row in enumerate(ROWS)
    ]
    cases = write_csv(tmp_path / "cases.csv", rows)
    app.import_files(made, [cases], replace=False, mappings=(), progress=lambda _: None)
    return made


def tables_of(world: app.World) -> EditionTables:
    store = EditionStore(world.home, world.random_bytes, world.clock)
    current = store.current()
    assert current is not None
    return store.tables(current.id)


def write_rule(world: app.World, rule: str) -> None:
    with (world.home / "node.toml").open("a") as file:
        file.write(f"[retention]\n{rule}\n")


def test_what_is_foreseen_is_what_then_goes(world: app.World, clock: TestClock) -> None:
    before = tables_of(world)
    found = app.retention(world, RULE)
    assert (found.cases, found.persons, found.undated) == (2, 1, 1)
    assert found.next_month == date(2026, 4, 1)
    assert tables_of(world).cases.equals(before.cases)  # nothing was done
    write_rule(world, "case_days = 1095")
    clock.advance(datetime(2026, 4, 1, tzinfo=UTC) - NOW)
    keep_tidy(world)
    after = tables_of(world)
    assert before.cases.num_rows - after.cases.num_rows == found.cases
    assert before.persons.num_rows - after.persons.num_rows == found.persons
    assert app.retention(world).cases == 0


@given(st.integers(1, 36_000), st.integers(1, 4))
def test_the_count_is_that_of_the_importers_rule(
    edition: tuple[Edition, EditionTables], days: int, pieces: int
) -> None:
    about, tables = edition
    size = -(-tables.cases.num_rows // pieces)
    parts = [
        tables.cases.slice(start, size).select(list(COLUMNS))
        for start in range(0, tables.cases.num_rows, size)
    ]
    found = count_cases(Retention(case_days=days), about.rows["persons"], parts, NOW.date())
    kept = whole(merge(tables, None, 0, since=NOW.date() - timedelta(days)))
    assert found.cases == tables.cases.num_rows - kept.cases.num_rows
    assert found.persons == tables.persons.num_rows - kept.persons.num_rows


@pytest.fixture(scope="module")
def edition(tmp_path_factory: pytest.TempPathFactory) -> tuple[Edition, EditionTables]:
    """A hundred synthetic cases whose dates differ and are partly missing."""
    folder = tmp_path_factory.mktemp("edition")
    clock = TestClock(NOW)
    world = app.World(home=folder / "MD", clock=clock, random_bytes=Random(1).randbytes)
    app.initialise(world, country=CountryCode("MD"), name="Ministry")
    chance = Random(3)
    rows: list[dict[str, object]] = [
        {
            "con_Consent": "Yes",
            "prs_IdentityNumber": str(chance.randrange(60)),
            "x_CaseReference": f"MD-{number}",
            "cas_IncomingReferralDate": chance.choice(["", _some_day(chance)]),
        }
        for number in range(100)
    ]
    files = [write_csv(folder / "cases.csv", rows)]
    app.import_files(world, files, replace=False, mappings=(), progress=lambda _: None)
    store = EditionStore(world.home, world.random_bytes, world.clock)
    current = store.current()
    assert current is not None
    tables = store.tables(current.id)
    cases = tables.cases
    for name in ("identified_on", "last_event_on"):
        days = [chance.choice([None, date.fromisoformat(_some_day(chance))]) for _ in range(100)]
        number = cases.schema.get_field_index(name)
        cases = cases.set_column(number, cases.schema.field(name), [days])
    assert all(10 < cases[name].null_count < 90 for name in COLUMNS[1:])
    return current, replace(tables, cases=cases)


def _some_day(chance: Random) -> str:
    return (date(1990, 1, 1) + timedelta(chance.randrange(13_000))).isoformat()


def test_an_edition_ends_as_many_days_after_its_import_as_the_rule_says(
    world: app.World, clock: TestClock
) -> None:
    found = app.retention(world, Retention(days=30))
    assert found.edition_ends == NOW + timedelta(30)
    assert not found.is_over
    clock.advance(timedelta(30, 1))
    assert app.retention(world, Retention(days=30)).is_over


def test_what_is_remembered_of_a_count_is_of_that_edition_rule_and_day(
    world: app.World, clock: TestClock, tmp_path: Path
) -> None:
    counted: Counted = {}
    assert retention(world, RULE, counted).cases == 2
    assert retention(world, RULE, counted).cases == 2
    assert retention(world, Retention(case_days=365 * 30), counted).cases == 0
    clock.advance(timedelta(365 * 3))
    assert retention(world, RULE, counted).cases == 4
    app.import_files(
        world,
        [write_csv(tmp_path / "none.csv", [{"con_Consent": "Yes", "x_CaseReference": "MD-9"}])],
        replace=True,
        mappings=(),
        progress=lambda _: None,
    )
    assert retention(world, RULE, counted).cases == 0


def test_without_a_rule_nothing_is_read_and_nothing_goes() -> None:
    def never() -> Iterator[Any]:
        assert not ROWS, "read the cases without need"
        yield

    rule = Retention()
    found = foresee(rule, None, count_cases(rule, 1, never(), NOW.date()), (NOW,), NOW)
    assert (found.cases, found.persons, found.reports, found.edition_ends) == (0, 0, 0, None)
    assert "there is no rule" in found.lines[0]


def test_reports_go_when_they_are_past_their_time_and_not_before(
    world: app.World, clock: TestClock
) -> None:
    home = Home(world.home)
    strange = home.imports / "a list of mine.csv"
    strange.write_text("x")
    os.utime(strange, (NOW.timestamp(), NOW.timestamp()))
    count = len(reports_at(home))
    assert count > 2
    write_rule(world, "report_days = 90")
    clock.advance(timedelta(90))
    assert app.retention(world).reports == 0
    keep_tidy(world)
    assert len(reports_at(home)) == count
    clock.advance(timedelta(seconds=1))
    assert app.retention(world).reports == count
    keep_tidy(world)
    assert reports_at(home) == {}
    assert tables_of(world).cases.num_rows == len(ROWS)  # the data stay


def test_the_command_says_what_another_rule_would_do_and_changes_nothing(
    world: app.World, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (world.home / "node.toml").read_bytes()
    words = ["node", "retention", "--home", str(world.home)]
    assert main([*words, "--what-if", "case_days=1095", "report_days=1"]) == 0
    said = capsys.readouterr().out
    assert "a case is left out 1095 days after its referral" in said
    assert "2 cases are past their time, and 1 persons have no other case" in said
    assert "Nothing was changed" in said
    assert (world.home / "node.toml").read_bytes() == before
    assert main(words) == 0
    assert "There is no rule of retention." in capsys.readouterr().out


@pytest.mark.parametrize("word", ["case_days", "case_days=x", "case_days=-1", "months=3"])
def test_a_rule_that_says_nothing_clear_is_not_tried(world: app.World, word: str) -> None:
    assert main(["node", "retention", "--home", str(world.home), "--what-if", word]) != 0
