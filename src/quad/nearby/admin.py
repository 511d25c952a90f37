"""The administrator: one name, one password, set or made at the first start."""

import sys
from typing import Final

from sqlalchemy import Select, insert, select

from quad.identity import Keys
from quad.identity.passwords import hash_password, new_password
from quad.nearby.admin_cookie import COOKIE, AdminCookies
from quad.nearby.gate import Gate
from quad.nearby.http import basic_of, bearer_of, cookie_of
from quad.nearby.refusals import NotAllowed, WrongPassword
from quad.nearby.tables import administrators
from quad.realtime.request import Request as Visit
from quad.store import Change, Conflict, Store

NAME: Final = "admin"

_KEY: Final = ("administrator", NAME)
_INSERT: Final = insert(administrators)


class Administrator:
    """Knows the administrator by a browser's cookie, by HTTP Basic, or by a bearer token.

    The token is the password.
    """

    def __init__(self, store: Store, password: str, gate: Gate, keys: Keys | None = None) -> None:
        self._store = store
        self._password = password
        self._gate = gate
        self._hashed = ""
        self._cookies = AdminCookies((keys or Keys.random()).key("administrator's cookies"))

    async def open(self) -> None:
        """Read the password's hash; or make a password and show it, once. Raises StoreError."""
        if self._password:
            self._hashed = await hash_password(self._password)
        else:
            self._hashed = await self._find() or await self._make()
        self._cookies.open(self._password or self._hashed)

    async def log_in(self, address: str, password: str) -> str:
        """The value of a new cookie. Raises WrongPassword, TooManyTries."""
        if not await self._gate.admits(address, _KEY, password, self._hashed):
            raise WrongPassword
        return self._cookies.sign()

    def has_session(self, visit: Visit) -> bool:
        """Whether a browser asks that has logged in."""
        return self._cookies.is_valid(cookie_of(visit.headers, COOKIE))

    async def check(self, visit: Visit) -> None:
        """Return if it is the administrator who asks. Raises NotAllowed, TooManyTries."""
        if self.has_session(visit):
            return
        name, password = basic_of(visit.headers) or (NAME, bearer_of(visit.headers))
        if password is None:
            raise NotAllowed("the administrator's password is needed")
        if name != NAME:
            # Counted as well: else a wrong name would be a way to try without a limit.
            self._gate.take(visit.address, _KEY)
            raise NotAllowed("the administrator's name or password is wrong")
        if not await self._gate.admits(visit.address, _KEY, password, self._hashed):
            raise NotAllowed("the administrator's name or password is wrong")

    async def _find(self) -> str:
        rows = await self._store.read(_select())
        return rows[0].pass_hash if rows else ""

    async def _make(self) -> str:
        password = new_password()
        hashed = await hash_password(password)
        try:
            await self._store.write(Change(_INSERT, {"name": NAME, "pass_hash": hashed}))
        except Conflict:
            return await self._find()  # another node was faster, and has shown its own
        # Not by logging: a log is kept, and read by others.
        sys.stderr.write(
            f"\nThe administrator of nearby is {NAME!r} with the password {password}\n"
            "It is shown this once. QUAD_ADMIN_PASSWORD sets another.\n\n"
        )
        sys.stderr.flush()
        return hashed


def _select() -> Select[str]:
    return select(administrators.c.pass_hash).where(administrators.c.name == NAME)
