"""`corridor node retire`: the node leaves for good, in order, and stays readable.

    1. `retired.json` is written: from here on nothing is served, imported or accepted
    2. the journal says so, with the ledger's last signed statement in it
    3. journal, ledger and card are written out, for whoever asks later
    4. every edition's key is destroyed, what standing series counted, and the key of the store;
       then the key of the connection

A kill between two steps is made good by the same command. Ledger, journal and the keys of the card
stay: they hold nobody's data, and answer what this node once did. The other members see that it is
away, and leave it out with a charter of their own (decision 0016).
"""

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from corridor.errors.files import DiskError
from corridor.files import flush_folder, make_private_folder, write_atomically
from corridor.ids import CountryCode
from corridor.node.app.keeping import stopped
from corridor.node.app.world import (
    World,
    charter_desk,
    hold_to_journal,
    journal_of,
    ledger_of,
    read_policy,
)
from corridor.node.home import Home, read_settings
from corridor.node.import_reports import erase_reports
from corridor.node.keys import read_keys
from corridor.node.ledger import Ledger
from corridor.node.store import EditionStore, vault
from corridor.protocols.cards import Card
from corridor.protocols.contradictions import entry_document, statement_document


@dataclass(frozen=True, slots=True)
class Retired:
    """What a retired node leaves.

    Attributes:
        files: for whoever asks later.
        spent: of ρ, in all.
    """

    files: tuple[Path, ...]
    entries: int
    spent: str
    country: CountryCode


def retire(world: World, out: Path, *, by: str) -> Retired:
    """End this node's part for good; its case data are gone afterwards.

    Raises:
        NodeServesError: `serve` runs. Nothing was changed.
        CorridorError: something cannot be read or written. The same command goes on from there.
    """
    home = Home(world.home)
    settings = read_settings(home)
    with stopped(world, "corridor node retire"):
        keys = read_keys(home)
        card = keys.card(settings)
        make_private_folder(out)
        if not home.is_retired:
            at = world.clock().isoformat(timespec="seconds")
            write_atomically(home.retired, json.dumps({"at": at, "by": by}).encode())
        charter = charter_desk(home).accepted() if home.enrolment.exists() else None
        with (
            ledger_of(world, read_policy(home), charter) as ledger,
            journal_of(world, home, keys) as journal,
        ):
            hold_to_journal(ledger, journal)
            said = ledger.statement()
            if not any(row.kind == "retired" for row in journal.rows()):
                journal.retired(said, by)
            files = (
                _write(out / "journal.jsonl", journal.export(card)),
                _write(out / "ledger.jsonl", _exported(ledger, card)),
                _write(out / "card.json", [card.encode().decode()]),
            )
        _erase_data(world)
    return Retired(files, said.sequence, str(said.spent), settings.country)


def _exported(ledger: Ledger, card: Card) -> list[str]:
    """The ledger as members have it: its last statement, then every entry, each signed."""
    return [
        json.dumps({"card": card.encode().decode()}, ensure_ascii=False),
        statement_document(ledger.statement()).decode(),
        *(entry_document(one).decode() for one in ledger.entries()),
    ]


def _write(path: Path, lines: Iterable[str]) -> Path:
    write_atomically(path, "".join(f"{line}\n" for line in lines).encode())
    return path


def _erase_data(world: World) -> None:
    """Destroy every key of case data, the editions' own first."""
    if vault.has_secret(world.home, "store.key"):
        store = EditionStore(world.home, world.random_bytes, world.clock)
        for edition in store.editions():
            store.erase(edition)
    # Also where they are gone already: a kill may have left what was being erased.
    for name in ("store.key", "tls.key"):
        vault.drop_secret(world.home, name)
    erase_reports(Home(world.home))
    try:
        for name in ("series", "editions", "imports", "uploads"):
            folder = world.home / name
            if folder.exists():
                shutil.rmtree(folder)
        flush_folder(world.home)
    except OSError as error:
        raise DiskError(str(error.filename), error.strerror or "cannot be removed") from error
