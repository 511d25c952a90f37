"""Pages that say one thing: nothing is at this address, and there is no network.

The second is kept by browsers (`ui/public/worker.js`), for when no page can be had.
"""

from typing import Any, Final

from litestar import Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.exceptions.responses import create_exception_response

from quad.http import AnyRequest, appearance_of, root_of
from quad.pages import Pages
from quad.realtime import request_of

_PAGES: Final = Pages("quad", {})


def explain_missing(request: AnyRequest, error: NotFoundException) -> Response[Any]:
    """A page with a way home, if a browser goes there; a script of a page asks for no HTML."""
    if request.method not in ("GET", "HEAD") or "text/html" not in request.headers.get(
        "accept", ""
    ):
        return create_exception_response(request, error)
    return _page(request, "missing", 404)


def make_offline() -> Router:
    """`/offline`: what is shown where this server cannot be reached."""

    @get("/", sync_to_thread=False)
    def offline(request: AnyRequest) -> Response[str]:
        return _page(request, "offline", 200)

    return Router("/offline", route_handlers=[offline], include_in_schema=False)


def _page(request: AnyRequest, says: str, status: int) -> Response[str]:
    look = appearance_of(request_of(request.scope))
    return _PAGES.page(
        "alone.html", {"says": says}, look=look, root=root_of(request), status=status
    )
