"""`python -m bench.anatomy`: where the time of one relayed message goes, step by step.

One process holds a class of one teacher and one student, its database and nothing else: no sockets,
no load generator. So many messages arrive together, again and again, once with each step more
switched on; what a step costs is the difference. The least of many rounds counts, as whatever else
the machine does only adds.
"""

import asyncio
import gc
import re
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final, NamedTuple, NoReturn

import typer
import uvloop
from rich import box
from rich.console import Console
from rich.table import Table

from bench.subject import TEXT
from quad.classroom import tables
from quad.classroom.events import Code, register
from quad.classroom.model import check_files
from quad.classroom.outgoing import CodeOfStudent
from quad.classroom.service import ClassroomService
from quad.classroom.state import Participant
from quad.realtime import Client, Finished, Site, SocketServer
from quad.realtime.sessions.session import Session
from quad.realtime.sessions.websocket import WebSocket
from quad.settings import ClassroomSettings
from quad.store import Store, migrate

_EVENT: Final = "sharing/code_update"
_BATCHES: Final = 30  # in each round
_MASK: Final = b"\x01\x02\x03\x04"
_COMMITS: Final = 300


class Cost(NamedTuple):
    """µs of CPU a message: of the loop's thread, and of all threads."""

    loop: float
    all: float


class Wire(asyncio.Transport):
    """A transport without a network: it counts what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.heard = 0
        self._wanted = 0
        self._done: asyncio.Future[None] | None = None

    def expect(self, count: int) -> "asyncio.Future[None]":
        """Done when so many more events were written."""
        self.written = b""
        self._wanted = self.heard + count
        self._done = asyncio.get_running_loop().create_future()
        return self._done

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        data = bytes(data)  # which it is: nothing is copied
        self.heard += data.count(_EVENT.encode())
        if self._done is None:
            self.written += data
        elif self.heard >= self._wanted and not self._done.done():
            self._done.set_result(None)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        pass

    def close(self) -> None:
        pass

    def abort(self) -> None:
        pass


class Deaf:
    """A receiver that does nothing."""

    is_crowded = False

    def text_received(self, text: str) -> None: ...
    def binary_received(self, data: bytes) -> None: ...
    def pong_received(self, data: bytes) -> None: ...
    def connection_ended(self, reason: str) -> None: ...
    def write_path_changed(self, direct: object) -> None: ...
    def slow_reader_closed(self) -> None: ...


class Class:
    """A teacher and a student, connected; what the student says can be handled in parts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._server = SocketServer()
        self.service = ClassroomService(store, self._server, ClassroomSettings(), _Nobody())
        register(self._server, self.service)
        self._handler = self._server.reception.namespaces["/"].handlers[_EVENT]
        self._whole = self._handler.call
        self._serial = 0
        self.teacher = Wire()
        self.student = Wire()

    async def begin(self) -> None:
        """Open a room and join it."""
        teacher, self._student = self.connect(self.teacher), self.connect(self.student)
        teacher.data_received(frame('42["room/create",{"name":"Teacher"}]'))
        number = await _find(rb'"room/update",\{"id":(\d+)', self.teacher)
        join = f'42["room/join",{{"room_id":{number},"name":"Student"}}]'
        self._student.data_received(frame(join))
        self.student_id = await _find(rb'"user_id":(\d+)', self.student)
        await _find(rb'(?:"name":"Student".*)"id":(\d+)|"id":(\d+)[^}]*"Student"', self.teacher)
        self.room_id = number

    def connect(self, wire: Wire) -> WebSocket:
        """Somebody else, who has entered."""
        made: list[WebSocket] = []

        def connect(session: Session, _first: str) -> WebSocket:
            websocket = WebSocket(wire, session, max_message_bytes=10**6, outbox_limit_bytes=10**7)
            made.append(websocket)
            return websocket

        query = b"EIO=4&transport=websocket"
        request = Site().request("GET", "/socket.io/", query, [], "127.0.0.1")
        self._server.engine.open_websocket(request, connect)
        made[0].data_received(frame("40"))
        return made[0]

    def says(self, count: int) -> bytes:
        """So many updates of one file, as they arrive together; each is another text."""
        frames = []
        for _ in range(count):
            self._serial += 1
            content = TEXT.replace("{serial}", f"{self._serial:08}")
            frames.append(
                frame(
                    f'42["{_EVENT}",{{"room_id":{self.room_id},"files":[{{"filename":"main.py",'
                    f'"status":"CHANGED","content":"{content}"}}]}}]'
                )
            )
        return b"".join(frames)

    def hear(self, data: bytes) -> None:
        """Let the student have said this."""
        self._student.data_received(data)

    def handle_by(self, call: Callable[..., Any] | None, *, deferred: bool = True) -> None:
        """Handle updates by this function; None: as they are served."""
        self._handler.call = call or self._whole
        self._handler.is_deferred = deferred

    # What is done of an update, a little more each time

    def nothing(self, client: Client, code: Code) -> None:
        """It was read and dispatched."""

    def relay(self, _client: Client, code: Code) -> None:
        """And is told to the teacher."""
        payload = CodeOfStudent(self.room_id, self.student_id, code.files)
        self.service.rooms.tell(self._host, _EVENT, payload)

    def rules(self, client: Client, code: Code) -> None:
        """And was found allowed."""
        self._check(client, code)
        self.relay(client, code)

    def told(self, client: Client, code: Code, finished: Finished) -> None:
        """And waits for a transaction, of nothing."""
        self._check(client, code)

        def tell(error: Exception | None) -> None:
            self.relay(client, code)
            finished(None, error)

        self._store.submit((), tell)

    def _check(self, client: Client, code: Code) -> None:
        student = self.service.rooms.student(client, code.room_id)
        kept = student.kept_files
        assert kept is not None
        files, _ = check_files(code.files, kept.sizes)
        kept.put(files)

    @property
    def _host(self) -> Participant:
        room = self.service.rooms.known(self.room_id)
        assert room is not None
        return room.host


