"""Where alert is at home: all of its rooms together, on one node.

A room has few people and one line at a time, and forms name a room in a cookie, a body or a path.
What is large about an alert is telling all displays, and that each node does for its own.
"""

from typing import Final

from quad.cluster.routes import Route, Routes

SYSTEM: Final = "alert"
KEY: Final = "alert"

ROUTES: Final[Routes] = dict.fromkeys(("joined", "text", "left"), Route(SYSTEM, KEY))
"""Where each of its events belongs."""


def key_of_path(path: str) -> str | None:
    """The key of what a request is about; static files are everywhere."""
    if path.startswith("/v1/static/"):
        return None
    return KEY if path == "/v1" or path.startswith("/v1/") else None
