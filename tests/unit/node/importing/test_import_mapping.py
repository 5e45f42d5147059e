import datetime as dt
from pathlib import Path

import pytest

from corridor.errors.importing import BadMappingError, NotHtcdsError
from corridor.node.importing import CountryMapping
from corridor.node.importing.columns import EXTENSIONS
from corridor.node.importing.files import CaseFile
from corridor.node.importing.mapping import FileMapping, parse_mapping
from corridor.node.importing.mapping_file import Confirmed, read_mapping, with_confirmed
from corridor.node.importing.proposing import SURE, TableProposal
from corridor.node.mapping_desk import MappingDesk
from support.case_files import TODAY, htcds_fields, problems, read, write_csv
from support.exports import write_rows, write_statistical

ALL_FIELDS = {**htcds_fields(), **EXTENSIONS}
FRENCH = {
    "N° dossier": "D-1",
    "Nom": "Exemple",
    "Prénom": "Ana",
    "Sexe": "F",
    "Date de naissance": "17/05/1999",
    "Nationalité": "Moldavie",
    "Statut de la victime": "Identifiée",
    "Type d'exploitation": "Travail forcé;Mendicité",
    "Pays d'exploitation": "Burkina",
    "Violence physique": "Oui",
    "Consentement": "Oui",
    "Remarques": "texte libre",
}
MAPPING = """
[[table]]
file = "victimes-*.csv"

[table.columns]
"Sexe" = "prs_Gender"
"Type d'exploitation" = "vic_TypeOfExploitation"
"Violence physique" = "vic_MethodsOfControl/PhysicalAbuse"
"Violence sexuelle" = "vic_MethodsOfControl/SexualAbuse"
"Pays d'exploitation" = "vic_LocationOfExploitation"
"Consentement" = "con_Consent"
"Remarques" = "-"

[table.values.prs_Gender]
"F" = "Feminine"
"?" = "-"

[table.values.vic_TypeOfExploitation]
"Travail forcé" = "ForcedLabour"
"mendicite" = "ForcedBegging"

[table.values.vic_LocationOfExploitation]
"Le pays voisin" = "BF"
"""


def mapping(text: str = MAPPING) -> FileMapping:
    return parse_mapping("mapping.toml", text, ALL_FIELDS)


def proposals(path: Path, *, known: str = "") -> TableProposal:
    """What is proposed for the one table of a file."""
    desk = MappingDesk(path.with_name("mapping.toml"), htcds_fields(), TODAY)
    if known:
        desk.path.write_text(known)
    (found,) = desk.propose([CaseFile(path)], CountryMapping({}), lambda _: None)
    return found


def test_a_mapping_says_what_columns_and_values_are(tmp_path: Path) -> None:
    rows = [
        FRENCH | {"Pays d'exploitation": "Le pays voisin", "Violence sexuelle": "0"},
        FRENCH | {"Sexe": "?", "Violence physique": "", "Violence sexuelle": "1"},
    ]
    path = write_csv(tmp_path / "victimes-2025.csv", rows, separator=";")
    imported, report = read(path, columns=mapping())
    cases = sorted(imported.cases.to_pylist(), key=lambda case: str(case["prs_Gender"]))
    assert [case["prs_Gender"] for case in cases] == ["Feminine", None]
    assert cases[0]["vic_TypeOfExploitation"] == ["ForcedBegging", "ForcedLabour"]
    assert [case["vic_MethodsOfControl"] for case in cases] == [["PhysicalAbuse"], ["SexualAbuse"]]
    assert cases[0]["exploited_in"] == "BF"
    assert all(case["consent"] for case in cases)
    dropped = {column.column: column.why for column in report.dropped_columns}
    assert dropped["Remarques"] == "the mapping leaves it out"
    assert [*report.mapped_lines("mapping.toml")] == [
        "mapping.toml was applied to victimes-2025.csv: it says what 6 columns are."
    ]


def test_nothing_is_guessed_without_a_mapping(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "victimes-2025.csv", [FRENCH])
    with pytest.raises(NotHtcdsError, match="corridor node map"):
        read(path)


