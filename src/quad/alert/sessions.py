"""Browser sessions: a name and a room in a signed cookie, which the server need not remember."""

from typing import Final

import msgspec
from itsdangerous import BadData, URLSafeTimedSerializer
from msgspec import Struct

from quad.http import HOST_PREFIX, cookies_in

COOKIE: Final = "quad_alert"


class Session(Struct, frozen=True, forbid_unknown_fields=True):
    """Who has logged in, as they wrote it, and to which room."""

    name: str
    room: str


class Sessions:
    """Signs and reads sessions."""

    def __init__(self, lifetime_s: int, key: bytes) -> None:
        self.lifetime_s = lifetime_s
        self._serializer = URLSafeTimedSerializer(key, salt="quad.alert")

    def sign(self, session: Session) -> str:
        """The value of the cookie."""
        return self._serializer.dumps(msgspec.to_builtins(session))

    def read(self, value: str) -> Session | None:
        """The session of a cookie's value; None unless it was signed here, and lately."""
        try:
            return msgspec.convert(self._serializer.loads(value, self.lifetime_s), Session)
        except (BadData, msgspec.ValidationError):
            return None

    def of_cookies(self, header: str) -> Session | None:
        """The session in a request's Cookie header, if there is a valid one."""
        cookies = dict(cookies_in(header))
        # First the one that nobody else can have planted.
        value = cookies.get(HOST_PREFIX + COOKIE, cookies.get(COOKIE))
        return None if value is None else self.read(value)
