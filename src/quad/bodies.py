"""The bodies of requests: one way to read JSON for all routes, and one to answer when we fail."""

import logging
import secrets
from typing import Any, TypeVar

import msgspec
from litestar import Request, Response
from litestar.exceptions import ClientException, HTTPException
from litestar.exceptions.responses import create_exception_response
from litestar.types import Empty

from quad.wire.surrogates import replace_lone_surrogates

log = logging.getLogger("quad.http")

T = TypeVar("T")

# Some programs for Windows begin what they write with it; RFC 8259, section 8.1, lets us ignore it.
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class BadBody(ValueError):
    """A body that is no JSON, or not the JSON that is wanted; the text is the reason."""


def decode_json(body: bytes, kind: type[T]) -> T:
    """Return the body as a value of that type.

    Half a surrogate pair, as JavaScript writes it, becomes U+FFFD, as it does over Socket.IO.

    Raises:
        BadBody: it is not UTF-8 (RFC 8259, section 8.1), no JSON, or something else.
    """
    try:
        text = body.removeprefix(_BYTE_ORDER_MARK).decode()
    except UnicodeDecodeError as error:
        raise BadBody(f"the body is not UTF-8 (byte {error.start})") from None
    try:
        return _decode(text, kind)
    except RecursionError:
        raise BadBody("the body is nested too deeply") from None
    except msgspec.DecodeError as error:
        raise BadBody(str(error)) from None


def _decode(text: str, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        # Seldom, so it is looked for only where the JSON cannot be read.
        return msgspec.json.decode(replace_lone_surrogates(text), type=kind)


class JsonRequest(Request[Any, Any, Any]):
    """Litestar's request, whose JSON is read as above; a `request_class`."""

    async def json(self) -> object:
        """The body's value. Raises ClientException, which is answered 400 with the reason."""
        if self._json is Empty:
            try:
                self._json = decode_json(await self.body() or b"null", Any)
            except BadBody as bad:
                raise ClientException(str(bad)) from None
        return self._json


def explain_bug(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The answer to what should not have happened: the log has the reason under an id.

    The `exception_handlers` of an application have it under 500.
    """
    # Litestar's own: a client that left in the middle of its body, for instance.
    if isinstance(error, HTTPException):
        return create_exception_response(request, error)
    bug = secrets.token_hex(4)
    where = f"{request.method} {request.scope['path']!r}"
    log.error("bug %s: %s failed", bug, where, exc_info=error)
    content = {
        "detail": f"something went wrong on the server ({bug})",
        "code": "internal",
        "id": bug,
    }
    return Response(content, status_code=500)
