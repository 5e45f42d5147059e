"""A hundred analysts at once, over real connections: nothing is lost, asked twice or mixed up."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from corridor.coordinator import app
from support.loopback_region import QUICK, LoopbackRegion

pytestmark = pytest.mark.slow

ANALYSTS = 100
FRESH = 12
ROUNDS = 3
SQL = "SELECT gender, COUNT(DISTINCT person) FROM persons WHERE year = 2021 GROUP BY gender"


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackRegion]:
    region = LoopbackRegion(tmp_path_factory.mktemp("load"), deadlines=QUICK)
    region.enter()
    yield region
    region.close()


def test_a_hundred_analysts_ask_at_once_and_each_gets_the_answer_to_its_own(
    region: LoopbackRegion,
) -> None:
    """Each asks what is answered already, and one of twelve questions that nobody asked yet."""
    cached = region.wait(region.ask(sql=SQL, rho="1/50", purpose="load")["id"])
    tokens = [app.issue_token(region.world, f"analyst {number}") for number in range(ANALYSTS)]

    def analyse(number: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        with httpx.Client(
            base_url=str(region.client.base_url),
            verify=region.context,
            trust_env=False,
            timeout=120,
            headers={"Authorization": f"Bearer {tokens[number]}"},
        ) as client:

            def ask(rho: str) -> dict[str, Any]:
                answer = client.post(
                    "/api/v1/questions", json={"sql": SQL, "rho": rho, "purpose": "load"}
                )
                assert answer.status_code == 200, answer.text
                found: dict[str, Any] = answer.json()
                return found

            known = [ask("1/50") for _ in range(ROUNDS)]
            return known, ask(f"1/{1000 + number % FRESH}")

    with ThreadPoolExecutor(ANALYSTS) as pool:
        found = list(pool.map(analyse, range(ANALYSTS)))

    for known, _ in found:
        assert {one["release_id"] for one in known} == {cached["release_id"]}
    asked = {fresh["id"]: fresh["rho"] for _, fresh in found}
    ended = [region.wait(identifier) for identifier in asked]
    assert {one["state"] for one in ended} == {"released"}
    releases = {one["rho"]: set[str]() for one in ended}
    for one in ended:
        releases[one["rho"]].add(one["release_id"])
    assert len(releases) == FRESH
    assert {len(same) for same in releases.values()} == {1}  # each was answered once, for all
    for number, (_, fresh) in enumerate(found):
        assert fresh["rho"] == f"1/{1000 + number % FRESH}"
    for rho, (identifier,) in releases.items():
        release = region.get(f"/api/v1/releases/{identifier}").json()
        assert release["guarantee"]["rho"] == rho
