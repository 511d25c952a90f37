"""The file of declarations: interfaces by system, then the maps of events, frames and routes."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tools.types.text import (
    block,
    comment,
    declare_interface,
    declare_type,
    function,
    member,
    union,
)
from tools.types.typescript import Types
from tools.types.wire import Event, Route, Wire

_HEAD: Final = """\
/*
 * What the server hears and says, generated from its code: `make types` writes this file anew.
 * In what clients send, keys with a default may be left out.
 */
"""
_ACK: Final = """\
/** What an event is answered with: what it asked for, if anything, or why it was declined. */
export type Ack<Answer = never> = (answer?: Answer | ErrorPayload) => void;"""


def declare(wire: Wire) -> str:
    """The whole file."""
    types = Types(_said(wire), _heard(wire))
    maps = {part: [*_event_maps(wire, types, part)] for part in wire.heard}
    maps["realtime"] = [_ACK]
    maps["chat"] = [
        _frames(types, "ChatAsked", wire.frames_heard, is_asked=True),
        _frames(types, "ChatSaid", wire.frames_said, is_asked=False),
    ]
    routes = _routes(wire.routes, types)
    declarations = types.declarations()
    texts = [_HEAD]
    for part in sorted({*maps, *declarations}, key=lambda part: (part != "realtime", part)):
        texts.append(f"// {'All systems' if part == 'realtime' else part.capitalize()}\n")
        texts += [f"{text}\n" for text in (*declarations.get(part, ()), *maps.get(part, ()))]
    return "\n".join([*texts, "// REST\n", f"{routes}\n"])


def _said(wire: Wire) -> Iterator[Any]:
    yield from (wire.error, *wire.frames_said, *wire.refusals)
    for events in wire.said.values():
        yield from events.values()
    for heard in wire.heard.values():
        yield from (event.answer for event in heard.values())
    yield from (route.answer for route in wire.routes.values())


def _heard(wire: Wire) -> Iterator[Any]:
    yield from wire.frames_heard
    for events in wire.heard.values():
        yield from (event.payload for event in events.values())
    for route in wire.routes.values():
        yield from (route.body, *(parameter.type for parameter in route.query.values()))


def _event_maps(wire: Wire, types: Types, part: str) -> Iterator[str]:
    name = part.capitalize()
    asked = [
        function(event, [*_arguments(what, types)]) for event, what in wire.heard[part].items()
    ]
    yield comment(f"What clients of {part} send.") + declare_interface(f"{name}ClientEvents", asked)
    events = sorted({**wire.said[part], "error": wire.error}.items())
    said = [
        function(event, [] if payload is None else [f"payload: {types.text(payload)}"])
        for event, payload in events
    ]
    yield comment(f"What the server says to clients of {part}.") + declare_interface(
        f"{name}ServerEvents", said
    )


def _arguments(event: Event, types: Types) -> Iterator[str]:
    mark = "" if event.needs_payload else "?"
    yield f"payload{mark}: {types.text(event.payload, is_asked=True)}"
    yield "ack?: Ack" if event.answer is None else f"ack?: Ack<{types.text(event.answer)}>"


def _frames(types: Types, name: str, frames: tuple[type, ...], *, is_asked: bool) -> str:
    said = "What clients of the chat send" if is_asked else "What the server says to these"
    text = union(types.text(frame, is_asked=is_asked) for frame in frames)
    return comment(f"{said}; `type` tells which.") + declare_type(name, text)


def _routes(routes: Mapping[str, Route], types: Types) -> str:
    members = [
        comment(route.doc, "  ") + member(name, block([*_route(route, types)], "  "))
        for name, route in routes.items()
    ]
    doc = "Routes by method and path: what they take, and what they answer if they do not decline."
    return comment(doc) + declare_interface("RestRoutes", members)


def _route(route: Route, types: Types) -> Iterator[str]:
    indent = "    "
    if route.query:
        parameters = [
            member(name, types.text(parameter.type), "?" if parameter.is_optional else "", "      ")
            for name, parameter in route.query.items()
        ]
        yield member("query", block(parameters, indent), indent=indent)
    body = "undefined" if route.body is None else types.text(route.body, is_asked=True)
    yield member("body", body, indent=indent)
    is_empty = route.answer in (None, type(None))
    yield member("answer", "undefined" if is_empty else types.text(route.answer), indent=indent)
