"""Socket.IO packets: both generations, attachments, and everything that is no packet."""

import contextlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quad.wire.errors import NestedTooDeeply, PacketError, WireError
from quad.wire.socketio import (
    MAX_ATTACHMENTS,
    MAX_AUTH_CHARACTERS,
    RESERVED_EVENTS,
    Ack,
    AnyPacket,
    Connect,
    ConnectError,
    Disconnect,
    Event,
    decode,
    encode,
    encode_ack,
    encode_event,
    extract_binary,
    has_binary,
    insert_binary,
)
from tests.wire.texts import any_text, clean_text


def raw(*values: str) -> list[msgspec.Raw]:
    return [msgspec.Raw(value.encode()) for value in values]


PACKETS: list[tuple[AnyPacket, str]] = [
    (Connect("/"), "0"),
    (Connect("/", {"token": "a", "n": [1]}), '0{"token":"a","n":[1]}'),
    (Connect("/chat"), "0/chat,"),
    (Connect("/chat", {"a": 1}), '0/chat,{"a":1}'),
    (Connect("/chat", None, {"token": "a", "b": ""}), "0/chat?token=a&b=,"),
    (Disconnect("/"), "1"),
    (Disconnect("/chat"), "1/chat,"),
    (Event("/", "say", []), '2["say"]'),
    (Event("/", "say", raw("1", '"b"', "null"), 0), '20["say",1,"b",null]'),
    (Event("/chat", "say", raw("{}"), 12), '2/chat,12["say",{}]'),
    (Event("/", "", []), '2[""]'),
    (Event("/", "b", raw('{"_placeholder":true,"num":0}'), None, 1),
     '51-["b",{"_placeholder":true,"num":0}]'),
    (Event("/chat", "b", raw("1"), 3, 10), '510-/chat,3["b",1]'),
    (Ack("/", [], 0), "30[]"),
    (Ack("/chat", raw("1", '"x"'), 9_007_199_254_740_992), '3/chat,9007199254740992[1,"x"]'),
    (Ack("/chat", raw("1"), 7, 2), "62-/chat,7[1]"),
    (ConnectError("/", msgspec.Raw(b'{"message":"no"}')), '4{"message":"no"}'),
    (ConnectError("/chat", msgspec.Raw(b'"no"')), '4/chat,"no"'),
]  # fmt: skip


def comparable(packet: AnyPacket) -> tuple[object, ...]:
    """A packet's content; `Raw` is equal only to itself."""
    return (type(packet), *map(_comparable, msgspec.structs.astuple(packet)))


def _comparable(value: object) -> object:
    if isinstance(value, msgspec.Raw):
        return bytes(value)
    return [_comparable(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("packet", "text"), PACKETS, ids=[text for _, text in PACKETS])
def test_a_packet_and_its_text_are_each_others_reverse(packet: AnyPacket, text: str) -> None:
    assert encode(packet) == text
    assert comparable(decode(text)) == comparable(packet)


@pytest.mark.parametrize(
    ("text", "packet"),
    [
        pytest.param("0/chat", Connect("/chat"), id="a namespace without its comma"),
        pytest.param("0/,", Connect("/"), id="the main namespace by name"),
        pytest.param("0/chat?a=1&a=2,", Connect("/chat", None, {"a": "2"}), id="a repeated key"),
        pytest.param("0/a?,", Connect("/a", None, {}), id="an empty query"),
        pytest.param("0/a?x=%F0%9F%98%80", Connect("/a", None, {"x": "😀"}), id="percent"),
        pytest.param('0{"a":"\\ud83d"}', Connect("/", {"a": "\ufffd"}), id="half in auth"),
        pytest.param("1/chat", Disconnect("/chat"), id="leaving without a comma"),
        pytest.param('2["a"] ', Event("/", "a", []), id="white space behind"),
        pytest.param('2[ "a" , 1 ]', Event("/", "a", raw("1")), id="white space inside"),
        pytest.param('2/,["a"]', Event("/", "a", []), id="an event to the main namespace by name"),
        pytest.param('20["a"]', Event("/", "a", [], 0), id="an id of zero"),
        pytest.param('2["\\u0041"]', Event("/", "A", []), id="an escaped name"),
        pytest.param('2["a\\ud83d",1]', Event("/", "a\ufffd", raw("1")), id="half an emoji"),
        pytest.param('50-["a"]', Event("/", "a", []), id="no attachments after all"),
    ],
)  # fmt: skip
def test_other_spellings_are_understood(text: str, packet: AnyPacket) -> None:
    assert comparable(decode(text)) == comparable(packet)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param('"\\ud83d"', "\ufffd", id="the first half"),
        pytest.param('"\\ude00a"', "\ufffda", id="the second half"),
        pytest.param('{"\\ud83d":["\\ud83d\\ude00"]}', {"\ufffd": ["😀"]}, id="half and whole"),
        pytest.param('"\\ud83d\\ud83d\\ude00"', "\ufffd😀", id="half, then whole"),
        pytest.param('"\\ud83d\ufeff"', "\ufffd\ufeff", id="beside a byte order mark"),
    ],
)
def test_half_an_emoji_becomes_a_replacement_and_costs_nothing_else(
    text: str, value: object
) -> None:
    packet = decode(f'2["a",{text},"\\ud83d"]')
    assert isinstance(packet, Event)
    assert [msgspec.json.decode(item) for item in packet.args] == [value, "\ufffd"]


