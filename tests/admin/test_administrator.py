"""The administrator: who it is, and what they look after."""

import logging
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select

from quad.admin import cookies
from quad.admin.administrator import Administrator
from quad.admin.tables import administrators, logouts
from quad.identity.gate import Gate
from quad.nearby.bots import Caller
from quad.nearby.buildings import Buildings
from quad.realtime import Client
from quad.refusals import TooManyTries
from quad.store import Store
from tests.nearby.campus import ADMIN, FIELD, LIBRARY, TOWER, Campus, Clock, open_campus

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


async def test_a_building_is_deleted_and_whoever_was_in_it_is_outside(campus: Campus) -> None:
    ana, bob = await campus.page("ana"), await campus.page("bob")
    for id in ("ana", "bob"):
        await campus.move(id, TOWER.position)
    await campus.nearby.bots.register("a", "canteen", TOWER.id)
    for page in (ana, bob):
        await page.take()
    answer = await post(campus, "buildings/delete", {"id": 1})
    assert (answer.status_code, answer.json()) == (200, [])
    assert [await page.take() for page in (ana, bob)] == [[("new_movement",)]] * 2
    assert await get(campus, "buildings/show") == [{"id": "2", "name": "Library"}]
    assert await campus.move("ana", TOWER.position) == "Out of registered facilities"
    answer = await post(campus, "buildings/delete", {"id": "1"})
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown")
    # Its bot reaches nobody, and is there again with the building.
    (bot,) = await get(campus, "bots/show")
    assert (bot["building_id"], bot["building"]) == ("1", "")
    kept = Buildings(campus.store)
    await kept.load()
    assert [building.id for building in kept.list()] == ["2"]


async def test_pages_that_show_the_buildings_hear_that_they_have_changed(campus: Campus) -> None:
    ana, bob = await campus.page("ana"), await campus.page("bob")
    await ana.call("new_client", {"id": "ana", "token": ana.token, "buildings": True})
    await ana.take()
    news = [("new_buildings",)]
    await post(campus, "buildings/add", ANNEX)
    assert await ana.take() == news
    await post(campus, "buildings/load", {"containedSpaces": SPACES})
    assert await ana.take() == news  # once for all of them
    await post(campus, "buildings/load", {"containedSpaces": SPACES})
    await post(campus, "buildings/delete", {"id": "2"})
    assert await ana.take() == news
    # Original pages know of no such event.
    assert await bob.take() == []


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


# --- what their page shows ------------------------------------------------------------------------

SPACES = [
    {"id": 1, "name": "Tower", "latitude": 38.737, "longitude": -9.139, "range": 60},
    {"id": 2, "name": "Big library", "latitude": "38.74", "longitude": "-9.139", "range": "90"},
    {"id": "3", "name": "Annex", "latitude": 38.73, "longitude": -9.13, "range": 40, "type": "x"},
]


async def test_a_campus_file_adds_and_changes_buildings_and_people_are_told(
    campus: Campus,
) -> None:
    ana = await campus.page("ana")
    await campus.move("ana", FIELD)
    await ana.take()
    answer = await post(campus, "buildings/load", {"containedSpaces": SPACES, "name": "Campus"})
    assert (answer.status_code, answer.json()) == (200, {"added": 1, "changed": 1})
    assert ("new_movement",) in await ana.take()
    shown = await get(campus, "buildings/show/all")
    assert shown[:2] == [
        {
            "id": "3",
            "name": "Annex",
            "latitude": 38.73,
            "longitude": -9.13,
            "radious": 40.0,
            "online": 1,
            "bots": [],
        },
        {
            "id": "2",
            "name": "Big library",
            "latitude": 38.74,
            "longitude": -9.139,
            "radious": 90.0,
            "online": 0,
            "bots": [],
        },
    ]
    answer = await post(campus, "buildings/load", {"containedSpaces": SPACES})
    assert answer.json() == {"added": 0, "changed": 0}


WRONG_SPACES: list[tuple[dict[str, Any], str]] = [
    ({"latitude": 91}, "`containedSpaces[1]` ('9', 'New'): `latitude` is not"),
    ({"range": -1}, "`containedSpaces[1]` ('9', 'New'): `range` is not"),
    ({"name": " "}, "`containedSpaces[1]` ('9', ' '): `name` is empty"),
    ({"id": 1}, "`containedSpaces[1]` ('1', 'New'): another entry has the same `id`"),
    ({"longitude": "west"}, "`containedSpaces[1].longitude`: Expected `float`"),
    ({"range": None}, "`containedSpaces[1].range`: Expected `float`"),
]


