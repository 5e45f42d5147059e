"""Figures in the reader's language: the same digits, another dress."""

import pytest
from flask import Flask, g

from corridor.coordinator.pictures import TEXTS
from corridor.coordinator.pictures.question_words import Heading
from corridor.coordinator.publications import HERE
from corridor.coordinator.publications.figures import shown_table
from corridor.pages.languages import install_languages
from corridor.publishing.tables import tables_of
from support.releases import make_release


@pytest.fixture
def app() -> Flask:
    app = Flask("figures")
    install_languages(app, TEXTS, HERE / "translations")
    return app


@pytest.mark.parametrize(
    ("language", "figures", "marks"),
    [
        (
            "en",
            ["1,240 ± 15", "303 ± 15", "0 to 23", "0 to 12"],
            ["reliable", "reliable", "too uncertain to quote", "too uncertain to quote"],
        ),
        (
            "fr",
            ["1\u202f240 ± 15", "303 ± 15", "de 0 à 23", "de 0 à 12"],
            ["fiable", "fiable", "trop incertain pour être cité", "trop incertain pour être cité"],
        ),
        (
            "bg",
            ["1\xa0240 ± 15", "303 ± 15", "от 0 до 23", "от 0 до 12"],
            [
                "надеждно",
                "надеждно",
                "твърде несигурно за цитиране",
                "твърде несигурно за цитиране",
            ],
        ),
    ],
    ids=["en", "fr", "bg"],
)
def test_a_figure_is_written_as_the_language_does_and_an_uncertain_one_is_none(
    app: Flask, language: str, figures: list[str], marks: list[str]
) -> None:
    with app.test_request_context():
        g.language = language
        (table,) = tables_of(make_release())
        rows = shown_table(table, Heading(table.title), 1).rows
        assert [row[1][0] for row in rows] == figures
        assert [str(row[2]) for row in rows] == marks


def test_a_decimal_is_kept(app: Flask) -> None:
    release = make_release()
    release["tables"][0]["margin"] = 1.25
    with app.test_request_context():
        g.language = "fr"
        (table,) = tables_of(release)
        assert shown_table(table, Heading(table.title), 1).rows[1][1] == ("303,2 ± 1,3",)
