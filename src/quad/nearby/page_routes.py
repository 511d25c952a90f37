"""`/nearby` and `/login`: from nobody to somebody with a session, and the page for them."""

import logging
import unicodedata
from typing import Any, Final

from litestar import Response, Router, get, post
from litestar.datastructures import Cookie
from litestar.handlers import HTTPRouteHandler

from quad import audit
from quad.http import (
    AnyRequest,
    address_of,
    cookie_of,
    form_fields,
    make_cookie,
    root_of,
    see_other,
    visit_of,
)
from quad.identity.oauth import (
    Attempt,
    BadAnswer,
    CodeRefused,
    Denied,
    LoginFailed,
    Provider,
    ProviderUnavailable,
    WrongState,
)
from quad.nearby.login import NOT_FROM_HERE, Login
from quad.nearby.model import ID_LIMIT, clean_id
from quad.nearby.pages import NearbyPages, Notice, Problem
from quad.nearby.persons import People
from quad.nearby.sessions import Sessions
from quad.realtime import request_of
from quad.realtime.request import Request as Visit
from quad.refusals import HttpRefused
from quad.store import StoreError

log = logging.getLogger("quad.nearby")

COOKIE: Final = "quad_nearby"
_ATTEMPT_COOKIE: Final = "quad_nearby_login"
_ATTEMPT_S: Final = 600
_PATH: Final = "/nearby"
_BODY_LIMIT_BYTES: Final = 10_000
_SHOWN: Final = 200

_LOGGED_OUT: Final = Notice("logged_out")
_NO_LOGIN: Final = Notice("no_login", 503)
_CANNOT_SAVE: Final = Notice("cannot_save", 503)
_CROSS_SITE: Final = Notice("cross_site", 403)
_FAILED: Final[dict[type[LoginFailed], int]] = {
    Denied: 403,
    WrongState: 400,
    CodeRefused: 400,
    ProviderUnavailable: 502,
    BadAnswer: 502,
}
_NO_ADDRESS_STATUS: Final = 503


class NoAddress(LoginFailed):
    """Nobody has said under which name this server is reached."""

    code = "no_address"