async def test_a_campus_file_with_a_wrong_entry_changes_nothing_and_the_entry_is_named(
    campus: Campus,
) -> None:
    renamed = {**SPACES[0], "name": "Renamed"}
    new = {"id": 9, "name": "New", "latitude": 38.7, "longitude": -9.1, "range": 10}
    for change, words in WRONG_SPACES:
        spaces = [renamed, {**new, **change}]
        answer = await post(campus, "buildings/load", {"containedSpaces": spaces})
        assert (change, answer.status_code) == (change, 400)
        assert words in answer.json()["detail"]
    answer = await post(campus, "buildings/load", {"spaces": []})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_input")
    assert "containedSpaces" in answer.json()["detail"]
    assert [building.name for building in campus.nearby.buildings.list()] == ["Library", "Tower"]


async def test_people_are_found_by_the_beginning_of_their_id(campus: Campus) -> None:
    for user_id in ("ist10", "Ist2", "bob", "ist1", "IST3"):
        await campus.token(user_id)
    await campus.page("ist1")
    await campus.page("Ist2")
    await campus.move("ist1", TOWER.position)
    assert await get(campus, "users/find?search=iST&offset=1&limit=2") == {
        "total": 4,
        "users": [
            {"id": "ist10", "is_online": False, "building_id": None, "building": None},
            {"id": "Ist2", "is_online": True, "building_id": None, "building": None},
        ],
    }

    async def ids(query: str) -> list[str]:
        return [user["id"] for user in (await get(campus, f"users/find{query}"))["users"]]

    assert await ids("") == ["bob", "ist1", "ist10", "Ist2", "IST3"]
    assert await ids("?is_online=true") == ["ist1", "Ist2"]
    assert await ids("?is_online=true&search=IST2") == ["Ist2"]
    assert await ids("?building=1") == ["ist1"]
    assert await ids("?search=ist9") == []
    for query in ("limit=0", "limit=501", "offset=-1", "limit=x", "building=9"):
        answer = await campus.http.get(f"/API/admin/users/find?{query}", auth=ADMIN)
        assert (query, answer.status_code) == (query, 400)
    assert await get(campus, "users/count") == {
        "known": 5,
        "online": 2,
        "outside": 1,
        "buildings": [
            {"id": "2", "name": "Library", "online": 0},
            {"id": "1", "name": "Tower", "online": 1},
        ],
    }


async def test_bots_are_shown_with_whether_they_run_and_when_they_last_sent(
    database: Path,
) -> None:
    async with open_campus(database) as campus:
        bots = campus.nearby.bots
        password = await bots.register("here", "canteen", "1")
        await bots.register("here", "alarm", "1")
        await bots.authorise("canteen", is_authorised=True)
        runs = cast(Client, object())
        bots.running.begin(runs, "canteen")
        canteen = {
            "id": "canteen",
            "building_id": "1",
            "building": "Tower",
            "is_authorised": True,
            "is_running": True,
            "last_sent_at": None,
        }
        alarm = {**canteen, "id": "alarm", "is_authorised": False, "is_running": False}
        assert await get(campus, "bots/show") == [alarm, canteen]
        assert (await get(campus, "buildings/show/all"))[1]["bots"] == ["alarm", "canteen"]
        await bots.send(Caller("here"), "canteen", "Lunch", password)
        bots.running.end(runs)
        sent = {**canteen, "is_running": False, "last_sent_at": "2024-05-17T12:00:00Z"}
        assert await get(campus, "bots/show") == [alarm, sent]
    async with open_campus(database) as campus:
        assert await get(campus, "bots/show") == [alarm, sent]


# --- their browser --------------------------------------------------------------------------------

LOGIN = {"password": ADMIN[1]}
USERS = "/API/admin/users/show"


async def test_a_browser_logs_in_and_out(campus: Campus) -> None:
    assert (await campus.http.get("/admin/session")).json() == {"is_open": False}
    answer = await campus.http.post("/admin/session", json=LOGIN)
    assert (answer.status_code, answer.content) == (204, b"")
    name, _, flags = answer.headers["set-cookie"].partition("=")
    assert name == "quad_admin"
    assert set(flags.split("; ")[1:]) == {
        "HttpOnly",
        "Max-Age=43200",
        "Path=/",
        "SameSite=strict",
    }
    assert (await campus.http.get("/admin/session")).json() == {"is_open": True}
    assert (await campus.http.get(USERS)).status_code == 200
    assert (await campus.http.delete("/admin/session")).status_code == 204
    assert (await campus.http.get("/admin/session")).json() == {"is_open": False}
    assert (await campus.http.get(USERS)).status_code == 401
    headers = {"X-Forwarded-Proto": "https"}
    answer = await campus.http.post("/admin/session", json=LOGIN, headers=headers)
    assert "; Secure" in answer.headers["set-cookie"]


