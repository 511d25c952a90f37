"""Alert over HTTP: the pages under `/v1`, and messages from programs without Socket.IO."""

from typing import Any, Final
from urllib.parse import parse_qsl, unquote

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath
from litestar.response import Redirect

from quad.alert.model import ANONYMOUS, check_name, check_room
from quad.alert.pages import View, login_page, room_page, static_file
from quad.alert.refusals import BadText, CannotSave, CrossSite, TooManyPosts
from quad.alert.service import AlertService
from quad.alert.sessions import COOKIE, Session, Sessions
from quad.alert.texts import choose_texts
from quad.realtime import BadPayload, Refused, request_of
from quad.realtime.request import Request as Visit

PATH: Final = "/v1"
_CHECK_PATH: Final = "/connection"

_STATUSES: Final[dict[type[Refused], int]] = {CrossSite: 403, TooManyPosts: 429, CannotSave: 503}
# A text may take six bytes for one, in JSON; the rest is for keys and names.
_ESCAPED: Final = 6
_ROOM_FOR_KEYS_BYTES: Final = 8_192
_FIELDS: Final = 10

AnyRequest = Request[Any, Any, Any]


class Post(msgspec.Struct, frozen=True):
    """The JSON body of a message."""

    name: str
    msg: str


class AlertRoutes:
    """The handlers; `router` serves them under `/v1`."""

    def __init__(
        self,
        service: AlertService,
        sessions: Sessions,
        *,
        text_limit_bytes: int,
        socket_path: str,
    ) -> None:
        self._service = service
        self._sessions = sessions
        self._body_limit_bytes = _ESCAPED * text_limit_bytes + _ROOM_FOR_KEYS_BYTES
        self._socket_path = socket_path
        self.router = self._routes()

    def _routes(self) -> Router:
        @get("/")
        async def login_form(request: AnyRequest) -> Response[str]:
            return self._login_form(request_of(request.scope), _base(request))

        @post("/")
        async def login(request: AnyRequest) -> Response[Any]:
            return await self._login(request)

        @get("/room")
        async def room(request: AnyRequest) -> Response[Any]:
            return await self._room(request)

        @post("/room")
        async def say(request: AnyRequest) -> Response[Any]:
            return await self._say(request)

        @post("/leave")
        async def leave(request: AnyRequest) -> Response[Any]:
            return self._leave(request)

        # A code may hold slashes, escaped or not: one handler for all of them.
        @post("/rooms/{rest:path}")
        async def messages(rest: FromPath[str], request: AnyRequest) -> Response[Any]:
            return await self._messages(request)

        @get("/static/{name:str}")
        async def static(name: FromPath[str]) -> Response[bytes]:
            return static_file(name)

        return Router(
            PATH,
            route_handlers=[login_form, login, room, say, leave, messages, static],
            request_max_body_size=self._body_limit_bytes,
            include_in_schema=False,
        )

    # Pages

    def _login_form(self, visit: Visit, base: str) -> Response[str]:
        session = self._session(visit)
        name = visit.query.get("name") or (session.name if session else "")
        room = visit.query.get("room") or (session.room if session else "")
        return login_page(self._view(visit, base), name, room)

    async def _login(self, request: AnyRequest) -> Response[Any]:
        visit, base = request_of(request.scope), _base(request)
        fields = await _fields(request)
        name, room = fields.get("name", "").strip(), fields.get("room", "").strip()
        try:
            _refuse_cross_site(visit)
            check_name(name)
            check_room(room)
        except Refused as refused:
            return login_page(self._view(visit, base), name, room, refused, _status(refused))
        cookie = Cookie(
            COOKIE,
            value=self._sessions.sign(Session(name, room)),
            path="/",  # Socket.IO has a path of its own
            max_age=self._sessions.lifetime_s,
            httponly=True,
            samesite="lax",
            secure=visit.is_https,
        )
        return _see_other(f"{base}/room", visit, cookie)

    async def _room(self, request: AnyRequest) -> Response[Any]:
        visit, base = request_of(request.scope), _base(request)
        session = self._session(visit)
        if session is None:
            return _see_other(base, visit)
        return await self._room_page(self._view(visit, base), session)

    async def _room_page(
        self, view: View, session: Session, text: str = "", refused: Refused | None = None
    ) -> Response[str]:
        try:
            people, messages = await self._service.look(session.room)
        except CannotSave as error:
            people, messages, refused = [], [], refused or error
        status = 200 if refused is None else _status(refused)
        return room_page(view, session, people, messages, text, refused, status)

    async def _say(self, request: AnyRequest) -> Response[Any]:
        """What the form of the chat page does without JavaScript."""
        visit, base = request_of(request.scope), _base(request)
        fields = await _fields(request)
        session = self._session(visit)
        if session is None:
            return _see_other(base, visit)
        text = fields.get("msg", "")
        try:
            _refuse_cross_site(visit)
            await self._service.post(visit.address, session.name, session.room, text)
        except Refused as refused:
            return await self._room_page(self._view(visit, base), session, text, refused)
        return _see_other(f"{base}/room", visit)

    def _leave(self, request: AnyRequest) -> Response[Any]:
        visit, base = request_of(request.scope), _base(request)
        session = self._session(visit)
        if session is None or not visit.is_allowed:
            return _see_other(base, visit)
        self._service.bid_farewell(check_name(session.name), session.room)
        gone = Cookie(COOKIE, path="/", max_age=0, httponly=True, samesite="lax")
        return _see_other(base, visit, gone)

    # Messages

    async def _messages(self, request: AnyRequest) -> Response[Any]:
        visit = request_of(request.scope)
        code = _code(request)
        if code is None:
            return Response({"message": "Error: there is nothing here"}, status_code=404)
        try:
            _refuse_cross_site(visit)
            name, text = await _read_post(request, visit)
            delivered = await self._service.post(visit.address, name, code, text)
        except Refused as refused:
            return _refusal(refused)
        return Response({"delivered": delivered}, status_code=200)

    # Visitors

    def _session(self, visit: Visit) -> Session | None:
        return self._sessions.of_cookies(visit.headers.get("cookie", ""))

    def _view(self, visit: Visit, base: str) -> View:
        return View(
            base=base,
            socket_path=base.removesuffix(PATH) + self._socket_path,
            check_path=base.removesuffix(PATH) + _CHECK_PATH,
            host=visit.host,
            texts=choose_texts(visit.headers.get("accept-language", "")),
            is_display=_is_display(visit),
        )


