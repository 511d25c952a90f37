"""Two nodes in one process: what they tell each other arrives in order, a turn later."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from quad.cluster.events import Events
from quad.cluster.routes import Route
from quad.realtime import Client, Payload, Refused, SocketServer


class Enter(Payload, frozen=True):
    hall: str


class Say(Payload, frozen=True):
    text: str


class Full(Refused):
    code = "full"


ROUTES = {
    "enter": Route("halls", entering=lambda enter: enter.hall),
    **dict.fromkeys(
        ("say", "slow", "ask", "probe", "go", "bug", "blob", "data", "whisper"), Route("halls")
    ),
    "news": Route("news", key="news"),
    "visit": Route("news", key="news"),
    "build": Route("halls", opening=lambda: "green"),
}


class Owners:
    """Who owns what, as the test says."""

    def __init__(self, me: int, homes: dict[str, int | None]) -> None:
        self.me = me
        self.homes = homes
        self.is_suspended = False
        self.coming: set[str] = set()

    def owner(self, key: str) -> int | None:
        return None if key in self.coming else self.homes.get(key)

    def is_coming(self, key: str) -> bool:
        return key in self.coming

    @property
    def has_shards(self) -> bool:
        return self.me in self.homes.values()

    def is_open(self, key: str) -> bool:
        return self.owner(key) == self.me and not self.is_suspended


class Pipes:
    """One node's streams to the others."""

    def __init__(self, me: int, nodes: dict[int, Node]) -> None:
        self.me = me
        self.nodes = nodes
        self.records: deque[tuple[int, bytes]] = deque()
        self.sent = 0
        self.silent_s = 0.0

    def send(self, node: int, record: bytes) -> None:
        self.sent += 1
        self.records.append((node, record))
        asyncio.get_running_loop().call_soon(self._pass_on)

    def silence_s(self, node: int) -> float:
        return self.silent_s

    def _pass_on(self) -> None:
        node, record = self.records.popleft()
        if node in self.nodes:
            self.nodes[node].events.received(self.me, record)


class Node:
    """A server with halls: whoever has entered one hears what is said in it."""

    def __init__(self, me: int, homes: dict[str, int | None], nodes: dict[int, Node]) -> None:
        self.server = SocketServer(refuses_unknown_events=True)
        self.owners = Owners(me, homes)
        self.pipes = Pipes(me, nodes)
        self.events = Events(self.server, self.owners, ROUTES, self.pipes)
        self.seats: dict[Client, str] = {}
        self.heard: list[str] = []
        self.farewells: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.told: list[int] = []
        nodes[me] = self
        self._register()

    @property
    def clients(self) -> list[Client]:
        return list(self.seats)

    def _register(self) -> None:
        for name in (
            "enter",
            "whisper",
            "slow",
            "ask",
            "probe",
            "go",
            "bug",
            "blob",
            "data",
            "news",
            "visit",
            "build",
        ):
            self.server.on(name)(getattr(self, name))
        self.server.on("say", overlap=True)(self.say)
        self.server.on_disconnect(self.farewell)
        self.server.on_refused(self.refused)

    async def enter(self, client: Client, request: Enter) -> str:
        if client in self.seats:
            raise Full("already somewhere")
        await asyncio.sleep(0)
        self.seats[client] = request.hall
        self.server.seat(client, "halls", request.hall)
        client.subscribe(request.hall)
        client.emit("welcome", request.hall)
        return request.hall

    async def say(self, client: Client, request: Say) -> None:
        hall = self._hall(client)
        await asyncio.sleep(0)
        self.heard.append(request.text)
        self.told.append(self.server.publish(hall, "said", request.text))

    def whisper(self, client: Client, request: Say) -> None:
        self.told.append(self.server.publish(self._hall(client), "said", request.text, skip=client))

    async def slow(self, client: Client, request: Say) -> str:
        self.heard.append(f"{request.text} began")
        await self.gates.setdefault(request.text, asyncio.Event()).wait()
        self.heard.append(f"{request.text} ended")
        return "done" if client.is_open else "too late"

    async def ask(self, client: Client, request: Say) -> list[Any]:
        return await client.call("question", request.text, timeout_s=5)

    async def probe(self, client: Client, request: Say) -> bool:
        return await client.is_alive()

    def go(self, client: Client, request: Say) -> None:
        client.emit("last", request.text)
        client.disconnect("sent away")
        client.emit("nothing", request.text)

    def bug(self, client: Client, request: Say) -> None:
        raise RuntimeError(request.text)

    def blob(self, client: Client, data: bytes) -> bytes:
        client.emit("blob", data)
        return data[::-1]

    def data(self, client: Client) -> dict[str, object]:
        return {
            "id": client.id,
            "engine_id": client.engine_id,
            "address": client.address,
            "is_certain": client.has_certain_address,
            "is_of_another_page": client.is_of_another_page,
            "cookie": client.headers.get("cookie"),
            "auth": client.auth,
            "namespace": client.namespace,
        }

    def news(self, client: Client) -> int:
        return self.owners.me

    async def visit(self, client: Client, request: Say) -> None:
        await self.gates.setdefault(request.text, asyncio.Event()).wait()

    def build(self, client: Client) -> int:
        return self.owners.me

    def farewell(self, client: Client, reason: str) -> None:
        if self.seats.pop(client, None) is not None:
            self.farewells.append(reason)

    def refused(self, client: Client, event: str, refusal: Refused) -> None:
        if client in self.seats:
            client.emit("alert", refusal.code)

    def _hall(self, client: Client) -> str:
        hall = self.seats.get(client)
        if hall is None:
            raise Full("nowhere")
        return hall


def make_nodes(**homes: int | None) -> tuple[Node, Node]:
    """Nodes 1 and 2; the halls are at home as is said."""
    nodes: dict[int, Node] = {}
    return Node(1, homes, nodes), Node(2, homes, nodes)