async def test_a_logout_ends_the_session_wherever_its_cookie_is_and_no_other(
    database: Path,
) -> None:
    async def status(campus: Campus, value: str) -> int:
        headers = {"Cookie": f"quad_admin={value}"}
        return (await campus.http.get(USERS, headers=headers)).status_code

    async with open_campus(database) as campus:
        cookies = []
        for _ in range(2):
            await campus.http.post("/admin/session", json=LOGIN)
            cookies.append(campus.http.cookies["quad_admin"])
            campus.http.cookies.clear()
        headers = {"Cookie": f"quad_admin={cookies[0]}"}
        for _ in range(2):
            answer = await campus.http.delete("/admin/session", headers=headers)
            assert answer.status_code == 204
        assert [await status(campus, each) for each in cookies] == [401, 200]
    async with open_campus(database) as campus:
        assert [await status(campus, each) for each in cookies] == [401, 200]
        assert len(await campus.store.read(select(logouts))) == 1
        # Nobody has to remember for longer than the cookie is good, by a clock that goes like this.
        campus.clock.forward(12 * 3600 + 1)
        headers = {"Cookie": f"quad_admin={cookies[1]}"}
        await campus.http.delete("/admin/session", headers=headers)
        assert [await status(campus, each) for each in cookies] == [200, 401]
        assert len(await campus.store.read(select(logouts))) == 1


async def test_what_the_administrator_does_and_who_failed_to_be_is_in_the_audit_log(
    database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "quad.audit")
    async with open_campus(database, {"wrong_tries_burst": 1}, is_limited=True) as campus:
        for _ in range(3):
            await campus.http.post("/admin/session", json={"password": "guess"})
        await campus.http.post("/admin/session", json=LOGIN)
        await campus.http.get(USERS, auth=ADMIN)  # known already
        await post(campus, "buildings/add", ANNEX)
        await post(campus, "buildings/load", {"containedSpaces": SPACES})
        await post(campus, "buildings/delete", {"id": "2"})
        await campus.nearby.bots.register("10.0.0.1", "canteen", "1")
        for state in (True, False):
            await post(campus, "bots/update/auth", {"id": "canteen", "state": state})
        await campus.http.delete("/admin/session")
    lines = [each.getMessage() for each in caplog.records if each.name == "quad.audit"]
    here = "address=127.0.0.1"
    assert lines == [
        f"action=admin.login result=failed {here} name=admin",
        f'action=admin.login result=refused {here} limit="wrong tries"',
        f"action=admin.login result=ok {here} name=admin",
        f"action=nearby.building result=ok {here} building=3",
        f"action=nearby.buildings result=ok {here} added=0 changed=2",
        f"action=nearby.building_delete result=ok {here} building=2",
        "action=nearby.bot_register result=ok address=10.0.0.1 name=canteen building=1",
        f"action=nearby.bot_authorise result=ok {here} name=canteen",
        f"action=nearby.bot_disallow result=ok {here} name=canteen",
        f"action=admin.logout result=ok {here}",
    ]