def test_a_mapping_speaks_of_the_files_that_fit_its_pattern_alone(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "others.csv", [FRENCH | {"prs_Gender": "Masculine"}])
    _, report = read(path, columns=mapping())
    assert "column.mapped" not in problems(report)


def test_a_column_that_a_mapping_names_and_the_file_lacks_is_reported(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "victimes-2025.csv", [{**FRENCH, "Sexe ": "F"}])
    missing = [e for e in read(path, columns=mapping())[1].entries if "missing" in e.problem]
    assert [entry.value for entry in missing] == ["Violence sexuelle"]


def test_mapping_another_value_later_changes_nobodys_key(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "victimes-2025.csv", [FRENCH])
    less = MAPPING.replace('"mendicite" = "ForcedBegging"', "")
    keys = [
        read(path, columns=mapping(text))[0].cases["person_key"].to_pylist()
        for text in (less, MAPPING)
    ]
    assert keys[0] == keys[1]


def test_the_operators_word_wins_over_a_columns_name(tmp_path: Path) -> None:
    text = '[[table]]\nfile = "*"\n[table.columns]\n"cas_Status" = "-"\n"Etat" = "cas_Status"\n'
    row = {"prs_Gender": "Feminine", "cas_Status": "nonsense", "Etat": "Active"}
    path = write_csv(tmp_path / "a.csv", [row])
    imported, report = read(path, columns=mapping(text))
    assert imported.cases["cas_Status"].to_pylist() == ["Active"]
    assert "column.repeated" not in problems(report)


def test_a_mapping_of_values_holds_for_a_file_with_labels_in_place_of_names(
    tmp_path: Path,
) -> None:
    text = '[[table]]\nfile = "*"\n[table.values.prs_Gender]\nF = "Feminine"\n'
    row = {"Gender": "F", "Citizenship": "MD", "Consent": "Yes"}
    imported, _ = read(write_csv(tmp_path / "a.csv", [row]), columns=mapping(text))
    assert imported.cases["prs_Gender"].to_pylist() == ["Feminine"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[[table]", "TOML"),
        ('[[table]]\nfile = "a"\nfiel = "b"', "unknown key 'fiel'"),
        ('[[table]]\nsheet = "a"', "table 1, file: must be a text"),
        ('[[table]]\nfile = "a"\n[table.columns]\nx = "prs_Gendr"', "did you mean prs_Gender"),
        ('[[table]]\nfile = "a"\n[table.columns]\nx = "prs_Gender/F"', "no value of prs_Gender"),
        ('[[table]]\nfile = "a"\n[table.columns]\nx = "prs_Gender/"', "ends where"),
        (
            '[[table]]\nfile = "a"\n[table.columns]\nx = "prs_Gender"\ny = "prs_Gender"',
            "has the column 'x' already",
        ),
        ('[[table]]\nfile = "a"\n[table.values.prs_Gender]\nF = "Woman"', "'Woman' is no value"),
        ('[[table]]\nfile = "a"\n[table.values.hte_Country]\nx = "XX"', "'XX' is no value"),
        ('[table]\nfile = "a"', "is not written [[table]]"),
        ("version = 2", "is not 1"),
        ('[database.x]\nurl = "postgresql://a/b"\ntables = "t"', "no list of names"),
    ],
    ids=lambda value: value[:24].replace("\n", " "),
)
def test_a_mapping_that_means_nothing_is_refused_with_the_place(text: str, where: str) -> None:
    with pytest.raises(BadMappingError) as refusal:
        mapping(text)
    assert where in str(refusal.value)
    assert "Nothing was imported" in str(refusal.value)


# ---------------------------------------------------------------- the assistant


def test_the_assistant_proposes_the_columns_and_values_of_a_french_file(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "victimes.csv", [FRENCH, FRENCH | {"Sexe": "H"}], separator=";")
    found = proposals(path)
    best = {column.heading: column.best.target for column in found.columns if column.best}
    assert best == {
        "N° dossier": "x_CaseReference",
        "Nom": "prs_SecondName",
        "Prénom": "prs_FirstName",
        "Sexe": "prs_Gender",
        "Date de naissance": "prs_Birthdate",
        "Nationalité": "prs_Citizenship",
        "Statut de la victime": "vic_TraffickingStatus",
        "Type d'exploitation": "vic_TypeOfExploitation",
        "Pays d'exploitation": "vic_LocationOfExploitation",
        "Violence physique": "vic_MethodsOfControl/PhysicalAbuse",
        "Consentement": "con_Consent",
    }
    said = found.accepted(SURE)
    assert said is not None
    assert said.values["prs_Gender"] == {"F": "Feminine", "H": "Masculine"}


