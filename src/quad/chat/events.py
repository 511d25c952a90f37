"""The chat's operations by their wire names, and what they carry."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from quad.chat import frames
from quad.chat.entrance import Entrance
from quad.chat.groups import Groups
from quad.chat.messages import Messages
from quad.chat.model import CURRENT, ORIGINAL
from quad.chat.refusals import CannotSave
from quad.realtime import Message, Payload, RawConnection, RawServer, Refused
from quad.store import StoreClosed, StoreUnavailable


class Who(Payload, frozen=True, kw_only=True):
    """Who somebody says to be."""

    name: str
    phone: str


class Register(Payload, frozen=True, kw_only=True, tag_field="type", tag="register"):
    """`register`."""

    user: Who
    protocol: int = ORIGINAL
    token: str | None = None


class CreateChat(Payload, frozen=True, kw_only=True, tag_field="type", tag="create_chat"):
    """`create_chat`."""

    name: str


class SendMessage(Payload, frozen=True, kw_only=True, tag_field="type", tag="send_message"):
    """`send_message`."""

    chat: str
    message: str


class AddMember(Payload, frozen=True, kw_only=True, tag_field="type", tag="add_member"):
    """`add_member`."""

    chat: str
    phone: str


class RemoveMember(Payload, frozen=True, kw_only=True, tag_field="type", tag="remove_member"):
    """`remove_member`."""

    chat: str
    phone: str


class DeleteChat(Payload, frozen=True, kw_only=True, tag_field="type", tag="delete_chat"):
    """`delete_chat`."""

    chat: str


class Events:
    """The application of the raw server."""

    entrance: Entrance
    groups: Groups
    messages: Messages

    def __init__(self) -> None:
        # What a connection said in its last `register`, also if that was declined.
        self._protocols: dict[RawConnection, int] = {}

    def register_on(self, server: RawServer) -> None:
        """Handle the operations of this server's connections."""
        server.on(Register, self._register)
        server.on(CreateChat, self._create_chat)
        # The store keeps the order of messages, so that many may wait for one commit.
        server.on(SendMessage, self._send_message, overlap=True)
        server.on(AddMember, self._add_member)
        server.on(RemoveMember, self._remove_member)
        server.on(DeleteChat, self._delete_chat)

    # What the server says

    def opened(self, connection: RawConnection) -> None:
        """Nobody yet."""

    def closed(self, connection: RawConnection, reason: str) -> None:
        """The connection has ended and its last handler has finished."""
        self._protocols.pop(connection, None)
        self.entrance.leave(connection)

    def proven(self, connection: RawConnection, position: int) -> None:
        """The client has read everything up to `position`."""
        self.entrance.proven(connection, position)

    def explain(
        self, connection: RawConnection, operation: str | None, refused: Refused
    ) -> Message:
        """`error`, with more keys for current clients."""
        protocol = self._protocols.get(connection, ORIGINAL)
        return frames.error(operation, refused, protocol)

    def refusal(self, error: BaseException) -> Refused | None:
        """The database does not answer: that is no bug of ours."""
        return CannotSave() if isinstance(error, StoreUnavailable | StoreClosed) else None

    # Operations

    def _register(self, connection: RawConnection, request: Register) -> Coroutine[Any, Any, None]:
        protocol = CURRENT if request.protocol >= CURRENT else ORIGINAL
        self._protocols[connection] = protocol
        user = request.user
        return self.entrance.register(connection, user.phone, user.name, protocol, request.token)

    def _create_chat(
        self, connection: RawConnection, request: CreateChat
    ) -> Coroutine[Any, Any, None]:
        return self.groups.create(connection, request.name)

    def _send_message(
        self, connection: RawConnection, request: SendMessage
    ) -> "asyncio.Future[None] | Coroutine[Any, Any, None]":
        return self.messages.send(connection, request.chat, request.message)

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
