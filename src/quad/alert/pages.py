"""The pages of alert as HTML, and the files that they load."""

from datetime import UTC, datetime
from typing import Final

import msgspec
from litestar import Response
from msgspec import Struct

from quad.alert.links import parts_of
from quad.alert.model import NAME_LIMIT, ROOM_LIMIT, shown_time
from quad.alert.outgoing import shown_id
from quad.alert.refusals import BadInput
from quad.alert.service import RoomView
from quad.alert.sessions import Session
from quad.alert.texts import OF_SCRIPT
from quad.appearance import Appearance
from quad.languages import Texts, texts_of
from quad.pages import Pages
from quad.realtime import Refused


class View(Struct, frozen=True, kw_only=True):
    """What every page depends on: the addresses, and who looks at it how.

    `host` is what the browser calls this server; `is_display` asks for large type.
    """

    root: str
    base: str
    socket_path: str
    check_path: str
    host: str
    look: Appearance
    is_display: bool

    @property
    def texts(self) -> Texts:
        """What the page says."""
        return texts_of(self.look.language, "alert")


class Draft(Struct, frozen=True):
    """What somebody is about to say, and the key that makes it one message however often sent."""

    text: str
    key: str


def login_page(
    view: View, name: str, room: str, refused: Refused | None = None, status: int = 200
) -> Response[str]:
    """The form that asks for a name and a room; with the reason, if it was refused."""
    return _page(
        view,
        "login.html",
        status,
        name=name,
        room=room,
        name_limit=NAME_LIMIT,
        room_limit=ROOM_LIMIT,
        problem=_sentence(view, refused),
        wrong=refused.key if isinstance(refused, BadInput) else None,
    )


def room_page(
    view: View,
    session: Session,
    room: RoomView,
    draft: Draft,
    refused: Refused | None = None,
    status: int = 200,
) -> Response[str]:
    """Who is in the room, what was said, and a field to write; with what was refused, if any."""
    lines = [
        (shown_id(each.id), parts_of(each.shown()), shown_time(each.at), _clock(each.at))
        for each in room.messages
    ]
    script_texts = {key: view.texts[key] for key in OF_SCRIPT}
    return _page(
        view,
        "room.html",
        status,
        session=session,
        code=room.code,
        people=room.people,
        lines=lines,
        now=shown_time(datetime.now(UTC)),
        draft=draft,
        problem=_sentence(view, refused),
        script_texts=msgspec.json.encode(script_texts).decode(),
    )


def static_file(name: str) -> Response[bytes]:
    """A file by its hashed name."""
    return _PAGES.file(name)


def _page(view: View, template: str, status: int, **values: object) -> Response[str]:
    shown = {"view": view, "t": view.texts, **values}
    return _PAGES.page(
        template, shown, look=view.look, root=view.root, host=view.host, status=status
    )


def _sentence(view: View, refused: Refused | None) -> str | None:
    if refused is None:
        return None
    reason = f".{refused.reason}" if isinstance(refused, BadInput) else ""
    return view.texts[refused.code + reason]


def _clock(at: datetime) -> str:
    """For browsers without JavaScript, whose time zone is not known."""
    return at.strftime("%H:%M UTC")


_PAGES: Final = Pages(
    __package__,
    {
        "alert.css": "quad.alert",
        "polling.js": "quad.realtime",
        "socket.js": "quad.realtime",
        "lines.js": "quad.alert",
        "wall.js": "quad.alert",
        "links.js": "quad.alert",
        "login.js": "quad.alert",
        "notices.js": "quad.alert",
        "room.js": "quad.alert",
    },
)
