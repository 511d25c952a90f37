"""The administrator: who it is, and what they look after."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from quad.nearby.admin import Administrator
from quad.nearby.gate import Gate
from quad.nearby.tables import administrators
from quad.settings import NearbySettings
from quad.store import Store
from tests.nearby.campus import ADMIN, LIBRARY, TOWER, Campus, open_campus

ANNEX = {"id": "3", "name": "Annex", "latitude": 38.7, "longitude": -9.1, "radious": 40}


async def get(campus: Campus, path: str) -> Any:
    answer = await campus.http.get(f"/API/admin/{path}", auth=ADMIN)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


async def post(campus: Campus, path: str, body: Any) -> httpx.Response:
    return await campus.http.post(f"/API/admin/{path}", json=body, auth=ADMIN)


# --- what they look after -------------------------------------------------------------------------


async def test_a_building_is_added_and_changed(campus: Campus) -> None:
    for name, radius in (("Annex", "40"), ("New annex", 50)):
        body = {**ANNEX, "name": f" {name} ", "radious": radius, "latitude": "38.7"}
        answer = await post(campus, "buildings/add", [body])
        assert (answer.status_code, answer.json()) == (200, [])
    shown = await get(campus, "buildings/show")
    assert shown == [
        {"id": "2", "name": "Library"},
        {"id": "3", "name": "New annex"},
        {"id": "1", "name": "Tower"},
    ]
    building = campus.nearby.buildings.get("3")
    assert (building.position.latitude, building.radius_m) == (38.7, 50)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"latitude": 90.1}, "latitude"),
    ({"longitude": "-180.5"}, "longitude"),
    ({"latitude": "nan"}, "latitude"),
    ({"longitude": "inf"}, "longitude"),
    ({"radious": -1}, "radious"),
    ({"radious": 1e9}, "radious"),
    ({"radious": "nan"}, "radious"),
    ({"radious": None}, "radious"),
    ({"name": " "}, "name"),
    ({"name": "x" * 201}, "name"),
    ({"name": "a\nb"}, "name"),
    ({"id": ""}, "id"),
    ({"id": "x" * 129}, "id"),
    ({"latitude": "north"}, "latitude"),
]


async def test_a_building_that_cannot_be_is_400_with_the_reason(campus: Campus) -> None:
    for change, words in WRONG:
        answer = await post(campus, "buildings/add", {**ANNEX, **change})
        assert (change, answer.status_code) == (change, 400)
        assert words in answer.json()["detail"]
    assert len(campus.nearby.buildings.list()) == 2


async def test_numbers_as_ids_become_text(campus: Campus) -> None:
    await post(campus, "buildings/add", {**ANNEX, "id": 2448131360897})
    assert campus.nearby.buildings.get("2448131360897").name == "Annex"


async def test_people_are_shown_all_online_and_by_building(campus: Campus) -> None:
    await campus.page("ana")
    await campus.page("bob")
    await campus.token("eve")
    await campus.move("ana", TOWER.position)
    await campus.move("bob", LIBRARY.position)
    assert await get(campus, "users/show") == [{"id": "ana"}, {"id": "bob"}, {"id": "eve"}]
    assert await get(campus, "users/show/online") == [{"id": "ana"}, {"id": "bob"}]
    assert await get(campus, "users/show/building/1") == [{"id": "ana"}]
    answer = await campus.http.get("/API/admin/users/show/building/9", auth=ADMIN)
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown")


async def test_logs_are_shown_newest_first_and_without_coordinates(campus: Campus) -> None:
    await campus.page("ana")
    await campus.move("ana", TOWER.position)
    await campus.move("ana", LIBRARY.position)
    await campus.store.write()
    lines = await get(campus, "logs/show/user/ana")
    assert lines[0] == {
        "timestamp": "2024-05-17 12:00:00",
        "message": "Moved from: Tower to: Library",
    }
    assert lines[-1]["message"].startswith("Logged in.")
    assert "38.7" not in str(lines)
    await campus.nearby.bots.register("here", "canteen", "1")
    await campus.nearby.messages.send_to_building("canteen", "1", "Lunch")
    (line,) = await get(campus, "logs/show/building/1")
    assert line == {"timestamp": "2024-05-17 12:00:00", "bot_id": "canteen", "message": "Lunch"}


async def test_bots_are_shown_by_whether_they_are_authorised(campus: Campus) -> None:
    for bot in ("b", "a", "c"):
        await campus.nearby.bots.register("here", bot, "1")
    answer = await post(campus, "bots/update/auth", {"id": "b", "state": True})
    assert (answer.status_code, answer.json()) == (200, [])
    assert await get(campus, "bots/show/auth/1") == [{"id": "b"}]
    assert await get(campus, "bots/show/auth/0") == [{"id": "a"}, {"id": "c"}]
    for path, status in (("2", 400), ("x", 404)):
        answer = await campus.http.get(f"/API/admin/bots/show/auth/{path}", auth=ADMIN)
        assert answer.status_code == status


async def test_a_bot_that_does_not_exist_cannot_be_authorised(campus: Campus) -> None:
    answer = await post(campus, "bots/update/auth", {"id": "nobody", "state": True})
    assert (answer.status_code, answer.json()["detail"]) == (400, "there is no bot 'nobody'")


# --- who it is ------------------------------------------------------------------------------------


async def test_the_password_is_good_as_basic_credentials_and_as_a_bearer_token(
    campus: Campus,
) -> None:
    path = "/API/admin/users/show"
    bearer = {"Authorization": f"Bearer {ADMIN[1]}"}
    wrong = {"Authorization": "Bearer wrong"}
    answers = [
        await campus.http.get(path, auth=ADMIN),
        await campus.http.get(path, headers=bearer),
        await campus.http.get(path, headers=wrong),
        await campus.http.get(path, auth=("admin", "wrong")),
        await campus.http.get(path, auth=("root", ADMIN[1])),
        await campus.http.get(path),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 401, 401, 401, 401]
    assert answers[-1].json() == {
        "detail": "the administrator's password is needed",
        "code": "not_allowed",
    }
    assert answers[-1].headers["www-authenticate"] == 'Basic realm="Quad", charset="UTF-8"'


async def test_credentials_come_before_anything_else(campus: Campus) -> None:
    answer = await campus.http.post("/API/admin/buildings/add", content=b"{")
    assert answer.status_code == 401


async def test_a_page_of_another_site_cannot_use_the_browsers_password(campus: Campus) -> None:
    for headers in ({"Origin": "https://evil.example.org"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await campus.http.post(
            "/API/admin/buildings/add", json=ANNEX, auth=ADMIN, headers=headers
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")


@pytest.mark.parametrize("name", ["admin", "root"])
async def test_wrong_passwords_are_limited(name: str, database: Path) -> None:
    async with open_campus(database, {"wrong_tries_burst": 2}, is_limited=True) as campus:
        path = "/API/admin/users/show"
        tries = [await campus.http.get(path, auth=(name, "wrong")) for _ in range(3)]
        assert [each.status_code for each in tries] == [401, 401, 429]
        assert "retry-after" in tries[-1].headers
        assert (await campus.http.get(path, auth=ADMIN)).status_code == 429
        elsewhere = {"X-Forwarded-For": "10.0.0.1"}
        answer = await campus.http.get(path, auth=ADMIN, headers=elsewhere)
        assert answer.status_code == 429  # nobody can tell a lucky guess from the owner


async def test_a_password_is_made_at_the_first_start_and_shown_once(
    database: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async with open_campus(database, {"admin_password": ""}) as campus:
        shown = capsys.readouterr()
        assert shown.out == ""
        password = shown.err.split("with the password ")[1].split()[0]
        assert len(password) * 6 >= 64
        (row,) = await campus.store.read(select(administrators))
        assert row.pass_hash.startswith("$argon2id$")
        answer = await campus.http.get("/API/admin/users/show", auth=("admin", password))
        assert answer.status_code == 200
    async with open_campus(database, {"admin_password": ""}) as campus:
        assert "password" not in capsys.readouterr().err
        answer = await campus.http.get("/API/admin/users/show", auth=("admin", password))
        assert answer.status_code == 200
    async with open_campus(database) as campus:  # one that is set wins
        answer = await campus.http.get("/API/admin/users/show", auth=("admin", password))
        assert answer.status_code == 401
    assert password not in caplog.text


async def test_of_two_nodes_at_their_first_start_one_makes_the_password(
    database: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await Store.open(f"sqlite+aiosqlite:///{database}")
    settings = NearbySettings()
    first, second = [Administrator(store, "", Gate(settings)) for _ in range(2)]
    await first.open()

    async def find_nothing() -> str:
        monkeypatch.undo()
        return ""

    monkeypatch.setattr(second, "_find", find_nothing)  # it has looked before the first wrote
    await second.open()
    assert second._hashed == first._hashed
    assert capsys.readouterr().err.count("with the password") == 1
    await store.aclose()
