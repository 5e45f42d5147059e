"""A node's folder: its names, its small files, its keys, and what becomes of damaged ones."""

import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.errors import CorridorError
from corridor.errors.files import FolderError
from corridor.errors.node import (
    DamagedKeyError,
    HomeExistsError,
    NoHomeError,
    NotEnrolledError,
    SettingsError,
)
from corridor.ids import CountryCode
from corridor.node.home import (
    Enrolment,
    Home,
    NodeSettings,
    create_home,
    read_enrolment,
    read_settings,
    write_enrolment,
)
from corridor.node.keys import make_keys, read_identity, read_keys
from corridor.protocols.cards import parse_card
from support.charters import COORDINATOR

MD = CountryCode("MD")
SETTINGS = NodeSettings(MD, "Ministerul Afacerilor Interne")
ENROLMENT = Enrolment(
    region="Test region",
    grpc="127.0.0.1:1",
    web="https://127.0.0.1:2",
    coordinator_key=COORDINATOR.public,
    authority="00" * 32,
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "MD")
    create_home(made, SETTINGS)
    return made


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_every_printable_name_is_read_as_it_was_written(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = Home(Path(folder) / "MD")
        if name.isprintable():
            create_home(made, NodeSettings(MD, name))
            assert read_settings(made).name == name
        else:
            with pytest.raises(SettingsError, match="nothing was changed"):
                create_home(made, NodeSettings(MD, name))
            assert not made.folder.exists()


def test_a_home_is_made_once(home: Home) -> None:
    with pytest.raises(HomeExistsError):
        create_home(home, NodeSettings(CountryCode("UA"), "Another"))
    assert read_settings(home) == SETTINGS


def test_a_home_where_no_folder_can_be_is_a_coded_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderError):
        create_home(Home(tmp_path / "file" / "MD"), SETTINGS)


def test_only_the_owner_can_look_into_a_home(home: Home) -> None:
    make_keys(home, Random(1).randbytes)
    assert home.folder.stat().st_mode & 0o077 == 0
    for path in (home.settings, *home.keys.iterdir()):
        assert path.stat().st_mode & 0o077 == 0


def test_a_folder_without_a_node_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoHomeError):
        read_settings(Home(tmp_path))


@pytest.mark.parametrize(
    "text",
    [
        "country",
        'country = "Moldova"\nname = "x"',
        'country = "MD"',
        'country = "MD"\nname = ""',
        'country = "MD"\nname = "a\\nb"',
        'country = "MD"\nname = 1',
        'country = "MD"\nname = "x"\npolicy = "none"',
    ],
)
def test_settings_that_are_not_as_written_are_refused(home: Home, text: str) -> None:
    home.settings.write_text(text)
    with pytest.raises(SettingsError, match=r"node\.toml"):
        read_settings(home)


def test_what_was_learnt_at_enrolment_is_read_again(home: Home) -> None:
    with pytest.raises(NotEnrolledError):
        read_enrolment(home)
    write_enrolment(home, ENROLMENT)
    assert read_enrolment(home) == ENROLMENT


@pytest.mark.parametrize("damage", ["", "{}", "[]", '{"coordinator_key": "00"}', "\xff"])
def test_a_damaged_enrolment_is_refused(home: Home, damage: str) -> None:
    write_enrolment(home, ENROLMENT)
    home.enrolment.write_bytes(damage.encode("latin-1"))
    with pytest.raises(SettingsError, match=r"enrolment\.json"):
        read_enrolment(home)


def test_keys_are_read_as_they_were_made(home: Home) -> None:
    made = make_keys(home, Random(1).randbytes)
    assert read_keys(home) == made
    card = made.card(SETTINGS)
    assert parse_card(card.encode()) == card


def test_a37_keys_do_not_show_themselves(home: Home) -> None:
    made = make_keys(home, Random(1).randbytes)
    assert repr(made) == "NodeKeys()"


@pytest.mark.parametrize("name", ["signing.key", "encryption.key"])
@pytest.mark.parametrize("damage", [None, b"", b"\0" * 31, b"\0" * 33])
def test_a_damaged_key_is_named(home: Home, name: str, damage: bytes | None) -> None:
    make_keys(home, Random(1).randbytes)
    if damage is None:
        (home.keys / name).unlink()
    else:
        (home.keys / name).write_bytes(damage)
    with pytest.raises(DamagedKeyError, match=f"keys/{name}"):
        read_keys(home)


def test_without_a_certificate_nothing_can_be_shown(home: Home) -> None:
    make_keys(home, Random(1).randbytes)
    with pytest.raises(CorridorError, match=r"keys/tls\.pem"):
        read_identity(home)
