"""Two or three whole nodes in one process: each has its host, its engine and its port."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import zip_longest
from typing import Any

from quad.bus.memory import Fate, arrives
from quad.cluster.crossing import Crossing
from quad.cluster.places import Places, tag_of
from quad.cluster.requests import Requests
from quad.cluster.tunnels import Tunnels
from quad.realtime import EngineOptions, Host, RawServer, Site, SocketServer, listen
from quad.realtime.http.polling import Scope
from tests.cluster.linking import Network
from tests.protocol.peers import SOCKET, Target
from tests.realtime.serving import target

Application = Callable[[Any, Any, Any], Awaitable[None]]

# Numbers grow with each start of any node, for ever: beyond what a tag can hold.
FIRST = 2**24 + 5


class Node:
    """One of them. What has a key lives on the first."""

    target: Target

    def __init__(
        self,
        number: int,
        network: Network,
        key_of: Callable[[Scope], str | None],
        application: Application | None,
        site: Site | None,
        raw: RawServer | None,
        options: EngineOptions | None,
        per_node: int,
    ) -> None:
        self.number = number
        links = self.links = network.links_of(number)
        self.server = SocketServer(options)
        self.server.engine.sid_prefix = tag_of(number)
        self.home: int | None = FIRST
        self.places = Places(
            number,
            engine_paths=frozenset({SOCKET}),
            key_of=key_of,
            home_of=lambda key: self.home,
        )
        self.requests = Requests(links, per_node=per_node)
        self.tunnels = Tunnels(links)
        crossing = Crossing(self.places, self.requests, self.tunnels)
        self.host = Host(
            {SOCKET: self.server.engine},
            application,
            {"/raw": raw} if raw is not None else None,
            site,
            door=self.server.engine.door,
            elsewhere=crossing,
        )
        crossing.serve(self.host)

    @asynccontextmanager
    async def running(self, drain_s: float) -> AsyncIterator[None]:
        async with listen(self.host, drain_s=drain_s) as url:
            self.target = target(url)
            yield
        self.tunnels.close()
        await self.requests.aclose(0.2)
        await self.server.aclose()


class Cluster:
    """Some nodes, and what connects them."""

    def __init__(self, network: Network, nodes: list[Node]) -> None:
        self.network = network
        self.nodes = nodes
        self.home = nodes[0]
        self.edge = nodes[1]

    def kill(self, node: Node) -> None:
        """The others take a node for dead, and it is silent."""
        self.network.kill(node.number)
        for other in self.nodes:
            if other is not node:
                other.places.remove(node.number)


def _pages(application: Application) -> Application:
    """An application that has no lifespan."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise RuntimeError("no lifespan here")  # ASGI's way to say so
        await application(scope, receive, send)

    return serve


def everything(scope: Scope) -> str | None:
    """All paths of the application, and of raw WebSockets, are about one thing."""
    return "campus"


@asynccontextmanager
async def cluster(
    count: int = 2,
    *,
    key_of: Callable[[Scope], str | None] = everything,
    application: Application | None = None,
    site: Site | None = None,
    raw: RawServer | Sequence[RawServer] | None = None,
    options: EngineOptions | None = None,
    per_node: int = 10_000,
    drain_s: float = 0.1,
    fate: Fate = arrives,
    prepare: Callable[[Node], object] = lambda _: None,
) -> AsyncIterator[Cluster]:
    """`application` and `raw` are the home's; a request that reaches another node's fails.

    Of several `raw`, each node has one. `prepare` is called with each node before it is connected.
    """
    raws = [raw] if isinstance(raw, RawServer) else raw or []
    network = Network(fate)
    nodes = [
        Node(
            number,
            network,
            key_of,
            _pages(application) if application and number == FIRST else None,
            site,
            each,
            options,
            per_node,
        )
        for number, each in zip_longest(range(FIRST, FIRST + count), raws)
    ]
    for node in nodes:
        prepare(node)
        for other in nodes:
            node.places.add(other.number)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(network.aclose)
        for node in nodes:
            await stack.enter_async_context(node.running(drain_s))
        await network.start()
        yield Cluster(network, nodes)


@asynccontextmanager
async def balancer(nodes: list[Node]) -> AsyncIterator[Target]:
    """A port whose connections go to one node after another, request by request for HTTP.

    It closes every connection behind its first request, unless that becomes a WebSocket.
    """
    turns = itertools.cycle(nodes)
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        task.add_done_callback(connections.discard)
        to = next(turns).target
        there, back = await asyncio.open_connection(to.host, to.port)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if b"upgrade: websocket" not in head.lower():
                head = _without_keep_alive(head)
            back.write(head)
            await asyncio.gather(_pump(reader, back), _pump(there, writer))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            for each in (back, writer):
                each.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    try:
        yield Target(host, port)
    finally:
        server.close()
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        await server.wait_closed()


def _without_keep_alive(head: bytes) -> bytes:
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([lines[0], b"Connection: close", *lines[1:]])


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
