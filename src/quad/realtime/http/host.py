"""One address: engines by path, other WebSocket endpoints, and an ASGI application for the rest."""

import asyncio
import http
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Protocol

from quad.realtime.errors import HandshakeRefused
from quad.realtime.http.door import Door
from quad.realtime.http.opening import Opening
from quad.realtime.http.polling import Receive, Scope, Send, refusal, serve_polling
from quad.realtime.http.request import Request
from quad.realtime.http.site import HAS_CROSSED, Site, carry, request_of
from quad.realtime.sessions.engine import Engine, shutting_down
from quad.realtime.sessions.probe import Probe

Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# A client costs about 0.2 ms to take in again, so a thousand a second leave room for the rest.
_SPREAD_S = 0.001

# RFC 9110, section 15.5.20. It does not repeat the name: whoever sent it knows it.
_MISDIRECTED = (
    421,
    b"text/plain; charset=utf-8",
    b"This server does not go by the name that was asked for. If it should, its operator sets "
    b"server.public_url or adds the name to server.hosts.\n",
)


class Endpoint(Protocol):
    """A WebSocket protocol that is not Engine.IO, at a path of its own. The host calls it.

    On the loop; it may be at several paths, and is drained and stopped once for all of them.
    """

    def open(self, request: Request, transport: asyncio.Transport) -> None:
        """Take a connection, by way of an `Opening`: from its return on, the transport is its own.

        Raises:
            HandshakeRefused: before anything was written; the host answers with its HTTP status.
        """

    def __len__(self) -> int:
        """How many connections are open."""

    async def drain(self, spread_s: float) -> None:
        """Refuse whoever comes from now on, and close every connection in good order.

        Over `spread_s`; returns when each has been told to go, which may be before it has gone.
        """

    def stop_clocks(self) -> None:
        """Cancel every timer. The last call, after `drain`."""


class Elsewhere(Protocol):
    """What other nodes answer. Never asked about what has crossed from another node already."""

    def node_of(self, scope: Scope) -> int | None:
        """The node that answers a request, or None if this one does. Called once for each.

        The type of the scope is `websocket` for a request to become one, else `http`.
        """

    async def forward(self, node: int, scope: Scope, receive: Receive, send: Send) -> None:
        """Have a node answer a request: an ASGI application."""

    def tunnel(self, node: int, scope: Scope, url: bytes, transport: asyncio.Transport) -> None:
        """Leave a connection to a node, whose host upgrades it. May be called once for each."""

    def __len__(self) -> int:
        """How many of this node's clients wait for an answer, or have a tunnel."""

    async def drain(self, spread_s: float) -> None:
        """End what these have, over `spread_s`: this node ends, and they come to another."""


