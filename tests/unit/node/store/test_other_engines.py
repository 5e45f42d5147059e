"""Editions in a real PostgreSQL and a real Spark: the same answers, and nothing half done."""

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from corridor.errors.questions import EmptyQuestionError
from corridor.errors.store import (
    EngineRefusedError,
    EngineUnreachableError,
    NoSuchEditionError,
    NotErasedError,
    TablesDamagedError,
)
from corridor.ids import EditionId
from corridor.node.evaluation import count_new, evaluate
from corridor.node.evaluation.pushdown import admitted
from corridor.node.policy import ConsentRule
from corridor.node.schema import TABLES, EditionTables
from corridor.node.store import Edition, EditionStore
from corridor.queries.builder import RegionQuestions
from corridor.queries.catalogue import Source
from corridor.queries.plan import Plan, compile_plan
from corridor.queries.question import CountPersons, Question, TableQuestion, make_question
from support.editions import Case, InMemory, make_tables
from support.engines import SCHEMA, PostgresqlServer, demand_spark
from support.question_strategies import cases, questions, small_domains

KEY = bytes(range(16))
CONSENT = ConsentRule.HTCDS_CONSENT
NOW = datetime(2026, 11, 30, tzinfo=UTC)
REGION = RegionQuestions(small_domains())
TESTS = Path(__file__).parents[3]

pytestmark = [
    pytest.mark.slow,
    # PySpark leaves its sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed.*<socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    one = PostgresqlServer()
    try:
        one.start()
        yield one
    finally:
        one.stop()


@dataclass(frozen=True)
class Engine:
    """An engine, and how a home says that editions lie in it."""

    name: str
    settings: str
    examples: int

    def open(self, home: Path) -> EditionStore:
        (home / "store.toml").write_text(self.settings)
        return EditionStore(home, secrets.token_bytes, lambda: NOW)


def in_postgresql(url: str) -> str:
    return f'engine = "postgresql"\n[postgresql]\nurl = "{url}"\nschema = "{SCHEMA}"\n'


def in_spark(folder: Path) -> str:
    return f'engine = "spark"\n[spark]\nmaster = "local[2]"\nfolder = "{folder}"\n'


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("postgresql", marks=pytest.mark.postgresql),
        pytest.param("spark", marks=pytest.mark.spark),
    ],
)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    if request.param == "spark":
        demand_spark()
        return Engine("spark", in_spark(tmp_path_factory.mktemp("spark")), 3)
    url = request.getfixturevalue("server").url
    return Engine("postgresql", in_postgresql(url), 12)


def compiled(question: Question) -> Plan | None:
    try:
        return compile_plan(question, small_domains())
    except EmptyQuestionError:
        return None


@contextmanager
def some_cases_at_once(engine: str, count: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"corridor.node.store.{engine}.{engine.title()}Place.cases_at_once", count)
        yield


def test_every_cell_is_what_it_is_in_the_home(engine: Engine) -> None:
    """Drawn cases, drawn questions: where, joint tables, sums, means, histograms, every bound."""

    @settings(max_examples=engine.examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        cases(people="ABCDEFGH", most=14),
        st.lists(questions(), min_size=6, max_size=8),
        st.sampled_from(ConsentRule),
        st.sampled_from([1, 3, 1 << 17]),
    )
    def check(
        listed: list[Case], asked: list[Question], consent: ConsentRule, at_once: int
    ) -> None:
        tables = make_tables(listed)
        plans = [plan for plan in map(compiled, asked) if plan is not None]
        assume(plans)
        with TemporaryDirectory() as folder, some_cases_at_once(engine.name, at_once):
            store = engine.open(Path(folder))
            reader = store.reader(store.write(tables, replaces=None, sources=[]).edition.id)
            for plan in plans:
                found = evaluate(plan, reader, KEY, consent)
                wanted = evaluate(plan, InMemory(tables), KEY, consent)
                assert found.tolist() == wanted.tolist()

    check()


