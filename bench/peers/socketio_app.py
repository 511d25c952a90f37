"""The bench's program on python-socketio: join a room, say to the room, tell the leader."""

import sys
from collections.abc import Awaitable, Callable

import socketio
import uvicorn

server = socketio.AsyncServer(async_mode="asgi", transports=["websocket"])
leader = ""


async def lead(sid: str, _request: object) -> None:
    global leader
    leader = sid
    await server.emit("led", {}, to=sid)


async def join(sid: str, _request: object) -> None:
    await server.enter_room(sid, "room")
    await server.emit("joined", {}, to=sid)


async def say(_sid: str, message: object) -> None:
    await server.emit("said", message, room="room")


async def tell(_sid: str, message: object) -> None:
    await server.emit("told", message, to=leader)


def run(*handlers: Callable[..., Awaitable[None]]) -> None:
    """Serve the program, with these handlers besides or instead."""
    for handler in (lead, join, say, tell, *handlers):
        server.on(handler.__name__, handler)
    uvicorn.run(
        socketio.ASGIApp(server),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        ws_per_message_deflate=False,
        log_level="warning",
        backlog=4096,
    )


if __name__ == "__main__":
    run()
