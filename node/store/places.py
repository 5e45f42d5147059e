"""Opens the engine in which an edition lies: its libraries are loaded at the first need of them.

A node that keeps its data in its home needs none of them, and has none unless it asked for
`corridor[postgresql]` or `corridor[spark]`.
"""

# ruff: noqa: PLC0415 - see above

from typing import TYPE_CHECKING

from corridor.errors.store import EngineMissingError
from corridor.node.store.settings import Engine, StoreSettings

if TYPE_CHECKING:
    from corridor.node.store.elsewhere import Elsewhere


def open_elsewhere(settings: StoreSettings, engine: Engine) -> "Elsewhere":
    """The editions in an engine that is not this node's home; nothing is connected yet.

    Raises:
        StoreSettingsError: store.toml does not say how to come there.
        EngineMissingError: its libraries are not installed.
    """
    settings.demand(engine)
    try:
        from corridor.node.store.elsewhere import Elsewhere

        if engine is Engine.POSTGRESQL and settings.postgresql is not None:
            from corridor.node.store.postgresql import PostgresqlPlace

            return Elsewhere(PostgresqlPlace(settings.postgresql))
        if engine is Engine.SPARK and settings.spark is not None:
            from corridor.node.store.spark import SparkPlace

            return Elsewhere(SparkPlace(settings.spark))
    except ImportError as error:
        raise EngineMissingError(engine) from error
    raise ValueError(f"{engine} is no engine outside of the home")
