"""What a refusal means in general, and what to do, in every language, by its code.

For refusals whose message has values in it: a page says this first, then the message itself with
its file, row or name, in English where `told` does not know it. The handbook has the same in full.
In English the message says all of it.
"""

from collections.abc import Mapping
from typing import Any, Final

from corridor.pages.languages import lazy_gettext as _l

ABOUT: Final[Mapping[str, Any]] = {
    "import.bad_country_mapping": _l(
        "A list of countries cannot be used. Nothing was imported. It needs the columns text and "
        "code; correct it and import again."
    ),
    "import.bad_database_address": _l(
        "The address of the database cannot be used. Nothing was imported. Correct it in the "
        "node's mapping file."
    ),
    "import.bad_mapping": _l(
        "The mapping file cannot be used. Nothing was imported. Correct the place that is named "
        "below."
    ),
    "import.damaged_file": _l(
        "A file is cut off or damaged. Nothing was imported. Save it anew in the program that "
        "made it."
    ),
    "import.database_table": _l(
        "A table of the database is not there, or may not be read. Nothing was imported. Ask the "
        "database's administrator."
    ),
    "import.database_unreachable": _l(
        "The database does not answer, or refuses. Nothing was imported. Ask its administrator, "
        "then try again."
    ),
    "import.decompression_bomb": _l(
        "A compressed file would unpack to far more than a case file can be. Nothing was imported."
    ),
    "import.empty_file": _l("There is no row of data in the files. Nothing was imported."),
    "import.file_not_found": _l("A file cannot be opened. Nothing was imported. Choose it again."),
    "import.malformed_row": _l(
        "A row of a CSV file has more or fewer values than the header. Nothing was imported. "
        "Correct the row, or export the file anew."
    ),
    "import.no_cases": _l(
        "The files hold events or support plans, but no cases. Nothing was imported. Import them "
        "together with the file of the cases."
    ),
    "import.no_database_driver": _l(
        "This installation cannot read PostgreSQL. Nothing was imported. An operator installs "
        "corridor[postgresql]."
    ),
    "import.not_htcds": _l(
        "No column of a file has a name of the HTCDS standard. Nothing was imported. Choose “Say "
        "first what columns mean”."
    ),
    "import.nothing_named": _l("No file was chosen. Nothing was imported."),
    "import.password_protected": _l(
        "A workbook is protected by a password. Nothing was imported. Save it without one, and "
        "import that."
    ),
    "import.persons_not_linked": _l(
        "It cannot be told which person a row belongs to. Nothing was imported. Give both tables "
        "a reference or number of the person."
    ),
    "import.profile_damaged": _l(
        "The profile of the data's quality cannot be read. The next import writes a new one."
    ),
    "import.too_large": _l(
        "A table is larger than one import takes. Nothing was imported. Divide it into several "
        "files."
    ),
    "import.too_many_persons": _l(
        "There would be more persons here than the charter allows a node. Nothing was imported. "
        "Ask the region for a charter with a higher ceiling."
    ),
    "import.unsupported_file": _l(
        "A file is of a kind that is not read here. Nothing was imported. Save it as xlsx or CSV."
    ),
    "import.wrong_encoding": _l(
        "A CSV file is not written in UTF-8. Nothing was imported. Save it as “CSV UTF-8”."
    ),
    "policy.malformed": _l("The policy has a mistake. Correct the line that is named below."),
    "policy.unknown_ready_made": _l("There is no ready-made policy of that name."),
    "policy.approvals_unavailable": _l(
        "The file of the waiting questions cannot be read or written. Nothing was changed. Its "
        "disk has to be looked at."
    ),
    "console.bad_form": _l("A field of the form cannot be used. Nothing was changed."),
    "card.malformed": _l("A card or fingerprint cannot be read. Nothing was kept."),
    "charter.malformed": _l("The charter cannot be used. Nothing was signed."),
    "charter.not_in_force": _l("A signature of the charter is missing or wrong."),
    "charter.succession": _l(
        "The charter does not follow the one that was accepted here. Nothing was signed. Ask the "
        "coordinator why."
    ),
    "charter.false_succession": _l(
        "A member's new keys do not follow its old ones. Nothing was signed. Call that authority."
    ),
    "charter.unconfirmed_member": _l(
        "Not every member's key was confirmed. Nothing was signed. Call the authorities that are "
        "named below, and type what they read out."
    ),
    "node.wrong_fingerprint": _l(
        "A key in the charter is not the one that you typed. Nothing was signed. Call that "
        "authority; if it is right, the coordinator offers a false key."
    ),
    "node.not_my_key": _l(
        "The charter lists this node with other keys, or not at all. Nothing was signed. Tell the "
        "coordinator."
    ),
    "node.other_coordinator": _l(
        "The charter names another coordinator than the one this node knows. Nothing was signed. "
        "Tell the other members."
    ),
    "node.coordinator_unreachable": _l(
        "The coordinator does not answer. Nothing was changed. Try again later."
    ),
    "node.no_data": _l("There are no case data yet. Import case files first."),
    "node.settings": _l("A settings file of the node cannot be read. An operator corrects it."),
    "node.damaged_key": _l(
        "A key of the node is missing or damaged. Nothing was changed. Restore it from a backup."
    ),
    "keys.node_retired": _l(
        "This node has retired and takes part in nothing any more. Nothing was changed."
    ),
    "keys.locked": _l("The keys are sealed and nobody has opened them. Nothing was changed."),
    "keys.rotated": _l(
        "This node went over to new keys meanwhile. Nothing was written. Start the console anew."
    ),
    "store.busy": _l("Another import is running. Nothing was changed. Wait until it has ended."),
    "store.edition_replaced": _l(
        "Another import finished meanwhile, and nothing of this one was kept. Import again."
    ),
    "store.key_missing": _l(
        "The key that opens the case data is missing. Nothing was changed. Restore it from a "
        "backup."
    ),
    "store.damaged": _l("A file of the case data is damaged. Restore it from a backup."),
    "store.unsure": _l(
        "The data are in, but the disk did not confirm the last step. Have the disk looked at, "
        "then import again."
    ),
    "store.cannot_write": _l(
        "The disk refused while the data were written. The data from before are untouched. Make "
        "room, then import again."
    ),
    "store.no_such_edition": _l("That edition was erased, or never was."),
    "store.engine_unreachable": _l(
        "The database that holds the case data does not answer. Ask its administrator."
    ),
    "disk.cannot_write": _l("A file cannot be read or written. Have the disk looked at."),
    "erasing.list_lost": _l(
        "The list of persons who asked to be erased is missing. Nothing was imported. Restore it "
        "from a backup."
    ),
    "erasing.current_edition": _l(
        "Questions are answered from this edition. Nothing was erased. Import another first, or "
        "erase all data."
    ),
    "ledger.behind_journal": _l(
        "The ledger lacks what the journal remembers: an old copy was put back. Nothing is "
        "answered. An operator looks into the handbook."
    ),
    "ledger.disk": _l("Ledger or journal cannot be written. Nothing leaves. Look at the disk."),
    "ledger.contradictions": _l(
        "Signed words that contradict each other are on record. Talk to the other members."
    ),
    "chain.broken": _l(
        "Ledger or journal is damaged or was changed. Nothing is answered. Restore it from a "
        "backup."
    ),
    "question.unsupported_sql": _l("The question uses SQL that cannot be answered here."),
    "question.unknown_field": _l("The question names a field that there is not."),
    "question.unknown_value": _l("The question names a value that there is not."),
    "question.malformed_rho": _l("ρ cannot be read. Write it as 1/100 or 0.01."),
    "question.rho_out_of_range": _l("ρ is zero, or above what the charter allows."),
    "question.too_many_cells": _l("The answer would have more cells than the charter allows."),
    "question.no_cell_left": _l("The question's conditions contradict each other."),
    "question.misused_field": _l("A field is used in a way that its kind does not allow."),
    "question.no_series": _l("This cannot be a standing series."),
}
"""Refusals that a page may show, beside those that `words.SAID` says whole."""
