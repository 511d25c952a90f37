"""What the administrator sees of all systems, on the whole server."""

import json
import logging
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from quad.server import serving
from quad.settings import AdminSettings, ServerSettings, Settings, StoreSettings
from tests.classroom.school import Peer, enter
from tests.patience import patience
from tests.process import ROOT

PAGE = (ROOT / "docs/reference/admin.md").read_text(encoding="utf-8")
PASSWORD = "let me in"
TASKS = [
    {"name": "theory", "content": "<p>Read.</p>", "language": "html", "type": "theory"},
    {"name": "1", "content": '<p>"name":"theory" and \\"language":</p>'},
    {"name": "2", "content": "<p>Do.</p>"},
]


@asynccontextmanager
async def open_site(data: Path, **of_store: int) -> AsyncIterator[httpx.AsyncClient]:
    """A whole server, and a browser in which the administrator has logged in."""
    settings = Settings(
        server=ServerSettings(port=0, data=data, drain_s=0.1),
        store=StoreSettings(**of_store),
        admin=AdminSettings(password=PASSWORD),
    )
    async with (
        serving(settings) as url,
        httpx.AsyncClient(base_url=url, timeout=patience(10)) as browser,
    ):
        answer = await browser.post("/admin/session", json={"password": PASSWORD})
        assert answer.status_code == 204
        yield browser


