"""Released tables of every form, and a site with a page for each picture of them.

The site serves the static files of pictures, under the policy that its pages have. Figures are
drawn from a seed: a few large, most small, noise over all, as answers have it.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import product
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

from babel import Locale
from cheroot import wsgi
from flask import Flask, Response, abort, render_template_string, request

import corridor.pages
from corridor.coordinator.pictures import STATIC
from corridor.coordinator.pictures.base_map import base_map_views
from corridor.pages.languages import LANGUAGES
from corridor.pages.site import POLICY
from corridor.pages.static_files import static_views
from corridor.publishing.pictures import Picture, picture_of_view, pictures_of
from corridor.publishing.pictures.base_map import BaseMap
from corridor.publishing.tables import Axis, ReleasedTable, tables_of
from corridor.publishing.views import views_of
from corridor.queries.catalogue import UNKNOWN
from corridor.queries.views import Change, ShareOf, Top
from support.releases import make_release, make_table

FOLDERS = [STATIC, Path(corridor.pages.__file__ or "").parent / "static"]
MARGIN = 19.6

COUNTRIES = ("BG", "IT", "MD", "NG", "PL", "RO", "UA", "DE", "TH", "KH", "CY", "XK")
SIXTY = (
    *("AF", "AL", "AT", "BD", "BE", "BF", "BG", "BJ", "BR", "BY", "CH", "CI", "CM", "CN", "CO"),
    *("CY", "CZ", "DE", "DO", "EG", "ES", "ET", "FR", "GB", "GE", "GH", "GR", "HU", "ID", "IN"),
    *("IT", "KE", "KG", "KH", "LA", "LB", "LY", "MA", "MD", "ML", "MM", "MX", "MY", "NE", "NG"),
    *("NL", "NP", "PH", "PK", "PL", "RO", "RU", "SA", "SN", "TH", "TR", "UA", "US", "UZ", "VN"),
)
GENDERS = ("Feminine", "Masculine", "TransgenderFeminine", UNKNOWN)
AGES = ("0-8", "9-17", "18-20", "21-23", "24-26", "27-29", "30-38", "39-47", "48+", UNKNOWN)
PURPOSES = ("Forced labour", "Sexual exploitation", "Forced criminality", "Begging", UNKNOWN)
QUARTERS = (*(f"{year}-Q{part}" for year in (2023, 2024, 2025) for part in (1, 2, 3, 4)), UNKNOWN)


def table_of(
    title: str,
    axes: Sequence[tuple[str, str, Sequence[str]]],
    amounts: Sequence[float],
    **changes: Any,
) -> ReleasedTable:
    """A released table with these amounts, and noise on them."""
    (found,) = tables_of(make_release(tables=[document_of(title, axes, amounts, **changes)]))
    return found


def document_of(
    title: str,
    axes: Sequence[tuple[str, str, Sequence[str]]],
    amounts: Sequence[float],
    **changes: Any,
) -> dict[str, Any]:
    """The same, as a release has it."""
    noise = Random(title)
    values = [round(amount + noise.gauss(0, MARGIN / 1.96), 2) for amount in amounts]
    return make_table(
        title=title,
        axes=[
            {"name": name, "label": label, "values": list(values), "labels": list(values)}
            for name, label, values in axes
        ],
        values=values,
        margin=MARGIN,
        non_negative=[max(0.0, value) for value in values],
        totals=None,
        covariances=[0.0] * ((1 << len(axes)) - 1) + [(MARGIN / 1.96) ** 2],
        **changes,
    )


def corridors(countries: Sequence[str] = COUNTRIES, quotable: float = 0.35) -> ReleasedTable:
    """Persons by country of recruitment and of exploitation; that share of them not small."""
    (found,) = tables_of(make_release(tables=[matrix(countries, quotable)]))
    return found


def matrix(countries: Sequence[str], quotable: float) -> dict[str, Any]:
    """The same, as a release has it."""
    chance = Random(f"corridors {len(countries)}")
    values = (*countries, UNKNOWN)
    amounts = [
        0.0 if chance.random() > quotable else 20 * math.exp(chance.gauss(1.2, 0.9))
        for _ in product(values, values)
    ]
    return document_of(
        f"Persons by corridor, {len(countries)} countries",
        [
            ("recruited_in", "Country of recruitment", values),
            ("exploited_in", "Country of exploitation", values),
        ],
        amounts,
    )


HOSTILE = ("<img src=x onerror=alert(1)>", "]]></style></script><script>1", "a'b\"c &amp; d")
"""Labels that are no markup, and must never become any."""


@cache
def tables() -> dict[str, ReleasedTable]:
    """One table of each form, by a short name."""
    chance = Random("tables")
    few = (*COUNTRIES[:6], UNKNOWN)
    ages = [
        [30, 160, 190, 150, 120, 90, 260, 130, 60, 40],
        [20, 190, 90, 70, 60, 55, 210, 180, 90, 30],
    ]
    return {
        "corridors": corridors(),
        "journeys": table_of(
            "Persons by country of recruitment, transit and exploitation",
            [
                ("recruited_in", "Country of recruitment", few),
                ("transit_in", "Country of transit", few),
                ("exploited_in", "Country of exploitation", few),
            ],
            [chance.choice((0, 0, 0, 0, 90, 240)) for _ in product(few, few, few)],
            max_cells=3,
        ),
        "quarters": table_of(
            "Persons by quarter",
            [("quarter", "Quarter of referral", QUARTERS)],
            [60, 75, 84, 30, 96, 125, 160, 152, 131, 170, 8, 205, 12],
        ),
        "genders over time": table_of(
            "Persons by gender × quarter",
            [("gender", "Gender", GENDERS[:2]), ("quarter", "Quarter of referral", QUARTERS)],
            [*range(60, 320, 20), *range(180, 50, -10)],
        ),
        "purposes over time": table_of(
            "Persons by exploitation × quarter",
            [("exploitation", "Exploitation", PURPOSES), ("quarter", "Quarter", QUARTERS)],
            [
                chance.randrange(10, 60) + 30 * row + row * column * 3
                for row, column in product(range(5), range(13))
            ],
        ),
        "ages": table_of(
            "Persons by gender × age when trafficked",
            [("gender", "Gender", GENDERS), ("age_band", "Age when trafficked", AGES)],
            [*ages[0], *ages[1], *([6] * 10), *([12] * 10)],
        ),
        "purposes by gender": table_of(
            "Persons by exploitation × gender",
            [("exploitation", "Exploitation", PURPOSES), ("gender", "Gender", GENDERS)],
            [120, 300, 5, 12, 410, 60, 44, 20, 36, 48, 2, 0, 66, 30, 4, 0, 15, 33, 1, 28],
        ),
        "purposes": table_of(
            "Persons by exploitation",
            [("exploitation", "Exploitation", PURPOSES)],
            [432, 534, 86, 100, 14],
        ),
        "hostile": table_of(
            'Persons by "status" & <b>more</b>',
            [("status", "<i>Status</i>", HOSTILE)],
            [200, 150, 100],
        ),
        "matrix of sixty": corridors(SIXTY, 0.12),
    }


@cache
def pictures() -> dict[str, Picture]:
    """Every picture of the tables above and of views of them, by a name for its address."""
    found = {}
    for name, table in tables().items():
        for picture in pictures_of(table):
            words = f"{name} {picture.kind.value} {picture.within.value if picture.within else ''}"
            found[words.strip().replace(" ", "-")] = picture
    for name, view in (
        ("purposes by gender", ShareOf("gender", ("Feminine",))),
        ("quarters", Change("quarter")),
        ("corridors", Top(10)),
        ("genders over time", ShareOf("gender", ("Feminine",))),
    ):
        (seen,) = views_of([tables()[name]], view)
        drawn = picture_of_view(seen)
        assert drawn is not None
        found[f"{type(view).__name__}-of-{name}".replace(" ", "-").lower()] = drawn
    return found


def _labels(language: str) -> Any:
    territories = Locale(language).territories

    def label(axis: Axis, place: int) -> str:
        value = axis.values[place]
        parts = [territories.get(part, part) for part in value.split(" | ")]
        return axis.labels[place] if parts == [value] else " | ".join(parts)

    return label


PAGE = """\
{% import "pictures.html" as pictures with context %}
<!doctype html><html lang="{{ language }}" dir="{{ direction }}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Pictures</title>
<link rel="icon" href="{{ asset('icon.svg') }}">
<link rel="stylesheet" href="{{ asset('pages.css') }}">
{{ pictures.style() }}</head><body><main><h1>Pictures</h1>{{ before | safe }}
{% for name, picture, description in shown %}
<section>{{ pictures.figure(name, description, picture.title,
  "Corridor, test region, 1 March 2026; corridor.example/answers/" ~ name) }}</section>
{% endfor %}</main>{{ pictures.script() }}</body></html>
"""


def _page(names: Sequence[str], language: str = "en", before: str = "") -> str:
    shown = [(name, pictures()[name]) for name in names]
    label = _labels(language)
    return render_template_string(
        PAGE,
        language=language,
        direction=LANGUAGES[language].direction,
        before=before,
        shown=[(name, picture, picture.to_json(label)) for name, picture in shown],
    )


def picture_site(own: BaseMap | None = None) -> Flask:
    """GET /NAME: the page of a picture; GET /: of all; `?lang=` says in which language.

    Three pages besides: a picture far below, one by its address, one that is not there.
    """
    app = Flask("pictures", static_folder=None, root_path=str(FOLDERS[0].parent))

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        return response

    app.register_blueprint(static_views(FOLDERS))
    app.register_blueprint(base_map_views(own))

    @app.get("/<name>.json")
    def description(name: str) -> dict[str, object]:
        return abort(404) if name not in pictures() else pictures()[name].to_json()

    @app.get("/")
    @app.get("/<name>")
    def page(name: str = "") -> str:
        if name and name not in pictures():
            abort(404)
        language = request.args.get("lang", "en")
        names = [name] if name else [one for one in pictures() if "sixty" not in one]
        return _page(names, language)

    @app.get("/far-away")
    def far_away() -> str:
        return _page(["ages-pyramid"], before="<p>One line of many.</p>" * 200)

    @app.get("/by-address")
    def by_address() -> str:
        return _page([], before='<figure data-picture="/purposes-bars.json"></figure>')

    @app.get("/missing")
    def missing() -> str:
        return _page([], before='<figure data-picture="/nothing.json"></figure>')

    return app


@contextmanager
def picture_server(own: BaseMap | None = None) -> Iterator[str]:
    """The site's address, while it is served; `own` is an operator's base map."""
    server = wsgi.Server(("127.0.0.1", 0), picture_site(own), numthreads=4)
    server.prepare()
    thread = Thread(target=server.serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.bind_addr[1]}"
    finally:
        server.stop()
        thread.join()
