"""What people ask for over HTTP."""

import json
from pathlib import Path
from typing import Any

from quad.nearby.model import Building, Position
from tests.nearby.campus import FIELD, LIBRARY, TOWER, Campus, open_campus

OUTSIDE = "Out of registered facilities"


def beside(position: Position, metres_north: float) -> Position:
    """Some metres farther north, roughly."""
    return Position(position.latitude + metres_north / 111_000, position.longitude)


async def ask(campus: Campus, path: str, **values: Any) -> tuple[int, str]:
    answer = await campus.post(path, "ana", **values)
    return answer.status_code, answer.text


# --- where somebody is ----------------------------------------------------------------------------


async def test_the_answer_to_coordinates_is_the_name_of_the_building(campus: Campus) -> None:
    assert await campus.move("ana", TOWER.position) == "Tower"
    assert await campus.move("ana", LIBRARY.position) == "Library"
    assert await campus.move("ana", FIELD) == OUTSIDE


async def test_the_nearest_of_the_buildings_that_hold_the_point_counts(campus: Campus) -> None:
    north = beside(TOWER.position, 30)
    await campus.nearby.buildings.put(Building("3", "Annex", north, 500))
    assert await campus.move("ana", beside(TOWER.position, 10)) == "Tower"
    assert await campus.move("ana", beside(TOWER.position, 20)) == "Annex"
    assert await campus.move("ana", beside(TOWER.position, -100)) == "Annex"


async def test_answers_of_text_are_plain_text(campus: Campus) -> None:
    answer = await campus.post(
        "update/coordinates", "ana", latitude=38.737, longitude=-9.139, is_new="ignored"
    )
    assert (answer.text, answer.headers["content-type"]) == ("Tower", "text/plain; charset=utf-8")


CONTENT_TYPES = ["application/json", "text/plain;charset=UTF-8", "application/octet-stream", None]


async def test_any_content_type_or_none_a_list_and_numeric_texts_are_understood(
    campus: Campus,
) -> None:
    place = {"latitude": "38.737", "longitude": "-9.139"}
    body: Any = {"id": "ana", "token": await campus.token("ana"), **place}
    for content_type in CONTENT_TYPES:
        headers = {} if content_type is None else {"content-type": content_type}
        for content in (body, [body]):
            answer = await campus.http.post(
                "/API/user/update/coordinates", content=json.dumps(content), headers=headers
            )
            assert (answer.status_code, answer.text) == (200, "Tower")


