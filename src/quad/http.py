"""What routes share: cookies, credentials, forms, where to go next, and refusals as answers."""

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

import litestar
import msgspec
from litestar import Response, Router
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, ResponseHeader
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import Redirect
from litestar.types import Guard

from quad.appearance import Appearance, choose_appearance
from quad.bodies import JsonRequest
from quad.realtime import request_of
from quad.realtime.http.request import Request
from quad.refusals import OTHER_SITES, BadInput, CannotSave, CrossSite, HttpRefused, NotAllowed
from quad.shell import Visit
from quad.store import StoreError

AnyConnection = ASGIConnection[Any, Any, Any, Any]
AnyRequest = litestar.Request[Any, Any, Any]

HOST_PREFIX: Final = "__Host-"
"""Browsers take a cookie of such a name from this very host alone, over HTTPS, so that no page of a
neighbouring sub-domain can plant it (RFC 6265bis, section 4.1.3.2)."""

NO_STORE: Final[Mapping[str, str]] = {"Cache-Control": "no-store"}

# No form of ours has so many.
_FIELDS_LIMIT: Final = 10


class Refusal(msgspec.Struct):
    """The answer to what is declined: a sentence for people and a stable word for programs."""

    detail: str
    code: str


# Who asks


def refuse_cross_site(request: Request, sentence: str = OTHER_SITES) -> None:
    """Return unless a page of another site makes a browser ask. Raises CrossSite."""
    if not request.is_allowed:
        raise CrossSite(sentence)


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


# Cookies


def cookies_in(header: str) -> Iterator[tuple[str, str]]:
    """Names and values of the cookies of a request's Cookie header, in their order."""
    # Not http.cookies: a cookie of somebody else that it cannot read would hide ours.
    for pair in header.split(";"):
        name, _, value = pair.strip().partition("=")
        yield name, value


def cookie_of(request: Request, name: str) -> str:
    """The value of a cookie that `make_cookie` made; empty if the browser has none."""
    called, header = _called(request, name), request.headers.get("cookie", "")
    return next((value for each, value in cookies_in(header) if each == called), "")


def make_cookie(
    request: Request,
    name: str,
    value: str,
    max_age_s: int,
    *,
    same_site: Literal["lax", "strict"] = "lax",
) -> Cookie:
    """A cookie that no script can read, for all paths: pages, routes and sockets share none."""
    return Cookie(
        _called(request, name),
        value=value,
        path="/",
        max_age=max_age_s,
        httponly=True,
        samesite=same_site,
        secure=request.is_https,
    )


def _called(request: Request, name: str) -> str:
    return HOST_PREFIX + name if request.is_https else name


# Forms and pages


async def form_fields(request: AnyRequest) -> dict[str, str]:
    """The fields of a form of ours; none of a body that is none."""
    body = (await request.body()).decode(errors="replace")
    try:
        return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=_FIELDS_LIMIT))
    except ValueError:
        return {}


def root_of(connection: AnyConnection) -> str:
    """The path below which a proxy serves us, without a slash at its end."""
    return str(connection.scope.get("root_path", "")).rstrip("/")


def address_of(request: AnyRequest) -> str:
    """The address of this server, as whoever asks has to type it."""
    asked = request_of(request.scope)
    scheme = "https" if asked.is_https else "http"
    return asked.site.public_url or f"{scheme}://{asked.host}{root_of(request)}"


def appearance_of(request: Request) -> Appearance:
    """How whoever asks wants pages to look."""
    cookies = dict(cookies_in(request.headers.get("cookie", "")))
    return choose_appearance(cookies, request.headers.get("accept-language", ""))


def visit_of(request: AnyRequest) -> Visit:
    """What a page of the application has to know of whoever opens it."""
    asked = request_of(request.scope)
    return Visit(root=root_of(request), host=asked.host, appearance=appearance_of(asked))


def see_other(address: str, cookies: Iterable[Cookie] = ()) -> Redirect:
    """Have the browser get another page, as after a form."""
    return Redirect(address, status_code=303, cookies=list(cookies), headers=dict(NO_STORE))


# Refusals as answers


def explain_refusal(request: AnyRequest, refused: HttpRefused) -> Response[Refusal]:
    """What was declined, and why."""
    headers = dict(NO_STORE)
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


def explain_http_error(_request: AnyRequest, error: HTTPException) -> Response[Refusal]:
    """What Litestar declines by itself: a body that is no JSON, or lacks something."""
    detail = error.detail
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        detail = "; ".join(map(_explain, error.extra))
        # The word of Litestar for a body that is not there.
        detail = "the body is missing" if detail == "'data'" else detail
    code = "bad_input" if error.status_code == 400 else "http_error"
    return Response(Refusal(detail, code), status_code=error.status_code, headers=error.headers)


def explain_recursion(request: AnyRequest, _error: RecursionError) -> Response[Refusal]:
    """A body that is a list in a list in a list."""
    return explain_refusal(request, BadInput("the body is nested too deeply"))


def _explain(problem: Mapping[str, str]) -> str:
    message = problem["message"].replace("$.", "")
    key = problem.get("key", "data")
    return message if key == "data" else f"`{key}`: {message}"


EXPLAINED: Final[dict[int | type[Exception], Callable[..., Response[Any]]]] = {
    HttpRefused: explain_refusal,
    StoreError: explain_store_error,
    HTTPException: explain_http_error,
    RecursionError: explain_recursion,
}
"""The `exception_handlers` of a router."""


def rest_router(
    path: str, handlers: Sequence[Any], tag: str, guards: Sequence[Guard] = ()
) -> Router:
    """Routes that hear and say JSON, explain what they decline, and are kept by no cache.

    `tag` is their part of the description of the interface.
    """
    return Router(
        path,
        route_handlers=handlers,
        guards=guards,
        exception_handlers=EXPLAINED,
        request_class=JsonRequest,
        response_headers=[
            ResponseHeader(name=name, value=value) for name, value in NO_STORE.items()
        ],
        tags=[tag],
    )
