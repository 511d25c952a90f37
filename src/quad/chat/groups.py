"""Chats and who is in them: creating, adding, removing, deleting.

Each of these has its chat to itself until it is committed; messages that arrive meanwhile wait.
"""

from quad.chat import frames, tables
from quad.chat.chats import Chats
from quad.chat.live import Chat, User
from quad.chat.model import checked_name, normal_phone
from quad.chat.refusals import (
    AlreadyMember,
    LimitReached,
    NameTaken,
    NotMember,
    NotOwner,
    UnknownPhone,
)
from quad.realtime import RawConnection
from quad.settings import ChatSettings
from quad.store import Change
from quad.store.mailbox import drop


class Groups:
    """What members may do to chats."""

    def __init__(self, chats: Chats, settings: ChatSettings) -> None:
        self._chats = chats
        self._members_limit = settings.members_limit
        self._chats_limit = settings.chats_limit

    async def create(self, connection: RawConnection, name: str) -> None:
        """Make a chat with the sender as its owner and only member."""
        user = self._chats.seat(connection).user
        checked_name("name", name)
        async with self._chats.turns.turn(name):
            if name in self._chats.by_name:
                raise NameTaken(name)
            self._check_chats_of(user)
            chat = Chat(self._chats.mailbox.next_id(), name, user)
            await self._chats.save(
                tables.insert_chat(chat.id, name, user.phone),
                tables.insert_member(chat.id, user.phone, chat.id),
            )
            self._chats.by_name[name] = chat
            self._enter(chat, user, chat.id)

    async def add_member(self, connection: RawConnection, name: str, phone: str) -> None:
        """Make somebody a member, who gets what is sent from now on."""
        adder = self._chats.seat(connection).user
        phone = normal_phone(phone)
        async with self._chats.turns.turn(name):
            chat = self._chats.membership(adder, name)
            user = self._chats.users.get(phone)
            if user is None:
                raise UnknownPhone(phone)
            if phone in chat.members:
                raise AlreadyMember(phone, name)
            if len(chat.members) >= self._members_limit:
                sentence = f"a chat has {self._members_limit} members at most"
                raise LimitReached(sentence, "members_limit")
            self._check_chats_of(user)
            since = self._chats.mailbox.next_id()
            await self._chats.save(tables.insert_member(chat.id, phone, since))
            self._enter(chat, user, since)

    async def remove_member(self, connection: RawConnection, name: str, phone: str) -> None:
        """Make a member leave: the owner anybody, everybody themselves.

        The oldest member takes over from an owner, and the last one takes the chat along.
        """
        remover = self._chats.seat(connection).user
        phone = normal_phone(phone)
        async with self._chats.turns.turn(name):
            chat = self._chats.membership(remover, name)
            if remover is not chat.owner and remover.phone != phone:
                raise NotOwner(name)
            user = chat.members.get(phone)
            if user is None:
                raise NotMember(f"{phone} is", name)
            heir = self._heir(chat, user)
            await self._chats.save(*self._changes_without(chat, user, heir))
            self._leave(chat, user, heir)

    async def delete(self, connection: RawConnection, name: str) -> None:
        """Delete a chat with its messages; its name is free again."""
        user = self._chats.seat(connection).user
        async with self._chats.turns.turn(name):
            chat = self._chats.membership(user, name)
            if user is not chat.owner:
                raise NotOwner(name)
            await self._chats.save(*tables.delete_chat(chat.id), drop(chat.box))
            self._chats.publish(chat, frames.chat_deleted(chat))
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

    def _changes_without(self, chat: Chat, user: User, heir: User | None) -> list[Change]:
        if heir is None:
            return [*tables.delete_chat(chat.id), drop(chat.box)]
        changes = [tables.delete_member(chat.id, user.phone)]
        if heir is not chat.owner:
            changes.append(tables.keep_owner(chat.id, heir.phone))
        return changes

    def _leave(self, chat: Chat, user: User, heir: User | None) -> None:
        self._chats.publish(chat, frames.member_removed(chat, user))
        if heir is None:
            self._forget(chat)
            return
        chat.owner = heir
        self._chats.unsubscribe(chat, list(user.seats))
        chat.remove(user)

    def _forget(self, chat: Chat) -> None:
        self._chats.unsubscribe(chat, list(chat.seats()))
        for member in list(chat.members.values()):
            chat.remove(member)
        del self._chats.by_name[chat.name]
