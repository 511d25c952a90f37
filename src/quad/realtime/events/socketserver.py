"""A Socket.IO server: handlers by event name, topics, and one place where errors meet the wire."""

import asyncio
import inspect
import logging
import secrets
import time
from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from functools import partial
from types import CoroutineType
from typing import Any, TypeVar

from quad.realtime.counters import Counters, EventCounter
from quad.realtime.deadlines import Deadlines
from quad.realtime.delivery import Message, Outbox
from quad.realtime.ending import Work
from quad.realtime.errors import BadPayload, Internal, Refused, UnknownEvent
from quad.realtime.events.caller import Caller
from quad.realtime.events.client import Client
from quad.realtime.drive import Drive, Finished
from quad.realtime.events.forwarding import Forwarding
from quad.realtime.events.handlers import Handler
from quad.realtime.events.local import LocalClient
from quad.realtime.events.namespace import Namespace
from quad.realtime.events.peer import Peer
from quad.realtime.options import EngineOptions
from quad.realtime.sessions.engine import Engine
from quad.realtime.sessions.session import Session
from quad.wire.errors import NestedTooDeeply
from quad.wire.socketio import RESERVED_EVENTS, encode_ack, encode_event
from quad.wire.socketio import Event as EventPacket

log = logging.getLogger("quad.events")

