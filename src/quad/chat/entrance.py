"""Logging connections in and out, and what they are told first.

What a member has missed is read while everything that is published meanwhile is held back; it is
written after what was read. So nothing is lost, and nothing comes out of order.
"""

from collections.abc import AsyncIterator
from typing import Final

from quad import audit
from quad.chat import frames, tables
from quad.chat.admission import Admission, Admitted, Registration
from quad.chat.chats import Chats
from quad.chat.frames import MessageFrames
from quad.chat.missed import Item, Missed, Span
from quad.chat.refusals import CannotSave, LoggedOut
from quad.chat.state import Chat, Removal, Seat, User
from quad.realtime import Message, RawConnection
from quad.store import Device, StoreError

# Of RFC 6455, section 7.4.1: the connection breaks a rule of ours, which is to have the token.
_POLICY_VIOLATION: Final = 1008
_MESSAGE_TOO_BIG: Final = 1009


class Entrance:
    """Logs connections in, and out again."""

    def __init__(
        self,
        chats: Chats,
        admission: Admission,
        shown: MessageFrames,
        *,
        state_limit_bytes: int,
        page_bytes: int,
    ) -> None:
        """`page_bytes` of messages, or little more, are written before their arrival is proven.

        A `state` is that much or, for whoever takes it, `state_limit_bytes`.
        """
        self._chats = chats
        self._state_limit_bytes = state_limit_bytes
        self._admission = admission
        self._shown = shown
        self._page_bytes = page_bytes

    async def register(self, connection: RawConnection, who: Registration) -> None:
        """Log a connection in as a phone, new or known, and send it the `state`.

        One that was in as another phone is logged out from there; if it is declined, it stays.
        """
        admitted = await self._admission.admit(connection, who)
        user = admitted.user
        if admitted.is_handed_over:
            audit.record("chat.hand_over", address=connection.address, phone=user.phone)
            self._end_others(user, connection)
        before = self._chats.seats.get(connection)
        if before is not None and before.user is not user:
            await self._log_out(before)
        if not connection.is_open:
            self._note_absence(user)
            return
        if before is not None and before.user is user:
            self._unseat(before)
        await self._welcome(connection, admitted, who.protocol)

    async def reset_token(self, connection: RawConnection) -> None:
        """Give a new token to whoever is in; everybody else with this phone is out."""
        user = self._chats.seat(connection).user
        given = await self._admission.reset_token(user)
        audit.record("chat.reset_token", address=connection.address, phone=user.phone)
        self._end_others(user, connection)
        connection.send(frames.token(given))

    def leave(self, connection: RawConnection) -> None:
        """The connection has ended."""
        seat = self._chats.seats.get(connection)
        if seat is None:
            return
        if connection.close_code == _MESSAGE_TOO_BIG:
            # Its library takes no message of that size: it would come in vain again and again.
            seat.user.takes_portions = True
        self._part(seat)

    def proven(self, connection: RawConnection, position: int) -> None:
        """The connection's client has everything up to a message."""
        seat = self._chats.seats.get(connection)
        if seat is None:
            return
        user = seat.user
        user.reader.prove(seat.device, position)
        self._chats.mailbox.save(user.reader_name, user.reader)
        if user.removals:
            self._settle_removals(user)

    def _settle_removals(self, user: User) -> None:
        # Removals are told at the end of what a device is told at its beginning.
        if not all(seat.device.has_caught_up for seat in user.seats):
            return
        heard = {removal for removal in user.removals if removal <= user.reader.proven}
        user.removals -= heard
        if heard:
            self._chats.save_soon(*[tables.delete_removal(user.phone, each) for each in heard])

    def sit_down(self, seat: Seat) -> None:
        """The connection is this user's from now on, and hears of all their chats."""
        user = seat.user
        for chat, _ in user.chats.values():
            self._chats.subscribe(chat, [seat])
        self._chats.seats[seat.connection] = seat
        user.seats.add(seat)
        if user.disconnected_at is not None:
            user.show_presence(None)
            self._chats.save_soon(tables.keep_presence(user.phone, None))

    def note_end(self, user: User, device: Device, told: int) -> None:
        """A device of the user has gone; it was told everything up to `told`."""
        user.reader.end(device, told)
        self._chats.mailbox.save(user.reader_name, user.reader)

    # Coming and going

    def _end_others(self, user: User, connection: RawConnection) -> None:
        for seat in list(user.seats):
            if seat.connection is not connection:
                told = frames.error(LoggedOut(), None, frames.NOTHING, seat.protocol)
                seat.connection.send(told)
                seat.connection.close(_POLICY_VIOLATION, "the phone has a new token")

    async def _log_out(self, seat: Seat) -> None:
        """Before another phone is here: what was told so far is proven for this one."""
        for chat, _ in seat.user.chats.values():
            self._chats.unsubscribe(chat, [seat])
        await seat.connection.proof()
        if seat.connection.is_open:  # otherwise `leave` follows
            self._part(seat)

    def _seat(self, connection: RawConnection, user: User, protocol: int) -> Seat:
        device = user.reader.begin(self._chats.server.position)
        seat = Seat(connection, user, device, protocol)
        connection.follow(device.after)
        connection.hold()
        self.sit_down(seat)
        return seat

    def _part(self, seat: Seat) -> None:
        self._unseat(seat)
        self._note_absence(seat.user)

    def _note_absence(self, user: User) -> None:
        if not user.seats and user.disconnected_at is None:
            at = self._chats.now()
            user.show_presence(at)
            user.keys = None
            self._chats.save_soon(tables.keep_presence(user.phone, at))

    def _unseat(self, seat: Seat) -> None:
        user, connection = seat.user, seat.connection
        for chat, _ in user.chats.values():
            self._chats.unsubscribe(chat, [seat])
        user.seats.discard(seat)
        del self._chats.seats[connection]
        self.note_end(user, seat.device, connection.told)

    # What they are told first

    async def _welcome(self, connection: RawConnection, admitted: Admitted, protocol: int) -> None:
        seat = self._seat(connection, admitted.user, protocol)
        # Of this moment: what changes from now on is held back and told afterwards.
        spans = [Span(chat, since) for chat, since in seat.user.chats.values()]
        chats = {span.chat: span.chat.shown for span in spans}
        try:
            await self._tell_missed(seat, spans, chats, admitted.token)
        except StoreError as error:
            self._part(seat)
            raise CannotSave(error) from error
        finally:
            connection.release()

    async def _tell_missed(
        self, seat: Seat, spans: list[Span], chats: dict[Chat, bytes], token: str | None
    ) -> None:
        connection = seat.connection
        gone = await self._removed_from(seat.user, spans)
        chats |= {chat: chat.shown for chat in gone}
        missed = Missed(self._chats, seat.device, spans, self._page_bytes)
        told = await self._tell_state(seat, missed, chats, token)
        while not missed.is_over and connection.is_open:
            connection.send_ahead(told, missed.position)
            await connection.proof()
            told = [
                self._shown.told(item.chat, item.sender, item.message, seat.protocol)
                for item in await missed.page()
            ]
        # In one write with the last of the messages: the proof of these is that of the removals.
        told += [frames.member_removed(chat, seat.user, seat.protocol) for chat in gone]
        connection.send_ahead(told, missed.position)

    async def _tell_state(
        self, seat: Seat, missed: Missed, chats: dict[Chat, bytes], token: str | None
    ) -> list[Message]:
        """The `state`, if it is not so long that it has been written already, in parts."""
        page = await missed.page()
        limit_bytes = self._page_bytes if seat.user.takes_portions else self._state_limit_bytes
        if missed.is_over or limit_bytes <= self._page_bytes:
            briefs: dict[Chat, list[bytes]] = {chat: [] for chat in chats}
            for item in page:
                briefs[item.chat].append(self._brief(item, seat.protocol))
            return [frames.state([(chats[chat], briefs[chat]) for chat in chats], token)]
        del page  # it is read again, chat by chat
        await missed.skip(limit_bytes - self._page_bytes)
        told = ((chats[chat], self._briefs(missed, chat, seat.protocol)) for chat in chats)
        await seat.connection.send_parts(frames.state_in_parts(told, token, self._page_bytes))
        return []

    async def _briefs(
        self, missed: Missed, chat: Chat, protocol: int
    ) -> AsyncIterator[list[bytes]]:
        async for page in missed.of_chat(chat):
            yield [self._brief(item, protocol) for item in page]

    def _brief(self, item: Item, protocol: int) -> bytes:
        return self._shown.brief(item.sender, item.message, protocol)

    async def _removed_from(self, user: User, spans: list[Span]) -> list[Chat]:
        """The chats that somebody was removed from without having heard of it, as they were then.

        Adds their messages to the spans. Who is a member again hears of the messages alone.
        """
        if not user.removals:
            return []
        current = {span.chat.id: span.chat for span in spans}
        names = {chat.name for chat in current.values()}
        gone: dict[str, Chat] = {}
        for row in await self._chats.read(tables.SELECT_REMOVALS_OF, {"of_phone": user.phone}):
            removal = tables.read_removal(row)
            chat = current.get(removal.chat)
            if chat is None and removal.name not in names:
                chat = gone[removal.name] = self._as_it_was(removal)
            if chat is not None:
                spans.append(Span(chat, removal.since, removal.id))
        return list(gone.values())

    def _as_it_was(self, removal: Removal) -> Chat:
        chat = Chat(removal.chat, removal.name, self._chats.sender(removal.owner))
        chat.members = {phone: self._chats.sender(phone) for phone in removal.members}
        return chat
