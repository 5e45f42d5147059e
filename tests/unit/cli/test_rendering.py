"""How answers read: the lines themselves."""

import io

import pytest

from corridor.cli.output import Output
from corridor.cli.release import show_release
from corridor.publishing.estimates import (
    MEANING,
    estimate,
    interval,
    shown_epsilon,
    shown_margin,
)
from support.releases import make_release, make_table

PROMISE = "ρ = 143/10000 (0.0143) for each person at each node (ε = 0.76 at δ = 1/1000000)"
CURATOR = "a trusted curator's margin: ± 12; together 1 284 ± 30"


def told(release: object, *, every_cell: bool = False) -> list[str]:
    text = io.StringIO()
    show_release(release, Output(as_json=False, out=text), every_cell=every_cell)  # type: ignore[arg-type]
    return [line.rstrip() for line in text.getvalue().splitlines() if line.strip()]


def test_an_answer_reads_as_a_table_with_margins_its_promise_and_who_is_in_it() -> None:
    table = make_table(
        values=[1240.0, 40.0, 7.5, -3.25],
        non_negative=[1239.0, 39.0, 6.5, 0.0],
        totals={"all": {"value": 1284.25, "margin": 29.2}},
    )
    assert told(make_release(tables=[table])) == [
        "Test region: SYNTHETIC DATA, release 1fadd7f76a79bbe8",
        "published 2026-11-24T05:20:00Z, scope regional",
        "Persons by gender × year",
        " Gender      Year      persons   never below 0",
        " ────────────────────────────────────────────────────────────────",
        " Feminine    2024   1 240 ± 15           1 239",
        " Feminine    2025      40 ± 15              39   use with caution",
        " Masculine   2024      0 to 23               –   too uncertain",
        " Masculine   2025      0 to 12               –   too uncertain",
        f"1 reliable, 1 use with caution, 2 too uncertain; {MEANING}; {CURATOR}",
        "only         trafficking status Actual victim",
        f"guarantee    {PROMISE}",
        "             ρ = 143/2500 (0.0572) for a person known to 2 nodes (ε = 1.59)",
        "against      the coordinator with 1 of the nodes at its side",
        "noise        1.22 times a trusted curator's, who sees all the data",
        "Who is in it",
        " node   name              edition        consent rule    in the sum",
        " ───────────────────────────────────────────────────────────────────────",
        " BG     Authority of BG   1-cf9752be0d   htcds-consent   yes",
        " MD     Authority of MD   1-cf9752be0d   htcds-consent   yes",
        " NG     Authority of NG   1-cf9752be0d   htcds-consent   yes",
        " UA     Authority of UA   1-cf9752be0d   htcds-consent   no: dropped out",
    ]


def test_it_is_said_who_left_noise_in_the_sum_that_could_have_come_off() -> None:
    needless = "             some of it needless: NG did not help take it off"
    assert needless in told(make_release(reduced=["BG", "MD"]))
    for reduced in ([], ["BG", "MD", "NG"]):  # where none was superfluous nobody is blamed
        assert not any("needless" in line for line in told(make_release(reduced=reduced)))


def long_table() -> dict[str, object]:
    years = [str(year) for year in range(1900, 2000)]
    return make_table(
        axes=[{"name": "year", "label": "Year", "values": years, "labels": years}],
        values=[float(number) for number in range(100)],
        non_negative=None,
    )


def test_a_long_table_is_shown_by_its_largest_cells() -> None:
    lines = told(make_release(tables=[long_table()]))
    rows = [line.split()[0] for line in lines if line.startswith(" 19")]
    assert rows == [str(year) for year in range(1999, 1969, -1)]
    assert "shown are the 30 largest figures of 100 cells; all" in "\n".join(lines)


def test_a_long_table_without_a_figure_shows_none_and_says_why() -> None:
    lines = told(make_release(tables=[long_table() | {"margin": 400.0}]))
    assert not [line for line in lines if line.startswith(" 19")]
    assert "100 too uncertain; shown are the 0 largest figures" in "\n".join(lines)


def test_all_shows_every_cell_in_order() -> None:
    lines = told(make_release(tables=[long_table()]), every_cell=True)
    rows = [line.split()[0] for line in lines if line.startswith(" 19")]
    assert rows == [str(year) for year in range(1900, 2000)]


def test_a_mean_over_too_few_persons_is_a_dash() -> None:
    table = make_table(
        measure={"mean": "age", "low": 0, "high": 80},
        values=[31.25, None, None, None],
        margin=None,
        margins=[0.4, None, None, None],
        non_negative=None,
        totals=None,
    )
    lines = told(make_release(tables=[table]))
    unsure = ["too", "uncertain"]
    assert any(line.split() == ["Feminine", "2024", "31.25", "±", "0.40"] for line in lines)
    assert any(line.split() == ["Feminine", "2025", "–", *unsure] for line in lines)


def test_who_sent_inconsistent_shares_is_told() -> None:
    assert "!! MD sent inconsistent shares; the receipt names it" in told(
        make_release(named=["MD"])
    )


@pytest.mark.parametrize(
    ("margin", "shown"), [(14.01, "15"), (15.0, "15"), (3.41, "3.5"), (0.201, "0.21")]
)
def test_margins_are_rounded_up(margin: float, shown: str) -> None:
    assert shown_margin(margin) == shown


def test_an_epsilon_is_rounded_up() -> None:
    assert shown_epsilon(0.751) == "0.76"


@pytest.mark.parametrize(
    ("low", "high", "margin", "shown"),
    [(0.0, 8.1, 14.2, "0 to 9"), (10.9, 90.1, 40.0, "10 to 91"), (-3.14, 1.0, 2.1, "−3.2 to 1.0")],
)
def test_an_interval_is_rounded_outward(low: float, high: float, margin: float, shown: str) -> None:
    assert interval(low, high, margin) == shown


def test_a_small_negative_estimate_is_not_minus_nothing() -> None:
    assert estimate(-0.2, 14.0) == "0 ± 14"


def test_a35_a_label_cannot_repaint_the_terminal() -> None:
    axes = [{"name": "x", "label": "X", "values": ["a"], "labels": ["\x1b]0;owned\x07\x9b2J"]}]
    table = make_table(axes=axes, values=[1.0], non_negative=None)
    shown = "\n".join(told(make_release(tables=[table], region="\x1b[2J", id="\u202eevil")))
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown)
