"""A Socket.IO server, as applications see it: handlers by event name, and topics."""

from collections.abc import Callable, Collection
from typing import Any, TypeVar, overload

from quad.realtime.counters import Counters
from quad.realtime.delivery import Message, Outbox
from quad.realtime.errors import Refused
from quad.realtime.events.caller import Caller
from quad.realtime.events.client import Client
from quad.realtime.events.handlers import EventHandler
from quad.realtime.events.local import LocalClient
from quad.realtime.events.namespace import Namespace
from quad.realtime.events.peer import Peer, Peers
from quad.realtime.events.reception import Reception
from quad.realtime.options import EngineOptions
from quad.realtime.sessions.engine import Engine
from quad.realtime.sessions.session import Session
from quad.wire.socketio import RESERVED_EVENTS, encode_event

Function = TypeVar("Function", bound=Callable[..., Any])
Arrival = TypeVar("Arrival", bound=Callable[[Client], Any])
Farewell = TypeVar("Farewell", bound=Callable[[Client, str], Any])
Refusal = TypeVar("Refusal", bound=Callable[[Client, str, Refused], None])


class SocketServer:
    """Handlers by event, clients by topic: the application's side of the engine."""

    def __init__(
        self,
        options: EngineOptions | None = None,
        *,
        counters: Counters | None = None,
        admit: Callable[[str], float] = lambda _: 0.0,
        refuses_unknown_events: bool = False,
    ) -> None:
        """`refuses_unknown_events`: answer them with an `error`; they are ignored otherwise."""
        self.options = options or EngineOptions()
        self.counters = counters or Counters()
        self.reception = Reception(
            self.options, self.counters, refuses_unknown_events=refuses_unknown_events
        )
        """What connections and other nodes speak to; nothing for applications."""
        self.engine = Engine(Peers(self.reception), self.options, self.counters, admit)
        self.namespace("/")

    def namespace(self, name: str) -> Namespace:
        """The namespace of that name, opened to clients if it was not."""
        namespaces = self.reception.namespaces
        if name not in namespaces:
            namespaces[name] = Namespace(name, self.engine.delivery)
        return namespaces[name]

    def on(
        self, event: str, *, namespace: str = "/", overlap: bool = False, deferred: bool = False
    ) -> Callable[[Function], Function]:
        """Register the decorated function for an event; its annotations are the payload's types.

        A wrong payload never reaches it: the client gets an `error` that names event and key.
        What it returns goes into the acknowledgement, if the client wants one: a tuple as
        several arguments, None as none, anything else as one. Of a future or a coroutine that is
        what it ends with.

        Events of one client are handled in order, one at a time. With `overlap` the next event
        of the client may start while this one waits, and a coroutine runs without a task (see
        `Drive`): it may await futures, but not use `asyncio.timeout` or task groups.

        A `deferred` function is plain, and gets one argument more: it has `finished(value, error)`
        called once, when it has come to its end. Measured, that saves 2 of the 13 µs of an event
        that waits for a commit as a coroutine.
        """
        if event in RESERVED_EVENTS:
            raise ValueError(f"the event name {event!r} is reserved")

        def register(function: Function) -> Function:
            handlers = self.namespace(namespace).handlers
            if event in handlers:
                raise ValueError(f"the event {event!r} has a handler already")
            counter = self.counters.event(event)
            handlers[event] = EventHandler(
                event, function, counter, is_overlapping=overlap, is_deferred=deferred
            )
            return function

        return register

    @overload
    def on_connecting(self, function: Arrival, *, namespace: str = ...) -> Arrival: ...
    @overload
    def on_connecting(self, *, namespace: str = ...) -> Callable[[Arrival], Arrival]: ...
    def on_connecting(
        self, function: Arrival | None = None, *, namespace: str = "/"
    ) -> Arrival | Callable[[Arrival], Arrival]:
        """Call the function, plain or asynchronous, with every client before it is let in.

        A `Refused` that it raises keeps the client out: the sentence, and `code` and details of a
        refusal of its own class, are the answer to its CONNECT. Until all such functions have
        returned nothing is sent to the client, whatever is emitted.
        """
        return _register(self.namespace(namespace).examinations, function)

    @overload
    def on_connect(self, function: Arrival, *, namespace: str = ...) -> Arrival: ...
    @overload
    def on_connect(self, *, namespace: str = ...) -> Callable[[Arrival], Arrival]: ...
    def on_connect(
        self, function: Arrival | None = None, *, namespace: str = "/"
    ) -> Arrival | Callable[[Arrival], Arrival]:
        """Call the function with every client that enters, right after it was let in."""
        return _register(self.namespace(namespace).arrivals, function)

    @overload
    def on_disconnect(self, function: Farewell, *, namespace: str = ...) -> Farewell: ...
    @overload
    def on_disconnect(self, *, namespace: str = ...) -> Callable[[Farewell], Farewell]: ...
    def on_disconnect(
        self, function: Farewell | None = None, *, namespace: str = "/"
    ) -> Farewell | Callable[[Farewell], Farewell]:
        """Call the function with every client that has left, and the reason.

        It comes after the last handler for this client has finished.
        """
        return _register(self.namespace(namespace).farewells, function)

    @overload
    def on_refused(self, function: Refusal, *, namespace: str = ...) -> Refusal: ...
    @overload
    def on_refused(self, *, namespace: str = ...) -> Callable[[Refusal], Refusal]: ...
    def on_refused(
        self, function: Refusal | None = None, *, namespace: str = "/"
    ) -> Refusal | Callable[[Refusal], Refusal]:
        """Call the plain function with every refusal of an event, by its name, before the `error`.

        For clients that listen to something else. Also what was no valid payload comes here.
        """
        return _register(self.namespace(namespace).refusals, function)

    def publish(
        self,
        topic: str,
        event: str,
        *args: object,
        namespace: str = "/",
        skip: Client | Collection[Client] | None = None,
    ) -> int:
        """Queue an event for every subscriber of a topic; returns how many they are.

        `skip` gets nothing and is not counted. Never waits. Every subscriber gets emits and
        publishes in the order of the calls.
        """
        here = self.reception.namespaces[namespace].topics.get(topic)
        forwarding = self.reception.forwarding
        is_elsewhere = forwarding is not None and forwarding.has_subscribers(namespace, topic)
        if here is None and not is_elsewhere:
            return 0
        text, attachments = encode_event(namespace, event, args)
        if isinstance(here, Session) and not (is_elsewhere or skip or attachments):
            # Nearly always, where somebody is told something.
            self.engine.delivery.send_text(here, text)
            return 1
        message = Message(text, attachments)
        skipped = () if skip is None else (skip,) if isinstance(skip, Client) else skip
        count = self.deliver(topic, message, namespace, skipped)
        if forwarding is not None:
            count += forwarding.publish(namespace, topic, message, skipped)
        return count

    def subscribers(self, topic: str, *, namespace: str = "/") -> list[Client]:
        """Whoever is subscribed to a topic, for what each connection answers or does for itself:
        whether it is alive, or its end. To tell them something, publish it.

        In a cluster, of those at other nodes whoever was subscribed at this one.
        """
        sessions = self.reception.namespaces[namespace].topics.subscribers(topic)
        here = (_client_of(session, namespace) for session in sessions)
        clients: list[Client] = [client for client in here if client is not None]
        forwarding = self.reception.forwarding
        if forwarding is not None:
            clients += forwarding.subscribers(namespace, topic)
        return clients

    def deliver(
        self, topic: str, message: Message, namespace: str, skipped: Collection[Client]
    ) -> int:
        """Queue a packet for the subscribers that are connected here; returns how many they are."""
        subscribers = self.reception.namespaces[namespace].topics.get(topic)
        if subscribers is None:
            return 0
        if not skipped:
            return self.engine.delivery.publish(subscribers, message)
        sessions = [client.session for client in skipped if isinstance(client, LocalClient)]
        return self.engine.delivery.publish_except(subscribers, message, sessions)

    def seat(self, client: Client, system: str, key: str | None) -> None:
        """The client's place in a system has this key, by which its home is found; None: no place.

        To be called before anything is emitted to the client that tells it so.
        """
        forwarding = self.reception.forwarding
        if forwarding is not None:
            assert isinstance(client, Caller)
            forwarding.seat(client, system, key)

    def owns(self, key: str) -> bool:
        """Whether what has this key is at home here, and no other node handles its events."""
        forwarding = self.reception.forwarding
        return forwarding is None or forwarding.owns(key)

    async def aclose(self, grace_s: float = 2.0) -> None:
        """Wait for the handlers that are at work; those that take too long are cancelled."""
        await self.reception.aclose(grace_s)


def _client_of(outbox: Outbox, namespace: str) -> LocalClient | None:
    assert isinstance(outbox, Session)
    peer = outbox.listener
    # None at the end of a session, while its namespaces are left one after the other.
    return peer.client(namespace) if isinstance(peer, Peer) else None


def _register(
    functions: list[Callable[..., Any]], function: Function | None
) -> Function | Callable[[Function], Function]:
    def register(function: Function) -> Function:
        functions.append(function)
        return function

    return register if function is None else register(function)
