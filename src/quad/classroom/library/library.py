"""Saves sets of tasks under a teacher's key, and gives them out again.

Like keys, they are at home nowhere: the database has all that there is to know.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct, structs

from quad.classroom.entering.keys import Keys
from quad.classroom.entering.secrets import Teacher
from quad.classroom.library import tables
from quad.classroom.model import check_title, in_words, utf8_size
from quad.classroom.pictures.pictures import Pictures
from quad.classroom.pictures.tables import show_in_set
from quad.classroom.refusals import TooLarge, UnknownSet
from quad.classroom.rooms import Rooms
from quad.classroom.tasks.cleaning import Cleaning
from quad.classroom.tasks.model import Task, check_id, checked_tasks, is_id
from quad.classroom.tasks.tables import encoded_tasks
from quad.realtime import Client
from quad.store import Change

SETS_LIMIT: Final = 200
_LIMIT_BYTES: Final = 50_000_000


class TaskSet(Struct, frozen=True):
    """A set of tasks, with their solutions; `id` is its teacher's, as that of a task."""

    id: str
    tasks: Sequence[Task]
    title: str = ""


class SavedSet(Struct, frozen=True):
    """What `sets/save` is acknowledged by; `updated_at` in ISO 8601."""

    id: str
    updated_at: str


class LoadedSet(Struct, frozen=True):
    """What `sets/load` is acknowledged by; `updated_at` in ISO 8601."""

    id: str
    title: str
    tasks: Sequence[Task]
    updated_at: str


class Library:
    """The sets of all teachers."""

    def __init__(
        self,
        rooms: Rooms,
        keys: Keys,
        cleaning: Cleaning,
        pictures: Pictures,
        now: Callable[[], datetime],
        limit_bytes: int,
    ) -> None:
        self._rooms: Final = rooms
        self._keys: Final = keys
        self._cleaning: Final = cleaning
        self._pictures: Final = pictures
        self._now: Final = now
        self._limit_bytes: Final = limit_bytes

    async def save(self, client: Client, key: str, given: TaskSet) -> SavedSet:
        """Keep a set, in place of the one that had its id.

        Raises WrongKey, BadValue, TooLarge, CannotSave.
        """
        teacher = await self._keys.owner(client, key)
        clean = await self.cleaned(given)
        await self.check_room(teacher, clean)
        shown = await self._pictures.shown_in([task.content for task in clean.tasks])
        now = self._now()
        changes = keeping(teacher, clean, shown, now)
        await self._rooms.save(*changes, *self._keys.note_use(teacher))
        return SavedSet(given.id, in_words(now))

    async def cleaned(self, given: TaskSet) -> TaskSet:
        """A set as it is kept; raises BadValue, TooLarge."""
        check_id(given.id)
        title, tasks = check_title(given.title), checked_tasks(given.tasks)
        self._check_size(tasks)
        contents = await self._cleaning.clean([task.content for task in tasks])
        clean = [
            structs.replace(task, content=content)
            for task, content in zip(tasks, contents, strict=True)
        ]
        return TaskSet(given.id, clean, title)

    async def check_room(self, teacher: Teacher, given: TaskSet) -> None:
        """Raises TooLarge for what the library has no room for, CannotSave."""
        size_bytes = self._check_size(given.tasks)
        (kept,) = await self._rooms.read(tables.select_room_for(teacher.id, given.id))
        if kept.sets >= SETS_LIMIT:
            raise TooLarge(f"more than {SETS_LIMIT} sets of tasks")
        if kept.size_bytes + size_bytes > _LIMIT_BYTES:
            raise TooLarge(f"sets of tasks of more than {_LIMIT_BYTES} bytes")

    async def load(self, client: Client, key: str, set_id: str) -> LoadedSet:
        """A set of the teacher's; raises WrongKey, UnknownSet, CannotSave."""
        teacher = await self._keys.owner(client, key)
        row = await self.find(teacher, set_id)
        return LoadedSet(
            row.id, row.title, tables.decoded_tasks(row.tasks), in_words(row.updated_at)
        )

    async def find(self, teacher: Teacher, set_id: str) -> tables.KeptSet:
        """A set as it is kept; raises UnknownSet, CannotSave."""
        used = self._keys.note_use(teacher)
        if used:
            await self._rooms.save(*used)
        # What is no id at all might be no text to the database.
        rows = (
            await self._rooms.read(tables.select_set(teacher.id, set_id)) if is_id(set_id) else ()
        )
        if not rows:
            raise UnknownSet(set_id)
        return tables.KeptSet(**rows[0]._asdict())

    async def delete(self, client: Client, key: str, set_id: str) -> None:
        """Forget a set; nothing happens if there is no such. Raises WrongKey, CannotSave."""
        teacher = await self._keys.owner(client, key)
        if not is_id(set_id):
            return
        await self._rooms.save(
            tables.delete_set(teacher.id, set_id), *show_in_set(teacher.id, set_id, ())
        )

    def _check_size(self, tasks: Sequence[Task]) -> int:
        size_bytes = utf8_size(encoded_tasks(tasks))
        if size_bytes > self._limit_bytes:
            raise TooLarge(f"tasks of more than {self._limit_bytes} bytes")
        return size_bytes


def keeping(teacher: Teacher, clean: TaskSet, shown: Sequence[str], now: datetime) -> list[Change]:
    """What is to be saved for a set that shows these pictures."""
    text = encoded_tasks(clean.tasks)
    count, size_bytes = len(clean.tasks), utf8_size(text)
    kept = tables.KeptSet(teacher.id, clean.id, clean.title, text, count, size_bytes, now)
    return [tables.keep_set(kept), *show_in_set(teacher.id, clean.id, shown)]
