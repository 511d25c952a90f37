"""Short questions between nodes, by name, with one value as the answer; and news that has none.

What nodes tell each other now and then goes this way: figures, who is online, a class to close, a
wrong password that all have to count. Values are whatever MessagePack can hold.
"""

import asyncio
import inspect
import itertools
import logging
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder

from quad.realtime.ending import Work
from quad.refusals import Unavailable

log = logging.getLogger("quad.cluster")

TIMEOUT_S: Final = 5.0

Answerer = Callable[[Any], Any]
"""Gives the answer to a question's value, at once or as a coroutine."""


class Way(Protocol):
    """The links, as far as questions need them."""

    def send(self, node: int, record: bytes) -> object:
        """In order for each node; never waits."""


class _Question(Struct, frozen=True, array_like=True, tag=1):
    number: int  # 0: no answer is wanted
    name: str
    value: Any


class _Answer(Struct, frozen=True, array_like=True, tag=2):
    number: int
    value: Any
    is_given: bool = True


_encode = Encoder().encode
_decode: Decoder[_Question | _Answer] = Decoder(_Question | _Answer)


class Questions:
    """Asks the other nodes, and answers what they ask."""

    def __init__(self, way: Way, others: Callable[[], Iterable[int]]) -> None:
        """`others` are the nodes that live, without this one."""
        self._way = way
        self._others = others
        self._answerers: dict[str, Answerer] = {}
        self._waiting: dict[int, tuple[int, asyncio.Future[Any]]] = {}
        self._numbers = itertools.count(1)
        self._work = Work(log)
        self.unreadable = 0
        """Records that were dropped: of another version, or a bug."""

    @property
    def nodes(self) -> int:
        """How many nodes live, this one among them."""
        return 1 + len(list(self._others()))

    def on(self, name: str, answerer: Answerer) -> None:
        """Answer questions, or hear news, of this name; once for each name, before the start."""
        assert name not in self._answerers
        self._answerers[name] = answerer

    async def ask(
        self, node: int, name: str, value: object = None, *, timeout_s: float = TIMEOUT_S
    ) -> Any:  # noqa: ANN401 - whatever the answerer has said
        """What a node answers. Raises Unavailable if it does not, or knows no such question."""
        number = next(self._numbers)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = node, answer
        self._way.send(node, _encode(_Question(number, name, value)))
        try:
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError:
            raise Unavailable from None
        finally:
            del self._waiting[number]

    async def ask_all(
        self, name: str, value: object = None, *, timeout_s: float = TIMEOUT_S
    ) -> dict[int, Any]:
        """What each of the other nodes answers; None in place of those that do not."""
        nodes = list(self._others())
        asked = [self.ask(node, name, value, timeout_s=timeout_s) for node in nodes]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, Unavailable):
                raise answer
        return {
            node: None if isinstance(answer, Unavailable) else answer
            for node, answer in zip(nodes, answers, strict=True)
        }

    def tell_all(self, name: str, value: object) -> None:
        """News for all other nodes. Never waits; a node that is lost meanwhile misses it."""
        record = _encode(_Question(0, name, value))
        for node in self._others():
            self._way.send(node, record)

    async def aclose(self) -> None:
        """End what is at work."""
        await self._work.finish(0)

    # What links say

    def received(self, node: int, record: bytes) -> None:
        """A question, or the answer to one."""
        try:
            message = _decode.decode(record)
        except (msgspec.MsgspecError, RecursionError) as error:
            self.unreadable += 1
            log.error("a question of node %d cannot be read: %s", node, error)
            return
        if isinstance(message, _Question):
            self._work.own(self._answer(node, message))
            return
        _, answer = self._waiting.get(message.number, (0, None))
        if answer is None or answer.done():
            return
        if message.is_given:
            answer.set_result(message.value)
        else:
            answer.set_exception(Unavailable())

    def reset(self, node: int) -> None:
        """What the node was asked has no answer."""
        for asked, answer in self._waiting.values():
            if asked == node and not answer.done():
                answer.set_exception(Unavailable())

    async def _answer(self, node: int, question: _Question) -> None:
        try:
            value = self._answerers[question.name](question.value)
            if inspect.isawaitable(value):
                value = await value
            record = _encode(_Answer(question.number, value))
        except Exception:
            log.exception("a question of node %d has no answer: %r", node, question.name)
            record = _encode(_Answer(question.number, None, is_given=False))
        if question.number:
            self._way.send(node, record)
