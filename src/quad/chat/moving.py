"""All chats move to another node, with every connection."""

from typing import Final

import msgspec
from msgspec import Struct

from quad.chat.chats import Chats
from quad.chat.entrance import Entrance
from quad.chat.state import Seat, User
from quad.cluster.routes import CAMPUS
from quad.realtime import MovedConnection, RawConnection, RawServer, Socket
from quad.store import Device, SavedDevice, SavedReader


class _Seat(Struct, frozen=True, array_like=True):
    """A connection of a phone that is in, and what the phone's reader is like."""

    phone: str
    protocol: int
    takes_portions: bool
    reader: SavedReader
    device: SavedDevice


class _Moved(Struct, frozen=True, array_like=True):
    """A connection, whether it is anybody's or not.

    `protocol` is what it said in its last `register`. `position`: everything was published before.
    """

    connection: MovedConnection
    protocol: int | None
    position: int
    seat: _Seat | None


class Moving:
    """Gives all chats up with their connections, and takes up those of another node.

    See `quad.cluster.handover.RawRules`.
    """

    key: Final = CAMPUS

    def __init__(
        self,
        server: RawServer,
        chats: Chats,
        entrance: Entrance,
        protocols: dict[RawConnection, int],
    ) -> None:
        """`protocols`: what connections have said in their last `register`."""
        self._server = server
        self._chats = chats
        self._entrance = entrance
        self._protocols = protocols
        # Of connections that have ended on the way: whose they were, and what they were told.
        self._left: list[tuple[User, Device, int]] = []

    def suspend(self) -> None:
        """Hear nobody; what is at work goes on."""
        self._server.suspend()

    @property
    def is_at_work(self) -> bool:
        """Whether an operation is; what comes over HTTP is waited for anyway."""
        return self._server.is_at_work

    def give_up(self) -> list[tuple[Socket, _Moved]]:
        """Whoever is connected hears nothing of it. Returns their connections.

        Whose connection cannot move is closed, and has left.
        """
        given = self._server.give_up()
        position = self._server.position
        moved = []
        for connection, socket, state in given:
            seat = self._chats.seats.pop(connection, None)
            kept = None if seat is None else _kept(seat)
            protocol = self._protocols.pop(connection, None)
            moved.append((socket, _Moved(state, protocol, position, kept)))
        return moved

    def take_up(self, socket: Socket | None, seat: object) -> None:
        """Go on with a connection of another node; None: its client has left meanwhile."""
        moved = msgspec.convert(seat, _Moved)
        self._chats.mailbox.skip_to(moved.position)
        self._server.position = max(self._server.position, moved.position)
        connection = None
        if socket is not None:
            connection = self._server.take_up(socket, moved.connection)
            if moved.protocol is not None:
                self._protocols[connection] = moved.protocol
        if moved.seat is not None:
            self._take_up_seat(connection, moved.seat, moved.connection.told)

    def resume(self) -> None:
        """Hear everybody. Only now have those left who have: all devices of a phone are known."""
        left, self._left = self._left, []
        for user, device, told in left:
            self._entrance.note_end(user, device, told)
        self._server.resume()

    def _take_up_seat(self, connection: RawConnection | None, moved: _Seat, told: int) -> None:
        user = self._chats.users.get(moved.phone)
        if user is None:
            return
        user.takes_portions |= moved.takes_portions
        if not user.reader.devices:
            user.reader.restore(moved.reader)
        device = user.reader.restore_device(moved.device)
        if connection is None:
            self._left.append((user, device, told))
        else:
            self._entrance.sit_down(Seat(connection, user, device, moved.protocol))


def _kept(seat: Seat) -> _Seat:
    user = seat.user
    return _Seat(
        user.phone,
        seat.protocol,
        user.takes_portions,
        user.reader.saved(),
        user.reader.saved_device(seat.device),
    )
