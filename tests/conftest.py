from collections.abc import Iterator

import pytest
import structlog
from flask import Flask

from support.compiled_templates import CompiledTemplates
from support.file_order import in_order


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ordered = in_order(items)
    assert len(ordered) == len(items)  # a test that is lost here would be missed by nobody
    items[:] = ordered


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A test that serves configures the process's log; the next test finds it as it was."""
    yield
    structlog.reset_defaults()


@pytest.fixture(autouse=True, scope="session")
def templates_compiled_once() -> Iterator[None]:
    """A site's templates take 50 ms each to compile, and every test makes its site anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": CompiledTemplates()})
        yield
