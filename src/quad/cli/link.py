"""A bot's connection to a server: it stays while the block runs, and comes back when it breaks.

The smallest Socket.IO client that a bot needs: Engine.IO 4 over WebSocket, the default namespace,
one event with an acknowledgement.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidURI, WebSocketException

from quad.cli.failures import Failed
from quad.cli.remote import Refusal, Unreachable

_PATIENCE_S = 15.0
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 15.0
_ACK = "0"


class Greeting(NamedTuple):
    """What is said on each new connection: `prove` first, by HTTP, then the event."""

    event: str
    payload: dict[str, Any]
    prove: Callable[[], Awaitable[None]]


@asynccontextmanager
async def linked(url: str, greeting: Greeting) -> AsyncIterator[asyncio.Task[None]]:
    """Be connected, and have said the greeting, from the beginning of the block on.

    Yields the task that keeps the connection; it ends only by failing. Raises Failed.
    """
    address = "ws" + url.removeprefix("http") + "/socket.io/?EIO=4&transport=websocket"
    socket = await _open(address, greeting)
    keeper = asyncio.create_task(_keep(socket, address, greeting))
    try:
        yield keeper
    finally:
        keeper.cancel()
        with suppress(asyncio.CancelledError, Failed):
            await keeper


async def _keep(socket: ClientConnection, address: str, greeting: Greeting) -> None:
    """Answer heartbeats, and connect again whenever the connection is lost."""
    while True:
        try:
            await _answer_pings(socket)
        finally:
            await socket.close()
        print("connection lost, trying again", file=sys.stderr, flush=True)
        socket = await _open_patiently(address, greeting)
        print("connected again", file=sys.stderr, flush=True)


async def _open_patiently(address: str, greeting: Greeting) -> ClientConnection:
    wait_s = _FIRST_WAIT_S
    while True:
        await asyncio.sleep(wait_s)
        try:
            return await _open(address, greeting)
        except Unreachable:
            pass
        except Refusal as refusal:
            if not refusal.may_pass:
                raise
        wait_s = min(2 * wait_s, _LONGEST_WAIT_S)


async def _open(address: str, greeting: Greeting) -> ClientConnection:
    """Raises Failed if the server declines, Unreachable if there is none."""
    # A server that was started again has forgotten who proved what.
    await greeting.prove()
    place = urlsplit(address).netloc
    try:
        async with asyncio.timeout(_PATIENCE_S):
            socket = await connect(address, ping_interval=None)
            try:
                await _greet(socket, greeting)
            except BaseException:
                await socket.close()
                raise
            return socket
    except InvalidURI:
        raise Failed(f"{place} is no address") from None
    except (OSError, WebSocketException, EOFError) as error:
        # TimeoutError is an OSError.
        what = str(error) or "no answer in time"
        raise Unreachable(f"{place} gives no Socket.IO connection: {what}") from None


async def _greet(socket: ClientConnection, greeting: Greeting) -> None:
    await _expect(socket, "0")
    await socket.send("40")
    await _expect(socket, "40")
    await socket.send(f"42{_ACK}{json.dumps([greeting.event, greeting.payload])}")
    answer = json.loads(await _expect(socket, f"43{_ACK}"))
    if answer and isinstance(answer[0], dict) and "code" in answer[0]:
        sentence = str(answer[0].get("message", "")).removeprefix("Error: ")
        raise Failed(f"the server refuses this bot: {sentence}")


async def _expect(socket: ClientConnection, beginning: str) -> str:
    """The rest of the next packet that begins so; whatever else comes is passed over."""
    while True:
        packet = await socket.recv()
        if isinstance(packet, str) and packet.startswith(beginning):
            return packet.removeprefix(beginning)
        if packet == "2":
            await socket.send("3")
        elif packet in ("1", "41") or str(packet).startswith("44"):
            raise EOFError("the server has closed it")


async def _answer_pings(socket: ClientConnection) -> None:
    with suppress(WebSocketException, EOFError):
        # Nothing begins like this: it ends when the connection does.
        await _expect(socket, "\0")
