"""The lesson as it is now: all that happens goes through here, is shown, and is remembered."""

from collections.abc import Sequence
from itertools import chain
from typing import Protocol

from msgspec.structs import replace

from quad.cli.share.calls import news_of_call
from quad.cli.share.lesson import Heard, Lesson, Note
from quad.cli.share.memory import Memories, Memory, Ticket
from quad.cli.share.place import Place
from quad.cli.share.recording import news_of_recording


class View(Protocol):
    """Whatever shows the lesson to somebody."""

    def show(self, lesson: Lesson, notes: Sequence[Note]) -> None:
        """Show the lesson as it is now, and what has happened."""


class Notebook:
    """Keeps one student's lesson, on the screen and on the disk."""

    def __init__(
        self,
        place: Place,
        name: str,
        memories: Memories,
        view: View,
        *,
        may_record: bool | None = None,
    ) -> None:
        """`may_record` is said for this run and those that come; None is what was said before."""
        self.place = place
        self.name = name
        self._memories = memories
        self._view = view
        self._memory = memories.find(place, name)
        self.lesson = Lesson(
            room=place.room,
            name=name,
            unsent=self._memory.unsent,
            may_record=self._memory.may_record if may_record is None else may_record,
        )

    @property
    def ticket(self) -> Ticket | None:
        """The way back into the room."""
        return self._memory.ticket

    def become(self, after: Heard) -> None:
        """The lesson is another one now."""
        before = self.lesson
        self.lesson, notes = after
        news = news_of_call(before, self.lesson), news_of_recording(before, self.lesson)
        self._view.show(self.lesson, [*notes, *chain(*news)])
        self._remember()

    def tell(self, note: Note) -> None:
        """Show a note, with nothing changed."""
        self.become((self.lesson, [note]))

    def keep_ticket(self, ticket: Ticket, name: str) -> None:
        """The student is this one from now on, and called so."""
        if name != self.name:
            self._be(name, ticket)
        self._remember(ticket)

    def _be(self, name: str, ticket: Ticket) -> None:
        """Somebody came in by a pass: what was remembered here of that student goes on."""
        self.name = name
        found = self._memories.find(self.place, name)
        self._memory = found if found.user_id == ticket.user_id else Memory()
        lesson = self.lesson
        unsent = (*self._memory.unsent, *lesson.unsent)
        is_said = lesson.may_record is not None
        may_record = lesson.may_record if is_said else self._memory.may_record
        self.lesson = replace(lesson, unsent=unsent, may_record=may_record)

    def forget(self) -> None:
        """Nobody of this name comes back."""
        self._memories.drop(self.place, self.name)
        self._memory = replace(self._memory, user_id=0, token="")

    def _remember(self, ticket: Ticket | None = None) -> None:
        memory = replace(self._memory, unsent=self.lesson.unsent, may_record=self.lesson.may_record)
        if ticket is not None:
            memory = replace(memory, user_id=ticket.user_id, token=ticket.token)
        # Of somebody who was never in, or is no more, nothing stays.
        if memory == self._memory or not memory.token:
            return
        self._memory = memory
        try:
            self._memories.keep(self.place, self.name, memory)
        except OSError as error:
            words = f"Who you are could not be saved for the next time: {error}"
            self._view.show(self.lesson, [Note("warning", words)])
