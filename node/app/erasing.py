"""Case data out: an edition's key destroyed, a person's rows left out, old data not kept.

    erase_edition       an operator ends an edition
    erase_person        a person asked: their rows leave the data, and no import brings them back
    persons_of          whom a request for correction is about
    retention           what the rules of retention would do now
    keep_tidy           what the rules of retention, or an interrupted erasure, still ask for

Every one of them ends in a new edition, or in none, with the key of the old one destroyed; and in
an entry of the journal that says what was done and never for whom, or how many rows it were.

Names and numbers of editions are public. So which one there is follows from what people asked for
and from the calendar, never from whose rows were there: a request that finds nobody writes an
edition, and so does the first of each month where old cases are left out, whether or not any is.
"""

import asyncio
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

import structlog

from corridor.errors import CorridorError
from corridor.errors.erasing import (
    CurrentEditionError,
    NobodyFoundError,
    SuppressionLostError,
)
from corridor.ids import EditionId
from corridor.node.app.leftovers import sweep_uploads
from corridor.node.app.world import World, journal_of
from corridor.node.home import Home, Retention, demand_in_service, read_settings
from corridor.node.import_reports import erase_reports, erase_reports_before, reports_at
from corridor.node.importing.keys import Keyring
from corridor.node.importing.next_edition import merge
from corridor.node.importing.persons import (
    Identity,
    among,
    count_by_reference,
    keys_by_reference,
    keys_named,
)
from corridor.node.importing.standing import Standing
from corridor.node.journal import Journal
from corridor.node.keys import read_keys
from corridor.node.retention import COLUMNS, CaseCount, Foresight, count_cases, foresee
from corridor.node.schema import EditionTables
from corridor.node.store import Edition, EditionStore
from corridor.node.store.suppression import SuppressionList
from corridor.node.views import ErasedPerson, KeptEdition

EVERY_SECONDS = 3600.0
"""How often a serving node looks whether something is past its time."""

_log = structlog.get_logger()


def editions(world: World) -> list[KeptEdition]:
    """The editions that can still be read."""
    read_settings(Home(world.home))
    store = _store(world)
    current, now = store.current(), world.clock()
    found = map(store.about, store.editions())
    return [
        KeptEdition(
            one.id,
            current is not None and one.id == current.id,
            one.imported_at,
            (now - one.imported_at).days,
            store.size(one.id),
            one.rows["persons"],
            one.rows["cases"],
        )
        for one in found
    ]


def erase_edition(
    world: World, edition: EditionId | None, *, everything: bool, by: str
) -> Sequence[EditionId]:
    """Destroy the key of an edition, or of all; gives which.

    Raises:
        CurrentEditionError: it is the current one, and not everything was meant.
        CorridorError: there is none of that name, or somebody is writing. Nothing was erased.
    """
    home = Home(world.home)
    store, keys = _store(world), read_keys(home)
    current = store.current()
    if edition is not None and current is not None and edition == current.id and not everything:
        raise CurrentEditionError(edition)
    doomed = store.editions() if edition is None else (edition,)
    with journal_of(world, home, keys) as journal:
        for one in doomed:
            erase_reports(home, of=None if everything else one)
            store.erase(one)
            journal.edition_erased(one, "operator", by)
    return doomed


def erase_person(world: World, identity: Identity, *, by: str) -> ErasedPerson:
    """Leave a person's rows out of the data, for good.

    Raises:
        NoIdentityError, SharedReferenceError: it is not clear who is meant.
        NobodyFoundError: only a reference was given, and nobody has it. An edition was written
            all the same.
        CorridorError: the data cannot be read or written; what was begun is carried out at the
            next import or start of `serve`.
    """
    home = Home(world.home)
    store, keys = _store(world), read_keys(home)
    tables = _tables(store)
    named = _named(world, store, identity)
    by_case = keys_by_reference(identity, Keyring(store.person_secret), tables or _nobody(), named)
    persons = named | by_case.meant
    found = frozenset() if tables is None else among(tables, persons)
    alike = 0 if tables is None else _alike(store, persons)
    suppressed = _suppression(world, store)
    suppressed.add(persons)
    with journal_of(world, home, keys) as journal:
        edition = _carry_out(world, store, suppressed, journal, by)
    if not persons:
        raise NobodyFoundError
    return ErasedPerson(
        bool(found), edition, len(found), by_case.others, alike, kinds=identity.kinds
    )


