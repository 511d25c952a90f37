"""The page at `/`: what this server offers."""

from importlib.resources import files

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}


def make_front_door() -> list[HTTPRouteHandler]:
    """The page and its style sheet."""
    here = files("quad.web")
    page = (here / "static" / "index.html").read_text()
    style = (here / "static" / "quad.css").read_text()

    @get("/", sync_to_thread=False, include_in_schema=False)
    def front_door() -> Response[str]:
        return Response(page, media_type="text/html", headers=_HEADERS)

    @get("/quad.css", sync_to_thread=False, include_in_schema=False)
    def style_sheet() -> Response[str]:
        return Response(style, media_type="text/css", headers=_HEADERS)

    return [front_door, style_sheet]
