"""What columns mean, said in the console: looked at by the real process, confirmed, imported."""

import re
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from random import Random

import pytest

from corridor.errors.console import NothingAskedError
from corridor.node.app.world import read_data
from corridor.node.import_desk import ImportDesk, ImportJob, ImportStage
from corridor.node.importing.columns import EXTENSIONS
from corridor.node.importing.report import PROBLEMS
from corridor.node.quality import EFFECTS
from corridor.node.store import EditionStore
from corridor.node.web.quality_words import TEXTS
from corridor.pages.htcds_words import LABELS
from corridor.pages.value_words import VALUES
from corridor.people import Role
from corridor.queries.htcds import parse_htcds
from support.console import Console, open_console
from support.ledgers import TestClock
from support.pages import Browser

FRENCH = """\
Prénom,Nom,Date de naissance,Sexe,Pays d'exploitation,Date de referral,Consentement,Remarques
Zebedeea,Rusu,03/04/1990,F,Moldavi,17/05/2024,Oui,texte libre
Ion,Ceban,05/06/1985,zz,Moldavie,18/05/2024,Oui,autre texte
"""
ENGLISH = "prs_IdentityNumber,prs_Gender,cas_IncomingReferralDate\n1,Feminine,05/17/2024\n"


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path / "MD") as opened:
        yield opened


@pytest.fixture
def officer(console: Console) -> Browser:
    return console.enter("Olga", Role.OFFICER)


def look(console: Console, officer: Browser, content: str = FRENCH, **more: object) -> str:
    """Have a file looked at; the page that asks."""
    officer.get("/data")
    form = {"files": (BytesIO(content.encode()), "victimes.csv"), "do": "look", **more}
    assert officer.post("/data/import", form).status_code == 303
    console.desks.imports.wait()
    officer.get("/data")
    officer.get("/data/mapping")
    return officer.last


def name_of(page: str, heading: str) -> str:
    """How the form calls the column of this heading."""
    at = page.index(f"<bdi>{heading}</bdi></legend>")
    found = re.search(r'name="(t\d+c\d+)"', page[at:])
    assert found is not None
    return found[1]


def form_of(page: str) -> dict[str, object]:
    """What a browser would send if nothing were changed."""
    answers: dict[str, object] = {}
    for name, inside in re.findall(r'<select [^>]*name="(t[^"]+)"[^>]*>(.*?)</select>', page, re.S):
        chosen = re.search(r'<option value="([^"]*)"[^>]* selected', inside)
        answers[name] = chosen[1] if chosen else ""
    answers |= dict(re.findall(r'<input id="[^"]*" name="(t[^"]+)" value="([^"]*)"', page))
    return answers | dict(re.findall(r'<input type="hidden" name="(shown)" value="([^"]*)"', page))


def test_what_is_proposed_is_kept_as_a_readable_file_and_applied(
    console: Console, officer: Browser
) -> None:
    page = look(console, officer)
    assert "8 are open." in page
    answers = form_of(page)
    assert answers[name_of(page, "Sexe")] == "prs_Gender"
    assert officer.post("/data/mapping", {**answers, "do": "import"}).status_code == 303
    console.desks.imports.wait()
    assert console.desks.imports.state().stage is ImportStage.DONE
    text = (console.home / "mapping.toml").read_text("utf-8")
    assert re.search(r'Sexe = "prs_Gender" # “Sexe” is “sexe”', text)
    assert 'F = "Feminine"' in text
    store = EditionStore(console.home, console.world.random_bytes, console.clock)
    (edition,) = store.editions()
    assert store.tables(edition).cases["prs_Gender"].to_pylist().count("Feminine") == 1
    assert not list((console.home / "uploads").iterdir())


def test_no_name_number_or_date_of_a_person_is_shown(console: Console, officer: Browser) -> None:
    page = look(console, officer)
    for secret in ("Zebedeea", "Rusu", "03/04/1990", "texte libre"):
        assert secret not in page
    assert "zz" in page  # of a picklist: somebody has to say what it means


