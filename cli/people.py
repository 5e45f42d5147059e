"""The staff's accounts at a node's console, and the console: `corridor node people|console`."""

import argparse
import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from corridor.cli.homes import home_of, same_home
from corridor.cli.output import Output
from corridor.errors.cli import PeopleWordsError
from corridor.node import app
from corridor.node.app.people import people_desk
from corridor.node.listening import LISTEN, Listening
from corridor.people import AUTHORITY, Person

Command = Callable[..., argparse.ArgumentParser]


def add_people_commands(command: Command) -> None:
    """Add the two to the node's commands."""
    people = command(
        "people",
        _people,
        does="give the authority's staff accounts at the console, and take them away",
        example='people add "Ana Rusu" --role administrator --home /srv/corridor',
    )
    people.add_argument(
        "verb",
        choices=("add", "list", "role", "lock", "unlock", "reset"),
        help="add or reset give a one-time code, which is shown once",
    )
    people.add_argument("name", nargs="?", default="", metavar="NAME", help="whose account")
    people.add_argument(
        "--role",
        action="append",
        default=[],
        choices=[str(one) for one in sorted(AUTHORITY.roles)],
        help="with add and role; may be repeated",
    )
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
    verb, name, roles = arguments.verb, arguments.name, arguments.role
    if (verb == "list") == bool(name) or (verb in {"add", "role"}) != bool(roles):
        raise PeopleWordsError(verb)
    with people_desk(app.real_world(home_of(arguments))) as desk:
        match verb:
            case "add":
                _tell_code(name, desk.add(name, roles), arguments, out)
            case "reset":
                _tell_code(name, desk.reset(name), arguments, out)
            case "role":
                desk.set_roles(name, roles)
                out.say(f"{name} is {', '.join(sorted(roles))} from now on, and was signed out.")
                out.document({"name": name, "roles": sorted(roles)})
            case "lock":
                desk.lock(name)
                out.say(f"{name} was signed out and cannot sign in again before `people unlock`.")
                out.document({"name": name, "locked": True})
            case "unlock":
                desk.unlock(name)
                out.say(f"{name} can sign in again.")
                out.document({"name": name, "locked": False})
            case _:
                _list(desk.people(), out)
    return 0


def _tell_code(name: str, code: str, arguments: argparse.Namespace, out: Output) -> None:
    out.say(f"One-time code for {name}, good for a day: {code}")
    out.say("Give it to them alone. It is not shown again; with it they set a password on the page")
    out.say("“Set a password” of the console, and the second factor after that.")
    out.say(f"Next: corridor node console{same_home(arguments)}")
    out.document({"name": name, "code": code})


def _list(people: tuple[Person, ...], out: Output) -> None:
    out.table(
        "Accounts at the console",
        ("name", "roles", "standing", "last signed in (UTC)"),
        [(one.name, ", ".join(sorted(one.roles)), _standing(one), _last(one)) for one in people],
    )
    out.document(
        [
            {"name": one.name, "roles": sorted(one.roles), "standing": _standing(one)}
            for one in people
        ]
    )


def _standing(one: Person) -> str:
    if one.locked:
        return "locked"
    if one.password is None:
        return "invited"
    return "complete" if one.secret else "without second factor"


def _last(one: Person) -> str:
    if one.signed_in_at is None:
        return "never"
    return datetime.fromtimestamp(one.signed_in_at, UTC).strftime("%Y-%m-%d %H:%M")


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
