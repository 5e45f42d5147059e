"""`corridor node doctor`: what could be wrong with a node, looked at one by one."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from typing import Any, Self

import structlog

from corridor.errors import CorridorError
from corridor.errors.files import DiskError
from corridor.errors.keeping import (
    BadKeyFileError,
    LockedError,
    NoCredentialError,
    UnreadableLockError,
    WrongSecretError,
)
from corridor.errors.ledger import ContradictionsError
from corridor.errors.node import (
    SeriesStateLostError,
)
from corridor.errors.region import NoProposedCharterError
from corridor.errors.release_tree import (
    ContradictedLogError,
)
from corridor.node.app.deciding import approval_reader, readable_policy
from corridor.node.app.erasing import demand_suppression_by
from corridor.node.app.keeping import sealed_with
from corridor.node.app.leftovers import look_at_uploads
from corridor.node.app.looking import series_in
from corridor.node.app.shielding import swap_devices
from corridor.node.app.world import (
    World,
    charter_desk,
    current_edition,
    dial_coordinator,
    hold_to_journal,
    journal_of,
    ledger_of,
    own_card_view,
    read_policy,
)
from corridor.node.checkups import CheckBook, Looked
from corridor.node.home import (
    Home,
    read_enrolment,
    read_settings,
)
from corridor.node.journal import Journal
from corridor.node.keys import (
    read_identity,
    read_keys,
)
from corridor.node.ledger import Ledger
from corridor.node.link import membership
from corridor.node.store import EditionStore
from corridor.node.tree_book import TreeBook
from corridor.node.upkeep import Due, upkeep
from corridor.node.views import (
    Finding,
)
from corridor.node.witness_book import WitnessBook
from corridor.transport.certificates import (
    decode_certificate,
    fetch_authority,
    verify_pinned,
    verify_valid_at,
)
from corridor.transport.suites import ed25519_verify

_log = structlog.get_logger()


class _Shared:
    """What the looks of one check-up share: ledger and journal, opened once.

    Opening one verifies every entry of it. What cannot be opened refuses each look that needs it.
    `one_call` is held while the coordinator is asked.
    """

    def __init__(self, world: World, home: Home, one_call: AbstractContextManager[object]) -> None:
        self._world, self._home = world, home
        self.one_call = one_call
        self._open = ExitStack()
        self._found: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def ledger(self) -> Ledger:
        def open_ledger() -> Ledger:
            home = self._home
            charter = charter_desk(home).accepted() if home.enrolment.exists() else None
            return ledger_of(self._world, readable_policy(home)[0], charter)

        found: Ledger = self._once("ledger", open_ledger)
        return found

    @property
    def journal(self) -> Journal:
        home = self._home
        found: Journal = self._once(
            "journal", lambda: journal_of(self._world, home, read_keys(home))
        )
        return found

    def _once(self, what: str, opened: Callable[[], Any]) -> Any:
        if what not in self._found:
            try:
                self._found[what] = self._open.enter_context(opened())
            except CorridorError as error:
                self._found[what] = error
        found = self._found[what]
        if isinstance(found, CorridorError):
            raise found
        return found


@dataclass(frozen=True, slots=True)
class _Warned:
    """What is found of something that works, and is not fine all the same."""

    text: str


RETIRED = "given up: this node has retired"

Look = Callable[[World, Home, _Shared], str | _Warned]
"""Says what is found; refuses where it is to be mended."""

_CLOSED = {
    one.code
    for one in (
        BadKeyFileError,
        LockedError,
        NoCredentialError,
        UnreadableLockError,
        WrongSecretError,
    )
}
_NEED_KEYS = {
    *("approvals", "case data", "ledger", "journal", "backups", "series", "replies"),
    *("certificate", "coordinator", "charter"),
}
"""Looks that say the same once more where the keys do not open, and ask for a passphrase first."""


def doctor(world: World) -> list[Finding]:
    """Look at everything that a node needs, and say what to mend."""
    return [one.found for one in check_up(world)]


def check_up(
    world: World, one_call: AbstractContextManager[object] | None = None
) -> Iterator[Looked]:
    """The same one by one; what is found is kept for whoever asks later.

    Args:
        world: home, clock.
        one_call: held while the coordinator is asked, where others may be asking it, too.

    Raises:
        NoHomeError, SettingsError: there is no node here.
    """
    home = Home(world.home)
    read_settings(home)
    book = CheckBook(home.checks)
    with _Shared(world, home, one_call or nullcontext()) as shared:
        closed = False
        for what, look in LOOKS.items():
            began = world.clock()
            if closed and what in _NEED_KEYS:
                found = Finding(False, what, "not looked at: the keys do not open, see above")
            else:
                found, code = _found(what, look, world, home, shared)
                closed = closed or code in _CLOSED
            ended = world.clock()
            looked = Looked(found, ended, (ended - began).total_seconds())
            keep_look(book, looked)
            yield looked


def _found(what: str, look: Look, world: World, home: Home, shared: _Shared) -> tuple[Finding, str]:
    """What one look finds, and the code of its refusal."""
    try:
        told = look(world, home, shared)
    except CorridorError as error:
        return Finding(False, what, f"{error} [{error.code}]"), error.code
    if isinstance(told, _Warned):
        return Finding(True, what, told.text, warns=True), ""
    return Finding(True, what, told), ""


def keep_look(book: CheckBook, looked: Looked) -> None:
    """Remember it if that can be: a check-up tells what is wrong also where the disk is full."""
    try:
        book.keep(looked)
    except DiskError as error:
        _log.warning("checkup.not_kept", what=looked.found.what, code=error.code)


def _look_at_settings(_: World, home: Home, __: _Shared) -> str:
    settings = read_settings(home)
    return f"{settings.country}, {settings.name}"


def _look_at_keys(_: World, home: Home, __: _Shared) -> str:
    card = own_card_view(home)
    if card.following is None:
        return card.fingerprint
    return f"{card.fingerprint}; {card.following.fingerprint} waits for the next charter"


def _look_at_policy(_: World, home: Home, __: _Shared) -> str:
    return f"{len(read_policy(home).rules)} rules"


def _look_at_approvals(world: World, _: Home, shared: _Shared) -> str:
    with approval_reader(world, shared.ledger) as reader:
        waiting = reader.waiting()
    return f"{waiting} questions wait for people" if waiting else "no question waits for people"


def _look_at_rest(_: World, home: Home, __: _Shared) -> str | _Warned:
    lock = sealed_with(home.folder)
    if not lock:
        return _Warned(
            "not sealed: whoever copies this folder has the keys and the case data. Files of mode "
            "0600 protect them from other users alone; `corridor node seal --with passphrase`"
        )
    return f"sealed with {lock}"


def _look_at_memory(_: World, __: Home, ___: _Shared) -> str | _Warned:
    swap = swap_devices()
    if not swap:
        return "no swap on a disk; `serve` and `import` leave no core dumps"
    return _Warned(
        f"there is swap ({', '.join(swap)}), to which memory with case data may be written: see "
        "that it is encrypted, or switch it off (`swapoff -a`)"
    )


def _look_at_data(world: World, home: Home, shared: _Shared) -> str:
    if home.is_retired:
        return "erased: this node has retired"
    store = EditionStore(world.home, world.random_bytes, world.clock)
    current = store.current()
    if current is None:
        return "none yet; load some with `corridor node import FILE…`"
    demand_suppression_by(shared.journal, world, store)
    store.check(current)
    rule = read_settings(home).retention.text or "kept until somebody erases them"
    when = f"{current.written_at:%Y-%m-%d %H:%M} UTC"
    return f"edition {current.id} of {when}, in {current.engine}; {rule}"


def _look_at_uploads(world: World, _: Home, __: _Shared) -> str:
    return look_at_uploads(world.home)


def _look_at_ledger(_: World, __: Home, shared: _Shared) -> str:
    hold_to_journal(shared.ledger, shared.journal)
    balance = shared.ledger.balance()
    return f"whole; ρ = {balance.spent} spent, {balance.left_for_all_time} left"


def _look_at_series(world: World, home: Home, shared: _Shared) -> str:
    known = () if home.is_retired else series_in(world, shared.ledger)
    found = [one for one in known if not one.is_left]
    for one in found:
        if not one.goes_on:
            raise SeriesStateLostError(one.name)
    return f"{len(found)} standing series can go on"


def _look_at_journal(_: World, __: Home, shared: _Shared) -> str:
    return f"whole; {shared.journal.head[0]} entries"


def _look_at_backups(world: World, home: Home, shared: _Shared) -> str | _Warned:
    if home.is_retired:
        return "destroy those that hold the case data: this node has retired"
    found = upkeep(tuple(shared.journal.rows()), (), world.clock(), current_edition(world))
    is_older = found.backup is not None and found.backup.is_older
    return _Warned(found.text) if is_older or found.due - {Due.CHECKUP} else found.text


def _look_at_replies(_: World, home: Home, shared: _Shared) -> str | _Warned:
    kinds = [row.kind for row in shared.journal.rows()]
    late, left = kinds.count("left_late"), kinds.count("let_out")
    seconds = float(read_policy(home).replies_after)
    if not late:
        return f"{left} were counted within {seconds:g} s, when they leave"
    # No fault that stops anything, and what a later slot tells is little; but it can be mended.
    return _Warned(
        f"{late} of {left} took longer than the first slot ({seconds:g} s) and left at a later "
        'one: raise "after_seconds" in policy.toml'
    )


def _look_at_witnesses(_: World, home: Home, __: _Shared) -> str:
    with WitnessBook(home.witness, ed25519_verify) as book:
        forks = book.forks()
    if forks:
        raise ContradictionsError(len(forks))
    return "no member's ledger, and no word of the coordinator, contradicts another"


def _look_at_tree(_: World, home: Home, __: _Shared) -> str:
    with TreeBook(home.tree) as book:
        held, evidence, pending = book.held(), book.evidence(), book.pending()
    if any(one.stops_cosigning for one in evidence):
        raise ContradictedLogError
    if held is None:
        return "no checkpoint of the region's releases was cosigned here yet"
    shown = f"a tree of {held.checkpoint.size} releases was cosigned last"
    return shown + (f"; {len(pending)} of this node not shown in it yet" if pending else "")


def _look_at_certificate(world: World, home: Home, _: _Shared) -> str:
    if home.is_retired:
        return RETIRED
    read_enrolment(home)
    certificate = decode_certificate(read_identity(home).certificate)
    verify_valid_at(certificate, world.clock(), "this node's certificate")
    return f"valid until {certificate.not_valid_after_utc:%Y-%m-%d}"


def _look_at_coordinator(_: World, home: Home, shared: _Shared) -> str:
    if home.is_retired:
        return RETIRED
    enrolment = read_enrolment(home)
    host, port = enrolment.web.removeprefix("https://").rsplit(":", 1)
    verify_pinned(fetch_authority(host, int(port)), enrolment.authority)
    with shared.one_call:
        asyncio.run(_call_once(home))
    return f"{enrolment.region} answers at {enrolment.grpc}"


async def _call_once(home: Home) -> None:
    """See that the coordinator takes this node's certificate; no charter yet is no trouble."""
    async with dial_coordinator(home) as channel:
        try:
            await membership.fetch_charter(channel, None)
        except CorridorError as error:
            if error.code != NoProposedCharterError.code:
                raise


def _look_at_charter(_: World, home: Home, __: _Shared) -> str:
    desk = charter_desk(home)
    in_force, accepted = desk.in_force(), desk.accepted()
    if in_force is not None:
        return f"version {in_force.charter.version} is in force"
    if accepted is not None:
        return f"version {accepted.version} is signed here and not in force yet"
    return "none accepted yet; `corridor node accept`"


LOOKS: Mapping[str, Look] = {
    "settings": _look_at_settings,
    "keys": _look_at_keys,
    "keys at rest": _look_at_rest,
    "memory": _look_at_memory,
    "policy": _look_at_policy,
    "approvals": _look_at_approvals,
    "case data": _look_at_data,
    "uploads": _look_at_uploads,
    "ledger": _look_at_ledger,
    "journal": _look_at_journal,
    "backups": _look_at_backups,
    "series": _look_at_series,
    "replies": _look_at_replies,
    "witnesses": _look_at_witnesses,
    "releases": _look_at_tree,
    "certificate": _look_at_certificate,
    "coordinator": _look_at_coordinator,
    "charter": _look_at_charter,
}
"""What a check-up looks at, in this order."""
