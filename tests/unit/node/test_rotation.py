"""Keys of the card are rotated: whenever it is killed, one pair of keys counts, and it is whole."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from corridor.cli.main import main
from corridor.errors.keeping import RotationBusyError, RotationSignedError
from corridor.errors.node import DamagedKeyError, NotMyKeyError
from corridor.files import write_atomically
from corridor.ids import PublicKey
from corridor.node import app, rotation
from corridor.node.app.rotating import settle_rotation
from corridor.node.app.world import charter_desk, journal_of
from corridor.node.home import Enrolment, Home, read_settings, write_enrolment
from corridor.node.journal import Journal
from corridor.node.keys import NodeKeys, read_keys, read_next_keys
from corridor.node.store import vault
from corridor.protocols.cards import Card, fingerprint
from corridor.protocols.charter import Charter, SignedCharter, proposal_to_sign
from corridor.protocols.successions import verify_successions
from corridor.transport.suites import ed25519_verify
from support import rotating
from support.charters import COORDINATOR
from support.killing import killed_at_every_flush
from support.rotating import MD, first_charter, next_charter, signed_by_all

ENVIRONMENT = {"PYTHONPATH": str(Path(__file__).parents[2])}
NAMES = ("signing.next", "encryption.next", "rotation.json", ".signing.before")


@pytest.fixture(params=["files", "vault"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """An enrolled node with a journal and a charter in force."""
    folder = tmp_path / "node"
    assert main(["node", "init", "--country", "MD", "--json", "--home", str(folder)]) == 0
    if request.param == "vault":
        words = ["node", "seal", "--with", "key-file", str(tmp_path / "key"), "--json"]
        assert main([*words, "--home", str(folder)]) == 0
    found = Home(folder)
    write_enrolment(
        found,
        Enrolment(
            region="Test region",
            grpc="127.0.0.1:1",
            web="https://127.0.0.1:1",
            coordinator_key=PublicKey(COORDINATOR.public),
            authority="00",
        ),
    )
    write_atomically(found.charter, signed_by_all(found, first_charter(found)).encode())
    with journal(found) as book:
        book.started("1")
    return found


def journal(home: Home) -> Journal:
    return journal_of(app.real_world(home.folder), home, read_keys(home))


def begin(home: Home) -> NodeKeys:
    rotating.main(["begin", str(home.folder)])
    found = read_next_keys(home)
    assert found is not None
    return found


def offered(home: Home) -> None:
    """The node has signed the charter that lists its next keys."""
    signed = signed_by_all(home, next_charter(home, first_charter(home)))
    write_atomically(home.charter_accepted, signed.encode())


def killed(home: Home, folder: Path, step: str) -> tuple[list[Home], Home]:
    left, last = killed_at_every_flush(
        home.folder,
        folder,
        [step, "{folder}/home"],
        ENVIRONMENT,
        90,
        module="support.rotating",
    )
    return [Home(one / "home") for one in left], Home(last / "home")


def rotated_to(homes: Sequence[Home]) -> list[int]:
    counts = []
    for one in homes:
        with journal(one) as book:
            counts.append([row.kind for row in book.rows()].count("rotated"))
    return counts


def swept(home: Home) -> bool:
    """Whether nothing of the old signing key or of a rotation under way is left."""
    names = {path.name for path in home.keys.iterdir()}
    return names.isdisjoint(NAMES) and not any(n.endswith(".erased") for n in names)


def test_until_a_charter_lists_them_the_keys_that_wait_do_not_count(home: Home) -> None:
    before = read_keys(home)
    following = begin(home)
    assert read_keys(home) == before
    assert begin(home) == following  # drawn once
    assert following.signing != before.signing
    (word,) = following.successions
    assert word.former == before.signing_public
    verify_successions("Test region", MD, (word,), following.signing_public, ed25519_verify)
    charter_desk(home).in_force()


def test_from_the_charter_on_the_new_keys_count_and_the_old_signing_key_is_nowhere(
    home: Home,
) -> None:
    before, following = read_keys(home), begin(home)
    offered(home)
    rotating.main(["confirm", str(home.folder)])
    now = read_keys(home)
    assert (now.signing, now.opening) == (
        following.signing,
        (following.encryption, before.encryption),
    )
    assert now.former == (before.signing_public,)
    assert read_next_keys(home) is None
    assert swept(home)
    vault.forget(home.folder)
    assert before.signing not in vault.all_secrets(home.folder).values()
    files = [path for path in home.folder.rglob("*") if path.is_file()]
    assert not [path for path in files if before.signing in path.read_bytes()]
    charter_desk(home).in_force()
    with journal(home) as book:
        last = list(book.rows())[-1]
    assert (last.kind, last.details["key"]) == ("rotated", now.signing_public.hex())


def test_a_second_rotation_goes_on_from_the_first(home: Home) -> None:
    first = read_keys(home)
    begin(home)
    offered(home)
    rotating.main(["confirm", str(home.folder)])
    second = read_keys(home)
    charter = charter_desk(home).in_force()
    assert charter is not None
    assert app.card(app.real_world(home.folder)).following is None
    following = rotation.begin(home, read_settings(home), charter.charter, os.urandom)
    assert following.former == (first.signing_public, second.signing_public)
    signed = signed_by_all(home, next_charter(home, charter.charter))
    write_atomically(home.charter_accepted, signed.encode())
    rotating.main(["confirm", str(home.folder)])
    assert read_keys(home).opening == (
        following.encryption,
        second.encryption,
        first.encryption,
    )
    charter_desk(home).in_force()
    with journal(home) as book:
        assert [row.kind for row in book.rows()].count("rotated") == 2


def test_keys_that_are_given_up_are_gone_and_others_can_be_drawn(home: Home) -> None:
    before, following = read_keys(home), begin(home)
    assert rotation.abandon(home)
    assert read_keys(home) == before
    assert swept(home)
    assert begin(home).signing != following.signing
    assert (rotation.abandon(home), rotation.abandon(home)) == (True, False)


def proposed(charter: Charter) -> SignedCharter:
    return SignedCharter(charter, COORDINATOR.sign(proposal_to_sign(charter)), ())


def test_keys_that_a_signed_charter_lists_are_given_up_once_a_later_one_is_in_force(
    home: Home,
) -> None:
    first, present = first_charter(home), read_keys(home)
    following = begin(home)
    trusted = {m.country: fingerprint(Card.of(m)) for m in first.members}
    second = next_charter(home, first)
    charter_desk(home).accept(proposed(second), trusted, following.sign)
    with pytest.raises(RotationSignedError):
        rotation.abandon(home)
    # Another charter is signed since, with the keys of now; the second may still come into force.
    third = replace(second, version=3, previous=second.digest, members=first.members)
    charter_desk(home).accept(proposed(third), trusted, present.sign)
    with pytest.raises(RotationSignedError):
        rotation.abandon(home)
    assert read_next_keys(home) == following
    charter_desk(home).check_offer(proposed(replace(second, version=4, previous=third.digest)))
    charter_desk(home).confirm(signed_by_all(home, third).encode())
    assert rotation.abandon(home)
    assert read_keys(home) == present
    assert swept(home)


def test_while_a_charter_is_signed_no_keys_are_given_up(home: Home) -> None:
    begin(home)
    with rotation.rotating_alone(home), pytest.raises(RotationBusyError):
        rotation.abandon(home)


def test_a_charter_with_either_keys_is_signed_and_one_without_this_nodes_past_is_not(
    home: Home,
) -> None:
    begin(home)
    desk, first = charter_desk(home), first_charter(home)
    trusted = {m.country: fingerprint(Card.of(m)) for m in first.members}
    later = signed_by_all(home, next_charter(home, first))
    desk.check_offer(later)
    member = later.charter.member(MD)
    bare = replace(member, successions=())
    stripped = replace(later.charter, members=(bare, *later.charter.members[1:]))
    with pytest.raises(NotMyKeyError):
        desk.check_offer(signed_by_all(home, stripped))
    following = read_next_keys(home)
    assert following is not None
    desk.accept(later, trusted, following.sign)
    assert desk.accepted() == later.charter


def test_keys_that_wait_and_are_damaged_stop_nothing_and_can_be_given_up(home: Home) -> None:
    before = read_keys(home)
    begin(home)
    vault.drop_secret(home.folder, "signing.next")
    with pytest.raises(DamagedKeyError):
        begin(home)  # it is told, and nothing is drawn in their place
    assert read_keys(home) == before
    charter_desk(home).in_force()
    with journal(home) as book:
        settle_rotation(home, read_keys(home), book)  # what `serve` does first
    assert rotation.abandon(home)
    assert swept(home)
    assert begin(home).former == (before.signing_public,)


@pytest.mark.slow
def test_killed_at_any_flush_while_keys_are_drawn_the_old_ones_count_and_it_is_taken_up_again(
    home: Home, tmp_path: Path
) -> None:
    before = read_keys(home)
    left, last = killed(home, tmp_path / "killed", "begin")
    for one in [*left, last]:
        assert read_keys(one) == before
        waiting = read_next_keys(one)
        following = begin(one)
        assert waiting in {None, following}
        charter_desk(one).in_force()


@pytest.mark.slow
def test_killed_at_any_flush_while_the_new_keys_take_over_either_pair_counts_and_is_whole(
    home: Home, tmp_path: Path
) -> None:
    before, following = read_keys(home), begin(home)
    offered(home)
    left, last = killed(home, tmp_path / "killed", "confirm")
    counts = []
    for one in [*left, last]:
        keys = read_keys(one)
        counts.append(keys.signing == following.signing)
        if not counts[-1]:
            assert keys == before
        charter_desk(one).in_force()
        with journal(one):  # opens under whichever keys count
            pass
        rotating.main(["confirm", str(one.folder)])  # taken up again
        now = read_keys(one)
        assert (now.signing, now.former) == (following.signing, (before.signing_public,))
        assert now.opening == (following.encryption, before.encryption)
        assert swept(one)
    assert counts == sorted(counts)  # the old pair until one step, then the new one
    assert set(counts) == {False, True}
    assert set(rotated_to([*left, last])) == {1}


@pytest.mark.slow
def test_killed_at_any_flush_while_keys_are_given_up_the_old_ones_count(
    home: Home, tmp_path: Path
) -> None:
    before = read_keys(home)
    begin(home)
    left, last = killed(home, tmp_path / "killed", "abandon")
    for one in [*left, last]:
        app.real_world(one.folder)
        assert read_keys(one) == before
        rotation.abandon(one)
        assert swept(one)
        charter_desk(one).in_force()


def test_a_backup_of_before_says_so_and_one_of_after_restores_the_member(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opens = tmp_path / "backup.key"

    def run(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        assert main(["node", *words, "--home", str(home.folder)]) == code, capsys.readouterr()
        return capsys.readouterr().out

    def back_up(name: str) -> str:
        file = str(tmp_path / name)
        run("backup", "--out", file, "--with", "key-file", str(opens))
        return file

    monkeypatch.setenv("CORRIDOR_COLUMNS", "200")
    old = back_up("old")
    before = read_keys(home)
    begin(home)
    between = back_up("between")
    offered(home)
    rotating.main(["confirm", str(home.folder)])
    new, keys = back_up("new"), read_keys(home)
    assert "which the charter lists no more" in " ".join(run("check", old, code=1).split())
    for kept in (between, new):
        run("check", kept)
    restored = Home(tmp_path / "restored")
    words = ["node", "restore", new, "--json", "--home", str(restored.folder)]
    assert main(words) == 0
    assert read_keys(restored) == keys
    charter_desk(restored).in_force()
    assert before.signing != keys.signing


def test_a_home_that_was_copied_before_the_rotation_is_no_member_any_more(
    home: Home, tmp_path: Path
) -> None:
    shutil.copytree(home.folder, tmp_path / "backup")
    vault.forget(tmp_path / "backup")
    begin(home)
    offered(home)
    rotating.main(["confirm", str(home.folder)])
    old = Home(tmp_path / "backup")
    app.real_world(old.folder)
    signed = charter_desk(home).in_force()
    assert signed is not None
    with pytest.raises(NotMyKeyError) as refusal:
        charter_desk(old).check_offer(signed)
    assert "rotated" in str(refusal.value)
