"""Sets of tasks as folders, over HTTP: given out, taken, and the same."""

import asyncio
import io
import os
import re
import sys
import zipfile
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import httpx
import pytest

from quad import folders
from quad.classroom.library import converter, library
from quad.classroom.library.converter import Converter
from quad.classroom.pictures import model
from quad.classroom.refusals import TooLong
from quad.folders.model import LIMIT_BYTES, Declined
from tests.classroom.pictures import GIF, PNG, Browser, teaching
from tests.classroom.test_library import load, own_sets, save
from tests.classroom.test_tasks import CHECKS, FILES, SOLUTION, task
from tests.folders.zips import zipped
from tests.patience import patience
from tests.process import ServerProcess

HANDMADE: dict[str, str | bytes] = {
    "01-a/task.md": "# First\n\n![x](../a.png)\n\n<script>x</script>",
    "02-b/task.md": "Second",
    "a.png": PNG,
    "notes.txt": "?",
}


async def take(browser: Browser, body: bytes, query: str = "") -> tuple[int, Any]:
    answer = await browser.post(f"/classes/sets{query}", body)
    return answer.status_code, answer.json()


async def loaded(browser: Browser, set_id: str) -> Any:
    """A set, but for when it was saved."""
    found = await load(browser.peer, browser.key, set_id)
    return {key: value for key, value in found.items() if key != "updated_at"}


def files_in(packed: bytes) -> dict[str, str | bytes]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


async def test_a_set_that_goes_out_and_comes_in_is_the_same(browser: Browser) -> None:
    src = await browser.upload(PNG)
    picture = f'<img src="{src}" alt="x">'
    content = f'<p class="ql-align-center">See {picture},&nbsp;<u>too</u>.</p>\n\n<hr>'
    tasks = [
        task("read", type="theory", content=f"<p>{picture}</p>"),
        task("a", content=content, files=FILES, solution=SOLUTION, checks=CHECKS, points=3),
        task("b", type="theory", folder="x", title=""),
    ]
    await save(browser.peer, browser.key, "Loops-1", *tasks, title="Loops")
    before = await loaded(browser, "Loops-1")
    answer = await browser.get("/classes/sets/Loops-1.zip")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="Loops-1.zip"'
    assert answer.headers["cache-control"] == "no-store"
    files = files_in(answer.content)
    assert {"theory.md", "02-a/task.md", "02-a/checks/one.in", "pictures/1.png"} <= files.keys()
    assert files["theory.md"] == b'---\nid: read\nfolder: ""\n---\n# READ\n\n![x](pictures/1.png)\n'
    await save(browser.peer, browser.key, "Loops-1", title="Lost")
    status, taken = await take(browser, answer.content)
    assert status == 201
    assert re.fullmatch(r"\d{4}-.*Z", taken.pop("updated_at"))
    assert taken == {"id": "Loops-1", "title": "Loops", "tasks": 3, "left_out": []}
    assert await loaded(browser, "Loops-1") == before
    # What comes out is the same to the last byte.
    assert (await browser.get("/classes/sets/Loops-1.zip")).content == answer.content
    # Another teacher has it with pictures of their own.
    async with teaching(str(browser.http.base_url)) as other:
        await take(other, answer.content)
        (found,) = re.findall(
            r'src="([^"]*)"', (await loaded(other, "Loops-1"))["tasks"][0]["content"]
        )
        assert found != src
        assert (await other.http.get(found)).content == PNG


