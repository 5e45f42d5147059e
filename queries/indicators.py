"""Indicators: named, documented questions of the catalogue, ready to ask.

They are data (`data/indicators.toml`, whose head explains its form): each has words for people,
parameters with defaults, and tables whose conditions mention them. `queries.asking` makes a
question of an indicator and the parameters chosen.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corridor.queries.views import (
    Top,
    Trend,
    View,
    parse_change,
    parse_quantile,
    parse_share,
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """What may be chosen when an indicator is asked for.

    Attributes:
        field: the field whose values it takes.
        default: as it would be typed; `all` means no condition.
    """

    name: str
    about: str
    field: str
    default: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorTable:
    """One table that counts persons, in aliases; `where` maps a field to a parameter's name.

    Attributes:
        bands: of a histogram the field, the range and the width; None for plain counts.
    """

    source: str
    group_by: tuple[str, ...]
    where: Mapping[str, str]
    max_cells: int
    bands: tuple[str, int, int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A named question.

    Attributes:
        answers: what it tells, in a sentence.
        caveats: what it does not tell.
        waits_for: the measure that is not built yet; empty if it can be asked.
        views: how its answer is to be seen, besides its tables.
    """

    name: str
    title: str
    answers: str
    caveats: str
    waits_for: str
    parameters: tuple[Parameter, ...]
    tables: tuple[IndicatorTable, ...]
    views: tuple[View, ...] = ()

    @property
    def is_available(self) -> bool:
        """Whether it can be asked."""
        return not self.waits_for

    def to_json(self) -> dict[str, object]:
        """What a list of indicators shows of it."""
        return {
            "name": self.name,
            "title": self.title,
            "answers": self.answers,
            "caveats": self.caveats,
            "available": self.is_available,
            "waits_for": self.waits_for,
            "parameters": [
                {
                    "name": parameter.name,
                    "about": parameter.about,
                    "field": parameter.field,
                    "default": parameter.default,
                }
                for parameter in self.parameters
            ],
        }


def parse_indicators(text: str) -> Mapping[str, Indicator]:
    """The indicators by name, in the file's order.

    Raises:
        ValueError, KeyError: the packaged file is not as it must be; a packaging bug.
    """
    document = tomllib.loads(text)
    common = [_parameter(entry) for entry in document["common"]]
    caveat = document["caveats_of_all"]
    indicators = [parse_indicator(entry, common, caveat) for entry in document["indicator"]]
    by_name = {indicator.name: indicator for indicator in indicators}
    if len(by_name) != len(indicators):
        raise ValueError("indicators.toml: a name stands in it twice")
    return by_name


def parse_indicator(
    entry: Mapping[str, Any], common: Sequence[Parameter], caveat: str
) -> Indicator:
    """One entry of the file; `common` are the parameters, and `caveat` the words, of all.

    Raises:
        ValueError, KeyError: it is not as it must be; a packaging bug.
    """
    shared = (
        []
        if "waits_for" in entry
        else [parameter for parameter in common if parameter.name not in entry.get("without", ())]
    )
    conditions = {parameter.field: parameter.name for parameter in shared}
    return Indicator(
        name=entry["name"],
        title=entry["title"],
        answers=entry["answers"],
        caveats=" ".join(filter(None, (entry.get("caveats", ""), caveat))),
        waits_for=entry.get("waits_for", ""),
        parameters=(*map(_parameter, entry.get("parameter", ())), *shared),
        tables=tuple(_table(one, conditions) for one in entry.get("table", ())),
        views=tuple(_view(one) for one in entry.get("view", ())),
    )


def _view(entry: Mapping[str, Any]) -> View:
    match entry:
        case {"quantile": text}:
            return parse_quantile(text)
        case {"share_of": text}:
            return parse_share(text)
        case {"change": text}:
            return parse_change(text)
        case {"trend": field}:
            return Trend(field)
        case {"top": count}:
            return Top(count)
        case _:
            raise ValueError(f"indicators.toml: no such view: {entry}")


def _parameter(entry: Mapping[str, Any]) -> Parameter:
    return Parameter(entry["name"], entry["about"], entry["field"], entry["default"])


def _table(entry: Mapping[str, Any], conditions: Mapping[str, str]) -> IndicatorTable:
    own = {field: name.removeprefix("$") for field, name in entry.get("where", {}).items()}
    return IndicatorTable(
        source=entry["source"],
        group_by=tuple(entry["group_by"]),
        where={**own, **conditions},
        max_cells=entry["max_cells"],
        bands=_bands(entry["histogram"]) if "histogram" in entry else None,
    )


def _bands(entry: Mapping[str, Any]) -> tuple[str, int, int, int]:
    low, high = entry["range"]
    return entry["field"], low, high, entry["width"]
