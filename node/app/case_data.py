"""Case files in: a new edition of the node's data, whole or not at all."""

import json
from collections.abc import Collection, Sequence
from pathlib import Path

from corridor.files import make_private_folder, write_atomically
from corridor.ids import Digest
from corridor.node.app.erasing import keep_tidy, oldest_day, suppressed
from corridor.node.app.shielding import shield_process
from corridor.node.app.world import Tell, World, charter_desk, journal_of, read_data
from corridor.node.home import Home, demand_in_service, read_settings
from corridor.node.import_reports import erase_reports
from corridor.node.importing.countries import read_country_mapping
from corridor.node.importing.edition import leaving_out
from corridor.node.importing.memory import give_back
from corridor.node.importing.next_edition import NextEdition, merge
from corridor.node.importing.proposing import TableProposal
from corridor.node.importing.reading import read_case_files
from corridor.node.importing.standing import Standing
from corridor.node.keys import (
    read_keys,
)
from corridor.node.mapping_desk import MappingDesk
from corridor.node.quality import (
    Counting,
    QualityProfile,
    profile_of,
    read_profile,
    read_worklist,
    write_profile,
)
from corridor.node.sources import sources_of
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
    columns: Path | None = None,
    database: str | None = None,
    tables_named: Sequence[str] = (),
) -> ImportOutcome:
    """Read case files into the node's next edition, whole or not at all.

    Args:
        world: home, clock, randomness.
        paths: case files.
        replace: start empty instead of adding to the last edition.
        mappings: files that say which country a text means.
        progress: hears what is being done.
        instead_of: keys of persons whose rows leave the last edition, to be corrected.
        columns: the file that says what columns and values mean that are not HTCDS; without it
            the node's own, if there is one.
        database: an address, or the name of one in that file, to read tables from.
        tables_named: which of its tables.

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
    desk = mapping_desk(world, columns)
    mapping = desk.mapping(required=columns is not None)
    sources = sources_of(paths, database=database, tables=tables_named, mapping=mapping)
    stands = None if replace or current is None else store.held(current.id)
    imported, report = read_case_files(
        sources,
        fields=parse_htcds(read_data("htcds-2.0.json")),
        person_secret=store.person_secret,
        mapping=read_country_mapping(*mappings),
        today=world.clock().date(),
        progress=progress,
        max_persons=ceiling,
        columns=mapping,
        standing=None if stands is None else lambda: Standing.of_edition(stands, instead_of),
    )
    give_back()
    erased = suppressed(world, store)
    following = merge(
        stands,
        leaving_out(imported, erased) if erased else imported,
        1 if current is None else current.number + 1,
        max_persons=ceiling,
        without=erased | frozenset(instead_of),
        since=oldest_day(world),
    )
    tables = Counting(following)
    give_back()
    progress("writing the edition")
    written = store.write(
        tables,
        replaces=None if current is None else current.id,
        sources=[Digest(source.digest()) for source in sources],
        links=lambda: following.pieces("links"),
    )
    with journal_of(world, home, keys) as journal:
        journal.imported(written.edition.id)
    if replace:
        erase_reports(home)
    make_private_folder(home.imports)  # a backup without data has none
    stamp = world.clock().strftime("%Y%m%dT%H%M%S")
    path = home.imports / f"{stamp}-{written.edition.id}.json"
    write_atomically(path, json.dumps(report.to_json(), ensure_ascii=False, indent=2).encode())
    to_fill_in = path.with_name(f"{path.stem}-countries.csv")
    found = profile_of(
        report,
        tables,
        desk.all_fields,
        edition=written.edition.id,
        imported_at=world.clock().isoformat(timespec="seconds"),
        stem=path.stem,
    )
    write_profile(home.imports, path.stem, found, report.work, desk.all_fields)
    unresolved = len(report.unresolved_countries)
    if unresolved:
        write_atomically(to_fill_in, report.to_mapping_csv().encode())
    verdict = "is current"
    if written.unchanged:
        verdict += ", though it holds what the one before held"
    return ImportOutcome(
        [
            *report.before.warnings(),
            f"edition {written.edition.id} {verdict}; {_counted(following)}",
            *report.mapped_lines(desk.path.name),
            *report.to_text().splitlines(),
            f"The report is in {path}, for this node's own staff.",
            *_about_quality(found, home),
            *(_ask_for_countries(unresolved, to_fill_in) if unresolved else ()),
            *report.next_steps(),
        ],
        {
            "edition": written.edition.id,
            "unchanged": written.unchanged,
            "persons": following.persons,
            "cases": following.cases,
            "report": report.to_json(),
            "next": list(report.next_steps()),
            "file": str(path),
            "countries": str(to_fill_in) if unresolved else None,
            "worklist": found.worklist and str(home.imports / found.worklist),
        },
    )


def _about_quality(found: QualityProfile, home: Home) -> tuple[str, ...]:
    told = ["How good the data are: corridor node profile"]
    if found.worklist is not None:
        told.append(
            f"{found.work} places for the case workers are listed in "
            f"{home.imports / found.worklist}"
        )
    return tuple(told)


def quality(world: World, edition: str | None = None) -> QualityProfile:
    """How good the data of the last import are, or of the one that made an edition.

    Raises:
        NoProfileError: there was none.
    """
    home = Home(world.home)
    read_settings(home)
    return read_profile(home.imports, edition)


def quality_worklist(world: World, found: QualityProfile) -> bytes:
    """The case workers' list that belongs to a profile, as CSV.

    Raises:
        NoProfileError: it names none, or the file was removed.
    """
    return read_worklist(Home(world.home).imports, found)


def mapping_desk(world: World, path: Path | None = None) -> MappingDesk:
    """Who knows what columns mean, by this file or the node's own."""
    fields = parse_htcds(read_data("htcds-2.0.json"))
    return MappingDesk(path or Home(world.home).mapping, fields, world.clock().date())


def propose_mapping(
    world: World,
    paths: Sequence[Path],
    *,
    desk: MappingDesk,
    progress: Tell,
    database: str | None = None,
    tables: Sequence[str] = (),
) -> tuple[TableProposal, ...]:
    """What may be meant by the columns and values of some files that are not HTCDS.

    Raises:
        CorridorError: a file is refused; nothing was written.
    """
    read_settings(Home(world.home))
    sources = sources_of(paths, database=database, tables=tables, mapping=desk.mapping())
    return desk.propose(sources, read_country_mapping(), progress)


def _ask_for_countries(unresolved: int, path: Path) -> tuple[str, ...]:
    return (
        f"{unresolved} texts name no country that is known; they count as unknown until then.",
        f"Next: write the codes into {path}",
        f"      and import the same files again with --countries {path}",
    )


def _counted(edition: NextEdition) -> str:
    return f"{edition.persons} persons, {edition.cases} cases"