async def get(browser: httpx.AsyncClient, path: str) -> Any:
    answer = await browser.get(f"/API/admin/{path}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


async def test_every_route_asks_who_it_is_and_no_log_tells_the_secrets(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "httpcore")  # the browser's own
    async with open_site(tmp_path) as browser:
        document = (await browser.get("/schema/openapi.json")).json()
        routes = [
            (method, path.replace("{flag}", "1").partition("{")[0], operation)
            for path, operations in document["paths"].items()
            if path.startswith("/API/admin/")
            for method, operation in operations.items()
        ]
        assert len(routes) > 15
        documented = set(re.findall(r"`([A-Z]+ /(?:API/)?admin/[^`]*)`", PAGE))
        assert documented == {
            f"{method.upper()} {path}"
            for path, operations in document["paths"].items()
            if path.startswith(("/API/admin/", "/admin/"))
            for method in operations
        }
        cookie = browser.cookies["quad_admin"]
        browser.cookies.clear()
        for method, path, operation in routes:
            assert operation["description"]
            # Before the route is asked, before a body is read; a path with an id wants one.
            answer = await browser.request(method, path + ("x" if path.endswith("/") else ""))
            assert (path, answer.status_code) == (path, 401)
        wrong = await browser.get("/API/admin/figures", auth=("admin", "wrong"))
        assert wrong.status_code == 401
        for headers in (
            {"Cookie": f"quad_admin={cookie}"},
            {"Authorization": f"Bearer {PASSWORD}"},
            {"Authorization": httpx.BasicAuth("admin", PASSWORD)._auth_header},
        ):
            for path in ("figures", "classes/show", "rooms/show", "chats/show", "users/count"):
                answer = await browser.get(f"/API/admin/{path}", headers=headers)
                assert (path, answer.status_code) == (path, 200)
        crossed = await browser.post(
            "/API/admin/classes/close",
            json={"room_id": 123456},
            headers={"Cookie": f"quad_admin={cookie}", "Sec-Fetch-Site": "cross-site"},
        )
        assert (crossed.status_code, crossed.json()["code"]) == (403, "cross_site")
    written = capfd.readouterr()
    for secret in (PASSWORD, cookie):
        assert secret not in caplog.text + written.out + written.err


async def teach(url: str, name: str) -> tuple[Peer, int]:
    """A teacher with a class."""
    teacher = await enter(url)
    await teacher.emit("room/create", {"name": name})
    return teacher, (await teacher.expect("room/update"))["id"]


async def join(url: str, room_id: int, name: str) -> Peer:
    student = await enter(url)
    await student.emit("room/join", {"room_id": room_id, "name": name})
    await student.expect("room/join")
    return student


async def test_open_classes_are_shown_also_after_a_restart_and_can_be_closed(
    tmp_path: Path,
) -> None:
    async with open_site(tmp_path) as browser:
        url = str(browser.base_url)
        ada, first = await teach(url, "Ada")
        await ada.emit("steps/all", TASKS)
        students = [await join(url, first, name) for name in ("Bob", "Eve")]
        await students[1].close()
        while len((await ada.expect("room/update"))["users"]) != 2:
            pass
        shown = (await get(browser, "classes/show"))["classes"][0]
        assert shown.pop("created_at").endswith("Z")
        assert shown == {
            "room_id": first,
            "teacher": "Ada",
            "is_teacher_online": True,
            "students_online": 1,
            "students_offline": 1,
            "tasks": 2,
        }
        for peer in (ada, students[0]):
            await peer.close()
    async with open_site(tmp_path) as browser:
        url = str(browser.base_url)
        cyd, second = await teach(url, "Cyd")
        dan, third = await teach(url, "Dan")
        await dan.close()
        page = await get(browser, "classes/show")
        assert page["total"] == 3
        # Those in use first, then the newest.
        assert [each["room_id"] for each in page["classes"]] == [second, third, first]
        old = page["classes"][2]
        assert (old["students_online"], old["students_offline"], old["tasks"]) == (0, 2, 2)
        middle = await get(browser, "classes/show?offset=1&limit=1")
        assert [each["room_id"] for each in middle["classes"]] == [third]
        student = await join(url, second, "Flo")
        for room_id in (first, second):
            answer = await browser.post("/API/admin/classes/close", json={"room_id": room_id})
            assert (answer.status_code, answer.json()) == (200, [])
        for peer in (student, cyd):
            assert await peer.expect("room/closed") == {"message": "Room closed!"}
        assert [each["room_id"] for each in (await get(browser, "classes/show"))["classes"]] == [
            third
        ]
        answer = await browser.post("/API/admin/classes/close", json={"room_id": second})
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown")
        await cyd.emit("room/create", {"name": "Cyd"})  # the connections stay usable
        await cyd.expect("room/update")
        for peer in (student, cyd):
            await peer.close()


async def test_what_cannot_be_saved_is_503_by_the_word_of_its_system(tmp_path: Path) -> None:
    async with open_site(tmp_path, busy_timeout_ms=50) as browser:
        url = str(browser.base_url)
        ada, room_id = await teach(url, "Ada")
        phone = await connect(url.replace("http", "ws") + "/chat/ws")
        await phone.send(json.dumps({"type": "register", "user": {"name": "Ann", "phone": "911"}}))
        await phone.recv()
        other = sqlite3.connect(tmp_path / "quad.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        asked: list[tuple[str, dict[str, Any], str]] = [
            ("classes/close", {"room_id": room_id}, "store_unavailable"),
            ("chats/code", {"phone": "911"}, "cannot_save"),
        ]
        for path, body, code in asked:
            answer = await browser.post(f"/API/admin/{path}", json=body)
            assert (answer.status_code, answer.json()["code"]) == (503, code)
            assert answer.headers["retry-after"] == "1"
        other.execute("ROLLBACK")
        other.close()
        await phone.close()
        await ada.close()


async def test_a_class_is_handed_over_and_whoever_had_it_is_sent_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "quad.audit")
    async with open_site(tmp_path) as browser:
        url = str(browser.base_url)
        thief, room_id = await teach(url, "Ada")
        student = await join(url, room_id, "Bob")
        path = "/API/admin/classes/hand-over"
        answer = await browser.post(path, json={"room_id": room_id})
        given = answer.json()
        assert answer.status_code == 200
        assert set(given) == {"room_id", "user_id", "token"}
        assert (await thief.expect("alerts"))["type"] == "WARNING"
        await thief.wait_closed()
        assert await student.expect("message") == {"message": "The teacher is offline!"}
        again = await enter(url, "")
        request = {"room_id": room_id, "user_id": given["user_id"]}
        await again.emit("room/rehost", request)
        assert (await again.expect("error"))["code"] == "token_required"
        heir = await enter(url)
        await heir.emit("room/rehost", {**request, "token": given["token"], "protocol": 2})
        assert (await heir.expect("room/update"))["token"] == given["token"]

        # To an original client, which knows no tokens: by its address.
        answer = await browser.post(path, json={"room_id": room_id, "address": "127.0.0.1"})
        assert answer.json()["token"] is None
        await heir.wait_closed()
        await again.emit("room/rehost", request)
        assert set(await again.expect("room/update")) == {"id", "host", "users"}
        for body in ({"room_id": 1}, {"room_id": room_id, "address": "here"}):
            assert (await browser.post(path, json=body)).status_code == 400
        for peer in (thief, student, again, heir):
            await peer.close()
    lines = [record.getMessage() for record in caplog.records]
    assert [line for line in lines if "action=classroom.hand_over" in line] == [
        f"action=classroom.hand_over result=ok address=127.0.0.1 room={room_id}",
        f"action=classroom.hand_over result=ok address=127.0.0.1 room={room_id} to=127.0.0.1",
    ]


