"""Whole HTTP requests that cross to another node and back: one lane each.

    edge:  OPEN(scope), the body    ─▶  home: its own ASGI application, as if it had come in there
    edge:  the client's connection  ◀─  START(status, headers), the body

An edge that loses its client says GONE, and the application hears of a disconnect; else it says
TAKEN when the answer is written, for whoever must not lose one. A home whose application fails
halfway says CUT, and the client's connection is cut.
"""

import asyncio
import logging
from collections.abc import Iterable, MutableMapping
from typing import Any, Final

import msgspec

from quad.bus.links import Channel, Links
from quad.cluster.changes import SAFE
from quad.cluster.lanes import Kind, Lane, Lanes
from quad.cluster.scopes import decode_scope, encode_scope, expects_continue, has_body
from quad.http import Refusal
from quad.realtime.ending import Work, close_spread
from quad.realtime.http.host import Application
from quad.realtime.http.polling import Receive, Scope, Send
from quad.realtime.http.site import CUT, IS_DELIVERED, IS_GONE
from quad.refusals import Unavailable

log = logging.getLogger("quad.cluster")

# Streams and waiting polls are requests as well, and an idle one costs a few kilobytes.
_REQUESTS_PER_NODE = 10_000

_AWAY = Unavailable()
UNAVAILABLE: Final = msgspec.json.encode(Refusal(str(_AWAY), _AWAY.code))
"""What is said where nobody can answer; HTTP says it with 503 and Retry-After."""

_IN_DOUBT: Final = msgspec.json.encode(
    Refusal(
        "The part of the server that was asked is gone, nobody knows whether this was done: look "
        "before you try again!",
        "in_doubt",
    )
)
_BUG = b"Internal Server Error"

Message = MutableMapping[str, Any]


class BrokenOff(Exception):
    """Half an answer has come, and there will be no more of it."""


class Requests:
    """Forwards requests to other nodes, and answers theirs."""

    def __init__(self, links: Links, *, per_node: int = _REQUESTS_PER_NODE) -> None:
        """At most `per_node` requests are under way to a node; more get 503."""
        self._lanes = Lanes(links, Channel.HTTP, self._opened)
        self._per_node = per_node
        self._application: Application | None = None
        self._work = Work(log)

    def serve(self, application: Application) -> None:
        """Answer what other nodes forward; its scope has `HAS_CROSSED`. Before: 503."""
        self._application = application

    async def forward(self, node: int, scope: Scope, receive: Receive, send: Send) -> None:
        """Have a node answer a request: an ASGI application.

        The answer is 503 if the node is lost, or has too much to do; without Retry-After if
        something may have been changed. If it is lost when half of the answer is sent, the
        connection is cut. Raises BrokenOff if the scope does not say how.
        """
        if self._lanes.count(node) >= self._per_node or self._lanes.room.is_full(node):
            await refuse(send)
            return
        if await _Forwarded(self._lanes, node, scope).run(receive, send):
            return
        if CUT not in scope:
            raise BrokenOff
        scope[CUT]()
        await _until_gone(receive)

    def __len__(self) -> int:
        """How many requests of our clients wait for other nodes, or are being answered."""
        return len(self._forwarded())

    async def drain(self, spread_s: float) -> None:
        """Break off those that wait for other nodes now, in random order over `spread_s`.

        What has an answer by then has it; polls and streams would wait for ever.
        """
        await close_spread(self._forwarded(), _Forwarded.lost, spread_s)

    async def aclose(self, grace_s: float = 1.0) -> None:
        """Begin no answer for other nodes any more, and end all that are under way.

        Those that take longer than `grace_s` are cancelled, and their clients told; at last, what
        waits here for the answer of another node is.
        """
        self._application = None
        await self._work.finish(grace_s)
        self._lanes.close()

    def _forwarded(self) -> list["_Forwarded"]:
        return [user for user in self._lanes.users() if isinstance(user, _Forwarded)]

    def _opened(self, lane: Lane, data: bytes) -> None:
        if self._application is None:
            lane.say(Kind.CUT)
            lane.end()
            return
        scope, _ = decode_scope(data)
        served = _Served(lane, scope)
        lane.user = served
        self._work.own(served.run(self._application, scope))


