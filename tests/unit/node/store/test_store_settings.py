"""store.toml: what it may say, and what it says to do otherwise."""

import sys
from pathlib import Path

import pytest

from corridor.errors.store import EngineMissingError, StoreSettingsError
from corridor.node.store.places import open_elsewhere
from corridor.node.store.settings import (
    Engine,
    PostgresqlSettings,
    SparkSettings,
    StoreSettings,
    read_store_settings,
)

HERE = 'url = "postgresql://corridor@localhost/cases"\nschema = "corridor"\n'


def said(home: Path, text: str) -> StoreSettings:
    (home / "store.toml").write_text(text)
    return read_store_settings(home)


def test_without_the_file_everything_lies_in_the_home(tmp_path: Path) -> None:
    assert read_store_settings(tmp_path).engine is Engine.DUCKDB


def test_it_says_where_the_next_edition_goes_and_how_to_come_there(tmp_path: Path) -> None:
    text = f'engine = "postgresql"\n[postgresql]\n{HERE}'
    text += '[spark]\nmaster = "local[2]"\nfolder = "/srv/spark"\n'
    assert said(tmp_path, text) == StoreSettings(
        Engine.POSTGRESQL,
        PostgresqlSettings("postgresql://corridor@localhost/cases", "corridor"),
        SparkSettings("local[2]", "/srv/spark"),
    )


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.0.0.1:5433",
        "[::1]",
        "db.example/cases?sslmode=verify-full",
        "/cases?host=/run/postgresql",
    ],
)
def test_this_machine_and_a_verified_server_may_hold_case_data(host: str) -> None:
    PostgresqlSettings(f"postgresql://corridor@{host}", "corridor")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("engine =", "Invalid"),
        ('engine = "oracle"', "one of duckdb, postgresql, spark"),
        ('motor = "duckdb"', 'unknown key "motor"'),
        ('engine = "postgresql"', r"no section \[postgresql\]"),
        ('engine = "spark"', r"no section \[spark\]"),
        ("postgresql = 3", r"\[postgresql\]"),
        ('[postgresql]\nurl = "postgresql://localhost/x"', '"postgresql.schema" is missing'),
        (f"[postgresql]\n{HERE}port = 3", 'unknown key "postgresql.port"'),
        ('[spark]\nmaster = ""\nfolder = "/srv"', '"spark.master" is empty'),
        ('[spark]\nmaster = "local"\nfolder = "srv"', "a whole path"),
    ],
)
def test_whatever_else_it_says_is_refused_with_what_is_wrong(
    tmp_path: Path, text: str, what: str
) -> None:
    with pytest.raises(StoreSettingsError, match=what):
        said(tmp_path, text)


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("mysql://localhost/cases", "does not begin with postgresql"),
        ("postgresql://corridor:secret@localhost/cases", "has a password in it"),
        ("postgresql://localhost/cases?password=secret", "has a password in it"),
        ("postgresql://db.example/cases", "verify-full"),
        ("postgresql://db.example/cases?sslmode=require", "verify-full"),
        ("postgresql://localhost,db.example/cases", "verify-full"),
        ("postgresql://localhost/cases?hostaddr=192.0.2.1", "verify-full"),
        ("postgresql://localhost/cases?host=192.0.2.1", "verify-full"),
        ("postgresql:///cases", "must name the host"),
        ("postgresql://localhost/cases?service=elsewhere", "must name the host"),
    ],
)
def test_a37_no_password_stands_there_and_no_unverified_server_is_given_case_data(
    url: str, what: str
) -> None:
    with pytest.raises(StoreSettingsError, match=what) as refused:
        PostgresqlSettings(url, "corridor")
    assert "secret" not in str(refused.value)


def test_a_schema_is_a_plain_name() -> None:
    with pytest.raises(StoreSettingsError, match="plain name"):
        PostgresqlSettings("postgresql://localhost/cases", 'a"; DROP SCHEMA public')


@pytest.mark.parametrize("library", ["ibis", "psycopg"])
def test_without_the_libraries_it_says_what_to_install(
    library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = said(tmp_path, f"[postgresql]\n{HERE}")
    for module in ("elsewhere", "postgresql"):
        monkeypatch.delitem(sys.modules, f"corridor.node.store.{module}", raising=False)
    monkeypatch.setitem(sys.modules, library, None)  # as where it is not installed
    with pytest.raises(EngineMissingError, match=r"install corridor\[postgresql\]"):
        open_elsewhere(settings, Engine.POSTGRESQL)
