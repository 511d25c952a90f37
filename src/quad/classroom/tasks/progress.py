"""How the statistics page of a room hears that the class has made progress."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from quad.classroom.model import Stats, Status, StudentProgress, stats
from quad.classroom.state import Room
from quad.classroom.tasks.translating import places


class Progress:
    """Tells those who watch a room that its statistics have changed."""

    def __init__(self) -> None:
        self._watchers: dict[int, set[asyncio.Event]] = {}

    @contextmanager
    def watch(self, number: int) -> Iterator[asyncio.Event]:
        """While entered: an event that is set after every change; the caller clears it."""
        watchers = self._watchers.setdefault(number, set())
        changed = asyncio.Event()
        watchers.add(changed)
        try:
            yield changed
        finally:
            watchers.discard(changed)
            if not watchers and self._watchers.get(number) is watchers:
                del self._watchers[number]

    def changed(self, room: Room) -> None:
        """Statuses, tasks or students of the room have changed, or the room has ended."""
        for watcher in self._watchers.get(room.number, ()):
            watcher.set()


def room_stats(room: Room) -> Stats | None:
    """The room's statistics; None while there is nothing to show."""
    handout, students = room.handout, room.students.values()
    if not handout.is_by_place:
        named = handout.names.named
        return stats(
            handout.steps, [StudentProgress(each.name, named(each.steps)) for each in students]
        )
    columns = places(handout.tasks)
    rows = [StudentProgress(each.name, _placed(columns, each.steps)) for each in students]
    return Stats(list(columns.values()), rows) if any(row.steps for row in rows) else None


def _placed(columns: Mapping[str, str], statuses: Mapping[str, Status]) -> dict[str, Status]:
    return {columns[each]: status for each, status in statuses.items() if each in columns}
