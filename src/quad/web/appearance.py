"""Where the server's own pages post the language and the colours that somebody chose."""

from typing import Final
from urllib.parse import urlsplit

from litestar import Router, post
from litestar.datastructures import Cookie
from litestar.response import Redirect

from quad.appearance import LANGUAGE_COOKIE, LIFETIME_S, PATH, THEME_COOKIE, THEMES
from quad.http import AnyRequest, form_fields, root_of, see_other
from quad.languages import LANGUAGES
from quad.realtime import request_of

_BODY_LIMIT_BYTES: Final = 1_000


def make_appearance() -> Router:
    """`POST /appearance` with `language` and `theme` leads back to the page that it came from."""

    @post("/")
    async def choose(request: AnyRequest) -> Redirect:
        fields = await form_fields(request)
        chosen = {LANGUAGE_COOKIE: fields.get("language"), THEME_COOKIE: fields.get("theme")}
        is_https = request_of(request.scope).is_https
        return see_other(
            _back(request),
            [
                _cookie(name, value, is_https=is_https)
                for name, value in chosen.items()
                if value is not None and value in (*LANGUAGES, *THEMES)
            ],
        )

    return Router(
        PATH,
        route_handlers=[choose],
        request_max_body_size=_BODY_LIMIT_BYTES,
        include_in_schema=False,
    )


def _back(request: AnyRequest) -> str:
    """The page that was looked at, on this server, whatever the Referer says; or the front door."""
    referer = urlsplit(request.headers.get("referer", ""))
    if not referer.path.startswith("/") or referer.path.startswith("//"):
        return f"{root_of(request)}/"
    return referer.path + (f"?{referer.query}" if referer.query else "")


def _cookie(name: str, value: str, *, is_https: bool) -> Cookie:
    """Pages of the application read and write it by script."""
    return Cookie(name, value=value, path="/", max_age=LIFETIME_S, samesite="lax", secure=is_https)