async def test_a_folder_that_was_made_by_hand_is_a_set(browser: Browser) -> None:
    status, taken = await take(browser, zipped(HANDMADE))
    assert (status, taken["id"], taken["tasks"]) == (201, "set", 2)
    assert taken["left_out"] == ["notes.txt"]
    first, second = (await loaded(browser, "set"))["tasks"]
    assert (first["id"], first["title"], second["id"], second["title"]) == ("a", "First", "b", "B")
    assert re.fullmatch(
        r'<p><img src="/classes/pictures/[0-9a-f]{32}" alt="x"></p>', first["content"]
    )
    # One more, and not in its place: nobody has said that it is the same.
    _, taken = await take(browser, zipped(HANDMADE))
    assert taken["id"] == "set-2"
    _, taken = await take(browser, zipped(HANDMADE), "?id=set")
    assert taken["id"] == "set"
    _, taken = await take(
        browser, zipped({f"Für 3/{name}": text for name, text in HANDMADE.items()})
    )
    assert (taken["id"], taken["title"]) == ("Fur-3", "Für 3")
    assert len(await own_sets(browser.peer, browser.key)) == 3


LARGE = PNG + bytes(model.LIMIT_BYTES)
BAD: list[tuple[bytes, int, str]] = [
    (b"x", 400, "no_archive"),
    (zipped({"a/task.md": "---\nid: a b\n---\n"}), 400, "bad_payload"),
    (zipped({"a/task.md": "![x](x.png)", "a/x.png": "<svg/>"}), 400, "no_picture"),
    (zipped({"a/task.md": "![x](x.png)", "a/x.png": LARGE}), 413, "too_large"),
    (zipped({f"{n}/task.md": "" for n in range(101)}), 413, "too_large"),
    (zipped({"a/task.md": "", "x": bytes(20_000_001)}), 413, "too_large"),
    (bytes(LIMIT_BYTES + 1), 413, "too_large"),
]


async def test_a_bad_folder_is_one_error_and_changes_nothing(browser: Browser) -> None:
    await save(browser.peer, browser.key, "set", task("x"))
    for body, status, code in BAD:
        answer, said = await take(browser, body, "?id=set")
        assert (answer, said["code"]) == (status, code)
        assert said.keys() == {"detail", "code"}
        (kept,) = (await loaded(browser, "set"))["tasks"]
        assert kept == task("x")


@pytest.mark.parametrize("file", ["archive", "checks", "front", "reading", "writing"])
def test_whatever_is_declined_has_its_kind(file: str) -> None:
    source = (Path(folders.__file__).parent / f"{file}.py").read_text()
    for code in re.findall(r'BadFolder\(\s*"(\w+)"', source):
        refused = converter.refusal_of(Declined(code, "Why."))
        assert (refused.code, str(refused)) == (code, "Why." if code != "too_large" else ANY)


async def test_nothing_is_kept_of_a_set_for_which_there_is_no_room(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "SETS_LIMIT", 1)
    await save(browser.peer, browser.key, "x")
    answer, said = await take(browser, zipped(HANDMADE))
    assert (answer, said["code"]) == (413, "too_large")
    # Not its pictures either: this one is new.
    monkeypatch.setattr(model, "LIMIT_BYTES", 1)
    answer, said = await take(browser, zipped(HANDMADE), "?id=x")
    assert (answer, said["code"]) == (413, "too_large")
    assert len(await own_sets(browser.peer, browser.key)) == 1


@pytest.mark.parametrize("query", ["?id=a%20b", f"?id={'x' * 37}"])
async def test_a_set_has_a_plain_id(browser: Browser, query: str) -> None:
    answer, said = await take(browser, zipped(HANDMADE), query)
    assert (answer, said["code"]) == (400, "bad_payload")


async def test_a_key_opens_its_own_sets_alone(browser: Browser) -> None:
    await save(browser.peer, browser.key, "x")
    for path in ("/classes/sets/y.zip", "/classes/sets/x", "/classes/sets/x.tar"):
        missing = await browser.get(path)
        assert (missing.status_code, missing.json()["code"]) == (404, "unknown_set")
    async with teaching(str(browser.http.base_url)) as other:
        assert (await other.get("/classes/sets/x.zip")).status_code == 404
        wrong = [
            await other.get("/classes/sets/x.zip", "x"),
            await other.post("/classes/sets", zipped(HANDMADE), "x"),
            await other.http.get("/classes/sets/x.zip"),
        ]
    said = {(each.status_code, each.json()["code"]) for each in wrong}
    assert said == {(401, "wrong_key")}


