"""All of nearby moves: what another node takes up is what was given up."""

from pathlib import Path
from typing import Any

import msgspec

from quad.realtime import Client
from tests.nearby.campus import TOWER, Campus, Page, open_campus


class Move:
    """The same process is both nodes: what was given up is taken up after a start."""

    def __init__(self, campus: Campus) -> None:
        self._campus = campus
        self._given: list[tuple[str, Client, bytes]] = []

    async def give_up(self) -> None:
        nearby = self._campus.nearby
        self._given = [
            (key, client, msgspec.msgpack.encode(seat))
            for key, client, seat in nearby.moving.give_up(lambda key: key == "campus")
        ]
        await nearby.aclose()
        await self._campus.store.write()
        await nearby.start()

    async def take_up(self, without: str = "") -> None:
        """Without the connection of this id: its seat comes last, as that of one who has left."""
        last = None
        for key, client, data in self._given:
            seat: Any = msgspec.msgpack.decode(data)
            if client.engine_id == without:
                last = key, seat
            else:
                await self._campus.nearby.moving.take_up(key, client, seat)
        if last is not None:
            await self._campus.nearby.moving.take_up(last[0], None, last[1])

    async def both(self) -> None:
        await self.give_up()
        await self.take_up()


async def told(page: Page) -> list[str]:
    return [event for event, *_ in await page.take()]


async def test_nobody_is_told_and_everything_goes_on(campus: Campus) -> None:
    ana, bob = await campus.page("ana"), await campus.page("bob")
    for id in ("ana", "bob"):
        await campus.move(id, TOWER.position)
    await campus.send("bob", ["ana"], "before")
    for page in (ana, bob):
        await page.take()
    await Move(campus).both()
    assert [await told(page) for page in (ana, bob)] == [[], []]
    assert campus.nearby.presence.in_building("1") == ["ana", "bob"]
    await campus.send("bob", ["ana"], "after")
    assert await told(ana) == ["new_message"]
    assert await ana.texts() == ["before", "after"]
    assert await ana.texts() == []
    assert await campus.log("ana") == [
        "Logged in. Currently out of registered facilities",
        "Moved from: Out of registered facilities to: Tower",
    ]
    # And a second time, from there.
    await Move(campus).both()
    await campus.send("bob", ["ana"], "at a third")
    assert await ana.texts() == ["at a third"]


async def test_a_tab_that_has_dropped_may_still_come_back(campus: Campus) -> None:
    ana = await campus.page("ana")
    await campus.page("bob")
    await ana.drop()
    await Move(campus).both()
    await campus.send("bob", ["ana"], "missed")
    back = await campus.page("ana")
    assert await back.texts() == ["missed"]


async def test_whoever_left_meanwhile_has_left_and_may_come_back(campus: Campus) -> None:
    ana, bob = await campus.page("ana"), await campus.page("bob")
    for id in ("ana", "bob"):
        await campus.move(id, TOWER.position)
    for page in (ana, bob):
        await page.take()
    move = Move(campus)
    await move.give_up()
    await move.take_up(without=ana.engine_id)
    assert "new_movement" in await told(bob)
    assert campus.nearby.presence.online_users() == ["bob"]
    assert (await campus.log("ana"))[-1] == "Logged out."
    await campus.send("bob", ["ana"], "missed")
    back = await campus.page("ana")
    assert await back.texts() == ["missed"]


async def test_the_pace_of_what_is_told_moves_too(database: Path) -> None:
    now = 1000.0
    async with open_campus(database, is_limited=True, ticking=lambda: now) as campus:
        await campus.move("bob", TOWER.position)
        bob = await campus.page("bob")
        now += 1
        for number in range(3):
            await campus.move(f"a{number}", TOWER.position)
            await campus.page(f"a{number}")
        assert await told(bob) == ["new_movement"] * 2
        now += 0.9
        await Move(campus).both()
        assert await told(bob) == []
        now += 0.1
        await campus.until(lambda: bob.heard == [("new_movement",)])
