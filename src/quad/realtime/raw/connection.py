"""One raw WebSocket, as applications see it."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence

from quad.realtime.delivery import Message


class RawConnection(ABC):
    """A WebSocket without Engine.IO: messages go out in the order of the calls and publishes.

    Equal only to itself, so that applications can use it as the key of their own state.
    """

    __slots__ = ()

    is_open: bool
    """False as soon as it has ended."""
    close_code: int
    """After the end: why the client has closed the connection, if it has said so."""
    topics: tuple[str, ...]
    """What it is subscribed to."""

    def __repr__(self) -> str:
        return f"<RawConnection from {self.address}>"

    @property
    @abstractmethod
    def address(self) -> str:
        """The IP address of the peer."""

    @property
    @abstractmethod
    def has_certain_address(self) -> bool:
        """Whether rights may rest on the address: no unknown proxy stands in between."""

    @property
    @abstractmethod
    def headers(self) -> Mapping[str, str]:
        """The handshake's headers by lower-case name; taken apart anew with every call."""

    @property
    @abstractmethod
    def queued_bytes(self) -> int:
        """What the client has not read, as far as this process knows."""

    @property
    @abstractmethod
    def told(self) -> int:
        """The position of what was written last, or would have been but for the end."""

    @property
    @abstractmethod
    def last_heard(self) -> float:
        """When the client last gave a sign of life, by `time.monotonic`; 0 after the end."""

    @abstractmethod
    async def is_alive(self) -> bool:
        """Ask the client for a sign of life; see `Session.is_alive`."""

    @abstractmethod
    def send(self, message: Message) -> None:
        """Queue a message. Never waits; a client that has gone gets nothing."""

    @abstractmethod
    def subscribe(self, topic: str) -> None:
        """Receive what is published to a topic from now on. Twice is once."""

    @abstractmethod
    def unsubscribe(self, topic: str) -> None:
        """Receive no more of what is published to a topic. Not subscribed is no error."""

    @abstractmethod
    def follow(self, position: int) -> None:
        """From now on have proven what is written; so far that is `position`."""

    @abstractmethod
    def hold(self) -> None:
        """Hold back all that is queued from now on; what is queued already goes out."""

    @abstractmethod
    def send_ahead(self, messages: Sequence[Message], position: int) -> None:
        """Write before what is held back, and have `position` proven."""

    @abstractmethod
    async def send_parts(self, parts: AsyncIterator[bytes]) -> None:
        """Write one message in parts, before what is held back.

        For what is too long to be in memory: each part goes out when the one before has been read.
        What `parts` raises ends the connection, because nobody could read on behind half a message.
        """

    @abstractmethod
    async def proof(self) -> None:
        """Wait until all that was written is proven, or the connection has ended."""

    @abstractmethod
    def release(self) -> None:
        """Write what was held back, and hold no longer."""

    @abstractmethod
    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close after everything queued so far has been written."""
