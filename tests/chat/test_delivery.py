"""Nothing is lost: what was not proven to have arrived is told again, in order."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from quad.chat.missed import Item, Missed
from quad.chat.state import Chat, User
from quad.chat.tables import insert_user
from quad.realtime import EngineOptions
from quad.settings import ChatSettings
from quad.store import StoreUnavailable
from tests.chat.network import Network, network_to
from tests.chat.phones import PATIENCE_S, Phone, Station, open_chat

CHAT = "team"
QUICK = EngineOptions(ping_interval_ms=200, ping_timeout_ms=300)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.005)


def is_online(station: Station, number: str, connections: int) -> Callable[[], bool]:
    return lambda: len(station.system.chats.users[number].seats) == connections


@asynccontextmanager
async def lossy(station: Station) -> AsyncIterator[Network]:
    async with network_to(station.url) as network:
        yield network


async def test_what_was_sent_while_away_comes_at_the_next_login_once(station: Station) -> None:
    ann, ben = await station.phone("111"), await station.phone("222")
    await ann.create(CHAT, ben)
    await ben.send(CHAT, "seen")
    await ben.expect_texts("seen")
    await ben.leave()
    await until(is_online(station, "222", 0))
    await ann.send(CHAT, "one", "two", "three")
    await ann.expect_texts("seen", "one", "two", "three")
    ben = await station.phone("222")
    assert ben.missed(CHAT) == ["one", "two", "three"]
    await ann.send(CHAT, "four")
    await ben.expect_texts("four")
    await ben.leave()
    await until(is_online(station, "222", 0))
    assert (await station.phone("222")).missed(CHAT) == []


async def test_missed_messages_look_like_those_that_were_told(station: Station) -> None:
    ann, ben = [await station.phone(number) for number in ("111", "222")]
    eve = await station.phone("333", protocol=2)
    await ann.create(CHAT, ben, eve)
    await ben.leave()
    await eve.leave()
    await until(is_online(station, "333", 0))
    await ann.send(CHAT, 'Olá\n\u0000😀"')
    told = await ann.expect("message")
    old = await station.phone("222")
    (brief,) = old.state["chats"][0]["messages"]
    assert brief == {key: told[key] for key in ("from", "date", "message")}
    assert list(brief) == ["from", "date", "message"]
    new = await station.phone("333", protocol=2, token=eve.token)
    (brief,) = new.state["chats"][0]["messages"]
    assert list(brief) == ["from", "date", "message", "id"]


async def test_what_was_written_to_a_dead_connection_comes_at_the_next_login(
    station: Station,
) -> None:
    ann = await station.phone("111")
    async with lossy(station) as network:
        ben = await station.connect("222", url=network.ws_url)
        await ben.register()
        await ann.create(CHAT, ben)
        await ann.send(CHAT, "arrives")
        await ben.expect_texts("arrives")
        await ben.proven()
        network.lines[0].cut()
        await ann.send(CHAT, "lost", "lost too")
        await ann.expect_texts("arrives", "lost", "lost too")
        again = await station.phone("222")
        assert again.missed(CHAT) == ["lost", "lost too"]


async def test_a_connection_that_is_replaced_and_times_out_later_causes_no_repeat(
    database: Path,
) -> None:
    async with open_chat(database, options=QUICK) as station, lossy(station) as network:
        ann = await station.phone("111")
        ben = await station.connect("222", url=network.ws_url)
        await ben.register()
        await ann.create(CHAT, ben)
        await ben.proven()
        network.lines[0].cut()
        await ann.send(CHAT, "lost")
        await ann.expect_texts("lost")
        again = await station.phone("222")
        assert again.missed(CHAT) == ["lost"]
        await until(is_online(station, "222", 1))
        await again.leave()
        await until(is_online(station, "222", 0))
        assert (await station.phone("222")).missed(CHAT) == []


async def test_what_one_device_lost_comes_at_the_next_login_and_disturbs_no_other(
    database: Path,
) -> None:
    async with open_chat(database, options=QUICK) as station, lossy(station) as network:
        ann, tablet = await station.phone("111"), await station.phone("222")
        phone = await station.connect("222", url=network.ws_url)
        await phone.register()
        await ann.create(CHAT, tablet)
        await phone.expect("new_member")
        await phone.proven()
        network.lines[0].cut()
        await ann.send(CHAT, "lost by one")
        await tablet.expect_texts("lost by one")
        await until(is_online(station, "222", 1))
        await ann.send(CHAT, "lost by none")
        await tablet.expect_texts("lost by none")
        again = await station.phone("222")
        assert again.missed(CHAT)[0] == "lost by one"
        await again.leave()
        await tablet.leave()
        await until(is_online(station, "222", 0))
        assert (await station.phone("222")).missed(CHAT) == []


async def test_a_pong_that_nobody_asked_for_proves_nothing(station: Station) -> None:
    ann = await station.phone("111")
    async with lossy(station) as network:
        ben = await station.connect("222", url=network.ws_url)
        await ben.register()
        await ann.create(CHAT, ben)
        await ben.proven()
        position = station.system.endpoint.position
        ben.socket.transport.pause_reading()
        await ann.send(CHAT, "unread")
        await ann.expect_texts("unread")
        forged = station.system.endpoint.position
        for value in (forged + 1, position + 1, 2**64 - 1):
            await ben.socket.pong(value.to_bytes(8, "big"))
        await ben.say("nothing")
        counter = station.system.endpoint.counters.event("chat/(unknown)")
        await until(lambda: counter.refused == 1)
        ben.socket.transport.abort()
        await until(is_online(station, "222", 0))
        assert (await station.phone("222")).missed(CHAT) == ["unread"]


async def test_logins_amid_a_stream_of_messages_see_no_gap_and_no_repeat(
    station: Station,
) -> None:
    async def come() -> Phone:
        # Its library reads no Pong behind more messages than it holds.
        return await (await station.connect("222", max_queue=None)).register(
            protocol=2, token=token
        )

    token = None
    ann, ben = await station.phone("111"), await come()
    token = ben.token
    await ann.create(CHAT, ben)
    said = 0
    seen: list[str] = []

    async def speak() -> None:
        nonlocal said
        while said < 1500:
            await ann.send(CHAT, str(said))
            said += 1
            if said % 10 == 0:
                await ann.expect_texts(*map(str, range(said - 10, said)))

    speaking = asyncio.create_task(speak())
    while not speaking.done():
        while len(seen) < said:
            seen.append((await ben.expect("message"))["message"])
        # What comes while the client is closing cannot be proven any more, and is told again.
        late = await ben.leave()
        ben = await come()
        missed = ben.missed(CHAT)
        seen += late + missed[_repeated(late, missed) :]
    await speaking
    while len(seen) < said:
        seen.append((await ben.expect("message"))["message"])
    assert seen == list(map(str, range(said)))
    await ben.expect_silence()


def _repeated(late: list[str], missed: list[str]) -> int:
    """How many of the texts that came too late are told once more."""
    counts = range(min(len(late), len(missed)), 0, -1)
    return next((count for count in counts if late[-count:] == missed[:count]), 0)


@asynccontextmanager
async def a_long_absence(
    database: Path, settings: ChatSettings | None = None, options: EngineOptions | None = None
) -> AsyncIterator[tuple[Station, Phone, list[str]]]:
    """A chat with 2.4 MB that Ben has missed."""
    async with open_chat(database, settings, options) as station:
        ann, ben = await station.phone("111"), await station.phone("222", protocol=2)
        await ann.create(CHAT, ben)
        await ben.create("quiet")
        await ben.leave()
        texts = [f"{index:03} " + "x" * 40_000 for index in range(60)]
        for text in texts:
            await ann.send(CHAT, text)
            await ann.expect_texts(text)
        yield station, ben, texts


@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_a_long_absence_is_told_in_one_state(database: Path, compression: str | None) -> None:
    options = EngineOptions(compression=True)
    async with a_long_absence(database, options=options) as (station, ben, texts):
        back = await station.connect("222", max_size=None, compression=compression)
        await back.register(protocol=2, token=ben.token)
        assert back.missed(CHAT) == texts
        assert back.missed("quiet") == []
        await back.proven()
        await back.expect_silence()
        await back.leave()
        await until(is_online(station, "222", 0))
        assert (await station.phone("222", protocol=2, token=ben.token)).missed(CHAT) == []


async def test_what_is_said_during_a_long_state_comes_behind_it(database: Path) -> None:
    async with a_long_absence(database) as (station, ben, texts):
        back = await station.connect("222", max_size=None)
        user = {"name": "Ben", "phone": "222"}
        await back.say("register", user=user, protocol=2, token=ben.token)
        await until(is_online(station, "222", 1))
        eve = await station.phone("111")
        await eve.send(CHAT, "meanwhile")
        back.state = await back.expect("state")
        assert back.missed(CHAT) == texts
        await back.expect_texts("meanwhile")


async def test_beyond_the_limit_of_a_state_the_rest_is_told_in_portions(database: Path) -> None:
    settings = ChatSettings(state_limit_bytes=1_200_000)
    async with a_long_absence(database, settings) as (station, ben, texts):
        back = await station.connect("222", max_size=None)
        await back.register(protocol=2, token=ben.token)
        missed = back.missed(CHAT)
        assert 30 <= len(missed) < 50
        rest = [(await back.expect("message"))["message"] for _ in texts[len(missed) :]]
        assert missed + rest == texts


async def test_a_client_that_takes_no_long_message_is_told_in_portions_from_then_on(
    database: Path,
) -> None:
    async with a_long_absence(database) as (station, ben, texts):
        user = {"name": "Ben", "phone": "222"}
        small = await station.connect("222", max_size=1_000_000)
        await small.say("register", user=user, protocol=2, token=ben.token)
        await small.socket.wait_closed()
        assert small.socket.protocol.close_sent is not None
        assert small.socket.protocol.close_sent.code == 1009
        await until(is_online(station, "222", 0))
        small = await station.connect("222", max_size=1_000_000)
        await small.register(protocol=2, token=ben.token)
        missed = small.missed(CHAT)
        assert 0 < len(missed) < len(texts)
        rest = [(await small.expect("message"))["message"] for _ in texts[len(missed) :]]
        assert missed + rest == texts


async def test_a_long_state_that_cannot_be_read_to_its_end_ends_the_connection(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_long_absence(database) as (station, ben, texts):
        of_chat = Missed.of_chat

        async def fail_in_the_middle(missed: Missed, chat: Chat) -> AsyncIterator[list[Item]]:
            async for page in of_chat(missed, chat):
                yield page
            raise StoreUnavailable

        back = await station.connect("222", max_size=None)
        with monkeypatch.context() as patch:
            patch.setattr(Missed, "of_chat", fail_in_the_middle)
            user = {"name": "Ben", "phone": "222"}
            await back.say("register", user=user, protocol=2, token=ben.token)
            async with asyncio.timeout(PATIENCE_S):
                await back.socket.wait_closed()
        await until(is_online(station, "222", 0))
        back = await station.connect("222", max_size=None)
        await back.register(protocol=2, token=ben.token)
        assert back.missed(CHAT) == texts


async def test_a_burst_of_1500_messages_arrives_whole(database: Path) -> None:
    options = EngineOptions(events_per_s=4_000, events_burst=1_000)
    async with open_chat(database, options=options) as station:
        ann, ben = await station.phone("111"), await station.phone("222", protocol=2)
        await ann.create(CHAT, ben)
        texts = [*map(str, range(1_500))]
        sending = asyncio.create_task(ann.send(CHAT, *texts))
        await ben.expect_texts(*texts)
        await ann.expect_texts(*texts)
        await sending


async def test_a_chat_of_many_members_costs_a_slow_reader_its_bytes_once(database: Path) -> None:
    """Each message has 60 kB of members, and so many of them would be over the limit."""
    options = EngineOptions(outbox_limit_bytes=300_000)
    async with open_chat(database, options=options) as station:
        chats = station.system.chats
        ann, ben = await station.phone("111"), await station.phone("222")
        for number in range(1_000, 1_900):
            await chats.save(insert_user(str(number), str(number), "Somebody " * 3, None))
            chats.users[str(number)] = User(str(number), str(number), "Somebody " * 3, None, None)
        await ann.create(CHAT, ben)
        chat = chats.by_name[CHAT]
        for number in range(1_000, 1_900):
            chat.add(chats.users[str(number)], 0)
        assert len(chat.object) > 60_000
        await ben.proven()
        ben.socket.transport.pause_reading()
        for number in range(400):
            await ann.send(CHAT, str(number))
            await ann.expect_texts(str(number))
        assert station.system.endpoint.counters.slow_readers_closed == 0
        ben.socket.transport.resume_reading()
        for number in range(400):
            heard = await ben.expect("message")
            assert (heard["message"], len(heard["chat"]["members"])) == (str(number), 902)


async def test_who_breaks_off_while_catching_up_goes_on_from_there(database: Path) -> None:
    async with open_chat(database, ChatSettings(state_limit_bytes=1)) as station:
        await _break_off_again_and_again(station)


async def _break_off_again_and_again(station: Station) -> None:
    ann, ben = await station.phone("111"), await station.phone("222", protocol=2)
    await ann.create(CHAT, ben)
    await ben.leave()
    texts = [f"{index:03} " + "x" * 60_000 for index in range(60)]
    for text in texts:
        await ann.send(CHAT, text)
        await ann.expect_texts(text)
    seen: list[str] = []
    logins = 0
    while len(seen) < len(texts):
        logins += 1
        back = await station.phone("222", protocol=2, token=ben.token)
        known = dict.fromkeys((*seen, *back.missed(CHAT)))
        if len(known) < len(texts):
            known |= {(await back.expect("message"))["message"]: None}
        seen = list(known | dict.fromkeys(await back.leave()))
        await until(is_online(station, "222", 0))
    assert seen == texts
    assert logins > 2


async def test_a_reader_who_stops_is_closed_and_loses_nothing(database: Path) -> None:
    options = EngineOptions(outbox_limit_bytes=200_000)
    async with open_chat(database, options=options) as station:
        ann, ben, eve = [
            await station.phone(number, protocol=2) for number in ("111", "222", "333")
        ]
        await ann.create(CHAT, ben, eve)
        await ben.proven()
        ben.socket.transport.pause_reading()
        texts = [f"{index:04} " + "x" * 60_000 for index in range(200)]
        said = 0
        while station.system.endpoint.counters.slow_readers_closed == 0:
            await ann.send(CHAT, texts[said])
            await eve.expect_texts(texts[said])
            await ann.expect_texts(texts[said])
            said += 1
        assert is_online(station, "222", 0)()
        back = await station.connect("222", max_size=None)
        await back.register(protocol=2, token=ben.token)
        seen = back.missed(CHAT)
        while len(seen) < said:
            seen.append((await back.expect("message"))["message"])
        assert seen == texts[:said]


async def test_a_peer_that_answers_no_ping_is_closed(database: Path) -> None:
    async with open_chat(database, options=QUICK) as station, lossy(station) as network:
        ann = await station.connect("111", url=network.ws_url)
        await ann.register()
        awake = await station.phone("222")
        network.lines[0].cut()
        await until(is_online(station, "111", 0))
        await awake.proven()


async def test_while_nothing_can_be_saved_senders_are_told_and_nothing_is_shown(
    database: Path, station: Station
) -> None:
    ann, ben = [await station.phone(number, protocol=2) for number in ("111", "222")]
    await ann.create(CHAT, ben)
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    await ann.send(CHAT, "not saved")
    error = await ann.expect("error")
    assert (error["operation"], error["code"]) == ("send_message", "cannot_save")
    other.execute("ROLLBACK")
    other.close()
    await ann.send(CHAT, "saved")
    await ben.expect_texts("saved")


async def test_everything_goes_through_compression(database: Path) -> None:
    async with open_chat(database, options=EngineOptions(compression=True)) as station:
        ann = await station.connect("111", compression="deflate")
        ben = await station.phone("222")
        await ann.register()
        assert ann.socket.protocol.extensions
        await ann.create(CHAT, ben)
        await ben.send(CHAT, "x" * 10_000)
        await ann.expect_texts("x" * 10_000)
        await ann.leave()
        await until(is_online(station, "111", 0))
        await ben.send(CHAT, "later")
        await ben.expect_texts("x" * 10_000, "later")
        ann = await station.connect("111", compression="deflate")
        await ann.register()
        assert ann.missed(CHAT) == ["later"]


async def test_an_end_in_good_order_says_so_and_causes_no_repeat(database: Path) -> None:
    async with open_chat(database) as station:
        ann = await station.phone("111")
        await ann.create(CHAT)
        await ann.send(CHAT, "seen")
        await ann.expect_texts("seen")
        await ann.proven()
        await station.system.endpoint.drain(0.0)
        await ann.socket.wait_closed()
        assert ann.socket.close_code == 1012
    async with open_chat(database) as station:
        assert (await station.phone("111")).missed(CHAT) == []


@pytest.mark.parametrize("loses", ["Ping", "Pong"])
async def test_phones_that_vanish_again_and_again_miss_nothing(database: Path, loses: str) -> None:
    """Each connection is cut after some messages, in the middle of more."""
    async with open_chat(database, options=QUICK) as station, lossy(station) as network:
        ann = await station.phone("111")
        seen: dict[str, None] = {}
        ben = await station.phone("222", protocol=2)
        await ann.create(CHAT, ben)
        token, said = ben.token, 0
        for round_ in range(5):
            ben = await station.connect("222", url=network.ws_url)
            await ben.register(protocol=2, token=token)
            seen |= dict.fromkeys(ben.missed(CHAT))
            for _ in range(4):
                await ann.send(CHAT, str(said))
                said += 1
                if loses == "Ping" and round_ == 2:
                    network.lines[-1].cut()
                await ann.expect("message")
            if loses == "Pong" or round_ != 2:
                heard = [(await ben.expect("message"))["message"] for _ in range(4)]
                seen |= dict.fromkeys(heard)
            network.lines[-1].cut()
        last = await station.phone("222", protocol=2, token=token)
        seen |= dict.fromkeys(last.missed(CHAT))
        assert list(seen) == list(map(str, range(said)))
