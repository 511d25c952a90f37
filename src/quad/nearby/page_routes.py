"""`/nearby` and `/login`: from nobody to somebody with a session, and the page for them."""

import unicodedata
from typing import Any, Final

from litestar import Response, Router, get, post
from litestar.handlers import HTTPRouteHandler

from quad.http import AnyRequest, form_fields, root_of, see_other, visit_of
from quad.identity.oauth import BadAnswer, LoginFailed
from quad.identity.sign_in import RETURN_PATH
from quad.identity.system import Identity
from quad.nearby.model import ID_LIMIT, clean_id
from quad.nearby.pages import NearbyPages, Notice, Problem
from quad.nearby.people import People
from quad.realtime import request_of
from quad.refusals import HttpRefused
from quad.store import StoreError

_PATH: Final = "/nearby"
_BODY_LIMIT_BYTES: Final = 10_000

_LOGGED_OUT: Final = Notice("logged_out")
_NO_LOGIN: Final = Notice("no_login", 503)
_CANNOT_SAVE: Final = Notice("cannot_save", 503)
_CROSS_SITE: Final = Notice("cross_site", 403)


class PageRoutes:
    """The handlers; `router` serves them."""

    def __init__(self, identity: Identity, people: People, pages: NearbyPages) -> None:
        self._sessions = identity.sessions
        self._sign_in = identity.sign_in
        self._people = people
        self._pages = pages
        self.router = self._routes()

    def _routes(self) -> Router:
        @get(_PATH)
        async def nearby(request: AnyRequest) -> Response[Any]:
            return await self._nearby(request)

        @post(_PATH)
        async def enter(request: AnyRequest) -> Response[Any]:
            return await self._enter(request)

        @get(RETURN_PATH)
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

    def _explain_store_error(self, request: AnyRequest, _error: StoreError) -> Response[str]:
        return self._pages.notice(visit_of(request), _CANNOT_SAVE)

    async def _nearby(self, request: AnyRequest) -> Response[Any]:
        visit, asked = visit_of(request), request_of(request.scope)
        token = self._sign_in.token_of(asked)
        user = await self._sessions.user_of(token)
        if user is not None:
            return self._pages.here(visit, await self._people.ensure(user), token)
        if self._sign_in.provider is not None:
            return await self._begin(request)
        if self._sign_in.lets_guests_in(asked):
            return self._pages.guest(visit)
        return self._pages.notice(visit, _NO_LOGIN)

    async def _logout(self, request: AnyRequest) -> Response[Any]:
        asked = request_of(request.scope)
        if not asked.is_allowed:
            return self._pages.notice(visit_of(request), _CROSS_SITE)
        return see_other(f"{_base(request)}/bye", [await self._sign_in.log_out(asked)])

    # Guests

    async def _enter(self, request: AnyRequest) -> Response[Any]:
        visit, asked = visit_of(request), request_of(request.scope)
        if not self._sign_in.lets_guests_in(asked):
            return self._pages.notice(visit, _NO_LOGIN)
        if not asked.is_allowed:
            return self._pages.notice(visit, _CROSS_SITE)
        name = (await form_fields(request)).get("name", "").strip()
        try:
            return await self._let_in(request, clean_id("name", name))
        except HttpRefused:
            return self._pages.guest(visit, name, _problem_with(name))

    # Providers

    async def _begin(self, request: AnyRequest) -> Response[Any]:
        try:
            return await self._sign_in.begin(request)
        except LoginFailed as failed:
            return self._failed(request, failed)

    async def _come_back(self, request: AnyRequest) -> Response[Any]:
        if self._sign_in.provider is None:
            return see_other(_base(request))
        try:
            user = await self._sign_in.identify(request)
            # Composed or not, it is the same name; but what hides a character in an id of somebody
            # else's must not become that other id.
            is_known = self._people.find(user) is not None
            name = user if is_known else unicodedata.normalize("NFC", user)
            response = await self._let_in(request, name)
        except LoginFailed as failed:
            response = self._failed(request, failed)
        except HttpRefused as refused:
            response = self._failed(request, BadAnswer(f"the id cannot be used: {refused}"))
        response.cookies.append(self._sign_in.end_attempt(request_of(request.scope)))
        return response

    def _failed(self, request: AnyRequest, failed: LoginFailed) -> Response[Any]:
        self._sign_in.note_failure(request_of(request.scope), failed)
        return self._pages.notice(visit_of(request), Notice(failed.code, failed.status))

    async def _let_in(self, request: AnyRequest, user: str) -> Response[Any]:
        """Raises HttpRefused, StoreError."""
        await self._people.ensure(user)
        cookie = await self._sign_in.let_in(request_of(request.scope), user)
        return see_other(_base(request), [cookie])


def _problem_with(name: str) -> Problem:
    if not name:
        return "empty"
    return "long" if len(name) > ID_LIMIT else "characters"


def _base(request: AnyRequest) -> str:
    return root_of(request) + _PATH
