"""python-socketio on uvicorn, the usual choice in Python."""

import sys

from bench.subject import Subject, plain_scripts

PYTHON_SOCKETIO = Subject(
    key="python-socketio",
    label="python-socketio",
    role="peer",
    command=lambda site: [sys.executable, "-m", "bench.peers.socketio_app", str(site.port)],
    scripts=plain_scripts(),
)
