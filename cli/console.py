"""The staff's accounts at a node's console, and the console: `corridor node people|console`."""

import argparse
import shlex
from collections.abc import Callable
from pathlib import Path

from corridor.cli.accounts import add_words, change_accounts
from corridor.cli.homes import home_of, same_home
from corridor.cli.output import Output
from corridor.node import app
from corridor.node.app.people import people_desk
from corridor.node.listening import LISTEN, Listening
from corridor.people import AUTHORITY

Command = Callable[..., argparse.ArgumentParser]


def add_console_commands(command: Command) -> None:
    """Add the two to the node's commands."""
    people = command(
        "people",
        _people,
        does="give the authority's staff accounts at the console, and take them away",
        example='people add "Ana Rusu" --role administrator --home /srv/corridor',
    )
    add_words(people, AUTHORITY)
    serve = command(
        "console",
        _console,
        does="serve the console, the node's pages for its own staff",
        example="console --home /srv/corridor",
    )
    serve.add_argument("--listen", default=LISTEN, metavar="HOST:PORT", help="default: %(default)s")
    serve.add_argument(
        "--host",
        action="append",
        default=[],
        metavar="NAME",
        help="another name under which browsers reach it; may be repeated",
    )
    serve.add_argument("--tls-cert", type=Path, metavar="FILE", help="its certificate chain, PEM")
    serve.add_argument("--tls-key", type=Path, metavar="FILE", help="the key of that, PEM")


def _people(arguments: argparse.Namespace, out: Output) -> int:
    home = home_of(arguments)
    return change_accounts(
        arguments,
        out,
        lambda: people_desk(app.real_world(home)),
        site="console",
        then=f"corridor node console{same_home(arguments)}",
    )


def _console(arguments: argparse.Namespace, out: Output) -> int:
    # Loaded by this command alone: the web's libraries take longer to load than the others run.
    from corridor.node.app.console import serve_console  # noqa: PLC0415

    home = home_of(arguments)
    serve_console(
        app.real_world(home),
        Listening(
            arguments.listen,
            tuple(arguments.host),
            arguments.tls_cert,
            arguments.tls_key,
        ),
        tell=lambda address: _tell_address(address, home, out),
    )
    out.document({"stopped": True})
    return 0


def _tell_address(address: str, home: Path, out: Output) -> None:
    with people_desk(app.real_world(home)) as desk:
        if desk.is_empty():
            out.progress(
                "There is no account yet. In another terminal: corridor node people add NAME "
                f"--role administrator --home {shlex.quote(str(home))}"
            )
    out.progress(f"The console is at {address}; end it with Ctrl-C.")
