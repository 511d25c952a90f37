"""A Socket.IO server: handlers by event name, topics, and one place where errors meet the wire."""

import asyncio
import inspect
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from quad.realtime.client import Client
from quad.realtime.counters import Counters
from quad.realtime.deadlines import Deadlines
from quad.realtime.delivery import Delivery, Message, Topic
from quad.realtime.engine import Engine
from quad.realtime.errors import Refused, UnknownEvent
from quad.realtime.handlers import Handler
from quad.realtime.options import EngineOptions
from quad.realtime.peer import Event, Peer
from quad.realtime.session import Session
from quad.wire.socketio import RESERVED_EVENTS, encode_ack, encode_event

log = logging.getLogger("quad.events")

Function = TypeVar("Function", bound=Callable[..., Any])


class Namespace:
    """The handlers and the topics of one namespace."""

    def __init__(self, name: str, delivery: Delivery) -> None:
        self.name = name
        self.handlers: dict[str, Handler] = {}
        self.arrivals: list[Callable[[Client], Any]] = []
        self.farewells: list[Callable[[Client, str], Any]] = []
        self.topics: dict[str, Topic] = {}
        self._delivery = delivery

    def subscribe(self, name: str, session: Session) -> None:
        """Add a session to a topic."""
        topic = self.topics.get(name)
        if topic is None:
            topic = self.topics[name] = Topic()
        self._delivery.subscribe(topic, session)

    def unsubscribe(self, name: str, session: Session) -> None:
        """Take a session out of a topic; an empty topic is forgotten."""
        topic = self.topics[name]
        self._delivery.unsubscribe(topic, session)
        if not topic.size:
            del self.topics[name]


