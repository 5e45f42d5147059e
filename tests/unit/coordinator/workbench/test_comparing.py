"""Cells of a real answer side by side: what the data say, and what cannot be compared."""

import re
from collections.abc import Iterator
from html import unescape

import pytest

from corridor.people import Role
from support.loopback_region import QUICK, LoopbackRegion
from support.pages import Browser
from support.workbench import open_workbench

SQL = (
    "SELECT recruited_in, exploited_in, COUNT(DISTINCT person) FROM corridors "
    "WHERE recruited_in IN ('MD', 'UA') AND exploited_in IN ('IT', 'PL') "
    "GROUP BY recruited_in, exploited_in"
)
MD_IT = "recruited_in=MD,exploited_in=IT"
UA_PL = "recruited_in=UA,exploited_in=PL"


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackRegion]:
    region = LoopbackRegion(tmp_path_factory.mktemp("compare"), deadlines=QUICK)
    region.enter()
    yield region
    region.close()


@pytest.fixture(scope="module")
def release(region: LoopbackRegion) -> str:
    shown = region.wait(region.ask(sql=SQL, rho="1/10", purpose="routes")["id"])
    assert shown["state"] == "released", shown
    return str(shown["release_id"])


@pytest.fixture(scope="module")
def reader(region: LoopbackRegion) -> Iterator[Browser]:
    with open_workbench(region.world) as workbench:
        yield workbench.enter("Ana", Role.ANALYST)


def test_cells_are_chosen_by_what_they_are_called(reader: Browser, release: str) -> None:
    assert reader.get(f"/releases/{release}").status_code == 200
    assert f"/releases/{release}/compare" in reader.last
    assert reader.get(f"/releases/{release}/compare").status_code == 200
    assert f'value="{MD_IT}"' in reader.last
    assert "Moldova → Italy" in unescape(reader.last)


def test_values_of_picklists_are_called_as_everywhere(
    region: LoopbackRegion, reader: Browser
) -> None:
    by_gender = "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender"
    release = region.wait(region.ask(sql=by_gender, rho="1/20")["id"])["release_id"]
    reader.get(
        f"/releases/{release}/compare?cells=gender=TransgenderFeminine&cells=gender=Feminine"
    )
    assert "Transgender Feminine" in reader.last
    assert ">TransgenderFeminine" not in reader.last


def test_two_corridors_stand_side_by_side_with_a_sentence(reader: Browser, release: str) -> None:
    path = f"/releases/{release}/compare?cells={MD_IT}&cells={UA_PL}"
    assert reader.get(path).status_code == 200
    seen = unescape(reader.last)
    assert "What the data say" in seen
    told = ("is larger than", "cannot be told apart", "too uncertain to be compared")
    assert sum(words in seen for words in told) == 1
    assert "Moldova → Italy" in seen
    assert "Detected is not prevalence" in seen


def test_where_nothing_is_chosen_the_page_says_what_to_choose(
    reader: Browser, release: str
) -> None:
    seen = ""
    for path in (f"/releases/{release}/compare", f"/releases/{release}/compare?earlier="):
        assert reader.get(path).status_code == 200
        seen = unescape(reader.last)
        assert "Nothing is chosen yet. Choose two figures or more" in seen
        assert 'href="#which"' in seen
    example = re.search(r'href="([^"]+/compare\?cells=[^"]+)"', seen)
    assert example is not None
    assert reader.get(example[1]).status_code == 200
    assert "What the data say" in unescape(reader.last)
    assert "is chosen" not in reader.last


def test_where_one_is_chosen_the_page_says_which_and_what_is_missing(
    reader: Browser, release: str
) -> None:
    for again in ("", f"&cells={MD_IT}"):
        assert reader.get(f"/releases/{release}/compare?cells={MD_IT}{again}").status_code == 200
        assert "One is chosen, Moldova → Italy." in unescape(reader.last)
        assert 'href="#which"' in reader.last


def test_in_another_language_every_word_of_it_is_said(reader: Browser, release: str) -> None:
    reader.client.set_cookie("corridor-language", "fr")
    reader.get(f"/releases/{release}/compare?cells={MD_IT}&cells={UA_PL}")
    reader.client.delete_cookie("corridor-language")
    seen = unescape(reader.last)
    assert "Moldavie → Italie" in seen
    assert "Ce que disent les données" in seen
    assert "larger than" not in seen


@pytest.mark.parametrize(
    "cells", ["recruited_in", "recruited_in=XX", "colour=red;", "<script>alert(1)</script>"]
)
def test_what_cannot_be_compared_is_told_with_the_form_to_choose_again(
    reader: Browser, release: str, cells: str
) -> None:
    found = reader.get(f"/releases/{release}/compare", query_string={"cells": cells})
    assert found.status_code == 422
    assert "comparison." in reader.last
    assert f'value="{MD_IT}"' in reader.last
    assert "<script>alert" not in reader.last


def test_an_answer_that_is_not_there_cannot_be_compared(reader: Browser, release: str) -> None:
    assert reader.get("/releases/0123456789abcdef/compare").status_code == 404
    path = f"/releases/{release}/compare?cells={MD_IT}&earlier=0123456789abcdef"
    assert reader.get(path).status_code == 404
