"""Every event and route of alert, with nobody behind it, somebody else, or a credential of another
system: refused, or no more than what everybody may do.
"""

from typing import Any

import pytest
from itsdangerous import URLSafeTimedSerializer

from quad.alert.sessions import COOKIE
from tests.alert.hall import Hall

SESSION = {"name": "Alice", "room": "R101"}

FORGED = {
    "nothing": "",
    "not signed": "eyJuYW1lIjoiQWxpY2UiLCJyb29tIjoiUjEwMSJ9",
    "signed with another key": URLSafeTimedSerializer("k", salt="quad.alert").dumps(SESSION),
    "a cookie of nearby": URLSafeTimedSerializer("k", salt="quad.nearby").dumps({"id": "ann"}),
    "a token of the classroom": "q" * 43,
    "HTTP Basic of the administrator": "YWRtaW46cGFzc3dvcmQ=",
}


@pytest.mark.parametrize("value", FORGED.values(), ids=FORGED)
async def test_a_cookie_that_is_not_ours_is_nobody(hall: Hall, value: str) -> None:
    cookie = f"{COOKIE}={value}"
    guest = await hall.guest(cookie)
    assert (await guest.call("joined", {}))["code"] == "bad_name"
    assert (await guest.call("text", {"msg": "hi"}))["code"] == "not_in_room"
    assert (await guest.call("left", {}))["code"] == "not_in_room"
    async with hall.browser(Cookie=cookie) as browser:
        for method, path in (("GET", "/v1/room"), ("POST", "/v1/room"), ("POST", "/v1/leave")):
            answer = await browser.request(method, path, data={"msg": "hi"})
            assert (answer.status_code, answer.headers["location"]) == (303, "/v1")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=lambda headers: ": ".join(*headers.items()),
)
async def test_a_page_of_another_site_says_and_changes_nothing(
    hall: Hall, headers: dict[str, str]
) -> None:
    watcher = await hall.member("watcher", "R101")
    async with hall.browser() as browser:
        await browser.post("/v1", data=SESSION)
        for path in ("/v1", "/v1/room", "/v1/rooms/R101/messages"):
            answer = await browser.post(path, data={**SESSION, "msg": "hi"}, headers=headers)
            assert answer.status_code == 403, path
        answer = await browser.post("/v1/leave", headers=headers)
        assert "set-cookie" not in answer.headers
    assert await watcher.take() == []


@pytest.mark.parametrize("event", ["text", "left"])
@pytest.mark.parametrize(
    "payload",
    [
        {"name": "alice", "room": "R101", "headless": True, "msg": "hi"},
        {"name": "alice", "room": "R102", "headless": True, "msg": "hi", "protocol": 2, "key": "k"},
    ],
    ids=["original", "current"],
)
async def test_who_has_not_joined_speaks_for_nobody(
    hall: Hall, event: str, payload: dict[str, Any]
) -> None:
    alice = await hall.member("alice", "R101")
    stranger = await hall.guest()
    assert (await stranger.call(event, payload))["code"] == "not_in_room"
    assert await alice.take() == []


async def test_a_connection_of_one_room_reaches_no_other(hall: Hall) -> None:
    here, there = await hall.member("alice", "R101"), await hall.member("bob", "R102")
    await here.call("text", {"msg": "hi", "room": "R102", "name": "BOB", "headless": True})
    await here.call("left", {"room": "R102", "name": "BOB", "headless": True})
    assert await there.take() == []
    assert hall.connections == 1
