"""What the node shows of itself: status, policy, budget, series, journal, receipts."""

import asyncio
import json
from fractions import Fraction
from pathlib import Path

from corridor.errors.node import (
    NotRunningError,
    UnknownSeriesHereError,
)
from corridor.files import is_locked, write_atomically
from corridor.node.app.keeping import sealed_with
from corridor.node.app.world import (
    SERVE_LOCK,
    World,
    charter_desk,
    dial_coordinator,
    hold_to_journal,
    journal_of,
    ledger_of,
    read_policy,
    series_book,
    shortened,
)
from corridor.node.budget import budget_view
from corridor.node.home import (
    Home,
    read_retired,
    read_settings,
)
from corridor.node.journal_folding import folded
from corridor.node.keys import (
    read_keys,
)
from corridor.node.ledger import Ledger, SeriesAccount
from corridor.node.link import membership
from corridor.node.policy import DEFAULT_POLICY, KEYS_EXPLAINED
from corridor.node.series_book import SeriesBook
from corridor.node.shares import Limit
from corridor.node.status import parse_status, status_line
from corridor.node.views import (
    BudgetView,
    JournalLine,
    PolicyView,
    SeriesView,
    StatusView,
)
from corridor.queries.question import series_name
from corridor.transport.messages import ReceiptKind

DEFAULT_DELTA = Fraction(1, 10**6)


def status(world: World) -> StatusView:
    """What `serve` is doing.

    Raises:
        NotRunningError: it never ran here.
    """
    home = Home(world.home)
    read_settings(home)
    if home.is_retired:
        at = read_retired(home)
        line = f"retired{at and f' on {at:.10}'}: it takes part in nothing any more"
        return StatusView(line, False, {"alive": False, "retired": at or True})
    if not home.status.exists():
        raise NotRunningError
    found = parse_status(home.status.read_text("utf-8"))
    alive = is_locked(world.home / SERVE_LOCK)
    line = status_line(found)
    if not alive:
        line = f"not running; it said last: {line}"
    sealed = sealed_with(world.home)
    line += f" · keys sealed with {sealed}" if sealed else " · keys not sealed"
    document = {"alive": alive, "sealed_with": sealed or None, **json.loads(found.to_json())}
    return StatusView(line, alive, document)


def policy(world: World) -> PolicyView:
    """The rules of the policy, in order."""
    found = read_policy(Home(world.home))
    rules = [
        (str(rule.number), str(rule.line), rule.decides, str(rule.when)) for rule in found.rules
    ]
    return PolicyView(
        rules,
        [
            f"allowance: ρ = {found.per_year} a year, {found.all_time} for all time",
            *(
                f"of a year's, {Limit(share, None)}: at most ρ = {share.per_year}"
                for share in found.shares
            ),
            f"borne: ρ = {found.lost_per_day} a day for attempts without an answer",
            f"replies leave {float(found.replies_after):g} s after they were asked for, or later",
            f"counted: {found.published_rule}"
            + (f" ({found.statement})" if found.statement else ""),
            (
                f"people asked: one, two where ρ > {found.approvals.two_above} or a rule says so; "
                f"over after {found.approvals.valid_days} days"
            ),
            "Where no rule fits, a question is refused. `serve` reads the file when it changes.",
        ],
        DEFAULT_POLICY + KEYS_EXPLAINED,
        {
            "rules": [
                {"rule": number, "line": line, "verdict": verdict, "when": when}
                for number, line, verdict, when in rules
            ],
            "per_year": str(found.per_year),
            "all_time": str(found.all_time),
            "lost_per_day": str(found.lost_per_day),
            "shares": [
                {"of": share.kind.value, "name": share.name, "per_year": str(share.per_year)}
                for share in found.shares
            ],
            "replies_after": str(found.replies_after),
            "approvals": {
                "two_above": str(found.approvals.two_above),
                "valid_days": found.approvals.valid_days,
                "most_waiting": found.approvals.most_waiting,
            },
            "consent": found.consent_rule.value,
            "statement": found.statement,
            "reference": found.reference,
        },
    )