class Host:
    """Routes what arrives at one address."""

    def __init__(
        self,
        engines: Mapping[str, Engine],
        application: Application | None = None,
        endpoints: Mapping[str, Endpoint] | None = None,
        site: Site | None = None,
        door: Door | None = None,
        vital_paths: frozenset[str] = frozenset(),
        elsewhere: Elsewhere | None = None,
    ) -> None:
        """Paths of engines are taken with and without their last slash.

        `site` knows which pages and proxies to trust; by default none but its own pages. `door`
        counts the connections of an address. `vital_paths` of the application are answered when
        nothing else is. `elsewhere` knows what other nodes answer; without it, nothing.
        """
        self.site = site or Site()
        self.door = door
        self.vital_paths = vital_paths
        self._engines = {path.rstrip("/"): engine for path, engine in engines.items()}
        self._application = application or _not_found
        self._endpoints = endpoints or {}
        self._elsewhere = elsewhere
        self._refuses_newcomers = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: long-polling for the engines, everything else for the application."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        carry(self.site, scope)
        if self._is_foreign(scope):
            await _answer(_MISDIRECTED, send)
        elif self._elsewhere is not None and (node := self._node_of(scope)) is not None:
            await self._elsewhere.forward(node, scope, receive, send)
        else:
            await self._answer_here(scope, receive, send)

    async def _answer_here(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.site.note_lost_upgrade(scope)
        engine = self._engines.get(scope["path"].rstrip("/"))
        if engine is not None:
            await serve_polling(engine, request_of(scope), receive, send)
        elif scope["method"] == "HEAD":
            await _answer_head(self._application, scope, send)
        else:
            await self._application(scope, receive, send)

    def is_engine(self, path: str) -> bool:
        """Whether requests to this path are for an engine."""
        return path.rstrip("/") in self._engines

    def upgrade(self, scope: Scope, url: bytes, transport: asyncio.Transport) -> None:
        """Answer a request to become a WebSocket."""
        path, _, raw_query = url.partition(b"?")
        scope["type"] = "websocket"
        scope["query_string"] = raw_query
        scope["path"] = path.decode("latin-1")
        carry(self.site, scope)
        if self._is_foreign(scope):
            _write_last(transport, last_answer(*_MISDIRECTED, {}))
            return
        if self._refuses(scope):
            _refuse_upgrade(transport, shutting_down())
            return
        if self._elsewhere is not None and (node := self._node_of(scope)) is not None:
            self._elsewhere.tunnel(node, scope, url, transport)
            return
        request = request_of(scope)
        try:
            self._upgrade(request, transport)
        except HandshakeRefused as refused:
            _refuse_upgrade(transport, refused)

    def _is_foreign(self, scope: Scope) -> bool:
        """Whether a request is for a name that is not this server's.

        Whoever asks whether it lives may use any name: load balancers use their own.
        """
        is_vital = scope["path"] in self.vital_paths
        return not is_vital and self.site.foreign_name(scope["headers"]) is not None

    def _node_of(self, scope: Scope) -> int | None:
        """The other node that answers; nobody's question whether *this* one lives goes there."""
        if HAS_CROSSED in scope or scope["path"] in self.vital_paths:
            return None
        assert self._elsewhere is not None
        return self._elsewhere.node_of(scope)

    def _upgrade(self, request: Request, transport: asyncio.Transport) -> None:
        endpoint = self._endpoints.get(request.path)
        if endpoint is not None:
            endpoint.open(request, transport)
            return
        engine = self._engines.get(request.path.rstrip("/"))
        if engine is None:
            raise HandshakeRefused(3, "Not found", 404)
        session = engine.check(request, is_upgrade=True)
        opening = Opening(
            request,
            transport,
            max_message_bytes=engine.options.max_payload_bytes,
            outbox_limit_bytes=engine.options.outbox_limit_bytes,
            compression=engine.options.compression,
        )
        if session is None:
            engine.open_websocket(request, opening.connect)
            return
        probe = Probe(session)
        probe.begin(opening.connect(probe))

    def refuse_newcomers(self, *, is_refusing: bool) -> None:
        """Refuse new sessions and connections as in a drain, or no longer; what is open goes on.

        What comes from other nodes is let in: their clients have been.
        """
        self._refuses_newcomers = is_refusing
        for engine in self._engines.values():
            engine.refuses_newcomers = is_refusing

    def _refuses(self, scope: Scope) -> bool:
        is_ours = HAS_CROSSED not in scope
        return self._refuses_newcomers and is_ours and scope["path"] in self._endpoints

    async def drain(self, longest_s: float) -> None:
        """Close all sessions and connections, spread so that not all come back at once."""
        endpoints = set(self._endpoints.values())
        count = sum(len(engine.sessions) for engine in self._engines.values())
        count += sum(map(len, endpoints))
        count += 0 if self._elsewhere is None else len(self._elsewhere)
        spread_s = min(longest_s, count * _SPREAD_S)
        drains = [engine.drain(spread_s) for engine in self._engines.values()]
        drains += [endpoint.drain(spread_s) for endpoint in endpoints]
        if self._elsewhere is not None:
            drains.append(self._elsewhere.drain(spread_s))
        await asyncio.gather(*drains)

    def stop_clocks(self) -> None:
        """No timer outlives the host."""
        for engine in self._engines.values():
            engine.stop_clocks()
        for endpoint in set(self._endpoints.values()):
            endpoint.stop_clocks()


async def _answer(answer: tuple[int, bytes, bytes], send: Send) -> None:
    status, content_type, body = answer
    headers = [
        (b"content-type", content_type),
        (b"content-length", b"%d" % len(body)),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _answer_head(application: Application, scope: Scope, send: Send) -> None:
    """Answer as GET is answered, without the body (RFC 9110, section 9.3.2): on every route.

    Once the head is sent, the application is told that the client has left: it may stream for ever.
    """
    is_sent = asyncio.Event()
    is_asked = False

    async def receive() -> MutableMapping[str, Any]:
        nonlocal is_asked
        if not is_asked:
            is_asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await is_sent.wait()
        return {"type": "http.disconnect"}

    async def send_head(message: MutableMapping[str, Any]) -> None:
        if not is_sent.is_set():
            await send(message)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            is_sent.set()

    await application({**scope, "method": "GET"}, receive, send_head)


def last_answer(
    status: int,
    content_type: bytes,
    body: bytes,
    headers: Mapping[str, str],
    *,
    is_for_head: bool = False,
) -> bytes:
    """An answer behind which the connection ends; HEAD gets it without the body."""
    head = (
        f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}\r\n"
        f"content-type: {content_type.decode()}\r\n"
        "x-content-type-options: nosniff\r\n"
        + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        + f"content-length: {len(body)}\r\n"
        "connection: close\r\n\r\n"
    )
    return head.encode() if is_for_head else head.encode() + body


def _refuse_upgrade(transport: asyncio.Transport, refused: HandshakeRefused) -> None:
    answer = refusal(refused)
    last = last_answer(answer.status, answer.content_type, answer.body, refused.headers)
    _write_last(transport, last)


def _write_last(transport: asyncio.Transport, answer: bytes) -> None:
    transport.write(answer)
    transport.close()


async def _not_found(scope: Scope, _receive: Receive, send: Send) -> None:
    """The application of a host that has none."""
    if scope["type"] != "http":
        raise RuntimeError("no lifespan here")  # ASGI's way to say so
    start = {"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]}
    await send(start)
    await send({"type": "http.response.body"})
