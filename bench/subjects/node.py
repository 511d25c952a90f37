"""Node Socket.IO, the reference implementation."""

import shutil
import subprocess
from pathlib import Path

from bench.subject import Subject, plain_scripts

FOLDER = Path(__file__).resolve().parent.parent / "node"


def install() -> str | None:
    """Install the locked packages once; returns why that cannot be done here, or `None`."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "node and npm are not installed"
    # What was installed for another lock says nothing.
    stamp = FOLDER / "node_modules" / ".installed"
    if stamp.exists() and stamp.stat().st_mtime >= (FOLDER / "package-lock.json").stat().st_mtime:
        return None
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=FOLDER,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        return f"npm ci failed: {done.stderr.strip()}"
    stamp.touch()
    return None


NODE_SOCKETIO = Subject(
    key="node",
    label="Node Socket.IO",
    role="peer",
    command=lambda site: ["node", str(FOLDER / "server.js"), str(site.port)],
    scripts=plain_scripts(),
    prepare=install,
)