_BROKEN = {
    "nothing": "",
    "an unknown type": "7",
    "a type of another script": "٢[]",
    "a byte order mark": '\ufeff2["a"]',
    "an event without data": "2",
    "an event without a name": "2[]",
    "an event that is an object": '2{"a":1}',
    "an event named by a number": "2[1]",
    "an event named by null": "2[null]",
    "an event with a rest": '2["a"]x',
    "an event with a comma too many": '2["a",]',
    "an event with NaN": '2["a",NaN]',
    "an event with a zero byte": '2["a","\0"]',
    "an event with half a character": '2["a","\ud83d"]',
    "an event nested deeply without a name": "2[" + "[" * 5_000 + "]" * 5_000 + "]",
    "an event nested deeply named by a number": "2[1," + "[" * 5_000 + "]" * 5_000 + "]",
    "an event nested deeply that is none": "2" + '{"a":' * 5_000,
    "an unfinished escape": '2["a","\\u12"]',
    "an id of too many digits": '2123456789012345678["a"]',
    "an id without end": "2" + "9" * 999_000 + '["a"]',
    "a negative id": '2-1["a"]',
    "a broken id": '21x["a"]',
    "an id of another script": '2٣["a"]',
    "an ack without an id": "3[]",
    "an ack without data": "31",
    "an ack that is an object": "31{}",
    "an ack nested deeply": "31[" + "[" * 5_000 + "]" * 5_000 + "]",
    "a binary event without a number": '5["a"]',
    "a binary event without a dash": '51["a"]',
    "a binary event with a broken number": '5x-["a"]',
    "a binary event with an empty number": '5-["a"]',
    "a negative number of attachments": '5-1-["a"]',
    "too many attachments": '511-["a"]',
    "very many attachments": '5100-["a"]',
    "a binary event without data": "51-",
    "a binary ack without an id": "61-[]",
    "auth that is an array": "0[]",
    "auth that is text": '0"a"',
    "auth that is broken": "0{",
    "auth nested deeply": '0{"a":' + "[" * 2_000 + "]" * 2_000 + "}",
    "leaving with data": "1x",
    "leaving a namespace with data": "1/chat,x",
    "a refusal without a reason": "4",
    "a refusal with a broken reason": "4{",
}


@pytest.mark.parametrize("text", _BROKEN.values(), ids=_BROKEN)
def test_what_is_no_packet_is_refused(text: str) -> None:
    with pytest.raises(PacketError):
        decode(text)


@pytest.mark.parametrize("name", sorted(RESERVED_EVENTS))
def test_a_reserved_name_is_refused(name: str) -> None:
    with pytest.raises(PacketError, match="reserved"):
        decode(f'2["{name}"]')


@pytest.mark.parametrize("number", ["1e999", "9" * 5_000])
@pytest.mark.parametrize("beside", ["", '"\\ud83d",'])
def test_a_number_beyond_every_type_is_left_to_whoever_reads_it(number: str, beside: str) -> None:
    packet = decode(f'2["a",{beside}{number}]')
    assert isinstance(packet, Event)
    assert bytes(packet.args[-1]) == number.encode()


