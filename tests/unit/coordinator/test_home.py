"""The coordinator's folder and its settings."""

from pathlib import Path

import pytest

from corridor.coordinator.home import Deadlines, Home, Settings, create_home, read_settings
from corridor.errors.region import (
    AlreadyServingError,
    HomeInUseError,
    NoHomeError,
    SettingsError,
)


def test_settings_come_back_as_they_were_written(tmp_path: Path) -> None:
    settings = Settings(
        name="Danube „region”",
        listen="0.0.0.0:7443",
        web="[::1]:80",
        hosts=("coordinator.example",),
        plain_http=True,
        deadlines=Deadlines(propose=0.5),
    )
    home = Home(tmp_path / "home")
    create_home(home, settings)
    assert read_settings(home) == settings


def test_a_home_is_made_once(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    create_home(home, Settings(name="A"))
    with pytest.raises(HomeInUseError):
        create_home(home, Settings(name="B"))
    assert read_settings(home).name == "A"


def test_only_the_owner_may_look_into_a_home(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    create_home(home, Settings(name="A"))
    for folder in (home.folder, home.keys, home.spool, home.receipts):
        assert folder.stat().st_mode & 0o077 == 0
    assert home.settings.stat().st_mode & 0o077 == 0


def test_a_folder_without_a_coordinator_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(NoHomeError, match="coordinator init"):
        read_settings(Home(tmp_path))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('name = "A"\nlistne = "x"', "listne"),
        ("name = 3", "name"),
        ('listen = "127.0.0.1:1"', "name"),
        ('name = "A"\nlisten = "nowhere"', "listen"),
        ('name = "A"\nweb = "h:99999"', "web"),
        ('name = "A"\nhosts = "x"', "hosts"),
        ('name = "A"\ndeadlines = 3', "deadlines"),
        ('name = "A"\n[deadlines]\nshare = "long"', "deadlines.share"),
        ('name = "A"\n[deadlines]\nshare = true', "deadlines.share"),
        ('name = "A"\n[deadlines]\nshare = 0', "deadlines.share"),
        ('name = "A"\n[deadlines]\nlunch = 3', "deadlines.lunch"),
        ('name = "A"\nweb = "0.0.0.0:80"\nplain_http = true', "plain_http"),
        ("name = \nx = 1", "line 1"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path, text: str, named: str) -> None:
    home = Home(tmp_path)
    home.settings.write_text(text)
    with pytest.raises(SettingsError, match=named):
        read_settings(home)


def test_one_process_serves_a_home(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert not home.is_served()
    with home.serving():
        assert home.is_served()
        with pytest.raises(AlreadyServingError), home.serving():
            pass
    assert not home.is_served()
