"""An alert room as one writes it with Flask-SocketIO: nothing is kept, nothing is checked."""

import sys
from typing import Any

from flask import Flask, request
from flask_socketio import SocketIO, emit, join_room, leave_room

app = Flask(__name__)
server = SocketIO(app, async_mode="eventlet")
seats: dict[str, tuple[str, str]] = {}


def sid() -> str:
    return str(request.sid)  # type: ignore[attr-defined]


@server.on("joined")  # type: ignore[untyped-decorator]
def joined(message: dict[str, Any]) -> None:
    name, room = seats[sid()] = (message["name"].upper(), message["room"])
    join_room(room)
    emit("status", {"msg": f"{name} has joined the chat!"}, room=room)


@server.on("text")  # type: ignore[untyped-decorator]
def text(message: dict[str, Any]) -> None:
    name, room = seats[sid()]
    emit("message", {"msg": f"{name}: {message['msg']}"}, room=room)


@server.on("left")  # type: ignore[untyped-decorator]
def left(_message: dict[str, Any]) -> None:
    name, room = seats.pop(sid())
    leave_room(room)
    emit("status", {"msg": f"{name} has left the chat :("}, room=room)


if __name__ == "__main__":
    server.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_output=False)