def sharers(world: World, identity: Identity) -> int:
    """How many persons in the data have the case reference; to be confirmed before all are meant.

    Raises:
        CorridorError: the data cannot be read.
    """
    store = _store(world)
    tables = _tables(store) or _nobody()
    return count_by_reference(identity, Keyring(store.person_secret), tables)


def persons_of(world: World, identity: Identity, *, by: str) -> frozenset[bytes]:
    """The keys of a person in the data, whose rows shall be corrected.

    Raises:
        NoIdentityError, SharedReferenceError: it is not clear who is meant.
        NobodyFoundError: nobody in the data is meant. An edition was written all the same, as
            it would have been with the corrected rows.
    """
    store = _store(world)
    tables = _tables(store) or _nobody()
    persons = _named(world, store, identity)
    persons |= keys_by_reference(identity, Keyring(store.person_secret), tables, persons).meant
    found = among(tables, persons)
    if not found:
        current = store.current()
        edition = None if current is None else _write_again(world, store, current)
        if edition is not None:
            record_correction(world, edition, by=by)
        raise NobodyFoundError
    return found


def record_correction(world: World, edition: EditionId, *, by: str) -> None:
    """Say in the journal that a correction was carried out; the reports of before are erased.

    Raises:
        DiskError: one of them is still there.
    """
    home = Home(world.home)
    erase_reports(home, but=edition)
    with journal_of(world, home, read_keys(home)) as journal:
        journal.person_request("correct", edition, by)


def keep_tidy(world: World) -> None:
    """Carry out what retention and interrupted erasures ask for.

    Cases past their time are left out in the first moment of a month in which this is called, and
    at imports. The edition of that moment is written whether or not there are such cases: else its
    name would tell everybody that an old case was in the data, and on which day.

    Raises:
        CorridorError: the data cannot be read or written; it is due again next time.
    """
    home = Home(world.home)
    store = _store(world)
    rule, suppressed = read_settings(home).retention, _suppression(world, store)
    if rule.report_days is not None:
        erase_reports_before(home, world.clock() - timedelta(rule.report_days))
    if rule.days is None and rule.case_days is None and not suppressed.read().pending:
        return
    with journal_of(world, home, read_keys(home)) as journal:
        if suppressed.read().pending:
            _carry_out(world, store, suppressed, journal, "")
        current = store.current()
        if current is None:
            return
        if rule.days is not None and world.clock() - current.imported_at > timedelta(rule.days):
            erase_reports(home)
            store.erase(current.id)
            journal.edition_erased(current.id, "retention")
        elif rule.case_days is not None and current.written_at < _month_of(world.clock()):
            _write_again(world, store, current)
            journal.edition_erased(current.id, "retention")


Counted = dict[tuple[EditionId, Retention, date], CaseCount]
"""What was counted of an edition, by a rule, on a day: it does not change."""


def retention(
    world: World, rule: Retention | None = None, counted: Counted | None = None
) -> Foresight:
    """What the rule of this node would do now, or another one; nothing is done.

    Args:
        world: home, clock.
        rule: another one than the node's.
        counted: remembers the last count for whoever asks often, and is asked first.

    Raises:
        CorridorError: the data cannot be read.
    """
    home = Home(world.home)
    tried = read_settings(home).retention if rule is None else rule
    store = EditionStore(world.home, world.random_bytes, world.clock)
    current, now = None if home.is_retired else store.current(), world.clock()
    count = CaseCount()
    if current is not None:
        known, key = {} if counted is None else counted, (current.id, tried, now.date())
        found = known.get(key)
        if found is None:
            cases = store.pieces(current.id, "cases", COLUMNS)
            found = count_cases(tried, current.rows["persons"], cases, now.date())
            known.clear()  # of older ones nobody asks again
            known[key] = found
        count = found
    return foresee(tried, current, count, reports_at(home).values(), now)


