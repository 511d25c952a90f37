"""What the chat says: frames as JSON, built from parts that are encoded once."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from quad.chat.live import Chat, User
from quad.chat.model import CURRENT, shown_date
from quad.realtime import Message, Refused
from quad.store.mailbox import milliseconds_at

_encode = msgspec.json.Encoder().encode
# Of a refused message, so many characters are quoted.
_QUOTED: Final = 40


class Refusable(msgspec.Struct, frozen=True):
    """What an error has to say of the operation that it belongs to."""

    message: str | None = None
    key: str | None = None


NOTHING: Final = Refusable()


class Shown(NamedTuple):
    """A message but for its sender; the text is JSON."""

    id: int
    text: bytes
    at: int | None
    """When it was said, in seconds since 1970; None: the id tells."""


class MessageFrames:
    """Messages as clients of both protocols see them."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        # Many messages share their second.
        self._second = -1
        self._date = b""

    def told(self, chat: Chat, sender: User, message: Shown, protocol: int) -> bytes:
        """`message`."""
        brief = self.brief(sender, message, protocol)
        return b'{"type":"message","chat":%b,%b' % (_named(chat, protocol), brief[1:])

    def brief(self, sender: User, message: Shown, protocol: int) -> bytes:
        """A message in `state`."""
        second = message.at
        if second is None:
            second = milliseconds_at(message.id) // 1000
        if second != self._second:
            self._show_date(second)
        if protocol == CURRENT:
            return b'{"from":%b,"date":"%b","message":%b,"id":"%016x"}' % (
                sender.shown,
                self._date,
                message.text,
                message.id,
            )
        return b'{"from":%b,"date":"%b","message":%b}' % (sender.shown, self._date, message.text)

    def _show_date(self, second: int) -> None:
        self._second = second
        # A clock that was ahead, and was set back since, has left ids from the future.
        at = min(datetime.fromtimestamp(second, UTC), self._now())
        self._date = shown_date(at).encode()


def history(chat: Chat, messages: Sequence[bytes]) -> Message:
    """`history`, which only current clients ask for."""
    listed = b",".join(messages)
    return Message(b'{"type":"history","chat":%b,"messages":[%b]}' % (chat.shown_name, listed))


def state(chats: Iterable[tuple[bytes, list[bytes]]], token: str | None) -> Message:
    """`state`: of each chat its JSON and that of its messages."""
    shown = b",".join(
        [b'{"chat":%b,"messages":[%b]}' % (chat, b",".join(messages)) for chat, messages in chats]
    )
    ending = b"" if token is None else b',"token":%b' % _encode(token)
    return Message(b'{"type":"state","chats":[%b]%b}' % (shown, ending))


def new_member(chat: Chat, user: User) -> Message:
    """`new_member`, which tells clients of both protocols what the chat is now."""
    return Message(b'{"type":"new_member","chat":%b,"user":%b}' % (chat.object, user.shown))


def member_removed(chat: Chat, user: User, protocol: int) -> Message:
    """`member_removed`, of a chat without the member."""
    shown = _named(chat, protocol)
    return Message(b'{"type":"member_removed","chat":%b,"user":%b}' % (shown, user.shown))


def chat_deleted(chat: Chat, protocol: int) -> Message:
    """`chat_deleted`, of a chat as it was."""
    return Message(b'{"type":"chat_deleted","chat":%b}' % _named(chat, protocol))


def token(value: str) -> Message:
    """`token`."""
    return Message(b'{"type":"token","token":%b}' % _encode(value))


def error(refused: Refused, operation: str | None, about: Refusable, protocol: int) -> Message:
    """`error`, which says to what it belongs."""
    if protocol != CURRENT:
        detail = _named_sentence(refused, operation, about)
        return Message(_encode({"type": "error", "detail": detail}))
    content: dict[str, object] = {
        "type": "error",
        "detail": str(refused),
        "operation": operation,
        "code": refused.code,
    }
    if about.key is not None:
        content["key"] = about.key
    return Message(_encode(content | refused.details))


def _named(chat: Chat, protocol: int) -> bytes:
    return chat.shown_name if protocol == CURRENT else chat.object


def _named_sentence(refused: Refused, operation: str | None, about: Refusable) -> str:
    """The reason, behind the operation and the first words of a message.

    Many may be under way, and these clients learn nothing else of which one this is.
    """
    sentence = str(refused)
    if operation is None:
        return sentence
    quoted = "" if about.message is None else f' "{_first_words(about.message)}"'
    return f"{operation}{quoted}: {sentence.removeprefix(f'{operation}: ')}"


def _first_words(text: str) -> str:
    words = " ".join(text[:_QUOTED].split())
    return words if len(text) <= _QUOTED else f"{words}…"
