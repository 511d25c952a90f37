"""What the REST paths of nearby share: bodies, visitors, credentials, and refusals as answers."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import msgspec
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, ValidationException

from quad.nearby.refusals import BadInput, CannotSave, NearbyRefused, NotAllowed
from quad.realtime import request_of
from quad.realtime.request import Request as Visit
from quad.store import StoreError

AnyConnection = ASGIConnection[Any, Any, Any, Any]
AnyRequest = Request[Any, Any, Any]
T = TypeVar("T")

Number = float | str
"""Original clients send the text of their input fields, with blanks around it or without."""

_NUMBER: Final = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?", re.ASCII)
_EACH_LIMIT: Final = 100


class CrossSite(NearbyRefused):
    """A page of another site has made a browser send this."""

    code = "cross_site"
    status = 403

    def __init__(self) -> None:
        super().__init__(
            "pages of other sites may not do this; if the page is this server's own, a proxy "
            "changes Host on the way: keep it, or set server.public_url"
        )


class Refusal(msgspec.Struct):
    """The answer to what is declined: a sentence for people and a stable word for programs."""

    detail: str
    code: str


def one(data: T | list[T]) -> T:
    """The body itself, or the only one in a list: original clients send either.

    Raises BadInput.
    """
    if not isinstance(data, list):
        return data
    if len(data) != 1:
        raise BadInput("the list must hold one object")
    return data[0]


def each(data: T | list[T]) -> list[T]:
    """The body itself, or those in a list: the original describes several of them.

    Raises BadInput.
    """
    if not isinstance(data, list):
        return [data]
    if not data:
        raise BadInput("the list is empty")
    if len(data) > _EACH_LIMIT:
        raise BadInput(f"the list holds more than {_EACH_LIMIT} objects")
    return data


def number(key: str, value: Number) -> float:
    """A number, which may be the text of an input field. Raises BadInput."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if not _NUMBER.fullmatch(text):
        raise BadInput(f"`{key}` is not a number")
    return float(text)


def visit_of(request: AnyConnection) -> Visit:
    """Who asks, from where, and what their headers say."""
    return request_of(request.scope)


def basic_of(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """Name and password of HTTP Basic (RFC 7617); None if there are none that can be read."""
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(rest.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    name, colon, password = text.partition(":")
    return (name, password) if colon else None


def bearer_of(headers: Mapping[str, str]) -> str | None:
    """The token of RFC 6750; None if there is none."""
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    return rest.strip() if scheme.lower() == "bearer" and rest.strip() else None


def cookie_name(visit: Visit, name: str) -> str:
    """What a cookie is called for this visit.

    Over HTTPS browsers take a name with this prefix from this very host alone, so that no page of
    a neighbouring sub-domain can plant a session (RFC 6265bis, section 4.1.3.2).
    """
    return f"__Host-{name}" if visit.is_https else name


def cookie_of(visit: Visit, name: str) -> str:
    """The value of a cookie; empty if the browser has none of this name."""
    name, headers = cookie_name(visit, name), visit.headers
    # Not http.cookies: a cookie of somebody else that it cannot read would hide ours.
    for pair in headers.get("cookie", "").split(";"):
        key, _, value = pair.strip().partition("=")
        if key == name:
            return value
    return ""


# Refusals as answers


def explain_refusal(request: AnyRequest, refused: NearbyRefused) -> Response[Refusal]:
    """What was declined, and why."""
    headers = {"Cache-Control": "no-store"}
    # Not for a wrong token: browsers would ask people for a password that they have not. Nor for
    # a script of a page, which asks by itself.
    if isinstance(refused, NotAllowed) and not _is_from_script(request.headers):
        headers["WWW-Authenticate"] = 'Basic realm="Quad", charset="UTF-8"'
    if "retry_after_s" in refused.details:
        headers["Retry-After"] = str(refused.details["retry_after_s"])
    body = Refusal(str(refused), refused.code)
    return Response(body, status_code=refused.status, headers=headers)


def _is_from_script(headers: Mapping[str, str]) -> bool:
    mode = headers.get("sec-fetch-mode")
    if mode is not None:
        return mode != "navigate"
    # Over plain HTTP browsers do not say it; but a script has a page, and does not want another.
    return "referer" in headers and "text/html" not in headers.get("accept", "")


def explain_store_error(request: AnyRequest, error: StoreError) -> Response[Refusal]:
    """The database does not answer."""
    return explain_refusal(request, CannotSave(error))


def explain_http_error(request: AnyRequest, error: HTTPException) -> Response[Refusal]:
    """What Litestar declines by itself: a body that is no JSON, or lacks something."""
    detail = error.detail
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        detail = "; ".join(map(_explain, error.extra))
        # The word of Litestar for a body that is not there.
        detail = "the body is missing" if detail == "'data'" else detail
    code = "bad_input" if error.status_code == 400 else "http_error"
    return Response(Refusal(detail, code), status_code=error.status_code, headers=error.headers)


def explain_recursion(request: AnyRequest, error: RecursionError) -> Response[Refusal]:
    """A body that is a list in a list in a list."""
    return explain_refusal(request, BadInput("the body is nested too deeply"))


def _explain(problem: Mapping[str, str]) -> str:
    message = problem["message"].replace("$.", "")
    key = problem.get("key", "data")
    return message if key == "data" else f"`{key}`: {message}"


EXPLAINED: Final[dict[int | type[Exception], Callable[..., Response[Any]]]] = {
    NearbyRefused: explain_refusal,
    StoreError: explain_store_error,
    HTTPException: explain_http_error,
    RecursionError: explain_recursion,
}
"""The `exception_handlers` of a router."""