@pytest.mark.parametrize(
    ("headings", "row"),
    [
        (("Пол", "Дата на раждане", "Вид експлоатация"), ("жена", "17.05.1999", "просия")),
        (("الجنس", "تاريخ الميلاد", "نوع الاستغلال"), ("أنثى", "1999-05-17", "التسول")),
        (
            ("Sexo", "Fecha de nacimiento", "Tipo de explotación"),
            ("Mujer", "1999-05-17", "Mendicidad"),
        ),
        (("Gen", "Data nașterii", "Tipul exploatării"), ("Femeie", "1999-05-17", "Cerșetorie")),
    ],
    ids=["bg", "ar", "es", "ro"],
)
def test_the_assistant_reads_other_languages(
    tmp_path: Path, headings: tuple[str, ...], row: tuple[str, ...]
) -> None:
    path = write_rows(tmp_path / "a.csv", [headings, row, row])
    said = proposals(path).accepted(SURE)
    assert said is not None
    assert [str(target) for target in said.columns.values()] == [
        "prs_Gender",
        "prs_Birthdate",
        "vic_TypeOfExploitation",
    ]
    imported, _ = read(path, columns=FileMapping((said,)))
    (case, _) = imported.cases.to_pylist()
    assert (case["prs_Gender"], case["vic_TypeOfExploitation"]) == ("Feminine", ["ForcedBegging"])


def test_a_variables_label_is_a_heading_too(tmp_path: Path) -> None:
    path = write_statistical(
        tmp_path / "a.sav",
        {"v1": [1.0, 2.0], "v2": [dt.date(1999, 5, 17)] * 2},
        labels={"v1": "Sex of the victim", "v2": "Date of birth"},
        values={"v1": {1: "female", 2: "male"}},
    )
    found = {column.heading: column for column in proposals(path).columns}
    best = [column.best and column.best.target for column in found.values()]
    assert best == ["prs_Gender", "prs_Birthdate"]


def test_values_that_the_standard_lacks_are_asked_about_in_columns_that_it_has(
    tmp_path: Path,
) -> None:
    rows = [{"prs_Gender": "Femme"}, {"prs_Gender": "Feminine"}, {"prs_Gender": "x"}]
    path = write_csv(tmp_path / "a.csv", rows)
    (column,) = proposals(path).columns
    assert column.known
    values = {
        value.text: value.guess and value.guess.target for value in column.values["prs_Gender"]
    }
    assert values == {"Femme": "Feminine", "x": None}
    known = '[[table]]\nfile = "a.csv"\n[table.values.prs_Gender]\nFemme = "Feminine"\nx = "-"\n'
    assert proposals(path, known=known).columns == ()


def test_names_numbers_and_dates_are_no_proposals_values(tmp_path: Path) -> None:
    """What the assistant shows of cells are values of picklists and countries, and nothing else."""
    row = FRENCH | {"Nom": "Verysecret", "Remarques": "Verysecret text", "N° dossier": "S-ecret-1"}
    path = write_csv(tmp_path / "a.csv", [row] * 3)
    told = str(proposals(path))
    assert "ecret" not in told
    assert "17/05/1999" not in told


def test_what_was_confirmed_is_added_and_comments_stay(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text("# our own note\n" + MAPPING)
    cases = write_csv(tmp_path / "victimes.csv", [FRENCH])
    said = proposals(cases).accepted(SURE)
    assert said is not None
    path.write_text(with_confirmed(path, [Confirmed(said, {"Nom": "so it is"})], ALL_FIELDS))
    text = path.read_text()
    assert "# our own note" in text
    assert 'Nom = "prs_SecondName" # so it is' in text
    again = read_mapping(path, ALL_FIELDS)
    assert again.tables[0] == mapping().tables[0]
    assert again.tables[1] == said
    assert proposals(cases).columns[-1].heading == "Remarques"
