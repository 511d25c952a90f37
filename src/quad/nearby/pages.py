"""The pages of nearby as HTML, and the files that they load."""

import hashlib
import re
from importlib import resources
from typing import Final

import jinja2
from litestar import Response
from msgspec import Struct

from quad.nearby.model import ID_LIMIT

_MEDIA_TYPES: Final = {"css": "text/css", "js": "text/javascript"}
_FILE_HEADERS: Final = {
    # The name carries a hash of the content.
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
}
_HOST: Final = re.compile(r"[\w.\-\[\]:]+", re.ASCII)


class View(Struct, frozen=True, kw_only=True):
    """What every page depends on: the addresses, and what the browser calls this server."""

    base: str
    api: str
    socket_path: str
    host: str


class Notice(Struct, frozen=True, kw_only=True):
    """Something to say on a page of its own; `action` leads back to the beginning."""

    title: str
    text: str
    action: str | None = "Try again"
    status: int = 200


def nearby_page(view: View, user: str, token: str, range_m: float) -> Response[str]:
    """Who is around, and messages. The page holds the session's token, and only this one does."""
    return _page(view, "nearby.html", 200, user=user, token=token, range_m=f"{range_m:g}")


def guest_page(view: View, name: str = "", problem: str | None = None) -> Response[str]:
    """The form that asks for a name; with the reason, if it was refused."""
    status = 200 if problem is None else 400
    return _page(view, "guest.html", status, name=name, problem=problem, name_limit=ID_LIMIT)


def notice_page(view: View, notice: Notice) -> Response[str]:
    """What happened, in a sentence."""
    return _page(
        view,
        "notice.html",
        notice.status,
        title=notice.title,
        text=notice.text,
        action=notice.action,
    )


def static_file(name: str) -> Response[bytes]:
    """A file by its hashed name."""
    content = _FILES.get(name)
    if content is None:
        return Response(b"", status_code=404, media_type="text/plain")
    media_type = _MEDIA_TYPES[name.rpartition(".")[2]]
    return Response(content, media_type=media_type, headers=_FILE_HEADERS)


def _page(view: View, template: str, status: int, **values: object) -> Response[str]:
    html = _TEMPLATES.get_template(template).render(view=view, files=_FILE_NAMES, **values)
    return Response(
        html,
        status_code=status,
        media_type="text/html",
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": _policy(view.host),
            "Permissions-Policy": "geolocation=(self)",
            # The address of the way back from a provider holds a code.
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


def _hashed(name: str, content: bytes) -> str:
    stem, _, kind = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{kind}"


def _read(package: str, name: str) -> bytes:
    return resources.files(package).joinpath("static", name).read_bytes()


_CONTENTS: Final = {
    "nearby.css": _read("quad.nearby", "nearby.css"),
    "socket.js": _read("quad.realtime", "socket.js"),
    "nearby.js": _read("quad.nearby", "nearby.js"),
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
