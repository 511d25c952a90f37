"""Quad on several nodes: everybody where their class is at home, and at nodes that pass it on."""

import sys
from collections.abc import Sequence
from functools import partial

from bench.nodes import NATS, RABBITMQ, missing_services
from bench.subject import Script, Site, Subject
from bench.subjects.chat import CHAT
from bench.subjects.quad import CLASSROOM

_CLASS = CLASSROOM.scripts
_EVERYWHERE = {
    "nodes-relay": _CLASS["relay"],
    "nodes-fanout": _CLASS["fanout"],
    "nodes-request": Script(),
}


def _serve(bus: str, site: Site) -> Sequence[str]:
    where = ("--port", str(site.port), "--data", str(site.directory))
    quad = [sys.executable, "-m", "quad", "serve", *where, "--limits", "off"]
    return ["env", f"QUAD_BUS={bus}", *quad]


AT_HOME = Subject(
    key="nodes-home",
    label="at home",
    role="ours",
    command=partial(_serve, NATS),
    scripts={
        **_EVERYWHERE,
        "nodes-chat": CHAT.scripts["chat"],
        "nodes-join": _CLASS["join"],
    },
    prepare=partial(missing_services, NATS),
)

AWAY = Subject(
    key="nodes-away",
    label="at another node",
    role="ours",
    command=partial(_serve, NATS),
    scripts={**AT_HOME.scripts, "nodes-moving": Script()},
    prepare=partial(missing_services, NATS),
)

AWAY_RABBITMQ = Subject(
    key="nodes-rabbitmq",
    label="over RabbitMQ",
    role="ours",
    command=partial(_serve, RABBITMQ),
    scripts=_EVERYWHERE,
    prepare=partial(missing_services, RABBITMQ),
)
