"""What the rest of nearby asks for; every method raises HttpRefused as it says."""

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from quad.nearby.buildings import Loaded
from quad.nearby.model import Building, Entry
from quad.nearby.tables import Kind


class People(Protocol):
    """Everybody who has ever logged in."""

    async def ensure(self, user_id: str) -> object:
        """Make somebody known. Raises BadInput, CannotSave."""

    def ids(self) -> list[str]:
        """Everybody, sorted."""

    def beginning_with(self, prefix: str) -> list[str]:
        """Ids that begin so, in lower or upper case, sorted."""

    def __len__(self) -> int: ...


class Buildings(Protocol):
    """The buildings of the campus."""

    async def put(self, building: Building) -> None:
        """Add or change one. Raises BadInput, CannotSave."""

    async def put_all(self, buildings: Iterable[Building]) -> Loaded:
        """Add or change many: all of them, or none. Raises CannotSave."""

    def get(self, building_id: str) -> Building:
        """Raises Unknown."""

    def list(self) -> list[Building]:
        """All of them, by name."""


class Presence(Protocol):
    """Who is online."""

    def online_users(self) -> list[str]:
        """Ids of all who are online."""

    def in_building(self, building_id: str) -> list[str]:
        """Ids of those who are online in a building. Raises Unknown."""

    def is_online(self, user_id: str) -> bool:
        """Whether somebody is online."""

    def building_of(self, user_id: str) -> Building | None:
        """Where somebody is who is online; None for anybody else, and out of all buildings."""

    def count(self) -> Counter[str | None]:
        """How many are online in each building, by its id; None is out of all buildings."""


class Messages(Protocol):
    """Sends messages, in the database before anyone is told."""

    async def send_to_building(self, bot_id: str, building_id: str, text: str) -> None:
        """To everyone online there, and to whoever was and dropped within the grace.

        Raises BadInput, Unknown, CannotSave.
        """


class Logs(Protocol):
    """What happened to people and in buildings."""

    async def last_ten(self, kind: Kind, subject: str) -> list[Entry]:
        """Newest first. Raises CannotSave."""
