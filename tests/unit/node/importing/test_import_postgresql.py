"""Cases out of a real PostgreSQL server, which the tests start."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from corridor.cli.main import main
from corridor.errors import CorridorError
from corridor.errors.importing import (
    BadDatabaseAddressError,
    DatabaseTableError,
    DatabaseUnreachableError,
    TooManyRowsError,
)
from corridor.node.importing import Ceilings
from corridor.node.importing.columns import EXTENSIONS
from corridor.node.importing.mapping import parse_mapping
from corridor.node.importing.postgresql import PostgresTables
from support.case_files import cases_of, htcds_fields, problems, read, write_csv
from support.postgresql import PASSWORD, READER, Server, program, running

if program("postgres") is None and not os.environ.get("CI"):
    pytest.skip("there is no PostgreSQL on this machine", allow_module_level=True)

pytestmark = pytest.mark.slow

TABLES = (
    """CREATE TABLE victim (
        id integer PRIMARY KEY, sexe char(1), born date, pays text, agreed boolean,
        forms text[], age numeric(4,0), photo bytea, remarks jsonb)""",
    """INSERT INTO victim VALUES
        (1, 'F', '1999-05-17', 'Moldova', true, '{ForcedLabour,ForcedBegging}', 17, '\\x00', '{}'),
        (2, 'H', 'infinity', 'Ukraine', false, '{}', NULL, NULL, '{"a": 1}')""",
    """CREATE TABLE "Journey of cases" (
        victim integer, step text, country text, at timestamptz)""",
    """INSERT INTO "Journey of cases" VALUES
        (1, 'Recruitment', 'MD', '2024-04-13 10:00+02'), (2, 'Recruitment', 'UA', NULL)""",
    "CREATE TABLE staff (name text)",
    f'GRANT SELECT ON victim, "Journey of cases" TO {READER}',
)
MAPPING = """
[database.ours]
url = "%s"
tables = ["victim", "public.Journey of cases"]

[[table]]
file = "cases"
sheet = "public.victim"
[table.columns]
id = "x_PersonReference"
sexe = "prs_Gender"
born = "prs_Birthdate"
pays = "vic_LocationOfExploitation"
agreed = "con_Consent"
forms = "vic_TypeOfExploitation"
age = "vic_AgeWhenTrafficked"
[table.values.prs_Gender]
F = "Feminine"
H = "Masculine"

[[table]]
file = "cases"
sheet = "public.Journey of cases"
[table.columns]
victim = "x_PersonReference"
step = "hte_Type"
country = "hte_Country"
at = "hte_Date"
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as found:
        found.run(*TABLES)
        yield found


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)


def mapping_text(server: Server) -> str:
    return MAPPING % server.url()


def test_related_tables_become_cases_through_a_mapping(server: Server) -> None:
    said = parse_mapping("m", mapping_text(server), {**htcds_fields(), **EXTENSIONS})
    source = PostgresTables(server.url(), ["victim", "Journey of cases"])
    imported, report = read(source, columns=said)
    found = {case["prs_Gender"]: case for case in imported.cases.to_pylist()}
    first, second = found["Feminine"], found["Masculine"]
    assert first["vic_TypeOfExploitation"] == ["ForcedBegging", "ForcedLabour"]
    assert (first["vic_AgeWhenTrafficked"], first["exploited_in"]) == (17, "MD")
    assert (first["consent"], second["consent"]) == (True, False)
    assert (first["recruited_in"], second["recruited_in"]) == ("MD", "UA")
    assert str(first["last_event_on"]) == "2024-04-13"
    # A day that Python has not costs its cell and no more.
    (entry,) = [e for e in report.entries if e.problem == "date.unreadable"]
    assert (entry.field, entry.rows) == ("prs_Birthdate", (2,))
    assert report.persons_by["person_reference"] == 2


def test_a_database_and_a_file_with_the_same_content_make_the_same_persons(
    server: Server, tmp_path: Path
) -> None:
    server.run(
        'CREATE TABLE plain ("prs_Gender" text, "cas_IncomingReferralDate" date)',
        "INSERT INTO plain VALUES ('Feminine', '2024-04-13')",
        f"GRANT SELECT ON plain TO {READER}",
    )
    path = write_csv(
        tmp_path / "a.csv",
        [{"prs_Gender": "Feminine", "cas_IncomingReferralDate": "2024-04-13"}],
    )
    rows, _ = read(PostgresTables(server.url(), ["plain"]))
    assert rows.cases.to_pylist() == cases_of(path)


def test_nothing_can_be_written_there(server: Server) -> None:
    """A view that writes when it is read is refused by the read-only transaction."""
    server.run(
        "CREATE FUNCTION writes() RETURNS text LANGUAGE sql AS "
        "'INSERT INTO staff VALUES (''x'') RETURNING name'",
        'CREATE VIEW writing AS SELECT writes() AS "prs_Gender"',
        f"GRANT SELECT ON writing TO {READER}",
        f"GRANT INSERT, SELECT ON staff TO {READER}",
    )
    with pytest.raises(DatabaseUnreachableError, match="read-only transaction"):
        read(PostgresTables(server.url(), ["writing"]))
    server.run(f"REVOKE ALL ON staff FROM {READER}")


