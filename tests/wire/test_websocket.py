"""Frames to a client, read back by a parser that is not ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side

from quad.wire.websocket import (
    BINARY,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    encode_frame,
    encode_part,
    text_head,
)


def read(data: bytes) -> list[Frame]:
    parser = Protocol(Side.CLIENT, max_size=None)
    parser.receive_data(data)
    assert parser.parser_exc is None
    return [event for event in parser.events_received() if isinstance(event, Frame)]


@pytest.mark.parametrize(
    ("length", "head"),
    [
        pytest.param(0, b"\x82\x00", id="empty"),
        pytest.param(125, b"\x82\x7d", id="the longest of one byte"),
        pytest.param(126, b"\x82\x7e\x00\x7e", id="the shortest of two bytes"),
        pytest.param(65_535, b"\x82\x7e\xff\xff", id="the longest of two bytes"),
        pytest.param(65_536, b"\x82\x7f" + (65_536).to_bytes(8, "big"), id="of eight bytes"),
    ],
)
def test_the_length_takes_as_few_bytes_as_it_can(length: int, head: bytes) -> None:
    data = bytes(length)
    assert encode_frame(BINARY, data) == head + data


frames_of_any_kind = st.tuples(st.sampled_from([TEXT, BINARY, PING, PONG]), st.binary(max_size=125))


@given(st.lists(frames_of_any_kind, max_size=5))
def test_frames_in_a_row_are_read_one_by_one(frames: list[tuple[int, bytes]]) -> None:
    got = read(b"".join(encode_frame(opcode, data) for opcode, data in frames))
    assert [(frame.opcode, bytes(frame.data), frame.fin) for frame in got] == [
        (opcode, data, True) for opcode, data in frames
    ]


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
def test_a_message_in_parts_is_one_message_with_pings_between(length: int) -> None:
    part = bytes(length)
    frames = read(
        encode_part(part, is_first=True, is_last=False)
        + encode_frame(PING, b"?")
        + encode_part(part, is_first=False, is_last=False)
        + encode_part(b"end", is_first=False, is_last=True)
    )
    assert [(frame.opcode, len(frame.data), frame.fin) for frame in frames] == [
        (TEXT, length, False),
        (PING, 1, True),
        (CONTINUATION, length, False),
        (CONTINUATION, 3, True),
    ]
    assert read(text_head(length) + part) == [Frame(Opcode.TEXT, part)]
