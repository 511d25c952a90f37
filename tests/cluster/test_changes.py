"""What is changed by HTTP at a home, and whatever moves that home waits for it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from quad.cluster.changes import Changes
from quad.cluster.shards import shard_of
from quad.refusals import Unavailable

HALL = frozenset({shard_of("hall")})
BODY = [(b"content-length", b"4")]


class Home:
    """An application at the home of a hall: it reads the body, and answers when it is told to."""

    def __init__(self) -> None:
        self.is_open = True
        self.changes = Changes(lambda scope: scope["key"], lambda _: self.is_open)
        self.pieces: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.may_end = asyncio.Event()
        self.has_read = asyncio.Event()

    async def ask(self, method: str, headers: Any = (), key: str | None = "hall") -> None:
        scope = {"type": "http", "method": method, "headers": list(headers), "key": key}
        await self.changes.counted(self._answer)(scope, self.pieces.get, self._send)

    async def _answer(self, scope: Any, receive: Any, _: Any) -> None:
        while scope["headers"] and (await receive())["more_body"]:
            pass
        self.has_read.set()
        await self.may_end.wait()

    async def _send(self, _: Any) -> None:
        raise AssertionError

    def is_changing(self) -> bool:
        return self.changes.is_under_way(HALL)


def piece(*, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": b"ab", "more_body": more}


async def test_a_change_counts_from_the_end_of_its_body_until_it_is_answered() -> None:
    home = Home()
    asking = asyncio.create_task(home.ask("POST", BODY))
    home.pieces.put_nowait(piece(more=True))
    await asyncio.sleep(0)
    assert not home.is_changing()
    home.pieces.put_nowait(piece(more=False))
    await home.has_read.wait()
    assert home.is_changing()
    assert not home.changes.is_under_way(frozenset(range(256)) - HALL)
    home.may_end.set()
    await asking
    assert not home.is_changing()


async def test_a_change_without_a_body_counts_at_once() -> None:
    home = Home()
    asking = asyncio.create_task(home.ask("DELETE"))
    await home.has_read.wait()
    assert home.is_changing()
    asking.cancel()
    await asyncio.wait([asking])
    assert not home.is_changing()


@pytest.mark.parametrize(("method", "key"), [("GET", "hall"), ("POST", None)])
async def test_what_changes_nothing_that_moves_is_not_waited_for(
    method: str, key: str | None
) -> None:
    home = Home()
    asking = asyncio.create_task(home.ask(method, key=key))
    await home.has_read.wait()
    assert not home.is_changing()
    home.may_end.set()
    await asking


async def test_what_comes_to_an_end_when_the_thing_has_moved_changes_nothing() -> None:
    home = Home()
    asking = asyncio.create_task(home.ask("POST", BODY))
    home.pieces.put_nowait(piece(more=True))
    await asyncio.sleep(0)
    home.is_open = False
    home.pieces.put_nowait(piece(more=False))
    with pytest.raises(Unavailable):
        await asking
    assert not home.has_read.is_set()
    assert not home.is_changing()
