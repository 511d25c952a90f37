"""What the core of nearby needs to know from logins and bots."""

from typing import Protocol

from quad.nearby.bots import Caller


class Sessions(Protocol):
    """Who has logged in."""

    async def user_of(self, token: str) -> str | None:
        """The id of the person who holds this token; None unless it is valid now.

        Raises StoreError.
        """


class RunningBots(Protocol):
    """Which bots have proven who they are."""

    def is_authenticated(self, caller: Caller, bot_id: str) -> bool:
        """Whether `bot/auth` succeeded for this bot from this address, lately."""

    def connected(self, bot_id: str) -> None:
        """A connection of this bot was opened."""

    def disconnected(self, bot_id: str) -> None:
        """A connection of this bot was closed."""
