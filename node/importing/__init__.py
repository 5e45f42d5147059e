"""How case files come in: HTCDS workbooks, CSV and Parquet → the tables of an edition.

    files      bytes → rows of cells. Refuses what is no case file: bombs, passwords, encodings
    columns    rows of cells → which column is which HTCDS field; labels, misspellings, roles
    values     one cell → date, number, API value. Each value is read by itself alone
    countries  one text → ISO 3166-1 alpha-2, in six languages, with an operator's mapping
    keys       who a row is about → HMAC keys. Names and numbers do not get past here
    reading    all of it, table by table, in batches → arrays of keys and values
    journeys   events → legs and corridor of a case
    edition    cases, legs, services of one import
    next_edition   the one that follows, merged with the one before, piece by piece
    report     what was repaired, rejected and dropped, and what to do about it

    paths ─ files ─ columns ─ values, countries, keys ─ reading ─ journeys ─ edition ─→ next_edition
                                    └────────── report ──────────────────→ for the staff

Two rules hold everywhere. What no question can use is dropped at the door: it is hashed into
a row's key at most, and kept nowhere. And what becomes of one person's rows depends on these
rows alone, never on their neighbours: no guess of a column's date order, no threshold, no
running number that another person's row would shift, because the proof that one person
changes an answer by at most Δ begins here.
"""

from corridor.node.importing.countries import CountryMapping, read_country_mapping
from corridor.node.importing.edition import ImportedCases
from corridor.node.importing.files import Ceilings
from corridor.node.importing.next_edition import NextEdition, merge
from corridor.node.importing.reading import read_case_files
from corridor.node.importing.report import ImportReport

__all__ = [
    "Ceilings",
    "CountryMapping",
    "ImportReport",
    "ImportedCases",
    "NextEdition",
    "merge",
    "read_case_files",
    "read_country_mapping",
]
