"""`python -m bench.board`: a teacher's board in a browser while a whole class types.

Prints one line of JSON: how long frames take and, of the tiles that show code (those in sight, or
nearly), how long an edit takes from the student's program into the teacher's page, each under the
name of the tiles' size. The last line of each file says when it was sent; student, server and
browser read one machine's clock.
"""

import argparse
import asyncio
import json
import shutil
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median, quantiles

import socketio
from playwright.async_api import Browser, Page, async_playwright

TASKS = 8
WARM_UP_S = 2.0
ENTER_WITHIN_S = 60.0

_CHROMIUMS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

# Functions and comments as a beginner writes them: 2 to 5 KB, another length for each student.
_BLOCK = '''
def step_{n}(values):
    """Add up the values that are larger than {n}."""
    total = 0
    for value in values:
        if value > {n}:
            total += value
    return total
'''

# Takes the time from frame to frame, and looks at every text that appears on the board for the time
# it was sent at.
_WATCH = """
() => {
  const watch = (window.watch = { frames: [], delays: [], isOn: false });
  const seen = new Set();
  let last = 0;
  const frame = (now) => {
    if (watch.isOn) watch.frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  new MutationObserver((changes) => {
    const now = Date.now();
    for (const { target } of changes) {
      const sent = /# sent (\\d+) by \\d+/.exec(target.textContent ?? "");
      if (sent && !seen.has(sent[0])) {
        seen.add(sent[0]);
        if (watch.isOn) watch.delays.push(now - Number(sent[1]));
      }
    }
  }).observe(document.querySelector("[data-board]"),
             { subtree: true, childList: true, characterData: true });
}
"""


class BoardFailed(Exception):
    """There is no browser, or the board did not show what it should."""


class Student:
    """One who joins, is watched, and types."""

    def __init__(self, number: int, room: int) -> None:
        self._number = number
        self._room = room
        self._client = socketio.AsyncClient(reconnection=False)
        self._client.on("room/join", self._joined)
        self._client.on("sharing/start", self._started)
        self._is_in = asyncio.Event()
        self.is_watched = asyncio.Event()
        self._edits = 0

    async def enter(self, url: str) -> None:
        await self._client.connect(url, transports=["websocket"])
        name = f"Student {self._number:02}"
        await self._client.emit("room/join", {"room_id": self._room, "name": name, "protocol": 2})
        await asyncio.wait_for(self._is_in.wait(), ENTER_WITHIN_S)
        statuses = {str(task): "DONE" for task in range(1, 1 + self._number % TASKS)}
        await self._client.emit("steps/status/to_mentor", {**statuses, str(TASKS): "IN_PROGRESS"})

    async def type(self, edits_per_s: float) -> None:
        """Change the file as often, not in step with the others."""
        await asyncio.sleep(self._number % 30 / 30 / edits_per_s)
        due = asyncio.get_running_loop().time()
        while True:
            await self._send("sharing/code_update", "CHANGED")
            due += 1 / edits_per_s
            await asyncio.sleep(due - asyncio.get_running_loop().time())

    async def leave(self) -> None:
        await self._client.disconnect()

    async def _joined(self, _: object) -> None:
        self._is_in.set()

    async def _started(self, _: object) -> None:
        await self._send("sharing/code_send", "CREATED")
        self.is_watched.set()

    async def _send(self, event: str, status: str) -> None:
        file = {"filename": "main.py", "status": status, "content": self._content()}
        await self._client.emit(event, {"room_id": self._room, "files": [file]})

    def _content(self) -> str:
        self._edits += 1
        blocks = "".join(_BLOCK.format(n=n) for n in range(10 + self._number % 12))
        sent = f"# sent {time.time_ns() // 1_000_000} by {self._number}"
        return f"{blocks}\nprint({self._edits})\n{sent}\n"


