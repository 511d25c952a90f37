"""The administrator's browser: a signed cookie instead of the password with every request."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from itsdangerous import BadData, URLSafeTimedSerializer

from quad.admin import tables
from quad.identity import hash_token, new_token
from quad.identity.news import ALONE, News
from quad.store import Store

COOKIE: Final = "quad_admin"
_NEWS: Final = "admin.logout"
LIFETIME_S: Final = 12 * 3600
"""A working day: whoever forgets to log out does not stay in for long."""


class AdminCookies:
    """Signs and knows them. They outlive restarts, and end when the password is another one.

    Each is one session. Those that were logged out are kept until their time would be over.
    """

    def __init__(self, store: Store, key: bytes, now: Callable[[], datetime]) -> None:
        self._store = store
        self._key = key
        self._now = now
        self._serializer: URLSafeTimedSerializer | None = None
        self._ended: dict[str, datetime] = {}
        self._news = ALONE

    def share(self, news: News) -> None:
        """Hear of logouts on other nodes; to be called once, before the server starts."""
        self._news = news
        news.on(_NEWS, self._heard)

    async def open(self, password: str) -> None:
        """From now on `password` is the one in force, or its lasting hash. Raises StoreError."""
        # Not the password alone: whoever has a cookie could guess it, as fast as they can count.
        secret = hmac.digest(self._key, password.encode(), hashlib.sha256)
        self._serializer = URLSafeTimedSerializer(secret, salt="quad.admin.session")
        await self.read_logouts()

    async def read_logouts(self) -> None:
        """Know of logouts on other nodes, should their news be lost. Raises StoreError."""
        for row in await self._store.read(tables.select_logouts()):
            self._ended[row.session_id] = row.expires_at

    def sign(self) -> str:
        """The value of a new cookie."""
        assert self._serializer is not None, "not opened"
        return self._serializer.dumps(new_token())

    def is_valid(self, value: str) -> bool:
        """Whether this was signed here, not too long ago, under the present password, and is not
        logged out.
        """
        return self._session_of(value) is not None

    async def end(self, value: str) -> bool:
        """Log a session out; returns whether there was one. Raises StoreError."""
        session_id = self._session_of(value)
        if session_id is None:
            return False
        now = self._now()
        expires_at = now + timedelta(seconds=LIFETIME_S)
        await self._store.write(
            tables.delete_logouts(now), tables.put_logout(session_id, expires_at)
        )
        self._keep(session_id, expires_at)
        self._news.tell_all(_NEWS, [session_id, expires_at])
        return True

    def _heard(self, told: list[Any]) -> None:
        """A session was logged out at another node."""
        self._keep(*told)

    def _keep(self, session_id: str, expires_at: datetime) -> None:
        now = self._now()
        self._ended = {each: until for each, until in self._ended.items() if until >= now}
        self._ended[session_id] = expires_at

    def _session_of(self, value: str) -> str | None:
        assert self._serializer is not None, "not opened"
        try:
            token = self._serializer.loads(value, LIFETIME_S)
        except BadData:
            return None
        session_id = hash_token(str(token))
        return None if session_id in self._ended else session_id
