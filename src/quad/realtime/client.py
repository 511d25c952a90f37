"""One Socket.IO connection to one namespace, as applications see it."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from quad.realtime.delivery import Message
from quad.realtime.errors import AckTimeout
from quad.realtime.turns import Turns
from quad.wire.socketio import encode_event

if TYPE_CHECKING:
    from quad.realtime.peer import Peer
    from quad.realtime.session import Session
    from quad.realtime.socketserver import Namespace


class Client(Turns):
    """Somebody who has entered a namespace.

    Equal only to itself, so that applications can use it as the key of their own state.
    """

    __slots__ = (
        "__weakref__",
        "_acks",
        "_next_ack_id",
        "_peer",
        "auth",
        "id",
        "is_open",
        "namespace_",
        "topics",
    )

    def __init__(self, id: str, namespace: "Namespace", peer: "Peer", auth: dict[str, Any]) -> None:
        super().__init__()
        self.id = id
        self.namespace_ = namespace
        self.auth = auth
        self.is_open = True
        self.topics: tuple[str, ...] = ()
        self._peer = peer
        self._acks: dict[int, asyncio.Future[list[Any]]] | None = None
        self._next_ack_id = 0

    def __repr__(self) -> str:
        return f"<Client {self.id[:6]} of {self.namespace} from {self.address}>"

    @property
    def session(self) -> "Session":
        """The Engine.IO session underneath."""
        return self._peer.session

    @property
    def namespace(self) -> str:
        """The namespace's name."""
        return self.namespace_.name

    @property
    def address(self) -> str:
        """The IP address of the peer."""
        return self._peer.session.handshake.address

    @property
    def has_certain_address(self) -> bool:
        """Whether rights may rest on the address: no unknown proxy stands in between."""
        return self._peer.session.handshake.has_certain_address

    @property
    def is_of_another_page(self) -> bool:
        """Whether a browser says that a page of another site has opened the connection."""
        return self._peer.session.handshake.is_of_another_page

    @property
    def headers(self) -> Mapping[str, str]:
        """The `cookie` of the handshake, if there was one; its other headers are not kept."""
        return self._peer.session.handshake.headers

    @property
    def engine_id(self) -> str:
        """The Engine.IO session id, which clients also see as `socket.io.engine.id`."""
        return self._peer.session.sid

    @property
    def last_heard(self) -> float:
        """When this client last gave a sign of life, by `time.monotonic`."""
        return self._peer.session.last_heard

    async def is_alive(self) -> bool:
        """Ask whether somebody is at the other end; False: no sign of life came in time.

        A client that has left is not alive; one that does not answer stays connected until its
        heartbeat is overdue or the caller sends it away. See `Session.is_alive`.
        """
        return self.is_open and await self._peer.session.is_alive()

    def emit(self, event: str, *args: object) -> None:
        """Queue an event for this client. Never waits; a client that has gone gets nothing."""
        if not self.is_open:
            return
        text, attachments = encode_event(self.namespace_.name, event, args)
        if attachments:
            self._peer.session.send(Message(text, attachments))
        else:
            self._peer.session.send_text(text)

    async def call(self, event: str, *args: object, timeout_s: float = 10.0) -> list[Any]:
        """Emit an event and wait for its acknowledgement; returns the acknowledgement's arguments.

        Raises:
            AckTimeout: none came in time, or the client left before.
        """
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
        """Receive what is published to a topic from now on. Twice is once."""
        if self.is_open and topic not in self.topics:
            self.topics = (*self.topics, topic)
            self.namespace_.topics.subscribe(topic, self._peer.session)

    def unsubscribe(self, topic: str) -> None:
        """Receive no more of what is published to a topic. Not subscribed is no error."""
        if topic in self.topics:
            self.topics = tuple(other for other in self.topics if other != topic)
            self.namespace_.topics.unsubscribe(topic, self._peer.session)

    def disconnect(self, reason: str = "server namespace disconnect") -> None:
        """Send the client away, behind everything that is queued for it already.

        The namespace is left; a connection with no other namespace is closed.
        """
        self._peer.dismiss(self, reason)

    # What the engine says

    def leave(self) -> None:
        """The client has gone: no topics, no answers."""
        self.is_open = False
        for topic in self.topics:
            self.namespace_.topics.unsubscribe(topic, self._peer.session)
        self.topics = ()
        for answer in (self._acks or {}).values():
            _fail(answer, AckTimeout("the client has left"))

    def acknowledged(self, ack_id: int, args: list[Any]) -> None:
        """The client has answered; an id that nobody waits for is ignored, as it may be late."""
        answer = (self._acks or {}).get(ack_id)
        if answer is not None and not answer.done():
            answer.set_result(args)


def _fail(answer: "asyncio.Future[list[Any]]", error: AckTimeout) -> None:
    if not answer.done():
        answer.set_exception(error)
