"""What the demo shows: three questions, a node that stops in the last one, ledgers, receipts.

For each question the forecast comes first, then the answer with its margins beside those of a
trusted curator; everything goes through the REST API, as it does for an analyst. Before the last
question one node is started anew with a fault, so that it stops when its masked input is due: the
answer still comes, and says that it is missing.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babel import Locale

from corridor.cli.demo.region import DemoRegion
from corridor.cli.demo.report import (
    Figure,
    Part,
    age_picture,
    flow_picture,
    render_report,
    trend_picture,
)
from corridor.cli.output import Output
from corridor.cli.progress import progress_line
from corridor.cli.release import (
    guarantee_words,
    show_price,
    show_table,
)
from corridor.client.app import connect, save_credentials
from corridor.client.connection import Answer, Connection
from corridor.errors.demo import QuestionFailedError
from corridor.files import PUBLIC, write_atomically
from corridor.ids import CountryCode
from corridor.node import app as node_app
from corridor.publishing.estimates import shown_margin, tally
from corridor.publishing.tables import ReleasedTable, tables_of
from corridor.transport.verifying import verify_receipt

ACCURACY = "±15"
FAULT = "exit@masked-input"

DESTINATIONS = "AE,BG,DE,ES,FR,GB,GR,IT,LY,MD,NG,PL,RO,RU,TR,UA"
"""Where the invented routes lead, so that the matrix has few empty columns."""

INTRODUCTION = (
    "Each of the countries below kept its case files at its own node. The figures are sums over "
    "all of them, computed so that nobody saw any country's own figures, with noise that protects "
    "every single person. The margin beside each figure says what that costs in accuracy."
)

Picture = Callable[[Sequence[Figure]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One question of the demo.

    Attributes:
        stopped: whose node is made to stop on purpose meanwhile.
    """

    title: str
    words: str
    request: Mapping[str, Any]
    picture: Picture
    stopped: CountryCode | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A scene after it was played."""

    scene: Scene
    release: Answer
    table: ReleasedTable
    claims: int


def tell_story(region: DemoRegion, report: Path, out: Output) -> None:
    """Ask, show, verify, and write the report to `report`.

    Raises:
        QuestionFailedError: an attempt failed; its words say why.
        ProcessDiedError, DemoTimeoutError: the region fell apart.
        ReceiptNotProvenError: a receipt does not prove what it should.
    """
    save_credentials(region.credentials, region.folder / "credentials.json")
    with connect(region.credentials) as api:
        told = [_play(scene, region, api, out) for scene in _scenes(region.countries)]
    _show_costs(told, out)
    ledgers = _show_ledgers(region, out)
    page = render_report(
        f"{told[0].release['region']}: the routes of {len(region.countries)} countries",
        INTRODUCTION,
        [_part(one) for one in told],
        ledgers,
    )
    write_atomically(report, page.encode(), PUBLIC)
    out.heading(f"The report: {report}")
    out.document(
        {
            "report": str(report),
            "releases": [one.release for one in told],
            "verified_claims": [one.claims for one in told],
            "ledgers": [list(row) for row in ledgers],
        }
    )


def _scenes(countries: Sequence[CountryCode]) -> tuple[Scene, ...]:
    followed = CountryCode("UA") if "UA" in countries else countries[0]
    members = ",".join(countries)
    return (
        Scene(
            title="Corridors",
            words="From which country of recruitment to which country of exploitation. The band's "
            "width is the number of persons; a hatched band is to be used with caution, and flows "
            "that are too uncertain are left to the table.",
            request={
                "indicator": "corridor_matrix",
                "parameters": {"from": members, "to": DESTINATIONS},
                "accuracy": ACCURACY,
                "purpose": "demo: corridors",
            },
            picture=flow_picture,
        ),
        Scene(
            title=f"Recruited in {_name(followed)}, quarter by quarter",
            words="The band is the 95 % interval: a change that stays within it is no evidence of "
            "a change. A hollow point is to be used with caution; where there is no point the "
            "figure is too uncertain, and only the band is drawn.",
            request={
                "indicator": "corridor_trend",
                "parameters": {"from": followed, "years": "2019..2025"},
                "accuracy": ACCURACY,
                "purpose": "demo: trend",
            },
            picture=trend_picture,
        ),
        Scene(
            title="Age and gender",
            words=f"While this was computed, the node of {_name(countries[-1])} was stopped on "
            "purpose. The others finished without it; the margins and the promise still hold. Age "
            "bands are of three and nine years: each is as wide as it has years, and the bars in "
            "it, side by side, are as high as there are persons in each of them. A hollow bar is "
            "to be used with caution, one that is too uncertain is no bar, only its interval; 48 "
            "and older is in the table.",
            request={
                "indicator": "victims_by_sex_age",
                "parameters": {},
                "accuracy": ACCURACY,
                "purpose": "demo: age and gender",
            },
            picture=age_picture,
            stopped=countries[-1],
        ),
    )


def _play(scene: Scene, region: DemoRegion, api: Connection, out: Output) -> Told:
    out.heading(f"Question: {scene.title}")
    if scene.stopped is not None:
        out.say(f"The node of {scene.stopped} is started anew, with an order to stop half-way.")
        region.restart_node(scene.stopped, FAULT)
        region.wait_until_connected()
    show_price(api.forecast(scene.request), out)
    question = api.wait(
        api.ask(scene.request)["id"], lambda news: out.progress(progress_line(news)), time.sleep
    )
    if question["state"] != "released":
        raise QuestionFailedError(scene.title, question["failure"]["message"])
    release = api.release(question["release_id"])
    table = tables_of(release)[0]
    show_table(table, out, every_cell=False)
    if scene.stopped is not None:
        missing = [one["country"] for one in release["participants"] if not one["survived"]]
        out.say(f"Dropped out: {', '.join(missing)}. The answer came without waiting for it.")
    return Told(scene, release, table, _verify(region, api, release, out))


def _verify(region: DemoRegion, api: Connection, release: Answer, out: Output) -> int:
    """Check the public receipt as `corridor verify` does, against a node's own charter."""
    folder = region.folder / "receipts"
    folder.mkdir(exist_ok=True)
    path = folder / f"{release['id']}.json"
    write_atomically(path, api.receipt(release["id"]), PUBLIC)
    charter = region.home(region.countries[0]) / "charter.json"
    verified = verify_receipt(path.read_bytes(), charter.read_bytes())
    out.say(f"The public receipt holds; {len(verified.claims)} claims of it were checked.")
    if verified.tree is not None:
        cosigned = _names(verified.tree.cosigned_by)
        out.say(
            f"It stands in the region's tree of releases, {verified.tree.size} so far, cosigned by "
            f"{cosigned}; {verified.tree.needed} are needed so that nobody can be shown another."
        )
    return len(verified.claims)