async def _fields(request: AnyRequest) -> dict[str, str]:
    body = (await request.body()).decode(errors="replace")
    try:
        return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=_FIELDS))
    except ValueError:  # no form of ours has so many
        return {}


async def _read_post(request: AnyRequest, visit: Visit) -> tuple[str, str]:
    """Name and text. What curl sends by default says that it is a form, and is the plain text."""
    body = await request.body()
    if visit.headers.get("content-type", "").startswith("application/json"):
        try:
            message = msgspec.json.decode(body, type=Post)
        except msgspec.DecodeError as error:
            raise BadPayload(str(error).replace("`$.", "`")) from None
        return message.name, message.msg
    try:
        return visit.query.get("name", ANONYMOUS), body.decode().strip()
    except UnicodeDecodeError:
        raise BadText("The text is not UTF-8!", reason="characters") from None


def _code(request: AnyRequest) -> str | None:
    """The room in `/v1/rooms/{code}/messages`, from the path as it was sent."""
    path = request.scope["raw_path"].decode("latin-1")
    _, _, rest = path.partition(f"{PATH}/rooms/")
    code, slash, last = rest.rpartition("/")
    return unquote(code) if slash and last == "messages" else None


def _base(request: AnyRequest) -> str:
    return str(request.scope.get("root_path", "")) + PATH


def _is_display(visit: Visit) -> bool:
    return visit.query.get("display", "") not in ("", "0")


def _refuse_cross_site(visit: Visit) -> None:
    if not visit.is_allowed:
        raise CrossSite


def _see_other(address: str, visit: Visit, cookie: Cookie | None = None) -> Redirect:
    query = "?display=1" if _is_display(visit) else ""
    return Redirect(
        address + query,
        status_code=303,
        cookies=[] if cookie is None else [cookie],
        headers={"Cache-Control": "no-store"},
    )


def _status(refused: Refused) -> int:
    return _STATUSES.get(type(refused), 400)


def _refusal(refused: Refused) -> Response[Any]:
    content = {"message": f"Error: {refused}", "code": refused.code, **refused.details}
    retry_after = refused.details.get("retry_after_s")
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    return Response(content, status_code=_status(refused), headers=headers)
