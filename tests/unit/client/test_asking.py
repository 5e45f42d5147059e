"""Asking from Python, against a region that runs."""

import json
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import corridor.client
from corridor.client.answers import Release
from corridor.client.forecasts import Forecast
from corridor.client.region import Region
from corridor.coordinator import app
from corridor.errors import CorridorError
from corridor.errors.client import (
    MissingLibraryError,
    QuestionFailedError,
    RemoteRefusalError,
    SeveralTablesError,
    StillOpenError,
)
from corridor.ids import CountryCode
from corridor.queries.views import ShareOf
from corridor.transport.messages import Round
from support.loopback_region import QUICK, LoopbackRegion
from support.releases import make_release, make_table


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackRegion]:
    served = LoopbackRegion(tmp_path_factory.mktemp("client"), deadlines=QUICK)
    served.enter()
    yield served
    served.close()


@pytest.fixture(scope="module")
def region(served: LoopbackRegion) -> Iterator[Region]:
    pinned = app.authority_fingerprint(served.world)
    with corridor.client.connect(
        f"https://{served.web}", served.token, ca_fingerprint=pinned
    ) as region:
        yield region


@pytest.fixture(scope="module")
def release(region: Region) -> Release:
    draft = region.persons.where(year=2021).by("gender").count(rho="1/20")
    return draft.ask(purpose="from Python")


def test_a_question_is_built_forecast_and_answered(
    served: LoopbackRegion, region: Region, release: Release
) -> None:
    (table,) = release.tables
    error = np.abs(np.array(table.released.values) - served.total(len(table))).max()
    assert table.released.margin is not None
    assert error < 6 * table.released.margin
    assert release.rho == Fraction(1, 20)
    assert release.participants == ("BG", "MD", "NG", "RO", "UA")
    assert release.document["purpose"] == "from Python"


def test_a_forecast_spends_nothing_and_says_what_it_would(region: Region) -> None:
    before = [one["spent"] for one in region.members()]
    draft = (
        region.corridors.where(year=(2022, 2025)).by("recruited_in", "exploited_in").count("±30")
    )
    forecast = draft.forecast()
    assert max(forecast.margins) <= 30
    assert not forecast.is_free
    assert set(forecast.shares) == {"BG", "MD", "NG", "RO", "UA"}
    words = str(draft)
    assert "at each authority" in words
    assert "± 30" in words
    dearer = draft.at(accuracy="±15").forecast()
    assert dearer.rho > forecast.rho
    assert [one["spent"] for one in region.members()] == before


def test_sql_and_indicators_are_drafts_too(region: Region) -> None:
    by_sql = region.sql(
        "SELECT gender, COUNT(DISTINCT person) FROM persons WHERE year = 2021 GROUP BY gender",
        rho="1/20",
    )
    assert by_sql.forecast().is_free  # the same question as that of `release`
    name = next(iter(region.indicators()))
    assert region.indicator("corridor_matrix", "±50").forecast().margins
    assert name


def test_several_questions_share_one_price(region: Region) -> None:
    ages = region.persons.by("gender").count()
    years = region.persons.by("year").count()
    both = region.together(ages, years, accuracy="±40")
    assert len(both.forecast().margins) == 2
    with pytest.raises(ValueError, match="built here"):
        region.together(region.indicator("corridor_matrix"), accuracy="±40")


def test_what_does_not_exist_is_refused_before_anything_is_sent(region: Region) -> None:
    with pytest.raises(CorridorError, match="colour"):
        region.persons.by("colour")
    with pytest.raises(RemoteRefusalError):
        region.sql("SELECT nonsense").forecast()


def test_a_release_becomes_frames(release: Release) -> None:
    frame = release.to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert frame.attrs["release"] == release.id
    assert frame["value"].tolist() == pytest.approx(list(release.table.released.values))
    assert isinstance(release.to_polars(), pl.DataFrame)
    assert json.loads(release.to_arrow().schema.metadata[b"corridor"])["id"] == release.id


def test_a_release_is_saved_in_any_form_and_its_receipt_comes_along(
    release: Release, tmp_path: Path
) -> None:
    assert [one.name for one in release.save(tmp_path / "answer.xlsx")] == ["answer.xlsx"]
    written = release.save(tmp_path / "answer.csv", "sdmx-csv")
    assert b"OBS_VALUE" in written[0].read_bytes()
    assert json.loads(release.receipt())
    with pytest.raises(ValueError, match="jsonstat"):
        release.save(tmp_path / "answer.pdf")


