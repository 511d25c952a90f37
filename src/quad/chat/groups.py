"""Chats and who is in them: creating, adding, removing, deleting.

Each of these has its chat to itself until it is committed; messages that arrive meanwhile wait.
"""

from functools import partial

from quad.chat import frames, tables
from quad.chat.chats import Chats
from quad.chat.model import checked_name, phone_number
from quad.chat.refusals import (
    AlreadyMember,
    LimitReached,
    NameTaken,
    NotMember,
    NotOwner,
    UnknownPhone,
)
from quad.chat.state import Chat, Removal, User
from quad.identity.guesses import Guesses
from quad.realtime import RawConnection
from quad.settings import ChatSettings
from quad.store import Change
from quad.store.mailbox import drop


class Groups:
    """What members may do to chats."""

    def __init__(
        self, chats: Chats, settings: ChatSettings, phones: Guesses, names: Guesses
    ) -> None:
        """`phones` and `names` count who tries which there are."""
        self._chats = chats
        self._members_limit = settings.members_limit
        self._chats_limit = settings.chats_limit
        self._phones = phones
        self._names = names

    async def create(self, connection: RawConnection, given: str, *, is_open: bool) -> None:
        """Make a chat with the sender as its owner and only member."""
        user = self._chats.seat(connection).user
        name = checked_name("name", given)
        # A name that is taken is all that strangers learn of a chat.
        async with (
            self._names.turn(connection.address, user, wrong=NameTaken),
            self._chats.turns.turn(name),
        ):
            if name in self._chats.by_name:
                raise NameTaken(name)
            self._check_chats_of(user)
            chat = Chat(self._chats.mailbox.next_id(), name, user, is_open=is_open)
            await self._chats.save(
                tables.insert_chat(chat.id, name, user.phone, is_open=is_open),
                tables.insert_member(chat.id, user.phone, chat.id),
            )
            self._chats.by_name[name] = chat
            self._enter(chat, user, chat.id)

    async def add_member(self, connection: RawConnection, given: str, phone: str | int) -> None:
        """Make somebody a member, who gets what is sent from now on."""
        adder = self._chats.seat(connection).user
        number = phone_number(phone).normal
        name = self._chats.spelled(given)
        self._chats.membership(adder, name)
        # Counted by who asks, on however many connections, and by address.
        async with (
            self._phones.turn(connection.address, adder, wrong=UnknownPhone),
            self._chats.turns.turn(name),
        ):
            chat = self._chats.membership(adder, name)
            user = self._chats.users.get(number)
            if user is None:
                raise UnknownPhone(number)
            if number in chat.members:
                raise AlreadyMember(number, name)
            if len(chat.members) >= self._members_limit:
                sentence = f"a chat has {self._members_limit} members at most"
                raise LimitReached(sentence, "members_limit")
            self._check_chats_of(user)
            since = self._chats.mailbox.next_id()
            await self._chats.save(tables.insert_member(chat.id, number, since))
            self._enter(chat, user, since)

    async def remove_member(self, connection: RawConnection, given: str, phone: str | int) -> None:
        """Make a member leave: the owner anybody, everybody themselves.

        The oldest member takes over from an owner, and the last one takes the chat along.
        """
        remover = self._chats.seat(connection).user
        number = phone_number(phone).normal
        name = self._chats.spelled(given)
        async with self._chats.turns.turn(name):
            chat = self._chats.membership(remover, name)
            if remover is not chat.owner and remover.phone != number:
                raise NotOwner(name)
            user = chat.members.get(number)
            if user is None:
                raise NotMember(f"{number} is", name)
            heir = self._heir(chat, user)
            removal = self._removal(chat, user, heir)
            await self._chats.save(
                tables.insert_removal(removal), *self._changes_without(chat, user, heir)
            )
            self._leave(chat, user, heir, removal)

    async def delete(self, connection: RawConnection, given: str) -> None:
        """Delete a chat with its messages; its name is free again."""
        user = self._chats.seat(connection).user
        name = self._chats.spelled(given)
        async with self._chats.turns.turn(name):
            chat = self._chats.membership(user, name)
            if user is not chat.owner:
                raise NotOwner(name)
            await self._delete(chat)

    async def close(self, name: str) -> bool:
        """Delete a chat, whoever owns it; returns whether there was one of this very name.

        Raises CannotSave.
        """
        async with self._chats.turns.turn(name):
            chat = self._chats.by_name.get(name)
            if chat is not None:
                await self._delete(chat)
            return chat is not None

    async def _delete(self, chat: Chat) -> None:
        await self._chats.save(*tables.delete_chat(chat.id), drop(chat.box))
        self._chats.publish_each(chat, partial(frames.chat_deleted, chat))
        self._forget(chat)

    def _check_chats_of(self, user: User) -> None:
        if len(user.chats) >= self._chats_limit:
            sentence = f"{user.phone} is a member of {self._chats_limit} chats: that is the limit"
            raise LimitReached(sentence, "chats_limit")

    def _enter(self, chat: Chat, user: User, since: int) -> None:
        chat.add(user, since)
        self._chats.subscribe(chat, list(user.seats))
        self._chats.publish(chat, frames.new_member(chat, user))

    def _heir(self, chat: Chat, leaving: User) -> User | None:
        """Who owns the chat afterwards; None if nobody is left."""
        if leaving is not chat.owner:
            return chat.owner
        return next((member for member in chat.members.values() if member is not leaving), None)

    def _removal(self, chat: Chat, user: User, heir: User | None) -> Removal:
        return Removal(
            phone=user.phone,
            id=self._chats.mailbox.next_id(),
            chat=chat.id,
            since=user.chats[chat.id][1],
            name=chat.name,
            owner=(heir or user).phone,
            members=tuple(phone for phone in chat.members if phone != user.phone),
        )

    def _changes_without(self, chat: Chat, user: User, heir: User | None) -> list[Change]:
        if heir is None:
            return [*tables.delete_chat(chat.id), drop(chat.box)]
        changes = [tables.delete_member(chat.id, user.phone)]
        if heir is not chat.owner:
            changes.append(tables.keep_owner(chat.id, heir.phone))
        return changes

    def _leave(self, chat: Chat, user: User, heir: User | None, removal: Removal) -> None:
        """Everybody is told what the chat is without the member, who hears that and no more."""
        chat.remove(user)
        if heir is not None:
            chat.hand_to(heir)
        user.removals.add(removal.id)
        # So that it is proven like a message that whoever was removed has heard of it.
        self._chats.server.position = removal.id
        self._chats.publish_each(chat, partial(frames.member_removed, chat, user))
        self._chats.unsubscribe(chat, list(user.seats))
        if heir is None:
            del self._chats.by_name[chat.name]

    def _forget(self, chat: Chat) -> None:
        self._chats.unsubscribe(chat, list(chat.seats()))
        for member in list(chat.members.values()):
            chat.remove(member)
        del self._chats.by_name[chat.name]
