"""A mark is never milder than its figures, and a note says what holds of all its releases."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from corridor.coordinator.pictures import TEXTS
from corridor.coordinator.pictures.question_words import Heading
from corridor.coordinator.publications import HERE
from corridor.coordinator.publications.methodology import methodology
from corridor.coordinator.workbench import answer_tables
from corridor.coordinator.workbench.answer_tables import seen_tables
from corridor.pages.languages import install_languages
from corridor.privacy.reliability import Reliability
from corridor.publishing.tables import ReleasedTable, tables_of
from corridor.publishing.views import Figure, ViewRow, ViewTable
from corridor.queries.views import Change, Top
from support.releases import make_release, make_table

HEADINGS = (Heading("Persons"),)
TO_BE_WARY = {
    Reliability.UNCERTAIN: "too uncertain to quote",
    Reliability.CAUTION: "use with caution",
}


def pages() -> Flask:
    app = Flask("marks")
    install_languages(app, TEXTS, HERE / "translations")
    return app


@pytest.fixture
def tables() -> Iterator[tuple[ReleasedTable, ...]]:
    with pages().test_request_context():
        yield tables_of(
            make_release(tables=[make_table(totals=None, covariances=[0.0, 0.0, 0.0, 55.6])])
        )


def test_a_row_shows_the_mark_of_its_worst_figure_wherever_that_stands(
    tables: tuple[ReleasedTable, ...],
) -> None:
    """Of a change only the last figure can be uncertain, of the largest only the first."""
    (seen,) = seen_tables(tables, Change("year"), HEADINGS)
    assert [(row.mark, row.kind) for row in seen.rows] == [("", ""), ("too uncertain", "wrong")]
    (top,) = seen_tables(tables, Top(3), HEADINGS)
    assert [row.kind for row in top.rows] == ["", "", "wrong"]


@given(st.lists(st.sampled_from([*Reliability, None]), min_size=1, max_size=4))
def test_of_all_marks_the_worst_is_shown(marks: list[Reliability | None]) -> None:
    worst = next((one for one in TO_BE_WARY if one in marks), None)
    figures = [Figure(value=1.0, low=0.0, high=2.0, reliability=one) for one in marks]
    (table,) = tables_of(make_release())
    view = ViewTable(
        view=Change("year"),
        title="",
        places=(),
        columns=("change",) * len(marks),
        rows=(ViewRow(labels=(), figures=tuple(figures)),),
    )
    with pages().test_request_context():
        (row,) = answer_tables._seen(table, view, HEADINGS[0]).rows
    assert (
        row.kind == {None: "", Reliability.CAUTION: "wait", Reliability.UNCERTAIN: "wrong"}[worst]
    )


def single_countries() -> dict[str, Any]:
    release = make_release(id="2" * 16, scope="per-country")
    tables = release.pop("tables")
    countries = [
        {"country": country, "name": f"Authority of {country}", "tables": tables}
        for country in ("BG", "MD")
    ]
    return release | {"countries": countries}


SUM_ALONE = "Only the sum of all, with the noise in it, could be read by anybody"
EACH_BY_ITSELF = "added random noise before its figure left it"


@pytest.mark.parametrize("first", [0, 1])
def test_a_note_of_sums_and_of_single_countries_says_of_neither_what_holds_of_the_other(
    first: int,
) -> None:
    """That only the sum could be read would be untrue of the countries' own figures."""
    mixed = [make_release(), single_countries()]
    note = methodology([mixed[first], mixed[1 - first]])
    assert SUM_ALONE not in note
    assert EACH_BY_ITSELF in note
    assert SUM_ALONE in methodology([make_release(), make_release(id="3" * 16)])
    assert EACH_BY_ITSELF in methodology([single_countries()])


def test_a_note_of_which_some_are_made_up_says_so() -> None:
    real = make_release(synthetic=False)
    assert "The data are made up" in methodology([real, make_release()])
    assert "The data are made up" not in methodology([real])
