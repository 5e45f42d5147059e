"""Case files in: a new edition of the node's data, whole or not at all."""

import hashlib
import json
from collections.abc import Collection, Sequence
from pathlib import Path

from corridor.files import write_atomically
from corridor.ids import Digest
from corridor.node.app.erasing import keep_tidy, kept_out, within_retention
from corridor.node.app.shielding import shield_process
from corridor.node.app.world import Tell, World, charter_desk, journal_of, read_data
from corridor.node.home import Home, demand_in_service
from corridor.node.importing.countries import read_country_mapping
from corridor.node.importing.edition import merge
from corridor.node.importing.reading import read_case_files
from corridor.node.keys import (
    read_keys,
)
from corridor.node.schema import EditionTables
from corridor.node.store import EditionStore
from corridor.node.views import (
    ImportOutcome,
)
from corridor.queries.htcds import parse_htcds


def import_files(
    world: World,
    paths: Sequence[Path],
    *,
    replace: bool,
    mappings: Sequence[Path],
    progress: Tell,
    instead_of: Collection[bytes] = (),
) -> ImportOutcome:
    """Read case files into the node's next edition, whole or not at all.

    Args:
        world: home, clock, randomness.
        paths: case files.
        replace: start empty instead of adding to the last edition.
        mappings: files that say which country a text means.
        progress: hears what is being done.
        instead_of: keys of persons whose rows leave the last edition, to be corrected.

    Raises:
        CorridorError: a file is refused; the store is as it was.
    """
    shield_process()
    home = Home(world.home)
    demand_in_service(home)
    keys = read_keys(home)
    keep_tidy(world)
    store = EditionStore(world.home, world.random_bytes, world.clock)
    current = store.current()
    charter = charter_desk(home).in_force()
    ceiling = charter.charter.ceilings.persons_per_node if charter else None
    imported, report = read_case_files(
        paths,
        fields=parse_htcds(read_data("htcds-2.0.json")),
        person_secret=store.person_secret,
        mapping=read_country_mapping(*mappings),
        today=world.clock().date(),
        progress=progress,
        max_persons=ceiling,
    )
    before = None if replace or current is None else store.tables(current.id)
    before, imported = kept_out(world, store, before, imported, instead_of)
    number = 1 if current is None else current.number + 1
    tables = within_retention(world, merge(before, imported, number, max_persons=ceiling))
    progress("writing the edition")
    written = store.write(
        tables,
        replaces=None if current is None else current.id,
        sources=[Digest(hashlib.sha256(path.read_bytes()).digest()) for path in paths],
    )
    with journal_of(world, home, keys) as journal:
        journal.imported(written.edition.id)
    stamp = world.clock().strftime("%Y%m%dT%H%M%S")
    path = home.imports / f"{stamp}-{written.edition.id}.json"
    write_atomically(path, json.dumps(report.to_json(), ensure_ascii=False, indent=2).encode())
    to_fill_in = path.with_name(f"{path.stem}-countries.csv")
    unresolved = len(report.unresolved_countries)
    if unresolved:
        write_atomically(to_fill_in, report.to_mapping_csv().encode())
    verdict = "is current"
    if written.unchanged:
        verdict += ", though it holds what the one before held"
    return ImportOutcome(
        [
            f"edition {written.edition.id} {verdict}; {_counted(tables)}",
            *report.to_text().splitlines(),
            f"The report is in {path}, for this node's own staff.",
            *(_ask_for_countries(unresolved, to_fill_in) if unresolved else ()),
        ],
        {
            "edition": written.edition.id,
            "unchanged": written.unchanged,
            "persons": tables.persons.num_rows,
            "cases": tables.cases.num_rows,
            "report": report.to_json(),
            "file": str(path),
            "countries": str(to_fill_in) if unresolved else None,
        },
    )


def _ask_for_countries(unresolved: int, path: Path) -> tuple[str, ...]:
    return (
        f"{unresolved} texts name no country that is known; they count as unknown until then.",
        f"Next: write the codes into {path}",
        f"      and import the same files again with --countries {path}",
    )


def _counted(tables: EditionTables) -> str:
    return f"{tables.persons.num_rows} persons, {tables.cases.num_rows} cases"
