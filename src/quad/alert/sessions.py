"""Browser sessions: a name and a room in a signed cookie, which the server need not remember."""

from typing import Final

import msgspec
from itsdangerous import BadData, URLSafeTimedSerializer
from msgspec import Struct

from quad.alert import tables
from quad.identity import new_token
from quad.store import Store, kept_key

COOKIE: Final = "quad_alert"


class Session(Struct, frozen=True, forbid_unknown_fields=True):
    """Who has logged in, as they wrote it, and to which room."""

    name: str
    room: str


class Sessions:
    """Signs and reads sessions. The key is in the database: they outlive restarts."""

    def __init__(self, lifetime_s: int) -> None:
        self.lifetime_s = lifetime_s
        self._serializer: URLSafeTimedSerializer | None = None

    async def open(self, store: Store) -> None:
        """Read the key, or make it. Raises StoreError."""
        key = await kept_key(store, tables.select_key(), tables.insert_key(new_token()))
        self._serializer = URLSafeTimedSerializer(key, salt="quad.alert")

    def sign(self, session: Session) -> str:
        """The value of the cookie."""
        assert self._serializer is not None, "not opened"
        return self._serializer.dumps(msgspec.to_builtins(session))

    def read(self, value: str) -> Session | None:
        """The session of a cookie's value; None unless it was signed here, and lately."""
        assert self._serializer is not None, "not opened"
        try:
            return msgspec.convert(self._serializer.loads(value, self.lifetime_s), Session)
        except (BadData, msgspec.ValidationError):
            return None

    def of_cookies(self, header: str) -> Session | None:
        """The session in a request's Cookie header, if there is a valid one."""
        # Not http.cookies: a cookie of somebody else that it cannot read would hide ours.
        for pair in header.split(";"):
            name, _, value = pair.strip().partition("=")
            if name == COOKIE:
                return self.read(value)
        return None
