"""What the chat says: frames as JSON, built from parts that are encoded once."""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from quad.chat.live import Chat, User
from quad.chat.model import CURRENT, shown_date
from quad.realtime import Message, Refused
from quad.store.mailbox import milliseconds_at

_encode = msgspec.json.Encoder().encode


class MessageFrames:
    """Messages as clients of both protocols see them."""

    def __init__(self) -> None:
        # Many messages share their second.
        self._second = -1
        self._date = b""

    def told(self, chat: Chat, sender: User, message_id: int, text: bytes, protocol: int) -> bytes:
        """`message`; the text is JSON."""
        brief = self.brief(sender, message_id, text, protocol)
        return b'{"type":"message","chat":%b,%b' % (chat.shown_name, brief[1:])

    def brief(self, sender: User, message_id: int, text: bytes, protocol: int) -> bytes:
        """A message in `state`."""
        date = self._show_date(message_id)
        if protocol == CURRENT:
            return b'{"from":%b,"date":"%b","message":%b,"id":"%016x"}' % (
                sender.shown,
                date,
                text,
                message_id,
            )
        return b'{"from":%b,"date":"%b","message":%b}' % (sender.shown, date, text)

    def _show_date(self, message_id: int) -> bytes:
        second = milliseconds_at(message_id) // 1000
        if second != self._second:
            self._second = second
            self._date = shown_date(datetime.fromtimestamp(second, UTC)).encode()
        return self._date


def state(chats: Iterable[tuple[bytes, list[bytes]]], token: str | None) -> Message:
    """`state`: of each chat its JSON and that of its messages."""
    shown = b",".join(
        [b'{"chat":%b,"messages":[%b]}' % (chat, b",".join(messages)) for chat, messages in chats]
    )
    ending = b"" if token is None else b',"token":%b' % _encode(token)
    return Message(b'{"type":"state","chats":[%b]%b}' % (shown, ending))


def new_member(chat: Chat, user: User) -> Message:
    """`new_member`."""
    return Message(b'{"type":"new_member","chat":%b,"user":%b}' % (chat.shown_name, user.shown))


def member_removed(chat: Chat, user: User) -> Message:
    """`member_removed`."""
    return Message(b'{"type":"member_removed","chat":%b,"user":%b}' % (chat.shown_name, user.shown))


def chat_deleted(chat: Chat) -> Message:
    """`chat_deleted`."""
    return Message(b'{"type":"chat_deleted","chat":%b}' % chat.shown_name)


def error(operation: str | None, refused: Refused, protocol: int) -> Message:
    """`error`."""
    content: dict[str, object] = {"type": "error", "detail": str(refused)}
    if protocol == CURRENT:
        content |= {"operation": operation, "code": refused.code, **refused.details}
    return Message(_encode(content))
