"""The gallery of notebooks, run from top to bottom against a region of real processes."""

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from corridor.cli.demo.region import COUNTRIES, DemoRegion, running_region
from corridor.client.app import save_credentials

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow]

GALLERY = Path(__file__).parents[2] / "docs" / "notebooks"
NOTEBOOKS = sorted(GALLERY.glob("*.ipynb"))


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoRegion]:
    with running_region(tmp_path_factory.mktemp("gallery"), COUNTRIES[:5], 400, 7, print) as region:
        region.wait_until_connected()
        yield region


def test_there_is_a_gallery() -> None:
    assert len(NOTEBOOKS) >= 3


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(
    path: Path, region: DemoRegion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = tmp_path / "credentials.json"
    save_credentials(region.credentials, credentials)
    monkeypatch.setenv("CORRIDOR_CREDENTIALS", str(credentials))
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute(cwd=str(tmp_path))
    shown = [
        kind
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        for kind in output.get("data", {})
    ]
    assert "text/html" in shown


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_what_it_showed(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
