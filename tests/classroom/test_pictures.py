"""Pictures of tasks: taken by content, given to whoever knows them, gone with what shows them."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest

from quad.classroom.bearers import body_of
from quad.classroom.model import Step
from quad.classroom.pictures.model import LIMIT_BYTES, ids_in, with_whole_addresses
from quad.classroom.pictures.pictures import Pictures
from quad.classroom.pictures.shelf import Shelf
from quad.classroom.refusals import QuotaReached, TooLarge
from quad.classroom.tasks.html import sanitise
from quad.identity import hash_token
from quad.settings import ClassroomSettings, LimitSettings
from tests.classroom.pictures import GIF, KINDS, NEW, PNG, Browser, opened_site, teaching
from tests.classroom.school import Peer, School, enter, exercise, locked, open_school
from tests.classroom.test_library import save
from tests.classroom.test_tasks import task

ID = "0123456789abcdef" * 2
SRC = f"/classes/pictures/{ID}"


# By HTTP


@pytest.mark.parametrize("media_type", KINDS)
async def test_a_picture_is_given_as_what_it_is_and_runs_nothing(
    browser: Browser, media_type: str
) -> None:
    src = await browser.upload(KINDS[media_type])
    assert re.fullmatch(r"/classes/pictures/[0-9a-f]{32}", src)
    shown = await browser.http.get(src)
    assert (shown.status_code, shown.content) == (200, KINDS[media_type])
    headers = shown.headers
    assert headers["content-type"] == media_type
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert headers["cross-origin-resource-policy"] == "cross-origin"


async def test_the_same_picture_is_kept_once_for_a_teacher(browser: Browser) -> None:
    src = await browser.upload(PNG)
    assert await browser.upload(PNG) == src
    assert await browser.upload(GIF) != src
    async with teaching(str(browser.http.base_url)) as other:
        assert await other.upload(PNG) != src


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "no_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 400, "no_picture"),
        (b"<html>" + PNG, 400, "no_picture"),
        (b"RIFF\x20\x00\x00\x00WAVE", 400, "no_picture"),
        (PNG + bytes(LIMIT_BYTES), 413, "too_large"),
    ],
)
async def test_what_is_no_picture_is_one_error(
    browser: Browser, content: bytes, status: int, code: str
) -> None:
    refused = await browser.post("/classes/pictures", content)
    assert (refused.status_code, refused.json()["code"]) == (status, code)


async def test_a_picture_may_be_as_large_as_is_said(browser: Browser) -> None:
    src = await browser.upload(PNG + bytes(LIMIT_BYTES - len(PNG)))
    assert len((await browser.http.get(src)).content) == LIMIT_BYTES


async def test_no_more_of_a_body_is_read_than_is_taken() -> None:
    read: list[bytes] = []

    class Request:
        # Nobody says beforehand how long it will be.
        headers: ClassVar[dict[str, str]] = {}

        async def stream(self) -> AsyncIterator[bytes]:
            for _ in range(100):
                read.append(bytes(100))
                yield read[-1]

    with pytest.raises(TooLarge):
        await body_of(cast(Any, Request()), 250, "a picture")
    assert len(read) == 3


async def test_wrong_keys_are_guesses(browser: Browser) -> None:
    wrong = [await browser.post("/classes/pictures", PNG, "x") for _ in range(6)]
    said = [(each.status_code, each.json()["code"]) for each in wrong]
    assert said == [(401, "wrong_key")] * 5 + [(429, "rate_limited")]
    assert "retry-after" in wrong[-1].headers
    # A right one is none.
    await browser.upload(PNG)
    keyless = await browser.http.post("/classes/pictures", content=PNG)
    assert keyless.status_code == 429


@pytest.mark.parametrize("name", ["x", ID, ID.upper(), "..%2f..%2fetc", ID + "0"])
async def test_there_is_no_other_picture(browser: Browser, name: str) -> None:
    assert (await browser.http.get(f"/classes/pictures/{name}")).status_code == 404


async def test_the_address_is_below_the_path_of_a_proxy(tmp_path: Path) -> None:
    url = "https://example.org/quad"
    async with opened_site(tmp_path, public_url=url) as site, teaching(site) as browser:
        src = await browser.upload(PNG)
        student = await enter(site, "")
        await browser.peer.call(
            "tasks/set", {"tasks": [task("a", content=f'<p><img src="{src}"></p>')], "rev": 0}
        )
        await student.emit("room/join", {"room_id": browser.room["id"], "name": "Old"})
        ((step,),) = [await student.expect("steps/all")]
        whole = f'<img src="{url}/classes/pictures/{src[-32:]}">'
        assert step["content"] == f"<h2>A</h2><p>{whole}</p>"
        await student.close()


# What old clients are told


@pytest.mark.parametrize(
    ("src", "told"),
    [
        (SRC, f"http://q{SRC}"),
        (f"/quad/deep{SRC}", f"http://q{SRC}"),
        (f"http://other{SRC}", f"http://other{SRC}"),
        (f"//other{SRC}", f"//other{SRC}"),
        (f"/x{SRC}/y", f"/x{SRC}/y"),
        (SRC + "0", SRC + "0"),
        ("/other.png", "/other.png"),
    ],
)
def test_pictures_of_ours_get_whole_addresses(src: str, told: str) -> None:
    steps = [Step("1", f'<p><img src="{src}"></p>'), Step("2", None)]
    assert with_whole_addresses(steps, "") is steps
    first, second = with_whole_addresses(steps, "http://q/")
    assert first.content == f'<p><img src="{told}"></p>'
    assert second == steps[1]


def test_steps_without_pictures_are_not_touched() -> None:
    steps = [Step("1", "<p>/classes/ <img src='/x.png'></p>")]
    assert with_whole_addresses(steps, "http://q") is steps


def test_cleaning_lets_pictures_of_ours_pass() -> None:
    for html in (f'<p><img src="{SRC}" alt="x"></p>', f'<img src="http://q:8000{SRC}">'):
        assert sanitise(html) == html
        assert ids_in([html]) == [ID]


async def test_clients_of_every_protocol_see_pictures(database: Path) -> None:
    async with open_school(database, ClassroomSettings(), address="http://10.0.0.5:8000") as school:
        teacher, room = await school.teacher(**NEW)
        early, _ = await school.student(room["id"], "Early")
        content = f'<p><img src="{SRC}"></p>'
        whole = exercise("1", f'<h2>A</h2><p><img src="http://10.0.0.5:8000{SRC}"></p>')
        await teacher.call("tasks/set", {"tasks": [task("a", content=content)], "rev": 0})
        assert await early.expect("steps/all") == [whole]
        late, _ = await school.student(room["id"], "Late", protocol=2)
        assert await late.expect("steps/all") == [whole]
        new, _ = await school.student(room["id"], "New", **NEW)
        assert (await new.expect("tasks/all"))["tasks"][0]["content"] == content
        await teacher.close()
        host = {"room_id": room["id"], "user_id": room["host"], "token": room["token"]}
        again = await school.peer()
        await again.emit("room/rehost", {**host, "protocol": 2})
        assert await again.expect("steps/load") == [whole]


# How long they stay


class Painter:
    """A teacher at a school without HTTP, who has pictures all the same."""

    def __init__(self, school: School, peer: Peer, room: dict[str, Any]) -> None:
        self.school = school
        self.peer = peer
        self.room = room
        self.pictures: Pictures = school.service.pictures
        self.rev = 0

    async def keep(self, *contents: bytes, address: str = "10.0.0.1") -> list[str]:
        teacher = await self.school.service.keys.find(self.room["teacher"])
        assert teacher is not None
        assert teacher.key_hash == hash_token(self.room["teacher"])
        return list(await self.pictures.keep(teacher, contents, address))

    async def set(self, *ids: str) -> None:
        given = {"tasks": [showing("a", *ids)], "rev": self.rev}
        (answer,) = await self.peer.call("tasks/set", given)
        self.rev = answer["rev"]

    async def left(self, *ids: str) -> list[bool]:
        """Which of them are still there after so many days."""
        before = self.school.clock.now() - timedelta(days=7)
        await self.pictures.forget(before, 100)
        return [await self.pictures.content(each) is not None for each in ids]

    def wait(self, days: int) -> None:
        self.school.clock.seconds += days * 86_400


def showing(task_id: str, *ids: str) -> dict[str, Any]:
    """A task with pictures."""
    shown = "".join(f'<img src="/classes/pictures/{each}">' for each in ids)
    return task(task_id, content=f"<p>{shown}</p>")


@pytest.fixture
async def painter(school: School) -> Painter:
    return Painter(school, *await school.teacher(**NEW))


async def test_a_picture_goes_a_week_after_its_last_class_or_set(painter: Painter) -> None:
    key = painter.room["teacher"]
    in_class, in_set, in_both, in_none = await painter.keep(PNG, GIF, *list(KINDS.values())[2:])
    ids = [in_class, in_set, in_both, in_none]
    await painter.set(in_class, in_both)
    await save(painter.peer, key, "x", showing("a", in_set, in_both))
    painter.wait(6)
    assert await painter.left(*ids) == [True] * 4
    painter.wait(2)
    assert await painter.left(*ids) == [True, True, True, False]
    painter.wait(300)
    assert await painter.left(*ids) == [True, True, True, False]
    await painter.set(in_both)
    painter.wait(6)
    # Whoever has taken it out may put it in again.
    assert await painter.left(*ids) == [True, True, True, False]
    painter.wait(2)
    assert await painter.left(*ids) == [False, True, True, False]
    await painter.peer.call("room/close", {"room_id": painter.room["id"]})
    visitor = await painter.school.peer()
    await visitor.call("sets/delete", {"teacher": key, "id": "x"})
    assert await painter.left(*ids) == [False, True, True, False]
    painter.wait(8)
    assert await painter.left(*ids) == [False] * 4


async def test_a_picture_stays_for_whoever_shows_it(painter: Painter) -> None:
    (shown,) = await painter.keep(PNG)
    await painter.set(shown)
    colleague, room = await painter.school.teacher(**NEW)
    await save(colleague, room["teacher"], "x", showing("a", shown, ID))
    student, opened = await painter.school.teacher()
    await student.emit("steps/all", [exercise("1", showing("a", shown)["content"])])
    await student.settle()
    await painter.peer.call("room/close", {"room_id": painter.room["id"]})
    painter.wait(8)
    assert await painter.left(shown) == [True]
    await colleague.call("sets/delete", {"teacher": room["teacher"], "id": "x"})
    painter.wait(8)
    assert await painter.left(shown) == [True]
    await student.call("room/close", {"room_id": opened["id"]})
    painter.wait(8)
    assert await painter.left(shown) == [False]


async def test_a_picture_that_comes_again_is_as_new(painter: Painter) -> None:
    (first,) = await painter.keep(PNG)
    painter.wait(6)
    assert await painter.keep(PNG) == [first]
    painter.wait(6)
    assert await painter.left(first) == [True]
    painter.wait(2)
    assert await painter.left(first) == [False]
    assert await painter.keep(PNG) != [first]


async def test_two_who_bring_the_same_picture_at_once_have_it_once(painter: Painter) -> None:
    found = await asyncio.gather(*(painter.keep(PNG, GIF) for _ in range(5)))
    assert all(each == found[0] for each in found)


async def test_pictures_of_a_key_have_an_end(database: Path) -> None:
    async with open_school(database, ClassroomSettings(pictures_limit_bytes=9_000)) as school:
        painter = Painter(school, *await school.teacher(**NEW))
        # Each counts as what it takes at least.
        await painter.keep(PNG, GIF)
        with pytest.raises(TooLarge):
            await painter.keep(KINDS["image/webp"])
        await painter.keep(PNG)
        other = Painter(school, *await school.teacher(**NEW))
        await other.keep(KINDS["image/webp"])
        with pytest.raises(TooLarge):
            await other.keep(PNG + bytes(5_000))
    async with open_school(database, ClassroomSettings(pictures_limit_bytes=20_000)) as school:
        painter.pictures, painter.school = school.service.pictures, school
        outcomes = await asyncio.gather(
            *(painter.keep(PNG + bytes([n]) * 4_900) for n in range(4)), return_exceptions=True
        )
        assert sum(isinstance(each, TooLarge) for each in outcomes) == 2


async def test_pictures_of_an_address_have_an_end(database: Path) -> None:
    limits = LimitSettings(picture_bytes_per_day_per_address=10_000)
    async with open_school(database, ClassroomSettings(), limits) as school:
        painters = [Painter(school, *await school.teacher(**NEW)) for _ in range(2)]
        await painters[0].keep(PNG)
        # What was kept before costs nothing.
        await painters[0].keep(PNG)
        with pytest.raises(QuotaReached) as refused:
            await painters[1].keep(PNG + bytes(7_000))
        assert refused.value.limit == "limits.picture_bytes_per_day_per_address"
        await painters[1].keep(PNG)
        await painters[1].keep(PNG + bytes(7_000), address="10.9.9.9")
        school.clock.seconds += 86_400
        await painters[1].keep(GIF + bytes(7_000))


async def test_a_picture_that_cannot_be_saved_is_not_there(
    tmp_path: Path, browser: Browser
) -> None:
    with locked(tmp_path / "quad.sqlite3"):
        refused = await browser.post("/classes/pictures", PNG)
    assert refused.status_code == 503, refused.text
    assert refused.json()["code"] == "store_unavailable"
    await browser.upload(PNG)


# The shelf


async def test_a_class_that_opens_a_task_at_once_reads_a_picture_once() -> None:
    asked: list[str] = []

    async def read(key: str) -> bytes | None:
        asked.append(key)
        await asyncio.sleep(0)
        return None if key == "none" else key.encode() * 10

    shelf = Shelf(read, limit_bytes=25)
    found = await asyncio.gather(*(shelf.get("a") for _ in range(5)))
    assert asked == ["a"]
    assert all(each is found[0] for each in found)
    assert await shelf.get("none") is None
    assert await shelf.get("none") is None
    await shelf.get("b")
    await shelf.get("a")
    await shelf.get("c")
    assert asked == ["a", "none", "none", "b", "c"]
    # The one unused for longest has gone.
    await shelf.get("a")
    await shelf.get("b")
    assert asked[5:] == ["b"]
    shelf.forget(["b", "x"])
    await shelf.get("b")
    assert asked[5:] == ["b", "b"]


async def test_whoever_goes_away_takes_the_picture_from_nobody_else() -> None:
    may_answer = asyncio.Event()

    async def read(_key: str) -> bytes | None:
        await may_answer.wait()
        return b"x"

    shelf = Shelf(read)
    first, second = (asyncio.create_task(shelf.get("a")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    may_answer.set()
    assert await second == b"x"
