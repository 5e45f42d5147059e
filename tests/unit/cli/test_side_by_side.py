"""How figures of single countries read beside each other, and beside the region's."""

import io
import math
from typing import Any

from corridor.cli.output import Output
from corridor.cli.release import show_forecast, show_release
from corridor.publishing.tables import COUNTED_BY, tables_of
from support.releases import GUARANTEE, make_release, make_table


def one_country(country: str, values: list[float]) -> dict[str, Any]:
    return {
        "country": country,
        "name": f"Authority of {country}",
        "tables": [
            make_table(
                values=values,
                margin=10.0,
                non_negative=[max(0.0, value) for value in values],
                totals={"all": {"value": sum(values), "margin": 20.0}},
            )
        ],
    }


def make_countries(*countries: str) -> dict[str, Any]:
    release = make_release(
        scope="per-country",
        countries=[
            one_country(country, [100.0 + 100 * place, 20.0, 3.0, -3.25])
            for place, country in enumerate(countries)
        ],
        refused=[
            {"country": "BG", "name": "Authority of BG", "code": "policy.refuses"},
            {"country": "RO", "name": "Authority of RO", "code": None},
        ],
        survivors=list(countries),
        guarantee=GUARANTEE | {"colluders": 0, "dropouts": 0},
    )
    del release["tables"]
    return release


def told(release: dict[str, Any], beside: dict[str, Any] | None = None) -> list[str]:
    text = io.StringIO()
    show_release(release, Output(as_json=False, out=text), every_cell=False, beside=beside)
    return [line.rstrip() for line in text.getvalue().splitlines() if line.strip()]


def test_countries_stand_side_by_side_with_their_sum_and_the_region() -> None:
    lines = told(make_countries("MD", "NG"), make_release())
    assert lines[1:9] == [
        "published 2026-11-24T05:20:00Z, scope per-country",
        "Persons by gender × year, as each country counted",
        " Gender      Year          MD          NG   sum of them   the region",
        " ───────────────────────────────────────────────────────────────────",
        # The sum's margin is 10·√2; what is too uncertain for a figure is an interval.
        " Feminine    2024    100 ± 10    200 ± 10      300 ± 15   1 240 ± 15",
        " Feminine    2025   20 ± 10 *   20 ± 10 *     40 ± 15 *     303 ± 15",
        " Masculine   2024     0 to 13     0 to 13       0 to 21      0 to 23",
        " Masculine   2025      0 to 7      0 to 7        0 to 8      0 to 12",
    ]
    shown = "\n".join(lines)
    assert "release 1fadd7f76a79bbe8, which was paid for by itself" in shown
    assert "each figure has all of its noise from its own country" in shown
    assert " BG     Authority of BG   policy.refuses" in lines
    assert " RO     Authority of RO   did not answer" in lines


def test_without_the_regions_figure_it_is_said_what_it_would_be() -> None:
    shown = "\n".join(told(make_countries("MD", "NG")))
    assert "the region" not in shown.splitlines()[3]
    assert "--scope regional" in shown


def test_one_country_has_no_sum_and_many_are_shown_in_several_tables() -> None:
    assert "sum of them" not in "\n".join(told(make_countries("MD")))
    lines = told(make_countries("AL", "GE", "IT", "MD", "NG", "UA"))
    headings = [line for line in lines if line.startswith(" Gender")]
    assert [heading.split()[2:] for heading in headings] == [
        ["AL", "GE", "IT", "MD", "NG"],
        ["UA", "sum", "of", "them"],
    ]


def test_for_programs_and_files_whose_figure_it_is_is_one_more_grouping() -> None:
    (table,) = tables_of(make_countries("MD", "NG"))
    assert [axis.name for axis in table.axes] == [COUNTED_BY, "gender", "year"]
    assert table.axes[0].values == ("MD", "NG")
    cells = list(table.cells())
    assert (cells[0].labels, cells[0].value) == (("Authority of MD", "Feminine", "2024"), 100.0)
    assert (cells[4].values, cells[4].value) == (("NG", "Feminine", "2024"), 200.0)
    assert table.margin == 10.0
    assert table.total is not None
    assert table.total[0] == 339.5
    assert math.isclose(table.total[1], 20 * math.sqrt(2))


def test_a_forecast_says_that_authorities_decide_and_what_the_region_costs_beside() -> None:
    forecast: dict[str, Any] = {
        **GUARANTEE,
        "scope": "per-country",
        "tables": [
            {
                "title": "Persons by gender",
                "cells": 6,
                "margin": 9.8,
                "usual_margin": 9.8,
                "central_margin": 9.8,
                "known": None,
            }
        ],
        "would_take_part": ["MD", "NG"],
        "would_miss": [],
        "sentences": [],
        "allowances": [],
        "free_release": None,
        "accuracy": None,
        "accuracy_supposed": False,
        "too_few": None,
        "too_dear": None,
        "views": [],
        "beside": {
            "free_release": None,
            "rho": "1/50",
            "margins": [14.2],
            "rho_together": "1/25",
            "epsilon_together": 1.3,
        },
    }

    def words() -> str:
        text = io.StringIO()
        show_forecast(forecast, Output(as_json=False, out=text))
        return text.getvalue()

    assert "each authority decides by its policy" in words()
    told = "± 15, is another question: another ρ = 1/50 (0.02), both together ρ = 1/25 (0.04) (ε"
    assert told in words()
    forecast["beside"]["free_release"] = "1fad"
    assert "free, as it was answered already: corridor results 1fad" in words()
    forecast["beside"] = None
    assert "too few members are connected" in words()
