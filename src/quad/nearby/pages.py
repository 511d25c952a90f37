"""The page of nearby: what the browser application is told of whoever opens it."""

from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import urlsplit

from litestar import Response
from msgspec import Struct

from quad.nearby.model import ID_LIMIT
from quad.nearby.people import Person
from quad.settings import NearbySettings
from quad.shell import Shell, Visit

Problem = Literal["empty", "long", "characters"]
"""Why a name cannot be one."""

_HEADERS: Final = {"Permissions-Policy": "geolocation=(self)"}


class Notice(Struct, frozen=True):
    """Something to say on a page of its own; the application has the words for the code."""

    code: str
    status: int = 200


class Tiles(Struct, frozen=True):
    """Where the map's pictures come from, and whose they are."""

    url: str
    attribution: str


def tiles_of(settings: NearbySettings) -> Tiles | None:
    """The server of pictures that is set; None if maps are drawn without."""
    return Tiles(settings.tiles, settings.tiles_attribution) if settings.tiles else None


def images_of(tiles: Tiles | None) -> tuple[str, ...]:
    """The origins from which a page with this map shows pictures."""
    if tiles is None:
        return ()
    address = urlsplit(tiles.url)
    return (f"{address.scheme}://{address.netloc}",)


class NearbyPages:
    """The application's page `nearby`, for each of those who may come."""

    def __init__(self, shell: Shell, settings: NearbySettings, logs_kept_days: int) -> None:
        """`logs_kept_days`: so long the administrator may read what people write; 0 is for ever."""
        self._shell = shell
        self._settings = settings
        self._logs_kept_days = logs_kept_days
        self._tiles = tiles_of(settings)

    def here(self, visit: Visit, person: Person, token: str) -> Response[str]:
        """Who is around, and messages. The page holds the session's token, and only this one."""
        values = {
            "view": "here",
            "user": person.id,
            "token": token,
            "range_m": person.range_m,
            "is_visible": person.is_visible,
            "grid_m": self._settings.grid_m,
            "logs_kept_days": self._logs_kept_days,
            "range_limit_m": self._settings.range_limit_m,
            "message_limit_bytes": self._settings.message_limit_bytes,
            "recipients_limit": self._settings.recipients_limit,
            "tiles": self._tiles,
        }
        return self._page(visit, values, images=images_of(self._tiles))

    def guest(self, visit: Visit, name: str = "", problem: Problem | None = None) -> Response[str]:
        """The form that asks for a name; with what is wrong with it, if it was refused."""
        values = {
            "view": "guest",
            "name": name,
            "problem": problem,
            "name_limit": ID_LIMIT,
            "logs_kept_days": self._logs_kept_days,
        }
        return self._page(visit, values, status=200 if problem is None else 400)

    def notice(self, visit: Visit, notice: Notice) -> Response[str]:
        """What happened, in a sentence."""
        values = {"view": "notice", "notice": notice.code}
        return self._page(visit, values, status=notice.status)

    def _page(
        self,
        visit: Visit,
        values: Mapping[str, object],
        *,
        images: tuple[str, ...] = (),
        status: int = 200,
    ) -> Response[str]:
        return self._shell.page(
            "nearby", visit, values, images=images, headers=_HEADERS, status=status
        )