async def test_a_form_s_content_type_does_not_hide_json(campus: Campus) -> None:
    body = {"id": "ana", "token": await campus.token("ana"), "radious": "70"}
    answer = await campus.http.post(
        "/API/user/update/range",
        content=json.dumps(body),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert (answer.status_code, answer.text) == (200, "")


async def test_a_new_person_has_a_range_of_50_metres_and_it_is_kept(campus: Campus) -> None:
    await campus.token("ana")
    assert campus.nearby.people.get("ana").range_m == 50
    answer = await campus.post("update/range", "ana", radious=75.5)
    assert (answer.status_code, answer.text) == (200, "")
    assert campus.nearby.people.get("ana").range_m == 75.5


# --- who is near ----------------------------------------------------------------------------------


async def test_others_online_in_the_same_building_are_shown(campus: Campus) -> None:
    for id in ("ana", "bob", "cid", "dan"):
        await campus.move(id, LIBRARY.position if id == "cid" else TOWER.position)
    for id in ("ana", "cid", "bob"):
        await campus.page(id)
    answer = await campus.post("show/building", "ana")
    assert answer.json() == [{"id": "bob"}]
    # Whoever asks need not be online.
    assert (await campus.post("show/building", "dan")).json() == [{"id": "ana"}, {"id": "bob"}]
    await campus.move("ana", FIELD)
    assert (await campus.post("show/building", "ana")).json() == []
    assert (await campus.post("show/building", "eve")).json() == []


async def test_others_online_within_a_radius_of_a_point_are_shown(campus: Campus) -> None:
    for number, id in enumerate(("ana", "bob", "cid")):
        await campus.page(id)
        await campus.move(id, beside(FIELD, 100 * number))
    await campus.move("offline", FIELD)
    here = {"latitude": FIELD.latitude, "longitude": FIELD.longitude}
    for radius, expected in (("90", []), (110, ["bob"]), (250, ["bob", "cid"])):
        answer = await campus.post("show/range", "ana", **here, radious=radius)
        assert (answer.status_code, answer.json()) == (200, expected)


async def test_the_point_counts_that_somebody_is_at_and_not_the_one_that_is_asked_for(
    database: Path,
) -> None:
    elsewhere = {"latitude": 0, "longitude": 0, "radious": 30}
    for is_free in (False, True):
        async with open_campus(database, {"is_any_point_shown": is_free}) as campus:
            await campus.page("bob")
            await campus.move("bob", FIELD)
            await campus.page("cid")
            await campus.move("cid", Position(0, 0))
            # Whoever has told no place sees nobody by a point of their own.
            found = (await campus.post("show/range", "eve", **elsewhere)).json()
            assert found == (["cid"] if is_free else [])
            await campus.move("ana", FIELD)
            found = (await campus.post("show/range", "ana", **elsewhere)).json()
            assert found == (["cid"] if is_free else ["bob"])


async def test_whoever_never_said_where_they_are_is_nowhere(campus: Campus) -> None:
    await campus.page("bob")
    here = {"latitude": 0, "longitude": 0}
    assert (await campus.post("show/range", "ana", **here, radious=100_000)).json() == []


async def test_all_buildings_are_shown_by_name_with_their_circles(campus: Campus) -> None:
    answer = await campus.post("show/buildings", "ana")
    assert (answer.status_code, answer.json()) == (
        200,
        [
            {"id": "2", "name": "Library", "latitude": 38.74, "longitude": -9.139, "radious": 60},
            {"id": "1", "name": "Tower", "latitude": 38.737, "longitude": -9.139, "radious": 60},
        ],
    )


# --- what is refused ------------------------------------------------------------------------------

PLACE = {"latitude": 38.737, "longitude": -9.139}
BAD: list[tuple[str, dict[str, Any], str]] = [
    ("update/coordinates", {**PLACE, "latitude": 90.1}, "latitude"),
    ("update/coordinates", {**PLACE, "latitude": "-90.1"}, "latitude"),
    ("update/coordinates", {**PLACE, "longitude": 180.1}, "longitude"),
    ("update/coordinates", {**PLACE, "longitude": "NaN"}, "longitude"),
    ("update/coordinates", {**PLACE, "latitude": "Infinity"}, "latitude"),
    ("update/coordinates", {**PLACE, "latitude": "north"}, "latitude"),
    ("update/coordinates", {**PLACE, "latitude": ""}, "latitude"),
    ("update/coordinates", {**PLACE, "latitude": None}, "latitude"),
    ("update/coordinates", {**PLACE, "latitude": True}, "latitude"),
    ("update/coordinates", {"latitude": 38.737}, "longitude"),
    ("update/range", {"radious": -1}, "radious"),
    ("update/range", {"radious": "-0.5"}, "radious"),
    ("update/range", {"radious": 100_001}, "radious"),
    ("update/range", {"radious": "nan"}, "radious"),
    ("update/range", {"radious": "inf"}, "radious"),
    ("update/range", {}, "radious"),
    ("show/range", {**PLACE, "radious": -1}, "radious"),
    ("show/range", {**PLACE, "radious": 1e9}, "radious"),
    ("show/range", {**PLACE, "latitude": 91, "radious": 1}, "latitude"),
    ("message/send", {"users": ["ana"], "message": ""}, "message"),
    ("message/send", {"users": ["ana"], "message": " \n"}, "message"),
    ("message/send", {"users": ["ana"], "message": "x" * 10_001}, "message"),
    ("message/send", {"users": ["ana"], "message": "é" * 5001}, "message"),
    ("message/send", {"users": ["ana"], "message": "a\x00b"}, "message"),
    ("message/send", {"users": ["ana"], "message": 5}, "message"),
    ("message/send", {"users": ["ana", "nobody"], "message": "hi"}, "nobody"),
    ("message/send", {"users": [], "message": "hi"}, "users"),
    ("message/send", {"users": " \n", "message": "hi"}, "users"),
    ("message/send", {"users": [str(n) for n in range(1001)], "message": "hi"}, "users"),
    ("message/send", {"message": "hi"}, "users"),
    ("message/receive", {}, "socket_id"),
]


async def test_bad_input_is_answered_with_a_reason_and_changes_nothing(campus: Campus) -> None:
    page = await campus.page("ana")
    before = await campus.log("ana")
    ana = campus.nearby.people.get("ana")
    for path, values, named in BAD:
        status, text = await ask(campus, path, **values)
        assert status == 400, (path, values)
        assert named in json.loads(text)["detail"]
        assert (ana.range_m, ana.point) == (50, None)
    assert await campus.log("ana") == before
    assert await page.texts() == []


NO_OBJECTS = [b"", b"{", b"[]", b"[1]", b"5", b'{"latitude":NaN}', b"\xff", b"[" * 9999]


async def test_a_body_that_is_no_object_is_a_bad_request(campus: Campus) -> None:
    for body in NO_OBJECTS:
        answer = await campus.http.post("/API/user/update/coordinates", content=body)
        assert answer.status_code == 400, body
        assert answer.json()["detail"]


async def test_two_objects_in_a_list_are_refused(campus: Campus) -> None:
    asking = {"id": "ana", "token": await campus.token("ana")}
    answer = await campus.http.post("/API/user/show/building", json=[asking, asking])
    assert (answer.status_code, answer.json()["detail"]) == (400, "the list must hold one object")


BODIES: list[tuple[str, dict[str, Any]]] = [
    ("update/coordinates", PLACE),
    ("update/range", {"radious": 1}),
    ("show/building", {}),
    ("show/range", {**PLACE, "radious": 1}),
    ("show/buildings", {}),
    ("message/send", {"users": ["ana"], "message": "hi"}),
    ("message/receive", {"socket_id": "x"}),
]


async def test_a_wrong_or_missing_token_is_refused(campus: Campus) -> None:
    bobs = await campus.token("bob")
    await campus.token("ana")
    for path, values in BODIES:
        for token in ({"token": "wrong"}, {}, {"token": ""}, {"token": bobs}):
            asking = {"id": "ana", **token, **values}
            answer = await campus.http.post(f"/API/user/{path}", json=asking)
            assert answer.status_code == 401
            assert answer.json()["detail"]
            # A browser would ask the person for a password.
            assert "www-authenticate" not in answer.headers


async def test_wrong_tokens_are_limited_and_right_ones_are_not(database: Any) -> None:
    async with open_campus(database, {"wrong_tries_burst": 3}, is_limited=True) as campus:
        body = {"id": "ana", "token": "wrong"}
        statuses = [
            (await campus.http.post("/API/user/show/building", json=body)).status_code
            for _ in range(5)
        ]
        assert statuses == [401, 401, 401, 429, 429]
        answer = await campus.http.post("/API/user/show/building", json=body)
        assert int(answer.headers["retry-after"]) >= 1
        assert (await campus.post("show/building", "ana")).status_code == 200


async def test_every_path_and_its_values_are_in_the_description(campus: Campus) -> None:
    description = (await campus.http.get("/schema/openapi.json")).json()
    for path, values in BODIES:
        operation = description["paths"][f"/API/user/{path}"]["post"]
        assert operation["description"]
        text = json.dumps(operation["requestBody"])
        assert "application/json" in text
        names = json.dumps(description["components"]["schemas"])
        assert all(f'"{name}"' in names for name in ("id", "token", *values))
