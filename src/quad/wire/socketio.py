"""Socket.IO packets, generations 4 and 5, as values.

The text of both generations is the same but for CONNECT and its refusal, where the caller
chooses. Arguments of an event stay JSON text (`msgspec.Raw`) until whoever knows their type
decodes them.
"""

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar, assert_never
from urllib.parse import parse_qsl

import msgspec

from quad.wire.errors import NestedTooDeeply, PacketError
from quad.wire.surrogates import replace_lone_surrogates

Value = TypeVar("Value")

MAX_ATTACHMENTS = 10
_MAX_ACK_DIGITS = 17  # JavaScript counts exactly up to 2**53, which has 16
# What a client says of itself to enter a namespace is kept as long as it stays: its auth object,
# or V3's query.
MAX_AUTH_CHARACTERS = 4_096
RESERVED_EVENTS = frozenset(
    {"connect", "connect_error", "disconnect", "newListener", "removeListener"}
)


class Packet(msgspec.Struct, frozen=True):
    """Root of the closed union below."""


class Connect(Packet, frozen=True):
    """A wish to enter a namespace. `auth` is V4's object; V3's query arrives as `query`.

    Where they are longer than `MAX_AUTH_CHARACTERS` they are not taken apart: `is_too_long`.
    """

    namespace: str
    auth: dict[str, Any] | None = None
    query: dict[str, str] | None = None
    is_too_long: bool = False


class Disconnect(Packet, frozen=True):
    """The end of a namespace."""

    namespace: str


class Event(Packet, frozen=True):
    """A named event; `attachments` binary messages follow it."""

    namespace: str
    name: str
    args: list[msgspec.Raw]
    ack_id: int | None = None
    attachments: int = 0


class Ack(Packet, frozen=True):
    """The answer to an event that had an id; `attachments` binary messages follow it."""

    namespace: str
    args: list[msgspec.Raw]
    ack_id: int
    attachments: int = 0


class ConnectError(Packet, frozen=True):
    """A refused CONNECT. Only servers send it."""

    namespace: str
    data: msgspec.Raw


AnyPacket = Connect | Disconnect | Event | Ack | ConnectError

_decode_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode
_decode_name = msgspec.json.Decoder(str).decode
_encode_json = msgspec.json.Encoder().encode

# Nesting deeper than the interpreter's stack is as undecodable as broken JSON.
_BROKEN = (msgspec.MsgspecError, ValueError, IndexError, RecursionError)


def decode(text: str) -> AnyPacket:
    """The packet of an Engine.IO text message (without its digit `4`).

    Raises:
        PacketError: anything that the protocol does not allow.
    """
    kind = text[:1]
    # By far the most frequent packet first: an event on "/", without an id.
    if kind == "2" and text[1:2] == "[":
        return _decode_event("/", text[1:], None, 0)
    position = 1
    attachments = 0
    if kind in ("5", "6"):
        attachments, position = _read_attachments(text, position)
    if kind == "0":
        return _decode_connect(text)
    namespace, position = _read_namespace(text, position)
    match kind:
        case "2" | "5":
            ack_id, position = _read_ack_id(text, position)
            return _decode_event(namespace, text[position:], ack_id, attachments)
        case "3" | "6":
            ack_id, position = _read_ack_id(text, position)
            return _decode_ack(namespace, text[position:], ack_id, attachments)
        case "1":
            if text[position:]:
                raise PacketError("a DISCONNECT with data")
            return Disconnect(namespace)
        case "4":
            return _decode_connect_error(namespace, text[position:])
        case _:
            raise PacketError(f"unknown packet type {kind!r}")


def _read_attachments(text: str, position: int) -> tuple[int, int]:
    dash = text.find("-", position, position + 3)
    digits = text[position:dash]
    if dash < 0 or not _is_number(digits):
        raise PacketError("a binary packet without its number of attachments")
    count = int(digits)
    if count > MAX_ATTACHMENTS:
        raise PacketError(f"more than {MAX_ATTACHMENTS} attachments")
    return count, dash + 1


def _read_namespace(text: str, position: int) -> tuple[str, int]:
    name, _, end = _read_address(text, position)
    return name, end


