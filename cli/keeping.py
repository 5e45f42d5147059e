"""How a node keeps what it must not lose: `node seal | backup | restore | retire …`."""

import argparse
import shlex
import tempfile
from pathlib import Path

from corridor.cli.homes import home_of, same_home
from corridor.cli.output import Output
from corridor.cli.words import AddCommand
from corridor.errors import WrongUsageError
from corridor.errors.cli import NoHomeGivenError
from corridor.node import app

KINDS = ("passphrase", "key-file", "credential", "none")
BACKUP_KINDS = ("passphrase", "key-file")
"""A credential may be bound to the machine that the backup is to outlive."""


def add_keeping(command: AddCommand) -> None:
    """Add the commands."""
    seal = command(
        "seal",
        _seal,
        does="seal the private keys and the store's key with a passphrase, a key file or a "
        "credential of systemd, or with something else than before",
        example="seal --with passphrase --home /srv/corridor",
    )
    add_with(
        seal,
        KINDS,
        "CORRIDOR_PASSPHRASE_FILE (where one seals it already, the new one: "
        "CORRIDOR_NEW_PASSPHRASE_FILE)",
    )
    backup = command(
        "backup",
        _backup,
        does="write everything that this node is into one sealed file, while `serve` goes on",
        example="backup --out MD-2026-11-30.backup --with passphrase --home /srv/corridor",
    )
    backup.add_argument("--out", type=Path, required=True, metavar="FILE", help="a new file")
    backup.add_argument(
        "--without-data", action="store_true", help="leave out case data, series, import reports"
    )
    add_with(backup, BACKUP_KINDS, "CORRIDOR_BACKUP_PASSPHRASE_FILE")
    check = command(
        "check",
        _check,
        does="exercise a backup: open it, verify and decrypt everything in it, and compare it with "
        "the running node; without a file, look through the node itself",
        example="check MD-2026-11-30.backup --home /srv/corridor",
    )
    check.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a backup")
    restore = command(
        "restore",
        _restore,
        does="make a new folder of a backup, whole or not at all; the members give it back what "
        "its ledger lacks",
        example="restore MD-2026-11-30.backup --home /srv/corridor",
    )
    restore.add_argument("file", type=Path, metavar="FILE", help="a backup")
    rotate = command(
        "rotate",
        _rotate,
        does="put new keys in the place of old ones: of the case data, or of this node's card",
        example="rotate --store --home /srv/corridor",
    )
    what = rotate.add_mutually_exclusive_group()
    what.add_argument(
        "--store", action="store_true", help="the store's key, and the data key of the edition"
    )
    what.add_argument(
        "--card",
        action="store_true",
        help="the signing and the encryption key: the old ones count until the next charter, which "
        "all members confirm, is in force",
    )
    rotate.add_argument(
        "--abandon",
        action="store_true",
        help="with --card: give up the new keys that wait for a charter",
    )
    retire = command(
        "retire",
        _retire,
        does="leave for good: write out journal and ledger, and erase all case data of this node",
        example="retire --out /mnt/archive/MD --home /srv/corridor",
    )
    retire.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the exports")
    retire.add_argument("--by", default="", metavar="NAME", help="who decided it, for the journal")
    retire.add_argument(
        "--erase-all-case-data",
        action="store_true",
        help="say that this is meant; without it the command only says what it would do",
    )


def add_with(parser: argparse.ArgumentParser, kinds: tuple[str, ...], variable: str) -> None:
    """`--with KIND [VALUE]`; `variable` can name the file that holds a passphrase."""
    parser.add_argument(
        "--with",
        dest="sealing",
        nargs="+",
        required=True,
        metavar=("KIND", "VALUE"),
        help=f"one of: passphrase (asked for, or in the file that {variable} names); "
        "key-file PATH (made if it is not there)"
        + ("; credential [NAME] of systemd" if "credential" in kinds else "")
        + ("; none (files that only the owner can read)" if "none" in kinds else ""),
    )


def sealing_of(words: list[str], kinds: tuple[str, ...]) -> app.Sealing:
    """What `--with` says.

    Raises:
        WrongUsageError: it is none of these.
    """
    kind, *values = words
    if kind not in kinds or len(values) > 1:
        raise WrongUsageError(f"--with {' '.join(words)}: say one of {', '.join(kinds)}")
    if kind == "key-file" and not values:
        raise WrongUsageError("--with key-file: say which file, as in --with key-file /media/key")
    if kind in {"passphrase", "none"} and values:
        raise WrongUsageError(
            f"--with {kind}: takes nothing behind it; a passphrase is never given on the command "
            "line, where other users of the machine can read it"
        )
    return app.Sealing(kind, *values)


def _seal(arguments: argparse.Namespace, out: Output) -> int:
    how = sealing_of(arguments.sealing, KINDS)
    sealed = app.seal(app.real_world(home_of(arguments)), how)
    if sealed:
        out.say(f"The keys of this node are sealed with {sealed}.")
        out.say("Without it nobody reads them again, you included. Keep a copy of it elsewhere,")
        out.say("and a backup of the node:")
        out.say(f"      corridor node backup --out FILE --with passphrase{same_home(arguments)}")
    else:
        out.say("The keys of this node lie in files that only their owner can read, not sealed.")
    out.document({"sealed_with": sealed or None})
    return 0


