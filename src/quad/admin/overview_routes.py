"""What the administrator sees of classes and of the whole server, under `/API/admin`."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Router, get, post
from litestar.params import JSONBody
from litestar.types import Guard
from msgspec import Struct

from quad.addresses import parse
from quad.admin.classes import Classes
from quad.admin.day import Day
from quad.admin.figures import EventFigures, Figures
from quad.admin.nodes import AllFigures
from quad.admin.routes import Limit, Offset, make_router
from quad.classroom.entering.keys import ClassKey
from quad.classroom.entering.leaving import ClassHandedOver
from quad.classroom.overview import ClassPage
from quad.classroom.refusals import RoomNotFound
from quad.http import AnyRequest
from quad.realtime import request_of
from quad.refusals import BadInput, Unknown


class ClassToClose(Struct):
    """The class that is to end."""

    room_id: int


class ClassToHandOver(Struct):
    """The class that gets another teacher.

    With an `address` it goes to an original client there, otherwise to whoever shows the token of
    the answer.
    """

    room_id: int
    address: str | None = None


class ClassToRekey(Struct):
    """The class whose teacher has lost the key."""

    room_id: int


def make_overview_router(
    classes: Classes, figures: AllFigures, day: Callable[[], Awaitable[Day]], guard: Guard
) -> Router:
    """The routes; `guard` is that of all the administrator's."""
    handlers = [*_classes(classes), *_figures(figures, day)]
    return make_router(handlers, guard, "administrator: all systems")


def _classes(classes: Classes) -> list[Any]:
    @get("/classes/show")
    async def show_classes(offset: Offset = 0, limit: Limit = 50) -> ClassPage:
        """The open classes: first those where somebody is online, then the newest."""
        return await classes.show(offset, limit)

    @post("/classes/close", status_code=200)
    async def close_class(data: JSONBody[ClassToClose], request: AnyRequest) -> list[str]:
        """Close a class for everybody in it; the answer is an empty list."""
        try:
            await classes.close(data.room_id, request_of(request.scope).address)
        except RoomNotFound:
            raise Unknown("class", str(data.room_id)) from None
        return []

    @post("/classes/hand-over", status_code=200)
    async def hand_class_over(
        data: JSONBody[ClassToHandOver], request: AnyRequest
    ) -> ClassHandedOver:
        """Give a class to another teacher; whoever has it is sent away."""
        if data.address is not None and parse(data.address) is None:
            raise BadInput("'address' is no IP address")
        try:
            return await classes.hand_over(
                data.room_id, data.address, request_of(request.scope).address
            )
        except RoomNotFound:
            raise Unknown("class", str(data.room_id)) from None

    @post("/classes/key", status_code=200)
    async def make_class_key(data: JSONBody[ClassToRekey], request: AnyRequest) -> ClassKey:
        """Make a new key for the teacher of a class; whoever teaches with the old one is sent away.

        It opens all other classes of that teacher, too.
        """
        try:
            return await classes.rekey(data.room_id, request_of(request.scope).address)
        except RoomNotFound:
            raise Unknown("class", str(data.room_id)) from None

    return [show_classes, close_class, hand_class_over, make_class_key]


def _figures(figures: AllFigures, day: Callable[[], Awaitable[Day]]) -> list[Any]:
    @get("/figures")
    async def show_figures() -> Figures:
        """Live figures of the server: what is open and waits now, and totals since the start."""
        return await figures.read()

    @get("/figures/events")
    async def show_events() -> list[EventFigures]:
        """What became of the events of each name since the start, by name."""
        return await figures.read_events()

    @get("/figures/day")
    async def show_day() -> Day:
        """The last day, minute by minute."""
        return await day()

    return [show_figures, show_events, show_day]
