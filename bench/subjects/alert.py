"""Alert rooms: Quad's, with messages kept and without, and Flask-SocketIO on eventlet."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.subject import TEXT, Script, Site, Subject

FOLDER = Path(__file__).resolve().parent.parent / "flask"
ENVIRONMENT = FOLDER / ".venv"


def _serve(site: Site) -> Sequence[str]:
    where = ("--port", str(site.port), "--data", str(site.directory))
    return [sys.executable, "-m", "quad", "serve", *where, "--limits", "off"]


def _serve_unkept(site: Site) -> Sequence[str]:
    return ["env", "QUAD_ALERT_HISTORY_LIMIT=0", *_serve(site)]


def _join(name: str) -> str:
    return '42["joined",{"name":"' + name + '","room":"R101","headless":true}]'


SCRIPTS = {
    "alert": Script(
        lead=_join("Leader"),
        led='42["status"',
        join=_join("Display {i}"),
        joined='42["status"',
        say='42["text",{"name":"Leader","headless":true,"msg":"' + TEXT + '"}]',
        heard='42["message"',
    )
}


def install() -> str | None:
    """Make the environment once; returns why that cannot be done here, or `None`."""
    python = ENVIRONMENT / "bin" / "python"
    steps = [
        [sys.executable, "-m", "venv", str(ENVIRONMENT)],
        [str(python), "-m", "pip", "install", "--quiet", "-r", str(FOLDER / "requirements.txt")],
    ]
    stamp = ENVIRONMENT / ".installed"
    if stamp.exists():
        return None
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True)
        if done.returncode != 0:
            return f"Flask-SocketIO was not installed: {done.stderr.strip()[-300:]}"
    stamp.touch()
    return None


ALERT = Subject(key="quad-alert", label="Quad alert", role="ours", command=_serve, scripts=SCRIPTS)

ALERT_UNKEPT = Subject(
    key="quad-alert-unkept",
    label="Quad alert, unkept",
    role="ours",
    command=_serve_unkept,
    scripts=SCRIPTS,
)

FLASK_SOCKETIO = Subject(
    key="flask",
    label="Flask-SocketIO",
    role="peer",
    command=lambda site: [
        str(ENVIRONMENT / "bin" / "python"),
        str(FOLDER / "alert_app.py"),
        str(site.port),
    ],
    scripts=SCRIPTS,
    prepare=install,
)
