"""Nearby with real clients of every generation, as its page and its bots use them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.clients.conftest import Quad
from tests.clients.real import (
    JS1,
    JS2,
    JS3,
    JS4,
    LEGACY_PYTHON,
    Library,
    RealClient,
    connected_client,
)

pytestmark = pytest.mark.node

ADMIN = ("admin", "let me in")
TOWER = {"id": "1", "name": "Tower", "latitude": 38.737, "longitude": -9.139, "radious": 60}
# What the page sends is the text of its input fields.
INSIDE = {"latitude": "38.73701", "longitude": "-9.13901"}
OUTSIDE = {"latitude": "38.75", "longitude": "-9.139"}


@pytest.fixture(autouse=True)
def administrator(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server of the test knows this password."""
    monkeypatch.setenv("QUAD_ADMIN_PASSWORD", ADMIN[1])


class Page:
    """The page in a browser: a session of its own, and one connection."""

    def __init__(self, id: str, token: str, http: httpx.AsyncClient, client: RealClient) -> None:
        self.id = id
        self.client = client
        self._token = token
        self._http = http

    async def post(self, path: str, **values: Any) -> httpx.Response:
        """As the page does it: the text of a list that holds the object."""
        body = json.dumps([{"id": self.id, "token": self._token, **values}])
        answer = await self._http.post(f"/API/user/{path}", content=body)
        assert answer.status_code == 200, answer.text
        return answer

    async def enter(self) -> None:
        await self.client.call("new_client", {"ID": self.id, "token": self._token})

    async def receive(self) -> list[dict[str, str]]:
        """What the page does when it hears that it has messages."""
        assert await self.client.expect("new_message") == [self.id]
        answer = await self.post("message/receive", socket_id=self.client.engine_id)
        return [json.loads(text) for text in answer.json()]


@asynccontextmanager
async def open_page(quad: Quad, library: Library, id: str) -> AsyncIterator[Page]:
    """Log in as a guest, and be online."""
    async with httpx.AsyncClient(base_url=quad.url) as http:
        entered = await http.post("/nearby", data={"name": id})
        assert entered.status_code == 303, entered.text
        async with connected_client(library, quad.url, label=id) as client:
            page = Page(id, http.cookies["quad_nearby"], http, client)
            await page.enter()
            yield page


@pytest.mark.parametrize(
    ("first", "second"), [(JS1, JS4), (JS2, JS3), (JS4, JS1)], ids=lambda each: each.name
)
async def test_pages_of_any_generation_meet_in_a_building(
    quad: Quad, first: Library, second: Library
) -> None:
    async with httpx.AsyncClient(base_url=quad.url, auth=ADMIN) as admin:
        assert (await admin.post("/API/admin/buildings/add", json=[TOWER])).json() == []
    async with open_page(quad, first, "ana") as ana, open_page(quad, second, "bob") as bob:
        outside = await ana.post("update/coordinates", **OUTSIDE)
        assert outside.text == "Out of registered facilities"
        assert (await bob.post("update/coordinates", **INSIDE)).text == "Tower"
        ana.client.forget()
        bob.client.forget()
        assert (await ana.post("update/coordinates", **INSIDE)).text == "Tower"
        # The event has no payload.
        assert await bob.client.expect_args("new_movement") == []
        assert (await bob.post("show/building")).json() == [{"id": "ana"}]
        near = await bob.post("show/range", **INSIDE, radious="10")
        assert near.json() == ["ana"]
        assert (await ana.post("message/send", users="bob\n", message="olá 😀")).text == ""
        (message,) = await bob.receive()
        assert (message["id"], message["message"]) == ("ana", "olá 😀")
        assert ana.client.unread("new_message") == []
        # The server is killed; what was not fetched comes after it.
        await ana.post("message/send", users=["bob"], message="still there?")
        await bob.client.expect("new_message")
        before = ana.client.connects, bob.client.connects
        quad.kill()
        quad.start()
        await ana.client.until_reconnected(before[0])
        await bob.client.until_reconnected(before[1])
        await ana.enter()
        await bob.enter()
        assert [each["message"] for each in await bob.receive()] == ["still there?"]
        assert (await ana.post("show/building")).json() == [{"id": "bob"}]


async def test_a_bot_of_the_original_library_tells_a_building(quad: Quad) -> None:
    async with httpx.AsyncClient(base_url=quad.url) as http:
        building = await http.post("/API/admin/buildings/add", json=TOWER, auth=ADMIN)
        assert building.status_code == 200
        registration = {"id": "bot", "b_id": "1"}
        password = (await http.post("/API/bot/register", json=registration)).json()["pass"]
        allowed = {"id": "bot", "state": True}
        await http.post("/API/admin/bots/update/auth", json=allowed, auth=ADMIN)
        proof = {"id": "bot", "pass": password}
        assert (await http.post("/API/bot/auth", json=proof)).json() == {"auth": 1}
        async with (
            open_page(quad, JS1, "ana") as ana,
            connected_client(LEGACY_PYTHON, quad.url, "polling") as bot,
        ):
            await ana.post("update/coordinates", **INSIDE)
            await bot.call("new_bot", {"id": "bot"})
            notice = {"id": "bot", "message": "Fire drill at noon"}
            answer = await http.post("/API/bot/message", json=notice)
            assert answer.json() == {"available": 0, "state": "Bot currently running."}
            (message,) = await ana.receive()
            assert (message["id"], message["message"]) == ("bot", "Fire drill at noon")
            log = await http.get("/API/admin/logs/show/building/1", auth=ADMIN)
            (line,) = log.json()
            assert (line["bot_id"], line["message"]) == ("bot", "Fire drill at noon")
