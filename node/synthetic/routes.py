"""Where invented people are taken from and to: routes of the demo's countries and of any other.

A route is written `RO>IT:30 via HU,AT sexual women falling`: from, to, weight, countries in
between, the usual form of exploitation, who, and how it changes over the years. A country's
file holds the routes that begin or end in it, so that two members see a corridor from both
ends. Weights are invented.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from corridor.ids import CountryCode

Form = Literal["sexual", "labour", "begging", "domestic", "mixed"]
Who = Literal["women", "men", "children", "mixed"]
Trend = Literal["steady", "rising", "falling", "war"]

YEARS: Final = tuple(range(2019, 2026))

TRENDS: Final = {
    # 2020 and 2021 are low everywhere: fewer borders were open, and fewer people found.
    "steady": (10, 6, 7, 10, 10, 11, 11),
    "rising": (4, 3, 5, 8, 11, 14, 17),
    "falling": (20, 10, 9, 8, 7, 6, 5),
    "war": (3, 2, 3, 16, 12, 10, 9),
}
"""Weight of each of `YEARS`."""

_ROUTES: Final = """
MD>RU:20 labour men falling                       MD>MD:16 begging children
MD>DE:12 via RO,AT labour mixed rising            MD>IT:11 via RO,HU sexual women
MD>TR:10 sexual women falling                     MD>RO:7 labour mixed
MD>AE:6 via TR sexual women rising                MD>PL:5 via RO labour men rising
MD>UA:4 labour men falling                        MD>CY:4 sexual women
MD>BG:2 labour mixed                              MD>ES:2 via RO,IT labour mixed
UA>PL:34 labour mixed war                         UA>DE:24 via PL sexual women war
UA>UA:20 labour mixed                             UA>RU:12 labour men falling
UA>CZ:10 via PL labour mixed war                  UA>MD:9 mixed women war
UA>RO:8 mixed women war                           UA>TR:7 sexual women
UA>IT:7 via HU domestic women                     UA>BG:4 via RO mixed women war
UA>AE:3 via TR sexual women rising                UA>ES:3 via PL,DE mixed women war
RO>RO:40 sexual children                          RO>IT:30 via HU,AT sexual women
RO>DE:22 via HU,AT sexual women                   RO>GB:18 via AT,FR sexual women
RO>ES:16 via AT,FR labour mixed                   RO>FR:8 via AT,DE begging children
RO>AT:5 via HU begging children                   RO>GR:3 via BG labour men
RO>BG:2 sexual women                              RO>MD:1 begging children
BG>DE:18 via RO,HU sexual women                   BG>BG:14 sexual children
BG>GR:12 sexual women                             BG>IT:8 via GR sexual women
BG>FR:8 via AT begging children                   BG>AT:7 via RO,HU sexual women
BG>ES:7 via FR labour mixed                       BG>GB:6 via DE,FR labour mixed
BG>BE:5 via DE sexual women                       BG>NL:5 via DE sexual women
BG>PL:4 labour men rising                         BG>TR:2 sexual women
BG>RO:2 labour mixed                              NG>NG:34 domestic children
NG>IT:30 via NE,LY sexual women falling           NG>LY:14 via NE sexual women
NG>AE:12 sexual women rising                      NG>ML:10 via BJ sexual women rising
NG>FR:7 via NE,LY,IT sexual women                 NG>OM:6 domestic women rising
NG>ES:5 via NE,DZ,MA sexual women                 NG>CI:5 via BJ,GH sexual women
NG>NE:4 sexual women                              NG>TR:3 sexual women rising
NG>RO:1 via TR labour men rising                  NG>UA:1 via TR sexual women
NE>NE:26 domestic children                        NE>DZ:16 begging women
NE>LY:11 domestic women                           NE>NG:5 begging children
NE>SA:3 domestic women                            NE>ML:3 labour children
BD>RO:6 via AE labour men rising                  BF>NE:3 labour children
BJ>NG:9 labour children                           GH>NG:2 labour mixed
LK>RO:3 labour men rising                         NP>RO:7 labour men rising
PH>RO:3 domestic women rising                     TG>NG:7 via BJ domestic children
"""

_ROUTE = re.compile(
    r"(\w\w)>(\w\w):(\d+)(?: via ([\w,]+))? (sexual|labour|begging|domestic|mixed)"
    r" (women|men|children|mixed)(?: (steady|rising|falling|war))?"
)
# What an unlisted country is given: where its people go, and who comes.
_ELSEWHERE: Final = ("DE", "IT", "AE", "TR", "GB", "FR", "ES", "SA", "US", "ZA")
_FROM_ELSEWHERE: Final = ("NG", "IN", "UA", "PH", "RO", "BD")


@dataclass(frozen=True, slots=True)
class Route:
    """A way that people are taken."""

    origin: CountryCode
    destination: CountryCode
    weight: int
    transit: tuple[CountryCode, ...]
    form: Form
    who: Who
    trend: Trend


def routes_of(country: CountryCode) -> tuple[Route, ...]:
    """The routes that a country's authority knows of; never empty.

    Those that end there count half: people are mostly registered where they return to.
    """
    known = [
        Route(
            route.origin,
            route.destination,
            route.weight * 2 if route.origin == country else route.weight,
            route.transit,
            route.form,
            route.who,
            route.trend,
        )
        for route in _routes()
        if country in (route.origin, route.destination)
    ]
    if any(route.origin == country for route in known):
        return tuple(known)
    return (*known, *_invented(country))


def _invented(country: CountryCode) -> list[Route]:
    """Routes of a country that the list does not have."""
    forms: tuple[Form, ...] = ("labour", "sexual", "domestic")
    groups: tuple[Who, ...] = ("mixed", "women", "men")
    out = [place for place in _ELSEWHERE if place != country]
    into = [place for place in _FROM_ELSEWHERE if place != country]
    ways = [(country, CountryCode(place)) for place in out]
    ways += [(CountryCode(place), country) for place in into]
    ways.append((country, country))
    return [
        Route(
            origin,
            destination,
            40 if origin == destination else 12 - n % 7,
            (),
            forms[n % 3],
            groups[n % 3],
            "rising" if n % 4 == 1 else "steady",
        )
        for n, (origin, destination) in enumerate(ways)
    ]


@cache
def _routes() -> tuple[Route, ...]:
    return tuple(_route(match) for match in _ROUTE.finditer(_ROUTES))


def _route(match: re.Match[str]) -> Route:
    origin, destination, weight, transit, form, who, trend = match.groups()
    return Route(
        CountryCode(origin),
        CountryCode(destination),
        int(weight),
        tuple(CountryCode(code) for code in transit.split(",")) if transit else (),
        form,  # type: ignore[arg-type]
        who,  # type: ignore[arg-type]
        trend or "steady",  # type: ignore[arg-type]
    )