def everything() -> EditionTables:
    """Values at which engines differ: dates, 64 bits, lists, nulls, odd texts."""
    values: list[dict[str, Any]] = [
        {"referred_on": date(1, 1, 1), "prs_NumberOfChildren": -(2**15), "agreement": False},
        {"referred_on": date(9999, 12, 31), "prs_NumberOfChildren": 2**15 - 1, "agreement": True},
        {"vic_TypeOfExploitation": ["ForcedLabour", "SexualExploitation"], "recruited_in": "MD"},
        {"prs_Gender": "", "exploited_in": "RO", "identified_on": date(1582, 10, 10)},
        {"prs_Gender": 'O\'Neill, \\ "ö"\n', "consent": False},
    ]
    return make_tables(
        Case(
            f"person {number}",
            f"case {number}",
            values[number % len(values)],
            legs=[{"leg_to": "MD", "hte_Date": date(2020, 2, 29)}, {"leg_from": "MD"}],
            services=[{"spl_Type": "Shelter"}],
        )
        for number in range(40)
    )


def edition_in(engine: Engine, home: Path, tables: EditionTables) -> tuple[EditionStore, Edition]:
    store = engine.open(home)
    return store, store.write(tables, replaces=None, sources=[]).edition


def test_what_was_written_is_read_again_in_full(engine: Engine, tmp_path: Path) -> None:
    tables = everything()
    assert (tables.cases["choice_key"].to_numpy() >= 2**63).any()
    store, edition = edition_in(engine, tmp_path, tables)
    assert store.current() == edition
    assert (edition.engine, edition.rows["legs"]) == (engine.name, 80)
    found = store.tables(edition.id)
    assert all(found[name].equals(tables[name]) for name in TABLES)
    store.check(edition)
    assert not list(tmp_path.rglob("*.parquet"))


def test_an_empty_edition_is_an_edition(engine: Engine, tmp_path: Path) -> None:
    store, edition = edition_in(engine, tmp_path, make_tables([]))
    found = store.tables(edition.id)
    assert all(found[name].num_rows == 0 for name in TABLES)
    plan = compile_plan(REGION.legs.by("leg_to").count(), small_domains())
    assert evaluate(plan, store.reader(edition.id), KEY, CONSENT).sum() == 0


def test_the_same_import_again_is_known_as_unchanged(engine: Engine, tmp_path: Path) -> None:
    store, edition = edition_in(engine, tmp_path, everything())
    again = store.write(everything(), replaces=edition.id, sources=[])
    assert again.unchanged
    other = store.write(make_tables([]), replaces=again.edition.id, sources=[])
    assert not other.unchanged


def test_a11_a_standing_series_counts_the_same_persons_in_the_same_cells(
    engine: Engine, tmp_path: Path
) -> None:
    tables = everything()
    store, edition = edition_in(engine, tmp_path, tables)
    table = TableQuestion(source=Source.LEGS, measure=CountPersons(), group_by=("leg_to",))
    plan = compile_plan(make_question(table), small_domains())
    known = np.sort(tables.cases["choice_key"].to_numpy())[::3]
    found, wanted = (
        count_new(plan, reader, KEY, CONSENT, known)
        for reader in (store.reader(edition.id), InMemory(tables))
    )
    assert len(wanted[0]) > 10
    assert found[0].tolist() == wanted[0].tolist()
    assert found[1].tolist() == wanted[1].tolist()


def test_what_does_not_count_is_left_where_it_is(engine: Engine, tmp_path: Path) -> None:
    """Else the whole edition would cross the network for every question."""
    store, edition = edition_in(engine, tmp_path, everything())
    question = REGION.legs.where(leg_to="MD", recruited_in="MD").by("leg_to").count()
    (planned,) = compile_plan(question, small_domains()).tables
    found = store.reader(edition.id).found("legs", ["case", "leg_to"], admitted(planned, CONSENT))
    assert found is not None
    rows = pa.concat_tables(found)
    assert rows["leg_to"].to_pylist() == ["MD"] * 8
    assert (np.diff(rows["case"].to_numpy().astype(np.int64)) > 0).all()


def test_the_next_edition_replaces_the_one_before_there_too(engine: Engine, tmp_path: Path) -> None:
    store, first = edition_in(engine, tmp_path, everything())
    second = store.write(make_tables([Case("A", "1")]), replaces=first.id, sources=[]).edition
    assert store.editions() == (second.id,)
    with pytest.raises(NoSuchEditionError):
        store.tables(first.id)
    with pytest.raises(TablesDamagedError):
        store._elsewhere(first.engine).demand_there(first.id)
    store.check(second)


def test_an_erased_edition_is_gone_there_too(engine: Engine, tmp_path: Path) -> None:
    store, edition = edition_in(engine, tmp_path, everything())
    store.demand_there(edition.id)
    store.erase(edition.id)
    assert store.current() is None
    with pytest.raises(TablesDamagedError):
        store._elsewhere(edition.engine).demand_there(edition.id)


