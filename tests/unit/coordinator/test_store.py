"""The coordinator's database: all of a transaction, or nothing of it."""

from pathlib import Path

import pytest
from sqlalchemy import insert, select

from corridor.coordinator.store import (
    SCHEMA_VERSION,
    Store,
    boards,
    charters,
    held_out,
    publication_steps,
    publications,
    releases,
    tokens,
)
from corridor.errors.region import StoreFromElsewhereError, StoreUnavailableError


def row(name: str) -> dict[str, object]:
    return {"token_hash": name.encode(), "name": name, "organisation": "", "issued": 1}


def names(store: Store) -> list[str]:
    with store.reading() as connection:
        return list(connection.execute(select(tokens.c.name)).scalars())


def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    store = Store(tmp_path / "c.sqlite3")
    with store.writing() as connection:
        connection.execute(insert(tokens).values(row("ana")))
    store.close()
    again = Store(tmp_path / "c.sqlite3")
    assert names(again) == ["ana"]
    again.close()


def test_a_transaction_that_raises_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "c.sqlite3")

    def fail_halfway() -> None:
        with store.writing() as connection:
            connection.execute(insert(tokens).values(row("ana")))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert names(store) == []
    store.close()


def test_the_file_is_written_through_to_the_disk(tmp_path: Path) -> None:
    store = Store(tmp_path / "c.sqlite3")
    with store.writing() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
    store.close()


def test_two_processes_may_use_the_file_at_once(tmp_path: Path) -> None:
    one, other = Store(tmp_path / "c.sqlite3"), Store(tmp_path / "c.sqlite3")
    with one.writing() as connection:
        connection.execute(insert(tokens).values(row("ana")))
        assert names(other) == []
    with other.writing() as connection:
        connection.execute(insert(tokens).values(row("bo")))
    assert names(one) == ["ana", "bo"]
    one.close()
    other.close()


def test_a_file_of_another_version_is_left_alone(tmp_path: Path) -> None:
    store = Store(tmp_path / "c.sqlite3")
    with store.writing() as connection:
        connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    store.close()
    with pytest.raises(StoreFromElsewhereError):
        Store(tmp_path / "c.sqlite3")


