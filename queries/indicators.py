"""Indicators: named, documented questions of the catalogue, ready to ask.

They are data (`data/indicators.toml`). An indicator has parameters with defaults, and tables
whose conditions may mention them:

    [[indicator]]
    name, title, answers, caveats       for people
    waits_for                           a measure that is not built yet; then there are no tables
    [[indicator.parameter]]             name, about, kind = country | years | age…, default
    [[indicator.table]]                 source, group_by, measure, where, max_cells

`fill` puts parameters in and gives tables in the words of `queries.builder`.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Parameter:
    """What may be chosen when an indicator is asked for.

    Attributes:
        field: the field whose values it takes.
        default: as it would be typed; empty means every value of the field.
    """

    name: str
    about: str
    field: str
    default: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorTable:
    """One table, in aliases; `where` maps a field to a parameter's name."""

    source: str
    group_by: tuple[str, ...]
    mean_of: str
    where: Mapping[str, str]
    max_cells: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A named question.

    Attributes:
        answers: what it tells, in a sentence.
        caveats: what it does not tell.
        waits_for: the measure that is not built yet; empty if it can be asked.
    """

    name: str
    title: str
    answers: str
    caveats: str
    waits_for: str
    parameters: tuple[Parameter, ...]
    tables: tuple[IndicatorTable, ...]

    @property
    def is_available(self) -> bool:
        """Whether it can be asked."""
        return not self.waits_for


def parse_indicators(text: str) -> Mapping[str, Indicator]:
    """The indicators by name, in the file's order.

    Raises:
        ValueError, KeyError: the packaged file is not as it must be; a packaging bug.
    """
    document = tomllib.loads(text)
    caveat = document.get("caveats_of_all", "")
    indicators = [_indicator(entry, caveat) for entry in document.get("indicator", ())]
    by_name = {indicator.name: indicator for indicator in indicators}
    if len(by_name) != len(indicators):
        raise ValueError("indicators.toml: a name stands in it twice")
    return by_name


def _indicator(entry: Mapping[str, Any], caveat: str) -> Indicator:
    return Indicator(
        name=entry["name"],
        title=entry["title"],
        answers=entry["answers"],
        caveats=" ".join(filter(None, (entry.get("caveats", ""), caveat))),
        waits_for=entry.get("waits_for", ""),
        parameters=tuple(
            Parameter(one["name"], one["about"], one["field"], one.get("default", ""))
            for one in entry.get("parameter", ())
        ),
        tables=tuple(
            IndicatorTable(
                source=one["source"],
                group_by=tuple(one["group_by"]),
                mean_of=one.get("mean_of", ""),
                where=one.get("where", {}),
                max_cells=one.get("max_cells"),
            )
            for one in entry.get("table", ())
        ),
    )
