"""The events of the queue for help."""

from quad.classroom.acknowledging import Acknowledging
from quad.classroom.helping.helping import Helping
from quad.classroom.payloads import InRoom, OfUser
from quad.realtime import Client


class AskForHelp(InRoom, frozen=True, kw_only=True):
    """`help/ask`."""

    task: str | None = None
    note: str | None = None


class PauseHelp(InRoom, frozen=True, kw_only=True):
    """`help/pause`."""

    is_paused: bool


class EndHelp(OfUser, frozen=True, kw_only=True):
    """`help/done`."""

    is_helped: bool


def register(heard: Acknowledging, helping: Helping) -> None:
    """Let the server carry them."""

    @heard.on("help/ask")
    async def ask(client: Client, request: AskForHelp) -> None:
        await helping.ask(client, request.task, request.note, request.room_id)

    @heard.on("help/pause")
    async def pause(client: Client, request: PauseHelp) -> None:
        await helping.pause(client, request.room_id, is_paused=request.is_paused)

    @heard.on("help/cancel")
    async def cancel(client: Client, request: InRoom) -> None:
        await helping.cancel(client, request.room_id)

    @heard.on("help/take")
    async def take(client: Client, request: OfUser) -> None:
        await helping.take(client, request.user_id, request.room_id)

    @heard.on("help/done")
    async def done(client: Client, request: EndHelp) -> None:
        await helping.done(client, request.user_id, request.room_id, is_helped=request.is_helped)
