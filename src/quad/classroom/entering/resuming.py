"""Who may take up a participant's place again.

Whoever shows the participant's token, always, also from a connection that is still open. A
participant of an original client has none, and never gets one by coming back. Its connection, if
one is open, is asked for a sign of life first: a living one is never taken away, a silent one is
closed. Then a teacher may return from the address last used. A student may as well, and for a while
after the drop also from elsewhere: then the teacher is warned, and the private messages from before
stay hidden for good.
"""

from collections.abc import Callable
from typing import Final

from quad.addresses import block
from quad.classroom import tables
from quad.classroom.entering.leaving import announce_offline
from quad.classroom.model import ORIGINAL, known_protocol
from quad.classroom.outgoing import Alert
from quad.classroom.refusals import (
    Barred,
    NameTaken,
    StillOnline,
    TokenRequired,
    UserNotFound,
    WrongAddress,
    WrongToken,
)
from quad.classroom.rooms import Rooms
from quad.classroom.sharing import tables as file_tables
from quad.classroom.state import KeptFiles, Participant, Room
from quad.classroom.updates import RoomUpdates
from quad.exclusive import Exclusive
from quad.identity import hash_token
from quad.realtime import Client
from quad.store import Change

_SILENT: Final = Alert("Your connection did not answer, so it was closed.", "INFO", "silent")


class Visitor:
    """A connection that wants into a room, and what it shows."""

    __slots__ = ("client", "is_current", "key", "place", "protocol", "token", "typed_pass")

    def __init__(
        self,
        client: Client,
        protocol: int | None,
        token: str | None = None,
        *,
        key: str | None = None,
        typed_pass: str | None = None,
    ) -> None:
        self.client = client
        self.protocol = known_protocol(protocol)
        self.token = token
        self.key = key
        self.typed_pass = typed_pass
        # Current clients get a token.
        self.is_current = self.protocol != ORIGINAL
        # What rules about addresses compare; of an uncertain one, nothing that equals another.
        self.place = block(client.address)[:64] if client.has_certain_address else ""


