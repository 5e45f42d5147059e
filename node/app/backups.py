"""`corridor node backup`, `check` and `restore`.

A backup that was never opened is a hope: `check` restores it into a folder for the time that it
takes, verifies ledger and journal entry by entry, decrypts every table of the edition, and says how
far the running node has come since. A restored node has spent what the members say it has: before
a quorum of them confirmed its ledger, it takes part in nothing (`node.witness_desk`). What people
approved before is ended and every account locked: a denial, or a lock, of since is not known here.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from corridor import __version__
from corridor.errors import CorridorError, DamagedError
from corridor.errors.backup import (
    BackupTargetError,
    HomeNotEmptyError,
    MalformedBackupError,
    OtherCountryBackupError,
)
from corridor.errors.cli import UnreadableFileError
from corridor.errors.files import DiskError
from corridor.errors.ledger import BrokenChainError
from corridor.files import flush_folder, make_private_folder, write_pieces_atomically
from corridor.node import backup as backups
from corridor.node.app.checking import keep_look
from corridor.node.app.keeping import Sealing, lock_for
from corridor.node.app.people import people_desk
from corridor.node.app.shielding import shield_process
from corridor.node.app.world import (
    World,
    backup_sources,
    charter_desk,
    hold_to_journal,
    journal_of,
    ledger_of,
    read_policy,
)
from corridor.node.approvals import ApprovalBook
from corridor.node.chain_store import ChainStore
from corridor.node.checkups import WHOLE_NODE, CheckBook, Looked
from corridor.node.home import Home, demand_in_service, read_settings
from corridor.node.journal import CHAIN as JOURNAL
from corridor.node.keys import read_keys, read_next_keys
from corridor.node.ledger import Ledger
from corridor.node.schema import TABLES
from corridor.node.store import EditionStore, vault
from corridor.node.store.locks import Lock, Sources, derive_key
from corridor.node.tree_book import TreeBook
from corridor.node.views import Finding
from corridor.node.witness_book import WitnessBook
from corridor.protocols.chains import BEGINNING
from corridor.protocols.witnesses import LEDGER
from corridor.transport.suites import ed25519_verify


@dataclass(frozen=True, slots=True)
class BackupView:
    """What a backup holds, or what a check found. `lines` are for people."""

    lines: list[str]
    document: dict[str, Any] = field(default_factory=dict)


def back_up(world: World, out: Path, how: Sealing, *, with_data: bool) -> BackupView:
    """Write everything in the home into one sealed file, while `serve` goes on.

    Raises:
        BackupTargetError: there is a file already, or it would lie in the home itself.
        StoreBusyError: an import is running.
        CorridorError: something of the home cannot be read. Nothing was written.
    """
    shield_process()
    home = Home(world.home)
    demand_in_service(home)
    settings, keys = read_settings(home), read_keys(home)
    if out.exists():
        raise BackupTargetError(str(out), "is there already")
    if out.absolute().parent.resolve().is_relative_to(world.home.resolve()):
        raise BackupTargetError(str(out), "lies in the folder that is backed up")
    if not out.absolute().parent.is_dir():
        raise BackupTargetError(str(out), "the folder is not there")
    sources = backup_sources()
    lock, secret = lock_for(world, how, sources, "the backup")
    key = derive_key(lock, secret)
    store = EditionStore(world.home, world.random_bytes, world.clock)
    with store.standing_still(), _folder_for_a_while(world, world.home) as staging:
        with journal_of(world, home, keys), _ledger(world):
            pass  # there are both now, also where nothing was asked yet
        files = backups.stage(world.home, staging, with_data=with_data)
        if not with_data:
            (staging / "editions" / "state").write_bytes(store.state_without_data())
        current = store.current() if with_data else None
        manifest = backups.Manifest(
            country=settings.country,
            at=world.clock().astimezone(UTC).isoformat(timespec="seconds"),
            version=__version__,
            with_data=current is not None,
            is_sealed=vault.lock_of(world.home) is not None,
            edition=None if current is None else current.id,
            **_heads(world, staging),
            files=backups.listed(files),
        )
        pieces = backups.packed(
            manifest,
            vault.all_secrets(world.home),
            files,
            lock=lock,
            key=key,
            random_bytes=world.random_bytes,
        )
        write_pieces_atomically(out, pieces)
    with journal_of(world, home, keys) as journal:
        journal.backed_up(manifest.edition, left_out=not with_data)
    from_where = sources.passphrase_from if how.kind == "passphrase" else ""
    return _view(manifest, out, [], lock, from_where)


def check(world: World | None, file: Path | None, folder: Path, scratch: World) -> BackupView:
    """Exercise a backup, or the home itself where no file is named.

    Args:
        world: of the running node, to compare with; None where there is none.
        file: the backup.
        folder: in which it is unpacked for the time that the check takes.
        scratch: clock and randomness for that.

    Raises:
        CorridorError: it does not open, or is not as it was written.
    """
    shield_process()
    if file is None:
        assert world is not None  # noqa: S101  # the command sees to that
        return BackupView(_whole_node(world), {"home": str(world.home)})
    with _recorded(world) as exercise:
        opened = _open(file)
        written_at = datetime.fromisoformat(opened.manifest.at)
        exercise.backup_at = opened.manifest.at
        with _folder_for_a_while(scratch, folder) as unpacked:
            restored = World(home=unpacked, clock=scratch.clock, random_bytes=scratch.random_bytes)
            _fill(restored, opened, is_sealed=True)
            lines = _verified(restored)
            exercise.opens = True
            if world is not None:
                lines += _compared(world, restored, file)
                exercise.is_ours = True
        if any(line.startswith("!!") for line in lines):
            exercise.code = BrokenChainError.code
    age = scratch.clock() - written_at
    lines.append(f"it is {age.days} days and {age.seconds // 3600} hours old")
    return _view(opened.manifest, file, lines, opened.lock)


@dataclass(slots=True)
class _Exercise:
    """How far an exercise came.

    Attributes:
        backup_at: of when the backup is; empty where it was not opened.
        opens: everything in it opens, and is as it was written.
        is_ours: it is a backup of the node that it was compared with.
        code: why it must not be restored all the same.
    """

    backup_at: str = ""
    opens: bool = False
    is_ours: bool = False
    code: str = ""


@contextmanager
def _recorded(world: World | None) -> Iterator[_Exercise]:
    """Say in the journal of `world` what became of the exercise, if that tells of its backups.

    Another node's backup, or a mistyped passphrase, tells nothing, and neither does what is wrong
    with the running node.
    """
    exercise = _Exercise()
    try:
        yield exercise
    except DamagedError as error:
        if world is not None and not exercise.opens:
            with contextlib.suppress(CorridorError):  # what is wrong with the backup is told first
                _record(world, exercise.backup_at, error.code)
        raise
    if world is not None and exercise.is_ours:
        _record(world, exercise.backup_at, exercise.code)


def _record(world: World, backup_at: str, code: str) -> None:
    home = Home(world.home)
    with journal_of(world, home, read_keys(home)) as journal:
        journal.backup_checked(backup_at, code)


def _whole_node(world: World) -> list[str]:
    """Look through the node itself, and remember what was found."""
    book, began = CheckBook(Home(world.home).checks), world.clock()

    def keep(ok: bool, told: str) -> None:
        took = (world.clock() - began).total_seconds()
        keep_look(book, Looked(Finding(ok, WHOLE_NODE, told), world.clock(), took))

    try:
        lines = _verified(world)
    except CorridorError as error:
        keep(False, f"{error} [{error.code}]")
        raise
    keep(True, lines[-1])
    return lines


def restore(world: World, file: Path) -> BackupView:
    """Make a home in `world.home`, which is empty or not there: whole, or not at all.

    The keys are sealed with what opened the backup, if they were sealed at home.

    Raises:
        HomeNotEmptyError: there is something in it.
        CorridorError: the backup does not open, or is not as it was written. Nothing was restored.
    """
    shield_process()
    target = world.home.absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise HomeNotEmptyError(str(target))
    opened = _open(file)
    make_private_folder(target.parent)
    with _folder_for_a_while(world, target.parent) as unpacked:
        restored = World(home=unpacked, clock=world.clock, random_bytes=world.random_bytes)
        _fill(restored, opened, is_sealed=opened.manifest.is_sealed)
        lines = _verified(restored)
        home = Home(unpacked)
        with journal_of(restored, home, read_keys(home)) as journal:
            journal.restored(opened.manifest.at)
        lines += _distrusted(restored)
        flush_folder(unpacked)
        try:
            unpacked.rename(target)
        except OSError as error:
            raise DiskError(str(target), error.strerror or "cannot be made") from error
        flush_folder(target.parent)
    vault.forget(target)
    return _view(opened.manifest, file, lines, opened.lock)


def _distrusted(world: World) -> list[str]:
    """End what people said and could do at the time of the backup; what they said since is lost.

    Else a question that was denied since would be approved again, and an account that was locked
    since, or a recovery code that was used, would open the console.
    """
    home, lines = Home(world.home), []
    if home.approvals.exists():
        with ApprovalBook(home.approvals) as book:
            book.end_all()
        lines.append("questions that waited or were approved: ended; people are asked again")
    if home.people.exists():
        with people_desk(world) as people:
            count = len(people.lock_all())
        lines.append(
            f"accounts: {count}, all locked; `corridor node people list`, then `corridor node "
            "people unlock NAME` for whoever may come in, or `people reset NAME`"
        )
    return lines


def _open(file: Path) -> backups.Opened:
    try:
        return backups.open_backup(file, backup_sources())
    except OSError as error:
        raise UnreadableFileError(str(file), error.strerror or "cannot be read") from error


def _fill(world: World, opened: backups.Opened, *, is_sealed: bool) -> None:
    """Unpack a backup into the folder; its keys are files, or sealed with what opened it."""
    vault.unlock_with(world.home, Sources(), world.random_bytes)
    make_private_folder(world.home / "keys")
    if not set(opened.secrets) <= set(vault.PLACES):
        raise MalformedBackupError(opened.rest.name, "has secrets that this version does not know")
    if is_sealed:
        vault.seal_these(world.home, opened.lock, opened.key, opened.secrets)
    else:
        for name, secret in opened.secrets.items():
            vault.keep_secret(world.home, name, secret)
    backups.unpack(opened, world.home)


def _verified(world: World) -> list[str]:
    """Open everything that a node needs, and read all of it."""
    home = Home(world.home)
    keys = read_keys(home)
    with _ledger(world) as ledger, journal_of(world, home, keys) as journal:
        hold_to_journal(ledger, journal)
        entries, spent = ledger.statement().sequence, ledger.balance().spent
        lines = [
            f"ledger: {entries} entries, each signed, in their order; ρ = {spent} spent",
            f"journal: {journal.head[0]} entries, each signed, in their order",
        ]
    with WitnessBook(home.witness, ed25519_verify), TreeBook(home.tree):
        lines.append("what was witnessed and cosigned: opens")
    if home.is_retired:
        return [*lines, "case data: erased, the node has retired"]
    store = EditionStore(world.home, world.random_bytes, world.clock)
    current = store.current()
    if current is None:
        return [*lines, "case data: none"]
    for name in TABLES:
        for _ in store.pieces(current.id, name, TABLES[name].names):
            pass
    for _ in store.held(current.id).pieces("links"):
        pass
    return [*lines, f"case data: every table of edition {current.id} decrypts"]


def _compared(world: World, restored: World, file: Path) -> list[str]:
    """How far the running node has come since."""
    here, there = Home(world.home), Home(restored.home)
    keys, kept = read_keys(here), read_keys(there)
    following = read_next_keys(there)
    has_them = following is not None and following.signing_public == keys.signing_public
    is_former = kept.signing_public in keys.former
    if kept.signing_public != keys.signing_public and not is_former:
        raise OtherCountryBackupError(str(file))
    with _ledger(world) as now, _ledger(restored) as then:
        lines = [_since("ledger", list(now.entries()), list(then.entries()))]
    with (
        journal_of(world, here, keys) as now_journal,
        journal_of(restored, there, kept) as then_journal,
    ):
        lines.append(_since("journal", list(now_journal.entries()), list(then_journal.entries())))
    if is_former and not has_them:
        lines.append(
            "!! keys: it has those of before a rotation, which the charter lists no more. It can "
            "bring back case data, and not the member: make a new backup, and destroy this one"
        )
    current = EditionStore(world.home, world.random_bytes, world.clock).current()
    held = EditionStore(restored.home, world.random_bytes, world.clock).current()
    if held is not None:
        is_same = current is not None and current.id == held.id
        lines.append(
            "case data: the running node has the same edition"
            if is_same
            else "case data: the running node has another edition; import again after a restore"
        )
    return lines


def _since(what: str, now: list[Any], then: list[Any]) -> str:
    # By digest: after a rotation the same entries have another signature.
    if [one.digest for one in now[: len(then)]] != [one.digest for one in then]:
        return f"!! {what}: the running node's is not the backup's continued; see ledger.md"
    return f"{what}: the running node has made {len(now) - len(then)} entries since"


def _ledger(world: World) -> Ledger:
    home = Home(world.home)
    charter = charter_desk(home).accepted() if home.enrolment.exists() else None
    return ledger_of(world, read_policy(home), charter)


def _heads(world: World, staging: Path) -> dict[str, tuple[int, str]]:
    """How long the copies of ledger and journal are, and their heads."""
    home = Home(world.home)
    keys = read_keys(home)
    found = {}
    for path, chain in ((home.ledger, LEDGER), (home.journal, JOURNAL)):
        with ChainStore(
            staging / path.name,
            chain,
            sign=keys.sign,
            key=keys.signing_public,
            verify=ed25519_verify,
            former=keys.former,
        ) as store:
            last = store.last()
        found[chain] = (0, BEGINNING.hex()) if last is None else (last.number, last.digest.hex())
    return found


@contextmanager
def _folder_for_a_while(world: World, beside: Path) -> Iterator[Path]:
    """A hidden folder in `beside`, gone afterwards; what a kill left of an older one goes, too."""
    for left in beside.glob(f"{backups.STAGING}*"):
        with _locked(left) as is_left:
            if is_left:
                shutil.rmtree(left, ignore_errors=True)
    folder = make_private_folder(beside / f"{backups.STAGING}{world.random_bytes(8).hex()}")
    try:
        with _locked(folder):
            yield folder
    finally:
        vault.forget(folder)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold a folder's lock, which ends with the process; False where somebody else holds it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _view(
    manifest: backups.Manifest, file: Path, lines: list[str], lock: Lock, from_where: str = ""
) -> BackupView:
    what = f"edition {manifest.edition}" if manifest.edition else "no case data"
    size = file.stat().st_size / 1e6
    first = (
        f"{manifest.country}, {manifest.at}: {len(manifest.files)} files with {what}, "
        f"{manifest.ledger[0]} entries of the ledger, {manifest.journal[0]} of the journal; "
        f"{size:.1f} MB"
    )
    sealed = f"sealed with {lock.text}" + (f", {from_where}" if from_where else "")
    return BackupView(
        [first, sealed, *lines],
        {
            "file": str(file),
            "country": manifest.country,
            "at": manifest.at,
            "with_data": manifest.with_data,
            "edition": manifest.edition,
            "sealed_with": lock.text,
            "ledger": {"entries": manifest.ledger[0], "head": manifest.ledger[1]},
            "journal": {"entries": manifest.journal[0], "head": manifest.journal[1]},
            "findings": lines,
        },
    )