async def test_a_class_gets_a_new_key_and_whoever_has_the_old_one_is_sent_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "quad.audit")
    async with open_site(tmp_path) as browser:
        url = str(browser.base_url)
        teacher = await enter(url)
        await teacher.emit("room/create", {"name": "Ada", "protocol": 3})
        room = await teacher.expect("room/update")
        path = "/API/admin/classes/key"
        answer = await browser.post(path, json={"room_id": room["id"]})
        assert (answer.status_code, set(answer.json())) == (200, {"room_id", "teacher"})
        await teacher.wait_closed()
        key = answer.json()["teacher"]
        heir = await enter(url)
        for shown, told in ((room["teacher"], "wrong_key"), (key, None)):
            request = {"room_id": room["id"], "teacher": shown, "protocol": 3}
            (done,) = await heir.call("room/rehost", request)
            assert done.get("code") == told
        answer = await browser.post(path, json={"room_id": 1})
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown")
        for peer in (teacher, heir):
            await peer.close()
    lines = [record.getMessage() for record in caplog.records]
    assert [line for line in lines if "action=classroom.key" in line] == [
        f"action=classroom.key result=ok address=127.0.0.1 room={room['id']} by=administrator"
    ]
    assert not any(secret in line for line in lines for secret in (key, room["teacher"]))


async def test_a_code_hands_a_phone_of_the_chat_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_site(tmp_path) as browser:
        url = str(browser.base_url).replace("http", "ws") + "/chat/ws"
        original = await connect(url)
        user = {"name": "Ann", "phone": "+351 911"}
        await original.send(json.dumps({"type": "register", "user": user}))
        await original.recv()
        for phone, code in (("999", "unknown"), ("12", "bad_input"), (12, "bad_input")):
            refused = await browser.post("/API/admin/chats/code", json={"phone": phone})
            assert (refused.status_code, refused.json()["code"]) == (400, code)
        caplog.set_level(logging.INFO, "quad.audit")
        made = await browser.post("/API/admin/chats/code", json={"phone": "(+351) 9-11"})
        assert made.status_code == 200
        assert made.headers["cache-control"] == "no-store"
        answer = made.json()
        assert answer.keys() == {"phone", "code", "expires_at"}
        assert answer["phone"] == "+351911"
        assert "action=chat.make_code" in caplog.text
        assert answer["code"] not in caplog.text
        current = await connect(url)
        ask = {"type": "register", "user": user, "protocol": 2, "token": answer["code"]}
        await current.send(json.dumps(ask))
        assert "token" in json.loads(await current.recv())
        assert "new token" in json.loads(await original.recv())["detail"]
        for connection in (original, current):
            await connection.close()


async def test_chats_are_found_by_their_people_and_closed(tmp_path: Path) -> None:
    async with open_site(tmp_path) as browser:
        address = str(browser.base_url).replace("http", "ws") + "/chat/ws"
        ann, ben = await connect(address), await connect(address)
        for phone, name, number in ((ann, "Ann", "+351 911"), (ben, "Ben", "222")):
            user = {"name": name, "phone": number}
            await phone.send(json.dumps({"type": "register", "user": user}))
            await phone.recv()
        for frame in (
            {"type": "create_chat", "name": "alone"},
            {"type": "create_chat", "name": "Team"},
            {"type": "add_member", "chat": "Team", "phone": "222"},
            {"type": "send_message", "chat": "Team", "message": "Hello"},
        ):
            await ann.send(json.dumps(frame))
            await ann.recv()
        page = await get(browser, "chats/find")
        assert [(each["name"], each["messages"]) for each in page["chats"]] == [
            ("Team", 1),
            ("alone", 0),
        ]
        (team,) = (await get(browser, "chats/find?search=beN"))["chats"]
        assert team["owner"] == {"phone": "+351 911", "name": "Ann", "is_online": True}
        assert (team["members"], [each["name"] for each in team["people"]]) == (2, ["Ann", "Ben"])
        assert team["last_at"] >= team["created_at"]
        assert (await get(browser, "chats/find?search=911&offset=1&limit=1"))["total"] == 2
        answer = await browser.post("/API/admin/chats/close", json={"name": "Team"})
        assert (answer.status_code, answer.json()) == (200, [])
        assert json.loads(await ann.recv())["type"] == "chat_deleted"
        answer = await browser.post("/API/admin/chats/close", json={"name": "Team"})
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown")
        assert (await get(browser, "chats/find"))["total"] == 1
        for phone in (ann, ben):
            await phone.close()


