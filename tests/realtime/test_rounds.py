"""What many connections bring at once keeps nobody waiting who brings little."""

import asyncio
import socket
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from quad.realtime import SocketServer
from quad.realtime.http.front import Front
from quad.realtime.http.rounds import Rounds
from tests.protocol.peers import Target
from tests.realtime.serving import serving, until


async def test_what_is_little_is_done_at_once() -> None:
    rounds = Rounds(share=3)
    done: list[int] = []
    for turn in range(3):
        assert [rounds.run(1, partial(done.append, turn)) for _ in range(3)] == [True] * 3
        await asyncio.sleep(0)
    assert done == [0, 0, 0, 1, 1, 1, 2, 2, 2]


async def test_what_is_too_much_is_done_in_its_order_over_several_turns() -> None:
    rounds = Rounds(share=3)
    done: list[int] = []
    at_once = [rounds.run(1, partial(done.append, number)) for number in range(10)]
    assert at_once == [True] * 3 + [False] * 7
    seen = [len(done)]
    while len(done) < 10:
        await asyncio.sleep(0)
        seen.append(len(done))
    assert seen == [3, 6, 9, 10]
    assert done == list(range(10))


async def test_what_comes_while_others_wait_waits_behind_them() -> None:
    rounds = Rounds(share=1)
    done: list[str] = []

    def second() -> None:
        done.append("second")
        rounds.run(1, partial(done.append, "fourth"))

    rounds.run(1, partial(done.append, "first"))
    rounds.run(1, second)
    rounds.run(1, partial(done.append, "third"))
    while len(done) < 4:
        await asyncio.sleep(0)
    assert done == ["first", "second", "third", "fourth"]


async def test_what_costs_more_than_a_turn_has_one_of_its_own() -> None:
    rounds = Rounds(share=3)
    done: list[int] = []
    for number in range(3):
        rounds.run(8, partial(done.append, number))
    assert done == [0]
    await asyncio.sleep(0)
    assert done == [0, 1]
    await asyncio.sleep(0)
    assert done == [0, 1, 2]


async def test_work_that_fails_keeps_nobody_from_the_rest() -> None:
    rounds = Rounds(share=1)
    done: list[int] = []
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))
    rounds.run(1, partial(done.append, 1))
    rounds.run(1, lambda: 1 / 0)
    rounds.run(1, partial(done.append, 3))
    while len(done) < 2:
        await asyncio.sleep(0)
    assert [type(each["exception"]) for each in complaints] == [ZeroDivisionError]


async def test_while_many_arrive_they_come_first_for_a_while() -> None:
    now = 100.0
    rounds, done, done_at = Rounds(share=1, clock=lambda: now), 0, []

    def work() -> None:
        nonlocal done
        done += 1
        done_at.append(round(now - 100.0, 2))

    for _ in range(100):
        rounds.arrive()
        rounds.run(1, work)
        await asyncio.sleep(0)
        now += 0.01
    # The first ones at once, then nothing for 250 ms, then work for 50 ms, and so on.
    assert done_at[:8] == [0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07]
    assert 0.3 < done_at[8] < 0.35
    assert 15 < done < 35
    while done < 100:
        await asyncio.sleep(0)
    assert done_at[-1] == 1.0


async def test_one_connection_after_the_other_is_no_crowd() -> None:
    rounds = Rounds(share=1)
    for _ in range(50):
        rounds.arrive()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert rounds.run(1, int)
        await asyncio.sleep(0)


class Watched:
    """An application, and what had been begun when somebody asked whether the server lives."""

    def __init__(self) -> None:
        self.begun = 0
        self.answered = 0
        self.before_health: int | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.begun += 1
        if scope["path"] == "/health":
            self.before_health = self.begun
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})
        self.answered += 1


def send_at_once(stack: ExitStack, target: Target, requests: list[bytes]) -> None:
    """One connection each; the loop, which is this thread's, finds all of them in one turn."""
    address = (target.host, target.port)
    connections = [stack.enter_context(socket.create_connection(address)) for _ in requests]
    for connection, request in zip(connections, requests, strict=True):
        connection.sendall(request)


def request(path: str, more: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n".encode()


async def test_a_thousand_requests_do_not_keep_the_one_for_health_waiting() -> None:
    application = Watched()
    async with serving(SocketServer(), application=application) as target:
        with ExitStack() as stack:
            send_at_once(stack, target, [request("/x")] * 300 + [request("/health")])
            await until(lambda: application.answered == 301)
    assert application.before_health is not None
    assert application.before_health < 100


async def test_large_heads_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    heads, before_health = 0, None
    check_host = Front._check_host

    def counting(front: Front) -> None:
        nonlocal heads, before_health
        heads += 1
        if front.url == b"/health":
            before_health = heads
        check_host(front)

    monkeypatch.setattr(Front, "_check_host", counting)
    application = Watched()
    large = request("/x", "".join(f"X-{number}: {'y' * 500}\r\n" for number in range(100)))
    async with serving(SocketServer(), application=application) as target:
        with ExitStack() as stack:
            send_at_once(stack, target, [large] * 100 + [request("/health")])
            await until(lambda: application.answered == 101)
    assert before_health is not None
    assert before_health < 50


async def test_what_waits_of_large_heads_is_bounded_and_all_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("quad.realtime.http.front._WAITING_HEADS_BYTES", 200_000)
    waiting: list[int] = []
    read_in_turn = Front._read_in_turn

    def watching(front: Front) -> None:
        read_in_turn(front)
        waiting.append(front._fronts.waiting_heads_bytes)

    monkeypatch.setattr(Front, "_read_in_turn", watching)
    application = Watched()
    large = request("/x", "".join(f"X-{number}: {'y' * 500}\r\n" for number in range(100)))
    async with serving(SocketServer(), application=application) as target:
        with ExitStack() as stack:
            send_at_once(stack, target, [large] * 100)
            await until(lambda: application.answered == 100)
    assert 100_000 < max(waiting) <= 200_000


async def test_a_client_that_leaves_while_its_head_waits_harms_nobody() -> None:
    application = Watched()
    large = request("/x", f"X: {'y' * 50_000}\r\n")
    async with serving(SocketServer(), application=application) as target:
        with ExitStack() as stack:
            send_at_once(stack, target, [large] * 50)
        with ExitStack() as stack:
            send_at_once(stack, target, [request("/health")])
            await until(lambda: application.before_health is not None)
