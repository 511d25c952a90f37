"""The pages of nearby as HTML, and the files that they load."""

from typing import Final

from litestar import Response
from msgspec import Struct

from quad.nearby.model import ID_LIMIT
from quad.pages import Pages


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
    return _PAGES.file(name)


def _page(view: View, template: str, status: int, **values: object) -> Response[str]:
    headers = {"Permissions-Policy": "geolocation=(self)"}
    shown = {"view": view, **values}
    return _PAGES.page(template, shown, host=view.host, status=status, headers=headers)


_PAGES: Final = Pages(
    __package__,
    {"nearby.css": "quad.nearby", "socket.js": "quad.realtime", "nearby.js": "quad.nearby"},
)
