"""Hostile inputs, one after the other: how long another client's `/health` waits meanwhile."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

from bench.attacks import ATTACKS, Attack, warm_up
from bench.item import Column, Figures, Item, at_most, number
from bench.rig import HERE, MeasurementFailed, Rig, Server, pinned
from bench.subject import Site, Subject

WORST_MS = 250.0
MEDIAN_MS = 100.0
GROWTH_MB = 20.0
CONNECTION_BYTES = 8_000
STREAM_BYTES = 24_000
ASK_EVERY_S = 0.02
# No answer at all is as bad as this long a wait.
GIVE_UP_S = 10.0
SETTLE_WITHIN_S = 20.0
QUICK_S = 1.5

_REQUEST = b"GET /health HTTP/1.1\r\nHost: quad.example\r\nConnection: close\r\n\r\n"


class Asker:
    """Another client: asks all the time, and looks at the server's memory."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._statm = Path(f"/proc/{server.pid}/statm")
        self.waits_s: list[float] = []
        self.peak_bytes = 0

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask while the block runs."""
        is_over = threading.Event()
        thread = threading.Thread(target=self._ask_until, args=(is_over,))
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    def _ask_until(self, is_over: threading.Event) -> None:
        while not is_over.is_set():
            self.waits_s.append(self.ask())
            self.peak_bytes = max(self.peak_bytes, self.memory_bytes())
            is_over.wait(ASK_EVERY_S)

    def ask(self) -> float:
        """How long one answer takes, the connection included."""
        began = time.perf_counter()
        try:
            address = ("127.0.0.1", self._server.port)
            with socket.create_connection(address, timeout=GIVE_UP_S) as plug:
                plug.sendall(_REQUEST)
                is_well = plug.recv(4_096).startswith(b"HTTP/1.1 200 ")
        except OSError:
            is_well = False
        return time.perf_counter() - began if is_well else GIVE_UP_S

    def memory_bytes(self) -> int:
        """The resident set."""
        return int(self._statm.read_text().split()[1]) * 4_096

    def kept_bytes(self, before: int) -> int:
        """What has grown for good: the least within some time after the end."""
        least = self.memory_bytes()
        until = time.monotonic() + SETTLE_WITHIN_S
        while time.monotonic() < until and least - before > GROWTH_MB * 1e6 / 2:
            time.sleep(0.5)
            self.ask()
            least = min(least, self.memory_bytes())
        return least - before


def _serve(descriptors: int | None, site: Site) -> list[str]:
    command = [sys.executable, "-m", "quad", "serve", "--port", str(site.port)]
    command += ["--data", str(site.directory)]
    if descriptors is None:
        return command
    return ["prlimit", f"--nofile={descriptors}:{descriptors}", *command]


def _measure(attack: Attack, rig: Rig, subject: Subject) -> Figures:
    subject = replace(subject, command=partial(_serve, attack.descriptors))
    seconds = QUICK_S if rig.quick else attack.seconds
    with rig.serving(subject) as server:
        asker = Asker(server)
        warm_up(server.port)
        before = asker.memory_bytes()
        with asker.asking():
            _attack(attack, server, seconds, rig.load_core)
        kept = asker.kept_bytes(before)
    allowed = attack.connections * CONNECTION_BYTES + attack.streams * STREAM_BYTES
    return {
        "worst_ms": max(asker.waits_s) * 1000,
        "median_ms": median(asker.waits_s) * 1000,
        "asks": len(asker.waits_s),
        "growth_mb": (asker.peak_bytes - before) / 1e6,
        "beyond_mb": (asker.peak_bytes - before - allowed) / 1e6,
        "kept_mb": kept / 1e6,
    }


def _attack(attack: Attack, server: Server, seconds: float, core: int | None) -> None:
    command = [sys.executable, "-m", "bench.attacks", attack.key]
    with pinned(core):
        process = subprocess.Popen(
            [*command, f"--port={server.port}", f"--seconds={seconds}"],
            cwd=HERE.parent,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
    try:
        _, error = process.communicate(timeout=seconds * 3 + 60)
    except subprocess.TimeoutExpired:
        raise MeasurementFailed(f"{attack.key} does not end") from None
    finally:
        process.kill()
        process.wait()
    if process.returncode != 0:
        raise MeasurementFailed(f"{attack.key}: {error.strip()[-2000:]}")


def _item(attack: Attack) -> Item:
    return Item(
        key=f"hostile-{attack.key}",
        title=f"Hostile: {attack.title}",
        kind="hostile",
        measure=partial(_measure, attack),
        columns=(
            Column("worst_ms", "worst ms of /health", number),
            Column("median_ms", "median", number),
            Column("asks", "asked", number, better=None),
            Column("growth_mb", "MB more", number),
            Column("kept_mb", "MB kept", number),
        ),
        targets=(
            at_most(f"worst ≤ {WORST_MS:.0f} ms", "worst_ms", WORST_MS),
            at_most(f"median ≤ {MEDIAN_MS:.0f} ms", "median_ms", MEDIAN_MS),
            at_most(f"≤ {GROWTH_MB:.0f} MB beyond what may be held", "beyond_mb", GROWTH_MB),
            at_most(f"≤ {GROWTH_MB:.0f} MB kept", "kept_mb", GROWTH_MB),
        ),
        note=f"Held: {attack.connections:,} connections of {CONNECTION_BYTES:,} bytes, "
        f"{attack.streams:,} streams of {STREAM_BYTES:,}.",
        most_rounds=1,
    )


HOSTILE = tuple(map(_item, ATTACKS))
