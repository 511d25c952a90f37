"""A student's stay in a room: it survives lost connections, servers that restart, and itself.

Everything that happens goes through one place, `_become`, which shows it.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Protocol

import msgspec

from quad.cli.connection import (
    Connection,
    ConnectionLost,
    Declined,
    Event,
    open_connection,
    waits,
)
from quad.cli.failures import Failed
from quad.cli.reaching import Unreachable
from quad.cli.share import lesson as class_
from quad.cli.share.calls import call_given_up, call_kept, called, news_of_call
from quad.cli.share.changes import File
from quad.cli.share.folder import Folder
from quad.cli.share.lesson import Heard, Lesson, Note
from quad.cli.share.place import Place
from quad.cli.share.tickets import Ticket, Tickets
from quad.cli.share.unsent import UnsentFile
from quad.cli.share.watching import PACE_S, Report, Watching

_CURRENT: Final = 2  # the wire's protocol with tokens
_GONE: Final = frozenset({"user_not_found", "wrong_token", "token_required"})
# What a message says besides the files.
_ENVELOPE_BYTES: Final = 10_000
_LAST_WORDS_S: Final = 3.0
_AGAIN_S: Final = 2.0


class NameTaken(Failed):
    """Somebody of that name is in the room; perhaps it is the same student, in a browser."""


class View(Protocol):
    """Whatever shows the lesson to somebody."""

    def show(self, lesson: Lesson, notes: Sequence[Note]) -> None:
        """Show the lesson as it is now, and what has happened."""

    def shared(self, report: Report) -> None:
        """Show what was sent of the folder."""


class Visit:
    """One student in one room."""

    def __init__(
        self,
        place: Place,
        name: str,
        folder: Folder,
        tickets: Tickets,
        view: View,
        *,
        pace_s: float = PACE_S,
        is_polling: bool = False,
    ) -> None:
        self.lesson = Lesson(room=place.room, name=name)
        self._place = place
        self._name = name
        self._folder = folder
        self._tickets = tickets
        self._view = view
        self._pace_s = pace_s
        self._is_polling = is_polling
        self._ticket = tickets.find(place, name)
        self._connection: Connection | None = None
        self._watching: Watching | None = None
        self._sharing: asyncio.Task[None] | None = None
        self._is_in = asyncio.Event()
        self._has_caught_up = asyncio.Event()
        self._has_something_to_say = asyncio.Event()
        self._has_said_all = asyncio.Event()

    # What the student does

    def say(self, text: str) -> None:
        """Write to the teacher, now or when the connection is back."""
        if text.strip():
            self._become(class_.said(self.lesson, text))
            self._wake_speaker()

    def mark(self, task: str, status: str) -> None:
        """Set the status of a task."""
        self._become(class_.marked(self.lesson, task, status))
        self._wake_speaker()

    def call(self, *, is_calling: bool) -> None:
        """Ask for help apart from any task, or no longer."""
        self._become(called(self.lesson, is_calling=is_calling))
        self._wake_speaker()

    async def ready(self) -> None:
        """Return when everything is here that there is to know in the room."""
        await self._has_caught_up.wait()

    async def finish(self) -> None:
        """Give what was written last the time to be sent, if there is a connection."""
        if self.lesson.link == "online":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._has_said_all.wait(), _LAST_WORDS_S)

    async def leave(self) -> None:
        """Leave the room for good: who comes back is somebody new."""
        self._tickets.drop(self._place, self._name)
        if self._connection is not None:
            try:
                await self._connection.ask("room/leave", {"room_id": self._place.room})
            except (ConnectionLost, Declined):
                """Then the teacher sees an absent student."""

    async def run(self) -> str:
        """Take part until the room is closed; returns the last words.

        Raises Failed (Unreachable is one) if there is no way in, or none back.
        """
        connection = await self._enter_first()
        while True:
            try:
                await self._attend(connection)
            finally:
                await self._stop_sharing()
                await connection.aclose()
            if self.lesson.is_closed:
                return self._farewell()
            if self.lesson.is_replaced:
                raise Failed(
                    f"another connection has taken the place of {self._name} in room "
                    f"{self._place.room}: a browser, or `quad share` runs twice with this name"
                )
            self._become(class_.lost(self.lesson))
            again = await self._come_back()
            if again is None:
                return self._farewell()
            connection = again

    # Ways in

    async def _enter_first(self) -> Connection:
        connection = await open_connection(self._place.url)
        try:
            await self._enter(connection)
        except ConnectionLost as lost:
            await connection.aclose()
            raise Unreachable(self._place.url, f"it ended the connection: {lost}") from None
        except Declined as declined:
            await connection.aclose()
            raise self._no_way_in(declined) from None
        except BaseException:
            await connection.aclose()
            raise
        return connection

    async def _enter(self, connection: Connection) -> None:
        """With the ticket of an earlier run; without one, or if it is worth nothing now, anew."""
        if self._ticket is not None:
            try:
                await self._rejoin(connection, self._ticket)
            except Declined as declined:
                if declined.code not in _GONE:
                    raise
                self._tickets.drop(self._place, self._name)
                self._ticket = None
            else:
                return
        request = {"room_id": self._place.room, "name": self._name, "protocol": _CURRENT}
        await connection.ask("room/join", request)

    async def _rejoin(self, connection: Connection, ticket: Ticket) -> None:
        request = {
            "room_id": self._place.room,
            "user_id": ticket.user_id,
            "token": ticket.token,
            "protocol": _CURRENT,
        }
        await connection.ask("room/rejoin", request)

    async def _come_back(self) -> Connection | None:
        """The new connection, sooner or later; None if the room was closed meanwhile."""
        for wait_s in waits():
            await asyncio.sleep(wait_s)
            try:
                connection = await open_connection(self._place.url)
            except Unreachable:
                continue
            try:
                # The token is there: without it nobody was let in.
                assert self._ticket is not None
                await self._rejoin(connection, self._ticket)
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

    def _no_way_in(self, declined: Declined) -> Failed:
        room, url = self._place.room, self._place.url
        match declined.code:
            case "room_not_found":
                return Failed(f"there is no room {room} at {url}: is the number right?")
            case "name_taken":
                return NameTaken(
                    f"somebody is called {self._name} in room {room} already: take another name "
                    "with --name, or, if that is you in the browser, start in a terminal, which "
                    "asks for the code that the page has"
                )
            case _:
                return Failed(f"{url} does not let {self._name} in: {declined.sentence}")

    def _no_way_back(self, declined: Declined) -> Failed:
        self._tickets.drop(self._place, self._name)
        if declined.code == "user_not_found":
            return Failed(f"the teacher has removed you from room {self._place.room}")
        return Failed(f"{self._place.url} does not let {self._name} in: {declined.sentence}")

    def _farewell(self) -> str:
        self._tickets.drop(self._place, self._name)
        return "The teacher has closed the room."

    # Inside

    async def _attend(self, connection: Connection) -> None:
        """Until the connection or the room ends."""
        self._connection = connection
        self._is_in.clear()
        self._has_caught_up.clear()
        speaking = asyncio.create_task(self._speak(connection))
        try:
            await self._hear(connection)
        finally:
            await _end(speaking)
            self._connection = None

    async def _hear(self, connection: Connection) -> None:
        async for event in connection:
            self._hear_one(event)
            if self.lesson.is_closed:
                return
            await self._follow_watching(event)

    def _hear_one(self, event: Event) -> None:
        payload = event.args[0] if event.args else None
        try:
            after = class_.heard(self.lesson, event.name, payload)
        except msgspec.ValidationError as error:
            # Of a newer server, perhaps: the rest of the class goes on.
            words = f"The server said something that this program does not understand: {error}"
            after = self.lesson, [Note("bad", words)]
        self._become(after)
        if event.name == "room/join":
            self._keep_ticket(payload)
            self._is_in.set()
        elif event.name == "message/user":
            self._has_caught_up.set()

    def _keep_ticket(self, payload: object) -> None:
        try:
            self._ticket = msgspec.convert(payload, Ticket)
            self._tickets.keep(self._place, self._name, self._ticket)
        except msgspec.ValidationError:
            raise Failed(f"{self._place.url} is no Quad server that this program knows") from None
        except OSError as error:
            words = f"Who you are could not be saved for the next time: {error}"
            self._become((self.lesson, [Note("warning", words)]))

    async def _speak(self, connection: Connection) -> None:
        """Send what the student writes and sets, in order, once each."""
        try:
            await self._is_in.wait()
            await self._catch_up(connection)
            while True:
                await self._report_call(connection)
                await self._say_unsent(connection)
                await self._report_unsent(connection)
                if not self._has_something_to_say.is_set():
                    self._has_said_all.set()
                await self._has_something_to_say.wait()
                self._has_something_to_say.clear()
        except ConnectionLost:
            """What is unsent stays so, until the connection is back."""

    async def _catch_up(self, connection: Connection) -> None:
        request = {"user_id": self.lesson.user_id}
        try:
            await connection.ask("message/user", request)
        except Declined as declined:
            # Of a room that has ended there is nothing to learn; the end is heard by itself.
            if declined.may_pass:
                await asyncio.sleep(_AGAIN_S)
                await self._catch_up(connection)
        else:
            await self._has_caught_up.wait()

    def _wake_speaker(self) -> None:
        self._has_said_all.clear()
        self._has_something_to_say.set()

    async def _report_call(self, connection: Connection) -> None:
        while not self.lesson.is_call_kept:
            is_calling = self.lesson.is_calling
            request = {
                "room_id": self._place.room,
                "user_id": self.lesson.user_id,
                "value": "HELP" if is_calling else "NONE",
            }
            try:
                await connection.ask("signal", request)
            except Declined as declined:
                if not await self._may_try_again(declined, "The call for help was not sent"):
                    self._become((call_given_up(self.lesson, is_calling=is_calling), ()))
            else:
                self._become((call_kept(self.lesson, is_calling=is_calling), ()))

    async def _say_unsent(self, connection: Connection) -> None:
        while self.lesson.unsent:
            text = self.lesson.unsent[0]
            request = {"room_id": self._place.room, "content": text}
            try:
                await connection.ask("message/to_mentor", request)
            except Declined as declined:
                if not await self._may_try_again(declined, "Your message was not sent"):
                    self._become((class_.given_up(self.lesson), ()))
            else:
                now = datetime.now(UTC).isoformat()
                self._become((class_.arrived(self.lesson, text, now), ()))

    async def _report_unsent(self, connection: Connection) -> None:
        while self.lesson.unsent_statuses:
            news = self.lesson.unsent_statuses
            try:
                # The server replaces all statuses by these.
                statuses = {**self.lesson.statuses, **news}
                await connection.ask("steps/status/to_mentor", statuses)
            except Declined as declined:
                if not await self._may_try_again(declined, "The status was not set"):
                    self._become((class_.taken_back(self.lesson, news), ()))
            else:
                self._become((class_.reported(self.lesson, news), ()))

    async def _may_try_again(self, declined: Declined, what: str) -> bool:
        note = Note("bad", f"{what}: {declined.sentence}")
        self._become((self.lesson, [note]))
        if not declined.may_pass:
            return False
        await asyncio.sleep(_AGAIN_S)
        return True

    # The folder

    async def _follow_watching(self, event: Event) -> None:
        if event.name == "sharing/start":
            # Also if somebody watches already: they have lost what they saw.
            await self._stop_sharing()
            self._start_sharing()
        elif not self.lesson.is_watched:
            await self._stop_sharing()
        elif event.name == "settings" and self._watching is not None:
            self._watching.ignore(self.lesson.ignores)

    def _start_sharing(self) -> None:
        assert self._connection is not None
        space = self._connection.handshake.max_payload - _ENVELOPE_BYTES
        limits = self._folder.limits
        self._folder.limits = msgspec.structs.replace(limits, message=min(limits.message, space))
        self._watching = Watching(
            self._folder,
            self.lesson.ignores,
            self._send_files,
            self._view.shared,
            pace_s=self._pace_s,
            is_polling=self._is_polling,
        )
        self._sharing = asyncio.create_task(self._watching.run())

    async def _stop_sharing(self) -> None:
        sharing, self._sharing, self._watching = self._sharing, None, None
        if sharing is not None:
            await _end(sharing)

    async def _send_files(self, event: str, files: Sequence[File] | Sequence[UnsentFile]) -> None:
        if self._connection is None:
            raise ConnectionLost
        await self._connection.ask(event, {"room_id": self._place.room, "files": files})

    def _become(self, after: Heard) -> None:
        before = self.lesson
        self.lesson, notes = after
        self._view.show(self.lesson, [*notes, *news_of_call(before, self.lesson)])


async def _end(task: asyncio.Task[None]) -> None:
    """End a task; raises what it has failed with."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.result()
