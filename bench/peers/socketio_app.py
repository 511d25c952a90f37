"""The bench's program on python-socketio and uvicorn: join a room, say to the room, tell the leader."""

import sys
from typing import Any

import socketio
import uvicorn

server = socketio.AsyncServer(async_mode="asgi", transports=["websocket"])
leader = ""


@server.event
async def lead(sid: str, request: Any) -> None:
    global leader
    leader = sid
    await server.emit("led", {}, to=sid)


@server.event
async def join(sid: str, request: Any) -> None:
    await server.enter_room(sid, "room")
    await server.emit("joined", {}, to=sid)


@server.event
async def say(sid: str, message: Any) -> None:
    await server.emit("said", message, room="room")


@server.event
async def tell(sid: str, message: Any) -> None:
    await server.emit("told", message, to=leader)


def main() -> None:
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
    main()
