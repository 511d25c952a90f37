"""How packets look on a WebSocket, by the version of the client and what it can read."""

from quad.realtime.delivery import Kind
from quad.wire.engineio import (
    AnyPacket,
    Binary,
    Version,
    encode_base64_message,
    encode_binary_message,
    encode_text_packet,
)
from quad.wire.websocket import BINARY, TEXT, encode_frame


def kind_of(version: Version, *, wants_base64: bool) -> Kind:
    """The kind of a client whose frames others can share."""
    if version is Version.V4:
        return Kind.FRAMES_V4
    return Kind.FRAMES_V3_BASE64 if wants_base64 else Kind.FRAMES_V3


def message_of(packet: AnyPacket, version: Version, *, wants_base64: bool) -> str | bytes:
    """What a packet is as one message: text, or binary."""
    if not isinstance(packet, Binary):
        return encode_text_packet(packet)
    if wants_base64 and version is Version.V3:
        return encode_base64_message(packet.data, Version.V3)
    return encode_binary_message(packet.data, version)


def frame_of(packet: AnyPacket, version: Version, *, wants_base64: bool) -> bytes:
    """The same as a whole frame."""
    message = message_of(packet, version, wants_base64=wants_base64)
    if isinstance(message, str):
        return encode_frame(TEXT, message.encode())
    return encode_frame(BINARY, message)
