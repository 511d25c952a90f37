"""The Socket.IO protocol of one session: namespaces, events, acknowledgements, attachments."""

import secrets
from functools import partial
from typing import Any

import msgspec

from quad.realtime.delivery import Message
from quad.realtime.dispatch import wait_for_turn
from quad.realtime.errors import BadPayload, Refused
from quad.realtime.events.handlers import explain
from quad.realtime.events.local import LocalClient
from quad.realtime.events.reception import Reception
from quad.realtime.sessions.session import Session
from quad.wire import socketio
from quad.wire.engineio import Version
from quad.wire.errors import WireError

_RESERVED_QUERY = frozenset({"EIO", "transport", "sid", "t", "j", "b64"})
_TOO_LONG = f"More than {socketio.MAX_AUTH_CHARACTERS} characters of auth"
_encode_json = msgspec.json.encode
_decode_json = msgspec.json.decode


class Peer:
    """The listener of one session."""

    __slots__ = (
        "_attachments",
        "_entering",
        "_main",
        "_others",
        "_pending",
        "_reception",
        "session",
    )

    def __init__(self, reception: Reception, session: Session) -> None:
        self.session = session
        self._reception = reception
        # By namespace. Nearly all enter the main one and no other: a dict for each took 184 bytes.
        self._main: LocalClient | None = None
        self._others: dict[str, LocalClient] | None = None
        # Those that the application has not decided about.
        self._entering: dict[str, LocalClient] | None = None
        self._pending: socketio.Event | socketio.Ack | None = None
        self._attachments: list[bytes] | None = None
        is_v3 = session.version is Version.V3
        if session.transport == "polling" or not is_v3:
            session.wait_to_enter()
        if is_v3:
            self._enter("/", self._root_auth())
        else:
            reception.connects.start(session)

    def client(self, namespace: str) -> LocalClient | None:
        """Who it is in a namespace, if it has entered that one."""
        if namespace == "/":
            return self._main
        return self._others.get(namespace) if self._others else None

    # What the session says

    @property
    def is_crowded(self) -> bool:
        """Whether too much of what this client has said waits for its turn."""
        return any(client.is_crowded for client in self._clients())

    def text_received(self, text: str) -> None:
        """A packet; nearly all of them are events."""
        if self._pending is not None:
            self.session.fail("parse error: text while attachments are due")
            return
        if text.startswith('2["') and self._handle_plain(text):
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
                if packet.is_too_long:
                    self._refuse_entry(namespace, _TOO_LONG)
                else:
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
        self._reception.connects.stop(self.session)
        self._entering = None
        clients = self._clients()
        self._main = self._others = None
        for client in clients:
            self._reception.left(client, reason)

    def leave_topics(self) -> None:
        """The session changes its kind."""
        for client in self._clients():
            for topic in client.topics:
                client.space.topics.unsubscribe(topic, self.session)

    def return_to_topics(self) -> None:
        """The session has changed its kind."""
        for client in self._clients():
            for topic in client.topics:
                client.space.topics.subscribe(topic, self.session)

    # Namespaces

    def _clients(self) -> list[LocalClient]:
        main = () if self._main is None else (self._main,)
        return [*main, *(self._others or {}).values()]

    def _add(self, client: LocalClient) -> None:
        if client.namespace == "/":
            self._main = client
            return
        if self._others is None:
            self._others = {}
        self._others[client.namespace] = client

    def _remove(self, namespace: str) -> LocalClient | None:
        if namespace == "/":
            client, self._main = self._main, None
            return client
        return self._others.pop(namespace, None) if self._others else None

    def _connect(self, name: str, auth: dict[str, Any]) -> None:
        if self.client(name) is None and name not in (self._entering or ()):
            self._enter(name, auth)

    def _enter(self, name: str, auth: dict[str, Any]) -> None:
        namespace = self._reception.namespaces.get(name)
        if namespace is None:
            self._refuse_entry(name, "Invalid namespace")
            return
        client = LocalClient(self._socket_id(name), namespace, self, auth)
        if not namespace.examinations:
            self._welcome(client)
            return
        client.is_open = False  # nothing is sent to a namespace before its CONNECT is answered
        if self._entering is None:
            self._entering = {}
        self._entering[name] = client
        self._reception.examine(client, partial(self._decide, client))

    def _decide(self, client: LocalClient, refused: Refused | None) -> None:
        """The application has looked at a client that wants to enter."""
        if self._entering is None or self._entering.get(client.namespace) is not client:
            return  # it has left meanwhile
        del self._entering[client.namespace]
        if refused is None:
            client.is_open = True
            self._welcome(client)
            return
        self._refuse_entry(client.namespace, str(refused), _data_of(refused))
        if not self._clients() and not self._entering:
            # V3 enters the main namespace without a CONNECT.
            self._reception.connects.start(self.session)

    def _welcome(self, client: LocalClient) -> None:
        is_v4 = self.session.version is Version.V4
        if is_v4 and not self.session.enter():
            return
        self._reception.connects.stop(self.session)
        self._add(client)
        answer = {"sid": client.id} if is_v4 else None
        self._send(socketio.Connect(client.namespace, answer))
        self._reception.welcome(client)

    def _socket_id(self, name: str) -> str:
        if self.session.version is Version.V4:
            return secrets.token_urlsafe(15)
        return self.session.sid if name == "/" else f"{name}#{self.session.sid}"

    def _refuse_entry(
        self, name: str, reason: str, details: dict[str, object] | None = None
    ) -> None:
        content: dict[str, object] | str = {"message": reason}
        if self.session.version is Version.V3:
            content = reason  # a text alone: socketIO-client waits for ever on an object
        elif details:
            content = {"message": reason, "data": details}
        data = _encode_json(content)
        self._send(socketio.ConnectError(name, msgspec.Raw(data)))

    def _root_auth(self) -> dict[str, Any]:
        query = self.session.handshake.query
        return {key: value for key, value in query.items() if key not in _RESERVED_QUERY}

    def _leave(self, name: str) -> None:
        client = self._remove(name)
        if client is not None:
            self._reception.left(client, "client namespace disconnect")
        elif self._entering and self._entering.pop(name, None) is not None:
            return
        elif not self._clients():
            self.session.fail("parse error: DISCONNECT before CONNECT")

    def dismiss(self, client: LocalClient, reason: str) -> None:
        """The application sends a client away."""
        if self.client(client.namespace) is not client:
            return
        self._send(socketio.Disconnect(client.namespace))
        self._remove(client.namespace)
        self._reception.left(client, reason)
        if not self._clients():
            self.session.close(reason)

    def _send(self, packet: socketio.AnyPacket) -> None:
        self.session.send(Message(socketio.encode(packet).encode()))

    # Events

    def _receive(
        self, packet: socketio.Event | socketio.Ack, attachments: list[bytes] | None
    ) -> None:
        client = self.client(packet.namespace)
        if client is None:
            self.session.fail("parse error: a packet for a namespace that was not entered")
            return
        if attachments is None and isinstance(packet, socketio.Event):
            self._handle(client, packet, None)
            return
        values: list[Any] | BadPayload
        try:
            values = _decode_values(packet.args, attachments or [])
        except WireError as error:
            self.session.fail(f"parse error: {error}")
            return
        except (msgspec.MsgspecError, RecursionError) as error:
            values = BadPayload(explain(error))
        if isinstance(packet, socketio.Event):
            self._handle(client, packet, values, sum(map(len, attachments or [])))
        elif not isinstance(values, BadPayload):
            client.acknowledged(packet.ack_id, values)
        else:
            self.session.fail(f"parse error: {values}")

    def _handle_plain(self, text: str) -> bool:
        """An event of the main namespace with one argument, which nobody waits for: nearly all are.

        False for all others, for those that have to wait their turn, and for what is not valid.
        """
        client = self._main
        if client is None:
            return False
        handler = client.space.handlers.get(text[3 : text.find('"', 3)])
        if handler is None or not client.begin(overlaps=handler.is_overlapping):
            return False
        reception = self._reception
        forwarding = reception.forwarding
        may_be_elsewhere = forwarding and forwarding.may_forward(client, handler)
        args = None if may_be_elsewhere else handler.decode_plain(text[1:])
        if args is None:
            client.end()
            return False
        reception.call(client, handler, handler.plain, args)
        return True

    def _handle(
        self,
        client: LocalClient,
        event: socketio.Event,
        values: list[Any] | BadPayload | None,
        attached_bytes: int = 0,
    ) -> None:
        reception = self._reception
        handler = client.space.handlers.get(event.name)
        if handler is None:
            reception.ignore(client, event)
        elif client.begin(overlaps=handler.is_overlapping):
            reception.handle(client, handler, event, values)
        else:
            start = partial(reception.handle, client, handler, event, values)
            size_bytes = attached_bytes + sum(memoryview(raw).nbytes for raw in event.args)
            wait_for_turn(client, start, size_bytes, overlaps=handler.is_overlapping)


class Peers:
    """The engine's application: a peer for each session."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    def session_opened(self, session: Session) -> Peer:
        """A client has connected."""
        return Peer(self._reception, session)


def _data_of(refused: Refused) -> dict[str, object]:
    """What programs are told besides the sentence; nothing of a refusal without a name."""
    code = {} if refused.code == Refused.code else {"code": refused.code}
    return {**code, **refused.details}


def _decode_values(args: list[msgspec.Raw], attachments: list[bytes]) -> list[Any]:
    return [socketio.insert_binary(_decode_json(raw), attachments) for raw in args]
