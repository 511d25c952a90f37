"""How whoever has started a command ends it: Ctrl-C, and what systems and terminals send."""

import asyncio
import signal
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
    for number in _NUMBERS:
        # What was started to outlive its terminal does: `nohup` has it ignored.
        if signal.getsignal(number) is signal.SIG_IGN:
            continue
        try:
            loop.add_signal_handler(number, stopped.set)
        except NotImplementedError:
            # Windows: Python hears of signals there, but no event loop does.
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopped.set))
    await stopped.wait()
