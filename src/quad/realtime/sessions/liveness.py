"""Whether the client at the other end of a connection is still there.

A connection whose other end has lost its network looks open until a heartbeat is overdue. Who
needs to know at once asks: over a WebSocket by a Ping frame, which every client answers
(RFC 6455, section 5.5.2), over long-polling by answering the poll that waits with `6`, after
which a client polls again. Whatever arrives meanwhile is a sign of life as well.
"""

import asyncio
from time import monotonic
from typing import Protocol

from quad.realtime.http.request import Handshake
from quad.realtime.options import EngineOptions

# The data of our Ping frames: their Pongs prove nothing but life.
QUESTION = b"alive?"


class Asked(Protocol):
    """A connection that can be asked."""

    @property
    def last_heard(self) -> float:
        """When anything last arrived, by `time.monotonic`."""

    def send_question(self) -> None:
        """Make the client say something, if it is there. Never waits."""


class Liveness:
    """The question of one connection: one at a time, shared by all who want to know.

    An answer holds for a while, so that nobody can flood somebody else with questions.
    """

    __slots__ = ("_answer", "_asked_at", "_connection", "_holds_s", "_timer", "_wait_s", "_was")

    def __init__(self, connection: Asked, wait_s: float, holds_s: float) -> None:
        """`wait_s` is the time to answer, `holds_s` how long an answer is taken for true."""
        self._connection = connection
        self._wait_s = wait_s
        self._holds_s = holds_s
        self._answer: asyncio.Future[bool] | None = None
        self._asked_at = 0.0
        # The last answer, and when it was given.
        self._was: tuple[bool, float] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def ask(self) -> bool:
        """Whether the client gives a sign of life in time."""
        if self._answer is None:
            if self._was is not None and monotonic() < self._was[1] + self._holds_s:
                return self._was[0] or self._has_spoken()
            self._begin()
        assert self._answer is not None
        return await asyncio.shield(self._answer)

    def settle(self, *, is_alive: bool) -> None:
        """The client has said something, or its connection has ended."""
        if self._answer is None:
            return
        assert self._timer is not None
        self._timer.cancel()
        answer, self._answer, self._timer = self._answer, None, None
        self._was = (is_alive, monotonic())
        answer.set_result(is_alive)

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        self._answer = loop.create_future()
        self._asked_at = monotonic()
        # In two halves: a loop that was too busy to read in time reads once more in between.
        self._timer = loop.call_later(self._wait_s / 2, self._wait_again)
        self._connection.send_question()

    def _wait_again(self) -> None:
        if self._has_spoken():
            self.settle(is_alive=True)
        else:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._wait_s / 2, self._judge)

    def _judge(self) -> None:
        self.settle(is_alive=self._has_spoken())

    def _has_spoken(self) -> bool:
        return self._connection.last_heard > self._asked_at


def make_liveness(connection: Asked, handshake: Handshake, options: EngineOptions) -> Liveness:
    """The question of a connection that was opened by this handshake."""
    is_near = handshake.is_from_this_machine
    wait_ms = options.probe_loopback_timeout_ms if is_near else options.probe_timeout_ms
    return Liveness(connection, wait_ms / 1000, options.probe_holds_ms / 1000)
