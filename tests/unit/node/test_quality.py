import csv
import datetime as dt
import json
from pathlib import Path

import pytest

from corridor.cli.main import main
from corridor.errors.importing import NoProfileError, ProfileDamagedError
from corridor.node.import_desk import ImportDesk
from corridor.node.importing import merge
from corridor.node.importing.columns import EXTENSIONS
from corridor.node.importing.report import PROBLEMS, TO_BE_MENDED, WORK_ROWS, ImportReport
from corridor.node.quality import (
    EFFECTS,
    Counting,
    QualityProfile,
    profile_of,
    read_profile,
    write_profile,
)
from corridor.node.schema import TABLES
from support.case_files import htcds_fields, read, write_csv

Capture = pytest.CaptureFixture[str]
FIELDS = {**htcds_fields(), **EXTENSIONS}
GOOD = {
    "prs_FirstName": "Verysecret",
    "prs_SecondName": "Sample",
    "prs_Birthdate": "1999-05-17",
    "prs_Gender": "Feminine",
    "con_Consent": "Yes",
    "cas_IncomingReferralDate": "2024-04-13",
}


def profile(*paths: Path) -> tuple[QualityProfile, ImportReport]:
    """The profile of one import."""
    imported, report = read(*paths)
    tables = Counting(merge(None, imported, 1))
    for name in TABLES:
        list(tables.pieces(name))
    found = profile_of(
        report, tables, FIELDS, edition="1-ab", imported_at="2026-11-24T00:00:00", stem="s"
    )
    return found, report


def work_of(report: ImportReport) -> set[tuple[int, str | None, str]]:
    return {(place.row, place.field, place.problem) for place in report.work}


def test_each_field_says_how_many_are_unknown_and_rejected(tmp_path: Path) -> None:
    rows = [GOOD, GOOD | {"prs_Gender": "xx", "prs_FirstName": "B"}]
    rows += [GOOD | {"prs_Gender": "", "prs_FirstName": "C"}]
    found, _ = profile(write_csv(tmp_path / "a.csv", rows))
    fields = {one.field: one for one in found.fields}
    gender = fields["prs_Gender"]
    assert (gender.rows, gender.unknown, gender.rejected, gender.has_column) == (3, 2, 1, True)
    assert "67 %" in gender.meaning
    assert fields["con_Consent"].meaning == "complete"
    assert not fields["cas_Status"].has_column
    unknown = {one.column: one.unknown for one in found.edition_unknown}
    assert (unknown["prs_Gender"], unknown["vic_TypeOfExploitation"]) == (2, 3)


def test_the_list_names_every_row_and_not_only_the_first_few(tmp_path: Path) -> None:
    rows = [
        GOOD | {"prs_FirstName": f"N{n}", "prs_Gender": "xx" if n % 2 else "Feminine"}
        for n in range(60)
    ]
    _, report = profile(write_csv(tmp_path / "a.csv", rows))
    assert work_of(report) == {
        (n + 2, "prs_Gender", "picklist.unknown_value") for n in range(60) if n % 2
    }


def test_dates_that_contradict_each_other_are_found(tmp_path: Path) -> None:
    event = {"hte_Type": "Recruitment", "hte_Country": "MD", "hte_Date": "2024-03-01"}
    rows = [
        GOOD | event,
        GOOD | event | {"prs_FirstName": "B", "hte_Date": "2024-05-01"},
        GOOD | event | {"prs_FirstName": "C", "vic_AgeWhenTrafficked": "14"},
        GOOD | event | {"prs_FirstName": "D", "vic_AgeWhenTrafficked": "25"},
        GOOD | event | {"prs_FirstName": "E", "x_IdentificationDate": "1990-01-01"},
    ]
    found, report = profile(write_csv(tmp_path / "a.csv", rows))
    assert work_of(report) == {
        (3, "hte_Date", "date.event_after_referral"),
        (4, "vic_AgeWhenTrafficked", "age.differs"),
        (6, "prs_Birthdate", "date.birth_after_identification"),
    }
    assert {one.problem for one in found.dates} == {place[2] for place in work_of(report)}


def test_records_that_may_be_one_person_are_found(tmp_path: Path) -> None:
    rows = [
        GOOD | {"prs_IdentityNumber": "MD-1234"},
        GOOD | {"prs_IdentityNumber": "MD-1243"},
        GOOD | {"prs_FirstName": "Other", "prs_IdentityNumber": "MD-9"},
        GOOD | {"prs_FirstName": "Third", "x_PersonReference": "7"},
        {"prs_Gender": "Feminine", "x_PersonReference": "7"},
        {"prs_Gender": "Masculine", "x_PersonReference": "8"},
        {"prs_Gender": "Feminine", "x_PersonReference": "8"},
    ]
    found, report = profile(write_csv(tmp_path / "a.csv", rows))
    assert work_of(report) == {
        (2, "prs_IdentityNumber", "person.alike"),
        (3, "prs_IdentityNumber", "person.alike"),
        (5, "x_PersonReference", "person.reference_shared"),
        (6, "x_PersonReference", "person.reference_shared"),
    }
    assert found.persons_by["identity_number"] == 3
    assert found.persons_by["person_reference"] == 2
    assert found.several_cases == 1