def test_views_are_free_and_have_intervals(release: Release) -> None:
    (seen,) = release.see(ShareOf("gender", ("Feminine",)))
    assert seen.rows


def test_a_question_can_be_left_and_found_again(region: Region, served: LoopbackRegion) -> None:
    asked = region.persons.where(year=2023).by("gender").count(rho="1/50").submit("later")
    again = region.question(asked.id)
    assert again.wait(patience=30).document["purpose"] == "later"
    assert asked.id in {one.id for one in region.questions()}
    assert again.id in repr(again)


def test_patience_ends_and_the_question_goes_on(region: Region) -> None:
    asked = region.persons.where(year=2024).by("gender").count(rho="1/50").submit()
    asked.shown = {**asked.shown, "state": "queued"}
    with pytest.raises(StillOpenError, match=asked.id):
        asked.wait(patience=0)
    assert asked.look().wait(patience=30).id


def test_an_attempt_that_fails_says_why(region: Region, served: LoopbackRegion) -> None:
    for country in ("MD", "NG", "RO"):
        served.nodes[CountryCode(country)].script.silent_at = Round.MASKED_INPUT
    try:
        with pytest.raises(QuestionFailedError) as failed:
            region.persons.where(year=2025).by("gender").count(rho="1/60").ask()
    finally:
        for node in served.nodes.values():
            node.script.silent_at = None
    assert failed.value.failure
    assert failed.value.code == "client.question_failed"


# ---------------------------------------------------------------- what notebooks show


def shown(**changes: Any) -> Release:
    return Release(make_release(**changes), lambda: b"{}")


def test_a37_texts_of_elsewhere_are_no_html_of_a_notebook() -> None:
    evil = "<script>alert(1)</script>"
    axes = [{"name": "x", "label": evil, "values": [evil], "labels": [evil]}]
    table = make_table(axes=axes, title=evil, values=[1.0], non_negative=[1.0], totals=None)
    html = shown(tables=[table], region=evil)._repr_html_()
    assert "<script" not in html
    assert "&lt;script" in html


def test_what_is_too_uncertain_is_shown_by_its_interval_alone() -> None:
    html = shown()._repr_html_()
    assert "1 240 ± 15" in html
    assert "0 to 23" in html
    assert "7.5" not in html


def test_a_forecast_reads_well_in_a_notebook() -> None:
    document = {
        "tables": [{"title": "Persons", "cells": 4, "margin": 19.2, "central_margin": 12.0}],
        "rho": "1/100",
        "epsilon": 0.75,
        "free_release": None,
        "too_few": None,
        "too_dear": "it is too dear",
        "sentences": [],
        "allowances": [{"country": "BG", "remaining_year": "1/50", "remaining_all_time": "1"}],
        "would_take_part": ["BG"],
        "would_miss": ["MD"],
    }
    forecast = Forecast(document)
    assert forecast.shares == {"BG": 0.5}
    assert not forecast.can_be_asked
    assert forecast.warnings == ("it is too dear",)
    for text in ("± 20", "50.0% of what one has left (BG)", "missing: MD", "it is too dear"):
        assert text in str(forecast)
        assert text in forecast._repr_html_()


def test_one_table_is_asked_for_where_there_are_several() -> None:
    with pytest.raises(SeveralTablesError):
        _ = shown(tables=[make_table(), make_table()]).table


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingLibraryError, match="corridor\\[notebook\\]"):
        shown().to_pandas()


@pytest.mark.parametrize(
    "names", [(), ("gender",), ("year",), ("gender", "year"), ("a", "b", "c")], ids=str
)
def test_every_table_has_a_picture(names: tuple[str, ...], tmp_path: Path) -> None:
    axes = [
        {"name": name, "label": name, "values": ["2024", "2025"], "labels": ["2024", "2025"]}
        for name in names
    ]
    size = 2 ** len(names)
    table = make_table(
        axes=axes, values=[100.0] * size, steps=[400] * size, non_negative=[100.0] * size
    )
    figure = shown(tables=[table]).plot()
    path = tmp_path / "picture.svg"
    figure.savefig(path)
    assert path.stat().st_size > 1000


def test_a_command_does_not_load_libraries_of_notebooks() -> None:
    import subprocess  # noqa: PLC0415

    code = "import sys, corridor.client.app; print('pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.strip() == b"False"
