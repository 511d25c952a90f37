"""What a page asks when its connection is refused: whether the server takes the page for its own.

A browser does not tell a page why a WebSocket was refused, and most that are refused are our own,
behind a proxy that changes what was asked for.
"""

from typing import Any

from litestar import Request, Router, post
from litestar.datastructures import ResponseHeader
from msgspec import Struct

from quad.realtime import request_of


class PageCheck(Struct):
    """Whether a page of this origin may connect, if it asks for this host."""

    is_allowed: bool
    origin: str
    host: str


def make_page_check() -> Router:
    """The route `/connection`; POST, because browsers name the origin of no other plain request."""

    @post("/connection", status_code=200, sync_to_thread=False)
    def check_page(request: Request[Any, Any, Any]) -> PageCheck:
        """Whether the page that asks may connect; the log says what to set if not."""
        visit = request_of(request.scope)
        return PageCheck(visit.is_allowed, visit.headers.get("origin", ""), visit.host)

    return Router(
        "/",
        route_handlers=[check_page],
        response_headers=[ResponseHeader(name="Cache-Control", value="no-store")],
        include_in_schema=False,
    )
