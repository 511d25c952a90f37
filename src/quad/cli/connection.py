"""A Socket.IO client's connection to a server, as small as the commands need it.

Engine.IO 4 over WebSocket, the default namespace, JSON events in both directions, with
acknowledgements. A server that falls silent for longer than its own heartbeats allow counts as
gone.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple, Self

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, InvalidURI, ProxyError, WebSocketException

from quad.cli.failures import Failed
from quad.cli.reaching import Unreachable, Way, unreachable, way_to
from quad.wire import socketio
from quad.wire.engineio import Close, Open, Ping, Pong, Text, Version
from quad.wire.engineio import decode_text_packet as decode
from quad.wire.engineio import encode_text_packet as encode
from quad.wire.errors import WireError

_PATIENCE_S = 15.0
_CLOSE_S = 1.0
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 5.0
# A server sends no message of this size; what does is no Quad.
_MESSAGE_LIMIT_BYTES = 64 * 1024 * 1024
_PASSING = frozenset(
    {"rate_limited", "store_unavailable", "unavailable", "internal", "no_free_number"}
)


class ConnectionLost(Exception):
    """The connection ended while an answer was awaited, or before something was sent."""


class Declined(Failed):
    """The server has declined an event; `code` is its stable reason."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.code = str(answer["code"])
        self.sentence = str(answer.get("message", "")).removeprefix("Error: ")
        super().__init__(f"the server refuses: {self.sentence}")

    @property
    def may_pass(self) -> bool:
        """Whether the same may be taken a little later."""
        return self.code in _PASSING


class Event(NamedTuple):
    """What the server says."""

    name: str
    args: list[Any]


class Handshake(msgspec.Struct, frozen=True, rename="camel"):
    """How the server keeps its connections; times in milliseconds."""

    ping_interval: int = 25_000
    ping_timeout: int = 20_000
    max_payload: int = 1_000_000


class Connection:
    """One connection, which has entered the namespace. `connected` makes it."""

    def __init__(self, socket: ClientConnection, handshake: Handshake) -> None:
        self.handshake = handshake
        self._socket = socket
        self._silence_s = (handshake.ping_interval + handshake.ping_timeout) / 1000
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        # None answers what will not be answered any more.
        self._answers: dict[int, asyncio.Future[list[Any] | None]] = {}
        self._next_ack = 0
        self._reader = asyncio.create_task(self._read())

    async def emit(self, event: str, *args: object) -> None:
        """Send an event. Raises ConnectionLost."""
        await self._send(event, args, None)

    async def ask(self, event: str, *args: object) -> list[Any]:
        """Send an event and return what acknowledges it. Raises ConnectionLost, Declined."""
        number, self._next_ack = self._next_ack, self._next_ack + 1
        answer: asyncio.Future[list[Any] | None] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._send(event, args, number)
                values = await answer
        except TimeoutError:
            await self.aclose()
            raise ConnectionLost("no answer in time") from None
        finally:
            self._answers.pop(number, None)
        if values is None:
            raise ConnectionLost("the connection has ended")
        if values and isinstance(values[0], dict) and "code" in values[0]:
            raise Declined(values[0])
        return values

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        """The next event; the iteration ends with the connection."""
        event = await self._events.get()
        if event is None:
            self._events.put_nowait(None)
            raise StopAsyncIteration
        return event

    async def wait_closed(self) -> None:
        """Return when the connection has ended."""
        await asyncio.wait({self._reader})

    async def aclose(self) -> None:
        """End the connection."""
        # Whoever reads must not take it for a server that went away.
        self._reader.cancel()
        await asyncio.wait({self._reader})

    async def _send(self, event: str, args: tuple[object, ...], ack_id: int | None) -> None:
        if self._reader.done():
            raise ConnectionLost("there is no connection")
        text, _ = socketio.encode_event("/", event, args, ack_id)
        try:
            await self._socket.send(encode(Text(text.decode())))
        except (OSError, WebSocketException) as error:
            raise ConnectionLost(str(error)) from None

    async def _read(self) -> None:
        try:
            with suppress(OSError, WebSocketException, WireError, EOFError):
                while True:
                    await self._take(await _receive(self._socket, self._silence_s))
        finally:
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_result(None)
            self._events.put_nowait(None)
            await self._socket.close()

    async def _take(self, packet: socketio.AnyPacket) -> None:
        match packet:
            case socketio.Event(name=name, args=args):
                self._events.put_nowait(Event(name, _values(args)))
            case socketio.Ack(args=args, ack_id=number):
                answer = self._answers.get(number)
                if answer is not None and not answer.done():
                    answer.set_result(_values(args))
            case _:
                """Nothing that concerns somebody who is in already."""


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """Be connected to the server at this address while the block runs.

    Raises Unreachable if there is none, Failed if the address is none.
    """
    connection = await open_connection(url)
    try:
        yield connection
    finally:
        await connection.aclose()


