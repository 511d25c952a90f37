"""`GET /classes/sets/{id}.zip` gives a set as a folder, `POST /classes/sets` takes one."""

from typing import Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from quad.classroom import bearers
from quad.classroom.bearers import Bearers, body_of
from quad.classroom.library.transfer import TakenSet, Transfer
from quad.classroom.refusals import UnknownSet
from quad.folders.model import LIMIT_BYTES
from quad.http import AnyRequest, rest_router, root_of
from quad.realtime import request_of

PATH: Final = "/classes/sets"
_ENDING: Final = ".zip"


class SetRoutes:
    """A teacher's library as folders, for whoever shows the key."""

    def __init__(self, transfer: Transfer, who: Bearers) -> None:
        @post("", include_in_schema=False, exception_handlers=bearers.EXPLAINED)
        async def take(request: AnyRequest, id: FromQuery[str] = "") -> TakenSet:
            teacher = await who.teacher(request)
            archive = await body_of(request, LIMIT_BYTES, "an archive")
            address = request_of(request.scope).address
            return await transfer.take(teacher, archive, id, address, root_of(request))

        @get("/{name:str}", include_in_schema=False, exception_handlers=bearers.EXPLAINED)
        async def give(name: FromPath[str], request: AnyRequest) -> Response[bytes]:
            teacher = await who.teacher(request)
            if not name.endswith(_ENDING):
                raise UnknownSet(name)
            set_id = name.removesuffix(_ENDING)
            archive = await transfer.give(teacher, set_id, request_of(request.scope).address)
            # The id is plain letters, or there would be no such set.
            headers = {"Content-Disposition": f'attachment; filename="{set_id}.zip"'}
            return Response(archive, media_type="application/zip", headers=headers)

        self.router = rest_router(PATH, [take, give], "classroom")
