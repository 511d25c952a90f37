"""What the chat says: frames as JSON, built from parts that are encoded once."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from quad.chat.model import CURRENT, shown_date
from quad.chat.state import Chat, User
from quad.realtime import Message, Refused, SharedMessage
from quad.store.mailbox import milliseconds_at

_encode = msgspec.json.Encoder().encode
# Below that, copying costs less than writing in pieces.
_WORTH_SHARING_BYTES: Final = 4_096
# Of a refused message, so many characters are quoted.
_QUOTED: Final = 40


class Refusable(msgspec.Struct, frozen=True):
    """What an error has to say of the operation that it belongs to."""

    message: str | None = None
    key: str | None = None


NOTHING: Final = Refusable()


class Shown(msgspec.Struct, gc=False):
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

    def told(
        self, chat: Chat, sender: User, message: Shown, protocol: int, key: str | None = None
    ) -> Message:
        """`message`; with the key for the devices of its sender, in the current protocol."""
        entry = self._entry(sender, message, protocol)
        if protocol != CURRENT:
            return _with_chat(b'{"type":"message","chat":', chat, b"," + entry)
        if key is not None:
            entry = b'%b,"key":%b}' % (entry[:-1], _encode(key))
        return Message(b'{"type":"message","chat":%b,%b' % (chat.shown_name, entry))

    def brief(self, sender: User, message: Shown, protocol: int) -> bytes:
        """A message in `state`."""
        return b"{" + self._entry(sender, message, protocol)

    def _entry(self, sender: User, message: Shown, protocol: int) -> bytes:
        """A message but for its first brace."""
        second = message.at
        if second is None:
            second = milliseconds_at(message.id) // 1000
        if second != self._second:
            self._show_date(second)
        if protocol == CURRENT:
            return b'"from":%b,"date":"%b","message":%b,"id":"%016x"}' % (
                sender.shown,
                self._date,
                message.text,
                message.id,
            )
        return b'"from":%b,"date":"%b","message":%b}' % (sender.shown, self._date, message.text)

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
    return Message(b'{"type":"state","chats":[%b%b' % (shown, _state_ending(token)))


async def state_in_parts(
    chats: Iterable[tuple[bytes, AsyncIterator[list[bytes]]]], token: str | None, part_bytes: int
) -> AsyncIterator[bytes]:
    """The same text in parts of about this size, of which one is in memory at a time."""
    parts = [b'{"type":"state","chats":[']
    size = 0
    between_chats = b""
    for chat, pages in chats:
        parts.append(b'%b{"chat":%b,"messages":[' % (between_chats, chat))
        between_chats, between = b",", b""
        async for page in pages:
            for message in page:
                parts.append(between + message)
                between = b","
                size += len(message)
                if size >= part_bytes:
                    yield b"".join(parts)
                    parts, size = [], 0
        parts.append(b"]}")
    yield b"".join(parts) + _state_ending(token)


def _state_ending(token: str | None) -> bytes:
    return b"]}" if token is None else b'],"token":%b}' % _encode(token)


def new_member(chat: Chat, user: User) -> Message:
    """`new_member`, which tells clients of both protocols what the chat is now."""
    return _with_chat(b'{"type":"new_member","chat":', chat, b',"user":%b}' % user.shown)


def member_removed(chat: Chat, user: User, protocol: int) -> Message:
    """`member_removed`, of a chat without the member."""
    return _about(b'{"type":"member_removed","chat":', chat, b',"user":%b}' % user.shown, protocol)


def chat_deleted(chat: Chat, protocol: int) -> Message:
    """`chat_deleted`, of a chat as it was."""
    return _about(b'{"type":"chat_deleted","chat":', chat, b"}", protocol)


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


def _about(before: bytes, chat: Chat, after: bytes, protocol: int) -> Message:
    """A message with the chat's name, or the chat itself for original clients."""
    if protocol != CURRENT:
        return _with_chat(before, chat, after)
    return Message(b"%b%b%b" % (before, chat.shown_name, after))


def _with_chat(before: bytes, chat: Chat, after: bytes) -> Message:
    """A message with the whole chat; a long one is the same bytes in all of them."""
    shared = chat.object
    if len(shared) < _WORTH_SHARING_BYTES:
        return Message(before + shared + after)
    return SharedMessage(before, shared, after)


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
