"""`/install`: this very Quad, for the computers of those who share from their own editor."""

import asyncio
import hashlib
import logging
from importlib.metadata import PackageNotFoundError
from typing import Any, Final, cast

from litestar import HttpMethod, Router, route
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp, Receive, Scope, Send

from quad.http import AnyRequest, address_of
from quad.realtime import Streams, request_of
from quad.web.wheel import Wheel, make_wheel, wheel_name

log = logging.getLogger(__name__)

_METHODS: Final = (HttpMethod.GET, HttpMethod.HEAD)
# What one slow reader holds, beside the buffer of its connection.
_PIECE_BYTES: Final = 16_384
_COMMANDS: Final = """\
pipx install {address}
uv tool install {address}
python -m pip install {address}
"""
_NOTHING: Final = "This server offers no such file.\n"


class WheelOffer:
    """The wheel for everybody who asks: packed when the first one does, and kept in memory."""

    def __init__(self, streams: Streams | None = None) -> None:
        """`streams` bounds how many are sent to one address at once."""
        self._streams = Streams() if streams is None else streams
        self.name: Final = wheel_name()
        """What is offered; None if there is nothing to make it of."""
        self._packing: asyncio.Task[_File | None] | None = None

    @property
    def router(self) -> Router:
        """The routes `/install`, which says what to type, and `/install/<name of the wheel>`."""

        @route("/", http_method=_METHODS, sync_to_thread=False)
        def commands(request: AnyRequest) -> ASGIApp:
            if self.name is None:
                return _text(_NOTHING, 404)
            return _text(_COMMANDS.format(address=f"{address_of(request)}/install/{self.name}"))

        @route("/{name:str}", http_method=_METHODS)
        async def wheel(name: FromPath[str]) -> ASGIApp:
            file = await self._file() if name == self.name else None
            if file is None:
                return _text(_NOTHING, 404)
            return cast(ASGIApp, self._streams.bound(cast(Any, file)))

        return Router("/install", route_handlers=[commands, wheel], include_in_schema=False)

    async def aclose(self) -> None:
        """Wait for the packing, should it be at work."""
        if self._packing is not None:
            await self._packing

    async def _file(self) -> "_File | None":
        if self._packing is None:
            self._packing = asyncio.create_task(asyncio.to_thread(self._pack))
        # It goes on for the others if whoever asked first has left.
        file = await asyncio.shield(self._packing)
        if file is None:  # perhaps only for now
            self._packing = None
        return file

    def _pack(self) -> "_File | None":
        try:
            wheel = make_wheel()
        except (PackageNotFoundError, OSError) as error:
            log.warning("the wheel for /install cannot be made: %s", error)
            return None
        if wheel.name != self.name:
            log.warning("%s is installed now: /install offers it after a restart", wheel.name)
            return None
        return _File(wheel)


class _File:
    """An ASGI application that answers with the wheel, or that the asker has it already."""

    def __init__(self, wheel: Wheel) -> None:
        self._content = memoryview(wheel.content)
        self._tag = b'"%s"' % hashlib.sha256(wheel.content).hexdigest()[:32].encode()
        self._headers = [
            (b"content-type", b"application/octet-stream"),
            (b"content-disposition", f'attachment; filename="{wheel.name}"'.encode()),
            (b"etag", self._tag),
            # The next start of a checkout may offer something else under the same version.
            (b"cache-control", b"no-cache"),
        ]

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one request; of the content, each reader's part is written when it reads on."""
        if self._is_known(scope):
            await send({"type": "http.response.start", "status": 304, "headers": self._headers})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        length = (b"content-length", str(len(self._content)).encode())
        await send(
            {"type": "http.response.start", "status": 200, "headers": [*self._headers, length]}
        )
        for start in range(0, len(self._content), _PIECE_BYTES):
            end = start + _PIECE_BYTES
            await send(
                {
                    "type": "http.response.body",
                    "body": bytes(self._content[start:end]),
                    "more_body": end < len(self._content),
                }
            )

    def _is_known(self, scope: Scope) -> bool:
        # RFC 9110, 13.1.2, compares weakly: a proxy that compresses makes a tag a weak one.
        tags = request_of(scope).headers.get("if-none-match", "").encode("latin-1")
        known = {tag.strip().removeprefix(b"W/") for tag in tags.split(b",")}
        return not known.isdisjoint({self._tag, b"*"})


def _text(text: str, status: int = 200) -> ASGIApp:
    headers = {"cache-control": "no-store"}
    return ASGIResponse(
        body=text, status_code=status, media_type="text/plain", headers=headers.items()
    )
