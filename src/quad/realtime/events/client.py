"""One Socket.IO connection to one namespace, as applications see it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any


class Client(ABC):
    """Somebody who has entered a namespace, on this node or on another one.

    Equal only to itself, so that applications can use it as the key of their own state.
    """

    __slots__ = ()

    id: str
    """What the client knows as its own `socket.id`."""
    is_open: bool
    """False as soon as it has left, or was sent away."""
    topics: tuple[str, ...]
    """What it is subscribed to."""
    is_here: bool
    """Whether this process holds its connection: then what was said before its end was written. Of
    what is on its way to another node, nobody knows."""

    def __repr__(self) -> str:
        return f"<Client {self.id[:6]} of {self.namespace} from {self.address}>"

    @property
    @abstractmethod
    def namespace(self) -> str:
        """The namespace's name."""

    @property
    @abstractmethod
    def auth(self) -> dict[str, Any]:
        """What it showed when it entered."""

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
    def is_of_another_page(self) -> bool:
        """Whether a browser says that a page of another site has opened the connection."""

    @property
    @abstractmethod
    def headers(self) -> Mapping[str, str]:
        """The `cookie` of the handshake, if there was one; its other headers are not kept."""

    @property
    @abstractmethod
    def engine_id(self) -> str:
        """The Engine.IO session id, which clients also see as `socket.io.engine.id`."""

    @property
    @abstractmethod
    def last_heard(self) -> float:
        """When this client last gave a sign of life, by `time.monotonic`."""

    @abstractmethod
    async def is_alive(self) -> bool:
        """Ask whether somebody is at the other end; False: no sign of life came in time.

        A client that has left is not alive; one that does not answer stays connected until its
        heartbeat is overdue or the caller sends it away. See `Session.is_alive`.
        """

    @abstractmethod
    def emit(self, event: str, *args: object) -> None:
        """Queue an event for this client. Never waits; a client that has gone gets nothing."""

    @abstractmethod
    async def call(self, event: str, *args: object, timeout_s: float = 10.0) -> list[Any]:
        """Emit an event and wait for its acknowledgement; returns the acknowledgement's arguments.

        Raises:
            AckTimeout: none came in time, or the client left before.
        """

    @abstractmethod
    def subscribe(self, topic: str) -> None:
        """Receive what is published to a topic from now on. Twice is once."""

    @abstractmethod
    def unsubscribe(self, topic: str) -> None:
        """Receive no more of what is published to a topic. Not subscribed is no error."""

    @abstractmethod
    def disconnect(self, reason: str = "server namespace disconnect") -> None:
        """Send the client away, behind everything that is queued for it already.

        The namespace is left; a connection with no other namespace is closed.
        """
