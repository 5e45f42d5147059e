"""Case data with marks in it goes through a real node; the marks are on no disk afterwards.

What is looked through: the nodes' whole folders (SQLite with its -wal, status, import reports,
keys), the logs of every process, and the folder for temporary files. Countries and
picklist values may stand in a report.
"""

import base64
import datetime as dt
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from corridor.cli.demo.region import COUNTRIES, DemoRegion, running_region, start_node
from corridor.client.app import connect
from corridor.node import app as node_app
from corridor.node.store import vault
from support.case_files import write_csv

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow]

THREE = COUNTRIES[:3]
MARKED = THREE[1]
MARKS = (
    "MRKNUM77123456",
    "Mrkfirstname",
    "Mrksecondname",
    "MRK-CASE-9917",
    "mrk free text of a case worker",
    "mrk-not-a-date",
)
SAID = "five words that nobody guesses"


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoRegion]:
    folder = tmp_path_factory.mktemp("region")
    (folder / "tmp").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder / "tmp"))
        patch.chdir(folder / "tmp")
        with running_region(folder, THREE, 40, 7, lambda _: None) as running:
            yield running


def marked_rows() -> list[dict[str, object]]:
    number, first, second, case, text, no_date = MARKS
    good: dict[str, object] = {
        "con_Consent": "Yes",
        "x_CaseReference": case,
        "prs_IdentityNumber": number,
        "prs_FirstName": first,
        "prs_SecondName": second,
        "prs_Gender": "Feminine",
        "prs_Birthdate": dt.date(2004, 2, 29).isoformat(),
        "vic_LocationOfRecruitment": "Moldova",
        "vic_LocationOfExploitation": "Nowhereland",
        "x_Notes": text,
        "cas_IncomingReferralDate": "2024-03-31",
    }
    # Values that cannot be: what is said of a bad cell must not be the cell.
    bad = {**good, "prs_Birthdate": no_date, "prs_Gender": "?", "prs_IdentityNumber": ""}
    return [good, bad]


def found_in(path: Path) -> list[str]:
    raw = path.read_bytes()
    return [mark for mark in MARKS if any(form in raw for form in forms(mark))]


def forms(mark: str) -> list[bytes]:
    """As text in two encodings, folded, in hexadecimal digits, and in base64 (whole triples)."""
    plain = mark.encode()
    folded = mark.casefold().replace(" ", "").replace("-", "").encode()
    return [
        plain,
        folded,
        mark.encode("utf-16-le"),
        plain.hex().encode(),
        *(base64.b64encode(plain[start:])[: 4 * (len(plain[start:]) // 3)] for start in range(3)),
    ]


def test_the_search_finds_a_mark_in_any_form(tmp_path: Path) -> None:
    """The twin: a leak would be seen."""
    for number, form in enumerate(forms(MARKS[0])):
        path = tmp_path / str(number)
        path.write_bytes(b"before" + form + b"after")
        assert found_in(path) == [MARKS[0]]


def test_marked_cases_are_imported_counted_and_on_no_disk_in_clear(
    region: DemoRegion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = region.home(MARKED)
    seal_and_restart(region, tmp_path, monkeypatch)
    case_file = write_csv(tmp_path / "cases.csv", marked_rows())
    world = node_app.real_world(home)
    outcome = node_app.import_files(
        world, [case_file], replace=False, mappings=(), progress=lambda _: None
    )
    assert outcome.document["report"]
    region.wait_until_connected()
    with connect(region.credentials) as analyst:
        sql = "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender"
        asked = analyst.ask({"sql": sql, "rho": "1/300", "scope": "regional", "purpose": "a test"})
        question = analyst.wait(asked["id"], lambda _: None, time.sleep)
        assert question["state"] == "released", question
        assert MARKED in analyst.release(question["release_id"])["survivors"]
    looked_at = [
        path
        for path in region.folder.rglob("*")
        if path.is_file() and path.parent.name != "case-files"
    ]
    assert any(path.name.endswith("-wal") for path in looked_at)
    assert {found: path for path in looked_at for found in found_in(path)} == {}
    assert [*(region.folder / "tmp").iterdir()] == []


def seal_and_restart(region: DemoRegion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The marked node's keys are sealed, and it serves again."""
    (tmp_path / "passphrase").write_text(SAID)
    monkeypatch.setenv("CORRIDOR_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    home = region.home(MARKED)
    region.processes.stop(f"node-{MARKED}")
    node_app.seal(node_app.real_world(home), node_app.Sealing("passphrase"))
    vault.forget(home)
    start_node(region.processes, region.folder, MARKED)
    region.wait_until_connected()


def test_a_serving_node_leaves_no_core_dump_and_its_folder_is_its_owners_alone(
    region: DemoRegion,
) -> None:
    process = region.processes.pids()[f"node-{THREE[0]}"]
    limits = Path(f"/proc/{process}/limits")
    if limits.exists():
        (line,) = [one for one in limits.read_text().splitlines() if "core file" in one]
        assert line.split()[4:6] == ["0", "0"]
    public = {"tls.pem", "ca.pem", "serve.lock"}
    for country in THREE:
        for folder, _, files in os.walk(region.home(country)):
            assert Path(folder).stat().st_mode & 0o077 == 0, folder
            for name in set(files) - public:
                assert (Path(folder) / name).stat().st_mode & 0o077 == 0, name
