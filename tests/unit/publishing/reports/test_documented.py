"""docs/reports.md shows the crosswalk and the gaps as they are in the data."""

from collections.abc import Callable
from pathlib import Path

import pytest

from support.reports import crosswalk_in_words, gaps_in_words, reports

PAGE = Path(__file__).parents[4] / "docs" / "reports.md"


def part(name: str) -> str:
    """What stands between the marks of this name."""
    text = PAGE.read_text("utf-8")
    return text.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- end of {name} -->")[0]


@pytest.mark.parametrize(
    ("name", "told"), [("crosswalk", crosswalk_in_words), ("gaps", gaps_in_words)]
)
def test_the_page_shows_what_the_data_say(name: str, told: Callable[[], str]) -> None:
    # Where it fails: put what `support.reports` gives between the marks of the page.
    assert part(name) == told()


def test_every_report_stands_on_the_page() -> None:
    text = PAGE.read_text("utf-8")
    for report in reports().values():
        assert f"| `{report.name}` |" in text
