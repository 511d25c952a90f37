"""Where and with what a run was made: without it, a figure says little."""

import json
import os
import platform
import shutil
import sqlite3
import subprocess
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("quad-server", "uvicorn", "uvloop", "websockets", "python-socketio", "python-engineio")


def describe() -> dict[str, str]:
    """Names and versions, for the head of the table and for the JSON."""
    return {
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
        "sqlite": sqlite3.sqlite_version,
        **_node(),
        "cc": _first_line(["cc", "--version"]),
        # What else ran, before anything was measured: it is in every figure.
        "load": f"{os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} processors",
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _node() -> dict[str, str]:
    if shutil.which("node") is None:
        return {}
    modules = Path(__file__).parent / "node/node_modules"
    versions = {"node": _first_line(["node", "--version"])}
    for name in ("socket.io", "better-sqlite3"):
        package = modules / name / "package.json"
        if package.is_file():
            versions[name] = json.loads(package.read_text())["version"]
    return versions


def _first_line(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout.partition("\n")[0]
