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


Ring = list[tuple[float, float]]


@pytest.fixture(scope="module")
def rings(shipped: BaseMap) -> dict[str, list[Ring]]:
    """The outer rings of each area, in degrees."""
    found = json.loads(shipped.content)
    scale, shift = found["transform"]["scale"], found["transform"]["translate"]
    lines: list[Ring] = []
    for arc in found["arcs"]:
        x = y = 0
        lines.append([])
        for dx, dy in arc:
            x, y = x + dx, y + dy
            lines[-1].append((x * scale[0] + shift[0], y * scale[1] + shift[1]))
    return {
        one["id"]: [
            [point for at in outer for point in (lines[at] if at >= 0 else lines[~at][::-1])]
            for outer, *_holes in one["arcs"]
        ]
        for one in found["objects"]["areas"]["geometries"]
    }


def is_inside(point: tuple[float, float], ring: Ring) -> bool:
    """Whether a line from the point to the north crosses the ring an odd number of times."""
    x, y = point
    crossings = 0
    for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1], strict=True):
        if (x0 > x) != (x1 > x) and y < y0 + (y1 - y0) * (x - x0) / (x1 - x0):
            crossings += 1
    return crossings % 2 == 1


def whose(rings: dict[str, list[Ring]], point: tuple[float, float]) -> set[str]:
    return {code for code, own in rings.items() if any(is_inside(point, ring) for ring in own)}


@pytest.mark.parametrize(
    ("place", "point", "code"),
    [
        ("Simferopol", (34.1, 44.95), "UA"),
        ("Laayoune, west of the berm", (-13.2, 27.15), "EH"),
        ("Tifariti, east of it", (-10.6, 26.2), "EH"),
        ("Tan-Tan", (-11.1, 28.43), "MA"),
        ("Pristina", (21.17, 42.66), "XK"),
    ],
)
def test_a_place_of_the_reviewed_table_is_drawn_where_the_table_says(
    rings: dict[str, list[Ring]], place: str, point: tuple[float, float], code: str
) -> None:
    assert whose(rings, point) == {code}, place


def test_the_point_of_each_country_lies_in_its_own_area(
    rings: dict[str, list[Ring]], shipped: BaseMap
) -> None:
    points = json.loads(shipped.content)["places"]
    elsewhere = {code: whose(rings, points[code]) for code in rings if code}
    assert {code: found for code, found in elsewhere.items() if code not in found} == {}


def test_no_area_goes_around_the_world(rings: dict[str, list[Ring]]) -> None:
    for code, own in rings.items():
        for ring in own:
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
