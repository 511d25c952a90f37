"""Rooms and chats whose messages are stored before they are told, as one would write them."""

import sys

from bench.subject import TEXT, Script, Subject
from bench.subjects.node import FOLDER, install

_SCRIPTS = {
    "alert": Script(
        lead='42["lead",{}]',
        led='42["led"',
        join='42["join",{}]',
        joined='42["joined"',
        say='42["say",{"text":"' + TEXT + '"}]',
        heard='42["said"',
    ),
    "chat": Script(
        join='42["enter",{"chat":"chat {i}"}]',
        joined='42["entered"',
        say='42["send",{"chat":"chat {i}","text":"' + TEXT + '"}]',
        heard='42["message"',
    ),
}


def _install() -> str | None:
    is_there = (FOLDER / "node_modules/better-sqlite3/build/Release").is_dir
    return install() or (None if is_there() else "better-sqlite3 could not be built")


PYTHON_STORED = Subject(
    key="python-socketio-stored",
    label="python-socketio, SQLite",
    role="peer",
    command=lambda site: [
        *(sys.executable, "-m", "bench.peers.stored_app"),
        *(str(site.port), str(site.directory / "stored.sqlite3")),
    ],
    scripts=_SCRIPTS,
)

NODE_STORED = Subject(
    key="node-stored",
    label="Node Socket.IO, SQLite",
    role="peer",
    command=lambda site: [
        *("node", str(FOLDER / "stored.js")),
        *(str(site.port), str(site.directory / "stored.sqlite3")),
    ],
    scripts=_SCRIPTS,
    prepare=_install,
)
