"""A client whose connection is held by another node, where its events are handled."""

import time
from collections.abc import Collection, Mapping
from typing import Any, Protocol

from quad.cluster.records import Introduce
from quad.realtime import AckTimeout, Message
from quad.realtime.events.caller import Caller
from quad.realtime.events.namespace import Namespace
from quad.wire.socketio import encode_event


class Relay(Protocol):
    """Passes on what is said to a client, in the order of the calls. No method waits but `ask`."""

    def send(self, client: "RemoteClient", message: Message) -> None:
        """Send a packet to the client."""

    def subscribe(self, client: "RemoteClient", topic: str) -> None:
        """Count the client among the topic's subscribers."""

    def unsubscribe(self, client: "RemoteClient", topic: str) -> None:
        """Count the client no longer."""

    def dismiss(self, client: "RemoteClient", reason: str) -> None:
        """Send the client away."""

    def end(self, client: "RemoteClient") -> None:
        """One of its events has come to its end."""

    async def ask(
        self,
        client: "RemoteClient",
        event: str | None = None,
        args: Collection[object] = (),
        timeout_s: float = ...,
    ) -> list[Any] | None:
        """What the client answers to an event, or to a sign of life; None: nothing in time."""


def heard_at(age_s: float, told_at: float) -> float:
    """When a sign of life was given, by `time.monotonic`, if an edge said this at that time.

    Rather too early than too late, also when the record was long on its way, or the edge was frozen
    behind it: what was said to the client since then is told once more when it comes back.
    """
    return time.monotonic() - age_s - max(0.0, time.time() - told_at)


class RemoteClient(Caller):
    """See `Client`. Whatever is said to it goes to its edge in the order of the calls."""

    __slots__ = (
        "__weakref__",
        "_introduction",
        "_relay",
        "at_work",
        "id",
        "is_open",
        "last_heard_at",
        "node",
        "number",
        "space",
        "topics",
        "worked_on",
    )

    def __init__(self, relay: Relay, node: int, space: Namespace, introduction: Introduce) -> None:
        self.node = node
        self.number = introduction.client
        self.id = introduction.id
        self.space = space
        self.is_open = True
        self.topics = ()
        # Its events that are at work, and the shards that any of them is about.
        self.at_work = 0
        self.worked_on: set[int] = set()
        self.last_heard_at = heard_at(introduction.age_s, introduction.told_at)
        self._relay = relay
        self._introduction = introduction

    # What applications see

    is_here = False

    @property
    def auth(self) -> dict[str, Any]:
        """See `Client`."""
        return self._introduction.auth

    @property
    def address(self) -> str:
        """See `Client`."""
        return self._introduction.address

    @property
    def has_certain_address(self) -> bool:
        """See `Client`."""
        return self._introduction.has_certain_address

    @property
    def is_of_another_page(self) -> bool:
        """See `Client`."""
        return self._introduction.is_of_another_page

    @property
    def headers(self) -> Mapping[str, str]:
        """See `Client`."""
        cookie = self._introduction.cookie
        return {"cookie": cookie} if cookie else {}

    @property
    def engine_id(self) -> str:
        """See `Client`."""
        return self._introduction.engine_id

    @property
    def last_heard(self) -> float:
        """See `Client`; its edge tells it every few seconds."""
        return self.last_heard_at

    async def is_alive(self) -> bool:
        """See `Client`."""
        return self.is_open and await self._relay.ask(self) is not None

    def emit(self, event: str, *args: object) -> None:
        """See `Client`."""
        if self.is_open:
            self.send(Message(*encode_event(self.space.name, event, args)))

    async def call(self, event: str, *args: object, timeout_s: float = 10.0) -> list[Any]:
        """See `Client`."""
        if not self.is_open:
            raise AckTimeout("the client has left")
        answer = await self._relay.ask(self, event, args, timeout_s)
        if answer is None:
            raise AckTimeout(f"no acknowledgement of {event!r} within {timeout_s} s")
        return answer

    def subscribe(self, topic: str) -> None:
        """See `Client`."""
        if self.is_open and topic not in self.topics:
            self.topics = (*self.topics, topic)
            self._relay.subscribe(self, topic)

    def unsubscribe(self, topic: str) -> None:
        """See `Client`."""
        if topic in self.topics:
            self.topics = tuple(other for other in self.topics if other != topic)
            self._relay.unsubscribe(self, topic)

    def disconnect(self, reason: str = "server namespace disconnect") -> None:
        """See `Client`."""
        if self.is_open:
            self._relay.dismiss(self, reason)

    # What the server says

    def send(self, message: Message) -> None:
        """See `Caller`."""
        if self.is_open:
            self._relay.send(self, message)

    def end(self) -> None:
        """See `Caller`."""
        self.at_work -= 1
        if not self.at_work:
            self.worked_on.clear()
        self._relay.end(self)
