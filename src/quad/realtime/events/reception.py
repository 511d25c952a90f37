"""The engine's side of a Socket.IO server: who comes, what they say, and who leaves.

Connections and other nodes speak to it. Applications have the `SocketServer` in front of it.
"""

import inspect
import logging
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any

from quad.realtime.counters import Counters, EventCounter
from quad.realtime.deadlines import Deadlines
from quad.realtime.delivery import Message
from quad.realtime.dispatch import Dispatch, log_bug, run_to_end
from quad.realtime.errors import BadPayload, Refused, UnknownEvent
from quad.realtime.events.caller import Caller
from quad.realtime.events.client import Client
from quad.realtime.events.forwarding import Forwarding
from quad.realtime.events.handlers import EventHandler
from quad.realtime.events.local import LocalClient
from quad.realtime.events.namespace import Namespace
from quad.realtime.options import EngineOptions
from quad.realtime.sessions.session import Session
from quad.wire.errors import NestedTooDeeply
from quad.wire.socketio import Event, encode_ack

log = logging.getLogger("quad.events")


class Reception(Dispatch[Caller, Event]):
    """Lets clients in, has their events handled, and says farewell to them.

    All is called by the loop, and nothing waits.
    """

    def __init__(
        self, options: EngineOptions, counters: Counters, *, refuses_unknown_events: bool
    ) -> None:
        super().__init__(log)
        self.namespaces: dict[str, Namespace] = {}
        self.connects: Deadlines[Session] = Deadlines(
            options.connect_timeout_ms / 1000, _fail_unconnected
        )
        self.forwarding: Forwarding | None = None
        """Where other nodes are: to be set before the first connection."""
        self._counters = counters
        self._refuses_unknown_events = refuses_unknown_events

    async def aclose(self, grace_s: float) -> None:
        """Wait for the handlers that are at work; those that take too long are cancelled."""
        self.connects.clear()
        await super().aclose(grace_s)

    # Who comes

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
            self._tell_application(arrival, client)

    # What they say

    def handle(
        self,
        client: LocalClient,
        handler: EventHandler,
        event: Event,
        values: list[Any] | BadPayload | None = None,
    ) -> None:
        """Call the handler, which has its turn, and answer when it has finished.

        `values` are the decoded arguments of an event with attachments, or what is wrong with them.
        """
        try:
            if self.forwarding and self.forwarding.forward(client, handler, event, values):
                return
        except Exception as error:  # noqa: BLE001 - a bug costs its event, not the server
            self.fail(client, handler, event, error)
        else:
            self.run(client, handler, event, values)

    def run(
        self,
        client: Caller,
        handler: EventHandler,
        event: Event,
        values: list[Any] | BadPayload | None = None,
    ) -> None:
        """The same for an event that is handled here, wherever it comes from."""
        try:
            args = handler.decode(event.args) if values is None else handler.convert(values)
        except Exception as error:  # noqa: BLE001 - a bug costs its event, not the server
            self.fail(client, handler, event, error)
        else:
            self.call(client, handler, event, args)

    def ignore(self, client: Caller, event: Event) -> None:
        """Nobody handles this event."""
        if self._refuses_unknown_events:
            self.refuse_event(client, event, UnknownEvent(f"there is no event {event.name!r} here"))
        else:
            self._counter(client, event).refused += 1

    def refuse_event(self, client: Caller, event: Event, refused: Refused) -> None:
        """Tell a client that its event, for which there may be no handler, was declined and why."""
        self.refuse(client, self._counter(client, event), event, refused)

    def _counter(self, client: Caller, event: Event) -> EventCounter:
        # Unknown names are counted as one: clients choose them freely, and memory is ours.
        handler = client.space.handlers.get(event.name)
        return handler.counter if handler else self._counters.event("(unknown)")

    # How they are answered

    def answer(self, client: Caller, event: Event, value: object) -> None:
        """See `Dispatch`: by the acknowledgement, if the client wants one."""
        if event.ack_id is not None and client.is_open:
            args = value if isinstance(value, tuple) else () if value is None else (value,)
            client.send(Message(*encode_ack(client.namespace, event.ack_id, args)))

    def decline(self, client: Caller, event: Event, refused: Refused) -> None:
        """See `Dispatch`: the application may have more to say about it."""
        for function in client.space.refusals:
            function(client, event.name, refused)
        self.explain(client, event, refused)

    def explain(self, client: Caller, event: Event, refused: Refused) -> None:
        """See `Dispatch`: by an `error`, and in the acknowledgement."""
        content = {
            "message": f"Error: {refused}",
            "event": event.name,
            "code": refused.code,
            **refused.details,
        }
        client.emit("error", content)
        if event.ack_id is not None and client.is_open:
            client.send(Message(*encode_ack(client.namespace, event.ack_id, (content,))))

    def refusal_of(self, event: Event, error: BaseException) -> Refused | None:
        """See `Dispatch`."""
        if isinstance(error, NestedTooDeeply):  # decoded, but a little too deep to be sent on
            return BadPayload(f"{event.name}: {error}")
        return error if isinstance(error, Refused) else None

    # Who leaves

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

    def say_farewell(self, client: Caller, reason: str) -> None:
        """Tell the application that a client has left; nothing follows for this client."""
        for farewell in client.space.farewells:
            self._tell_application(farewell, client, reason)

    def _tell_application(self, function: Callable[..., Any], client: Caller, *args: str) -> None:
        try:
            result = function(client, *args)
        except Exception as error:  # noqa: BLE001 - a bug costs its event, not the server
            _log_bug(client, error)
            return
        if inspect.iscoroutine(result):
            self._work.own(run_to_end(result, lambda _, error: _log_bug(client, error)))


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
    return log_bug(log, error, f"while {client!r} wanted to enter")


def _log_bug(client: Caller, error: BaseException | None) -> None:
    if error is not None:
        log.error("bug while %r came or went", client, exc_info=error)


def _fail_unconnected(session: Session) -> None:
    session.fail("no CONNECT in time")