def test_data_move_with_the_next_import_and_back(engine: Engine, tmp_path: Path) -> None:
    home = EditionStore(tmp_path, secrets.token_bytes, lambda: NOW)
    first = home.write(everything(), replaces=None, sources=[]).edition
    store = engine.open(tmp_path)
    assert store.current() == first
    moved = store.write(store.tables(first.id), replaces=first.id, sources=[])
    assert moved.unchanged
    settings = tmp_path / "store.toml"
    settings.write_text(settings.read_text().replace(f'engine = "{engine.name}"', ""))
    back = EditionStore(tmp_path, secrets.token_bytes, lambda: NOW)
    last = back.write(back.tables(moved.edition.id), replaces=moved.edition.id, sources=[])
    assert last.unchanged
    assert (moved.edition.engine, last.edition.engine) == (engine.name, "duckdb")


WRITES_AND_DIES = """
import os, secrets, signal, sys
from datetime import UTC, date, datetime
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from corridor.node.store import EditionStore, editions
from support.editions import Case, make_tables

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

class Dying:
    def __init__(self, tables):
        self.tables = tables
    def pieces(self, table):
        yield from self.tables.pieces(table)
        if sys.argv[2] == table:
            die()

store = EditionStore(Path(sys.argv[1]), secrets.token_bytes, lambda: datetime.now(UTC))
if sys.argv[2] == "about":
    EditionStore._write_about = die
if sys.argv[2] == "state":
    EditionStore._make_current = die
current = store.current()
store.write(Dying(make_tables([Case("B", "2", legs=[{}])])), replaces=current.id, sources=[])
"""


