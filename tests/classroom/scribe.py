"""Who writes down a class frame by frame, as it goes over the wire.

A transcript is text, one frame a line: `>` before what somebody sends, `<` before what somebody
hears, and `|` before what happens to a connection. What is another each time (ids, tokens, numbers
of connections) stands there under a name that is given in the order of appearance; everything else
is as it was, byte by byte.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from websockets.asyncio.client import ClientConnection

from quad.classroom.service import ClassroomService
from tests.classroom.school import HOME, Peer, School, enter, is_seated, until

LOOPBACK: Final = ""
"""Where a connection is asked for a few milliseconds only whether it lives."""

_NUMBERS: Final = frozenset({"host", "id", "receiver", "room", "room_id", "sender", "user_id"})
_TEXTS: Final = frozenset({"sid", "token"})
_GUEST: Final = re.compile(r"Guest[0-9]{10}")
# Acknowledgements that are written down have numbers from here on; those of `settle` are below.
_FIRST_ACK: Final = 5_000


class Heard(Peer):
    """A connection that keeps frames as they come."""

    def __init__(self, websocket: ClientConnection) -> None:
        self.frames: list[str] = []
        super().__init__(websocket)

    async def _receive(self, text: str) -> None:
        if text.startswith("43") and int(text[2 : text.index("[")]) >= _FIRST_ACK:
            self.frames.append(text)
            return
        if text != "2" and not text.startswith("43"):
            self.frames.append(text)
        await super()._receive(text)


class Scribe:
    """Lets people act, and writes what everybody sends and hears."""

    def __init__(self, school: School) -> None:
        self.school = school
        self.lines: list[str] = []
        self.last: dict[str, dict[str, Any]] = {}
        """What each has heard last under each name."""
        self._peers: dict[str, Heard] = {}
        self._names: dict[str, str] = {}
        # Keys of teachers: transcripts without any have the same numbers.
        self._keys: set[str] = set()
        self._acks = _FIRST_ACK

    @property
    def text(self) -> str:
        """The transcript so far."""
        return "".join(f"{line}\n" for line in self.lines)

    def title(self, text: str) -> None:
        """Begin a part."""
        self.lines += ["", f"# {text}"]

    async def enter(self, who: str, address: str = HOME) -> None:
        """Somebody connects, under a name of the transcript."""
        peer = await enter(self.school.url, address, kind=Heard)
        assert isinstance(peer, Heard)
        self._peers[who] = peer
        self._names.setdefault(peer.sid, f"<sid of {who}>")
        self.school._peers.append(peer)
        self.lines.append(f"| {who} connects")

    async def say(
        self,
        who: str,
        event: str,
        *args: object,
        is_acked: bool = False,
        done: Callable[[], bool] = lambda: True,
        closes: str = "",
    ) -> None:
        """Somebody sends an event; `done` says when what follows from it has happened.

        The server closes the connection of whom it `closes`.
        """
        number = ""
        if is_acked:
            self._acks += 1
            number = str(self._acks)
        body = json.dumps([event, *args], ensure_ascii=False, separators=(",", ":"))
        frame = f"42{number}{body}"
        self.lines.append(f"> {who} {self._named(frame)}")
        await self._peers[who].send_text(frame)
        await self._peers[who].settle()
        if closes:
            await self._peers[closes].wait_closed()
        await until(done)
        await self._write(first=who)

    async def drop(self, who: str) -> None:
        """Somebody's connection ends, and the server knows."""
        peer = self._peers.pop(who)
        await peer.close()
        await until(lambda: not is_seated(self.school, peer.sid))
        self.lines.append(f"| {who} disconnects")
        await self._write()

    def fall_silent(self, who: str) -> None:
        """Somebody's network is lost: the connection stays, and nobody answers."""
        self._peers.pop(who).fall_silent()
        self.lines.append(f"| {who} falls silent")

    async def _write(self, first: str = "") -> None:
        """What everybody has heard since, the first one first."""
        for who in sorted(self._peers, key=lambda name: (name != first, name)):
            peer = self._peers[who]
            if not peer.is_closed.is_set():
                await peer.settle()
            for frame in peer.frames:
                self._learn(who, frame)
                self.lines.append(f"< {who} {self._named(frame)}")
            peer.frames.clear()
            if peer.is_closed.is_set():
                self.lines.append(f"| {who} is closed")
                del self._peers[who]

    def _learn(self, who: str, frame: str) -> None:
        if "[" not in frame:
            return
        said = json.loads(frame[frame.index("[") :])
        self._name_all(said)
        if frame.startswith("42"):
            self.last.setdefault(who, {})[said[0]] = said[1] if len(said) > 1 else None
        else:
            self.last.setdefault(who, {})["ack"] = said[0] if said else None

    def _name_all(self, value: Any) -> None:
        """Name what is in a value and will be another next time."""
        if isinstance(value, list):
            for each in value:
                self._name_all(each)
        elif isinstance(value, Mapping):
            for key, each in value.items():
                if (key in _NUMBERS and isinstance(each, int)) or (key in _TEXTS and each):
                    kind = "id" if key in _NUMBERS else key
                    self._names.setdefault(str(each), f"<{kind} {len(self._names) + 1}>")
                elif key == "teacher":
                    self._keys.add(each)
                else:
                    self._name_all(each)
        elif isinstance(value, str):
            for guest in _GUEST.findall(value):
                self._names.setdefault(guest, f"<guest {len(self._names) + 1}>")

    def _named(self, frame: str) -> str:
        names = self._names | dict.fromkeys(self._keys, "<key>")
        for value, name in names.items():
            frame = re.sub(rf"(?<![\w-]){re.escape(value)}(?![\w-])", name, frame)
        return frame


def imports_are_done(service: ClassroomService) -> bool:
    """Whether nobody imports tasks now."""
    return not any(room.is_importing for room in service.rooms)
