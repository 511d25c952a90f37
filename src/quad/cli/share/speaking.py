"""Sends what the student writes, sets and asks: in order, and each once."""

import asyncio
from typing import Any, Final

import msgspec

from quad.cli.connection import Connection, ConnectionLost, Declined
from quad.cli.share import doing
from quad.cli.share.calls import call_given_up, call_kept
from quad.cli.share.lesson import Call, Lesson, Note
from quad.cli.share.memory import Unsent
from quad.cli.share.notebook import Notebook

_AGAIN_S: Final = 2.0


class _Sent(msgspec.Struct):
    id: int


class Speaker:
    """Goes on where it was when the connection is back."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self._is_in = asyncio.Event()
        self._has_history = asyncio.Event()
        self._has_something_to_say = asyncio.Event()
        self._has_said_all = asyncio.Event()

    @property
    def _lesson(self) -> Lesson:
        return self._notebook.lesson

    def begin(self) -> None:
        """Of a new connection nothing was heard."""
        self._is_in.clear()
        self._has_history.clear()

    def wake(self) -> None:
        """There is something to say."""
        self._has_said_all.clear()
        self._has_something_to_say.set()

    def hear(self, event: str) -> None:
        """The server has said this."""
        if event == "room/join":
            self._is_in.set()
        elif event == "message/user":
            self._has_history.set()

    async def until_ready(self) -> None:
        """Return when everything is here that there is to know in the room."""
        await self._has_history.wait()

    async def until_quiet(self) -> None:
        """Return when everything is said."""
        await self._has_said_all.wait()

    async def run(self, connection: Connection) -> None:
        """Speak until the connection ends."""
        try:
            await self._is_in.wait()
            await self._catch_up(connection)
            while True:
                await self._send_call(connection)
                await self._send_messages(connection)
                await self._send_statuses(connection)
                if not self._has_something_to_say.is_set():
                    self._has_said_all.set()
                await self._has_something_to_say.wait()
                self._has_something_to_say.clear()
        except ConnectionLost:
            """What is unsent stays so, until the connection is back."""

    async def _catch_up(self, connection: Connection) -> None:
        try:
            await connection.ask("message/user", {"user_id": self._lesson.user_id})
        except Declined as declined:
            # Of a room that has ended there is nothing to learn; the end is heard by itself.
            if declined.may_pass:
                await asyncio.sleep(_AGAIN_S)
                await self._catch_up(connection)
        else:
            await self._has_history.wait()

    async def _send_call(self, connection: Connection) -> None:
        while not self._lesson.is_call_kept:
            call = self._lesson.call
            try:
                await _ask_for(connection, call)
            except Declined as declined:
                if not await self._may_try_again(declined, "The call for help was not sent"):
                    self._notebook.become((call_given_up(self._lesson, call), ()))
            else:
                self._notebook.become((call_kept(self._lesson, call), ()))

    async def _send_messages(self, connection: Connection) -> None:
        while self._lesson.unsent:
            message = self._lesson.unsent[0]
            try:
                sent = await self._send_message(connection, message)
            except Declined as declined:
                if not await self._may_try_again(declined, "Your message was not sent"):
                    self._notebook.become((doing.given_up(self._lesson, message), ()))
            else:
                self._notebook.become((doing.arrived(self._lesson, message, sent), ()))

    async def _send_message(self, connection: Connection, message: Unsent) -> int:
        request = {
            "room_id": self._lesson.room,
            "content": message.text,
            "key": message.key,
        }
        [answer] = await connection.ask("message/to_mentor", request)
        return msgspec.convert(answer, _Sent).id

    async def _send_statuses(self, connection: Connection) -> None:
        while self._lesson.unsent_statuses:
            news = self._lesson.unsent_statuses
            try:
                await connection.ask("tasks/report", {"statuses": news})
            except Declined as declined:
                if not await self._may_try_again(declined, "The status was not set"):
                    self._notebook.become((doing.taken_back(self._lesson, news), ()))
            else:
                self._notebook.become((doing.reported(self._lesson, news), ()))

    async def _may_try_again(self, declined: Declined, what: str) -> bool:
        self._notebook.tell(Note("bad", f"{what}: {declined.sentence}"))
        if not declined.may_pass:
            return False
        await asyncio.sleep(_AGAIN_S)
        return True


async def _ask_for(connection: Connection, call: Call | None) -> None:
    if call is None:
        await connection.ask("help/cancel", {})
        return
    request: dict[str, Any] = {"note": call.note}
    if call.task is not None:
        request["task"] = call.task
    await connection.ask("help/ask", request)
    if call.is_paused:
        await connection.ask("help/pause", {"is_paused": True})
