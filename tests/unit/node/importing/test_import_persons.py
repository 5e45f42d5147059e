from pathlib import Path

import pytest

from corridor.node.importing.keys import Keyring, is_placeholder, normal_name, normal_number
from support.case_files import cases_of, problems, read, write_csv

ANA = {"prs_FirstName": "Ana", "prs_SecondName": "Sample", "prs_Birthdate": "1999-05-17"}


def persons(tmp_path: Path, *rows: dict[str, str]) -> int:
    """How many persons an import of some rows finds."""
    return read(write_csv(tmp_path / "a.csv", rows))[1].persons


@pytest.mark.parametrize(
    "other",
    [
        {"prs_FirstName": "ANA", "prs_SecondName": " sample ", "prs_Birthdate": "17.05.1999"},
        {"prs_FirstName": "Ána", "prs_SecondName": "Sämple", "prs_Birthdate": "17/05/1999"},
        {"prs_FirstName": "", "prs_SecondName": "Ana-Sample", "prs_Birthdate": "19990517"},
    ],
)
def test_a_name_is_the_same_in_every_case_accent_and_space(
    tmp_path: Path, other: dict[str, str]
) -> None:
    assert persons(tmp_path, ANA, other) == 1


def test_a_name_is_the_same_in_every_script(tmp_path: Path) -> None:
    latin = {"prs_FirstName": "Viktor", "prs_SecondName": "Zhukov", "prs_Birthdate": "1999-05-17"}
    cyrillic = latin | {"prs_FirstName": "Виктор", "prs_SecondName": "Жуков"}
    assert persons(tmp_path, latin, cyrillic) == 1


def test_another_name_or_birthdate_is_another_person(tmp_path: Path) -> None:
    others = [ANA | {"prs_FirstName": "Ina"}, ANA | {"prs_Birthdate": "1999-05-18"}]
    assert persons(tmp_path, ANA, *others) == 3


def test_the_identity_number_decides_before_the_name(tmp_path: Path) -> None:
    rows = [
        ANA | {"prs_IdentityNumber": "2003-001 234"},
        {"prs_FirstName": "Anna", "prs_IdentityNumber": "2003001234"},
        ANA | {"prs_IdentityNumber": "998"},
    ]
    _, report = read(write_csv(tmp_path / "a.csv", rows))
    assert report.persons == 2
    assert report.persons_by["identity_number"] == 2


def test_a_name_without_birthdate_tells_nobody_apart(tmp_path: Path) -> None:
    name_only = {"prs_FirstName": "Ana", "prs_SecondName": "Sample", "prs_Gender": "Feminine"}
    assert persons(tmp_path, name_only, name_only) == 2


def test_a_name_that_says_unknown_tells_nobody_apart(tmp_path: Path) -> None:
    unknown = {"prs_FirstName": "unknown", "prs_SecondName": "n/a", "prs_Birthdate": "1999-05-17"}
    assert persons(tmp_path, unknown, unknown) == 2


@pytest.mark.parametrize("filler", ["0", "000000", "xxx", "N/A", "unknown", "---", "неизвестно"])
def test_a_filler_is_no_identity_number(tmp_path: Path, filler: str) -> None:
    rows = [{"prs_Gender": "Feminine", "prs_IdentityNumber": filler}] * 2
    _, report = read(write_csv(tmp_path / "a.csv", rows))
    assert report.persons == 2
    assert problems(report)["identity.placeholder"] == 2


def test_two_identical_anonymous_victims_stay_two(tmp_path: Path) -> None:
    assert persons(tmp_path, {"prs_Gender": "Feminine"}, {"prs_Gender": "Feminine"}) == 2


def test_the_number_of_a_row_is_no_part_of_its_content(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        ",prs_Gender,cas_Status\n1,Feminine,Active\n2,Feminine,Active\n"
    )
    (tmp_path / "b.csv").write_text(
        ",prs_Gender,cas_Status\n7,Feminine,Active\n9,Feminine,Active\n"
    )
    assert read(tmp_path / "a.csv")[0].cases.equals(read(tmp_path / "b.csv")[0].cases)


def test_a_free_text_tells_anonymous_rows_apart_and_is_not_kept(tmp_path: Path) -> None:
    rows = [{"prs_Gender": "Feminine", "cas_IncomingReferralDetails": text} for text in "ab"]
    one = read(write_csv(tmp_path / "a.csv", rows[:1]))[0].cases.column("person_key")
    two = read(write_csv(tmp_path / "b.csv", rows[1:]))[0].cases.column("person_key")
    assert one != two


def test_a_case_reference_stands_for_a_person_without_identity(tmp_path: Path) -> None:
    rows = [
        {"x_CaseReference": "C/1-12", "prs_Gender": "Feminine", "cas_Status": "Active"},
        {"x_CaseReference": "C/1-12", "prs_Gender": "Feminine", "cas_Status": "Closed"},
        {"x_CaseReference": "C/1-12", "prs_Gender": "Masculine", "cas_Status": "Closed"},
        {"x_CaseReference": "C/11-2", "prs_Gender": "Feminine", "cas_Status": "Closed"},
    ]
    _, report = read(write_csv(tmp_path / "a.csv", rows))
    assert (report.persons, report.cases) == (3, 3)
    assert report.persons_by["case_reference"] == 3


def test_two_persons_of_one_case_reference_have_a_case_each(tmp_path: Path) -> None:
    rows = [{"x_CaseReference": "C1", "prs_IdentityNumber": number} for number in ("11", "12")]
    _, report = read(
        write_csv(tmp_path / "a.csv", [row | {"prs_Gender": "Feminine"} for row in rows])
    )
    assert (report.persons, report.cases) == (2, 2)


def test_another_secret_makes_everybody_somebody_else(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [ANA])
    ours, theirs = read(path)[0], read(path, secret=bytes(32))[0]
    assert ours.cases.column("person_key") != theirs.cases.column("person_key")
    assert ours.cases.column("case_key") != theirs.cases.column("case_key")


def test_a_secret_of_another_length_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Keyring(b"short")


def test_keys_of_different_kinds_and_frames_differ() -> None:
    ring = Keyring(bytes(32))
    keys = {ring.key("a", b"x", b"y"), ring.key("a", b"xy"), ring.key("a", b"", b"xy")}
    assert len(keys | {ring.key("b", b"xy"), ring.identity_number("x"), ring.reference("x")}) == 6


def test_normal_forms() -> None:
    assert normal_name("Мария-Елена") == normal_name("MARIYA elena")
    assert normal_number(2003001234567.0) == "2003001234567"
    assert normal_number("٢٠٠٣") == "2003"
    assert not is_placeholder("A1")
    assert not is_placeholder("1")


def test_consent_is_a_no_when_blank_or_missing_and_agreement_only_when_the_column_is_there(
    tmp_path: Path,
) -> None:
    rows = [
        {"prs_Gender": "Feminine", "con_Consent": "Yes", "vic_AgreementToManagePersonalData": ""},
        {"prs_Gender": "Feminine", "con_Consent": "", "vic_AgreementToManagePersonalData": "Yes"},
    ]
    _, report = read(write_csv(tmp_path / "a.csv", rows))
    assert report.cases_without_consent == 2
    (case,) = cases_of(write_csv(tmp_path / "b.csv", [{"prs_Gender": "Feminine"}]))
    assert (case["consent"], case["agreement"]) == (False, None)
