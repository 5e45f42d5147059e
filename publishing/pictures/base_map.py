"""The base map of flow maps: what a file must be so that `pictures.js` can draw on it.

A TopoJSON topology with more beside it:

    objects.areas   a GeometryCollection; the id of each area is its ISO 3166-1 alpha-2 code, or ""
    places          code → [longitude, latitude]: where flows begin and end; of areas without a
                    drawing, too, and of M49's regions (`M49-151`), which have no area
    dashed          lines of [longitude, latitude]: borders that are disputed or not final
    source          whose map it is; stands under every picture and in every file
    disclaimer      instead of the one that comes with Corridor; may be left out

The vendored one is made by `deploy/vendored`; an operator's own is checked here when it is read.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from corridor.errors.pictures import BaseMapError

LARGEST = 8_000_000
"""Bytes; more is no map for a page."""

_CODE = re.compile(r"[A-Z]{2}|M49-\d{3}")
_POLYGONS = frozenset({"Polygon", "MultiPolygon"})


@dataclass(frozen=True, slots=True)
class BaseMap:
    """A file that was checked.

    Attributes:
        areas: codes that have a drawing.
        places: codes that flows can begin and end at.
        content: the file as it is.
    """

    areas: frozenset[str]
    places: frozenset[str]
    content: bytes


def parse_base_map(content: bytes) -> BaseMap:
    """The base map that a file holds.

    Raises:
        BaseMapError: it is none; says why.
    """
    if len(content) > LARGEST:
        raise BaseMapError(f"it has more than {LARGEST:,} bytes".replace(",", " "))
    try:
        found = json.loads(content)
    except ValueError as error:
        raise BaseMapError("it is not JSON") from error
    if not isinstance(found, dict) or found.get("type") != "Topology":
        raise BaseMapError("it is no TopoJSON topology")
    if not isinstance(found.get("source"), str) or not found["source"].strip():
        raise BaseMapError("`source` does not say whose map it is")
    if not isinstance(found.get("disclaimer", ""), str):
        raise BaseMapError("`disclaimer` is no text")
    areas = _areas(found)
    places = found.get("places")
    if not isinstance(places, Mapping) or not places:
        raise BaseMapError("`places` does not say where flows begin and end")
    for code, point in places.items():
        if not _CODE.fullmatch(code) or not _is_point(point):
            raise BaseMapError(f"`places` has {code[:20]!r}, which is no code with its point")
    missing = sorted(areas - {""} - places.keys())
    if missing:
        raise BaseMapError(f"`places` has no point for {', '.join(missing[:8])}")
    for line in found.get("dashed", []):
        if not isinstance(line, list) or len(line) < 2 or not all(map(_is_point, line)):
            raise BaseMapError("`dashed` has something that is no line")
    return BaseMap(areas, frozenset(places), content)


def _areas(found: Mapping[str, Any]) -> frozenset[str]:
    try:
        geometries = found["objects"]["areas"]["geometries"]
        codes = [geometry["id"] for geometry in geometries]
        kinds = {geometry["type"] for geometry in geometries}
        arcs = len(found["arcs"])
        used = [arc for geometry in geometries for arc in _flat(geometry["arcs"])]
    except (KeyError, TypeError) as error:
        raise BaseMapError("`objects.areas` is no collection of areas with ids") from error
    for code in codes:
        if not isinstance(code, str) or (code and not _CODE.fullmatch(code)):
            raise BaseMapError(f"an area has the id {str(code)[:20]!r}, which is no code")
    if len(set(codes)) != len(codes):
        raise BaseMapError("two areas have one id; make them one MultiPolygon")
    if not codes or not kinds <= _POLYGONS:
        raise BaseMapError("`objects.areas` has something that is no Polygon or MultiPolygon")
    if any(not -arcs <= arc < arcs for arc in used):
        raise BaseMapError("an area is made of an arc that is not there")
    return frozenset(codes)


def _flat(arcs: Any) -> list[int]:
    if isinstance(arcs, int):
        return [arcs]
    return [one for part in arcs for one in _flat(part)]


def _is_point(point: object) -> bool:
    if not isinstance(point, list) or len(point) != 2:
        return False
    if not all(isinstance(one, int | float) and isfinite(one) for one in point):
        return False
    longitude, latitude = map(float, point)
    return -180 <= longitude <= 360 and -90 <= latitude <= 90
