"""What is to be written for a raw server."""

from typing import Protocol

from quad.realtime.delivery import Message
from quad.realtime.errors import Refused
from quad.realtime.payload import Payload
from quad.realtime.raw.connection import RawConnection


class RawApplication(Protocol):
    """What a raw server carries messages for, which alone calls it.

    On the loop. No method may wait or raise; each may send and close.
    """

    def opened(self, connection: RawConnection) -> None:
        """Somebody has connected; nothing has arrived. Once for each connection, and first."""

    def closed(self, connection: RawConnection, reason: str) -> None:
        """The connection has ended and its last handler has finished. Once, and last."""

    def proven(self, connection: RawConnection, position: int) -> None:
        """A connection that is followed has read all that was written to it up to `position`.

        Handlers of the connection may be at work meanwhile.
        """

    def explain(
        self,
        connection: RawConnection,
        operation: str | None,
        refused: Refused,
        said: Payload | str,
    ) -> Message:
        """What a client is told of an operation that was declined; None: nobody knows which.

        `said` is its payload, or the text that could not be read as one. Called before the
        operation gives its turn back.
        """

    def refusal(self, error: BaseException) -> Refused | None:
        """The refusal that an error of a handler means; None: it is a bug."""
