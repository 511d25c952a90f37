"""The administrator's browser: a signed cookie instead of the password with every request."""

import hashlib
import hmac
from typing import Final

from itsdangerous import BadData, URLSafeTimedSerializer

from quad.identity import new_token
from quad.nearby import tables
from quad.store import Store, kept_key

COOKIE: Final = "quad_admin"
LIFETIME_S: Final = 12 * 3600
"""A working day: whoever forgets to log out does not stay in for long."""

_CONTENT: Final = "admin"


class AdminCookies:
    """Signs and knows them. They outlive restarts, and end when the password is another one."""

    def __init__(self) -> None:
        self._serializer: URLSafeTimedSerializer | None = None

    async def open(self, store: Store, password: str) -> None:
        """Read the key, or make it; `password` is the one in force, or its lasting hash.

        Raises StoreError.
        """
        key = await kept_key(store, tables.select_key(), tables.insert_key(new_token()))
        # Not the password alone: whoever has a cookie could guess it, as fast as they can count.
        secret = hmac.digest(key.encode(), password.encode(), hashlib.sha256)
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
