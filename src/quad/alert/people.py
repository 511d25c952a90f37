"""Who is in a room: names, the connections behind them, and what each was certainly told."""

import asyncio
from typing import Final

from quad.realtime import Client

# Of one name. Whoever loses more connections than that at once is told too much, not too little.
_ABSENCES: Final = 16


class Seat:
    """A connection in a room under a name.

    `told_id`: everything up to this id was told before this connection, or needs no telling.
    """

    __slots__ = ("client", "is_current", "joined_at", "told_id")

    def __init__(self, client: Client, *, is_current: bool, told_id: int, joined_at: float) -> None:
        self.client = client
        self.is_current = is_current
        self.told_id = told_id
        # By `time.monotonic`, as the client's last sign of life.
        self.joined_at = joined_at


class Person:
    """Somebody in a room, by the name that is shown; over several connections, perhaps."""

    __slots__ = ("_absences", "going", "name", "saved", "seats")

    def __init__(self, name: str) -> None:
        self.name = name
        self.seats: dict[Client, Seat] = {}
        # Runs while there is no connection: at its end they count as gone.
        self.going: asyncio.TimerHandle | None = None
        # What the database says: the id up to which they were told, and how many connections.
        self.saved: tuple[int, int] | None = None
        # Of each connection that was lost lately: up to which id it was told, and until when
        # somebody who comes counts as its return.
        self._absences: list[tuple[int, float]] = []

    def lose(self, told_id: int, until: float) -> None:
        """A connection is lost; until a time of the loop's clock it may come back."""
        self._absences.append((told_id, until))
        self._absences.sort()
        del self._absences[_ABSENCES:]

    def find(self, now: float) -> int | None:
        """Somebody has come under this name: up to which id they were told.

        None if no connection is missing: then this is a further one, which has missed nothing.
        Of several that are missing the one that was told least: in doubt again rather than never.
        """
        if all(until < now for _, until in self._absences):
            self._absences.clear()
            return None
        return self._absences.pop(0)[0]

    def told_ids(self) -> list[int]:
        """Up to which ids the missing connections were told."""
        return [told_id for told_id, _ in self._absences]

    def stay(self) -> None:
        """They are back before they counted as gone."""
        if self.going is not None:
            self.going.cancel()
            self.going = None
