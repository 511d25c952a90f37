"""What a page asks when its connection is refused: whether the server takes the page for its own.

A browser does not tell a page why a WebSocket was refused, and most that are refused are our own,
behind a proxy that changes what was asked for.
"""

from litestar import Router, post
from litestar.datastructures import ResponseHeader
from msgspec import Struct

from quad.http import AnyRequest
from quad.realtime import request_of


class Seen(Struct):
    """Whether a page of this origin may connect, if it asks for this host; and who asks.

    `is_address_certain` is false behind a proxy that is not trusted or does not say who asks.
    """

    is_allowed: bool
    origin: str
    host: str
    address: str
    is_address_certain: bool


def make_page_check() -> Router:
    """The route `/connection`; POST, because browsers name the origin of no other plain request."""

    @post("/connection", status_code=200, sync_to_thread=False)
    def check_page(request: AnyRequest) -> Seen:
        """How the server sees whoever asks; the log says what to set if it may not connect."""
        visit = request_of(request.scope)
        return Seen(
            visit.is_allowed,
            visit.headers.get("origin", ""),
            visit.host,
            visit.address,
            visit.has_certain_address,
        )

    return Router(
        "/",
        route_handlers=[check_page],
        response_headers=[ResponseHeader(name="Cache-Control", value="no-store")],
        include_in_schema=False,
    )
