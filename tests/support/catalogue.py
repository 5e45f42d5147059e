"""The packaged catalogue, and domains of a small region, for tests of questions."""

from functools import cache
from pathlib import Path

from corridor.ids import CountryCode
from corridor.queries.catalogue import Catalogue, parse_catalogue
from corridor.queries.domains import Domains

DATA = Path(__file__).parents[2] / "queries" / "data"

REGION = tuple(map(CountryCode, ["BG", "MD", "NG", "RO", "UA"]))


def read_data(name: str) -> str:
    """The text of a packaged data file."""
    return (DATA / name).read_text(encoding="utf-8")


@cache
def catalogue() -> Catalogue:
    """The catalogue that is shipped."""
    return parse_catalogue(read_data)


def domains(
    *,
    countries: tuple[CountryCode, ...] | None = None,
    years: tuple[int, int] = (2015, 2025),
    cells: int = 1 << 22,
) -> Domains:
    """Domains of five members; all countries of the catalogue unless said otherwise."""
    return Domains(
        catalogue=catalogue(),
        countries=tuple(catalogue().country_names) if countries is None else countries,
        region=REGION,
        years=years,
        cells=cells,
    )