class PageRoutes:
    """The handlers; `handlers` are what the server serves."""

    def __init__(
        self,
        login: Login,
        sessions: Sessions,
        people: People,
        pages: NearbyPages,
    ) -> None:
        self._login = login
        self._sessions = sessions
        self._people = people
        self._pages = pages
        self._has_warned = False
        self.router = self._routes()

    async def aclose(self) -> None:
        """Close the connections to the login provider."""
        if not isinstance(self._login, str):
            await self._login.aclose()

    def _routes(self) -> Router:
        @get(_PATH)
        async def nearby(request: AnyRequest) -> Response[Any]:
            return await self._nearby(request)

        @post(_PATH)
        async def enter(request: AnyRequest) -> Response[Any]:
            return await self._enter(request)

        @get("/login")
        async def login(request: AnyRequest) -> Response[Any]:
            return await self._come_back(request)

        @post(f"{_PATH}/logout")
        async def logout(request: AnyRequest) -> Response[Any]:
            return await self._logout(request)

        @get(f"{_PATH}/bye", sync_to_thread=False)
        def bye(request: AnyRequest) -> Response[str]:
            return self._pages.notice(visit_of(request), _LOGGED_OUT)

        # Not the method itself: Litestar copies what it is given, deeply.
        def explain(request: AnyRequest, error: StoreError) -> Response[str]:
            return self._explain_store_error(request, error)

        handlers: list[HTTPRouteHandler] = [nearby, enter, login, logout, bye]
        return Router(
            "/",
            route_handlers=handlers,
            exception_handlers={StoreError: explain},
            request_max_body_size=_BODY_LIMIT_BYTES,
            include_in_schema=False,
        )

    def _explain_store_error(self, request: AnyRequest, error: StoreError) -> Response[str]:
        return self._pages.notice(visit_of(request), _CANNOT_SAVE)

    # The page

    async def _nearby(self, request: AnyRequest) -> Response[Any]:
        view = visit_of(request)
        token = cookie_of(request_of(request.scope), COOKIE)
        user = await self._sessions.user_of(token)
        if user is not None:
            return self._pages.here(view, await self._people.ensure(user), token)
        if not isinstance(self._login, str):
            return await self._begin(request, self._login)
        if self._lets_guests_in(request_of(request.scope)):
            return self._pages.guest(view)
        return self._pages.notice(view, _NO_LOGIN)

    async def _logout(self, request: AnyRequest) -> Response[Any]:
        if not request_of(request.scope).is_allowed:
            return self._pages.notice(visit_of(request), _CROSS_SITE)
        token = cookie_of(request_of(request.scope), COOKIE)
        user = await self._sessions.user_of(token)
        if user is not None:
            await self._sessions.end(user, token)
            audit.record("nearby.logout", address=request_of(request.scope).address, user=user)
        return see_other(f"{_base(request)}/bye", [_gone(COOKIE, request)])

    # Guests

    async def _enter(self, request: AnyRequest) -> Response[Any]:
        view, visit = visit_of(request), request_of(request.scope)
        if not self._lets_guests_in(visit):
            return self._pages.notice(view, _NO_LOGIN)
        if not visit.is_allowed:
            return self._pages.notice(view, _CROSS_SITE)
        name = (await form_fields(request)).get("name", "").strip()
        try:
            return await self._let_in(request, clean_id("name", name))
        except HttpRefused:
            return self._pages.guest(view, name, _problem_with(name))

    def _lets_guests_in(self, visit: Visit) -> bool:
        if self._login != "local":
            return self._login == "guest"
        if visit.is_from_this_machine:
            return True
        if not self._has_warned:
            self._has_warned = True
            log.warning(NOT_FROM_HERE, visit.host[:_SHOWN])
        return False

    # Providers

    async def _begin(self, request: AnyRequest, provider: Provider) -> Response[Any]:
        attempt = Attempt.begin()
        try:
            address = await provider.address(attempt, _return_address(request))
        except LoginFailed as failed:
            return self._failed(request, failed)
        value = f"{attempt.state}.{attempt.verifier}.{attempt.nonce}"
        return see_other(address, [_cookie_of(_ATTEMPT_COOKIE, value, _ATTEMPT_S, request)])

    async def _come_back(self, request: AnyRequest) -> Response[Any]:
        if isinstance(self._login, str):
            return see_other(_base(request))
        try:
            attempt = _attempt(request)
            code = attempt.read(request_of(request.scope).query)
            user = await self._login.identify(attempt, _return_address(request), code)
            # Composed or not, it is the same name; but what hides a character in an id of somebody
            # else's must not become that other id.
            is_known = self._people.find(user) is not None
            name = user if is_known else unicodedata.normalize("NFC", user)
            response = await self._let_in(request, name)
        except LoginFailed as failed:
            response = self._failed(request, failed)
        except HttpRefused as refused:
            response = self._failed(request, BadAnswer(f"the id cannot be used: {refused}"))
        # A code counts once, and so does what belongs to it.
        response.cookies.append(_gone(_ATTEMPT_COOKIE, request))
        return response

    def _failed(self, request: AnyRequest, failed: LoginFailed) -> Response[Any]:
        log.warning("login failed (%s): %s", failed.code, failed)
        address = request_of(request.scope).address
        audit.record("nearby.login", address=address, result="failed", reason=failed.code)
        return self._pages.notice(
            visit_of(request), Notice(failed.code, _FAILED.get(type(failed), _NO_ADDRESS_STATUS))
        )

    # Sessions

    async def _let_in(self, request: AnyRequest, user: str) -> Response[Any]:
        """Raises HttpRefused, StoreError."""
        await self._people.ensure(user)
        token = await self._sessions.begin(user)
        audit.record("nearby.login", address=request_of(request.scope).address, user=user)
        lifetime_s = int(self._sessions.lifetime.total_seconds())
        cookie = _cookie_of(COOKIE, token, lifetime_s, request)
        return see_other(_base(request), [cookie])


def _return_address(request: AnyRequest) -> str:
    """Where the provider sends people back to. Raises NoAddress."""
    asked = request_of(request.scope)
    # A name that anybody can have in their browser must not become where codes are sent.
    if not asked.site.public_url and not asked.site.is_own_name(asked.host):
        raise NoAddress(f"{asked.host[:_SHOWN]!r} may be anybody's: set server.public_url")
    return f"{address_of(request)}/login"


def _problem_with(name: str) -> Problem:
    if not name:
        return "empty"
    return "long" if len(name) > ID_LIMIT else "characters"


def _attempt(request: AnyRequest) -> Attempt:
    """What this browser was given when it began. Raises WrongState."""
    parts = cookie_of(request_of(request.scope), _ATTEMPT_COOKIE).split(".")
    if len(parts) != 3 or not all(parts):
        raise WrongState("this browser has begun no login, or too long ago")
    return Attempt(*parts)


def _cookie_of(name: str, value: str, max_age_s: int, request: AnyRequest) -> Cookie:
    # Not "strict": the way back from a provider is a link from another site.
    return make_cookie(request_of(request.scope), name, value, max_age_s)


def _gone(name: str, request: AnyRequest) -> Cookie:
    return _cookie_of(name, "", 0, request)


def _base(request: AnyRequest) -> str:
    return root_of(request) + _PATH
