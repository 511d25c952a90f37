"""The rig: compiled programs, servers started and ended by their own process id, load applied."""

import json
import os
import resource
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.subject import Script, Site, Subject

HERE = Path(__file__).resolve().parent
HOST = "127.0.0.1"
START_WITHIN_S = 30.0
STOP_WITHIN_S = 10.0
# A generator that hangs in spite of its own deadlines is ended after this.
LOAD_WITHIN_S = 600.0


class MeasurementFailed(Exception):
    """A program could not be built or started, or the load generator gave up."""


@dataclass(frozen=True)
class Server:
    """A running subject."""

    pid: int
    port: int

    @property
    def cpu_s(self) -> float:
        """User and system time so far, of all threads, to the nanosecond."""
        return cpu_s(self.pid)


def cpu_s(pid: int) -> float:
    """The processor time of a process so far. Raises OSError when it has ended."""
    # As clock_getcpuclockid(3) numbers it: the process inverted, and the scheduler's clock, 2.
    return time.clock_gettime(~pid << 3 | 2)


@dataclass(frozen=True, kw_only=True)
class Rig:
    """All that a measurement needs. `quick` shortens it to a check that everything works."""

    load: Path
    limit: Path
    probe: Path
    server_core: int | None
    load_core: int | None
    quick: bool = False
    # Where the measured servers find `quad`.
    sources: Path = HERE.parent / "src"

    @property
    def environment(self) -> dict[str, str]:
        """For everything that is measured: this `quad` comes before the installed one."""
        return {**os.environ, "PYTHONPATH": str(self.sources)}

    @property
    def cores(self) -> str:
        """For the head of the report: which core does what."""
        if self.server_core is None:
            return "one core for all: server and load disturb each other"
        return f"server on core {self.server_core}, load generator on core {self.load_core}"

    @contextmanager
    def serving(self, subject: Subject, *, may_end: bool = False) -> Iterator[Server]:
        """Start the subject on its core, wait until it accepts connections, end it afterwards.

        One that has ended by itself has failed, unless it `may_end`.
        """
        with TemporaryDirectory(prefix="quad-bench-") as directory:
            site = Site(port=free_port(), directory=Path(directory), limit=self.limit)
            log = Path(directory) / "bench-server.log"
            with log.open("wb") as output, pinned(self.server_core):
                process = subprocess.Popen(
                    subject.command(site),
                    cwd=HERE.parent,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            try:
                _await_answer(process, site.port)
                yield Server(process.pid, site.port)
                if process.poll() is not None and not may_end:
                    raise MeasurementFailed(f"the server has ended with {process.returncode}")
            except MeasurementFailed as failure:
                tail = log.read_text(errors="replace")[-2000:].strip()
                raise MeasurementFailed(f"{subject.label}: {failure}\n{tail}".strip()) from None
            finally:
                _end(process)

    def apply(
        self,
        mode: str,
        server: Server,
        script: Script,
        home: Server | None = None,
        /,
        **flags: float,
    ) -> dict[str, Any]:
        """Run the load generator in `mode` and return its report; `flags` are those of `--help`.

        With a `home` the leaders are there, and its account is kept apart.
        """
        command = [str(self.load), mode, "--port", str(server.port), "--server", str(server.pid)]
        if home is not None:
            command += ["--home-port", str(home.port), "--home", str(home.pid)]
        command += [f"--{name}={value}" for name, value in flags.items()]
        with pinned(self.load_core):
            process = subprocess.Popen(
                command + script.flags(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        try:
            answer, error = process.communicate(timeout=LOAD_WITHIN_S)
        except subprocess.TimeoutExpired:
            raise MeasurementFailed(f"no report within {LOAD_WITHIN_S:.0f} s") from None
        finally:
            _end(process)
        if process.returncode != 0:
            raise MeasurementFailed(
                error.strip() or f"the load generator ended: {process.returncode}"
            )
        report: dict[str, Any] = json.loads(answer)
        return report

    def probe_machine(self) -> dict[str, float]:
        """What `bench/probe` finds now, on the server's core and the disk of its database."""
        with TemporaryDirectory(prefix="quad-bench-") as directory:
            return self.figures_of([str(self.probe), directory], core=self.server_core)

    def figures_of(
        self, command: Sequence[str], *, core: int | None, root: Path = HERE.parent
    ) -> dict[str, float]:
        """What a program that measures by itself prints as JSON; it runs in `root`."""
        with pinned(core):
            try:
                done = subprocess.run(
                    command,
                    cwd=root,
                    env=self.environment,
                    capture_output=True,
                    text=True,
                    timeout=LOAD_WITHIN_S,
                )
            except subprocess.TimeoutExpired:
                raise MeasurementFailed(f"no figures within {LOAD_WITHIN_S:.0f} s") from None
        if done.returncode != 0:
            # Of a traceback the last line says the most.
            words = done.stderr.strip()[-2000:]
            raise MeasurementFailed(f"{words.rpartition(chr(10))[2]}\n{words}")
        figures: dict[str, float] = json.loads(done.stdout)
        return figures


@contextmanager
def build_rig(*, quick: bool = False) -> Iterator[Rig]:
    """Compile the C programs, choose the cores and lift the limit of open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    cores = sorted(os.sched_getaffinity(0))
    try:
        with TemporaryDirectory(prefix="quad-bench-") as directory:
            yield Rig(
                load=compile_c(HERE / "load", Path(directory) / "load"),
                limit=compile_c(HERE / "limit", Path(directory) / "limit"),
                probe=compile_c(HERE / "probe", Path(directory) / "probe"),
                server_core=cores[0] if len(cores) > 1 else None,
                load_core=cores[1] if len(cores) > 1 else None,
                quick=quick,
            )
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def compile_c(folder: Path, program: Path) -> Path:
    """Compile every C file of `folder` into `program` with the system's compiler."""
    sources = sorted(str(path) for path in folder.glob("*.c"))
    command = ["cc", "-O2", "-std=gnu11", "-Wall", "-Wextra", "-o", str(program), *sources]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        raise MeasurementFailed("a C compiler, `cc`, is needed") from None
    if done.returncode != 0:
        raise MeasurementFailed(f"cc: {done.stderr}")
    return program


@contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """Processes started inside run on `core` with all their threads; `None` leaves them free."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


_QUESTION = b"GET /socket.io/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def _await_answer(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise MeasurementFailed(f"the server ended with {process.returncode}")
        try:
            with socket.create_connection((HOST, port), timeout=START_WITHIN_S) as plug:
                # A server may take its port long before it serves: what it does until then is
                # not to be counted among its connections.
                plug.sendall(_QUESTION)
                plug.recv(1)
        except OSError:
            time.sleep(0.02)  # nothing announces a listening socket: ask again
        else:
            return
    raise MeasurementFailed(f"the server answers nobody within {START_WITHIN_S:.0f} s")


def _end(process: subprocess.Popen[Any]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