def test_the_list_is_a_csv_that_excel_opens_without_running_anything(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "=cmd.csv", [GOOD | {"prs_Gender": "xx"}])
    found, report = profile(path)
    write_profile(tmp_path, "s", found, report.work, FIELDS)
    raw = (tmp_path / "s-worklist.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    (line,) = csv.DictReader(raw.decode("utf-8-sig").splitlines())
    assert line["file"] == "'=cmd.csv"
    assert (line["row"], line["field"], line["label"]) == ("2", "prs_Gender", "Gender")
    assert line["what became of it"] == "rejected"
    assert "unknown" in line["what it means for answers"]
    assert "corridor node values" in line["what to do"]
    assert (tmp_path / "s-worklist.csv").stat().st_mode & 0o777 == 0o600


def test_a37_profile_and_list_name_nobody(tmp_path: Path) -> None:
    bad = {"prs_Birthdate": "31.02.1999", "prs_IdentityNumber": "0000", "prs_Gender": "Verysecret"}
    found, report = profile(write_csv(tmp_path / "a.csv", [GOOD | bad, GOOD]))
    write_profile(tmp_path, "s", found, report.work, FIELDS)
    for path in (tmp_path / "s-profile.json", tmp_path / "s-worklist.csv"):
        text = path.read_text("utf-8")
        assert "ecret" not in text
        assert "31.02" not in text


def test_what_was_written_is_what_is_read(tmp_path: Path) -> None:
    found, report = profile(write_csv(tmp_path / "a.csv", [GOOD | {"prs_Gender": "xx"}]))
    write_profile(tmp_path, "s-1-ab", found, report.work, FIELDS)
    assert read_profile(tmp_path) == found
    assert read_profile(tmp_path, "1-ab") == found
    with pytest.raises(NoProfileError):
        read_profile(tmp_path, "2-cd")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"files": 1}', "null", "[" * 5000])
def test_a_damaged_profile_is_refused_with_a_code(tmp_path: Path, text: str) -> None:
    (tmp_path / "x-profile.json").write_text(text)
    with pytest.raises(ProfileDamagedError, match="Import again"):
        read_profile(tmp_path)


def test_the_console_lists_reports_and_no_profiles(tmp_path: Path) -> None:
    for name in ("20260101T000000-1-ab.json", "20260101T000000-1-ab-profile.json"):
        (tmp_path / name).write_text("{}")
    desk = ImportDesk(
        tmp_path / "uploads",
        tmp_path,
        lambda _job, _tell: {},
        clock=lambda: dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        random_bytes=bytes,
    )
    assert desk.reports() == ["20260101T000000-1-ab.json"]


def test_every_problem_says_what_it_means_for_answers() -> None:
    assert set(EFFECTS) == set(PROBLEMS)
    assert set(TO_BE_MENDED) <= set(PROBLEMS)


def test_the_list_of_a_hopeless_file_ends_somewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corridor.node.importing.report.WORK_ROWS", 10)
    rows = [GOOD | {"prs_Gender": f"x{n}"} for n in range(50)]
    _, report = profile(write_csv(tmp_path / "a.csv", rows))
    assert len(report.work) == 10
    assert WORK_ROWS > 10_000


def test_the_command_shows_the_last_import_and_hands_out_the_list(
    tmp_path: Path, capsys: Capture
) -> None:
    home = tmp_path / "home"
    words = ["--home", str(home)]
    assert main(["node", "init", "--country", "MD", *words]) == 0
    assert main(["node", "profile", *words]) == 1
    assert "import.no_profile" in capsys.readouterr().err
    path = write_csv(tmp_path / "a.csv", [GOOD | {"prs_Gender": "xx"}])
    assert main(["node", "import", str(path), *words]) == 0
    assert "1 places for the case workers" in capsys.readouterr().out
    target = tmp_path / "work.csv"
    assert main(["node", "profile", "--list", str(target), *words]) == 0
    told = capsys.readouterr().out
    assert "picklist.unknown_value" in told
    assert "name and birthdate 1" in told
    assert target.stat().st_mode & 0o777 == 0o600
    assert main(["node", "profile", "--json", *words]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["work"], document["cases"], document["edition_persons"]) == (1, 1, 1)
    good = write_csv(tmp_path / "b.csv", [GOOD])
    assert main(["node", "import", str(good), "--replace", *words]) == 0
    target.unlink()
    assert main(["node", "profile", "--list", str(target), *words]) == 0
    assert "There is nothing for the case workers" in capsys.readouterr().out
    assert not target.exists()