class _Nobody:
    """Nothing is imported."""

    async def load(self, url: str) -> NoReturn:
        raise NotImplementedError


def frame(text: str) -> bytes:
    """One masked text frame."""
    data = text.encode()
    length = len(data)
    head = bytes((0x80 | length,)) if length < 126 else b"\xfe" + length.to_bytes(2, "big")
    mask = (_MASK * (length // 4 + 1))[:length]
    # As one number each: a loop over the bytes takes longer than what is measured.
    masked = int.from_bytes(data, "big") ^ int.from_bytes(mask, "big")
    return b"\x81" + head + _MASK + masked.to_bytes(length, "big")


async def _find(pattern: bytes, wire: Wire) -> int:
    async with asyncio.timeout(10):
        while (found := re.search(pattern, wire.written, re.DOTALL)) is None:
            await asyncio.sleep(0.01)
    return int(next(filter(None, found.groups())))


async def measure(
    rounds: int, window: int, says: Callable[[int], bytes], hear: Callable[[bytes], Any]
) -> Cost:
    """The least of all rounds; `hear` returns what to wait for, or None."""
    costs = []
    for _ in range(rounds):
        batches = [says(window) for _ in range(_BATCHES)]
        loop_s, all_s = time.thread_time(), time.process_time()
        for batch in batches:
            done = hear(batch)
            if done is not None:
                await done
        loop_s, all_s = time.thread_time() - loop_s, time.process_time() - all_s
        costs.append(Cost(loop_s / window / _BATCHES * 1e6, all_s / window / _BATCHES * 1e6))
    return Cost(min(cost.loop for cost in costs), min(cost.all for cost in costs))


async def steps(store: Store, rounds: int, window: int) -> list[tuple[str, Cost]]:
    """The path with one step more each time."""
    it = Class(store)
    await it.begin()
    websocket = WebSocket(Wire(), Deaf(), max_message_bytes=10**6, outbox_limit_bytes=10**7)

    def unheard(data: bytes) -> None:
        it.hear(data)

    def heard(data: bytes) -> "asyncio.Future[None]":
        done = it.teacher.expect(window)
        it.hear(data)
        return done

    measured = [("frame", await measure(rounds, window, it.says, websocket.data_received))]
    for name, call, is_deferred, hear in (
        ("packet, payload, dispatch", it.nothing, False, unheard),
        ("encode, outbox, one write", it.relay, False, heard),
        ("role, names, limits", it.rules, False, heard),
        ("a transaction of nothing", it.told, True, heard),
        ("the file is kept", None, True, heard),
    ):
        it.handle_by(call, deferred=is_deferred)
        measured.append((name, await measure(rounds, window, it.says, hear)))
    await it.service.aclose()
    return measured


class Commit(NamedTuple):
    """µs of one transaction of one row: of CPU, and by the clock."""

    cpu: float
    clock: float


def transactions(path: Path, synchronous: str) -> Commit:
    """What SQLite takes by itself, in this thread."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={synchronous}")
    connection.execute("CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, content TEXT)")

    def write(number: int) -> None:
        row = ("main.py", TEXT.replace("{serial}", f"{number:08}"))
        connection.execute("INSERT OR REPLACE INTO files VALUES (?, ?)", row)

    for number in range(_COMMITS):  # the log grows once, and is written anew from then on
        write(number)
    cpu_s, clock_s = time.thread_time(), time.perf_counter()
    for number in range(_COMMITS):
        write(number)
    cpu_s, clock_s = time.thread_time() - cpu_s, time.perf_counter() - clock_s
    connection.close()
    return Commit(cpu_s / _COMMITS * 1e6, clock_s / _COMMITS * 1e6)


async def writes(store: Store) -> Commit:
    """The same through the store, one after another."""
    at = datetime.now(UTC)
    await store.write(tables.insert_room(100_000, at))

    async def write() -> None:
        await store.write(tables.keep_used(100_000, datetime.now(UTC)))

    for _ in range(_COMMITS):
        await write()
    cpu_s, clock_s = time.process_time(), time.perf_counter()
    for _ in range(_COMMITS):
        await write()
    cpu_s, clock_s = time.process_time() - cpu_s, time.perf_counter() - clock_s
    return Commit(cpu_s / _COMMITS * 1e6, clock_s / _COMMITS * 1e6)


async def run(rounds: int, window: int) -> tuple[list[tuple[str, Cost]], dict[str, Commit]]:
    """All of it, in a directory of its own."""
    with TemporaryDirectory(prefix="quad-bench-") as directory:
        url = f"sqlite+aiosqlite:///{directory}/quad.sqlite3"
        await migrate(url)
        store = await Store.open(url)
        path = Path(directory) / "alone.sqlite3"
        commits = {
            "SQLite, nothing synchronised": transactions(path, "OFF"),
            "SQLite, synchronous=FULL": transactions(path, "FULL"),
            "the store, one write at a time": await writes(store),
        }
        measured = await steps(store, rounds, window)
        await store.aclose()
    return measured, commits


def show(measured: Sequence[tuple[str, Cost]], commits: dict[str, Commit], window: int) -> None:
    """Print what each step adds, and what a transaction takes."""
    console = Console(width=None if sys.stdout.isatty() else 100)
    table = Table(
        "", title=f"One relayed message, µs of CPU, {window} at a time", box=box.SIMPLE_HEAD
    )
    for heading in ("loop", "other threads", "loop, in all"):
        table.add_column(heading, justify="right")
    before = Cost(0.0, 0.0)
    for name, cost in measured:
        others, others_before = cost.all - cost.loop, before.all - before.loop
        row = (cost.loop - before.loop, others - others_before, cost.loop)
        table.add_row(name, *(f"{value:.2f}" for value in row))
        before = cost
    console.print(table)
    table = Table("", title="One transaction of one row, µs", box=box.SIMPLE_HEAD)
    for heading in ("CPU", "by the clock"):
        table.add_column(heading, justify="right")
    for name, commit in commits.items():
        table.add_row(name, f"{commit.cpu:.0f}", f"{commit.clock:.0f}")
    console.print(table)


def main(
    window: Annotated[int, typer.Option(min=1, help="Messages that arrive together.")] = 32,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; the least of them counts.")] = 60,
) -> None:
    """Say where the time of one relayed message goes, without network and load generator."""
    gc.disable()
    show(*uvloop.run(run(rounds, window)), window)


if __name__ == "__main__":
    typer.run(main)