def test_the_operator_chooses_another_field_and_other_values(
    console: Console, officer: Browser
) -> None:
    page = look(console, officer)
    answers = form_of(page)
    answers[name_of(page, "Remarques")] = "-"
    answers[name_of(page, "Pays d&#39;exploitation")] = "vic_LocationOfRecruitment"
    answers[name_of(page, "Nom")] = ""
    officer.post("/data/mapping", {**answers, "do": "look"})
    console.desks.imports.wait()
    text = (console.home / "mapping.toml").read_text("utf-8")
    assert 'Remarques = "-" # left out' in text
    assert '"Pays d\'exploitation" = "vic_LocationOfRecruitment"' in text
    assert "prs_SecondName" not in text
    # The second look asks what the other field's values mean.
    officer.get("/data/mapping")
    assert "Known as:" in officer.last
    assert "Moldavi" in officer.last
    assert console.desks.imports.state().stage is ImportStage.ASKING


def test_the_order_of_dates_is_asked_and_kept(console: Console, officer: Browser) -> None:
    page = look(console, officer, ENGLISH)
    assert "0 cells can only be day first, 1 only month first; 0 can be both." in page
    answers = form_of(page)
    assert [answer for name, answer in answers.items() if name != "shown"] == ["month-first"]
    officer.post("/data/mapping", {**answers, "do": "import"})
    console.desks.imports.wait()
    text = (console.home / "mapping.toml").read_text("utf-8")
    assert 'cas_IncomingReferralDate = "month-first"' in text


@pytest.mark.parametrize(
    ("column", "answer"),
    [("Sexe", "prs_Nonsense"), ("Remarques", "prs_Gender"), ("Sexe", "x" * 300)],
    ids=["no field", "a field twice", "too long"],
)
def test_an_answer_that_means_nothing_keeps_nothing_and_what_was_chosen(
    console: Console, officer: Browser, column: str, answer: str
) -> None:
    page = look(console, officer)
    answers = form_of(page)
    answers[name_of(page, column)] = answer
    answers[name_of(page, "Nom")] = "-"
    assert officer.post("/data/mapping", {**answers, "do": "import"}).status_code == 422
    assert form_of(officer.last)[name_of(page, "Nom")] == "-"
    assert not (console.home / "mapping.toml").exists()
    assert console.desks.imports.state().stage is ImportStage.ASKING


@pytest.mark.parametrize("others", [False, True], ids=["given up", "other files come"])
def test_files_that_wait_are_removed(console: Console, officer: Browser, *, others: bool) -> None:
    answers = form_of(look(console, officer))
    (waiting,) = (console.home / "uploads").iterdir()
    if others:
        officer.get("/data")
        officer.post("/data/import", {"files": (BytesIO(ENGLISH.encode()), "b.csv")})
        console.desks.imports.wait()
    else:
        officer.post("/data/mapping", {**answers, "do": "drop"})
    assert not waiting.exists()
    officer.get("/data")
    assert officer.post("/data/mapping", {"do": "import"}).status_code == 409
    assert officer.get("/data/mapping").status_code == 303


@pytest.mark.parametrize("wanted", ["import", "look", "drop"])
def test_what_was_said_of_other_files_is_not_taken_for_these(
    console: Console, officer: Browser, wanted: str
) -> None:
    answers = form_of(look(console, officer, "Sexe;Statut\nF;x\nM;y\n"))
    look(console, officer, "Notiz;Sexe\nx;F\ny;M\n")  # another officer's, meanwhile
    (waiting,) = (console.home / "uploads").iterdir()
    answers["t0c0"] = "prs_Gender"  # the note, in these
    assert officer.post("/data/mapping", {**answers, "do": wanted}).status_code == 409
    assert "console.columns_moved" in officer.last
    assert form_of(officer.last)["t0c0"] != "prs_Gender"
    assert not (console.home / "mapping.toml").exists()
    assert console.desks.imports.state().stage is ImportStage.ASKING
    assert waiting.exists()
    # Said of what is shown now, it is taken.
    assert officer.post("/data/mapping", {**form_of(officer.last), "do": wanted}).status_code == 303


