"""How events are acknowledged: to clients of protocol 3, by one object each.

What has no result of its own is acknowledged by nothing at all to clients of protocols 1 and 2,
and by an empty object to those of 3. An error is an object with a `code` to all of them.
"""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar

from quad.classroom.model import BEYOND
from quad.classroom.outgoing import NOTHING, Nothing
from quad.classroom.rooms import Rooms
from quad.realtime import Client, SocketServer

Function = TypeVar("Function", bound=Callable[..., Any])


class Acknowledging:
    """Registers handlers that need not know which protocol is spoken to them."""

    def __init__(self, server: SocketServer, rooms: Rooms) -> None:
        self._server: Final = server
        self._rooms: Final = rooms

    def on(self, event: str, *, overlap: bool = False) -> Callable[[Function], Function]:
        """As `SocketServer.on`."""
        register = self._server.on(event, overlap=overlap)

        def acknowledged(function: Function) -> Function:
            is_async = inspect.iscoroutinefunction(function)
            register(self._later(function) if is_async else self._now(function))
            return function

        return acknowledged

    def _later(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        async def acknowledged(client: Client, payload: Any) -> Any:  # noqa: ANN401 - the handler's
            # Before, of whoever leaves; afterwards, of whoever enters.
            done = self.done(client)
            result = await function(client, payload)
            return (done or self.done(client)) if result is None else result

        return acknowledged

    def _now(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def acknowledged(client: Client, payload: Any) -> Any:  # noqa: ANN401 - the handler's
            result = function(client, payload)
            return self.done(client) if result is None else result

        return acknowledged

    def done(self, client: Client) -> Nothing | None:
        """What a client is told of what has no result."""
        seated = self._rooms.seated(client)
        return None if seated is None else done_for(seated.protocol)


def done_for(protocol: int) -> Nothing | None:
    """The same for a client of this protocol."""
    return NOTHING if protocol >= BEYOND else None