async def test_alert_rooms_are_listed_after_their_people_have_gone_and_closed(
    tmp_path: Path,
) -> None:
    async with open_site(tmp_path) as browser:
        url = str(browser.base_url)
        peers = {name: await enter(url) for name in ("ann", "ben", "eve")}
        for name, peer in peers.items():
            room = "X1" if name == "eve" else "Hall"
            await peer.call("joined", {"name": name, "room": room, "protocol": 2})
            await peer.call("text", {"msg": f"I am {name}"})
            if name != "ben":
                await peer.emit("left", {})
                await peer.close()
        rooms = await get(browser, "rooms/show")
        assert [(each["code"], each["names"], each["messages"]) for each in rooms] == [
            ("Hall", ["BEN"], 2),
            ("X1", [], 1),
        ]
        assert rooms[1]["last_at"] > rooms[0]["last_at"]
        for code in ("hall", "X1"):  # codes are compared without case
            answer = await browser.post("/API/admin/rooms/close", json={"code": code})
            assert (answer.status_code, answer.json()) == (200, [])
        await peers["ben"].wait_closed()
        assert await get(browser, "rooms/show") == []
        answer = await browser.post("/API/admin/rooms/close", json={"code": "X1"})
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown")


async def test_alert_rooms_and_chats_are_counted_and_the_figures_move(tmp_path: Path) -> None:
    async with open_site(tmp_path) as browser:
        url = str(browser.base_url)
        before = await get(browser, "figures")
        assert before["connections"] == []
        assert before["queues"] == {"bytes": 0, "largest_bytes": 0, "waiting": 0}
        peer = await enter(url)
        await peer.call("joined", {"name": "ann", "room": "X1"})
        await peer.emit("no such event")
        await peer.expect("error")
        middle = await get(browser, "figures")
        assert middle["deliveries"] > before["deliveries"]
        phone = await connect(url.replace("http", "ws") + "/chat/ws")
        user = {"name": "Ann", "phone": "+351911"}
        await phone.send(json.dumps({"type": "register", "user": user, "protocol": 2}))
        await phone.recv()
        await phone.send(json.dumps({"type": "create_chat", "name": "team"}))
        await phone.recv()
        assert (await get(browser, "figures"))["deliveries"] > middle["deliveries"]
        stranger = await connect(url.replace("http", "ws") + "/chat/ws")
        # Somebody on long-polling who does not fetch what there is.
        opened = await browser.get("/socket.io/?EIO=4&transport=polling")
        sid = json.loads(opened.text[1:])["sid"]
        await browser.post(f"/socket.io/?EIO=4&transport=polling&sid={sid}", content="40")
        (room,) = await get(browser, "rooms/show")
        assert (room["code"], room["people"], len(room["names"])) == ("X1", 1, 1)
        assert await get(browser, "chats/show") == {
            "chats": 1,
            "users": 1,
            "users_online": 1,
            "connections": 2,
        }
        after = await get(browser, "figures")
        assert after["connections"] == [
            {"transport": "polling", "version": "V4", "open": 1},
            {"transport": "websocket", "version": "V4", "open": 1},
            {"transport": "websocket", "version": "raw", "open": 2},
        ]
        assert after["connections_total"] == 4
        assert after["events"]["succeeded"] == before["events"]["succeeded"] + 3
        assert after["events"]["refused"] == before["events"]["refused"] + 1
        assert after["commits"]["total"] > before["commits"]["total"]
        assert after["commits"]["seconds"] > before["commits"]["seconds"]
        assert after["queues"]["waiting"] == 1
        assert after["queues"]["bytes"] == after["queues"]["largest_bytes"] > 0
        assert after["cpu_seconds"] > before["cpu_seconds"]
        assert after["uptime_s"] > before["uptime_s"]
        assert after["memory_bytes"] > 10_000_000
        for connection in (phone, stranger):
            await connection.close()
        await peer.close()
