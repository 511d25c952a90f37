"""Several processes at one address, and the parent that looks after them."""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import httpx
import psutil
import pytest

from quad.cli.failures import Failed
from quad.realtime.http.binding import bind
from quad.settings import ServerSettings
from quad.starting import share_address
from quad.workers import Supervisor, Worker, hearing_of_deaths
from tests.patience import patience
from tests.prefork import quad
from tests.process import ServerProcess

HERE = "127.0.0.1"
# Answers each connection with its number and process.
WORKER = """
import os, socket, sys
number, descriptor, file = sys.argv[1], int(sys.argv[2]), sys.argv[3]
if os.path.exists(file + number):
    sys.exit(3)
{before}
print("ready", flush=True)
{after}
with socket.socket(fileno=descriptor) as listener:
    while True:
        connection, _ = listener.accept()
        connection.sendall(f"{{number}} {{os.getpid()}}".encode())
        connection.close()
"""
ENDS_WELL = "import signal; signal.signal(signal.SIGTERM, lambda *_: os._exit(0))"
IS_DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"


class Crew:
    """A supervisor whose workers do not start while there is a file `refuse` of their number."""

    def __init__(self, directory: Path, count: int, before: str, after: str, stop_s: float) -> None:
        self.refusals = directory
        first = bind(HERE, 0, is_shared=True)
        self.port = first.getsockname()[1]
        sockets = [first, *(bind(HERE, self.port, is_shared=True) for _ in range(count - 1))]
        program = WORKER.format(before=before, after=after)
        file = str(directory / "refuse")
        self.supervisor = Supervisor(
            lambda number, fd: [sys.executable, "-c", program, str(number), str(fd), file],
            sockets,
            stop_s=stop_s,
            least_pause_s=0.01,
            most_pause_s=0.05,
        )

    @property
    def pids(self) -> list[int | None]:
        return self.supervisor.pids

    def refuse(self, number: int) -> Path:
        file = self.refusals / f"refuse{number}"
        file.touch()
        return file

    async def ask(self) -> tuple[int, int]:
        """Which worker answers, and which process it is."""
        reader, writer = await asyncio.open_connection(HERE, self.port)
        with closing(writer):
            number, pid = (await reader.read()).split()
        return int(number), int(pid)


@asynccontextmanager
async def crew(
    directory: Path, count: int = 1, *, before: str = ENDS_WELL, after: str = "", stop_s: float = 60
) -> AsyncIterator[Crew]:
    made = Crew(directory, count, before, after, stop_s)
    try:
        yield made
    finally:
        await made.supervisor.stop()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(patience(15)):
        while not is_so():
            await asyncio.sleep(0.01)  # another process does it, and tells nobody


def kill(pid: int | None, number: signal.Signals = signal.SIGKILL) -> None:
    assert pid is not None
    os.kill(pid, number)


# --- the supervisor -------------------------------------------------------------------------------


async def test_the_workers_share_one_address(tmp_path: Path) -> None:
    async with crew(tmp_path, 3) as workers:
        await workers.supervisor.start()
        answered: dict[int, int] = {}
        async with asyncio.timeout(patience(15)):
            while len(answered) < 3:
                number, pid = await workers.ask()
                answered[number] = pid
        assert [answered[number] for number in (1, 2, 3)] == workers.pids
        assert await workers.supervisor.stop()
        assert workers.pids == [None, None, None]
        with pytest.raises(ConnectionRefusedError):
            await workers.ask()


def is_stopped(pid: int | None) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