class Resuming:
    """Finds out whether a visitor is who they say, and keeps what they are known by."""

    def __init__(
        self,
        rooms: Rooms,
        updates: RoomUpdates,
        clock: Callable[[], float],
        mark: Callable[[], int],
        *,
        is_tokenless_allowed: bool,
        elsewhere_s: float,
    ) -> None:
        """`mark` gives an id that lies between all messages so far and all later ones.

        `elsewhere_s`: how long after a drop a student may come back from another address.
        """
        self._rooms = rooms
        self._updates = updates
        self._clock = clock
        self._mark = mark
        self._is_tokenless_allowed = is_tokenless_allowed
        self._elsewhere_s = elsewhere_s
        # One at a time: whoever is second meets the first, who is alive.
        self._claims = Exclusive()

    def who_joins(self, visitor: Visitor, room: Room, name: str | None) -> Participant | None:
        """The student who comes back by joining; None for a new one.

        Raises WrongToken or Barred for a token, and NameTaken if the name is that of somebody else.
        """
        if visitor.token is not None:
            if hash_token(visitor.token) in room.barred_tokens:
                raise Barred(room.number)
            owner = find_owner(room, visitor.token)
            if owner is None or owner is room.host:
                raise WrongToken
            return owner
        known = None if name is None else room.who_is(name)
        if known is None or self._may_join_again(known):
            return known
        raise NameTaken(known.name, room.number)

    def _may_join_again(self, known: Participant) -> bool:
        return (
            known.room.students.get(known.id) is known
            and not known.is_leaving
            and known.tokens is None
            and self._is_tokenless_allowed
        )

    def check(self, visitor: Visitor, known: Participant) -> None:
        """Raises WrongToken or TokenRequired unless the visitor may ask for the place."""
        if visitor.token is not None:
            if hash_token(visitor.token) not in (known.tokens or ()):
                raise WrongToken
        elif self._rooms.seated(visitor.client) is not known and (
            known.tokens is not None or not self._is_tokenless_allowed
        ):
            raise TokenRequired

    async def resume(self, visitor: Visitor, known: Participant) -> None:
        """Let the visitor, who may ask for it, have the place; whoever calls seats them at once.

        Raises StillOnline or WrongAddress without a token, UserNotFound if the participant has gone
        meanwhile.
        """
        if visitor.token is not None or self._rooms.seated(visitor.client) is known:
            await self._keep(visitor, known, is_elsewhere=False)
            return
        async with self._claims.turn(known):
            is_elsewhere = await self._claim(visitor, known)
            await self._keep(visitor, known, is_elsewhere=is_elsewhere)
        if is_elsewhere:
            told = f"{known.name} came back from another address"
            warning = Alert(told, "WARNING", "came_from_elsewhere", name=known.name)
            self._rooms.alert(known.room.host, warning)

    async def resume_by(
        self, visitor: Visitor, known: Participant, tokens: tuple[str, ...], key_hash: str | None
    ) -> None:
        """The same for whoever has shown a key or a pass: from now on these are the tokens, and no
        pass opens the place.
        """
        before = known.tokens, known.key_hash, known.issued_pass
        known.issued_pass = None
        # Before they are saved, so that two at once keep both; nobody is told of one until then.
        known.tokens, known.key_hash = tokens, key_hash
        change = tables.keep_tokens(known.id, tokens, key_hash)
        try:
            await self._keep(visitor, known, change, is_elsewhere=False)
        except BaseException:
            if known.tokens is tokens:
                known.tokens, known.key_hash, known.issued_pass = before
            raise

    async def _claim(self, visitor: Visitor, known: Participant) -> bool:
        """Whether the visitor comes from elsewhere."""
        was_online = await self._part_from_silent(visitor, known)
        if visitor.place and visitor.place == known.address:
            return False
        is_late = self._clock() - known.dropped_at >= self._elsewhere_s
        if known.role == "host" or is_late:
            if was_online:
                announce_offline(self._rooms, self._updates, known)
            raise WrongAddress
        return True

    async def _part_from_silent(self, visitor: Visitor, known: Participant) -> bool:
        """Close connections that do not answer; returns whether there was one."""
        was_online = False
        while known.is_online and self._rooms.seated(visitor.client) is not known:
            silent = known.sid
            if await self._rooms.is_alive(known):
                raise StillOnline
            if known.sid == silent:
                self._rooms.alert(known, _SILENT)
                self._rooms.send_away(known)
                was_online = True
        return was_online

    async def _keep(
        self, visitor: Visitor, known: Participant, *more: Change, is_elsewhere: bool
    ) -> None:
        await self._look_up_files(known)
        hidden_before = self._mark() if is_elsewhere else known.hidden_before
        changes = [*more, *self._rooms.note_use(known.room)]
        if known.address != visitor.place or is_elsewhere:
            changes.append(tables.keep_address(known.id, visitor.place, hidden_before))
        if changes:
            await self._rooms.save(*changes)
        # They may have been removed while the database was asked.
        if known.is_leaving or known.room.is_closing:
            raise UserNotFound(known.id, known.room.number)
        known.address, known.hidden_before = visitor.place, hidden_before

    async def _look_up_files(self, known: Participant) -> None:
        if known.kept_files is None and known.role == "client":
            sizes = await self._rooms.read(file_tables.select_file_sizes(known.id))
            if known.kept_files is None:
                known.kept_files = KeptFiles((row[0], row[1]) for row in sizes)


def find_owner(room: Room, token: str) -> Participant | None:
    """The participant that a token belongs to."""
    hashed = hash_token(token)
    for participant in (room.host, *room.students.values()):
        # Hashes of secrets: how long the comparison takes tells nothing about a secret.
        if hashed in (participant.tokens or ()) and not participant.is_leaving:
            return participant
    return None
