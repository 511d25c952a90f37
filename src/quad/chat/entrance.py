"""Registering: who may log in as which phone, and what a connection is told first.

What a member has missed is read while everything that is published meanwhile is held back; it is
written after what was read. So nothing is lost, and nothing comes out of order.
"""

from quad.chat import tables
from quad.chat.chats import Chats
from quad.chat.frames import MessageFrames, state
from quad.chat.live import Chat, Seat, User
from quad.chat.missed import Missed
from quad.chat.model import CURRENT, TOKEN_LENGTHS, checked_name, normal_phone
from quad.chat.refusals import (
    AlreadyRegistered,
    BadValue,
    CannotSave,
    TokenRequired,
    TooManyWrongTokens,
    WrongToken,
)
from quad.identity import KeyedRateLimit, hash_token, new_token, token_matches
from quad.realtime import Message, RawConnection
from quad.settings import ChatSettings
from quad.store import Change, Reader, StoreError


class Entrance:
    """Logs connections in, and out again."""

    def __init__(
        self,
        chats: Chats,
        shown: MessageFrames,
        settings: ChatSettings,
        wrong_tokens: KeyedRateLimit,
        page_bytes: int,
    ) -> None:
        """`page_bytes` of messages, or little more, are written before their arrival is proven."""
        self._chats = chats
        self._shown = shown
        self._demand_tokens = settings.demand_tokens
        self._wrong_tokens = wrong_tokens
        self._page_bytes = page_bytes

    async def register(
        self, connection: RawConnection, phone: str, name: str, protocol: int, token: str | None
    ) -> None:
        """Log a connection in as a phone, new or known, and send it the `state`."""
        phone = normal_phone(phone)
        checked_name("name", name)
        before = self._chats.seats.get(connection)
        if before is not None and before.user.phone != phone:
            raise AlreadyRegistered
        async with self._chats.turns.turn(("phone", phone)):
            user, given = await self._admit(connection, phone, name, protocol, token)
        if not connection.is_open:
            self._note_absence(user)
            return
        if before is not None:
            self._unseat(before)
        await self._welcome(connection, user, protocol, given)

    def leave(self, connection: RawConnection) -> None:
        """The connection has ended."""
        seat = self._chats.seats.get(connection)
        if seat is not None:
            self._part(seat)

    def proven(self, connection: RawConnection, position: int) -> None:
        """The connection's client has everything up to a message."""
        seat = self._chats.seats.get(connection)
        if seat is not None:
            seat.user.reader.prove(seat.device, position)
            self._chats.mailbox.save(seat.user.reader_name, seat.user.reader)

    # Who may come in

    async def _admit(
        self,
        connection: RawConnection,
        phone: str,
        name: str,
        protocol: int,
        token: str | None,
    ) -> tuple[User, str | None]:
        """The user, and the token if this was the moment to give one."""
        user = self._chats.users.get(phone)
        if user is not None and user.token is not None:
            if connection not in self._chats.seats:
                self._check_token(connection.address, user, token)
            given = None
        else:
            given = self._make_token(protocol, token)
        hashed = None if given is None else hash_token(given)
        if user is None:
            await self._chats.save(tables.insert_user(phone, name, hashed))
            user = self._chats.users[phone] = User(phone, name, None, hashed)
            user.reader = Reader(self._chats.server.position)
            return user, given
        changes: list[Change] = []
        if hashed is not None:
            changes.append(tables.claim_user(phone, hashed))
        if name != user.name:
            changes.append(tables.rename_user(phone, name))
        if changes:
            await self._chats.save(*changes)
            user.token = hashed or user.token
            user.rename(name)
        return user, given

    def _check_token(self, address: str, user: User, token: str | None) -> None:
        assert user.token is not None
        if token is None:
            raise TokenRequired
        tries = (address, user.phone)
        wait_s = self._wrong_tokens.wait(tries)
        if not wait_s:
            if token_matches(token, user.token):
                return
            # Many people may share an address, so that alone keeps nobody out who has a token.
            wait_s = max(self._wrong_tokens.take(tries), self._wrong_tokens.take(address))
        raise TooManyWrongTokens(wait_s) if wait_s else WrongToken

    def _make_token(self, protocol: int, token: str | None) -> str | None:
        """The token of a phone that has none yet; None if it gets none.

        A client may bring a token of its own making, and then cannot lose it on the way.
        """
        if protocol != CURRENT:
            if self._demand_tokens:
                raise TokenRequired
            return None
        if token is None:
            return new_token()
        if len(token) not in TOKEN_LENGTHS:
            first, last = TOKEN_LENGTHS[0], TOKEN_LENGTHS[-1]
            raise BadValue("token", f"needs {first} to {last} characters if it is a new one")
        return token

    # What they are told first

    async def _welcome(
        self, connection: RawConnection, user: User, protocol: int, token: str | None
    ) -> None:
        seat = self._seat(connection, user, protocol)
        # Of this moment: what changes from now on is held back and told afterwards.
        chats = [(chat, chat.shown, since) for chat, since in user.chats.values()]
        try:
            await self._tell_missed(seat, chats, token)
        except StoreError as error:
            self._part(seat)
            raise CannotSave from error
        finally:
            connection.release()

    def _seat(self, connection: RawConnection, user: User, protocol: int) -> Seat:
        device = user.reader.begin(self._chats.server.position)
        seat = Seat(connection, user, device, protocol)
        connection.follow(device.after)
        connection.hold()
        for chat, _ in user.chats.values():
            self._chats.subscribe(chat, [seat])
        self._chats.seats[connection] = seat
        user.seats.add(seat)
        if user.disconnected_at is not None:
            user.show_presence(None)
            self._chats.save_soon(tables.keep_presence(user.phone, None))
        return seat

    def _part(self, seat: Seat) -> None:
        self._unseat(seat)
        self._note_absence(seat.user)

    def _note_absence(self, user: User) -> None:
        if not user.seats and user.disconnected_at is None:
            at = self._chats.now()
            user.show_presence(at)
            self._chats.save_soon(tables.keep_presence(user.phone, at))

    def _unseat(self, seat: Seat) -> None:
        user, connection = seat.user, seat.connection
        for chat, _ in user.chats.values():
            self._chats.unsubscribe(chat, [seat])
        user.reader.end(seat.device, connection.told)
        user.seats.discard(seat)
        del self._chats.seats[connection]
        self._chats.mailbox.save(user.reader_name, user.reader)

    async def _tell_missed(
        self, seat: Seat, chats: list[tuple[Chat, bytes, int]], token: str | None
    ) -> None:
        connection = seat.connection
        missed = Missed(self._chats, seat.device, chats, self._page_bytes)
        briefs: dict[str, list[bytes]] = {chat.box: [] for chat, _, _ in chats}
        for item in await missed.page():
            brief = self._shown.brief(item.sender, item.id, item.text, seat.protocol)
            briefs[item.chat.box].append(brief)
        first = state(((shown, briefs[chat.box]) for chat, shown, _ in chats), token)
        connection.send_ahead([first], missed.position)
        while not missed.is_over and connection.is_open:
            await connection.proof()
            told = [
                Message(self._shown.told(item.chat, item.sender, item.id, item.text, seat.protocol))
                for item in await missed.page()
            ]
            connection.send_ahead(told, missed.position)