def test_what_was_said_of_the_same_columns_of_other_files_is_not_taken_for_these(
    console: Console, officer: Browser
) -> None:
    answers = form_of(look(console, officer))
    look(console, officer)
    assert officer.post("/data/mapping", {**answers, "do": "import"}).status_code == 409
    assert not (console.home / "mapping.toml").exists()


def test_files_of_which_nobody_says_anything_do_not_wait_for_ever(tmp_path: Path) -> None:
    desk = ImportDesk(
        tmp_path / "uploads",
        tmp_path / "imports",
        lambda _job, _tell: {"tables": [{"file": "a.csv"}]},
        clock=TestClock(),
        random_bytes=Random(1).randbytes,
        waiting_seconds=0.05,
    )
    folder = desk.make_folder()
    path = folder / "a.csv"
    path.write_text(ENGLISH, "utf-8")
    desk.begin(ImportJob(folder=folder, files=[path], looks=True), "Olga")
    until = time.monotonic() + 30
    while desk.state().stage is not ImportStage.REFUSED and time.monotonic() < until:
        time.sleep(0.01)
    assert desk.state().code == "console.files_waited"
    assert not folder.exists()
    with pytest.raises(NothingAskedError):
        desk.asking()


def test_a_mapping_file_of_ones_own_holds_for_its_import_alone(
    console: Console, officer: Browser
) -> None:
    mapping = '[[table]]\nfile = "*"\n[table.columns]\n"Sexe" = "prs_Gender"\n'
    page = look(console, officer, columns=(BytesIO(mapping.encode()), "m.toml"))
    assert "holds for this import only" in page
    answers = form_of(page)
    officer.post("/data/mapping", {**answers, "do": "import"})
    console.desks.imports.wait()
    assert console.desks.imports.state().stage is ImportStage.DONE
    assert not (console.home / "mapping.toml").exists()


def test_databases_are_those_of_the_nodes_own_mapping_file(
    console: Console, officer: Browser
) -> None:
    officer.get("/data")
    assert 'name="database"' not in officer.last
    (console.home / "mapping.toml").write_text(
        '[database.cases]\nurl = "postgresql://reader@127.0.0.1:1/cases"\ntables = ["public.v"]\n'
    )
    officer.get("/data")
    assert '<option value="cases">cases</option>' in officer.last
    assert officer.post("/data/import", {"database": "postgresql://x/y"}).status_code == 422
    own = (BytesIO(b'[database.cases]\nurl = "postgresql://a@elsewhere/b"\n'), "m.toml")
    answer = officer.post("/data/import", {"database": "cases", "columns": own})
    assert answer.status_code == 422
    form: dict[str, object] = {"database": "cases", "tables": "public.v\npublic.w"}
    assert officer.post("/data/import", form, content_type="multipart/form-data").status_code == 303
    console.desks.imports.wait()
    assert console.desks.imports.state().code.startswith("import.")


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.APPROVER, Role.ADMINISTRATOR])
def test_columns_are_the_officers_business(console: Console, role: Role) -> None:
    other = console.enter("Anna", role)
    other.get("/")
    assert other.get("/data/mapping").status_code == 403
    assert other.post("/data/mapping", {"do": "import"}).status_code == 403


def test_every_field_that_is_read_has_its_name_in_the_readers_language() -> None:
    fields = {**parse_htcds(read_data("htcds-2.0.json")), **EXTENSIONS}
    assert set(LABELS) <= set(fields)


def test_every_text_of_a_profile_is_said_in_the_readers_language() -> None:
    for problem, (fate, remedy) in PROBLEMS.items():
        if fate != "repaired" and not EFFECTS[problem].startswith("nothing:"):
            assert {remedy, EFFECTS[problem]} <= TEXTS, problem


def test_every_value_that_is_offered_is_said_in_the_readers_language_but_companies() -> None:
    fields = {**parse_htcds(read_data("htcds-2.0.json")), **EXTENSIONS}
    offered = {text for name in LABELS for text in fields[name].picklist.values()}
    companies = {
        *fields["vic_RecruitmentWebsitesAndApps"].picklist.values(),
        *fields["vic_ExploitationWebsitesAndApps"].picklist.values(),
    }
    assert offered - companies <= VALUES <= offered
    assert "Other" in VALUES
