"""The Socket.IO protocol of one session: namespaces, events, acknowledgements, attachments."""

import secrets
import time
from collections import deque
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

import msgspec

from quad.realtime.client import Client
from quad.realtime.delivery import Message
from quad.realtime.errors import TooManyEvents
from quad.realtime.session import Session
from quad.wire import socketio
from quad.wire.engineio import Version
from quad.wire.errors import WireError

if TYPE_CHECKING:
    from quad.realtime.socketserver import SocketServer

# Handlers that wait (for a database, say) while more arrives: from here on the client is cut.
_BACKLOG_EVENTS = 10_000
_RESERVED_QUERY = frozenset({"EIO", "transport", "sid", "t", "j", "b64"})
_encode_json = msgspec.json.encode
_decode_json = msgspec.json.decode


class Event(msgspec.Struct):
    """What a client asks for: an event with its arguments, or (without a name) its farewell."""

    name: str | None
    raw: list[msgspec.Raw]
    ack_id: int | None = None
    # Only with attachments: the decoded arguments with the bytes in their places.
    values: list[Any] | None = None
    reason: str = ""


class Peer:
    """The listener of one session."""

    __slots__ = (
        "_attachments",
        "_clients",
        "_last_refill",
        "_pending",
        "_server",
        "_tokens",
        "session",
    )

    def __init__(self, server: "SocketServer", session: Session) -> None:
        self.session = session
        self._server = server
        self._clients: dict[str, Client] = {}
        self._pending: socketio.Event | socketio.Ack | None = None
        self._attachments: list[bytes] | None = None
        self._tokens = float(server.options.events_burst)
        self._last_refill = 0.0
        if session.version is Version.V3:
            self._enter("/", self._root_auth())
        else:
            server.connects.start(self)

    # What the session says

    def text_received(self, text: str) -> None:
        """A packet; nearly all of them are events."""
        if self._pending is not None:
            self.session.fail("parse error: text while attachments are due")
            return
        try:
            packet = socketio.decode(text)
        except WireError as error:
            self.session.fail(f"parse error: {error}")
            return
        match packet:
            case socketio.Event() | socketio.Ack():
                if packet.attachments:
                    self._pending, self._attachments = packet, []
                else:
                    self._receive(packet, None)
            case socketio.Connect(namespace, auth, query):
                self._connect(namespace, auth or query or {})
            case socketio.Disconnect(namespace):
                self._leave(namespace)
            case _:
                self.session.fail("parse error: a packet that only servers send")

    def binary_received(self, data: bytes) -> None:
        """An attachment of the packet before."""
        packet, attachments = self._pending, self._attachments
        if packet is None or attachments is None:
            self.session.fail("parse error: binary data that nothing announced")
            return
        attachments.append(data)
        if len(attachments) == packet.attachments:
            self._pending = self._attachments = None
            self._receive(packet, attachments)

    def session_closed(self, reason: str) -> None:
        """Every namespace has lost this client."""
        self._server.connects.stop(self)
        clients, self._clients = self._clients, {}
        for client in clients.values():
            self._part(client, reason)

    def leave_topics(self) -> None:
        """The session changes its kind."""
        for client in self._clients.values():
            for topic in client.topics:
                client.namespace_.unsubscribe(topic, self.session)

    def return_to_topics(self) -> None:
        """The session has changed its kind."""
        for client in self._clients.values():
            for topic in client.topics:
                client.namespace_.subscribe(topic, self.session)

    # Namespaces

    def _connect(self, name: str, auth: dict[str, Any]) -> None:
        if name not in self._clients:
            self._enter(name, auth)

    def _enter(self, name: str, auth: dict[str, Any]) -> None:
        namespace = self._server.namespaces.get(name)
        if namespace is None:
            self._refuse_namespace(name)
            return
        self._server.connects.stop(self)
        is_v4 = self.session.version is Version.V4
        client = Client(self._socket_id(name), namespace, self, auth)
        self._clients[name] = client
        answer = {"sid": client.id} if is_v4 else None
        self._send(socketio.Connect(name, answer))
        self._server.welcome(client)

    def _socket_id(self, name: str) -> str:
        if self.session.version is Version.V4:
            return secrets.token_urlsafe(15)
        return self.session.sid if name == "/" else f"{name}#{self.session.sid}"

    def _refuse_namespace(self, name: str) -> None:
        reason = "Invalid namespace"
        is_v4 = self.session.version is Version.V4
        data = _encode_json({"message": reason} if is_v4 else reason)
        self._send(socketio.ConnectError(name, msgspec.Raw(data)))

    def _root_auth(self) -> dict[str, Any]:
        query = self.session.handshake.query
        return {key: value for key, value in query.items() if key not in _RESERVED_QUERY}

    def _leave(self, name: str) -> None:
        client = self._clients.pop(name, None)
        if client is not None:
            self._part(client, "client namespace disconnect")
        elif not self._clients:
            self.session.fail("parse error: DISCONNECT before CONNECT")

    def dismiss(self, client: Client, reason: str) -> None:
        """The application sends a client away."""
        if self._clients.get(client.namespace) is not client:
            return
        self._send(socketio.Disconnect(client.namespace))
        del self._clients[client.namespace]
        self._part(client, reason)
        if not self._clients:
            self.session.close(reason)

    def _part(self, client: Client, reason: str) -> None:
        # The farewell waits for handlers that are still at work for this client.
        client.leave()
        self._enqueue(client, Event(None, [], reason=reason))

    def _send(self, packet: socketio.AnyPacket) -> None:
        self.session.send(Message(socketio.encode(packet).encode()))

    # Events

    def _receive(
        self, packet: socketio.Event | socketio.Ack, attachments: list[bytes] | None
    ) -> None:
        client = self._clients.get(packet.namespace)
        if client is None:
            self.session.fail("parse error: a packet for a namespace that was not entered")
            return
        values = None
        if attachments is not None or isinstance(packet, socketio.Ack):
            try:
                values = [
                    socketio.insert_binary(_decode_json(raw), attachments or [])
                    for raw in packet.args
                ]
            except (WireError, msgspec.MsgspecError, RecursionError) as error:
                self.session.fail(f"parse error: {error}")
                return
        if isinstance(packet, socketio.Ack):
            client.acknowledged(packet.ack_id, values or [])
        elif self._may_speak(client, packet):
            self._enqueue(client, Event(packet.name, packet.args, packet.ack_id, values))

    def _may_speak(self, client: Client, packet: socketio.Event) -> bool:
        """A token bucket: `events_burst` at once, `events_per_s` in the long run."""
        rate = self._server.options.events_per_s
        if rate is None:
            return True
        now = time.monotonic()
        earned = (now - self._last_refill) * rate
        self._tokens = min(self._server.options.events_burst, self._tokens + earned)
        self._last_refill = now
        if self._tokens >= 1:
            self._tokens -= 1
            return True
        wait_s = round((1 - self._tokens) / rate, 3)
        sentence = f"more than {rate:g} events a second (events_per_s): try again in {wait_s} s"
        refused = TooManyEvents(sentence, limit="events_per_s", retry_after_s=wait_s)
        self._server.refuse(client, packet.name, packet.ack_id, refused)
        return False

    def _enqueue(self, client: Client, event: Event) -> None:
        backlog = client.backlog
        if backlog is None and self._may_start(client, event):
            self._start(client, event)
            return
        if backlog is None:
            backlog = client.backlog = deque()
        backlog.append(event)
        if len(backlog) > _BACKLOG_EVENTS:
            self.session.fail("too many events are waiting")

    def _may_start(self, client: Client, event: Event) -> bool:
        if not client.running:
            return True
        return not client.runs_alone and self._server.overlaps(client, event)

    def _start(self, client: Client, event: Event) -> None:
        # Counted as running also while the handler is called: what it causes for this client
        # (a farewell, if it sends the client away) comes after it.
        client.running += 1
        client.runs_alone = not self._server.overlaps(client, event)
        waiting = self._server.handle(client, event)
        if waiting is not None:
            self._server.own(self._finish(client, waiting))
            return
        client.running -= 1
        if client.backlog is not None:
            self._start_waiting(client)

    async def _finish(self, client: Client, waiting: Awaitable[None]) -> None:
        try:
            await waiting
        finally:
            client.running -= 1
            self._start_waiting(client)

    def _start_waiting(self, client: Client) -> None:
        backlog = client.backlog
        if backlog and self._may_start(client, backlog[0]):
            event = backlog.popleft()
            if not backlog:
                client.backlog = None
            self._start(client, event)