async def open_connection(url: str) -> Connection:
    """Like `connected`, for who closes it in another place."""
    address = "ws" + url.removeprefix("http") + "/socket.io/?EIO=4&transport=websocket"
    way = way_to(url)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            socket = await connect(
                address,
                proxy=way.proxy and way.proxy.url,
                ping_interval=None,
                close_timeout=_CLOSE_S,
                max_size=_MESSAGE_LIMIT_BYTES,
                **_tls(url, way),
            )
            try:
                return Connection(socket, await _enter(socket))
            except BaseException:
                await socket.close()
                raise
    except InvalidURI:
        raise Failed(f"{url} is no address") from None
    except ProxyError as error:
        raise unreachable(url, error, way.proxy) from None
    except (WebSocketException, WireError, EOFError) as error:
        raise _no_quad(url, error) from None
    except OSError as error:  # TimeoutError is one
        raise unreachable(url, error, way.proxy) from None


def _tls(url: str, way: Way) -> dict[str, Any]:
    over_tls = {} if not url.startswith("https:") else {"ssl": way.trust}
    if way.proxy is not None and way.proxy.url.startswith("https:"):
        over_tls["proxy_ssl"] = way.trust
    return over_tls


def _no_quad(url: str, error: Exception) -> Failed:
    """Somebody answers; what may pass is a server that is starting, or a proxy without one."""
    status = error.response.status_code if isinstance(error, InvalidStatus) else 0
    if status >= 500 or status == 429:
        return Unreachable(url, f"it answers that it cannot be used now (HTTP {status})")
    told = f"HTTP {status}" if status else str(error) or "it ended the connection"
    return Unreachable(
        url,
        f"something answers there, but not as a Quad server does ({told}); is the address right?",
    )


def waits() -> Iterator[float]:
    """How many seconds to wait before each attempt to connect again.

    Spread, so that the clients of a server that returns do not all come in one instant.
    """
    step_s = _FIRST_WAIT_S
    while True:
        yield step_s * random.uniform(0.5, 1)
        step_s = min(2 * step_s, _LONGEST_WAIT_S)


async def _enter(socket: ClientConnection) -> Handshake:
    opened = decode(str(await socket.recv()), Version.V4)
    if not isinstance(opened, Open):
        raise EOFError("it does not speak Engine.IO")
    await socket.send(encode(Text(socketio.encode(socketio.Connect("/")))))
    while not isinstance(await _receive(socket, _PATIENCE_S), socketio.Connect):
        """Nothing else concerns somebody who is not in yet."""
    try:
        return msgspec.json.decode(opened.data, type=Handshake)
    except msgspec.DecodeError:
        raise EOFError("it does not speak Engine.IO") from None


async def _receive(socket: ClientConnection, silence_s: float) -> socketio.AnyPacket:
    """The next packet of Socket.IO.

    Raises EOFError when the server ends it, TimeoutError when it says nothing at all for so long.
    """
    while True:
        # Any packet is a sign of life, heartbeats above all: of Socket.IO there may be none for
        # hours.
        async with asyncio.timeout(silence_s):
            text = await socket.recv()
        packet = decode(text, Version.V4) if isinstance(text, str) else None
        match packet:
            case Ping(data):
                await socket.send(encode(Pong(data)))
            case Close():
                raise EOFError("the server has closed it")
            case Text(data):
                inner = socketio.decode(data)
                if isinstance(inner, socketio.Disconnect | socketio.ConnectError):
                    raise EOFError("the server has closed it")
                return inner
            case _:
                """Attachments and the like, which these commands have no use for."""


def _values(args: list[msgspec.Raw]) -> list[Any]:
    return [msgspec.json.decode(value) for value in args]