async def refuse(send: Send) -> None:
    """Answer that nobody can answer: nothing was changed."""
    await _answer_503(send, UNAVAILABLE, (b"retry-after", b"1"))


async def _answer_503(send: Send, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    head = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        *headers,
    ]
    await send({"type": "http.response.start", "status": 503, "headers": head})
    await send({"type": "http.response.body", "body": body})


class _Forwarded:
    """The edge's end: a request of one of our clients."""

    def __init__(self, lanes: Lanes, node: int, scope: Scope) -> None:
        self._scope = scope
        self._answer: list[Message] = []
        self._has_started = False
        self._is_broken = False
        self._has_left = False
        self._news = asyncio.Event()
        self._is_wanted = asyncio.Event()
        self._is_sent = asyncio.Event()
        if not expects_continue(scope):
            self._is_wanted.set()
        self._lane = lanes.open(node, encode_scope(scope), self)

    async def run(self, receive: Receive, send: Send) -> bool:
        """Pass everything on both ways; whether the client has a whole answer, or left."""
        reading = asyncio.ensure_future(self._send_body(receive))
        try:
            return await self._pass_on(send)
        finally:
            reading.cancel()
            # The lane ends with the last piece, or is lost; anything else is the client's doing.
            self._lane.say(Kind.GONE)
            self._lane.end()

    # What the other node says

    def received(self, kind: Kind, data: bytes) -> None:
        """A part of the answer, for the client."""
        match kind:
            case Kind.START:
                status, headers = msgspec.msgpack.decode(data, type=tuple[int, _Headers])
                start = {"type": "http.response.start", "status": status, "headers": headers}
                self._answer.append(start)
            case Kind.DATA | Kind.LAST:
                is_more = kind is Kind.DATA
                body = {"type": "http.response.body", "body": data, "more_body": is_more}
                self._answer.append(body)
            case Kind.CONTINUE:
                self._is_wanted.set()
                return
            case _:
                self._is_broken = True
        self._news.set()

    def written(self) -> None:
        """More of the body may be read."""
        if not self._lane.unsent_bytes:
            self._is_sent.set()

    def lost(self) -> None:
        """The answer ends here."""
        self._is_broken = True
        self._news.set()

    # What the client's connection says

    async def _send_body(self, receive: Receive) -> None:
        await self._is_wanted.wait()
        is_body = has_body(self._scope)
        while (message := await receive())["type"] == "http.request":
            if is_body:
                is_body = message.get("more_body", False)
                await self._send_piece(message.get("body", b""), is_last=not is_body)
        self._has_left = True
        self._news.set()

    async def _send_piece(self, body: bytes, *, is_last: bool) -> None:
        self._is_sent.clear()
        self._lane.write(body, Kind.LAST if is_last else Kind.DATA)
        if self._lane.unsent_bytes:
            await self._is_sent.wait()

    async def _pass_on(self, send: Send) -> bool:
        while True:
            await self._news.wait()
            self._news.clear()
            answer, self._answer = self._answer, []
            for message in answer:
                if self._is_client_gone():
                    return True
                await self._send(message, send)
                if message.get("more_body") is False:
                    self._lane.say(Kind.TAKEN)
                    self._lane.end()
                    return True
            if self._is_client_gone():
                return True
            if self._is_broken:
                return await self._say_broken(send)

    async def _send(self, message: Message, send: Send) -> None:
        self._has_started = True
        await send(message)
        self._lane.have_read(len(message.get("body", b"")))

    async def _say_broken(self, send: Send) -> bool:
        if self._has_started:
            return False
        if self._scope["method"] in SAFE:
            await refuse(send)
        else:
            await _answer_503(send, _IN_DOUBT)
        return True

    def _is_client_gone(self) -> bool:
        return self._has_left or self._scope.get(IS_GONE, _never)()


