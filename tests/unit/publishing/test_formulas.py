"""No text becomes a formula in any file that a spreadsheet opens, of whichever site.

    the workbench, the API, the public site, the command    a release's files (`FORMS`)
    the workbench, the API, the command                     a filled report's (`REPORT_FORMS`)
    the command                                             views
    a node                                                  the case workers' list, the countries

The forms are read from the code, so a new one is tried, too.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

import openpyxl
import pytest

from corridor.cli.seen import csv_of_views
from corridor.node.importing.report import ImportReport, Place, UnresolvedCountry, WorkPlace
from corridor.node.quality import worklist
from corridor.publishing.formats import FORMS
from corridor.publishing.reports.files import REPORT_FORMS
from corridor.publishing.reports.filling import fill
from corridor.queries.views import Top
from support.releases import make_release
from support.reports import release_for, reports

OPENED = (".csv", ".xlsx")
BEGINS = ("=", "+", "-", "@", "\t=", "\r=", " =", "x;=", "x\t@", "x|+", "x\n-", "\uff1d", "\uff20")
WORDS = {"title", "purpose", "region", "label", "labels", "organisation"}


def bent(found: Any, begin: str, key: str = "") -> Any:
    """The same document with `begin` before every text that an asker or an authority chooses."""
    if isinstance(found, Mapping):
        return {one: bent(value, begin, one) for one, value in found.items()}
    if isinstance(found, list):
        return [bent(one, begin, key) for one in found]
    return f"{begin}cmd|' /C calc'!A0 {found}" if isinstance(found, str) and key in WORDS else found


def of_release(name: str) -> Callable[[str], Iterator[bytes]]:
    def made(begin: str) -> Iterator[bytes]:
        release = bent(make_release(), begin)
        for document in FORMS[name].write(release, f"answer{FORMS[name].suffix}"):
            if document.name.endswith(OPENED):
                yield document.data

    return made


def of_report(form: str) -> Callable[[str], Iterator[bytes]]:
    def made(begin: str) -> Iterator[bytes]:
        for report in reports().values():
            release = release_for(report)
            release |= {"tables": bent(release["tables"], begin), "purpose": f"{begin}1"}
            for document in REPORT_FORMS[form].write(fill(report, release), "report"):
                if not document.name.endswith(".json"):
                    yield document.data

    return made


def of_views(begin: str) -> Iterator[bytes]:
    release = release_for(reports()["glotip"])
    tables = [table for table in release["tables"] if len(table["axes"]) == 1]
    yield csv_of_views(release | {"tables": bent(tables, begin)}, [Top(3)]).encode()


def of_worklist(begin: str) -> Iterator[bytes]:
    place = Place(f"{begin}cmd.csv", f"{begin}sheet")
    yield from worklist([WorkPlace(place, 4, None, "cell.formula")], {})


def of_countries(begin: str) -> Iterator[bytes]:
    report = ImportReport(
        tables=(),
        rows=0,
        cases=0,
        persons=0,
        legs=0,
        services=0,
        cases_without_consent=0,
        persons_by={},
        ages_by={},
        corridors_by={},
        dropped_columns=(),
        unresolved_countries=(UnresolvedCountry(f"{begin}cmd", 3, None),),
        entries=(),
    )
    yield report.to_mapping_csv().encode()


EXPORTS: dict[str, Callable[[str], Iterator[bytes]]] = {
    **{f"release {name}": of_release(name) for name, one in FORMS.items() if one.suffix in OPENED},
    **{
        f"report {name}": of_report(name)
        for name, one in REPORT_FORMS.items()
        if one.suffix in OPENED
    },
    "views": of_views,
    "worklist": of_worklist,
    "countries": of_countries,
}


def cells(data: bytes) -> Iterator[Any]:
    """Every cell as a spreadsheet may cut the file: not everywhere do commas part cells."""
    if data.startswith(b"PK"):
        for sheet in openpyxl.load_workbook(io.BytesIO(data)):
            for row in sheet.iter_rows():
                for cell in row:
                    assert cell.data_type != "f", cell.value
                    yield cell.value
        return
    for parted in ",;\t|":
        text = io.StringIO(data.decode("utf-8-sig"), newline="")
        yield from chain.from_iterable(csv.reader(text, delimiter=parted))


def is_formula(cell: Any) -> bool:
    if not isinstance(cell, str):
        return False
    try:
        float(cell)
    except ValueError:
        return cell.lstrip()[:1] in {*"=+-@\uff1d\uff0b\uff0d\uff20"} - {""}
    return False


@pytest.mark.parametrize("begin", BEGINS, ids=ascii)
@pytest.mark.parametrize("export", EXPORTS)
def test_no_text_is_a_formula_in_an_export(export: str, begin: str) -> None:
    found = [cell for data in EXPORTS[export](begin) for cell in cells(data)]
    assert any(isinstance(cell, str) and "cmd" in cell for cell in found)  # it was tried
    assert [cell for cell in found if is_formula(cell)] == []


def test_the_exports_were_found() -> None:
    assert {"release csv", "release xlsx", "release sdmx-csv", "report xlsx"} <= set(EXPORTS)