def series(world: World) -> tuple[SeriesView, ...]:
    """The standing series that were paid for here, and whether they can go on."""
    home = Home(world.home)
    if home.is_retired:
        return ()
    with ledger_of(world, read_policy(home), charter_desk(home).accepted()) as ledger:
        return series_in(world, ledger)


def series_in(world: World, ledger: Ledger) -> tuple[SeriesView, ...]:
    """The same, of a ledger that is open."""
    book = series_book(world, Home(world.home))
    return tuple(
        SeriesView(
            name=series_name(one.series),
            period=one.period,
            rho=str(one.rho),
            paid=str(one.paid),
            goes_on=_can_go_on(book, one),
            is_left=book.is_left(one.series),
        )
        for one in ledger.series().values()
    )


def _can_go_on(book: SeriesBook, account: SeriesAccount) -> bool:
    """Whether the next release, or the last one again, has something to go on from."""
    if book.is_left(account.series):
        return False
    kept = [account.sessions.get(period, ()) for period in (account.period, account.period - 1)]
    there = any(sessions and book.holds(account.series, sessions[-1]) for sessions in kept)
    return there or account.period == 1


def leave_series(world: World, name: str) -> None:
    """Destroy what a series had counted: this node takes no further part in it.

    Raises:
        UnknownSeriesHereError: nothing was paid for a series of that name. Nothing was changed.
        DiskError: not all of it could be removed.
    """
    home = Home(world.home)
    with ledger_of(world, read_policy(home), charter_desk(home).accepted()) as ledger:
        found = [one for one in ledger.series() if series_name(one) == name]
    if not found:
        raise UnknownSeriesHereError(name)
    book = series_book(world, home)
    if book.is_left(found[0]):
        return
    book.leave(found[0])
    with journal_of(world, home, read_keys(home)) as journal:
        journal.series_left(name)


def budget(world: World) -> BudgetView:
    """What was spent on each person in the data, what is reserved, what is left.

    Raises:
        LedgerBehindJournalError: the ledger lacks what the journal remembers of it.
    """
    home = Home(world.home)
    rules = read_policy(home)
    charter = charter_desk(home).accepted()
    with (
        ledger_of(world, rules, charter) as ledger,
        journal_of(world, home, read_keys(home)) as journal,
    ):
        hold_to_journal(ledger, journal)
        balance = ledger.balance()
        accounts = ledger.accounts()
    delta = charter.delta if charter else DEFAULT_DELTA
    return budget_view(
        balance,
        accounts,
        delta=delta,
        nodes_per_person=charter.nodes_per_person if charter else 2,
        quorum="" if charter is None else charter.quorum_text,
    )


def journal(world: World, last: int) -> list[JournalLine]:
    """The last entries of the journal; a question that waits for people is told once."""
    home = Home(world.home)
    with journal_of(world, home, read_keys(home)) as book:
        rows = folded(book.rows())[-last:]
    return [
        JournalLine(
            row.number,
            row.at.strftime("%Y-%m-%d %H:%M:%S"),
            row.kind,
            row.session[:8],
            ", ".join(f"{name} {shortened(value)}" for name, value in row.details.items() if value),
            {
                "number": row.number,
                "at": row.at.isoformat(),
                "kind": row.kind,
                "session": row.session,
                **row.details,
            },
        )
        for row in rows
    ]


def export_journal(world: World, path: Path) -> int:
    """Write the signed journal to `path`; gives the number of entries."""
    home = Home(world.home)
    keys = read_keys(home)
    with journal_of(world, home, keys) as book:
        lines = list(book.export(keys.card(read_settings(home))))
    write_atomically(path, ("\n".join(lines) + "\n").encode())
    return len(lines) - 1


def fetch_receipt(world: World, release: str, path: Path) -> None:
    """Fetch a release's members' receipt, still encrypted, into `path`."""
    asyncio.run(_fetch_receipt(Home(world.home), release, path))


async def _fetch_receipt(home: Home, release: str, path: Path) -> None:
    beside = path.with_name(path.name + ".part")
    try:
        async with dial_coordinator(home) as channel:
            with beside.open("wb") as file:
                async for piece in membership.fetch_receipt(channel, release, ReceiptKind.MEMBERS):
                    file.write(piece)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
