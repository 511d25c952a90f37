"""What is pasted into a task keeps its structure, whichever program it comes from."""

import re
from base64 import b64decode

from playwright.async_api import Page, expect

from quad.classroom.tasks.html import sanitise
from tests.browser import Visitors
from tests.e2e.axe import serious_faults
from tests.e2e.pastes import PASTES, Paste
from tests.e2e.test_tasks import open_tasks

PASTING = """async ({ html, text, picture }) => {
    const data = new DataTransfer();
    if (html) data.setData("text/html", html);
    if (text) data.setData("text/plain", text);
    if (picture) {
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [1600, 1200];
        const context = canvas.getContext("2d");
        const noise = context.createImageData(canvas.width, canvas.height);
        for (let at = 0; at < noise.data.length; at += 65_536) {
            crypto.getRandomValues(noise.data.subarray(at, at + 65_536));
        }
        context.putImageData(noise, 0, 0);
        const blob = await new Promise(resolve => canvas.toBlob(resolve, "image/png"));
        data.items.add(new File([blob], "screenshot.png", { type: "image/png" }));
    }
    const event = { clipboardData: data, bubbles: true, cancelable: true };
    document.querySelector(".ProseMirror").dispatchEvent(new ClipboardEvent("paste", event));
}"""
DOT = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
# What the page keeps when it goes.
DRAFT = """() => {
    window.dispatchEvent(new Event("pagehide"));
    const key = Object.keys(localStorage).find(key => key.includes("tasks/"));
    return JSON.parse(localStorage[key]).tasks.map((task) => task.content).join("");
}"""


async def paste(page: Page, *, html: str = "", text: str = "", picture: bool = False) -> None:
    await page.evaluate(PASTING, {"html": html, "text": text, "picture": picture})


async def made_of(page: Page, clipboard: Paste) -> str:
    """The HTML of a task that was empty before."""
    await page.locator(".ProseMirror").press("ControlOrMeta+a")
    await page.locator(".ProseMirror").press("Delete")
    await page.get_by_label("Kind of paragraph").select_option("Text")
    await paste(page, html=clipboard.html, text=clipboard.text)
    html: str = await page.evaluate(DRAFT)
    return html


async def test_a_paste_from_any_program_keeps_its_structure(visitors: Visitors) -> None:
    page = await visitors.page()
    await open_tasks(page)
    made = {name: await made_of(page, clipboard) for name, clipboard in PASTES.items()}
    assert made == {name: clipboard.kept for name, clipboard in PASTES.items()}
    assert made == {name: sanitise(html) for name, html in made.items()}
    await expect(page.get_by_text("A picture did not come along")).to_be_visible()


async def test_pictures_come_along_small_enough_and_what_they_show_is_asked(
    visitors: Visitors,
) -> None:
    page = await visitors.page()
    room = await open_tasks(page)
    # A server that takes no pictures now: they stay within the task.
    await page.route("**/classes/pictures", lambda route: route.fulfill(status=503))
    await paste(page, picture=True)
    asked = page.get_by_role("dialog", name="What does the picture show?")
    await expect(asked.get_by_label("Description")).to_be_focused()
    assert await serious_faults(page) == []
    await page.keyboard.type("Noise")
    await page.keyboard.press("Enter")
    html: str = await page.evaluate(DRAFT)
    assert re.fullmatch(
        r'<p><img src="data:image/(?:webp|jpeg);base64,[^"]+" alt="Noise"></p>', html
    )
    assert len(html) < 201_000
    assert html == sanitise(html)
    await page.get_by_role("button", name="Picture", exact=True).click()
    chooser = page.get_by_role("dialog", name="Picture")
    await chooser.get_by_label("Choose a file").set_input_files(
        {"name": "dot.gif", "mimeType": "image/gif", "buffer": DOT}
    )
    await chooser.get_by_label("Description").fill("A dot")
    await chooser.get_by_role("button", name="Save").click()
    await page.get_by_role("button", name="Table").click()
    await page.keyboard.type("Name")
    await page.keyboard.press("Tab")
    await page.keyboard.type("Age")
    await expect(page.get_by_text("In a table, Tab goes to the next cell.")).to_be_visible()
    await page.get_by_role("button", name="Delete column").click()
    await expect(page.locator(".ProseMirror tr").first.locator("th")).to_have_text(["Name"])
    await page.get_by_role("button", name="Send to all").click()
    student = await visitors.page(width=320)
    await student.goto(f"/classroom/{room}")
    await student.get_by_label("Your name").fill("Anna")
    await student.get_by_role("button", name="Join", exact=True).click()
    await expect(student.get_by_role("img", name="A dot")).to_be_visible()
    await expect(student.get_by_role("columnheader", name="Name")).to_be_visible()
    assert await serious_faults(student) == []
