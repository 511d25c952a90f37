"""What the server hears and says, read from the server itself: nothing is listed a second time."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, get_args, get_origin, get_type_hints

import msgspec.inspect as shapes
from litestar import Litestar, Response
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from msgspec import Struct

from quad.realtime import SocketServer
from tools.types.typescript import part_of


class Event(Struct, frozen=True):
    """An event that clients send: the types of its payload and of what it is answered with."""

    payload: Any
    answer: Any

    @property
    def needs_payload(self) -> bool:
        """Whether an empty object, which is what a missing payload means, is none."""
        shape = shapes.type_info(self.payload)
        return not isinstance(shape, shapes.StructType) or any(
            field.required for field in shape.fields
        )


class Route(Struct, frozen=True):
    """A REST route: the types of its body and its answer; None if it has none."""

    doc: str | None
    body: Any
    answer: Any


class Wire(Struct, frozen=True):
    """All of it. Events are by system; what is said by an event of None has no payload."""

    heard: Mapping[str, Mapping[str, Event]]
    said: Mapping[str, Mapping[str, Any]]
    chat_heard: tuple[type, ...]
    chat_said: tuple[type, ...]
    error: Any
    routes: Mapping[str, Route]


def events_of(server: SocketServer) -> dict[str, dict[str, Event]]:
    """The registered events by system."""
    found: dict[str, dict[str, Event]] = {}
    for name, handler in sorted(server.namespace("/").handlers.items()):
        part = part_of(handler.call.__module__)
        found.setdefault(part, {})[name] = _event(handler.call)
    return found


def _event(function: Callable[..., Any]) -> Event:
    hints = get_type_hints(function)
    answer = hints.pop("return")
    _client, payload = hints.values()
    if get_origin(answer) is Coroutine:
        answer = get_args(answer)[-1]
    return Event(payload, None if answer is type(None) else answer)


def routes_of(application: Litestar) -> dict[str, Route]:
    """The documented routes by method and path."""
    found: dict[str, Route] = {}
    for route in application.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            if handler.resolve_include_in_schema():
                for method in handler.http_methods - {"HEAD", "OPTIONS"}:
                    found[f"{method} {_path(route)}"] = _route(handler)
    return dict(sorted(found.items(), key=lambda item: item[0].split()[::-1]))


def _path(route: HTTPRoute) -> str:
    return "".join(
        f"/{part}" if isinstance(part, str) else f"/{{{part.name}}}"
        for part in route.path_components
    )


def _route(handler: HTTPRouteHandler) -> Route:
    function = handler.fn
    # Litestar wraps functions that are not to run in a thread.
    hints = get_type_hints(getattr(function, "func", function))
    answer = hints["return"]
    if get_origin(answer) is Response:
        (answer,) = get_args(answer)
    return Route(handler.description or function.__doc__, hints.get("data"), answer)
