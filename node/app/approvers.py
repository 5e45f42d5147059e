"""Whose approvals count: those of accounts that may approve now.

Without any account everybody's do, since the name is what a command is told.
"""

from corridor.errors.policy import NotAnApproverError
from corridor.node.app.world import World
from corridor.node.approvals import Counts, PersonName, parse_person
from corridor.node.home import Home
from corridor.people import PeopleStore, Person, Role


def approver(world: World, text: str) -> PersonName:
    """The person of that name, who may approve: anybody, as long as there are no accounts here.

    Raises:
        BadPersonNameError: it cannot be a name.
        NotAnApproverError: there are accounts, and none of an approver has that name.
    """
    name, people = parse_person(text), _people(world)
    if people and not any(one.name_key == name and _may(one) for one in people):
        raise NotAnApproverError(text)
    return name


def counting(world: World) -> Counts:
    """Which approvals count as the accounts stand now.

    What an account said before it was begun anew does not: that may have been somebody else.

    Raises:
        PeopleUnavailableError, PeopleDamagedError: the accounts cannot be read.
    """
    people = _people(world)
    if not people:
        return lambda _: True
    since = {one.name_key: one.made_at for one in people if _may(one)}
    return lambda word: since.get(word.person, word.at + 1) <= word.at


def _may(person: Person) -> bool:
    return Role.APPROVER in person.roles and not person.locked


def _people(world: World) -> tuple[Person, ...]:
    path = Home(world.home).people
    if not path.exists():
        return ()
    with PeopleStore(path) as store:
        return store.people()
