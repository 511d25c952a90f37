"""The opening handshake of a WebSocket (RFC 6455, section 4), by `websockets`."""

import asyncio
import logging
from collections.abc import Sequence

from websockets.datastructures import Headers
from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.http11 import Request as OpeningRequest
from websockets.server import ServerProtocol

from quad.realtime.errors import HandshakeRefused
from quad.realtime.request import Request
from quad.realtime.websocket import Receiver, WebSocket

_log = logging.getLogger("quad.opening")
_log.setLevel(logging.ERROR)

# The headers that matter here; there may be many others.
_LOOKED_AT = (b"connection", b"upgrade", b"sec-websocket-", b"origin", b"host")
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
        factories = [ServerPerMessageDeflateFactory()] if compression else None
        protocol = ServerProtocol(extensions=factories, logger=_log)
        headers = Headers()
        for name, value in request.header_lines:
            if name.startswith(_LOOKED_AT):
                headers[name.decode("latin-1")] = value.decode("latin-1")
        response = protocol.accept(OpeningRequest(request.path, headers, method=request.method))
        if response.status_code != 101:
            raise HandshakeRefused(3, "Bad request", response.status_code, _VERSION)
        self._response = response.serialize()
        self._extensions: Sequence[Extension] = protocol.extensions

    def connect(self, receiver: Receiver) -> WebSocket:
        """Answer with 101; what arrives from now on goes to the receiver."""
        self._transport.write(self._response)
        websocket = WebSocket(
            self._transport,
            receiver,
            max_message_bytes=self._max_message_bytes,
            outbox_limit_bytes=self._outbox_limit_bytes,
            extensions=self._extensions,
        )
        self._transport.set_protocol(websocket)
        return websocket


def _check_version(request: Request) -> None:
    """RFC 6455, section 4.4; RFC 9110, section 15.5.22, on the answer's Upgrade."""
    if request.headers.get("sec-websocket-version", "13") != "13":
        headers = {**_VERSION, "Upgrade": "websocket"}
        raise HandshakeRefused(3, "Unsupported WebSocket version", 426, headers)
