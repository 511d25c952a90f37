"""What a server hears and says, read from the server itself: nothing is listed a second time."""

from collections.abc import Coroutine, Iterator, Mapping
from typing import Any, get_args, get_origin, get_type_hints

import msgspec.inspect as shapes
from litestar import Litestar, Response
from litestar.constants import RESERVED_KWARGS
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.typing import FieldDefinition
from msgspec import Struct

from quad.realtime import SocketServer
from quad.realtime.events.handlers import EventHandler
from tools.types.typescript import part_of


class Event(Struct, frozen=True):
    """An event that clients send: the types of its payload and of what it is answered with."""

    payload: Any
    answer: Any

    @property
    def needs_payload(self) -> bool:
        """Whether it matters: a missing payload is heard as an empty object."""
        shape = shapes.type_info(self.payload)
        return not isinstance(shape, shapes.StructType) or any(
            field.required for field in shape.fields
        )


class Parameter(Struct, frozen=True):
    """A parameter in the query of an address."""

    type: Any
    is_optional: bool


class Route(Struct, frozen=True):
    """A REST route: the types of what it takes and answers; None if it has no body."""

    doc: str | None
    query: Mapping[str, Parameter]
    body: Any
    answer: Any


class Wire(Struct, frozen=True):
    """All of it. What is said by an event of None has no payload."""

    heard: Mapping[str, Mapping[str, Event]]
    """Events by system."""
    said: Mapping[str, Mapping[str, Any]]
    frames_heard: tuple[type, ...]
    """Frames are those of the chat."""
    frames_said: tuple[type, ...]
    error: type
    routes: Mapping[str, Route]
    """By method and path."""
    refusals: tuple[type, ...]
    """What routes answer to what they decline."""


def events_of(server: SocketServer) -> dict[str, dict[str, Event]]:
    """The registered events by system."""
    found: dict[str, dict[str, Event]] = {}
    for name, handler in sorted(server.namespace("/").handlers.items()):
        part = part_of(handler.call.__module__)
        found.setdefault(part, {})[name] = _event(handler)
    return found


def _event(handler: EventHandler) -> Event:
    hints = get_type_hints(handler.call, include_extras=True)
    answer = hints.pop("return")
    if handler.is_deferred:
        hints.popitem()  # what it calls when it has finished
    _client, payload = hints.values()
    if get_origin(answer) is Coroutine:
        answer = get_args(answer)[-1]
    return Event(payload, None if answer is type(None) else answer)


def routes_of(application: Litestar) -> dict[str, Route]:
    """The documented routes by method and path, in the order of their paths."""
    found: dict[tuple[str, str], Route] = {}
    for path, handler in _handlers(application):
        for method in handler.http_methods - {"HEAD", "OPTIONS"}:
            found[path, str(method)] = _route(handler)
    return {f"{method} {path}": found[path, method] for path, method in sorted(found)}


def refusals_of(application: Litestar) -> tuple[type, ...]:
    """What the exception handlers of these routes answer."""
    found: dict[type, None] = {}
    for _, handler in _handlers(application):
        for explain in handler.resolve_exception_handlers().values():
            answer = _content(get_type_hints(explain).get("return"))
            if isinstance(answer, type) and issubclass(answer, Struct):
                found[answer] = None
    return tuple(found)


def _handlers(application: Litestar) -> Iterator[tuple[str, HTTPRouteHandler]]:
    for route in application.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if handler.resolve_include_in_schema():
                    yield _path(route), handler


def _path(route: HTTPRoute) -> str:
    return "".join(
        f"/{part}" if isinstance(part, str) else f"/{{{part.name}}}"
        for part in route.path_components
    )


def _route(handler: HTTPRouteHandler) -> Route:
    signature = handler.parsed_fn_signature
    body = signature.parameters.get("data")
    return Route(
        handler.fn.__doc__,
        {
            name: Parameter(field.annotation, field.has_default)
            for name, field in signature.parameters.items()
            if _is_in_query(name, field, handler)
        },
        None if body is None else body.annotation,
        _content(signature.return_type.raw),
    )


def _is_in_query(name: str, field: FieldDefinition, handler: HTTPRouteHandler) -> bool:
    kind = field.kwarg_definition
    is_elsewhere = getattr(kind, "header", None) or getattr(kind, "cookie", None)
    in_path = any(f"{{{name}:" in path for path in handler.paths)
    return not (name in RESERVED_KWARGS or in_path or is_elsewhere)


def _content(answer: object) -> object:
    return get_args(answer)[0] if get_origin(answer) is Response else answer
