"""What the chat says: the shape of every frame, which `frames` builds from encoded parts.

This is what current clients get. Original ones get the same without `id`, `token`, `key`, and all
of an error but its `detail`, and a whole `ShownChat` wherever `chat` is here the name of one.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from quad.chat.state import ShownUser


class ShownChat(Struct, frozen=True):
    """A chat as clients see one; the members in the order in which they came."""

    name: str
    members: Sequence[ShownUser]
    owner: ShownUser


class Entry(Struct, frozen=True, rename={"sender": "from"}):
    """A message in `state`; `date` is UTC, `id` sorts by time."""

    sender: ShownUser
    date: str
    message: str
    id: str


class ChatOfUser(Struct, frozen=True):
    """A chat in `state`, with the messages that were missed, the oldest first."""

    chat: ShownChat
    messages: Sequence[Entry]


class ChatState(Struct, frozen=True, tag_field="type", tag="state"):
    """`state`, the answer to `register`; `token` is there when it was just given."""

    chats: Sequence[ChatOfUser]
    token: str | UnsetType = UNSET


class ChatMessage(Struct, frozen=True, tag_field="type", tag="message", rename={"sender": "from"}):
    """`message`, to all members; `date` is UTC, `id` sorts by time.

    `key` is there for the sender's devices if the sender gave one.
    """

    chat: str
    sender: ShownUser
    date: str
    message: str
    id: str
    key: str | UnsetType = UNSET


class NewMember(Struct, frozen=True, tag_field="type", tag="new_member"):
    """`new_member`, to all members; the chat as it is with the new one."""

    chat: ShownChat
    user: ShownUser


class MemberRemoved(Struct, frozen=True, tag_field="type", tag="member_removed"):
    """`member_removed`, also to the one who is removed."""

    chat: str
    user: ShownUser


class ChatDeleted(Struct, frozen=True, tag_field="type", tag="chat_deleted"):
    """`chat_deleted`."""

    chat: str


class ChatHistory(Struct, frozen=True, tag_field="type", tag="history"):
    """`history`, the answer to the question for it; the oldest message first."""

    chat: str
    messages: Sequence[Entry]


class ChatToken(Struct, frozen=True, tag_field="type", tag="token"):
    """`token`, the answer to `reset_token`."""

    token: str


class ChatError(Struct, frozen=True, tag_field="type", tag="error"):
    """`error`: what was declined and why; `operation` is null when nobody knows which."""

    detail: str
    operation: str | None
    code: str
    key: str | UnsetType = UNSET
    limit: str | UnsetType = UNSET
    retry_after_s: float | UnsetType = UNSET
    id: str | UnsetType = UNSET


OUTGOING: Final = (
    ChatState,
    ChatMessage,
    NewMember,
    MemberRemoved,
    ChatDeleted,
    ChatHistory,
    ChatToken,
    ChatError,
)
"""The types of all frames."""