def _read_address(text: str, position: int) -> tuple[str, str | None, int]:
    """The namespace, V3's query if there is one, and where the rest begins."""
    if text[position : position + 1] != "/":
        return "/", None, position
    comma = text.find(",", position)
    end = len(text) if comma < 0 else comma
    name, mark, query = text[position:end].partition("?")
    return name, query if mark else None, end + 1


def _decode_connect(text: str) -> Connect:
    namespace, query, position = _read_address(text, 1)
    data = text[position:]
    if len(data) + len(query or "") > MAX_AUTH_CHARACTERS:
        return Connect(namespace, is_too_long=True)
    pairs = None if query is None else dict(parse_qsl(query, keep_blank_values=True))
    return Connect(namespace, _decode_auth(data), pairs)


def _read_ack_id(text: str, position: int) -> tuple[int | None, int]:
    digits = _ACK_DIGITS.match(text, position)
    if digits is None:
        return None, position
    if digits.end() - position > _MAX_ACK_DIGITS:
        raise PacketError("an ack id out of range")
    return int(digits[0]), digits.end()


_ACK_DIGITS = re.compile(rf"[0-9]{{1,{_MAX_ACK_DIGITS + 1}}}")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _decode_event(namespace: str, data: str, ack_id: int | None, attachments: int) -> Event:
    try:
        args = _decode_leniently(_decode_array, data)
        name = _decode_name(args[0])
    except RecursionError:
        name, args = _split_deep_event(data)
    except _BROKEN as error:
        raise PacketError("an event must be an array that begins with its name") from error
    if name in RESERVED_EVENTS:
        raise PacketError(f"the event name {name!r} is reserved")
    return Event(namespace, name, args[1:], ack_id, attachments)


def _split_deep_event(data: str) -> tuple[str, list[msgspec.Raw]]:
    """The name of an event whose arguments are nested too deeply, and all of them as one.

    Whoever decodes that finds the same, and can tell the client which event it was.
    """
    try:
        bracket = _OPENING.match(data)
        name, end = _decode_first(data, bracket.end() if bracket else 0)
    except (ValueError, RecursionError) as error:
        raise PacketError("an event must be an array that begins with its name") from error
    if not isinstance(name, str):
        raise PacketError("an event must be an array that begins with its name")
    # This decoder takes half surrogate pairs.
    name = name.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return name, [msgspec.Raw(), msgspec.Raw(data[end:].lstrip(" \t\r\n,").encode())]


_OPENING = re.compile(r"[ \t\r\n]*\[[ \t\r\n]*")
_decode_first = json.JSONDecoder().raw_decode


def _decode_ack(namespace: str, data: str, ack_id: int | None, attachments: int) -> Ack:
    if ack_id is None:
        raise PacketError("an ACK without an id")
    try:
        return Ack(namespace, _decode_leniently(_decode_array, data), ack_id, attachments)
    except _BROKEN as error:
        raise PacketError("an ACK must hold an array") from error


def _decode_leniently(decode: Callable[[str], Value], data: str) -> Value:
    try:
        return decode(data)
    except msgspec.DecodeError:
        if "\\u" not in data:
            raise
        return decode(replace_lone_surrogates(data))


def _decode_auth(data: str) -> dict[str, Any] | None:
    if not data:
        return None
    try:
        return _decode_leniently(_decode_object, data)
    except _BROKEN as error:
        raise PacketError("the auth of a CONNECT must be an object") from error


def _decode_connect_error(namespace: str, data: str) -> ConnectError:
    try:
        return ConnectError(namespace, msgspec.json.decode(data, type=msgspec.Raw))
    except _BROKEN as error:
        raise PacketError("a CONNECT_ERROR without its reason") from error


def encode(packet: AnyPacket) -> str:
    """A packet's text, without the Engine.IO digit. Attachments travel beside it."""
    match packet:
        case Connect(namespace, auth, query):
            return "0" + _prefix(_with_query(namespace, query)) + _json_or_nothing(auth)
        case Disconnect(namespace):
            return "1" + _prefix(namespace)
        case Event(namespace, name, args, ack_id, attachments):
            return _head("2", "5", attachments, namespace, ack_id) + _array(name, *args)
        case Ack(namespace, args, ack_id, attachments):
            return _head("3", "6", attachments, namespace, ack_id) + _array(*args)
        case ConnectError(namespace, data):
            return "4" + _prefix(namespace) + bytes(data).decode()
        case unknown:
            assert_never(unknown)


