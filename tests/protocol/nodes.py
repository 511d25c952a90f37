"""Echo servers that stand for one: any of them gets any request, whoever has the session."""

import secrets
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.nodes import BUS, COUNT, start_balancer
from tests.process import ServerProcess, free_port


class EchoNodes:
    """As many as there are nodes, behind a balancer."""

    host = "127.0.0.1"

    def __init__(self, flags: Sequence[str]) -> None:
        self._directory = tempfile.TemporaryDirectory()
        cluster = f"test-{secrets.token_hex(4)}"

        def start(number: int) -> ServerProcess:
            if COUNT == 1:  # nobody to talk to
                program, place = ["examples/echo_server.py"], []
            else:
                program = ["-m", "tests.protocol.echo_node", "--bus", BUS, "--cluster", cluster]
                place = ["--number", str(number), "--count", str(COUNT)]
            return ServerProcess([sys.executable, *program, "--port", "0", *place, *flags])

        with ThreadPoolExecutor() as threads:
            self._processes = list(threads.map(start, range(1, COUNT + 1)))
        self.port = free_port()
        self._balancer = start_balancer(self.port, self._processes, Path(self._directory.name))

    @property
    def is_running(self) -> bool:
        return all(process.is_running for process in self._processes)

    @property
    def output(self) -> str:
        return "".join(process.output for process in self._processes)

    def terminate(self) -> None:
        for process in self._processes:
            process.terminate()
        self._balancer.kill()
        self._directory.cleanup()
