"""The events of the library: a teacher's key is all that they need."""

from quad.classroom.acknowledging import Acknowledging
from quad.classroom.library.library import Library, LoadedSet, SavedSet, TaskSet
from quad.classroom.outgoing import NOTHING, Nothing
from quad.realtime import Client, Payload


class SaveSet(Payload, frozen=True, kw_only=True):
    """`sets/save`."""

    teacher: str
    set: TaskSet


class OfSet(Payload, frozen=True, kw_only=True):
    """`sets/load` and `sets/delete`."""

    teacher: str
    id: str


def register(heard: Acknowledging, library: Library) -> None:
    """Let the server carry them."""

    @heard.on("sets/save")
    async def save(client: Client, request: SaveSet) -> SavedSet:
        return await library.save(client, request.teacher, request.set)

    @heard.on("sets/load")
    async def load(client: Client, request: OfSet) -> LoadedSet:
        return await library.load(client, request.teacher, request.id)

    @heard.on("sets/delete")
    async def delete(client: Client, request: OfSet) -> Nothing:
        await library.delete(client, request.teacher, request.id)
        return NOTHING