Function = TypeVar("Function", bound=Callable[..., Any])


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
        self.engine = Engine(self, self.options, counters, admit)
        self.counters = self.engine.counters
        self.namespaces: dict[str, Namespace] = {}
        self.connects: Deadlines[Peer] = Deadlines(
            self.options.connect_timeout_ms / 1000, _fail_unconnected
        )
        self.forwarding: Forwarding | None = None
        """Where other nodes are: to be set before the first connection."""
        self._refuses_unknown_events = refuses_unknown_events
        self._work = Work(log)
        self.namespace("/")

    # What applications say

    def namespace(self, name: str) -> Namespace:
        """The namespace of that name, opened to clients if it was not."""
        if name not in self.namespaces:
            self.namespaces[name] = Namespace(name, self.engine.delivery)
        return self.namespaces[name]

    def on(
        self, event: str, *, namespace: str = "/", overlap: bool = False, deferred: bool = False
    ) -> Callable[[Function], Function]:
        """Register the decorated function for an event; its annotations are the payload's types.

        A wrong payload never reaches it: the client gets an `error` that names event and key.
        What it returns goes into the acknowledgement, if the client wants one: a tuple as
        several arguments, None as none, anything else as one.

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
            handlers[event] = Handler(
                event, function, counter, is_overlapping=overlap, is_deferred=deferred
            )
            return function

        return register

    def on_connecting(
        self, function: Callable[[Client], Any] | None = None, *, namespace: str = "/"
    ) -> Any:
        """Call the function, plain or asynchronous, with every client before it is let in.

        A `Refused` that it raises keeps the client out: the sentence, and `code` and details of a
        refusal of its own class, are the answer to its CONNECT. Until all such functions have
        returned nothing is sent to the client, whatever is emitted.
        """
        return _register(self.namespace(namespace).examinations, function)

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

    def on_refused(
        self,
        function: Callable[[Client, str, Refused], None] | None = None,
        *,
        namespace: str = "/",
    ) -> Any:
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
        here = self.namespaces[namespace].topics.get(topic)
        forwarding = self.forwarding
        is_elsewhere = forwarding is not None and forwarding.has_subscribers(namespace, topic)
        if here is None and not is_elsewhere:
            return 0
        text, attachments = encode_event(namespace, event, args)
        if isinstance(here, Session) and not (is_elsewhere or skip or attachments):
            here.send_text(text)  # nearly always, where somebody is told something
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
        sessions = self.namespaces[namespace].topics.subscribers(topic)
        here = (_client_of(session, namespace) for session in sessions)
        clients: list[Client] = [client for client in here if client is not None]
        if self.forwarding is not None:
            clients += self.forwarding.subscribers(namespace, topic)
        return clients

    def deliver(
        self, topic: str, message: Message, namespace: str, skipped: Collection[Client]
    ) -> int:
        """Queue a packet for the subscribers that are connected here; returns how many they are."""
        subscribers = self.namespaces[namespace].topics.get(topic)
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
        if self.forwarding is not None:
            assert isinstance(client, Caller)
            self.forwarding.seat(client, system, key)

    def owns(self, key: str) -> bool:
        """Whether what has this key is at home here, and no other node handles its events."""
        return self.forwarding is None or self.forwarding.owns(key)

    async def aclose(self, grace_s: float = 2.0) -> None:
        """Wait for the handlers that are at work; those that take too long are cancelled."""
        self.connects.clear()
        await self._work.finish(grace_s)

    # What the engine says

    def session_opened(self, session: Session) -> Peer:
        """A client has connected."""
        return Peer(self, session)

    def handle(
        self,
        client: LocalClient,
        handler: Handler,
        event: EventPacket,
        values: list[Any] | BadPayload | None = None,
    ) -> None:
        """Call the handler, which has its turn, and answer when it has finished.

        `values` are the decoded arguments of an event with attachments, or what is wrong with them.
        """
        try:
            if self.forwarding and self.forwarding.forward(client, handler, event, values):
                return
        except Exception as error:  # noqa: BLE001 - a bug costs its event, not the server
            self._finish(client, handler, event, time.perf_counter(), None, error)
        else:
            self.run(client, handler, event, values)

    def run(
        self,
        client: Caller,
        handler: Handler,
        event: EventPacket,
        values: list[Any] | BadPayload | None = None,
    ) -> None:
        """The same for an event that is handled here, wherever it comes from."""
        try:
            args = handler.decode(event.args) if values is None else handler.convert(values)
        except Exception as error:  # noqa: BLE001 - a bug costs its event, not the server
            self._finish(client, handler, event, time.perf_counter(), None, error)
        else:
            self.call(client, handler, event, args)

    def call(
        self, client: Caller, handler: Handler, event: EventPacket, args: Sequence[Any]
    ) -> None:
        """The same with the arguments as the handler wants them."""
        started = time.perf_counter()
        try:
            if handler.is_deferred:
                handler.call(client, *args, partial(self._finish, client, handler, event, started))
                return
            result = handler.call(client, *args)
        except Exception as error:  # noqa: BLE001 - a bug costs its event, not the server
            self._finish(client, handler, event, started, None, error)
            return
        if type(result) is not CoroutineType:
            self._finish(client, handler, event, started, result, None)
            return
        finish = partial(self._finish, client, handler, event, started)
        if handler.is_overlapping:
            Drive(result, finish).step()
        else:
            self._work.own(_run(result, finish))

    def _finish(
        self,
        client: Caller,
        handler: Handler,
        event: EventPacket,
        started: float,
        value: Any,
        error: BaseException | None,
    ) -> None:
        try:
            if error is not None:
                self._answer_error(client, event, error)
            else:
                if event.ack_id is not None and client.is_open:
                    _acknowledge(client, event.ack_id, value)
                handler.counter.succeeded += 1
                handler.counter.latency_s.observe(time.perf_counter() - started)
        except Exception as bad_value:  # noqa: BLE001 - what it returned is no JSON
            self._answer_error(client, event, bad_value)
        client.end()

    def ignore(self, client: Caller, event: EventPacket) -> None:
        """Nobody handles this event."""
        if self._refuses_unknown_events:
            self.refuse(client, event, UnknownEvent(f"there is no event {event.name!r} here"))
        else:
            self._counter(client, event).refused += 1

    def _answer_error(self, client: Caller, event: EventPacket, error: BaseException) -> None:
        if isinstance(error, NestedTooDeeply):  # decoded, but a little too deep to be sent on
            error = BadPayload(f"{event.name}: {error}")
        if isinstance(error, Refused):
            self.refuse(client, event, error)
            return
        if isinstance(error, asyncio.CancelledError):  # at the end of the server
            self._counter(client, event).failed += 1
            self._tell_error(client, event, "Error: cancelled", {"code": "cancelled"})
            return
        bug_id = secrets.token_hex(4)
        log.error("bug %s in the handler of %r", bug_id, event.name, exc_info=error)
        self._counter(client, event).failed += 1
        message = f"Error: something went wrong on the server ({bug_id})"
        self._tell_error(client, event, message, {"code": "internal", "id": bug_id})

    def refuse(self, client: Caller, event: EventPacket, refused: Refused) -> None:
        """Tell a client, and nobody else, that its event was declined and why."""
        self._counter(client, event).refused += 1
        for function in client.space.refusals:
            function(client, event.name, refused)
        details = {"code": refused.code, **refused.details}
        self._tell_error(client, event, f"Error: {refused}", details)

    def _counter(self, client: Caller, event: EventPacket) -> EventCounter:
        # Unknown names are counted as one: clients choose them freely, and memory is ours.
        handler = client.space.handlers.get(event.name)
        return handler.counter if handler else self.counters.event("(unknown)")

    def _tell_error(
        self, client: Caller, event: EventPacket, message: str, details: dict[str, Any]
    ) -> None:
        content = {"message": message, "event": event.name, **details}
        client.emit("error", content)
        if event.ack_id is not None and client.is_open:
            client.send(Message(*encode_ack(client.namespace, event.ack_id, (content,))))

    def examine(self, client: Caller, decide: Callable[[Refused | None], object]) -> None:
        """Ask the application about a client; `decide` is called with what it says, perhaps later.

        Asynchronous functions have a task of their own.
        """
        waiting = iter(client.space.examinations)
        for function in waiting:
            try:
                result = function(client)
            except Exception as error:  # noqa: BLE001 - a bug costs its client, not the server
                decide(_refusal_of(client, error))
                return
            if inspect.iscoroutine(result):
                self._work.own(_examine(client, result, waiting, decide))
                return
        decide(None)

    def welcome(self, client: Caller) -> None:
        """Tell the application of a new client."""
        for arrival in client.space.arrivals:
            self._call(arrival, client)

    def say_farewell(self, client: Caller, reason: str) -> None:
        """Tell the application that a client has left; nothing follows for this client."""
        for farewell in client.space.farewells:
            self._call(farewell, client, reason)

    def left(self, client: LocalClient, reason: str) -> None:
        """A client leaves: its farewell waits for its handlers that are still at work."""
        if self.forwarding is not None:
            self.forwarding.left(client)
        client.leave()
        client.part(partial(self._part, client, reason))

    def _part(self, client: LocalClient, reason: str) -> None:
        if self.forwarding is not None:
            self.forwarding.parted(client, reason)
        self.say_farewell(client, reason)
        client.end()

    def _call(self, function: Callable[..., Any], client: Caller, *args: str) -> None:
        try:
            result = function(client, *args)
        except Exception as error:  # noqa: BLE001 - a bug costs its event, not the server
            _log_bug(client, error)
            return
        if inspect.iscoroutine(result):
            self._work.own(_run(result, lambda _, error: _log_bug(client, error)))


def _client_of(outbox: Outbox, namespace: str) -> LocalClient | None:
    assert isinstance(outbox, Session)
    peer = outbox.listener
    # None at the end of a session, while its namespaces are left one after the other.
    return peer.client(namespace) if isinstance(peer, Peer) else None


def _acknowledge(client: Caller, ack_id: int, value: Any) -> None:
    args = value if isinstance(value, tuple) else () if value is None else (value,)
    client.send(Message(*encode_ack(client.namespace, ack_id, args)))


async def _run(work: Coroutine[Any, Any, Any], finished: Finished) -> None:
    try:
        value = await work
    except Exception as error:  # noqa: BLE001 - handed on
        finished(None, error)
    except BaseException as error:  # cancelled at the end of the server
        finished(None, error)
        raise
    else:
        finished(value, None)


async def _examine(
    client: Caller,
    first: Coroutine[Any, Any, Any],
    others: Iterator[Callable[[Client], Any]],
    decide: Callable[[Refused | None], object],
) -> None:
    try:
        await first
        for function in others:
            result = function(client)
            if inspect.iscoroutine(result):
                await result
    except Exception as error:  # noqa: BLE001 - a bug costs its client, not the server
        decide(_refusal_of(client, error))
    else:
        decide(None)


def _refusal_of(client: Caller, error: Exception) -> Refused:
    if isinstance(error, Refused):
        return error
    bug_id = secrets.token_hex(4)
    log.error("bug %s while %r wanted to enter", bug_id, client, exc_info=error)
    return Internal(f"something went wrong on the server ({bug_id})", id=bug_id)


def _log_bug(client: Caller, error: BaseException | None) -> None:
    if error is not None:
        log.error("bug while %r came or went", client, exc_info=error)


def _register(functions: list[Any], function: Any) -> Any:
    if function is None:
        return lambda later: _register(functions, later)
    functions.append(function)
    return function


def _fail_unconnected(peer: Peer) -> None:
    peer.session.fail("no CONNECT in time")
