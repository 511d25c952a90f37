"""Quad: the classroom as it is served, and its engine alone under the program of the peers."""

import sys
from collections.abc import Sequence

from bench.subject import BULK, TEXT, Script, Site, Subject, plain_scripts


def _serve(site: Site) -> Sequence[str]:
    return [
        sys.executable,
        "-m",
        "quad",
        "serve",
        *("--port", str(site.port)),
        *("--data", str(site.directory)),
        *("--limits", "off"),
    ]


_ENTER = {
    "lead": '42["room/create",{"name":"Teacher"}]',
    "led": '42["room/update"',
    "capture": '"id":',
    "join": '42["room/join",{"room_id":{room},"name":"Student {i}"}]',
    "joined": '42["room/join"',
}


def _steps(content: str) -> str:
    return '42["steps/all",[{"name":"1","content":"' + content + '"}]]'


CLASSROOM = Subject(
    key="quad",
    label="Quad classroom",
    role="ours",
    command=_serve,
    scripts={
        "join": Script(**_ENTER),
        "board": Script(),
        "history": Script(),
        "hostile": Script(),
        "fanout": Script(**_ENTER, say=_steps(TEXT), heard='42["steps/all"'),
        "bulk": Script(**_ENTER, say=_steps(BULK), heard='42["steps/all"'),
        "relay": Script(
            **_ENTER,
            say='42["sharing/code_update",{"room_id":{room},"files":'
            '[{"filename":"main.py","status":"CHANGED","content":"' + TEXT + '"}]}]',
            heard='42["sharing/code_update"',
        ),
    },
)

ENGINE = Subject(
    key="quad-engine",
    label="Quad engine",
    role="ours",
    command=lambda site: [sys.executable, "-m", "bench.peers.engine_app", str(site.port)],
    scripts=plain_scripts(),
)