def test_a_large_table_is_read_in_batches_and_held_against_the_ceilings(server: Server) -> None:
    server.run(
        'CREATE TABLE many AS SELECT \'Feminine\' AS "prs_Gender", n::text AS "x_CaseReference" '
        "FROM generate_series(1, 25000) AS n",
        f"GRANT SELECT ON many TO {READER}",
    )
    source = PostgresTables(server.url(), ["many"])
    assert read(source)[1].cases == 25_000
    first = source.digest()
    assert read(source)[1].cases == 25_000
    assert source.digest() == first
    with pytest.raises(TooManyRowsError, match="Nothing was imported"):
        read(source, ceilings=Ceilings(rows=20_000))


@pytest.mark.parametrize("table", ["staff", "nothing", "victim; DROP TABLE victim"])
def test_a_table_that_is_not_to_be_read_is_refused_with_those_that_are(
    server: Server, table: str
) -> None:
    with pytest.raises(DatabaseTableError) as refusal:
        read(PostgresTables(server.url(), [table]))
    assert "public.victim" in str(refusal.value)
    assert "staff," not in str(refusal.value)


def test_a_wrong_password_and_a_silent_port_are_refused_without_the_password(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "wrong-one")
    for url in (server.url(), "postgresql://reader@127.0.0.1:1/cases"):
        with pytest.raises(DatabaseUnreachableError) as refusal:
            read(PostgresTables(url, ["victim"]))
        assert "wrong-one" not in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://reader:hunter2@127.0.0.1/cases",
        "postgresql://reader@127.0.0.1/cases?password=hunter2",
        "postgresql://reader@127.0.0.1:hunter2/cases",
        "postgresql://reader@127.0.0.1/cases?hunter2=1",
        "mysql://reader@hunter2/cases",
    ],
)
def test_an_address_that_holds_a_password_or_is_none_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(BadDatabaseAddressError) as refusal:
        PostgresTables(url, ["victim"])
    assert "hunter2" not in str(refusal.value)


def test_a_password_file_is_used_as_by_every_other_program(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGPASSWORD")
    secrets = tmp_path / "pgpass"
    secrets.write_text(f"127.0.0.1:{server.port}:cases:{READER}:{PASSWORD}\n")
    secrets.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(secrets))
    with pytest.raises(CorridorError, match="no row of it holds HTCDS"):
        read(PostgresTables(server.url(), ["victim"]))


def test_the_command_imports_what_the_mapping_names(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    assert main(["node", "init", "--country", "MD", "--home", str(home)]) == 0
    (home / "mapping.toml").write_text(mapping_text(server))
    capsys.readouterr()
    assert main(["node", "import", "--from", "ours", "--home", str(home), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["persons"], document["cases"]) == (2, 2)
    told = [path.read_text("utf-8") for path in (home / "imports").iterdir()]
    assert all(PASSWORD not in text for text in told)
    assert main(["node", "import", "--from", "theirs", "--home", str(home)]) == 1
    assert "no name that the mapping file has" in capsys.readouterr().err
    assert main(["node", "import", "--home", str(home)]) == 2
    assert "import.nothing_named" in capsys.readouterr().err


def test_the_assistant_looks_at_tables_too(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    assert main(["node", "init", "--country", "MD", "--home", str(home)]) == 0
    words = ["node", "map", "--from", server.url(), "--table", "victim", "--home", str(home)]
    capsys.readouterr()
    assert main([*words, "--yes"]) == 0
    text = (home / "mapping.toml").read_text("utf-8")
    assert 'sheet = "public.victim"' in text
    assert 'sexe = "prs_Gender"' in text


def test_a_server_that_dies_while_it_is_read_leaves_nothing_imported(tmp_path: Path) -> None:
    with running() as dying:
        dying.run(
            "CREATE TABLE many AS SELECT 'Feminine' AS \"prs_Gender\" "
            "FROM generate_series(1, 200000)",
            f"GRANT SELECT ON many TO {READER}",
        )
        source = PostgresTables(dying.url(), ["many"])
        tables = source.tables(Ceilings())
        table = next(tables)
        for _ in range(5):
            next(table.rows)
        with psycopg.connect(dying.url("corridor_admin"), password=PASSWORD) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'corridor'"
            )
        with pytest.raises(DatabaseUnreachableError, match="Nothing was imported"):
            list(table.rows)


def test_problems_name_the_row_in_the_order_of_the_primary_key(server: Server) -> None:
    said = parse_mapping("m", mapping_text(server), {**htcds_fields(), **EXTENSIONS})
    server.run("UPDATE victim SET pays = pays")  # moves the rows about on disk
    _, report = read(PostgresTables(server.url(), ["victim"]), columns=said)
    assert problems(report)["date.unreadable"] == 1
    (entry,) = [e for e in report.entries if e.problem == "date.unreadable"]
    assert entry.rows == (2,)
