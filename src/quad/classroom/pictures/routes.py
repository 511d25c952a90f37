"""`POST /classes/pictures` takes a picture of a task, `GET /classes/pictures/{id}` gives it."""

from typing import Any, Final

from litestar import Response, Router, get, post
from litestar.params import FromPath
from msgspec import Struct

from quad.classroom import bearers
from quad.classroom.bearers import Bearers, body_of
from quad.classroom.pictures.model import LIMIT_BYTES, PATH, checked_type
from quad.classroom.pictures.pictures import Pictures
from quad.http import EXPLAINED, AnyRequest, rest_router, root_of
from quad.pages import FILE_HEADERS
from quad.realtime import request_of

# Nothing of it runs, also where it is opened by itself; pages of others may show it, because the
# plugin's is one.
_HEADERS: Final = {
    **FILE_HEADERS,
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


class Uploaded(Struct, frozen=True):
    """What `POST /classes/pictures` answers: the address for HTML."""

    src: str


class PictureRoutes:
    """Takes pictures from whoever shows a teacher's key, and gives them to whoever knows them."""

    def __init__(self, pictures: Pictures, who: Bearers) -> None:
        @post("", include_in_schema=False, exception_handlers=bearers.EXPLAINED)
        async def upload(request: AnyRequest) -> Uploaded:
            teacher = await who.teacher(request)
            content = await body_of(request, LIMIT_BYTES, "a picture")
            address = request_of(request.scope).address
            (picture_id,) = await pictures.keep(teacher, [content], address)
            return Uploaded(f"{root_of(request)}{PATH}/{picture_id}")

        @get("/{picture_id:str}", include_in_schema=False)
        async def show(picture_id: FromPath[str]) -> Response[Any]:
            content = await pictures.content(picture_id)
            if content is None:
                return Response(b"", status_code=404, media_type="text/plain")
            return Response(content, media_type=checked_type(content), headers=_HEADERS)

        self.routers: tuple[Router, ...] = (
            rest_router(PATH, [upload], "classroom"),
            Router(PATH, route_handlers=[show], exception_handlers=EXPLAINED),
        )
