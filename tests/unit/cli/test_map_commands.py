"""`corridor node map` on a real home: what is proposed, asked, kept, and applied next time."""

import io
import json
from pathlib import Path

import pytest

from corridor.cli.main import main
from support.case_files import write_csv

Capture = pytest.CaptureFixture[str]

ROW = {
    "Sexe": "F",
    "Type d'exploitation": "Travail forcé",
    "Pays d'exploitation": "Bulgarie",
    "Consentement": "Oui",
    "Remarques": "texte libre",
}


@pytest.fixture
def home(tmp_path: Path, capsys: Capture) -> Path:
    folder = tmp_path / "home"
    assert main(["node", "init", "--country", "MD", "--home", str(folder)]) == 0
    capsys.readouterr()
    return folder


@pytest.fixture
def victims(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "victimes.csv", [ROW, ROW | {"Sexe": "zz"}])


def run(home: Path, *words: str | Path) -> int:
    return main(["node", *map(str, words), "--home", str(home)])


def test_what_is_sure_is_kept_with_yes_and_applied_by_the_next_import(
    home: Path, victims: Path, capsys: Capture
) -> None:
    assert run(home, "map", victims, "--yes") == 0
    told = capsys.readouterr().out
    assert "vic_TypeOfExploitation" in told
    assert f"were written to {home / 'mapping.toml'}" in told
    assert (home / "mapping.toml").stat().st_mode & 0o777 == 0o600
    assert run(home, "import", victims) == 0
    told = capsys.readouterr().out
    assert "mapping.toml was applied to victimes.csv: it says what 3 columns are." in told


def test_a_program_reads_the_proposals_as_json(home: Path, victims: Path, capsys: Capture) -> None:
    assert run(home, "map", victims, "--show", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["written"] is None
    (table,) = document["tables"]
    gender = next(column for column in table["columns"] if column["heading"] == "Sexe")
    assert gender["guesses"][0]["target"] == "prs_Gender"
    assert {"text": "zz", "count": 1, "guess": None} in gender["values"]["prs_Gender"]
    assert not (home / "mapping.toml").exists()


def test_the_operator_confirms_corrects_leaves_out_and_stays_silent(
    home: Path, victims: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ["", "", "nonsense", "-"]  # Sexe; F means Feminine; zz: no value, so asked again
    answers += ["s"]  # nothing about the exploitation
    answers += ["vic_LocationOfRecruitment"]  # another field than the proposed one
    answers += ["con_Consent", "-"]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(answers) + "\n"))
    assert run(home, "map", victims) == 0
    assert "'nonsense' is no value of prs_Gender" in capsys.readouterr().err
    text = (home / "mapping.toml").read_text("utf-8")
    assert 'Sexe = "prs_Gender"' in text
    assert 'F = "Feminine"' in text
    assert 'zz = "-"' in text
    assert '"Pays d\'exploitation" = "vic_LocationOfRecruitment"' in text
    assert 'Remarques = "-"' in text
    assert "Travail" not in text


@pytest.mark.parametrize("answers", ["q\n", "prs_Gender\n", ""], ids=["quit", "cut-off", "nothing"])
def test_stopping_half_way_writes_nothing(
    home: Path, victims: Path, answers: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answers))
    assert run(home, "map", victims) == 1
    assert "Nothing was written" in capsys.readouterr().out
    assert not (home / "mapping.toml").exists()


def test_what_is_mapped_is_not_asked_about_again(
    home: Path, victims: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(home, "map", victims, "--yes", "--least", "50") == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("-\n-\n"))
    assert run(home, "map", victims) == 0
    capsys.readouterr()
    assert run(home, "map", victims) == 0
    assert "there is nothing to ask" in capsys.readouterr().out


def test_a_mapping_that_is_named_and_not_there_is_refused(
    home: Path, victims: Path, tmp_path: Path, capsys: Capture
) -> None:
    assert run(home, "import", victims, "--mapping", tmp_path / "none.toml") == 1
    assert "import.bad_mapping" in capsys.readouterr().err