async def test_a_page_of_another_site_cannot_use_the_browsers_cookie(campus: Campus) -> None:
    await campus.http.post("/admin/session", json=LOGIN)
    for headers in (
        {"Origin": "https://evil.example.org"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
    ):
        path = "/API/admin/buildings/add"
        answers = [
            await campus.http.post(path, json=ANNEX, headers=headers),
            await campus.http.post("/admin/session", json=LOGIN, headers=headers),
            await campus.http.delete("/admin/session", headers=headers),
        ]
        assert [(each.status_code, each.json()["code"]) for each in answers] == [
            (403, "cross_site")
        ] * 3
    own = {"Origin": campus.url, "Sec-Fetch-Site": "same-origin"}
    answer = await campus.http.post("/API/admin/buildings/add", json=ANNEX, headers=own)
    assert answer.status_code == 200


async def test_a_wrong_password_in_the_page_is_refused_without_a_dialogue_and_limited(
    database: Path,
) -> None:
    async with open_campus(database, {"wrong_tries_burst": 2}, is_limited=True) as campus:
        wrong = {"password": "wrong"}
        tries = [await campus.http.post("/admin/session", json=wrong) for _ in range(3)]
        assert [each.status_code for each in tries] == [401, 401, 429]
        assert tries[0].json() == {"detail": "the password is wrong", "code": "wrong_password"}
        assert "www-authenticate" not in tries[0].headers
        assert "set-cookie" not in tries[0].headers
        assert int(tries[2].headers["retry-after"]) >= 1
        # The same account as for passwords by HTTP Basic; and the right one passes.
        assert (await campus.http.get(USERS, auth=("admin", "wrong"))).status_code == 429
        assert (await campus.http.post("/admin/session", json=LOGIN)).status_code == 204


async def test_browsers_ask_for_the_password_only_where_there_is_no_page_to_ask(
    campus: Campus,
) -> None:
    challenged = [
        "www-authenticate" in (await campus.http.get(USERS, headers=headers)).headers
        for headers in (
            {},
            {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"},
            {"Accept": "text/html,*/*", "Referer": f"{campus.url}/"},
            {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"},
            {"Referer": f"{campus.url}/admin"},
        )
    ]
    assert challenged == [True, True, True, False, False]


async def test_a_cookie_outlives_a_restart_and_ends_with_the_password_or_its_time(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def is_open(campus: Campus, value: str) -> bool:
        headers = {b"Cookie": f"other=1; quad_admin={value}".encode()}
        session = await campus.http.get("/admin/session", headers=headers)
        users = await campus.http.get(USERS, headers=headers)
        assert (users.status_code == 200) == session.json()["is_open"]
        return bool(session.json()["is_open"])

    async with open_campus(database) as campus:
        await campus.http.post("/admin/session", json=LOGIN)
        value = campus.http.cookies["quad_admin"]
    async with open_campus(database) as campus:
        assert await is_open(campus, value)
        foreign = URLSafeTimedSerializer("another key", salt="quad.admin.session").dumps("admin")
        for forged in (foreign, value[:-2], value.partition(".")[0], "", "\xff"):
            assert not await is_open(campus, forged)
        monkeypatch.setattr(cookies, "LIFETIME_S", -1)
        assert not await is_open(campus, value)
        monkeypatch.undo()
    async with open_campus(database, {"admin_password": "another"}) as campus:
        assert not await is_open(campus, value)


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
        # The name's account is empty as well, and refuses nobody who is right.
        assert (await campus.http.get(path, auth=ADMIN)).status_code == 200
        answer = await campus.by_proxy("GET", path, "10.0.0.1", auth=("admin", "wrong"))
        assert answer.status_code == 429
        answer = await campus.by_proxy("GET", path, "10.0.0.1", auth=ADMIN)
        assert answer.status_code == 200


async def test_a_password_is_made_at_the_first_start_and_written_where_only_its_owner_reads(
    database: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = {"admin_password": "", "data": tmp_path / "data"}
    async with open_campus(database, made) as campus:
        shown = capsys.readouterr()
        assert shown.out == ""
        file = tmp_path / "data" / "admin-password"
        assert str(file) in shown.err
        assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        password = file.read_text().strip()
        # Standard error is kept in the journal, and read by others.
        assert password not in shown.err
        assert len(password) * 6 >= 64
        (row,) = await campus.store.read(select(administrators))
        assert row.pass_hash.startswith("$argon2id$")
        answer = await campus.http.get("/API/admin/users/show", auth=("admin", password))
        assert answer.status_code == 200
    async with open_campus(database, made) as campus:
        assert "password" not in capsys.readouterr().err
        answer = await campus.http.get("/API/admin/users/show", auth=("admin", password))
        assert answer.status_code == 200
    async with open_campus(database) as campus:  # one that is set wins
        answer = await campus.http.get("/API/admin/users/show", auth=("admin", password))
        assert answer.status_code == 401
    assert password not in caplog.text


async def test_of_two_nodes_at_their_first_start_one_makes_the_password(
    database: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = await Store.open(f"sqlite+aiosqlite:///{database}")
    gate = Gate(TooManyTries, rate_per_s=1, burst=1)
    file = tmp_path / "data" / "admin-password"
    first, second = [Administrator(store, "", gate, file, Clock()) for _ in range(2)]
    await first.open()
    written = file.read_text()

    async def find_nothing() -> str:
        monkeypatch.undo()
        return ""

    monkeypatch.setattr(second, "_find", find_nothing)  # it has looked before the first wrote
    await second.open()
    assert second._hashed == first._hashed
    assert capsys.readouterr().err.count("The administrator is 'admin'") == 1
    assert file.read_text() == written
    assert [each.name for each in file.parent.iterdir()] == [file.name]
    await store.aclose()