def _head(plain: str, binary: str, attachments: int, namespace: str, ack_id: int | None) -> str:
    kind = f"{binary}{attachments}-" if attachments else plain
    return kind + _prefix(namespace) + ("" if ack_id is None else str(ack_id))


def _prefix(namespace: str) -> str:
    return "" if namespace == "/" else namespace + ","


def _with_query(namespace: str, query: dict[str, str] | None) -> str:
    if not query:
        return namespace
    return namespace + "?" + "&".join(f"{key}={value}" for key, value in query.items())


def _json_or_nothing(value: object) -> str:
    return "" if value is None else _encode_json(value).decode()


def _array(*values: object) -> str:
    return _encode_json(values).decode()


def encode_event(
    namespace: str, name: str, args: tuple[object, ...], ack_id: int | None = None
) -> tuple[bytes, list[bytes]]:
    """An event ready for the wire: its UTF-8 text and its attachments.

    Structs are taken to hold no bytes; lists, tuples and dicts are searched for them.

    Raises:
        NestedTooDeeply: an argument is.
    """
    attachments: list[bytes] = []
    try:
        if len(args) == 1 and isinstance(args[0], _BARE) and namespace == "/" and ack_id is None:
            # Nearly every event: measured, 4 % of the instructions of telling somebody less.
            return b"2" + _encode_json((name, args[0])), attachments
        for argument in args:
            if not isinstance(argument, _BARE) and has_binary(argument):
                args = tuple(extract_binary(each, attachments) for each in args)
                break
        if namespace == "/" and ack_id is None and not attachments:
            return b"2" + _encode_json((name, *args)), attachments
        head = _head("2", "5", len(attachments), namespace, ack_id)
        return head.encode() + _encode_json((name, *args)), attachments
    except RecursionError as error:
        raise NestedTooDeeply(f"an argument of {name!r} is nested too deeply") from error


def encode_ack(namespace: str, ack_id: int, args: tuple[object, ...]) -> tuple[bytes, list[bytes]]:
    """An acknowledgement ready for the wire: its UTF-8 text and its attachments.

    Raises:
        NestedTooDeeply: an argument is.
    """
    attachments: list[bytes] = []
    try:
        if has_binary(args):
            args = tuple(extract_binary(argument, attachments) for argument in args)
        head = _head("3", "6", len(attachments), namespace, ack_id)
        return head.encode() + _encode_json(args), attachments
    except RecursionError as error:
        raise NestedTooDeeply("an acknowledgement is nested too deeply") from error


def has_binary(value: object) -> bool:
    """Whether bytes hide in a value made of lists, tuples and dicts, however deep."""
    if type(value) in _BINARY:
        return True
    waiting: list[Any] = [value]
    while waiting:
        holder = waiting.pop()
        kind = type(holder)
        if kind is dict:
            holder = holder.values()
        elif kind is not list and kind is not tuple:
            continue
        for item in holder:
            kind = type(item)
            if kind in _PLAIN:
                continue
            if kind in _BINARY:
                return True
            waiting.append(item)
    return False


_PLAIN = frozenset({str, int, float, bool, type(None)})
# What an argument mostly is, and holds no bytes.
_BARE = (msgspec.Struct, str)
_BINARY = frozenset({bytes, bytearray, memoryview})


def extract_binary(value: object, attachments: list[bytes]) -> object:
    """The value with its bytes moved to `attachments` and placeholders in their places."""
    match value:
        case bytes() | bytearray() | memoryview():
            attachments.append(bytes(value))
            return {"_placeholder": True, "num": len(attachments) - 1}
        case dict():
            return {key: extract_binary(item, attachments) for key, item in value.items()}
        case list() | tuple():
            return [extract_binary(item, attachments) for item in value]
        case _:
            return value


def insert_binary(value: object, attachments: list[bytes]) -> object:
    """The reverse of `extract_binary`, for decoded JSON.

    Raises:
        PacketError: a placeholder that names no attachment.
    """
    match value:
        case {"_placeholder": True, "num": num}:
            if type(num) is not int or not 0 <= num < len(attachments):
                raise PacketError("a placeholder without its attachment")
            return attachments[num]
        case dict():
            return {key: insert_binary(item, attachments) for key, item in value.items()}
        case list():
            return [insert_binary(item, attachments) for item in value]
        case _:
            return value
