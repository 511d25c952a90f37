"""Tasks with files, checks and a solution: tried before they are sent, kept for other classes."""

from playwright.async_api import Page, expect

from tests.browser import Visitors
from tests.e2e.axe import serious_faults
from tests.e2e.conftest import Campus
from tests.e2e.student import Student


async def open_class(page: Page) -> int:
    await page.goto("/classroom")
    await page.get_by_label("Your name").fill("Emmy Noether")
    await page.get_by_label("Name of the class").fill("Loops")
    await page.get_by_role("button", name="Start", exact=True).click()
    number = page.locator("[data-room]").first
    await expect(number).to_be_visible()
    return int(await number.inner_text())


async def write_a_task(page: Page) -> None:
    await page.get_by_role("tab", name="Tasks").click()
    await page.get_by_label("Title").fill("Double it")
    await page.locator(".ProseMirror").fill("Print the double of a number.")
    await page.get_by_text("Checks", exact=True).click()
    await page.get_by_role("button", name="+ Check of the output").click()
    await page.get_by_label("Input", exact=True).fill("3")
    await page.get_by_label("Expected output").fill("7")
    await page.get_by_text("Solution", exact=True).click()
    solution = page.get_by_role("group", name="Solution")
    await solution.get_by_role("button", name="+ File").click()
    await solution.locator(".cm-content").click()
    await page.keyboard.insert_text("print(int(input()) * 2)")


async def test_a_task_is_tried_sent_kept_and_not_lost_to_another_window(
    visitors: Visitors, server: Campus
) -> None:
    page = await visitors.page(width=1440)
    room = await open_class(page)
    ada = Student(server.url, room, "Ada")
    await ada.enter()
    await write_a_task(page)

    # The teacher's own solution does not pass: nothing is sent.
    send = page.get_by_role("button", name="Send to all")
    await send.click()
    refused = "“Check 1” of Double it: line 1 of the output is “6”, expected “7”"
    await expect(page.locator("[data-refusal]")).to_contain_text(refused)
    assert await serious_faults(page) == []
    await page.get_by_label("Expected output").fill("6")
    await send.click()
    # When an interpreter has started once more, which takes its time.
    await expect(page.get_by_text("The class has everything.")).to_be_visible()
    [task] = await ada.hears("steps/all")
    assert task["content"] == "<h2>Double it</h2><p>Print the double of a number.</p>"

    # The library is the teacher's, in any class.
    await page.get_by_role("button", name="Save as a set").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Name of the set")).to_have_value("Loops")
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("“Loops” is in your library.")).to_be_visible()

    # Meanwhile the teacher gives the class something else from another device.
    await page.get_by_label("Title").fill("Double it twice")
    key = await page.evaluate("JSON.parse(localStorage['quad/1/classroom/key'])")
    other = await visitors.page()
    await other.goto(f"/classroom#{room}/{key}")
    await other.get_by_role("tab", name="Tasks").click()
    await other.get_by_role("button", name="From my library").click()
    await other.locator("[data-set]").click()
    # What is typed before the set has come would be replaced by it.
    await expect(other.get_by_role("dialog")).to_be_hidden()
    await other.get_by_label("Title").fill("Treble it")
    await other.get_by_role("button", name="Send to all").click()
    await expect(other.get_by_text("The class has everything.")).to_be_visible()
    await page.get_by_role("button", name="Take it back").click()
    await page.get_by_role("tab", name="Tasks").click()
    await expect(page.locator("[data-stale]")).to_contain_text("another window")
    await expect(page.get_by_label("Title")).to_have_value("Double it twice")
    assert await serious_faults(page) == []
    await page.get_by_role("button", name="Keep mine").click()
    await send.click()
    await expect(page.get_by_text("The class has everything.")).to_be_visible()

    # What is said to all is said to programs of old, too.
    await page.get_by_role("button", name="Notice to all").click()
    await page.get_by_label("What everybody should know").fill("Five minutes left")
    await dialog.get_by_role("button", name="Send to all").click()
    assert (await ada.hears("message/to_client"))["content"] == "Five minutes left"
    await expect(page.locator("[data-notices] time")).to_have_count(1)
    await ada.leave()
