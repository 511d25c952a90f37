"""The tasks editor: what it writes is what the class gets, and no draft is lost."""

import re

import pytest
from playwright.async_api import Page, expect

from quad.classroom.tasks.html import sanitise
from tests.browser import Visitors
from tests.classroom.notion import PAGE, Notion
from tests.classroom.web import serving
from tests.e2e.axe import serious_faults

# As the Quill editor writes; the spaces and the order of attributes are its own.
QUILL = (
    '<p class="ql-align-center">'
    '<span class="ql-size-large" style="color: rgb(230, 0, 0);">Old</span></p>'
    '<ul><li>one</li><li class="ql-indent-1">two</li></ul>'
    '<pre class="ql-syntax" spellcheck="false">x = 1\n</pre>'
)


async def open_tasks(page: Page) -> str:
    """Open a class and its tasks; returns the room's number."""
    await page.goto("/classroom")
    await page.get_by_label("Your name").fill("Emmy Noether")
    await page.get_by_role("button", name="Start", exact=True).click()
    await page.get_by_role("tab", name="Tasks").click()
    await expect(page.locator(".ProseMirror")).to_be_visible()
    key: str = await page.evaluate("Object.keys(localStorage).find(key => /\\d{6}$/.test(key))")
    return key[-6:]


async def draft(page: Page, name: str) -> str:
    """The HTML of a task as this browser keeps it."""
    await page.get_by_role("tab", name="Board").click()
    await page.reload()  # which keeps what was not kept yet
    await page.get_by_role("tab", name="Tasks").click()
    drafts = await page.evaluate(
        "JSON.parse(localStorage[Object.keys(localStorage).find(key => key.includes('tasks/'))])"
    )
    exercises = [task for task in drafts["tasks"] if task["type"] == "exercise"]
    html: str = exercises[int(name) - 1]["content"]
    return html


