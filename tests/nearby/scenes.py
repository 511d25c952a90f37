"""What Ana's page and nearby say to each other, recorded from the server for the page's own tests.

`python -m tests.nearby.scenes` writes it anew. `wanted` and `answered` are a request and its
answer; `asked`, `answered` and `told` are frames of Socket.IO. In the page's tests
(`ui/src/nearby/campus.ts`) the page has to want and to ask the same, and gets that.
"""

import json
import shutil
from pathlib import Path
from typing import Any, Final

import httpx

from quad.nearby.model import Position
from tests.nearby.campus import FIELD, TOWER, Campus, Page, open_campus
from tests.process import ROOT
from tests.scenes import Scenes, write

FILE: Final = ROOT / "ui/src/nearby/scenes.json"
ANA: Final = "ana"
TOKEN: Final = "t"
RANGE_M: Final = 50
# Of the tower, which ends 60 m from its middle: 43 m, and 69 m.
DOOR: Final = Position(38.7370, -9.1385)
STREET: Final = Position(38.7370, -9.1382)
NOWHERE: Final = {"latitude": 91.0, "longitude": 0.0}


class Recorder:
    """Ana's page, of which everything is noted; of all others nothing is."""

    def __init__(self, campus: Campus, scenes: Scenes) -> None:
        self.campus = campus
        self._scenes = scenes
        self._frames: list[Any] = []
        self._page: Page

    def scene(self, name: str) -> None:
        """What follows has this name."""
        assert name not in self._scenes, name
        self._frames = self._scenes[name] = []

    async def connect(self, *, token: str = "") -> None:
        """Ana's page asks to come in; what it is told is heard later."""
        self._page = Page(self.campus, ANA, token or await self.campus.token(ANA))
        await self._page.connect()
        answer = await self._page.call(
            "new_client", {"id": ANA, "token": self._page.token, "buildings": True}
        )
        # Who asks is stable: the page of the tests has this token, whatever the real one is.
        self._note(asked=["new_client", {"id": ANA, "token": TOKEN, "buildings": True}])
        self._note(answered=[] if answer is None else [answer])

    async def want(self, path: str, **fields: Any) -> Any:
        """What the page asks for by itself; the answer."""
        asker = {"id": ANA, "token": self._page.token}
        url = f"/API/user/{path}"
        return self._want(path, fields, await self.campus.http.post(url, json=asker | fields))

    async def fetch(self) -> None:
        """Messages; the session is named by the page."""
        asker = {"id": ANA, "token": self._page.token, "socket_id": self._page.engine_id}
        body = {**asker, "audience": True}
        answer = await self.campus.http.post("/API/user/message/receive", json=body)
        self._want("message/receive", {"audience": True}, answer)

    async def look(self, at: Position = DOOR, radius_m: int = RANGE_M) -> None:
        await self.want("show/building")
        point = {"latitude": at.latitude, "longitude": at.longitude}
        await self.want("show/range", **point, radious=radius_m)

    async def report(self, at: Position = DOOR) -> None:
        await self.want("update/coordinates", latitude=at.latitude, longitude=at.longitude)

    async def come_in(self) -> None:
        """Everything that a page asks for when it has a connection."""
        await self.connect()
        await self.hear()
        await self.fetch()
        await self.report()
        await self.want("show/buildings")
        await self.look()

    async def write(self, text: str, to: list[str], **more: Any) -> None:
        """Under a key that the page makes by itself."""
        await self.want("message/send", users=to, message=text, key=f"key-{text}", **more)

    async def hear(self) -> None:
        """What the page has been told by now: each event once, as it asks once for all of them."""
        for told in dict.fromkeys(map(json.dumps, await self._page.take())):
            self._note(told=json.loads(told))

    async def leave(self) -> None:
        await self._page.close()

    def _want(self, path: str, fields: dict[str, Any], answer: httpx.Response) -> Any:
        self._note(wanted=[path, {name: fields[name] for name in fields if name != "key"}])
        is_json = "json" in answer.headers.get("content-type", "")
        said = answer.json() if is_json else answer.text
        self._note(answered={"status": answer.status_code, "said": said})
        return said

    def _note(self, **frame: Any) -> None:
        self._frames.append(frame)


async def arriving(record: Recorder) -> None:
    campus = record.campus
    record.scene("Ana comes into the tower")
    await record.come_in()
    record.scene("Bob comes beside her, and Cid is across the street")
    for name, place in (("bob", DOOR), ("cid", STREET)):
        await campus.page(name)
        await campus.move(name, place)
    await record.hear()
    await record.look()
    record.scene("Ana looks no farther than ten metres")
    await record.want("update/range", radious=10)
    await record.look(radius_m=10)
    record.scene("Ana looks as far as before")
    await record.want("update/range", radious=RANGE_M)
    await record.look()


async def talking(record: Recorder) -> None:
    campus = record.campus
    record.scene("Bob says three things")
    await _say(campus, "bob", "a", [ANA], 1)
    await _say(campus, "bob", "b", [ANA, "cid"], 1)
    await _say(campus, "cid", "c", [ANA, "bob"], 1, audience="range")
    await record.hear()
    await record.fetch()
    record.scene("Bob says the same twice")
    await _say(campus, "bob", "a", [ANA], 1)
    await _say(campus, "bob", "a", [ANA], 0)
    await record.hear()
    await record.fetch()
    record.scene("Cid speaks to the building")
    await _say(campus, "cid", "all of you", [ANA, "bob"], 1, audience="building")
    await record.hear()
    await record.fetch()
    record.scene("Ana writes to the range")
    await record.write("one", ["bob", "cid"], audience="range")
    record.scene("Ana writes to Bob")
    await record.write("two", ["bob"])
    record.scene("Ana writes to Bob and to somebody who is not known")
    await record.write("three", ["bob", "eve"])
    record.scene("Ana writes to nobody who is known")
    await record.write("four", ["eve"])
    record.scene("Ana writes far too much")
    await record.write("five" * 3_000, ["bob"])


async def losing(record: Recorder) -> None:
    campus = record.campus
    await record.leave()
    await _say(campus, "bob", "d", [ANA], 1)
    record.scene("Ana is back")
    await record.come_in()
    # She fetches by herself, and because she is told that there is something.
    await record.fetch()
    record.scene("Bob walks away")
    await campus.move("bob", FIELD)
    await record.hear()
    await record.look()
    record.scene("the tower is pulled down")
    await campus.nearby.buildings.remove(TOWER.id)
    await record.hear()
    await record.want("show/buildings")
    await record.report()
    await record.look()
    record.scene("a place that is none")
    await record.want("update/coordinates", **NOWHERE)
    record.scene("Ana has logged out elsewhere")
    await campus.sessions.end(ANA, campus.tokens[ANA])
    await record.want("show/building")
    await record.leave()
    record.scene("Ana comes back in vain")
    await record.connect(token="w" * 43)
    await record.leave()


async def _say(
    campus: Campus, who: str, text: str, to: list[str], later_s: int, **more: Any
) -> None:
    campus.clock.forward(later_s)
    answer = await campus.post("message/send", who, users=to, message=text, **more)
    assert answer.status_code == 200, answer.text


async def record(empty_database: Path, directory: Path) -> Scenes:
    """All scenes, one after the other, on one campus."""
    scenes: Scenes = {}
    database = Path(shutil.copy(empty_database, directory / "campus.sqlite3"))
    async with open_campus(database) as campus:
        recorder = Recorder(campus, scenes)
        for play in (arriving, talking, losing):
            await play(recorder)
    return scenes


if __name__ == "__main__":
    write(record, FILE)
