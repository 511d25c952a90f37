"""All users and chats, the way to the database and to the members' connections."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Executable, Row

from quad.chat import tables
from quad.chat.refusals import CannotSave, NotMember, NotRegistered
from quad.chat.state import Chat, Code, Seat, User, box_of
from quad.exclusive import Exclusive
from quad.names import BadName, clean_name
from quad.realtime import Message, RawConnection, RawServer
from quad.store import Change, Mailbox, Outcome, Store, StoreClosed, StoreUnavailable


class Chats:
    """Users by phone, chats by name, seats by connection.

    The database is the truth, and all of it but the messages is in memory. Operations on one chat,
    or on one phone, take turns; what they change is committed before it is here.
    """

    def __init__(
        self, store: Store, mailbox: Mailbox, server: RawServer, now: Callable[[], datetime]
    ) -> None:
        self.mailbox = mailbox
        self.server = server
        self.now = now
        self.users: dict[str, User] = {}
        self.by_name: dict[str, Chat] = {}
        self.seats: dict[RawConnection, Seat] = {}
        self.turns = Exclusive()
        self._store = store

    async def load(self) -> None:
        """Read everything; nobody is online. Raises CannotSave if the database does not answer."""
        try:
            await self._store.write(tables.end_presences(self.now()))
            await self._load_users()
            await self._load_chats()
        except StoreUnavailable as error:
            raise CannotSave(error) from error
        self.server.position = self.mailbox.last_id

    async def _load_users(self) -> None:
        readers = await self.mailbox.readers("chat")
        self.users.clear()
        for row in await self._store.read(tables.SELECT_USERS):
            user = User(row.phone, row.shown_phone, row.name, row.disconnected_at, row.token_hash)
            if row.code_hash is not None:
                user.code = Code(row.code_hash, row.code_expires_at)
            user.reader = readers.get(user.reader_name, user.reader)
            self.users[user.phone] = user

    async def _load_chats(self) -> None:
        chats: dict[int, Chat] = {}
        self.by_name.clear()
        last_ids = await self.mailbox.last_ids("chat")
        for row in await self._store.read(tables.SELECT_CHATS):
            chat = Chat(row.id, row.name, self.users[row.owner], is_open=row.is_open)
            chat.last_id = last_ids.get(box_of(row.id), 0)
            chats[chat.id] = self.by_name[chat.name] = chat
        for row in await self._store.read(tables.SELECT_MEMBERS):
            chats[row.chat].add(self.users[row.phone], row.since)
            # What is sent from now on has to come after, whatever the clock says.
            self.mailbox.skip_to(row.since)
        for row in await self._store.read(tables.SELECT_REMOVALS):
            self.mailbox.skip_to(row.id)
            if row.phone in self.users:
                self.users[row.phone].removals.add(row.id)

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return int(self.now().timestamp() * 1000)

    # Who and what is asked for

    def seat(self, connection: RawConnection) -> Seat:
        """Raises NotRegistered."""
        seat = self.seats.get(connection)
        if seat is None:
            raise NotRegistered
        return seat

    def membership(self, user: User, name: str) -> Chat:
        """The chat of that name, of which the user is a member.

        Raises NotMember, and does not say whether there is such a chat.
        """
        chat = self.by_name.get(name)
        if chat is None or chat.id not in user.chats:
            raise NotMember("you are", name)
        return chat

    def spelled(self, name: str) -> str:
        """A chat's name as it is kept, from what a client calls it."""
        if name in self.by_name:
            return name
        try:
            return clean_name(name)
        except BadName:
            return name

    def sender(self, phone: str) -> User:
        """Who sent a message; somebody who has been forgotten since is called by their phone."""
        return self.users.get(phone) or User(phone, phone, phone, None, None)

    # The database

    async def read(
        self, statement: Executable, values: Mapping[str, object] | None = None
    ) -> Sequence[Row[Any]]:
        """Raises StoreError."""
        return await self._store.read(statement, values)

    def write(self, *changes: Change) -> "asyncio.Future[None]":
        """Queue changes now; the future resolves after the commit.

        Raises CannotSave at once if the store is closed.
        """
        try:
            return self._store.write(*changes)
        except StoreClosed:
            raise CannotSave from None

    def submit(self, changes: Sequence[Change], outcome: Outcome) -> None:
        """As `write`, with a call instead of a future: see `Store.submit`."""
        try:
            self._store.submit(changes, outcome)
        except StoreClosed:
            raise CannotSave from None

    async def save(self, *changes: Change) -> None:
        """Raises CannotSave; nothing has changed then."""
        try:
            await self.write(*changes)
        except StoreUnavailable as error:
            raise CannotSave(error) from error

    def save_soon(self, *changes: Change) -> None:
        """Save what can be told again, or be wrong for a while, if it must be."""
        self._store.save_soon(*changes, what="who is here, of the chat")

    # The members' connections

    def publish(self, chat: Chat, message: Message) -> None:
        """Tell all members something that is the same in all protocols."""
        for topic in chat.topics.values():
            self.server.publish(topic, message)

    def publish_each(self, chat: Chat, message: Callable[[int], Message]) -> None:
        """Tell all members something, made for each protocol that one of them speaks."""
        for protocol, topic in chat.topics.items():
            if self.server.has_subscribers(topic):
                self.server.publish(topic, message(protocol))

    def subscribe(self, chat: Chat, seats: Sequence[Seat]) -> None:
        """Tell these connections what is published to the chat."""
        for seat in seats:
            seat.connection.subscribe(chat.topics[seat.protocol])

    def unsubscribe(self, chat: Chat, seats: Sequence[Seat]) -> None:
        """Tell them no more; what was published until now still reaches them."""
        for seat in seats:
            seat.connection.unsubscribe(chat.topics[seat.protocol])
