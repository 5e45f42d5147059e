"""What is a base map, and that the one we ship knows every country that an answer can name."""

import json
from typing import Any

import pytest

from corridor.coordinator.pictures import STATIC
from corridor.errors.pictures import BaseMapError
from corridor.publishing.pictures.base_map import BaseMap, parse_base_map
from support.catalogue import catalogue

SHIPPED = STATIC / "world-50m.json"
SQUARE: dict[str, Any] = {
    "type": "Topology",
    "source": "a square, by hand",
    "arcs": [[[0, 0], [0, 10], [10, 10], [10, 0], [0, 0]]],
    "objects": {
        "areas": {
            "type": "GeometryCollection",
            "geometries": [{"type": "Polygon", "id": "MD", "arcs": [[0]]}],
        }
    },
    "places": {"MD": [5, 5], "M49-151": [20, 50.5]},
}


@pytest.fixture(scope="module")
def shipped() -> BaseMap:
    return parse_base_map(SHIPPED.read_bytes())


def test_every_country_and_region_of_the_catalogue_has_a_place(shipped: BaseMap) -> None:
    countries = set(catalogue().country_names)
    areas = {area.value for area in catalogue().areas}
    continents = {area.continent for area in catalogue().areas}
    assert (countries | areas | continents) - shipped.places == set()
    assert len(countries - shipped.areas) < 8  # too small for its scale
    assert shipped.areas - countries <= {""}


def test_areas_without_a_code_are_drawn_as_reviewed(shipped: BaseMap) -> None:
    assert "XK" in shipped.areas
    found = json.loads(shipped.content)
    by_code = {one["id"]: one for one in found["objects"]["areas"]["geometries"]}
    assert len(by_code["CY"]["arcs"]) >= 2  # the island's two parts
    assert len(by_code["SO"]["arcs"]) >= 2
    assert len(found["dashed"]) > 10


def rings(shipped: BaseMap, code: str) -> list[list[tuple[float, float]]]:
    """The outer rings of an area, in degrees."""
    found = json.loads(shipped.content)
    scale, shift = found["transform"]["scale"], found["transform"]["translate"]
    (geometry,) = [one for one in found["objects"]["areas"]["geometries"] if one["id"] == code]
    made = []
    for outer, *_holes in geometry["arcs"]:
        ring: list[tuple[float, float]] = []
        for place in outer:
            x = y = 0
            points = []
            for dx, dy in found["arcs"][place if place >= 0 else ~place]:
                x, y = x + dx, y + dy
                points.append((x * scale[0] + shift[0], y * scale[1] + shift[1]))
            ring += points if place >= 0 else points[::-1]
        made.append(ring)
    return made


@pytest.mark.parametrize("code", ["UA", "RU"])
def test_crimea_is_drawn_with_ukraine(shipped: BaseMap, code: str) -> None:
    simferopol = [
        ring
        for ring in rings(shipped, code)
        if min(x for x, _ in ring) < 34.1 < max(x for x, _ in ring)
        and max(y for _, y in ring) < 46.5
        and min(y for _, y in ring) < 44.95
    ]
    assert len(simferopol) == (1 if code == "UA" else 0)


def test_no_area_goes_around_the_world(shipped: BaseMap) -> None:
    for code in sorted(shipped.areas):
        for ring in rings(shipped, code):
            longitudes = [x for x, _ in ring]
            assert max(longitudes) - min(longitudes) < 180, code


def test_the_smallest_map_is_one() -> None:
    found = parse_base_map(json.dumps(SQUARE).encode())
    assert found.areas == {"MD"}
    assert found.places == {"MD", "M49-151"}


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"type": "FeatureCollection"}, "no TopoJSON"),
        ({"source": " "}, "whose map"),
        ({"disclaimer": 3}, "no text"),
        ({"objects": {"countries": {}}}, "no collection"),
        ({"places": {}}, "begin and end"),
        ({"places": {"MD": [5, 95]}}, "no code with its point"),
        ({"places": {"Moldova": [5, 5]}}, "no code with its point"),
        ({"places": {"UA": [5, 5]}}, "no point for MD"),
        ({"dashed": [[[0, 0]]]}, "no line"),
        ({"arcs": []}, "not there"),
    ],
)
def test_what_is_no_base_map_is_refused_for_its_own_reason(
    change: dict[str, Any], because: str
) -> None:
    with pytest.raises(BaseMapError, match=because) as refusal:
        parse_base_map(json.dumps(SQUARE | change).encode())
    assert refusal.value.code == "pictures.base_map"


def test_bytes_that_are_no_json_are_refused() -> None:
    with pytest.raises(BaseMapError, match="not JSON"):
        parse_base_map(b"\x89PNG")


def test_areas_with_other_codes_are_refused() -> None:
    areas = {"type": "GeometryCollection", "geometries": [{"type": "Polygon", "arcs": [[0]]}]}
    with pytest.raises(BaseMapError, match="with ids"):
        parse_base_map(json.dumps(SQUARE | {"objects": {"areas": areas}}).encode())
    areas["geometries"][0]["id"] = "498"  # type: ignore[index]
    with pytest.raises(BaseMapError, match="'498'"):
        parse_base_map(json.dumps(SQUARE | {"objects": {"areas": areas}}).encode())
