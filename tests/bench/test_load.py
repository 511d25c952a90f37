"""The load generator counts what it says, and never mistakes a fault for a slow server."""

import asyncio
import json
import os
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bench.rig import compile_c, free_port
from tests.bench.room import Room, frame, open_room
from tests.patience import patience

LOAD = Path(__file__).resolve().parents[2] / "bench" / "load"
LIMIT = LOAD.parent / "limit"
ENTER = {
    "lead": '42["lead",{}]',
    "led": '42["led"',
    "capture": '"id":',
    "join": '42["join",{"room":{room},"i":{i}}]',
    "joined": '42["joined"',
}
SAY = {**ENTER, "say": '42["say",{"room":{room}}]', "heard": '42["said"'}
SHORT = {"warmup": 0, "seconds": 0.2, "settle": 0.1, "deadline": 10}


class LoadFailed(Exception):
    """The generator ended with an error; the text is what it said."""


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_c(LOAD, tmp_path_factory.mktemp("load") / "load")


async def run_load(load: Path, mode: str, port: int, **flags: object) -> dict[str, Any]:
    arguments = [f"--{name}={value}" for name, value in {**SHORT, **flags}.items()]
    process = await asyncio.create_subprocess_exec(
        load,
        mode,
        f"--port={port}",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    answer, error = await process.communicate()
    if process.returncode != 0:
        raise LoadFailed(error.decode())
    report: dict[str, Any] = json.loads(answer)
    return report


@pytest.mark.parametrize("window", [1, 7])
async def test_every_message_is_counted_once_for_every_member(load: Path, window: int) -> None:
    async with open_room(Room()) as room:
        report = await run_load(load, "fanout", room.port, members=5, window=window, **SAY)
    assert report["said"] == room.messages > window
    assert room.messages - window <= report["messages"] <= room.messages
    assert 5 * report["messages"] <= report["deliveries"] <= 5 * room.messages
    assert 0 < report["p50_ms"] <= report["p95_ms"] <= report["p99_ms"] < 10_000


async def test_never_more_messages_are_in_flight_than_the_window_allows(load: Path) -> None:
    most = 0

    def hold(member: int, message: int) -> bytes:
        nonlocal most
        most = max(most, sum(text.startswith('42["say"') for text in room.heard))
        return b""

    async with open_room(Room(deliver=hold)) as room:
        with pytest.raises(LoadFailed, match="3 messages said, 0 heard by all"):
            await run_load(load, "fanout", room.port, members=2, window=3, **SAY | {"deadline": 1})
    assert most == 3


async def test_every_message_can_have_a_content_of_its_own(load: Path) -> None:
    words = {**ENTER, "say": '42["tell",{"text":"xx{serial}"}]', "heard": '42["told"'}
    async with open_room(Room()) as room:
        report = await run_load(load, "relay", room.port, members=1, window=8, **words)
    told = [text for text in room.heard if text.startswith('42["tell"')]
    assert told == [f'42["tell",{{"text":"xx{i:08}"}}]' for i in range(report["said"])]


ECHO = {
    "join": '42["join",{"i":{i}}]',
    "joined": '42["joined"',
    "say": '42["echo",{"i":{i},"text":"{serial}"}]',
    "heard": '42["said"',
}


async def test_every_member_says_and_hears_its_own_messages(load: Path) -> None:
    async with open_room(Room()) as room:
        report = await run_load(load, "echo", room.port, members=3, window=4, **ECHO)
    said = [json.loads(text[2:])[1] for text in room.heard if text.startswith('42["echo"')]
    assert Counter(each["i"] for each in said[:12]) == {0: 4, 1: 4, 2: 4}
    assert sorted(int(each["text"]) for each in said) == list(range(report["said"]))
    assert 0 < report["deliveries"] == report["messages"]
    assert report["connecting"]["connections"] == 3


async def test_without_an_answer_no_member_says_more_than_its_window(load: Path) -> None:
    async with open_room(Room(deliver=lambda member, message: b"")) as room:
        with pytest.raises(LoadFailed, match="12 messages said, 0 heard by all"):
            await run_load(load, "echo", room.port, members=3, window=4, **ECHO | {"deadline": 1})


async def test_a_websocket_without_socket_io_is_greeted_first(load: Path) -> None:
    raw = {"path": "/chat", "hello": '{"hello":{i}}', "greeted": '{"welcome"'}
    async with open_room(Room()) as room:
        await run_load(load, "echo", room.port, members=2, window=1, **ECHO | raw)
    assert all(request.startswith("GET /chat HTTP/1.1\r\n") for request in room.requests)
    assert room.heard[0] == '{"hello":0}'
    assert "40" not in room.heard
    joined = room.heard.index('42["join",{"i":1}]')
    assert room.heard.index('{"hello":1}') < joined


async def test_a_relayed_message_is_said_by_the_member_and_heard_by_the_leader(load: Path) -> None:
    words = {**ENTER, "say": '42["tell",{}]', "heard": '42["told"'}
    async with open_room(Room()) as room:
        report = await run_load(load, "relay", room.port, members=1, window=8, **words)
    assert report["said"] == room.messages
    assert 0 < report["deliveries"] == report["messages"]


async def test_room_number_and_member_index_are_put_into_what_is_said(load: Path) -> None:
    async with open_room(Room()) as room:
        await run_load(load, "fanout", room.port, members=3, **SAY)
    joins = {text for text in room.heard if text.startswith('42["join"')}
    assert joins == {f'42["join",{{"room":4711,"i":{i}}}]' for i in range(3)}
    assert '42["say",{"room":4711}]' in room.heard


@pytest.mark.parametrize("size", [10, 125, 126, 65_535, 65_536, 300_000])
async def test_frames_of_every_length_are_counted(load: Path, size: int) -> None:
    text = '42["said"'.ljust(size, "x")
    async with open_room(Room(deliver=lambda member, message: frame(text))) as room:
        report = await run_load(load, "fanout", room.port, members=2, **SAY)
    assert report["said"] == room.messages > 0


async def test_other_frames_are_not_counted(load: Path) -> None:
    def deliver(member: int, message: int) -> bytes:
        return frame('42["other",{}]') + frame('42["said",{}]') + frame('42["sai"')

    async with open_room(Room(deliver=deliver)) as room:
        report = await run_load(load, "fanout", room.port, members=2, **SAY)
    assert report["said"] == room.messages
    assert report["deliveries"] <= 2 * room.messages


async def test_a_message_that_one_member_never_hears_is_a_failure(load: Path) -> None:
    def deliver(member: int, message: int) -> bytes:
        return b"" if (member, message) == (1, 2) else frame('42["said",{}]')

    async with open_room(Room(deliver=deliver)) as room:
        with pytest.raises(LoadFailed, match="3 messages said, 2 heard by all"):
            await run_load(load, "fanout", room.port, members=3, **SAY | {"deadline": 1})


async def test_a_message_that_one_member_hears_twice_is_a_failure(load: Path) -> None:
    def deliver(member: int, message: int) -> bytes:
        return frame('42["said",{}]') * (2 if member == 1 else 1)

    async with open_room(Room(deliver=deliver)) as room:
        with pytest.raises(LoadFailed, match="heard more messages than were said"):
            await run_load(load, "fanout", room.port, members=3, **SAY)


async def test_a_refusal_is_a_failure_that_shows_it(load: Path) -> None:
    def deliver(member: int, message: int) -> bytes:
        return frame('42["error",{"message":"Error: no"}]')

    async with open_room(Room(deliver=deliver)) as room:
        with pytest.raises(LoadFailed, match="Error: no"):
            await run_load(load, "fanout", room.port, members=1, **SAY)


async def test_every_ping_is_answered(load: Path) -> None:
    async with open_room(Room(ping=True)) as room:
        report = await run_load(load, "idle", room.port, members=20, prime=5, **ENTER)
    assert room.heard.count("3") == 20
    assert report["seconds"] == pytest.approx(0.2, abs=0.15)


async def test_leaders_and_some_of_the_members_are_at_home(load: Path) -> None:
    async with open_room(Room()) as away, open_room(Room()) as home:
        where = {"home-port": home.port, "home": os.getpid(), "spread": 2}
        report = await run_load(load, "idle", away.port, members=6, prime=1, **ENTER | where)
    assert [sum("join" in text for text in each.heard) for each in (home, away)] == [3, 3]
    assert [sum("lead" in text for text in each.heard) for each in (home, away)] == [1, 0]
    assert f"Host: 127.0.0.1:{home.port}" in home.requests[0]
    # The account of this process, which is both of them, and no other's.
    assert report["connecting"]["home_cpu_s"] > 0 == report["connecting"]["server_cpu_s"]


async def test_nobody_joins_in_a_storm_before_all_are_connected(load: Path) -> None:
    async with open_room(Room()) as room:
        report = await run_load(load, "storm", room.port, members=50, **ENTER)
    joins = [number for number, text in enumerate(room.heard) if text.startswith('42["join"')]
    connects = [number for number, text in enumerate(room.heard) if text == "40"]
    assert len(joins) == 50
    assert max(connects) < min(joins)
    assert 0 < report["joined_s"] < report["seconds"]


async def test_a_stalled_member_reads_nothing_while_the_others_hear_everything(load: Path) -> None:
    unread: list[int] = []

    def deliver(member: int, message: int) -> bytes:
        transport = room.members[member].transport
        unread.append(transport.get_write_buffer_size() if member == 2 else 0)
        return frame('42["said"'.ljust(200_000, "x"))

    async with open_room(Room(deliver=deliver)) as room:
        report = await run_load(load, "stall", room.port, members=3, count=60, window=2, **SAY)
    # Before the two halves comes a tenth of one, to warm up.
    assert room.messages == 7 + 60 + 60
    assert report["reading"]["messages"] == report["stalled"]["messages"] == 60
    assert max(unread) > 1_000_000


async def test_the_limit_passes_every_message_on(load: Path, tmp_path: Path) -> None:
    port = free_port()
    limit = subprocess.Popen([compile_c(LIMIT, tmp_path / "limit"), str(port)])
    try:
        await accepts(port)
        fanout = await run_load(
            load, "fanout", port, members=20, window=4, server=limit.pid, **SAY | {"capture": ""}
        )
        words = {**ENTER, "capture": "", "say": '42["tell",{}]', "heard": '42["told"'}
        relay = await run_load(load, "relay", port, members=1, window=4, **words)
    finally:
        limit.terminate()
        limit.wait()
    assert fanout["said"] * 20 >= fanout["deliveries"] > 0
    assert 0 < fanout["server_cpu_s"] <= fanout["seconds"] * 1.1
    assert relay["deliveries"] > 0


async def accepts(port: int) -> None:
    async with asyncio.timeout(patience(5)):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                await writer.wait_closed()
                return
