"""Where the administrator's questions are answered."""

from typing import Final

from quad.alert.homes import KEY as ALERT
from quad.cluster.routes import CAMPUS

_OF_ALERT: Final = "/API/admin/rooms/"
_OF_CAMPUS: Final = ("/API/admin/", "/admin/session")


def key_of_path(path: str) -> str | None:
    """The key of what a request is about."""
    if path.startswith(_OF_ALERT):
        return ALERT
    return CAMPUS if path.startswith(_OF_CAMPUS) else None
