"""Alert rooms and chats, as far as the administrator looks after them, under `/API/admin`."""

from typing import Annotated, Any

from litestar import Router, get, post
from litestar.params import JSONBody, Parameter
from litestar.types import Guard
from msgspec import Struct

from quad import audit
from quad.admin.routes import Limit, Offset, make_router
from quad.alert.overview import AlertRoomOverview, close_room, list_rooms
from quad.alert.service import AlertService
from quad.chat.model import phone_number
from quad.chat.overview import ChatPage, find_chats
from quad.chat.refusals import BadValue, UnknownPhone
from quad.chat.system import ChatSystem
from quad.http import AnyRequest
from quad.realtime import request_of
from quad.refusals import BadInput, Unknown
from quad.store import Store


class RoomToClose(Struct):
    """The alert room that is to end."""

    code: str


class ChatToClose(Struct):
    """The chat that is to end, by its very name."""

    name: str


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


def make_rooms_router(alert: AlertService, chat: ChatSystem, store: Store, guard: Guard) -> Router:
    """The routes; `guard` is that of all the administrator's."""
    handlers = [*_alert_rooms(alert, store), *_chats(chat)]
    return make_router(handlers, guard, "administrator: all systems")


def _alert_rooms(alert: AlertService, store: Store) -> list[Any]:
    @get("/rooms/show")
    async def show_alert_rooms() -> list[AlertRoomOverview]:
        """The alert rooms with somebody in them, then the others that were used last."""
        return await list_rooms(alert, store)

    @post("/rooms/close", status_code=200)
    async def close_alert_room(data: JSONBody[RoomToClose], request: AnyRequest) -> list[str]:
        """Delete what was said in a room, and send everybody away; the answer is an empty list."""
        await close_room(alert, data.code)
        audit.record("alert.close", address=request_of(request.scope).address, room=data.code)
        return []

    return [show_alert_rooms, close_alert_room]


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

    @get("/chats/find")
    async def find(
        search: Annotated[str, Parameter(description="What names or numbers hold.")] = "",
        offset: Offset = 0,
        limit: Limit = 50,
    ) -> ChatPage:
        """The chats, those that were used last first, by names and numbers of members as well."""
        return await find_chats(chat.chats, search, offset, limit)

    @post("/chats/close", status_code=200)
    async def close_chat(data: JSONBody[ChatToClose], request: AnyRequest) -> list[str]:
        """Delete a chat with its messages, for all its members; the answer is an empty list."""
        if not await chat.groups.close(data.name):
            raise Unknown("chat", data.name)
        audit.record("chat.close", address=request_of(request.scope).address, chat=data.name)
        return []

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

    return [show_chats, find, close_chat, make_chat_code]
