"""What is answered to an address that nothing is at: a page for people, JSON for programs."""

from typing import Any, Final

from litestar import Response
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
    look = appearance_of(request_of(request.scope))
    return _PAGES.page("missing.html", {}, look=look, root=root_of(request), status=404)