def test_a_broken_mapping_of_the_home_refuses_an_import_and_says_where(
    home: Path, victims: Path, capsys: Capture
) -> None:
    (home / "mapping.toml").write_text('[[table]]\nfile = "*"\n[table.columns]\nx = "prs_Gendr"\n')
    assert run(home, "import", victims) == 1
    told = capsys.readouterr().err
    assert "mapping.toml, table 1, column 'x'" in told
    assert "did you mean prs_Gender?" in told


def test_the_operator_is_asked_how_dates_are_written_and_the_import_does_so(
    home: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"prs_Gender": "Feminine", "cas_IncomingReferralDate": "03/04/2024"}]
    path = write_csv(tmp_path / "a.csv", rows)
    monkeypatch.setattr("sys.stdin", io.StringIO("american\n2\n"))
    assert run(home, "map", path) == 0
    told = capsys.readouterr()
    assert "0 cells can only be day first, 0 only month first; 1 can be both" in told.err
    assert "'american' is no order" in told.err
    assert "03/04/2024" not in told.out + told.err
    assert 'cas_IncomingReferralDate = "month-first"' in (home / "mapping.toml").read_text("utf-8")
    assert run(home, "import", path) == 0
    assert run(home, "map", path) == 0
    assert "there is nothing to ask" in capsys.readouterr().out


def test_the_words_of_french_registers_have_proposals(home: Path, capsys: Capture) -> None:
    row = {"N° de victime": "V-1", "Statut": "Closed", "Sexe": "F"}
    file = write_csv(home.parent / "registre.csv", [row, row | {"N° de victime": "V-2"}])
    assert run(home, "map", file, "--show", "--json") == 0
    (table,) = json.loads(capsys.readouterr().out)["tables"]
    best = {one["heading"]: one["guesses"][0]["target"] for one in table["columns"]}
    assert best["N° de victime"] == "x_PersonReference"
    assert best["Statut"] in ("cas_Status", "vic_TraffickingStatus")


def test_ticks_are_no_values_of_a_picklist(home: Path, capsys: Capture) -> None:
    rows = [{"Sexe": "F", "Méthode de contrôle": word} for word in ("oui", "non")]
    file = write_csv(home.parent / "registre.csv", rows)
    assert run(home, "map", file, "--show", "--json") == 0
    (table,) = json.loads(capsys.readouterr().out)["tables"]
    asked = [one["values"] for one in table["columns"] if one["heading"] != "Sexe"]
    assert asked == [{}]


def test_a_column_that_is_named_by_hand_is_asked_for_its_values_at_once(
    home: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_csv(home.parent / "a.csv", [{"zz": "Dame", "Remarques": "x"}])
    answers = ["?", "prs_Gender", "Feminine", "s"]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(answers) + "\n"))
    assert run(home, "map", file) == 0
    assert "FIELD/VALUE" in capsys.readouterr().err
    text = (home / "mapping.toml").read_text("utf-8")
    assert 'zz = "prs_Gender"' in text
    assert 'Dame = "Feminine"' in text


def test_an_interrupted_conversation_says_that_nothing_was_written(
    home: Path, victims: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted:
        def isatty(self) -> bool:
            return False

        def readline(self) -> str:
            raise KeyboardInterrupt

    monkeypatch.setattr("sys.stdin", Interrupted())
    assert run(home, "map", victims) == 1
    assert "Nothing was written" in capsys.readouterr().out
    assert not (home / "mapping.toml").exists()


def test_the_values_of_a_field_are_listed(home: Path, capsys: Capture) -> None:
    assert run(home, "values", "prs_Gender") == 0
    assert "Feminine" in capsys.readouterr().out
    assert run(home, "values", "--json") == 0
    assert "prs_Gender" in json.loads(capsys.readouterr().out)
    assert run(home, "values", "prs_Nothing") == 2
