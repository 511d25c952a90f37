"""Files of a campus: its own JSON, tables, and maps."""

import json

import pytest

from quad.campus import BadCampus, Space, read_campus

TOWER = Space("1", "Tower", 38.737, -9.139, 60.0)


@pytest.mark.parametrize(
    "text",
    [
        '{"containedSpaces": [{"id": "1", "name": "Tower", "latitude": "38.737",'
        ' "longitude": -9.139, "range": 60}], "type": "CAMPUS"}',
        "id,name,latitude,longitude,range\r\n1,Tower,38.737,-9.139,60\r\n\r\n",
        "\ufeffLat;Lon;Radius;Name;Id\n38,737;-9,139;60;Tower;1\n",
        'id\tname\tlat\tlng\tradious\textra\n1\t"Tower"\t38.737\t-9.139\t60\tx\n',
    ],
    ids=["campus", "comma", "semicolon", "tab"],
)
def test_each_kind_of_file_says_the_same(text: str) -> None:
    assert read_campus(text.encode()).spaces == [TOWER]


def test_whoever_gives_no_id_means_the_name_and_no_radius_a_usual_one() -> None:
    found = read_campus(b'name,lat,lon\n"Hall, great",38.7,-9.1\n')
    assert found.spaces == [Space("Hall, great", "Hall, great", 38.7, -9.1, 50.0)]


def feature(geometry: object, **properties: object) -> dict[str, object]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def test_a_map_has_points_and_the_circles_around_shapes_and_what_has_no_name_is_left_out() -> None:
    square = [[-9.14, 38.73], [-9.138, 38.73], [-9.138, 38.732], [-9.14, 38.732], [-9.14, 38.73]]
    features = [
        feature(
            {"type": "Point", "coordinates": [-9.139, 38.737]}, id="1", name="Tower", radius=60
        ),
        feature({"type": "Polygon", "coordinates": [square]}, **{"@id": "way/7", "name": "Block"}),
        feature({"type": "Polygon", "coordinates": [square]}, building="yes"),
    ]
    found = read_campus(json.dumps({"type": "FeatureCollection", "features": features}).encode())
    assert found.unnamed == 1
    tower, block = found.spaces
    assert tower == TOWER
    assert (block.id, block.latitude, block.longitude) == ("way/7", 38.731, -9.139)
    assert 141 < block.range < 143


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["it is no JSON, and as a table it has no column name or latitude or longitude"]),
        ("name,lat\nA,1\n", ["it is no JSON, and as a table it has no column longitude"]),
        ("[]", ["it has neither a list containedSpaces nor features of GeoJSON"]),
        ('{"features": []}', ["there are no buildings in it"]),
        (
            "id,name,lat,lon\n1,A,north,2\n1,B,1,200\n1,C,1,2\n",
            [
                "line 2 (A): Expected `float`, got `str` - at `$.latitude`",
                "line 3 (B): its longitude is not between -180 and 180",
                "line 4 (C): another one has the same id, 1",
            ],
        ),
        (
            '{"features": [{"properties": {"name": "A"}, "geometry": null}]}',
            ["feature 1 (A): Object missing required field `latitude`"],
        ),
    ],
)
def test_what_is_wrong_is_said_of_every_row(text: str, problems: list[str]) -> None:
    with pytest.raises(BadCampus) as bad:
        read_campus(text.encode())
    assert list(bad.value.problems) == problems


def test_what_is_no_text_is_said() -> None:
    with pytest.raises(BadCampus, match="no text"):
        read_campus(b"\xff\xfe\x00")
