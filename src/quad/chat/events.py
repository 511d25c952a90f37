"""The chat's operations by their wire names, and what they carry."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from msgspec import MsgspecError, Struct, json

from quad.chat import frames
from quad.chat.admission import Registration
from quad.chat.entrance import Entrance
from quad.chat.frames import Refusable
from quad.chat.groups import Groups
from quad.chat.history import MOST, History
from quad.chat.messages import Messages
from quad.chat.model import CURRENT, ORIGINAL, checked_name, phone_number
from quad.chat.refusals import CannotSave
from quad.realtime import (
    Finished,
    Message,
    Payload,
    RawConnection,
    RawServer,
    Refused,
    UnknownEvent,
)
from quad.store import StoreClosed, StoreUnavailable


class Who(Payload, frozen=True, kw_only=True):
    """Who somebody says to be."""

    name: str
    phone: str | int


class Register(Payload, frozen=True, kw_only=True, tag_field="type", tag="register"):
    """`register`; `token` may be a code of the administrator."""

    user: Who
    protocol: int | None = None
    token: str | None = None


class CreateChat(Payload, frozen=True, kw_only=True, tag_field="type", tag="create_chat"):
    """`create_chat`; whoever comes to an open one may read what was said before."""

    name: str
    open: bool = False


class SendMessage(
    Payload, frozen=True, kw_only=True, gc=False, tag_field="type", tag="send_message"
):
    """`send_message`; with the same `key` it is the same message."""

    chat: str
    message: str
    key: str | None = None


class AddMember(Payload, frozen=True, kw_only=True, tag_field="type", tag="add_member"):
    """`add_member`."""

    chat: str
    phone: str | int


class RemoveMember(Payload, frozen=True, kw_only=True, tag_field="type", tag="remove_member"):
    """`remove_member`."""

    chat: str
    phone: str | int


class DeleteChat(Payload, frozen=True, kw_only=True, tag_field="type", tag="delete_chat"):
    """`delete_chat`."""

    chat: str


class AskHistory(Payload, frozen=True, kw_only=True, tag_field="type", tag="history"):
    """`history`: what was said before a message, or the newest ones."""

    chat: str
    before: str | None = None
    limit: int = MOST


class ResetToken(Payload, frozen=True, kw_only=True, tag_field="type", tag="reset_token"):
    """`reset_token`."""


class Events:
    """The application of the raw server."""

    entrance: Entrance
    groups: Groups
    history: History
    messages: Messages

    def __init__(self) -> None:
        self.protocols: Final[dict[RawConnection, int]] = {}
        """What a connection said in its last `register`, also if that was declined."""

    def register_on(self, server: RawServer) -> None:
        """Handle the operations of this server's connections."""
        server.on(Register, self._register)
        server.on(CreateChat, self._create_chat)
        # The store keeps the order of messages, so that many may wait for one commit.
        server.on(SendMessage, self._send_message, overlap=True, deferred=True)
        server.on(AddMember, self._add_member)
        server.on(RemoveMember, self._remove_member)
        server.on(DeleteChat, self._delete_chat)
        server.on(AskHistory, self._history)
        server.on(ResetToken, self._reset_token)

    # What the server says

    def opened(self, connection: RawConnection) -> None:
        """Nothing to do: a connection is nobody's until its first operation says whose."""

    def closed(self, connection: RawConnection, _reason: str) -> None:
        """The connection has ended and its last handler has finished."""
        self.protocols.pop(connection, None)
        self.entrance.leave(connection)

    def proven(self, connection: RawConnection, position: int) -> None:
        """The client has read everything up to `position`."""
        self.entrance.proven(connection, position)

    def explain(
        self,
        connection: RawConnection,
        operation: str | None,
        refused: Refused,
        said: Payload | str,
    ) -> Message:
        """`error`, with more keys for current clients."""
        protocol = self.protocols.get(connection) or _protocol_of(said)
        return frames.error(refused, operation, _about(said), protocol)

    def refusal(self, error: BaseException) -> Refused | None:
        """The database does not answer: that is no bug of ours."""
        return CannotSave(error) if isinstance(error, StoreUnavailable | StoreClosed) else None

    # Operations

    def _register(self, connection: RawConnection, request: Register) -> Coroutine[Any, Any, None]:
        protocol = self.protocols[connection] = _known(request.protocol)
        user = request.user
        who = Registration(
            phone_number(user.phone), checked_name("name", user.name), protocol, request.token
        )
        return self.entrance.register(connection, who)

    def _create_chat(
        self, connection: RawConnection, request: CreateChat
    ) -> Coroutine[Any, Any, None]:
        is_open = request.open and self.protocols.get(connection) == CURRENT
        return self.groups.create(connection, request.name, is_open=is_open)

    def _send_message(
        self, connection: RawConnection, request: SendMessage, finished: Finished
    ) -> "asyncio.Future[None] | Coroutine[Any, Any, None] | None":
        return self.messages.send(connection, request.chat, request.message, request.key, finished)

    def _add_member(
        self, connection: RawConnection, request: AddMember
    ) -> Coroutine[Any, Any, None]:
        return self.groups.add_member(connection, request.chat, request.phone)

    def _remove_member(
        self, connection: RawConnection, request: RemoveMember
    ) -> Coroutine[Any, Any, None]:
        return self.groups.remove_member(connection, request.chat, request.phone)

    def _delete_chat(
        self, connection: RawConnection, request: DeleteChat
    ) -> Coroutine[Any, Any, None]:
        return self.groups.delete(connection, request.chat)

    def _history(self, connection: RawConnection, request: AskHistory) -> Coroutine[Any, Any, None]:
        self._check_current(connection, "history")
        return self.history.tell(connection, request.chat, request.before, request.limit)

    def _reset_token(
        self, connection: RawConnection, _request: ResetToken
    ) -> Coroutine[Any, Any, None]:
        self._check_current(connection, "reset_token")
        return self.entrance.reset_token(connection)

    def _check_current(self, connection: RawConnection, operation: str) -> None:
        """What original clients do not know is not there for them."""
        if self.protocols.get(connection, ORIGINAL) != CURRENT:
            raise UnknownEvent(f"there is no operation of the type {operation!r}")


class _Said(Struct):
    """As much of an operation that could not be read as an error has to know."""

    type: str
    message: Any = None
    key: Any = None
    protocol: Any = None


_read: Final = json.Decoder(_Said).decode


def _anyway(said: Payload | str) -> _Said | None:
    """What is in an operation that could not be read."""
    try:
        return _read(said) if isinstance(said, str) else None
    except (MsgspecError, RecursionError):
        return None


def _known(protocol: int | None) -> int:
    return CURRENT if protocol is not None and protocol >= CURRENT else ORIGINAL


def _protocol_of(said: Payload | str) -> int:
    """Which client it is whose `register` could not be read."""
    anyway = _anyway(said)
    if anyway is None or anyway.type != "register" or type(anyway.protocol) is not int:
        return ORIGINAL
    return _known(anyway.protocol)


def _about(said: Payload | str) -> Refusable:
    anyway = _anyway(said)
    if anyway is not None and anyway.type == "send_message":
        message, key = anyway.message, anyway.key
        return Refusable(
            message if isinstance(message, str) else None, key if isinstance(key, str) else None
        )
    if isinstance(said, SendMessage):
        return Refusable(said.message, said.key)
    return frames.NOTHING
