"""What people ask for over HTTP."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest

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
        body["latitude"] = f" {place['latitude']}\t"
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
    ("message/send", {"users": ["nobody"], "message": "hi"}, "nobody"),
    ("update/visible", {}, "visible"),
    ("update/visible", {"visible": "perhaps"}, "visible"),
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


# --- several at once ------------------------------------------------------------------------------


async def ask_many(campus: Campus, path: str, *asked: tuple[str, dict[str, Any]]) -> httpx.Response:
    """Each with the own token, in one list."""
    body = [{"id": id, "token": await campus.token(id), **values} for id, values in asked]
    return await campus.http.post(f"/API/user/{path}", json=body)


async def test_several_objects_are_answered_by_a_list_of_the_answers(campus: Campus) -> None:
    for id in ("ana", "bob"):
        await campus.page(id)
    tower = {"latitude": TOWER.position.latitude, "longitude": TOWER.position.longitude}
    library = {"latitude": str(LIBRARY.position.latitude), "longitude": -9.139}
    cases: list[tuple[str, list[tuple[str, dict[str, Any]]], list[Any]]] = [
        (
            "update/coordinates",
            [("ana", tower), ("bob", library), ("bob", tower)],
            ["Tower", "Library", "Tower"],
        ),
        ("update/range", [("ana", {"radious": 30}), ("bob", {"radious": "40"})], ["", ""]),
        ("update/visible", [("ana", {"visible": True})] * 2, ["", ""]),
        ("show/building", [("ana", {}), ("bob", {})], [[{"id": "bob"}], [{"id": "ana"}]]),
        (
            "show/range",
            [("ana", {**tower, "radious": 20}), ("cid", {**tower, "radious": 20})],
            [["bob"], []],
        ),
        (
            "message/send",
            [
                ("ana", {"users": ["bob"], "message": "1"}),
                ("bob", {"users": ["ana", "x"], "message": "2"}),
            ],
            ["", "Unknown: x"],
        ),
    ]
    for path, asked, expected in cases:
        answer = await ask_many(campus, path, *asked)
        assert (path, answer.status_code, answer.json()) == (path, 200, expected)
        assert answer.headers["content-type"] == "application/json"
    assert campus.nearby.people.get("bob").range_m == 40
    log = await campus.log("bob")
    assert log[-3:] == [
        "Moved from: Out of registered facilities to: Library",
        "Moved from: Library to: Tower",
        "Sent to ana: 2",
    ]
    tabs = [tab for id in ("ana", "bob") for tab in campus.nearby.people.get(id).tabs]
    fetch = [(tab.person.id, {"socket_id": tab.id}) for tab in (tabs[0], tabs[1], tabs[0])]
    answer = await ask_many(campus, "message/receive", *fetch)
    texts = [[json.loads(text)["message"] for text in each] for each in answer.json()]
    assert texts == [["2"], ["1"], []]


async def test_of_several_objects_all_or_none_are_handled(campus: Campus) -> None:
    bob = await campus.page("bob")
    ana = campus.nearby.people.get
    tower = {"latitude": TOWER.position.latitude, "longitude": TOWER.position.longitude}
    good_and_bad: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "update/coordinates": (tower, {**tower, "latitude": 91}),
        "update/range": ({"radious": 5}, {"radious": -5}),
        "message/send": ({"users": ["bob"], "message": "hi"}, {"users": ["bob"], "message": ""}),
    }
    for path, (good, bad) in good_and_bad.items():
        answer = await ask_many(campus, path, ("ana", good), ("ana", bad))
        assert (path, answer.status_code) == (path, 400)
        # Each needs a token of its own.
        body = [
            {"id": "ana", "token": await campus.token("ana"), **good},
            {"id": "bob", "token": await campus.token("ana"), **good},
        ]
        answer = await campus.http.post(f"/API/user/{path}", json=body)
        assert (path, answer.status_code) == (path, 401)
    answer = await ask_many(
        campus,
        "message/send",
        ("ana", good_and_bad["message/send"][0]),
        ("ana", {"users": ["nobody"], "message": "hi"}),
    )
    assert answer.status_code == 400
    assert (ana("ana").range_m, ana("ana").point) == (50, None)
    assert await bob.texts() == []
    assert await campus.log("ana") == []


async def test_a_hundred_objects_are_the_most(campus: Campus) -> None:
    assert (await ask_many(campus, "show/building", *[("ana", {})] * 100)).json() == [[]] * 100
    answer = await ask_many(campus, "show/building", *[("ana", {})] * 101)
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "the list holds more than 100 objects",
    )


async def test_several_moves_that_cannot_be_saved_change_nothing(
    campus: Campus, database: Path
) -> None:
    tower = {"latitude": TOWER.position.latitude, "longitude": TOWER.position.longitude}
    await campus.token("ana")
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        answer = await ask_many(campus, "update/coordinates", *[("ana", tower)] * 2)
    finally:
        connection.close()
    assert answer.status_code == 503
    assert campus.nearby.people.get("ana").point is None


# --- how fast -------------------------------------------------------------------------------------


async def test_a_person_who_asks_moves_or_writes_too_fast_has_to_wait(database: Path) -> None:
    seconds = [0.0]
    async with open_campus(database, is_limited=True, ticking=lambda: seconds[0]) as campus:
        for id in ("ana", "bob"):
            await campus.token(id)
        cases: list[tuple[str, dict[str, Any], float]] = [
            ("show/building", {}, 10),
            ("update/coordinates", PLACE, 2),
            ("message/send", {"users": ["bob"], "message": "hi"}, 1),
        ]
        for path, values, a_second in cases:
            statuses = [(await ask(campus, path, **values))[0] for _ in range(60)]
            assert (path, set(statuses)) == (path, {200})
            answer = await campus.post(path, "ana", **values)
            assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
            assert answer.headers["retry-after"] == "1"
            assert (await campus.post(path, "bob", **values)).status_code == 200
            seconds[0] += 1 / a_second
            statuses = [(await ask(campus, path, **values))[0] for _ in range(2)]
            assert (path, statuses) == (path, [200, 429])
        # Messages are fetched as fast as they come.
        fetch = {"socket_id": "x"}
        assert {(await ask(campus, "message/receive", **fetch))[0] for _ in range(99)} == {200}


async def test_a_list_counts_as_often_as_it_has_objects_and_is_all_or_none(
    database: Path,
) -> None:
    seconds = [0.0]
    async with open_campus(database, is_limited=True, ticking=lambda: seconds[0]) as campus:
        hundred: list[tuple[str, dict[str, Any]]] = [("ana", {})] * 100
        assert (await ask_many(campus, "show/building", *hundred)).status_code == 200
        assert (await ask(campus, "show/building"))[0] == 429
        seconds[0] += 4.1  # what was taken too much is owed
        assert (await ask(campus, "show/building"))[0] == 200
        both: list[tuple[str, dict[str, Any]]] = [("bob", {}), ("ana", {}), ("ana", {})]
        assert (await ask_many(campus, "show/building", *both)).status_code == 429
        seconds[0] += 60
        for _ in range(60):  # and bob's was not counted
            assert (await campus.post("show/building", "bob")).status_code == 200


async def test_a_limit_that_holds_somebody_back_is_in_the_audit_log_once(
    database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_campus(database, {"person_burst": 1}, is_limited=True) as campus:
        for _ in range(5):
            await ask(campus, "update/coordinates", **PLACE)
    lines = [each.getMessage() for each in caplog.records if each.name == "quad.audit"]
    assert lines == ["action=nearby.move result=refused limit=rate user=ana"]


BODIES: list[tuple[str, dict[str, Any]]] = [
    ("update/coordinates", PLACE),
    ("update/range", {"radious": 1}),
    ("show/building", {}),
    ("update/visible", {"visible": False}),
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
