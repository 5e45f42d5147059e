import json
from pathlib import Path

from corridor.node.importing import read_case_files, read_country_mapping
from corridor.node.importing.report import PROBLEMS, ROWS_NAMED, VALUES_NAMED
from support.case_files import SECRET, TODAY, htcds_fields, read, write_csv

DIRTY = {
    "prs_FirstName": "Verysecret",
    "prs_Birthdate": "31.02.1999",
    "prs_IdentityNumber": "99-secret-99",
    "prs_Gender": "Femme",
    "vic_LocationOfRecruitment": "Moldovia",
    "cas_IncomingReferralDate": "soon or later",
    "vic_Typo": "hidden",
}


def test_repeated_findings_are_one_entry_with_a_count_and_the_first_rows(tmp_path: Path) -> None:
    _, report = read(write_csv(tmp_path / "a.csv", [DIRTY] * 1000))
    (entry,) = [e for e in report.entries if e.problem == "country.unresolved"]
    assert entry.count == 1000
    assert entry.rows == tuple(range(2, 2 + ROWS_NAMED))
    assert (entry.value, entry.suggestion, entry.fate) == ("Moldovia", "MD", "rejected")


def test_a37_the_values_of_identity_and_date_fields_are_never_shown(tmp_path: Path) -> None:
    _, report = read(write_csv(tmp_path / "a.csv", [DIRTY]))
    for told in (report.to_text(), json.dumps(report.to_json())):
        for secret in ("Verysecret", "secret", "31.02", "soon", "hidden"):
            assert secret not in told


def test_country_and_picklist_values_are_shown_cut_short(tmp_path: Path) -> None:
    row = {"vic_LocationOfRecruitment": "Atlantis " * 30, "prs_Gender": "Femme"}
    text = read(write_csv(tmp_path / "a.csv", [row]))[1].to_text()
    assert "'Femme'" in text
    assert "Atlantis " * 8 not in text
    assert "…" in text


def test_unresolved_countries_are_listed_by_frequency_with_a_suggestion(tmp_path: Path) -> None:
    rows = [{"vic_LocationOfRecruitment": text} for text in ("Moldovia", "Atlantis", "Moldovia")]
    _, report = read(write_csv(tmp_path / "a.csv", rows))
    assert [
        (found.text, found.count, found.suggestion) for found in report.unresolved_countries
    ] == [
        ("Moldovia", 2, "MD"),
        ("Atlantis", 1, None),
    ]


def test_the_list_of_unresolved_countries_is_a_mapping_file_to_fill_in(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [{"vic_LocationOfRecruitment": 'Tiraspol "old", PMR'}])
    listed = read(path)[1].to_mapping_csv()
    (tmp_path / "list.csv").write_text(listed)
    unfilled = read_country_mapping(tmp_path / "list.csv")
    assert read(path, mapping=unfilled)[1].unresolved_countries
    (tmp_path / "filled.csv").write_text(listed.replace(",,", ",MD,"))
    filled = read_country_mapping(tmp_path / "filled.csv")
    assert read(path, mapping=filled)[0].cases.column("recruited_in").to_pylist() == ["MD"]


def test_a_report_on_many_different_mistakes_stays_small(tmp_path: Path) -> None:
    rows = [{"vic_LocationOfRecruitment": f"Place {n:05}"} for n in range(3 * VALUES_NAMED)]
    _, report = read(write_csv(tmp_path / "a.csv", rows))
    entries = [e for e in report.entries if e.problem == "country.unresolved"]
    assert len(entries) == VALUES_NAMED + 1
    assert sum(entry.count for entry in entries) == len(rows)
    assert len(report.unresolved_countries) == VALUES_NAMED


def test_the_report_is_json_and_says_the_same_as_the_text(tmp_path: Path) -> None:
    _, report = read(write_csv(tmp_path / "a.csv", [DIRTY]))
    told = json.loads(json.dumps(report.to_json()))
    assert told["persons"] == report.persons == 1
    assert {entry["problem"] for entry in told["entries"]} <= PROBLEMS.keys()
    text = report.to_text()
    for entry in told["entries"]:
        assert entry["problem"] in text
        assert entry["remedy"] in text


def test_progress_is_told_table_by_table(tmp_path: Path) -> None:

    said: list[str] = []
    read_case_files(
        [write_csv(tmp_path / "a.csv", [DIRTY])],
        fields=htcds_fields(),
        person_secret=SECRET,
        mapping=None,
        today=TODAY,
        progress=said.append,
    )
    assert said == ["a.csv: opening", "a.csv: 1 rows"]
