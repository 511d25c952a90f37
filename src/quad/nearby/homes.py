"""Where nearby is at home: all of it on one node, which sees all people and their distances."""

from typing import Final

from quad.cluster.routes import CAMPUS, Route, Routes

SYSTEM: Final = "nearby"

ROUTES: Final[Routes] = dict.fromkeys(("new_client", "new_bot"), Route(SYSTEM, CAMPUS))
"""Where each of its events belongs."""

_PREFIXES: Final = ("/nearby/", "/API/user/", "/API/bot/")


def key_of_path(path: str) -> str | None:
    """The key of what a request is about."""
    is_ours = path in {"/nearby", "/login"} or path.startswith(_PREFIXES)
    return CAMPUS if is_ours else None
