"""The pages of alert as HTML, and the files that they load."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from importlib import resources
from typing import Final

import jinja2
import msgspec
from litestar import Response
from msgspec import Struct

from quad.alert.model import NAME_LIMIT, ROOM_LIMIT, Message
from quad.alert.refusals import BadInput
from quad.alert.sessions import Session
from quad.alert.texts import OF_SCRIPT, Texts
from quad.realtime import Refused

_MEDIA_TYPES: Final = {"css": "text/css", "js": "text/javascript"}
_FILE_HEADERS: Final = {
    # The name carries a hash of the content.
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
}
_HOST: Final = re.compile(r"[\w.\-\[\]:]+", re.ASCII)


class View(Struct, frozen=True, kw_only=True):
    """What every page depends on: the addresses, the language, and who looks at it how.

    `host` is what the browser calls this server; `is_display` asks for large type.
    """

    base: str
    socket_path: str
    host: str
    texts: Texts
    is_display: bool


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
    people: Sequence[str],
    messages: Sequence[Message],
    text: str = "",
    refused: Refused | None = None,
    status: int = 200,
) -> Response[str]:
    """Who is in the room, what was said, and a field to write; with what was refused, if any."""
    lines = [(message.shown(), _iso(message.at), _clock(message.at)) for message in messages]
    script_texts = {key: view.texts[key] for key in OF_SCRIPT}
    return _page(
        view,
        "room.html",
        status,
        session=session,
        people=people,
        lines=lines,
        text=text,
        problem=_sentence(view, refused),
        script_texts=msgspec.json.encode(script_texts).decode(),
    )


def static_file(name: str) -> Response[bytes]:
    """A file by its hashed name."""
    content = _FILES.get(name)
    if content is None:
        return Response(b"", status_code=404, media_type="text/plain")
    media_type = _MEDIA_TYPES[name.rpartition(".")[2]]
    return Response(content, media_type=media_type, headers=_FILE_HEADERS)


def _page(view: View, template: str, status: int, **values: object) -> Response[str]:
    html = _TEMPLATES.get_template(template).render(
        view=view, t=view.texts, files=_FILE_NAMES, **values
    )
    return Response(
        html,
        status_code=status,
        media_type="text/html",
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": _policy(view.host),
            # Not "no-referrer": with that, browsers send the origin "null" with our own forms.
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _policy(host: str) -> str:
    # Older browsers do not count ws: and wss: of this very host as 'self'.
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'{sockets};"
        " img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def _sentence(view: View, refused: Refused | None) -> str | None:
    if refused is None:
        return None
    reason = f".{refused.reason}" if isinstance(refused, BadInput) else ""
    return view.texts[refused.code + reason]


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _clock(at: datetime) -> str:
    """For browsers without JavaScript, whose time zone is not known."""
    return at.strftime("%H:%M UTC")


def _hashed(name: str, content: bytes) -> str:
    stem, _, kind = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{kind}"


def _read(package: str, name: str) -> bytes:
    return resources.files(package).joinpath("static", name).read_bytes()


_CONTENTS: Final = {
    "alert.css": _read("quad.alert", "alert.css"),
    "socket.js": _read("quad.realtime", "socket.js"),
    "room.js": _read("quad.alert", "room.js"),
}
_FILE_NAMES: Final = {name: _hashed(name, content) for name, content in _CONTENTS.items()}
_FILES: Final = {_FILE_NAMES[name]: content for name, content in _CONTENTS.items()}
_TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.PackageLoader(__package__),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
