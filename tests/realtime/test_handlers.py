"""From a signature to typed arguments: what reaches a handler, and what is said of the rest."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quad.realtime import BadPayload, Client, Payload
from quad.realtime.counters import EventCounter
from quad.realtime.events.handlers import EventHandler
from quad.wire.socketio import Event, decode


class Join(Payload, frozen=True):
    room: int
    name: str | None = None
    tags: tuple[str, ...] = ()


class Nothing(Payload, frozen=True):
    pass


def handler(function: Callable[..., Any]) -> EventHandler:
    return EventHandler("room/join", function, EventCounter(), is_overlapping=False)


def none(client: Client) -> None: ...
def typed(client: Client, request: Join) -> None: ...
def empty(client: Client, request: Nothing) -> None: ...
def several(client: Client, room: int, name: str, extra: Any = None) -> None: ...
def defaulted(client: Client, room: int = 1, name: str = "") -> None: ...
def untyped(client: Client, *args: Any) -> None: ...
def one_and_more(client: Client, room: int, *names: str) -> None: ...
def listed(client: Client, joins: list[Join]) -> None: ...
def mapped(client: Client, rooms: dict[str, int]) -> None: ...
def with_bytes(client: Client, name: str, data: bytes) -> None: ...


CASES = [
    pytest.param(none, "[]", [], id="no parameter"),
    pytest.param(none, '[1,{"a":2}]', [], id="no parameter, and arguments"),
    pytest.param(typed, '[{"room":1}]', [Join(room=1)], id="a payload"),
    pytest.param(typed, '[{"room":1,"x":{}}, 5]', [Join(room=1)], id="unknown keys and more"),
    pytest.param(typed, '[{"room":1,"name":"\\ud83d\\ude00"}]', [Join(room=1, name="😀")], id="😀"),
    pytest.param(empty, "[]", [Nothing()], id="a missing payload that needs nothing"),
    pytest.param(several, '[1,"a"]', [1, "a"], id="several"),
    pytest.param(several, '[1,"a",[2]]', [1, "a", [2]], id="several and the optional one"),
    pytest.param(defaulted, "[]", [], id="defaults"),
    pytest.param(defaulted, "[2]", [2], id="one default"),
    pytest.param(untyped, '[1,"a",null]', [1, "a", None], id="anything"),
    pytest.param(one_and_more, '[1,"a","b"]', [1, "a", "b"], id="one and more"),
    pytest.param(listed, '[[{"room":1},{"room":2}]]', [[Join(room=1), Join(room=2)]], id="a list"),
    pytest.param(mapped, '[{"a":1}]', [{"a": 1}], id="a mapping"),
]

BROKEN = [
    pytest.param(typed, "[]", "room/join: Object missing required field `room`", id="nothing"),
    pytest.param(
        typed, '[{"room":"x"}]', "room/join: Expected `int`, got `str` - at `room`", id="a key"
    ),
    pytest.param(
        typed,
        '[{"room":1,"tags":[1]}]',
        "room/join: Expected `str`, got `int` - at `tags[0]`",
        id="an item",
    ),
    pytest.param(
        typed, "[5]", "room/join: Expected `object`, got `int`", id="another type altogether"
    ),
    pytest.param(several, "[1]", "room/join: Expected `str`, got `object`", id="the second"),
    pytest.param(
        listed,
        '[[{"room":1},{}]]',
        "room/join: Object missing required field `room` - at `$[1]`",
        id="in a list",
    ),
    pytest.param(one_and_more, '[1,"a",2]', "room/join: Expected `str`, got `int`", id="more"),
    pytest.param(mapped, '[{"a":"x"}]', None, id="a value"),
    pytest.param(typed, '[{"room":1e999}]', None, id="a number out of range"),
]


def raw(args: str) -> list[msgspec.Raw]:
    return msgspec.json.decode(args, type=list[msgspec.Raw])


@pytest.mark.parametrize(("function", "args", "expected"), CASES)
def test_arguments_come_typed(function: Callable[..., Any], args: str, expected: list[Any]) -> None:
    assert handler(function).decode(raw(args)) == expected


@pytest.mark.parametrize(("function", "args", "expected"), CASES)
def test_arguments_beside_bytes_come_typed_too(
    function: Callable[..., Any], args: str, expected: list[Any]
) -> None:
    assert handler(function).convert(json.loads(args)) == expected


@pytest.mark.parametrize(("function", "args", "sentence"), BROKEN)
def test_a_wrong_argument_is_named(
    function: Callable[..., Any], args: str, sentence: str | None
) -> None:
    with pytest.raises(BadPayload) as caught:
        handler(function).decode(raw(args))
    assert str(caught.value).startswith(sentence or "room/join: ")
    with pytest.raises(BadPayload) as caught:
        handler(function).convert(json.loads(args))
    assert str(caught.value).startswith("room/join: ")


def test_bytes_reach_the_parameter_that_wants_them() -> None:
    assert handler(with_bytes).convert(["a", b"\0"]) == ["a", b"\0"]
    with pytest.raises(BadPayload):
        handler(typed).convert([b"\0"])


def test_nesting_without_end_is_a_wrong_payload() -> None:
    deep = [msgspec.Raw(b"[" * 5_000 + b"]" * 5_000)]
    for function in (untyped, defaulted, several):
        with pytest.raises(BadPayload):
            handler(function).decode(deep)
    with pytest.raises(BadPayload, match="nested too deeply"):
        handler(untyped).decode(deep)


def test_a_parameter_without_a_type_is_found_when_registered() -> None:
    def careless(client, request):  # type: ignore[no-untyped-def]
        pass

    with pytest.raises(TypeError, match="'request' needs a type"):
        handler(careless)


@given(st.recursive(st.none() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=5))
def test_any_value_is_taken_or_refused(value: Any) -> None:
    text = msgspec.json.encode(value)
    for function in (typed, several, mapped, one_and_more):
        with contextlib.suppress(BadPayload):
            handler(function).decode([msgspec.Raw(text)])


def plain(function: Callable[..., Any], text: str) -> tuple[Any, ...] | None:
    return handler(function).decode_plain(text)


@pytest.mark.parametrize(
    ("function", "text", "arguments"),
    [
        pytest.param(typed, '["room/join",{"room":1}]', (Join(room=1),), id="one argument"),
        pytest.param(typed, ' [ "room/join" , {"room":1} ] ', (Join(room=1),), id="blanks"),
        pytest.param(typed, '["room/join",{"room":1},2]', None, id="more than it wants"),
        pytest.param(typed, '["room/join"]', None, id="fewer"),
        pytest.param(typed, '["room/join",{"room":"x"}]', None, id="of another type"),
        pytest.param(typed, '["room/join",{"room":1}', None, id="broken"),
        pytest.param(typed, '["room/join",{"room":1}]]', None, id="something behind it"),
        pytest.param(untyped, '["room/join",1]', None, id="a handler of any number"),
        pytest.param(several, '["room/join",1,"a"]', None, id="a handler of several"),
        pytest.param(mapped, '["room/join",' + "[" * 2000 + "]" * 2000 + "]", None, id="deep"),
    ],
)
def test_the_usual_event_is_decoded_at_once(
    function: Callable[..., Any], text: str, arguments: tuple[Any, ...] | None
) -> None:
    assert plain(function, text) == arguments


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def some(client: Client, value: Any) -> None: ...
def rooms(client: Client, value: list[Join] | dict[str, int] | str) -> None: ...


@given(st.lists(anything, max_size=3), st.sampled_from([some, typed, rooms, listed]))
def test_at_once_or_one_by_one_an_event_is_the_same(
    values: list[Any], function: Callable[..., Any]
) -> None:
    text = json.dumps(["room/join", *values])
    at_once = plain(function, text)
    event = decode("2" + text)
    assert isinstance(event, Event)
    if at_once is not None:
        assert list(at_once) == handler(function).decode(event.args)
    elif len(values) == 1:
        with pytest.raises(BadPayload):
            handler(function).decode(event.args)
