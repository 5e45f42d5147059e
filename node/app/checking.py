"""`corridor node doctor`: what could be wrong with a node, looked at one by one."""

import asyncio
from collections.abc import Callable

from corridor.errors import CorridorError
from corridor.errors.ledger import ContradictionsError
from corridor.errors.node import (
    SeriesStateLostError,
)
from corridor.errors.region import NoProposedCharterError
from corridor.errors.release_tree import (
    ContradictedLogError,
)
from corridor.node.app.deciding import approvals
from corridor.node.app.erasing import demand_suppression
from corridor.node.app.keeping import sealed_with
from corridor.node.app.leftovers import look_at_uploads
from corridor.node.app.looking import series
from corridor.node.app.shielding import swap_devices
from corridor.node.app.world import (
    World,
    charter_desk,
    dial_coordinator,
    hold_to_journal,
    journal_of,
    ledger_of,
    own_card_view,
    read_policy,
)
from corridor.node.home import (
    Home,
    read_enrolment,
    read_settings,
)
from corridor.node.keys import (
    read_identity,
    read_keys,
)
from corridor.node.link import membership
from corridor.node.store import EditionStore
from corridor.node.tree_book import TreeBook
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


def doctor(world: World) -> list[Finding]:
    """Look at everything that a node needs, and say what to mend."""
    home = Home(world.home)
    settings = read_settings(home)

    def look(what: str, check: Callable[[], str]) -> Finding:
        try:
            return Finding(True, what, check())
        except CorridorError as error:
            return Finding(False, what, f"{error} [{error.code}]")

    return [
        look("settings", lambda: f"{settings.country}, {settings.name}"),
        look("keys", lambda: _look_at_keys(home)),
        look("keys at rest", lambda: _look_at_rest(world)),
        look("memory", _look_at_memory),
        look("policy", lambda: f"{len(read_policy(home).rules)} rules"),
        look("approvals", lambda: _look_at_approvals(world)),
        look("case data", lambda: _look_at_data(world)),
        look("uploads", lambda: look_at_uploads(world.home)),
        look("ledger", lambda: _look_at_ledger(world, home)),
        look("journal", lambda: _look_at_journal(world, home)),
        look("series", lambda: _look_at_series(world)),
        look("replies", lambda: _look_at_replies(world, home)),
        look("witnesses", lambda: _look_at_witnesses(home)),
        look("releases", lambda: _look_at_tree(home)),
        look("certificate", lambda: _look_at_certificate(world, home)),
        look("coordinator", lambda: _look_at_coordinator(home)),
        look("charter", lambda: _look_at_charter(home)),
    ]


def _look_at_approvals(world: World) -> str:
    waiting = sum(one.standing == "waiting" for one in approvals(world))
    return f"{waiting} questions wait for people" if waiting else "no question waits for people"


def _look_at_keys(home: Home) -> str:
    card = own_card_view(home)
    if card.following is None:
        return card.fingerprint
    return f"{card.fingerprint}; {card.following.fingerprint} waits for the next charter"


def _look_at_rest(world: World) -> str:
    lock = sealed_with(world.home)
    if not lock:
        return (
            "not sealed: whoever copies this folder has the keys and the case data. Files of mode "
            "0600 protect them from other users alone; `corridor node seal --with passphrase`"
        )
    return f"sealed with {lock}"


def _look_at_memory() -> str:
    swap = swap_devices()
    if not swap:
        return "no swap on a disk; `serve` and `import` leave no core dumps"
    return (
        f"there is swap ({', '.join(swap)}), to which memory with case data may be written: see "
        "that it is encrypted, or switch it off (`swapoff -a`)"
    )


def _look_at_data(world: World) -> str:
    if Home(world.home).is_retired:
        return "erased: this node has retired"
    store = EditionStore(world.home, world.random_bytes, world.clock)
    current = store.current()
    if current is None:
        return "none yet; load some with `corridor node import FILE…`"
    demand_suppression(world, store)
    store.check(current)
    rule = read_settings(Home(world.home)).retention.text or "kept until somebody erases them"
    when = f"{current.written_at:%Y-%m-%d %H:%M} UTC"
    return f"edition {current.id} of {when}, in {current.engine}; {rule}"


def _look_at_ledger(world: World, home: Home) -> str:
    charter = charter_desk(home).accepted() if home.enrolment.exists() else None
    with (
        ledger_of(world, read_policy(home), charter) as ledger,
        journal_of(world, home, read_keys(home)) as journal,
    ):
        hold_to_journal(ledger, journal)
        balance = ledger.balance()
    return f"whole; ρ = {balance.spent} spent, {balance.left_for_all_time} left"


def _look_at_series(world: World) -> str:
    found = [one for one in series(world) if not one.is_left]
    for one in found:
        if not one.goes_on:
            raise SeriesStateLostError(one.name)
    return f"{len(found)} standing series can go on"


def _look_at_journal(world: World, home: Home) -> str:
    with journal_of(world, home, read_keys(home)) as book:
        return f"whole; {sum(1 for _ in book.rows())} entries"


def _look_at_replies(world: World, home: Home) -> str:
    with journal_of(world, home, read_keys(home)) as book:
        kinds = [row.kind for row in book.rows()]
    late, left = kinds.count("left_late"), kinds.count("let_out")
    seconds = float(read_policy(home).replies_after)
    if not late:
        return f"{left} were counted within {seconds:g} s, when they leave"
    # No fault that stops anything, and what a later slot tells is little; but it can be mended.
    return (
        f"{late} of {left} took longer than the first slot ({seconds:g} s) and left at a later "
        'one: raise "after_seconds" in policy.toml'
    )


def _look_at_witnesses(home: Home) -> str:
    with WitnessBook(home.witness, ed25519_verify) as book:
        forks = book.forks()
    if forks:
        raise ContradictionsError(len(forks))
    return "no member's ledger, and no word of the coordinator, contradicts another"


def _look_at_tree(home: Home) -> str:
    with TreeBook(home.tree) as book:
        held, evidence, pending = book.held(), book.evidence(), book.pending()
    if any(one.stops_cosigning for one in evidence):
        raise ContradictedLogError
    if held is None:
        return "no checkpoint of the region's releases was cosigned here yet"
    shown = f"a tree of {held.checkpoint.size} releases was cosigned last"
    return shown + (f"; {len(pending)} of this node not shown in it yet" if pending else "")


def _look_at_certificate(world: World, home: Home) -> str:
    read_enrolment(home)
    certificate = decode_certificate(read_identity(home).certificate)
    verify_valid_at(certificate, world.clock(), "this node's certificate")
    return f"valid until {certificate.not_valid_after_utc:%Y-%m-%d}"


def _look_at_coordinator(home: Home) -> str:
    enrolment = read_enrolment(home)
    host, port = enrolment.web.removeprefix("https://").rsplit(":", 1)
    verify_pinned(fetch_authority(host, int(port)), enrolment.authority)
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


def _look_at_charter(home: Home) -> str:
    desk = charter_desk(home)
    in_force, accepted = desk.in_force(), desk.accepted()
    if in_force is not None:
        return f"version {in_force.charter.version} is in force"
    if accepted is not None:
        return f"version {accepted.version} is signed here and not in force yet"
    return "none accepted yet; `corridor node accept`"
