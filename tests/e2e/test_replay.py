"""A student's history, played back by the teacher."""

import asyncio
import re
from typing import Any

import socketio
from playwright.async_api import Locator, Page, expect

from tests.browser import Visitors
from tests.e2e.axe import serious_faults
from tests.e2e.conftest import Campus
from tests.patience import patience

CODE = "def area(r):\n    return 3.14 * r * r\n"
PASTED = "# The area of a circle, an old problem.\n" * 9


class Writer:
    """A student whose editor records."""

    def __init__(self, url: str, room: int, name: str) -> None:
        self._url, self._room, self._name = url, room, name
        self._client = socketio.AsyncClient(reconnection=False)
        self._joined = asyncio.Event()
        self._client.on("room/join", lambda _: self._joined.set())

    async def enter(self) -> None:
        await self._client.connect(self._url, transports=["websocket"], wait_timeout=patience(1))
        await self.say("room/join", name=self._name, protocol=3)
        await asyncio.wait_for(self._joined.wait(), patience(10))

    async def leave(self) -> None:
        await self._client.disconnect()

    async def write(self, name: str, content: str, **more: object) -> None:
        file = {"filename": name, "status": "CHANGED", "content": content}
        await self.say("sharing/code_update", files=[file], is_recorded=True, **more)

    async def say(self, event: str, **payload: object) -> None:
        answer: Any = await self._client.call(event, {"room_id": self._room, **payload})
        assert not answer or "code" not in answer, answer


async def begin_class(page: Page) -> int:
    await page.goto("/classroom")
    await page.get_by_label("Your name").fill("Emmy")
    await page.get_by_role("button", name="Start").first.click()
    number = page.locator("[data-room]").first
    await expect(number).to_have_text(re.compile(r"^\d{6}$"))
    return int(await number.inner_text())


async def test_a_teacher_sees_how_a_program_came_about_and_goes_on_to_the_next_student(
    visitors: Visitors, server: Campus
) -> None:
    page = await visitors.page()
    room = await begin_class(page)
    ann, bob = Writer(server.url, room, "Ann"), Writer(server.url, room, "Bob")
    for student in (ann, bob):
        await student.enter()
    for end in range(2, len(CODE) + 1, 2):
        await ann.write("main.py", CODE[:end])
    error = {"kind": "NameError", "message": "name 'x' is not defined", "line": 1}
    run = {"run": "1", "filename": "main.py", "ms": 3}
    await ann.say("run/report", **run, state="failed", error=error)
    await ann.write("notes.md", PASTED, pasted=True)

    await page.locator("[data-student]", has_text="Ann").locator(".face").click()
    await page.get_by_role("button", name="History").click()
    replay = page.get_by_role("dialog", name="History: Ann")
    code = replay.locator(".cm-content")
    await expect(code).to_contain_text("an old problem")
    assert await serious_faults(page) == []
    count = len(CODE) // 2 + 1
    await expect_change(replay, count, count)
    await expect(replay.get_by_role("tab", name="notes.md")).to_have_attribute(
        "aria-selected", "true"
    )
    happened = replay.get_by_role("region", name="What happened")
    await expect(happened).to_contain_text(f"{len(PASTED)} characters pasted into notes.md")
    await expect(happened).to_contain_text("Ran main.py: NameError")

    # By edits, by marks, and from where the slider is.
    await page.keyboard.press("ArrowLeft")
    await expect_change(replay, count - 1, count)
    await expect(code).to_have_text(re.compile(r"3\.14 \* r \* r"))
    await page.keyboard.press("ArrowLeft")
    await expect(code.locator(".cm-new")).to_have_text(re.compile(r"^\S? ?\S?$"))
    await replay.get_by_role("button", name="Pin this time").click()
    await page.keyboard.press("Shift+ArrowRight")
    await expect_change(replay, count - 1, count)
    await expect(
        code.locator(".cm-changedText, .cm-insertedLine, .cm-changedLine")
    ).not_to_have_count(0)
    slider = replay.get_by_role("slider", name="Time")
    await slider.focus()
    await page.keyboard.press("Home")
    await expect(slider).to_have_attribute("aria-valuetext", re.compile(f"change 0 of {count}$"))

    # Played to its end, where what is new comes by itself.
    await replay.get_by_label("Speed").select_option("32×")
    await replay.get_by_role("button", name="Play").click()
    await expect_change(replay, count, count)
    await expect(replay.get_by_role("button", name="Play")).to_be_visible()
    await ann.write("main.py", CODE + "print(area(1))\n")
    await expect_change(replay, count + 1, count + 1)
    await replay.get_by_label("Compare with").select_option("No comparison")
    await expect(code.locator(".cm-new")).to_have_text("print(area(1))")

    async with page.expect_download() as download:
        await replay.get_by_role("button", name="Download").click()
    assert (await download.value).suggested_filename == "Ann.zip"

    await page.set_viewport_size({"width": 320, "height": 640})
    await replay.get_by_role("button", name="Next student").click()
    bobs = page.get_by_role("dialog", name="History: Bob")
    await expect(bobs).to_contain_text("Nothing was recorded of Bob")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await serious_faults(page) == []
    await page.keyboard.press("Escape")
    await expect(bobs).to_have_count(0)
    await expect(page.get_by_role("button", name="History")).to_be_focused()
    for student in (ann, bob):
        await student.leave()


async def test_a_student_brings_an_earlier_version_back_and_undoes_it(
    visitors: Visitors, server: Campus
) -> None:
    room = await begin_class(await visitors.page())
    page = await visitors.page(width=1440, height=900)
    await page.goto(f"/classroom/{room}")
    await page.get_by_label("Your name").fill("Ann")
    await page.keyboard.press("Enter")
    code = page.locator(".editor .cm-content")
    replay = page.get_by_role("dialog", name="History: Ann")
    for text in ("first = 1", "second = 2"):
        await code.fill(text)
        await page.get_by_role("button", name="Recorded").click()
        await page.get_by_role("button", name="Look at my history").click()
        # What was typed is sent a moment later, and comes by itself.
        await expect(replay.locator(".cm-content")).to_contain_text(text)
        if text == "first = 1":
            for _ in range(2):
                await page.keyboard.press("Escape")
    await page.keyboard.press("ArrowLeft")
    await expect(replay.locator(".cm-content")).to_contain_text("first = 1")
    await replay.get_by_role("button", name="Restore").click()
    await page.get_by_role("button", name="Restore", exact=True).click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(code).to_have_text("first = 1")
    await page.get_by_role("button", name="Undo").click()
    await expect(code).to_have_text("second = 2")


async def expect_change(replay: Locator, index: int, count: int) -> None:
    position = replay.locator("[data-position]")
    await expect(position).to_contain_text(f"change {index} of {count}")
