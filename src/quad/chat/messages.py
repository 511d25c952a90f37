"""Messages: accepted when they are committed, and told to all members after that.

Ids grow in the order in which messages are handed to the store, and the store commits, and says
so, in that order: so all members are told all messages in the order of their ids.
"""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any, Final

import msgspec

from quad.chat.chats import Chats
from quad.chat.frames import MessageFrames
from quad.chat.live import Chat, Turn, User
from quad.chat.model import check_text
from quad.realtime import Message, RawConnection
from quad.store.mailbox import put

_encode_text: Final = msgspec.json.Encoder().encode


class Messages:
    """Accepts messages and tells them."""

    def __init__(self, chats: Chats, shown: MessageFrames, limit_bytes: int) -> None:
        self._chats = chats
        self._shown = shown
        self._limit_bytes = limit_bytes

    def send(
        self, connection: RawConnection, name: str, text: str
    ) -> "asyncio.Future[None] | Coroutine[Any, Any, None]":
        """Accept a message to a chat; what is returned ends when it is committed and told."""
        user = self._chats.seat(connection).user
        check_text(text, self._limit_bytes)
        if self._chats.turns.is_busy(name):
            # Asked for now, so that messages of one sender stay in their order.
            return self._send_later(self._chats.turns.turn(name), user, name, text)
        return self._accept(self._chats.membership(user, name), user, text)

    async def _send_later(self, turn: Turn, user: User, name: str, text: str) -> None:
        async with turn:
            accepted = self._accept(self._chats.membership(user, name), user, text)
        await accepted

    def _accept(self, chat: Chat, sender: User, text: str) -> "asyncio.Future[None]":
        message_id = self._chats.mailbox.next_id()
        shown_text = _encode_text(text)
        change = put(chat.box, message_id, kept(sender, shown_text))
        accepted = self._chats.write(change)
        accepted.add_done_callback(partial(self._tell, chat, sender, message_id, shown_text))
        return accepted

    def _tell(
        self,
        chat: Chat,
        sender: User,
        message_id: int,
        text: bytes,
        accepted: "asyncio.Future[None]",
    ) -> None:
        if accepted.cancelled() or accepted.exception() is not None:
            return  # whoever waits for the same future tells the sender
        server = self._chats.server
        server.position = chat.last_id = message_id
        for protocol, topic in chat.topics.items():
            if server.topics.get(topic) is not None:
                frame = self._shown.told(chat, sender, message_id, text, protocol)
                server.publish(topic, Message(frame))


class Kept(msgspec.Struct, array_like=True):
    """A message as the mailbox keeps it: who sent it, and its text, which stays JSON."""

    sender: str
    text: msgspec.Raw


read_kept: Final = msgspec.json.Decoder(Kept).decode


def kept(sender: User, text: bytes) -> str:
    """The entry of a message; the text is JSON."""
    return f'["{sender.phone}",{text.decode()}]'
