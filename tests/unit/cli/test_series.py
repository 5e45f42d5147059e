"""How a standing series reads in a terminal."""

import io
from typing import Any

import pytest

from corridor.cli.analyst import make_request
from corridor.cli.main import make_parser
from corridor.cli.output import Output
from corridor.cli.series import show_series
from corridor.errors.cli import HalfSeriesError


def series(**changes: Any) -> dict[str, Any]:
    return {
        "id": "2c39d5df83673357",
        "state": "waiting",
        "rho": "13/1000",
        "repeat_rho": "2048/348125",
        "every": "month",
        "periods": 36,
        "next_period": 3,
        "next_at": "2027-03-01T00:00:00Z",
        "failure": None,
        "releases": [],
    } | changes


def table(value: float, margin: float) -> dict[str, Any]:
    return {
        "title": "Persons",
        "source": "persons",
        "measure": {"count": "persons"},
        "max_cells": 1,
        "max_rows": 1,
        "axes": [],
        "step": "1/1000000",
        "steps": [round(value * 1_000_000)],
        "may_be_negative": False,
        "values": [value],
        "margin": margin,
        "margins": None,
        "non_negative": [max(0.0, value)],
        "totals": {"all": {"value": value, "margin": margin}},
        "covariances": None,
        "reliability": "A",
    }


def release(newly: float, so_far: float) -> dict[str, Any]:
    return {"tables": [table(newly, 20.0), table(so_far, 20.0)]}


def said(shown: dict[str, Any], *releases: dict[str, Any]) -> str:
    text = io.StringIO()
    show_series(shown, releases, Output(as_json=False, out=text))
    return text.getvalue()


def test_a_figure_that_nobody_may_quote_is_shown_by_its_interval() -> None:
    made = [
        {"period": 1, "named": "2026-12", "release_id": "aa"},
        {"period": 2, "named": "2027-01", "release_id": "bb"},
    ]
    text = said(series(releases=made), release(300, 300), release(5, 305))
    assert "300 ± 20" in text
    assert "0 to 25" in text
    assert "5 ± 20" not in text.replace("305 ± 20", "")
    assert "next         release 3, at 2027-03-01T00:00:00Z" in text


def test_what_failed_says_who_has_to_do_something_and_what_it_costs() -> None:
    failure = {"code": "region.series_members_missing", "message": "MD cannot take part now."}
    waiting = said(series(failure=failure))
    assert (
        "!! release 3 failed (region.series_members_missing): MD cannot take part now." in waiting
    )
    stuck = said(series(failure=failure, state="failed", next_at=None))
    assert "pay ρ = 2048/348125 more for another attempt" in stuck
    assert "corridor series 2c39d5df83673357 --now, or --end" in stuck
    over = said(series(state="ended", next_period=None, next_at=None))
    assert "no more releases are made" in over


@pytest.mark.parametrize(
    ("words", "series_asked"),
    [
        (["--every", "month", "--periods", "36"], {"every": "month", "periods": 36}),
        (
            ["--every", "year", "--periods", "2", "--start", "2027-01"],
            {"every": "year", "periods": 2, "start": "2027-01"},
        ),
        ([], None),
    ],
)
def test_the_words_of_a_series_become_its_terms(
    words: list[str], series_asked: dict[str, Any] | None
) -> None:
    parsed = make_parser("ask").parse_args(["ask", "SELECT COUNT(*) FROM persons", *words])
    assert make_request(parsed).get("series") == series_asked


@pytest.mark.parametrize(
    "words", [["--every", "month"], ["--periods", "3"], ["--start", "2027-01"]]
)
def test_half_a_series_is_refused(words: list[str]) -> None:
    parsed = make_parser("ask").parse_args(["ask", "SELECT COUNT(*) FROM persons", *words])
    with pytest.raises(HalfSeriesError):
        make_request(parsed)
