"""Sets of tasks on their way out as folders, and in again, with their pictures."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct, structs

from quad.classroom.entering.secrets import Teacher
from quad.classroom.library.converter import Converter
from quad.classroom.library.library import Library, TaskSet, keeping
from quad.classroom.library.tables import KeptSet, select_sets
from quad.classroom.model import in_words
from quad.classroom.pictures.model import ENDINGS, PATH, checked_type, own_sources
from quad.classroom.pictures.pictures import Pictures
from quad.classroom.refusals import TooLarge
from quad.classroom.rooms import Rooms
from quad.classroom.tasks.model import Task
from quad.folders.archive import UNPACKED_BYTES
from quad.folders.model import Pack, Unpacked
from quad.folders.model import Task as FolderTask
from quad.folders.naming import id_of
from quad.store import Change

_decode_tasks: Final = msgspec.json.Decoder(list[FolderTask]).decode
_NAMELESS: Final = "set"


class TakenSet(Struct, frozen=True):
    """What `POST /classes/sets` answers; `left_out` are files that are no part of the set."""

    id: str
    title: str
    tasks: int
    updated_at: str
    left_out: Sequence[str]


class Transfer:
    """Gives sets out as folders, and takes folders."""

    def __init__(
        self,
        rooms: Rooms,
        library: Library,
        pictures: Pictures,
        converter: Converter,
        now: Callable[[], datetime],
    ) -> None:
        self._rooms: Final = rooms
        self._library: Final = library
        self._pictures: Final = pictures
        self._converter: Final = converter
        self._now: Final = now

    async def give(self, teacher: Teacher, set_id: str, address: str) -> bytes:
        """A set as a folder; raises UnknownSet, TooLarge, CannotSave."""
        kept = await self._library.find(teacher, set_id)
        return await self._converter.pack(await self._as_pack(kept), address)

    async def take(
        self, teacher: Teacher, archive: bytes, set_id: str, address: str, root: str
    ) -> TakenSet:
        """Keep the set that a folder is, in place of the one that has its id.

        `set_id` is another id for it, if any; `root` the path below which a proxy serves us.

        Raises BadFolder, BadValue, TooLarge, NoPicture, QuotaReached, CannotSave.
        """
        found = await self._converter.unpack(archive, address)
        wanted = set_id or found.id or await self._new_id(teacher, found.title)
        clean = await self._library.cleaned(TaskSet(wanted, _tasks_of(found), found.title))
        # All ids are equally long, and so is the set.
        await self._library.check_room(teacher, _showing(clean, found, ["0" * 32], root))
        others = await self._pictures.shown_in([task.content for task in clean.tasks])
        now = self._now()

        def keep(ids: Sequence[str]) -> list[Change]:
            return keeping(teacher, _showing(clean, found, ids, root), [*ids, *others], now)

        await self._pictures.keep(teacher, found.pictures, address, keep)
        count = len(clean.tasks)
        return TakenSet(clean.id, clean.title, count, in_words(now), found.left_out)

    async def _as_pack(self, kept: KeptSet) -> Pack:
        tasks = _decode_tasks(kept.tasks)
        sources = own_sources(task.content for task in tasks)
        ids = list(sources.values())
        if await self._pictures.size_bytes(ids) > UNPACKED_BYTES:
            raise TooLarge(f"pictures of more than {UNPACKED_BYTES} bytes")
        contents = await self._pictures.contents(ids)
        pictures = {src: contents[each] for src, each in sources.items() if each in contents}
        endings = {src: ENDINGS[checked_type(content)] for src, content in pictures.items()}
        return Pack(kept.id, kept.title, tasks, pictures, endings)

    async def _new_id(self, teacher: Teacher, title: str) -> str:
        rows = await self._rooms.read(select_sets(teacher.id))
        return id_of(title or _NAMELESS, [row.id for row in rows])


def _tasks_of(found: Unpacked) -> list[Task]:
    return msgspec.convert(msgspec.to_builtins(found.tasks), list[Task])


def _showing(clean: TaskSet, found: Unpacked, ids: Sequence[str], root: str) -> TaskSet:
    """The set with the addresses of its pictures; of one id if there are not as many."""
    marked = re.compile(rf"{found.mark}(\d+)")

    def address(number: re.Match[str]) -> str:
        place = int(number[1])
        return f"{root}{PATH}/{ids[place] if place < len(ids) else ids[0]}"

    tasks = [
        structs.replace(task, content=marked.sub(address, task.content)) for task in clean.tasks
    ]
    return structs.replace(clean, tasks=tasks)