@pytest.mark.parametrize(
    ("spelled", "name"), [('"a"', "a"), (' "\\u00e9\\"" ', 'é"'), ('"\\ud83d"', "\ufffd")]
)
def test_an_event_nested_too_deeply_has_a_name_and_whoever_reads_it_is_told(
    spelled: str, name: str
) -> None:
    deep = "[" * 5_000 + "]" * 5_000
    packet = decode(f"2/space,7[{spelled},{deep},1]")
    assert isinstance(packet, Event)
    assert (packet.namespace, packet.name, packet.ack_id) == ("/space", name, 7)
    with pytest.raises(RecursionError):
        msgspec.json.decode(packet.args[0])


@pytest.mark.parametrize("connect", ['0{"a":"%s"}', '0/space,{"a":"%s"}', "0/space?a=%s,"])
def test_a_long_auth_is_not_taken_apart(connect: str) -> None:
    fits = decode(connect % ("x" * (MAX_AUTH_CHARACTERS - 20)))
    assert isinstance(fits, Connect)
    assert not fits.is_too_long
    assert fits.auth or fits.query
    long = decode(connect % ("x" * MAX_AUTH_CHARACTERS))
    assert long == Connect(fits.namespace, is_too_long=True)


def test_a_number_of_seventeen_digits_is_an_id() -> None:
    packet = decode('212345678901234567["a"]')
    assert isinstance(packet, Event)
    assert packet.ack_id == 12345678901234567


def deep(levels: int, inside: object) -> object:
    value = inside
    for _ in range(levels):
        value = [value]
    return value


def test_bytes_are_found_however_deep_they_are() -> None:
    assert has_binary(deep(100_000, b"x"))
    assert not has_binary(deep(100_000, "x"))


def test_whatever_can_be_decoded_can_be_encoded() -> None:
    levels = 900
    value = msgspec.json.decode("[" * levels + "]" * levels)
    text, attachments = encode_event("/", "a", (value,))
    assert (text, attachments) == (b'2["a",' + b"[" * levels + b"]" * levels + b"]", [])
    assert encode_ack("/", 1, (value,))[0] == b"31[" + b"[" * levels + b"]" * levels + b"]"


@pytest.mark.parametrize("inside", ["x", b"x"])
def test_what_is_nested_too_deeply_is_refused_by_a_name_of_its_own(inside: object) -> None:
    with pytest.raises(NestedTooDeeply):
        encode_event("/", "a", (deep(5_000, inside),))
    with pytest.raises(NestedTooDeeply):
        encode_ack("/", 1, (deep(5_000, inside),))


@given(any_text)
def test_any_text_is_a_packet_or_refused(text: str) -> None:
    with contextlib.suppress(WireError):
        decode(text)


@given(st.sampled_from("0123456"), any_text)
def test_any_text_behind_a_type_is_a_packet_or_refused(kind: str, text: str) -> None:
    with contextlib.suppress(WireError):
        decode(kind + text)


# --- events and acknowledgements with bytes in them ----------------------------------------------

names = clean_text.filter(lambda name: name not in RESERVED_EVENTS)
namespaces = st.sampled_from(["/", "/chat"])
ack_ids = st.none() | st.integers(0, 2**53)
_numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | _numbers | clean_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(clean_text, inner, max_size=3),
    max_leaves=8,
)
values: st.SearchStrategy[Any] = st.recursive(
    st.binary(max_size=8) | st.none() | st.booleans() | _numbers | clean_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(clean_text, inner, max_size=3),
    max_leaves=MAX_ATTACHMENTS,
).filter(lambda value: not (isinstance(value, dict) and "_placeholder" in value))


def restored(args: list[msgspec.Raw], attachments: list[bytes]) -> list[Any]:
    return [insert_binary(msgspec.json.decode(value), attachments) for value in args]


