"""Reading without Socket.IO: as it is, the next one, and as a stream."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from tests.alert.hall import Hall

URL = "/v1/rooms/R101/messages"
EVENTS = {"Accept": "text/event-stream"}


async def test_a_program_reads_on_from_the_last_id(hall: Hall) -> None:
    alice = await hall.member("alice", "r101")
    async with hall.browser() as program:
        assert (await program.get(URL)).json() == []
        await alice.say("one")
        (one,) = (await program.get(URL)).json()
        assert set(one) == {"id", "at", "name", "msg"}
        assert (one["name"], one["msg"]) == ("ALICE", "one")
        await alice.say("two")
        (two,) = (await program.get(URL, params={"since": one["id"]})).json()
        assert two["msg"] == "two"
        answer = await program.get(URL, params={"since": two["id"]})
        assert answer.json() == []
        assert answer.headers["cache-control"] == "no-store"


async def test_a_program_waits_for_the_next_message(hall: Hall) -> None:
    alice = await hall.member("alice", "R101")
    async with hall.browser() as program:
        waiting = asyncio.create_task(program.get(URL, params={"wait_s": 30}))
        room = hall.alert.service.rooms.get("R101")
        assert room is not None
        await hall.until(lambda: bool(room.readers))
        await alice.say("now")
        assert [each["msg"] for each in (await waiting).json()] == ["now"]
        assert not room.readers
        last = (await program.get(URL)).json()[-1]["id"]
        assert (await program.get(URL, params={"since": last, "wait_s": 0.01})).json() == []


@pytest.mark.parametrize(
    "query", ["since=x", "since=-1", "since=1e3", "since=" + "9" * 19, "wait_s=x", "wait_s=-1",
              "wait_s=nan", "wait_s=inf"],
)  # fmt: skip
async def test_a_bad_query_is_refused(hall: Hall, query: str) -> None:
    async with hall.browser() as program:
        answer = await program.get(f"{URL}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_payload")


async def test_a_room_that_is_none_cannot_be_read(hall: Hall) -> None:
    async with hall.browser() as program:
        for headers in ({}, EVENTS):
            answer = await program.get("/v1/rooms/%20/messages", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (400, "bad_room")
        assert (await program.get("/v1/rooms/R101")).status_code == 404


async def test_a_stream_tells_what_was_said_and_then_what_is_said(hall: Hall) -> None:
    alice = await hall.member("alice", "R101")
    await alice.say("one")
    async with hall.browser() as program:
        async with program.stream("GET", URL, headers=EVENTS) as answer:
            assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
            events = read_events(answer)
            one = await anext(events)
            assert one["msg"] == "one"
            async with hall.browser() as curl:
                assert (await curl.post(URL, content=b"two")).json() == {"delivered": 2}
            assert (await anext(events))["msg"] == "two"
        again = {**EVENTS, "Last-Event-ID": one["id"]}
        async with program.stream("GET", URL, headers=again) as answer:
            assert (await anext(read_events(answer)))["msg"] == "two"
    room = hall.alert.service.rooms.get("R101")
    assert room is not None
    await hall.until(lambda: not room.readers)


async def test_a_stream_ends_with_the_server(hall: Hall) -> None:
    await hall.member("alice", "R101")
    async with hall.browser() as program, program.stream("GET", URL, headers=EVENTS) as answer:
        room = hall.alert.service.rooms.get("R101")
        assert room is not None
        await hall.until(lambda: bool(room.readers))
        await hall.alert.service.release_readers()
        assert [event async for event in read_events(answer)] == []


async def test_those_who_wait_count_as_streams_of_their_address(hall: Hall) -> None:
    hall.alert.streams._per_address = 1
    async with hall.browser() as program:
        async with program.stream("GET", URL, headers=EVENTS):
            for query, headers in (("", EVENTS), ("?wait_s=1", {})):
                answer = await program.get(URL + query, headers=headers)
                assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
            assert (await program.get(URL)).status_code == 200
        await hall.until(lambda: not len(hall.alert.streams))
        assert (await program.get(f"{URL}?wait_s=0.01")).status_code == 200


async def read_events(answer: httpx.Response) -> Any:
    async for line in answer.aiter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))
