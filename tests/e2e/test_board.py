"""What programs fail by, who is helped next, and everybody's checks: on the teacher's board."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest_asyncio
import socketio
from playwright.async_api import Page, expect

from tests.browser import Visitors
from tests.e2e.axe import serious_faults
from tests.e2e.conftest import Campus
from tests.e2e.student import Student
from tests.patience import patience

# Interpreters start on a loaded machine.
CHECKED_MS = patience(30) * 1_000

TASK = {
    "id": "square",
    "title": "Squares",
    "content": "<p>Print the square.</p>",
    "checks": [
        {"name": "three", "stdin": "3\n", "stdout": "9"},
        {"name": "names", "stdin": "5\n", "stdout": "25"},
    ],
}
RIGHT = "number = int(input())\nresult = number ** 2\nprint(result)\n"
WRONG = "number = int(input())\nresult = number * 2\nprint(result)\n"


class Programmer(Student):
    """One whose page runs programs."""

    async def enter(self, token: str | None = None) -> None:
        await self._client.connect(self._url, transports=["websocket"], wait_timeout=patience(1))
        request = {"room_id": self.room, "name": self.name, "protocol": 3}
        await self._client.emit("room/join", request)
        self.user_id = (await self.hears("room/join"))["user_id"]

    async def asks(self, event: str, payload: Mapping[str, Any]) -> None:
        answer = await self._client.call(event, payload)
        assert "code" not in answer, answer

    async def fails(self, kind: str, line: int) -> None:
        error = {"kind": kind, "line": line, "message": "it is wrong"}
        run = {"run": "1", "filename": "main.py", "state": "failed", "error": error}
        await self.asks("run/report", run)


class Lesson:
    """A class with a task, in the browser of its teacher, and its students."""

    def __init__(self, page: Page, room: int, url: str) -> None:
        self.page = page
        self.room = room
        self._url = url
        self._students: list[Programmer] = []

    async def join(self, name: str, code: str = RIGHT) -> Programmer:
        student = Programmer(self._url, self.room, name)
        student.files = {"main.py": code}
        self._students.append(student)
        await student.enter()
        await student.hears("sharing/start")
        return student

    async def leave(self) -> None:
        for student in self._students:
            await student.leave()


@pytest_asyncio.fixture(loop_scope="session")
async def lesson(visitors: Visitors, server: Campus) -> AsyncIterator[Lesson]:
    teacher = socketio.AsyncClient(reconnection=False)
    opened: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    def opens(update: dict[str, Any]) -> None:
        if not opened.done():
            opened.set_result(update)

    teacher.on("room/update", opens)
    await teacher.connect(server.url, transports=["websocket"])
    await teacher.emit("room/create", {"name": "Emmy Noether", "protocol": 3})
    update = await asyncio.wait_for(opened, patience(10))
    assert await teacher.call("tasks/set", {"tasks": [TASK], "rev": 0}) == {"rev": 1}
    await teacher.disconnect()
    page = await visitors.page(width=1440)
    await page.goto(f"/classroom#{update['id']}/{update['teacher']}")
    await expect(page.locator("[data-room]").first).to_be_visible()
    lesson = Lesson(page, update["id"], server.url)
    yield lesson
    await lesson.leave()


async def test_an_error_is_a_press_from_its_line_and_a_kind_of_error_is_a_group(
    lesson: Lesson,
) -> None:
    page = lesson.page
    ada, zoe = await lesson.join("Ada"), await lesson.join("Zoe")
    await lesson.join("Tim")
    await ada.fails("NameError", 2)
    await zoe.fails("NameError", 3)
    await page.get_by_role("button", name="2 × NameError", exact=True).click()
    await expect(page.locator("[data-student]")).to_have_count(2)
    checks = {"task": "square", "rev": 1, "passed": ["three"]}
    await ada.asks("checks/report", {**checks, "failed": [{"name": "names", "why": "no"}]})
    await expect(page.get_by_text("1 of 2 checks passed")).to_be_visible()
    assert await serious_faults(page) == []
    await page.get_by_role("button", name=re.compile(r"NameError, line 3: .* Zoe")).click()
    await expect(page.locator("[data-panel] .cm-changed")).to_have_text("print(result)")


async def test_students_are_helped_in_turn(lesson: Lesson) -> None:
    page = lesson.page
    ada, zoe = await lesson.join("Ada"), await lesson.join("Zoe")
    await zoe.asks("help/ask", {"task": "square", "note": "What is x?"})
    await ada.asks("help/ask", {})
    await page.get_by_role("button", name="2 need help", exact=True).click()
    queue = page.locator("[data-call]")
    await expect(queue.first).to_contain_text("What is x?")
    await expect(queue.first).to_contain_text("Squares")
    assert await serious_faults(page) == []
    await page.keyboard.press("n")
    await expect(page.get_by_role("heading", name="Zoe")).to_be_focused()
    await expect(queue.first).to_contain_text("Emmy Noether helps")
    await queue.first.get_by_role("button", name=re.compile("Was away")).click()
    await expect(page.get_by_role("button", name="1 needs help", exact=True)).to_be_visible()
    await page.keyboard.press("n")
    await expect(page.get_by_role("heading", name="Ada")).to_be_focused()
    await page.locator("[data-panel]").get_by_role("button", name=re.compile("Helped")).click()
    await expect(queue).to_have_count(1)
    await page.set_viewport_size({"width": 320, "height": 640})
    await page.keyboard.press("Escape")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320


async def test_everybody_is_checked_in_the_teacher_s_browser_and_what_passed_is_accepted(
    lesson: Lesson,
) -> None:
    page = lesson.page
    ada = await lesson.join("Ada")
    await lesson.join("Tim", WRONG)
    endless = "while True:\n    pass\n"
    await lesson.join("Zoe", endless)
    await page.get_by_role("tab", name="Results").click()
    await page.get_by_role("button", name="Check everyone here").click()
    await page.get_by_role("button", name="Run the checks").click()
    await expect(page.get_by_text("3 students were checked.")).to_be_visible(timeout=CHECKED_MS)
    await page.get_by_role("button", name="Tim, Squares: 0 of 2 checks passed").click()
    await expect(page.get_by_text("Line 1", exact=False).first).to_be_visible()
    await expect(page.get_by_role("button", name="Zoe, Squares: 0 of 2")).to_be_visible()
    assert await serious_faults(page) == []
    await page.get_by_role("button", name="Accept the one that passed").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.locator(".cm-content")).to_contain_text("number ** 2")
    assert await serious_faults(page) == []
    await dialog.get_by_role("button", name="Accept 1", exact=True).click()
    reviewed = await ada.hears("tasks/reviewed")
    assert reviewed["statuses"] == {"square": "ACCEPTED"}
    await page.get_by_role("button", name="Back to the results").click()
    await expect(page.locator("[data-student-row]").first).to_contain_text("100%")
