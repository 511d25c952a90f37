"""Who may take up a participant's place again.

Whoever shows the participant's token, always. A participant of an original client has none: a
teacher may return from the address last used, a student from anywhere while offline and from that
address while online, or by joining under the same name while offline.
"""

import contextlib

from quad.classroom import tables
from quad.classroom.live import KeptFiles, Participant, Room
from quad.classroom.model import CURRENT
from quad.classroom.refusals import (
    CannotSave,
    NameTaken,
    TokenRequired,
    UserNotFound,
    WrongAddress,
    WrongToken,
)
from quad.classroom.rooms import Rooms, alert
from quad.identity import hash_token, new_token, token_matches
from quad.realtime import Client


class Visitor:
    """A connection that wants into a room, and what it shows."""

    __slots__ = ("address", "client", "is_current", "protocol", "token")

    def __init__(self, client: Client, protocol: int | None, token: str | None = None) -> None:
        self.client = client
        self.protocol = protocol or 1
        self.token = token
        # As it is kept; a scoped IPv6 address is the longest.
        self.address = client.address[:64]
        # Current clients get a token.
        self.is_current = self.protocol >= CURRENT


class Returning:
    """Finds out whether a visitor is who they say, and keeps what they are known by."""

    def __init__(self, rooms: Rooms, *, is_tokenless_allowed: bool) -> None:
        self._rooms = rooms
        self._is_tokenless_allowed = is_tokenless_allowed

    def who_joins(self, visitor: Visitor, room: Room, name: str | None) -> Participant | None:
        """The student who comes back by joining; None for a new one.

        Raises WrongToken, and NameTaken if the name is that of somebody else.
        """
        if visitor.token is not None:
            return _owner(room, visitor.token)
        known = None if name is None else room.names.get(name)
        if known is None or self._may_join_again(known):
            return known
        refused = NameTaken(known.name, room.number)
        alert(visitor.client, "ERROR", str(refused))
        raise refused

    def _may_join_again(self, known: Participant) -> bool:
        return (
            known.room.students.get(known.id) is known
            and not known.is_leaving
            and known.client is None
            and known.token_hash is None
            and self._is_tokenless_allowed
        )

    def check(self, visitor: Visitor, known: Participant) -> None:
        """Raises WrongToken, TokenRequired or WrongAddress unless the visitor may return."""
        if visitor.token is not None:
            if known.token_hash is None or not token_matches(visitor.token, known.token_hash):
                raise WrongToken
        elif known.client is not visitor.client:
            if known.token_hash is not None or not self._is_tokenless_allowed:
                raise TokenRequired
            is_anywhere = known.role == "client" and known.client is None
            if not is_anywhere and known.address != visitor.address:
                raise WrongAddress

    async def resume(self, visitor: Visitor, known: Participant) -> str | None:
        """Keep what the participant is known by from now on; returns the token to tell."""
        await self._look_up_files(known)
        if visitor.is_current and known.token_hash is None:
            return await self._resume_with_new_token(visitor, known)
        if known.address != visitor.address:
            await self._keep(known, visitor.address, known.token_hash)
        _check_present(known)
        known.address = visitor.address
        return visitor.token if visitor.is_current else None

    async def _resume_with_new_token(self, visitor: Visitor, known: Participant) -> str | None:
        token = new_token()
        token_hash = hash_token(token)
        await self._keep(known, visitor.address, token_hash)
        _check_present(known)
        if not visitor.client.is_open:
            # Nobody will ever know the token; the participant stays one without.
            with contextlib.suppress(CannotSave):
                await self._keep(known, visitor.address, None)
            return None
        known.address = visitor.address
        known.token_hash = token_hash
        return token

    async def _keep(self, known: Participant, address: str, token_hash: str | None) -> None:
        await self._rooms.save(tables.keep_identity(known.id, address, token_hash))

    async def _look_up_files(self, known: Participant) -> None:
        if known.kept_files is None and known.role == "client":
            sizes = await self._rooms.read(tables.select_file_sizes(known.id))
            if known.kept_files is None:
                known.kept_files = KeptFiles((row[0], row[1]) for row in sizes)


def _owner(room: Room, token: str) -> Participant:
    hashed = hash_token(token)
    for student in room.students.values():
        # Hashes of secrets: how long the comparison takes tells nothing about a secret.
        if student.token_hash == hashed:
            return student
    raise WrongToken


def _check_present(known: Participant) -> None:
    # They may have been removed while the database was asked.
    if known.is_leaving or known.room.is_closing:
        raise UserNotFound(known.id, known.room.number)
