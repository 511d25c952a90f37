"""The file of declarations: interfaces by system, then the maps of events, frames and routes."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tools.types.typescript import (
    Types,
    comment,
    declare_interface,
    declare_type,
    member,
    union,
)
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
        _frames(types, "ChatAsked", wire.chat_heard, is_asked=True),
        _frames(types, "ChatSaid", wire.chat_said, is_asked=False),
    ]
    routes = _routes(wire.routes, types)
    declarations = types.declarations()
    texts = [_HEAD]
    for part in sorted({*maps, *declarations}, key=lambda part: (part != "realtime", part)):
        texts.append(f"// {'All systems' if part == 'realtime' else part.capitalize()}\n")
        texts += [f"{text}\n" for text in (*declarations.get(part, ()), *maps.get(part, ()))]
    return "\n".join([*texts, "// REST\n", f"{routes}\n"])


def _said(wire: Wire) -> Iterator[Any]:
    yield from (wire.error, *wire.chat_said)
    for events in wire.said.values():
        yield from events.values()
    for heard in wire.heard.values():
        yield from (event.answer for event in heard.values())
    yield from (route.answer for route in wire.routes.values())


def _heard(wire: Wire) -> Iterator[Any]:
    yield from wire.chat_heard
    for events in wire.heard.values():
        yield from (event.payload for event in events.values())
    yield from (route.body for route in wire.routes.values())


def _event_maps(wire: Wire, types: Types, part: str) -> Iterator[str]:
    name = part.capitalize()
    asked = [member(event, _asking(types, what)) for event, what in wire.heard[part].items()]
    yield (
        comment(f"What clients of {part} send.")
        + declare_interface(f"{name}ClientEvents", sorted(asked))
    )
    said = [member(event, _saying(types, what)) for event, what in wire.said[part].items()]
    said.append(member("error", _saying(types, wire.error)))
    yield (
        comment(f"What the server says to clients of {part}.")
        + declare_interface(f"{name}ServerEvents", sorted(said))
    )


def _asking(types: Types, event: Event) -> str:
    mark = "" if event.needs_payload else "?"
    payload = types.text(event.payload, is_asked=True)
    answer = "" if event.answer is None else f"<{types.text(event.answer)}>"
    return f"(payload{mark}: {payload}, ack?: Ack{answer}) => void"


def _saying(types: Types, payload: Any) -> str:
    return "() => void" if payload is None else f"(payload: {types.text(payload)}) => void"


def _frames(types: Types, name: str, frames: tuple[type, ...], *, is_asked: bool) -> str:
    said = "What clients of the chat send" if is_asked else "What the server says to those"
    text = union(types.text(frame, is_asked=is_asked) for frame in frames)
    return comment(f"{said}; `type` tells which.") + declare_type(name, text)


def _routes(routes: Mapping[str, Route], types: Types) -> str:
    lines = []
    for name, route in routes.items():
        body = "undefined" if route.body is None else types.text(route.body, is_asked=True)
        parts = [member("body", body), member("answer", types.text(route.answer))]
        inside = "\n".join(parts).replace("\n", "\n  ")
        lines.append(f'{comment(route.doc, "  ")}  "{name}": {{\n  {inside}\n  }};')
    return comment("Paths by method: what they take and what they answer.") + declare_interface(
        "RestRoutes", lines
    )
