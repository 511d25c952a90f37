"""Durable chats: Quad's, and one that commits each message by itself."""

import sys
from collections.abc import Sequence

from bench.subject import Script, Site, Subject


def _serve(site: Site) -> Sequence[str]:
    where = ("--port", str(site.port), "--data", str(site.directory))
    return [sys.executable, "-m", "quad", "serve", *where, "--limits", "off"]


def _serve_plain(site: Site) -> Sequence[str]:
    database = str(site.directory / "chat.sqlite3")
    return [sys.executable, "-m", "bench.peers.chat_app", str(site.port), database]


# What is said is the protocol's, in `bench.senders`.
_SCRIPTS = {"chat": Script()}

CHAT = Subject(key="quad-chat", label="Quad chat", role="ours", command=_serve, scripts=_SCRIPTS)

CHAT_PLAIN = Subject(
    key="plain-chat",
    label="a commit each",
    role="peer",
    command=_serve_plain,
    scripts=_SCRIPTS,
)
