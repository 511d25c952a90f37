"""Ways into a room, and back into it."""

import asyncio
from typing import Final

from quad.cli.connection import Connection, ConnectionLost, Declined, open_connection, waits
from quad.cli.failures import Failed
from quad.cli.reaching import Unreachable
from quad.cli.share.memory import Ticket
from quad.cli.share.notebook import Notebook

_PROTOCOL: Final = 3
_GONE: Final = frozenset({"user_not_found", "wrong_token", "token_required"})


class NameTaken(Failed):
    """Somebody of that name is in the room; perhaps it is the same student, in a browser."""


class Entrance:
    """Lets one student in, as often as the connection needs it."""

    def __init__(self, notebook: Notebook, typed_pass: str | None = None) -> None:
        """By a pass, if there is one, at the first time."""
        self._notebook = notebook
        self._pass = typed_pass

    async def first(self) -> Connection:
        """Raises Failed (Unreachable is one) if there is no way in."""
        url = self._notebook.place.url
        connection = await open_connection(url)
        try:
            await self._enter(connection)
        except ConnectionLost as lost:
            await connection.aclose()
            raise Unreachable(url, f"it ended the connection: {lost}") from None
        except Declined as declined:
            await connection.aclose()
            raise self._no_way_in(declined) from None
        except BaseException:
            await connection.aclose()
            raise
        return connection

    async def again(self) -> Connection | None:
        """The new connection, sooner or later; None if the room was closed meanwhile."""
        for wait_s in waits():
            await asyncio.sleep(wait_s)
            try:
                connection = await open_connection(self._notebook.place.url)
            except Unreachable:
                continue
            try:
                # The token is there: without it nobody was let in.
                assert self._notebook.ticket is not None
                await self._rejoin(connection, self._notebook.ticket)
            except ConnectionLost:
                await connection.aclose()
            except Declined as declined:
                await connection.aclose()
                if declined.code == "room_not_found":
                    return None
                if not declined.may_pass:
                    raise self._no_way_back(declined) from None
            except BaseException:
                await connection.aclose()
                raise
            else:
                return connection
        raise AssertionError("waits never end")

    async def _enter(self, connection: Connection) -> None:
        """With the ticket of an earlier run; without one, or if it is worth nothing now, anew."""
        notebook = self._notebook
        if self._pass is not None:
            await self._ask(connection, "room/join", {"pass": self._pass})
            return
        if notebook.ticket is not None:
            try:
                await self._rejoin(connection, notebook.ticket)
            except Declined as declined:
                if declined.code not in _GONE:
                    raise
                notebook.forget()
            else:
                return
        await self._ask(connection, "room/join", {"name": notebook.name})

    async def _rejoin(self, connection: Connection, ticket: Ticket) -> None:
        place = {"user_id": ticket.user_id, "token": ticket.token}
        await self._ask(connection, "room/rejoin", place)

    async def _ask(self, connection: Connection, event: str, request: dict[str, object]) -> None:
        room = self._notebook.place.room
        await connection.ask(event, {"room_id": room, **request, "protocol": _PROTOCOL})

    def _no_way_in(self, declined: Declined) -> Failed:
        (url, room), name = self._notebook.place, self._notebook.name
        match declined.code:
            case "room_not_found":
                return Failed(f"there is no room {room} at {url}: is the number right?")
            case "name_taken":
                return NameTaken(
                    f"somebody is called {name} in room {room} already: take another name "
                    "with --name, or, if that is you in the browser, start in a terminal, which "
                    "asks for the code that the page has"
                )
            case "wrong_pass":
                return Failed(
                    f"{self._pass} opens no place in room {room} now: a pass is good once, for ten "
                    "minutes. If it was used here, start with --name; else get a new one: /pass in "
                    "`quad share`, or from the teacher"
                )
            case _:
                who = name or "you"
                return Failed(f"{url} does not let {who} in: {declined.sentence}")

    def _no_way_back(self, declined: Declined) -> Failed:
        (url, room), name = self._notebook.place, self._notebook.name
        self._notebook.forget()
        if declined.code == "user_not_found":
            return Failed(f"the teacher has removed you from room {room}")
        return Failed(f"{url} does not let {name} in: {declined.sentence}")
