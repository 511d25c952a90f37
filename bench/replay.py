"""What a teacher waits for who looks at how two hours came about: `python -m bench.replay`.

A server of its own has the history of somebody who typed all the time, packed as it would be. In
Chromium a teacher opens it, and jumps to points at random. Prints JSON: ms until the newest version
is shown, kB over the wire until then, and ms from a jump to its picture. The first picture is
measured as often as asked, each time in a browser that has nothing of the page's in its cache.
"""

import asyncio
import json
import os
import random
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final

import httpx
import socketio
import typer
from msgspec import structs
from playwright.async_api import Browser, Page, Response

from bench.board import a_browser, open_class
from bench.history import typed
from quad.classroom.history.model import (
    CHUNK_AGE,
    EDITS_IN_CHUNK,
    Chunk,
    Edit,
    Files,
    play,
    touched,
)
from quad.classroom.history.tables import encode_chunk

_STARTS_WITHIN_S: Final = 60
_JUMPS: Final = 100
_AGE_MS: Final = CHUNK_AGE.total_seconds() * 1000
_INSERT: Final = """
    INSERT INTO classroom_chunks (student_id, first_seq, last_seq, first_at, last_at, data)
    VALUES (?, ?, ?, ?, ?, ?)
"""
# From the press on: until the version is there and drawn.
_FIRST_PICTURE: Final = """
(count) => new Promise((done) => {
  const began = performance.now();
  const look = () => {
    const words = document.querySelector("dialog [data-position]")?.textContent ?? "";
    const line = document.querySelector("dialog .cm-content .cm-line");
    if (line !== null && words.includes(`${count} of ${count}`)) {
      setTimeout(() => done(performance.now() - began));
    } else {
      requestAnimationFrame(look);
    }
  };
  [...document.querySelectorAll("[data-panel] button")]
    .find((button) => button.textContent.trim() === "History").click();
  look();
})
"""
# As the slider does: until what comes of it is drawn.
_JUMP: Final = """
(share) => new Promise((done) => {
  const slider = document.querySelector("dialog input[type=range]");
  const began = performance.now();
  slider.value = String(share * Number(slider.max));
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
})
"""


@asynccontextmanager
async def a_server(data: Path, port: int) -> AsyncIterator[str]:
    """Runs while the block does."""
    command = [sys.executable, "-m", "quad", "serve", "--port", str(port), "--data", str(data)]
    environment = {**os.environ, "QUAD_LOG_LEVEL": "error"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient() as http, asyncio.timeout(_STARTS_WITHIN_S):
            while not await _is_there(http, url):
                await asyncio.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


async def _is_there(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(f"{url}/health")).is_success
    except httpx.TransportError:
        return False


async def joined(url: str, room: int) -> int:
    """The number of a student who comes for a moment."""
    client = socketio.AsyncClient(reconnection=False)
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    client.on("room/join", answer.set_result)
    await client.connect(url, transports=["websocket"])
    await client.emit("room/join", {"room_id": room, "name": "Ann", "protocol": 3})
    async with asyncio.timeout(_STARTS_WITHIN_S):
        user_id: int = (await answer)["user_id"]
    await client.disconnect()
    return user_id


def keep(database: Path, student: int, edits: Iterable[Edit]) -> int:
    """Put a history where the server finds it; returns how many edits it has."""
    count = 0
    with closing(sqlite3.connect(database)) as connection, connection:
        for chunk in _chunks(edits):
            first, last = chunk.edits[0], chunk.edits[-1]
            row = (student, first.seq, last.seq, first.at, last.at, encode_chunk(chunk))
            connection.execute(_INSERT, row)
            count += len(chunk.edits)
    return count


def _chunks(edits: Iterable[Edit]) -> Iterator[Chunk]:
    files, before, open_edits = Files(), Files(), list[Edit]()
    for edit in edits:
        is_old = open_edits and edit.at - open_edits[0].at >= _AGE_MS
        if len(open_edits) >= EDITS_IN_CHUNK or is_old:
            yield Chunk({name: before[name] for name in touched(open_edits)}, open_edits)
            before, open_edits = dict(files), []
        open_edits.append(edit)
        play(files, [edit])
    yield Chunk({name: before[name] for name in touched(open_edits)}, open_edits)


def written(hours: float, seed: int) -> Iterator[Edit]:
    """What somebody has typed until now."""
    began = round((time.time() - hours * 3_600) * 1000)
    for edit in typed(random.Random(seed), round(hours * 3_600)):
        yield structs.replace(edit, seq=edit.seq + 1, at=began + edit.at)


async def first_picture(page: Page, url: str, count: int) -> tuple[float, float, float]:
    """Opens the class anew; ms until the picture, and kB of the history and of all until then."""
    await page.goto(f"{url}/classroom")
    await page.locator("[data-student] .face").click()
    await page.get_by_role("button", name="History").wait_for()
    answers: list[Response] = []
    # Not the method itself: Playwright writes on what it is given.
    page.on("response", lambda answer: answers.append(answer))
    taken_ms: float = await page.evaluate(_FIRST_PICTURE, count)
    sizes = {each.url: (await each.request.sizes())["responseBodySize"] for each in [*answers]}
    history = sum(size for address, size in sizes.items() if "/history/" in address)
    return taken_ms, history / 1000, sum(sizes.values()) / 1000


async def measure(browser: Browser, data: Path, hours: float, rounds: int) -> dict[str, float]:
    """All figures."""
    port = _free_port()
    page = await browser.new_page(viewport={"width": 1440, "height": 900})
    async with a_server(data, port) as url:
        room = await open_class(page, url)
        student = await joined(url, room)
        # Where the token of the class is.
        state = await page.context.storage_state()
    await page.context.close()
    count = keep(data / "quad.sqlite3", student, written(hours, 1))
    pictures: list[tuple[float, float, float]] = []
    jumps: list[float] = []
    async with a_server(data, port) as url:
        for _ in range(rounds):
            context = await browser.new_context(storage_state=state)
            page = await context.new_page()
            pictures.append(await first_picture(page, url, count))
            chance = random.Random(2)
            jumps += [await page.evaluate(_JUMP, chance.random()) for _ in range(_JUMPS)]
            await context.close()
    return {
        "edits": count,
        "first_picture_ms": median(picture[0] for picture in pictures),
        "history_kb": pictures[0][1],
        "all_kb": pictures[0][2],
        "point_median_ms": median(jumps),
        "point_p95_ms": quantiles(jumps, n=20)[-1],
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _all(hours: float, rounds: int) -> dict[str, float]:
    with TemporaryDirectory(prefix="quad-bench-") as data:
        async with a_browser() as browser:
            return await measure(browser, Path(data), hours, rounds)


def main(
    hours: Annotated[float, typer.Option(min=0.1, help="How long the history is.")] = 2,
    rounds: Annotated[int, typer.Option(min=1, help="How often it is opened.")] = 5,
) -> None:
    """Print all figures as JSON."""
    print(json.dumps(asyncio.run(_all(hours, rounds))))


if __name__ == "__main__":
    typer.run(main)
