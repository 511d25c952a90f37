"""Whoever is removed while away hears of it, and of what was said before, at the next login."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from quad.chat.tables import removals
from tests.chat.phones import Phone, Station, open_chat
from tests.chat.test_delivery import CHAT, is_online, lossy, until

TOKEN = "Ben's own token, made for this"


async def pending(station: Station) -> int:
    await station.system.chats.write()
    return len(await station.system.chats.read(removals.select()))


async def away(station: Station, protocol: int) -> tuple[Phone, Phone]:
    """Ann, who owns the chat, and Ben, who has left after the first message."""
    ann = await station.phone("111", "Ann")
    keys: dict[str, Any] = {"protocol": 2, "token": TOKEN} if protocol == 2 else {}
    ben = await station.phone("222", "Ben", **keys)
    await ann.create(CHAT, ben)
    await ann.send(CHAT, "seen")
    await ben.expect_texts("seen")
    await ann.expect_texts("seen")
    await ben.leave()
    await until(is_online(station, "222", 0))
    return ann, ben


async def back(station: Station, protocol: int) -> Phone:
    keys: dict[str, Any] = {"protocol": 2, "token": TOKEN} if protocol == 2 else {}
    return await station.phone("222", "Ben", **keys)


async def remove(ann: Phone) -> None:
    await ann.say("remove_member", chat=CHAT, phone="222")
    await ann.expect("member_removed")


@pytest.mark.parametrize("protocol", [1, 2])
async def test_who_was_away_gets_what_was_said_before_and_the_removal_once(
    station: Station, protocol: int
) -> None:
    ann, ben = await away(station, protocol)
    await ann.send(CHAT, "one", "two")
    await ann.expect_texts("one", "two")
    await remove(ann)
    await ann.send(CHAT, "not for Ben")
    await ann.expect_texts("not for Ben")
    ben = await back(station, protocol)
    assert ben.missed(CHAT) == ["one", "two"]
    told = await ben.expect("member_removed")
    assert told["user"]["phone"] == "222"
    if protocol == 1:
        assert [member["phone"] for member in told["chat"]["members"]] == ["111"]
        assert told["chat"]["owner"]["phone"] == "111"
    else:
        assert told["chat"] == CHAT
    await ben.expect_silence()
    await ben.leave()
    await until(is_online(station, "222", 0))
    assert (await back(station, protocol)).state["chats"] == []
    assert await pending(station) == 0


async def test_the_chat_is_told_as_it_was_at_that_moment(station: Station) -> None:
    ann, ben = await away(station, 1)
    eve = await station.phone("333", "Eve")
    await ann.say("add_member", chat=CHAT, phone="333")
    await eve.expect("new_member")
    await ann.expect("new_member")
    await remove(ann)
    await ann.say("remove_member", chat=CHAT, phone="333")
    await ann.expect("member_removed")
    ben = await back(station, 1)
    told = await ben.expect("member_removed")
    assert [member["name"] for member in told["chat"]["members"]] == ["Ann", "Eve"]


async def test_who_hears_of_it_at_once_does_not_hear_of_it_again(station: Station) -> None:
    ann, ben = [await station.phone(number) for number in ("111", "222")]
    await ann.create(CHAT, ben)
    await remove(ann)
    await ben.expect("member_removed")
    await ben.leave()
    await until(is_online(station, "222", 0))
    assert (await station.phone("222")).state == {"chats": []}
    assert await pending(station) == 0


async def test_who_was_told_on_a_dead_connection_hears_of_it_again(station: Station) -> None:
    ann = await station.phone("111")
    async with lossy(station) as network:
        ben = await station.connect("222", url=network.ws_url)
        await ben.register()
        await ann.create(CHAT, ben)
        await ben.proven()
        network.lines[0].cut()
        await ann.send(CHAT, "lost")
        await ann.expect_texts("lost")
        await remove(ann)
        again = await station.phone("222")
        assert again.missed(CHAT) == ["lost"]
        await again.expect("member_removed")


async def test_who_is_a_member_again_hears_of_the_messages_alone(station: Station) -> None:
    ann, ben = await away(station, 1)
    await ann.send(CHAT, "before")
    await ann.expect_texts("before")
    await remove(ann)
    await ann.send(CHAT, "not for Ben")
    await ann.say("add_member", chat=CHAT, phone="222")
    await ann.send(CHAT, "after")
    await ann.expect_texts("not for Ben")
    await ann.expect("new_member")
    await ann.expect_texts("after")
    ben = await back(station, 1)
    assert ben.missed(CHAT) == ["before", "after"]
    await ben.expect_silence()


async def test_another_chat_of_the_same_name_is_not_taken_away(station: Station) -> None:
    ann, ben = await away(station, 1)
    await remove(ann)
    await ann.say("delete_chat", chat=CHAT)
    await ann.expect("chat_deleted")
    await ann.say("create_chat", name=CHAT)
    await ann.say("add_member", chat=CHAT, phone="222")
    for _ in range(2):
        await ann.expect("new_member")
    ben = await back(station, 1)
    assert len(ben.state["chats"]) == 1
    await ben.expect_silence()


async def test_a_removal_outlives_a_restart(database: Path) -> None:
    async with open_chat(database) as station:
        ann, ben = await away(station, 1)
        await ann.send(CHAT, "before")
        await ann.expect_texts("before")
        await remove(ann)
    async with open_chat(database) as station:
        ben = await back(station, 1)
        assert ben.missed(CHAT) == ["before"]
        await ben.expect("member_removed")


async def test_a_removal_behind_a_long_absence_comes_last(station: Station) -> None:
    ann, ben = await away(station, 1)
    texts = [f"{index:03} " + "x" * 40_000 for index in range(60)]
    for text in texts:
        await ann.send(CHAT, text)
        await ann.expect_texts(text)
    await remove(ann)
    ben = await station.connect("222", max_size=None)
    await ben.register()
    heard = ben.missed(CHAT)
    while (frame := await ben.hear())["type"] == "message":
        heard.append(frame["message"])
    assert heard == texts
    assert frame["type"] == "member_removed"


async def test_a_removal_that_cannot_be_saved_is_none(station: Station, database: Path) -> None:
    ann, ben = [await station.phone(number, protocol=2) for number in ("111", "222")]
    await ann.create(CHAT, ben)
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    await ann.say("remove_member", chat=CHAT, phone="222")
    error: dict[str, Any] = await ann.expect("error")
    assert (error["operation"], error["code"]) == ("remove_member", "cannot_save")
    other.execute("ROLLBACK")
    other.close()
    await ben.send(CHAT, "still here")
    await ann.expect_texts("still here")
    assert await pending(station) == 0
