"""What is measured: a server to start, and what the load generator says to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

# The payload of every small message, the "64 bytes" of the reports. It has a number that no other
# message has: nobody says the same again and again, and a database writes nothing where nothing
# changes.
TEXT = "x" * 56 + "{serial}"
# The payload of a bulky one.
BULK = "x" * 9_992 + "{serial}"


@dataclass(frozen=True, kw_only=True)
class Script:
    """What is said, and how the answers begin, as Socket.IO packets.

    With `hello`, the answer to which begins with `greeted`, it is a WebSocket without Socket.IO, at
    `path`. In all that is said `{room}` becomes the number that follows `capture` in the answer to
    `lead`, and `{i}` the index of the member. In `say`, `{serial}` becomes eight digits, others in
    every message.
    """

    path: str = ""
    hello: str = ""
    greeted: str = ""
    lead: str = ""
    led: str = ""
    capture: str = ""
    join: str = ""
    joined: str = ""
    say: str = ""
    heard: str = ""

    def flags(self) -> list[str]:
        """The same as flags of the load generator."""
        words = (
            ("--path", self.path),
            ("--hello", self.hello),
            ("--greeted", self.greeted),
            ("--lead", self.lead),
            ("--led", self.led),
            ("--capture", self.capture),
            ("--join", self.join),
            ("--joined", self.joined),
            ("--say", self.say),
            ("--heard", self.heard),
        )
        return [part for flag, text in words if text for part in (flag, text)]


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where a server is started: a free port, an empty directory of its own, the programs built."""

    port: int
    directory: Path
    limit: Path


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One row of the tables.

    `command` starts the server, which accepts connections at 127.0.0.1 and the site's port.
    `scripts` holds a script for each kind of item that the subject takes part in.
    `prepare` may install what is missing; it returns why the subject cannot run here, or `None`.
    """

    key: str
    label: str
    role: Literal["ours", "peer", "limit"]
    command: Callable[[Site], Sequence[str]]
    scripts: Mapping[str, Script] = field(repr=False)
    prepare: Callable[[], str | None] = lambda: None


def plain_scripts() -> dict[str, Script]:
    """The program that every subject but the classroom runs: lead, join, say to the room, tell."""
    enter = {
        "lead": '42["lead",{}]',
        "led": '42["led"',
        "join": '42["join",{}]',
        "joined": '42["joined"',
    }
    return {
        "join": Script(**enter),
        "fanout": Script(**enter, say=_event("say", TEXT), heard='42["said"'),
        "bulk": Script(**enter, say=_event("say", BULK), heard='42["said"'),
        "relay": Script(**enter, say=_event("tell", TEXT), heard='42["told"'),
    }


def _event(name: str, text: str) -> str:
    return '42["' + name + '",{"text":"' + text + '"}]'
