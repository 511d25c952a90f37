"""What of a request crosses to another node: enough to make the same ASGI scope there.

The head and the peer's address, and nothing that was concluded from them: who asks and from where
is found out where the request is answered, by the same rules (`realtime/http/site.py`). So whatever
a client writes into its headers means what it would have meant there.
"""

import msgspec

from quad.realtime.http.polling import Scope
from quad.realtime.http.site import HAS_CROSSED

# RFC 9112, section 6: what says that a body follows.
_NO_LENGTH = b"0"


class _Head(msgspec.Struct, array_like=True):
    type: str
    method: str
    path: str
    raw_path: bytes
    query_string: bytes
    headers: list[tuple[bytes, bytes]]
    client: tuple[str, int] | None
    server: tuple[str, int | None] | None
    scheme: str
    http_version: str
    root_path: str
    url: bytes


_decoder = msgspec.msgpack.Decoder(_Head)


def encode_scope(scope: Scope, url: bytes = b"") -> bytes:
    """The head of a request; `url` is the target of one that asks for a WebSocket."""
    return msgspec.msgpack.encode(
        _Head(
            scope["type"],
            scope["method"],
            scope["path"],
            scope.get("raw_path", b""),
            scope["query_string"],
            scope["headers"],
            scope["client"],
            scope.get("server"),
            scope.get("scheme", "http"),
            scope.get("http_version", "1.1"),
            scope.get("root_path", ""),
            url,
        )
    )


def decode_scope(data: bytes) -> tuple[Scope, bytes]:
    """The scope, marked as one that has crossed, and the target. Raises msgspec.MsgspecError."""
    head = _decoder.decode(data)
    scope = {name: getattr(head, name) for name in _Head.__struct_fields__ if name != "url"}
    more = {"asgi": {"version": "3.0", "spec_version": "2.3"}, "state": {}, HAS_CROSSED: True}
    return {**scope, **more}, head.url


def has_body(scope: Scope) -> bool:
    """Whether a body follows the head."""
    for name, value in scope["headers"]:
        if name == b"transfer-encoding" or (name == b"content-length" and value != _NO_LENGTH):
            return True
    return False


def expects_continue(scope: Scope) -> bool:
    """Whether the client sends its body only when it is asked to (RFC 9110, section 10.1.1)."""
    return any(
        name == b"expect" and value.lower() == b"100-continue" for name, value in scope["headers"]
    )
