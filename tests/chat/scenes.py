"""What a page and the server say to each other, recorded from the server for the page's own tests.

`python -m tests.chat.scenes` writes it anew. Each scene is what one connection of Ann's page asks
and is told; her page of the tests (`ui/src/chat/replay.ts`) has to ask the same, and is told that.
"""

import random
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from quad.settings import ChatSettings
from tests.chat.phones import Phone, Station, open_chat
from tests.process import ROOT
from tests.scenes import Scenes, Stable, write

FILE: Final = ROOT / "ui/src/chat/scenes.json"
CHAT: Final = "team"
TOKEN: Final = "x" * 22
CODE: Final = "AB12-CD34-EF56"
NEW_TOKEN: Final = "n" * 22
TEXT_LIMIT: Final = 20
WRITTEN: Final = ("one", "two", "two")

Frame = dict[str, Any]


def _now() -> datetime:
    """Ids and dates are of this moment, so that they are the same in every recording."""
    return datetime(2026, 11, 20, 10, tzinfo=UTC)


class Recorder:
    """Ann's page, of which every frame is noted, and Ben, of whom none is."""

    def __init__(self, station: Station, database: Path, scenes: Scenes) -> None:
        self.station = station
        self.database = database
        self.ben: Phone
        self._scenes = scenes
        self._frames: list[Frame] = []
        self._page: Phone
        self._stable = Stable()

    async def begin(self) -> None:
        """Ann has registered and is away; Ben has made a chat and added her."""
        ann = await self.station.phone("111", "Ann", protocol=2, token=TOKEN)
        await ann.leave()
        self.ben = await self.station.phone("222", "Ben", protocol=2)
        await self.ben.create(CHAT)
        await self.add()

    def scene(self, name: str) -> None:
        """What follows has this name."""
        self._frames = self._scenes.setdefault(name, [])
        assert not self._frames, name

    def forget(self) -> None:
        """What follows is in no scene."""
        self._frames = []

    async def ask(self, type_: str, **keys: object) -> None:
        await self._page.say(type_, **keys)
        asked = {"type": type_, **keys}
        self._frames.append({"asked": self._stable(asked)})

    async def hear(self, type_: str) -> Frame:
        heard = await self._page.hear()
        assert heard["type"] == type_, heard
        self._frames.append({"told": self._stable(heard)})
        return heard

    async def connect(self, token: str = TOKEN, *, given: str = "") -> Frame:
        """Come in on a new connection; the `state`."""
        self._page = await self.station.connect("111")
        return await self.register(token, given=given)

    async def hear_all(self) -> None:
        """What the page is told up to now."""
        for heard in await _until_done(self._page):
            self._frames.append({"told": heard})

    async def register(self, token: str = TOKEN, *, given: str = "") -> Frame:
        user = {"name": "Ann", "phone": "111"}
        await self.ask("register", user=user, protocol=2, token=token)
        heard = await self._page.hear()
        if given:
            self._stable.show(heard["token"], given)
        self._frames.append({"told": self._stable(heard)})
        assert heard["type"] == "state"
        return heard

    async def newest(self, **keys: object) -> Frame:
        await self.ask("history", chat=CHAT, **(keys or {"limit": 1}))
        return await self.hear("history")

    async def send(self, number: int, text: str) -> None:
        await self.ask("send_message", chat=CHAT, message=text, key=f"key-{number}")

    async def lose_unread(self, number: int, text: str) -> None:
        """Send what is saved, on a connection that reads nothing more and breaks."""
        self._page.socket.transport.pause_reading()
        await self.send(number, text)
        await self.ben.expect("message")
        await self.break_off()

    async def break_off(self) -> None:
        self._page.socket.transport.abort()
        await self._page.socket.wait_closed()

    async def prove(self) -> None:
        await self._page.proven()

    async def leave(self) -> None:
        await self._page.leave()

    async def add(self) -> None:
        await self.ben.say("add_member", chat=CHAT, phone="111")
        await self.ben.expect("new_member")

    async def says(self, *texts: str) -> None:
        """Ben says something."""
        await self.ben.send(CHAT, *texts)
        await self.ben.expect_texts(*texts)

    def keep_secret(self, secret: str, shown: str) -> None:
        self._stable.show(secret, shown)


async def sending(record: Recorder) -> None:
    record.scene("come in")
    await record.connect()
    await record.newest()
    for number, text in enumerate((*WRITTEN, "three"), 1):
        record.scene(f"send {number}")
        await record.send(number, text)
        await record.hear("message")
    record.scene("send 1 again")
    await record.send(1, WRITTEN[0])
    await record.hear("message")


def cut(heard: int, saved: int) -> Callable[[Recorder], Awaitable[None]]:
    """A line that breaks when so many messages are saved, and so many are known to be."""

    async def scene(record: Recorder) -> None:
        record.forget()
        await record.connect()
        await record.newest()
        for number in range(1, heard + 1):
            await record.send(number, WRITTEN[number - 1])
            await record.hear("message")
            await record.ben.expect("message")
        await record.prove()
        if saved > heard:
            await record.lose_unread(saved, WRITTEN[saved - 1])
        else:
            await record.break_off()
        record.scene(f"come back after {heard} of {saved}")
        await record.connect()
        # Up to one that is known: of a message that was missed, the one before it.
        await record.newest(limit=2 if 0 < heard < saved else 1)
        for number in range(heard + 1, len(WRITTEN) + 1):
            await record.send(number, WRITTEN[number - 1])
            await record.hear("message")

    return scene


