"""A forecast says of how much cells hold what an answer of the same table tells, or nothing."""

from collections.abc import Iterator
from typing import Any

import pytest

from corridor.privacy.reliability import caution_up_to
from corridor.publishing.tables import tables_of
from support.loopback_region import QUICK, LoopbackRegion

BY_GENDER = "SELECT gender, COUNT(*) FROM persons{where} GROUP BY gender"
PLAIN = BY_GENDER.format(where="")
MINORS = BY_GENDER.format(where=" WHERE minor = 'minor'")


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackRegion]:
    made = LoopbackRegion(tmp_path_factory.mktemp("region"), deadlines=QUICK)
    try:
        made.enter()
        made.wait_for_members(*made.nodes)
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def release(region: LoopbackRegion) -> dict[str, Any]:
    """The answer to the plain question, which the first forecast did not know."""
    assert known(region, PLAIN) == [None]
    done = region.wait(region.ask(sql=PLAIN, rho="1/20")["id"])
    found: dict[str, Any] = region.get(f"/api/v1/releases/{done['release_id']}").json()
    return found


def forecast(region: LoopbackRegion, sql: str, **more: Any) -> dict[str, Any]:
    price = {} if "rho" in more else {"accuracy": "±20"}
    found: dict[str, Any] = region.post("/api/v1/forecast", {"sql": sql, **price, **more}).json()
    return found


def known(region: LoopbackRegion, sql: str, **more: Any) -> list[Any]:
    return [one["known"] for one in forecast(region, sql, **more)["tables"]]


def test_the_same_table_tells_how_many_of_its_cells_would_stand(
    region: LoopbackRegion, release: dict[str, Any]
) -> None:
    coming = forecast(region, PLAIN, rho="1/100")
    (one,) = (table["known"] for table in coming["tables"])
    (table,) = tables_of(release)
    margin = coming["tables"][0]["usual_margin"]
    stand = [v for v in table.values if v is not None and v * caution_up_to(table.size) >= margin]
    held = [cell for cell in table.cells() if cell.quotable is not None]
    assert one["release_id"] == release["id"]
    assert one["cells"] == table.size
    assert one["figures"] == len(held) > 0
    assert one["would_stand"] == len(stand) > 0
    assert coming["sentences"] == []


def test_another_condition_grouping_or_scope_is_not_known_by_it(
    region: LoopbackRegion, release: dict[str, Any]
) -> None:
    assert known(region, MINORS) == [None]
    assert known(region, "SELECT gender, year, COUNT(*) FROM persons GROUP BY gender, year") == [
        None
    ]
    assert known(region, PLAIN, scope="per-country") == [None]
    assert known(region, "SELECT gender, AVG(age) FROM persons GROUP BY gender", rho="1/100") == [
        None
    ]


def test_tables_of_one_question_are_known_each_by_itself(
    region: LoopbackRegion, release: dict[str, Any]
) -> None:
    both = "SELECT gender, year, COUNT(*) FROM persons GROUP BY GROUPING SETS ((year), (gender))"
    by_name = {table["title"]: table["known"] for table in forecast(region, both)["tables"]}
    assert sorted(one is None for one in by_name.values()) == [False, True]
    assert next(one for title, one in by_name.items() if "gender" in title) is not None


def test_a_margin_at_which_no_cell_would_have_stood_is_warned_of(
    region: LoopbackRegion, release: dict[str, Any]
) -> None:
    coming = forecast(region, PLAIN, rho="1/1000000000")
    assert coming["tables"][0]["known"]["would_stand"] == 0
    (sentence,) = coming["sentences"]
    assert release["id"] in sentence
    assert "Before you spend" in sentence
    assert coming["tables"][0]["sentence"] == sentence
