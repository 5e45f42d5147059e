"""store.toml: where the next import writes an edition's tables. Without the file, in the home.

    engine = "postgresql"       # or "duckdb", which is in the home and encrypted, or "spark"

    [postgresql]
    url = "postgresql://corridor@db.example/cases"     # the password: ~/.pgpass or PGPASSWORD
    schema = "corridor"                                # it is there, and may be written

    [spark]
    master = "local[2]"
    folder = "/srv/corridor/spark"                     # a folder that all of Spark sees

An edition is read from where it was written, whatever `engine` says now; so the section of an
engine stays in the file until the next import has moved the data.
"""

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from corridor.errors.store import StoreSettingsError
from corridor.node.database_address import why_no_address

SETTINGS = "store.toml"


class Engine(StrEnum):
    """Where the tables of an edition can lie; the first is the node's own home."""

    DUCKDB = "duckdb"
    POSTGRESQL = "postgresql"
    SPARK = "spark"


@dataclass(frozen=True, slots=True)
class PostgresqlSettings:
    """How to come to the server.

    Attributes:
        url: for libpq, without a password.
        schema: the tables are made in it.
    """

    url: str
    schema: str

    def __post_init__(self) -> None:
        """Refuse a password, and a way to another machine on which the server is not verified."""
        why = why_no_address(self.url)
        if why:
            raise StoreSettingsError(f'"postgresql.url" {why}')
        if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", self.schema):
            raise StoreSettingsError('"postgresql.schema" must be a plain name in small letters')


@dataclass(frozen=True, slots=True)
class SparkSettings:
    """How to come to the cluster.

    Attributes:
        master: as Spark writes it: `local[2]`, `spark://host:7077`, `yarn`.
        folder: each edition has a folder of Parquet files in it.
    """

    master: str
    folder: str

    def __post_init__(self) -> None:
        """Refuse what names no folder."""
        if not self.master:
            raise StoreSettingsError('"spark.master" is empty')
        if not self.folder.startswith("/") and not re.match(r"[a-z0-9]+://", self.folder):
            raise StoreSettingsError('"spark.folder" must be a whole path, or a URL of a folder')


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """What store.toml says.

    Attributes:
        engine: where the next edition is written.
        postgresql, spark: None where the file has no such section.
    """

    engine: Engine = Engine.DUCKDB
    postgresql: PostgresqlSettings | None = None
    spark: SparkSettings | None = None

    def __post_init__(self) -> None:
        """Refuse an engine that one cannot come to."""
        self.demand(self.engine)

    def demand(self, engine: Engine) -> None:
        """Check that the file says how to come to the engine.

        Raises:
            StoreSettingsError: it does not.
        """
        sections = {Engine.POSTGRESQL: self.postgresql, Engine.SPARK: self.spark}
        if engine in sections and sections[engine] is None:
            raise StoreSettingsError(
                f"there is no section [{engine}], and the case data are to be found there"
            )


def read_store_settings(home: Path) -> StoreSettings:
    """What the file in the home says; without one, that everything lies in the home.

    Raises:
        StoreSettingsError: it is not what it must be. Nothing was changed.
    """
    try:
        values = tomllib.loads((home / SETTINGS).read_text("utf-8"))
    except FileNotFoundError:
        return StoreSettings()
    except (OSError, ValueError, RecursionError) as error:
        raise StoreSettingsError(str(error)) from error
    _refuse_unknown(values, {"engine", "postgresql", "spark"}, "")
    try:
        engine = Engine(values.get("engine", Engine.DUCKDB))
    except ValueError:
        raise StoreSettingsError(f'"engine" must be one of {", ".join(Engine)}') from None
    postgresql = _section(values, "postgresql", ("url", "schema"))
    spark = _section(values, "spark", ("master", "folder"))
    return StoreSettings(
        engine,
        None if postgresql is None else PostgresqlSettings(**postgresql),
        None if spark is None else SparkSettings(**spark),
    )


def _section(values: dict[str, Any], name: str, keys: tuple[str, ...]) -> dict[str, str] | None:
    section = values.get(name)
    if section is None:
        return None
    if not isinstance(section, dict):
        raise StoreSettingsError(f'"{name}" must be a section, [{name}]')
    _refuse_unknown(section, set(keys), f"{name}.")
    for key in keys:
        if not isinstance(section.get(key), str):
            raise StoreSettingsError(f'"{name}.{key}" is missing, or is no text')
    return {key: section[key] for key in keys}


def _refuse_unknown(values: dict[str, Any], known: set[str], within: str) -> None:
    unknown = sorted(set(values) - known)
    if unknown:
        raise StoreSettingsError(f'unknown key "{within}{unknown[0]}"')