async def declining(record: Recorder) -> None:
    record.forget()
    await record.connect()
    await record.newest()
    long = "far too long, " * 3
    for number in (1, 2):
        record.scene("decline" if number == 1 else "decline again")
        await record.send(1, long)
        await record.hear("error")
        if number == 1:
            record.scene("send after that")
            await record.send(2, "short")
            await record.hear("message")
    with sqlite3.connect(record.database, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        record.scene("cannot save")
        await record.send(3, "patience")
        await record.hear("error")
        other.execute("ROLLBACK")
    record.scene("can save again")
    await record.send(3, "patience")
    await record.hear("message")


async def going(record: Recorder) -> None:
    record.forget()
    await record.connect()
    await record.newest()
    await record.says("secret")
    record.scene("deleted and made again")
    await record.hear("message")
    await record.ben.say("delete_chat", chat=CHAT)
    await record.hear("chat_deleted")
    await record.ben.expect("chat_deleted")
    await record.ben.create(CHAT)
    await record.add()
    await record.hear("new_member")
    await record.newest()
    await record.leave()
    await record.ben.say("delete_chat", chat=CHAT)
    await record.ben.expect("chat_deleted")
    record.scene("come back to nothing")
    await record.connect()


async def reading(record: Recorder) -> None:
    record.scene("first visit")
    await record.says("one")
    await record.connect()
    await record.newest()
    await record.leave()
    other_device = await record.station.phone("111", "Ann", protocol=2, token=TOKEN)
    await record.says("two", "three")
    await other_device.expect_texts("two", "three")
    await other_device.leave()
    record.scene("new device")
    await record.connect()
    three = (await record.newest())["messages"][0]
    record.scene("scroll up")
    one = (await record.newest(limit=100, before=three["id"]))["messages"][0]
    record.scene("scroll to the beginning")
    await record.newest(limit=100, before=one["id"])
    await record.leave()
    await record.says("four")
    record.scene("second visit")
    await record.connect()
    three = (await record.newest(limit=2))["messages"][0]
    await record.newest(limit=100, before=three["id"])


async def keys(record: Recorder) -> None:
    code = (await record.station.system.admission.make_code("111")).code
    record.keep_secret(code, CODE)
    record.scene("come in with a code")
    await record.connect(code, given=NEW_TOKEN)
    await record.newest()
    code = (await record.station.system.admission.make_code("111")).code
    record.scene("logged out elsewhere")
    await record.station.phone("111", "Ann", protocol=2, token=code)
    await record.hear("error")


async def evening(record: Recorder) -> None:
    """Whatever happens to chats, and now and then a `state`: what a new page would be told."""
    dice = random.Random(3)
    people = [await record.station.phone(number, number, protocol=2) for number in ("333", "444")]
    record.scene("evening")
    await record.connect()
    for _ in range(20):
        for _ in range(10):
            who = dice.choice(people)
            await who.say(**_something(dice))
            await _until_done(who)
        await record.hear_all()
        await record.register()


def _something(dice: random.Random) -> dict[str, Any]:
    chat, phone = dice.choice("ab"), dice.choice(("111", "333", "444"))
    return dice.choice(
        (
            {"type_": "create_chat", "name": chat},
            {"type_": "add_member", "chat": chat, "phone": phone},
            {"type_": "add_member", "chat": chat, "phone": "111"},
            {"type_": "add_member", "chat": chat, "phone": "111"},
            {"type_": "remove_member", "chat": chat, "phone": phone},
            {"type_": "send_message", "chat": chat, "message": "x"},
            {"type_": "send_message", "chat": chat, "message": "y"},
            {"type_": "delete_chat", "chat": chat},
        )
    )


async def _until_done(phone: Phone) -> list[Frame]:
    """What is heard before the answer to a question that is asked now."""
    await phone.say("nothing")
    heard = []
    while "'nothing'" not in (frame := await phone.hear()).get("detail", ""):
        heard.append(frame)
    return heard


ALL: Final = (
    sending,
    *(
        cut(heard, saved)
        for saved in range(len(WRITTEN) + 1)
        for heard in range(max(0, saved - 1), saved + 1)
    ),
    declining,
    going,
    reading,
    keys,
    evening,
)


async def record(empty_database: Path, directory: Path) -> Scenes:
    """All scenes, each kind on a server of its own."""
    scenes: Scenes = {}
    for number, play in enumerate(ALL):
        database = Path(shutil.copy(empty_database, directory / f"{number}.sqlite3"))
        # Who tries names in vain, as the evening's people do, would have to wait.
        settings = ChatSettings(text_limit_bytes=TEXT_LIMIT, wrong_tokens_burst=1_000)
        async with open_chat(database, settings, now=_now) as station:
            recorder = Recorder(station, database, scenes)
            await recorder.begin()
            await play(recorder)
    return scenes


if __name__ == "__main__":
    write(record, FILE)
