"""The opening handshake of a WebSocket (RFC 6455, section 4).

With extensions it is the work of `websockets`; without, there is little to it, and a class that
comes back after an interruption opens hundreds at once.
"""

import asyncio
import base64
import logging
from collections.abc import Sequence

from websockets.datastructures import Headers
from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.http11 import Request as OpeningRequest
from websockets.server import ServerProtocol
from websockets.utils import accept_key

from quad.realtime.errors import HandshakeRefused
from quad.realtime.http.request import Request
from quad.realtime.sessions.websocket import Receiver, WebSocket
from quad.wire.websocket import TEXT, encode_frame

_log = logging.getLogger("quad.opening")
_log.setLevel(logging.ERROR)

_KEY_BYTES = 16
# RFC 6455, section 4.2.2: a refusal says which version is spoken.
_VERSION = {"Sec-WebSocket-Version": "13"}


class Opening:
    """A request that may become a WebSocket: checked, and not answered yet."""

    def __init__(
        self,
        request: Request,
        transport: asyncio.Transport,
        *,
        max_message_bytes: int,
        outbox_limit_bytes: int,
        compression: bool = False,
    ) -> None:
        """Check the request.

        Raises:
            HandshakeRefused: it is no valid opening handshake.
        """
        _check_version(request)
        self._transport = transport
        self._max_message_bytes = max_message_bytes
        self._outbox_limit_bytes = outbox_limit_bytes
        self._extensions: Sequence[Extension] = ()
        if compression:
            self._response, self._extensions = _negotiate(request)
        else:
            self._response = _accept(request)

    def connect(self, receiver: Receiver, first: str = "") -> WebSocket:
        """Answer with 101 and the first message; what arrives goes to the receiver.

        Together, because a system call costs as much as three messages.
        """
        is_plain = first != "" and not self._extensions
        greeting = encode_frame(TEXT, first.encode()) if is_plain else b""
        self._transport.write(self._response + greeting)
        websocket = WebSocket(
            self._transport,
            receiver,
            max_message_bytes=self._max_message_bytes,
            outbox_limit_bytes=self._outbox_limit_bytes,
            extensions=self._extensions,
        )
        self._transport.set_protocol(websocket)
        if first and not is_plain:
            websocket.write_messages([first])
        return websocket


def _check_version(request: Request) -> None:
    """RFC 6455, section 4.4; RFC 9110, section 15.5.22, on the answer's Upgrade."""
    if request.headers.get("sec-websocket-version", "13") != "13":
        headers = {**_VERSION, "Upgrade": "websocket"}
        raise HandshakeRefused(3, "Unsupported WebSocket version", 426, headers)


def _accept(request: Request) -> bytes:
    """The answer to a valid request, by the list of RFC 6455, section 4.2.1."""
    headers = request.headers
    options = headers.get("connection", "").lower().split(",")
    key = headers.get("sec-websocket-key", "")
    if (
        request.method != "GET"
        or headers.get("upgrade", "").lower() != "websocket"
        or "upgrade" not in map(str.strip, options)
        or "sec-websocket-version" not in headers
        or not _is_key(key)
    ):
        raise HandshakeRefused(3, "Bad request", headers=_VERSION)
    return (
        "HTTP/1.1 101 Switching Protocols\r\n"
        "Upgrade: websocket\r\n"
        "Connection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n"
    ).encode()


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key.encode(), validate=True)) == _KEY_BYTES
    except ValueError:
        return False


def _negotiate(request: Request) -> tuple[bytes, Sequence[Extension]]:
    """The same, with the extensions that both sides know."""
    protocol = ServerProtocol(extensions=[ServerPerMessageDeflateFactory()], logger=_log)
    headers = Headers()
    for name, value in request.header_lines:
        headers[name.decode("latin-1")] = value.decode("latin-1")
    response = protocol.accept(OpeningRequest(request.path, headers, method=request.method))
    if response.status_code != 101:
        raise HandshakeRefused(3, "Bad request", response.status_code, _VERSION)
    return response.serialize(), protocol.extensions
