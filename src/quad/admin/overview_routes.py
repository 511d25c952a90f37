"""What the administrator sees of all systems together, under `/API/admin`."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Router, get, post
from litestar.params import JSONBody
from litestar.types import Guard
from msgspec import Struct

from quad import audit
from quad.addresses import parse
from quad.admin.classes import Classes
from quad.admin.day import Day
from quad.admin.figures import EventFigures, Figures
from quad.admin.nodes import AllFigures
from quad.admin.routes import Limit, Offset, make_router
from quad.alert.service import AlertService
from quad.chat.model import phone_number
from quad.chat.refusals import BadValue, UnknownPhone
from quad.chat.system import ChatSystem
from quad.classroom.leaving import ClassHandedOver
from quad.classroom.overview import ClassPage
from quad.classroom.refusals import RoomNotFound
from quad.http import AnyRequest
from quad.realtime import request_of
from quad.refusals import BadInput, Unknown

_NAMED = 100


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


class AlertRoomOverview(Struct):
    """An alert room with somebody in it; `names` are those of the first hundred who came."""

    code: str
    people: int
    names: list[str]


class ChatFigures(Struct):
    """The chat: connections are all that are open, also of those who have not registered yet."""

    chats: int
    users: int
    users_online: int
    connections: int


class PhoneToHandOver(Struct):
    """The phone that is to get a new owner, or a new token."""

    phone: str | int


class HandOverCode(Struct):
    """A code of one use, which the chat takes as a token; `expires_at` is ISO 8601."""

    phone: str
    code: str
    expires_at: str


def make_overview_router(
    classes: Classes,
    alert: AlertService,
    chat: ChatSystem,
    figures: AllFigures,
    day: Callable[[], Awaitable[Day]],
    guard: Guard,
) -> Router:
    """The routes; `guard` is that of all the administrator's."""
    handlers = [*_classes(classes), *_alert_rooms(alert), *_chats(chat), *_figures(figures, day)]
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

    return [show_classes, close_class, hand_class_over]


def _alert_rooms(alert: AlertService) -> list[Any]:
    @get("/rooms/show", sync_to_thread=False)
    def show_alert_rooms() -> list[AlertRoomOverview]:
        """The alert rooms that somebody is in, by code."""
        rooms = sorted(alert.rooms, key=lambda room: room.code)
        return [
            AlertRoomOverview(room.code, len(room.people), list(room.people)[:_NAMED])
            for room in rooms
            if room.people
        ]

    return [show_alert_rooms]


def _chats(chat: ChatSystem) -> list[Any]:
    @get("/chats/show", sync_to_thread=False)
    def show_chats() -> ChatFigures:
        """How many chats and users there are, and how many are online."""
        chats = chat.chats
        return ChatFigures(
            chats=len(chats.by_name),
            users=len(chats.users),
            users_online=len({seat.user for seat in chats.seats.values()}),
            connections=len(chat.endpoint),
        )

    @post("/chats/code", status_code=200)
    async def make_chat_code(request: AnyRequest, data: JSONBody[PhoneToHandOver]) -> HandOverCode:
        """Make a code with which a current client gets a phone, and a new token for it.

        Until it is used nothing changes; a second one replaces the first.
        """
        try:
            phone = phone_number(data.phone).normal
            made = await chat.admission.make_code(phone)
        except BadValue as error:
            raise BadInput(str(error)) from None
        except UnknownPhone:
            raise Unknown("phone", str(data.phone)) from None
        audit.record("chat.make_code", address=request_of(request.scope).address, phone=phone)
        return HandOverCode(phone, made.code, made.expires_at.isoformat(timespec="seconds"))

    return [show_chats, make_chat_code]


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
