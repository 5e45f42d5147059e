"""What was written in English elsewhere is said in the reader's language, as far as it is known.

Each page is rendered in English and in French; what reads alike in both, and is longer than a few
words, was left in English. `ALIKE` says what may.
"""

import re
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pytest

from corridor.errors.policy import PolicyError
from corridor.node.home import Home, Retention
from corridor.node.importing.report import PROBLEMS
from corridor.node.policies import DEFAULT_POLICY, NAMES, file_of
from corridor.node.policy import parse_policy
from corridor.node.status import Status, StatusBoard
from corridor.node.web.told import is_told, told
from corridor.people import Role
from support.console import START, Console, open_console
from support.pages import Browser
from support.waiting_questions import put_charter_in_force

CASES = (
    "prs_IdentityNumber,prs_Gender,con_Consent,hte_Country,prs_Nationality\n"
    "1001,Female,Yes,Moldova,RO\n1002,Male,Perhaps,Atlantis,RO\n"
)
POLICIES = Path(__file__).parents[4] / "node" / "policies"
FEW = 3
ALIKE = re.compile(
    r"MD, Ministry of the Interior|[0-9A-F]{4}(-[0-9A-F]{4}){9}|\d{8}T\d{6}-\d+-[0-9a-f]+\.json"
)
"""Names that people gave, and fingerprints."""

_SKIPPED = frozenset({"code", "pre", "textarea", "script", "style", "title", "header", "option"})


class _Texts(HTMLParser):
    """The texts of a page, but for codes, fingerprints, and people's own texts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._inside: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"input", "meta", "link", "br", "path", "rect"}:
            given = dict(attrs)
            alike = "words" in (given.get("class") or "").split() or given.get("dir") == "auto"
            self._inside.append((tag, tag in _SKIPPED or alike))

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if len(re.findall(r"[A-Za-z]{2,}", text)) > FEW and not any(s for _, s in self._inside):
            self.found.add(text)


def texts(browser: Browser, path: str, language: str) -> set[str]:
    browser.client.set_cookie("corridor-language", language)
    browser.get(path)
    parser = _Texts()
    parser.feed(browser.last)
    return parser.found


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path / "MD") as opened:
        yield opened


def serve_says(console: Console) -> None:
    said = Status(
        country="MD",
        process=1,
        link="connected",
        detail="",
        since=START,
        charter="in force",
        edition=None,
        last="refused (policy.refuses)",
        witnesses="2 of 3 confirmed this ledger since the start; still silent: BG; "
        "of those before, BG did not",
        tree="4 releases, cosigned by 2 of 3",
        evidence="2 contradictions on record, see `corridor node evidence`; not confirmed by UA",
    )
    StatusBoard(Home(console.home).status, said)


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("/", Role.ADMINISTRATOR),
        ("/doctor", Role.ADMINISTRATOR),
        ("/policy", Role.ADMINISTRATOR),
        ("/charter", Role.AUDITOR),
        ("/budget", Role.AUDITOR),
        ("/journal", Role.AUDITOR),
        ("/data", Role.OFFICER),
        ("/data/report", Role.OFFICER),
        ("/data/quality", Role.OFFICER),
        ("/data/editions", Role.OFFICER),
        ("/approvals", Role.APPROVER),
    ],
)
def test_no_sentence_of_ours_stays_english_on_a_page(
    console: Console, path: str, role: Role
) -> None:
    put_charter_in_force(console.world)
    serve_says(console)
    if path.startswith("/data"):
        officer = console.enter("Olga", Role.OFFICER)
        officer.get("/data")
        officer.post("/data/import", {"files": (BytesIO(CASES.encode()), "cases.csv")})
        console.desks.imports.wait()
    if path == "/doctor":
        console.desks.checkups.begin()
        console.desks.checkups.wait()
    if path == "/data/report":
        path = f"/data/reports/{console.desks.imports.state().report}"
    browser = console.enter("Ana", role)
    english, french = texts(browser, path, "en"), texts(browser, path, "fr")
    assert english
    assert sorted(one for one in english & french if not ALIKE.fullmatch(one)) == []


@pytest.mark.parametrize("remedy", sorted({remedy for _, remedy in PROBLEMS.values()}))
def test_every_remedy_of_an_import_can_be_told(remedy: str) -> None:
    assert is_told(remedy)


def test_every_rule_on_how_long_data_stay_can_be_told() -> None:
    parts = Retention(days=365, case_days=3650, report_days=90).text.split("; ")
    assert len(parts) == 3
    assert [part for part in parts if not is_told(part)] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_reason_of_a_ready_made_policy_can_be_told(name: str) -> None:
    file = file_of(name)
    text = DEFAULT_POLICY if file is None else (POLICIES / file).read_text("utf-8")
    reasons = [rule["reason"] for rule in tomllib.loads(text)["rule"] if "reason" in rule]
    assert reasons or name == "cautious"
    assert [reason for reason in reasons if not is_told(reason)] == []


@pytest.mark.parametrize(
    "text",
    [
        '[[rule]]\nverdict = "perhaps"\n',
        '[[rule]]\nverdict = "allow"\nwhen.cells_abov = 3\n',
        '[[rule]]\nverdict = "allow"\nwhen.cells_above = "3"\n',
        '[[rule]]\nverdict = "allow"\napprovals = 2\n',
        "[allowance]\nper_year = 1\n",
    ],
)
def test_a_mistake_in_a_policy_is_told_whole(console: Console, text: str) -> None:
    with pytest.raises(PolicyError) as found:
        parse_policy(text)
    with console.app.test_request_context("/", headers={"Accept-Language": "fr"}):
        said = told(str(found.value))
    assert 'lang="en"' not in said
    assert "ligne" in said


def test_what_is_not_known_stays_english_and_is_marked(console: Console) -> None:
    with console.app.test_request_context("/", headers={"Accept-Language": "fr"}):
        assert told("Pigs <b>fly</b> today") == (
            '<span lang="en" dir="ltr">Pigs &lt;b&gt;fly&lt;/b&gt; today</span>'
        )
        assert "<script>" not in told("edition <script> is current")
        assert told("cases.csv: 2 rows") == "<bdi>cases.csv</bdi> : lignes lues : <bdi>2</bdi>"
        assert told("Pigs fly; nothing was changed.").endswith("; rien n’a été modifié.")
