"""Limits that count for all nodes, on whole servers."""

from pathlib import Path
from typing import Any

import pytest

from quad.classroom.homes import key_of
from quad.cluster.shards import shard_of
from quad.identity.guesses import WRONG_PER_CONNECTION
from quad.settings import LimitSettings
from tests.classroom.school import Peer, enter
from tests.cluster.servers import Site, until_all_know

pytestmark = pytest.mark.parametrize("databases", ["postgresql"], indirect=True)

NODES = ("ada", "bob")
LOWER = [number for number in range(100_000, 101_000) if shard_of(key_of(number)) < 100]
UPPER = [number for number in range(100_000, 101_000) if shard_of(key_of(number)) > 156]
"""Numbers without a class, at home at one node and at the other."""


async def try_number(peer: Peer, number: int) -> str:
    """The code of the refusal."""
    await peer.emit("room/join", {"room_id": number, "name": "Eve", "protocol": 2})
    refused: dict[str, Any] = await peer.expect("error")
    return str(refused["code"])


async def test_who_tries_numbers_has_no_more_tries_for_many_homes(
    database_url: str, tmp_path: Path
) -> None:
    site = Site(database_url, tmp_path, LimitSettings())
    try:
        for name in NODES:
            await site.start(name)
        await until_all_know(site, *NODES)
        peer = await enter(site.urls["ada"])
        half = WRONG_PER_CONNECTION // 2
        for number in [*LOWER[:half], *UPPER[:half]]:
            assert await try_number(peer, number) == "room_not_found"
        # The news of the last one are under way for a moment.
        late = [await try_number(peer, number) for number in (*LOWER[half:][:2], *UPPER[half:][:2])]
        assert late[-1] == "rate_limited"
        assert late.count("room_not_found") <= 1
        await peer.close()
    finally:
        await site.aclose()
