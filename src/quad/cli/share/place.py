"""Where a class is: a server and a room on it."""

import re
from typing import NamedTuple

from quad.cli.failures import Failed
from quad.cli.remote import Remote

_LINK = re.compile(r"(?P<url>\S+?)/classroom/(?P<room>[\d ]+)/?(?:[?#]\S*)?")


class Place(NamedTuple):
    """A room; `url` is the server's, without a slash at the end."""

    url: str
    room: int

    @property
    def link(self) -> str:
        """What opens the room in a browser."""
        return f"{self.url}/classroom/{self.room}"


def find_place(room: str, url: str) -> Place:
    """The room of a number, or of a link, which also names the server. Raises Failed."""
    link = _LINK.fullmatch(room.strip())
    if link is not None:
        url, room = link["url"], link["room"]
    number = room.replace(" ", "").strip()
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise Failed(
            f"{room!r} is no room: the teacher's screen shows six digits, or a link that ends in "
            "/classroom/ and the digits"
        )
    return Place(Remote(url).url, int(number))
