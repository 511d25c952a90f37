"""Several systems at one key: they move together, each with its own seats."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from quad.cluster.handover import Rules
from quad.realtime import Client

_Named = tuple[str, Any]
"""The name of a system, and a seat in it."""


class Together:
    """The `Rules` of a key that several systems share, each under its name."""

    def __init__(self, rules: Mapping[str, Rules]) -> None:
        self._rules = rules

    def is_at_work(self, is_meant: Callable[[str], bool]) -> bool:
        """See `Rules`: whether something is under way in any of them."""
        return any(rules.is_at_work(is_meant) for rules in self._rules.values())

    def give_up(self, is_meant: Callable[[str], bool]) -> list[tuple[str, Client, Any]]:
        """See `Rules`: the seats in all of them."""
        return [
            (key, client, (name, seat))
            for name, rules in self._rules.items()
            for key, client, seat in rules.give_up(is_meant)
        ]

    async def take_up(self, key: str, client: Client | None, seat: object) -> None:
        """See `Rules`: each takes its own."""
        name, own = msgspec.convert(seat, _Named)
        await self._rules[name].take_up(key, client, own)
