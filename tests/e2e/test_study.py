"""A student works on a task of protocol 3: from its first file to its last check, and with help."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser import Visitors
from tests.e2e.axe import serious_faults
from tests.e2e.conftest import Campus
from tests.e2e.test_student import Teacher, enter
from tests.patience import patience

ENGINE_MS = patience(60) * 1_000
RIGHT = "def mean(numbers):\n    return sum(numbers) / len(numbers)\n\n\nprint(mean([1, 2, 3]))\n"
MEAN = {
    "id": "mean",
    "title": "The mean",
    "folder": "mean",
    "content": "<p>Write <code>mean</code>.</p>",
    "files": [{"filename": "main.py", "content": "print(mean([1, 2, 3]))\n"}],
    "solution": [{"filename": "main.py", "content": RIGHT}],
    "checks": [
        {"name": "prints 2", "stdin": "", "stdout": "2.0"},
        {"name": "of one number", "code": "assert mean([7]) == 7", "is_hidden": True},
    ],
}


@pytest_asyncio.fixture(loop_scope="session")
async def teacher(server: Campus) -> AsyncIterator[Teacher]:
    teacher = Teacher(server.url, protocol=3)
    await teacher.open()
    await teacher.say("rules/set", {"auto_done": True})
    await teacher.say("tasks/set", {"rev": 0, "tasks": [MEAN, {"id": "more"}]})
    yield teacher
    await teacher.leave()


async def arrive(visitors: Visitors, teacher: Teacher, name: str) -> Page:
    page = await visitors.page(width=1440, height=900)
    await page.goto(f"/classroom/{teacher.room}")
    await enter(page, name)
    await expect(page.get_by_role("heading", name="The mean")).to_be_visible()
    return page


async def write(page: Page, text: str) -> None:
    """As people do: Chromium gives what is filled over coloured text styles, which are refused."""
    await page.locator(".cm-content").focus()
    await page.keyboard.press("Control+A")
    await page.keyboard.press("Delete")
    await page.keyboard.insert_text(text)


async def test_from_a_fault_to_help_to_all_checks_passed(
    visitors: Visitors, teacher: Teacher
) -> None:
    page = await arrive(visitors, teacher, "Anna")
    student = await teacher.student("Anna")
    await teacher.tell("sharing/start", student, exclusive=False)
    await expect(page.get_by_role("treeitem", name="main.py", selected=True)).to_be_visible()
    await page.get_by_role("button", name="Run", exact=True).click()
    await expect(page.get_by_text("NameError").first).to_be_visible(timeout=ENGINE_MS)
    while (report := await teacher.hears("run/report"))["state"] == "running":
        pass
    assert (report["error"]["kind"], report["error"]["line"]) == ("NameError", 1)
    await page.get_by_role("button", name="I need help").click()
    await page.get_by_role("button", name="Say what it is about").click()
    await page.get_by_label("What is it about?").fill("What is a NameError?")
    await page.get_by_role("button", name="Tell", exact=True).click()
    await expect(page.get_by_text("You are next.")).to_be_visible()
    while (queue := await teacher.hears("help/queue"))[0]["note"] == "":
        pass
    assert (queue[0]["task"], queue[0]["note"]) == ("mean", "What is a NameError?")
    await teacher.say("help/take", {"user_id": student})
    await expect(page.get_by_text("Emmy Noether is coming to help you.")).to_be_visible()
    await teacher.say("notice/send", {"content": "A name has to be defined.", "key": "1"})
    await page.get_by_role("button", name="Got it").click()
    await teacher.say("help/done", {"user_id": student, "is_helped": True})
    await expect(page.get_by_role("button", name="I need help")).to_be_visible()
    await write(page, "def mean(numbers):\n    return 2.0\n\n\nprint(mean([1, 2, 3]))\n")
    await page.get_by_role("button", name="Check", exact=True).click()
    await expect(page.get_by_text("1 of 2 passed")).to_be_visible(timeout=ENGINE_MS)
    # Of a hidden check the name alone.
    checks = page.get_by_role("region", name="Checks: The mean")
    await expect(checks.get_by_text("of one number")).to_be_visible()
    await expect(checks.get_by_text("AssertionError")).to_have_count(0)
    assert await serious_faults(page) == []
    await write(page, RIGHT)
    await page.get_by_role("button", name="Check", exact=True).click()
    await expect(page.get_by_text("2 of 2 passed")).to_be_visible(timeout=ENGINE_MS)
    await expect(page.get_by_role("radio", name="Done")).to_be_checked()
    reports = [await teacher.hears("checks/report") for _ in range(2)]
    assert [len(report["passed"]) for report in reports] == [1, 2]
    review = {"user_id": student, "statuses": {"mean": "NONE"}, "comment": "Of none?", "key": "2"}
    await teacher.say("tasks/review", review)
    await expect(page.get_by_text("The mean was sent back: Of none?")).to_be_visible()


async def test_the_work_goes_along_to_another_device_and_can_be_begun_again(
    visitors: Visitors, teacher: Teacher
) -> None:
    page = await arrive(visitors, teacher, "Boris")
    student = await teacher.student("Boris")
    await write(page, "print('mine')\n")
    await page.get_by_role("button", name="Another device").click()
    given = await page.locator("[data-pass]").get_attribute("data-pass")
    assert await serious_faults(page) == []
    # Changes go once a second.
    await page.wait_for_timeout(1_500)
    other = await visitors.page(width=1440, height=900)
    await other.goto(f"/classroom/{teacher.room}#pass={given}")
    await expect(other.locator(".cm-content")).to_contain_text("mine")
    assert await teacher.student("Boris") == student
    assert "pass" not in other.url
    await expect(page.get_by_role("heading", name="another window")).to_be_visible()
    again = other.get_by_role("button", name="Start again")
    await again.click()
    await other.get_by_role("dialog").get_by_role("button", name="Start again").click()
    await expect(other.locator(".cm-content")).to_contain_text("print(mean([1, 2, 3]))")
    await expect(other.get_by_role("treeitem", name="main-old.py")).to_be_visible()
    await teacher.say("tasks/reveal", {"task": "mean"})
    await other.get_by_text("Solution", exact=True).click()
    await expect(other.get_by_label("Solution of main.py")).to_contain_text("sum(numbers)")
    await other.get_by_role("button", name="Recorded").click()
    await other.get_by_role("button", name="Look at my history").click()
    await expect(other.get_by_role("slider")).to_be_visible()
    assert await serious_faults(other) == []
