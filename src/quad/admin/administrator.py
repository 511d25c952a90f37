"""The administrator: one name, one password, set or made at the first start."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from quad import audit
from quad.admin import tables
from quad.admin.cookies import COOKIE, AdminCookies
from quad.http import AnyConnection, basic_of, bearer_of, cookie_of, refuse_cross_site
from quad.identity import Keys
from quad.identity.gate import Gate
from quad.identity.passwords import hash_password, new_password
from quad.realtime import request_of
from quad.realtime.http.request import Request
from quad.refusals import NotAllowed, WrongPassword
from quad.store import Conflict, Store

log = logging.getLogger("quad.admin")

NAME: Final = "admin"
PASSWORD_FILE: Final = "admin-password"
LOGIN: Final = "admin.login"

_LEAST_CHARACTERS: Final = 12

_KEY: Final = ("administrator", NAME)


class Administrator:
    """Knows the administrator by a browser's cookie, by HTTP Basic, or by a bearer token.

    The token is the password.
    """

    def __init__(
        self,
        store: Store,
        password: str,
        gate: Gate,
        password_file: Path,
        now: Callable[[], datetime],
        keys: Keys | None = None,
    ) -> None:
        """`password_file` is where a password goes that is made here."""
        self._store = store
        self._password = password
        self._gate = gate
        self._password_file = password_file
        self._hashed = ""
        key = (keys or Keys.random()).key("administrator's cookies")
        self.cookies: Final = AdminCookies(store, key, now)

    async def open(self) -> None:
        """Read the password's hash; or make a password and write it down, once.

        Raises StoreError, OSError.
        """
        if self._password:
            if len(self._password) < _LEAST_CHARACTERS:
                log.warning(
                    "the administrator's password has fewer than %d characters: it can be guessed",
                    _LEAST_CHARACTERS,
                )
            self._hashed = await hash_password(self._password)
        else:
            self._hashed = await self._find() or await self._make()
        await self.cookies.open(self._password or self._hashed)

    async def log_in(self, address: str, password: str) -> str:
        """The value of a new cookie. Raises WrongPassword, TooManyTries."""
        if not await self._gate.admits(address, _KEY, password, self._hashed, action=LOGIN):
            raise WrongPassword
        return self.cookies.sign()

    async def log_out(self, request: Request) -> None:
        """End the session of this browser, wherever its cookie is kept. Raises StoreError."""
        if await self.cookies.end(cookie_of(request, COOKIE)):
            audit.record("admin.logout", address=request.address)

    def has_session(self, request: Request) -> bool:
        """Whether a browser asks that has logged in."""
        return self.cookies.is_valid(cookie_of(request, COOKIE))

    async def check(self, request: Request) -> None:
        """Return if it is the administrator who asks. Raises NotAllowed, TooManyTries."""
        if self.has_session(request):
            return
        name, password = basic_of(request.headers) or (NAME, bearer_of(request.headers))
        if password is None:
            raise NotAllowed("the administrator's password is needed")
        if name != NAME:
            # Counted as well: else a wrong name would be a way to try without a limit.
            self._gate.note_wrong(request.address, _KEY, action=LOGIN)
            raise NotAllowed("the administrator's name or password is wrong")
        if not await self._gate.admits(request.address, _KEY, password, self._hashed, action=LOGIN):
            raise NotAllowed("the administrator's name or password is wrong")

    async def _find(self) -> str:
        rows = await self._store.read(tables.select_administrator(NAME))
        return rows[0].pass_hash if rows else ""

    async def _make(self) -> str:
        password = new_password()
        hashed = await hash_password(password)
        # Before it counts: a password that nobody can read would lock everybody out.
        draft = self._password_file.with_name(f".{PASSWORD_FILE}.{os.getpid()}")
        await asyncio.to_thread(_write_down, draft, password)
        try:
            await self._store.write(tables.insert_administrator(NAME, hashed))
        except Conflict:
            draft.unlink()
            return await self._find()  # another node was faster, and has written down its own
        draft.replace(self._password_file)
        self._tell(password)
        return hashed

    def _tell(self, password: str) -> None:
        # What goes to a terminal is read once; anywhere else it would be kept, and read by others.
        shown = f": {password}" if sys.stderr.isatty() else ""
        sys.stderr.write(
            f"\nThe administrator is {NAME!r}; the password{shown} was made just now and is in\n"
            f"{self._password_file.absolute()}\nQUAD_ADMIN_PASSWORD sets another.\n\n"
        )
        sys.stderr.flush()


def make_guard(administrator: Administrator) -> Guard:
    """What each of the administrator's routes asks before anything else."""

    async def guard(connection: AnyConnection, _: BaseRouteHandler) -> None:
        request = request_of(connection.scope)
        # A browser adds the password, or the cookie, to whatever any page makes it send.
        refuse_cross_site(request)
        await administrator.check(request)

    return guard


def _write_down(file: Path, password: str) -> None:
    """For the owner alone, from the first moment on. Raises OSError."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(password + "\n")
        opened.flush()
        os.fsync(opened.fileno())
