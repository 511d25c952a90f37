"""WebSocket frames to a client (RFC 6455, section 5.2): never masked, never fragmented.

Frames in the other direction are read by `websockets`; these are ours because one frame is
encoded once and then written to thousands of transports.
"""

_FIN = 0x80
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


def encode_frame(opcode: int, payload: bytes, prefix: bytes = b"") -> bytes:
    """One whole, unmasked frame that holds `prefix` and `payload`."""
    length = len(prefix) + len(payload)
    if length < 126:
        return b"".join((_SHORT_HEADS[opcode][length], prefix, payload))
    if length < 65536:
        extended = length.to_bytes(2, "big")
        return b"".join((_LONG_HEADS[opcode], extended, prefix, payload))
    head = bytes((_FIN | opcode, 127)) + length.to_bytes(8, "big")
    return b"".join((head, prefix, payload))