class SocketServer:
    """Handlers by event, clients by topic: the application's side of the engine."""

    def __init__(
        self,
        options: EngineOptions | None = None,
        *,
        counters: Counters | None = None,
        admit: Callable[[str], float] = lambda address: 0.0,
        refuses_unknown_events: bool = False,
    ) -> None:
        """`refuses_unknown_events`: answer them with an `error`; they are ignored otherwise."""
        self.options = options or EngineOptions()
        self.engine = Engine(self, self.options, counters, admit)
        self.counters = self.engine.counters
        self.namespaces: dict[str, Namespace] = {}
        self.connects: Deadlines[Peer] = Deadlines(
            self.options.connect_timeout_ms / 1000, _fail_unconnected
        )
        self._refuses_unknown_events = refuses_unknown_events
        self._tasks: set[asyncio.Task[None]] = set()
        self.namespace("/")

    # What applications say

    def namespace(self, name: str) -> Namespace:
        """The namespace of that name, opened to clients if it was not."""
        if name not in self.namespaces:
            self.namespaces[name] = Namespace(name, self.engine.delivery)
        return self.namespaces[name]

    def on(
        self, event: str, *, namespace: str = "/", overlap: bool = False
    ) -> Callable[[Function], Function]:
        """Register the decorated function for an event; its annotations are the payload's types.

        A wrong payload never reaches it: the client gets an `error` that names event and key.
        What it returns goes into the acknowledgement, if the client wants one: a tuple as
        several arguments, None as none, anything else as one.

        Events of one client are handled in order, one at a time. With `overlap` the next event
        of the client may start while this one waits.
        """
        if event in RESERVED_EVENTS:
            raise ValueError(f"the event name {event!r} is reserved")

        def register(function: Function) -> Function:
            handlers = self.namespace(namespace).handlers
            if event in handlers:
                raise ValueError(f"the event {event!r} has a handler already")
            handlers[event] = Handler(event, function, is_overlapping=overlap)
            return function

        return register

    def on_connect(
        self, function: Callable[[Client], Any] | None = None, *, namespace: str = "/"
    ) -> Any:
        """Call the function with every client that enters, right after it was let in."""
        return _register(self.namespace(namespace).arrivals, function)

    def on_disconnect(
        self, function: Callable[[Client, str], Any] | None = None, *, namespace: str = "/"
    ) -> Any:
        """Call the function with every client that has left, and the reason.

        It comes after the last handler for this client has finished.
        """
        return _register(self.namespace(namespace).farewells, function)

    def publish(
        self,
        topic: str,
        event: str,
        *args: object,
        namespace: str = "/",
        skip: Client | None = None,
    ) -> int:
        """Queue an event for every subscriber of a topic; returns how many there are here.

        Never waits. Every subscriber gets emits and publishes in the order of the calls.
        """
        space = self.namespaces[namespace]
        subscribers = space.topics.get(topic)
        if subscribers is None:
            return 0
        message = Message(*encode_event(namespace, event, args))
        if skip is None:
            return self.engine.delivery.publish(subscribers, message)
        return self.engine.delivery.publish_except(subscribers, message, skip.session)

    async def aclose(self, grace_s: float = 2.0) -> None:
        """Wait for the handlers that are at work; those that take too long are cancelled."""
        self.connects.clear()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)
        for task in self._tasks:
            log.warning("cancelling %s: still at work at the end", task.get_name())
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    # What the engine says

    def session_opened(self, session: Session) -> Peer:
        """A client has connected."""
        return Peer(self, session)

    def overlaps(self, client: Client, event: Event) -> bool:
        """Whether an event need not wait for handlers of this client that are at work."""
        if event.name is None:
            return False
        handler = client.namespace_.handlers.get(event.name)
        return handler is not None and handler.is_overlapping

    def handle(self, client: Client, event: Event) -> Awaitable[None] | None:
        """Call the handler; returns what is left to wait for, if anything."""
        if event.name is None:
            self._say_farewell(client, event.reason)
            return None
        handler = client.namespace_.handlers.get(event.name)
        if handler is None:
            self._ignore(client, event.name, event.ack_id)
            return None
        started = time.perf_counter()
        try:
            if event.values is None:
                result = handler.call(client, *handler.decode(event.raw))
            else:
                result = handler.call(client, *handler.convert(event.values))
        except Exception as error:  # noqa: BLE001 - a bug costs its event, not the server
            self._answer_error(client, event.name, event.ack_id, error)
            return None
        if result is not None and inspect.isawaitable(result):
            return self._wait(client, event, started, result)
        self._answer(client, event, started, result)
        return None

    async def _wait(
        self, client: Client, event: Event, started: float, result: Awaitable[Any]
    ) -> None:
        try:
            value = await result
        except Exception as error:  # noqa: BLE001 - a bug costs its event, not the server
            self._answer_error(client, event.name or "", event.ack_id, error)
        else:
            self._answer(client, event, started, value)

    def _answer(self, client: Client, event: Event, started: float, value: Any) -> None:
        name = event.name or ""
        counters = self.counters
        counters.events[name, "ok"] += 1
        counters.observe_handler(name, time.perf_counter() - started)
        if event.ack_id is not None and client.is_open:
            args = value if isinstance(value, tuple) else () if value is None else (value,)
            client.session.send(Message(*encode_ack(client.namespace, event.ack_id, args)))

    def _ignore(self, client: Client, event: str, ack_id: int | None) -> None:
        if self._refuses_unknown_events:
            self.refuse(client, event, ack_id, UnknownEvent(f"there is no event {event!r} here"))
        else:
            # Counted under one name: clients choose theirs freely, and memory is ours.
            self.counters.events["(unknown)", "ignored"] += 1

    def _answer_error(
        self, client: Client, event: str, ack_id: int | None, error: Exception
    ) -> None:
        if isinstance(error, Refused):
            self.refuse(client, event, ack_id, error)
            return
        bug_id = secrets.token_hex(4)
        log.error("bug %s in the handler of %r", bug_id, event, exc_info=error)
        self.counters.events[event, "failed"] += 1
        message = f"Error: something went wrong on the server ({bug_id})"
        content = {"message": message, "event": event, "code": "internal", "id": bug_id}
        self._tell_error(client, ack_id, content)

    def refuse(self, client: Client, event: str, ack_id: int | None, refused: Refused) -> None:
        """Tell a client, and nobody else, that its event was declined and why."""
        counted = event if event in client.namespace_.handlers else "(unknown)"
        self.counters.events[counted, "refused"] += 1
        content = {
            "message": f"Error: {refused}",
            "event": event,
            "code": refused.code,
            **refused.details,
        }
        self._tell_error(client, ack_id, content)

    def _tell_error(self, client: Client, ack_id: int | None, content: dict[str, Any]) -> None:
        client.emit("error", content)
        if ack_id is not None and client.is_open:
            client.session.send(Message(*encode_ack(client.namespace, ack_id, (content,))))

    def welcome(self, client: Client) -> None:
        """Tell the application of a new client."""
        for arrival in client.namespace_.arrivals:
            self._tell(client, "connect", arrival, client)

    def _say_farewell(self, client: Client, reason: str) -> None:
        for farewell in client.namespace_.farewells:
            self._tell(client, "disconnect", farewell, client, reason)

    def _tell(self, client: Client, what: str, function: Callable[..., Any], *args: Any) -> None:
        event = Event(what, [])
        started = time.perf_counter()
        try:
            result = function(*args)
        except Exception as error:  # noqa: BLE001 - a bug costs its event, not the server
            self._answer_error(client, what, None, error)
            return
        if inspect.isawaitable(result):
            self.own(self._wait(client, event, started, result))

    def own(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something to its end, and be asked for it at the end of the server."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _register(functions: list[Any], function: Any) -> Any:
    if function is None:
        return lambda later: _register(functions, later)
    functions.append(function)
    return function


def _fail_unconnected(peer: Peer) -> None:
    peer.session.fail("no CONNECT in time")
