"""Alert's events by their wire names, and what they carry.

`text` overlaps: it does one thing that takes time, the commit, and commits keep the order of
calls. So a client with many texts in flight sees them in order, and those that wait share one.
"""

from quad.alert.said import People
from quad.alert.service import AlertService
from quad.alert.sessions import Sessions
from quad.realtime import Client, Payload, SocketServer


class Sender(Payload, frozen=True, kw_only=True):
    """What every event carries. Who has joined is known, so that `name` is of use only then."""

    name: str | None = None
    headless: bool = False


class Join(Sender, frozen=True, kw_only=True):
    """`joined`."""

    room: str | None = None


class Text(Sender, frozen=True, kw_only=True):
    """`text`."""

    msg: str


def register(server: SocketServer, service: AlertService, sessions: Sessions) -> None:
    """Let the server carry alert's events."""

    @server.on("joined")
    async def join(client: Client, request: Join) -> People:
        name, room = request.name, request.room
        if not request.headless and not (name and room):
            session = sessions.of_cookies(client.headers.get("cookie", ""))
            if session is not None:
                name, room = name or session.name, room or session.room
        return People(await service.join(client, name, room))

    @server.on("text", overlap=True)
    async def text(client: Client, request: Text) -> None:
        await service.say(client, request.msg)

    @server.on("left")
    def leave(client: Client, request: Sender) -> None:
        service.leave(client)

    @server.on_disconnect
    def disconnected(client: Client, reason: str) -> None:
        service.dropped(client)
