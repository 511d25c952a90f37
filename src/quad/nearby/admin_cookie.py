"""The administrator's browser: a signed cookie instead of the password with every request."""

import hashlib
import hmac
from typing import Final

from itsdangerous import BadData, URLSafeTimedSerializer

COOKIE: Final = "quad_admin"
LIFETIME_S: Final = 12 * 3600
"""A working day: whoever forgets to log out does not stay in for long."""

_CONTENT: Final = "admin"


class AdminCookies:
    """Signs and knows them. They outlive restarts, and end when the password is another one."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._serializer: URLSafeTimedSerializer | None = None

    def open(self, password: str) -> None:
        """From now on `password` is the one in force, or its lasting hash."""
        # Not the password alone: whoever has a cookie could guess it, as fast as they can count.
        secret = hmac.digest(self._key, password.encode(), hashlib.sha256)
        self._serializer = URLSafeTimedSerializer(secret, salt="quad.admin")

    def sign(self) -> str:
        """The value of a new cookie."""
        assert self._serializer is not None, "not opened"
        return self._serializer.dumps(_CONTENT)

    def is_valid(self, value: str) -> bool:
        """Whether this was signed here, not too long ago, and under the present password."""
        assert self._serializer is not None, "not opened"
        try:
            return bool(self._serializer.loads(value, LIFETIME_S) == _CONTENT)
        except BadData:
            return False
