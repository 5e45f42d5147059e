from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A test that serves configures the process's log; the next test finds it as it was."""
    yield
    structlog.reset_defaults()
