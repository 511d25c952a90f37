"""Alert over HTTP: the pages under `/v1`, and messages from programs without Socket.IO."""

import math
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final, cast
from urllib.parse import unquote

import msgspec
from litestar import Response, Router, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import ASGIApp, Receive, Scope, Send

from quad.alert.model import ANONYMOUS, Message, check_name, check_room
from quad.alert.outgoing import said, shown_id
from quad.alert.pages import Draft, View, login_page, room_page, static_file
from quad.alert.refusals import BadQuery, BadText
from quad.alert.service import AlertService, RoomView
from quad.alert.sessions import COOKIE, Session, Sessions
from quad.bodies import BadBody, decode_json
from quad.http import (
    NO_STORE,
    AnyRequest,
    appearance_of,
    form_fields,
    make_cookie,
    refuse_cross_site,
    root_of,
    see_other,
)
from quad.identity import new_token
from quad.realtime import BadPayload, Refused, Streams, request_of
from quad.realtime.http.request import Request as Visit
from quad.refusals import CannotSave, HttpRefused
from quad.streams import HEARTBEAT, HEARTBEAT_S, EventStream, encode_frame

PATH: Final = "/v1"
_CHECK_PATH: Final = "/connection"

# A text may take six bytes for one, in JSON; the rest is for keys and names.
_ESCAPED: Final = 6
_ROOM_FOR_KEYS_BYTES: Final = 8_192
_LONGEST_WAIT_S: Final = 30.0
_EVENTS: Final = "text/event-stream"
_ID_DIGITS: Final = 18
_OTHER_SITES: Final = "Pages of other sites may not do this!"


class Post(msgspec.Struct, frozen=True):
    """The JSON body of a message."""

    name: str
    msg: str
    key: str | None = None


class AlertRoutes:
    """The handlers; `router` serves them under `/v1`."""

    def __init__(
        self,
        service: AlertService,
        sessions: Sessions,
        *,
        text_limit_bytes: int,
        socket_path: str,
        streams: Streams,
    ) -> None:
        self._service = service
        self._sessions = sessions
        self._body_limit_bytes = _ESCAPED * text_limit_bytes + _ROOM_FOR_KEYS_BYTES
        self._socket_path = socket_path
        self._streams = streams
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

        @get("/rooms/{rest:path}")
        async def read(rest: FromPath[str], request: AnyRequest) -> ASGIApp:
            return self._read(request)

        @get("/static/{name:str}")
        async def static(name: FromPath[str]) -> Response[bytes]:
            return static_file(name)

        return Router(
            PATH,
            route_handlers=[login_form, login, room, say, leave, messages, read, static],
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
        fields = await form_fields(request)
        name, room = fields.get("name", "").strip(), fields.get("room", "").strip()
        try:
            refuse_cross_site(visit, _OTHER_SITES)
            check_name(name)
            check_room(room)
        except Refused as refused:
            return login_page(self._view(visit, base), name, room, refused, _status(refused))
        value = self._sessions.sign(Session(name, room))
        cookie = make_cookie(visit, COOKIE, value, self._sessions.lifetime_s)
        return _see_other(f"{base}/room", visit, cookie)

    async def _room(self, request: AnyRequest) -> Response[Any]:
        visit, base = request_of(request.scope), _base(request)
        session = self._session(visit)
        if session is None:
            return _see_other(base, visit)
        return await self._room_page(self._view(visit, base), session)

    async def _room_page(
        self,
        view: View,
        session: Session,
        draft: Draft | None = None,
        refused: Refused | None = None,
    ) -> Response[str]:
        try:
            room = await self._service.look(session.room)
        except CannotSave as error:
            room, refused = RoomView(session.room, [], []), refused or error
        status = 200 if refused is None else _status(refused)
        # A form that is sent twice, by a second press or a reload, is one message.
        return room_page(view, session, room, draft or Draft("", new_token()), refused, status)

    async def _say(self, request: AnyRequest) -> Response[Any]:
        """What the form of the chat page does without JavaScript."""
        visit, base = request_of(request.scope), _base(request)
        fields = await form_fields(request)
        session = self._session(visit)
        if session is None:
            return _see_other(base, visit)
        draft = Draft(fields.get("msg", ""), fields.get("key") or new_token())
        try:
            refuse_cross_site(visit, _OTHER_SITES)
            await self._service.post(
                visit.address, session.name, session.room, draft.text, draft.key
            )
        except Refused as refused:
            return await self._room_page(self._view(visit, base), session, draft, refused)
        return _see_other(f"{base}/room", visit)

    def _leave(self, request: AnyRequest) -> Response[Any]:
        visit, base = request_of(request.scope), _base(request)
        session = self._session(visit)
        if session is None or not visit.is_allowed:
            return _see_other(base, visit)
        self._service.bid_farewell(check_name(session.name), session.room)
        return _see_other(base, visit, make_cookie(visit, COOKIE, "", 0))

    # Messages

    async def _messages(self, request: AnyRequest) -> Response[Any]:
        visit = request_of(request.scope)
        code = _code(request)
        if code is None:
            return _nothing_here()
        try:
            refuse_cross_site(visit, _OTHER_SITES)
            post = await _read_post(request, visit)
            delivered = await self._service.post(visit.address, post.name, code, post.msg, post.key)
        except Refused as refused:
            return _refusal(refused)
        return Response({"delivered": delivered}, status_code=200)

    def _read(self, request: AnyRequest) -> ASGIApp:
        """Messages for programs without Socket.IO: as they are, the next one, or as a stream."""
        visit = request_of(request.scope)
        code = _code(request)
        if code is None:
            return _nothing_here().to_asgi_response(None, request)
        try:
            check_room(code)
            since, wait_s = _since(visit), _wait_s(visit)
        except Refused as refused:
            return _refusal(refused).to_asgi_response(None, request)
        if _EVENTS in visit.headers.get("accept", ""):
            return self._bound(EventStream(self._frames(code, since)))

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            response = await self._messages_since(code, since, wait_s)
            await response.to_asgi_response(None, request)(scope, receive, send)

        # Whoever waits holds a connection as a stream does.
        return self._bound(answer) if wait_s else answer

    def _bound(self, stream: ASGIApp) -> ASGIApp:
        # A scope is a TypedDict to Litestar.
        return cast(ASGIApp, self._streams.bound(cast(Any, stream)))

    async def _messages_since(self, code: str, since: int | None, wait_s: float) -> Response[Any]:
        try:
            messages = await self._service.read(code, since, wait_s)
        except Refused as refused:
            return _refusal(refused)
        return Response([said(message) for message in messages], headers=NO_STORE)

    async def _frames(self, code: str, since: int | None) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._service.follow(code, since, HEARTBEAT_S)) as news:
            async for messages in news:
                frames = [_frame(message) for message in messages]
                yield b"".join(frames) if frames else HEARTBEAT

    # Visitors

    def _session(self, visit: Visit) -> Session | None:
        return self._sessions.of_cookies(visit.headers.get("cookie", ""))

    def _view(self, visit: Visit, base: str) -> View:
        root = base.removesuffix(PATH)
        return View(
            root=root,
            base=base,
            socket_path=root + self._socket_path,
            check_path=root + _CHECK_PATH,
            host=visit.host,
            look=appearance_of(visit),
            is_display=_is_display(visit),
        )


