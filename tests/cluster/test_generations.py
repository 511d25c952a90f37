"""Older nodes let nobody in while a newer one serves."""

import asyncio
import json
from collections.abc import Callable

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from quad.cluster.generations import Generations
from quad.cluster.table import NodeInfo
from tests.classroom.school import enter
from tests.cluster.servers import Site
from tests.cluster.test_questions import make
from tests.patience import patience

HANDSHAKE = "/socket.io/?EIO=4&transport=polling"


def node(number: int, generation: int) -> NodeInfo:
    return NodeInfo(number, f"n{number}", generation, "alive")


class Cluster:
    """Three nodes, of the generations 1, 1 and 2; each serves if its number is in `serving`."""

    def __init__(self) -> None:
        self.nodes = {number: node(number, generation) for number, generation in GENERATIONS}
        self.serving: set[int] = set()
        self.questions = make(*self.nodes)
        self.generations = {
            number: Generations(
                generation, lambda: self.nodes, self.questions[number], self._serves(number)
            )
            for number, generation in GENERATIONS
        }

    def _serves(self, number: int) -> Callable[[], bool]:
        return lambda: number in self.serving

    async def outdated(self) -> list[int]:
        for generations in self.generations.values():
            await generations.look()
        return [number for number, each in self.generations.items() if each.is_outdated]


GENERATIONS = ((1, 1), (2, 1), (3, 2))


async def test_who_is_older_than_one_that_serves_is_outdated() -> None:
    cluster = Cluster()
    assert await cluster.outdated() == []
    cluster.serving |= {1, 2}
    assert await cluster.outdated() == []
    cluster.serving.add(3)
    assert await cluster.outdated() == [1, 2]
    cluster.serving.remove(3)
    assert await cluster.outdated() == []


async def test_one_that_does_not_answer_is_what_it_was_until_it_is_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("quad.cluster.generations._PATIENCE_S", 0.01)
    cluster = Cluster()
    silent = cluster.questions.pop(3)
    assert await cluster.outdated() == []
    cluster.questions[3] = silent
    cluster.serving.add(3)
    assert await cluster.outdated() == [1, 2]
    del cluster.questions[3]
    assert await cluster.outdated() == [1, 2]
    del cluster.nodes[3]
    assert await cluster.outdated() == []


async def drain_of(site: Site, name: str) -> tuple[int, str]:
    answer = await site.administrators[name].get("/ready")
    return answer.status_code, answer.json()["drain"]


async def until_ready(site: Site, name: str, status: int) -> None:
    async with asyncio.timeout(patience(10)):
        while (await drain_of(site, name))[0] != status:
            await asyncio.sleep(0.05)


async def refusals(site: Site, name: str) -> list[int]:
    """What whoever comes anew is told: by polling, by a WebSocket, by the chat's."""
    url = site.urls[name]
    codes = [(await site.administrators[name].get(HANDSHAKE)).status_code]
    websocket = url.replace("http", "ws")
    for path in (HANDSHAKE.replace("polling", "websocket"), "/chat/ws", "/"):
        try:
            async with connect(websocket + path):
                codes.append(101)
        except InvalidStatus as refused:
            codes.append(refused.response.status_code)
    return codes


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_a_newer_node_takes_all_who_come_and_those_who_are_there_stay(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    await site.start("old", generation=1)
    peer = await enter(site.urls["old"])
    await peer.emit("room/create", {"name": "Ada"})
    room = await peer.expect("room/update")
    polling = await site.administrators["old"].get(HANDSHAKE)
    sid = json.loads(polling.text[1:])["sid"]
    assert await refusals(site, "old") == [200, 101, 101, 101]

    await site.start("new", generation=2)
    await until_ready(site, "old", 503)
    _, why = await drain_of(site, "old")
    assert "newer generation" in why
    assert await drain_of(site, "new") == (200, "ok")
    assert await refusals(site, "old") == [503, 503, 503, 503]
    # The chat is at home at the old one still.
    await until_all_know_states(site, {"old": "draining", "new": "serving"})
    assert await refusals(site, "new") == [200, 101, 101, 101]
    entered = await site.administrators["old"].post(f"{HANDSHAKE}&sid={sid}", content="40")
    assert entered.status_code == 200
    await peer.emit("settings", {"sharing_enabled": True})
    student = await enter(site.urls["new"])
    await student.emit("room/join", {"room_id": room["id"], "name": "Bob"})
    await student.expect("room/join")
    await peer.expect("room/update")
    pages = httpx.AsyncClient(base_url=site.urls["old"])
    assert (await pages.get("/classroom")).status_code == 200
    assert caplog.text.count("of a newer generation than 1 serve:") == 1
    await pages.aclose()
    await student.close()

    await site.stop("new")
    await until_ready(site, "old", 200)
    assert await refusals(site, "old") == [200, 101, 101, 101]
    await peer.close()


async def until_all_know_states(site: Site, states: dict[str, str]) -> None:
    async with asyncio.timeout(patience(10)):
        for name in site.urls:
            while {
                each["name"]: each["state"] for each in (await site.figures(name))["nodes"]
            } != states:
                await asyncio.sleep(0.05)
