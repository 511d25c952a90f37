"""Coroutines without tasks, for handlers that come by the ten thousand."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

Finished = Callable[[Any, BaseException | None], None]


class Drive:
    """Runs a coroutine at once as far as it goes, and on whenever what it awaits is done.

    A task costs about as much as all the rest of a small event, and starts a loop turn later.
    Inside there is no current task, so `asyncio.timeout` and `TaskGroup` do not work.
    """

    __slots__ = ("_coroutine", "_finished")

    def __init__(self, coroutine: Coroutine[Any, Any, Any], finished: Finished) -> None:
        """`finished(value, error)` is called once; without an error the value counts."""
        self._coroutine = coroutine
        self._finished = finished

    def step(self, _: object = None) -> None:
        """Run up to the next future that is not done."""
        try:
            awaited = self._coroutine.send(None)
        except StopIteration as end:
            self._finished(end.value, None)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - handed on
            self._finished(None, error)
        else:
            self._wait_for(awaited)

    def _wait_for(self, awaited: asyncio.Future[Any] | None) -> None:
        if awaited is None:  # a bare yield, as of `asyncio.sleep(0)`
            asyncio.get_running_loop().call_soon(self.step)
            return
        # What a task does with a future that was yielded to it: the flag says "awaited".
        awaited._asyncio_future_blocking = False
        awaited.add_done_callback(self.step)
