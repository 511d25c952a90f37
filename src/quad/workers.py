"""Several processes at one address: a parent that holds the sockets, and a child for each.

Every worker has a socket of its own at the shared address (`SO_REUSEPORT`), and the kernel deals
the connections out. The parent opens the sockets and keeps them: whoever waits in the queue of a
worker that dies is served by the next one, where a worker that owned its socket would take half of
its queue with it.

The parent sees at once when one dies, and writes its number to the standard input of the others:
what was at home there is theirs before its silence would tell them.
"""

import asyncio
import ctypes
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple, Self

import quad
from quad.cli.failures import FAILED, Failed
from quad.logs import configure_logging
from quad.realtime import stop_signal
from quad.realtime.http.binding import url_of
from quad.settings import Settings
from quad.starting import check_descriptors, share_address
from quad.web.invitation import invite
from quad.web.network import elsewhere

log = logging.getLogger("quad.workers")

_LEAST_PAUSE_S: Final = 0.1
_MOST_PAUSE_S: Final = 5.0
# Who has lived so long did not die of its start: the next pause is the least again.
_SETTLED_S: Final = 30.0
# Beyond the drain's time: what a worker itself allows its end, and the processor that all of them
# need at once for it.
_MARGIN_S: Final = 3.0
_CHUNK_BYTES: Final = 65_536
_SET_PARENT_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG of prctl(2)

Command = Callable[[int, int], Sequence[str]]
"""The command of a worker, by its number and the descriptor of its socket."""


def run(settings: Settings, arguments: Sequence[str]) -> int:
    """Serve with `server.workers` processes until SIGTERM or SIGINT; returns the exit code.

    `arguments` are those of this process: each worker is started with the same ones.

    Raises:
        Failed, OSError: a worker could not begin; nothing is served.
    """
    check_descriptors()
    configure_logging(settings.log.level)
    return asyncio.run(_run(settings, arguments))


async def _run(settings: Settings, arguments: Sequence[str]) -> int:
    listeners = await share_address(settings.server, settings.server.workers)
    parent = os.getpid()

    def command(number: int, descriptor: int) -> Sequence[str]:
        worker = Worker(number, descriptor, parent)
        # -P: a directory called quad, wherever this was started, is not the program.
        return [sys.executable, "-P", "-m", "quad", *arguments, "--as-worker", str(worker)]

    supervisor = Supervisor(command, listeners, stop_s=settings.server.drain_s + _MARGIN_S)
    url = url_of(listeners[0])
    with stop_signal() as stopped:
        try:
            if await _started(supervisor, stopped):
                # Programs and people wait for this line; it is the only one on standard output.
                others = elsewhere(settings.server.host, url)
                count = f"{len(listeners)} workers"
                print(f"Quad {quad.__version__} is listening on {url}{others}; {count}", flush=True)
                invite(settings.server, url, sys.stderr)
                await stopped.wait()
                log.info("stopping")
        finally:
            has_ended_well = await supervisor.stop()
    return 0 if has_ended_well else FAILED