async def test_whoever_waits_for_a_worker_that_is_killed_is_served_by_the_next(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with crew(tmp_path) as workers:
        await workers.supervisor.start()
        (first,) = workers.pids
        kill(first, signal.SIGSTOP)
        # Until then it may take one more from its queue, and that one dies with it.
        await until(lambda: is_stopped(first))
        waiting = asyncio.gather(*(workers.ask() for _ in range(20)))
        await asyncio.sleep(0.1)  # most of them are in its queue by now; the others come later
        kill(first)
        answers = set(await waiting)
        assert answers == {(1, workers.pids[0])}
        assert first not in workers.pids
    assert "worker 1 was ended by SIGKILL; starting another in 0.0 s" in caplog.messages


async def test_the_pause_before_the_next_start_grows_up_to_a_limit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with crew(tmp_path, after="sys.exit(4)") as workers:
        await workers.supervisor.start()

        def pauses() -> list[object]:
            ends = [each for each in caplog.records if "starting another" in each.getMessage()]
            return [each.args[2] for each in ends if isinstance(each.args, tuple)]

        await until(lambda: len(pauses()) >= 5)
        assert pauses()[:5] == [0.01, 0.02, 0.04, 0.05, 0.05]
    assert "worker 1 ended with exit code 4; starting another in 0.0 s" in caplog.messages


async def test_a_worker_that_cannot_start_again_is_tried_until_it_can(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with crew(tmp_path, 2) as workers:
        await workers.supervisor.start()
        refusal = workers.refuse(2)
        other = workers.pids[0]
        kill(workers.pids[1])
        await until(lambda: caplog.text.count("worker 2 ended with exit code 3") >= 2)
        refusal.unlink()
        await until(lambda: "worker 2 is ready again" in caplog.messages)
        assert workers.pids[0] == other
        assert await workers.supervisor.stop()


@pytest.mark.parametrize("number", [1, 2])
async def test_at_the_first_start_one_failure_ends_all(number: int, tmp_path: Path) -> None:
    async with crew(tmp_path, 3) as workers:
        workers.refuse(number)
        with pytest.raises(Failed, match=f"worker {number} did not start: it ended with exit code"):
            await workers.supervisor.start()
        assert workers.pids[number - 1] is None
        await workers.supervisor.stop()
        assert workers.pids == [None, None, None]


async def test_the_first_worker_is_ready_before_the_others_begin(tmp_path: Path) -> None:
    """What a first start makes (keys, passwords) is made once."""
    made = tmp_path / "made"
    alone = f"open({str(made)!r}, 'x').close() if number == '1' else os.stat({str(made)!r})"
    async with crew(tmp_path, 3, before=f"{ENDS_WELL}\n{alone}") as workers:
        await workers.supervisor.start()
        assert None not in workers.pids


async def test_a_worker_that_does_not_end_in_time_is_killed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with crew(tmp_path, before=IS_DEAF, stop_s=0.2) as workers:
        await workers.supervisor.start()
        assert not await workers.supervisor.stop()
        assert workers.pids == [None]
    assert "worker 1 did not end within 0.2 s; killing it" in caplog.messages


async def test_a_worker_that_is_told_to_end_and_fails_is_told_of(tmp_path: Path) -> None:
    fails = ENDS_WELL.replace("_exit(0)", "_exit(5)")
    async with crew(tmp_path, before=fails) as workers:
        await workers.supervisor.start()
        assert not await workers.supervisor.stop()


async def test_the_others_hear_at_once_which_worker_has_died(tmp_path: Path) -> None:
    told = tmp_path / "told"
    hears = (
        "import threading; threading.Thread(target=lambda: "
        f"[open({str(told)!r} + number, 'a').write(line) for line in sys.stdin]).start()"
    )
    async with crew(tmp_path, 3, after=hears) as workers:
        await workers.supervisor.start()
        kill(workers.pids[1])
        both = [Path(f"{told}{number}") for number in (1, 3)]
        await until(lambda: [each.exists() and each.read_text() for each in both] == ["2\n"] * 2)
        assert not Path(f"{told}2").exists()


async def test_a_worker_hears_until_its_parent_says_no_more() -> None:
    reader, writer = os.pipe()
    heard: list[int] = []
    with os.fdopen(reader) as source, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", source)
        with hearing_of_deaths(heard.append):
            os.write(writer, b"2\n11\n")
            await until(lambda: heard == [2, 11])
            os.close(writer)
            loop = asyncio.get_running_loop()
            await until(lambda: not loop.remove_reader(reader))


async def test_what_a_worker_writes_later_does_not_stop_it(tmp_path: Path) -> None:
    async with crew(tmp_path, after="print('x' * 1_000_000, flush=True)") as workers:
        await workers.supervisor.start()
        assert (await workers.ask())[0] == 1


async def test_a_command_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with bind(HERE, 0) as listener:
        supervisor = Supervisor(lambda *_: [str(tmp_path / "nothing")], [listener], stop_s=1)
        with pytest.raises(FileNotFoundError):
            await supervisor.start()
        assert await supervisor.stop()


# --- the address ----------------------------------------------------------------------------------


async def test_sockets_that_share_any_free_port_have_the_same_one() -> None:
    sockets = await share_address(ServerSettings(port=0), 3)
    ports = {each.getsockname()[1] for each in sockets}
    for each in sockets:
        each.close()
    assert len(ports) == 1


@pytest.mark.parametrize("is_shared", [False, True])
async def test_an_address_that_somebody_has_is_refused_even_if_they_would_share_it(
    is_shared: bool,
) -> None:
    with bind(HERE, 0, is_shared=is_shared) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Failed, match=f"port {port} is in use by another program"):
            await share_address(ServerSettings(port=port), 2)


# --- a worker -------------------------------------------------------------------------------------


def test_a_worker_is_told_its_place_in_one_word() -> None:
    worker = Worker(2, 7, 4711)
    assert Worker.parse(str(worker)) == worker


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a parent's death")
async def test_a_worker_ends_when_its_parent_is_killed() -> None:
    child = "from quad.workers import Worker; Worker(1, 0, {}).end_with_parent(); print(0)"
    program = f"""
import os, subprocess, sys, time
child = {child!r}.format(os.getpid()) + "; import time; time.sleep(600)"
process = subprocess.Popen([sys.executable, "-u", "-c", child], stdout=subprocess.PIPE)
process.stdout.readline()
print(process.pid, flush=True)
time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child_process = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate()
    await until(lambda: not is_alive(child_process))


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_worker_whose_parent_has_ended_already_does_not_begin() -> None:
    with pytest.raises(Failed, match="process 1, which started this worker, has ended"):
        Worker(1, 0, 1).end_with_parent()


# --- quad serve -----------------------------------------------------------------------------------

# As `quad serve --workers 1` would do if one worker were worth a parent: what more than one do
# together needs a database server and a broker.
PARENT = """
import sys
from pathlib import Path
from quad.settings import ServerSettings, Settings
from quad.workers import run
server = ServerSettings(port=0, workers=1)
sys.exit(run(Settings(server=server), ["serve", "--data", sys.argv[1]]))
"""


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[ServerProcess]:
    process = ServerProcess([sys.executable, "-c", PARENT, str(tmp_path / "data")], is_counted=True)
    yield process
    process.kill()


def child_of(parent: ServerProcess) -> psutil.Process:
    (child,) = psutil.Process(parent.pid).children()
    return child


def is_healthy(server: ServerProcess) -> bool:
    return httpx.get(f"{server.url}/health", timeout=60).status_code == 200


def test_the_parent_says_where_all_listen_replaces_the_dead_and_ends_all_when_told(
    parent: ServerProcess,
) -> None:
    assert is_healthy(parent)
    assert parent.output.count("is listening on") == 1
    assert f"is listening on {parent.url}; 1 workers\n" in parent.output
    # Requests that come while a worker is dead are answered.
    child_of(parent).kill()
    assert is_healthy(parent)
    parent.wait_for_output(r"worker 1 was ended by SIGKILL; starting another in 0\.1 s")
    parent.wait_for_output("worker 1 is ready again", within_s=60)
    child = child_of(parent)
    assert parent.terminate() == 0
    assert not is_alive(child)
    assert "[1] INFO quad.server: stopping" in parent.output
    assert "Traceback" not in parent.output


async def test_nothing_of_a_parent_that_is_killed_stays(parent: ServerProcess) -> None:
    child = child_of(parent)
    parent.kill()
    await until(lambda: not is_alive(child))


def test_a_stop_during_the_start_is_no_failure(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "data")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while not (children := psutil.Process(process.pid).children()):
            assert process.poll() is None
        process.terminate()
        out, err = process.communicate(timeout=patience(15))
    finally:
        process.kill()
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err
    assert not any(map(is_alive, children))


def test_workers_that_cannot_start_are_a_sentence(tmp_path: Path) -> None:
    flags = ["--workers", "2", "--port", "0", "--bus", "nats://quad:hush@127.0.0.1:1"]
    env = {"QUAD_DATABASE": "postgresql://quad:hush@127.0.0.1:1/quad"}
    done = quad("serve", *flags, cwd=tmp_path, env=env)
    assert (done.returncode, done.stdout) == (1, "")
    reason, last = done.stderr.splitlines()[-2:]
    assert reason.startswith("quad: ")
    assert last.endswith("worker 1 did not start: it ended with exit code 1")
    assert "hush" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--bus", "nats://quad:hush@broker"], "cluster.bus joins nodes that share a database"),
        (["--workers", "2"], "server.workers must be 1 on SQLite"),
        (
            ["--bus", "nats://quad:hush@broker:port", "--database", "postgresql://db/quad"],
            "cluster.bus: ",
        ),
        (["--workers", "0"], "--workers must be a whole number at least 1, not 0"),
    ],
)
def test_settings_that_exclude_each_other_stop_the_start(
    flags: list[str], sentence: str, tmp_path: Path
) -> None:
    done = quad("serve", "--port", "0", *flags, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert "hush" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_worker_serves_the_socket_that_it_inherits_and_signs_its_log(tmp_path: Path) -> None:
    with bind(HERE, 0) as listener:
        number = listener.fileno()
        worker = Worker(2, number, os.getpid())
        process = subprocess.Popen(
            [sys.executable, "-m", "quad", "serve", "--as-worker", str(worker)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            pass_fds=[number],
        )
        port = listener.getsockname()[1]
        try:
            answer = httpx.get(f"http://{HERE}:{port}/health", timeout=patience(15))
            assert answer.status_code == 200
        finally:
            process.terminate()
            out, err = process.communicate()
    assert f"is listening on http://{HERE}:{port}\n" in out
    lines = [line for line in err.splitlines() if " quad." in line]
    assert lines
    assert all(" [2] " in line for line in lines), err


def test_an_address_can_be_shared_only_by_those_who_ask_for_it() -> None:
    with bind(HERE, 0, is_shared=True) as one:
        port = one.getsockname()[1]
        bind(HERE, port, is_shared=True).close()
        with pytest.raises(OSError, match="in use"):
            bind(HERE, port)
        assert one.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT)
