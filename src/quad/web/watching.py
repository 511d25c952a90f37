"""Who may see the server's figures: this machine's programs, the administrator, or everyone."""

from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from quad.http import AnyConnection
from quad.realtime import request_of
from quad.refusals import HttpRefused


class Watchers:
    """Whom `/metrics` and the reasons of `/ready` are for."""

    def __init__(self, administrator: Guard, *, are_everyone: bool) -> None:
        """`administrator` is the guard of the administrator's routes."""
        self._administrator = administrator
        self._are_everyone = are_everyone

    async def guard(self, connection: AnyConnection, handler: BaseRouteHandler) -> None:
        """Return if whoever asks may see them. Raises HttpRefused."""
        if self._are_everyone or request_of(connection.scope).is_from_this_machine:
            return
        answer = self._administrator(connection, handler)
        if answer is not None:
            await answer

    async def include(self, connection: AnyConnection, handler: BaseRouteHandler) -> bool:
        """Whether whoever asks may see them."""
        try:
            await self.guard(connection, handler)
        except HttpRefused:
            return False
        return True
