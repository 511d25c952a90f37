"""WebSocket frames to a client (RFC 6455, section 5.2): never masked, and whole but for messages
that are too large to be in memory (`encode_part`).

Frames in the other direction are read by `websockets`; these are ours because one frame is
encoded once and then written to thousands of transports.
"""

import struct

_FIN = 0x80
CONTINUATION = 0x0
TEXT = 0x1
BINARY = 0x2
PING = 0x9
PONG = 0xA

# Most frames are short; their heads are made once.
_SHORT_HEADS = {
    opcode: [bytes((_FIN | opcode, length)) for length in range(126)]
    for opcode in (TEXT, BINARY, PING, PONG)
}
_LONG_HEADS = {opcode: bytes((_FIN | opcode, 126)) for opcode in (TEXT, BINARY, PING, PONG)}
# Measured, `int.to_bytes` makes a frame take half as long again.
_long_length = struct.Struct("!H").pack


def encode_frame(opcode: int, payload: bytes, prefix: bytes = b"") -> bytes:
    """One whole, unmasked frame that holds `prefix` and `payload`."""
    length = len(prefix) + len(payload)
    if length < 126:
        return b"".join((_SHORT_HEADS[opcode][length], prefix, payload))
    if length < 65536:
        return b"".join((_LONG_HEADS[opcode], _long_length(length), prefix, payload))
    head = bytes((_FIN | opcode, 127)) + length.to_bytes(8, "big")
    return b"".join((head, prefix, payload))


def encode_head(first: int, length: int) -> bytes:
    """The head of an unmasked frame: its first byte, and how long it is."""
    if length < 126:
        return bytes((first, length))
    if length < 65536:
        return bytes((first, 126)) + length.to_bytes(2, "big")
    return bytes((first, 127)) + length.to_bytes(8, "big")


def text_head(length: int) -> bytes:
    """The head of a whole text frame."""
    return encode_head(_FIN | TEXT, length)


def encode_part(payload: bytes, *, is_first: bool, is_last: bool) -> bytes:
    """One fragment of a text message (RFC 6455, section 5.4)."""
    opcode = TEXT if is_first else CONTINUATION
    return encode_head((_FIN if is_last else 0) | opcode, len(payload)) + payload
