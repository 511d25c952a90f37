"""The classes of all nodes: each one's home knows who is online, and has its rules."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

import msgspec

from quad.classroom.entering.keys import ClassKey
from quad.classroom.entering.leaving import ClassHandedOver
from quad.classroom.homes import key_of
from quad.classroom.overview import Attendance, ClassPage, attendance, list_classes
from quad.classroom.refusals import RoomNotFound
from quad.classroom.service import ClassroomService
from quad.cluster.member import Member
from quad.refusals import CannotSave, Unavailable
from quad.store import OutcomeUnknown

_ATTENDANCE: Final = "classes.attendance"
_CLOSE: Final = "classes.close"
_HAND_OVER: Final = "classes.hand_over"
_REKEY: Final = "classes.rekey"
# The page asks every three seconds.
_PATIENCE_S: Final = 2.0

# What becomes of a request at a home, in place of an exception.
_Outcome = Literal["done", "not_found", "not_saved", "in_doubt", "moved"]

_Action = Callable[..., Awaitable[Any]]


class Classes:
    """What the administrator sees of classes, and does with them, wherever they are at home."""

    def __init__(self, classroom: ClassroomService, member: Member | None = None) -> None:
        """With a `member`, which has not joined yet: this node answers what others ask."""
        self._rooms = classroom.rooms
        self._member = member
        self._actions: dict[str, _Action] = {
            _CLOSE: classroom.leaving.close_for_all,
            _HAND_OVER: classroom.leaving.hand_over,
            _REKEY: classroom.keys.rekey_class,
        }
        if member is not None:
            member.questions.on(_ATTENDANCE, lambda _: attendance(self._rooms))
            for name, action in self._actions.items():
                member.questions.on(name, _answering(action))

    async def show(self, offset: int, limit: int) -> ClassPage:
        """The open classes: first those where somebody is online, then the newest.

        Nobody knows who is online at a node that does not answer. Raises CannotSave.
        """
        online = attendance(self._rooms)
        if self._member is not None:
            told = await self._member.questions.ask_all(_ATTENDANCE, timeout_s=_PATIENCE_S)
            for answer in told.values():
                online |= msgspec.convert(answer or {}, dict[int, Attendance])
        return await list_classes(self._rooms, online, offset, limit)

    async def close(self, room_id: int, address: str) -> None:
        """See `Leaving.close_for_all`. Raises RoomNotFound, CannotSave, Unavailable."""
        await self._at_home(_CLOSE, room_id, address)

    async def hand_over(self, room_id: int, place: str | None, address: str) -> ClassHandedOver:
        """See `Leaving.hand_over`. Raises RoomNotFound, CannotSave, Unavailable."""
        answer = await self._at_home(_HAND_OVER, room_id, place, address)
        return msgspec.convert(answer, ClassHandedOver)

    async def rekey(self, room_id: int, address: str) -> ClassKey:
        """See `Keys.rekey_class`. Raises RoomNotFound, CannotSave, Unavailable."""
        return msgspec.convert(await self._at_home(_REKEY, room_id, address), ClassKey)

    async def _at_home(self, name: str, room_id: int, *args: object) -> object:
        member = self._member
        home = None if member is None else member.keys.owner(key_of(room_id))
        if member is None or home == member.keys.me:
            return await self._actions[name](room_id, *args)
        if home is None:
            raise Unavailable
        outcome, value = await member.questions.ask(home, name, [room_id, *args])
        match outcome:
            case "done":
                return value
            case "not_found":
                raise RoomNotFound(room_id)
            case "not_saved":
                raise CannotSave
            case "in_doubt":
                raise CannotSave(OutcomeUnknown())
            case _:
                raise Unavailable


def _answering(action: _Action) -> Callable[[list[Any]], Awaitable[tuple[_Outcome, Any]]]:
    """What a home answers: what has become of it, and the value."""

    async def answer(args: list[Any]) -> tuple[_Outcome, Any]:
        try:
            return "done", await action(*args)
        except RoomNotFound:
            return "not_found", None
        except Unavailable:
            return "moved", None
        except CannotSave as failed:
            is_in_doubt = isinstance(failed.__cause__, OutcomeUnknown)
            return "in_doubt" if is_in_doubt else "not_saved", None

    return answer
