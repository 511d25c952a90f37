"""Nearby's Socket.IO events by their wire names, and what they carry."""

from typing import Final

from quad.cluster.routes import CAMPUS
from quad.nearby.bots import Bots, Caller
from quad.nearby.buildings import Buildings
from quad.nearby.entrance import Entrance
from quad.nearby.homes import SYSTEM
from quad.nearby.presence import Presence
from quad.nearby.refusals import WrongToken
from quad.realtime import Client, Payload, SocketServer
from quad.refusals import NotAllowed

BUILDINGS: Final = "nearby/buildings"
"""The topic of those who show them."""


class NewClient(Payload, frozen=True, kw_only=True):
    """`new_client`: original pages write `ID`.

    With `buildings` this connection hears `new_buildings`.
    """

    id: str | None = None
    ID: str | None = None
    token: str = ""
    buildings: bool = False


class NewBot(Payload, frozen=True, kw_only=True):
    """`new_bot`: original bots write `ID` as well."""

    id: str | None = None
    ID: str | None = None


def register(
    server: SocketServer,
    entrance: Entrance,
    presence: Presence,
    bots: Bots,
    buildings: Buildings,
) -> None:
    """Let the server carry nearby's events."""
    buildings.on_news = lambda: server.publish(BUILDINGS, "new_buildings")

    @server.on("new_client")
    async def new_client(client: Client, request: NewClient) -> None:
        user_id = request.id if request.id is not None else request.ID
        if user_id is None:
            raise WrongToken
        await entrance.enter(client, user_id, request.token)
        server.seat(client, SYSTEM, CAMPUS)
        if request.buildings and client.is_open:
            client.subscribe(BUILDINGS)

    @server.on("new_bot")
    def new_bot(client: Client, request: NewBot) -> None:
        bot_id = request.id if request.id is not None else request.ID
        if bot_id is None or not bots.is_authenticated(_caller(client), bot_id):
            raise NotAllowed("the bot's password must be shown first, from the same address")
        bots.running.begin(client, bot_id)
        server.seat(client, SYSTEM, CAMPUS)

    @server.on_disconnect
    def disconnected(client: Client, _reason: str) -> None:
        presence.leave(client)
        bots.running.end(client)


def _caller(client: Client) -> Caller:
    is_certain = client.has_certain_address and not client.is_of_another_page
    return Caller(client.address, is_certain)