async def test_what_the_editor_writes_passes_the_server_unchanged(visitors: Visitors) -> None:
    page = await visitors.page()
    await open_tasks(page)
    text = page.locator(".ProseMirror")
    await text.click()
    for tool in ("Bold", "Italic", "Underline", "Strike through", "Code", "Red"):
        await page.get_by_role("button", name=tool, exact=True).click()
        await page.keyboard.insert_text(tool)
        end = "No colour" if tool == "Red" else tool
        await page.get_by_role("button", name=end, exact=True).click()
    await page.keyboard.press("Enter")
    for tool in ("List", "Numbered list", "Quote"):
        await page.get_by_role("button", name=tool, exact=True).click()
        await page.keyboard.insert_text(tool)
        await page.keyboard.press("Enter")
        await page.keyboard.press("Enter")
    await page.get_by_label("Kind of paragraph").select_option("Heading 2")
    await page.keyboard.insert_text("Heading")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Link", exact=True).click()
    await expect(page.get_by_label("Address", exact=True)).to_be_focused()
    await page.keyboard.insert_text("example.org/a?b=1&c")
    # Keys that follow at once go to the text: before the next picture is drawn.
    focused = await page.get_by_role("button", name="Save", exact=True).evaluate(
        "async save => { save.click(); await 0; await 0; return document.activeElement.className }"
    )
    assert "ProseMirror" in focused
    await page.keyboard.press("End")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Code block").click()
    await page.keyboard.insert_text("if a < b:")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.insert_text("pass")
    await expect(page.get_by_text("In code, Tab indents.")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Tab")
    await expect(page.locator(".ProseMirror")).not_to_be_focused()
    html = await draft(page, "1")
    assert html == sanitise(html)
    for expected in (
        "<strong>Bold</strong><em>Italic</em><u>Underline</u><s>Strike through</s>",
        '<code>Code</code><span style="color: rgb(208, 59, 47);">Red</span>',
        "<ul><li>List</li></ul><ol><li>Numbered list</li></ol>",
        "<blockquote><p>Quote</p></blockquote><h2>Heading</h2>",
        'href="https://example.org/a?b=1&amp;c"',
        '<pre class="ql-syntax" spellcheck="false">if a &lt; b:\n    pass</pre>',
    ):
        assert expected in html


async def test_drafts_survive_a_reload_and_are_sent_when_the_teacher_says_so(
    visitors: Visitors,
) -> None:
    page = await visitors.page()
    room = await open_tasks(page)
    await expect(page.get_by_text("Nothing to send yet")).not_to_have_class(re.compile("sent"))
    await page.locator(".ProseMirror").fill("Write a loop.")
    await page.reload()
    await page.get_by_role("tab", name="Tasks").click()
    await expect(page.locator(".ProseMirror")).to_have_text("Write a loop.")
    await expect(page.get_by_text("Not sent yet: Task 1.")).to_be_visible()
    await page.get_by_role("button", name="+ Task").click()
    await page.locator(".ProseMirror").fill("Test it.")
    await page.get_by_role("button", name="Earlier").click()
    await expect(page.get_by_role("heading", name="Task 1")).to_be_visible()
    assert await serious_faults(page) == []
    await page.get_by_role("button", name="Send to all").click()
    await expect(page.get_by_text("The class has everything.")).to_have_class(re.compile("sent"))
    student = await visitors.page()
    await student.goto(f"/classroom/{room}")
    await student.get_by_label("Your name").fill("Anna")
    await student.get_by_role("button", name="Join", exact=True).click()
    await expect(student.get_by_text("Test it.")).to_be_visible()
    await page.reload()
    await page.get_by_role("tab", name="Tasks").click()
    await expect(page.get_by_text("The class has everything.")).to_be_visible()
    await page.get_by_role("button", name="Remove").click()
    await expect(page.get_by_text("Not sent yet: Task 1.")).to_be_visible()
    await page.get_by_role("button", name="Send to all").click()
    await expect(student.get_by_text("Write a loop.")).to_be_visible()
    await expect(student.get_by_role("button", name="Task 2:")).to_have_count(0)
    await page.get_by_role("tab", name="Board").click()
    await page.get_by_role("tab", name="Tasks").click()
    await expect(page.locator(".ProseMirror")).to_have_text("Write a loop.")
    await expect(page.get_by_text("The class has everything.")).to_be_visible()


async def test_what_quill_wrote_stays_to_the_letter_until_it_is_edited(visitors: Visitors) -> None:
    page = await visitors.page()
    room = await open_tasks(page)
    drafts = {"theory": {"key": 0, "html": QUILL}, "tasks": [{"key": 1, "html": QUILL}], "sent": {}}
    await page.goto("/")
    await page.evaluate(
        "([room, drafts]) => { localStorage['quad/1/tasks/' + room] = JSON.stringify(drafts) }",
        [room, drafts],
    )
    await page.goto("/classroom")
    await page.get_by_role("tab", name="Tasks").click()
    await expect(page.locator(".ProseMirror")).to_contain_text("Old")
    await page.locator("[data-page='theory']").click()
    await expect(page.locator(".ProseMirror")).to_contain_text("Old")
    await page.locator("[data-page='1']").click()
    assert await draft(page, "1") == QUILL == sanitise(QUILL)
    await page.locator(".ProseMirror p").first.click()
    await page.keyboard.press("End")
    await page.keyboard.insert_text("er")
    edited = await draft(page, "1")
    assert edited == QUILL.replace("Old", "Older") == sanitise(edited)


async def test_an_import_says_what_it_had_to_leave_out(visitors: Visitors) -> None:
    page = await visitors.page()
    await open_tasks(page)
    notion = Notion()
    notion.page(
        "Lesson",
        notion.block("header", "Task 1"),
        notion.block("text", "Write a loop."),
        notion.block("image"),
        notion.block("image"),
        notion.block("transclusion_reference"),
    )
    async with serving(notion) as web:
        await page.get_by_role("button", name="Import from Notion").click()
        await expect(page.get_by_label("Address of the page")).to_be_focused()
        await page.keyboard.insert_text(f"  {web.url(f'/{PAGE}')} ")
        await page.keyboard.press("Enter")
        told = page.get_by_text("The import had to leave out: 2 pictures and 1 synced block.")
        await expect(told).to_be_visible()
    # Whatever happens in the class, and whenever the page is loaded anew, they are not sent yet.
    not_sent = page.get_by_text("Not sent yet: Task 1.")
    await expect(not_sent).to_be_visible()
    await page.get_by_role("tab", name="Board").click()
    await page.get_by_role("tab", name="Tasks").click()
    await expect(not_sent).to_be_visible()
    # A heading stands below those of the page, whatever its level is in the task.
    own = page.get_by_role("textbox", name="Task 1").get_by_role("heading", level=3)
    await expect(own).to_have_text("Task 1")
    await page.get_by_role("button", name="Preview").click()
    await expect(page.get_by_role("heading", name="Task 1", level=3)).to_be_visible()
    assert await serious_faults(page) == []
    await page.get_by_role("button", name="Send to all").click()
    await expect(told).to_have_count(0)
    await expect(page.get_by_text("The class has everything.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_no_serious_fault(visitors: Visitors, scheme: str) -> None:
    page = await visitors.page(width=390, color_scheme=scheme)
    await open_tasks(page)
    await page.locator(".ProseMirror").fill("Write a loop.")
    assert await serious_faults(page) == []
