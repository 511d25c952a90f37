"""Alert's events by their wire names, and what they carry.

`text` overlaps: it does one thing that takes time, the commit, and commits keep the order of
calls. So a client with many texts in flight sees them in order, and those that wait share one.
"""

from typing import Any, Final

from quad.alert.outgoing import Accepted, People
from quad.alert.service import AlertService
from quad.alert.sessions import Sessions
from quad.realtime import Client, Payload, SocketServer

_CURRENT: Final = 2


class Sender(Payload, frozen=True, kw_only=True):
    """What every event carries. Who has joined is known, so that `name` is of use only then.

    `headless` is whatever a program takes for true: the original looks only whether it is there.
    """

    name: str | None = None
    headless: Any = False


class Join(Sender, frozen=True, kw_only=True):
    """`joined`. Clients that say `protocol` 2, or more, are current ones."""

    room: str | None = None
    protocol: int | None = None


class Text(Sender, frozen=True, kw_only=True):
    """`text`. Protocol 2: a message that is sent again with the same `key` is the same one."""

    msg: str
    key: str | None = None


def register(server: SocketServer, service: AlertService, sessions: Sessions) -> None:
    """Let the server carry alert's events."""

    @server.on("joined")
    async def join(client: Client, request: Join) -> People:
        name, room = request.name, request.room
        if not request.headless and not (name and room):
            session = sessions.of_cookies(client.headers.get("cookie", ""))
            if session is not None:
                name, room = name or session.name, room or session.room
        is_current = request.protocol is not None and request.protocol >= _CURRENT
        return await service.join(client, name, room, is_current=is_current)

    @server.on("text", overlap=True)
    async def text(client: Client, request: Text) -> Accepted | None:
        return await service.say(client, request.msg, request.key)

    @server.on("left")
    def leave(client: Client, _request: Sender) -> None:
        service.leave(client)

    @server.on_disconnect
    def disconnected(client: Client, reason: str) -> None:
        service.dropped(client, reason)
