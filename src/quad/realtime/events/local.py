"""A client whose connection is held by this process."""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from quad.realtime.delivery import Message
from quad.realtime.errors import AckTimeout
from quad.realtime.events.caller import Caller
from quad.realtime.events.namespace import Namespace
from quad.realtime.sessions.session import Session
from quad.realtime.turns import Turns
from quad.wire.socketio import encode_event


class Entrant(Protocol):
    """Who has entered namespaces over one session; each client is one of them. See `Peer`."""

    session: Session

    def dismiss(self, client: "LocalClient", reason: str) -> None:
        """The application sends the client away."""


class LocalClient(Turns, Caller):
    """See `Client`; what is beyond that is for the engine."""

    __slots__ = (
        "__weakref__",
        "_acks",
        "_auth",
        "_next_ack_id",
        "_peer",
        "id",
        "is_open",
        "space",
        "topics",
    )

    def __init__(self, id: str, space: Namespace, peer: Entrant, auth: dict[str, Any]) -> None:
        super().__init__()
        self.id = id
        self.space = space
        # Nearly nobody shows anything, and an empty dict for each is 64 bytes.
        self._auth = auth or None
        self.is_open = True
        self.topics = ()
        self._peer = peer
        self._acks: dict[int, asyncio.Future[list[Any]]] | None = None
        self._next_ack_id = 0

    @property
    def session(self) -> Session:
        """The Engine.IO session underneath."""
        return self._peer.session

    # What applications see

    is_here = True

    @property
    def auth(self) -> dict[str, Any]:
        """See `Client`."""
        return self._auth or {}

    @property
    def address(self) -> str:
        """See `Client`."""
        return self._peer.session.handshake.address

    @property
    def has_certain_address(self) -> bool:
        """See `Client`."""
        return self._peer.session.handshake.has_certain_address

    @property
    def is_of_another_page(self) -> bool:
        """See `Client`."""
        return self._peer.session.handshake.is_of_another_page

    @property
    def headers(self) -> Mapping[str, str]:
        """See `Client`."""
        return self._peer.session.handshake.headers

    @property
    def engine_id(self) -> str:
        """See `Client`."""
        return self._peer.session.sid

    @property
    def last_heard(self) -> float:
        """See `Client`."""
        return self._peer.session.last_heard

    async def is_alive(self) -> bool:
        """See `Client`."""
        return self.is_open and await self._peer.session.is_alive()

    def emit(self, event: str, *args: object) -> None:
        """See `Client`."""
        if not self.is_open:
            return
        text, attachments = encode_event(self.space.name, event, args)
        if attachments:
            self._peer.session.send(Message(text, attachments))
        else:
            self._peer.session.send_text(text)

    async def call(self, event: str, *args: object, timeout_s: float = 10.0) -> list[Any]:
        """See `Client`."""
        if not self.is_open:
            raise AckTimeout("the client has left")
        ack_id = self._next_ack_id
        self._next_ack_id += 1
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Any]] = loop.create_future()
        if self._acks is None:
            self._acks = {}
        self._acks[ack_id] = answer
        self._peer.session.send(Message(*encode_event(self.namespace, event, args, ack_id)))
        # Not `asyncio.timeout`: that needs a task, and overlapping handlers run without one.
        late = AckTimeout(f"no acknowledgement of {event!r} within {timeout_s} s")
        clock = loop.call_later(timeout_s, _fail, answer, late)
        try:
            return await answer
        finally:
            clock.cancel()
            self._acks.pop(ack_id, None)

    def subscribe(self, topic: str) -> None:
        """See `Client`."""
        if self.is_open and topic not in self.topics:
            self.topics = (*self.topics, topic)
            self.space.topics.subscribe(topic, self._peer.session)

    def unsubscribe(self, topic: str) -> None:
        """See `Client`."""
        if topic in self.topics:
            self.topics = tuple(other for other in self.topics if other != topic)
            self.space.topics.unsubscribe(topic, self._peer.session)

    def disconnect(self, reason: str = "server namespace disconnect") -> None:
        """See `Client`."""
        self._peer.dismiss(self, reason)

    # What the server and the engine say

    def send(self, message: Message) -> None:
        """See `Caller`."""
        if self.is_open:
            self._peer.session.send(message)

    def leave(self) -> None:
        """The client has gone: no topics, no answers."""
        self.is_open = False
        for topic in self.topics:
            self.space.topics.unsubscribe(topic, self._peer.session)
        self.topics = ()
        for answer in (self._acks or {}).values():
            _fail(answer, AckTimeout("the client has left"))

    def slow_down(self) -> None:
        """Read no more for as long as too much waits for its turn."""
        self._peer.session.slow_down()

    def too_many_waiting(self) -> None:
        """More events wait for their turn than memory should be spent on."""
        self._peer.session.fail("too many events are waiting")

    def acknowledged(self, ack_id: int, args: list[Any]) -> None:
        """The client has answered; an id that nobody waits for is ignored, as it may be late."""
        answer = (self._acks or {}).get(ack_id)
        if answer is not None and not answer.done():
            answer.set_result(args)


def _fail(answer: "asyncio.Future[list[Any]]", error: AckTimeout) -> None:
    if not answer.done():
        answer.set_exception(error)
