"""Where case data may come from or go to: one rule for what is read and what is written."""

import pytest

from corridor.errors.importing import BadDatabaseAddressError
from corridor.errors.store import StoreSettingsError
from corridor.node.importing.postgresql import PostgresTables
from corridor.node.store.settings import PostgresqlSettings


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://reader@db.example/cases",
        "postgresql://reader@db.example/cases?sslmode=require",
        "postgresql://reader@db.example/cases?sslmode=verify-full&sslmode=disable",
        "postgresql://localhost,db.example/cases",
        "postgresql://localhost/cases?hostaddr=192.0.2.1",
        "postgresql://localhost/cases?hostaddr=127.0.0.1,192.0.2.1",
        "postgresql://localhost/cases?host=db.example",
        "postgresql://localhost/cases?service=elsewhere",
        "postgresql:///cases",
        "postgresql://reader:hunter2@localhost/cases",
        "postgresql://localhost/cases?sslpassword=hunter2",
    ],
)
def test_an_unverified_server_is_neither_read_from_nor_written_to(url: str) -> None:
    with pytest.raises(BadDatabaseAddressError) as refusal:
        PostgresTables(url, ["victim"])
    with pytest.raises(StoreSettingsError):
        PostgresqlSettings(url, "corridor")
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://reader@db.example/cases?sslmode=verify-full",
        "postgresql://reader@127.0.0.1:5432/cases",
        "postgresql://reader@[::1]/cases",
        "postgresql:///cases?host=/run/postgresql",
    ],
)
def test_a_verified_server_or_this_machine_is_read_from_and_written_to(url: str) -> None:
    assert PostgresTables(url, ["victim"]).name == "cases"
    assert PostgresqlSettings(url, "corridor").url == url
