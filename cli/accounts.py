"""Accounts at a site of pages: the words of `corridor node people` and `coordinator people`."""

import argparse
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from corridor.cli.output import Output
from corridor.errors.cli import PeopleWordsError
from corridor.people import PeopleDesk, Person, Staff


def add_words(people: argparse.ArgumentParser, staff: Staff) -> None:
    """Add the verb, the name and the roles that there are."""
    people.add_argument(
        "verb",
        choices=("add", "list", "role", "lock", "unlock", "reset", *_more(staff)),
        help="add or reset give a one-time code, which is shown once",
    )
    people.add_argument("name", nargs="?", default="", metavar="NAME", help="whose account")
    people.add_argument(
        "--role",
        action="append",
        default=[],
        choices=[str(one) for one in sorted(staff.roles)],
        help="with add and role; may be repeated",
    )
    people.set_defaults(organisation=None)
    if staff.has_organisations:
        people.add_argument(
            "--organisation",
            metavar="TEXT",
            help="with add and organisation: in whose name they ask; the authorities see it",
        )


def _more(staff: Staff) -> tuple[str, ...]:
    return ("organisation",) if staff.has_organisations else ()


def change_accounts(
    arguments: argparse.Namespace,
    out: Output,
    opened: Callable[[], AbstractContextManager[PeopleDesk]],
    *,
    site: str,
    then: str,
) -> int:
    """Do what the verb says.

    Args:
        arguments: verb, name and roles.
        out: hears of it.
        opened: the desk of the accounts.
        site: where these accounts sign in.
        then: the command that serves it.

    Raises:
        PeopleWordsError: the words do not fit each other. Nothing was opened.
    """
    verb, name, roles = arguments.verb, arguments.name, arguments.role
    organisation = arguments.organisation
    if (verb == "list") == bool(name) or (verb in {"add", "role"}) != bool(roles):
        raise PeopleWordsError(verb)
    if (verb == "organisation" and organisation is None) or (
        verb not in {"add", "organisation"} and organisation is not None
    ):
        raise PeopleWordsError(verb)
    with opened() as desk:
        match verb:
            case "add":
                code = desk.add(name, roles, organisation=organisation or "")
                _tell_code(name, code, out, site, then)
            case "reset":
                _tell_code(name, desk.reset(name), out, site, then)
            case "role":
                desk.set_roles(name, roles)
                out.say(f"{name} is {', '.join(sorted(roles))} from now on, and was signed out.")
                out.document({"name": name, "roles": sorted(roles)})
            case "organisation":
                desk.set_organisation(name, organisation)
                out.say(f"{name} asks in the name of {organisation or 'nobody'} from now on.")
                out.document({"name": name, "organisation": organisation})
            case "lock":
                desk.lock(name)
                out.say(f"{name} was signed out and cannot sign in again before `people unlock`.")
                out.document({"name": name, "locked": True})
            case "unlock":
                desk.unlock(name)
                out.say(f"{name} can sign in again.")
                out.document({"name": name, "locked": False})
            case _:
                _list(desk.people(), out, site)
    return 0


def _tell_code(name: str, code: str, out: Output, site: str, then: str) -> None:
    if not code:
        out.say(f"{name} signs in at the identity provider as before, and sets up the second")
        out.say("factor anew.")
        out.document({"name": name, "code": None})
        return
    out.say(f"One-time code for {name}, good for a day: {code}")
    out.say("Give it to them alone. It is not shown again; with it they set a password on the page")
    out.say(f"“Set a password” of the {site}, and the second factor after that.")
    out.say(f"Next: {then}")
    out.document({"name": name, "code": code})


def _list(people: tuple[Person, ...], out: Output, site: str) -> None:
    has_some = any(one.organisation for one in people)  # a node's accounts have none
    out.table(
        f"Accounts at the {site}",
        (
            "name",
            "roles",
            *(["organisation"] if has_some else []),
            "standing",
            "last signed in (UTC)",
        ),
        [
            (
                one.name,
                ", ".join(sorted(one.roles)),
                *([one.organisation] if has_some else []),
                _standing(one),
                _last(one),
            )
            for one in people
        ],
    )
    out.document(
        [
            {
                "name": one.name,
                "roles": sorted(one.roles),
                "standing": _standing(one),
                **({"organisation": one.organisation} if has_some else {}),
            }
            for one in people
        ]
    )


def _standing(one: Person) -> str:
    if one.locked:
        return "locked"
    if one.password is None and not one.is_of_provider:
        return "invited"
    return "complete" if one.secret else "without second factor"


def _last(one: Person) -> str:
    if one.signed_in_at is None:
        return "never"
    return datetime.fromtimestamp(one.signed_in_at, UTC).strftime("%Y-%m-%d %H:%M")
