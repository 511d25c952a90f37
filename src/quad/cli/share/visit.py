"""A student's stay in a room: it survives lost connections, servers that restart, and itself."""

import asyncio
import contextlib
import secrets
from datetime import datetime
from typing import Final, Protocol

import msgspec

from quad.cli.connection import Connection, ConnectionLost, Declined, Event
from quad.cli.failures import Failed
from quad.cli.share import calls, doing, hearing, recording
from quad.cli.share.entering import Entrance
from quad.cli.share.folder import Folder
from quad.cli.share.lesson import Lesson, Note
from quad.cli.share.memory import Memories, Ticket
from quad.cli.share.notebook import Notebook
from quad.cli.share.notebook import View as LessonView
from quad.cli.share.place import Place
from quad.cli.share.sharing import Sharing, ended
from quad.cli.share.speaking import Speaker
from quad.cli.share.tasks import Task
from quad.cli.share.watching import PACE_S, Report

_LAST_WORDS_S: Final = 3.0


class View(LessonView, Protocol):
    """Whatever shows the visit to somebody."""

    def shared(self, report: Report) -> None:
        """Show what was sent of the folder."""


class Pass(msgspec.Struct, frozen=True):
    """Opens this student's place once; a time with its zone."""

    letters: str = msgspec.field(name="pass")
    expires_at: datetime


class Visit:
    """One student in one room."""

    def __init__(
        self,
        place: Place,
        name: str,
        folder: Folder,
        memories: Memories,
        view: View,
        *,
        pace_s: float = PACE_S,
        is_polling: bool = False,
        may_record: bool | None = None,
        typed_pass: str | None = None,
    ) -> None:
        """By a pass, the name is known when the server has said it."""
        self.place = place
        self._notebook = Notebook(place, name, memories, view, may_record=may_record)
        self._entrance = Entrance(self._notebook, typed_pass)
        self._speaker = Speaker(self._notebook)
        self._sharing = Sharing(folder, view.shared, pace_s=pace_s, is_polling=is_polling)
        self._connection: Connection | None = None

    @property
    def lesson(self) -> Lesson:
        """What there is to show now."""
        return self._notebook.lesson

    # What the student does

    def say(self, text: str) -> None:
        """Write to the teacher, now or when the connection is back."""
        if text.strip():
            self._notebook.become(doing.said(self.lesson, text, secrets.token_hex(16)))
            self._speaker.wake()

    def mark(self, task: Task, status: str) -> None:
        """Set the status of a task."""
        self._notebook.become(doing.marked(self.lesson, task, status))
        self._speaker.wake()

    def call(self, task: str | None = None, note: str = "") -> None:
        """Ask for help, with a task or apart from all of them."""
        self._notebook.become(calls.called(self.lesson, task, note))
        self._speaker.wake()

    def cancel_call(self) -> None:
        """Ask for help no longer."""
        self._notebook.become(calls.cancelled(self.lesson))
        self._speaker.wake()

    def pause_call(self) -> None:
        """Keep the place in the queue, and be passed over for a while; or no longer."""
        self._notebook.become(calls.paused(self.lesson))
        self._speaker.wake()

    async def record(self, *, is_allowed: bool) -> None:
        """Let what is saved be recorded, or no longer."""
        self._notebook.become(recording.decided(self.lesson, may_record=is_allowed))
        await self._sharing.follow(self.lesson, is_anew=False)

    async def ready(self) -> None:
        """Return when everything is here that there is to know in the room."""
        await self._speaker.until_ready()

    async def give_pass(self) -> Pass | str:
        """A pass for another device, or why there is none."""
        if self._connection is None:
            return "There is no connection now: try again when it is back."
        try:
            [answer] = await self._connection.ask("room/pass", {})
        except ConnectionLost:
            return "The connection was lost: try again when it is back."
        except Declined as declined:
            return f"There is no pass: {declined.sentence}"
        return msgspec.convert(answer, Pass)

    async def finish(self) -> None:
        """Give what was written last the time to be sent, if there is a connection."""
        if self.lesson.link == "online":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._speaker.until_quiet(), _LAST_WORDS_S)

    async def leave(self) -> None:
        """Leave the room for good: who comes back is somebody new."""
        self._notebook.forget()
        if self._connection is not None:
            try:
                await self._connection.ask("room/leave", {"room_id": self.place.room})
            except (ConnectionLost, Declined):
                """Then the teacher sees an absent student."""

    async def run(self) -> str:
        """Take part until the room is closed; returns the last words.

        Raises Failed (Unreachable is one) if there is no way in, or none back.
        """
        connection = await self._entrance.first()
        while True:
            try:
                await self._attend(connection)
            finally:
                await self._sharing.end()
                await connection.aclose()
            if self.lesson.is_closed:
                return self._farewell()
            if self.lesson.is_replaced:
                raise Failed(
                    f"another connection has taken the place of {self.lesson.name} in room "
                    f"{self.place.room}: a browser, or `quad share` runs twice with this name"
                )
            self._notebook.become(doing.lost(self.lesson))
            again = await self._entrance.again()
            if again is None:
                return self._farewell()
            connection = again

    def _farewell(self) -> str:
        self._notebook.forget()
        return "The teacher has closed the room."

    # What the server says

    async def _attend(self, connection: Connection) -> None:
        """Until the connection or the room ends."""
        self._connection = connection
        self._sharing.begin(connection)
        self._speaker.begin()
        speaking = asyncio.create_task(self._speaker.run(connection))
        try:
            await self._hear(connection)
        finally:
            await ended(speaking)
            self._connection = None

    async def _hear(self, connection: Connection) -> None:
        async for event in connection:
            self._hear_one(event)
            if self.lesson.is_closed:
                return
            # Also if somebody watches already: they have lost what they saw.
            await self._sharing.follow(self.lesson, is_anew=event.name == "sharing/start")

    def _hear_one(self, event: Event) -> None:
        payload = event.args[0] if event.args else None
        if event.name == "room/join":
            joined = self._joined(payload)
            self._notebook.keep_ticket(Ticket(joined.user_id, joined.token), joined.name)
        try:
            after = hearing.heard(self.lesson, event.name, payload)
        except msgspec.ValidationError as error:
            # Of a newer server, perhaps: the rest of the class goes on.
            words = f"The server said something that this program does not understand: {error}"
            after = self.lesson, [Note("bad", words)]
        self._notebook.become(after)
        self._speaker.hear(event.name)

    def _joined(self, payload: object) -> "_Joined":
        try:
            return msgspec.convert(payload, _Joined)
        except msgspec.ValidationError:
            raise Failed(
                f"{self.place.url} does not speak as this program does: install the `quad share` "
                f"that it offers, at {self.place.url}/install"
            ) from None


class _Joined(msgspec.Struct):
    user_id: int
    name: str
    token: str
    # What a server says that knows protocol 3.
    is_teacher_here: bool
