"""Engine.IO packets of both generations, as values.

"V3" and "V4" are the versions of the protocol, from the query `EIO` of the handshake. A
packet is one WebSocket message or one part of a long-polling payload (`quad.wire.payload`).
"""

import base64
import binascii
import enum
from collections.abc import Sequence
from typing import assert_never

import msgspec

from quad.wire.errors import PacketError


class Version(enum.IntEnum):
    """The generation that a client speaks."""

    V3 = 3
    V4 = 4


class Packet(msgspec.Struct, frozen=True, gc=False):
    """Root of the closed union below."""


class Open(Packet, frozen=True, gc=False):
    """The server's first packet: `data` is the JSON of `encode_handshake`."""

    data: str


class Close(Packet, frozen=True, gc=False):
    """The end of the session, from either side."""


class Ping(Packet, frozen=True, gc=False):
    """A heartbeat, or the probe of an upgrade."""

    data: str = ""


class Pong(Packet, frozen=True, gc=False):
    """The answer to a `Ping`, with its data."""

    data: str = ""


class Text(Packet, frozen=True, gc=False):
    """A message of text."""

    data: str


class Binary(Packet, frozen=True, gc=False):
    """A message of bytes."""

    data: bytes


class Upgrade(Packet, frozen=True, gc=False):
    """The client's last word before it moves to the probed transport."""


class Noop(Packet, frozen=True, gc=False):
    """Nothing; ends the wait of a poll."""


AnyPacket = Open | Close | Ping | Pong | Text | Binary | Upgrade | Noop


class _Handshake(msgspec.Struct):
    # The names and their order are the wire's: programs compare the text.
    sid: str
    upgrades: Sequence[str]
    pingInterval: int  # noqa: N815
    pingTimeout: int  # noqa: N815
    maxPayload: int  # noqa: N815


def encode_handshake(
    sid: str,
    upgrades: Sequence[str],
    ping_interval_ms: int,
    ping_timeout_ms: int,
    max_payload_bytes: int,
) -> str:
    """The data of an `Open` packet; times go out as given, in milliseconds."""
    handshake = _Handshake(sid, upgrades, ping_interval_ms, ping_timeout_ms, max_payload_bytes)
    return msgspec.json.encode(handshake).decode()


def encode_text_packet(packet: AnyPacket) -> str:
    """A packet as text: its type digit and its data; bytes become base64 (`b…`, as V4 has it)."""
    match packet:
        case Text(data):
            return "4" + data
        case Binary(data=content):
            return "b" + base64.b64encode(content).decode()
        case Open(data):
            return "0" + data
        case Close():
            return "1"
        case Ping(data):
            return "2" + data
        case Pong(data):
            return "3" + data
        case Upgrade():
            return "5"
        case Noop():
            return "6"
        case unknown:
            assert_never(unknown)


def decode_text_packet(text: str, version: Version) -> AnyPacket:
    """The packet of a text frame or of a part of a text payload.

    Raises:
        PacketError: an unknown type, data where none belongs, or broken base64.
    """
    kind, data = text[:1], text[1:]
    if kind == "4":
        return Text(data)
    if kind == "2":
        return Ping(data)
    if kind == "3":
        return Pong(data)
    if kind == "b":
        return Binary(_decode_base64_packet(data, version))
    if kind == "0" and data:
        return Open(data)
    if data or kind not in _EMPTY:
        raise PacketError(f"unknown packet {text[:20]!r}")
    return _EMPTY[kind]


_EMPTY: dict[str, Close | Upgrade | Noop] = {"1": Close(), "5": Upgrade(), "6": Noop()}


def _decode_base64_packet(data: str, version: Version) -> bytes:
    # V3 keeps the type digit before the base64 ("b4…"); V4 dropped it.
    if version is Version.V3:
        if data[:1] != "4":
            raise PacketError("a binary packet must be a message")
        data = data[1:]
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise PacketError("broken base64 in a binary packet") from error


def encode_binary_message(data: bytes, version: Version) -> bytes:
    """The content of a binary WebSocket frame."""
    return data if version is Version.V4 else b"\x04" + data


def decode_binary_message(data: bytes, version: Version) -> Binary:
    """The message of a binary WebSocket frame.

    Raises:
        PacketError: a V3 frame that does not begin with the type byte of a message.
    """
    if version is Version.V4:
        return Binary(data)
    if data[:1] != b"\x04":
        raise PacketError("a binary packet must be a message")
    return Binary(data[1:])


def encode_base64_message(data: bytes, version: Version) -> str:
    """Bytes as a text packet: for V3 clients that asked for it (`b64=1`), and in V4's payloads."""
    digit = "4" if version is Version.V3 else ""
    return "b" + digit + base64.b64encode(data).decode()
