"""Strict headers on every answer of the application: pages, JSON, files, refusals, figures."""

from collections.abc import Awaitable, Iterable, MutableMapping
from functools import lru_cache
from typing import Any, Final

from quad.realtime import Site, request_of
from quad.realtime.http.host import Application
from quad.realtime.http.polling import Receive, Scope, Send

# Where an answer sets one of them itself, as pages do, that counts.
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"same-origin"),
    # For browsers that do not know frame-ancestors.
    (b"x-frame-options", b"DENY"),
)
# Half a year: browsers ask for HTTPS alone from the first visit on (RFC 6797, section 6.1.1).
_HSTS: Final = (b"strict-transport-security", b"max-age=15552000")


class StrictHeaders:
    """An ASGI application that adds what its answers lack."""

    def __init__(self, application: Application, site: Site) -> None:
        """HTTPS is demanded where the site's public address has it."""
        self._application = application
        self._demands_https = site.public_url.lower().startswith("https://")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what the application serves."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return

        # No coroutine of its own: every part of every answer passes here.
        def send_strictly(message: MutableMapping[str, Any]) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                message = {**message, "headers": [*headers, *self._missing(scope, headers)]}
            return send(message)

        await self._application(scope, receive, send_strictly)

    def _missing(
        self, scope: Scope, headers: Iterable[tuple[bytes, bytes]]
    ) -> tuple[tuple[bytes, bytes], ...]:
        missing = _missing(tuple([name for name, _ in headers]))
        # Never over plain HTTP, where anybody on the way could say it (RFC 6797, section 7.2).
        if self._demands_https and request_of(scope).is_https:
            return (*missing, _HSTS)
        return missing


# Answers have the same few combinations of headers.
@lru_cache(maxsize=256)
def _missing(names: tuple[bytes, ...]) -> tuple[tuple[bytes, bytes], ...]:
    present = {name.lower() for name in names}
    return tuple(header for header in _HEADERS if header[0] not in present)
