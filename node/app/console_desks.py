"""What stands behind the console's pages for approvals, the policy, data quality and erasing.

Whatever reads much goes through the reading room, which keeps ledger and journal open; whatever
writes opens them anew, as the commands do.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from corridor.node.app.case_data import mapping_desk, quality, quality_worklist
from corridor.node.app.checking import LOOKS, check_up
from corridor.node.app.deciding import (
    ApprovalReader,
    approval_reader,
    approve,
    deny,
    readable_policy,
    ready_made_policy,
    suppose,
    trial_over,
)
from corridor.node.app.erasing import Counted, editions, erase_edition, erase_person, retention
from corridor.node.app.looking import series
from corridor.node.app.shielding import shield_process
from corridor.node.app.world import World, charter_desk
from corridor.node.checkup_desk import CheckupDesk
from corridor.node.checkups import WHOLE_NODE, CheckBook
from corridor.node.home import Home
from corridor.node.importing.persons import Identity
from corridor.node.policies import applied
from corridor.node.policy_in_force import read_policy_text
from corridor.node.reading_room import ReadingRoom
from corridor.node.views import ApprovalView, ErasedPerson
from corridor.node.web.desks import ApprovalDesks, DataDesks, PolicyTrials

OVER_SHOWN = 50
"""So many questions that are over stand in the console's list; the command has all."""


def approval_desks(world: World, room: ReadingRoom) -> ApprovalDesks:
    """The questions that wait for people of this home."""

    @contextmanager
    def reader() -> Iterator[ApprovalReader]:
        with room.books() as (ledger, _), approval_reader(world, ledger) as found:
            yield found

    def waiting() -> int:
        with reader() as found:
            return found.waiting()

    def newest() -> tuple[ApprovalView, ...]:
        with reader() as found:
            return found.newest(OVER_SHOWN)

    def one(identifier: str) -> ApprovalView:
        with reader() as found:
            return found.one(identifier)

    return ApprovalDesks(
        waiting=waiting,
        newest=newest,
        one=one,
        problem=lambda: readable_policy(Home(world.home))[1],
        approve=lambda identifier, person, shown: approve(world, identifier, person, shown),
        deny=lambda identifier, person: deny(world, identifier, person),
    )


def policy_trials(world: World, room: ReadingRoom) -> PolicyTrials:
    """What another policy would have decided here."""
    policy = Home(world.home).policy
    return PolicyTrials(
        past=lambda text, days: trial_over(world, room.journal_rows(), text, days),
        suppose=lambda asked, text: suppose(world, asked, text),
        ready_made=lambda name: applied(name, ready_made_policy(name), read_policy_text(policy)),
    )


def data_desks(world: World) -> DataDesks:
    """How good this home's data are, and how they go."""
    home = Home(world.home)
    counted: Counted = {}

    def erase_rows(identity: Identity, by: str) -> ErasedPerson:
        shield_process()  # the whole edition goes through this process's memory
        return erase_person(world, identity, by=by)

    def running_series() -> tuple[str, ...]:
        if not home.enrolment.exists() or charter_desk(home).accepted() is None:
            return ()
        return tuple(one.name for one in series(world) if not one.is_left)

    return DataDesks(
        quality=lambda edition: quality(world, edition),
        worklist=lambda found: quality_worklist(world, found),
        fields=mapping_desk(world).all_fields,
        databases=lambda: tuple(mapping_desk(world).mapping().databases),
        keep_mapping=lambda path, confirmed: mapping_desk(world, path).keep(confirmed),
        editions=lambda: editions(world),
        erase_edition=lambda edition, by: erase_edition(
            world, edition, everything=edition is None, by=by
        ),
        erase_person=erase_rows,
        series=running_series,
        retention=lambda: retention(world, counted=counted),
    )


def checkup_desk(world: World, one_call: threading.Lock) -> CheckupDesk:
    """The check-ups of this home; `one_call` is held while one asks the coordinator."""
    return CheckupDesk(
        tuple(LOOKS),
        lambda: check_up(world, one_call),
        CheckBook(Home(world.home).checks).read,
        besides=(WHOLE_NODE,),
    )
