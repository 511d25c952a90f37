"""Long-polling payloads: several Engine.IO packets in one HTTP body.

V4           packets separated by the record separator; binary ones as base64
V3 text      `<length>:<packet>…`, the length in UTF-16 code units, as JavaScript counts
V3 binary    `00|01 <decimal digits, a byte each> ff <packet>…`, the length in bytes
"""

import urllib.parse
from collections.abc import Iterator

import msgspec

from quad.wire.engineio import (
    AnyPacket,
    Binary,
    Version,
    decode_binary_message,
    decode_text_packet,
    encode_base64_message,
    encode_text_packet,
)
from quad.wire.errors import PayloadError

_SEPARATOR = "\x1e"
_FORM_FIELDS = 10  # a client sends one; taking apart a thousand costs more than it brings
_LENGTH_DIGITS = 10  # a length of more digits than this is over every limit


def encode_v4(packets: list[AnyPacket]) -> str:
    """The body of a V4 answer."""
    return _SEPARATOR.join(map(encode_text_packet, packets))


def decode_v4(body: str) -> Iterator[AnyPacket]:
    """The packets of a V4 request, each decoded when it is asked for: there may be very many.

    Raises:
        PacketError: one of them cannot be decoded (an empty body is one empty packet).
    """
    position = 0
    while (stop := body.find(_SEPARATOR, position)) >= 0:
        yield decode_text_packet(body[position:stop], Version.V4)
        position = stop + 1
    yield decode_text_packet(body[position:], Version.V4)


def encode_v3_text(packets: list[AnyPacket]) -> str:
    """The body of a V3 answer in text framing."""
    return "".join(f"{utf16_length(part)}:{part}" for part in map(_v3_text, packets))


def _v3_text(packet: AnyPacket) -> str:
    if isinstance(packet, Binary):
        return encode_base64_message(packet.data, Version.V3)
    return encode_text_packet(packet)


def utf16_length(text: str) -> int:
    """The length of a text in UTF-16 code units: characters beyond the first plane count twice."""
    if text.isascii():
        return len(text)
    return len(text) + sum(character > "\uffff" for character in text)


def decode_v3_text(body: str) -> Iterator[AnyPacket]:
    """The packets of a V3 request in text framing, each decoded when it is asked for.

    Raises:
        PayloadError: the framing is broken, or there is no packet.
        PacketError: a packet cannot be decoded.
    """
    if not body:
        raise PayloadError("an empty payload")
    # Lengths count code units: where each character is one, characters can be counted.
    units = b"" if body.isascii() else body.encode("utf-16-le", "surrogatepass")
    is_one_each = len(units) in (0, 2 * len(body))
    parts = _split_by_characters(body) if is_one_each else _split_by_code_units(units)
    for part in parts:
        yield decode_text_packet(part, Version.V3)


def _split_by_characters(body: str) -> Iterator[str]:
    position = 0
    while position < len(body):
        start, length = _read_length(body, position)
        position = start + length
        if position > len(body):
            raise PayloadError("a packet is shorter than its length")
        yield body[start:position]


def _split_by_code_units(units: bytes) -> Iterator[str]:
    # Two bytes a unit.
    position = 0
    while position < len(units):
        head = units[position : position + 2 * (_LENGTH_DIGITS + 1)]
        start, length = _read_length(head.decode("utf-16-le", "replace"), 0)
        begin = position + 2 * start
        position = begin + 2 * length
        if position > len(units):
            raise PayloadError("a packet is shorter than its length")
        try:
            part = units[begin:position].decode("utf-16-le")
        except UnicodeDecodeError as error:
            raise PayloadError("a packet ends inside a character") from error
        yield part


def _read_length(text: str, position: int) -> tuple[int, int]:
    """Where the packet starts and how long it is."""
    colon = text.find(":", position, position + _LENGTH_DIGITS + 1)
    digits = text[position:colon]
    if colon < 0 or not (digits.isascii() and digits.isdecimal()):
        raise PayloadError("a packet has no length")
    return colon + 1, int(digits)


def encode_v3_binary(packets: list[AnyPacket]) -> bytes:
    """The body of a V3 answer in binary framing."""
    return b"".join(map(_v3_binary, packets))


def _v3_binary(packet: AnyPacket) -> bytes:
    if isinstance(packet, Binary):
        kind, content = b"\x01", b"\x04" + packet.data
    else:
        kind, content = b"\x00", encode_text_packet(packet).encode()
    digits = bytes(int(digit) for digit in str(len(content)))
    return kind + digits + b"\xff" + content


def decode_v3_binary(body: bytes) -> Iterator[AnyPacket]:
    """The packets of a V3 request in binary framing, each decoded when it is asked for.

    Raises:
        PayloadError: the framing is broken, or there is no packet.
        PacketError: a packet cannot be decoded.
    """
    if not body:
        raise PayloadError("an empty payload")
    position = 0
    while position < len(body):
        mark = body.find(b"\xff", position + 1, position + _LENGTH_DIGITS + 2)
        digits = body[position + 1 : mark]
        if mark < 0 or not digits or max(digits) > 9:
            raise PayloadError("a packet has no length")
        length = int("".join(map(str, digits)))
        content = body[mark + 1 : mark + 1 + length]
        if len(content) < length:
            raise PayloadError("a packet is shorter than its length")
        yield _decode_v3_part(body[position], content)
        position = mark + 1 + length


def _decode_v3_part(kind: int, content: bytes) -> AnyPacket:
    if kind == 1:
        return decode_binary_message(content, Version.V3)
    if kind != 0:
        raise PayloadError("a packet is neither text nor binary")
    try:
        return decode_text_packet(content.decode(), Version.V3)
    except UnicodeDecodeError as error:
        raise PayloadError("a text packet is not UTF-8") from error


def encode_jsonp(index: str, body: str) -> str:
    """A V3 answer as a script: the call of the client's function number `index`."""
    literal = msgspec.json.encode(body).decode()
    # Both separators are line ends in scripts of before 2019; "<" could close a script element.
    for character, escape in (("\u2028", "\\u2028"), ("\u2029", "\\u2029"), ("<", "\\u003c")):
        literal = literal.replace(character, escape)
    digits = "".join(filter(str.isdecimal, index))
    return f"___eio[{digits}]({literal});"


def decode_jsonp(body: str) -> str:
    """The payload of a form that a JSONP client posts: `d=<payload>`.

    The browser's form turns line ends into CR LF, so the client writes them as a backslash and
    an `n`, and its own backslash-n with one more backslash.

    Raises:
        PayloadError: there is no field `d`.
    """
    try:
        fields = urllib.parse.parse_qs(
            body, keep_blank_values=True, errors="strict", max_num_fields=_FORM_FIELDS
        )
    except ValueError as error:
        raise PayloadError("not a form") from error
    if "d" not in fields:
        raise PayloadError("a form without the field d")
    text = fields["d"][0]
    kept = text.replace("\\\\n", "\0")
    return kept.replace("\\n", "\n").replace("\0", "\\n")
