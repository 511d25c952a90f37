"""The one way from a handler to what its client is told, under every kind of server.

A dispatch calls a handler whose turn it is. When that has come to its end, now or later, it counts
what became of it, has the client told, and gives the turn back. What clients say and how they are
told is each server's own.
"""

import asyncio
import logging
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from types import CoroutineType
from typing import Any, Generic, Protocol, TypeVar

from quad.realtime.counters import EventCounter
from quad.realtime.drive import Drive, Finished
from quad.realtime.ending import Work
from quad.realtime.errors import Cancelled, Internal, Refused
from quad.realtime.turns import TooManyWaiting


class Handler:
    """A function that handles what clients send under one name."""

    __slots__ = ("call", "counter", "is_deferred", "is_driven", "is_overlapping", "name")

    def __init__(
        self,
        name: str,
        call: Callable[..., Any],
        counter: EventCounter,
        *,
        is_overlapping: bool,
        is_deferred: bool,
        is_driven: bool,
    ) -> None:
        """`is_deferred`: it calls `finished(value, error)`, its last argument, when it has ended.

        `is_driven`: its coroutine runs without a task; see `Drive`.
        """
        self.name = name
        self.call = call
        self.counter = counter
        self.is_overlapping = is_overlapping
        self.is_deferred = is_deferred
        self.is_driven = is_driven


class Sender(Protocol):
    """Whose event it is."""

    def end(self) -> None:
        """Give its turn back."""


class Waiting(Protocol):
    """A sender whose events may have to wait; see `Turns`."""

    @property
    def is_crowded(self) -> bool:
        """Whether so much waits that no more should be read."""

    def wait(self, start: Callable[[], object], *, overlaps: bool, size_bytes: int = 0) -> None:
        """Have `start` called when the turn has come. Raises TooManyWaiting."""

    def slow_down(self) -> None:
        """Read no more for as long as it is crowded."""

    def too_many_waiting(self) -> None:
        """Close the connection."""


Waited = asyncio.Future[Any] | Coroutine[Any, Any, Any]
SenderT = TypeVar("SenderT", bound=Sender)
SaidT = TypeVar("SaidT")


class Dispatch(ABC, Generic[SenderT, SaidT]):
    """Calls handlers, and sees each to its end."""

    def __init__(self, log: logging.Logger) -> None:
        """Bugs are logged there."""
        self._log = log
        self._work = Work(log)

    # How a server answers. Called on the loop, before the turn is given back.

    @abstractmethod
    def answer(self, sender: SenderT, said: SaidT, value: object) -> None:
        """The handler has done it, and returned this. May raise: then that is its error."""

    @abstractmethod
    def explain(self, sender: SenderT, said: SaidT, refused: Refused) -> None:
        """It was not done: declined, cancelled, or kept from being done by a bug."""

    def decline(self, sender: SenderT, said: SaidT, refused: Refused) -> None:
        """It was declined; by default that is only explained."""
        self.explain(sender, said, refused)

    @abstractmethod
    def refusal_of(self, said: SaidT, error: BaseException) -> Refused | None:
        """The refusal that an error means; None: it is a bug."""

    # What becomes of a handler

    def call(self, sender: SenderT, handler: Handler, said: SaidT, args: Sequence[Any]) -> None:
        """Call the handler, which has its turn, and answer when it has come to its end.

        That is when its future or coroutine has; without one, when it returns, or has called
        `finished` if it is deferred.
        """
        started = time.perf_counter()
        finish: Finished | None = None
        try:
            if handler.is_deferred:
                finish = partial(self._finish, sender, handler, said, started)
                result = handler.call(sender, *args, finish)
            else:
                result = handler.call(sender, *args)
        except Exception as error:  # noqa: BLE001 - a bug costs its event, not the server
            self._finish(sender, handler, said, started, None, error)
            return
        if result is None and finish is not None:
            return  # nearly always, of what comes by the ten thousand
        if type(result) is CoroutineType or isinstance(result, asyncio.Future):
            finish = finish or partial(self._finish, sender, handler, said, started)
            self._wait_for(result, handler, finish)
        elif finish is None:
            self._finish(sender, handler, said, started, result, None)

    def fail(self, sender: SenderT, handler: Handler, said: SaidT, error: BaseException) -> None:
        """What has its turn cannot be done, because of this."""
        self._finish(sender, handler, said, 0.0, None, error)

    def refuse(self, sender: SenderT, counter: EventCounter, said: SaidT, refused: Refused) -> None:
        """Tell a client, and nobody else, that it was declined and why. The turn stays."""
        counter.refused += 1
        self.decline(sender, said, refused)

    async def aclose(self, grace_s: float) -> None:
        """Wait for the handlers that are at work; those that take too long are cancelled."""
        await self._work.finish(grace_s)

    def _wait_for(self, result: Waited, handler: Handler, finish: Finished) -> None:
        if isinstance(result, asyncio.Future):
            result.add_done_callback(partial(_settle, finish))
        elif handler.is_driven:
            Drive(result, finish).step()
        else:
            self._work.own(run_to_end(result, finish))

    def _finish(
        self,
        sender: SenderT,
        handler: Handler,
        said: SaidT,
        started: float,
        value: object,
        error: BaseException | None,
    ) -> None:
        try:
            if error is None:
                self.answer(sender, said, value)
                handler.counter.succeeded += 1
                handler.counter.latency_s.observe(time.perf_counter() - started)
            else:
                self._explain_error(sender, handler, said, error)
        except Exception as unsayable:  # noqa: BLE001 - what it returned cannot be sent
            self._explain_error(sender, handler, said, unsayable)
        sender.end()

    def _explain_error(
        self, sender: SenderT, handler: Handler, said: SaidT, error: BaseException
    ) -> None:
        refused = self.refusal_of(said, error)
        if refused is not None:
            self.refuse(sender, handler.counter, said, refused)
            return
        handler.counter.failed += 1
        if isinstance(error, asyncio.CancelledError):  # at the end of the server
            failed: Refused = Cancelled("cancelled")
        else:
            failed = log_bug(self._log, error, f"in the handler of {handler.name!r}")
        self.explain(sender, said, failed)


def wait_for_turn(
    sender: Waiting, start: Callable[[], object], size_bytes: int, *, overlaps: bool
) -> None:
    """Have `start` called when its turn has come; whoever says too much meanwhile is not read."""
    try:
        sender.wait(start, overlaps=overlaps, size_bytes=size_bytes)
    except TooManyWaiting:
        sender.too_many_waiting()
    else:
        if sender.is_crowded:
            sender.slow_down()


def log_bug(log: logging.Logger, error: BaseException, where: str) -> Internal:
    """Log a bug under an id; returns what its client is told."""
    bug_id = secrets.token_hex(4)
    log.error("bug %s %s", bug_id, where, exc_info=error)
    return Internal(f"something went wrong on the server ({bug_id})", id=bug_id)


async def run_to_end(work: Coroutine[Any, Any, Any], finished: Finished) -> None:
    """A coroutine whose end is told, in a task of its own."""
    try:
        value = await work
    except Exception as error:  # noqa: BLE001 - handed on
        finished(None, error)
    except BaseException as error:  # cancelled at the end of the server
        finished(None, error)
        raise
    else:
        finished(value, None)


def _settle(finish: Finished, done: "asyncio.Future[Any]") -> None:
    if done.cancelled():
        finish(None, asyncio.CancelledError())
    elif error := done.exception():
        finish(None, error)
    else:
        finish(done.result(), None)