@dataclass(frozen=True)
class Lesson:
    """How many type how often, and how long the teacher looks at tiles of each of the sizes."""

    students: int
    edits_per_s: float
    sizes: tuple[str, ...]
    seconds: float


async def measure(url: str, lesson: Lesson) -> dict[str, float]:
    """The figures of one board: `medium_frame_p95_ms` and the like."""
    students = lesson.students
    async with a_browser() as browser:
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        room = await open_class(page, url)
        async with a_class(url, room, students) as members:
            await page.locator("[data-student]").nth(students - 1).wait_for(state="attached")
            await asyncio.wait_for(
                asyncio.gather(*(member.is_watched.wait() for member in members)), ENTER_WITHIN_S
            )
            await page.evaluate(_WATCH)
            typing = [asyncio.ensure_future(each.type(lesson.edits_per_s)) for each in members]
            try:
                figures: dict[str, float] = {}
                for size in lesson.sizes:
                    await page.get_by_role("radio", name=f"{size.title()}:").check(force=True)
                    found = await count(page, lesson, shows_code=size != "small")
                    figures |= {f"{size}_{name}": value for name, value in found.items()}
                return figures
            finally:
                for each in typing:
                    each.cancel()


async def open_class(page: Page, url: str) -> int:
    await page.goto(f"{url}/classroom")
    await page.get_by_label("Your name").fill("Teacher")
    await page.get_by_role("button", name="Start").click()
    number = page.locator("[data-room]").first
    await number.wait_for()
    return int(await number.get_attribute("data-room") or 0)


@asynccontextmanager
async def a_class(url: str, room: int, students: int) -> AsyncIterator[list[Student]]:
    members = [Student(number, room) for number in range(students)]
    try:
        await asyncio.gather(*(member.enter(url) for member in members))
        yield members
    finally:
        await asyncio.gather(*(member.leave() for member in members))


async def count(page: Page, lesson: Lesson, *, shows_code: bool) -> dict[str, float]:
    """What is seen of tiles as they are now."""
    await asyncio.sleep(WARM_UP_S)
    await page.evaluate("watch.frames = []; watch.delays = []; watch.isOn = true")
    began = time.perf_counter()
    await asyncio.sleep(lesson.seconds)
    report = await page.evaluate("(watch.isOn = false, watch)")
    taken_s = time.perf_counter() - began
    frames, delays = report["frames"], report["delays"]
    shown = await page.locator("[data-board] [data-first]").count()
    figures = {
        "frames_per_s": len(frames) / taken_s,
        "frame_median_ms": median(frames),
        "frame_p95_ms": quantiles(frames, n=20)[-1],
    }
    if not shows_code:
        return figures
    if not delays or len(delays) < shown * lesson.edits_per_s * lesson.seconds / 2:
        raise BoardFailed(f"only {len(delays)} edits were seen on the board")
    return {
        **figures,
        "tiles_with_code": shown,
        "delay_median_ms": median(delays),
        "delay_p95_ms": quantiles(delays, n=20)[-1],
        "edits_per_s": len(delays) / taken_s,
    }


@asynccontextmanager
async def a_browser() -> AsyncIterator[Browser]:
    found = next(filter(None, map(shutil.which, _CHROMIUMS)), None)
    if found is None:
        raise BoardFailed("no Chromium: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=_FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--students", type=int, required=True)
    parser.add_argument("--edits-per-s", type=float, required=True)
    parser.add_argument("--sizes", required=True, help="small,medium,large")
    parser.add_argument("--seconds", type=float, required=True, help="for each of the sizes")
    options = parser.parse_args()
    sizes = tuple(options.sizes.split(","))
    lesson = Lesson(options.students, options.edits_per_s, sizes, options.seconds)
    url = f"http://127.0.0.1:{options.port}"
    try:
        report = asyncio.run(measure(url, lesson))
    except BoardFailed as failure:
        sys.exit(str(failure))
    print(json.dumps(report))


if __name__ == "__main__":
    main()
