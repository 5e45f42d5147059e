"""How a node keeps what it must not lose or show: `corridor node seal | …`."""

import argparse

from corridor.cli.homes import home_of, same_home
from corridor.cli.output import Output
from corridor.cli.words import AddCommand
from corridor.errors import WrongUsageError
from corridor.node import app

KINDS = ("passphrase", "key-file", "credential", "none")


def add_keeping(command: AddCommand) -> None:
    """Add the commands."""
    seal = command(
        "seal",
        _seal,
        does="seal the private keys and the store's key with a passphrase, a key file or a "
        "credential of systemd, or with something else than before",
        example="seal --with passphrase --home /srv/corridor",
    )
    add_with(seal, KINDS)


def add_with(parser: argparse.ArgumentParser, kinds: tuple[str, ...]) -> None:
    """`--with KIND [VALUE]`."""
    parser.add_argument(
        "--with",
        dest="sealing",
        nargs="+",
        required=True,
        metavar=("KIND", "VALUE"),
        help="one of: passphrase (asked for, or in the file that CORRIDOR_PASSPHRASE_FILE names); "
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
        out.say(
            "Without it nobody reads them again, you included: keep a copy of it elsewhere, and"
        )
        out.say(f"a backup of the node: corridor node backup --out FILE{same_home(arguments)}")
    else:
        out.say("The keys of this node lie in files that only their owner can read, not sealed.")
    out.document({"sealed_with": sealed or None})
    return 0
