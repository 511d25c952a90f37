"""Events that are handled on another node: the port through which a server hands them away."""

from collections.abc import Collection
from typing import Any, Protocol

from quad.realtime.delivery import Message
from quad.realtime.errors import BadPayload
from quad.realtime.events.caller import Caller
from quad.realtime.events.client import Client
from quad.realtime.events.handlers import EventHandler
from quad.realtime.events.local import LocalClient
from quad.wire.socketio import Event


class Forwarding(Protocol):
    """Knows where events are handled. All its methods are called by the loop and never wait."""

    def may_forward(self, client: LocalClient, handler: EventHandler) -> bool:
        """Whether `forward` could take an event of this client; asked for each of them."""

    def forward(
        self,
        client: LocalClient,
        handler: EventHandler,
        event: Event,
        values: list[Any] | BadPayload | None,
    ) -> bool:
        """Take an event that has its turn; False: it is handled here.

        What is taken is answered from where it is handled, and ended by `client.end()`, unless the
        connection ends before. `values` are the arguments of an event with attachments. Raises
        Refused if its place is known and cannot be reached now: the client is told.
        """

    def publish(
        self, namespace: str, topic: str, message: Message, skipped: Collection[Client]
    ) -> int:
        """Send to the subscribers on other nodes, in order with what is emitted to each of them.

        Returns how many there are, without those that are skipped.
        """

    def has_subscribers(self, namespace: str, topic: str) -> bool:
        """Whether somebody on another node is subscribed, as far as it was done here."""

    def subscribers(self, namespace: str, topic: str) -> list[Client]:
        """All of them."""

    def owns(self, key: str) -> bool:
        """Whether the key is at home here."""

    def seat(self, client: Caller, system: str, key: str | None) -> None:
        """Events of the client to this system are handled where the key is at home."""

    def left(self, client: LocalClient) -> None:
        """The client is about to leave, and hears nothing any more; its events may be at work."""

    def parted(self, client: LocalClient, reason: str) -> None:
        """The client has left and its last event has come to its end."""
