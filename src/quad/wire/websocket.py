"""WebSocket frames from the server to a client (RFC 6455, section 5.2): never masked, never fragmented.

Frames in the other direction are read by `websockets`; these are ours because one frame is
encoded once and then written to thousands of transports.
"""

_FIN = 0x80
TEXT = 0x1
BINARY = 0x2
CLOSE = 0x8
PING = 0x9
PONG = 0xA


def encode_frame(opcode: int, payload: bytes) -> bytes:
    """One whole, unmasked frame."""
    length = len(payload)
    if length < 126:
        return bytes((_FIN | opcode, length)) + payload
    if length < 65536:
        return bytes((_FIN | opcode, 126)) + length.to_bytes(2, "big") + payload
    return bytes((_FIN | opcode, 127)) + length.to_bytes(8, "big") + payload


def encode_text(payload: bytes) -> bytes:
    """A text frame; `payload` is UTF-8."""
    return encode_frame(TEXT, payload)


def encode_close(code: int, reason: str = "") -> bytes:
    """A close frame. A control frame holds 125 bytes, so the reason is cut at 123 (section 5.5)."""
    text = reason.encode()[:123].decode(errors="ignore").encode()
    return encode_frame(CLOSE, code.to_bytes(2, "big") + text)