def _backup(arguments: argparse.Namespace, out: Output) -> int:
    how = sealing_of(arguments.sealing, BACKUP_KINDS)
    world = app.real_world(home_of(arguments))
    done = app.back_up(world, arguments.out, how, with_data=not arguments.without_data)
    _show(done, out)
    out.say(f"Written to {arguments.out}. Keep it, and what opens it, in two places elsewhere.")
    out.say(f"Next: corridor node check {shlex.quote(str(arguments.out))}{same_home(arguments)}")
    return 0


def _check(arguments: argparse.Namespace, out: Output) -> int:
    home = home_of(arguments) if arguments.file is None else _home_if_any(arguments)
    world = None if home is None else app.real_world(home)
    folder = Path(tempfile.gettempdir()) if home is None else home
    scratch = app.real_world(folder) if world is None else world
    done = app.check(world, arguments.file, folder, scratch)
    _show(done, out)
    is_bad = any(line.startswith("!!") for line in done.lines)
    if not is_bad:
        out.say("Everything opens, and is as it was written.")
    return 1 if is_bad else 0


def _home_if_any(arguments: argparse.Namespace) -> Path | None:
    try:
        return home_of(arguments)
    except NoHomeGivenError:
        return None


def _restore(arguments: argparse.Namespace, out: Output) -> int:
    home = home_of(arguments)
    done = app.restore(app.real_world(home), arguments.file)
    _show(done, out)
    out.say(f"The node was restored into {home}. See that its old copy never serves again.")
    out.say(
        "What was spent since the backup comes back from the members; before enough of them have"
    )
    out.say("confirmed the ledger, nothing is answered.")
    if done.document["edition"] is not None:
        out.say(
            "Persons who asked to be erased since the backup are in its data: erase them again."
        )
    out.say(f"Next: corridor node serve{same_home(arguments)}")
    return 0


def _show(done: app.BackupView, out: Output) -> None:
    for line in done.lines:
        out.say(line)
    out.document(done.document)


def _retire(arguments: argparse.Namespace, out: Output) -> int:
    home = home_of(arguments)
    if not arguments.erase_all_case_data:
        raise WrongUsageError(
            f"this would end the node in {home} for good: nothing is served again, every edition's "
            "key and the store's are destroyed, and backups of them are yours to destroy. Journal "
            "and ledger stay. Say --erase-all-case-data if that is meant. Nothing was done."
        )
    done = app.retire(app.real_world(home), arguments.out, by=arguments.by)
    out.say(f"This node has retired. It spent ρ = {done.spent} in {done.entries} entries.")
    for path in done.files:
        out.say(f"Written: {path}")
    out.say("Its case data are erased here. Destroy the backups that hold them, too.")
    out.say("Next: tell the coordinator, who proposes a charter without this country:")
    out.say(f"      corridor coordinator charter propose --without {done.country}")
    out.say("It needs as many other members as the charter's fewest participants, three at least.")
    out.say("Where fewer are left, no question can be asked any more, and the region has ended.")
    out.document(
        {"files": list(map(str, done.files)), "entries": done.entries, "spent": done.spent}
    )
    return 0


def _rotate(arguments: argparse.Namespace, out: Output) -> int:
    if arguments.abandon and not arguments.card:
        raise WrongUsageError("rotate: --abandon goes with --card. Nothing was changed.")
    if arguments.card:
        return _rotate_card(arguments, out)
    if not arguments.store:
        raise WrongUsageError(
            "rotate: say --store or --card. A new key for the connection comes with a new "
            "invitation (`corridor node enrol`). Nothing was changed."
        )
    what = app.rotate_store_key(app.real_world(home_of(arguments)))
    out.say(f"The case data ({what}) are sealed under new keys, and the old ones are destroyed.")
    out.say("Backups of before hold the old ones, with the data of then.")
    out.document({"rotated": "store"})
    return 0


def _rotate_card(arguments: argparse.Namespace, out: Output) -> int:
    world = app.real_world(home_of(arguments))
    if arguments.abandon:
        card = app.abandon_rotation(world)
        out.say("The new keys were given up and destroyed. This node's card stays what it was:")
        out.say(f"fingerprint  {card.fingerprint}")
        out.document({"abandoned": True, "fingerprint": card.fingerprint})
        return 0
    card = app.rotate_card(world)
    following = card.following
    if following is None:  # a charter that lists them came into force meanwhile
        out.say(f"This node has its new keys: {card.fingerprint}")
        out.document({"rotated": "card", "fingerprint": card.fingerprint, "next": None})
        return 0
    out.say("New keys wait for the next charter; until it is in force, the old ones count.")
    out.say(f"fingerprint of now      {card.fingerprint}")
    out.say(f"fingerprint of then     {following.fingerprint}")
    out.say(f"in words                {following.words}")
    out.say("Ask the coordinator for a charter (`corridor coordinator charter propose`), read the")
    out.say("fingerprint of then out to every member that telephones, and sign it here, too:")
    out.say(f"      corridor node accept --trust CC=FINGERPRINT …{same_home(arguments)}")
    out.say("`serve` goes over by itself. Then make a backup: those of before hold the old keys.")
    out.document(
        {
            "rotated": "card",
            "fingerprint": card.fingerprint,
            "next": {"fingerprint": following.fingerprint, "words": following.words},
        }
    )
    return 0
