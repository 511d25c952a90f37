"""Engine.IO packets: every packet of both generations, and everything that is none."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quad.wire.engineio import (
    AnyPacket,
    Binary,
    Close,
    Noop,
    Open,
    Ping,
    Pong,
    Text,
    Upgrade,
    Version,
    decode_binary_message,
    decode_text_packet,
    encode_base64_message,
    encode_binary_message,
    encode_handshake,
    encode_text_packet,
)
from quad.wire.errors import PacketError, WireError
from tests.wire.texts import any_bytes, any_text

V3, V4 = Version.V3, Version.V4
versions = st.sampled_from(Version)

PACKETS: list[tuple[AnyPacket, str]] = [
    (Open('{"sid":"x"}'), '0{"sid":"x"}'),
    (Close(), "1"),
    (Ping(), "2"),
    (Ping("probe"), "2probe"),
    (Pong(), "3"),
    (Pong("probe"), "3probe"),
    (Text(""), "4"),
    (Text("hello €😀"), "4hello €😀"),
    (Text("\0\ufeff\x1e"), "4\0\ufeff\x1e"),
    (Upgrade(), "5"),
    (Noop(), "6"),
]


@pytest.mark.parametrize("version", Version, ids=str)
@pytest.mark.parametrize(("packet", "text"), PACKETS, ids=[repr(text) for _, text in PACKETS])
def test_a_packet_and_its_text_are_each_others_reverse(
    packet: AnyPacket, text: str, version: Version
) -> None:
    assert encode_text_packet(packet) == text
    assert decode_text_packet(text, version) == packet


@pytest.mark.parametrize(
    ("version", "text"), [(V4, "bAQID"), (V3, "b4AQID")], ids=["V4", "V3 keeps the type digit"]
)
def test_bytes_as_text_are_base64(version: Version, text: str) -> None:
    assert encode_base64_message(b"\1\2\3", version) == text
    assert decode_text_packet(text, version) == Binary(b"\1\2\3")


def test_a_binary_packet_among_texts_is_base64_as_version_4_has_it() -> None:
    assert encode_text_packet(Binary(b"\1\2\3")) == "bAQID"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        pytest.param("", V4, id="nothing"),
        pytest.param("7", V4, id="an unknown type"),
        pytest.param("hello", V4, id="no type"),
        pytest.param("0", V4, id="an open packet without its data"),
        pytest.param("1x", V4, id="a close packet with data"),
        pytest.param("5 ", V3, id="an upgrade with data"),
        pytest.param("6\0", V3, id="a noop with data"),
        pytest.param("٤", V4, id="a four in another script"),
        pytest.param("\ufeff4", V4, id="a byte order mark"),
        pytest.param("bAQI", V4, id="base64 cut short"),
        pytest.param("bA?ID", V4, id="base64 with a foreign character"),
        pytest.param("bA€ID", V4, id="base64 beyond ASCII"),
        pytest.param("bAQID", V3, id="V3 base64 without the type digit"),
        pytest.param("b2AQID", V3, id="V3 base64 of another type"),
        pytest.param("b", V3, id="V3 base64 of nothing"),
    ],
)
def test_what_is_no_packet_is_refused(text: str, version: Version) -> None:
    with pytest.raises(PacketError):
        decode_text_packet(text, version)


@pytest.mark.parametrize(
    ("version", "frame"), [(V4, b"\0\xff"), (V3, b"\4\0\xff")], ids=["V4", "V3 has a type byte"]
)
def test_a_binary_frame_and_its_message_are_each_others_reverse(
    version: Version, frame: bytes
) -> None:
    assert encode_binary_message(b"\0\xff", version) == frame
    assert decode_binary_message(frame, version) == Binary(b"\0\xff")


@pytest.mark.parametrize("frame", [b"", b"\0", b"4", b"\2probe"], ids=repr)
def test_a_version_3_frame_without_the_type_byte_is_refused(frame: bytes) -> None:
    with pytest.raises(PacketError):
        decode_binary_message(frame, V3)


def test_the_handshake_has_exactly_its_keys_in_their_order() -> None:
    assert encode_handshake("a", ["websocket"], 300, 200, 1_000_000) == (
        '{"sid":"a","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,'
        '"maxPayload":1000000}'
    )


@given(any_text, versions)
def test_any_text_is_a_packet_or_refused(text: str, version: Version) -> None:
    with contextlib.suppress(WireError):
        packet = decode_text_packet(text, version)
        if not isinstance(packet, Binary):
            assert encode_text_packet(packet) == text


@given(any_bytes, versions)
def test_any_bytes_are_a_message_or_refused(data: bytes, version: Version) -> None:
    with contextlib.suppress(WireError):
        assert encode_binary_message(decode_binary_message(data, version).data, version) == data


@given(any_bytes, versions)
def test_any_bytes_survive_base64(data: bytes, version: Version) -> None:
    assert decode_text_packet(encode_base64_message(data, version), version) == Binary(data)
