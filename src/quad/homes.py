"""Where everything is at home: the key of each event and of each request, for the cluster."""

from collections.abc import Callable
from typing import Final

from quad.admin import homes as admin
from quad.alert import homes as alert
from quad.classroom import homes as classroom
from quad.cluster.routes import CAMPUS, Routes
from quad.nearby import homes as nearby
from quad.realtime.http.polling import Scope

CHAT_PATHS: Final = ("/", "/chat/ws")
"""The original's path, and one of our own for when the front door is behind something else."""

ROUTES: Final[Routes] = {**classroom.ROUTES, **alert.ROUTES, **nearby.ROUTES}
"""Where events belong, by their names."""

_KEYS_OF_PATHS: Final[tuple[Callable[[str], str | None], ...]] = (
    classroom.key_of_path,
    alert.key_of_path,
    nearby.key_of_path,
    admin.key_of_path,
)


def key_of(scope: Scope) -> str | None:
    """What a request is about; None: every node can answer it."""
    path = scope["path"]
    if scope["type"] == "websocket":
        return CAMPUS if path in CHAT_PATHS else None
    for key_of_path in _KEYS_OF_PATHS:
        key = key_of_path(path)
        if key is not None:
            return key
    return None
