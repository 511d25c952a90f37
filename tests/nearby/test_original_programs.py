"""The original programs' way of asking: requests, and socketIO-client 0.7.2 of 2016."""

import asyncio
import json
from typing import Any

import requests

from tests.clients.real import LEGACY_PYTHON, real_client
from tests.nearby.campus import ADMIN, TOWER, Campus
from tests.patience import patience


async def get(url: str) -> Any:
    answer = await asyncio.to_thread(requests.get, url, timeout=patience(10))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def post(url: str, body: object) -> Any:
    """The original programs name no content type."""
    data = json.dumps(body)
    answer = await asyncio.to_thread(requests.post, url, data=data, timeout=patience(10))
    assert answer.status_code == 200, answer.text
    return answer.json()


def with_credentials(campus: Campus) -> str:
    """What the administrator writes into the configuration of the original program."""
    return campus.url.replace("://", "://{}:{}@".format(*ADMIN).replace(" ", "%20"))


async def test_the_administrators_program_loads_buildings_and_looks_after_bots(
    campus: Campus,
) -> None:
    api = f"{with_credentials(campus)}/API/admin"
    spaces = [{"id": "3", "name": "Canteen", "latitude": 38.736, "longitude": -9.138, "range": 30}]
    for space in spaces:
        plan = {**space, "radious": space.pop("range")}
        assert await post(f"{api}/buildings/add", plan) == []
    assert {"id": "3", "name": "Canteen"} in await get(f"{api}/buildings/show")
    await post(f"{campus.url}/API/bot/register", {"id": "menu", "b_id": "3"})
    assert await get(f"{api}/bots/show/auth/0") == [{"id": "menu"}]
    assert await post(f"{api}/bots/update/auth", {"id": "menu", "state": True}) == []
    assert await get(f"{api}/bots/show/auth/1") == [{"id": "menu"}]
    await campus.page("ana")
    await campus.move("ana", TOWER.position)
    assert await get(f"{api}/users/show") == [{"id": "ana"}]
    assert [each["id"] for each in await get(f"{api}/users/show/online")] == ["ana"]
    assert await get(f"{api}/users/show/building/1") == [{"id": "ana"}]
    (line, *_) = await get(f"{api}/logs/show/user/ana")
    assert set(line) == {"timestamp", "message"}
    assert await get(f"{api}/logs/show/building/1") == []


async def test_the_bots_program_registers_waits_runs_and_is_heard(campus: Campus) -> None:
    api = f"{campus.url}/API/bot"
    ana = await campus.page("ana")
    await campus.move("ana", TOWER.position)
    assert (await get(f"{api}/check/menu"))["new"] == 1
    buildings = await get(f"{api}/show/buildings")
    assert {"id": "1", "name": "Tower"} in buildings
    password = (await post(f"{api}/register", {"id": "menu", "b_id": "1"}))["pass"]
    assert (await get(f"{api}/check/menu"))["auth"] == 0
    await campus.nearby.bots.authorise("menu", is_authorised=True)
    assert (await get(f"{api}/check/menu"))["available"] == 1
    assert await post(f"{api}/auth", {"id": "menu", "pass": "AbCdEf"}) == {"auth": 0}
    assert await post(f"{api}/auth", {"id": "menu", "pass": password}) == {"auth": 1}
    async with real_client(LEGACY_PYTHON) as socket:
        await socket.connect(campus.url, "polling")
        await socket.emit("new_bot", {"id": "menu"})
        await campus.until(lambda: campus.nearby.bots.check("menu").available == 0)
        for text in ("Lunch", "More lunch"):
            state = await post(f"{api}/message", {"id": "menu", "message": text})
            assert state == {"available": 0, "state": "Bot currently running."}
        await socket.close()
        await campus.until(lambda: campus.nearby.bots.check("menu").available == 1)
    assert await ana.texts() == ["Lunch", "More lunch"]
