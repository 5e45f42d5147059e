from collections.abc import Iterator

import pytest

from corridor.cli.demo.processes import Processes
from support.forked import start_forked


@pytest.fixture(scope="module", autouse=True)
def parties_are_forked(request: pytest.FixtureRequest) -> Iterator[None]:
    """The parties of a region import what they need once a worker, not six times a region.

    A file marked `from_nothing` starts them as an authority does.
    """
    if request.node.get_closest_marker("from_nothing") is not None:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Processes, "start", start_forked)
        yield