class _Served:
    """The home's end: a request of a client of another node."""

    def __init__(self, lane: Lane, scope: Scope) -> None:
        self._lane = lane
        self._body: list[Message] = []
        self._has_left = False
        self._has_started = False
        self._is_complete = False
        self._is_unasked = expects_continue(scope)
        self._news = asyncio.Event()
        self._is_sent = asyncio.Event()
        self._taken = asyncio.Event()
        scope[IS_GONE] = self._is_gone  # so it is not kept here: the two would keep each other
        scope[IS_DELIVERED] = self._is_delivered
        if not has_body(scope):
            self.received(Kind.LAST, b"")

    async def run(self, application: Application, scope: Scope) -> None:
        """Have the application answer, and see to it that the edge learns how it ended."""
        try:
            await application(scope, self._receive, self._send)
            if not self._is_complete and not self._has_left:
                log.error("an application ended without a whole answer to another node")
            await self._explain_bug()
        except Exception:
            log.exception("an application failed that answered another node")
            await self._explain_bug()
        finally:
            self._finish()

    # What the other node says

    def received(self, kind: Kind, data: bytes) -> None:
        """A part of the body, or the client has left."""
        if kind is Kind.TAKEN:
            self._taken.set()
            return
        if kind is Kind.GONE:
            self.lost()
            return
        is_more = kind is Kind.DATA
        self._body.append({"type": "http.request", "body": data, "more_body": is_more})
        self._news.set()

    def written(self) -> None:
        """The application may write more."""
        if not self._lane.unsent_bytes:
            self._is_sent.set()

    def lost(self) -> None:
        """Nobody waits for the answer any more."""
        self._has_left = True
        self._news.set()
        self._is_sent.set()
        self._taken.set()

    # What the application says

    async def _receive(self) -> Message:
        if self._is_unasked:
            self._is_unasked = False
            self._lane.say(Kind.CONTINUE)
        await self._news.wait()
        # As the server does it: the news that the client has left overtakes what it had sent.
        if self._is_gone():
            return {"type": "http.disconnect"}
        message = self._body.pop(0)
        if not self._body:
            self._news.clear()
        self._lane.have_read(len(message["body"]))
        return message

    async def _send(self, message: Message) -> None:
        if self._has_left:
            return
        if message["type"] == "http.response.start":
            self._start(message["status"], message.get("headers", ()))
            return
        if not self._has_started or self._is_complete:
            raise RuntimeError(f"a message out of place: {message['type']}")
        self._is_complete = not message.get("more_body", False)
        self._is_sent.clear()
        self._lane.write(message.get("body", b""), Kind.LAST if self._is_complete else Kind.DATA)
        if self._is_complete:
            self._news.set()
        if self._lane.unsent_bytes:
            await self._is_sent.wait()

    def _start(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        if self._has_started:
            raise RuntimeError("a second head of one answer")
        self._has_started = True
        head = (status, [(bytes(name), bytes(value)) for name, value in headers])
        self._lane.say(Kind.START, msgspec.msgpack.encode(head))

    async def _explain_bug(self) -> None:
        """Where nothing is sent yet, answer as the server itself does."""
        if not self._has_started:
            headers = [
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"content-length", b"%d" % len(_BUG)),
                (b"connection", b"close"),
            ]
            await self._send({"type": "http.response.start", "status": 500, "headers": headers})
            await self._send({"type": "http.response.body", "body": _BUG})

    def _is_gone(self) -> bool:
        return self._has_left or self._is_complete

    async def _is_delivered(self) -> bool:
        await self._taken.wait()
        return not self._has_left

    def _finish(self) -> None:
        if not self._is_complete or self._lane.unsent_bytes:
            self._lane.say(Kind.CUT)
        self._lane.end()


_Headers = list[tuple[bytes, bytes]]


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _never() -> bool:
    return False
