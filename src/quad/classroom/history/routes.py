"""`GET /classes/{room}/history/{user_id}`: what a student has written."""

import asyncio
import gzip
from typing import Annotated, Final, Literal

from litestar import Response, get
from litestar.params import FromPath, FromQuery, QueryParameter

from quad.classroom.bearers import refused
from quad.classroom.entering.keys import Keys
from quad.classroom.history.reading import Reading
from quad.classroom.refusals import RoomNotFound, WrongBearer
from quad.classroom.rooms import Rooms
from quad.classroom.state import Participant
from quad.http import AnyRequest, bearer_of, rest_router
from quad.identity import hash_token
from quad.identity.guesses import Guesses
from quad.realtime import request_of

PATH: Final = "/classes"
_DIGITS: Final = 10


class HistoryRoutes:
    """Gives histories out to whoever shows the token of the class's staff, or the student's."""

    def __init__(self, rooms: Rooms, keys: Keys, reading: Reading, guesses: Guesses | None) -> None:
        self._rooms = rooms
        self._keys = keys
        self._reading = reading
        self._guesses = guesses

        @get("/{room:str}/history/{user_id:str}", include_in_schema=False)
        async def history(
            room: FromPath[str],
            user_id: FromPath[str],
            request: AnyRequest,
            after: FromQuery[int] = 0,
            form: Annotated[Literal["lines", "zip"], QueryParameter(name="as")] = "lines",
        ) -> Response[bytes]:
            visit = request_of(request.scope)
            token = bearer_of(visit.headers)
            student = await self._student(_number(room), _number(user_id), token)
            if student is None:
                raise refused(self._guesses, visit.address, WrongBearer())
            if form == "zip":
                return await self._archive(student)
            return await self._lines(student, after, visit.headers.get("accept-encoding", ""))

        self.router = rest_router(PATH, [history], "classroom")

    async def _student(self, room_id: int, user_id: int, token: str | None) -> Participant | None:
        """The student, if the token is that of the class's staff or their own."""
        try:
            room = await self._rooms.find(room_id)
        except RoomNotFound:
            return None
        student = room.students.get(user_id)
        if token is None or student is None or student.is_leaving:
            return None
        hashed = hash_token(token)
        if hashed in (student.tokens or ()):
            return student
        is_staff = hashed in (room.host.tokens or ()) and await self._keys.still_hold(room)
        return student if is_staff else None

    async def _lines(self, student: Participant, after: int, accepted: str) -> Response[bytes]:
        body = await self._reading.lines(student, after)
        headers = {"Vary": "Accept-Encoding"}
        if "gzip" in accepted:
            headers["Content-Encoding"] = "gzip"
            body = await asyncio.to_thread(gzip.compress, body, 6)
        return Response(body, media_type="application/jsonl", headers=headers)

    async def _archive(self, student: Participant) -> Response[bytes]:
        body = await self._reading.archive(student)
        headers = {"Content-Disposition": f'attachment; filename="history-{student.id}.zip"'}
        return Response(body, media_type="application/zip", headers=headers)


def _number(text: str) -> int:
    """The number that is in a path; -1, which is nobody's, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else -1
