"""How a browser signs in: at a provider, or with a name alone; then a cookie holds its session."""

import logging
from typing import Any, Final

from litestar import Response
from litestar.datastructures import Cookie

from quad import audit
from quad.http import AnyRequest, address_of, cookie_of, make_cookie, see_other
from quad.identity.login import NOT_FROM_HERE, Login
from quad.identity.oauth import Attempt, LoginFailed, WrongState
from quad.identity.sessions import Sessions
from quad.realtime import request_of
from quad.realtime.http.request import Request

log = logging.getLogger("quad.identity")

RETURN_PATH: Final = "/login"
"""Where providers send people back to."""

# Browsers, operators' rules for the log and clients of the first version know these names.
_COOKIE: Final = "quad_nearby"
_ATTEMPT_COOKIE: Final = "quad_nearby_login"
_LOGIN: Final = "nearby.login"
_LOGOUT: Final = "nearby.logout"

_ATTEMPT_S: Final = 600
_SHOWN: Final = 200


class NoAddress(LoginFailed):
    """Nobody has said under which name this server is reached."""

    code = "no_address"
    status = 503


class SignIn:
    """Takes browsers from nobody to somebody, and back. What the pages say is up to their owner."""

    def __init__(self, login: Login, sessions: Sessions) -> None:
        self.provider = None if isinstance(login, str) else login
        """Who tells who somebody is; None where nobody does."""
        self._login = login
        self._sessions = sessions
        self._has_warned = False

    async def aclose(self) -> None:
        """Close the connections to the provider."""
        if self.provider is not None:
            await self.provider.aclose()

    def token_of(self, request: Request) -> str:
        """The token in the browser's cookie, valid or not; empty if there is none."""
        return cookie_of(request, _COOKIE)

    def lets_guests_in(self, request: Request) -> bool:
        """Whether a name alone is enough, for who asks from where this one does."""
        if self._login != "local":
            return self._login == "guest"
        if request.is_from_this_machine:
            return True
        if not self._has_warned:
            self._has_warned = True
            log.warning(NOT_FROM_HERE, request.host[:_SHOWN])
        return False

    # Providers

    async def begin(self, request: AnyRequest) -> Response[Any]:
        """Send a browser to the provider. Raises LoginFailed."""
        assert self.provider is not None
        attempt = Attempt.begin()
        address = await self.provider.address(attempt, _return_address(request))
        value = f"{attempt.state}.{attempt.verifier}.{attempt.nonce}"
        asked = request_of(request.scope)
        return see_other(address, [make_cookie(asked, _ATTEMPT_COOKIE, value, _ATTEMPT_S)])

    async def identify(self, request: AnyRequest) -> str:
        """The id, at the provider, of whoever was sent back. Raises LoginFailed."""
        assert self.provider is not None
        asked = request_of(request.scope)
        attempt = _attempt(asked)
        code = attempt.read(asked.query)
        return await self.provider.identify(attempt, _return_address(request), code)

    def end_attempt(self, request: Request) -> Cookie:
        """What takes from a browser what `begin` gave it: a code counts once, and so does that."""
        return make_cookie(request, _ATTEMPT_COOKIE, "", 0)

    def note_failure(self, request: Request, failed: LoginFailed) -> None:
        """Tell the operator and the auditor."""
        log.warning("login failed (%s): %s", failed.code, failed)
        audit.record(_LOGIN, address=request.address, result="failed", reason=failed.code)

    # Sessions

    async def let_in(self, request: Request, user_id: str) -> Cookie:
        """Begin a session of this person; returns the cookie that holds it. Raises StoreError."""
        token = await self._sessions.begin(user_id)
        audit.record(_LOGIN, address=request.address, user=user_id)
        lifetime_s = int(self._sessions.lifetime.total_seconds())
        # Not "strict": the way back from a provider is a link from another site.
        return make_cookie(request, _COOKIE, token, lifetime_s, same_site="lax")

    async def log_out(self, request: Request) -> Cookie:
        """End the browser's session, if it has one; returns what takes its cookie away.

        Raises StoreError.
        """
        token = self.token_of(request)
        user_id = await self._sessions.user_of(token)
        if user_id is not None:
            await self._sessions.end(user_id, token)
            audit.record(_LOGOUT, address=request.address, user=user_id)
        return make_cookie(request, _COOKIE, "", 0)


def _return_address(request: AnyRequest) -> str:
    """Raises NoAddress."""
    asked = request_of(request.scope)
    # A name that anybody can have in their browser must not become where codes are sent.
    if not asked.site.public_url and not asked.site.is_own_name(asked.host):
        raise NoAddress(f"{asked.host[:_SHOWN]!r} may be anybody's: set server.public_url")
    return address_of(request) + RETURN_PATH


def _attempt(request: Request) -> Attempt:
    """What this browser was given when it began. Raises WrongState."""
    parts = cookie_of(request, _ATTEMPT_COOKIE).split(".")
    if len(parts) != 3 or not all(parts):
        raise WrongState("this browser has begun no login, or too long ago")
    return Attempt(*parts)
