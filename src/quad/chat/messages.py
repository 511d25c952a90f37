"""Messages: accepted when they are committed, and told to all members after that.

Ids grow in the order in which messages are handed to the store, and the store commits, and says
so, in that order: so all members are told all messages in the order of their ids.
"""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec

from quad.chat import tables
from quad.chat.chats import Chats
from quad.chat.frames import MessageFrames, Shown
from quad.chat.keys import KEPT_LIMIT, Keyed, RecentKeys
from quad.chat.model import CURRENT, KEYS_LAST_MS, check_key, check_text
from quad.chat.refusals import NotMember
from quad.chat.state import Chat, Seat, User, box_of
from quad.exclusive import Turn
from quad.identity import hash_token
from quad.realtime import Finished, Message, RawConnection
from quad.store import Entry
from quad.store.mailbox import id_at, put
from quad.store.threads import resolve

_encode_text: Final = msgspec.json.Encoder().encode


class Said(NamedTuple):
    """A message on its way."""

    seat: Seat
    chat: str
    text: str
    key: str | None


class Messages:
    """Accepts messages and tells them."""

    def __init__(self, chats: Chats, shown: MessageFrames, limit_bytes: int) -> None:
        self._chats = chats
        self._shown = shown
        self._limit_bytes = limit_bytes

    def send(
        self, connection: RawConnection, name: str, text: str, key: str | None, finished: Finished
    ) -> "asyncio.Future[None] | Coroutine[Any, Any, None] | None":
        """Accept a message to a chat.

        What is returned ends when it is committed and told; None: `finished` is called then.

        A message with a `key` that its phone has used within a day is told once more to who asks,
        and not accepted again.
        """
        seat = self._chats.seat(connection)
        check_text(text, self._limit_bytes)
        if key is None or seat.protocol != CURRENT:
            chat = self._chats.by_name.get(name)
            user = seat.user
            is_member = chat is not None and chat.id in user.chats
            if chat is not None and is_member and not self._chats.turns.is_busy(name):
                # Nearly every message; what follows costs twice as much.
                self._accept(chat, user, text, finished)
                return None
            key = None
        else:
            check_key(key)
        said = Said(seat, self._chats.spelled(name), text, key)
        if self._chats.turns.is_busy(said.chat) or self._must_look_up(said):
            # Asked for now, so that messages of one sender stay in their order.
            return self._send_later(self._chats.turns.turn(said.chat), said)
        return self._send(said)

    async def _send_later(self, turn: Turn, said: Said) -> None:
        async with turn:
            if self._must_look_up(said):
                await self._look_up(said)
            accepted = self._send(said)
        await accepted

    def _send(self, said: Said) -> "asyncio.Future[None] | Coroutine[Any, Any, None]":
        user = said.seat.user
        chat = self._chats.membership(user, said.chat)
        if said.key is None:
            accepted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._accept(chat, user, said.text, partial(resolve, accepted))
            return accepted
        assert user.keys is not None  # looked up, if need be
        hashed = hash_token(said.key)
        known = user.keys.get(hashed, self._day_ago())
        if known is not None:
            return self._repeat(said, known)
        return self._accept_keyed(chat, user, said.text, said.key, hashed)

    def _accept(self, chat: Chat, sender: User, text: str, finished: Finished) -> None:
        mailbox = self._chats.mailbox
        message = Shown(mailbox.next_id(), _encode_text(text), mailbox.said_at)

        def tell(error: Exception | None) -> None:
            try:
                if error is None:
                    self._tell(chat, sender, message, None)
            finally:
                finished(None, error)

        self._chats.submit((put(chat.box, message.id, kept(sender, message)),), tell)

    def _accept_keyed(
        self, chat: Chat, sender: User, text: str, key: str, hashed: str
    ) -> "asyncio.Future[None]":
        mailbox = self._chats.mailbox
        message = Shown(mailbox.next_id(), _encode_text(text), mailbox.said_at)
        accepted = self._chats.write(
            put(chat.box, message.id, kept(sender, message)),
            tables.keep_key(sender.phone, hashed, chat.id, message.id),
        )
        if sender.keys is not None:
            sender.keys.put(hashed, Keyed(chat.id, message.id, accepted), self._day_ago())
            accepted.add_done_callback(partial(sender.keys.settle, hashed, message.id))
        accepted.add_done_callback(partial(self._tell_keyed, chat, sender, message, key))
        return accepted

    def _tell_keyed(
        self, chat: Chat, sender: User, message: Shown, key: str, accepted: "asyncio.Future[None]"
    ) -> None:
        # Of a failure whoever waits for the same future tells the sender.
        if not accepted.cancelled() and accepted.exception() is None:
            self._tell(chat, sender, message, key)

    def _tell(self, chat: Chat, sender: User, message: Shown, key: str | None) -> None:
        server = self._chats.server
        server.position = chat.last_id = message.id
        for protocol, topic in chat.topics.items():
            if server.has_subscribers(topic):
                told = self._shown.told(chat, sender, message, protocol)
                if key is None or protocol != CURRENT:
                    server.publish(topic, told)
                else:
                    keyed = self._shown.told(chat, sender, message, protocol, key)
                    self._publish_keyed(topic, sender, told, keyed)

    def _publish_keyed(self, topic: str, sender: User, told: Message, keyed: Message) -> None:
        """Tell the sender's devices the key, and nobody else."""
        own = {seat.connection for seat in sender.seats if topic in seat.connection.topics}
        self._chats.server.publish_except(topic, told, own)
        for connection in own:
            connection.send(keyed)

    # Keys

    def _day_ago(self) -> int:
        return id_at(self._chats.now_ms() - KEYS_LAST_MS)

    def _must_look_up(self, said: Said) -> bool:
        """Whether memory alone does not tell if the key was used."""
        if said.key is None:
            return False
        keys = said.seat.user.keys
        if keys is None:
            return True
        return not keys.are_all and keys.get(hash_token(said.key), self._day_ago()) is None

    async def _look_up(self, said: Said) -> None:
        user = said.seat.user
        # What an earlier connection of this phone has under way is no row yet.
        await self._chats.write()
        if user.keys is None:
            values = {"of_phone": user.phone, "since": self._day_ago(), "most": KEPT_LIMIT}
            rows = await self._chats.read(tables.SELECT_KEYS, values)
            if user.keys is None:  # another message of this phone may have been quicker
                known = [(row.key_hash, Keyed(row.chat, row.message)) for row in reversed(rows)]
                user.keys = RecentKeys(known, are_all=len(rows) < KEPT_LIMIT)
        if said.key is not None and self._must_look_up(said):
            hashed = hash_token(said.key)
            values = {"of_phone": user.phone, "key_hash": hashed, "since": self._day_ago()}
            for row in await self._chats.read(tables.SELECT_KEY, values):
                user.keys.put(hashed, Keyed(row.chat, row.message), 0)

    async def _repeat(self, said: Said, known: Keyed) -> None:
        """Tell a message once more, to who asks."""
        if known.accepted is not None:
            await known.accepted
        user, connection = said.seat.user, said.seat.connection
        chat, _ = user.chats.get(known.chat, (None, 0))
        box = box_of(known.chat)
        entries = await self._chats.mailbox.read([box], known.message - 1, None, known.message)
        if chat is None or not entries:
            raise NotMember("you are", said.chat)
        _, message = read_message(entries[0])
        connection.send(self._shown.told(chat, user, message, said.seat.protocol, said.key))


class Kept(msgspec.Struct, array_like=True):
    """A message as the mailbox keeps it: who sent it, and its text, which stays JSON."""

    sender: str
    text: msgspec.Raw
    # When it was said, in seconds since 1970, if the id is ahead of the clock.
    at: int | None = None


_read_kept: Final = msgspec.json.Decoder(Kept).decode


def read_message(entry: Entry) -> tuple[str, Shown]:
    """Who sent a message that was kept, and the message."""
    kept = _read_kept(entry.content)
    return kept.sender, Shown(entry.id, bytes(kept.text), kept.at)


def kept(sender: User, message: Shown) -> str:
    """The entry of a message."""
    ending = "" if message.at is None else f",{message.at}"
    return f'["{sender.phone}",{message.text.decode()}{ending}]'