@given(namespaces, names, st.lists(json_values, max_size=3), ack_ids)
def test_an_event_gives_back_what_was_put_in(
    namespace: str, name: str, args: list[Any], ack_id: int | None
) -> None:
    text, attachments = encode_event(namespace, name, tuple(args), ack_id)
    packet = decode(text.decode())
    assert isinstance(packet, Event)
    assert (packet.namespace, packet.name, packet.ack_id) == (namespace, name, ack_id)
    assert attachments == []
    assert [msgspec.json.decode(value) for value in packet.args] == args


@given(namespaces, names, values, ack_ids)
def test_bytes_travel_beside_an_event(
    namespace: str, name: str, value: Any, ack_id: int | None
) -> None:
    text, attachments = encode_event(namespace, name, (value,), ack_id)
    packet = decode(text.decode())
    assert isinstance(packet, Event)
    assert packet.attachments == len(attachments) == _count_bytes(value)
    assert restored(packet.args, attachments) == [value]


@given(namespaces, values, st.integers(0, 2**53))
def test_bytes_travel_beside_an_ack(namespace: str, value: Any, ack_id: int) -> None:
    text, attachments = encode_ack(namespace, ack_id, (value,))
    packet = decode(text.decode())
    assert isinstance(packet, Ack)
    assert (packet.namespace, packet.ack_id) == (namespace, ack_id)
    assert restored(packet.args, attachments) == [value]


def _count_bytes(value: object) -> int:
    match value:
        case bytes():
            return 1
        case dict():
            return sum(map(_count_bytes, value.values()))
        case list():
            return sum(map(_count_bytes, value))
        case _:
            return 0


class Place(msgspec.Struct):
    room: int


@pytest.mark.parametrize(
    ("args", "text", "attachments"),
    [
        pytest.param((), '2["a"]', [], id="nothing"),
        pytest.param((Place(3), [None]), '2["a",{"room":3},[null]]', [], id="text"),
        pytest.param((b"x",), '51-["a",{"_placeholder":true,"num":0}]', [b"x"], id="bytes"),
        pytest.param(
            ([bytearray(b"x")], (memoryview(b"y"),), {"z": b"z", "n": 1}),
            '53-["a",[{"_placeholder":true,"num":0}],[{"_placeholder":true,"num":1}],'
            '{"z":{"_placeholder":true,"num":2},"n":1}]',
            [b"x", b"y", b"z"],
            id="bytes of every kind and depth",
        ),
    ],
)  # fmt: skip
def test_an_event_on_the_wire(
    args: tuple[object, ...], text: str, attachments: list[bytes]
) -> None:
    assert encode_event("/", "a", args) == (text.encode(), attachments)


def test_an_event_to_a_namespace_with_an_id_on_the_wire() -> None:
    assert encode_event("/chat", "a", (1,), 5) == (b'2/chat,5["a",1]', [])
    assert encode_ack("/chat", 5, ()) == (b"3/chat,5[]", [])


@pytest.mark.parametrize(
    ("value", "expected"),
    [(b"", True), ([[{"a": b""}]], True), (({},), False), ("bytes", False), (None, False)],
    ids=repr,
)
def test_bytes_are_found_at_any_depth(value: object, expected: bool) -> None:
    assert has_binary(value) is expected


def test_extracting_bytes_leaves_the_value_as_it_was() -> None:
    value = {"a": [b"x"], "b": 1}
    attachments: list[bytes] = []
    assert json.dumps(extract_binary(value, attachments))
    assert (value, attachments) == ({"a": [b"x"], "b": 1}, [b"x"])


@pytest.mark.parametrize("number", [1, -1, "0", None, True, 0.0, 2**64], ids=repr)
def test_a_placeholder_of_no_attachment_is_refused(number: object) -> None:
    with pytest.raises(PacketError):
        insert_binary([{"_placeholder": True, "num": number}], [b"x"])


@pytest.mark.parametrize(
    "value",
    [{"_placeholder": True}, {"_placeholder": False, "num": 0}, {"_placeholder": 1, "num": 0}],
    ids=repr,
)
def test_what_only_looks_like_a_placeholder_is_data(value: dict[str, object]) -> None:
    assert insert_binary(value, [b"x"]) == value


def test_one_attachment_may_stand_in_two_places() -> None:
    place = {"_placeholder": True, "num": 0}
    assert insert_binary([place, place], [b"x"]) == [b"x", b"x"]