async def _read_post(request: AnyRequest, visit: Visit) -> Post:
    """What is to be said. What curl sends by default says that it is a form, and is plain text."""
    body = await request.body()
    if _is_json(visit):
        try:
            return decode_json(body, Post)
        except BadBody as bad:
            raise BadPayload(str(bad).replace("`$.", "`")) from None
    try:
        text = body.decode().strip()
    except UnicodeDecodeError:
        raise BadText("The text is not UTF-8!", reason="characters") from None
    return Post(visit.query.get("name", ANONYMOUS), text, visit.query.get("key"))


def _is_json(visit: Visit) -> bool:
    # Types are compared without case (RFC 9110, section 8.3.1).
    kind = visit.headers.get("content-type", "").partition(";")[0]
    return kind.strip().lower() == "application/json"


def _since(visit: Visit) -> int | None:
    """The id after which somebody wants to read on; a browser's stream says it by itself."""
    since = visit.headers.get("last-event-id") or visit.query.get("since", "")
    if not since:
        return None
    if not (since.isascii() and since.isdigit() and len(since) <= _ID_DIGITS):
        raise BadQuery("`since` is the id of a message!")
    return int(since)


def _wait_s(visit: Visit) -> float:
    wait = visit.query.get("wait_s", "") or "0"
    try:
        wait_s = float(wait)
    except ValueError:
        wait_s = -1.0
    if not 0 <= wait_s < math.inf:
        raise BadQuery("`wait_s` is a number of seconds, at most 30!")
    return min(wait_s, _LONGEST_WAIT_S)


def _frame(message: Message) -> bytes:
    return encode_frame(
        msgspec.json.encode(said(message)), event="message", id=shown_id(message.id)
    )


def _code(request: AnyRequest) -> str | None:
    """The room in `/v1/rooms/{code}/messages`, from the path as it was sent."""
    path = request.scope["raw_path"].decode("latin-1")
    _, _, rest = path.partition(f"{PATH}/rooms/")
    code, slash, last = rest.rpartition("/")
    return unquote(code) if slash and last == "messages" else None


def _base(request: AnyRequest) -> str:
    return root_of(request) + PATH


def _is_display(visit: Visit) -> bool:
    return visit.query.get("display", "") not in ("", "0")


def _see_other(address: str, visit: Visit, *cookies: Cookie) -> Redirect:
    return see_other(address + ("?display=1" if _is_display(visit) else ""), cookies)


def _status(refused: Refused) -> int:
    return refused.status if isinstance(refused, HttpRefused) else 400


def _nothing_here() -> Response[Any]:
    return Response({"message": "Error: there is nothing here"}, status_code=404)


def _refusal(refused: Refused) -> Response[Any]:
    content = {"message": f"Error: {refused}", "code": refused.code, **refused.details}
    retry_after = refused.details.get("retry_after_s")
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    return Response(content, status_code=_status(refused), headers=headers)