def oldest_day(world: World) -> date | None:
    """The day before which cases leave the data, by the node's rule; None where it has none."""
    days = read_settings(Home(world.home)).retention.case_days
    return None if days is None else world.clock().date() - timedelta(days)


def suppressed(world: World, store: EditionStore) -> frozenset[bytes]:
    """The keys of those who asked to be erased, whom no import brings back.

    Raises:
        SuppressionLostError: the list of those is not here, and the journal says that there is one.
            Nothing was imported.
    """
    demand_suppression(world, store)
    return _suppression(world, store).read().persons


def demand_suppression(world: World, store: EditionStore) -> None:
    """Check that the list of those who asked to be erased is here if there ever was one.

    Raises:
        SuppressionLostError: it is not: an import would bring them back.
    """
    home = Home(world.home)
    if not _suppression(world, store).exists():
        with journal_of(world, home, read_keys(home)) as journal:
            demand_suppression_by(journal, world, store)


def demand_suppression_by(journal: Journal, world: World, store: EditionStore) -> None:
    """The same, by a journal that is open."""
    if _suppression(world, store).exists():
        return
    if any(row.details.get("request") == "erase" for row in journal.rows()):
        raise SuppressionLostError


async def tidy_regularly(world: World) -> None:
    """`keep_tidy`, and uploads that nobody reads, now and every hour, until cancelled.

    A failure is logged, and tried again.

    In a thread of its own: no question waits for it.
    """
    while True:
        try:
            await asyncio.to_thread(keep_tidy, world)
        except CorridorError as error:
            _log.warning("retention.not_carried_out", code=error.code)
        try:
            await asyncio.to_thread(sweep_uploads, world.home)
        except CorridorError as error:
            _log.warning("uploads.not_removed", code=error.code)
        await asyncio.sleep(EVERY_SECONDS)


def _carry_out(
    world: World, store: EditionStore, suppressed: SuppressionList, journal: Journal, by: str
) -> EditionId | None:
    """Write the edition without whoever is on the list; the one before is erased with that."""
    current = store.current()
    persons = suppressed.read().persons
    if current is None:
        erase_reports(Home(world.home))
    edition = None if current is None else _write_again(world, store, current, persons)
    journal.person_request("erase", edition, by)
    suppressed.carried_out()
    return edition


def _write_again(
    world: World, store: EditionStore, current: Edition, without: Collection[bytes] = ()
) -> EditionId:
    """Write what is current again, without these persons and without cases past their time.

    The reports of the imports go first: they may quote cells of those rows.
    """
    erase_reports(Home(world.home))
    following = merge(store.held(current.id), None, 0, without=without, since=oldest_day(world))
    written = store.write(
        following,
        links=lambda: following.pieces("links"),
        replaces=current.id,
        sources=current.sources,
        imported_at=current.imported_at,
    )
    return written.edition.id


def _alike(store: EditionStore, persons: Collection[bytes]) -> int:
    """How many others in the data have the name and birthdate of one of these."""
    current = store.current()
    if current is None:
        return 0
    return Standing.of_edition(store.held(current.id)).alike_to(persons)


def _month_of(moment: datetime) -> datetime:
    """When the moment's month began."""
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _named(world: World, store: EditionStore, identity: Identity) -> frozenset[bytes]:
    return keys_named(identity, Keyring(store.person_secret), world.clock().date())


def _tables(store: EditionStore) -> EditionTables | None:
    current = store.current()
    return None if current is None else store.tables(current.id)


def _nobody() -> EditionTables:
    return EditionTables.empty()


def _store(world: World) -> EditionStore:
    demand_in_service(Home(world.home))
    return EditionStore(world.home, world.random_bytes, world.clock)


def _suppression(world: World, store: EditionStore) -> SuppressionList:
    return SuppressionList(world.home, store.suppression_key, world.random_bytes)