def test_members_named_by_an_older_version_are_held_out_or_readmitted_as_it_meant(
    tmp_path: Path,
) -> None:
    """Version 3 left a named dealer out of one attempt: UA's is to come, RO's is over."""
    store = Store(tmp_path / "c.sqlite3")
    with store.writing() as connection:
        for table in ("held_out", "attempt_members"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
        connection.exec_driver_sql(
            "CREATE TABLE named_dealers (session BLOB, country TEXT, left_out_of BLOB)"
        )
        connection.exec_driver_sql(
            "INSERT INTO attempts (session, question, started, round, since, ended) "
            "VALUES (x'01', 'q1', 10, 'unmask', 11, 12), (x'02', 'q2', 20, 'share', 21, NULL)"
        )
        connection.exec_driver_sql(
            "INSERT INTO named_dealers VALUES (x'01', 'RO', x'02'), (x'02', 'UA', NULL)"
        )
        connection.exec_driver_sql("PRAGMA user_version = 3")
    store.close()
    store = Store(tmp_path / "c.sqlite3")
    with store.reading() as connection:
        rows = connection.execute(
            select(held_out.c.country, held_out.c.since, held_out.c.readmitted).order_by("country")
        ).all()
    assert [tuple(row) for row in rows] == [("RO", 12, 20), ("UA", 20, None)]
    store.close()


def test_an_older_version_s_tokens_keep_what_they_could_do_and_releases_get_headings(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path / "c.sqlite3")
    with store.writing() as connection:
        connection.execute(insert(tokens).values(row("ana")))
        connection.exec_driver_sql(
            "INSERT INTO releases (id, place, session, digest, rho, scope, participants, document, "
            "receipt, published) VALUES ('r', 1, x'01', x'02', '1', 'regional', x'7b7d', "
            'CAST(\'{"id":"r","tables":[1]}\' AS BLOB), x\'03\', 4)'
        )
        connection.exec_driver_sql("ALTER TABLE tokens DROP COLUMN scopes")
        connection.exec_driver_sql("ALTER TABLE releases DROP COLUMN heading")
        connection.exec_driver_sql("PRAGMA user_version = 6")
    store.close()
    store = Store(tmp_path / "c.sqlite3")
    with store.reading() as connection:
        assert connection.execute(select(tokens.c.scopes)).scalar_one() == "read ask"
        assert connection.execute(select(releases.c.heading)).scalar_one() == b'{"id":"r"}'
    store.close()


def test_what_was_asked_before_is_found_without_reading_all_that_ever_was(tmp_path: Path) -> None:
    store = Store(tmp_path / "c.sqlite3")
    with store.writing() as connection:  # as version 8 left it
        for table in ("questions", "releases"):
            connection.exec_driver_sql(f"DROP INDEX ix_{table}_digest")
        connection.exec_driver_sql("PRAGMA user_version = 8")
    store.close()
    store = Store(tmp_path / "c.sqlite3")
    found = store.look_up_all(
        "EXPLAIN QUERY PLAN SELECT questions.id FROM questions, releases "
        "WHERE questions.digest = :digest AND releases.digest = :digest",
        digest=b"",
    )
    steps = " ".join(step["detail"] for step in found)
    assert "INDEX ix_questions_digest" in steps
    assert "INDEX ix_releases_digest" in steps
    store.close()


def test_a_file_that_is_no_database_is_refused_with_a_code(tmp_path: Path) -> None:
    (tmp_path / "c.sqlite3").write_bytes(b"no database at all, but long enough to look at" * 50)
    with pytest.raises(StoreUnavailableError):
        Store(tmp_path / "c.sqlite3")


def test_a38_a_full_disk_is_refused_with_a_code_and_nothing_is_recorded(tmp_path: Path) -> None:
    store = Store(tmp_path / "c.sqlite3")

    def fill() -> None:
        with store.writing() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            for number in range(1000):
                connection.execute(insert(tokens).values(row(f"{number}" * 200)))

    with pytest.raises(StoreUnavailableError, match="full"):
        fill()
    assert names(store) == []
    store.close()


def test_only_the_owner_can_read_the_database_wherever_it_lies(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    store = Store(tmp_path / "c.sqlite3")
    with store.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
        found = list(tmp_path.iterdir())
        assert len(found) == 3
        assert all(path.stat().st_mode & 0o077 == 0 for path in found)
    store.close()


def test_a_file_from_before_there_were_publications_gets_room_for_them(tmp_path: Path) -> None:
    store = Store(tmp_path / "c.sqlite3")
    with store.writing() as connection:
        for table in (publications, publication_steps, boards):
            table.drop(connection)
        connection.execute(insert(tokens).values(row("ana")))
        connection.exec_driver_sql("PRAGMA user_version = 7")
    store.close()
    store = Store(tmp_path / "c.sqlite3")
    with store.reading() as connection:
        for table in (publications, publication_steps, boards):
            assert connection.execute(select(table)).all() == []
        assert connection.execute(select(tokens.c.scopes)).scalar_one() == "read ask"
    store.close()


def test_of_charters_from_before_it_was_kept_nobody_knows_who_proposed_them(tmp_path: Path) -> None:
    store = Store(tmp_path / "c.sqlite3")
    with store.writing() as connection:
        connection.exec_driver_sql(
            "INSERT INTO charters (digest, version, document, proposal, cards, proposed) "
            "VALUES (x'01', 1, x'02', x'03', x'04', 5)"
        )
        connection.exec_driver_sql("ALTER TABLE charters DROP COLUMN proposed_by")
        connection.exec_driver_sql("PRAGMA user_version = 9")
    store.close()
    store = Store(tmp_path / "c.sqlite3")
    with store.reading() as connection:
        assert connection.execute(select(charters.c.proposed_by)).scalar_one() is None
    store.close()
