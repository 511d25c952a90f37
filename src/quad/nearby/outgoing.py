"""What nearby says over Socket.IO: every event that it sends, and what the event carries."""

from collections.abc import Mapping
from typing import Any, Final

OUTGOING: Final[Mapping[str, Any]] = {
    "new_buildings": None,  # the buildings have changed: ask again; to those who have asked for it
    "new_message": list[str],  # the id of the person who has messages to fetch
    "new_movement": None,  # somebody has come, gone or moved: ask again who is near
}
"""The type of each event's argument; None: it has none."""
