"""Values and rules of nearby: ids, positions, buildings, messages, and how they are shown."""

import math
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from quad.identity.tables import USER_LIMIT
from quad.names import BadName, clean_name
from quad.refusals import BadInput

ID_LIMIT: Final = USER_LIMIT
NAME_LIMIT: Final = 200

OUTSIDE: Final = "Out of registered facilities"
"""What `update/coordinates` answers where no building is."""

LOGGED_OUT: Final = "Logged out."


class Position(Struct, frozen=True):
    """A point on the Earth: WGS 84 degrees."""

    latitude: float
    longitude: float


class Building(Struct, frozen=True):
    """A circle that has a name; `radius_m` in metres along the geodesic."""

    id: str
    name: str
    position: Position
    radius_m: float


class Entry(Struct, frozen=True):
    """A line of a log. `bot_id` is set in buildings' logs only."""

    at: datetime
    message: str
    bot_id: str | None = None


def shown_time(at: datetime) -> str:
    """A point in time as clients see it, in UTC: `YYYY-MM-DD HH:MM:SS`."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def said_logged_in(building: Building | None) -> str:
    """The log of somebody who has come."""
    place = f"in {building.name}" if building else "out of registered facilities"
    return f"Logged in. Currently {place}"


def said_moved(before: Building | None, after: Building | None) -> str:
    """The log of somebody who has changed buildings."""
    return f"Moved from: {_place(before)} to: {_place(after)}"


def _place(building: Building | None) -> str:
    return OUTSIDE if building is None else building.name


# Rules


def check_id(key: str, id: str) -> str:
    """An id, as it was given. Raises BadInput."""
    # Not cleaned: a program that registers an id asks by the very same text later.
    if _clean(key, id, ID_LIMIT) != id:
        raise BadInput(f"`{key}` has blanks around it, or characters that cannot be seen")
    return id


def clean_id(key: str, id: str) -> str:
    """An id in its clean form, for who reads afterwards what it has become. Raises BadInput."""
    return _clean(key, id, ID_LIMIT)


def check_name(key: str, name: str) -> str:
    """A name that is shown, in its clean form. Raises BadInput."""
    return _clean(key, name, NAME_LIMIT)


def check_position(latitude: float, longitude: float) -> Position:
    """A position; raises BadInput for anything that is not on the Earth."""
    # NaN compares as false, so it fails here, too.
    if not -90 <= latitude <= 90:
        raise BadInput("`latitude` is not between -90 and 90")
    if not -180 <= longitude <= 180:
        raise BadInput("`longitude` is not between -180 and 180")
    return Position(latitude, longitude)


def check_radius(key: str, radius_m: float, limit_m: float) -> float:
    """A radius in metres. Raises BadInput."""
    if not math.isfinite(radius_m) or radius_m < 0:
        raise BadInput(f"`{key}` is not a number of metres from 0 up")
    if radius_m > limit_m:
        raise BadInput(f"`{key}` is more than {limit_m:g} metres")
    return radius_m


def check_message(key: str, text: str, limit_bytes: int) -> str:
    """A message, unchanged. Raises BadInput."""
    if not text or text.isspace():
        raise BadInput(f"`{key}` is empty")
    if len(text.encode()) > limit_bytes:
        raise BadInput(f"`{key}` has more than {limit_bytes} bytes")
    if "\x00" in text:  # which PostgreSQL cannot keep
        raise BadInput(f"`{key}` holds the character U+0000")
    return text


def _clean(key: str, text: str, limit: int) -> str:
    if not text.strip():
        raise BadInput(f"`{key}` is empty")
    if len(text) > limit:
        raise BadInput(f"`{key}` has more than {limit} characters")
    try:
        name = clean_name(text)
    except BadName as error:
        raise BadInput(f"`{key}` {error}") from None
    if len(name) > limit:  # some characters have no composed form, and take more room apart
        raise BadInput(f"`{key}` has more than {limit} characters")
    return name
