"""Nodes ask each other by name; whoever does not answer holds nobody up."""

import asyncio
from functools import partial

import pytest

from quad.cluster.questions import Questions
from quad.refusals import Unavailable
from tests.realtime.memory import until


class Post:
    """What one node sends arrives at the other a turn later."""

    def __init__(self, me: int, nodes: dict[int, Questions]) -> None:
        self.me = me
        self.nodes = nodes

    def send(self, node: int, record: bytes) -> None:
        if node in self.nodes:
            asyncio.get_running_loop().call_soon(self.nodes[node].received, self.me, record)


def make(*numbers: int) -> dict[int, Questions]:
    nodes: dict[int, Questions] = {}
    for me in numbers:
        others = tuple(number for number in numbers if number != me)
        nodes[me] = Questions(Post(me, nodes), partial(iter, others))
    return nodes


async def test_a_question_has_an_answer_at_once_or_later() -> None:
    nodes = make(1, 2)

    async def slow(value: int) -> int:
        await asyncio.sleep(0)
        return value + 1

    nodes[2].on("double", lambda value: value * 2)
    nodes[2].on("slow", slow)
    assert await nodes[1].ask(2, "double", 21) == 42
    assert await nodes[1].ask(2, "slow", 41) == 42


async def test_what_nobody_knows_or_fails_is_unavailable(caplog: pytest.LogCaptureFixture) -> None:
    nodes = make(1, 2)
    nodes[2].on("fail", lambda value: 1 // value)
    nodes[2].on("odd", lambda value: object())
    for name in ("unknown", "fail", "odd"):
        with pytest.raises(Unavailable):
            await nodes[1].ask(2, name, 0)
        assert repr(name) in caplog.text


async def test_a_node_that_is_away_or_is_lost_is_not_waited_for() -> None:
    nodes = make(1, 2)
    with pytest.raises(Unavailable):
        await nodes[1].ask(3, "anything", timeout_s=0.01)
    gate = asyncio.Event()
    nodes[2].on("wait", lambda value: gate.wait())
    asking = asyncio.ensure_future(nodes[1].ask(2, "wait"))
    await asyncio.sleep(0)
    nodes[1].reset(2)
    with pytest.raises(Unavailable):
        await asking
    await nodes[2].aclose()


async def test_all_are_asked_and_the_silent_ones_named() -> None:
    nodes = make(1, 2, 3)
    nodes[2].on("name", lambda value: f"{value} two")
    assert await nodes[1].ask_all("name", "I am") == {2: "I am two", 3: None}


async def test_news_reach_all_and_ask_nothing() -> None:
    nodes = make(1, 2, 3)
    heard: list[str] = []
    for node in nodes.values():
        node.on("news", heard.append)
    nodes[1].tell_all("news", "it rains")
    await until(lambda: heard == ["it rains", "it rains"])
    assert nodes[1].nodes == 3


async def test_what_cannot_be_read_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    nodes = make(1)
    nodes[1].received(2, b"\xc1")
    nodes[1].received(2, b"")
    assert caplog.text.count("cannot be read") == 2
