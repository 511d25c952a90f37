"""Alert's home ends in good order: whoever is connected to another node hears nothing of it."""

import asyncio
from typing import Any

import pytest

from tests.classroom.school import Peer, enter
from tests.cluster.servers import Site, until_all_know
from tests.patience import patience


async def join(url: str, name: str, **more: Any) -> Peer:
    peer = await enter(url)
    await peer.call("joined", {"name": name, "room": "hall", "headless": True, **more})
    return peer


async def say(peer: Peer, text: str) -> None:
    await peer.call("text", {"msg": text, "headless": True})


async def heard(peer: Peer) -> list[Any]:
    taken = [each for each in await peer.take() if each[0] in {"message", "status"}]
    return [(event, payload["msg"]) for event, payload in taken]


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_everybody_stays_in_their_room_and_is_told_all_of_it_once(site: Site) -> None:
    await site.start("ada")  # who is at home first keeps what is started there
    await site.start("bob")
    await until_all_know(site, "ada", "bob")
    at_home = await join(site.urls["ada"], "eve")
    wall = await join(site.urls["bob"], "wall", protocol=2)
    phone = await join(site.urls["bob"], "phone")
    await say(phone, "before")
    await wall.settle()
    await heard(wall)
    await heard(phone)

    await site.stop("ada")
    async with asyncio.timeout(patience(10)):
        await at_home.wait_closed()
        await say(phone, "while eve is away")
    back = await join(site.urls["bob"], "eve")
    await say(wall, "after")
    await phone.settle()
    lines = [
        ("message", "PHONE: while eve is away"),
        ("message", "WALL: after"),
    ]
    assert await heard(wall) == lines
    assert await heard(phone) == lines
    replayed = await heard(back)
    # What it heard within its last seconds may come again.
    assert [line for line in replayed if line[1] != "PHONE: before"] == [
        lines[0],
        ("status", "EVE has joined the chat!"),
        lines[1],
    ]
    for each in (wall, phone, back):
        await each.close()