@pytest.mark.parametrize(
    ("engine", "moment"),
    [
        *(
            pytest.param("postgresql", moment, marks=pytest.mark.postgresql)
            for moment in ("cases", "services", "about", "state")
        ),
        pytest.param("spark", "services", marks=pytest.mark.spark),
        pytest.param("spark", "state", marks=pytest.mark.spark),
    ],
    indirect=["engine"],
)
def test_a_kill_during_an_import_leaves_the_edition_before_and_nothing_else(
    engine: Engine, tmp_path: Path, moment: str
) -> None:
    tables = everything()
    store, before = edition_in(engine, tmp_path, tables)
    words = [sys.executable, "-c", WRITES_AND_DIES, str(tmp_path), moment, str(TESTS)]
    done = subprocess.run(words, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    (left,) = [path.parent for path in (tmp_path / "editions").glob("*/elsewhere")
               if path.parent.name != before.id]  # fmt: skip
    assert store.current() == before
    again = engine.open(tmp_path)
    assert again.current() == before
    assert all(again.tables(before.id)[name].equals(tables[name]) for name in TABLES)
    assert not left.exists()
    with pytest.raises(TablesDamagedError):
        again._elsewhere(before.engine).demand_there(EditionId(left.name.removeprefix(".")))
    again.check(before)


# ------------------------------------------------------------ Spark itself

COUNTS_AND_LOSES_JAVA = """
import os, secrets, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from pyspark import SparkContext
from corridor.errors import CorridorError
from corridor.node.store import EditionStore

store = EditionStore(Path(sys.argv[1]), secrets.token_bytes, lambda: datetime.now(UTC))
current = store.current()
print(sum(piece.num_rows for piece in store.pieces(current.id, "cases", ["person"])))
os.kill(SparkContext._gateway.proc.pid, signal.SIGKILL)
SparkContext._gateway.proc.wait()
for look in (store.tables, store.demand_there, store.erase):
    try:
        look(current.id)
    except CorridorError as error:
        print(error.code)
print(store.editions())
"""


LOOKS = """
import secrets, sys
from datetime import UTC, datetime
from pathlib import Path
from corridor.errors import CorridorError
from corridor.node.store import EditionStore
sys.path.insert(0, sys.argv[2])
from support.editions import make_tables

store = EditionStore(Path(sys.argv[1]), secrets.token_bytes, lambda: datetime.now(UTC))
(left,) = (Path(sys.argv[1]) / "editions").glob("*/elsewhere")
try:
    store.write(make_tables([]), replaces=None, sources=[])
except CorridorError as error:
    print(error.code, left.parent.name)
"""


@pytest.mark.spark
def test_without_java_or_when_it_dies_there_is_a_code_and_the_data_stay(tmp_path: Path) -> None:
    demand_spark()
    engine = Engine("spark", in_spark(tmp_path / "spark"), 0)
    home = tmp_path / "home"
    home.mkdir()
    _, edition = edition_in(engine, home, everything())
    done = subprocess.run(
        [sys.executable, "-c", COUNTS_AND_LOSES_JAVA, str(home)], capture_output=True, check=False
    )
    told = done.stdout.decode().splitlines()
    assert told == ["40", *3 * ["store.engine_unreachable"], "()"], done.stderr.decode()
    assert list((tmp_path / "spark").iterdir())
    without_java = os.environ | {"JAVA_HOME": str(tmp_path / "nothing")}
    again = subprocess.run(
        [sys.executable, "-c", LOOKS, str(home), str(TESTS)],
        env=without_java,
        capture_output=True,
        check=False,
    )
    assert again.stdout.decode() == f"store.engine_unreachable {edition.id}\n", (
        again.stderr.decode()
    )
    engine.open(home)  # where there is Java the erased edition's files go
    assert list((tmp_path / "spark").iterdir()) == []


# ------------------------------------------------------------ PostgreSQL itself


@pytest.fixture
def own_server() -> Iterator[PostgresqlServer]:
    """One that may be killed."""
    one = PostgresqlServer()
    try:
        one.start()
        yield one
    finally:
        one.stop()


@pytest.mark.postgresql
def test_a_server_that_is_killed_stops_an_import_and_a_count_and_nothing_is_half_done(
    own_server: PostgresqlServer, tmp_path: Path
) -> None:
    engine = Engine("postgresql", in_postgresql(own_server.url), 0)
    tables = everything()
    store, before = edition_in(engine, tmp_path, tables)
    plan = compile_plan(REGION.legs.by("leg_to").count(), small_domains())
    wanted = evaluate(plan, InMemory(tables), KEY, CONSENT).tolist()

    class Killing:
        def pieces(self, table: str) -> Iterator[pa.Table]:
            yield from tables.pieces(table)
            if table == "legs":
                own_server.kill()

    with pytest.raises(EngineUnreachableError):
        store.write(Killing(), replaces=before.id, sources=[])
    for at_rest in (store.tables, store.demand_there):
        with pytest.raises(EngineUnreachableError):
            at_rest(before.id)
    with pytest.raises(EngineUnreachableError):
        evaluate(plan, store.reader(before.id), KEY, CONSENT)
    assert store.current() == before
    own_server.start()
    assert evaluate(plan, store.reader(before.id), KEY, CONSENT).tolist() == wanted
    again = engine.open(tmp_path)
    assert len(own_server.tables()) == len(TABLES)
    with some_cases_at_once("postgresql", 4):
        rows = again.pieces(before.id, "cases", ["person"])
        assert next(rows).num_rows == 4
        own_server.kill()
        with pytest.raises(EngineUnreachableError):
            list(rows)
    own_server.start()


@pytest.mark.postgresql
def test_what_could_not_be_erased_is_told_and_erased_later(
    own_server: PostgresqlServer, tmp_path: Path
) -> None:
    engine = Engine("postgresql", in_postgresql(own_server.url), 0)
    store, edition = edition_in(engine, tmp_path, everything())
    own_server.kill()
    with pytest.raises(EngineUnreachableError):
        store.erase(edition.id)
    assert (store.current(), store.editions()) == (None, ())
    (tmp_path / "store.toml").write_text(
        engine.settings.replace('engine = "postgresql"', 'engine = "duckdb"')
    )
    store = EditionStore(tmp_path, secrets.token_bytes, lambda: NOW)
    here = store.write(make_tables([Case("A", "1")]), replaces=None, sources=[]).edition
    with pytest.raises(NotErasedError, match=edition.id):
        store.check(here)
    own_server.start()
    assert own_server.tables()
    EditionStore(tmp_path, secrets.token_bytes, lambda: NOW).check(here)
    assert own_server.tables() == []


@pytest.mark.postgresql
def test_a_table_that_somebody_else_changed_is_seen(
    server: PostgresqlServer, tmp_path: Path
) -> None:
    engine = Engine("postgresql", in_postgresql(server.url), 0)
    store, edition = edition_in(engine, tmp_path, everything())
    everybody = compile_plan(REGION.persons.by("gender").count(), small_domains())
    legs = f"{SCHEMA}.corridor_{edition.id.replace('-', '_')}_legs"
    server.execute(f"DELETE FROM {legs} WHERE row = 3")  # noqa: S608 - our own name
    for look in (lambda: store.check(edition), lambda: store.tables(edition.id)):
        with pytest.raises(TablesDamagedError, match="legs"):
            look()
    cases = legs.replace("_legs", "_cases")
    server.execute(f'UPDATE {cases} SET person = 0 WHERE "case" = 7')  # noqa: S608
    with pytest.raises(TablesDamagedError, match="cases"):
        evaluate(everybody, store.reader(edition.id), KEY, CONSENT)
    server.execute(f"ALTER TABLE {legs} DROP COLUMN leg_to")
    with pytest.raises(TablesDamagedError, match="legs"):
        store.demand_there(edition.id)
    server.execute(f"DROP TABLE {legs}")
    plan = compile_plan(REGION.legs.by("leg_to").count(), small_domains())
    with pytest.raises(TablesDamagedError, match="legs"):
        evaluate(plan, store.reader(edition.id), KEY, CONSENT)
    anew = store.write(everything(), replaces=edition.id, sources=[]).edition
    store.check(anew)
    assert not [name for name in server.tables() if edition.id[2:] in name]


@pytest.mark.postgresql
def test_an_account_without_rights_is_told_so_and_nothing_is_imported(
    server: PostgresqlServer, tmp_path: Path
) -> None:
    server.execute("CREATE ROLE reader LOGIN")
    url = server.url.replace("corridor@", "reader@")
    store = Engine("postgresql", in_postgresql(url), 0).open(tmp_path)
    with pytest.raises(EngineRefusedError, match="InsufficientPrivilege"):
        store.write(everything(), replaces=None, sources=[])
    assert store.current() is None
    assert [path for path in (tmp_path / "editions").iterdir() if path.is_dir()] == []


@pytest.mark.postgresql
def test_a_reader_under_way_keeps_its_edition_while_an_import_replaces_it(
    server: PostgresqlServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The older tables go with the next start, when nobody reads them any more."""
    monkeypatch.setattr("corridor.node.store.postgresql._SECONDS", 1)
    engine = Engine("postgresql", in_postgresql(server.url), 0)
    store, before = edition_in(engine, tmp_path, everything())
    with some_cases_at_once("postgresql", 4):
        rows = store.pieces(before.id, "cases", ["person"])
        read = [next(rows)]
        after = store.write(make_tables([Case("A", "1")]), replaces=before.id, sources=[]).edition
        read += rows
    assert store.current() == after
    assert sum(piece.num_rows for piece in read) == before.rows["cases"]
    engine.open(tmp_path).check(after)


@pytest.mark.postgresql
def test_a37_in_the_database_there_are_keys_and_no_names(
    server: PostgresqlServer, tmp_path: Path
) -> None:
    """The commands of the node: import into PostgreSQL, again upon it, and see that it is well."""
    home = tmp_path / "node"
    run(home, "init", "--country", "MD", "--name", "Ministry")
    (home / "store.toml").write_text(in_postgresql(server.url))
    before = set(server.tables())
    told: dict[str, Any] = {}
    for number, name in enumerate(["Ana Popescu", "Ion Rusu"]):
        file = tmp_path / f"{number}.csv"
        file.write_text(
            "prs_FirstName,prs_IdentificationNumber,prs_Gender,con_Consent,x_CaseReference\n"
            f"{name},20001234{number},Feminine,true,case {number}\n"
        )
        told = run(home, "import", str(file), "--json")
    assert told["cases"] == 2
    mine = set(server.tables()) - before
    assert len(mine) == len(TABLES)
    said = "".join(str(server.execute(f"TABLE {SCHEMA}.{table}")) for table in mine)
    assert "Feminine" in said
    assert not any(word in said for word in ("Ana", "Popescu", "20001234", "case 0"))
    (look,) = [one for one in run(home, "doctor", "--json", code=1) if one["what"] == "case data"]
    assert look["ok"]
    assert ", in postgresql; " in look["finding"]


def run(home: Path, *words: str, code: int = 0) -> Any:
    """Run `corridor node WORDS`; what it gives to programs."""
    command = [sys.executable, "-P", "-m", "corridor.cli", "node", *words, "--home", str(home)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == code, done.stderr.decode()
    return json.loads(done.stdout) if "--json" in words else None
