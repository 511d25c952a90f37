"""The browser application's addresses and files.

`/nearby` is not here: it asks who somebody is before it shows the page (`nearby/page_routes.py`).
"""

from typing import Any

from litestar import Response, Router, get
from litestar.params import FromPath

from quad.http import AnyRequest, visit_of
from quad.pages import SHARED_FILES
from quad.shell import Shell
from quad.web.network import network_host

# Tasks may hold pictures of other sites.
_TASK_IMAGES = ("https:",)


def make_application(shell: Shell, bound: str, wheel: str | None) -> Router:
    """The pages `/`, `/classroom`, `/classroom/{room}`, `/chat`, `/admin`, `/run`, and the files.

    `bound` is the address that the server listens on, `wheel` what it offers at `/install`.
    """

    @get("/", sync_to_thread=False)
    def front(request: AnyRequest) -> Response[str]:
        return shell.page("front", visit_of(request))

    @get("/classroom", sync_to_thread=False)
    def classroom(request: AnyRequest) -> Response[str]:
        values = {"network_host": network_host(bound), "wheel": wheel}
        return shell.page("classroom", visit_of(request), values, images=_TASK_IMAGES)

    @get("/classroom/{room:str}", sync_to_thread=False)
    def student(request: AnyRequest, room: FromPath[str]) -> Response[str]:
        values = {"room": room, "wheel": wheel}
        return shell.page("student", visit_of(request), values, images=_TASK_IMAGES)

    @get("/chat", sync_to_thread=False)
    def chat(request: AnyRequest) -> Response[str]:
        return shell.page("chat", visit_of(request))

    @get("/admin", sync_to_thread=False)
    def admin(request: AnyRequest) -> Response[str]:
        return shell.page("admin", visit_of(request))

    @get("/run", sync_to_thread=False)
    def run(request: AnyRequest) -> Response[str]:
        return shell.frame("frame", visit_of(request))

    @get("/run/web", sync_to_thread=False)
    def run_web(request: AnyRequest) -> Response[str]:
        return shell.frame("web", visit_of(request), is_page=True)

    @get("/static/{name:str}", sync_to_thread=False)
    def static(name: FromPath[str]) -> Response[Any]:
        return SHARED_FILES.file(name)

    @get("/app/{name:path}", sync_to_thread=False)
    def file(request: AnyRequest, name: FromPath[str]) -> Response[Any]:
        return shell.file(name.lstrip("/"), request.headers.get("accept-encoding", ""))

    handlers: list[Any] = [front, classroom, student, chat, admin, run, run_web, static, file]
    return Router("/", route_handlers=handlers, include_in_schema=False)
