"""Sets of tasks leave a library and come into another one; pictures of tasks are the server's."""

import io
import zipfile
from pathlib import Path

from playwright.async_api import Locator, Page, expect

from tests.browser import Visitors
from tests.e2e.axe import serious_faults
from tests.e2e.test_authoring import open_class
from tests.e2e.test_paste import paste
from tests.folders.zips import zipped

HANDMADE = {
    "01-first/task.md": "# First\n\nPrint your name.",
    "01-first/start/main.py": "print()\n",
    "02-second/task.md": "# Second\n\n![Nothing](missing.png)",
    "notes.txt": "Not for the class",
}


async def open_library(page: Page) -> Locator:
    await page.get_by_role("tab", name="Tasks").click()
    await page.get_by_role("button", name="From my library").click()
    return page.get_by_role("dialog", name="My library")


async def export(page: Page, library: Locator) -> bytes:
    async with page.expect_download() as coming:
        await library.get_by_role("button", name="Export Loops").click()
    download = await coming.value
    assert download.suggested_filename == "Loops.zip"
    return Path(await download.path()).read_bytes()


async def choose(library: Locator, content: bytes) -> None:
    await library.locator("input[type=file]").first.set_input_files(
        {"name": "set.zip", "mimeType": "application/zip", "buffer": content}
    )


async def drop(page: Page, folder: Path, place: Locator) -> None:
    """What a hand does that drags a folder from the desktop."""
    box = await place.bounding_box()
    assert box is not None
    devices = await page.context.new_cdp_session(page)
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    dragged = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        await devices.send("Input.dispatchDragEvent", {"type": kind, **at, "data": dragged})


async def test_a_pasted_picture_is_the_servers_and_a_set_goes_to_another_library(
    visitors: Visitors, tmp_path: Path
) -> None:
    page = await visitors.page(width=1440)
    room = await open_class(page)
    await page.get_by_role("tab", name="Tasks").click()
    await page.get_by_label("Title").fill("Look")
    await page.locator(".ProseMirror").click()
    await paste(page, picture=True)
    await page.get_by_label("Description").fill("Noise")
    await page.keyboard.press("Enter")
    pictured = page.locator('.ProseMirror img[src^="/classes/pictures/"]')
    await expect(pictured).to_have_attribute("alt", "Noise")
    await page.get_by_role("button", name="Send to all").click()
    await expect(page.get_by_text("The class has everything.")).to_be_visible()

    student = await visitors.page()
    await student.goto(f"/classroom/{room}")
    await student.get_by_label("Your name").fill("Ada")
    await student.keyboard.press("Enter")
    shown = student.get_by_role("img", name="Noise")
    await expect(shown).to_be_visible()
    assert await shown.evaluate(
        "async image => { await image.decode(); return image.naturalWidth }"
    )

    await page.get_by_role("button", name="Save as a set").click()
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await expect(page.get_by_text("“Loops” is in your library.")).to_be_visible()
    exported = await export(page, await open_library(page))

    other = await visitors.page(width=390)
    await open_class(other)
    library = await open_library(other)
    await choose(library, exported)
    await expect(library.get_by_role("status")).to_contain_text(
        "“Loops” is in your library: 1 task"
    )
    assert await serious_faults(other) == []
    again = await export(other, library)
    assert files_in(again) == files_in(exported)
    assert any(name.startswith("pictures/") for name in files_in(again))

    folder = tmp_path / "By hand"
    for name, content in HANDMADE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    await drop(other, folder, library.get_by_role("group"))
    taken = "“By hand” is in your library: 2 tasks"
    await expect(library.get_by_role("status")).to_contain_text(taken)
    left_out = library.locator("[data-left-out] li")
    await expect(left_out).to_have_count(2)
    await expect(left_out.filter(has_text="notes.txt")).to_be_visible()
    await expect(library.locator("[data-set]")).to_have_count(2)

    await choose(library, zipped({"01-a/task.md": b"\0" * 100_000_000}))
    await expect(library.get_by_role("alert")).to_contain_text("too large")
    await expect(library.locator("[data-set]")).to_have_count(2)


def files_in(packed: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