async def test_what_takes_too_long_is_ended_and_the_next_has_its_turn(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    hang = [sys.executable, "-c", "while True: pass"]
    monkeypatch.setattr(converter, "_COMMAND", hang)
    monkeypatch.setattr(converter, "_DEADLINE_S", 0.2)
    answer, said = await take(browser, zipped(HANDMADE))
    assert (answer, said["code"]) == (400, "too_long")
    monkeypatch.setattr(converter, "_DEADLINE_S", patience(60.0))
    # As when it is ended for its memory or time.
    monkeypatch.setattr(converter, "_COMMAND", [sys.executable, "-c", "raise SystemExit(1)"])
    answer, said = await take(browser, zipped(HANDMADE))
    assert (answer, said["code"]) == (400, "too_long")
    monkeypatch.undo()
    assert (await take(browser, zipped(HANDMADE)))[0] == 201


async def test_whoever_goes_away_leaves_no_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = tmp_path / "pid"
    program = "import os, sys; open(sys.argv[1], 'w').write(f'{os.getpid()}.')\nwhile True: pass"
    monkeypatch.setattr(converter, "_COMMAND", [sys.executable, "-c", program, str(told)])
    asking = asyncio.create_task(Converter().unpack(b"x", "10.0.0.1"))
    async with asyncio.timeout(patience(30)):
        while not (told.exists() and told.read_text().endswith(".")):
            await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()[:-1]), 0)


async def test_an_address_has_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[bytes] = []
    may_end = asyncio.Event()

    async def told(question: bytes) -> bytes:
        begun.append(question)
        await may_end.wait()
        raise TooLong

    monkeypatch.setattr(converter, "_told_by_process", told)
    monkeypatch.setattr(converter, "_AT_ONCE", 3)
    busy = Converter()
    asked = [busy.unpack(b"x", address) for address in ("10.0.0.1", "10.0.0.1", "10.0.0.2")]
    tasks = [asyncio.create_task(each) for each in asked]
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(begun) == 2
    may_end.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(each, TooLong) for each in outcomes)
    assert len(begun) == 3


async def test_a_set_with_too_many_pictures_is_not_packed(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [await browser.upload(GIF + bytes([n]) * 1_900_000) for n in range(2)]
    content = "".join(f'<p><img src="{src}"></p>' for src in sources)
    await save(browser.peer, browser.key, "x", task("a", content=content))
    assert (await browser.get("/classes/sets/x.zip")).status_code == 200
    monkeypatch.setattr("quad.classroom.library.transfer.UNPACKED_BYTES", 3_000_000)
    refused = await browser.get("/classes/sets/x.zip")
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")


@pytest.mark.soak
async def test_what_was_answered_is_there_after_the_power_goes_out(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "quad", "serve", "--port", "0", "--data", str(tmp_path)]
    kept: list[tuple[str, bytes]] = []
    server = await asyncio.to_thread(ServerProcess, command)
    async with teaching(server.url) as teacher:

        async def work(lane: int) -> None:
            for number in range(1_000):
                picture = PNG + b"%d-%d" % (lane, number)
                kept.append((await teacher.upload(picture), picture))

        working = [asyncio.create_task(work(lane)) for lane in range(3)]
        _, taken = await take(teacher, zipped(HANDMADE))
        async with asyncio.timeout(patience(30)):
            while len(kept) < 30:
                await asyncio.sleep(0.01)
        await asyncio.to_thread(server.kill)
        await asyncio.gather(*working, return_exceptions=True)
    server = await asyncio.to_thread(ServerProcess, command)
    async with httpx.AsyncClient(base_url=server.url) as http:
        for src, content in kept:
            assert (await http.get(src)).content == content
        headers = {"Authorization": f"Bearer {teacher.key}"}
        packed = await http.get(f"/classes/sets/{taken['id']}.zip", headers=headers)
        assert files_in(packed.content)["pictures/1.png"] == PNG
    await asyncio.to_thread(server.kill)
