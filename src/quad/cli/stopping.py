"""How whoever has started a command ends it: Ctrl-C, and what systems and terminals send."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Final

# Not every system has all of them: Windows knows SIGBREAK, and nobody else does.
_NUMBERS: Final = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    if hasattr(signal, name)
)


async def told_to_stop() -> None:
    """Return when the program is told to end. Only in the main thread, once at a time."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    with ExitStack() as before:
        for number in _NUMBERS:
            # What was started to outlive its terminal does: `nohup` has it ignored.
            if signal.getsignal(number) is not signal.SIG_IGN:
                before.callback(_listen(loop, number, stopped.set))
        await stopped.wait()


def _listen(
    loop: asyncio.AbstractEventLoop, number: signal.Signals, hear: Callable[[], None]
) -> Callable[[], object]:
    """Returns what ends it."""
    try:
        loop.add_signal_handler(number, hear)
    except NotImplementedError:
        # Windows: Python hears of signals there, but no event loop does.
        before = signal.signal(number, lambda *_: loop.call_soon_threadsafe(hear))
        return partial(signal.signal, number, before)
    return partial(loop.remove_signal_handler, number)