async def _started(supervisor: "Supervisor", stopped: asyncio.Event) -> bool:
    """Whether all workers are ready; False if they were told to stop before."""
    starting = asyncio.create_task(supervisor.start(), name="quad-workers")
    told = asyncio.create_task(stopped.wait())
    await asyncio.wait([starting, told], return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if not starting.done():
        starting.cancel()
        await asyncio.wait([starting])
        return False
    starting.result()
    return True


class Worker(NamedTuple):
    """What a child knows of its place: its number from 1, its socket, and who started it."""

    number: int
    descriptor: int
    parent: int

    def __str__(self) -> str:
        return ":".join(map(str, self))

    @classmethod
    def parse(cls, text: str) -> Self:
        """What `str` made of one. Raises ValueError."""
        number, descriptor, parent = map(int, text.split(":"))
        return cls(number, descriptor, parent)

    def end_with_parent(self) -> None:
        """From now on this process gets SIGTERM when its parent ends, however that ends.

        On Linux; elsewhere a parent that is killed leaves its children. To be called first of all:
        raises Failed if the parent has ended already.
        """
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
        # It may have ended before the kernel knew that we want to hear of it.
        if os.getppid() != self.parent:
            raise Failed(f"process {self.parent}, which started this worker, has ended")


@contextmanager
def hearing_of_deaths(heard: Callable[[int], object]) -> Iterator[None]:
    """While the block runs, `heard` is called with the number of each other worker that dies.

    To be entered on the loop of a worker.
    """
    loop, source = asyncio.get_running_loop(), sys.stdin.fileno()

    def read() -> None:
        told = os.read(source, _CHUNK_BYTES)  # whole lines: they are shorter than a pipe's atom
        for number in told.split():
            heard(int(number))
        if not told:  # the parent has closed it: it has nothing more to say
            loop.remove_reader(source)

    loop.add_reader(source, read)
    try:
        yield
    finally:
        loop.remove_reader(source)


class Supervisor:
    """A child process for each socket, started again whenever it ends.

    A worker is ready when it writes its first line to standard output; nobody reads the others.
    The sockets stay open here until `stop`, which closes them.
    """

    def __init__(
        self,
        command: Command,
        sockets: Sequence[socket.socket],
        *,
        stop_s: float,
        least_pause_s: float = _LEAST_PAUSE_S,
        most_pause_s: float = _MOST_PAUSE_S,
        settled_s: float = _SETTLED_S,
    ) -> None:
        """`stop_s` is what workers get to end by themselves."""
        self._sockets = sockets
        self._stop_s = stop_s
        pauses = (least_pause_s, most_pause_s, settled_s)
        self._places = [
            _Place(number, command(number, each.fileno()), each.fileno(), pauses, self._ended)
            for number, each in enumerate(sockets, 1)
        ]
        self._keeping: list[asyncio.Task[None]] = []

    @property
    def pids(self) -> list[int | None]:
        """The processes, by number; None for one that is not there right now."""
        return [place.pid for place in self._places]

    async def start(self) -> None:
        """Start all workers and return when they are ready; to be called once.

        The first one is ready before the others begin, so that what a first start makes (keys,
        passwords, tables) is made once. Raises Failed, OSError if one does not start; `stop` has to
        be called then, too.
        """
        first, *others = self._places
        await first.start()
        starting = [asyncio.create_task(place.start()) for place in others]
        try:
            await asyncio.gather(*starting)
        finally:
            # If one has failed, the others still wait for their workers; `stop` ends those.
            for each in starting:
                each.cancel()
            await asyncio.gather(*starting, return_exceptions=True)
        self._keeping = [
            asyncio.create_task(place.keep(), name=f"quad-worker-{place.number}")
            for place in self._places
        ]

    async def stop(self) -> bool:
        """End all workers, by force those that take too long; whether none had to be forced.

        False also if one that was told to end did so with another exit code than 0.
        """
        for keeping in self._keeping:
            keeping.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)
        for each in self._sockets:
            each.close()
        ended = await asyncio.gather(*(place.stop(self._stop_s) for place in self._places))
        return all(ended)

    def _ended(self, number: int) -> None:
        for place in self._places:
            place.tell(number)


class _Place:
    """One worker after the other, at one socket."""

    def __init__(
        self,
        number: int,
        command: Sequence[str],
        descriptor: int,
        pauses: tuple[float, float, float],
        ended: Callable[[int], object],
    ) -> None:
        """`ended` is called with the number when the worker has ended by itself."""
        self.number = number
        self._ended = ended
        self._command = command
        self._descriptor = descriptor
        self._least_pause_s, self._most_pause_s, self._settled_s = pauses
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """None while nobody is there."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Return when a new worker is ready. Raises Failed if it ends before, OSError."""
        self._process = process = await asyncio.create_subprocess_exec(
            *self._command,
            pass_fds=[self._descriptor],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        if not await process.stdout.readline():
            how = _told(await process.wait())
            raise Failed(f"worker {self.number} did not start: it {how}")

    async def keep(self) -> None:
        """Start another whenever one ends. It never returns."""
        clock = asyncio.get_running_loop().time
        pause_s = self._least_pause_s
        while True:
            began = clock()
            how = await self._end()
            self._ended(self.number)
            if clock() - began > self._settled_s:
                pause_s = self._least_pause_s
            log.error("worker %d %s; starting another in %.1f s", self.number, how, pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, self._most_pause_s)
            await self._start_another()

    def tell(self, number: int) -> None:
        """Have the worker, if there is one, hear that another one has died."""
        process = self._process
        if self.pid is not None:
            assert process is not None
            assert process.stdin is not None
            process.stdin.write(b"%d\n" % number)

    async def _start_another(self) -> None:
        try:
            await self.start()
        except Failed:
            return  # `keep` finds it ended, and says so
        except OSError as error:  # no memory, no descriptors: there may be some later
            log.error("worker %d cannot be started: %s", self.number, error)
        else:
            log.warning("worker %d is ready again", self.number)

    async def _end(self) -> str:
        """Return when the worker has ended: how, in words."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        while await process.stdout.read(_CHUNK_BYTES):
            pass  # a pipe that nobody empties would stop who writes to it
        return _told(await process.wait())

    async def stop(self, within_s: float) -> bool:
        """Whether the worker has ended by itself, as it should; True if there is none."""
        process = self._process
        if process is None or process.returncode is not None:
            return True
        process.terminate()
        try:
            async with asyncio.timeout(within_s):
                await self._end()
        except TimeoutError:
            log.error("worker %d did not end within %.1f s; killing it", self.number, within_s)
            process.kill()
            await self._end()
        # Who was still starting had nothing to end in good order.
        return process.returncode in (0, -signal.SIGTERM)


def _told(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    return f"was ended by {signal.Signals(-code).name}"
