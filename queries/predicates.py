"""Conditions on rows, in one normal form.

    Among(field, values)       a row's value is one of these; of a LIST, any of its values is
    Between(field, low, high)  a quantity is known, and from low to high
    Not(atom)                  the opposite; so a row whose quantity is null satisfies Not(Between)
    AllOf(parts), AnyOf(parts) all, any; EVERYBODY is AllOf(()), NOBODY is AnyOf(())

Logic has two values: "unknown" is a value like any other, and no third truth.

The normal form: Not stands on atoms only (de Morgan); AllOf and AnyOf are flat, with at least
two parts, sorted by their canonical bytes, none twice; values are sorted, none twice; what a
few safe laws can join is joined:

    among(f, A) or  among(f, B)            =  among(f, A with B)
    not among(f, A) and not among(f, B)    =  not among(f, A with B)
    between(q, a, b) and between(q, c, d)  =  between(q, max(a, c), min(b, d))
    not between(q, a, b) or not between(q, c, d)  =  not between(q, max(a, c), min(b, d))

(Among *and* Among is no intersection: a LIST may have a value of each.) Predicates are built
with `negation`, `all_of` and `any_of`; `normalise` gives the normal form of any tree.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from corridor.protocols import canonical
from corridor.protocols.canonical import Json


@dataclass(frozen=True, slots=True)
class Among:
    """The field's value is one of `values`; of a LIST field, any of them is."""

    field: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse values that are not sorted, or of which one stands twice or none at all."""
        if not self.values or list(self.values) != sorted(set(self.values)):
            raise ValueError("values of Among are sorted, not empty, and none stands twice")


@dataclass(frozen=True, slots=True)
class Between:
    """The quantity is known, and low ≤ quantity ≤ high."""

    field: str
    low: int
    high: int

    def __post_init__(self) -> None:
        """Refuse an empty range."""
        if self.low > self.high:
            raise ValueError("low ≤ high")


@dataclass(frozen=True, slots=True)
class Not:
    """The atom does not hold."""

    part: Among | Between


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds."""

    parts: "tuple[Predicate, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: "tuple[Predicate, ...]"


Predicate: TypeAlias = Among | Between | Not | AllOf | AnyOf

EVERYBODY = AllOf(())
"""Every row satisfies it."""

NOBODY = AnyOf(())
"""No row satisfies it."""


def among(field: str, values: Iterable[str]) -> Predicate:
    """The field's value is one of these; of none, nobody's is."""
    found = tuple(sorted(set(values)))
    return Among(field, found) if found else NOBODY


def between(field: str, low: int, high: int) -> Predicate:
    """The quantity is from low to high; from more to less, nobody's is."""
    return Between(field, low, high) if low <= high else NOBODY


def negation(part: Predicate) -> Predicate:
    """The opposite, with Not on atoms only."""
    match part:
        case Among() | Between():
            return Not(part)
        case Not(atom):
            return atom
        case AllOf(parts):
            return any_of(map(negation, parts))
        case AnyOf(parts):
            return all_of(map(negation, parts))


def all_of(parts: Iterable[Predicate]) -> Predicate:
    """Every part holds, in normal form if the parts are."""
    flat = [one for part in parts for one in (part.parts if isinstance(part, AllOf) else (part,))]
    if NOBODY in flat:
        return NOBODY
    excluded: dict[str, set[str]] = {}
    ranges: dict[str, tuple[int, int]] = {}
    others: list[Predicate] = []
    for part in flat:
        match part:
            case Not(Among(field, values)):
                excluded.setdefault(field, set()).update(values)
            case Between(field, low, high):
                least, most = ranges.get(field, (low, high))
                ranges[field] = max(low, least), min(high, most)
            case _:
                others.append(part)
    if any(low > high for low, high in ranges.values()):
        return NOBODY
    others += [Not(Among(field, tuple(sorted(values)))) for field, values in excluded.items()]
    others += [Between(field, low, high) for field, (low, high) in ranges.items()]
    joined = _sorted(others)
    return joined[0] if len(joined) == 1 else AllOf(joined)


def any_of(parts: Iterable[Predicate]) -> Predicate:
    """At least one part holds, in normal form if the parts are."""
    flat = [one for part in parts for one in (part.parts if isinstance(part, AnyOf) else (part,))]
    if EVERYBODY in flat:
        return EVERYBODY
    included: dict[str, set[str]] = {}
    ranges: dict[str, tuple[int, int]] = {}
    others: list[Predicate] = []
    for part in flat:
        match part:
            case Among(field, values):
                included.setdefault(field, set()).update(values)
            case Not(Between(field, low, high)):
                # Outside of one range or of another: outside of what both share.
                least, most = ranges.get(field, (low, high))
                ranges[field] = max(low, least), min(high, most)
            case _:
                others.append(part)
    if any(low > high for low, high in ranges.values()):
        return EVERYBODY
    others += [Among(field, tuple(sorted(values))) for field, values in included.items()]
    others += [Not(Between(field, low, high)) for field, (low, high) in ranges.items()]
    joined = _sorted(others)
    return joined[0] if len(joined) == 1 else AnyOf(joined)


def normalise(predicate: Predicate) -> Predicate:
    """The normal form of any tree."""
    match predicate:
        case Among() | Between():
            return predicate
        case Not(part):
            return negation(normalise(part))
        case AllOf(parts):
            return all_of(map(normalise, parts))
        case AnyOf(parts):
            return any_of(map(normalise, parts))


def conjuncts(predicate: Predicate) -> tuple[Predicate, ...]:
    """The parts that must all hold: of an AllOf its parts, of anything else itself."""
    return predicate.parts if isinstance(predicate, AllOf) else (predicate,)


def atoms(predicate: Predicate) -> tuple[Among | Between, ...]:
    """Every Among and Between in the tree, from left to right."""
    match predicate:
        case Among() | Between():
            return (predicate,)
        case Not(part):
            return (part,)
        case AllOf(parts) | AnyOf(parts):
            return tuple(atom for part in parts for atom in atoms(part))


def to_json(predicate: Predicate) -> Json:
    """The predicate as canonical JSON holds it."""
    match predicate:
        case Among(field, values):
            return {"among": field, "values": list(values)}
        case Between(field, low, high):
            return {"between": field, "low": low, "high": high}
        case Not(part):
            return {"not": to_json(part)}
        case AllOf(parts):
            return {"all": [to_json(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [to_json(part) for part in parts]}


def _sorted(parts: Iterable[Predicate]) -> tuple[Predicate, ...]:
    keyed = {canonical.encode(to_json(part)): part for part in parts}
    return tuple(keyed[key] for key in sorted(keyed))