def _show_costs(told: Sequence[Told], out: Output) -> None:
    out.table(
        "What it cost, and what trusting nobody cost",
        ("question", ">ρ", ">each ±", ">trusted curator ±", "in the sum"),
        [
            (
                one.scene.title,
                one.release["guarantee"]["rho"],
                _margin(one.table.margin),
                _margin(one.table.central_margin),
                ", ".join(one.release["survivors"]),
            )
            for one in told
        ],
    )


def _show_ledgers(region: DemoRegion, out: Output) -> Sequence[Sequence[str]]:
    rows = []
    for country in region.countries:
        view = node_app.budget(node_app.real_world(region.home(country)))
        spent, _, reserved, left, _ = view.rows
        rows.append((country, spent[1], spent[2], reserved[1], left[1]))
    out.table(
        "The ledgers: what was spent on every person at a node",
        ("node", ">ρ spent", ">as ε", ">reserved", ">left this year"),
        rows,
        note="what a node has debited stays debited: one that dropped out half-way has paid, too",
    )
    return rows


def _part(told: Told) -> Part:
    release, table = told.release, told.table
    figures = [Figure(cell) for cell in table.cells()]
    dropped = [one["country"] for one in release["participants"] if not one["survived"]]
    return Part(
        title=told.scene.title,
        words=told.scene.words,
        option=told.scene.picture(figures),
        columns=[axis.label for axis in table.axes],
        figures=figures,
        facts=[
            *([("only", condition)] if (condition := told.table.title.partition("; ")[2]) else []),
            ("each figure", f"± {_margin(table.margin)} at 95 %"),
            ("of the figures", tally(table.cells())),
            ("a trusted curator", f"± {_margin(table.central_margin)} for the same promise"),
            ("promised", guarantee_words(release["guarantee"])),
            ("in the sum", ", ".join(release["survivors"])),
            *([("dropped out", ", ".join(dropped))] if dropped else []),
            ("receipt", f"{told.claims} claims verified"),
        ],
    )


def _names(countries: Sequence[CountryCode]) -> str:
    return ", ".join(countries) or "nobody yet"


def _name(country: CountryCode) -> str:
    return str(Locale("en").territories[country])


def _margin(margin: float | None) -> str:
    return "–" if margin is None else shown_margin(margin)
