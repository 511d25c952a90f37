"""Durable chats: Quad's, and one that commits each message by itself."""

import sys
from collections.abc import Sequence

from bench.subject import TEXT, Script, Site, Subject


def _serve(site: Site) -> Sequence[str]:
    where = ("--port", str(site.port), "--data", str(site.directory))
    return [sys.executable, "-m", "quad", "serve", *where, "--limits", "off"]


def _serve_plain(site: Site) -> Sequence[str]:
    database = str(site.directory / "chat.sqlite3")
    return [sys.executable, "-m", "bench.peers.chat_app", str(site.port), database]


_SCRIPTS = {
    "chat": Script(
        path="/chat/ws",
        hello='{"type":"register","user":{"name":"Sender {i}","phone":"91000{i}"}}',
        greeted='{"type":"state"',
        join='{"type":"create_chat","name":"chat {i}"}',
        joined='{"type":"new_member"',
        say='{"type":"send_message","chat":"chat {i}","message":"' + TEXT + '"}',
        heard='{"type":"message"',
    )
}

CHAT = Subject(key="quad-chat", label="Quad chat", role="ours", command=_serve, scripts=_SCRIPTS)

CHAT_PLAIN = Subject(
    key="plain-chat",
    label="a commit each",
    role="peer",
    command=_serve_plain,
    scripts=_SCRIPTS,
)
