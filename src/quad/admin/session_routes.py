"""How a browser logs the administrator in: the password once, then a cookie."""

from litestar import Response, Router, delete, get, post
from litestar.datastructures import Cookie
from litestar.params import JSONBody
from msgspec import Struct

from quad.admin.administrator import Administrator
from quad.admin.cookies import COOKIE, LIFETIME_S
from quad.http import AnyRequest, make_cookie, refuse_cross_site, rest_router
from quad.realtime import request_of
from quad.realtime.http.request import Request


class AdminLogin(Struct):
    """What opens a session of the administrator."""

    password: str


class AdminSession(Struct):
    """Whether this browser has a session of the administrator."""

    is_open: bool


def make_session_router(administrator: Administrator) -> Router:
    """The routes under `/admin/session`."""

    def own(request: AnyRequest) -> Request:
        asked = request_of(request.scope)
        refuse_cross_site(asked)
        return asked

    @post("", status_code=204)
    async def log_in(data: JSONBody[AdminLogin], request: AnyRequest) -> Response[None]:
        """Log this browser in: the answer sets the cookie `quad_admin` for twelve hours.

        A wrong password is 401, too many of them 429 with `Retry-After`.
        """
        asked = own(request)
        value = await administrator.log_in(asked.address, data.password)
        return Response(None, status_code=204, cookies=[_cookie(asked, value, LIFETIME_S)])

    @get("", sync_to_thread=False)
    def show_session(request: AnyRequest) -> AdminSession:
        """Whether this browser is logged in."""
        return AdminSession(administrator.has_session(request_of(request.scope)))

    @delete("", status_code=204)
    async def log_out(request: AnyRequest) -> Response[None]:
        """Log this browser out: its session is over, and the answer takes the cookie away."""
        asked = own(request)
        await administrator.log_out(asked)
        return Response(None, status_code=204, cookies=[_cookie(asked, "", 0)])

    handlers = [log_in, show_session, log_out]
    return rest_router("/admin/session", handlers, "administrator: session")


def _cookie(request: Request, value: str, max_age_s: int) -> Cookie:
    return make_cookie(request, COOKIE, value, max_age_s, same_site="strict")
